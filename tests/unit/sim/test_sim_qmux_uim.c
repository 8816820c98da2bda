/* SPDX-License-Identifier: Apache-2.0 */
/* The QMUX front: channels, APDUs, cards, slots, files, indications. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mem.h"
#include "qmi_client.h"

#define SLOT "010100 01 "
#define AID "100800 07A0000005590010 "
#define CHANNEL(n) "100100" n " "
#define RESOLVE(v) "110100" v " "
#define RANDOM "020700 0500 0084000008 "
#define NO_SIM QMI_FAILED("66")
#define INTERNAL QMI_FAILED("03")
#define INVALID_HANDLE QMI_FAILED("09")
#define MISSING QMI_FAILED("11")
#define INVALID_ARGUMENT QMI_FAILED("30")
#define DENIED QMI_FAILED("52")
#define UNKNOWN QMI_FAILED("5E")
#define OPENED(n)                                                                                  \
	QMI_OK "100100" n "1102009000"                                                             \
	       "12010000"

static const struct tiny_pair script[] = {
	{"0184000008", "A1A2A3A4A5A6A7A89000"},
	{"0184000003", "6C02"},
	{"0184000002", "B1B29000"},
	{"01CB000000", "6103"},
	{"01C0000003", "C1C2C39000"},
	{"812A000001AA", "9000"},
	{"01AA000000", ""},
	{"01AB000000", "90"},
	{"01A40404050102030405", "61046F028400"},
	{"01A40400050102030405", "6F0284009000"},
	{"00A4000C023F00", "9000"},
	{"00A4000C022FE2", "9000"},
	{"00A4000C022F00", "6A82"},
	{"00B0000000", "6C0A"},
	{"00B000000A", "988803700021436587F99000"},
	{"00B0000203", "0370009000"},
	{NULL, NULL},
};

static struct qmi_client host;

static void uim(unsigned message, const char *tlvs, const char *want)
{
	qmi_client_expect(&host, QMI_UIM, 1, message, tlvs, want);
}

static void allocate(void)
{
	qmi_client_expect(&host, QMI_CTL, 0, 0x0022, "0101000B", QMI_OK "0102000B01");
}

static void seen(const char *want)
{
	assert_string_equal(tiny_card_seen(host.card), want);
}

/* ---- channels ---- */

static void test_open_asks_for_what_the_host_wants(void **state)
{
	static const struct {
		const char *tlv, *p2;
	} rows[] = {
		{"", "04"},	    {"11010000", "0C"}, {"11010001", "04"},
		{"11010002", "00"}, {"11010003", "10"}, {"11010004", "08"},
	};
	char tlvs[80], want[120];

	(void)state;
	qmi_client_start(&host, script, "");
	allocate();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(tlvs, sizeof(tlvs), SLOT AID "%s", rows[i].tlv);
		uim(0x0042, tlvs, OPENED("01"));
		uim(0x003F, SLOT "11010001", QMI_OK "1102009000");
		snprintf(want, sizeof(want), "0070000001 01A404%s07A0000005590010 00708001",
			 rows[i].p2);
		seen(want);
	}
	uim(0x0042, SLOT AID "11010005", INVALID_ARGUMENT);
	uim(0x0042, SLOT AID "1102000000", INVALID_ARGUMENT);
	seen("");
	qmi_client_stop(&host);
}

static void test_the_answer_to_select(void **state)
{
	(void)state;
	qmi_client_start(&host, script, "");
	allocate();
	uim(0x0042, SLOT "100600 050102030405 11010002",
	    QMI_OK "10010001"
		   "1102009000"
		   "120500"
		   "046F028400");
	qmi_client_stop(&host);
}

static void test_open_that_fails(void **state)
{
	(void)state;
	qmi_client_start(&host, script, "");
	allocate();
	uim(0x0042, SLOT "100600 05A000000099", INTERNAL "1102006A82");
	seen("0070000001 01A4040405A000000099 00708001");
	uim(0x0042, AID, MISSING);
	uim(0x0042, SLOT, MISSING);
	uim(0x0042, "01010000" AID, INVALID_ARGUMENT);
	uim(0x0042, "01010006" AID, INVALID_ARGUMENT);
	uim(0x0042, "0102000100" AID, MISSING);
	uim(0x0042, "01010002" AID, NO_SIM);
	uim(0x0042, SLOT "10010000", INVALID_ARGUMENT);
	uim(0x0042, SLOT "100000", INVALID_ARGUMENT);
	uim(0x0042, SLOT "100300 07A000", INVALID_ARGUMENT);
	uim(0x0042, SLOT "100300 01A000", INVALID_ARGUMENT);
	uim(0x0042, SLOT "101200 11 0102030405060708090A0B0C0D0E0F1011", INVALID_ARGUMENT);
	seen("");
	uim(0x0042, SLOT AID, OPENED("01"));
	uim(0x0042, SLOT AID, OPENED("02"));
	uim(0x0042, SLOT AID, OPENED("03"));
	uim(0x0042, SLOT AID, INTERNAL);
	qmi_client_control(&host, "remove");
	uim(0x0042, SLOT AID, NO_SIM);
	qmi_client_stop(&host);
}

