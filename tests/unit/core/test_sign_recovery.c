/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that are stuck, busy or locked: the order of iotsafe-protocol.md §8 and §9.2. */
#include "fake.h"

#include <string.h>

#define D32 "A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0"
#define Z32 "0000000000000000000000000000000000000000000000000000000000000000"
#define INIT_ON(s) "81 2A 00 " s " 0D 840101 A10103 91020001 920104"
#define UPDATE_ON(s) "81 2B 80 " s " 22 9E20" D32 "00"
#define INIT INIT_ON("01")
#define UPDATE UPDATE_ON("01")
#define CLOSE "81 2A 01 01"
#define DUMMY "81 2B 80 01 22 9E20" Z32 "00"
#define DUMMY_TEXT "81 2B 80 01 06 9B0401020304 00"
#define AGAIN {"01 A4 08 0C 02 2FE2", "9000"}, STEP_READ_ICCID, STEP_SELECT
#define SIG BYTES_OF(answer)

/* No check here, so any 64 bytes are a signature. */
static const uint8_t answer[66] = {0x33, 0x40, 1, 2, 3};

static status sign(struct rig *r)
{
	struct container key = {.kind = CONTAINER_PRIVATE_KEY,
				.id = {0x01},
				.id_len = 1,
				.activated = true,
				.functions = 0xFF,
				.key_type = KEY_P256};
	uint8_t digest[32], sig[SIGNATURE_MAX] = {0};
	struct card_sign_request rq = {.key = &key,
				       .sig = CARD_SIG_ECDSA,
				       .hash = HASH_SHA256,
				       .digest = BYTES_OF(digest)};
	size_t n = 0;
	status st;

	unhex(D32, digest, sizeof(digest));
	st = card_sign(r->c, &rq, sig, &n, soon());
	if (st == ST_OK) {
		assert_int_equal(n, 64);
		assert_memory_equal(sig, answer + 2, 64);
	}
	fake_done();
	return st;
}

static void warm(void)
{
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
}

/* Busy, in the three words that cards use: close, INIT again. */
static void test_close_helps(void **state)
{
	static const char *const words[] = {"6A86", "6989", "6985"};
	struct rig *r = *state;

	for (size_t i = 0; i < 3; i++) {
		rig_new_process(r);
		warm();
		FAKE_PLAY({INIT, words[i]}, {CLOSE, i == 1 ? "6985" : "9000"}, {INIT, "9000"},
			  {UPDATE, "9000", SIG});
		assert_int_equal(sign(r), ST_OK);
	}
}

/* A card that wants a close after each signature: learned after two, from signatures that this
 * process ended itself. */
static void test_close_learned(void **state)
{
	struct rig *r = *state;

	warm();
	FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", SIG});
	assert_int_equal(sign(r), ST_OK);
	FAKE_PLAY({INIT, "6985"}, {CLOSE, "9000"}, {INIT, "9000"}, {UPDATE, "9000", SIG});
	assert_int_equal(sign(r), ST_OK);
	FAKE_PLAY({INIT, "6985"}, {CLOSE, "9000"}, {INIT, "9000"}, {UPDATE, "9000", SIG},
		  {CLOSE, "9000"});
	assert_int_equal(sign(r), ST_OK);
	FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", SIG}, {CLOSE, "9000"});
	assert_int_equal(sign(r), ST_OK);
}

/* A session that another process left behind teaches nothing. */
static void test_close_not_learned_from_others(void **state)
{
	struct rig *r = *state;

	warm();
	FAKE_PLAY({INIT, "6A86"}, {CLOSE, "9000"}, {INIT, "9000"}, {UPDATE, "9000", SIG});
	assert_int_equal(sign(r), ST_OK);
	for (int i = 0; i < 3; i++) {
		FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", SIG});
		assert_int_equal(sign(r), ST_OK);
	}
}

/* Close does not help on a channel that was taken over: SELECT again, then all of §9.2: end the old
 * operation over a constant, in both modes, close, INIT. */
