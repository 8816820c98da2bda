/* SPDX-License-Identifier: Apache-2.0 */
/* CHANGE PIN and UNBLOCK PIN at the MF, references and lengths, and what a trace may show
 * (card_pin.h; TS 102 221 §11.1.10, §11.1.13). */
#include "pin_steps.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "commands.h"
#include "log.h"
#include "mem.h"

/* --- CHANGE and UNBLOCK --- */

static status change(struct rig *r, struct card_pin *ret)
{
	status st;

	*ret = untouched;
	st = card_pin_change(r->c, PIN_REF_APPLICATION, pin_1234, pin_new, ret, soon());
	fake_done();
	return st;
}

static status unblock(struct rig *r, struct card_pin *ret)
{
	status st;

	*ret = untouched;
	st = card_pin_unblock(r->c, PIN_REF_APPLICATION, puk, pin_1234, ret, soon());
	fake_done();
	return st;
}

static void test_change_words(void **state)
{
	static const struct {
		const char *sw;
		status st;
		int state, tries;
	} rows[] = {
		{"9000", ST_OK, CARD_PIN_VERIFIED, -1},
		{"63C2", ST_PIN_WRONG, CARD_PIN_WANTED, 2},
		{"63C0", ST_PIN_LOCKED, CARD_PIN_BLOCKED, 0},
		{"6983", ST_PIN_LOCKED, CARD_PIN_BLOCKED, 0},
		{"6984", ST_SW_CONDITIONS, CARD_PIN_ABSENT, 77},
		{"6985", ST_SW_CONDITIONS, CARD_PIN_ABSENT, 77},
		{"6D00", ST_SW_INS, CARD_PIN_ABSENT, 77},
		{"6F00", ST_PIN_UNSURE, CARD_PIN_ABSENT, 77},
	};
	struct rig *r = *state;
	struct card_pin pin;

	on_channel();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fake.apdus = 0;
		FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, "63C3"}, {CHANGE, rows[i].sw}, STEP_SELECT);
		assert_int_equal(change(r, &pin), rows[i].st);
		expect_pin(&pin, rows[i].state, rows[i].tries);
		/* a blocked PIN is what UNBLOCK is for; its own counter is the PUK's */
		FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, i % 2 ? "6983" : "63C3"},
			  {UNBLOCK, rows[i].sw}, STEP_SELECT);
		assert_int_equal(unblock(r, &pin), rows[i].st);
		expect_pin(&pin, rows[i].state, rows[i].tries);
		assert_int_equal(pins_sent(), 2);
		assert_int_equal(fake.record.aid_len, 7);
	}
	fake.apdus = 0;
	FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, "6983"}, STEP_SELECT);
	assert_int_equal(change(r, &pin), ST_PIN_LOCKED);
	expect_pin(&pin, CARD_PIN_BLOCKED, 0);
	FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, "6984"}, STEP_SELECT);
	assert_int_equal(change(r, &pin), ST_SW_CONDITIONS);
	FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, "6A88"}, STEP_SELECT);
	assert_int_equal(change(r, &pin), ST_SW_NOT_FOUND);
	FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, "6A88"}, STEP_SELECT);
	assert_int_equal(unblock(r, &pin), ST_SW_NOT_FOUND);
	FAKE_PLAY(STEP_PROBE, {"01 A4 00 0C 02 3F00", "6A82"}, STEP_SELECT);
	assert_int_equal(change(r, &pin), ST_SW_NOT_FOUND);
	assert_int_equal(pins_sent(), 0);
	/* VERIFY's place is not learned from them */
	FAKE_PLAY(STEP_PROBE, {QUERY, "63C3"}, {VERIFY, "9000"});
	assert_int_equal(card_pin_verify(r->c, PIN_REF_APPLICATION, pin_1234, &pin, soon()), ST_OK);
	fake_done();
}

