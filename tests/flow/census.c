/* SPDX-License-Identifier: Apache-2.0 */
#include "census.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <setjmp.h>
#include <cmocka.h>

struct value {
	uint8_t b[8192];
	CK_ULONG n;
};

static bool get(const struct scene *s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, struct value *v)
{
	CK_ATTRIBUTE a = {type, v->b, sizeof(v->b)};

	if (s->r->f->C_GetAttributeValue(s->session, h, &a, 1) != CKR_OK)
		return false;
	v->n = a.ulValueLen;
	return true;
}

static CK_ULONG number(const struct scene *s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	struct value v;
	CK_ULONG n = 0;

	assert_true(get(s, h, type, &v));
	assert_true(v.n <= sizeof(n));
	memcpy(&n, v.b, v.n);
	return n;
}

/* --- whose key it is --- */

static bool same_id(const struct scene *s, CK_OBJECT_HANDLE a, CK_OBJECT_HANDLE b)
{
	struct value x, y;

	assert_true(get(s, a, CKA_ID, &x));
	assert_true(get(s, b, CKA_ID, &y));
	return x.n == y.n && memcmp(x.b, y.b, x.n) == 0;
}

static EVP_PKEY *key_of_certificate(const struct scene *s, CK_OBJECT_HANDLE h)
{
	struct value v;
	const uint8_t *at = v.b;
	EVP_PKEY *key = NULL;
	X509 *x;

	assert_true(get(s, h, CKA_VALUE, &v));
	x = d2i_X509(NULL, &at, (long)v.n);
	assert_non_null(x);
	assert_ptr_equal(at, v.b + v.n); /* no padding left */
	key = X509_get_pubkey(x);
	assert_non_null(key);
	X509_free(x);
	return key;
}

static EVP_PKEY *key_of_info(const struct scene *s, CK_OBJECT_HANDLE h)
{
	struct value v;
	const uint8_t *at = v.b;
	EVP_PKEY *key;

	if (!get(s, h, CKA_PUBLIC_KEY_INFO, &v))
		return NULL; /* the card lets nobody read it */
	key = d2i_PUBKEY(NULL, &at, (long)v.n);
	assert_non_null(key);
	return key;
}

static EVP_PKEY *public_half(const struct scene *s, CK_OBJECT_HANDLE priv, struct census *c)
{
	for (CK_ULONG i = 0; i < s->objects; i++) {
		if (number(s, s->object[i], CKA_CLASS) != CKO_CERTIFICATE ||
		    !same_id(s, s->object[i], priv))
			continue;
		c->with_certificate++;
		return key_of_certificate(s, s->object[i]);
	}
	return key_of_info(s, priv);
}

/* --- signatures --- */

static void sign(const struct scene *s, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key, uint8_t *data,
		 size_t n, struct value *ret_sig)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_RV rv = s->r->f->C_SignInit(s->session, &m, key);

	ret_sig->n = sizeof(ret_sig->b);
	if (rv == CKR_OK)
		rv = s->r->f->C_Sign(s->session, data, n, ret_sig->b, &ret_sig->n);
	if (rv != CKR_OK)
		print_error("mechanism %#lx over %zu bytes, key %lu: %#lx\n", type, n, key, rv);
	assert_int_equal(rv, CKR_OK);
}

static bool ecdsa_is_right(EVP_PKEY *key, const uint8_t *digest, size_t n, const struct value *sig)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	ECDSA_SIG *es = ECDSA_SIG_new();
	int half = (int)sig->n / 2, der_n;
	unsigned char *der = NULL;
	bool ok;

	ECDSA_SIG_set0(es, BN_bin2bn(sig->b, half, NULL), BN_bin2bn(sig->b + half, half, NULL));
	der_n = i2d_ECDSA_SIG(es, &der);
	ok = EVP_PKEY_verify_init(ctx) == 1 &&
	     EVP_PKEY_verify(ctx, der, (size_t)der_n, digest, n) == 1;
	OPENSSL_free(der);
	ECDSA_SIG_free(es);
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static void try_ec(const struct scene *s, CK_OBJECT_HANDLE priv, EVP_PKEY *key, struct census *c)
{
	static const size_t sizes[] = {20, 28, 32, 48, 64};
	size_t field = key ? ((size_t)EVP_PKEY_get_bits(key) + 7) / 8 : 32;
	uint8_t digest[64];
	struct value sig;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(digest, 0xA0 + (int)i, sizeof(digest));
		sign(s, CKM_ECDSA, priv, digest, sizes[i], &sig);
		assert_int_equal(sig.n, 2 * field);
		assert_true(key ? ecdsa_is_right(key, digest, sizes[i], &sig)
				: rig_verify(s->r, digest, sizes[i], sig.b, sig.n));
		c->signatures++;
	}
}

static void try_rsa(const struct scene *s, CK_OBJECT_HANDLE priv, EVP_PKEY *key, struct census *c)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		const char *hash;
	} rows[] = {{CKM_SHA256_RSA_PKCS, "SHA256"},
		    {CKM_SHA384_RSA_PKCS, "SHA384"},
		    {CKM_SHA512_RSA_PKCS, "SHA512"}};
	uint8_t text[] = "signed by a SIM";
	struct value sig;

	for (size_t i = 0; i < 3; i++) {
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();

		sign(s, rows[i].type, priv, text, sizeof(text), &sig);
		assert_int_equal(sig.n, 256);
		assert_int_equal(
			EVP_DigestVerifyInit_ex(ctx, NULL, rows[i].hash, NULL, NULL, key, NULL), 1);
		assert_int_equal(EVP_DigestVerify(ctx, sig.b, sig.n, text, sizeof(text)), 1);
		EVP_MD_CTX_free(ctx);
		c->signatures++;
	}
}

static void private_key(struct scene *s, CK_OBJECT_HANDLE h, struct census *c)
{
	EVP_PKEY *key;

	c->privates++;
	if (!number(s, h, CKA_SIGN))
		return;
	c->signing++;
	key = public_half(s, h, c);
	if (number(s, h, CKA_KEY_TYPE) == CKK_RSA)
		try_rsa(s, h, key, c);
	else
		try_ec(s, h, key, c);
	EVP_PKEY_free(key);
}

void census_take(struct scene *s, struct census *ret_c)
{
	struct census c = {0};

	assert_int_equal(scene_find(s), CKR_OK);
	for (CK_ULONG i = 0; i < s->objects; i++) {
		CK_OBJECT_HANDLE h = s->object[i];
		CK_ULONG class = number(s, h, CKA_CLASS);

		if (class == CKO_CERTIFICATE)
			EVP_PKEY_free(key_of_certificate(s, h));
		c.objects += class != 9; /* CKO_PROFILE of 3.0 */
		c.certificates += class == CKO_CERTIFICATE;
		c.publics += class == CKO_PUBLIC_KEY;
		c.data += class == CKO_DATA;
		c.secrets += class == CKO_SECRET_KEY;
		if (class == CKO_PRIVATE_KEY)
			private_key(s, h, &c);
	}
	*ret_c = c;
}
