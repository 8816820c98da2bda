/* SPDX-License-Identifier: Apache-2.0 */
/* COMPUTE DH: which container becomes the peer's slot, what it held is put back, a card that loses
 * the point, and points that never leave the host (iotsafe-protocol.md §10.13, §15.7, §17.7). */
#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "card_keys.h"
#include "keys.h"
#include "mem.h"

/* the pair of §15.7 (RFC 5903) */
#define X "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
#define Y "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB"
#define Z "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE"
/* another point, of §15.2 */
#define OLD_X "D569954216F62264F01B78ED599898D12C436A4633505DA18B008D5529E09AF2"
#define OLD_Y "83ED5E453EDC8B5492704C1B8D48895857442057335B39078AF27A9008DC1401"

/* containers as the object list has them: label, ID, access, state, type, functions */
#define IDENTITY "7403646576 840101 4A0101 4B0113 610105 "
#define IDENTITY_PUB "7503646576 850101 600103 4A0101 4B0113 610105 "
#define EPHEMERAL "7403657068 840104 4A0101 4B0114 610106 "
#define EPHEMERAL_PUB "7503657068 850104 600103 4A0101 4B0114 610106 "
#define SLOT(id, access, state, type)                                                              \
	"7503706565 85 01" id "6001" access "4A01" state "4B01" type "610105 "
#define EMPTY_SLOT "7503706565 850105 600103 4A0100 4B0113 610105 "
#define FILLED_SLOT "7503706565 850105 600103 4A0101 4B0113 610105 "
#define VOLATILE_SLOT "7503766F6C 850106 600102 4A0101 4B0114 610105 "

#define LIST "81 CB 01 00 00"
#define INIT "81 24 00 01 03 8501"
#define PUT_PEER "81 D8 80 01 47 34454943864104" X Y
#define PUT_OLD "81 D8 80 01 47 34454943864104" OLD_X OLD_Y
#define CLOSE "81 24 01 01"
#define DH "81 46 00 00 06 840104 8501"
/* one PUT PUBLIC KEY of the peer, and of what the slot held, with slot 05 */
#define PUT_5                                                                                      \
	{INIT "05", "9000"}, {PUT_PEER, "9000"},                                                   \
	{                                                                                          \
		CLOSE, "9000"                                                                      \
	}
#define BACK_5                                                                                     \
	{INIT "05", "9000"}, {PUT_OLD, "9000"},                                                    \
	{                                                                                          \
		CLOSE, "9000"                                                                      \
	}
#define READ_5                                                                                     \
	{                                                                                          \
		"81 CD 00 00 03 850105 00", "34454943864104" OLD_X OLD_Y "9000"                    \
	}
/* what is found in an empty one, or in one that another agreement of this process has used */
#define EMPTY_5                                                                                    \
	{                                                                                          \
		"81 CD 00 00 03 850105 00", "6985"                                                 \
	}
#define LEFT_5                                                                                     \
	{                                                                                          \
		"81 CD 00 00 03 850105 00", "34454943864104" X Y "9000"                            \
	}
#define RESELECT {"01 A4 08 0C 02 2FE2", "9000"}, STEP_READ_ICCID, STEP_SELECT

struct job {
	struct container priv;
	struct public_key peer;
	uint8_t z[EC_POINT_MAX];
	size_t n;
};

/* A new process on a warm channel, with that object list; the key that agrees has ID 04. */
static void job_of(struct job *j, struct rig *r, const char *list)
{
	const struct catalog *cat;
	struct step s = {LIST, list};

	*j = (struct job){.n = 99, .peer = {.kind = PUBLIC_EC, .curve = CURVE_P256}};
	j->peer.point_len = unhex("04" X Y, j->peer.point, sizeof(j->peer.point));
	rig_new_process(r);
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	fake_play(&s, 1);
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	fake_done();
	for (size_t i = 0; i < cat->count; i++)
		if (cat->item[i].kind == CONTAINER_PRIVATE_KEY && cat->item[i].id[0] == 0x04)
			j->priv = cat->item[i];
}

static status agree(struct rig *r, struct job *j)
{
	return card_agree(r->c, &j->priv, &j->peer, j->z, &j->n, soon());
}

