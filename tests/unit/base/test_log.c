/* SPDX-License-Identifier: Apache-2.0 */
/* What reaches stderr, and above all what does not. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "log.h"
#include "log_file.h"

static char text[8192];
static int saved_stderr, pipe_read;

static void capture(void)
{
	int p[2];

	assert_int_equal(pipe(p), 0);
	saved_stderr = dup(STDERR_FILENO);
	assert_true(saved_stderr >= 0);
	assert_int_equal(dup2(p[1], STDERR_FILENO), STDERR_FILENO);
	close(p[1]);
	pipe_read = p[0];
}

static const char *captured(void)
{
	ssize_t n, all = 0;

	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	while ((n = read(pipe_read, text + all, sizeof(text) - 1 - (size_t)all)) > 0)
		all += n;
	text[all] = '\0';
	close(pipe_read);
	log_set(LOG_LEVEL_OFF, LOG_TO_STDERR);
	return text;
}

static void say_all(void)
{
	log_printf(LOG_LEVEL_OFF, "never");
	log_error("E %d", 1);
	log_info("I");
	log_debug("D");
	log_trace_bytes("C", "NAME", BYTES_LIT("\x01\x02"), SIZE_MAX);
}

static void test_levels(void **state)
{
	static const char *const marks[] = {"E 1", "I\n", "D\n", "C NAME 0102"};

	(void)state;
	for (int level = LOG_LEVEL_OFF; level <= LOG_LEVEL_TRACE; level++) {
		capture();
		log_set((enum log_level)level, LOG_TO_STDERR);
		say_all();
		captured();
		assert_null(strstr(text, "never"));
		for (int i = 0; i < 4; i++) {
			if (level > i)
				assert_non_null(strstr(text, marks[i]));
			else
				assert_null(strstr(text, marks[i]));
		}
	}
}

static void test_off_by_default(void **state)
{
	(void)state;
	capture();
	say_all();
	assert_string_equal(captured(), "");
}

static void test_masked(void **state)
{
	(void)state;
	capture();
	log_set(LOG_LEVEL_TRACE, LOG_TO_STDERR);
	log_trace_bytes("C", "UPDATE", BYTES_LIT("\x81\x2B\x80\x01\x22secret"), 5);
	log_trace_bytes("R", "RANDOM", BYTES_LIT("secret"), 0);
	log_trace_bytes("R", "EMPTY", bytes_of(NULL, 0), 5);
	log_trace_answer("DH", BYTES_LIT("secret\x90\x00"), 0);
	log_trace_answer("WORD", BYTES_LIT("\x69\x82"), 0);
	log_trace_answer("CUT", BYTES_LIT("\x69"), 0);
	log_trace_answer("ALL", BYTES_LIT("\x01\x61\x10"), SIZE_MAX);
	captured();
	assert_non_null(strstr(text, "R DH [6 masked]9000\n"));
	assert_non_null(strstr(text, "R WORD 6982\n"));
	assert_non_null(strstr(text, "R CUT 69\n"));
	assert_non_null(strstr(text, "R ALL 016110\n"));
	assert_non_null(strstr(text, "C UPDATE 812B800122[6 masked]"));
	assert_non_null(strstr(text, "R RANDOM [6 masked]"));
	assert_non_null(strstr(text, "R EMPTY \n"));
	assert_null(strstr(text, "736563"));
	assert_null(strstr(text, "secret"));
}

/* A line longer than our buffer is cut, and still is one line. */
static void test_long_lines(void **state)
{
	static uint8_t big[2000];
	char *nl;

	(void)state;
	capture();
	log_set(LOG_LEVEL_TRACE, LOG_TO_STDERR);
	log_error("%01500d", 0);
	log_trace_bytes("R", "BIG", BYTES_OF(big), SIZE_MAX);
	captured();
	nl = strchr(text, '\n');
	assert_non_null(nl);
	nl = strchr(nl + 1, '\n');
	assert_non_null(nl);
	assert_int_equal(nl[1], '\0');
}

