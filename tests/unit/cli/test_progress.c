/* SPDX-License-Identifier: Apache-2.0 */
/* How far a reading is, as told by its exchanges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mem.h"
#include "progress.h"

static struct progress_state s;

static int setup(void **state)
{
	(void)state;
	s = (struct progress_state){0};
	return 0;
}

static void note(const char *text)
{
	char line[1400];
	struct trace_record r;

	snprintf(line, sizeof(line), "1.0 1 1 trace: %s", text);
	assert_int_equal(trace_record_parse(line, &r), ST_OK);
	progress_note(&s, &r);
}

static void note_answer(const char *name, const char *begin, size_t n)
{
	char text[1300], digits[1200] = "";

	for (size_t i = strlen(begin) / 2; i < n; i++)
		strncat(digits, "00", 3);
	snprintf(text, sizeof(text), "R %s %s%s9000", name, begin, digits);
	note(text);
}

/* A certificate tells its size itself. */
static void test_certificate(void **state)
{
	(void)state;
	note("C READ FILE 81B000000383010200");
	assert_int_equal(s.total, 0);
	note_answer("READ FILE", "3082038C", 256);
	assert_int_equal(s.done, 256);
	assert_int_equal(s.total, 0x38C + 4);
	note("C READ FILE 81B001000383010200");
	note_answer("READ FILE", "", 256);
	assert_int_equal(s.done, 512);
	note("C READ FILE 81B002000383010200");
	note_answer("READ FILE", "", 256);
	note("C READ FILE 81B003000383010200");
	note_answer("READ FILE", "", 256); /* more than it has */
	assert_int_equal(s.done, s.total);
	/* the next file */
	note("C READ FILE 81B000000383010300");
	assert_int_equal(s.done, 0);
	assert_int_equal(s.total, 0);
}

/* Other data do not: the object list does, in pieces as the link gives it. */
static void test_list(void **state)
{
	(void)state;
	note("C GET DATA object list 81CB010000");
	note("R GET DATA object list C31D730B6465766963652D63657274830102600100610D");
	note("C GET RESPONSE 81C000000D");
	note("R GET RESPONSE 4A0101210101200210009000");
	note("C READ FILE 81B000000383010200");
	assert_int_equal(s.total, 0x1000);
	note_answer("READ FILE", "AA", 200);
	assert_int_equal(s.done, 200);
	note("C READ FILE 81B000000383010900"); /* not in the list */
	assert_int_equal(s.total, 0);
	note_answer("READ FILE", "", 200);
	assert_int_equal(s.done, 200);
}

static void test_bad(void **state)
{
	(void)state;
	note("C READ FILE 81");
	note("C READ FILE 81B0000003");
	note("C READ FILE 81B00000038302");
	note("R READ FILE 6A82");
	assert_int_equal(s.done, 0);
	note("C READ FILE 81B000000383FF02");
	note("R READ FILE 309000");
	note("R READ FILE 30829000");
	note("C GET DATA object list 81CB010000");
	for (int i = 0; i < 100; i++)
		note_answer("GET DATA object list", "", 250); /* more than there is room for */
	assert_true(s.list_n <= PROGRESS_LIST_MAX);
	note("C READ FILE 81B000000383010200");
	assert_int_equal(s.total, 0);
	note("C GENERATE KEY PAIR 81B9000003840104");
	assert_string_equal(s.command, "GENERATE KEY PAIR");
}

#define T(name) cmocka_unit_test_setup(test_##name, setup)
int main(void)
{
	const struct CMUnitTest tests[] = {T(certificate), T(list), T(bad)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
