/* SPDX-License-Identifier: Apache-2.0 */
/* One command: class byte, Le, GET RESPONSE, wrong Le and what is learned on the way
 * (iotsafe-protocol.md §4.3, §4.4, §17.1). */
#include "fake.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"

#define BYTES_8 "0102030405060708"

/* Takes over channel 1, so that a test's steps are its own command only. */
static void on_channel(uint8_t number, uint8_t cla_base)
{
	fake_record(number, cla_base, AID_GSMA, ICCID_TEXT);
}

static status random8(struct rig *r, uint8_t out[8])
{
	return card_random(r->c, out, 8, soon());
}

static void expect_random(struct rig *r)
{
	uint8_t out[8] = {0}, want[8];

	unhex(BYTES_8, want, sizeof(want));
	assert_int_equal(random8(r, out), ST_OK);
	assert_memory_equal(out, want, 8);
	fake_done();
}

static void test_class_8n(void **state)
{
	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 08", BYTES_8 "9000"});
	expect_random(*state);
}

/* 6E00 to the first applet command: the other class, remembered. */
static void test_class_learned(void **state)
{
	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 08", "6E00"}, {"01 84 00 00 08", BYTES_8 "9000"});
	expect_random(*state);
	FAKE_PLAY({"01 84 00 00 08", BYTES_8 "9000"});
	expect_random(*state);
}

static void test_class_learned_from_6d00(void **state)
{
	on_channel(1, 0x00);
	FAKE_PLAY({"01 84 00 00 08", "6D00"}, {"81 84 00 00 08", BYTES_8 "9000"});
	expect_random(*state);
}

/* What one process learned is in the record, so that the next one starts right. */
static void test_class_is_recorded(void **state)
{
	struct rig *r = *state;

	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 08", "6E00"}, {"01 84 00 00 08", BYTES_8 "9000"});
	expect_random(r);
	assert_int_equal(fake.record.cla_base, 0x00);
	rig_new_process(r);
	FAKE_PLAY({"01 84 00 00 08", BYTES_8 "9000"});
	expect_random(r);
}

/* A record that is wrong about the class does not stop the next process. */
static void test_class_record_is_only_a_hint(void **state)
{
	on_channel(1, 0x00);
	FAKE_PLAY({"01 84 00 00 08", "6E00"}, {"81 84 00 00 08", BYTES_8 "9000"});
	expect_random(*state);
}

/* A command that the card lacks teaches nothing about the class: the next one starts where this one
 * started (a card with class 8n only and without GET DATA). */
static void test_unknown_command_keeps_the_class(void **state)
{
	struct rig *r = *state;
	const struct catalog *cat;

	FAKE_PLAY(STEPS_OPENING, {"81 CB 01 00 00", "6D00"}, {"01 CB 01 00 00", "6E00"},
		  {"81 84 00 00 01", "55 9000"}, {"81 84 00 00 08", BYTES_8 "9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	assert_int_equal(cat->count, 0);
	expect_random(r);
}

static void test_class_configured(void **state)
{
	struct rig *r = *state;
	uint8_t out[8];

	r->conf.cla_base = 0x00;
	rig_new_process(r);
	FAKE_PLAY(STEPS_OPENING, {"01 84 00 00 08", "6E00"});
	assert_int_equal(random8(r, out), ST_SW_CLASS);
	fake_done();
}

/* ISO 7816-4: channels from 4 on have their own class coding. */
static void test_high_channels(void **state)
{
	struct rig *r = *state;

	on_channel(4, 0x80);
	FAKE_PLAY({"C0 84 00 00 08", "61 08"}, {"C0 C0 00 00 08", BYTES_8 "9000"});
	expect_random(r);
	rig_new_process(r);
	on_channel(19, 0x00);
	FAKE_PLAY({"4F 84 00 00 08", BYTES_8 "9000"});
	expect_random(r);
}

static void test_get_response(void **state)
{
	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 08", "61 08"}, {"81 C0 00 00 08", BYTES_8 "9000"});
	expect_random(*state);
}

static void test_get_response_in_pieces(void **state)
{
	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 08", "0102 61 04"}, {"81 C0 00 00 04", "03040506 61 02"},
		  {"81 C0 00 00 02", "0708 9000"});
	expect_random(*state);
}

/* 9Fxx is the old word for 61xx; 6Cxx corrects a GET RESPONSE. */
static void test_get_response_old_words(void **state)
{
	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 08", "9F 20"}, {"81 C0 00 00 20", "6C 08"},
		  {"81 C0 00 00 08", BYTES_8 "9000"});
	expect_random(*state);
}

