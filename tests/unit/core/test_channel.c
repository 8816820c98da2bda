/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: MANAGE CHANNEL, identity, SELECT, AIDs, and the waits (design.md §3 (6), §4;
 * iotsafe-protocol.md §3, §4.1, §4.2, §17.2). */
#include "fake.h"

#include <string.h>

#include "mem.h"

static status identify(struct rig *r, struct card_info *info)
{
	return card_identify(r->c, info, soon());
}

static status identify_only(struct rig *r)
{
	struct card_info info;
	status st = identify(r, &info);

	fake_done();
	return st;
}

static void test_opening(void **state)
{
	struct rig *r = *state;
	struct card_info info;
	uint8_t aid[AID_MAX];

	FAKE_PLAY(STEPS_OPENING);
	assert_int_equal(identify(r, &info), ST_OK);
	fake_done();
	assert_string_equal(info.iccid, ICCID_TEXT);
	assert_string_equal(info.channel.text, "1");
	assert_false(info.channel.device_owned);
	assert_false(info.channel.resumed);
	assert_int_equal(info.aid_len, unhex(AID_GSMA, aid, sizeof(aid)));
	assert_memory_equal(info.aid, aid, info.aid_len);
	assert_int_equal(info.cla_base, 0x80);
	/* MANAGE CHANNEL alone goes to the basic channel */
	assert_true(fake.basic_channel[0]);
	for (unsigned i = 1; i < fake.apdus; i++)
		assert_false(fake.basic_channel[i]);
	/* the record is complete */
	assert_true(fake.has_record);
	assert_int_equal(fake.record.channel.number, 1);
	assert_int_equal(fake.record.aid_len, 7);
	assert_string_equal(fake.record.iccid, ICCID_TEXT);
	/* again: nothing to send, and the channel is known */
	assert_int_equal(identify(r, &info), ST_OK);
	assert_int_equal(fake.apdus, 4);
	assert_int_equal(card_stats(r->c)->channel_opens, 1);
	assert_int_equal(card_stats(r->c)->selects, 1);
	assert_int_equal(card_stats(r->c)->recoveries, 0);
}

static void test_no_traffic_before_use(void **state)
{
	struct rig *r = *state;

	assert_true(card_present(r->c));
	card_invalidate(r->c);
	assert_int_equal(fake.enters, 0);
	assert_int_equal(fake.apdus, 0);
}

/* Each AID of the list in turn; the Thales one brings class 0n. */
static void test_aid_fallbacks(void **state)
{
	struct rig *r = *state;
	uint8_t out[2];

	FAKE_PLAY(STEP_OPEN, STEP_EF_ICCID, STEP_READ_ICCID, {"01 A4 04 00 07" AID_GSMA, "6A82"},
		  {"01 A4 04 00 0F" AID_THALES, "9000"}, {"01 84 00 00 02", "0102 9000"});
	assert_int_equal(card_random(r->c, out, 2, soon()), ST_OK);
	fake_done();
	assert_int_equal(fake.record.aid_len, 15);

	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY(STEP_OPEN, STEP_EF_ICCID, STEP_READ_ICCID, {"01 A4 04 00 07" AID_GSMA, "6999"},
		  {"01 A4 04 00 0F" AID_THALES, "6A86"}, {"01 A4 04 00 10" AID_NTT, "6A81"},
		  {"01 A4 04 00 07" AID_CIRA, "61 10"}, {"81 84 00 00 02", "0102 9000"});
	assert_int_equal(card_random(r->c, out, 2, soon()), ST_OK);
	fake_done();
}

/* No applet: the channel that we opened is closed again, and nothing is recorded. */
static void test_no_applet(void **state)
{
	FAKE_PLAY(STEP_OPEN, STEP_EF_ICCID, STEP_READ_ICCID, {"01 A4 04 00 07" AID_GSMA, "6A82"},
		  {"01 A4 04 00 0F" AID_THALES, "6A82"}, {"01 A4 04 00 10" AID_NTT, "6A82"},
		  {"01 A4 04 00 07" AID_CIRA, "6D00"}, {"00 70 80 01", "9000"});
	assert_int_equal(identify_only(*state), ST_NO_APPLET);
	assert_false(fake.has_record);
	assert_true(fake.basic_channel[fake.apdus - 1]);
}

static void test_aid_configured(void **state)
{
	struct rig *r = *state;

	r->conf.aid_count = 1;
	r->conf.aid[0].n = unhex("F0 01 02 03 04", r->conf.aid[0].b, AID_MAX);
	rig_new_process(r);
	FAKE_PLAY(STEP_OPEN, STEP_EF_ICCID, STEP_READ_ICCID, {"01 A4 04 00 05 F001020304", "9000"});
	assert_int_equal(identify_only(r), ST_OK);
}

