/* SPDX-License-Identifier: Apache-2.0 */
/* The object list in its three layouts, the lists of real cards, and what is no list at all
 * (iotsafe-protocol.md §5 rule 5, §10.1, §10.2, §10.3, §15.1). */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* QNT's card, as it was logged, malformed tag 92 included. */
#define QNT_1 "74023131 84020002 600102 4A0101 4B0113 4E0103 610107 920204 91020007 6F0101"
#define QNT_2 "75023131 85020002 600102 4A0101 4B0113 4E0103 610107 920204 91020007 6F0101"
#define QNT_3 "75023232 85020003 600102 4A0100 4B0113 4E0103 610107 920204 91020007 6F0101"
#define QNT_4 "73023031 83020001 600101 4A0101 210101 20020040"
#define QNT_5 "76023333 86020004 600103 4A0100 4B01A0 61010C 940102"
/* a well-formed pair, file and secret for wrappers: 34, 34, 22 and 27 bytes */
#define PRIV(id) "740131 8401" id " 600100 4A0101 4B0113 4E0101 610101 920104 91020001"
#define PUB(id) "750131 8501" id " 600101 4A0101 4B0113 4E0101 610101 920104 91020001"
#define FILE_(id) "730131 8301" id " 600101 4A0101 210102 20020180"
#define SECRET_(id) "760131 8601" id " 600100 4A0101 4B01A0 610108 940103"

static struct catalog cat;

static status parse(const char *hex)
{
	static uint8_t buf[8192];

	memset(&cat, 0, sizeof(cat));
	return catalog_parse_list(bytes_of(buf, unhex(hex, buf, sizeof(buf))), &cat);
}

static void test_qnt(void **state)
{
	const struct container *c = cat.item;

	(void)state;
	assert_int_equal(parse(QNT_1 QNT_2 QNT_3 QNT_4 QNT_5), ST_OK);
	assert_int_equal(cat.count, 5);
	assert_int_equal(c[0].kind, CONTAINER_PRIVATE_KEY);
	assert_true(bytes_equal(container_id(&c[0]), BYTES_LIT("\x00\x02")));
	assert_true(bytes_equal(container_label(&c[0]), BYTES_LIT("11")));
	assert_true(c[0].activated);
	assert_int_equal(c[0].access, ACCESS_UPDATE);
	assert_int_equal(c[0].key_type, KEY_P256);
	assert_int_equal(c[0].raw_type, 0x13);
	assert_false(c[0].is_volatile);
	assert_int_equal(c[0].usage, 3);
	assert_int_equal(c[0].functions, 7);
	assert_int_equal(c[0].sig_algs, SIG_ECDSA);
	assert_int_equal(c[0].hash_algs, 7);
	assert_int_equal(c[0].agreements, 1);
	assert_int_equal(container_curve(&c[0]), CURVE_P256);
	assert_int_equal(c[1].kind, CONTAINER_PUBLIC_KEY);
	assert_int_equal(c[2].kind, CONTAINER_PUBLIC_KEY);
	assert_false(c[2].activated);
	assert_int_equal(c[3].kind, CONTAINER_FILE);
	assert_true(c[3].size_known);
	assert_int_equal(c[3].size, 64);
	assert_false(c[3].is_certificate);
	assert_int_equal(c[4].kind, CONTAINER_SECRET_KEY);
	assert_int_equal(c[4].key_type, KEY_HMAC);
	assert_int_equal(c[4].functions, 0x0C);
	assert_int_equal(c[4].derivations, 2);
	assert_int_equal(container_curve(&c[4]), CURVE_NONE);
}

static void expect_pairs(void)
{
	static const enum container_kind kinds[] = {CONTAINER_PRIVATE_KEY, CONTAINER_PRIVATE_KEY,
						    CONTAINER_PUBLIC_KEY,  CONTAINER_PUBLIC_KEY,
						    CONTAINER_SECRET_KEY,  CONTAINER_FILE,
						    CONTAINER_FILE};

	assert_int_equal(cat.count, 7);
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(cat.item[i].kind, kinds[i]);
		assert_int_equal(cat.item[i].id_len, 1);
		assert_int_equal(cat.item[i].id[0], i + 1);
		assert_int_equal(cat.item[i].label_len, 1);
		assert_true(cat.item[i].activated);
	}
	assert_true(cat.item[5].is_certificate);
	assert_int_equal(cat.item[5].size, 0x180);
	assert_int_equal(cat.item[0].hash_algs, CARD_SHA256);
}

static void test_layouts(void **state)
{
	(void)state;
	/* L1: one wrapper an object */
	assert_int_equal(
		parse("C11C" PRIV("01") "C11C" PRIV("02") "C21C" PUB("03") "C21C" PUB("04") //
		      "C415" SECRET_("05") "C313" FILE_("06") "C313" FILE_("07")),
		ST_OK);
	expect_pairs();
	/* L2: one wrapper a kind */
	assert_int_equal(parse("C138" PRIV("01") PRIV("02") "C238" PUB("03") PUB("04") //
			       "C415" SECRET_("05") "C326" FILE_("06") FILE_("07")),
			 ST_OK);
	expect_pairs();
	/* L3: none */
	assert_int_equal(parse(PRIV("01") PRIV("02") PUB("03") PUB("04") SECRET_("05") FILE_("06")
				       FILE_("07")),
			 ST_OK);
	expect_pairs();
}

