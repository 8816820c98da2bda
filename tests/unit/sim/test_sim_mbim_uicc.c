/* SPDX-License-Identifier: Apache-2.0 */
/* The low level UICC access: channels, groups, class bytes, answers; what is asked wrongly;
 * options.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mbim_client.h"

enum { ATR = 1, OPEN = 2, CLOSE = 3, APDU = 4, TERMINAL = 5, RESET = 6 };

#define INVALID_CHANNEL 0x87430003
#define AID "A0000005590010 00"
/* OPEN_CHANNEL of the IoT SAFE applet with this P2 and group */
#define OPEN_OF(p2, group) "07000000 10000000 " p2 "000000 " group AID
#define OPENED(n) "90000000 " n "000000 00000000 00000000"
/* APDU, on channel n, no secure messaging, this class byte type, size (hex) */
#define APDU_OF(n, type, size, cmd) n "000000 00000000 " type "000000 " size "000000 14000000 " cmd

static const struct tiny_pair script[] = {
	{"81CB010000", "8401AB9000"},
	{"82CB010000", "8401AC9000"},
	{"01CB010000", "8401AD9000"},
	{"81CB020000", "6103"},
	{"01C0000003", "8401CD9000"},
	{"81CB030000", "6C02"},
	{"81CB030002", "0102917F"},
	{"81CB0400", "8401AB9000"},
	{"89CB010000", "8401AE9000"},
	{"81CB05000101", "8401AF9000"},
	{"01A404000411223344", "6F0291FF"},
	{"01A4040005AABBCCDDEE", "6A86"},
	{"81CB060000", "84"},
	{NULL, NULL},
};

static struct mbim_client c;

static void start_with(const char *options)
{
	mbim_client_start(&c, script, options);
	mbim_client_open(&c);
}

static int start(void **state)
{
	(void)state;
	start_with("");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	mbim_client_stop(&c);
	return 0;
}

static void run(uint32_t cid, const char *hex, uint32_t st, const char *want)
{
	uint32_t type = cid == ATR ? CLIENT_QUERY : CLIENT_SET;

	mbim_client_run(&c, client_uicc, cid, type, hex, st, want);
}

static void open_as(const char *hex, const char *want)
{
	run(OPEN, hex, 0, want);
}

static void test_atr(void **state)
{
	(void)state;
	run(ATR, "", 0, "03000000 08000000 3B800100");
}

static void test_a_channel_from_open_to_close(void **state)
{
	(void)state;
	open_as(OPEN_OF("00", "07000000"), OPENED("03"));
	assert_string_equal(tiny_card_seen(c.card), "0070000001 01A4040007A0000005590010");
	run(APDU, APDU_OF("03", "01", "05", "80CB0100 00000000"), 0,
	    "90000000 03000000 0C000000 8401AB00");
	run(CLOSE, "03000000 00000000", 0, "90000000");
	assert_string_equal(tiny_card_seen(c.card), "81CB010000 00708001");
	run(APDU, APDU_OF("03", "01", "05", "80CB0100 00000000"), INVALID_CHANNEL, "");
	run(CLOSE, "03000000 00000000", INVALID_CHANNEL, "");
	assert_string_equal(tiny_card_seen(c.card), "");
	open_as(OPEN_OF("0C", "07000000"), OPENED("04")); /* the modem's numbers count on */
	assert_string_equal(tiny_card_seen(c.card), "0070000001 01A4040C07A0000005590010");
}

static void test_the_class_byte_is_the_modems(void **state)
{
	(void)state;
	open_as(OPEN_OF("00", "07000000"), OPENED("03"));
	open_as(OPEN_OF("00", "07000000"), OPENED("04"));
	tiny_card_seen(c.card);
	run(APDU, APDU_OF("03", "01", "05", "80CB0100 00000000"), 0, NULL);
	run(APDU, APDU_OF("03", "01", "05", "83CB0100 00000000"), 0, NULL);
	run(APDU, APDU_OF("03", "01", "05", "00CB0100 00000000"), 0, NULL);
	run(APDU, APDU_OF("03", "00", "05", "80CB0100 00000000"), 0, NULL);
	run(APDU, APDU_OF("04", "01", "05", "80CB0100 00000000"), 0, NULL);
	run(APDU, "03000000 01000000 01000000 05000000 14000000 80CB0100 00000000", 0, NULL);
	assert_string_equal(tiny_card_seen(c.card),
			    "81CB010000 81CB010000 81CB010000 01CB010000 82CB010000 89CB010000");
}