static void test_change_lost(void **state)
{
	struct rig *r = *state;
	struct card_pin pin;

	for (size_t i = 0; i < ARRAY_LEN(losses); i++) {
		rig_new_process(r);
		on_channel();
		fake.apdus = 0;
		FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, "63C3"}, {CHANGE, .st = losses[i]},
			  STEP_SELECT);
		assert_int_equal(change(r, &pin), ST_PIN_UNSURE);
		FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, "63C3"}, {UNBLOCK, .st = losses[i]},
			  STEP_SELECT);
		assert_int_equal(unblock(r, &pin), ST_PIN_UNSURE);
		assert_int_equal(pins_sent(), 2);
		expect_pin(&pin, CARD_PIN_ABSENT, 77);
	}
}

/* --- arguments --- */

static void test_references(void **state)
{
	static const uint8_t refs[] = {PIN_REF_APPLICATION, PIN_REF_SECOND, PIN_REF_UNIVERSAL, 0x0A,
				       0x9F};
	struct rig *r = *state;
	struct card_pin pin;
	char ask[32], say[64], both[96], back[96];

	on_channel();
	for (size_t i = 0; i < ARRAY_LEN(refs); i++) {
		snprintf(ask, sizeof(ask), "01 20 00 %02X", refs[i]);
		snprintf(say, sizeof(say), "01 20 00 %02X 08 31323334FFFFFFFF", refs[i]);
		snprintf(both, sizeof(both), "01 24 00 %02X 10 31323334FFFFFFFF 353637383930FFFF",
			 refs[i]);
		snprintf(back, sizeof(back), "01 2C 00 %02X 10 3837363534333231 31323334FFFFFFFF",
			 refs[i]);
		FAKE_PLAY(STEP_PROBE, {ask, "63C3"}, {say, "9000"});
		assert_int_equal(card_pin_verify(r->c, refs[i], pin_1234, &pin, soon()), ST_OK);
		FAKE_PLAY(STEP_PROBE, STEP_MF, {ask, "63C3"}, {both, "9000"}, STEP_SELECT);
		assert_int_equal(card_pin_change(r->c, refs[i], pin_1234, pin_new, &pin, soon()),
				 ST_OK);
		FAKE_PLAY(STEP_PROBE, STEP_MF, {ask, "63C3"}, {back, "9000"}, STEP_SELECT);
		assert_int_equal(card_pin_unblock(r->c, refs[i], puk, pin_1234, &pin, soon()),
				 ST_OK);
	}
	fake_done();
}

static void test_lengths(void **state)
{
	static const size_t bad[] = {0, 1, 3, 9, 16, 255};
	static const uint8_t digits[256] = {'1', '2', '3'};
	struct rig *r = *state;
	struct card_pin pin = untouched;

	on_channel();
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct bytes odd = bytes_of(bad[i] ? digits : NULL, bad[i]);

		assert_int_equal(card_pin_verify(r->c, 1, odd, &pin, soon()), ST_ARG);
		assert_int_equal(card_pin_change(r->c, 1, odd, pin_new, &pin, soon()), ST_ARG);
		assert_int_equal(card_pin_change(r->c, 1, pin_1234, odd, &pin, soon()), ST_ARG);
		assert_int_equal(card_pin_unblock(r->c, 1, odd, pin_new, &pin, soon()), ST_ARG);
		assert_int_equal(card_pin_unblock(r->c, 1, puk, odd, &pin, soon()), ST_ARG);
	}
	assert_int_equal(card_pin_unblock(r->c, 1, bytes_of(digits, 7), pin_new, &pin, soon()),
			 ST_ARG);
	/* no PIN is known: none is asked for */
	assert_int_equal(card_pin_query(r->c, 0, &pin, soon()), ST_ARG);
	assert_int_equal(card_pin_verify(r->c, 0, pin_1234, &pin, soon()), ST_ARG);
	assert_int_equal(card_pin_change(r->c, 0, pin_1234, pin_new, &pin, soon()), ST_ARG);
	assert_int_equal(card_pin_unblock(r->c, 0, puk, pin_new, &pin, soon()), ST_ARG);
	expect_pin(&pin, CARD_PIN_ABSENT, 77);
	assert_int_equal(fake.enters, 0);
	assert_int_equal(fake.apdus, 0);
	/* the ends of what is allowed */
	FAKE_PLAY(STEP_PROBE, {QUERY, "63C3"}, {"01 20 00 01 08 3132333435363738", "9000"});
	assert_int_equal(card_pin_verify(r->c, 1, bytes_of("12345678", 8), &pin, soon()), ST_OK);
	fake_done();
}

