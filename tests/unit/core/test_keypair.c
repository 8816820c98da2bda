/* SPDX-License-Identifier: Apache-2.0 */
/* GENERATE KEY PAIR and PUT PUBLIC KEY: every shape of the answer, what is sent only once, and what
 * never leaves the host (iotsafe-protocol.md §10.7, §10.9, §15.2, §15.3, §15.7, §17.7). */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include "card_keys.h"
#include "keys.h"
#include "mem.h"

/* the public keys of §15.2 and §15.3 */
#define X1 "D569954216F62264F01B78ED599898D12C436A4633505DA18B008D5529E09AF2"
#define Y1 "83ED5E453EDC8B5492704C1B8D48895857442057335B39078AF27A9008DC1401"
#define X2 "8782CB263ACF47DB6EF7EB9C4369828C5F74E7FAB1719A0AD2036712CA58D936"
#define Y2 "789A264ACB413A1599115D16457D694FAF2B3E763C3F049679E8256DFE53D64F"
#define KEY1 "34454943864104" X1 Y1
#define KEY2 "34454943864104" X2 Y2
/* not on the curve */
#define BAD_KEY "34454943864104" X1 Y2

#define B9 "81 B9 00 00 03 840104 00"
#define CD "81 CD 00 00 03 850105 00"
#define PROBE "81 84 00 00 01"
#define RESELECT {"01 A4 08 0C 02 2FE2", "9000"}, STEP_READ_ICCID, STEP_SELECT

struct job {
	struct container priv, pub;
	struct card_generated got;
};

/* An empty pair: private 04, public 05. */
static void job_of(struct job *j)
{
	*j = (struct job){.priv = {.kind = CONTAINER_PRIVATE_KEY,
				   .id = {0x04},
				   .id_len = 1,
				   .functions = FUNCTION_KEYGEN | FUNCTION_AGREE,
				   .key_type = KEY_P256}};
	j->pub = j->priv;
	j->pub.kind = CONTAINER_PUBLIC_KEY;
	j->pub.id[0] = 0x05;
	j->pub.access = ACCESS_READ;
	j->got.priv_id_len = 77; /* outputs untouched */
}

static status generate(struct rig *r, struct job *j)
{
	return card_generate(r->c, &j->priv, &j->pub, NULL, &j->got, soon());
}

static void warm(void)
{
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
}

static void expect_key(const struct job *j, const char *priv_id, const char *pub_id,
		       const char *point)
{
	uint8_t want[128];

	assert_int_equal(j->got.priv_id_len, unhex(priv_id, want, sizeof(want)));
	assert_memory_equal(j->got.priv_id, want, j->got.priv_id_len);
	assert_int_equal(j->got.pub_id_len, unhex(pub_id, want, sizeof(want)));
	assert_memory_equal(j->got.pub_id, want, j->got.pub_id_len);
	assert_int_equal(j->got.key.kind, PUBLIC_EC);
	assert_int_equal(j->got.key.curve, CURVE_P256);
	assert_int_equal(j->got.key.point_len, unhex(point, want, sizeof(want)));
	assert_memory_equal(j->got.key.point, want, j->got.key.point_len);
	fake_done();
}

