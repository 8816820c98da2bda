/* SPDX-License-Identifier: Apache-2.0 */
/* Channels, files, GET RESPONSE: the UICC around the applet. */
#include "card_rig.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
	*state = rig_new("demo", 0);
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static int fresh(void **state)
{
	struct rig *r = *state;
	rig_control(r, "reset", "ok");
	rig_control(r, "config set t0 no", "ok");
	rig_control(r, "config set channels 3", "ok");
	return 0;
}

static void test_channels_open_and_close(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "00 70 00 00 01", "01 9000");
	rig_expect(r, "00 70 00 00 00", "02 9000");
	rig_expect(r, "01 70 00 00 01", "03 9000"); /* from a channel */
	rig_expect(r, "00 70 00 00 01", "6A81");
	rig_control(r, "channels", "ok open=3 free=0 1 2 3");
	rig_expect(r, "00 70 80 02", "9000");
	rig_expect(r, "00 70 80 03 00", "9000");
	rig_expect(r, "01 70 80 01 00", "9000"); /* on itself */
	rig_control(r, "channels", "ok");
	rig_expect(r, "00 70 80 01", "6200"); /* closed already */
	rig_expect(r, "00 70 80 00", "6A81"); /* never the basic channel */
	rig_expect(r, "00 70 80 14", "6A86");
}

static void test_channel_errors(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "00 70 00 00", "6700"); /* no Le: nowhere to answer */
	rig_expect(r, "00 70 00 00 02", "6C01");
	rig_expect(r, "00 70 01 00 01", "6A86");
	rig_expect(r, "00 70 00 00 01 00", "6700");
	rig_expect(r, "01 84 00 00 08", "6881"); /* not open */
	rig_expect(r, "00 70 00 00 01", "01 9000");
	rig_expect(r, "00 70 00 00 01", "02 9000");
	rig_expect(r, "01 70 80 02 00", "6A86"); /* one channel does not close another */
	rig_expect(r, "00 70 00 05", "9000");	 /* a number that the host chose */
	rig_expect(r, "41 F2 00 0C", "9000");
	rig_expect(r, "00 70 00 06", "6A81"); /* none free */
}

static void test_many_channels(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set channels 19", "ok");
	for (unsigned n = 1; n <= 19; n++) {
		char want[8];
		snprintf(want, sizeof(want), "%02X9000", n);
		rig_expect(r, "0070000001", want);
		rig_expectf(r, "9000", "%02X A4 04 00 07 A0000005590010", n < 4 ? n : 0x40 + n - 4);
		rig_expectf(r, "*9000", "%02X 84 00 00 08", n < 4 ? 0x80 + n : 0xC0 + n - 4);
		rig_expectf(r, "*9000", "%02X 84 00 00 08", n < 4 ? n : 0x40 + n - 4);
	}
	rig_expect(r, "0070000001", "6A81");
	rig_expect(r, "4F 70 80 13", "9000");
	rig_expect(r, "4F 84 00 00 08", "6881");
	rig_control(r, "config set channels 0", "ok");
	rig_control(r, "reset", "ok");
	rig_expect(r, "0070000001", "6A81");
	rig_expect(r, "01A4040007A0000005590010", "6881"); /* nor by SELECT */
}

static void test_classes(void **state)
{
	static const char *const foreign[] = {"04", "0C", "10", "20", "30", "84",
					      "90", "A0", "60", "70", "E0", "FF"};
	struct rig *r = *state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		rig_expectf(r, "6E00", "%s A4 04 00 07 A0000005590010", foreign[i]);
	rig_expect(r, "80 A4 04 00 07 A0000005590010", "6D00"); /* SELECT is of class 0X */
	rig_select(r);
	rig_control(r, "config set class inter", "ok");
	rig_expect(r, "81 84 00 00 08", "6E00");
	rig_expect(r, "01 84 00 00 08", "*9000");
	rig_control(r, "config set class proprietary", "ok");
	rig_expect(r, "81 84 00 00 08", "*9000");
	rig_expect(r, "01 84 00 00 08", "6E00");
	rig_control(r, "config set class both", "ok");
}

static void test_select_by_aid(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "01 A4 04 00 07 A0000005590010", "9000"); /* opens the channel */
	rig_expect(r, "02 A4 04 00 05 A000000559", "9000");	/* partial */
	rig_expect(r, "03 A4 04 0C 06 A00000055900", "9000");
	rig_control(r, "channels", "ok open=3 free=0 1* 2* 3*");
	rig_expect(r, "01 A4 04 00 0F A00000003053F12401770101495341 00", "9000");
	rig_expect(r, "01 A4 04 00 04 A0000005", "6A82");
	rig_expect(r, "01 A4 04 00 08 A000000559001001", "6A82");
	rig_expect(r, "01 A4 04 02 07 A0000005590010", "6A82"); /* next occurrence */
	rig_expect(r, "01 A4 04 01 07 A0000005590010", "6A86");
	rig_expect(r, "01 A4 04 00 09 A0000005590010", "6700");
	rig_expect(r, "81 84 00 00 08", "*9000"); /* a failed SELECT leaves the applet selected */
}