static void expect_z(struct rig *r, struct job *j)
{
	uint8_t want[32];

	unhex(Z, want, sizeof(want));
	assert_true(card_can_agree(r->c, &j->priv));
	assert_int_equal(agree(r, j), ST_OK);
	assert_int_equal(j->n, 32);
	assert_memory_equal(j->z, want, 32);
	fake_done();
}

/* Five APDUs with an empty slot, raw or behind a header; none of it stays in the card's buffer. */
static void test_answers(void **state)
{
	static const char *const answers[] = {Z "9000", "8020" Z "9000", "808120" Z "9000",
					      "33 0020" Z "9000", "80820020" Z "9000"};
	struct job j;

	job_of(&j, *state, EPHEMERAL EMPTY_SLOT "9000");
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		unsigned before = fake.apdus;

		if (i == 0)
			FAKE_PLAY(EMPTY_5, PUT_5, {DH "05 00", answers[i]});
		else
			FAKE_PLAY(LEFT_5, PUT_5, {DH "05 00", answers[i]});
		expect_z(*state, &j);
		assert_int_equal(fake.apdus - before, 5);
	}
	fake.traits = TRANSPORT_T0;
	FAKE_PLAY({"81 CD 00 00 03 850105", "6985"}, {INIT "05", "9000"}, {PUT_PEER, "9000"},
		  {CLOSE "00", "9000"}, {DH "05", "6120"}, {"81 C0 00 00 20", Z "9000"});
	expect_z(*state, &j);
}

/* Not the length of the field, whatever it is: three runs, then an error; the slot is given back
 * each time. */
static void test_malformed_answers(void **state)
{
	static const char *const answers[] = {"9000", "00 9000", "8021" Z "9000", Z "00 9000",
					      "8120" Z Z "9000"};
	struct job j;

	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		FAKE_PLAY(READ_5, PUT_5, {DH "05 00", answers[i]}, BACK_5, PUT_5,
			  {DH "05 00", answers[i]}, BACK_5, PUT_5, {DH "05 00", answers[i]},
			  BACK_5);
		assert_int_equal(agree(*state, &j), ST_MALFORMED);
		assert_int_equal(j.n, 99);
		fake_done();
	}
}

static void test_zero(void **state)
{
	uint8_t zero[32] = {0};
	struct job j;

	job_of(&j, *state, EPHEMERAL EMPTY_SLOT "9000");
	FAKE_PLAY(EMPTY_5, PUT_5, {DH "05 00", "9000", BYTES_OF(zero)});
	assert_int_equal(agree(*state, &j), ST_POINT_INVALID);
	assert_int_equal(j.n, 99);
	fake_done();
}

/* Empty, then volatile, then readable; where the list has them does not matter. */
static void test_choice(void **state)
{
	static const struct {
		const char *list, *slot;
		bool keeps;
		const char *look; /* at one that is listed as empty */
	} rows[] = {
		{EPHEMERAL FILLED_SLOT VOLATILE_SLOT SLOT("07", "02", "00", "13") "9000", "07",
		 false},
		{SLOT("07", "02", "00", "13") EPHEMERAL VOLATILE_SLOT FILLED_SLOT "9000", "07",
		 false},
		{EPHEMERAL FILLED_SLOT VOLATILE_SLOT "9000", "06", false},
		{EPHEMERAL EPHEMERAL_PUB IDENTITY IDENTITY_PUB FILLED_SLOT "9000", "05", true},
		/* an empty one that is the half of an empty pair comes after one that is no half */
		{EPHEMERAL "7403616263 840108 4A0100 4B0113 610106 "
			   "7503616263 850108 600103 4A0100 4B0113 610106 " EMPTY_SLOT "9000",
		 "05", false, "81 CD 00 00 03 850105 00"},
		{EPHEMERAL "7403616263 840108 4A0100 4B0113 610106 "
			   "7503616263 850108 600103 4A0100 4B0113 610106 " FILLED_SLOT "9000",
		 "08", false, "81 CD 00 00 03 850108 00"},
		{EPHEMERAL "7403616263 840108 4A0100 4B0113 610106 "
			   "7503616263 850108 600103 4A0100 4B0113 610106 " VOLATILE_SLOT "9000",
		 "06", false},
		/* the half of somebody's ephemeral pair is put back */
		{EPHEMERAL "7403616263 840108 4A0101 4B0114 610106 "
			   "7503616263 850105 600103 4A0101 4B0114 610106 9000",
		 "05", true},
	};
	struct job j;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char init[64], dh[64];
		struct step plain[] = {{rows[i].look, "6985"},
				       {init, "9000"},
				       {PUT_PEER, "9000"},
				       {CLOSE, "9000"},
				       {dh, Z "9000"}};
		struct step keeping[] = {READ_5, PUT_5, {dh, Z "9000"}, BACK_5};

		snprintf(init, sizeof(init), INIT "%s", rows[i].slot);
		snprintf(dh, sizeof(dh), DH "%s 00", rows[i].slot);
		job_of(&j, *state, rows[i].list);
		if (rows[i].keeps)
			fake_play(keeping, ARRAY_LEN(keeping));
		else
			fake_play(plain + !rows[i].look, ARRAY_LEN(plain) - !rows[i].look);
		expect_z(*state, &j);
	}
}

