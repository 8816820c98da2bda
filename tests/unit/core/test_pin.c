/* SPDX-License-Identifier: Apache-2.0 */
/* The UICC's PINs: the counter and VERIFY: what is asked and sent where, each status word, and that
 * a PIN is sent once at most (card_pin.h; TS 102 221 §11.1.9). */
#include "pin_steps.h"

#include "mem.h"

static status query(struct rig *r, struct card_pin *ret)
{
	status st;

	*ret = untouched;
	st = card_pin_query(r->c, PIN_REF_APPLICATION, ret, soon());
	fake_done();
	return st;
}

static status verify(struct rig *r, struct card_pin *ret)
{
	status st;

	*ret = untouched;
	st = card_pin_verify(r->c, PIN_REF_APPLICATION, pin_1234, ret, soon());
	fake_done();
	return st;
}

/* --- the counter --- */

static void test_query(void **state)
{
	static const struct {
		const char *sw;
		int state, tries;
	} rows[] = {
		{"9000", CARD_PIN_VERIFIED, -1}, {"9105", CARD_PIN_VERIFIED, -1},
		{"63C3", CARD_PIN_WANTED, 3},	 {"63C2", CARD_PIN_WANTED, 2},
		{"63C1", CARD_PIN_WANTED, 1},	 {"63C0", CARD_PIN_BLOCKED, 0},
		{"6983", CARD_PIN_BLOCKED, 0},	 {"6984", CARD_PIN_DISABLED, -1},
		{"63CF", CARD_PIN_WANTED, 15}, /* and not the end of remote administration */
	};
	struct rig *r = *state;
	uint64_t epoch;
	struct card_pin pin;

	on_channel();
	FAKE_PLAY({QUERY, "63C3"});
	assert_int_equal(query(r, &pin), ST_OK);
	epoch = card_epoch(r->c);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		FAKE_PLAY({QUERY, rows[i].sw});
		assert_int_equal(query(r, &pin), ST_OK);
		expect_pin(&pin, rows[i].state, rows[i].tries);
	}
	assert_int_equal(card_epoch(r->c), epoch);
	assert_int_equal(pins_sent(), 0);
}

/* 6700: five bytes, from then on; cards that want a PIN in any case do not tell the tries. */
static void test_query_le(void **state)
{
	struct rig *r = *state;
	struct card_pin pin;

	on_channel();
	FAKE_PLAY({QUERY, "6700"}, {QUERY_LE, "63C3"});
	assert_int_equal(query(r, &pin), ST_OK);
	expect_pin(&pin, CARD_PIN_WANTED, 3);
	FAKE_PLAY({QUERY_LE, "63C2"});
	assert_int_equal(query(r, &pin), ST_OK);
	expect_pin(&pin, CARD_PIN_WANTED, 2);

	rig_new_process(r);
	FAKE_PLAY({QUERY, "6700"}, {QUERY_LE, "6700"});
	assert_int_equal(query(r, &pin), ST_OK);
	expect_pin(&pin, CARD_PIN_WANTED, -1);
	FAKE_PLAY(STEP_PROBE, {QUERY, "6700"}, {QUERY_LE, "6700"}, {VERIFY, "9000"});
	assert_int_equal(verify(r, &pin), ST_OK);

	/* T=0 has no four bytes */
	rig_new_process(r);
	fake.traits = TRANSPORT_T0;
	FAKE_PLAY({QUERY_LE, "63C1"});
	assert_int_equal(query(r, &pin), ST_OK);
	expect_pin(&pin, CARD_PIN_WANTED, 1);
}

