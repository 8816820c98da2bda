/* SPDX-License-Identifier: Apache-2.0 */
/* TLVs, signatures and points, well formed and not (iotsafe-protocol.md §5). */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include "tlv.h"

struct expected {
	uint8_t tag;
	const char *value;
};

static void expect_walk(const char *hex, const struct expected *want, size_t n, size_t left)
{
	uint8_t buf[300], value[300];
	struct rdr r = rdr_of(bytes_of(buf, unhex(hex, buf, sizeof(buf))));
	uint8_t tag = 0;
	struct bytes v = {0};

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(tlv_next(&r, &tag, &v), ST_OK);
		assert_int_equal(tag, want[i].tag);
		assert_true(bytes_equal(
			v, bytes_of(value, unhex(want[i].value, value, sizeof(value)))));
	}
	assert_int_equal(tlv_next(&r, &tag, &v), ST_TRUNCATED);
	assert_int_equal(r.n, left);
}
#define EXPECT_WALK(hex, left, ...)                                                                \
	expect_walk(hex, (const struct expected[]){__VA_ARGS__},                                   \
		    sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected),      \
		    left)

static void test_walk(void **state)
{
	(void)state;
	EXPECT_WALK("840101 7400 9102 0001", 0, {0x84, "01"}, {0x74, ""}, {0x91, "0001"});
	/* tags are one byte, whatever BER would make of them */
	EXPECT_WALK("5F0101 7F0102 9F0103", 0, {0x5F, "01"}, {0x7F, "02"}, {0x9F, "03"});
	/* the two malformed outputs of §5 rule 5 */
	EXPECT_WALK("920204 91020007 6F0101", 0, {0x92, "04"}, {0x91, "0007"}, {0x6F, "01"});
	EXPECT_WALK("110E 01020304050607080910111213 B1010A", 0,
		    {0x11, "01020304050607080910111213"}, {0xB1, "0A"});
	/* one byte short at the very end */
	EXPECT_WALK("8403 0102", 0, {0x84, "0102"});
	/* two bytes short, a lone tag, nothing */
	EXPECT_WALK("840101 8404 0102", 4, {0x84, "01"});
	EXPECT_WALK("840101 84", 1, {0x84, "01"});
	expect_walk("", NULL, 0, 0);
}

/* Every length of a value against every length of what is there: never past the end, and the reader
 * stays where it was on failure. */
static void test_bounds(void **state)
{
	uint8_t *buf;

	(void)state;
	for (size_t there = 0; there < 260; there++) {
		buf = malloc(2 + there); /* exactly, so that ASan sees one byte too far */
		assert_non_null(buf);
		memset(buf, 0x00, 2 + there);
		buf[0] = 0x84;
		for (size_t len = 0; len < 256; len++) {
			struct rdr r = rdr_of(bytes_of(buf, 2 + there));
			struct bytes v = {0};
			uint8_t tag;
			status st;

			buf[1] = (uint8_t)len;
			st = tlv_next(&r, &tag, &v);
			if (len > there + 1) {
				assert_int_equal(st, ST_TRUNCATED);
				assert_int_equal(r.n, 2 + there);
				continue;
			}
			assert_int_equal(st, ST_OK);
			assert_true(v.p >= buf && v.p + v.n <= buf + 2 + there);
			assert_int_equal(r.n + v.n, there);
		}
		free(buf);
	}
}

static void test_put(void **state)
{
	uint8_t buf[300] = {0}, value[256] = {0};
	struct wtr w = WTR_ON(buf);

	(void)state;
	tlv_put_u8(&w, 0xA1, 3);
	tlv_put(&w, 0x9E, bytes_of(value, 255));
	assert_int_equal(wtr_done(&w), ST_OK);
	assert_int_equal(w.n, 3 + 257);
	assert_memory_equal(buf, "\xA1\x01\x03\x9E\xFF", 5);
	/* one raw length byte cannot say 256 */
	w = WTR_ON(buf);
	tlv_put(&w, 0x9E, bytes_of(value, 256));
	assert_int_equal(wtr_done(&w), ST_SHORT_OUT);
	assert_int_equal(w.n, 0);
}

static void test_signature(void **state)
{
	static const struct {
		const char *hex;
		status st;
		size_t n;
	} rows[] = {
		{"33020102", ST_OK, 2},	       {"3300020102", ST_OK, 2},
		{"3381020102", ST_OK, 2},      {"338200020102", ST_OK, 2},
		{"", ST_MALFORMED, 0},	       {"33", ST_MALFORMED, 0},
		{"3300", ST_MALFORMED, 0},     {"330000", ST_MALFORMED, 0},
		{"338100", ST_MALFORMED, 0},   {"33820000", ST_MALFORMED, 0},
		{"33030102", ST_MALFORMED, 0}, {"33010102", ST_MALFORMED, 0},
		{"34020102", ST_MALFORMED, 0}, {"3382", ST_MALFORMED, 0},
		{"338203", ST_MALFORMED, 0},
	};
	uint8_t buf[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes b = bytes_of(buf, unhex(rows[i].hex, buf, sizeof(buf))), sig = {0};

		assert_int_equal(tlv_signature(b, &sig), rows[i].st);
		assert_int_equal(sig.n, rows[i].n);
		if (sig.n > 0)
			assert_memory_equal(sig.p, "\x01\x02", 2);
	}
}