static void test_words(void **state)
{
	enum log_level level = LOG_LEVEL_INFO;

	(void)state;
	assert_true(log_level_parse("off", &level));
	assert_int_equal(level, LOG_LEVEL_OFF);
	assert_true(log_level_parse("trace", &level));
	assert_int_equal(level, LOG_LEVEL_TRACE);
	assert_false(log_level_parse("", &level));
	assert_false(log_level_parse("Trace", &level));
	assert_false(log_level_parse("errors", &level));
	assert_int_equal(level, LOG_LEVEL_TRACE);
}

static void test_environment(void **state)
{
	(void)state;
	log_set(LOG_LEVEL_OFF, LOG_TO_STDERR);
	unsetenv("IOTSAFE_LOG");
	log_set_from_env();
	assert_false(log_wants(LOG_LEVEL_ERROR));
	setenv("IOTSAFE_LOG", "nonsense", 1);
	log_set_from_env();
	assert_false(log_wants(LOG_LEVEL_ERROR));
	setenv("IOTSAFE_LOG", "debug", 1);
	log_set_from_env();
	assert_true(log_wants(LOG_LEVEL_DEBUG));
	assert_false(log_wants(LOG_LEVEL_TRACE));
	unsetenv("IOTSAFE_LOG");
	log_set(LOG_LEVEL_OFF, LOG_TO_STDERR);
}

/* To syslog nothing comes out on stderr. */
static void test_syslog(void **state)
{
	(void)state;
	capture();
	log_set(LOG_LEVEL_INFO, LOG_TO_SYSLOG);
	log_info("a test of iotsafe's log");
	assert_string_equal(captured(), "");
}

/* --- IOTSAFE_TRACE --- */

static void read_back(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t n = 0;

	text[0] = '\0';
	if (!f)
		return;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
}

/* What is no plain file of one name is not opened: it stays closed until a good one comes. */
static void test_file(void **state)
{
	char dir[] = "/tmp/iotsafe-log.XXXXXX", path[64], other[64];
	struct stat st;
	struct log_span span;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/trace", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	unsetenv("IOTSAFE_LOG");
	assert_int_equal(symlink(path, other), 0);
	setenv("IOTSAFE_TRACE", other, 1);
	log_set_from_env();
	assert_false(log_file_is_open());
	assert_int_not_equal(stat(path, &st), 0);
	setenv("IOTSAFE_TRACE", dir, 1);
	log_set_from_env();
	assert_false(log_file_is_open());
	assert_false(log_wants(LOG_LEVEL_ERROR));
	span = log_span_begin("C_Early");
	unlink(other);

	setenv("IOTSAFE_TRACE", path, 1);
	log_set_from_env();
	assert_true(log_file_is_open());
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	capture();
	log_span_end(&span); /* nobody wanted to know when it began */
	say_all();
	log_trace_bytes("C", "UPDATE", BYTES_LIT("\x81\x2B\x80\x01\x22secret"), 5);
	{
		LOG_SPAN("C_Sign");
	}
	assert_string_equal(captured(), ""); /* stderr has a level of its own */
	read_back(path);
	assert_non_null(strstr(text, " error: E 1\n"));
	assert_non_null(strstr(text, " trace: C NAME 0102\n"));
	assert_non_null(strstr(text, " trace: C UPDATE 812B800122[6 masked]\n"));
	assert_non_null(strstr(text, " trace: S C_Sign "));
	assert_null(strstr(text, "C_Early"));
	assert_null(strstr(text, "secret"));
	unlink(path);
	rmdir(dir);
	unsetenv("IOTSAFE_TRACE");
}

/* The program closed our descriptor, and it became another file: that one stays as it is. */
static void test_file_taken(void **state)
{
	char foreign[] = "/tmp/iotsafe-log.XXXXXX";
	int fd = mkostemp(foreign, O_CLOEXEC), i;
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_true(log_file_is_open());
	for (i = 3; i < 64; i++)
		if (i != fd)
			dup2(fd, i);
	log_error("not into that");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	unlink(foreign);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off_by_default), cmocka_unit_test(test_levels),
		cmocka_unit_test(test_masked),	       cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_words),	       cmocka_unit_test(test_environment),
		cmocka_unit_test(test_syslog),	       cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
