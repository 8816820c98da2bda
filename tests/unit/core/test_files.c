/* SPDX-License-Identifier: Apache-2.0 */
/* READ FILE against cards that give less, more, padded, or in pieces (iotsafe-protocol.md §10.6,
 * §12.4, §17.4). */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

/* A card with one file, 83 01 01. */
static struct file_card {
	uint8_t content[8192];
	size_t n;	  /* what the container holds */
	size_t piece;	  /* most bytes of one answer; 0: as Le asks */
	bool ignores_le;  /* always a full piece */
	bool pads;	  /* 00 behind the end, for ever */
	bool waits;	  /* 61xx, GET RESPONSE */
	bool no_le;	  /* 6700 for a trailing Le */
	const char *past; /* status word at an offset that is not below n */
	uint8_t rest[256];
	size_t rest_n;
	unsigned reads;
} fc;

static void put_sw(struct wtr *w, const char *hex)
{
	uint8_t sw[2];

	assert_int_equal(unhex(hex, sw, 2), 2);
	wtr_put(w, BYTES_OF(sw));
}

static void get_response(struct bytes cmd, struct wtr *reply)
{
	size_t n = cmd.p[4] ? cmd.p[4] : 256;

	if (n > fc.rest_n)
		n = fc.rest_n;
	wtr_put(reply, bytes_of(fc.rest, n));
	memmove(fc.rest, fc.rest + n, fc.rest_n - n);
	fc.rest_n -= n;
	if (fc.rest_n > 0)
		wtr_u16be(reply, (uint16_t)(0x6100 | (fc.rest_n & 0xFF)));
	else
		put_sw(reply, "9000");
}

static status answer(void *ctx, struct bytes cmd, struct wtr *reply)
{
	size_t offset = (size_t)(cmd.p[2] << 8 | cmd.p[3]), n = 256, there;
	bool has_le = cmd.n == 9;

	(void)ctx;
	if (cmd.p[1] == 0xC0) {
		get_response(cmd, reply);
		return ST_OK;
	}
	assert_int_equal(cmd.p[0], 0x81);
	assert_int_equal(cmd.p[1], 0xB0);
	assert_memory_equal(cmd.p + 4, "\x03\x83\x01\x01", 4);
	fc.reads++;
	if (has_le && fc.no_le) {
		put_sw(reply, "6700");
		return ST_OK;
	}
	if (has_le && !fc.ignores_le)
		n = cmd.p[8] ? cmd.p[8] : 256;
	if (fc.piece && (n > fc.piece || fc.ignores_le))
		n = fc.piece;
	if (offset >= fc.n && !fc.pads) {
		put_sw(reply, fc.past);
		return ST_OK;
	}
	there = offset < fc.n ? fc.n - offset : 0;
	if (there > n)
		there = n;
	memcpy(fc.rest, fc.content + offset, there);
	if (fc.pads) {
		memset(fc.rest + there, 0, n - there);
		there = n;
	}
	fc.rest_n = there;
	if (fc.waits) {
		wtr_u16be(reply, (uint16_t)(0x6100 | (there & 0xFF)));
		return ST_OK;
	}
	wtr_put(reply, bytes_of(fc.rest, there));
	put_sw(reply, "9000");
	return ST_OK;
}

/* A DER SEQUENCE of exactly n bytes, n ≥ 2, and what lies behind it in the container. */
static void fill(size_t n, size_t padding, uint8_t pad)
{
	struct wtr w = WTR_ON(fc.content);

	wtr_u8(&w, 0x30);
	if (n <= 129) {
		wtr_u8(&w, (uint8_t)(n - 2));
	} else if (n <= 258) {
		wtr_u8(&w, 0x81);
		wtr_u8(&w, (uint8_t)(n - 3));
	} else {
		wtr_u8(&w, 0x82);
		wtr_u16be(&w, (uint16_t)(n - 4));
	}
	for (size_t i = w.n; i < n; i++)
		wtr_u8(&w, (uint8_t)(i * 13 + (i >> 8)));
	wtr_fill(&w, pad, padding);
	assert_int_equal(wtr_done(&w), ST_OK);
	fc.n = n + padding;
}