/* Where the applet does not know INS 20: at the MF, which is remembered, and back. */
static void test_query_at_mf(void **state)
{
	static const char *const words[] = {"6D00", "6E00", "6A86", "6A88", "6985"};
	struct rig *r = *state;
	struct card_pin pin;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		fake.has_record = false;
		rig_new_process(r);
		FAKE_PLAY(STEPS_OPENING, {QUERY, words[i]}, STEP_MF, {QUERY, "63C3"}, STEP_SELECT);
		assert_int_equal(query(r, &pin), ST_OK);
		expect_pin(&pin, CARD_PIN_WANTED, 3);
		FAKE_PLAY(STEP_MF, {QUERY, "9000"}, STEP_SELECT);
		assert_int_equal(query(r, &pin), ST_OK);
		expect_pin(&pin, CARD_PIN_VERIFIED, -1);
		FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, "63C2"}, {VERIFY, "9000"}, STEP_SELECT);
		assert_int_equal(verify(r, &pin), ST_OK);
		expect_pin(&pin, CARD_PIN_VERIFIED, -1);
		assert_int_equal(fake.record.aid_len, 7);
	}
}

/* A refusal on a channel that was taken over may come from whatever is selected there. */
static void test_query_after_take_over(void **state)
{
	struct rig *r = *state;
	struct card_pin pin;

	on_channel();
	FAKE_PLAY(STEP_PROBE, {QUERY, "6A88"}, {"01 A4 08 0C 02 2FE2", "9000"}, STEP_READ_ICCID,
		  STEP_SELECT, {QUERY, "63C3"}, {VERIFY, "9000"});
	assert_int_equal(verify(r, &pin), ST_OK);
	FAKE_PLAY({QUERY, "63C3"});
	assert_int_equal(query(r, &pin), ST_OK);
	assert_int_equal(pins_sent(), 1);
}

static void test_absent(void **state)
{
	struct rig *r = *state;
	struct card_pin pin;

	FAKE_PLAY(STEPS_OPENING, {QUERY, "6A88"}, STEP_MF, {QUERY, "6A88"}, STEP_SELECT);
	assert_int_equal(query(r, &pin), ST_OK);
	expect_pin(&pin, CARD_PIN_ABSENT, -1);
	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY(STEPS_OPENING, {QUERY, "6D00"}, STEP_MF, {QUERY, "6A88"}, STEP_SELECT);
	assert_int_equal(verify(r, &pin), ST_SW_NOT_FOUND);
	expect_pin(&pin, CARD_PIN_ABSENT, 77);
	/* nowhere at all: the card's last word is the answer */
	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY(STEPS_OPENING, {QUERY, "6D00"}, STEP_MF, {QUERY, "6D00"}, STEP_SELECT);
	assert_int_equal(query(r, &pin), ST_SW_INS);
	expect_pin(&pin, CARD_PIN_ABSENT, 77);
	assert_int_equal(pins_sent(), 0);
}

/* --- one PIN --- */

/* The answer to VERIFY: what it means, and that it was the only one. */
static void test_verify_words(void **state)
{
	static const struct {
		const char *sw;
		status st;
		int state, tries;
	} rows[] = {
		{"9000", ST_OK, CARD_PIN_VERIFIED, -1},
		{"9110", ST_OK, CARD_PIN_VERIFIED, -1},
		{"63C2", ST_PIN_WRONG, CARD_PIN_WANTED, 2},
		{"63C1", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77}, /* the answer after three is two */
		{"63C3", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"63CF", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"63C0", ST_PIN_LOCKED, CARD_PIN_BLOCKED, 0},
		{"6983", ST_PIN_LOCKED, CARD_PIN_BLOCKED, 0},
		{"6984", ST_OK, CARD_PIN_DISABLED, -1},
		/* refused, and not counted */
		{"6700", ST_SW_LENGTH, CARD_PIN_ABSENT, 77},
		{"6C08", ST_SW_LENGTH, CARD_PIN_ABSENT, 77},
		{"6985", ST_SW_CONDITIONS, CARD_PIN_ABSENT, 77},
		{"6A86", ST_SW_PARAMS, CARD_PIN_ABSENT, 77},
		{"6A88", ST_SW_NOT_FOUND, CARD_PIN_ABSENT, 77},
		{"6D00", ST_SW_INS, CARD_PIN_ABSENT, 77},
		{"6E00", ST_SW_CLASS, CARD_PIN_ABSENT, 77},
		/* nobody knows */
		{"6100", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"6108", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"9F04", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"6200", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"6300", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"6400", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"6581", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"6881", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"6982", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"6F00", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"9300", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"9804", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"0000", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
		{"01 9000", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77}, /* another command's answer */
	};
	struct rig *r = *state;
	struct card_pin pin;

	on_channel();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		FAKE_PLAY(STEP_PROBE, {QUERY, "63C3"}, {VERIFY, rows[i].sw});
		fake.apdus = 0;
		assert_int_equal(verify(r, &pin), rows[i].st);
		expect_pin(&pin, rows[i].state, rows[i].tries);
		assert_int_equal(pins_sent(), 1);
	}
}

