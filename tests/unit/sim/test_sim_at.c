/* SPDX-License-Identifier: Apache-2.0 */
/* The modem's manners: echo, formats, identity, combined lines, unknown commands. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "at_client.h"

static void test_echo_and_formats(void **state)
{
	struct at_client c;

	(void)state;
	at_client_start(&c, NULL, "");
	at_client_expect(&c, "AT", "AT\r\r\nOK\r\n");
	at_client_expect(&c, "at", "at\r\r\nOK\r\n");
	at_client_expect(&c, "ATE0", "ATE0\r\r\nOK\r\n");
	at_client_expect(&c, "AT", "\r\nOK\r\n");
	at_client_expect(&c, "ATV0", "0\r");
	at_client_expect(&c, "AT+CFUN?", "+CFUN: 1\r\n0\r");
	at_client_expect(&c, "AT+NONE", "4\r");
	at_client_expect(&c, "ATV1", "\r\nOK\r\n");
	at_client_expect(&c, "ATE1", "\r\nOK\r\n");
	at_client_expect(&c, "AT", "AT\r\r\nOK\r\n");
	at_client_stop(&c);
}

static void test_combined_lines(void **state)
{
	struct at_client c;

	(void)state;
	at_client_start(&c, NULL, "?echo=no");
	at_client_expect(&c, "ATE0V1", "\r\nOK\r\n");
	at_client_expect(&c, "ATE0V1;+CMEE=1;+CMEE?", "\r\n+CMEE: 1\r\n\r\nOK\r\n");
	at_client_expect(&c, "AT+CMEE=2;+CMEE=9;+CFUN?",
			 "\r\n+CME ERROR: Incorrect parameters\r\n");
	at_client_expect(&c, "AT+CMEE?", "\r\n+CMEE: 2\r\n\r\nOK\r\n");
	at_client_expect(&c, "AT&F", "\r\nOK\r\n");
	at_client_expect(&c, "ATE0+CMEE?", "ATE0+CMEE?\r\r\n+CMEE: 0\r\n\r\nOK\r\n");
	at_client_stop(&c);
}

static void test_errors_follow_cmee(void **state)
{
	struct at_client c;

	(void)state;
	at_client_start(&c, NULL, "?echo=no");
	at_client_control(&c, "remove");
	assert_true(at_client_read_until(&c, "+CPIN: NOT READY\r\n", 500));
	at_client_expect(&c, "AT+CPIN?", "\r\nERROR\r\n");
	at_client_expect(&c, "AT+CMEE=1", "\r\nOK\r\n");
	at_client_expect(&c, "AT+CPIN?", "\r\n+CME ERROR: 10\r\n");
	at_client_expect(&c, "AT+CSIM=10,\"0070000001\"", "\r\n+CME ERROR: 10\r\n");
	at_client_expect(&c, "AT+CMEE=2", "\r\nOK\r\n");
	at_client_expect(&c, "AT+CPIN?", "\r\n+CME ERROR: SIM not inserted\r\n");
	at_client_expect(&c, "AT+NONE", "\r\nERROR\r\n");
	at_client_control(&c, "insert");
	assert_true(at_client_read_until(&c, "+CPIN: READY\r\n", 500));
	at_client_expect(&c, "AT+CPIN?", "\r\n+CPIN: READY\r\n\r\nOK\r\n");
	at_client_stop(&c);
}

static void test_identity(void **state)
{
	struct at_client c;

	(void)state;
	at_client_start(&c, NULL, "?model=quectel&echo=no");
	at_client_expect(&c, "AT+CGMI", "\r\nQuectel\r\n\r\nOK\r\n");
	at_client_expect(&c, "AT+CGMM", "\r\nEC25\r\n\r\nOK\r\n");
	at_client_expect(&c, "AT+CGMR", "\r\nEC25EFAR06A08M4G\r\n\r\nOK\r\n");
	at_client_expect(&c, "AT+CGSN", "\r\n001010123456780\r\n\r\nOK\r\n");
	at_client_expect(&c, "AT+CIMI", "\r\n001010123456789\r\n\r\nOK\r\n");
	at_client_expect(&c, "ATI",
			 "\r\nQuectel\r\n\r\nEC25\r\n\r\nRevision: EC25EFAR06A08M4G\r\n\r\nOK\r\n");
	at_client_expect(&c, "AT+CCID", "\r\n+CCID: 8988307000012345678\r\n\r\nOK\r\n");
	at_client_expect(&c, "AT+QCCID", "\r\n+QCCID: 8988307000012345678\r\n\r\nOK\r\n");
	at_client_expect(&c, "AT+ICCID", "\r\nERROR\r\n");
	at_client_expect(&c, "AT^ICCID?", "\r\nERROR\r\n");
	at_client_expect(&c, "AT+CGLA=?", "\r\nOK\r\n");
	at_client_stop(&c);
}

static void test_personalities(void **state)
{
	static const struct {
		const char *options, *command, *want;
	} rows[] = {
		{"?model=sierra", "AT+CGLA=?", "\r\nERROR\r\n"},
		{"?model=sierra", "AT!ICCID?", "\r\n!ICCID: 8988307000012345678\r\n\r\nOK\r\n"},
		{"?model=nordic", "AT%XICCID", "%XICCID: 8988307000012345678\r\n\r\nOK\r\n"},
		{"?model=simcom", "AT+CICCID", "\r\n+ICCID: 8988307000012345678\r\n\r\nOK\r\n"},
		{"?model=simcom", "AT+CCHO=\"A0000005590010\"", "\r\nERROR\r\n"},
		{"?csim=no", "AT+CSIM=10,\"0070000001\"", "\r\nERROR\r\n"},
		{"?cgla=no", "AT+CGLA=1,10,\"0070000001\"", "\r\nERROR\r\n"},
		{"?blank=extra", "AT+CFUN?", "\r\n+CFUN: 1\r\n\r\n\r\nOK\r\n"},
		{"?blank=compact", "AT+CFUN?", "+CFUN: 1\r\n\r\nOK\r\n"},
		{"?pin=yes", "AT+CPIN?", "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct at_client c;
		char options[64];

		snprintf(options, sizeof(options), "%s&echo=no", rows[i].options);
		at_client_start(&c, NULL, options);
		at_client_expect(&c, rows[i].command, rows[i].want);
		at_client_stop(&c);
	}
}

static void test_bad_arguments(void **state)
{
	static const char *const bad[] = {"",
					  "?model=quectel",
					  "/tmp/x?model=none",
					  "/tmp/x?cgla=maybe",
					  "/tmp/x?what=yes",
					  "/tmp/x?urc=0",
					  "/tmp/x?ccho=odd",
					  "/nonexistent/dir/modem"};
	struct sim_card *card = tiny_card_new(NULL);
	struct sim_faults *faults = sim_faults_new();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sim_front *front = NULL;
		char err[256] = "";

		assert_int_not_equal(sim_front_at.start(card, faults, bad[i], &front, err), ST_OK);
		assert_null(front);
		assert_true(strlen(err) > 5);
	}
	sim_faults_free(faults);
	sim_card_free(card);
}

static void test_a_file_is_not_replaced(void **state)
{
	char path[] = "/tmp/sim-at-file-XXXXXX";
	int fd = mkstemp(path);
	struct sim_card *card = tiny_card_new(NULL);
	struct sim_front *front = NULL;
	char err[256] = "";

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(sim_front_at.start(card, NULL, path, &front, err), ST_IO);
	assert_int_equal(unlink(path), 0);
	close(fd);
	sim_card_free(card);
}

static void test_noise_and_long_lines(void **state)
{
	struct at_client c;
	char longer[1300];

	(void)state;
	at_client_start(&c, NULL, "?echo=no");
	at_client_expect(&c, "\n\xFF\x80gAT", "\r\nOK\r\n");
	at_client_expect(&c, "ATX\bE0", "\r\nOK\r\n");
	at_client_send(&c, "no command\r");
	at_client_expect(&c, "AT+=;\"", "\r\nERROR\r\n");
	at_client_expect(&c, "AT+CFUN=?x", "\r\nERROR\r\n");
	at_client_expect(&c, "AT+CFUNX", "\r\nERROR\r\n");
	memset(longer, '1', sizeof(longer));
	memcpy(longer, "AT+CSIM=", 8);
	longer[sizeof(longer) - 2] = '\r';
	longer[sizeof(longer) - 1] = '\0';
	at_client_send(&c, longer);
	assert_true(at_client_read_until(&c, "\r\nERROR\r\n", 2000));
	at_client_expect(&c, "AT", "\r\nOK\r\n");
	at_client_send(&c, "A/");
	assert_true(at_client_read_until(&c, "\r\nOK\r\n", 2000));
	at_client_stop(&c);
}

static void test_two_clients_and_late_opening(void **state)
{
	struct at_client c;

	(void)state;
	at_client_start(&c, NULL, "?echo=no");
	int other = open(c.link, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(other >= 0);
	at_client_expect(&c, "AT", "\r\nOK\r\n");
	close(c.fd);
	close(other);
	at_client_open(&c);
	at_client_expect(&c, "AT+CFUN?", "\r\n+CFUN: 1\r\n\r\nOK\r\n");
	at_client_stop(&c);
}

static void test_urcs(void **state)
{
	struct at_client c;

	(void)state;
	at_client_start(&c, NULL, "?echo=no&urc=40");
	assert_true(at_client_read_until(&c, "\r\n+CEREG: 1\r\n", 1000));
	at_client_control(&c, "urc RING");
	assert_true(at_client_read_until(&c, "\r\nRING\r\n", 1000));
	at_client_stop(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo_and_formats),
		cmocka_unit_test(test_combined_lines),
		cmocka_unit_test(test_errors_follow_cmee),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_personalities),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_a_file_is_not_replaced),
		cmocka_unit_test(test_noise_and_long_lines),
		cmocka_unit_test(test_two_clients_and_late_opening),
		cmocka_unit_test(test_urcs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