static int setup(void **state)
{
	memset(&fc, 0, sizeof(fc));
	fc.past = "6A86";
	rig_setup(state);
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	fake.answer = answer;
	return 0;
}

static struct container file_01(bool certificate)
{
	return (struct container){.kind = CONTAINER_FILE,
				  .id = {0x01},
				  .id_len = 1,
				  .activated = true,
				  .access = ACCESS_READ,
				  .is_certificate = certificate};
}

static void expect_file(struct rig *r, const struct container *file, size_t want)
{
	static uint8_t out[8192];
	struct wtr w = WTR_ON(out);

	fc.reads = 0;
	assert_int_equal(card_read_file(r->c, file, &w, soon()), ST_OK);
	assert_int_equal(w.n, want);
	assert_memory_equal(out, fc.content, want);
	fake_done();
}

static const size_t sizes[] = {2,   16,	 129, 130, 200, 255, 256,  257,	 258,  259,  510,  511, 512,
			       513, 676, 767, 768, 769, 867, 1024, 1025, 2048, 4095, 4096, 4097};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Every size on every sort of card, with the size known, unknown, or the container's. */
static void test_certificates(void **state)
{
	static const struct {
		size_t piece;
		bool ignores_le, pads, waits, no_le;
		const char *past;
	} cards[] = {
		{0, false, false, false, false, "6A86"},   {0, false, false, false, false, "6981"},
		{50, false, false, false, false, "6B00"},  {1, false, false, false, false, "9000"},
		{240, false, false, false, false, "6700"}, {256, true, true, false, false, "9000"},
		{255, true, false, false, false, "6A86"},  {0, false, false, true, false, "6A86"},
		{200, true, false, true, true, "6A86"},	   {0, false, false, false, true, "6A86"},
	};
	struct rig *r = *state;

	for (size_t c = 0; c < sizeof(cards) / sizeof(cards[0]); c++) {
		fc.piece = cards[c].piece;
		fc.ignores_le = cards[c].ignores_le;
		fc.pads = cards[c].pads;
		fc.waits = cards[c].waits;
		fc.no_le = cards[c].no_le;
		fc.past = cards[c].past;
		for (size_t i = 0; i < SIZES; i++) {
			struct container file = file_01(true);

			if (fc.piece == 1 && sizes[i] > 300)
				continue; /* an exchange a byte */
			rig_new_process(r);
			fake.apdus = 0;
			for (int padding = 0; padding < 3; padding++) {
				fill(sizes[i], padding ? 100 : 0, padding == 2 ? 0xFF : 0x00);
				file.size_known = false;
				expect_file(r, &file, sizes[i]);
				file.size_known = true;
				file.size = (uint16_t)fc.n;
				expect_file(r, &file, sizes[i]);
				if (sizes[i] < 8)
					continue;
				file.size = (uint16_t)(sizes[i] - 1); /* the DER length wins */
				expect_file(r, &file, sizes[i]);
			}
		}
	}
}

/* Opaque files: as long as the card says, or to the end. */
static void test_data(void **state)
{
	struct rig *r = *state;

	for (size_t i = 0; i < SIZES; i++) {
		struct container file = file_01(false);

		fill(sizes[i], 0, 0);
		fc.content[0] = '{';
		expect_file(r, &file, sizes[i]);
		file.size_known = true;
		file.size = (uint16_t)sizes[i];
		expect_file(r, &file, sizes[i]);
		/* one byte */
		fc.n = file.size = 1;
		expect_file(r, &file, 1);
	}
}

/* PEM in a certificate container comes as it is. */
static void test_pem(void **state)
{
	static const char pem[] = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
	struct container file = file_01(true);

	memcpy(fc.content, pem, sizeof(pem) - 1);
	fc.n = sizeof(pem) - 1;
	expect_file(*state, &file, fc.n);
	file.size_known = true;
	file.size = (uint16_t)fc.n;
	expect_file(*state, &file, fc.n);
}

