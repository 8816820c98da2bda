/* SPDX-License-Identifier: Apache-2.0 */
/* card_power_epoch: moves at each sign that the card may have forgotten a PIN, and at nothing else,
 * since a login ends with it. */
#include "pin_steps.h"

#include <string.h>

#include "card_keys.h"
#include "mem.h"

#define RANDOM                                                                                     \
	{                                                                                          \
		"81 84 00 00 02", "0102 9000"                                                      \
	}
#define RESELECT                                                                                   \
	{"01 A4 08 0C 02 2FE2", "9000"}, STEP_READ_ICCID,                                          \
	{                                                                                          \
		"01 A4 04 00 07 " AID_GSMA, "9000"                                                 \
	}

static void randomly(struct rig *r, status want)
{
	uint8_t out[2];

	assert_int_equal(card_random(r->c, out, sizeof(out), soon()), want);
	fake_done();
}

/* A card on channel 1 that has answered, so that the class is known; its epoch. */
static uint64_t met(struct rig *r)
{
	on_channel();
	FAKE_PLAY(RANDOM);
	randomly(r, ST_OK);
	return card_power_epoch(r->c);
}

static void test_stays(void **state)
{
	static const char *const refusals[] = {"6985", "6A82", "6982", "6A86", "6F00"};
	struct rig *r = *state;
	const struct container secret = {.kind = CONTAINER_SECRET_KEY,
					 .id = {0x0A},
					 .id_len = 1,
					 .activated = true,
					 .functions = FUNCTION_DERIVE};
	uint64_t epoch = met(r);
	struct card_pin pin;
	uint8_t prk[HASH_MAX];

	FAKE_PLAY(RANDOM);
	randomly(r, ST_OK);
	/* the channel lives, so the card has not lost its power */
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		FAKE_PLAY({"81 84 00 00 02", refusals[i]}, RESELECT,
			  {"81 84 00 00 02", refusals[i]});
		randomly(r, i == 0   ? ST_SW_CONDITIONS
			    : i == 1 ? ST_SW_NOT_FOUND
			    : i == 2 ? ST_SW_SECURITY
			    : i == 3 ? ST_SW_PARAMS
				     : ST_SW_OTHER);
	}
	/* a command that this applet does not have, selected or not */
	FAKE_PLAY({"81 84 00 00 02", "6D00"}, RESELECT, {"81 84 00 00 02", "6D00"});
	randomly(r, ST_SW_INS);
	FAKE_PLAY(RANDOM);
	randomly(r, ST_OK);
	FAKE_PLAY({"81 4A*", "6D00"}, RESELECT, {"81 4A*", "6D00"});
	assert_int_equal(
		card_hkdf_extract(r->c, &secret, HASH_SHA256, BYTES_LIT("salt"), prk, soon()),
		ST_UNSUPPORTED);
	fake_done();
	/* late or crossed, and then well */
	FAKE_PLAY({"81 84 00 00 02", .st = ST_DESYNC}, {"81 84 00 00 02", .st = ST_TRUNCATED},
		  RANDOM);
	randomly(r, ST_OK);
	FAKE_PLAY({"81 84 00 00 02", .st = ST_TIMEOUT});
	randomly(r, ST_TIMEOUT);
	/* others hold the device */
	fake.enter_at = 0;
	fake.enter_st[0] = ST_TIMEOUT;
	randomly(r, ST_TIMEOUT);
	/* the MF was selected for a moment */
	FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, "63C3"}, {CHANGE, "9000"}, STEP_SELECT);
	assert_int_equal(card_pin_change(r->c, 1, pin_1234, pin_new, &pin, soon()), ST_OK);
	FAKE_PLAY(STEP_PROBE, {QUERY, "63C3"}, {VERIFY, "63C2"});
	assert_int_equal(card_pin_verify(r->c, 1, pin_1234, &pin, soon()), ST_PIN_WRONG);
	/* another slot's applet had its turn on the same channel */
	fake_record(1, 0x80, AID_NTT, ICCID_TEXT);
	FAKE_PLAY(STEP_SELECT, RANDOM);
	randomly(r, ST_OK);
	assert_int_equal(card_power_epoch(r->c), epoch);
}

/* A link that shares no channel closes and opens it each time. */
static void test_stays_unshared(void **state)
{
	struct rig *r = *state;
	struct step open[] = {STEPS_OPENING, RANDOM, {"00 70 80 01", "9000"}};
	uint64_t epoch = 0;

	fake.can_share = false;
	for (int i = 0; i < 3; i++) {
		fake_play(open, ARRAY_LEN(open));
		randomly(r, ST_OK);
		if (i > 0)
			assert_int_equal(card_power_epoch(r->c), epoch);
		epoch = card_power_epoch(r->c);
	}
}

