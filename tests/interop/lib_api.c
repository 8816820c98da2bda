/* SPDX-License-Identifier: Apache-2.0 */
/* libiotsafe on the demo profile, and on whatever keys a SIM has. */
#include "lib_rig.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

static const uint8_t digest[64] =
	"a digest, as far as a card knows, and thirty-two bytes more ....";

/* --- what there is --- */

static void test_identity(void **state)
{
	struct iotsafe *sim = lib_open();
	struct iotsafe_info info;

	(void)state;
	WORKS(iotsafe_identify(sim, &info));
	assert_int_equal(strspn(info.iccid, "0123456789"), 19);
	assert_int_equal(strlen(info.iccid), 19);
	assert_string_equal(info.slot, "sim");
	assert_int_equal(info.aid_n, 7);
	assert_memory_equal(info.aid, "\xA0\x00\x00\x05\x59\x00\x10", 7);
	assert_true(strlen(info.device) > 0);
	iotsafe_close(sim);
}

static void test_list(void **state)
{
	struct iotsafe *sim = lib_open();
	struct iotsafe_object o[16];
	size_t n = 99;

	(void)state;
	WORKS(iotsafe_list(sim, NULL, 0, &n));
	assert_int_equal(n, 7);
	EXPECT(iotsafe_list(sim, o, 6, &n), IOTSAFE_E_BUFFER);
	assert_int_equal(n, 7);
	WORKS(iotsafe_list(sim, o, 7, &n));
	assert_int_equal(n, 7);
	assert_int_equal(o[0].kind, IOTSAFE_PRIVATE_KEY);
	assert_int_equal(o[0].key_type, IOTSAFE_KEY_P256);
	assert_int_equal(o[0].usage & IOTSAFE_CAN_SIGN, IOTSAFE_CAN_SIGN);
	assert_int_equal(o[0].state & (IOTSAFE_FILLED | IOTSAFE_READABLE | IOTSAFE_EPHEMERAL),
			 IOTSAFE_FILLED);
	assert_string_equal(o[0].label, "device");
	assert_int_equal(o[0].id_n, 1);
	assert_int_equal(o[0].id[0], 1);
	iotsafe_close(sim);
}

static void test_find(void **state)
{
	struct iotsafe *sim = lib_open();
	struct iotsafe_object o;

	(void)state;
	assert_string_equal(lib_find(sim, IOTSAFE_PRIVATE_KEY, NULL).label, "device");
	assert_string_equal(lib_find(sim, IOTSAFE_PRIVATE_KEY, "04").label, "ephemeral");
	assert_string_equal(lib_find(sim, IOTSAFE_CERTIFICATE, NULL).label, "device-cert");
	assert_int_equal(lib_find(sim, IOTSAFE_ANY, "ca-cert").kind, IOTSAFE_CERTIFICATE);
	EXPECT(iotsafe_find(sim, IOTSAFE_PUBLIC_KEY, "ca-cert", &o), IOTSAFE_E_NOT_FOUND);
	EXPECT(iotsafe_find(sim, IOTSAFE_SECRET_KEY, NULL, &o), IOTSAFE_E_NOT_FOUND);
	EXPECT(iotsafe_find(sim, IOTSAFE_ANY, "", &o), IOTSAFE_E_NOT_FOUND);
	iotsafe_close(sim);
}

