/* SPDX-License-Identifier: Apache-2.0 */
/* Curves, points, keys and signature checks, against keys that libcrypto's default context makes.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "crypto.h"
#include "mem.h"

static const struct {
	enum curve curve;
	const char *group, *name;
	int nid;
	size_t field;
} curves[] = {
	{CURVE_P256, "prime256v1", "P-256", NID_X9_62_prime256v1, 32},
	{CURVE_P384, "secp384r1", "P-384", NID_secp384r1, 48},
	{CURVE_BRAINPOOL_P256R1, "brainpoolP256r1", "brainpoolP256r1", NID_brainpoolP256r1, 32},
};

static EVP_PKEY *make_ec(size_t i, struct public_key *k)
{
	EVP_PKEY *pkey = EVP_EC_gen(curves[i].group);

	assert_non_null(pkey);
	*k = (struct public_key){.kind = PUBLIC_EC, .curve = curves[i].curve};
	assert_int_equal(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, k->point,
							 sizeof(k->point), &k->point_len),
			 1);
	return pkey;
}

static EVP_PKEY *make_rsa(unsigned bits, struct public_key *k)
{
	EVP_PKEY *pkey = EVP_RSA_gen(bits);
	BIGNUM *n = NULL, *e = NULL;

	assert_non_null(pkey);
	assert_int_equal(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	assert_int_equal(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e), 1);
	*k = (struct public_key){.kind = PUBLIC_RSA};
	k->modulus_len = (size_t)BN_bn2bin(n, k->modulus);
	k->exponent_len = (size_t)BN_bn2bin(e, k->exponent);
	BN_free(n);
	BN_free(e);
	return pkey;
}

static void test_facts(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		unsigned char *der = NULL;
		int n = i2d_ASN1_OBJECT(OBJ_nid2obj(curves[i].nid), &der);

		assert_true(bytes_equal(curve_oid_der(curves[i].curve), bytes_of(der, (size_t)n)));
		OPENSSL_free(der);
		assert_int_equal(curve_field_size(curves[i].curve), curves[i].field);
		assert_int_equal(curve_bits(curves[i].curve), 8 * curves[i].field);
		assert_string_equal(curve_name(curves[i].curve), curves[i].name);
	}
	assert_int_equal(curve_field_size(CURVE_NONE), 0);
	assert_int_equal(curve_field_size((enum curve)99), 0);
	assert_int_equal(curve_bits((enum curve)99), 0);
	assert_int_equal(curve_oid_der(CURVE_NONE).n, 0);
	assert_string_equal(curve_name((enum curve)99), "none");
}

static void field_prime(size_t i, uint8_t ret[48])
{
	EC_GROUP *g = EC_GROUP_new_by_curve_name(curves[i].nid);
	BIGNUM *p = BN_new();

	assert_int_equal(EC_GROUP_get_curve(g, p, NULL, NULL, NULL), 1);
	assert_int_equal(BN_bn2binpad(p, ret, (int)curves[i].field), curves[i].field);
	BN_free(p);
	EC_GROUP_free(g);
}

static void test_points(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		size_t f = curves[i].field, n = 1 + 2 * f;
		uint8_t bad[1 + 2 * 66] = {0}, p[48];
		struct public_key k;
		EVP_PKEY *pkey = make_ec(i, &k);
		enum curve c = curves[i].curve;

		assert_int_equal(curve_check_point(c, bytes_of(k.point, n)), ST_OK);
		/* every other length */
		memcpy(bad, k.point, n);
		for (size_t len = 0; len <= sizeof(bad); len++)
			if (len != n)
				assert_int_equal(curve_check_point(c, bytes_of(bad, len)),
						 ST_POINT_INVALID);
		/* every other first byte: infinity, compressed, hybrid */
		for (unsigned b = 0; b < 256; b++) {
			bad[0] = (uint8_t)b;
			if (b != 0x04)
				assert_int_equal(curve_check_point(c, bytes_of(bad, n)),
						 ST_POINT_INVALID);
		}
		/* off the curve, by a bit anywhere */
		for (size_t at = 1; at < n; at += 5) {
			memcpy(bad, k.point, n);
			bad[at] ^= 0x10;
			assert_int_equal(curve_check_point(c, bytes_of(bad, n)), ST_POINT_INVALID);
		}
		memset(bad + 1, 0, n - 1);
		assert_int_equal(curve_check_point(c, bytes_of(bad, n)), ST_POINT_INVALID);
		/* x = p, y = p, both all ones */
		field_prime(i, p);
		memcpy(bad, k.point, n);
		memcpy(bad + 1, p, f);
		assert_int_equal(curve_check_point(c, bytes_of(bad, n)), ST_POINT_INVALID);
		memcpy(bad, k.point, n);
		memcpy(bad + 1 + f, p, f);
		assert_int_equal(curve_check_point(c, bytes_of(bad, n)), ST_POINT_INVALID);
		memset(bad + 1, 0xFF, n - 1);
		assert_int_equal(curve_check_point(c, bytes_of(bad, n)), ST_POINT_INVALID);
		/* the point of another curve, or of none */
		for (size_t other = 0; other < 3; other++)
			if (other != i)
				assert_int_equal(curve_check_point(curves[other].curve,
								   bytes_of(k.point, n)),
						 ST_POINT_INVALID);
		assert_int_equal(curve_check_point(CURVE_NONE, bytes_of(k.point, n)),
				 ST_POINT_INVALID);
		assert_int_equal(curve_check_point((enum curve)77, bytes_of(k.point, n)),
				 ST_POINT_INVALID);
		EVP_PKEY_free(pkey);
	}
}

