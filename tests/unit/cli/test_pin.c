/* SPDX-License-Identifier: Apache-2.0 */
/* --pin-source: one line of a file that is nobody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "mem.h"
#include "pin.h"

static char dir[] = "/tmp/test_pin_XXXXXX";
static char path[64], source[80];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/pin", dir);
	snprintf(source, sizeof(source), "file:%s", path);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void write_file(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static const char *pin(const char *from)
{
	static char got[9];
	struct wtr w = wtr_on(got, sizeof(got) - 1);

	if (pin_from_source("pin-source", from, &w) != ST_OK)
		return NULL;
	got[w.n] = '\0';
	return got;
}

static void test_good(void **state)
{
	(void)state;
	write_file("1234\n", 0600);
	assert_string_equal(pin(source), "1234");
	write_file("1234", 0400);
	assert_string_equal(pin(source), "1234");
	write_file("12345678\r\nmore\n", 0600);
	assert_string_equal(pin(source), "12345678");
}

static void test_bad(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0602, 0644, 0666};

	(void)state;
	write_file("", 0600);
	assert_null(pin(source));
	write_file("\n1234\n", 0600);
	assert_null(pin(source));
	write_file("123456789\n", 0600); /* longer than fits */
	assert_null(pin(source));
	write_file("0123456789012345678901234567890123456789012345678901234567890123456789"
		   "0123456789012345678901234567890123456789\n",
		   0600);
	assert_null(pin(source));
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		write_file("1234\n", modes[i]);
		assert_null(pin(source));
	}
	assert_null(pin("1234"));
	assert_null(pin(path)); /* without file: */
	assert_null(pin("file:"));
	assert_null(pin("file:/nonexistent"));
	assert_null(pin("file:/dev/zero"));
	assert_null(pin("file:/tmp"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