static void test_shapes(void **state)
{
	static const struct {
		const char *b9, *cd_cmd, *cd, *priv, *pub, *point;
	} rows[] = {
		{"840104 850105" KEY1 "9000", NULL, NULL, "04", "05", "04" X1 Y1},
		/* IDs are the card's to change */
		{"84020002 85020003" KEY1 "9000", NULL, NULL, "0002", "0003", "04" X1 Y1},
		{"8403303031 8503303032" KEY2 "9000", NULL, NULL, "303031", "303032", "04" X2 Y2},
		/* an ID that looks like the beginning of a tag */
		{"8402 3021 8502 3084" KEY1 "9000", NULL, NULL, "3021", "3084", "04" X1 Y1},
		{KEY1 "9000", NULL, NULL, "04", "05", "04" X1 Y1},
		{"04" X1 Y1 "9000", NULL, NULL, "04", "05", "04" X1 Y1},
		{KEY1 "840106 850107 9000", NULL, NULL, "06", "07", "04" X1 Y1},
		{"7403616263 840104 7503616263 850105" KEY1 "9000", NULL, NULL, "04", "05",
		 "04" X1 Y1},
		{"9000", CD, KEY1 "9000", "04", "05", "04" X1 Y1},
		{"9000", CD, "04" X1 Y1 "9000", "04", "05", "04" X1 Y1},
		{"840106 850107 9000", "81 CD 00 00 03 850107 00", KEY1 "9000", "06", "07",
		 "04" X1 Y1},
		/* no sense, no point of the curve, no ID of a length that is one: read it */
		{"84FF04 9000", CD, KEY1 "9000", "04", "05", "04" X1 Y1},
		{"8400 8500" BAD_KEY "9000", CD, KEY1 "9000", "04", "05", "04" X1 Y1},
		{"8415 000000000000000000000000000000000000000000 9000", CD, KEY1 "9000", "04",
		 "05", "04" X1 Y1},
		{"34454943864104" X1 "9000", CD, KEY1 "9000", "04", "05", "04" X1 Y1},
		{KEY1 "91 10", NULL, NULL, "04", "05", "04" X1 Y1},
	};
	struct job j;

	warm();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct step steps[] = {{B9, rows[i].b9}, {rows[i].cd_cmd, rows[i].cd}};

		job_of(&j);
		fake_play(steps, rows[i].cd ? 2 : 1);
		assert_int_equal(generate(*state, &j), ST_OK);
		expect_key(&j, rows[i].priv, rows[i].pub, rows[i].point);
	}
}

/* Without a public container and without an ID of one: its private half's own bytes. */
static void test_no_public_half(void **state)
{
	struct rig *r = *state;
	struct job j;

	warm();
	job_of(&j);
	FAKE_PLAY({B9, "9000"}, {"81 CD 00 00 03 850104 00", KEY1 "9000"}, {B9, KEY1 "9000"});
	assert_int_equal(card_generate(r->c, &j.priv, NULL, NULL, &j.got, soon()), ST_OK);
	assert_int_equal(j.got.pub_id_len, 1);
	assert_int_equal(j.got.pub_id[0], 0x04);
	assert_int_equal(card_generate(r->c, &j.priv, NULL, NULL, &j.got, soon()), ST_OK);
	expect_key(&j, "04", "", "04" X1 Y1);
	/* by label */
	j.priv.id_len = 0;
	memcpy(j.priv.label, "abc", 3);
	j.priv.label_len = 3;
	FAKE_PLAY({"81 B9 00 00 05 7403616263 00", "9000"},
		  {"81 CD 00 00 05 7503616263 00", KEY1 "9000"});
	assert_int_equal(card_generate(r->c, &j.priv, NULL, NULL, &j.got, soon()), ST_OK);
	expect_key(&j, "", "", "04" X1 Y1);
}

/* T=0, as in §15.3. */
static void test_get_response(void **state)
{
	struct job j;

	warm();
	fake.traits = TRANSPORT_T0;
	job_of(&j);
	FAKE_PLAY({"81 B9 00 00 03 840104", "614D"},
		  {"81 C0 00 00 4D", "840104 850105" KEY2 "9000"});
	assert_int_equal(generate(*state, &j), ST_OK);
	expect_key(&j, "04", "05", "04" X2 Y2);
}

static void test_other_curves(void **state)
{
	static const struct {
		enum curve curve;
		enum container_key_type type;
		const char *head;
	} rows[] = {{CURVE_P384, KEY_P384, "34654963 8661"},
		    {CURVE_BRAINPOOL_P256R1, KEY_BRAINPOOL_P256R1, "34454943 8641"}};
	struct pair pair;
	struct job j;

	warm();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t answer[6 + EC_POINT_MAX];
		size_t head = unhex(rows[i].head, answer, sizeof(answer));

		pair_make_ec(&pair, rows[i].curve);
		memcpy(answer + head, pair.pub.point, pair.pub.point_len);
		job_of(&j);
		j.priv.key_type = j.pub.key_type = rows[i].type;
		FAKE_PLAY({B9, "9000", bytes_of(answer, head + pair.pub.point_len)});
		assert_int_equal(generate(*state, &j), ST_OK);
		assert_true(public_key_equal(&j.got.key, &pair.pub));
		fake_done();
		pair_free(&pair);
	}
}