static void test_certificate(void **state)
{
	struct iotsafe *sim = lib_open();
	struct iotsafe_object file = lib_find(sim, IOTSAFE_CERTIFICATE, "device-cert");
	struct iotsafe_object key = lib_find(sim, IOTSAFE_PRIVATE_KEY, "device");
	uint8_t a[2048], b[2048], c[2048];
	const uint8_t *p = a;
	size_t an = 0, bn = 0, cn = 0;

	(void)state;
	WORKS(iotsafe_certificate(sim, &key, a, sizeof(a), &an));
	WORKS(iotsafe_certificate(sim, &file, b, sizeof(b), &bn));
	WORKS(iotsafe_read(sim, &file, c, sizeof(c), &cn));
	assert_int_equal(an, bn);
	assert_int_equal(an, cn);
	assert_memory_equal(a, b, an);
	assert_memory_equal(a, c, an);
	EXPECT(iotsafe_certificate(sim, &key, b, an - 1, &bn), IOTSAFE_E_BUFFER);
	assert_int_equal(bn, an);
	X509 *x = d2i_X509(NULL, &p, (long)an);
	assert_non_null(x);
	EVP_PKEY *mine = lib_public(sim, &key), *of_file = lib_public(sim, &file);
	assert_int_equal(EVP_PKEY_eq(mine, X509_get0_pubkey(x)), 1);
	assert_int_equal(EVP_PKEY_eq(mine, of_file), 1);
	EVP_PKEY_free(mine);
	EVP_PKEY_free(of_file);
	X509_free(x);
	iotsafe_close(sim);
}

/* --- what it computes --- */

static void test_sign(void **state)
{
	static const size_t sizes[] = {1, 20, 32, 48, 64};
	struct iotsafe *sim = lib_open();
	struct iotsafe_object key = lib_find(sim, IOTSAFE_PRIVATE_KEY, NULL);
	uint8_t sig[IOTSAFE_SIGNATURE_MAX];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		WORKS(iotsafe_sign(sim, &key, IOTSAFE_ECDSA_DER, digest, sizes[i], sig, sizeof(sig),
				   &n));
		assert_true(lib_verify(sim, &key, digest, sizes[i], sig, n, 0));
	}
	WORKS(iotsafe_sign(sim, &key, IOTSAFE_ECDSA, digest, 32, sig, 64, &n));
	assert_int_equal(n, 64);
	EXPECT(iotsafe_sign(sim, &key, IOTSAFE_ECDSA, digest, 32, sig, 63, &n), IOTSAFE_E_BUFFER);
	assert_int_equal(n, 64);
	EXPECT(iotsafe_sign(sim, &key, IOTSAFE_ECDSA_DER, digest, 32, NULL, 0, &n),
	       IOTSAFE_E_BUFFER);
	assert_int_equal(n, 72);
	iotsafe_close(sim);
}

static void test_random(void **state)
{
	struct iotsafe *sim = lib_open();
	uint8_t a[700] = {0}, b[700] = {0};

	(void)state;
	WORKS(iotsafe_random(sim, a, sizeof(a) - 1));
	WORKS(iotsafe_random(sim, b, sizeof(b) - 1));
	assert_memory_not_equal(a, b, 32);
	assert_memory_not_equal(a + 600, b + 600, 32);
	assert_int_equal(a[699], 0);
	WORKS(iotsafe_random(sim, a, 0));
	WORKS(iotsafe_random(sim, NULL, 0));
	iotsafe_close(sim);
}

/* --- every key --- */

static EVP_PKEY *peer_on_curve_of(EVP_PKEY *key, uint8_t *ret_point, size_t cap, size_t *ret_n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	EVP_PKEY *peer = NULL;

	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_keygen(ctx, &peer), 1);
	assert_int_equal(EVP_PKEY_get_octet_string_param(peer, "pub", ret_point, cap, ret_n), 1);
	EVP_PKEY_CTX_free(ctx);
	return peer;
}

static void agree(struct iotsafe *sim, const struct iotsafe_object *o)
{
	uint8_t point[IOTSAFE_POINT_MAX], z[IOTSAFE_SECRET_MAX], expected[IOTSAFE_SECRET_MAX];
	size_t point_n = 0, n = 0, expected_n = sizeof(expected);
	EVP_PKEY *key = lib_public(sim, o);
	EVP_PKEY *peer = peer_on_curve_of(key, point, sizeof(point), &point_n);

	WORKS(iotsafe_agree(sim, o, point, point_n, z, sizeof(z), &n));
	EXPECT(iotsafe_agree(sim, o, point, point_n, z, n - 1, &n), IOTSAFE_E_BUFFER);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(peer, NULL);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, key), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, expected, &expected_n), 1);
	assert_int_equal(n, expected_n);
	assert_memory_equal(z, expected, n);
	point[point_n - 1] ^= 1;
	EXPECT(iotsafe_agree(sim, o, point, point_n, z, sizeof(z), &n), IOTSAFE_E_POINT);
	EXPECT(iotsafe_agree(sim, o, point, point_n - 1, z, sizeof(z), &n), IOTSAFE_E_POINT);
	EXPECT(iotsafe_agree(sim, o, point, 0, z, sizeof(z), &n), IOTSAFE_E_POINT);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(key);
}

