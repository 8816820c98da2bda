/* SPDX-License-Identifier: Apache-2.0 */
/* The other operations of a card: object list, public keys, random bytes, and the containers of the
 * configuration. */
#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "keys.h"

static void warm(void)
{
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
}

/* --- the list's pages --- */

static void test_pages(void **state)
{
	struct rig *r = *state;
	const struct catalog *cat;

	warm();
	/* the second page begins in the middle of an object */
	FAKE_PLAY({"81 CB 01 00 00", "840101 740141 84 6300"},
		  {"81 CB 01 01 00", "0102 840103 6300"}, {"81 CB 01 01 00", "840104 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	assert_int_equal(cat->count, 4);
	assert_int_equal(cat->item[1].id[0], 2);
	/* kept */
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	fake_done();
	card_invalidate(r->c);
	FAKE_PLAY({"81 CB 01 00 00", "840101 6300"}, {"81 CB 01 01 00", "6A86"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	assert_int_equal(cat->count, 1);
	fake_done();
	card_invalidate(r->c);
	FAKE_PLAY({"81 CB 01 00 00", "61 03"}, {"81 C0 00 00 03", "840101 6300"},
		  {"81 CB 01 01 00", "9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	assert_int_equal(cat->count, 1);
	fake_done();
}

static void test_list_failures(void **state)
{
	struct rig *r = *state;
	const struct catalog *cat = NULL;

	warm();
	/* nonsense is asked for three times */
	FAKE_PLAY({"81 CB 01 00 00", "0101 9000"}, {"81 CB 01 00 00", "0101 9000"},
		  {"81 CB 01 00 00", "0101 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_MALFORMED);
	assert_null(cat);
	/* so is an empty list, twice */
	FAKE_PLAY({"81 CB 01 00 00", "9000"}, {"81 CB 01 00 00", "9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	assert_int_equal(cat->count, 0);
	fake_done();
}

/* A taken-over channel that says "no such command" may have lost its applet: only after a new
 * SELECT, and with GET RANDOM answered, is the card believed to lack GET DATA. */
static void test_no_list(void **state)
{
	static const char *const words[] = {"6A86", "6A82", "6985"};
	struct rig *r = *state;
	const struct catalog *cat;

	for (size_t i = 0; i < 3; i++) {
		warm();
		rig_new_process(r);
		FAKE_PLAY({"81 CB 01 00 00", words[i]}, {"01 A4 08 0C 02 2FE2", "9000"},
			  STEP_READ_ICCID, STEP_SELECT, {"81 CB 01 00 00", words[i]},
			  {"81 84 00 00 01", "55 9000"});
		assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
		assert_int_equal(cat->count, 0);
	}
	fake_done();
}

/* --- containers of the configuration --- */

static void add_setting(struct rig *r, const char *slot, enum settings_kind kind, uint8_t id,
			enum settings_key_type type, const char *label)
{
	struct settings_container *sc = &r->all.container[r->all.container_count++];

	*sc = (struct settings_container){
		.name = "section", .kind = kind, .id = {id}, .id_len = 1, .key_type = type};
	snprintf(sc->slot, sizeof(sc->slot), "%s", slot);
	snprintf(sc->label, sizeof(sc->label), "%s", label);
}

static void test_settings(void **state)
{
	struct rig *r = *state;
	const struct catalog *cat;

	add_setting(r, "test", SETTINGS_PRIVATE_KEY, 1, SETTINGS_KEY_P256, "named");
	add_setting(r, "other", SETTINGS_PRIVATE_KEY, 2, SETTINGS_KEY_P256, "not ours");
	add_setting(r, "test", SETTINGS_CERTIFICATE, 3, SETTINGS_KEY_NONE, "");
	add_setting(r, "test", SETTINGS_PUBLIC_KEY, 4, SETTINGS_KEY_BRAINPOOL_P256R1, "pub");
	add_setting(r, "test", SETTINGS_DATA, 5, SETTINGS_KEY_NONE, "data");
	add_setting(r, "test", SETTINGS_SECRET_KEY, 6, SETTINGS_KEY_NONE, "psk");
	add_setting(r, "test", SETTINGS_PRIVATE_KEY, 7, SETTINGS_KEY_RSA2048, "rsa");
	add_setting(r, "test", SETTINGS_PRIVATE_KEY, 8, SETTINGS_KEY_P384, "p384");
	warm();
	/* the first is in the card's list: named, and what the card said is kept */
	FAKE_PLAY({"81 CB 01 00 00", "840101 740141 4A0100 610101 4B0113 9000"});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	fake_done();
	assert_int_equal(cat->count, 7);
	assert_true(bytes_equal(container_label(&cat->item[0]), BYTES_LIT("named")));
	assert_false(cat->item[0].activated);
	assert_int_equal(cat->item[0].functions, FUNCTION_SIGN);
	assert_int_equal(cat->item[1].kind, CONTAINER_FILE);
	assert_true(cat->item[1].is_certificate);
	assert_true(bytes_equal(container_label(&cat->item[1]), BYTES_LIT("section")));
	assert_int_equal(cat->item[2].kind, CONTAINER_PUBLIC_KEY);
	assert_int_equal(cat->item[2].key_type, KEY_BRAINPOOL_P256R1);
	assert_false(cat->item[3].is_certificate);
	assert_int_equal(cat->item[4].kind, CONTAINER_SECRET_KEY);
	assert_int_equal(cat->item[5].key_type, KEY_RSA2048);
	assert_int_equal(cat->item[6].key_type, KEY_P384);
	assert_true(cat->item[6].activated);
}

/* --- public keys --- */

static struct container public_01(enum container_key_type type)
{
	return (struct container){.kind = CONTAINER_PUBLIC_KEY,
				  .id = {0x01},
				  .id_len = 1,
				  .activated = true,
				  .access = ACCESS_READ,
				  .key_type = type};
}

#define READ_PUBLIC "81 CD 00 00 03 850101 00"

static void test_public(void **state)
{
	struct rig *r = *state;
	struct container pub = public_01(KEY_P256);
	struct public_key key;
	uint8_t tlv[71] = {0x34, 0x45, 0x49, 0x43, 0x86, 0x41};
	struct pair p;

	warm();
	pair_make_ec(&p, CURVE_P256);
	memcpy(tlv + 6, p.pub.point, 65);
	FAKE_PLAY({READ_PUBLIC, "61 47"}, {"81 C0 00 00 47", "9000", BYTES_OF(tlv)},
		  {READ_PUBLIC, "9000", bytes_of(p.pub.point, 65)});
	for (int i = 0; i < 2; i++) {
		assert_int_equal(card_read_public(r->c, &pub, &key, soon()), ST_OK);
		assert_true(public_key_equal(&key, &p.pub));
	}
	fake_done();
	pair_free(&p);
}

/* Points that are none: the output stays as it was. */
static void test_public_bad_points(void **state)
{
	struct rig *r = *state;
	struct container pub = public_01(KEY_P256);
	struct public_key key = {.kind = PUBLIC_RSA};
	uint8_t point[65];
	struct pair p;

	warm();
	pair_make_ec(&p, CURVE_P256);
	for (int i = 0; i < 5; i++) {
		size_t n = 65;

		memcpy(point, p.pub.point, 65);
		if (i == 0)
			point[64] ^= 1; /* off the curve */
		if (i == 1)
			memset(point + 1, 0xFF, 32); /* x ≥ p */
		if (i == 2)
			memset(point + 1, 0, 64);
		if (i == 3)
			n = 64;
		if (i == 4)
			n = 33; /* a point of another curve's length */
		FAKE_PLAY({READ_PUBLIC, "9000", bytes_of(point, n)});
		assert_int_equal(card_read_public(r->c, &pub, &key, soon()), ST_POINT_INVALID);
		assert_int_equal(key.kind, PUBLIC_RSA);
		fake_done();
	}
	/* a brainpool point is not one of P-256, nor the other way round */
	pub.key_type = KEY_BRAINPOOL_P256R1;
	FAKE_PLAY({READ_PUBLIC, "9000", bytes_of(p.pub.point, 65)});
	assert_int_equal(card_read_public(r->c, &pub, &key, soon()), ST_POINT_INVALID);
	fake_done();
	pair_free(&p);
}

static void test_public_refusals(void **state)
{
	struct rig *r = *state;
	struct container pub = public_01(KEY_P256);
	struct public_key key;
	uint8_t big[200] = {0x04};

	pub.kind = CONTAINER_PRIVATE_KEY;
	assert_int_equal(card_read_public(r->c, &pub, &key, soon()), ST_ARG);
	pub = public_01(KEY_RSA2048);
	assert_int_equal(card_read_public(r->c, &pub, &key, soon()), ST_KEY_KIND);
	pub = public_01(KEY_P256);
	pub.access = ACCESS_UPDATE;
	assert_int_equal(card_read_public(r->c, &pub, &key, soon()), ST_SW_CONDITIONS);
	pub = public_01(KEY_P256);
	pub.activated = false;
	assert_int_equal(card_read_public(r->c, &pub, &key, soon()), ST_SW_CONDITIONS);
	assert_int_equal(fake.apdus, 0);
	/* longer than any point */
	pub = public_01(KEY_P256);
	warm();
	FAKE_PLAY({READ_PUBLIC, "9000", BYTES_OF(big)}, {READ_PUBLIC, "9000", BYTES_OF(big)},
		  {READ_PUBLIC, "9000", BYTES_OF(big)});
	assert_int_equal(card_read_public(r->c, &pub, &key, soon()), ST_MALFORMED);
	fake_done();
}

/* --- random bytes --- */

static status random_card(void *ctx, struct bytes cmd, struct wtr *reply)
{
	size_t n = cmd.p[4] ? cmd.p[4] : 256, *most = ctx;

	assert_memory_equal(cmd.p, "\x81\x84\x00\x00", 4);
	wtr_fill(reply, 0x5A, n > *most ? *most : n);
	wtr_u16be(reply, 0x9000);
	return ST_OK;
}

static void test_random(void **state)
{
	static const struct {
		size_t n, most;
		unsigned traits, apdus;
	} rows[] = {{1, 256, 0, 1},
		    {32, 256, 0, 1}, /* design.md §7 */
		    {256, 256, 0, 1},
		    {257, 256, 0, 2},
		    {1000, 256, 0, 4},
		    {256, 256, TRANSPORT_CROSSTALK, 2},
		    {240, 256, TRANSPORT_CROSSTALK, 1},
		    {100, 30, 0, 4},
		    {5, 1, 0, 5}};
	struct rig *r = *state;

	warm();
	fake.answer = random_card;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t out[1001], want[1000];
		size_t most = rows[i].most;

		memset(want, 0x5A, sizeof(want));
		memset(out, 0xEE, sizeof(out));
		fake.ctx = &most;
		fake.traits = rows[i].traits;
		fake.apdus = 0;
		assert_int_equal(card_random(r->c, out, rows[i].n, soon()), ST_OK);
		assert_memory_equal(out, want, rows[i].n);
		assert_int_equal(out[rows[i].n], 0xEE);
		assert_int_equal(fake.apdus, rows[i].apdus);
	}
	fake.apdus = 0;
	assert_int_equal(card_random(r->c, NULL, 0, soon()), ST_OK);
	assert_int_equal(fake.apdus, 0);
	fake_done();
}

/* Success without a byte is no success, and more than was asked for is cut. */
static void test_random_lengths(void **state)
{
	struct rig *r = *state;
	uint8_t out[5] = {0, 0, 0, 0, 0xEE};

	warm();
	FAKE_PLAY({"81 84 00 00 04", "9000"}, {"81 84 00 00 04", "9000"},
		  {"81 84 00 00 04", "9000"});
	assert_int_equal(card_random(r->c, out, 4, soon()), ST_MALFORMED);
	FAKE_PLAY({"81 84 00 00 04", "010203040506 9000"});
	assert_int_equal(card_random(r->c, out, 4, soon()), ST_OK);
	assert_memory_equal(out, "\x01\x02\x03\x04\xEE", 5);
	fake_done();
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(pages),	    T(list_failures), T(no_list),
		T(settings),	    T(public),	      T(public_bad_points),
		T(public_refusals), T(random),	      T(random_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