static void test_cira(void **state)
{
	warm();
	FAKE_PLAY({INIT, "6A86"}, {CLOSE, "9000"}, {INIT, "6A86"}, AGAIN, {INIT, "6A86"},
		  {CLOSE, "9000"}, {INIT, "6A86"}, {DUMMY, "9000", SIG}, {CLOSE, "9000"},
		  {INIT, "9000"}, {UPDATE, "9000", SIG});
	assert_int_equal(sign(*state), ST_OK);
	rig_new_process(*state);
	FAKE_PLAY({INIT, "6A86"}, {CLOSE, "9000"}, {INIT, "6A86"}, AGAIN, {INIT, "6A86"},
		  {CLOSE, "9000"}, {INIT, "6A86"}, {DUMMY, "6985"}, {DUMMY_TEXT, "9000", SIG},
		  {CLOSE, "9000"}, {INIT, "9000"}, {UPDATE, "9000", SIG});
	assert_int_equal(sign(*state), ST_OK);
}

/* Then the other session number, which is kept. */
static void test_other_session(void **state)
{
	struct rig *r = *state;

	FAKE_PLAY(STEPS_OPENING, {INIT, "6989"}, {CLOSE, "6A86"}, {INIT, "6989"}, {DUMMY, "6985"},
		  {DUMMY_TEXT, "6985"}, {CLOSE, "6A86"}, {INIT, "6989"}, {INIT_ON("00"), "9000"},
		  {UPDATE_ON("00"), "9000", SIG});
	assert_int_equal(sign(r), ST_OK);
	FAKE_PLAY({INIT_ON("00"), "9000"}, {UPDATE_ON("00"), "9000", SIG});
	assert_int_equal(sign(r), ST_OK);
}

/* A key that the card simply refuses: an end, the first word, and the session number as before. */
static void test_refused(void **state)
{
	struct rig *r = *state;

	FAKE_PLAY(STEPS_OPENING, {INIT, "6985"}, {CLOSE, "9000"}, {INIT, "6985"}, {DUMMY, "6985"},
		  {DUMMY_TEXT, "6985"}, {CLOSE, "9000"}, {INIT, "6A86"}, {INIT_ON("00"), "6A86"});
	assert_int_equal(sign(r), ST_SW_CONDITIONS);
	FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", SIG});
	assert_int_equal(sign(r), ST_OK);
}

static void test_no_such_key(void **state)
{
	struct rig *r = *state;

	FAKE_PLAY(STEPS_OPENING, {INIT, "6A82"});
	assert_int_equal(sign(r), ST_SW_NOT_FOUND);
	assert_int_equal(card_last_sw(r->c), 0x6A82);
}

/* 6984: locked by remote administration: the whole operation again, a little later. */
static void test_locked(void **state)
{
	warm();
	FAKE_PLAY({INIT, "6984"}, {INIT, "9000"}, {UPDATE, "6984"}, {INIT, "6985"}, {CLOSE, "9000"},
		  {INIT, "9000"}, {UPDATE, "9000", SIG});
	assert_int_equal(sign(*state), ST_OK);
}

static void test_locked_until_the_deadline(void **state)
{
	struct rig *r = *state;
	struct step s[7];

	for (size_t i = 0; i < 7; i++)
		s[i] = (struct step){.cmd = INIT, .reply = "6984"};
	warm();
	fake_play(s, 7);
	assert_int_equal(sign(r), ST_SW_LOCKED);
}

/* 6985 to UPDATE: close, INIT, UPDATE once more. */
static void test_update_refused(void **state)
{
	struct rig *r = *state;

	FAKE_PLAY(STEPS_OPENING, {INIT, "9000"}, {UPDATE, "6985"}, {CLOSE, "9000"}, {INIT, "9000"},
		  {UPDATE, "9000", SIG});
	assert_int_equal(sign(r), ST_OK);
	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY(STEPS_OPENING, {INIT, "9000"}, {UPDATE, "6985"}, {CLOSE, "9000"}, {INIT, "9000"},
		  {UPDATE, "6985"}, {CLOSE, "9000"});
	assert_int_equal(sign(r), ST_SW_CONDITIONS);
}