static void test_open_with_the_older_message(void **state)
{
	(void)state;
	qmi_client_start(&host, script, "?old=yes");
	allocate();
	uim(0x0042, SLOT AID, UNKNOWN);
	uim(0x0047, "", UNKNOWN);
	uim(0x003F, SLOT AID "12010002", OPENED("01"));
	seen("0070000001 01A4040007A0000005590010");
	uim(0x003F, SLOT, MISSING);
	uim(0x003F, SLOT "11010002", INVALID_HANDLE);
	uim(0x003F, SLOT "11010000", INVALID_HANDLE);
	uim(0x003F, SLOT "11010001 13010001", QMI_OK "1102009000");
	uim(0x003F, SLOT "11010001", INVALID_HANDLE);
	qmi_client_stop(&host);
}

static void test_channels_are_their_clients_own(void **state)
{
	(void)state;
	qmi_client_start(&host, script, "");
	qmi_client_channel(&host);
	qmi_client_expect(&host, QMI_CTL, 0, 0x0022, "0101000B", QMI_OK "0102000B02");
	qmi_client_expect(&host, QMI_UIM, 2, 0x003B, SLOT RANDOM CHANNEL("01"), INVALID_HANDLE);
	qmi_client_expect(&host, QMI_UIM, 2, 0x003F, SLOT "11010001", INVALID_HANDLE);
	qmi_client_expect(&host, QMI_CTL, 0, 0x0023, "0102000B02", QMI_OK "0102000B02");
	uim(0x003B, SLOT RANDOM CHANNEL("01"), QMI_OK "100C000A00A1A2A3A4A5A6A7A89000");
	qmi_client_stop(&host);
}

static void test_a_reset_ends_the_channels(void **state)
{
	(void)state;
	qmi_client_start(&host, script, "");
	qmi_client_channel(&host);
	qmi_client_control(&host, "reset");
	/* one look of the front at the card, at the most */
	uim(0x002F, "",
	    QMI_OK "102400"
		   "0000FFFFFFFFFFFF01"
		   "010000000001"
		   "020702000000"
		   "07A0000000871002"
		   "00"
		   "03030A"
		   "03030A");
	qmi_client_silence(&host, 60);
	uim(0x003B, SLOT RANDOM CHANNEL("01"), INVALID_HANDLE);
	qmi_client_stop(&host);
}

/* ---- APDUs ---- */

static void test_apdus(void **state)
{
	(void)state;
	qmi_client_start(&host, script, "");
	qmi_client_channel(&host);
	seen("0070000001 01A4040407A0000005590010");
	/* the channel's bits are the modem's business */
	uim(0x003B, SLOT RANDOM CHANNEL("01"), QMI_OK "100C000A00A1A2A3A4A5A6A7A89000");
	uim(0x003B, SLOT "020700 0500 0384000008" CHANNEL("01"),
	    QMI_OK "100C000A00A1A2A3A4A5A6A7A89000");
	uim(0x003B, SLOT "020800 0600 802A000001AA" CHANNEL("01"), QMI_OK "10040002009000");
	/* procedure bytes are passed on, or obeyed */
	uim(0x003B, SLOT "020700 0500 0084000003" CHANNEL("01"), QMI_OK "10040002006C02");
	uim(0x003B, SLOT "020700 0500 0084000003" CHANNEL("01") RESOLVE("00"),
	    QMI_OK "10040002006C02");
	uim(0x003B, SLOT "020700 0500 0084000003" CHANNEL("01") RESOLVE("01"),
	    QMI_OK "1006000400B1B29000");
	uim(0x003B, SLOT "020700 0500 00CB000000" CHANNEL("01"), QMI_OK "10040002006103");
	uim(0x003B, SLOT "020700 0500 00CB000000" CHANNEL("01") RESOLVE("01"),
	    QMI_OK "1007000500C1C2C39000");
	/* answers that are none go through */
	uim(0x003B, SLOT "020700 0500 00AA000000" CHANNEL("01"), QMI_OK "1002000000");
	uim(0x003B, SLOT "020700 0500 00AB000000" CHANNEL("01") RESOLVE("01"),
	    QMI_OK "100300010090");
	qmi_client_stop(&host);
}

