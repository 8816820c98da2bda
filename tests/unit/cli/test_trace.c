/* SPDX-License-Identifier: Apache-2.0 */
/* A trace's lines, and what they add up to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mem.h"
#include "trace_tally.h"

static struct trace_record parsed(const char *line)
{
	struct trace_record r;

	assert_int_equal(trace_record_parse(line, &r), ST_OK);
	return r;
}

static void test_lines(void **state)
{
	struct trace_record r = parsed("12.000034 7 8 trace: C SELECT by AID 01A4040002A000");

	(void)state;
	assert_int_equal(r.kind, TRACE_COMMAND);
	assert_int_equal(r.at, 12000034);
	assert_int_equal(r.pid, 7);
	assert_int_equal(r.thread, 8);
	assert_string_equal(r.name, "SELECT by AID");
	assert_int_equal(r.n, 7);
	assert_int_equal(r.bytes[1], 0xA4);
	r = parsed("0.0 1 1 trace: R COMPUTE DH [32 masked]6985");
	assert_int_equal(r.kind, TRACE_ANSWER);
	assert_string_equal(r.name, "COMPUTE DH");
	assert_int_equal(r.n, 0);
	assert_int_equal(r.masked, 32);
	assert_int_equal(r.sw, 0x6985);
	r = parsed("0.0 1 1 trace: R READ FILE 01029000");
	assert_int_equal(r.n, 2);
	assert_int_equal(r.sw, 0x9000);
	r = parsed("0.0 1 1 trace: C COMPUTE PRF 8148[9 masked]");
	assert_int_equal(r.n, 2);
	assert_int_equal(r.masked, 9);
	r = parsed("0.0 1 1 trace: S link: open a channel 1234");
	assert_int_equal(r.kind, TRACE_SPAN);
	assert_string_equal(r.name, "link: open a channel");
	assert_int_equal(r.micros, 1234);
	r = parsed("0.0 1 1 error: slot x: PIN refused: [3 masked]");
	assert_int_equal(r.kind, TRACE_SAID);
	assert_string_equal(r.name, "error");
	assert_string_equal(r.text, "slot x: PIN refused: [3 masked]");
}

static void test_bad_lines(void **state)
{
	static const char *const bad[] = {"",
					  "x",
					  "1.2",
					  "1.2 3 4",
					  "1.2 3 4 ",
					  "1.2 3 4 trace:",
					  "1.2 3 4 trace: ",
					  "1.2 3 4 trace: C",
					  "1.2 3 4 trace: C ",
					  "1.2 3 4 trace: C NAME",
					  "1.2 3 4 trace: X NAME 00",
					  "1.2 3 4 trace: C NAME 0",
					  "1.2 3 4 trace: C NAME 0G",
					  "1.2 3 4 trace: R NAME 90",
					  "1.2 3 4 trace: R NAME ",
					  "1.2 3 4 trace: R NAME [3",
					  "1.2 3 4 trace: R NAME [3 masked",
					  "1.2 3 4 trace: R NAME [x masked]9000",
					  "1.2 3 4 trace: R NAME [-3 masked]9000",
					  "1.2 3 4 trace: S NAME",
					  "-1.2 3 4 error: x",
					  "1.2 3 4 trace: S NAME x",
					  "1.9999999 3 4 error: x",
					  "99999999999.0 3 4 error: x",
					  "1.2 3 error: x",
					  "1.2 -3 4 error: x"};
	char longest[4096];
	struct trace_record r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (trace_record_parse(bad[i], &r) == ST_OK)
			fail_msg("taken: %s", bad[i]);
	/* more bytes than any command has, a name that is too long, a text that is cut */
	memset(longest, '0', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest, "1.2 3 4 trace: C N ", 19);
	assert_int_not_equal(trace_record_parse(longest, &r), ST_OK);
	longest[17] = 'N';
	longest[200] = ' ';
	longest[201] = '\0';
	assert_int_not_equal(trace_record_parse(longest, &r), ST_OK);
	memset(longest, 'x', sizeof(longest) - 1);
	memcpy(longest, "1.2 3 4 error: ", 15);
	assert_int_equal(trace_record_parse(longest, &r), ST_OK);
	assert_int_equal(strlen(r.text), sizeof(r.text) - 1);
}

