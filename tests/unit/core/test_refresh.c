/* SPDX-License-Identifier: Apache-2.0 */
/* What a reset, a REFRESH, remote administration or a sleep of the machine leaves in doubt: the
 * list is read again, the card is asked to prove itself, and nothing more is sent than that. */
#include <stdarg.h>
#include <stdlib.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "card.h"
#include "card_impl.h"
#include "card_pin.h"
#include "fake.h"
#include "mem.h"

/* One private key, id 01. */
#define LIST                                                                                       \
	{                                                                                          \
		"81 CB 01 00 00", "840101 740141 4A0100 610101 4B0113 9000"                        \
	}
#define RANDOM                                                                                     \
	{                                                                                          \
		"81 84 00 00 02", "0102 9000"                                                      \
	}
#define PROOF                                                                                      \
	{                                                                                          \
		"81 84 00 00 01", "01 9000"                                                        \
	}
#define LOST                                                                                       \
	{                                                                                          \
		"81 84 00 00 02", "6881"                                                           \
	}

/* The clock of card_impl.h. */
static int64_t asleep;

int64_t asleep_ns(void)
{
	return asleep;
}

static void randomly(struct rig *r, status want)
{
	uint8_t out[2];

	assert_int_equal(card_random(r->c, out, sizeof(out), soon()), want);
	fake_done();
}

/* A card on channel 1 whose list was read. */
static uint64_t met(struct rig *r)
{
	const struct catalog *cat;

	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY(LIST, RANDOM);
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	randomly(r, ST_OK);
	return card_epoch(r->c);
}

static void list_is_kept(struct rig *r, bool kept)
{
	const struct catalog *cat;

	if (!kept)
		FAKE_PLAY(LIST);
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	fake_done();
}

static void test_lost_channel(void **state)
{
	struct rig *r = *state;
	uint64_t epoch = met(r);

	list_is_kept(r, true);
	FAKE_PLAY(LOST, STEPS_OPENING, RANDOM);
	randomly(r, ST_OK);
	assert_int_not_equal(card_epoch(r->c), epoch);
	list_is_kept(r, false);
	list_is_kept(r, true);
}

/* Another process has lost it, and opened another. */
static void test_others_lost_it(void **state)
{
	struct rig *r = *state;
	uint64_t epoch = met(r);

	fake.has_record = false;
	FAKE_PLAY(STEPS_OPENING, RANDOM);
	randomly(r, ST_OK);
	assert_int_not_equal(card_epoch(r->c), epoch);
	list_is_kept(r, false);
}

/* The link counts a card that came anew. */
static void test_new_generation(void **state)
{
	struct rig *r = *state;
	uint64_t epoch = met(r);

	fake.generation++;
	FAKE_PLAY(STEPS_OPENING, RANDOM);
	randomly(r, ST_OK);
	assert_int_not_equal(card_epoch(r->c), epoch);
	list_is_kept(r, false);
}

/* REFRESH "application reset": the applet is selected no more, and knows its commands after SELECT.
 */
static void test_deselected(void **state)
{
	struct rig *r = *state;
	uint64_t epoch = met(r);

	FAKE_PLAY({"81 84 00 00 02", "6D00"}, {"01 A4 08 0C 02 2FE2", "9000"}, STEP_READ_ICCID,
		  STEP_SELECT, RANDOM);
	randomly(r, ST_OK);
	assert_int_not_equal(card_epoch(r->c), epoch);
	list_is_kept(r, false);
}

/* What was held and is free again may have been changed; a refusal changes nothing. */
static void test_administration(void **state)
{
	static const char *const held[] = {"6984", "6989"};
	struct rig *r = *state;
	uint64_t epoch = met(r);

	FAKE_PLAY({"81 84 00 00 02", held[0]}, RANDOM);
	randomly(r, ST_OK);
	assert_int_not_equal(card_epoch(r->c), epoch);
	list_is_kept(r, false);
	epoch = card_epoch(r->c);
	FAKE_PLAY({"81 84 00 00 02", held[1]}, {"01 A4 08 0C 02 2FE2", "9000"}, STEP_READ_ICCID,
		  STEP_SELECT, RANDOM);
	randomly(r, ST_OK);
	assert_int_not_equal(card_epoch(r->c), epoch);
	list_is_kept(r, false);
	epoch = card_epoch(r->c);
	FAKE_PLAY({"81 84 00 00 02", "6985"}, {"01 A4 08 0C 02 2FE2", "9000"}, STEP_READ_ICCID,
		  STEP_SELECT, {"81 84 00 00 02", "6985"});
	randomly(r, ST_SW_CONDITIONS);
	assert_int_equal(card_epoch(r->c), epoch);
	list_is_kept(r, true);
}

/* One proof after a sleep of more than a second, none after a shorter one or without. */
static void test_sleep(void **state)
{
	struct rig *r = *state;
	uint64_t epoch = met(r);

	asleep += 900000000;
	FAKE_PLAY(RANDOM);
	randomly(r, ST_OK);
	asleep += 2000000000;
	FAKE_PLAY(PROOF, RANDOM);
	randomly(r, ST_OK);
	FAKE_PLAY(RANDOM);
	randomly(r, ST_OK);
	assert_int_equal(card_epoch(r->c), epoch);
	/* the proof fails: the same card, which was reset */
	asleep += 2000000000;
	FAKE_PLAY({"81 84 00 00 01", "6881"}, STEPS_OPENING, RANDOM);
	randomly(r, ST_OK);
	assert_int_not_equal(card_epoch(r->c), epoch);
	/* and another card */
	asleep += 2000000000;
	FAKE_PLAY({"81 84 00 00 01", "6881"}, STEP_OPEN, STEP_EF_ICCID,
		  {"01 B0 00 00 0A", "98 88 10 21 43 65 87 09 99 F3 9000"},
		  {"00 70 80 01", "9000"});
	randomly(r, ST_CARD_CHANGED);
}

/* A look sends nothing, and a SIM that went is a SIM without power. */
static void test_look(void **state)
{
	struct rig *r = *state;
	uint64_t power;

	met(r);
	power = card_power_epoch(r->c);
	assert_int_equal(card_look(r->c, soon()), ST_OK);
	fake.look_st = ST_CARD_BUSY;
	assert_int_equal(card_look(r->c, soon()), ST_CARD_BUSY);
	assert_int_equal(card_power_epoch(r->c), power);
	fake.look_st = ST_NO_CARD;
	assert_int_equal(card_look(r->c, soon()), ST_NO_CARD);
	assert_int_not_equal(card_power_epoch(r->c), power);
	fake.t.changes = 42;
	assert_int_equal(card_changes(r->c), 42);
	fake_done();
}

/* The device went in the middle and is there again: the operation runs once more. */
static void test_device_back(void **state)
{
	struct rig *r = *state;

	met(r);
	FAKE_PLAY({.cmd = "81 84 00 00 02", .st = ST_NO_DEVICE}, RANDOM);
	randomly(r, ST_OK);
	fake.enter_at = 0;
	fake.enter_st[0] = ST_OK;
	fake.enter_st[1] = ST_NO_DEVICE;
	FAKE_PLAY({.cmd = "81 84 00 00 02", .st = ST_NO_DEVICE});
	randomly(r, ST_NO_DEVICE);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lost_channel), TEST(test_others_lost_it), TEST(test_new_generation),
		TEST(test_deselected),	 TEST(test_administration), TEST(test_sleep),
		TEST(test_look),	 TEST(test_device_back),
	};

	return cmocka_run_group_tests_name("refresh", tests, NULL, NULL);
}
