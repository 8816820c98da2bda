/* SPDX-License-Identifier: Apache-2.0 */
/* C_DeriveKey with the card's keys, and what it refuses: nothing wrong reaches the card. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "derive_rig.h"
#include "fake_keys.h"
#include "kdf.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static CK_OBJECT_HANDLE device_key(CK_SESSION_HANDLE s)
{
	return rig_by_label(s, CKO_PRIVATE_KEY, "device");
}

static CK_OBJECT_HANDLE card_psk(CK_SESSION_HANDLE s)
{
	return rig_by_label(s, CKO_SECRET_KEY, "psk-tls");
}

/* --- ECDH --- */

static struct {
	EVP_PKEY *pkey;
	uint8_t raw[EC_POINT_MAX], der[EC_POINT_MAX + 2], z[EC_POINT_MAX];
	size_t raw_n, der_n, z_n;
} peer;

/* A peer of the device key, and what the two agree on by libcrypto alone. */
static int ecdh_setup(void **state)
{
	int rc = derive_rig_setup(state);
	EVP_PKEY_CTX *ctx = NULL;

	peer.pkey = EVP_EC_gen("P-256");
	peer.z_n = sizeof(peer.z);
	assert_int_equal(EVP_PKEY_get_octet_string_param(peer.pkey,
							 OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
							 peer.raw, sizeof(peer.raw), &peer.raw_n),
			 1);
	peer.der[0] = 4;
	peer.der[1] = (uint8_t)peer.raw_n;
	memcpy(peer.der + 2, peer.raw, peer.raw_n);
	peer.der_n = peer.raw_n + 2;
	ctx = EVP_PKEY_CTX_new(peer.pkey, NULL);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, fake_keys_pkey(KEYS_P256)), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, peer.z, &peer.z_n), 1);
	EVP_PKEY_CTX_free(ctx);
	return rc;
}

static int ecdh_teardown(void **state)
{
	EVP_PKEY_free(peer.pkey);
	return rig_teardown(state);
}

static CK_ECDH1_DERIVE_PARAMS ecdh_params(CK_ULONG kdf)
{
	return (CK_ECDH1_DERIVE_PARAMS){
		.kdf = kdf, .ulPublicDataLen = peer.raw_n, .pPublicData = peer.raw};
}

static void expect(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, const uint8_t *p, size_t n)
{
	struct bytes got = derive_rig_value(s, h);

	assert_int_equal(got.n, n);
	assert_memory_equal(got.p, p, n);
}