/* And where no answer comes. */
static void test_verify_lost(void **state)
{
	struct rig *r = *state;
	struct card_pin pin;

	for (size_t i = 0; i < ARRAY_LEN(losses); i++) {
		rig_new_process(r);
		on_channel();
		fake.apdus = 0;
		FAKE_PLAY(STEP_PROBE, {QUERY, "63C3"}, {VERIFY, .st = losses[i]});
		assert_int_equal(verify(r, &pin), ST_PIN_UNSURE);
		expect_pin(&pin, CARD_PIN_ABSENT, 77);
		assert_int_equal(pins_sent(), 1);
		/* the same at the MF, and back in any case */
		fake.has_record = false;
		rig_new_process(r);
		FAKE_PLAY(STEPS_OPENING, {QUERY, "6D00"}, STEP_MF, {QUERY, "63C3"},
			  {VERIFY, .st = losses[i]}, STEP_SELECT);
		assert_int_equal(verify(r, &pin), ST_PIN_UNSURE);
		assert_int_equal(pins_sent(), 2);
		assert_int_equal(fake.record.aid_len, 7);
		/* an answer of one byte, or none */
		rig_new_process(r);
		on_channel();
		FAKE_PLAY(STEP_PROBE, {QUERY, "63C3"}, {VERIFY, i % 2 ? "90" : ""});
		assert_int_equal(verify(r, &pin), ST_PIN_UNSURE);
		assert_int_equal(pins_sent(), 3);
	}
}

/* What fails before is put right as ever. */
static void test_query_lost(void **state)
{
	struct rig *r = *state;
	struct card_pin pin;

	on_channel();
	FAKE_PLAY(STEP_PROBE, {QUERY, .st = ST_IO}, STEP_PROBE, {QUERY, .st = ST_DESYNC},
		  STEP_PROBE, {QUERY, "63C3"}, {VERIFY, "9000"});
	assert_int_equal(verify(r, &pin), ST_OK);
	FAKE_PLAY(STEP_PROBE, {QUERY, "6881"}, STEPS_OPENING, {QUERY, "63C3"}, {VERIFY, "63C2"});
	assert_int_equal(verify(r, &pin), ST_PIN_WRONG);
	FAKE_PLAY(STEP_PROBE, {QUERY, "9300"}, STEP_PROBE, {QUERY, "63C3"}, {VERIFY, "9000"});
	assert_int_equal(verify(r, &pin), ST_OK);
	assert_int_equal(pins_sent(), 3);
	FAKE_PLAY(STEP_PROBE, {QUERY, .st = ST_TIMEOUT});
	assert_int_equal(verify(r, &pin), ST_TIMEOUT);
	FAKE_PLAY(STEP_PROBE, {QUERY, .st = ST_IO}, STEP_PROBE, {QUERY, .st = ST_IO}, STEP_PROBE,
		  {QUERY, .st = ST_IO});
	assert_int_equal(verify(r, &pin), ST_IO);
	assert_int_equal(pins_sent(), 3);
}

