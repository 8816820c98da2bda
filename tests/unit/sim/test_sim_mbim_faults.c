/* SPDX-License-Identifier: Apache-2.0 */
/* Each fault of the MBIM front, as a host sees it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <cmocka.h>

#include "deadline.h"
#include "mbim_client.h"

enum { OPEN = 2, CLOSE = 3, APDU = 4 };

#define UICC "C2F6588EF0374BC98665F4D44BD09367"
#define UNKNOWN_SERVICE "7B0D51C42E934C18A63FD270951E846B"
#define GET "03000000 00000000 01000000 05000000 14000000 80CB0100 00000000"
#define GET_WITHOUT_LE "03000000 00000000 01000000 04000000 14000000 80CB0200"
#define GOT "90000000 03000000 0C000000 8401AB00"
#define OPEN_CHANNEL "07000000 10000000 00000000 46415349 A0000005590010 00"
/* the COMMAND_DONE of the third message */
#define DONE "03000080 40000000 03000000 01000000 00000000" UICC "04000000 00000000 10000000" GOT

static const struct tiny_pair script[] = {
	{"81CB010000", "8401AB9000"},
	{"81CB0200", "8401AB9000"},
	{NULL, NULL},
};

static struct mbim_client c;

static int start(void **state)
{
	(void)state;
	mbim_client_start(&c, script, "");
	mbim_client_open(&c);
	mbim_client_run(&c, client_uicc, OPEN, CLIENT_SET, OPEN_CHANNEL, 0,
			"90000000 03000000 00000000 00000000");
	tiny_card_seen(c.card);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	mbim_client_stop(&c);
	return 0;
}

static void get(uint32_t st, const char *want)
{
	mbim_client_run(&c, client_uicc, APDU, CLIENT_SET, GET, st, want);
}

/* One fault, one APDU, the message that comes; and then a healthy command. */
static const struct row {
	const char *spec, *want;
	bool executed;
} rows[] = {
	{"F6x1", DONE, true},
	{"F8", "03000080 40000000 03000000 01000000 00000000" UICC "04000000 00000000 16000000" GOT,
	 true},
	{"F15", "03000080 30000000 03000000 01000000 00000000" UICC "04000000 02000000 00000000",
	 true},
	{"F19", "03000080 30000000 03000000 01000000 00000000" UICC "04000000 01000000 00000000",
	 false},
	{"F23",
	 "03000080 44000000 03000000 01000000 00000000" UICC "04000000 00000000 14000000"
	 "90000000 07000000 0C000000 8401AB00 00000000",
	 true},
	{"M2", "03000080 30000000 03000000 01000000 00000000" UICC "04000000 01004387 00000000",
	 false},
	{"M2:1", "03000080 30000000 03000000 01000000 00000000" UICC "04000000 01000000 00000000",
	 false},
	{"M3",
	 "03000080 40000000 03000000 01000000 00000000" UICC "04000000 00000000 10000000"
	 "90000000 03000100 0C000000 8401AB00",
	 true},
	{"M3:offset",
	 "03000080 40000000 03000000 01000000 00000000" UICC "04000000 00000000 10000000"
	 "90000000 03000000 0C000100 8401AB00",
	 true},
	{"M3:swapped",
	 "03000080 40000000 03000000 01000000 00000000" UICC "04000000 00000000 10000000"
	 "90000000 0C000000 03000000 8401AB00",
	 true},
	{"M5:only",
	 "03000080 34000000 03000000 01000000 00000000" UNKNOWN_SERVICE
	 "05000000 00000000 04000000 00000000",
	 true},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].spec);
		start(state);
		mbim_client_arm(&c, rows[i].spec);
		mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
		mbim_client_expect(&c, rows[i].want);
		assert_string_equal(tiny_card_seen(c.card), rows[i].executed ? "81CB010000" : "");
		get(0, GOT);
		stop(state);
	}
}

/* A foreign message, then the answer. */
static void test_m5_goes_before_the_answer(void **state)
{
	(void)state;
	mbim_client_arm(&c, "M5");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	mbim_client_expect(&c, "03000080 34000000 03000000 01000000 00000000" UNKNOWN_SERVICE
			       "05000000 00000000 04000000 00000000");
	mbim_client_expect(&c, DONE);
	mbim_client_arm(&c, "M5:cid");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	mbim_client_expect(&c, "03000080 34000000 04000000 01000000 00000000" UICC
			       "05000000 00000000 04000000 00000000");
	mbim_client_expect_done(&c, client_uicc, APDU, 0, GOT);
	mbim_client_arm(&c, "M5:tid");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	mbim_client_expect(&c, "03000080 34000000 05100000 01000000 00000000" UNKNOWN_SERVICE
			       "05000000 00000000 04000000 00000000");
	mbim_client_expect_done(&c, client_uicc, APDU, 0, GOT);
}

