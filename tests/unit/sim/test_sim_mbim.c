/* SPDX-License-Identifier: Apache-2.0 */
/* The control channel: framing, fragments, opening and closing, and what damage is answered with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "mbim_client.h"

#define BASIC "A289CC33BCBB8B4FB6B0133EC2AAE6DF"
/* a query of RADIO_STATE, and its answer */
#define RADIO(tid) "03000000 30000000 " tid "01000000 00000000" BASIC "03000000 00000000 00000000"
#define RADIO_DONE(tid)                                                                            \
	"03000080 38000000 " tid "01000000 00000000" BASIC "03000000 00000000 08000000"            \
	"01000000 01000000"

static struct mbim_client c;

static int start(void **state)
{
	(void)state;
	mbim_client_start(&c, NULL, "");
	return 0;
}

static int start_open(void **state)
{
	start(state);
	mbim_client_open(&c);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	mbim_client_stop(&c);
	return 0;
}

static void test_open_and_close(void **state)
{
	(void)state;
	mbim_client_send(&c, RADIO("07000000"));
	mbim_client_expect_error(&c, 7, 5);
	mbim_client_send(&c, "02000000 0C000000 09000000");
	mbim_client_expect(&c, "02000080 10000000 09000000 00000000");
	mbim_client_send(&c, "01000000 10000000 02000000 3F000000"); /* less than 64 */
	mbim_client_expect(&c, "01000080 10000000 02000000 15000000");
	mbim_client_send(&c, RADIO("08000000"));
	mbim_client_expect_error(&c, 8, 5);
	mbim_client_open(&c);
	mbim_client_send(&c, RADIO("0A000000"));
	mbim_client_expect(&c, RADIO_DONE("0A000000"));
	mbim_client_open(&c); /* again, by a host that came after one that died */
	mbim_client_send(&c, "02000000 0C000000 0B000000");
	mbim_client_expect(&c, "02000080 10000000 0B000000 00000000");
	mbim_client_send(&c, RADIO("0C000000"));
	mbim_client_expect_error(&c, 12, 5);
}

static void test_a_host_may_come_and_go(void **state)
{
	(void)state;
	close(c.fd);
	mbim_client_plug(&c);
	mbim_client_send(&c, RADIO("0D000000"));
	mbim_client_expect(&c, RADIO_DONE("0D000000"));
}

static void test_bytes_in_any_pieces(void **state)
{
	char one[3] = "";

	(void)state;
	for (const char *p = RADIO("21000000"); *p; p += strspn(p, " ")) {
		snprintf(one, sizeof(one), "%.2s", p);
		mbim_client_send(&c, one);
		p += 2;
	}
	mbim_client_expect(&c, RADIO_DONE("21000000"));
	mbim_client_send(&c, RADIO("22000000") RADIO("23000000") "02000000 0C000000 24000000");
	mbim_client_expect(&c, RADIO_DONE("22000000"));
	mbim_client_expect(&c, RADIO_DONE("23000000"));
	mbim_client_expect(&c, "02000080 10000000 24000000 00000000");
}

/* What is sent, and the number of the function error. */
static const struct {
	const char *what, *sent;
	uint32_t tid, error;
} damaged[] = {
	{"an unknown type", "05000000 0C000000 31000000", 0x31, 6},
	{"a type of the function", "03000080 0C000000 31000000", 0x31, 6},
	{"a length below the header", "03000000 0B000000 32000000", 0x32, 3},
	{"a length of nothing", "03000000 00000000 32000000", 0x32, 3},
	{"a length that is noise", "03000000 FFFFFFFF 33000000", 0x33, 3},
	{"OPEN without its field", "01000000 0C000000 34000000", 0x34, 3},
	{"no fragment header", "03000000 10000000 35000000 01000000", 0x35, 3},
	{"no fragments at all",
	 "03000000 30000000 36000000 00000000 00000000" BASIC "03000000 00000000 00000000", 0x36,
	 2},
	{"a command without its fields",
	 "03000000 2C000000 37000000 01000000 00000000" BASIC "03000000 00000000", 0x37, 3},
	{"an information buffer that is not there",
	 "03000000 30000000 38000000 01000000 00000000" BASIC "03000000 00000000 04000000", 0x38,
	 3},
	{"a huge information buffer",
	 "03000000 30000000 38000000 01000000 00000000" BASIC "03000000 00000000 FFFFFFFF", 0x38,
	 3},
	{"a second fragment without a first",
	 "03000000 30000000 39000000 02000000 01000000" BASIC "03000000 00000000 00000000", 0x39,
	 2},
	{"a fragment beyond the last",
	 "03000000 30000000 3A000000 01000000 01000000" BASIC "03000000 00000000 00000000", 0x3A,
	 2},
};

static void test_damage_is_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		print_message("%s\n", damaged[i].what);
		mbim_client_send(&c, damaged[i].sent);
		mbim_client_expect_error(&c, damaged[i].tid, damaged[i].error);
		mbim_client_send(&c, RADIO("40000000"));
		mbim_client_expect(&c, RADIO_DONE("40000000"));
	}
}

static void test_too_long_a_message_is_skipped(void **state)
{
	(void)state;
	mbim_client_send(&c, "03000000 88130000 51000000"); /* 5000 bytes */
	mbim_client_expect_error(&c, 0x51, 8);
	for (int i = 0; i < 4988 / 4; i++)
		mbim_client_send(&c, "03000000");
	mbim_client_send(&c, RADIO("52000000"));
	mbim_client_expect(&c, RADIO_DONE("52000000"));
}