/* Cards that take GET RESPONSE with Le=00 only, or in class 0n only. */
static void test_get_response_forms(void **state)
{
	struct rig *r = *state;

	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 08", "61 08"}, {"81 C0 00 00 08", "6700"},
		  {"81 C0 00 00 00", BYTES_8 "9000"}, {"81 84 00 00 08", "61 08"},
		  {"81 C0 00 00 08", "6E00"}, {"01 C0 00 00 08", BYTES_8 "9000"},
		  {"81 84 00 00 08", "61 08"}, {"81 C0 00 00 08", "6700"},
		  {"81 C0 00 00 00", "6C 08"}, {"81 C0 00 00 08", BYTES_8 "9000"});
	for (int i = 0; i < 3; i++) {
		uint8_t out[8];

		assert_int_equal(random8(r, out), ST_OK);
	}
	fake_done();
}

/* 6100 means 256 or more. */
static void test_get_response_256(void **state)
{
	struct rig *r = *state;
	uint8_t out[256], want[256];

	for (size_t i = 0; i < sizeof(want); i++)
		want[i] = (uint8_t)(i * 7);
	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 00", "61 00"}, {"81 C0 00 00 00", "9000", BYTES_OF(want)});
	assert_int_equal(card_random(r->c, out, sizeof(out), soon()), ST_OK);
	assert_memory_equal(out, want, sizeof(want));
	fake_done();
}

static status endless(void *ctx, struct bytes cmd, struct wtr *reply)
{
	const uint8_t *sw = ctx;

	(void)cmd;
	wtr_u8(reply, 0x55);
	wtr_put(reply, bytes_of(sw, 2));
	return ST_OK;
}

/* 61FF, 6Cxx, 9Fxx and 6300 for ever: an end after a bounded number of exchanges. */
static void test_loops_end(void **state)
{
	static const uint8_t words[][2] = {{0x61, 0xFF}, {0x6C, 0x10}, {0x9F, 0x01}, {0x63, 0x00}};
	struct rig *r = *state;
	const struct catalog *cat;

	for (size_t i = 0; i < 4; i++) {
		uint8_t word[2] = {words[i][0], words[i][1]};

		rig_new_process(r);
		fake.apdus = 0;
		fake.answer = endless;
		fake.ctx = word;
		on_channel(1, 0x80);
		(void)!card_catalog(r->c, &cat, soon());
		/* at most three runs, each with a list that is read twice */
		assert_true(fake.apdus <= 6 * (GET_RESPONSE_ROUNDS_MAX + LIST_PAGES_MAX + 4));
	}
	fake_done();
}

static status flood(void *ctx, struct bytes cmd, struct wtr *reply)
{
	(void)ctx;
	(void)cmd;
	wtr_fill(reply, 0x74, 256);
	wtr_u16be(reply, 0x6100);
	return ST_OK;
}

/* An answer that never ends does not write past our buffer. */
static void test_flood(void **state)
{
	struct rig *r = *state;
	uint8_t out[8] = {0}, untouched[8] = {0};

	fake.answer = flood;
	on_channel(1, 0x80);
	assert_int_equal(random8(r, out), ST_MALFORMED);
	assert_memory_equal(out, untouched, sizeof(out));
	fake_done();
}

static void test_wrong_le(void **state)
{
	struct rig *r = *state;

	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 08", "6C 04"}, {"81 84 00 00 04", "01020304 9000"},
		  {"81 84 00 00 04", "05060708 9000"});
	expect_random(r);
}

/* Two answers of 6Cxx in a row are no answer. */
static void test_wrong_le_twice(void **state)
{
	struct rig *r = *state;
	uint8_t out[8];
	struct step two[] = {{"81 84 00 00 08", "6C 04"}, {"81 84 00 00 04", "6C 02"}};
	struct step six[] = {two[0], two[1], two[0], two[1], two[0], two[1]};

	on_channel(1, 0x80);
	fake_play(six, 6);
	assert_int_equal(random8(r, out), ST_MALFORMED);
	fake_done();
}