static void test_m1_closes_the_function(void **state)
{
	(void)state;
	mbim_client_arm(&c, "M1");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	mbim_client_expect_error(&c, c.tid, 5);
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	mbim_client_expect_error(&c, c.tid, 5);
	assert_string_equal(tiny_card_seen(c.card), "");
	mbim_client_open(&c);
	get(0, GOT);
}

static void test_m2_has_the_buffer_of_the_refusal(void **state)
{
	(void)state;
	mbim_client_arm(&c, "M2");
	mbim_client_run(&c, client_uicc, OPEN, CLIENT_SET, OPEN_CHANNEL, 0x87430001,
			"6A810000 00000000 00000000 00000000");
	mbim_client_arm(&c, "M2:87430002");
	mbim_client_run(&c, client_uicc, OPEN, CLIENT_SET, OPEN_CHANNEL, 0x87430002,
			"6A820000 00000000 00000000 00000000");
	mbim_client_arm(&c, "M2:9");
	mbim_client_run(&c, client_uicc, OPEN, CLIENT_SET, OPEN_CHANNEL, 9, "");
	assert_string_equal(tiny_card_seen(c.card), "");
}

static void test_m2_spares_other_services(void **state)
{
	(void)state;
	mbim_client_arm(&c, "M2");
	mbim_client_run(&c, client_basic, 3, CLIENT_QUERY, "", 0, NULL);
	get(0x87430001, "");
}

static void test_m2_loses_the_channel_that_it_calls_invalid(void **state)
{
	(void)state;
	mbim_client_arm(&c, "M2:87430003");
	get(0x87430003, "");
	assert_string_equal(tiny_card_seen(c.card), "00708001");
	get(0x87430003, "");
	mbim_client_run(&c, client_uicc, OPEN, CLIENT_SET, OPEN_CHANNEL, 0, NULL);
}

/* A message of the wanted length in pieces of at most `most` bytes. */
static void expect_pieces(size_t most, const char *whole)
{
	uint8_t body[256];
	size_t n = 0;
	uint32_t total = 1;
	char hex[2 * sizeof(body) + 1] = "";

	for (uint32_t i = 0; i < total; i++) {
		assert_true(mbim_client_receive(&c, 2000));
		assert_in_range(c.got_n, 21, most);
		total = c.got[12];
		assert_int_equal(c.got[16], i);
		memcpy(body + n, c.got + 20, c.got_n - 20);
		n += c.got_n - 20;
	}
	assert_true(total > 1);
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02X", body[i]);
	assert_string_equal(hex, whole);
}

static void test_m4_sends_fragments(void **state)
{
	static const char whole[] = UICC "0400000000000000"
					 "10000000"
					 "90000000030000000C0000008401AB00";

	(void)state;
	mbim_client_arm(&c, "M4:30");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	expect_pieces(30, whole);
	mbim_client_arm(&c, "M4:1");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	expect_pieces(24, whole);
	get(0, GOT);
}

static void test_m6_withholds_data(void **state)
{
	(void)state;
	mbim_client_arm(&c, "M6");
	mbim_client_run(&c, client_uicc, APDU, CLIENT_SET, GET_WITHOUT_LE, 0,
			"90000000 00000000 00000000");
	get(0, GOT);
}

static void test_m7_is_cured_by_closing_the_group(void **state)
{
	(void)state;
	mbim_client_run(&c, client_uicc, CLOSE, CLIENT_SET, "03000000 00000000", 0, NULL);
	mbim_client_arm(&c, "M7");
	mbim_client_run(&c, client_uicc, OPEN, CLIENT_SET, OPEN_CHANNEL, 0x87430001, NULL);
	mbim_client_run(&c, client_uicc, CLOSE, CLIENT_SET, "00000000 46415349", 0, "90000000");
	mbim_client_run(&c, client_uicc, OPEN, CLIENT_SET, OPEN_CHANNEL, 0, NULL);
	mbim_client_arm(&c, "M7:1");
	mbim_client_run(&c, client_uicc, OPEN, CLIENT_SET, OPEN_CHANNEL, 0, NULL);
	mbim_client_run(&c, client_uicc, OPEN, CLIENT_SET, OPEN_CHANNEL, 0x87430001, NULL);
}

static void test_f10_cuts_and_the_rest_never_comes(void **state)
{
	(void)state;
	mbim_client_arm(&c, "F10:30");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	assert_false(mbim_client_receive(&c, 60));
	assert_int_equal(c.got_n, 30);
	get(0, GOT);
}

static void test_f12_answers_twice(void **state)
{
	(void)state;
	mbim_client_arm(&c, "F12");
	get(0, GOT);
	mbim_client_expect_done(&c, client_uicc, APDU, 0, GOT);
}

