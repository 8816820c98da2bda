/* SPDX-License-Identifier: Apache-2.0 */
/* The shared channel: used without opening or selecting, reopened when it is gone, and the card
 * behind it recognised (design.md §3 (6), card.h). */
#include "fake.h"

#include <string.h>

#define RANDOM                                                                                     \
	{                                                                                          \
		"81 84 00 00 02", "0102 9000"                                                      \
	}
#define MF_ICCID {"01 A4 08 0C 02 2FE2", "9000"}, STEP_READ_ICCID
#define NO_MF                                                                                      \
	{                                                                                          \
		"01 A4 08 0C 02 2FE2", "6A82"                                                      \
	}

static status random2(struct rig *r)
{
	uint8_t out[2];
	status st = card_random(r->c, out, sizeof(out), soon());

	fake_done();
	return st;
}

/* A warm process: no MANAGE CHANNEL and no SELECT. */
static void test_warm(void **state)
{
	struct rig *r = *state;
	struct card_info info;

	fake_record(2, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"82 84 00 00 02", "0102 9000"});
	assert_int_equal(random2(r), ST_OK);
	assert_int_equal(card_identify(r->c, &info, soon()), ST_OK);
	assert_true(info.channel.resumed);
	assert_string_equal(info.channel.text, "2");
	assert_string_equal(info.iccid, ICCID_TEXT);
	assert_int_equal(info.aid_len, 7);
	assert_int_equal(card_stats(r->c)->channel_opens, 0);
	assert_int_equal(fake.apdus, 1);
}

static void test_other_generation(void **state)
{
	struct rig *r = *state;

	fake.generation = 4;
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	fake.generation = 5;
	FAKE_PLAY(STEPS_OPENING, RANDOM);
	assert_int_equal(random2(r), ST_OK);
	assert_int_equal(fake.record.generation, 5);
}

/* A new port: the modem behind it has kept our channel, has lost it, or has another's there. */
static void test_other_port(void **state)
{
	struct rig *r = *state;

	fake.traits = TRANSPORT_COUNTS_PORTS;
	fake.generation = 4;
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	fake.generation = 5;
	FAKE_PLAY({"81 84 00 00 01", "07 9000"}, RANDOM);
	assert_int_equal(random2(r), ST_OK);
	assert_int_equal(fake.record.generation, 5);
	fake.generation = 6;
	FAKE_PLAY({"81 84 00 00 01", "6881"}, STEPS_OPENING, RANDOM);
	assert_int_equal(random2(r), ST_OK);
	fake.generation = 7;
	FAKE_PLAY({"81 84 00 00 01", "6D00"}, STEPS_OPENING, RANDOM);
	assert_int_equal(random2(r), ST_OK);
	assert_int_equal(fake.closed, 0);
}

/* 6881: the channel is closed. A new one; the old one is not closed, for it may be another's. */
static void test_channel_gone(void **state)
{
	struct rig *r = *state;

	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"81 84 00 00 02", "6881"}, STEPS_OPENING, RANDOM);
	assert_int_equal(random2(r), ST_OK);
	assert_int_equal(card_stats(r->c)->recoveries, 1);
	/* the link's word counts as much */
	FAKE_PLAY({.cmd = "81 84 00 00 02", .st = ST_CHANNEL_LOST}, {"00 70 00 00 01", "02 9000"},
		  {"02 A4 00 0C 02 2FE2", "9000"}, {"02 B0 00 00 0A", ICCID_SWAPPED "9000"},
		  {"02 A4 04 00 07" AID_GSMA, "9000"}, {"82 84 00 00 02", "0102 9000"});
	assert_int_equal(random2(r), ST_OK);
	assert_int_equal(fake.record.channel.number, 2);
}

/* 6D00, 6E00 and any other refusal on a channel that was not selected in this very operation:
 * SELECT there again before it is believed. */
static void test_applet_gone(void **state)
{
	static const char *const words[] = {"6985", "6A82", "6A86", "6F00", "6982"};
	struct rig *r = *state;

	for (size_t i = 0; i < 5; i++) {
		rig_new_process(r);
		fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
		FAKE_PLAY({"81 84 00 00 02", words[i]}, MF_ICCID, STEP_SELECT, RANDOM);
		assert_int_equal(random2(r), ST_OK);
		/* the class is known now: no second try with the other one */
		FAKE_PLAY({"81 84 00 00 02", i % 2 ? "6D00" : "6E00"}, MF_ICCID, STEP_SELECT,
			  RANDOM);
		assert_int_equal(random2(r), ST_OK);
	}
}