static void ecdh_lengths(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = device_key(s), h = 0;
	CK_ECDH1_DERIVE_PARAMS p = ecdh_params(CKD_NULL);
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};

	(void)state;
	expect(s, derive_rig_ok(s, &m, key, 0), peer.z, 32);
	expect(s, derive_rig_ok(s, &m, key, 32), peer.z, 32);
	/* shorter: the leading bytes go */
	expect(s, derive_rig_ok(s, &m, key, 31), peer.z + 1, 31);
	expect(s, derive_rig_ok(s, &m, key, 1), peer.z + 31, 1);
	m.mechanism = CKM_ECDH1_COFACTOR_DERIVE;
	expect(s, derive_rig_ok(s, &m, key, 0), peer.z, 32);
	p.pPublicData = peer.der;
	p.ulPublicDataLen = peer.der_n;
	expect(s, derive_rig_ok(s, &m, key, 32), peer.z, 32);
	unsigned before = fake2.calls[FAKE2_AGREE];
	assert_rv(derive_rig(s, &m, key, 33, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_rv(derive_rig(s, &m, key, ~(CK_ULONG)0, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(fake2.calls[FAKE2_AGREE], before);
}

static void ecdh_kdfs(void **state)
{
	static const struct {
		CK_ULONG kdf;
		enum hash_alg alg;
	} rows[] = {{CKD_SHA1_KDF, HASH_SHA1},
		    {CKD_SHA256_KDF, HASH_SHA256},
		    {CKD_SHA384_KDF, HASH_SHA384},
		    {CKD_SHA512_KDF, HASH_SHA512}};
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = device_key(s);
	uint8_t shared[] = "shared", want[100];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CK_ECDH1_DERIVE_PARAMS p = ecdh_params(rows[i].kdf);
		CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
		struct bytes z = bytes_of(peer.z, 32);
		assert_int_equal(x963_kdf(rows[i].alg, z, bytes_of(NULL, 0), want, 100), ST_OK);
		expect(s, derive_rig_ok(s, &m, key, 100), want, 100);
		expect(s, derive_rig_ok(s, &m, key, 0), want, hash_size(rows[i].alg));
		p.pSharedData = shared;
		p.ulSharedDataLen = 6;
		assert_int_equal(x963_kdf(rows[i].alg, z, bytes_of(shared, 6), want, 100), ST_OK);
		expect(s, derive_rig_ok(s, &m, key, 48), want, 48);
	}
}

/* What libp11, pkcs11-provider and pkcs11-tool send (with 0.23's pairs of opposites). */
static void ecdh_templates_of_clients(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ULONG n = 32;
	CK_ATTRIBUTE t[] = {
		{CKA_TOKEN, &no, 1},
		{CKA_CLASS, &class, sizeof(class)},
		{CKA_KEY_TYPE, &type, sizeof(type)},
		{CKA_VALUE_LEN, &n, sizeof(n)},
		{CKA_SENSITIVE, &no, 1},
		{CKA_EXTRACTABLE, &yes, 1},
		{CKA_ENCRYPT, &yes, 1},
		{CKA_DECRYPT, &yes, 1},
		{CKA_WRAP, &yes, 1},
		{CKA_UNWRAP, &yes, 1},
	};
	CK_ECDH1_DERIVE_PARAMS p = ecdh_params(CKD_NULL);
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	CK_OBJECT_HANDLE h = 0;

	(void)state;
	assert_ok(f->C_DeriveKey(s, &m, device_key(s), t, 10, &h));
	expect(s, h, peer.z, 32);
	assert_false(derive_rig_flag(s, h, CKA_LOCAL));
	assert_false(derive_rig_flag(s, h, CKA_ALWAYS_SENSITIVE));
	assert_false(derive_rig_flag(s, h, CKA_NEVER_EXTRACTABLE));
	type = CKK_AES;
	assert_ok(f->C_DeriveKey(s, &m, device_key(s), t, 10, &h));
	n = 31;
	assert_rv(f->C_DeriveKey(s, &m, device_key(s), t, 10, &h), CKR_TEMPLATE_INCONSISTENT);
	assert_ok(f->C_DestroyObject(s, h));
	/* no template at all */
	assert_ok(f->C_DeriveKey(s, &m, device_key(s), NULL, 0, &h));
	expect(s, h, peer.z, 32);
}

/* A key that is to stay hidden: its value is not told, and what comes from it is hidden too. */
static void protection_is_inherited(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_ATTRIBUTE t[] = {
		{CKA_SENSITIVE, &yes, 1}, {CKA_EXTRACTABLE, &no, 1}, {CKA_DERIVE, &yes, 1}};
	CK_ECDH1_DERIVE_PARAMS p = ecdh_params(CKD_NULL);
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	CK_HKDF_PARAMS hkdf = {.bExtract = CK_TRUE,
			       .prfHashMechanism = CKM_SHA256,
			       .ulSaltType = CKF_HKDF_SALT_NULL};
	CK_MECHANISM k = {CKM_HKDF_DERIVE, &hkdf, sizeof(hkdf)};
	CK_OBJECT_HANDLE z = 0, child = 0;
	uint8_t b[64];
	CK_ATTRIBUTE value = {CKA_VALUE, b, sizeof(b)};

	(void)state;
	assert_ok(f->C_DeriveKey(s, &m, device_key(s), t, 3, &z));
	assert_rv(f->C_GetAttributeValue(s, z, &value, 1), CKR_ATTRIBUTE_SENSITIVE);
	assert_true(derive_rig_flag(s, z, CKA_ALWAYS_SENSITIVE));
	assert_true(derive_rig_flag(s, z, CKA_NEVER_EXTRACTABLE));
	assert_rv(derive_rig(s, &k, z, 0, &child), CKR_TEMPLATE_INCONSISTENT);
	assert_ok(f->C_DeriveKey(s, &k, z, NULL, 0, &child));
	assert_true(derive_rig_flag(s, child, CKA_SENSITIVE));
	assert_false(derive_rig_flag(s, child, CKA_EXTRACTABLE));
	assert_rv(f->C_GetAttributeValue(s, child, &value, 1), CKR_ATTRIBUTE_SENSITIVE);
	assert_rv(f->C_DeriveKey(s, &k, child, NULL, 0, &child), CKR_KEY_FUNCTION_NOT_PERMITTED);
	/* as data only what is no secret: an IV, by its label */
	uint8_t info[] = "\x00\x0C\x08tls13 iv";
	hkdf = (CK_HKDF_PARAMS){
		.bExpand = CK_TRUE, .prfHashMechanism = CKM_SHA256, .pInfo = info, .ulInfoLen = 12};
	k.mechanism = CKM_HKDF_DATA;
	assert_ok(derive_rig(s, &k, z, 12, &child));
	assert_int_equal(derive_rig_value(s, child).n, 12);
	assert_rv(derive_rig(s, &k, z, 16, &child), CKR_MECHANISM_PARAM_INVALID);
	info[5] = 'x';
	assert_rv(derive_rig(s, &k, z, 12, &child), CKR_MECHANISM_PARAM_INVALID);
	/* the profile's own labels */
	uint8_t bare[] = "\x00\x0Ctls iv";
	hkdf.pInfo = bare;
	hkdf.ulInfoLen = 9;
	assert_ok(derive_rig(s, &k, z, 12, &child));
	uint8_t quic[] = "\x00\x0Ctls quic iv";
	hkdf.pInfo = quic;
	hkdf.ulInfoLen = 14;
	assert_ok(derive_rig(s, &k, z, 12, &child));
}

static void ecdh_parameters(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = device_key(s), h = 4711;
	const CK_ECDH1_DERIVE_PARAMS good = ecdh_params(CKD_NULL);
	CK_ECDH1_DERIVE_PARAMS bad[] = {good, good, good, good, good, good, good, good, good};
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, bad, sizeof(bad[0])};

	(void)state;
	bad[0].kdf = 0;
	bad[1].kdf = CKD_SHA224_KDF;
	bad[2].kdf = ~(CK_ULONG)0;
	bad[3].pPublicData = NULL;
	bad[4].ulPublicDataLen = 0;
	bad[5].ulPublicDataLen = ~(CK_ULONG)0;
	bad[6].ulSharedDataLen = 3; /* and no pointer; CKD_NULL */
	bad[7].pSharedData = peer.raw;
	bad[8].kdf = CKD_SHA256_KDF;
	bad[8].ulSharedDataLen = 3;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		m.pParameter = &bad[i];
		assert_rv(derive_rig(s, &m, key, 32, &h), CKR_MECHANISM_PARAM_INVALID);
	}
	m.pParameter = (void *)(uintptr_t)&good;
	m.ulParameterLen--;
	assert_rv(derive_rig(s, &m, key, 32, &h), CKR_MECHANISM_PARAM_INVALID);
	m.ulParameterLen += 2;
	assert_rv(derive_rig(s, &m, key, 32, &h), CKR_MECHANISM_PARAM_INVALID);
	m = (CK_MECHANISM){CKM_ECDH1_DERIVE, NULL, sizeof(good)};
	assert_rv(derive_rig(s, &m, key, 32, &h), CKR_MECHANISM_PARAM_INVALID);
	m.ulParameterLen = 0;
	assert_rv(derive_rig(s, &m, key, 32, &h), CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(h, 4711);
	assert_int_equal(fake2.calls[FAKE2_AGREE], 0);
}

/* The parameter may lie anywhere, even over what it points to. */
static void odd_places(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_ECDH1_DERIVE_PARAMS p = ecdh_params(CKD_SHA256_KDF);
	uint8_t space[sizeof(p) + 1], want[32];
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, space + 1, sizeof(p)};

	(void)state;
	p.pSharedData = space; /* the shared data is the parameter itself */
	p.ulSharedDataLen = sizeof(space);
	space[0] = 1;
	memcpy(space + 1, &p, sizeof(p));
	assert_int_equal(x963_kdf(HASH_SHA256, bytes_of(peer.z, 32), BYTES_OF(space), want, 32),
			 ST_OK);
	expect(s, derive_rig_ok(s, &m, device_key(s), 32), want, 32);
}