/* Label and ID in either order, either one alone, or neither. */
static void test_orders(void **state)
{
	(void)state;
	assert_int_equal(parse("840101 740141 4B0113 840102 740142 4B0114"), ST_OK);
	assert_int_equal(cat.count, 2);
	assert_int_equal(cat.item[0].label[0], 'A');
	assert_int_equal(cat.item[1].id[0], 2);
	assert_int_equal(cat.item[1].label[0], 'B');
	assert_true(cat.item[1].is_volatile);
	assert_int_equal(parse("840101 840102 740141 740142"), ST_OK);
	assert_int_equal(cat.count, 3);
	assert_int_equal(cat.item[2].id_len, 0);
	assert_int_equal(parse("7400 8400 4B0113"), ST_MALFORMED);
	assert_int_equal(cat.count, 0);
	/* attributes without an object; leaving a wrapper closes the object */
	assert_int_equal(parse("4B0113 4A0100"), ST_MALFORMED);
	assert_int_equal(parse("C103 840101 4B0113"), ST_OK);
	assert_int_equal(cat.item[0].key_type, KEY_UNKNOWN);
	assert_int_equal(parse(""), ST_OK);
}

/* Tags of a later version of the specification: skipped by their length, wherever they stand. */
static void test_unknown_tags(void **state)
{
	(void)state;
	assert_int_equal(
		parse("D70105 C11A D70105 740141 D70105 840101 4B0113 E003AABBCC 610101 FF00"),
		ST_OK);
	assert_int_equal(cat.count, 1);
	assert_int_equal(cat.item[0].id[0], 1);
	assert_int_equal(cat.item[0].label[0], 'A');
	assert_int_equal(cat.item[0].key_type, KEY_P256);
	assert_int_equal(cat.item[0].functions, 1);
	/* a wrapper of a kind that we do not know holds nothing for us */
	assert_int_equal(parse("C706 840109 4B0113 C103 840102"), ST_OK);
	assert_int_equal(cat.count, 1);
	assert_int_equal(cat.item[0].id[0], 2);
}

/* What a card leaves out is not forbidden. */
static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse("840101 830102"), ST_OK);
	assert_true(cat.item[0].activated);
	assert_int_equal(cat.item[0].functions, 0xFF);
	assert_true(cat.item[0].access & ACCESS_READ);
	assert_false(cat.item[1].size_known);
	assert_true(cat.item[1].is_certificate); /* perhaps: its content tells */
}

static void test_key_types(void **state)
{
	static const struct {
		const char *hex;
		enum container_key_type type;
		bool is_volatile;
	} rows[] = {
		{"840101 4B0103", KEY_RSA2048, false},
		{"840101 4B0113", KEY_P256, false},
		{"840101 4B0114", KEY_P256, true},
		{"840101 4B0123", KEY_BRAINPOOL_P256R1, false},
		{"840101 4B0124", KEY_BRAINPOOL_P256R1, true},
		{"860101 4B01A0", KEY_HMAC, false},
		{"860101 4B01B0", KEY_AES_CMAC, false},
		{"840101 4B0199", KEY_UNKNOWN, false},
		{"840101 4B00", KEY_UNKNOWN, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i].hex), ST_OK);
		assert_int_equal(cat.item[0].key_type, rows[i].type);
		assert_int_equal(cat.item[0].is_volatile, rows[i].is_volatile);
	}
}

/* IDs and labels at and over their limits: cut or unaddressable, never past the field. */
static void test_limits(void **state)
{
	char hex[2000];
	size_t n;

	(void)state;
	for (unsigned len = 0; len <= 0xFF; len += len < 70 ? 1 : 37) {
		n = (size_t)snprintf(hex, sizeof(hex), "74%02X", len);
		for (unsigned i = 0; i < len; i++)
			n += (size_t)snprintf(hex + n, sizeof(hex) - n, "41");
		n += (size_t)snprintf(hex + n, sizeof(hex) - n, "84%02X", len);
		for (unsigned i = 0; i < len; i++)
			n += (size_t)snprintf(hex + n, sizeof(hex) - n, "42");
		if (len == 0) {
			assert_int_equal(parse(hex), ST_MALFORMED);
			continue;
		}
		assert_int_equal(parse(hex), ST_OK);
		assert_int_equal(cat.count, 1);
		assert_int_equal(cat.item[0].label_len,
				 len < CONTAINER_LABEL_MAX ? len : CONTAINER_LABEL_MAX);
		assert_int_equal(cat.item[0].id_len, len <= CONTAINER_ID_MAX ? len : 0);
	}
}