/* Where the applet hides EF_ICCID, only a fresh channel shows which card this is. */
static void test_identity_needs_a_fresh_channel(void **state)
{
	struct rig *r = *state;

	strcpy(r->conf.expected_iccid, ICCID_TEXT);
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"81 84 00 00 02", "6985"}, NO_MF, {"00 70 80 01", "9000"}, STEPS_OPENING,
		  RANDOM);
	assert_int_equal(random2(r), ST_OK);
	assert_true(fake.has_record);
}

/* A refusal that stays after the new SELECT is the card's last word. */
static void test_refusal_is_believed(void **state)
{
	struct rig *r = *state;

	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"81 84 00 00 02", "6985"}, MF_ICCID, STEP_SELECT, {"81 84 00 00 02", "6985"});
	assert_int_equal(random2(r), ST_SW_CONDITIONS);
	assert_int_equal(card_last_sw(r->c), 0x6985);
	assert_true(fake.has_record);
}

/* Another SIM: the operation ends, the next one starts afresh with it. */
static void test_other_card(void **state)
{
	struct rig *r = *state;
	const struct catalog *cat;
	struct card_info info;
	uint64_t epoch;

	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"81 CB 01 00 00", "830101 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	epoch = card_epoch(r->c);
	FAKE_PLAY({"81 84 00 00 02", "6881"}, STEP_OPEN, STEP_EF_ICCID,
		  {"01 B0 00 00 0A", "98881021436587092114 9000"}, {"00 70 80 01", "9000"});
	assert_int_equal(random2(r), ST_CARD_CHANGED);
	assert_true(card_epoch(r->c) != epoch);
	FAKE_PLAY(STEP_OPEN, STEP_EF_ICCID, {"01 B0 00 00 0A", "98881021436587092114 9000"},
		  STEP_SELECT, {"81 CB 01 00 00", "830107 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	assert_int_equal(cat->item[0].id[0], 0x07);
	assert_int_equal(card_identify(r->c, &info, soon()), ST_OK);
	assert_string_equal(info.iccid, "89880112345678901241");
	fake_done();
}

/* A SIM that only the lock file tells of, exchanged before this process came: nobody has seen the
 * old one here, so the one that is there is simply met. Who asks for its identity is not told the
 * record's either. */
static void test_other_card_before_us(void **state)
{
	struct rig *r = *state;
	struct card_info info;

	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"81 84 00 00 02", "6881"}, STEP_OPEN, STEP_EF_ICCID,
		  {"01 B0 00 00 0A", "98881021436587092114 9000"}, {"00 70 80 01", "9000"},
		  STEP_OPEN, STEP_EF_ICCID, {"01 B0 00 00 0A", "98881021436587092114 9000"},
		  STEP_SELECT, RANDOM);
	assert_int_equal(random2(r), ST_OK);

	rig_new_process(r);
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"81 CB 01 00 00", "6881"}, STEP_OPEN, STEP_EF_ICCID,
		  {"01 B0 00 00 0A", "98881021436587092114 9000"}, {"00 70 80 01", "9000"},
		  STEP_OPEN, STEP_EF_ICCID, {"01 B0 00 00 0A", "98881021436587092114 9000"},
		  STEP_SELECT, {"81 CB 01 00 00", "830107 9000"});
	assert_int_equal(card_identify(r->c, &info, soon()), ST_OK);
	assert_string_equal(info.iccid, "89880112345678901241");
	fake_done();

	/* another one than the configuration allows is refused all the same, and not tried again */
	strcpy(r->conf.expected_iccid, ICCID_TEXT);
	rig_new_process(r);
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"81 84 00 00 02", "6881"}, STEP_OPEN, STEP_EF_ICCID,
		  {"01 B0 00 00 0A", "98881021436587092114 9000"}, {"00 70 80 01", "9000"});
	assert_int_equal(random2(r), ST_CARD_CHANGED);
}

/* Another process has already met the other SIM: its record tells us. */
static void test_other_card_by_record(void **state)
{
	struct rig *r = *state;

	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY(RANDOM);
	assert_int_equal(random2(r), ST_OK);
	fake_record(2, 0x80, AID_GSMA, "89330123456789012345");
	assert_int_equal(random2(r), ST_CARD_CHANGED);
	FAKE_PLAY({"82 84 00 00 02", "0102 9000"});
	assert_int_equal(random2(r), ST_OK);
}