/* Answers to SELECT that are successes all the same; what waits is not fetched. */
static void test_select_successes(void **state)
{
	static const char *const words[] = {"9000", "91 0A", "61 20", "9F 20", "6F09 8407 9000"};
	struct rig *r = *state;

	for (size_t i = 0; i < 5; i++) {
		fake.has_record = false;
		rig_new_process(r);
		FAKE_PLAY(STEP_OPEN, STEP_EF_ICCID, STEP_READ_ICCID,
			  {"01 A4 04 00 07" AID_GSMA, words[i]});
		assert_int_equal(identify_only(r), ST_OK);
	}
}

static void test_manage_channel_forms(void **state)
{
	struct rig *r = *state;

	FAKE_PLAY({"00 70 00 00 01", "6700"}, {"00 70 00 00 00", "01 9000"}, STEP_EF_ICCID,
		  STEP_READ_ICCID, STEP_SELECT);
	assert_int_equal(identify_only(r), ST_OK);

	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY({"00 70 00 00 01", "6C 01"}, {"00 70 00 00 01", "01 91 20"}, STEP_EF_ICCID,
		  STEP_READ_ICCID, STEP_SELECT);
	assert_int_equal(identify_only(r), ST_OK);

	/* T=0 readers that do not fetch by themselves */
	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY({"00 70 00 00 01", "61 01"}, {"00 C0 00 00 01", "01 9000"}, STEP_EF_ICCID,
		  STEP_READ_ICCID, STEP_SELECT);
	assert_int_equal(identify_only(r), ST_OK);
}

/* Channel numbers that no card should give. */
static void test_nonsense_channel(void **state)
{
	static const char *const answers[] = {"00 9000", "14 9000", "FF 9000", "9000", "0102 9000"};
	struct rig *r = *state;

	for (size_t i = 0; i < 5; i++) {
		FAKE_PLAY({"00 70 00 00 01", answers[i]}, {"00 70 00 00 01", answers[i]},
			  {"00 70 00 00 01", answers[i]});
		assert_int_equal(identify_only(r), ST_MALFORMED);
		assert_false(fake.has_record);
	}
}

static void test_channel_5(void **state)
{
	FAKE_PLAY({"00 70 00 00 01", "05 9000"}, {"41 A4 00 0C 02 2FE2", "9000"},
		  {"41 B0 00 00 0A", ICCID_SWAPPED "9000"}, {"41 A4 04 00 07" AID_GSMA, "6A82"},
		  {"41 A4 04 00 0F" AID_THALES, "6A82"}, {"41 A4 04 00 10" AID_NTT, "6A82"},
		  {"41 A4 04 00 07" AID_CIRA, "6A82"}, {"00 70 80 05", "9000"});
	assert_int_equal(identify_only(*state), ST_NO_APPLET);
}

/* No MANAGE CHANNEL at all: SELECT by AID opens channel 1, so it comes first. */
static void test_implicit_channel(void **state)
{
	struct rig *r = *state;
	uint8_t out[2];

	FAKE_PLAY({"00 70 00 00 01", "6D00"}, STEP_SELECT, {"81 84 00 00 02", "0102 9000"});
	assert_int_equal(card_random(r->c, out, 2, soon()), ST_OK);
	fake_done();
	assert_int_equal(card_stats(r->c)->channel_opens, 0);
	assert_int_equal(fake.record.channel.number, 1);
	/* not there either: nothing was opened, so nothing is closed */
	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY({"00 70 00 00 01", "6E00"}, {"01 A4 04 00 07" AID_GSMA, "6A82"},
		  {"01 A4 04 00 0F" AID_THALES, "6A82"}, {"01 A4 04 00 10" AID_NTT, "6A82"},
		  {"01 A4 04 00 07" AID_CIRA, "6A82"});
	assert_int_equal(identify_only(r), ST_NO_APPLET);
	assert_false(fake.has_record);
}

/* All channels taken: waits that grow, within the deadline, with the device free in between. */
static void test_no_channel_waits(void **state)
{
	static const char *const words[] = {"6A81", "6881", "6A84", "6A86"};
	struct rig *r = *state;
	struct card_info info;
	struct step s[4];
	int64_t start = deadline_now();

	for (size_t i = 0; i < 4; i++)
		s[i] = (struct step){.cmd = "00 70 00 00 01", .reply = words[i]};
	fake_play(s, 4);
	assert_int_equal(card_identify(r->c, &info, deadline_in_ms(600)), ST_NO_CHANNEL);
	fake_done();
	assert_in_range(deadline_now() - start, 350000000, 1500000000);
	assert_int_equal(fake.enters, 4);
	FAKE_PLAY({"00 70 00 00 01", "6A81"}, STEPS_OPENING);
	assert_int_equal(identify_only(r), ST_OK);
}

