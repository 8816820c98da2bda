/* SPDX-License-Identifier: Apache-2.0 */
/* Each AT fault, as a client sees it on the line. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <cmocka.h>

#include "at_client.h"
#include "deadline.h"

#define OK "\r\n\r\nOK\r\n"
#define COMMAND "AT+CSIM=10,\"00CB010000\""
#define DATA200                                                                                    \
	"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F2021222324252627"         \
	"28292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F"         \
	"505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F7071727374757677"         \
	"78797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9F"

static const struct tiny_pair script[] = {
	{"00CB010000", "8401AB9000"},
	{"00CB020000", DATA200 "9000"},
	{"00CB030000", "6103"},
	{"00C0000003", "8401CD9000"},
	{NULL, NULL},
};

static struct at_client c;

static int start(void **state)
{
	(void)state;
	at_client_start(&c, script, "?echo=no");
	at_client_expect(&c, "AT+CMEE=1", "\r\nOK\r\n");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	at_client_stop(&c);
	return 0;
}

#define PLAIN "\r\n+CSIM: 10,\"8401AB9000\"" OK

/* One fault, one command, what comes; and then a healthy command. */
static const struct row {
	const char *spec, *command, *want;
} rows[] = {
	{"F1x1", COMMAND, COMMAND "\r" PLAIN},
	{"F2x1", COMMAND, "+CSIM: 10,\"8401AB9000\"\r\n0\r"},
	{"F3x1", "AT+CCHO=\"\"", "\r\n+CME ERROR: Incorrect parameters\r\n"},
	{"F4", COMMAND,
	 "\r\n+CEREG: 1\r\n\r\n+CSIM: 10,\"8401AB9000\"\r\n\r\n+CEREG: 1\r\n\r\nOK\r\n\r\n+CEREG: "
	 "1\r\n"},
	{"F5", COMMAND, "\r\n+CEREG: 1+CSIM: 10,\"8401AB9000\"" OK},
	{"F5:after", COMMAND, PLAIN "+CEREG: 1"},
	{"F6x1", COMMAND, PLAIN},
	{"F7x1", COMMAND, "\r\n+CSIM:  10, 8401ab9000" OK},
	{"F8", COMMAND, "\r\n+CSIM: 16,\"8401AB9000\"" OK},
	{"F9", COMMAND, "\r\n+CSIM: 10,\"8401AB900\"" OK},
	{"F9:z", COMMAND, "\r\n+CSIM: 10,\"8401AB900z\"" OK},
	{"F10:19", COMMAND, "\r\n+CSIM: 10,\"8401AB90" OK},
	{"F13", COMMAND, "\r\n+CSIM: 10,\"8401AB9000\"\r\n"},
	{"F15", COMMAND, "\r\nERROR\r\n"},
	{"F16x1", "AT+CCHO=\"A0000005590010\"", "\r\n5" OK},
	{"F16x1:hex", "AT+CCHO=\"A0000005590010\"", "\r\n+CCHO: 00000000038aa32f" OK},
	{"F17x1", "AT+CCHC=1", "\r\nERROR\r\n"},
	{"F18x1", "AT+CGLA=?", ""},
	{"F18x1:error", "AT+CGLA=?", "\r\nERROR\r\n"},
	{"F19", COMMAND, "\r\n+CME ERROR: 14\r\n"},
	{"F20", "AT+CSIM=10,\"0070000001\"", "\r\n+CME ERROR: 3\r\n"},
	{"F20", "AT+CSIM=10,\"00C0000003\"", "\r\n+CME ERROR: 3\r\n"},
	{"F21x1", "AT+CSIM=10,\"00CB030000\"", "\r\n+CSIM: 10,\"8401CD9000\"" OK},
	{"F22", COMMAND, "\r\n+CSIM: 4,\"6C03\"" OK},
	{"F23", COMMAND, "\r\n+CSIM: 18,\"8401AB000000009000\"" OK},
	{"F29", COMMAND, ""},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(state);
		at_client_arm(&c, rows[i].spec);
		if (rows[i].want[0] == '\0') {
			char line[256];

			snprintf(line, sizeof(line), "%s\r", rows[i].command);
			at_client_send(&c, line);
			assert_string_equal(at_client_drain(&c, 60), "");
		} else {
			at_client_expect(&c, rows[i].command, rows[i].want);
		}
		at_client_expect(&c, COMMAND, PLAIN);
		stop(state);
	}
}

static void test_f10_cuts_at_256(void **state)
{
	char want[512];
	const char *head = "+CSIM: 324,\"";

	(void)state;
	at_client_arm(&c, "F10");
	snprintf(want, sizeof(want), "\r\n%s%.*s%s", head, 256 - (int)strlen(head), DATA200, OK);
	at_client_expect(&c, "AT+CSIM=10,\"00CB020000\"", want);
}

static void test_f11_and_f12_use_the_answer_before(void **state)
{
	(void)state;
	at_client_expect(&c, COMMAND, PLAIN);
	at_client_arm(&c, "F11");
	at_client_expect(&c, "AT+CSIM=10,\"00CB030000\"", PLAIN);
	at_client_arm(&c, "F12");
	at_client_expect(&c, COMMAND, "\r\n+CSIM: 4,\"6103\"\r\n" PLAIN);
}