/* No slot: not the half of an identity (by label, by ID, or possibly), not our own half, not
 * without update or agreement, not what could not be put back, not on another curve. */
static void test_no_slot(void **state)
{
	static const char *const lists[] = {
		EPHEMERAL "9000",
		EPHEMERAL IDENTITY IDENTITY_PUB "9000",
		EPHEMERAL EPHEMERAL_PUB "9000",
		EPHEMERAL IDENTITY "7503646576 850105 600103 4A0100 4B0113 610105 9000",
		EPHEMERAL "840101 4A0101 4B0113 610105"
			  "850101 600103 4A0101 4B0113 610105 9000",
		EPHEMERAL "840101 4A0101 4B0113 610105"
			  "850102 600103 4A0101 4B0113 610105 9000",
		EPHEMERAL IDENTITY "850102 600103 4A0101 4B0113 610105 9000",
		EPHEMERAL SLOT("05", "01", "00", "13") "9000",
		EPHEMERAL SLOT("05", "02", "01", "13") "9000",
		EPHEMERAL SLOT("05", "03", "00", "23") "9000",
		EPHEMERAL SLOT("05", "03", "00", "03") "9000",
		EPHEMERAL "7503706565 850105 600103 4A0100 4B0113 610103 9000",
		EPHEMERAL "7303706565 830105 600103 4A0100 210101 9000",
	};
	struct job j;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		unsigned before;

		job_of(&j, *state, lists[i]);
		before = fake.apdus;
		assert_int_equal(agree(*state, &j), ST_KEY_UNUSABLE);
		assert_false(card_can_agree(((struct rig *)*state)->c, &j.priv));
		assert_int_equal(fake.apdus, before);
		assert_int_equal(j.n, 99);
	}
}

static void test_key_unusable(void **state)
{
	struct rig *r = *state;
	struct job j, bad;
	unsigned before;

	job_of(&j, r, EPHEMERAL EMPTY_SLOT "9000");
	before = fake.apdus;
	bad = j;
	bad.priv.functions = FUNCTION_SIGN;
	assert_int_equal(agree(r, &bad), ST_KEY_UNUSABLE);
	assert_false(card_can_agree(r->c, &bad.priv));
	bad = j;
	bad.priv.activated = false;
	assert_int_equal(agree(r, &bad), ST_KEY_UNUSABLE);
	bad = j;
	bad.priv.agreements = 2;
	assert_int_equal(agree(r, &bad), ST_KEY_UNUSABLE);
	bad = j;
	bad.priv.key_type = KEY_RSA2048;
	assert_int_equal(agree(r, &bad), ST_KEY_UNUSABLE);
	bad = j;
	bad.priv.kind = CONTAINER_SECRET_KEY;
	assert_int_equal(agree(r, &bad), ST_KEY_UNUSABLE);
	assert_int_equal(fake.apdus, before);
}

/* --- points that never leave the host --- */

static void expect_invalid(struct rig *r, struct job *j)
{
	unsigned before = fake.apdus;

	assert_int_equal(agree(r, j), ST_POINT_INVALID);
	assert_int_equal(fake.apdus, before);
	assert_int_equal(j->n, 99);
}