static void expect_no_traffic(struct rig *r, struct job *j, status want)
{
	uint64_t epoch = card_epoch(r->c);

	assert_int_equal(generate(r, j), want);
	assert_int_equal(fake.enters, 0);
	assert_int_equal(j->got.priv_id_len, 77);
	assert_int_equal(card_epoch(r->c), epoch);
}

static void test_refused_early(void **state)
{
	struct job j;

	job_of(&j);
	j.priv.functions = FUNCTION_SIGN;
	expect_no_traffic(*state, &j, ST_KEY_UNUSABLE);
	job_of(&j);
	j.pub.functions = FUNCTION_SIGN;
	expect_no_traffic(*state, &j, ST_KEY_UNUSABLE);
	job_of(&j);
	j.priv.key_type = KEY_RSA2048;
	expect_no_traffic(*state, &j, ST_KEY_UNUSABLE);
	job_of(&j);
	j.priv.key_type = KEY_UNKNOWN;
	expect_no_traffic(*state, &j, ST_KEY_UNUSABLE);
	job_of(&j);
	j.pub.key_type = KEY_P384;
	expect_no_traffic(*state, &j, ST_KEY_UNUSABLE);
	job_of(&j);
	j.priv.kind = CONTAINER_PUBLIC_KEY;
	expect_no_traffic(*state, &j, ST_ARG);
	job_of(&j);
	j.pub.kind = CONTAINER_FILE;
	expect_no_traffic(*state, &j, ST_ARG);
}

/* What the card says is what the caller gets. */
static void test_refusals(void **state)
{
	static const struct {
		const char *sw;
		status st;
	} rows[] = {{"6985", ST_SW_CONDITIONS}, {"6982", ST_SW_SECURITY}, {"6A80", ST_SW_DATA},
		    {"6A82", ST_SW_NOT_FOUND},	{"6A86", ST_SW_PARAMS},	  {"6989", ST_SW_SESSIONS},
		    {"6A84", ST_SW_MEMORY},	{"6F00", ST_SW_OTHER}};
	struct rig *r = *state;
	struct job j;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fake.has_record = false;
		rig_new_process(r);
		job_of(&j);
		FAKE_PLAY(STEPS_OPENING, {B9, rows[i].sw});
		assert_int_equal(generate(r, &j), rows[i].st);
		assert_int_equal(card_last_sw(r->c), strtoul(rows[i].sw, NULL, 16));
		assert_int_equal(j.got.priv_id_len, 77);
		fake_done();
	}
}

/* On a channel of an earlier operation a refusal is believed after SELECT only; 6984 after a wait.
 * Nothing was generated, so that it may be asked again. */
static void test_refused_and_asked_again(void **state)
{
	struct job j;

	warm();
	job_of(&j);
	j.priv.activated = true;
	FAKE_PLAY({PROBE, "AA 9000"}, {B9, "6D00"}, RESELECT, {B9, "6984"}, {PROBE, "AA 9000"},
		  {B9, "840104 850105" KEY1 "9000"});
	assert_int_equal(generate(*state, &j), ST_OK);
	expect_key(&j, "04", "05", "04" X1 Y1);
}