static void test_moves_with_answers(void **state)
{
	struct step lost[] = {{"81 84 00 00 02", "6881"}, STEPS_OPENING, RANDOM};
	struct step gone[] = {{"81 84 00 00 02", .st = ST_CHANNEL_LOST}, STEPS_OPENING, RANDOM};
	struct step no_applet[] = {{"81 84 00 00 02", "6D00"}, RESELECT, RANDOM};
	struct step no_class[] = {{"81 84 00 00 02", "6E00"}, RESELECT, RANDOM};
	struct step no_link[] = {
		{"81 84 00 00 02", "6D00"}, RESELECT, {"81 84 00 00 02", .st = ST_DESYNC}, RANDOM};
	struct step io[] = {{"81 84 00 00 02", .st = ST_IO}, RANDOM};
	struct step removed[] = {{"81 84 00 00 02", .st = ST_CARD_GONE}, RANDOM};
	struct step reselect_lost[] = {
		{"81 84 00 00 02", "6985"}, {"01 A4 08 0C 02 2FE2", "6881"}, STEPS_OPENING, RANDOM};
	const struct {
		const struct step *step;
		size_t n;
	} rows[] = {{lost, ARRAY_LEN(lost)},	       {gone, ARRAY_LEN(gone)},
		    {no_applet, ARRAY_LEN(no_applet)}, {no_class, ARRAY_LEN(no_class)},
		    {no_link, ARRAY_LEN(no_link)},     {io, ARRAY_LEN(io)},
		    {removed, ARRAY_LEN(removed)},     {reselect_lost, ARRAY_LEN(reselect_lost)}};
	struct rig *r = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t epoch;

		rig_new_process(r);
		epoch = met(r);
		fake_play(rows[i].step, rows[i].n);
		randomly(r, ST_OK);
		assert_int_not_equal(card_power_epoch(r->c), epoch);
	}
}

static void test_moves_with_the_link(void **state)
{
	static const status enters[] = {ST_NO_CARD,   ST_NO_DEVICE, ST_NO_SERVICE,
					ST_CARD_GONE, ST_SIM_PIN,   ST_IO};
	struct rig *r = *state;
	uint64_t epoch = met(r);

	for (size_t i = 0; i < ARRAY_LEN(enters); i++) {
		fake.enter_at = 0;
		fake.enter_st[0] = enters[i];
		randomly(r, enters[i]);
		assert_int_not_equal(card_power_epoch(r->c), epoch);
		epoch = card_power_epoch(r->c);
	}
	/* the link counts cards */
	fake.generation = 9;
	on_channel();
	FAKE_PLAY(RANDOM);
	randomly(r, ST_OK);
	assert_int_not_equal(card_power_epoch(r->c), epoch);
	epoch = card_power_epoch(r->c);
	/* other processes lost the channel before us, and opened another, or none */
	fake_record(2, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"82 84 00 00 02", "0102 9000"});
	randomly(r, ST_OK);
	assert_int_not_equal(card_power_epoch(r->c), epoch);
	epoch = card_power_epoch(r->c);
	fake.has_record = false;
	FAKE_PLAY(STEPS_OPENING, RANDOM);
	randomly(r, ST_OK);
	assert_int_not_equal(card_power_epoch(r->c), epoch);
	epoch = card_power_epoch(r->c);
	/* and met another card there */
	fake_record(1, 0x80, AID_GSMA, "89330123456789012345");
	randomly(r, ST_CARD_CHANGED);
	assert_int_not_equal(card_power_epoch(r->c), epoch);
}

/* Where channels die, each process opens its own when its turn comes. */
static void test_stays_with_turns(void **state)
{
	struct rig *r = *state;
	uint64_t epoch = met(r);

	fake.displaced = true;
	fake.has_record = false;
	FAKE_PLAY(STEPS_OPENING, RANDOM);
	randomly(r, ST_OK);
	assert_int_equal(card_power_epoch(r->c), epoch);
	fake_record(2, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"82 84 00 00 02", "0102 9000"});
	randomly(r, ST_OK);
	assert_int_equal(card_power_epoch(r->c), epoch);
}

static void test_moves_with_a_pin(void **state)
{
	struct rig *r = *state;
	uint64_t epoch = met(r);
	struct card_pin pin;

	FAKE_PLAY(STEP_PROBE, {QUERY, "63C3"}, {VERIFY, .st = ST_DESYNC});
	assert_int_equal(card_pin_verify(r->c, 1, pin_1234, &pin, soon()), ST_PIN_UNSURE);
	assert_int_not_equal(card_power_epoch(r->c), epoch);
	epoch = card_power_epoch(r->c);
	FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, "63C3"}, {CHANGE, "9000"},
		  {"01 A4 04 00 07" AID_GSMA, "6A82"});
	assert_int_equal(card_pin_change(r->c, 1, pin_1234, pin_new, &pin, soon()), ST_OK);
	assert_int_not_equal(card_power_epoch(r->c), epoch);
	fake_done();
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(stays),
		T(stays_unshared),
		T(moves_with_answers),
		T(moves_with_the_link),
		T(stays_with_turns),
		T(moves_with_a_pin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