static void test_bad_points(void **state)
{
	struct rig *r = *state;
	struct job good, j;
	struct pair p256, bp256, p384;

	job_of(&good, r, EPHEMERAL EMPTY_SLOT "9000");
	pair_make_ec(&p256, CURVE_P256);
	pair_make_ec(&bp256, CURVE_BRAINPOOL_P256R1);
	pair_make_ec(&p384, CURVE_P384);
	/* every bit of a good point turned: off the curve or, in the first byte, no such form */
	for (size_t bit = 0; bit < 65 * 8; bit++) {
		j = good;
		j.peer = p256.pub;
		j.peer.point[bit / 8] ^= (uint8_t)(1U << bit % 8);
		expect_invalid(r, &j);
	}
	/* every length but the right one */
	for (size_t n = 0; n < EC_POINT_MAX; n++) {
		j = good;
		j.peer.point_len = n;
		if (n != 65)
			expect_invalid(r, &j);
	}
	/* other curves, said so or not */
	j = good;
	j.peer = bp256.pub;
	expect_invalid(r, &j);
	j.peer.curve = CURVE_P256;
	expect_invalid(r, &j);
	j.peer = p384.pub;
	expect_invalid(r, &j);
	j.peer.curve = CURVE_P256;
	expect_invalid(r, &j);
	/* infinity, zeros, x and y of all ones (beyond p), compressed, no EC key */
	for (uint8_t fill = 0; fill < 2; fill++) {
		j = good;
		memset(j.peer.point + 1, fill ? 0xFF : 0, 64);
		expect_invalid(r, &j);
		j = good;
		j.peer.point[0] = (uint8_t)(2 + fill);
		expect_invalid(r, &j);
		j.peer.point_len = 33;
		expect_invalid(r, &j);
	}
	j = good;
	j.peer.point[0] = 0;
	j.peer.point_len = 1;
	expect_invalid(r, &j);
	j = good;
	j.peer.kind = PUBLIC_RSA;
	expect_invalid(r, &j);
	pair_free(&p256);
	pair_free(&bp256);
	pair_free(&p384);
}

/* --- put back, and what goes wrong on the way --- */

/* The card lost the point between PUT and DH: it gets it once more. */
static void test_lost_point(void **state)
{
	struct job j;

	job_of(&j, *state, EPHEMERAL EMPTY_SLOT "9000");
	FAKE_PLAY(EMPTY_5, PUT_5, {DH "05 00", "6985"}, PUT_5, {DH "05 00", Z "9000"});
	expect_z(*state, &j);
	/* with a filled slot, what it held comes back behind it */
	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY(READ_5, PUT_5, {DH "05 00", "6985"}, PUT_5, {DH "05 00", Z "9000"}, BACK_5);
	expect_z(*state, &j);
}

/* A reset between PUT and DH: the whole again, but what the slot held is known from before. */
static void test_reset(void **state)
{
	static const struct {
		const char *reply;
		status st;
	} rows[] = {{"6881", ST_OK}, {NULL, ST_CHANNEL_LOST}};
	struct job j;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
		FAKE_PLAY(READ_5, PUT_5, {DH "05 00", rows[i].reply, .st = rows[i].st},
			  STEPS_OPENING, PUT_5, {DH "05 00", Z "9000"}, BACK_5);
		expect_z(*state, &j);
	}
	/* between DH and the put-back: only that is left to do */
	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY(READ_5, PUT_5, {DH "05 00", Z "9000"}, {INIT "05", "6881"}, STEPS_OPENING,
		  BACK_5);
	expect_z(*state, &j);
	/* in the middle of the put-back */
	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY(READ_5, PUT_5, {DH "05 00", Z "9000"}, {INIT "05", "9000"},
		  {PUT_OLD, .st = ST_IO}, BACK_5);
	expect_z(*state, &j);
}

/* The card refuses to agree: what the slot held is back, and the refusal is believed after SELECT.
 */
