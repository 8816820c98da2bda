/* SPDX-License-Identifier: Apache-2.0 */
#include "keys_ops.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "ck.h"

#define CALL SCENE_CALL

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static const CK_BYTE p256[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};

static void *writable(const void *p)
{
	return (void *)(uintptr_t)p;
}

static void wrong(struct scene *s, const char *what)
{
	if (!s->wrong)
		s->wrong = what;
}

/* --- sessions and objects --- */

static CK_RV expect_no_session_object(struct scene *s)
{
	CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &secret, sizeof(secret)}, {CKA_TOKEN, &no, sizeof(no)}};
	CK_OBJECT_HANDLE h[4];
	CK_ULONG n = 0;
	CK_RV rv = scene_search(s, t, 2, h, 4, &n);

	if (rv == CKR_OK && n != 0)
		wrong(s, "a session object was left");
	return rv;
}

CK_RV keys_session(struct scene *s)
{
	CK_SESSION_INFO info;

	if (s->session != 0 && s->r->f->C_GetSessionInfo(s->session, &info) == CKR_OK)
		return expect_no_session_object(s);
	s->session = 0;
	return CALL(s, C_OpenSession, 0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
		    &s->session);
}

CK_RV keys_find(struct scene *s, CK_OBJECT_CLASS cls, const char *label, CK_OBJECT_HANDLE *ret_h)
{
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &cls, sizeof(cls)},
			    {CKA_LABEL, writable(label), strlen(label)}};
	CK_ULONG n = 0;
	CK_RV rv = scene_search(s, t, 2, ret_h, 1, &n);

	if (rv != CKR_OK || n == 0)
		*ret_h = 0;
	return rv;
}

EVP_PKEY *keys_public(const uint8_t point[KEYS_POINT])
{
	char group[] = "P-256";
	OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string("group", group, 0),
			  OSSL_PARAM_construct_octet_string("pub", writable(point), KEYS_POINT),
			  OSSL_PARAM_construct_end()};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *k = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	if (EVP_PKEY_fromdata(ctx, &k, EVP_PKEY_PUBLIC_KEY, p) != 1)
		k = NULL;
	EVP_PKEY_CTX_free(ctx);
	return k;
}

CK_RV keys_point(struct scene *s, CK_OBJECT_HANDLE pub, uint8_t ret_point[KEYS_POINT])
{
	uint8_t der[KEYS_POINT + 2];
	CK_ATTRIBUTE a = {CKA_EC_POINT, der, sizeof(der)};
	CK_RV rv = CALL(s, C_GetAttributeValue, s->session, pub, &a, 1);
	EVP_PKEY *k;

	if (rv != CKR_OK)
		return rv;
	if (a.ulValueLen != sizeof(der) || der[0] != 4 || der[1] != KEYS_POINT) {
		wrong(s, "no point came back");
		return CKR_OK;
	}
	memcpy(ret_point, der + 2, KEYS_POINT);
	k = keys_public(ret_point); /* libcrypto looks whether it is on the curve */
	if (!k)
		wrong(s, "the point is not on the curve");
	EVP_PKEY_free(k);
	return CKR_OK;
}

CK_RV keys_find_pair(struct scene *s, const char *label, struct keys_pair *ret_p)
{
	struct keys_pair p = {0};
	CK_RV rv = keys_find(s, CKO_PRIVATE_KEY, label, &p.priv);

	*ret_p = (struct keys_pair){0};
	if (rv == CKR_OK)
		rv = keys_find(s, CKO_PUBLIC_KEY, label, &p.pub);
	if (rv != CKR_OK || p.priv == 0 || p.pub == 0)
		return rv;
	rv = keys_point(s, p.pub, p.point);
	if (rv == CKR_OK)
		*ret_p = p;
	return rv;
}

/* --- key pairs --- */

CK_RV keys_generate(struct scene *s, const char *label, struct keys_pair *ret_p)
{
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_BBOOL stays = label ? CK_TRUE : CK_FALSE;
	CK_ATTRIBUTE pub[] = {{CKA_EC_PARAMS, writable(p256), sizeof(p256)}};
	CK_ATTRIBUTE priv[] = {{CKA_TOKEN, &stays, 1},
			       {label ? CKA_SIGN : CKA_DERIVE, &yes, 1},
			       {CKA_LABEL, writable(label), label ? strlen(label) : 0}};
	struct keys_pair p = {0};
	CK_RV rv = CALL(s, C_GenerateKeyPair, s->session, &m, pub, 1, priv, label ? 3 : 2, &p.pub,
			&p.priv);

	if (rv == CKR_OK)
		rv = keys_point(s, p.pub, p.point);
	if (rv == CKR_OK)
		*ret_p = p;
	return rv;
}

