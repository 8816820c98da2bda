/* SPDX-License-Identifier: Apache-2.0 */
/* Digests: the vectors of FIPS 180-4 ("abc" and the empty message), whole and in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "crypto.h"
#include "hex.h"

static const struct {
	enum hash_alg alg;
	size_t n;
	const char *abc, *empty;
} rows[] = {
	{HASH_SHA1, 20, "A9993E364706816ABA3E25717850C26C9CD0D89D",
	 "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"},
	{HASH_SHA256, 32, "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
	 "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"},
	{HASH_SHA384, 48,
	 "CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43FF5BED8086072BA1E7CC2358BAECA1"
	 "34C825A7",
	 "38B060A751AC96384CD9327EB1B1E36A21FDB71114BE07434C0CC7BF63F6E1DA274EDEBFE76F65FBD51AD2F1"
	 "4898B95B"},
	{HASH_SHA512, 64,
	 "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A2192992A274FC1A836BA3C23"
	 "A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F",
	 "CF83E1357EEFB8BDF1542850D66D8007D620E4050B5715DC83F4A921D36CE9CE47D0D13C5D85F2B0FF8318D2"
	 "877EEC2F63B931BD47417A81A538327AF927DA3E"},
};

static void expect(const uint8_t *digest, size_t n, const char *want)
{
	char text[2 * HASH_MAX + 1];

	assert_string_equal(hex_str(bytes_of(digest, n), text, sizeof(text)), want);
}

static void test_vectors(void **state)
{
	uint8_t digest[HASH_MAX];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(hash_size(rows[i].alg), rows[i].n);
		assert_int_equal(hash_once(rows[i].alg, BYTES_LIT("abc"), digest), ST_OK);
		expect(digest, rows[i].n, rows[i].abc);
		assert_int_equal(hash_once(rows[i].alg, bytes_of(NULL, 0), digest), ST_OK);
		expect(digest, rows[i].n, rows[i].empty);
	}
	assert_int_equal(hash_size(HASH_NONE), 0);
	assert_int_equal(hash_size((enum hash_alg)99), 0);
}

static void test_pieces(void **state)
{
	uint8_t digest[HASH_MAX];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct hash_ctx h = {0};

		assert_int_equal(hash_start(&h, rows[i].alg), ST_OK);
		assert_int_equal(hash_add(&h, BYTES_LIT("a")), ST_OK);
		assert_int_equal(hash_add(&h, bytes_of(NULL, 0)), ST_OK);
		assert_int_equal(hash_add(&h, BYTES_LIT("bc")), ST_OK);
		assert_int_equal(hash_finish(&h, digest), ST_OK);
		expect(digest, rows[i].n, rows[i].abc);
		hash_free(&h);
		hash_free(&h);
	}
}

static void test_misuse(void **state)
{
	uint8_t digest[HASH_MAX] = {0};
	struct hash_ctx h = {0};

	(void)state;
	assert_int_equal(hash_once(HASH_NONE, BYTES_LIT("abc"), digest), ST_CRYPTO);
	assert_int_equal(hash_once((enum hash_alg)99, BYTES_LIT("abc"), digest), ST_CRYPTO);
	assert_int_equal(hash_start(&h, HASH_NONE), ST_CRYPTO);
	assert_null(h.md);
	assert_int_equal(hash_add(&h, BYTES_LIT("abc")), ST_CRYPTO);
	assert_int_equal(hash_finish(&h, digest), ST_CRYPTO);
	hash_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors),
					   cmocka_unit_test(test_pieces),
					   cmocka_unit_test(test_misuse)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