static void test_refused(void **state)
{
	static const struct {
		const char *sw;
		status st;
	} rows[] = {{"6982", ST_SW_SECURITY}, {"6A80", ST_SW_DATA}, {"6D00", ST_SW_INS}};
	struct job j;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
		FAKE_PLAY(READ_5, PUT_5, {DH "05 00", rows[i].sw}, BACK_5, RESELECT, PUT_5,
			  {DH "05 00", rows[i].sw}, BACK_5);
		assert_int_equal(agree(*state, &j), rows[i].st);
		assert_int_equal(j.n, 99);
		fake_done();
	}
	/* 6985 for good */
	job_of(&j, *state, EPHEMERAL EMPTY_SLOT "9000");
	FAKE_PLAY(EMPTY_5, PUT_5, {DH "05 00", "6985"}, PUT_5, {DH "05 00", "6985"}, RESELECT,
		  PUT_5, {DH "05 00", "6985"}, PUT_5, {DH "05 00", "6985"});
	assert_int_equal(agree(*state, &j), ST_SW_CONDITIONS);
	fake_done();
	/* the point, for its own reasons: nothing to put back but tried */
	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY(READ_5, {INIT "05", "9000"}, {PUT_PEER, "6A80"}, {CLOSE, "9000"}, BACK_5,
		  RESELECT, {INIT "05", "9000"}, {PUT_PEER, "6A80"}, {CLOSE, "9000"}, BACK_5);
	assert_int_equal(agree(*state, &j), ST_SW_DATA);
	fake_done();
}

/* The link fails three times: the last thing that is tried is to put back. */
static void test_link_fails(void **state)
{
	struct job j;

	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY(READ_5, PUT_5, {DH "05 00", .st = ST_IO}, PUT_5, {DH "05 00", .st = ST_IO}, PUT_5,
		  {DH "05 00", .st = ST_IO}, BACK_5);
	assert_int_equal(agree(*state, &j), ST_IO);
	fake_done();
	/* no answer in time: one more second for that */
	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY(READ_5, PUT_5, {DH "05 00", .st = ST_TIMEOUT}, BACK_5);
	assert_int_equal(agree(*state, &j), ST_TIMEOUT);
	fake_done();
	/* the peer's point never left: nothing to put back */
	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY(READ_5, {INIT "05", .st = ST_TIMEOUT});
	assert_int_equal(agree(*state, &j), ST_TIMEOUT);
	fake_done();
	/* the agreement is there, the put-back fails for good: what counts is there */
	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY(READ_5, PUT_5, {DH "05 00", Z "9000"}, {INIT "05", .st = ST_TIMEOUT},
		  {INIT "05", .st = ST_TIMEOUT});
	expect_z(*state, &j);
}

/* The card does not take its own point back: said in the log, and the agreement stands. */
static void test_not_taken_back(void **state)
{
	static const char *const deselected[] = {"6D00", "6A82", "6982"};
	struct job j;

	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY(READ_5, PUT_5, {DH "05 00", Z "9000"}, {INIT "05", "9000"}, {PUT_OLD, "6A80"},
		  {CLOSE, "9000"}, RESELECT, {INIT "05", "9000"}, {PUT_OLD, "6A80"},
		  {CLOSE, "9000"});
	expect_z(*state, &j);
	/* an applet that was deselected in between takes nothing: it does when selected again */
	for (size_t i = 0; i < ARRAY_LEN(deselected); i++) {
		job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
		FAKE_PLAY(READ_5, PUT_5, {DH "05 00", Z "9000"}, {INIT "05", deselected[i]},
			  RESELECT, BACK_5);
		expect_z(*state, &j);
	}
	/* and even if it had been selected within this operation */
	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY({"81 CD 00 00 03 850105 00", "6881"}, STEPS_OPENING, READ_5, PUT_5,
		  {DH "05 00", Z "9000"}, {INIT "05", "6D00"}, {INIT "05", "6D00"}, RESELECT,
		  BACK_5);
	expect_z(*state, &j);
	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY({"81 CD 00 00 03 850105 00", "6881"}, STEPS_OPENING, READ_5, PUT_5,
		  {DH "05 00", "6E00"}, {INIT "05", "6E00"}, {INIT "05", "6E00"}, RESELECT, BACK_5);
	assert_int_equal(agree(*state, &j), ST_SW_CLASS);
	fake_done();
	/* locked by remote administration: later */
	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY(READ_5, PUT_5, {DH "05 00", Z "9000"}, {INIT "05", "6984"}, BACK_5);
	expect_z(*state, &j);
}