/* (0, √b) is a point of P-256 with x = 0; x = p encodes the same number and must not pass for it.
 */
static void test_unreduced_coordinate(void **state)
{
	EC_GROUP *g = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *pt = EC_POINT_new(g);
	BIGNUM *zero = BN_new();
	uint8_t point[65];

	(void)state;
	BN_zero(zero);
	assert_int_equal(EC_POINT_set_compressed_coordinates(g, pt, zero, 0, NULL), 1);
	assert_int_equal(EC_POINT_point2oct(g, pt, POINT_CONVERSION_UNCOMPRESSED, point, 65, NULL),
			 65);
	assert_int_equal(curve_check_point(CURVE_P256, BYTES_OF(point)), ST_OK);
	field_prime(0, point + 1);
	assert_int_equal(curve_check_point(CURVE_P256, BYTES_OF(point)), ST_POINT_INVALID);
	BN_free(zero);
	EC_POINT_free(pt);
	EC_GROUP_free(g);
}

static void expect_spki(EVP_PKEY *pkey, const struct public_key *k)
{
	uint8_t buf[400], small[20];
	struct wtr w = WTR_ON(buf);
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	assert_int_equal(public_key_spki(k, &w), ST_OK);
	assert_true(bytes_equal(wtr_bytes(&w), bytes_of(der, (size_t)n)));
	w = WTR_ON(small);
	assert_int_equal(public_key_spki(k, &w), ST_SHORT_OUT);
	OPENSSL_free(der);
}

static void test_spki_and_id(void **state)
{
	uint8_t id[20], want[64];
	struct public_key k;
	struct wtr w = WTR_ON(want);

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		EVP_PKEY *pkey = i < 3 ? make_ec(i, &k) : make_rsa(2048, &k);
		struct bytes what =
			i < 3 ? bytes_of(k.point, k.point_len) : bytes_of(k.modulus, k.modulus_len);

		expect_spki(pkey, &k);
		assert_int_equal(public_key_id(&k, id), ST_OK);
		assert_int_equal(EVP_Digest(what.p, what.n, want, NULL, EVP_sha1(), NULL), 1);
		assert_memory_equal(id, want, 20);
		EVP_PKEY_free(pkey);
	}
	k = (struct public_key){0};
	assert_int_equal(public_key_id(&k, id), ST_KEY_KIND);
	assert_int_equal(public_key_spki(&k, &w), ST_KEY_KIND);
	k = (struct public_key){.kind = PUBLIC_EC, .curve = CURVE_P256, .point_len = 65};
	assert_int_equal(public_key_spki(&k, &w), ST_POINT_INVALID);
}