/* No ICCID to go by: the object list tells one card from another. */
static void test_other_card_by_list(void **state)
{
	struct rig *r = *state;
	const struct catalog *cat;

	FAKE_PLAY(STEP_OPEN, {"01 A4 00 0C 02 2FE2", "6A82"}, STEP_SELECT,
		  {"81 CB 01 00 00", "830101 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	/* as long as the channel lives no proof is needed */
	FAKE_PLAY(RANDOM);
	assert_int_equal(random2(r), ST_OK);
	/* the same list */
	FAKE_PLAY({"81 84 00 00 02", "6881"}, STEP_OPEN, {"01 A4 00 0C 02 2FE2", "6A82"},
		  STEP_SELECT, {"81 CB 01 00 00", "830101 9000"}, RANDOM);
	assert_int_equal(random2(r), ST_OK);
	/* another one */
	FAKE_PLAY({"81 84 00 00 02", "6881"}, STEP_OPEN, {"01 A4 00 0C 02 2FE2", "6A82"},
		  STEP_SELECT, {"81 CB 01 00 00", "830102 9000"});
	assert_int_equal(random2(r), ST_CARD_CHANGED);
}

#define NO_ICCID                                                                                   \
	{                                                                                          \
		"01 A4 00 0C 02 2FE2", "6A82"                                                      \
	}
#define LOST                                                                                       \
	{                                                                                          \
		"81 84 00 00 02", "6881"                                                           \
	}

static void meet_without_iccid(struct rig *r)
{
	const struct catalog *cat;

	FAKE_PLAY(STEP_OPEN, NO_ICCID, STEP_SELECT, {"81 CB 01 00 00", "830101 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
}

/* The first card hid its ICCID, the one that is there now shows it. */
static void test_iccid_appears(void **state)
{
	struct rig *r = *state;
	struct card_info info;

	meet_without_iccid(r);
	FAKE_PLAY(LOST, STEPS_OPENING, {"81 CB 01 00 00", "830101 9000"}, RANDOM);
	assert_int_equal(random2(r), ST_OK); /* it was only shy */
	assert_int_equal(card_identify(r->c, &info, soon()), ST_OK);
	assert_string_equal(info.iccid, ICCID_TEXT);
	FAKE_PLAY(RANDOM);
	assert_int_equal(random2(r), ST_OK);

	fake.has_record = false;
	rig_new_process(r);
	meet_without_iccid(r);
	FAKE_PLAY(LOST, STEPS_OPENING, {"81 CB 01 00 00", "830102 9000"});
	assert_int_equal(random2(r), ST_CARD_CHANGED);
}

/* A proof that failed is none: it is asked for again. */
static void test_proof_is_repeated(void **state)
{
	struct rig *r = *state;

	meet_without_iccid(r);
	FAKE_PLAY(LOST, STEP_OPEN, NO_ICCID, STEP_SELECT, {"81 CB 01 00 00", .st = ST_IO},
		  {"81 CB 01 00 00", "830102 9000"});
	assert_int_equal(random2(r), ST_CARD_CHANGED);
	fake.has_record = false;
	rig_new_process(r);
	meet_without_iccid(r);
	FAKE_PLAY(LOST, STEP_OPEN, NO_ICCID, STEP_SELECT, {"81 CB 01 00 00", .st = ST_TIMEOUT});
	assert_int_equal(random2(r), ST_TIMEOUT);
	FAKE_PLAY({"81 CB 01 00 00", "830102 9000"});
	assert_int_equal(random2(r), ST_CARD_CHANGED);
}

/* The card had a list, and this one refuses it: another one. */
static void test_list_refused(void **state)
{
	struct rig *r = *state;

	meet_without_iccid(r);
	FAKE_PLAY(LOST, STEP_OPEN, NO_ICCID, STEP_SELECT, {"81 CB 01 00 00", "6A86"});
	assert_int_equal(random2(r), ST_CARD_CHANGED);
}

/* Another process opened another channel meanwhile, or closed ours: the record decides. */
static void test_record_moves(void **state)
{
	struct rig *r = *state;

	FAKE_PLAY(STEPS_OPENING, RANDOM);
	assert_int_equal(random2(r), ST_OK);
	fake_record(3, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"83 84 00 00 02", "0102 9000"});
	assert_int_equal(random2(r), ST_OK);
	fake.has_record = false;
	FAKE_PLAY(STEPS_OPENING, RANDOM);
	assert_int_equal(random2(r), ST_OK);
}

/* Two slots on one SIM with an applet each: SELECT, and nothing else, when it was the other's turn.
 */
static void test_other_slots_applet(void **state)
{
	struct rig *r = *state;

	r->conf.aid_count = 1;
	r->conf.aid[0].n = unhex(AID_GSMA, r->conf.aid[0].b, AID_MAX);
	fake_record(1, 0x80, AID_NTT, ICCID_TEXT);
	FAKE_PLAY(STEP_SELECT, RANDOM);
	assert_int_equal(random2(r), ST_OK);
	assert_int_equal(fake.record.aid_len, 7);
	FAKE_PLAY(RANDOM);
	assert_int_equal(random2(r), ST_OK);
}

/* A process that worked with one applet does not take another of the default list for it. */
static void test_another_wanted_applet(void **state)
{
	struct rig *r = *state;

	FAKE_PLAY(STEPS_OPENING, RANDOM);
	assert_int_equal(random2(r), ST_OK);
	fake_record(1, 0x80, AID_NTT, ICCID_TEXT);
	FAKE_PLAY(STEP_SELECT, RANDOM);
	assert_int_equal(random2(r), ST_OK);
}

/* The record's card is not ours: refused before a single APDU. */
static void test_expected_iccid_by_record(void **state)
{
	struct rig *r = *state;

	strcpy(r->conf.expected_iccid, "89330123456789012345");
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	assert_int_equal(random2(r), ST_CARD_CHANGED);
	assert_int_equal(fake.apdus, 0);
}

/* Nor is a record of the SIM that was there before in the way of the one that is expected: the link
 * tells which of them it is. */
static void test_expected_iccid_old_record(void **state)
{
	struct rig *r = *state;

	strcpy(r->conf.expected_iccid, ICCID_TEXT);
	fake_record(1, 0x80, AID_GSMA, "89330123456789012345");
	fake.has_iccid = true;
	strcpy(fake.iccid, ICCID_TEXT);
	FAKE_PLAY(STEP_OPEN, STEP_SELECT, RANDOM);
	assert_int_equal(random2(r), ST_OK);
	assert_string_equal(fake.record.iccid, ICCID_TEXT);
	/* the record is right and the SIM is another one's: left alone */
	fake_record(1, 0x80, AID_GSMA, "89330123456789012345");
	strcpy(fake.iccid, "89330123456789012345");
	rig_new_process(r);
	fake.apdus = 0;
	assert_int_equal(random2(r), ST_CARD_CHANGED);
	assert_int_equal(fake.apdus, 0);
	assert_true(fake.has_record);
}

/* Three times the channel is lost at once: an end, and no channel left behind. What we opened
 * ourselves a moment ago is closed, in case the card only says so. */
static void test_lost_for_ever(void **state)
{
	struct rig *r = *state;
	struct step lost = {"81 84 00 00 02", "6881"};
	struct step close = {"00 70 80 01", "9000"};
	struct step all[] = {STEPS_OPENING, lost,	   close, STEPS_OPENING, lost,
			     close,	    STEPS_OPENING, lost,  close};

	fake_play(all, 18);
	assert_int_equal(random2(r), ST_CHANNEL_LOST);
	assert_false(fake.has_record);
}

/* 6984: the object is locked by remote administration; try again a little later. */
static void test_locked(void **state)
{
	struct rig *r = *state;

	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"81 84 00 00 02", "6984"}, {"81 84 00 00 02", "6984"}, RANDOM);
	assert_int_equal(random2(r), ST_OK);
	assert_int_equal(fake.enters, 3);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(warm),
		T(other_generation),
		T(other_port),
		T(channel_gone),
		T(applet_gone),
		T(identity_needs_a_fresh_channel),
		T(refusal_is_believed),
		T(other_card),
		T(other_card_before_us),
		T(other_card_by_record),
		T(other_card_by_list),
		T(iccid_appears),
		T(proof_is_repeated),
		T(list_refused),
		T(record_moves),
		T(other_slots_applet),
		T(another_wanted_applet),
		T(expected_iccid_by_record),
		T(expected_iccid_old_record),
		T(lost_for_ever),
		T(locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