static void test_the_modem_resolves_61_and_6c(void **state)
{
	(void)state;
	open_as(OPEN_OF("00", "07000000"), OPENED("03"));
	run(APDU, APDU_OF("03", "01", "05", "80CB0200 00000000"), 0,
	    "90000000 03000000 0C000000 8401CD00");
	run(APDU, APDU_OF("03", "01", "05", "80CB0300 00000000"), 0,
	    "917F0000 02000000 0C000000 01020000");
	run(APDU, APDU_OF("03", "01", "04", "80CB0400"), 0, "90000000 03000000 0C000000 8401AB00");
	run(APDU, APDU_OF("03", "01", "05", "80AA0000 00000000"), 0, "6D000000 00000000 00000000");
	run(APDU, APDU_OF("03", "01", "05", "80CB0600 00000000"), 2, ""); /* half a status word */
}

static void test_groups(void **state)
{
	(void)state;
	open_as(OPEN_OF("00", "07000000"), OPENED("03"));
	open_as(OPEN_OF("00", "46415349"), OPENED("04"));
	open_as(OPEN_OF("00", "07000000"), OPENED("05"));
	run(OPEN, OPEN_OF("00", "07000000"), 0x87430001, "6A810000 00000000 00000000 00000000");
	tiny_card_seen(c.card);
	run(CLOSE, "00000000 07000000", 0, "90000000");
	assert_string_equal(tiny_card_seen(c.card), "00708001 00708003");
	run(CLOSE, "00000000 07000000", 0, "90000000");
	assert_string_equal(tiny_card_seen(c.card), "");
	run(CLOSE, "04000000 99000000", 0, "90000000"); /* the group does not matter then */
	assert_string_equal(tiny_card_seen(c.card), "00708002");
}

static void test_the_answer_to_select(void **state)
{
	(void)state;
	open_as("04000000 10000000 00000000 00000000 11223344",
		"91FF0000 03000000 02000000 10000000 6F020000");
	run(CLOSE, "03000000 00000000", 0, "90000000");
	tiny_card_seen(c.card);
	run(OPEN, "05000000 10000000 00000000 00000000 AABBCCDD EE000000", 0x87430002,
	    "6A860000 00000000 00000000 00000000");
	run(OPEN, "02000000 10000000 00000000 00000000 A0000000", 0x87430002,
	    "6A820000 00000000 00000000 00000000");
	assert_string_equal(tiny_card_seen(c.card),
			    "0070000001 01A4040005AABBCCDDEE 00708001 0070000001 01A4040002A000 "
			    "00708001");
}

/* Information buffers that are not what they should be: invalid parameters (21), and nothing
 * reaches the card. */
static const struct {
	uint32_t cid;
	const char *hex;
} wrong[] = {
	{OPEN, ""},
	{OPEN, "07000000 10000000 00000000"},
	{OPEN, "07000000 10000000 00000000 00000000"},
	{OPEN, "07000000 14000000 00000000 00000000" AID},
	{OPEN, "07000000 FFFFFFFF 00000000 00000000" AID},
	{OPEN, "10000000 07000000 00000000 00000000" AID}, /* offset before size */
	{OPEN, "FFFFFFFF 10000000 00000000 00000000" AID},
	{OPEN, "21000000 10000000 00000000 00000000" AID AID AID AID AID},
	{OPEN, "07000000 10000000 00010000 00000000" AID},
	{CLOSE, ""},
	{CLOSE, "03000000"},
	{APDU, ""},
	{APDU, "03000000 00000000 01000000 05000000"},
	{APDU, APDU_OF("03", "01", "05", "80CB0100")},
	{APDU, APDU_OF("03", "01", "03", "80CB0100")},
	{APDU, APDU_OF("03", "01", "00", "")},
	{APDU, APDU_OF("03", "02", "05", "80CB0100 00000000")},
	{APDU, "03000000 02000000 01000000 05000000 14000000 80CB0100 00000000"},
	{APDU, "03000000 00000000 01000000 14000000 05000000 80CB0100 00000000"},
	{APDU, "03000000 00000000 01000000 05000000 18000000 80CB0100 00000000"},
	{APDU, "03000000 00000000 01000000 05000000 F0FFFFFF 80CB0100 00000000"},
	{APDU, "03000000 00000000 01000000 FFFFFFFF 14000000 80CB0100 00000000"},
	{TERMINAL, ""},
	{TERMINAL, "01000000 0C000000"},
	{TERMINAL, "01000000 0C000000 05000000 81010000"},
	{TERMINAL, "FFFFFFFF 0C000000 04000000 81010000"},
};

static void test_wrong_parameters(void **state)
{
	(void)state;
	open_as(OPEN_OF("00", "07000000"), OPENED("03"));
	tiny_card_seen(c.card);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		run(wrong[i].cid, wrong[i].hex, 21, "");
	assert_string_equal(tiny_card_seen(c.card), "");
	run(APDU, APDU_OF("00", "01", "05", "80CB0100 00000000"), INVALID_CHANNEL, "");
	run(APDU, APDU_OF("14", "01", "05", "80CB0100 00000000"), INVALID_CHANNEL, "");
	run(CLOSE, "14000000 00000000", INVALID_CHANNEL, "");
	assert_string_equal(tiny_card_seen(c.card), "");
}