/* The list may be another now: read again at the next call. */
static void test_epoch(void **state)
{
	struct rig *r = *state;
	const struct catalog *cat;
	uint64_t epoch;
	struct job j;

	warm();
	FAKE_PLAY({"81 CB 01 00 00", "840104 4A0100 4B0113 610106 9000"},
		  {"81 CB 01 00 00", "840104 4A0100 4B0113 610106 9000"},
		  {B9, "840104 850105" KEY1 "9000"},
		  {"81 CB 01 00 00", "840104 4A0101 4B0113 610106 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	job_of(&j);
	j.priv = cat->item[0];
	assert_false(j.priv.activated);
	epoch = card_epoch(r->c);
	assert_int_equal(card_generate(r->c, &cat->item[0], NULL, NULL, &j.got, soon()), ST_OK);
	assert_int_not_equal(card_epoch(r->c), epoch);
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	assert_true(cat->item[0].activated);
	fake_done();
}

/* Empty when the list was read, an identity by now: nobody asked for that one to be replaced. */
static void test_filled_since(void **state)
{
	struct rig *r = *state;
	const struct catalog *cat;
	struct container priv;
	uint64_t epoch;
	struct job j;

	warm();
	job_of(&j);
	FAKE_PLAY({"81 CB 01 00 00", "7403616263 840104 4A0100 4B0113 610106 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	priv = cat->item[0];
	epoch = card_epoch(r->c);
	FAKE_PLAY({"81 CB 01 00 00", "7403616263 840104 4A0101 4B0113 610106 9000"});
	assert_int_equal(card_generate(r->c, &priv, NULL, NULL, &j.got, soon()), ST_KEY_UNUSABLE);
	assert_int_equal(j.got.priv_id_len, 77);
	assert_int_not_equal(card_epoch(r->c), epoch);
	fake_done();
	/* one that is named as filled is not looked at */
	FAKE_PLAY({"81 CB 01 00 00", "7403616263 840104 4A0101 4B0113 610106 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	priv = cat->item[0];
	FAKE_PLAY({PROBE, "AA 9000"}, {B9, "840104 850105" KEY1 "9000"});
	assert_int_equal(card_generate(r->c, &priv, NULL, NULL, &j.got, soon()), ST_OK);
	expect_key(&j, "04", "05", "04" X1 Y1);
	/* the filling that was ours, whose answer was lost, is no reason */
	FAKE_PLAY({"81 CB 01 00 00", "7403616263 840104 4A0100 4B0113 610106 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	priv = cat->item[0];
	FAKE_PLAY({"81 CB 01 00 00", "7403616263 840104 4A0100 4B0113 610106 9000"},
		  {B9, .st = ST_IO}, {B9, "840104 850105" KEY1 "9000"});
	assert_int_equal(card_generate(r->c, &priv, NULL, NULL, &j.got, soon()), ST_OK);
	expect_key(&j, "04", "05", "04" X1 Y1);
}

/* A key that is given up: read first, and no other is lost for it. */
static void test_given_up(void **state)
{
	struct rig *r = *state;
	uint64_t epoch = card_epoch(r->c);
	struct public_key old;
	struct job j;

	warm();
	job_of(&j);
	j.priv.activated = j.pub.activated = true;
	FAKE_PLAY({CD, KEY1 "9000"});
	assert_int_equal(card_read_public(r->c, &j.pub, &old, soon()), ST_OK);
	FAKE_PLAY({PROBE, "AA 9000"}, {CD, KEY2 "9000"});
	assert_int_equal(card_generate(r->c, &j.priv, &j.pub, &old, &j.got, soon()),
			 ST_KEY_UNUSABLE);
	assert_int_equal(j.got.priv_id_len, 77);
	assert_true(card_epoch(r->c) > epoch);
	fake_done();
	FAKE_PLAY({PROBE, "AA 9000"}, {CD, KEY1 "9000"}, {B9, KEY2 "9000"});
	assert_int_equal(card_generate(r->c, &j.priv, &j.pub, &old, &j.got, soon()), ST_OK);
	expect_key(&j, "04", "05", "04" X2 Y2);
	/* what cannot be read is not known */
	FAKE_PLAY({PROBE, "AA 9000"}, {CD, "6985"}, RESELECT, {CD, "6985"});
	assert_int_equal(card_generate(r->c, &j.priv, &j.pub, &old, &j.got, soon()),
			 ST_SW_CONDITIONS);
	fake_done();
}

/* An answer that is lost on its way, from a pair that held a persistent key: not asked for again,
 * and the list counts as old. */
static void test_lost_answer(void **state)
{
	static const status losses[] = {ST_TIMEOUT,   ST_IO,	    ST_DESYNC,	    ST_CARD_GONE,
					ST_TRUNCATED, ST_MALFORMED, ST_CHANNEL_LOST};
	struct rig *r = *state;
	struct job j;

	for (size_t i = 0; i < ARRAY_LEN(losses); i++) {
		uint64_t epoch = card_epoch(r->c);

		warm();
		job_of(&j);
		j.priv.activated = j.pub.activated = true;
		FAKE_PLAY({PROBE, "AA 9000"}, {B9, .st = losses[i]});
		assert_int_equal(generate(r, &j), losses[i]);
		assert_int_equal(j.got.priv_id_len, 77);
		assert_true(card_epoch(r->c) > epoch);
		fake_done();
	}
	/* lost between 61xx and the data: B9 ran */
	job_of(&j);
	j.priv.activated = j.pub.activated = true;
	FAKE_PLAY({PROBE, "AA 9000"}, {B9, "614D"}, {"81 C0 00 00 4D", .st = ST_IO});
	assert_int_equal(generate(r, &j), ST_IO);
	FAKE_PLAY({PROBE, "AA 9000"}, {B9, "614D"}, {"81 C0 00 00 4D", "6F00"});
	assert_int_equal(generate(r, &j), ST_DESYNC);
	fake_done();
}

/* Where nothing can be lost twice, it is. */
static void test_lost_answer_again(void **state)
{
	struct job j;

	warm();
	for (int is_volatile = 0; is_volatile < 2; is_volatile++) {
		job_of(&j);
		j.priv.activated = j.priv.is_volatile = is_volatile;
		FAKE_PLAY({B9, .st = ST_IO}, {B9, KEY2 "9000"});
		assert_int_equal(generate(*state, &j), ST_OK);
		expect_key(&j, "04", "05", "04" X2 Y2);
	}
}

/* A channel that was lost long ago shows before B9; a READ PUBLIC KEY that fails on its way does
 * not bring B9 again. */
static void test_only_once(void **state)
{
	struct job j;

	warm();
	job_of(&j);
	j.priv.activated = true;
	FAKE_PLAY({PROBE, "6881"}, STEPS_OPENING, {B9, "9000"}, {CD, .st = ST_IO},
		  {CD, KEY1 "9000"});
	assert_int_equal(generate(*state, &j), ST_OK);
	expect_key(&j, "04", "05", "04" X1 Y1);
	job_of(&j);
	FAKE_PLAY({B9, "9000"}, {CD, "6985"}, RESELECT, {CD, KEY1 "9000"});
	assert_int_equal(generate(*state, &j), ST_OK);
	expect_key(&j, "04", "05", "04" X1 Y1);
}

/* Another SIM while the point is read: its own containers are not these. */
static void test_other_sim(void **state)
{
	struct rig *r = *state;
	const struct catalog *cat;
	struct job j;

	warm();
	job_of(&j);
	FAKE_PLAY({"81 CB 01 00 00", "840104 4A0100 4B0113 610106 9000"},
		  {"81 CB 01 00 00", "840104 4A0100 4B0113 610106 9000"}, {B9, "6881"}, STEP_OPEN,
		  STEP_EF_ICCID, {"01 B0 00 00 0A", "98881021436587092114 9000"},
		  {"00 70 80 01", "9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	assert_int_equal(generate(r, &j), ST_CARD_CHANGED);
	fake_done();
}

static void test_point_off_curve(void **state)
{
	struct job j;

	warm();
	job_of(&j);
	FAKE_PLAY({B9, BAD_KEY "9000"}, {CD, BAD_KEY "9000"});
	assert_int_equal(generate(*state, &j), ST_POINT_INVALID);
	assert_int_equal(j.got.priv_id_len, 77);
	fake_done();
}

/* --- PUT PUBLIC KEY --- */

#define PUT_INIT "81 24 00 01 03 850105"
#define PUT_UPDATE "81 D8 80 01 47" KEY1
#define PUT_CLOSE "81 24 01 01"

static struct public_key key1(void)
{
	struct public_key k = {.kind = PUBLIC_EC, .curve = CURVE_P256};

	k.point_len = unhex("04" X1 Y1, k.point, sizeof(k.point));
	return k;
}

static struct container slot_05(void)
{
	return (struct container){.kind = CONTAINER_PUBLIC_KEY,
				  .id = {0x05},
				  .id_len = 1,
				  .access = ACCESS_UPDATE,
				  .key_type = KEY_P256};
}

static void test_put(void **state)
{
	struct rig *r = *state;
	struct container slot = slot_05();
	struct public_key key = key1();
	uint64_t epoch = card_epoch(r->c);
	struct pair p384;

	warm();
	/* whatever the close says */
	FAKE_PLAY({PUT_INIT, "9000"}, {PUT_UPDATE, "9000"}, {PUT_CLOSE, "6985"});
	assert_int_equal(card_put_public(r->c, &slot, &key, soon()), ST_OK);
	assert_true(card_epoch(r->c) > epoch);
	fake_done();

	pair_make_ec(&p384, CURVE_P384);
	slot.key_type = KEY_P384;
	slot.id_len = 0;
	memcpy(slot.label, "abc", 3);
	slot.label_len = 3;
	FAKE_PLAY({"81 24 00 01 05 7503616263", "9000"},
		  {"81 D8 80 01 67 34654963 8661 04*", "9000"}, {PUT_CLOSE, "9000"});
	assert_int_equal(card_put_public(r->c, &slot, &p384.pub, soon()), ST_OK);
	pair_free(&p384);
	fake_done();
}

static void test_put_refused(void **state)
{
	struct rig *r = *state;
	struct container slot = slot_05();
	struct public_key key = key1();

	FAKE_PLAY(STEPS_OPENING, {PUT_INIT, "9000"}, {PUT_UPDATE, "6A80"}, {PUT_CLOSE, "9000"});
	assert_int_equal(card_put_public(r->c, &slot, &key, soon()), ST_SW_DATA);
	fake_done();

	key.point[64] ^= 1;
	assert_int_equal(card_put_public(r->c, &slot, &key, soon()), ST_POINT_INVALID);
	key = key1();
	key.curve = CURVE_BRAINPOOL_P256R1;
	assert_int_equal(card_put_public(r->c, &slot, &key, soon()), ST_POINT_INVALID);
	key = key1();
	key.kind = PUBLIC_RSA;
	assert_int_equal(card_put_public(r->c, &slot, &key, soon()), ST_POINT_INVALID);
	key = key1();
	slot.access = ACCESS_READ;
	assert_int_equal(card_put_public(r->c, &slot, &key, soon()), ST_KEY_UNUSABLE);
	slot = slot_05();
	slot.key_type = KEY_RSA2048;
	assert_int_equal(card_put_public(r->c, &slot, &key, soon()), ST_KEY_UNUSABLE);
	slot = slot_05();
	slot.kind = CONTAINER_PRIVATE_KEY;
	assert_int_equal(card_put_public(r->c, &slot, &key, soon()), ST_ARG);
	assert_int_equal(fake.enters, 1);
}

/* Empty when the list was read, somebody's by now: not overwritten. */
static void test_put_filled_since(void **state)
{
	static const char *const nothing[] = {"6985", "6A88", "9000", BAD_KEY "9000"};
	struct rig *r = *state;
	struct public_key key = {.kind = PUBLIC_EC, .curve = CURVE_P256};
	const struct catalog *cat;
	uint64_t epoch;

	key.point_len = unhex("04" X1 Y1, key.point, sizeof(key.point));
	for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
		warm();
		FAKE_PLAY({"81 CB 01 00 00", "850105 600103 4A0100 4B0113 610105 9000"});
		assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
		FAKE_PLAY({CD, nothing[i]}, {PUT_INIT, "9000"}, {"81 D8*", "9000"},
			  {"81 24 01 01", "9000"});
		assert_int_equal(card_put_public(r->c, &cat->item[0], &key, soon()), ST_OK);
	}
	FAKE_PLAY({"81 CB 01 00 00", "850105 600103 4A0100 4B0113 610105 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	epoch = card_epoch(r->c);
	FAKE_PLAY({CD, KEY2 "9000"});
	assert_int_equal(card_put_public(r->c, &cat->item[0], &key, soon()), ST_KEY_UNUSABLE);
	assert_int_not_equal(card_epoch(r->c), epoch);
	fake_done();
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(shapes),
		T(no_public_half),
		T(get_response),
		T(other_curves),
		T(refused_early),
		T(refusals),
		T(refused_and_asked_again),
		T(epoch),
		T(filled_since),
		T(put_filled_since),
		T(given_up),
		T(lost_answer),
		T(lost_answer_again),
		T(only_once),
		T(other_sim),
		T(point_off_curve),
		T(put),
		T(put_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