static void test_ecdsa_raw(void **state)
{
	static const struct {
		const char *hex;
		const char *raw; /* NULL: malformed */
	} rows[] = {
		{"0102030405060708", "0102030405060708"},
		{"300D 0205 00FFFFFFFF 0204 7FFFFFFF", "FFFFFFFF7FFFFFFF"},
		{"3008 0202 0001 0202 0002", "0000000100000002"},
		{"3006020100020100", "3006020100020100"}, /* eight bytes are r || s */
		{"300C 0205 01FFFFFFFF 0203 010203", NULL},
		{"3007 0200 0203 010203", NULL},
		{"300A 0203010203 0303010203", NULL},
		{"300B 0203010203 0203010203 00", NULL},
		{"300B 0203010203 0203010203", NULL},
		{"300A 0203010203 0204010203", NULL},
		{"310A 0203010203 0203010203", NULL},
		{"30810A 0203010203 0203010203", NULL},
		{"3005 0203010203", NULL},
		{"30", NULL},
		{"", NULL},
	};
	uint8_t buf[32], want[8], raw[8];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes b = bytes_of(buf, unhex(rows[i].hex, buf, sizeof(buf)));
		status st = tlv_ecdsa_raw(b, 4, raw);

		assert_int_equal(st, rows[i].raw ? ST_OK : ST_MALFORMED);
		if (!rows[i].raw)
			continue;
		unhex(rows[i].raw, want, sizeof(want));
		assert_memory_equal(raw, want, 8);
	}
}

static void test_point(void **state)
{
	static const struct {
		const char *hex;
		bool good;
	} rows[] = {
		{"3407 4905 8603 040102", true},
		{"040102", true},
		{"3407 4905 8603 020102", false},
		{"3407 4905 8503 040102", false},
		{"3407 4805 8603 040102", false},
		{"3407 4905 8604 040102", false},
		{"3408 4905 8603 040102", false},
		{"3402 4900", false},
		{"3400", false},
		{"34", false},
		{"", false},
		{"04", false},
		{"00", false},
	};
	uint8_t buf[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes b = bytes_of(buf, unhex(rows[i].hex, buf, sizeof(buf))), point = {0};

		assert_int_equal(tlv_point(b, &point), rows[i].good ? ST_OK : ST_MALFORMED);
		if (rows[i].good)
			assert_true(bytes_equal(point, BYTES_LIT("\x04\x01\x02")));
	}
}

/* Raw, or behind any tag with any form of length that covers it exactly. */
static void test_raw(void **state)
{
	static const struct {
		const char *hex;
		bool good;
	} rows[] = {
		{"040102", true},	   {"8003 040102", true},    {"3303 040102", true},
		{"330003 040102", true},   {"808103 040102", true},  {"80820003 040102", true},
		{"8002 040102", false},	   {"800301 040102", false}, {"80820103 040102", false},
		{"80800304010200", false}, {"040102 00", false},     {"0401", false},
		{"8003 0401", false},	   {"03 040102", false},     {"", false},
	};
	uint8_t buf[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes b = bytes_of(buf, unhex(rows[i].hex, buf, sizeof(buf))), v = {0};

		assert_int_equal(tlv_raw(b, 3, &v), rows[i].good ? ST_OK : ST_MALFORMED);
		if (rows[i].good)
			assert_true(bytes_equal(v, BYTES_LIT("\x04\x01\x02")));
	}
}

static void test_put_point(void **state)
{
	uint8_t point[97] = {0x04}, buf[103];
	struct wtr w = WTR_ON(buf);
	struct bytes back;

	(void)state;
	tlv_put_point(&w, BYTES_OF(point));
	assert_int_equal(wtr_done(&w), ST_OK);
	assert_memory_equal(buf, "\x34\x65\x49\x63\x86\x61\x04", 7);
	assert_int_equal(tlv_point(wtr_bytes(&w), &back), ST_OK);
	assert_true(bytes_equal(back, BYTES_OF(point)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),	  cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_put),	  cmocka_unit_test(test_signature),
		cmocka_unit_test(test_ecdsa_raw), cmocka_unit_test(test_point),
		cmocka_unit_test(test_raw),	  cmocka_unit_test(test_put_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