static void test_an_incomplete_message_expires(void **state)
{
	(void)state;
	mbim_client_send(&c, "03000000 30000000 61000000 01000000");
	mbim_client_expect_silence(&c, 200);
	mbim_client_expect_error(&c, 0x61, 3);
	mbim_client_send(&c,
			 "03000000 20000000 62000000 02000000 00000000 A289CC33 BCBB8B4F B6B0133E");
	mbim_client_expect_silence(&c, 200);
	mbim_client_expect_error(&c, 0x62, 1);
	mbim_client_send(&c, RADIO("63000000"));
	mbim_client_expect(&c, RADIO_DONE("63000000"));
}

static void test_fragments_of_the_host(void **state)
{
	(void)state;
	mbim_client_send(&c,
			 "03000000 20000000 71000000 03000000 00000000 A289CC33 BCBB8B4F B6B0133E");
	mbim_client_send(&c, "03000000 18000000 71000000 03000000 01000000 C2AAE6DF");
	mbim_client_send(&c,
			 "03000000 20000000 71000000 03000000 02000000 03000000 00000000 00000000");
	mbim_client_expect(&c, RADIO_DONE("71000000"));

	/* out of order, and a fragment of another command between */
	mbim_client_send(&c,
			 "03000000 20000000 72000000 03000000 00000000 A289CC33 BCBB8B4F B6B0133E");
	mbim_client_send(&c,
			 "03000000 20000000 72000000 03000000 02000000 03000000 00000000 00000000");
	mbim_client_expect_error(&c, 0x72, 2);
	mbim_client_send(&c,
			 "03000000 20000000 73000000 02000000 00000000 A289CC33 BCBB8B4F B6B0133E");
	mbim_client_send(&c, "03000000 18000000 74000000 02000000 01000000 C2AAE6DF");
	mbim_client_expect_error(&c, 0x74, 2);
	/* a whole command in their place is served */
	mbim_client_send(&c,
			 "03000000 20000000 75000000 02000000 00000000 A289CC33 BCBB8B4F B6B0133E");
	mbim_client_send(&c, RADIO("76000000"));
	mbim_client_expect(&c, RADIO_DONE("76000000"));
}

static void test_fragments_of_the_function(void **state)
{
	uint32_t total = 1;
	size_t body = 0;

	(void)state;
	mbim_client_send(&c, "01000000 10000000 01000000 40000000"); /* 64 bytes */
	mbim_client_expect(&c, "01000080 10000000 01000000 00000000");
	mbim_client_command(&c, client_basic, 16, CLIENT_QUERY, "");
	for (uint32_t i = 0; i < total; i++) {
		assert_true(mbim_client_receive(&c, 2000));
		assert_true(c.got_n <= 64 && c.got_n > 20);
		assert_int_equal(c.got[0], 3);
		assert_int_equal(c.got[16], i);
		total = c.got[12];
		body += c.got_n - 20;
	}
	assert_true(total > 4);
	assert_int_equal(body, 28 + 32 + (28 + 6 * 4) + (28 + 4) + (28 + 6 * 4));
	mbim_client_expect_silence(&c, 30);
}

static void test_host_errors_are_taken(void **state)
{
	(void)state;
	mbim_client_send(&c, "04000000 10000000 77000000 07000000");
	mbim_client_send(&c, RADIO("78000000"));
	mbim_client_expect(&c, RADIO_DONE("78000000"));
}

static void test_the_unknown_is_not_supported(void **state)
{
	static const uint8_t sms[16] = {0x53, 0x3f, 0xbe, 0xeb, 0x14, 0xfe, 0x44, 0x67,
					0x9f, 0x90, 0x33, 0xa2, 0x23, 0xe5, 0x6c, 0x3f};

	(void)state;
	mbim_client_run(&c, sms, 1, CLIENT_QUERY, "", 9, "");
	mbim_client_run(&c, client_basic, 6, CLIENT_QUERY, "", 9, "");
	mbim_client_run(&c, client_basic, 0, CLIENT_QUERY, "", 9, "");
	mbim_client_run(&c, client_basic, 1, CLIENT_SET, "", 9, "");
	mbim_client_run(&c, client_uicc, 7, CLIENT_QUERY, "", 9, "");
	mbim_client_run(&c, client_uicc, 2, CLIENT_QUERY, "", 9, "");
	mbim_client_run(&c, client_basic, 3, 2, "", 21, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open_and_close, start, stop),
		cmocka_unit_test_setup_teardown(test_a_host_may_come_and_go, start_open, stop),
		cmocka_unit_test_setup_teardown(test_bytes_in_any_pieces, start_open, stop),
		cmocka_unit_test_setup_teardown(test_damage_is_answered, start_open, stop),
		cmocka_unit_test_setup_teardown(test_too_long_a_message_is_skipped, start_open,
						stop),
		cmocka_unit_test_setup_teardown(test_an_incomplete_message_expires, start_open,
						stop),
		cmocka_unit_test_setup_teardown(test_fragments_of_the_host, start_open, stop),
		cmocka_unit_test_setup_teardown(test_fragments_of_the_function, start_open, stop),
		cmocka_unit_test_setup_teardown(test_host_errors_are_taken, start_open, stop),
		cmocka_unit_test_setup_teardown(test_the_unknown_is_not_supported, start_open,
						stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
