/* SPDX-License-Identifier: Apache-2.0 */
/* card_fit_digest: whatever a caller of CKM_ECDSA hands in, the signature that a card makes over
 * the fitted digest verifies under libcrypto over the caller's own bytes. */
#include "fake.h"

#include <string.h>

#include "keys.h"

static struct container key_of(enum container_key_type type, uint8_t hashes)
{
	return (struct container){.kind = CONTAINER_PRIVATE_KEY,
				  .id_len = 1,
				  .activated = true,
				  .functions = 0xFF,
				  .key_type = type,
				  .hash_algs = hashes};
}

static uint8_t bit_of(enum hash_alg h)
{
	return h == HASH_SHA256 ? CARD_SHA256 : h == HASH_SHA384 ? CARD_SHA384 : CARD_SHA512;
}

/* What libcrypto says of raw r || s over the caller's digest, by its own default context. */
static bool libcrypto_verifies(const struct pair *p, struct bytes digest, const uint8_t *sig,
			       size_t n)
{
	struct bytes raw = bytes_of(sig, n);

	return verify_ecdsa(&p->pub, digest, raw) == ST_OK;
}

/* May the container carry n bytes for that field at all? */
static bool possible(uint8_t hashes, size_t field, size_t n)
{
	static const size_t sizes[] = {32, 48, 64};

	if (n > field)
		n = field;
	for (size_t i = 0; i < 3; i++)
		if ((!hashes || hashes & 1U << i) && sizes[i] >= n)
			return true;
	return false;
}

static void test_all(void **state)
{
	static const struct {
		enum container_key_type type;
		enum curve curve;
	} curves[] = {{KEY_P256, CURVE_P256},
		      {KEY_P384, CURVE_P384},
		      {KEY_BRAINPOOL_P256R1, CURVE_BRAINPOOL_P256R1}};

	(void)state;
	for (size_t c = 0; c < 3; c++) {
		size_t field = curve_field_size(curves[c].curve);
		struct pair pair;

		pair_make_ec(&pair, curves[c].curve);
		for (uint8_t hashes = 0; hashes < 8; hashes++) {
			struct container key = key_of(curves[c].type, hashes);

			for (size_t n = 1; n <= 64; n++) {
				uint8_t digest[64], fitted[HASH_MAX], sig[SIGNATURE_MAX];
				enum hash_alg hash = HASH_NONE;
				status st;

				/* high bits set, so that a wrong cut or pad shows */
				for (size_t i = 0; i < n; i++)
					digest[i] = (uint8_t)(0xFF - i);
				st = card_fit_digest(&key, bytes_of(digest, n), &hash, fitted);
				if (!possible(hashes, field, n)) {
					assert_int_equal(st, ST_KEY_UNUSABLE);
					continue;
				}
				assert_int_equal(st, ST_OK);
				assert_true(hashes == 0 || hashes & bit_of(hash));
				if (hashes == 0 ||
				    hashes & (field == 48 ? CARD_SHA384 : CARD_SHA256))
					assert_int_equal(hash_size(hash), field);
				/* the card signs what it was given */
				assert_int_equal(pair_sign_ecdsa(&pair,
								 bytes_of(fitted, hash_size(hash)),
								 sig),
						 2 * field);
				assert_true(libcrypto_verifies(&pair, bytes_of(digest, n), sig,
							       2 * field));
			}
		}
		pair_free(&pair);
	}
}

static void test_refused(void **state)
{
	struct container key = key_of(KEY_P256, 0);
	uint8_t fitted[HASH_MAX], digest[64] = {0};
	enum hash_alg hash = HASH_NONE;

	(void)state;
	assert_int_equal(card_fit_digest(&key, bytes_of(digest, 0), &hash, fitted), ST_DATA_LEN);
	key = key_of(KEY_RSA2048, 0);
	assert_int_equal(card_fit_digest(&key, bytes_of(digest, 32), &hash, fitted), ST_KEY_KIND);
	key = key_of(KEY_UNKNOWN, 0);
	assert_int_equal(card_fit_digest(&key, bytes_of(digest, 32), &hash, fitted), ST_KEY_KIND);
	/* a bitmap of hashes that nobody knows */
	key = key_of(KEY_P256, 0xF8);
	assert_int_equal(card_fit_digest(&key, bytes_of(digest, 32), &hash, fitted),
			 ST_KEY_UNUSABLE);
	assert_int_equal(hash, HASH_NONE);
}

static void test_bytes(void **state)
{
	struct container key = key_of(KEY_P256, 0);
	uint8_t fitted[HASH_MAX], digest[64], want[64] = {0};
	enum hash_alg hash;

	(void)state;
	memset(digest, 0xAB, sizeof(digest));
	/* SHA-1: twelve zeros in front */
	assert_int_equal(card_fit_digest(&key, bytes_of(digest, 20), &hash, fitted), ST_OK);
	memset(want + 12, 0xAB, 20);
	assert_memory_equal(fitted, want, 32);
	/* only SHA-512: the number's 32 bytes in front, zeros behind */
	key.hash_algs = CARD_SHA512;
	assert_int_equal(card_fit_digest(&key, bytes_of(digest, 20), &hash, fitted), ST_OK);
	assert_int_equal(hash, HASH_SHA512);
	assert_memory_equal(fitted, want, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_all),
					   cmocka_unit_test(test_refused),
					   cmocka_unit_test(test_bytes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