static void bad_points(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = device_key(s), h = 0;
	uint8_t b[EC_POINT_MAX + 2] = {0};
	CK_ECDH1_DERIVE_PARAMS p = {.kdf = CKD_NULL, .pPublicData = b};
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};

	(void)state;
	for (size_t n = 1; n < sizeof(b); n++) { /* zeros, and all lengths of the real point */
		memset(b, 0, sizeof(b));
		p.ulPublicDataLen = n;
		assert_rv(derive_rig(s, &m, key, 32, &h), CKR_PUBLIC_KEY_INVALID);
		if (n == peer.raw_n)
			continue;
		memcpy(b, peer.raw, peer.raw_n);
		assert_rv(derive_rig(s, &m, key, 32, &h), CKR_PUBLIC_KEY_INVALID);
	}
	p.ulPublicDataLen = peer.raw_n;
	for (size_t i = 0; i < peer.raw_n; i++) {
		memcpy(b, peer.raw, peer.raw_n);
		b[i] ^= 0x01;
		assert_rv(derive_rig(s, &m, key, 32, &h), CKR_PUBLIC_KEY_INVALID);
	}
	p.ulPublicDataLen = peer.der_n;
	for (size_t i = 0; i < peer.der_n; i++) {
		memcpy(b, peer.der, peer.der_n);
		b[i] ^= 0x81;
		assert_rv(derive_rig(s, &m, key, 32, &h), CKR_PUBLIC_KEY_INVALID);
	}
	/* a good point of another curve */
	const struct public_key *p384 = fake_public(FAKE_BACKUP_KEY);
	memcpy(b, p384->point, p384->point_len);
	p.ulPublicDataLen = p384->point_len;
	assert_rv(derive_rig(s, &m, key, 32, &h), CKR_PUBLIC_KEY_INVALID);
	assert_int_equal(fake2.calls[FAKE2_AGREE], 0);
}