static void test_failed_select_opens_nothing(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "01 A4 04 00 07 A0000002480400", "6A82");
	rig_expect(r, "01 F2 00 0C", "6881");
	rig_expect(r, "44 A4 04 00 07 A0000005590010", "6881"); /* beyond 3: only MANAGE CHANNEL */
}

static void test_no_applet(void **state)
{
	struct rig *r = *state;
	/* the log of §15.5 */
	rig_control(r, "config set applet no", "ok");
	rig_expect(r, "00 70 00 00 01", "01 9000");
	rig_expect(r, "01 A4 04 00 07 A0000005590010", "6A82");
	rig_expect(r, "01 CB 01 00 00", "6D00");
	rig_expect(r, "01 2A 01 01 00", "6D00");
	rig_expect(r, "01 A4 00 00 02 2F00", "9000");
	rig_expect(r, "01 B2 01 04 26", "6A83");
	rig_expect(r, "00 70 80 01 00", "9000");
	rig_control(r, "config set applet yes", "ok");
}

static void test_iccid(void **state)
{
	struct rig *r = *state;
	char digits[21];
	uint8_t swapped[10];
	sim_card_iccid(r->card, digits);
	assert_int_equal(strlen(digits), 19);
	for (size_t i = 0; i < 10; i++) {
		unsigned high = 2 * i + 1 < 19 ? (unsigned)(digits[2 * i + 1] - '0') : 0xF;
		swapped[i] = (uint8_t)(high << 4 | (unsigned)(digits[2 * i] - '0'));
	}
	char want[32];
	snprintf(want, sizeof(want), "%s9000", rig_hex(BYTES_OF(swapped)));
	rig_expect(r, "00 70 00 00 01", "01 9000"); /* the MF is selected there */
	rig_expect(r, "01 B0 00 00 0A", "6986");
	rig_expect(r, "01 A4 00 00 02 2FE2", "9000");
	rig_expect(r, "01 B0 00 00 0A", want);
	rig_expect(r, "01 B0 00 00 00", want);
	rig_expect(r, "01 B0 82 00 00", want); /* by short file identifier */
	snprintf(want, sizeof(want), "%s9000", rig_hex(bytes_of(swapped + 8, 2)));
	rig_expect(r, "01 B0 00 08 02", want);
	snprintf(want, sizeof(want), "%s9000", rig_hex(BYTES_OF(swapped)));
	rig_expect(r, "01 B0 00 08 03", "6C02");
	rig_expect(r, "01 B0 00 0A 01", "6B00");
	rig_expect(r, "01 A4 08 04 04 3F002FE2 00", "62*9000");
	rig_expect(r, "01 B0 00 00 0A", want);
	rig_expect(r, "01 A4 00 0C 02 3F00", "9000");
	rig_expect(r, "01 B0 00 00 0A", "6986");
	rig_expect(r, "01 A4 00 00 02 6F07", "6A82");
	rig_expect(r, "01 A4 00 00 01 2F", "6700");
	rig_expect(r, "01 A4 03 00", "6A86");
}

static void test_ef_dir(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "00 A4 00 00 02 2F00", "9000");
	rig_expect(r, "00 B2 01 04 26", "61134F07A00000055900105008496F542053414645 FF*FF 9000");
	rig_expect(r, "00 B2 02 04 00", "611B4F0FA00000003053F1240177010149534150*FF 9000");
	rig_expect(r, "00 B2 03 04 26", "6A83");
	rig_expect(r, "00 B2 00 04 26", "6A83");
	rig_expect(r, "00 B2 01 04 25", "6C26");
	rig_expect(r, "00 B2 01 02 26", "6A86");
	rig_expect(r, "00 B0 00 00 0A", "6981");
	rig_expect(r, "00 B2 01 F4 26", "61*9000"); /* by short file identifier 1E */
	rig_expect(r, "00 B2 01 14 26", "6981");    /* EF_ICCID has no records */
}

static void test_status(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "80 F2 00 0C", "9000");
	rig_expect(r, "80 F2 00 00 00", "62 0B 8202 7821 8302 3F00 8A01 05 9000");
	rig_expect(r, "80 F2 03 00 00", "6A86");
	rig_expect(r, "80 F2 00 05 00", "6A86");
}

static void test_b0_belongs_to_what_is_selected(void **state)
{
	struct rig *r = *state;
	rig_select(r);
	rig_expect(r, "01 B0 00 00 0A", "6700"); /* READ FILE wants a container */
	rig_expect(r, "01 B0 00 00 03 830102 04", "3082*9000");
	rig_expect(r, "01 A4 00 00 02 2FE2", "6A86"); /* the applet knows no files */
	rig_control(r, "config set fid-select yes", "ok");
	rig_expect(r, "01 A4 00 00 02 2FE2", "9000");
	rig_expect(r, "01 B0 00 00 0A", "98*9000");
	rig_control(r, "config set fid-select no", "ok");
	rig_expect(r, "00 A4 00 00 02 2FE2", "9000");
	rig_expect(r, "00 B0 00 00 0A", "98*9000"); /* each channel has its own selection */
}