/* Without a deadline the waits end too. */
static void test_no_channel_bounded(void **state)
{
	struct rig *r = *state;
	struct card_info info;
	struct step s[7];

	for (size_t i = 0; i < 7; i++)
		s[i] = (struct step){.cmd = "00 70 00 00 01", .reply = "6A81"};
	fake_play(s, 7);
	assert_int_equal(card_identify(r->c, &info, DEADLINE_NEVER), ST_NO_CHANNEL);
	fake_done();
}

/* 9300: the toolkit is busy. */
static void test_card_busy(void **state)
{
	FAKE_PLAY({"00 70 00 00 01", "9300"}, STEPS_OPENING);
	assert_int_equal(identify_only(*state), ST_OK);
}

static void test_enter_failures(void **state)
{
	static const status give_up[] = {ST_TIMEOUT,	ST_NO_DEVICE,	  ST_NO_CARD,
					 ST_NO_SERVICE, ST_DENIED_DEVICE, ST_BUSY_DEVICE,
					 ST_SIM_PIN};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(give_up) / sizeof(give_up[0]); i++) {
		fake.enter_at = 0;
		fake.enter_st[0] = give_up[i];
		assert_int_equal(identify_only(r), give_up[i]);
		assert_int_equal(fake.enter_at, 1);
	}
	fake.enter_at = 0;
	fake.enter_st[0] = fake.enter_st[1] = ST_CARD_BUSY;
	FAKE_PLAY(STEPS_OPENING);
	assert_int_equal(identify_only(r), ST_OK);
	assert_int_equal(fake.enter_at, 3);
}

static void test_deadline_passed(void **state)
{
	struct rig *r = *state;
	struct card_info info;

	assert_int_equal(card_identify(r->c, &info, deadline_now() - 1), ST_TIMEOUT);
	assert_int_equal(fake.apdus, 0);
}

/* A card that answers too slowly: no further command is sent once the time is over. */
static status slow(void *ctx, struct bytes cmd, struct wtr *reply)
{
	(void)ctx;
	(void)cmd;
	deadline_sleep(DEADLINE_NEVER, 30);
	wtr_u16be(reply, 0x6F00);
	return ST_IO;
}

static void test_deadline_ends_repeats(void **state)
{
	struct rig *r = *state;
	struct card_info info;

	fake.answer = slow;
	assert_int_equal(card_identify(r->c, &info, deadline_in_ms(20)), ST_IO);
	assert_int_equal(fake.apdus, 1);
	fake_done();
}

/* The link fails in the middle of opening: the open channel stays recorded, so that the next
 * operation uses it instead of opening one more. */
static void test_opening_cut(void **state)
{
	struct rig *r = *state;

	FAKE_PLAY(STEP_OPEN, {.cmd = "01 A4 00 0C 02 2FE2", .st = ST_TIMEOUT});
	assert_int_equal(identify_only(r), ST_TIMEOUT);
	assert_true(fake.has_record);
	assert_int_equal(fake.record.aid_len, 0);
	rig_new_process(r);
	FAKE_PLAY({"01 A4 08 0C 02 2FE2", "9000"}, STEP_READ_ICCID, STEP_SELECT);
	assert_int_equal(identify_only(r), ST_OK);
	assert_int_equal(fake.record.aid_len, 7);

	/* the same process too, without waiting for another */
	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY(STEP_OPEN, STEP_EF_ICCID, STEP_READ_ICCID,
		  {.cmd = "01 A4 04 00 07" AID_GSMA, .st = ST_IO}, {"01 A4 08 0C 02 2FE2", "9000"},
		  STEP_READ_ICCID, STEP_SELECT);
	assert_int_equal(identify_only(r), ST_OK);
}

/* Nobody can take the channel over: it is closed before the device is given back. */
static void test_no_lock_dir(void **state)
{
	struct rig *r = *state;

	fake.can_share = false;
	FAKE_PLAY(STEPS_OPENING, {"00 70 80 01", "9000"});
	assert_int_equal(identify_only(r), ST_OK);
	FAKE_PLAY(STEPS_OPENING, {"00 70 80 01", "6881"});
	assert_int_equal(identify_only(r), ST_OK);
}