static void test_f14_answers_late(void **state)
{
	(void)state;
	at_client_arm(&c, "F14:250");
	at_client_send(&c, COMMAND "\r");
	assert_string_equal(at_client_drain(&c, 150), "");
	assert_true(at_client_read_until(&c, "OK\r\n", 1000));
	assert_string_equal(c.got, PLAIN);
}

static void test_f19_five_times_then_ok(void **state)
{
	(void)state;
	at_client_arm(&c, "F19x5");
	for (int i = 0; i < 5; i++)
		at_client_expect(&c, "AT+CPIN?", "\r\n+CME ERROR: 14\r\n");
	at_client_expect(&c, "AT+CPIN?", "\r\n+CPIN: READY" OK);
}

static void test_f22_repeated_command_gets_the_answer(void **state)
{
	(void)state;
	at_client_arm(&c, "F22");
	at_client_expect(&c, COMMAND, "\r\n+CSIM: 4,\"6C03\"" OK);
	tiny_card_seen(c.card);
	at_client_expect(&c, "AT+CSIM=10,\"00CB010003\"", PLAIN);
	assert_string_equal(tiny_card_seen(c.card), "");
}

static void test_f24_refuses_long_lines(void **state)
{
	char line[300];

	(void)state;
	at_client_arm(&c, "F24");
	snprintf(line, sizeof(line), "AT+CSIM=170,\"00D6000050%.160s\"", DATA200);
	at_client_expect(&c, line, "\r\nERROR\r\n");
	assert_string_equal(tiny_card_seen(c.card), "");
	at_client_expect(&c, COMMAND, PLAIN);
}

static void test_f25_noise(void **state)
{
	static const char want[] = "\0\0\xFF" PLAIN "\xFF";
	char got[128] = "";

	(void)state;
	at_client_arm(&c, "F25");
	at_client_send(&c, COMMAND "\r");
	usleep(100000);
	assert_int_equal(read(c.fd, got, sizeof(got)), (ssize_t)sizeof(want));
	assert_memory_equal(got, want, sizeof(want));
}

static void test_f26_prompt_until_escape(void **state)
{
	(void)state;
	at_client_arm(&c, "F26");
	at_client_expect(&c, COMMAND, "\r\n> ");
	at_client_send(&c, "AT\r");
	assert_string_equal(at_client_drain(&c, 50), "");
	at_client_send(&c, "\x1B");
	assert_true(at_client_read_until(&c, "OK\r\n", 1000));
	at_client_expect(&c, COMMAND, PLAIN);
}

static void test_f27_breaks_off_and_comes_back(void **state)
{
	char before[64] = "", after[64] = "";
	deadline dl = deadline_in_ms(3000);

	(void)state;
	assert_true(readlink(c.link, before, sizeof(before) - 1) > 0);
	at_client_arm(&c, "F27:100");
	at_client_send(&c, COMMAND "\r");
	assert_false(at_client_read_until(&c, "OK", 1000));
	close(c.fd);
	while (readlink(c.link, after, sizeof(after) - 1) < 0 && !deadline_passed(dl))
		usleep(5000);
	assert_string_not_equal(before, after);
	at_client_open(&c);
	at_client_expect(&c, COMMAND, PLAIN);
}

static void test_f28_holds_the_port(void **state)
{
	(void)state;
	at_client_arm(&c, "F28:200");
	at_client_expect(&c, COMMAND, PLAIN);
	assert_int_equal(flock(c.fd, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	usleep(400000);
	assert_int_equal(flock(c.fd, LOCK_EX | LOCK_NB), 0);
}

static void test_position_counts_command_lines(void **state)
{
	(void)state;
	at_client_arm(&c, "F15@3");
	at_client_expect(&c, "AT", "\r\nOK\r\n");
	at_client_expect(&c, "ATE0;+CFUN?", "\r\n+CFUN: 1" OK);
	tiny_card_seen(c.card);
	at_client_expect(&c, COMMAND, "\r\nERROR\r\n");
	assert_string_equal(tiny_card_seen(c.card), "00CB010000");
	at_client_expect(&c, COMMAND, PLAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test_setup_teardown(test_f10_cuts_at_256, start, stop),
		cmocka_unit_test_setup_teardown(test_f11_and_f12_use_the_answer_before, start,
						stop),
		cmocka_unit_test_setup_teardown(test_f14_answers_late, start, stop),
		cmocka_unit_test_setup_teardown(test_f19_five_times_then_ok, start, stop),
		cmocka_unit_test_setup_teardown(test_f22_repeated_command_gets_the_answer, start,
						stop),
		cmocka_unit_test_setup_teardown(test_f24_refuses_long_lines, start, stop),
		cmocka_unit_test_setup_teardown(test_f25_noise, start, stop),
		cmocka_unit_test_setup_teardown(test_f26_prompt_until_escape, start, stop),
		cmocka_unit_test_setup_teardown(test_f27_breaks_off_and_comes_back, start, stop),
		cmocka_unit_test_setup_teardown(test_f28_holds_the_port, start, stop),
		cmocka_unit_test_setup_teardown(test_position_counts_command_lines, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