static void test_terminal_capability_and_reset(void **state)
{
	(void)state;
	mbim_client_run(&c, client_uicc, TERMINAL, CLIENT_QUERY, "", 0, "00000000");
	run(TERMINAL, "01000000 0C000000 03000000 81010000", 0, "");
	mbim_client_run(&c, client_uicc, TERMINAL, CLIENT_QUERY, "", 0,
			"01000000 0C000000 03000000 81010000");
	mbim_client_run(&c, client_uicc, RESET, CLIENT_QUERY, "", 0, "00000000");
	run(RESET, "00000000", 9, "");
	assert_string_equal(tiny_card_seen(c.card), "");
}

static void test_option_classtype1(void **state)
{
	start_with("?classtype1=yes");
	open_as(OPEN_OF("00", "07000000"), OPENED("03"));
	run(APDU, APDU_OF("03", "00", "05", "80CB0100 00000000"), INVALID_CHANNEL, "");
	run(APDU, APDU_OF("03", "01", "05", "81CB0100 00000000"), INVALID_CHANNEL, "");
	run(APDU, APDU_OF("03", "01", "05", "80CB0100 00000000"), 0, NULL);
	run(APDU, APDU_OF("03", "00", "05", "00CB0100 00000000"), 0, NULL);
	stop(state);
}

static void test_option_le(void **state)
{
	start_with("?le=required");
	open_as(OPEN_OF("00", "07000000"), OPENED("03"));
	run(APDU, APDU_OF("03", "01", "04", "80CB0400"), 0, "90000000 00000000 00000000");
	run(APDU, APDU_OF("03", "01", "06", "80CB0500 01010000"), 0, "90000000 00000000 00000000");
	run(APDU, APDU_OF("03", "01", "05", "80CB0100 00000000"), 0,
	    "90000000 03000000 0C000000 8401AB00");
	stop(state);
}

static void test_option_selectp2(void **state)
{
	start_with("?selectp2=0c");
	run(OPEN, OPEN_OF("00", "07000000"), 0x87430002, "6A860000 00000000 00000000 00000000");
	assert_string_equal(tiny_card_seen(c.card), "");
	open_as(OPEN_OF("0C", "07000000"), OPENED("03"));
	stop(state);
}

static void test_option_numbers(void **state)
{
	start_with("?numbers=card");
	open_as(OPEN_OF("00", "07000000"), OPENED("01"));
	open_as(OPEN_OF("00", "07000000"), OPENED("02"));
	run(CLOSE, "01000000 00000000", 0, "90000000");
	open_as(OPEN_OF("00", "07000000"), OPENED("01"));
	stop(state);
}

static void test_option_max(void **state)
{
	start_with("?max=64");
	mbim_client_send(&c, "03000000 44000000 09000000");
	mbim_client_expect_error(&c, 9, 8);
	stop(state);
}

static void test_options_are_checked(void **state)
{
	static const char *const bad[] = {"",
					  "?max=64",
					  "x?max=63",
					  "x?max=4097",
					  "x?max=many",
					  "x?le=",
					  "x?classtype1=true",
					  "x?selectp2=04",
					  "x?nothing=1",
					  "x?init=-1",
					  "x?numbers=host",
					  "x?iccid=1"};
	struct sim_card *card = tiny_card_new(NULL);
	struct sim_faults *faults = sim_faults_new();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sim_front *front = NULL;
		char err[256] = "";

		assert_int_equal(sim_front_mbim.start(card, faults, bad[i], &front, err), ST_ARG);
		assert_true(strlen(err) > 0);
		assert_null(front);
	}
	sim_faults_free(faults);
	sim_card_free(card);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_atr, start, stop),
		cmocka_unit_test_setup_teardown(test_a_channel_from_open_to_close, start, stop),
		cmocka_unit_test_setup_teardown(test_the_class_byte_is_the_modems, start, stop),
		cmocka_unit_test_setup_teardown(test_the_modem_resolves_61_and_6c, start, stop),
		cmocka_unit_test_setup_teardown(test_groups, start, stop),
		cmocka_unit_test_setup_teardown(test_the_answer_to_select, start, stop),
		cmocka_unit_test_setup_teardown(test_wrong_parameters, start, stop),
		cmocka_unit_test_setup_teardown(test_terminal_capability_and_reset, start, stop),
		cmocka_unit_test(test_option_classtype1),
		cmocka_unit_test(test_option_le),
		cmocka_unit_test(test_option_selectp2),
		cmocka_unit_test(test_option_numbers),
		cmocka_unit_test(test_option_max),
		cmocka_unit_test(test_options_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