/* The operation's time is over when the channel has to be closed: it is closed all the same. */
static status select_is_late(void *ctx, struct bytes cmd, struct wtr *reply)
{
	(void)ctx;
	if (cmd.p[1] == 0x70 && cmd.p[2] == 0x00)
		wtr_u8(reply, 1);
	if (cmd.p[1] == 0xA4 && cmd.p[2] == 0x04)
		deadline_sleep(DEADLINE_NEVER, 60);
	wtr_u16be(reply, cmd.p[1] == 0xB0 ? 0x6A82 : 0x9000);
	return ST_OK;
}

static void test_closed_when_late(void **state)
{
	struct rig *r = *state;
	struct card_info info;

	fake.can_share = false;
	fake.answer = select_is_late;
	(void)!card_identify(r->c, &info, deadline_in_ms(50));
	fake_done();
	assert_int_equal(fake.apdus, 5);
	assert_memory_equal(fake.log[4], "\x00\x70\x80\x01", 4);
	assert_int_equal(fake.timeouts, 0);
}

static void test_channel_dies(void **state)
{
	struct rig *r = *state;

	fake.traits = TRANSPORT_CHANNEL_DIES;
	FAKE_PLAY(STEPS_OPENING, {"00 70 80 01", "9000"});
	assert_int_equal(identify_only(r), ST_OK);
	assert_false(fake.has_record);
}

/* --- channels that the device opens --- */

static void device_link(const struct device_step *steps, size_t n)
{
	fake.device = steps;
	fake.device_count = n;
	fake.has_iccid = true;
	strcpy(fake.iccid, ICCID_TEXT);
}

static void test_device_owned(void **state)
{
	struct rig *r = *state;
	struct card_info info;
	static const struct device_step steps[] = {{AID_GSMA, NULL, ST_NO_APPLET},
						   {AID_THALES, "00000000038aa32f", ST_OK}};
	uint8_t out[2];

	/* the modem sets the channel's bits: class 00 */
	FAKE_PLAY({"00 84 00 00 02", "0102 9000"});
	device_link(steps, 2);
	assert_int_equal(card_random(r->c, out, 2, soon()), ST_OK);
	assert_int_equal(identify(r, &info), ST_OK);
	fake_done();
	assert_true(info.channel.device_owned);
	assert_string_equal(info.channel.text, "00000000038aa32f");
	assert_string_equal(info.iccid, ICCID_TEXT);
	assert_string_equal(fake.record.channel.handle, "00000000038aa32f");
}

/* A modem that stumbles is asked once more, and one that has none to tell is not. */
static void test_device_owned_iccid(void **state)
{
	static const struct {
		status st;
		unsigned stumbles, asked;
		const char *iccid;
	} rows[] = {
		{ST_IO, 0, 1, ICCID_TEXT},	  {ST_IO, 1, 2, ICCID_TEXT},
		{ST_MALFORMED, 1, 2, ICCID_TEXT}, {ST_IO, 2, 2, ""},
		{ST_UNSUPPORTED_LINK, 1, 1, ""},
	};
	static const struct device_step steps[] = {{AID_GSMA, "1", ST_OK}};
	struct rig *r = *state;
	struct card_info info;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fake.has_record = false;
		rig_new_process(r);
		fake.device_at = fake.iccid_asked = 0;
		fake.iccid_st = rows[i].st;
		fake.iccid_stumbles = rows[i].stumbles;
		device_link(steps, 1);
		assert_int_equal(identify(r, &info), ST_OK);
		fake_done();
		assert_string_equal(info.iccid, rows[i].iccid);
		assert_int_equal(fake.iccid_asked, rows[i].asked);
	}
}

/* Lost: the modem is asked to close what it may still hold, and to open again. */
static void test_device_owned_select_again(void **state)
{
	struct rig *r = *state;
	static const struct device_step steps[] = {
		{AID_GSMA, "1", ST_OK}, {NULL, "1", ST_IO}, {AID_GSMA, "2", ST_OK}};
	uint8_t out[2];

	FAKE_PLAY({"00 84 00 00 02", "0102 9000"}, {"00 84 00 00 02", "6D00"},
		  {"00 84 00 00 02", "0304 9000"});
	device_link(steps, 3);
	assert_int_equal(card_random(r->c, out, 2, soon()), ST_OK);
	assert_int_equal(card_random(r->c, out, 2, soon()), ST_OK);
	assert_int_equal(out[0], 3);
	fake_done();
}

/* --- identity --- */

static void test_expected_iccid(void **state)
{
	struct rig *r = *state;

	strcpy(r->conf.expected_iccid, ICCID_TEXT);
	FAKE_PLAY(STEPS_OPENING);
	assert_int_equal(identify_only(r), ST_OK);
}