/* The time is over before the PIN: it stays here. */
static status slow_answer(void *ctx, struct bytes cmd, struct wtr *reply)
{
	(void)ctx;
	if (cmd.p[1] == 0x20)
		deadline_sleep(DEADLINE_NEVER, 60);
	wtr_put(reply, cmd.p[1] == 0x20 ? BYTES_LIT("\x63\xC3") : BYTES_LIT("\xAA\x90\x00"));
	return ST_OK;
}

static void test_no_time(void **state)
{
	struct rig *r = *state;
	struct card_pin pin = untouched;

	on_channel();
	fake.answer = slow_answer;
	assert_int_equal(card_pin_verify(r->c, 1, pin_1234, &pin, deadline_in_ms(50)), ST_TIMEOUT);
	expect_pin(&pin, CARD_PIN_ABSENT, 77);
	assert_int_equal(fake.apdus, 2);
	assert_int_equal(pins_sent(), 0);
}

/* Another SIM took the place of the one that was shown, and its modem the number of our channel: a
 * query is answered there, but no applet of ours. The PIN is not for that SIM. */
static void test_other_sim(void **state)
{
	struct rig *r = *state;
	struct card_pin pin;
	struct step gone[] = {{"81 84 00 00 01", "6D00"},
			      {"01 A4 08 0C 02 2FE2", "9000"},
			      {"01 B0 00 00 0A", "98881021436587092114 9000"}};

	for (int i = 0; i < 3; i++) {
		rig_new_process(r);
		on_channel();
		FAKE_PLAY({QUERY, "63C3"});
		assert_int_equal(query(r, &pin), ST_OK);
		FAKE_PLAY(STEP_PROBE, {QUERY, "63C3"}, {VERIFY, "9000"});
		assert_int_equal(verify(r, &pin), ST_OK);
		fake.apdus = 0;
		fake_play(gone, ARRAY_LEN(gone));
		pin = untouched;
		assert_int_equal(i == 0 ? card_pin_verify(r->c, 1, pin_1234, &pin, soon())
				 : i == 1
					 ? card_pin_change(r->c, 1, pin_1234, pin_new, &pin, soon())
					 : card_pin_unblock(r->c, 1, puk, pin_new, &pin, soon()),
				 ST_CARD_CHANGED);
		fake_done();
		assert_int_equal(pins_sent(), 0);
	}
}

/* Where the counter says that a PIN cannot help, it is not sent. */
static void test_needless(void **state)
{
	struct rig *r = *state;
	struct card_pin pin;

	on_channel();
	FAKE_PLAY(STEP_PROBE, {QUERY, "6983"});
	assert_int_equal(verify(r, &pin), ST_PIN_LOCKED);
	expect_pin(&pin, CARD_PIN_BLOCKED, 0);
	FAKE_PLAY(STEP_PROBE, {QUERY, "63C0"});
	assert_int_equal(verify(r, &pin), ST_PIN_LOCKED);
	FAKE_PLAY(STEP_PROBE, {QUERY, "6984"});
	assert_int_equal(verify(r, &pin), ST_OK);
	expect_pin(&pin, CARD_PIN_DISABLED, -1);
	assert_int_equal(pins_sent(), 0);
	/* a card with sixteen, and one that does not tell */
	FAKE_PLAY(STEP_PROBE, {QUERY, "63CF"}, {VERIFY, "63CE"});
	assert_int_equal(verify(r, &pin), ST_PIN_WRONG);
	expect_pin(&pin, CARD_PIN_WANTED, 14);
	/* verified already is no reason: the caller wants to know whether this PIN is right */
	FAKE_PLAY(STEP_PROBE, {QUERY, "9000"}, {VERIFY, "63C2"});
	assert_int_equal(verify(r, &pin), ST_PIN_WRONG);
	expect_pin(&pin, CARD_PIN_WANTED, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(query),   T(query_le),     T(query_at_mf), T(query_after_take_over),
		T(absent),  T(verify_words), T(verify_lost), T(query_lost),
		T(no_time), T(needless),     T(other_sim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