static void base_keys(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_ECDH1_DERIVE_PARAMS p = ecdh_params(CKD_NULL);
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	CK_OBJECT_HANDLE h = 0;
	CK_OBJECT_HANDLE secret = derive_rig_secret(s, bytes_of(peer.z, 32));

	(void)state;
	assert_rv(derive_rig(s, &m, 0, 32, &h), CKR_KEY_HANDLE_INVALID);
	assert_rv(derive_rig(s, &m, 99999, 32, &h), CKR_KEY_HANDLE_INVALID);
	assert_rv(derive_rig(s, &m, rig_by_label(s, CKO_CERTIFICATE, "device"), 32, &h),
		  CKR_KEY_HANDLE_INVALID);
	assert_rv(derive_rig(s, &m, rig_by_label(s, CKO_PUBLIC_KEY, "device"), 32, &h),
		  CKR_KEY_TYPE_INCONSISTENT);
	assert_rv(derive_rig(s, &m, rig_by_label(s, CKO_PRIVATE_KEY, "private-key-21"), 32, &h),
		  CKR_KEY_TYPE_INCONSISTENT);
	assert_rv(derive_rig(s, &m, card_psk(s), 32, &h), CKR_KEY_TYPE_INCONSISTENT);
	assert_rv(derive_rig(s, &m, secret, 32, &h), CKR_KEY_TYPE_INCONSISTENT);
	/* this container does not agree */
	assert_rv(derive_rig(s, &m, rig_by_label(s, CKO_PRIVATE_KEY, "backup"), 32, &h),
		  CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(fake2.calls[FAKE2_AGREE], 0);
	/* the card's answers */
	fake2.answer[FAKE2_AGREE] = ST_KEY_UNUSABLE;
	assert_rv(derive_rig(s, &m, device_key(s), 32, &h), CKR_KEY_FUNCTION_NOT_PERMITTED);
	fake2.answer[FAKE2_AGREE] = ST_POINT_INVALID; /* Z of zeros */
	assert_rv(derive_rig(s, &m, device_key(s), 32, &h), CKR_PUBLIC_KEY_INVALID);
	fake2.answer[FAKE2_AGREE] = ST_TIMEOUT;
	assert_rv(derive_rig(s, &m, device_key(s), 32, &h), CKR_DEVICE_ERROR);
}

static void arguments(void **state)
{
	CK_SESSION_HANDLE s = rig_session(), rw = 0;
	CK_ECDH1_DERIVE_PARAMS p = ecdh_params(CKD_NULL);
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE token = {CKA_TOKEN, &yes, 1}, other = {CKA_CLASS, &class, sizeof(class)};
	CK_ATTRIBUTE nowhere = {CKA_LABEL, NULL, 4}, value = {CKA_VALUE, peer.z, 32};
	CK_OBJECT_HANDLE h = 0, key = device_key(s);

	(void)state;
	assert_rv(f->C_DeriveKey(s, NULL, key, NULL, 0, &h), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_DeriveKey(s, &m, key, NULL, 0, NULL), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_DeriveKey(s, &m, key, NULL, 2, &h), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_DeriveKey(s, &m, key, &nowhere, 1, &h), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_DeriveKey(s, &m, key, &value, ~(CK_ULONG)0, &h), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_DeriveKey(s, &m, key, &value, 1, &h), CKR_ATTRIBUTE_READ_ONLY);
	assert_rv(f->C_DeriveKey(s, &m, key, &other, 1, &h), CKR_TEMPLATE_INCONSISTENT);
	/* the card keeps no such keys */
	assert_rv(f->C_DeriveKey(s, &m, key, &token, 1, &h), CKR_SESSION_READ_ONLY);
	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &rw));
	assert_rv(f->C_DeriveKey(rw, &m, key, &token, 1, &h), CKR_TEMPLATE_INCONSISTENT);
	assert_ok(f->C_DeriveKey(s, &m, key, NULL, 0, &h));
	m.mechanism = CKM_ECMQV_DERIVE;
	assert_rv(f->C_DeriveKey(s, &m, key, NULL, 0, &h), CKR_MECHANISM_INVALID);
	m.mechanism = CKM_ECDSA;
	assert_rv(f->C_DeriveKey(s, &m, key, NULL, 0, &h), CKR_MECHANISM_INVALID);
	assert_int_equal(fake2.calls[FAKE2_AGREE], 1);
}

/* A derived key dies with its session. */
static void dies_with_the_session(void **state)
{
	CK_SESSION_HANDLE s = rig_session(), other = rig_session();
	CK_ECDH1_DERIVE_PARAMS p = ecdh_params(CKD_NULL);
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	CK_OBJECT_HANDLE h = derive_rig_ok(s, &m, device_key(s), 0);
	uint8_t b[32];
	CK_ATTRIBUTE a = {CKA_VALUE, b, sizeof(b)};

	(void)state;
	assert_ok(f->C_GetAttributeValue(other, h, &a, 1));
	assert_ok(f->C_CloseSession(s));
	assert_rv(f->C_GetAttributeValue(other, h, &a, 1), CKR_OBJECT_HANDLE_INVALID);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, ecdh_setup, ecdh_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ecdh_lengths),
		TEST(ecdh_kdfs),
		TEST(ecdh_templates_of_clients),
		TEST(protection_is_inherited),
		TEST(ecdh_parameters),
		TEST(odd_places),
		TEST(bad_points),
		TEST(base_keys),
		TEST(arguments),
		TEST(dies_with_the_session),
	};

	return cmocka_run_group_tests_name("derive", tests, rig_group_setup, rig_group_teardown);
}