/* Any other refusal of UPDATE: no session is left open behind it. */
static void test_update_refused_closes(void **state)
{
	FAKE_PLAY(STEPS_OPENING, {INIT, "9000"}, {UPDATE, "6A80"}, {CLOSE, "9000"});
	assert_int_equal(sign(*state), ST_SW_DATA);
}

/* UPDATE is never sent twice on one INIT, whatever the link does. */
static void test_no_blind_repeat(void **state)
{
	struct rig *r = *state;

	warm();
	FAKE_PLAY({INIT, "9000"}, {.cmd = UPDATE, .st = ST_IO}, {INIT, "6A86"}, {CLOSE, "9000"},
		  {INIT, "9000"}, {UPDATE, "61 42"}, {"81 C0 00 00 42", "6F00"}, {INIT, "9000"},
		  {UPDATE, "9000", SIG});
	assert_int_equal(sign(r), ST_OK);
	FAKE_PLAY({INIT, "9000"}, {.cmd = UPDATE, .st = ST_TIMEOUT});
	assert_int_equal(sign(r), ST_TIMEOUT);
}

/* The channel is lost between INIT and UPDATE. */
static void test_lost_in_between(void **state)
{
	warm();
	FAKE_PLAY({INIT, "9000"}, {UPDATE, "6881"}, STEPS_OPENING, {INIT, "9000"},
		  {UPDATE, "9000", SIG});
	assert_int_equal(sign(*state), ST_OK);
}

/* A timeout in the recovery ends it. */
static void test_timeout_in_recovery(void **state)
{
	struct rig *r = *state;

	warm();
	FAKE_PLAY({INIT, "6A86"}, {.cmd = CLOSE, .st = ST_TIMEOUT});
	assert_int_equal(sign(r), ST_TIMEOUT);
	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY(STEPS_OPENING, {INIT, "6A86"}, {CLOSE, "9000"}, {INIT, "6A86"},
		  {.cmd = DUMMY, .st = ST_TIMEOUT});
	assert_int_equal(sign(r), ST_TIMEOUT);
}

/* A card that refuses everything for ever, in each word: an end, and not late. */
static status refuse(void *ctx, struct bytes cmd, struct wtr *reply)
{
	(void)cmd;
	wtr_u16be(reply, *(const uint16_t *)ctx);
	return ST_OK;
}

static void test_every_word(void **state)
{
	static uint16_t words[] = {0x6100, 0x6200, 0x6300, 0x63C0, 0x63CF, 0x6400, 0x6581, 0x6700,
				   0x6881, 0x6882, 0x6900, 0x6981, 0x6982, 0x6983, 0x6985, 0x6988,
				   0x6989, 0x6999, 0x6A80, 0x6A81, 0x6A82, 0x6A84, 0x6A86, 0x6A88,
				   0x6B00, 0x6C00, 0x6CFF, 0x6D00, 0x6D01, 0x6E00, 0x6F00, 0x9000,
				   0x91FF, 0x9F10, 0x0000, 0xFFFF, 0x6000};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		rig_new_process(r);
		warm();
		fake.answer = refuse;
		fake.ctx = &words[i];
		fake.apdus = 0;
		if (words[i] != 0x6881 && words[i] != 0x6A81 && words[i] != 0x6A84 &&
		    words[i] != 0x6A86) /* these wait for a free channel when all is refused */
			assert_int_not_equal(sign(r), ST_OK);
		assert_true(fake.apdus < 300);
		fake_done();
		/* and the next operation with a healthy card works */
		fake.answer = NULL;
		rig_new_process(r);
		warm();
		FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", SIG});
		assert_int_equal(sign(r), ST_OK);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(close_helps),
		T(close_learned),
		T(close_not_learned_from_others),
		T(cira),
		T(other_session),
		T(refused),
		T(no_such_key),
		T(locked),
		T(locked_until_the_deadline),
		T(update_refused),
		T(update_refused_closes),
		T(no_blind_repeat),
		T(lost_in_between),
		T(timeout_in_recovery),
		T(every_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