static void openssl_agree(EVP_PKEY *own, const uint8_t point[KEYS_POINT], uint8_t ret_z[KEYS_Z])
{
	EVP_PKEY *other = keys_public(point);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	size_t n = KEYS_Z;

	assert_non_null(other);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, other), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, ret_z, &n), 1);
	assert_int_equal(n, KEYS_Z);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
}

/* What came out, compared, and destroyed. */
static CK_RV take_secret(struct scene *s, CK_OBJECT_HANDLE h, const uint8_t *want, size_t n,
			 const char *if_not)
{
	uint8_t got[64];
	CK_ATTRIBUTE a = {CKA_VALUE, got, sizeof(got)};
	CK_RV rv = CALL(s, C_GetAttributeValue, s->session, h, &a, 1);

	if (rv != CKR_OK)
		return rv;
	if (a.ulValueLen != n || memcmp(got, want, n) != 0)
		wrong(s, if_not);
	return CALL(s, C_DestroyObject, s->session, h);
}

static CK_RV derive(struct scene *s, CK_MECHANISM *m, CK_OBJECT_HANDLE base, CK_OBJECT_HANDLE *ret)
{
	CK_ATTRIBUTE t[] = {{CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1}};

	return CALL(s, C_DeriveKey, s->session, m, base, t, 2, ret);
}

CK_RV keys_agree(struct scene *s, const struct keys_pair *p)
{
	uint8_t point[KEYS_POINT], want[KEYS_Z];
	CK_ECDH1_DERIVE_PARAMS param = {
		.kdf = CKD_NULL, .ulPublicDataLen = KEYS_POINT, .pPublicData = point};
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &param, sizeof(param)};
	EVP_PKEY *peer = EVP_EC_gen("P-256");
	CK_OBJECT_HANDLE h = 0;
	size_t n = 0;
	CK_RV rv;

	assert_int_equal(EVP_PKEY_get_octet_string_param(peer, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
							 point, sizeof(point), &n),
			 1);
	openssl_agree(peer, p->point, want);
	EVP_PKEY_free(peer);
	rv = derive(s, &m, p->priv, &h);
	return rv == CKR_OK ? take_secret(s, h, want, KEYS_Z, "the agreement gave another secret")
			    : rv;
}

CK_RV keys_sign(struct scene *s, const struct keys_pair *p)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	uint8_t digest[32], raw[64], der[80], *to = der;
	CK_ULONG n = sizeof(raw);
	CK_RV rv;

	assert_int_equal(RAND_bytes(digest, sizeof(digest)), 1);
	rv = CALL(s, C_SignInit, s->session, &m, p->priv);
	if (rv == CKR_OK)
		rv = CALL(s, C_Sign, s->session, digest, sizeof(digest), raw, &n);
	if (rv != CKR_OK)
		return rv;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	EVP_PKEY *key = keys_public(p->point);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	assert_int_equal(
		ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL)), 1);
	int der_n = i2d_ECDSA_SIG(sig, &to);
	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	if (n != 64 || EVP_PKEY_verify(ctx, der, (size_t)der_n, digest, sizeof(digest)) != 1)
		wrong(s, "the signature does not verify");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	ECDSA_SIG_free(sig);
	return CKR_OK;
}

/* --- stored secrets --- */

static void openssl_kdf(const char *name, OSSL_PARAM *p, uint8_t *ret, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

	assert_int_equal(EVP_KDF_derive(ctx, ret, n, p), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

CK_RV keys_hkdf(struct scene *s, CK_OBJECT_HANDLE key, const uint8_t psk[KEYS_SECRET])
{
	static const struct {
		CK_MECHANISM_TYPE type;
		const char *name;
		size_t n;
	} hashes[] = {
		{CKM_SHA256, "SHA256", 32}, {CKM_SHA384, "SHA384", 48}, {CKM_SHA512, "SHA512", 64}};
	static unsigned turn;
	unsigned i = turn++ % 3;
	uint8_t salt[40], want[64];
	char mode[] = "EXTRACT_ONLY", hash[8];
	CK_HKDF_PARAMS param = {.bExtract = CK_TRUE,
				.prfHashMechanism = hashes[i].type,
				.ulSaltType = CKF_HKDF_SALT_DATA,
				.pSalt = salt,
				.ulSaltLen = sizeof(salt)};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &param, sizeof(param)};
	CK_OBJECT_HANDLE h = 0;
	CK_RV rv;

	snprintf(hash, sizeof(hash), "%s", hashes[i].name);
	assert_int_equal(RAND_bytes(salt, sizeof(salt)), 1);
	OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string("mode", mode, 0),
			  OSSL_PARAM_construct_utf8_string("digest", hash, 0),
			  OSSL_PARAM_construct_octet_string("key", writable(psk), KEYS_SECRET),
			  OSSL_PARAM_construct_octet_string("salt", salt, sizeof(salt)),
			  OSSL_PARAM_construct_end()};
	openssl_kdf("HKDF", p, want, hashes[i].n);
	rv = derive(s, &m, key, &h);
	return rv == CKR_OK ? take_secret(s, h, want, hashes[i].n, "HKDF gave another key") : rv;
}