static void test_f13_executes_and_f29_does_not(void **state)
{
	(void)state;
	mbim_client_arm(&c, "F13");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	mbim_client_expect_silence(&c, 60);
	assert_string_equal(tiny_card_seen(c.card), "81CB010000");
	mbim_client_arm(&c, "F29");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	mbim_client_expect_silence(&c, 60);
	assert_string_equal(tiny_card_seen(c.card), "");
	get(0, GOT);
}

static void test_f14_answers_late(void **state)
{
	(void)state;
	mbim_client_arm(&c, "F14:250");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	mbim_client_expect_silence(&c, 150);
	mbim_client_expect(&c, DONE);
}

static void test_f25_noise_before_the_answer(void **state)
{
	uint8_t got[128];
	size_t n = 0;
	deadline dl = deadline_in_ms(2000);

	(void)state;
	mbim_client_arm(&c, "F25");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	while (n < 3 + 64 && !deadline_passed(dl)) {
		ssize_t more = read(c.fd, got + n, sizeof(got) - n);

		n += more > 0 ? (size_t)more : 0;
		usleep(1000);
	}
	assert_int_equal(n, 3 + 64);
	assert_memory_equal(got, "\0\0\xFF\x03\0\0\x80\x40", 8);
	get(0, GOT);
}

static void test_f25_a_frame_of_noise(void **state)
{
	(void)state;
	mbim_client_arm(&c, "F25:frame");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	mbim_client_expect(&c, "7F000000 10000000 FFFFFFFF FFFFFFFF");
	mbim_client_expect(&c, DONE);
}

static void test_f27_breaks_off_and_comes_back_closed(void **state)
{
	char before[64] = "", after[64] = "";
	deadline dl = deadline_in_ms(3000);

	(void)state;
	assert_true(readlink(c.link, before, sizeof(before) - 1) > 0);
	mbim_client_arm(&c, "F27:100");
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	assert_false(mbim_client_receive(&c, 1000));
	close(c.fd);
	while (readlink(c.link, after, sizeof(after) - 1) < 0 && !deadline_passed(dl))
		usleep(5000);
	assert_string_not_equal(before, after);
	mbim_client_plug(&c);
	mbim_client_command(&c, client_uicc, APDU, CLIENT_SET, GET);
	mbim_client_expect_error(&c, c.tid, 5);
	mbim_client_open(&c);
	get(0, GOT);
}

static void test_f28_holds_the_port(void **state)
{
	(void)state;
	mbim_client_arm(&c, "F28:200");
	get(0, GOT);
	assert_int_equal(flock(c.fd, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	usleep(400000);
	assert_int_equal(flock(c.fd, LOCK_EX | LOCK_NB), 0);
}

static void test_positions_count_messages(void **state)
{
	(void)state;
	mbim_client_arm(&c, "F15@3");
	mbim_client_arm(&c, "M3@4");
	mbim_client_open(&c);
	get(0, GOT);
	get(2, "");
	get(0, "90000000 03000100 0C000000 8401AB00");
	get(0, GOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test_setup_teardown(test_m5_goes_before_the_answer, start, stop),
		cmocka_unit_test_setup_teardown(test_m1_closes_the_function, start, stop),
		cmocka_unit_test_setup_teardown(test_m2_has_the_buffer_of_the_refusal, start, stop),
		cmocka_unit_test_setup_teardown(test_m2_spares_other_services, start, stop),
		cmocka_unit_test_setup_teardown(test_m2_loses_the_channel_that_it_calls_invalid,
						start, stop),
		cmocka_unit_test_setup_teardown(test_m4_sends_fragments, start, stop),
		cmocka_unit_test_setup_teardown(test_m6_withholds_data, start, stop),
		cmocka_unit_test_setup_teardown(test_m7_is_cured_by_closing_the_group, start, stop),
		cmocka_unit_test_setup_teardown(test_f10_cuts_and_the_rest_never_comes, start,
						stop),
		cmocka_unit_test_setup_teardown(test_f12_answers_twice, start, stop),
		cmocka_unit_test_setup_teardown(test_f13_executes_and_f29_does_not, start, stop),
		cmocka_unit_test_setup_teardown(test_f14_answers_late, start, stop),
		cmocka_unit_test_setup_teardown(test_f25_a_frame_of_noise, start, stop),
		cmocka_unit_test_setup_teardown(test_f25_noise_before_the_answer, start, stop),
		cmocka_unit_test_setup_teardown(test_f27_breaks_off_and_comes_back_closed, start,
						stop),
		cmocka_unit_test_setup_teardown(test_f28_holds_the_port, start, stop),
		cmocka_unit_test_setup_teardown(test_positions_count_messages, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