/* More objects than we hold: the first ones stay. */
static void test_many(void **state)
{
	static uint8_t list[4 * 400];
	struct wtr w = WTR_ON(list);

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		wtr_u16be(&w, 0x8402);
		wtr_u16be(&w, (uint16_t)(0x0100 + i));
	}
	assert_int_equal(catalog_parse_list(wtr_bytes(&w), &cat), ST_OK);
	assert_int_equal(cat.count, CONTAINERS_MAX);
	assert_int_equal(cat.item[CONTAINERS_MAX - 1].id[1], 0xFF);
}

/* Every cut of a good list, in exactly sized memory, and every single damaged byte. */
static void test_damaged(void **state)
{
	uint8_t good[512];
	size_t n = unhex(QNT_1 "C11C" PRIV("01") QNT_4 "C326" FILE_("06") FILE_("07"), good,
			 sizeof(good));

	status st;

	(void)state;
	for (size_t cut = 0; cut <= n; cut++) {
		uint8_t *exact = malloc(cut + 1);

		assert_non_null(exact);
		memcpy(exact + 1, good, cut);
		memset(&cat, 0, sizeof(cat));
		st = catalog_parse_list(bytes_of(exact + 1, cut), &cat);
		assert_int_equal(st, cat.count == 0 && cut > 0 ? ST_MALFORMED : ST_OK);
		free(exact);
	}
	for (size_t i = 0; i < n; i++) {
		for (unsigned v = 0; v < 256; v++) {
			uint8_t was = good[i];

			good[i] = (uint8_t)v;
			st = catalog_parse_list(bytes_of(good, n), &cat);
			assert_int_equal(st, cat.count > 0 ? ST_OK : ST_MALFORMED);
			assert_true(cat.count <= CONTAINERS_MAX);
			for (size_t k = 0; k < cat.count; k++)
				assert_true(cat.item[k].id_len + cat.item[k].label_len > 0);
			good[i] = was;
		}
	}
}

static void test_random_bytes(void **state)
{
	uint8_t list[600];
	uint32_t x = 12345;
	status st;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t n = x % sizeof(list);

		for (size_t i = 0; i < n; i++) {
			x = x * 1664525 + 1013904223;
			list[i] = (uint8_t)(x >> 24);
			if (x & 0x100) /* more often a tag that means something */
				list[i] = (uint8_t) "\x74\x84\x75\x85\xC1\xC2\x91\x92\x01\x02"
					[x >> 16 & 7];
		}
		st = catalog_parse_list(bytes_of(list, n), &cat);
		assert_int_equal(st, cat.count > 0 || n == 0 ? ST_OK : ST_MALFORMED);
		assert_true(cat.count <= CONTAINERS_MAX);
		x = x * 1664525 + 1013904223;
	}
}

/* --- GET DATA application --- */

static status parse_app(const char *hex)
{
	uint8_t buf[256];

	memset(&cat, 0, sizeof(cat));
	return catalog_parse_app(bytes_of(buf, unhex(hex, buf, sizeof(buf))), &cat);
}

#define APP_ID "1122334455667788112233445566778811223344556677881122334455667788"

static void test_app(void **state)
{
	(void)state;
	/* QNT: 61 and 6F */
	assert_int_equal(parse_app("100110 1120" APP_ID "B1010A B2010A B3010A B4010A 61010F "
				   "91020001 920104 6F0101 940102 B70101"),
			 ST_OK);
	assert_true(cat.has_app_info);
	assert_int_equal(cat.version, 0x10);
	assert_int_equal(cat.app_id_len, 32);
	assert_int_equal(cat.app_functions, 0x0F);
	assert_int_equal(cat.app_hash_algs, 1);
	assert_int_equal(cat.app_sig_algs, SIG_ECDSA);
	assert_int_equal(cat.app_agreements, 1);
	assert_int_equal(cat.app_derivations, 2);
	assert_int_equal(cat.sessions_max, 1);
	/* ORG: 90 and 93, tag 11 with 0E before thirteen bytes, tag 91 of one byte */
	assert_int_equal(parse_app("100110 110E 01020304050607080910111213 B1010A B2010A B3010A "
				   "B4010A 90010F 910101 920104 930101 940102 B70103"),
			 ST_OK);
	assert_int_equal(cat.app_id_len, 13);
	assert_int_equal(cat.app_functions, 0x0F);
	assert_int_equal(cat.app_hash_algs, 1);
	assert_int_equal(cat.app_agreements, 1);
	assert_int_equal(cat.sessions_max, 3);
	assert_int_equal(parse_app(""), ST_MALFORMED);
	assert_int_equal(parse_app("10"), ST_MALFORMED);
	assert_int_equal(parse_app("1000"), ST_MALFORMED);
	assert_int_equal(parse_app("1130" APP_ID APP_ID), ST_OK);
	assert_int_equal(cat.app_id_len, 32);
}

static void test_names(void **state)
{
	(void)state;
	for (int k = 0; k < CONTAINER_KINDS; k++)
		assert_true(strlen(container_kind_name((enum container_kind)k)) > 3);
	assert_string_equal(container_kind_name((enum container_kind)99), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_qnt),	 cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_orders),	 cmocka_unit_test(test_unknown_tags),
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_key_types),
		cmocka_unit_test(test_limits),	 cmocka_unit_test(test_many),
		cmocka_unit_test(test_damaged),	 cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_app),	 cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