static struct trace_tally *tally;
static struct trace_exchange x;
static struct trace_call call;

static enum trace_event add(const char *line)
{
	static struct trace_record r;

	r = parsed(line);
	return trace_tally_add(tally, &r, &x, &call);
}

static int setup(void **state)
{
	(void)state;
	tally = calloc(1, sizeof(*tally));
	return tally ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(tally);
	return 0;
}

/* Two threads at once: each answer finds its own command. */
static void test_threads(void **state)
{
	(void)state;
	assert_int_equal(add("1.000000 1 1 trace: C A 0001"), TRACE_NOTHING);
	assert_int_equal(add("1.000010 1 2 trace: C A 0002"), TRACE_NOTHING);
	assert_int_equal(add("1.000020 1 3 trace: R A 9000"), TRACE_NOTHING);
	assert_int_equal(add("1.000100 1 2 trace: R A 019000"), TRACE_EXCHANGED);
	assert_int_equal(x.micros, 90);
	assert_int_equal(x.command->bytes[1], 2);
	assert_int_equal(add("1.000200 1 1 trace: R A 6A82"), TRACE_EXCHANGED);
	assert_int_equal(x.micros, 200);
	assert_int_equal(tally->exchanges, 2);
	assert_int_equal(tally->out, 4);
	assert_int_equal(tally->in, 5);
	assert_int_equal(tally->exchange_micros, 290);
	assert_int_equal(tally->quickest, 90);
	assert_int_equal(tally->commands.count, 1);
}

/* What a call took is the link's, the others', and ours. */
static void test_call(void **state)
{
	(void)state;
	add("1.000100 1 1 trace: S link: begin 50");
	add("1.000150 1 1 trace: S wait: turn 20");
	add("1.000200 1 1 trace: C A 00");
	add("1.000900 1 1 trace: R A 9000");
	assert_int_equal(add("1.001000 1 1 trace: S C_Sign 1000"), TRACE_CALLED);
	assert_int_equal(call.exchanges, 1);
	assert_int_equal(call.inside, 770);
	assert_int_equal(tally->own_micros, 230);
	assert_int_equal(tally->wait_micros, 20);
	assert_int_equal(tally->link_micros, 50);
	/* an exchange outside is not the next call's */
	add("2.000000 1 1 trace: C A 00");
	add("2.000100 1 1 trace: R A 9000");
	assert_int_equal(add("2.001000 1 1 trace: S C_GetInfo 5"), TRACE_CALLED);
	assert_int_equal(call.exchanges, 0);
	assert_int_equal(call.inside, 0);
}

static void test_failure(void **state)
{
	(void)state;
	add("1.000000 1 1 trace: C READ FILE 00");
	assert_int_equal(add("1.000100 1 1 debug: other words"), TRACE_NOTHING);
	assert_int_equal(add("1.000200 1 1 error: the modem is gone"), TRACE_REMARK);
	assert_int_equal(add("1.000300 1 1 debug: READ FILE: no answer in time"), TRACE_EXCHANGED);
	assert_null(x.answer);
	assert_string_equal(x.failure, "no answer in time");
	assert_int_equal(tally->failed, 1);
	assert_int_equal(add("1.000400 1 1 debug: READ FILE: SW=6A82"), TRACE_NOTHING);
}

/* More threads and more names than there is room for. */
static void test_many(void **state)
{
	char line[100];

	(void)state;
	for (int i = 0; i < 500; i++) {
		snprintf(line, sizeof(line), "1.0 1 %d trace: C NAME-%d 00", i, i);
		add(line);
		snprintf(line, sizeof(line), "1.0 1 %d trace: R NAME-%d 9000", i, i);
		assert_int_equal(add(line), TRACE_EXCHANGED);
	}
	assert_int_equal(tally->exchanges, 500);
	assert_int_equal(tally->commands.count, TRACE_ROWS_MAX);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bad_lines),
		T(threads),
		T(call),
		T(failure),
		T(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