static void test_t0_get_response(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set t0 yes", "ok");
	rig_select(r);
	rig_expect(r, "01 CD 00 00 03 850101", "6147");
	rig_expect(r, "01 C0 00 00 48", "6C47");
	rig_expect(r, "81 C0 00 00 47", "3445494386 4104*9000");
	rig_expect(r, "01 C0 00 00 47", "6985"); /* nothing left */
	rig_expect(r, "01 CD 00 00 03 850101 00", "6147");
	rig_expect(r, "01 C0 00 00 00", "34*9000"); /* Le 00 takes what there is (§15.4) */
	rig_expect(r, "01 CD 00 00 03 850101", "6147");
	rig_expect(r, "01 C0 00 00 32", "34*6115");
	rig_expect(r, "01 C0 00 00 15", "*9000");
	rig_expect(r, "01 CD 00 00 03 850101", "6147");
	rig_expect(r, "00 F2 00 0C", "9000"); /* another channel's command does not matter */
	rig_expect(r, "01 84 00 00 08", "*9000");
	rig_expect(r, "01 C0 00 00 47", "6985"); /* one on this channel does */
	rig_expect(r, "01 C0 01 00 47", "6A86");
	rig_expect(r, "01 B0 00 00 03 830102 32", "6100"); /* Le does not reach a T=0 card */
	rig_expect(r, "01 C0 00 00 32", "3082*61CE");
}

static void test_t0_wrong_le(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set t0 yes", "ok");
	rig_select(r);
	rig_expect(r, "81 CB 00 00 00", "6C44");
	rig_expect(r, "81 CB 00 00 44", "1001*9000");
	rig_control(r, "config set list-page 40", "ok");
	struct reply first = rig_send(r, "81 CB 01 00 00");
	assert_int_equal(first.sw >> 8, 0x6C);
	rig_expectf(r, "C1*6300", "81 CB 01 00 %02X", first.sw & 0xFF);
	struct reply second = rig_send(r, "81 CB 01 01 00"); /* 6Cxx does not move the list on */
	assert_int_equal(second.sw >> 8, 0x6C);
	rig_expectf(r, "C1*8401046001024A01004B01144E01016101066F0101 6300", "81 CB 01 01 %02X",
		    second.sw & 0xFF);
	rig_control(r, "config set list-page 255", "ok");
}

static void test_direct_answers(void **state)
{
	struct rig *r = *state;
	rig_select(r);
	rig_expect(r, "81 CB 00 00 20", "6C44");
	rig_expect(r, "81 CB 00 00 FF", "*9000");
	rig_expect(r, "81 CD 00 00 03 850101 10", "3445*6137"); /* Le is a limit */
	rig_expect(r, "81 C0 00 00 37", "*9000");
	rig_expect(r, "81 CB 00", "6700"); /* no header */
	rig_expect(r, "81", "6700");
	rig_expect(r, "", "6700");
}

static void test_reset_loses_all(void **state)
{
	struct rig *r = *state;
	uint32_t before = sim_card_generation(r->card);
	rig_select(r);
	sim_card_reset(r->card);
	assert_int_equal(sim_card_generation(r->card), before + 1);
	rig_expect(r, "81 84 00 00 08", "6881");
	rig_expect(r, "00 84 00 00 08", "6D00"); /* the basic channel has the MF */
}

static void test_atr_follows_the_protocol(void **state)
{
	struct rig *r = *state;
	struct bytes atr = sim_card_atr(r->card);
	uint8_t check = 0;
	assert_int_equal(atr.n, 19);
	assert_int_equal(atr.p[2], 0x01); /* T=1 */
	for (size_t i = 1; i < atr.n; i++)
		check ^= atr.p[i];
	assert_int_equal(check, 0);
	sim_card_set_t0(r->card, true);
	atr = sim_card_atr(r->card);
	assert_int_equal(atr.n, 17);
	assert_int_equal(atr.p[1], 0x0F); /* no TD1: T=0, no check byte */
	assert_true(sim_card_is_t0(r->card));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_channels_open_and_close, fresh),
		cmocka_unit_test_setup(test_channel_errors, fresh),
		cmocka_unit_test_setup(test_many_channels, fresh),
		cmocka_unit_test_setup(test_classes, fresh),
		cmocka_unit_test_setup(test_select_by_aid, fresh),
		cmocka_unit_test_setup(test_failed_select_opens_nothing, fresh),
		cmocka_unit_test_setup(test_no_applet, fresh),
		cmocka_unit_test_setup(test_iccid, fresh),
		cmocka_unit_test_setup(test_ef_dir, fresh),
		cmocka_unit_test_setup(test_status, fresh),
		cmocka_unit_test_setup(test_b0_belongs_to_what_is_selected, fresh),
		cmocka_unit_test_setup(test_t0_get_response, fresh),
		cmocka_unit_test_setup(test_t0_wrong_le, fresh),
		cmocka_unit_test_setup(test_direct_answers, fresh),
		cmocka_unit_test_setup(test_reset_loses_all, fresh),
		cmocka_unit_test_setup(test_atr_follows_the_protocol, fresh),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