static void test_bad_apdus(void **state)
{
	static const struct {
		const char *tlvs, *want;
	} rows[] = {
		{RANDOM CHANNEL("01"), MISSING},
		{SLOT CHANNEL("01"), MISSING},
		{SLOT RANDOM, DENIED},
		{SLOT RANDOM CHANNEL("00"), INVALID_HANDLE},
		{SLOT RANDOM CHANNEL("02"), INVALID_HANDLE},
		{SLOT RANDOM CHANNEL("FF"), INVALID_HANDLE},
		{SLOT RANDOM CHANNEL("01") RESOLVE("02"), INVALID_ARGUMENT},
		{SLOT RANDOM CHANNEL("01") "1102000100", INVALID_ARGUMENT},
		{SLOT RANDOM "1002000100", MISSING},
		{SLOT "020700 0600 0084000008" CHANNEL("01"), INVALID_ARGUMENT},
		{SLOT "020700 0400 0084000008" CHANNEL("01"), INVALID_ARGUMENT},
		{SLOT "020500 0300 008400" CHANNEL("01"), INVALID_ARGUMENT},
		{SLOT "020100 05" CHANNEL("01"), INVALID_ARGUMENT},
		{SLOT "020000" CHANNEL("01"), INVALID_ARGUMENT},
	};
	char tlvs[700] = SLOT CHANNEL("01") "020801 0601 ";
	size_t n = strlen(tlvs);

	(void)state;
	qmi_client_start(&host, script, "");
	qmi_client_channel(&host);
	(void)tiny_card_seen(host.card);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		uim(0x003B, rows[i].tlvs, rows[i].want);
	memset(tlvs + n, '0', 2 * 0x106); /* one byte too many for a card */
	uim(0x003B, tlvs, INVALID_ARGUMENT);
	seen("");
	qmi_client_control(&host, "remove");
	uim(0x003B, SLOT RANDOM CHANNEL("01"), NO_SIM);
	qmi_client_stop(&host);
}

static void test_firmware_without_procedure_bytes(void **state)
{
	(void)state;
	qmi_client_start(&host, script, "?proc=no");
	qmi_client_channel(&host);
	uim(0x003B, SLOT RANDOM CHANNEL("01") RESOLVE("01"), INVALID_ARGUMENT);
	uim(0x003B, SLOT RANDOM CHANNEL("01"), QMI_OK "100C000A00A1A2A3A4A5A6A7A89000");
	qmi_client_stop(&host);
}

/* ---- cards, slots, files ---- */

static void test_slots(void **state)
{
	(void)state;
	qmi_client_start(&host, script, "?slot=2");
	allocate();
	uim(0x0042, SLOT AID, NO_SIM);
	uim(0x0042, "01010002" AID, OPENED("01"));
	uim(0x002F, "",
	    QMI_OK "102A00"
		   "0001FFFFFFFFFFFF02"
		   "000000000000"
		   "010000000001"
		   "020702000000"
		   "07A0000000871002"
		   "00"
		   "03030A"
		   "03030A");
	uim(0x0047, "",
	    QMI_OK "101F00"
		   "02"
		   "01000000010000000100"
		   "0200000001000000020A"
		   "988803070010325476F8");
	qmi_client_control(&host, "remove");
	uim(0x0047, "",
	    QMI_OK "101500"
		   "02"
		   "01000000010000000100"
		   "01000000010000000200");
	qmi_client_stop(&host);
}

static void test_files(void **state)
{
	(void)state;
	qmi_client_start(&host, script, "");
	allocate();
	uim(0x0020, "01020000 00 020500 E22F 02003F 03040000000000",
	    QMI_OK "1002009000"
		   "110C000A00988803700021436587F9");
	seen("00A4000C023F00 00A4000C022FE2 00B0000000 00B000000A");
	uim(0x0020, "0102000000 020500 E22F 02003F 03040002000300",
	    QMI_OK "1002009000"
		   "1105000300037000");
	uim(0x0020, "0102000000 020500 002F 02003F 03040000000000", INTERNAL "1002006A82");
	uim(0x0020, "020500 E22F 02003F", MISSING);
	uim(0x0020, "03040000000000", MISSING);
	uim(0x0020, "020300 E22F 00 03040000000000", DENIED);
	uim(0x0020, "020700 076F 04003FFF7F 03040000000000", DENIED);
	uim(0x0020, "020500 E22F 03003F 03040000000000", INVALID_ARGUMENT);
	uim(0x0020, "020600 E22F 02003F00 03040000000000", INVALID_ARGUMENT);
	uim(0x0020, "020500 E22F 02003F 030400 0080 0000", INVALID_ARGUMENT);
	uim(0x0020, "020500 E22F 02003F 030400 0000 0001", INVALID_ARGUMENT);
	uim(0x0020, "020500 E22F 02003F 030300 000000", INVALID_ARGUMENT);
	qmi_client_control(&host, "remove");
	uim(0x0020, "020500 E22F 02003F 03040000000000", NO_SIM);
	qmi_client_stop(&host);
}