/* Listed as filled, but empty after all; what is no point is not overwritten. */
static void test_slot_content(void **state)
{
	struct job j;

	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY({"81 CD 00 00 03 850105 00", "6985"}, RESELECT,
		  {"81 CD 00 00 03 850105 00", "6985"}, PUT_5, {DH "05 00", Z "9000"});
	expect_z(*state, &j);
	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY({"81 CD 00 00 03 850105 00", "04" OLD_X Y "9000"},
		  {"81 CD 00 00 03 850105 00", "04" OLD_X Y "9000"},
		  {"81 CD 00 00 03 850105 00", "04" OLD_X Y "9000"});
	assert_int_equal(agree(*state, &j), ST_MALFORMED);
	fake_done();
}

/* Listed as empty, but filled by another process since: what it holds comes back. */
static void test_filled_since(void **state)
{
	static const char *const nothing[] = {"6985", "6A88", "9000", "04" OLD_X Y "9000"};
	struct job j;

	job_of(&j, *state, EPHEMERAL EMPTY_SLOT "9000");
	for (size_t i = 0; i < 2; i++) {
		FAKE_PLAY(READ_5, PUT_5, {DH "05 00", Z "9000"}, BACK_5);
		expect_z(*state, &j);
	}
	/* the public half of a new identity: not even when the agreement fails */
	job_of(&j, *state,
	       EPHEMERAL "7403616263 840108 4A0100 4B0113 610106 "
			 "7503616263 850105 600103 4A0100 4B0113 610106 9000");
	FAKE_PLAY(READ_5, PUT_5, {DH "05 00", .st = ST_TIMEOUT}, BACK_5);
	assert_int_equal(agree(*state, &j), ST_TIMEOUT);
	fake_done();
	/* no point is as good as nothing */
	for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
		job_of(&j, *state, EPHEMERAL EMPTY_SLOT "9000");
		FAKE_PLAY({"81 CD 00 00 03 850105 00", nothing[i]}, PUT_5, {DH "05 00", Z "9000"});
		expect_z(*state, &j);
	}
	/* what refused was not our applet: asked again before anything is put there */
	job_of(&j, *state, EPHEMERAL EMPTY_SLOT "9000");
	FAKE_PLAY({"81 CD 00 00 03 850105 00", "6D00"}, {INIT "05", "6D00"}, RESELECT, READ_5,
		  PUT_5, {DH "05 00", Z "9000"}, BACK_5);
	expect_z(*state, &j);
	/* locked: later */
	job_of(&j, *state, EPHEMERAL EMPTY_SLOT "9000");
	FAKE_PLAY({"81 CD 00 00 03 850105 00", "6984"}, READ_5, PUT_5, {DH "05 00", Z "9000"},
		  BACK_5);
	expect_z(*state, &j);
}

/* Another SIM in the middle: nothing of this is written to it. */
static void test_other_sim(void **state)
{
	struct job j;

	job_of(&j, *state, EPHEMERAL FILLED_SLOT "9000");
	FAKE_PLAY(READ_5, PUT_5, {DH "05 00", "6881"}, STEP_OPEN, STEP_EF_ICCID,
		  {"01 B0 00 00 0A", "98881021436587092114 9000"}, {"00 70 80 01", "9000"});
	assert_int_equal(agree(*state, &j), ST_CARD_CHANGED);
	assert_int_equal(j.n, 99);
	fake_done();
}

/* The catalog is read if nobody has yet. */
static void test_reads_the_list(void **state)
{
	struct rig *r = *state;
	struct job j;

	job_of(&j, r, EPHEMERAL EMPTY_SLOT "9000");
	rig_new_process(r);
	FAKE_PLAY({LIST, EPHEMERAL EMPTY_SLOT "9000"}, EMPTY_5, PUT_5, {DH "05 00", Z "9000"});
	assert_int_equal(agree(r, &j), ST_OK);
	fake_done();
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(answers),	 T(malformed_answers), T(zero),	      T(choice),
		T(no_slot),	 T(key_unusable),      T(bad_points), T(lost_point),
		T(reset),	 T(refused),	       T(link_fails), T(not_taken_back),
		T(slot_content), T(filled_since),      T(other_sim),  T(reads_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