/* As few exchanges as the bytes need: one a chunk, and none to find the end of a certificate. */
static void test_counts(void **state)
{
	static const struct {
		size_t n;
		unsigned reads;
	} rows[] = {{2, 1}, {255, 1}, {256, 1}, {257, 2}, {512, 2}, {513, 3}, {768, 3}, {1024, 4}};
	struct rig *r = *state;
	struct container file = file_01(true);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fill(rows[i].n, 300, 0xFF);
		expect_file(r, &file, rows[i].n);
		assert_int_equal(fc.reads, rows[i].reads);
	}
	r->conf.chunk = 50;
	fill(676, 0, 0);
	expect_file(r, &file, 676);
	assert_int_equal(fc.reads, 14);
	/* modems cut long answers */
	r->conf.chunk = 0;
	fake.traits = TRANSPORT_CROSSTALK;
	expect_file(r, &file, 676);
	assert_int_equal(fc.reads, 4);
}

/* A modem that returns more bytes than were asked for: what is too much is cut. */
static void test_more_than_asked(void **state)
{
	struct rig *r = *state;
	struct container file = file_01(true);

	r->conf.chunk = 100;
	fc.ignores_le = true;
	fc.piece = 130;
	fill(1024, 0, 0);
	expect_file(r, &file, 1024);
}

/* A card without an end: our limits hold. */
static void test_endless(void **state)
{
	static uint8_t out[FILE_SIZE_MAX + 512];
	struct rig *r = *state;
	struct container file = file_01(false);
	struct wtr w = WTR_ON(out);

	fc.pads = true;
	fill(16, 0, 0);
	fc.content[0] = 0;
	assert_int_equal(card_read_file(r->c, &file, &w, soon()), ST_OK);
	assert_true(w.n <= FILE_SIZE_MAX + 256);
	assert_true(fc.reads <= 129);
	/* the last offset has 15 bits */
	assert_true(fake.log[fake.apdus - 1][2] <= 0x7F);
	fake_done();
}

static void test_buffer_too_small(void **state)
{
	uint8_t out[300] = {0};
	struct wtr w = wtr_on(out, 299);
	struct container file = file_01(true);
	struct rig *r = *state;

	fill(300, 0, 0);
	assert_int_equal(card_read_file(r->c, &file, &w, soon()), ST_SHORT_OUT);
	assert_int_equal(out[299], 0);
	w = WTR_ON(out);
	assert_int_equal(card_read_file(r->c, &file, &w, soon()), ST_OK);
	assert_int_equal(w.n, 300);
	fake_done();
}

/* What was in the writer before a repeat does not count twice. */
static status once_broken(void *ctx, struct bytes cmd, struct wtr *reply)
{
	unsigned *at = ctx;

	return ++*at == 2 ? ST_IO : answer(NULL, cmd, reply);
}

static void test_repeat_starts_over(void **state)
{
	struct container file = file_01(true);
	unsigned at = 0;

	fake.answer = once_broken;
	fake.ctx = &at;
	fill(700, 0, 0);
	expect_file(*state, &file, 700);
}

static void test_refusals(void **state)
{
	struct rig *r = *state;
	struct container file = file_01(true);
	uint8_t out[16];
	struct wtr w = WTR_ON(out);

	fake.answer = NULL;
	file.kind = CONTAINER_PRIVATE_KEY;
	assert_int_equal(card_read_file(r->c, &file, &w, soon()), ST_ARG);
	file = file_01(true);
	file.activated = false;
	assert_int_equal(card_read_file(r->c, &file, &w, soon()), ST_SW_CONDITIONS);
	file = file_01(true);
	file.access = ACCESS_UPDATE;
	assert_int_equal(card_read_file(r->c, &file, &w, soon()), ST_SW_CONDITIONS);
	assert_int_equal(fake.apdus, 0);
	fake.has_record = false;
	file = file_01(true);
	FAKE_PLAY(STEPS_OPENING, {"81 B0 00 00 03 830101 00", "6A82"});
	assert_int_equal(card_read_file(r->c, &file, &w, soon()), ST_SW_NOT_FOUND);
	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY(STEPS_OPENING, {"81 B0 00 00 03 830101 00", "6985"});
	assert_int_equal(card_read_file(r->c, &file, &w, soon()), ST_SW_CONDITIONS);
	fake_done();
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(certificates),
		T(data),
		T(pem),
		T(counts),
		T(more_than_asked),
		T(endless),
		T(buffer_too_small),
		T(repeat_starts_over),
		T(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