static void test_what_is_refused(void **state)
{
	static const unsigned denied[] = {0x22, 0x23, 0x25, 0x26, 0x27, 0x28};
	static const unsigned unknown[] = {0x00, 0x1E, 0x24, 0x30, 0x31, 0x34, 0x38, 0x46, 0xFFFF};

	(void)state;
	qmi_client_start(&host, script, "");
	allocate();
	for (size_t i = 0; i < ARRAY_LEN(denied); i++)
		uim(denied[i], SLOT, DENIED);
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
		uim(unknown[i], SLOT, UNKNOWN);
	seen("");
	qmi_client_stop(&host);
}

/* ---- indications ---- */

static void test_events(void **state)
{
	(void)state;
	qmi_client_start(&host, script, "");
	allocate();
	uim(0x002E, "", MISSING);
	uim(0x002E, "01010001", INVALID_ARGUMENT);
	uim(0x002E, "010400 FFFFFFFF", QMI_OK "10040011000000");
	qmi_client_control(&host, "remove");
	qmi_client_indication(&host, 1, 0x0032,
			      "100F00"
			      "FFFFFFFFFFFFFFFF01"
			      "000000000000");
	qmi_client_indication(&host, 1, 0x0048,
			      "100B00"
			      "01"
			      "01000000010000000100");
	uim(0x002E, "010400 10000000", QMI_OK "10040010000000");
	qmi_client_control(&host, "insert");
	qmi_client_indication(&host, 1, 0x0048,
			      "101500"
			      "01"
			      "0200000001000000010A"
			      "988803070010325476F8");
	uim(0x002E, "010400 00000000", QMI_OK "10040000000000");
	qmi_client_control(&host, "reset");
	qmi_client_silence(&host, 60);
	qmi_client_stop(&host);
}

static void test_refresh(void **state)
{
	(void)state;
	qmi_client_start(&host, script, "");
	qmi_client_channel(&host);
	uim(0x0044, "02010001", MISSING);
	uim(0x0044, "0102000600", MISSING);
	uim(0x0044, "010000 02010001", INVALID_ARGUMENT);
	uim(0x0044, "0102000600 02010001", QMI_OK);
	qmi_client_control(&host, "refresh 1");
	qmi_client_indication(&host, 1, 0x0033,
			      "100600"
			      "010106000000");
	qmi_client_indication(&host, 1, 0x0033,
			      "100600"
			      "020106000000");
	uim(0x002C, "0102000600 02010001", QMI_OK);
	uim(0x003B, SLOT RANDOM CHANNEL("01"), QMI_OK "100C000A00A1A2A3A4A5A6A7A89000");
	qmi_client_control(&host, "refresh");
	qmi_client_indication(&host, 1, 0x0033,
			      "100600"
			      "010006000000");
	qmi_client_indication(&host, 1, 0x0033,
			      "100600"
			      "020006000000");
	uim(0x003B, SLOT RANDOM CHANNEL("01"), INVALID_HANDLE);
	uim(0x0044, "0102000600 02010000", QMI_OK);
	qmi_client_control(&host, "refresh 5");
	qmi_client_silence(&host, 60);
	qmi_client_stop(&host);
}

static void test_words(void **state)
{
	static const char *const bad[] = {"refresh 7",	     "refresh x", "unplug /elsewhere",
					  "plug /elsewhere", "unplugged", "refreshing"};
	uint8_t reply[256];

	(void)state;
	qmi_client_start(&host, script, "");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct wtr w = WTR_ON(reply);

		sim_card_control(host.card, bytes_str(bad[i]), &w);
		assert_true(bytes_start_with(wtr_bytes(&w), BYTES_LIT("error")));
	}
	qmi_client_stop(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_asks_for_what_the_host_wants),
		cmocka_unit_test(test_the_answer_to_select),
		cmocka_unit_test(test_open_that_fails),
		cmocka_unit_test(test_open_with_the_older_message),
		cmocka_unit_test(test_channels_are_their_clients_own),
		cmocka_unit_test(test_a_reset_ends_the_channels),
		cmocka_unit_test(test_apdus),
		cmocka_unit_test(test_bad_apdus),
		cmocka_unit_test(test_firmware_without_procedure_bytes),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
