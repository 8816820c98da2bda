/* SPDX-License-Identifier: Apache-2.0 */
/* The ways out of a session that is stuck, for what is no signature: iotsafe-protocol.md §9, seen
 * through PUT PUBLIC KEY. */
#include "fake.h"

#include "card_keys.h"
#include "mem.h"

#define POINT                                                                                      \
	"04D569954216F62264F01B78ED599898D12C436A4633505DA18B008D5529E09AF2"                       \
	"83ED5E453EDC8B5492704C1B8D48895857442057335B39078AF27A9008DC1401"
#define INIT(s) "81 24 00" s "03 850105"
#define UPDATE(s) "81 D8 80" s "47 344549438641" POINT
#define CLOSE(s) "81 24 01" s
#define CLOSE_ALL(s)                                                                               \
	{"81 2A 01" s, "9000"}, {"81 2C 01" s, "6985"},                                            \
	{                                                                                          \
		CLOSE(s), "9000"                                                                   \
	}
#define GOOD(s)                                                                                    \
	{INIT(s), "9000"}, {UPDATE(s), "9000"},                                                    \
	{                                                                                          \
		CLOSE(s), "9000"                                                                   \
	}

static status put(struct rig *r)
{
	struct container slot = {.kind = CONTAINER_PUBLIC_KEY,
				 .id = {0x05},
				 .id_len = 1,
				 .access = ACCESS_UPDATE,
				 .key_type = KEY_P256};
	struct public_key key = {.kind = PUBLIC_EC, .curve = CURVE_P256};

	key.point_len = unhex(POINT, key.point, sizeof(key.point));
	return card_put_public(r->c, &slot, &key, soon());
}

static void expect_put(struct rig *r, status want)
{
	assert_int_equal(put(r), want);
	fake_done();
}

/* A session of the same number was left open; of another family, where the card has one for all. */
static void test_busy(void **state)
{
	struct rig *r = *state;

	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({INIT("01"), "6A86"}, {CLOSE("01"), "9000"}, GOOD("01"));
	expect_put(r, ST_OK);
	FAKE_PLAY({INIT("01"), "6985"}, {CLOSE("01"), "6985"}, GOOD("01"));
	expect_put(r, ST_OK);
	FAKE_PLAY({INIT("01"), "6989"}, CLOSE_ALL("01"), GOOD("01"));
	expect_put(r, ST_OK);
}

/* Still busy on a channel that was just selected: session 0, and it stays with that. */
static void test_other_number(void **state)
{
	struct rig *r = *state;

	FAKE_PLAY(STEPS_OPENING, {INIT("01"), "6A86"}, {CLOSE("01"), "9000"}, {INIT("01"), "6A86"},
		  CLOSE_ALL("00"), GOOD("00"), GOOD("00"));
	assert_int_equal(put(r), ST_OK);
	expect_put(r, ST_OK);
}

/* Neither number: what the card said first, and the number stays. */
static void test_stuck(void **state)
{
	struct rig *r = *state;

	FAKE_PLAY(STEPS_OPENING, {INIT("01"), "6989"}, CLOSE_ALL("01"), {INIT("01"), "6985"},
		  CLOSE_ALL("00"), {INIT("00"), "6A86"}, GOOD("01"));
	assert_int_equal(put(r), ST_SW_SESSIONS);
	expect_put(r, ST_OK);
}

/* 6985 on the update: once more from the init, and no more than once. */
static void test_update_refused(void **state)
{
	struct rig *r = *state;

	FAKE_PLAY(STEPS_OPENING, {INIT("01"), "9000"}, {UPDATE("01"), "6985"},
		  {CLOSE("01"), "9000"}, GOOD("01"));
	expect_put(r, ST_OK);
	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY(STEPS_OPENING, {INIT("01"), "9000"}, {UPDATE("01"), "6985"},
		  {CLOSE("01"), "9000"}, {INIT("01"), "9000"}, {UPDATE("01"), "6985"},
		  {CLOSE("01"), "9000"});
	expect_put(r, ST_SW_CONDITIONS);
}

/* The link that fails under the close does not undo what was done. */
static void test_close_fails(void **state)
{
	struct rig *r = *state;

	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({INIT("01"), "9000"}, {UPDATE("01"), "9000"}, {CLOSE("01"), .st = ST_IO});
	expect_put(r, ST_OK);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(busy), T(other_number), T(stuck), T(update_refused), T(close_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