static void test_equal(void **state)
{
	struct public_key a, b, none = {0};
	EVP_PKEY *p = make_ec(0, &a), *q = make_ec(0, &b), *r;

	(void)state;
	assert_true(public_key_equal(&a, &a));
	assert_false(public_key_equal(&a, &b));
	b = a;
	b.curve = CURVE_BRAINPOOL_P256R1;
	assert_false(public_key_equal(&a, &b));
	assert_false(public_key_equal(&none, &none));
	r = make_rsa(1024, &b);
	assert_true(public_key_equal(&b, &b));
	assert_false(public_key_equal(&a, &b));
	a = b;
	a.exponent[0] ^= 1;
	assert_false(public_key_equal(&a, &b));
	EVP_PKEY_free(p);
	EVP_PKEY_free(q);
	EVP_PKEY_free(r);
}

/* --- ECDSA --- */

static void sign_ec(EVP_PKEY *pkey, size_t field, struct bytes digest, uint8_t *ret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	uint8_t der[256];
	const uint8_t *at = der;
	size_t n = sizeof(der);
	ECDSA_SIG *sig;

	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(EVP_PKEY_sign(ctx, der, &n, digest.p, digest.n), 1);
	sig = d2i_ECDSA_SIG(NULL, &at, (long)n);
	assert_non_null(sig);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, (int)field), field);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + field, (int)field), field);
	ECDSA_SIG_free(sig);
	EVP_PKEY_CTX_free(ctx);
}

static void test_ecdsa(void **state)
{
	static const size_t digests[] = {1, 20, 28, 32, 48, 64};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		size_t f = curves[i].field;
		struct public_key k, other;
		EVP_PKEY *pkey = make_ec(i, &k), *pkey2 = make_ec(i, &other);
		uint8_t digest[64], sig[97];

		for (size_t d = 0; d < ARRAY_LEN(digests); d++) {
			struct bytes h = bytes_of(digest, digests[d]), s = bytes_of(sig, 2 * f);

			memset(digest, (int)(0x90 + d), sizeof(digest));
			sign_ec(pkey, f, h, sig);
			assert_int_equal(verify_ecdsa(&k, h, s), ST_OK);
			assert_int_equal(verify_ecdsa(&other, h, s), ST_SIG_BAD);
			digest[0] ^= 1;
			assert_int_equal(verify_ecdsa(&k, h, s), ST_SIG_BAD);
			digest[0] ^= 1;
			for (size_t at = 0; at < 2 * f; at += 7) {
				sig[at] ^= 0x40;
				assert_int_equal(verify_ecdsa(&k, h, s), ST_SIG_BAD);
				sig[at] ^= 0x40;
			}
			for (size_t n = 0; n <= 97; n++)
				if (n != 2 * f)
					assert_int_equal(verify_ecdsa(&k, h, bytes_of(sig, n)),
							 ST_SIG_LEN);
		}
		/* r or s of zero, or not below the order */
		for (int bad = 0; bad < 4; bad++) {
			sign_ec(pkey, f, bytes_of(digest, 32), sig);
			memset(sig + (bad & 1 ? f : 0), bad & 2 ? 0xFF : 0x00, f);
			assert_int_equal(
				verify_ecdsa(&k, bytes_of(digest, 32), bytes_of(sig, 2 * f)),
				ST_SIG_BAD);
		}
		memset(sig, 0, sizeof(sig));
		assert_int_equal(verify_ecdsa(&k, bytes_of(digest, 32), bytes_of(sig, 2 * f)),
				 ST_SIG_BAD);
		/* a key that is none */
		k.point[5] ^= 1;
		assert_int_equal(verify_ecdsa(&k, bytes_of(digest, 32), bytes_of(sig, 2 * f)),
				 ST_POINT_INVALID);
		k.kind = PUBLIC_NONE;
		assert_int_equal(verify_ecdsa(&k, bytes_of(digest, 32), bytes_of(sig, 2 * f)),
				 ST_KEY_KIND);
		EVP_PKEY_free(pkey);
		EVP_PKEY_free(pkey2);
	}
}

/* --- RSA --- */