static void test_successes(void **state)
{
	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 08", BYTES_8 "91 20"});
	expect_random(*state);
	FAKE_PLAY({"81 84 00 00 08", BYTES_8 "6300"});
	expect_random(*state);
	FAKE_PLAY({"81 84 00 00 08", BYTES_8 "6282"});
	expect_random(*state);
}

/* 63CF: success, but the object list may be another now. Views that were handed out stay valid. */
static void test_63cf_drops_the_list(void **state)
{
	struct rig *r = *state;
	const struct catalog *cat;
	uint64_t epoch;

	on_channel(1, 0x80);
	FAKE_PLAY({"81 CB 01 00 00", "83 01 01 9000"}, {"81 84 00 00 08", BYTES_8 "63CF"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	epoch = card_epoch(r->c);
	expect_random(r);
	assert_true(card_epoch(r->c) != epoch);
	assert_int_equal(cat->count, 1);
	assert_int_equal(cat->item[0].id[0], 0x01);
	FAKE_PLAY({"81 CB 01 00 00", "83 01 02 83 01 03 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	assert_int_equal(cat->count, 2);
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	fake_done();
}

static struct container file_01(void)
{
	return (struct container){.kind = CONTAINER_FILE,
				  .id = {0x01},
				  .id_len = 1,
				  .activated = true,
				  .access = 0xFF,
				  .size_known = true,
				  .size = 4};
}

static status read_file(struct rig *r, struct bytes want)
{
	struct container file = file_01();
	uint8_t out[64];
	struct wtr w = WTR_ON(out);
	status st = card_read_file(r->c, &file, &w, soon());

	if (st == ST_OK)
		assert_true(bytes_equal(wtr_bytes(&w), want));
	fake_done();
	return st;
}

/* 6700 toggles the trailing Le, once, and it is remembered when that helps. */
static void test_le_toggled(void **state)
{
	struct rig *r = *state;
	static const uint8_t want[] = {1, 2, 3, 4};

	on_channel(1, 0x80);
	FAKE_PLAY({"81 B0 00 00 03 830101 04", "6700"}, {"81 B0 00 00 03 830101", "01020304 9000"});
	assert_int_equal(read_file(r, BYTES_OF(want)), ST_OK);
	FAKE_PLAY({"81 B0 00 00 03 830101", "01020304 9000"});
	assert_int_equal(read_file(r, BYTES_OF(want)), ST_OK);
	/* 6Cxx asks for an Le that we had learned to leave out */
	FAKE_PLAY({"81 B0 00 00 03 830101", "6C 04"},
		  {"81 B0 00 00 03 830101 04", "01020304 9000"});
	assert_int_equal(read_file(r, BYTES_OF(want)), ST_OK);
}

/* A refusal of both forms leaves the quirk as it was. */
static void test_le_not_learned_from_refusal(void **state)
{
	struct rig *r = *state;
	static const uint8_t want[] = {1, 2, 3, 4};

	FAKE_PLAY(STEPS_OPENING, {"81 B0 00 00 03 830101 04", "6700"},
		  {"81 B0 00 00 03 830101", "6700"});
	assert_int_equal(read_file(r, BYTES_OF(want)), ST_SW_LENGTH);
	FAKE_PLAY({"81 B0 00 00 03 830101 04", "01020304 9000"});
	assert_int_equal(read_file(r, BYTES_OF(want)), ST_OK);
}

/* T=0: P3=00 behind case 1, no Le behind case 4. */
static void test_t0_forms(void **state)
{
	struct rig *r = *state;
	static const uint8_t want[] = {1, 2, 3, 4};

	fake.traits = TRANSPORT_T0;
	on_channel(1, 0x80);
	FAKE_PLAY({"81 B0 00 00 03 830101", "61 04"}, {"81 C0 00 00 04", "01020304 9000"});
	assert_int_equal(read_file(r, BYTES_OF(want)), ST_OK);
	/* closing a channel that nobody can share is case 1 */
	fake.can_share = false;
	rig_new_process(r);
	FAKE_PLAY(STEPS_OPENING, {"81 84 00 00 08", BYTES_8 "9000"}, {"00 70 80 01 00", "9000"});
	expect_random(r);
}

/* A GET RESPONSE that somebody else's command disturbed: the operation starts again. */
static void test_disturbed_fetch(void **state)
{
	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 08", "61 08"}, {"81 C0 00 00 08", "6F00"},
		  {"81 84 00 00 08", BYTES_8 "9000"});
	expect_random(*state);
}

/* Three disturbances are enough. */
static void test_disturbed_for_ever(void **state)
{
	struct rig *r = *state;
	uint8_t out[8];

	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 08", "61 08"}, {"81 C0 00 00 08", "6F00"},
		  {"81 84 00 00 08", "61 08"}, {"81 C0 00 00 08", "6A88"},
		  {"81 84 00 00 08", "61 08"}, {"81 C0 00 00 08", "6985"});
	assert_int_equal(random8(r, out), ST_DESYNC);
	fake_done();
}

/* A link that fails: what is repeated and what is not. */
static void test_link_failures(void **state)
{
	static const struct {
		status st;
		unsigned runs;
	} rows[] = {
		{ST_TIMEOUT, 1}, {ST_NO_DEVICE, 3}, {ST_NO_CARD, 1},   {ST_IO, 3},
		{ST_DESYNC, 3},	 {ST_TRUNCATED, 3}, {ST_CARD_GONE, 3},
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct step s = {.cmd = "81 84 00 00 08", .st = rows[i].st};
		struct step three[] = {s, s, s};
		uint8_t out[8];

		on_channel(1, 0x80);
		fake_play(three, rows[i].runs);
		assert_int_equal(random8(r, out), rows[i].st);
		fake_done();
	}
}

/* The answer of a random command stays nowhere in the card. */
static bool holds(const void *hay, size_t n, const void *needle, size_t m)
{
	return memmem(hay, n, needle, m) != NULL;
}

#include "card_impl.h"
static void test_random_is_wiped(void **state)
{
	struct rig *r = *state;
	uint8_t want[8], out[16];

	unhex(BYTES_8, want, sizeof(want));
	on_channel(1, 0x80);
	FAKE_PLAY({"81 84 00 00 08", BYTES_8 "9000"});
	expect_random(r);
	assert_false(holds(r->c, sizeof(*r->c), want, sizeof(want)));
	/* also when the operation fails half way */
	FAKE_PLAY({"81 84 00 00 10", BYTES_8 "61 08"}, {.cmd = "81 C0 00 00 08", .st = ST_TIMEOUT});
	assert_int_equal(card_random(r->c, out, sizeof(out), soon()), ST_TIMEOUT);
	assert_false(holds(r->c, sizeof(*r->c), want, sizeof(want)));
	fake_done();
}

/* What a command's answer may not show in the log, GET RESPONSE does not show either. */
static void test_random_is_masked(void **state)
{
	struct rig *r = *state;
	uint8_t out[4];
	char text[4096];
	int log = memfd_create("log", MFD_CLOEXEC), err = dup(STDERR_FILENO);

	assert_true(log >= 0 && err >= 0);
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	FAKE_PLAY({"81 84 00 00 04", "61 04"}, {"81 C0 00 00 04", "C0FFEE77 9000"},
		  {"81 84 00 00 04", "C0FFEE78 9000"});
	dup2(log, STDERR_FILENO);
	log_set(LOG_LEVEL_TRACE, LOG_TO_STDERR);
	status st = card_random(r->c, out, sizeof(out), soon());
	if (st == ST_OK)
		st = card_random(r->c, out, sizeof(out), soon());
	log_set(LOG_LEVEL_OFF, LOG_TO_STDERR);
	dup2(err, STDERR_FILENO);
	close(err);
	assert_int_equal(st, ST_OK);
	fake_done();
	ssize_t n = pread(log, text, sizeof(text) - 1, 0);
	close(log);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "GET RESPONSE"));
	assert_null(strcasestr(text, "C0FFEE"));
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(class_8n),
		T(class_learned),
		T(class_learned_from_6d00),
		T(class_is_recorded),
		T(class_record_is_only_a_hint),
		T(unknown_command_keeps_the_class),
		T(class_configured),
		T(high_channels),
		T(get_response),
		T(get_response_in_pieces),
		T(get_response_old_words),
		T(get_response_forms),
		T(get_response_256),
		T(loops_end),
		T(flood),
		T(wrong_le),
		T(wrong_le_twice),
		T(successes),
		T(63cf_drops_the_list),
		T(le_toggled),
		T(le_not_learned_from_refusal),
		T(t0_forms),
		T(disturbed_fetch),
		T(disturbed_for_ever),
		T(link_failures),
		T(random_is_wiped),
		T(random_is_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