/* --- the trace --- */

static void test_masked(void **state)
{
	struct rig *r = *state;
	struct card_pin pin;
	char text[16384];
	int log = memfd_create("log", MFD_CLOEXEC), err = dup(STDERR_FILENO);
	ssize_t n;
	status st[4];

	assert_true(log >= 0 && err >= 0);
	on_channel();
	FAKE_PLAY(STEP_PROBE, {QUERY, "63C3"}, {VERIFY, "63C2"}, STEP_PROBE, {QUERY, "63C3"},
		  {VERIFY, .st = ST_IO}, STEP_PROBE, STEP_MF, {QUERY, "63C3"}, {CHANGE, "63C2"},
		  STEP_SELECT, STEP_PROBE, STEP_MF, {QUERY, "63C0"}, {UNBLOCK, "63C9"},
		  STEP_SELECT);
	dup2(log, STDERR_FILENO);
	log_set(LOG_LEVEL_TRACE, LOG_TO_STDERR);
	st[0] = card_pin_verify(r->c, 1, pin_1234, &pin, soon());
	st[1] = card_pin_verify(r->c, 1, pin_1234, &pin, soon());
	st[2] = card_pin_change(r->c, 1, pin_1234, pin_new, &pin, soon());
	st[3] = card_pin_unblock(r->c, 1, puk, pin_1234, &pin, soon());
	log_set(LOG_LEVEL_OFF, LOG_TO_STDERR);
	dup2(err, STDERR_FILENO);
	close(err);
	assert_int_equal(st[0], ST_PIN_WRONG);
	assert_int_equal(st[1], ST_PIN_UNSURE);
	assert_int_equal(st[2], ST_PIN_WRONG);
	assert_int_equal(st[3], ST_PIN_WRONG);
	fake_done();
	n = pread(log, text, sizeof(text) - 1, 0);
	close(log);
	assert_true(n > 0 && (size_t)n < sizeof(text) - 1);
	text[n] = '\0';
	assert_non_null(strstr(text, "UNBLOCK PIN"));
	assert_non_null(strstr(text, "63C9"));
	assert_null(strstr(text, "31323334"));
	assert_null(strstr(text, "35363738"));
	assert_null(strstr(text, "38373635"));
	assert_null(strstr(text, "1234"));
}

/* Every command of PINs that carries one is marked: sent once, and not shown. */
static void test_table(void **state)
{
	unsigned marked = 0;

	(void)state;
	for (int id = 0; id < CMD_COUNT; id++) {
		const struct command *row = command_get((enum command_id)id);
		bool of_pins = row->class_kind == CLASS_ISO &&
			       (row->ins == 0x20 || row->ins == 0x24 || row->ins == 0x26 ||
				row->ins == 0x28 || row->ins == 0x2C);
		bool carries = row->apdu_case == APDU_CASE_3 || row->apdu_case == APDU_CASE_4;

		assert_int_equal(of_pins, (row->flags & COMMAND_PIN) != 0);
		assert_int_equal(of_pins && carries, (row->flags & COMMAND_ONCE) != 0);
		if (of_pins && carries)
			assert_int_equal(row->clear_out, CLEAR_HEADER);
		marked += of_pins && carries;
	}
	assert_int_equal(marked, 3);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(change_words), T(change_lost), T(references), T(lengths), T(masked), T(table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