static void sign_rsa(EVP_PKEY *pkey, bool pss, const EVP_MD *md, int salt, struct bytes digest,
		     uint8_t *ret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	size_t n = 512;

	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(
		EVP_PKEY_CTX_set_rsa_padding(ctx, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING),
		1);
	if (md)
		assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, md), 1);
	if (pss)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt), 1);
	assert_int_equal(EVP_PKEY_sign(ctx, ret, &n, digest.p, digest.n), 1);
	EVP_PKEY_CTX_free(ctx);
}

static void test_rsa(void **state)
{
	static const struct {
		enum hash_alg hash;
		const char *name;
	} hashes[] = {{HASH_SHA256, "SHA256"},
		      {HASH_SHA384, "SHA384"},
		      {HASH_SHA512, "SHA512"},
		      {HASH_SHA1, "SHA1"}};
	static const unsigned bits[] = {1024, 2048};
	uint8_t digest[64], sig[512];

	(void)state;
	memset(digest, 0x37, sizeof(digest));
	for (size_t b = 0; b < 2; b++) {
		struct public_key k, other;
		EVP_PKEY *pkey = make_rsa(bits[b], &k), *pkey2 = make_rsa(bits[b], &other);
		struct bytes s = bytes_of(sig, bits[b] / 8);

		for (size_t i = 0; i < 4; i++) {
			const EVP_MD *md = EVP_get_digestbyname(hashes[i].name);
			size_t n = hash_size(hashes[i].hash);
			struct bytes h = bytes_of(digest, n);

			sign_rsa(pkey, false, md, 0, h, sig);
			assert_int_equal(verify_rsa(&k, RSA_PAD_PKCS1, hashes[i].hash, 0, h, s),
					 ST_OK);
			assert_int_equal(verify_rsa(&other, RSA_PAD_PKCS1, hashes[i].hash, 0, h, s),
					 ST_SIG_BAD);
			assert_int_equal(verify_rsa(&k, RSA_PAD_PSS, hashes[i].hash, n, h, s),
					 ST_SIG_BAD);
			sig[9] ^= 1;
			assert_int_equal(verify_rsa(&k, RSA_PAD_PKCS1, hashes[i].hash, 0, h, s),
					 ST_SIG_BAD);
			if (bits[b] == 1024 && n == 64)
				continue; /* no room for such a salt */
			sign_rsa(pkey, true, md, (int)n, h, sig);
			assert_int_equal(verify_rsa(&k, RSA_PAD_PSS, hashes[i].hash, n, h, s),
					 ST_OK);
			assert_int_equal(verify_rsa(&k, RSA_PAD_PSS, hashes[i].hash, n - 1, h, s),
					 ST_SIG_BAD);
			assert_int_equal(verify_rsa(&k, RSA_PAD_PKCS1, hashes[i].hash, 0, h, s),
					 ST_SIG_BAD);
		}
		assert_int_equal(verify_rsa(&k, RSA_PAD_PKCS1, HASH_SHA256, 0, bytes_of(digest, 32),
					    bytes_of(sig, s.n - 1)),
				 ST_SIG_LEN);
		/* a whole DigestInfo of the caller's (CKM_RSA_PKCS) */
		sign_rsa(pkey, false, NULL, 0, bytes_of(digest, 51), sig);
		assert_int_equal(
			verify_rsa(&k, RSA_PAD_PKCS1, HASH_NONE, 0, bytes_of(digest, 51), s),
			ST_OK);
		digest[50] ^= 1;
		assert_int_equal(
			verify_rsa(&k, RSA_PAD_PKCS1, HASH_NONE, 0, bytes_of(digest, 51), s),
			ST_SIG_BAD);
		digest[50] ^= 1;
		/* PSS without a hash */
		assert_int_equal(
			verify_rsa(&k, RSA_PAD_PSS, HASH_NONE, 32, bytes_of(digest, 32), s),
			ST_CRYPTO);
		k.kind = PUBLIC_EC;
		assert_int_equal(
			verify_rsa(&k, RSA_PAD_PKCS1, HASH_SHA256, 0, bytes_of(digest, 32), s),
			ST_KEY_KIND);
		EVP_PKEY_free(pkey);
		EVP_PKEY_free(pkey2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_unreduced_coordinate),
		cmocka_unit_test(test_spki_and_id),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_ecdsa),
		cmocka_unit_test(test_rsa),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