CK_RV keys_tls12(struct scene *s, CK_OBJECT_HANDLE key, const uint8_t psk[KEYS_SECRET])
{
	uint8_t seed[13 + 64] = "master secret", want[48];
	uint8_t pre[2 + KEYS_SECRET + 2 + KEYS_SECRET] = {0, KEYS_SECRET};
	char hash[] = "SHA256";
	CK_TLS12_MASTER_KEY_DERIVE_PARAMS param = {.prfHashMechanism = CKM_SHA256,
						   .RandomInfo = {seed + 13, 32, seed + 45, 32}};
	CK_MECHANISM m = {CKM_TLS12_MASTER_KEY_DERIVE_DH, &param, sizeof(param)};
	CK_OBJECT_HANDLE h = 0;
	CK_RV rv;

	assert_int_equal(RAND_bytes(seed + 13, 64), 1);
	pre[2 + KEYS_SECRET + 1] = KEYS_SECRET;
	memcpy(pre + 4 + KEYS_SECRET, psk, KEYS_SECRET);
	OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string("digest", hash, 0),
			  OSSL_PARAM_construct_octet_string("secret", pre, sizeof(pre)),
			  OSSL_PARAM_construct_octet_string("seed", seed, sizeof(seed)),
			  OSSL_PARAM_construct_end()};
	openssl_kdf("TLS1-PRF", p, want, sizeof(want));
	rv = derive(s, &m, key, &h);
	return rv == CKR_OK
		       ? take_secret(s, h, want, sizeof(want), "PRF gave another master secret")
		       : rv;
}

static void openssl_mac(const uint8_t aes[16], const uint8_t *data, size_t n, uint8_t ret[KEYS_MAC])
{
	char cipher[] = "AES-128-CBC";
	OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string("cipher", cipher, 0),
			  OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	size_t got = 0;

	assert_int_equal(EVP_MAC_init(ctx, aes, 16, p), 1);
	assert_int_equal(EVP_MAC_update(ctx, data, n), 1);
	assert_int_equal(EVP_MAC_final(ctx, ret, &got, KEYS_MAC), 1);
	assert_int_equal(got, KEYS_MAC);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
}

CK_RV keys_mac(struct scene *s, CK_OBJECT_HANDLE key, const uint8_t aes[16])
{
	CK_MECHANISM m = {CKM_AES_CMAC, NULL, 0};
	uint8_t data[300], got[KEYS_MAC], want[KEYS_MAC];
	CK_ULONG n = sizeof(got);
	CK_RV rv;

	assert_int_equal(RAND_bytes(data, sizeof(data)), 1);
	openssl_mac(aes, data, sizeof(data), want);
	rv = CALL(s, C_SignInit, s->session, &m, key);
	if (rv == CKR_OK)
		rv = CALL(s, C_Sign, s->session, data, sizeof(data), got, &n);
	if (rv == CKR_OK && (n != KEYS_MAC || memcmp(got, want, KEYS_MAC) != 0))
		wrong(s, "the card's MAC is another");
	return rv;
}

/* --- judging --- */

bool keys_allows(const char *function, CK_RV rv)
{
	static const struct {
		const char *function;
		CK_RV rv;
	} more[] = {
		/* the key went with its card */
		{"C_DeriveKey", CKR_KEY_HANDLE_INVALID},
		{"C_DestroyObject", CKR_OBJECT_HANDLE_INVALID},
	};

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (strcmp(more[i].function, function) == 0 && more[i].rv == rv)
			return true;
	return scene_allows(function, rv);
}

bool keys_allows_lost(const char *function, CK_RV rv)
{
	if (strcmp(function, "C_DeriveKey") == 0 && rv == CKR_KEY_FUNCTION_NOT_PERMITTED)
		return true;
	if (strcmp(function, "C_GetAttributeValue") == 0 && rv == CKR_ATTRIBUTE_TYPE_INVALID)
		return true;
	return keys_allows(function, rv);
}
