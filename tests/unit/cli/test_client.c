/* SPDX-License-Identifier: Apache-2.0 */
/* The table of programs, and what is found out about programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "client.h"
#include "mem.h"
#include "probe.h"

static bool is_known_mark(const char *at)
{
	static const char *const marks[] = {"@KEY@",   "@CERT@",   "@TOKEN@",
					    "@LABEL@", "@MODULE@", "@ENGINE@"};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (strncmp(at, marks[i], strlen(marks[i])) == 0)
			return true;
	return false;
}

static void check_lines(const char *lines)
{
	size_t n = strlen(lines);

	assert_true(n > 0 && lines[n - 1] == '\n');
	assert_null(strchr(lines, '\t')); /* JSON shows them as '?' */
	for (const char *at = strchr(lines, '@'); at; at = strchr(at, '@')) {
		assert_true(is_known_mark(at));
		at = strchr(at + 1, '@') + 1;
	}
}

static void test_table(void **state)
{
	size_t n = 0;

	(void)state;
	for (; client_at(n); n++) {
		const struct client *c = client_at(n);

		assert_ptr_equal(client_find(c->name), c);
		assert_true(c->programs[0] && c->package[0]);
		check_lines(c->lines);
		if (c->provider_lines)
			check_lines(c->provider_lines);
	}
	assert_true(n >= 15);
	assert_null(client_find(""));
	assert_ptr_equal(client_find("apache2"), client_find("apache"));
	assert_ptr_equal(client_find("mosquitto_pub"), client_find("mosquitto"));
	assert_null(client_find("mosquitto_"));
	assert_null(client_find("mosquitto mosquitto_pub"));
	assert_null(client_find("CURL"));
}

static char dir[] = "/tmp/iotsafe-client.XXXXXX", path[64];

static void make_program(const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", text);
	fclose(f);
	assert_int_equal(chmod(path, 0755), 0);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/prog", dir);
	return setenv("PATH", dir, 1);
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void test_found(void **state)
{
	char found[PATH_LEN_MAX];

	(void)state;
	assert_false(probe_program("prog", found));
	make_program("exit 0");
	assert_true(probe_program("not-there prog", found));
	assert_string_equal(found, path);
	assert_int_equal(chmod(path, 0644), 0);
	/* root may read everything, and run only what somebody may */
	assert_false(probe_program("prog", found));
	assert_false(probe_program("", found));
}

static void test_version(void **state)
{
	char line[PROBE_TEXT_MAX];
	bool has = true;

	(void)state;
	make_program("echo words; echo \"v 1.2 $1\"; echo 3");
	assert_true(probe_version(path, "--version", "words", line, &has));
	assert_string_equal(line, "v 1.2 --version");
	assert_true(has);
	make_program("printf 'to \\033 standard error 7' >&2; exit 3");
	assert_true(probe_version(path, "-v", "words", line, &has));
	assert_string_equal(line, "to ? standard error 7");
	assert_false(has);
	make_program("echo no digit; read x && echo 9"); /* there is nothing to read */
	assert_false(probe_version(path, "-v", NULL, line, &has));
	make_program("while :; do echo 1 more and more and more; done");
	assert_true(probe_version(path, "-v", NULL, line, &has));
	unlink(path);
	assert_false(probe_version(path, "-v", NULL, line, &has));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_version),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