static void sign_rsa(struct iotsafe *sim, const struct iotsafe_object *o)
{
	uint8_t sig[IOTSAFE_SIGNATURE_MAX];
	size_t n = 0;

	WORKS(iotsafe_sign(sim, o, IOTSAFE_RSA_PKCS1, digest, 32, sig, sizeof(sig), &n));
	assert_int_equal(n, 256);
	assert_true(lib_verify(sim, o, digest, 32, sig, n, RSA_PKCS1_PADDING));
	WORKS(iotsafe_sign(sim, o, IOTSAFE_RSA_PSS, digest, 32, sig, sizeof(sig), &n));
	assert_true(lib_verify(sim, o, digest, 32, sig, n, RSA_PKCS1_PSS_PADDING));
	EXPECT(iotsafe_sign(sim, o, IOTSAFE_RSA_PKCS1, digest, 31, sig, sizeof(sig), &n),
	       IOTSAFE_E_LENGTH);
	EXPECT(iotsafe_sign(sim, o, IOTSAFE_ECDSA, digest, 32, sig, sizeof(sig), &n),
	       IOTSAFE_E_KEY);
}

static bool can(const struct iotsafe_object *o, unsigned usage)
{
	return (o->usage & usage) != 0 && (o->state & IOTSAFE_FILLED) != 0 &&
	       (o->state & IOTSAFE_EPHEMERAL) == 0;
}

/* Where the SIM does not tell the public half, nobody can verify. */
static bool sign_blindly(struct iotsafe *sim, const struct iotsafe_object *o)
{
	uint8_t spki[IOTSAFE_SPKI_MAX], sig[64];
	size_t n = 0;

	if (iotsafe_public_key(sim, o, spki, sizeof(spki), &n) != IOTSAFE_E_NOT_FOUND)
		return false;
	WORKS(iotsafe_sign(sim, o, IOTSAFE_ECDSA, digest, 32, sig, sizeof(sig), &n));
	assert_int_equal(n, 64);
	return true;
}

/* Each key does what it says that it does, and libcrypto agrees. */
static void test_every_key(void **state)
{
	struct iotsafe *sim = lib_open();
	struct iotsafe_object o[IOTSAFE_OBJECTS_MAX];
	size_t n = 0, signing = 0, agreeing = 0;

	(void)state;
	WORKS(iotsafe_list(sim, o, IOTSAFE_OBJECTS_MAX, &n));
	for (size_t i = 0; i < n; i++) {
		if (o[i].kind != IOTSAFE_PRIVATE_KEY)
			continue;
		if (can(&o[i], IOTSAFE_CAN_SIGN) && sign_blindly(sim, &o[i])) {
			signing++;
			continue;
		}
		if (can(&o[i], IOTSAFE_CAN_SIGN)) {
			if (o[i].key_type == IOTSAFE_KEY_RSA2048)
				sign_rsa(sim, &o[i]);
			else
				lib_sign(sim, &o[i]);
			signing++;
		}
		if (can(&o[i], IOTSAFE_CAN_AGREE)) {
			agree(sim, &o[i]);
			agreeing++;
		}
	}
	print_message("%zu keys signed, %zu agreed\n", signing, agreeing);
	assert_true(signing > 0);
	iotsafe_close(sim);
}

int lib_test_api(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),  cmocka_unit_test(test_list),
		cmocka_unit_test(test_find),	  cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_sign),	  cmocka_unit_test(test_random),
		cmocka_unit_test(test_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int lib_test_every(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_key)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