static void test_expected_iccid_refused(void **state)
{
	struct rig *r = *state;

	strcpy(r->conf.expected_iccid, "8988011234567890124");
	FAKE_PLAY(STEP_OPEN, STEP_EF_ICCID, STEP_READ_ICCID, {"00 70 80 01", "9000"});
	assert_int_equal(identify_only(r), ST_CARD_CHANGED);
	assert_false(fake.has_record);
	/* a SIM that does not tell its ICCID is not the expected one */
	FAKE_PLAY(STEP_OPEN, {"01 A4 00 0C 02 2FE2", "6A82"}, {"00 70 80 01", "9000"});
	assert_int_equal(identify_only(r), ST_CARD_CHANGED);
	/* nor is another one's recorded channel */
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	assert_int_equal(identify_only(r), ST_CARD_CHANGED);
	assert_int_equal(fake.record.aid_len, 7);
}

/* Nonsense in EF_ICCID, twice, counts as unreadable, and does no harm where nothing is expected. */
static void test_iccid_malformed(void **state)
{
	static const char *const answers[] = {"FFFFFFFFFFFFFFFFFFFF9000",
					      "98FFFFFFFFFFFFFFFFFF9000",
					      "9A8810214365870921F39000",
					      "988810214365870921 9000",
					      "988810214365870921F300 9000",
					      "9000",
					      "6982"};
	struct rig *r = *state;
	struct card_info info;

	for (size_t i = 0; i < 7; i++) {
		fake.has_record = false;
		rig_new_process(r);
		FAKE_PLAY(STEP_OPEN, STEP_EF_ICCID, {"01 B0 00 00 0A", answers[i]}, STEP_EF_ICCID,
			  {"01 B0 00 00 0A", answers[i]}, STEP_SELECT);
		assert_int_equal(identify(r, &info), ST_OK);
		fake_done();
		assert_string_equal(info.iccid, "");
	}
}

/* A card that stumbles once is still known by its ICCID. */
static void test_iccid_second_try(void **state)
{
	struct rig *r = *state;
	struct card_info info;

	FAKE_PLAY(STEP_OPEN, {"01 A4 00 0C 02 2FE2", "6F00"}, STEP_EF_ICCID, STEP_READ_ICCID,
		  STEP_SELECT);
	assert_int_equal(identify(r, &info), ST_OK);
	fake_done();
	assert_string_not_equal(info.iccid, "");
}

static void test_iccid_by_link(void **state)
{
	struct rig *r = *state;
	struct card_info info;

	fake.has_iccid = true;
	strcpy(fake.iccid, "89330123456789012345");
	FAKE_PLAY(STEP_OPEN, STEP_SELECT);
	assert_int_equal(identify(r, &info), ST_OK);
	fake_done();
	assert_string_equal(info.iccid, "89330123456789012345");
}

static void test_unknown_scheme(void **state)
{
	struct rig *r = *state;
	struct card *c = NULL;

	assert_int_equal(uri_parse("nope:x", &r->conf.uri), ST_OK);
	assert_int_equal(card_new(&r->all, &r->conf, &c), ST_ARG);
	assert_null(c);
	card_free(NULL);
	card_forget(NULL);
}

static void test_ends(void **state)
{
	struct rig *r = *state;
	struct card *c;

	FAKE_PLAY(STEPS_OPENING);
	assert_int_equal(identify_only(r), ST_OK);
	assert_int_equal(card_new(&r->all, &r->conf, &c), ST_OK);
	card_forget(c);
	assert_int_equal(fake.forgotten, 1);
	assert_int_equal(card_new(&r->all, &r->conf, &c), ST_OK);
	card_free(c);
	assert_int_equal(fake.closed, 1);
	assert_int_equal(fake.apdus, 4); /* neither closes the shared channel */
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(opening),
		T(no_traffic_before_use),
		T(aid_fallbacks),
		T(no_applet),
		T(aid_configured),
		T(select_successes),
		T(manage_channel_forms),
		T(nonsense_channel),
		T(channel_5),
		T(implicit_channel),
		T(no_channel_waits),
		T(no_channel_bounded),
		T(card_busy),
		T(enter_failures),
		T(deadline_passed),
		T(deadline_ends_repeats),
		T(opening_cut),
		T(no_lock_dir),
		T(closed_when_late),
		T(channel_dies),
		T(device_owned),
		T(device_owned_iccid),
		T(device_owned_select_again),
		T(expected_iccid),
		T(expected_iccid_refused),
		T(iccid_malformed),
		T(iccid_second_try),
		T(iccid_by_link),
		T(unknown_scheme),
		T(ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
