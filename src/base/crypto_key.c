/* SPDX-License-Identifier: Apache-2.0 */
#include "libctx.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "mem.h"

static const struct {
	const char *name;  /* for people */
	const char *group; /* for libcrypto */
	size_t field;
	unsigned bits;
	uint8_t oid_len;
	uint8_t oid[12]; /* DER OBJECT IDENTIFIER */
} curves[] = {
	[CURVE_NONE] = {"none", NULL, 0, 0, 0, {0}},
	[CURVE_P256] = {"P-256",
			"prime256v1",
			32,
			256,
			10,
			{0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07}},
	[CURVE_P384] =
		{"P-384", "secp384r1", 48, 384, 7, {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22}},
	[CURVE_BRAINPOOL_P256R1] = {"brainpoolP256r1",
				    "brainpoolP256r1",
				    32,
				    256,
				    11,
				    {0x06, 0x09, 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01,
				     0x07}},
};

static bool known(enum curve c)
{
	return c > CURVE_NONE && (size_t)c < ARRAY_LEN(curves);
}

size_t curve_field_size(enum curve c)
{
	return known(c) ? curves[c].field : 0;
}

unsigned curve_bits(enum curve c)
{
	return known(c) ? curves[c].bits : 0;
}

const char *curve_name(enum curve c)
{
	return curves[known(c) ? c : CURVE_NONE].name;
}

const char *libctx_group(enum curve c)
{
	return known(c) ? curves[c].group : NULL;
}

struct bytes curve_oid_der(enum curve c)
{
	return known(c) ? bytes_of(curves[c].oid, curves[c].oid_len) : (struct bytes){0};
}

void libctx_free_pkey(EVP_PKEY **pkey)
{
	EVP_PKEY_free(*pkey);
}

static void free_pkey_ctx(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

static void free_bn(BIGNUM **bn)
{
	BN_free(*bn);
}

static void free_bld(OSSL_PARAM_BLD **bld)
{
	OSSL_PARAM_BLD_free(*bld);
}

static void free_params(OSSL_PARAM **params)
{
	OSSL_PARAM_free(*params);
}

static status from_params(const char *type, OSSL_PARAM *params, EVP_PKEY **ret_pkey)
{
	EVP_PKEY_CTX *ctx ON_EXIT(free_pkey_ctx) =
		EVP_PKEY_CTX_new_from_name(libctx_get(), type, NULL);

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, ret_pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return ST_POINT_INVALID;
	return ST_OK;
}

static status ec_pkey(enum curve c, struct bytes point, EVP_PKEY **ret_pkey)
{
	char group[24];
	uint8_t copy[EC_POINT_MAX];
	OSSL_PARAM params[3];

	if (!known(c) || point.n != 1 + 2 * curves[c].field || point.p[0] != 0x04)
		return ST_POINT_INVALID;
	memcpy(copy, point.p, point.n);
	memcpy(group, curves[c].group, strlen(curves[c].group) + 1);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, point.n);
	params[2] = OSSL_PARAM_construct_end();
	return from_params("EC", params, ret_pkey);
}

static status rsa_pkey(const struct public_key *k, EVP_PKEY **ret_pkey)
{
	BIGNUM *n ON_EXIT(free_bn) = BN_bin2bn(k->modulus, (int)k->modulus_len, NULL);
	BIGNUM *e ON_EXIT(free_bn) = BN_bin2bn(k->exponent, (int)k->exponent_len, NULL);
	OSSL_PARAM_BLD *bld ON_EXIT(free_bld) = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params ON_EXIT(free_params) = NULL;

	if (!n || !e || !bld || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) != 1)
		return ST_CRYPTO;
	params = OSSL_PARAM_BLD_to_param(bld);
	return params ? from_params("RSA", params, ret_pkey) : ST_CRYPTO;
}

status libctx_pkey(const struct public_key *k, EVP_PKEY **ret_pkey)
{
	if (!libctx_get())
		return ST_CRYPTO;
	switch (k->kind) {
	case PUBLIC_EC:
		return ec_pkey(k->curve, bytes_of(k->point, k->point_len), ret_pkey);
	case PUBLIC_RSA:
		return rsa_pkey(k, ret_pkey);
	case PUBLIC_NONE:
		break;
	}
	return ST_KEY_KIND;
}

status curve_check_point(enum curve c, struct bytes point)
{
	LIBCTX_QUIET();
	EVP_PKEY *pkey ON_EXIT(libctx_free_pkey) = NULL;
	EVP_PKEY_CTX *ctx ON_EXIT(free_pkey_ctx) = NULL;

	if (!libctx_get())
		return ST_CRYPTO;
	/* decoding refuses points off the curve and coordinates that are not below p */
	TRY(ec_pkey(c, point, &pkey));
	ctx = EVP_PKEY_CTX_new_from_pkey(libctx_get(), pkey, NULL);
	if (!ctx || EVP_PKEY_public_check_quick(ctx) != 1)
		return ST_POINT_INVALID;
	return ST_OK;
}

bool public_key_equal(const struct public_key *a, const struct public_key *b)
{
	if (a->kind != b->kind || a->kind == PUBLIC_NONE)
		return false;
	if (a->kind == PUBLIC_EC)
		return a->curve == b->curve && bytes_equal(bytes_of(a->point, a->point_len),
							   bytes_of(b->point, b->point_len));
	return bytes_equal(bytes_of(a->modulus, a->modulus_len),
			   bytes_of(b->modulus, b->modulus_len)) &&
	       bytes_equal(bytes_of(a->exponent, a->exponent_len),
			   bytes_of(b->exponent, b->exponent_len));
}

status public_key_spki(const struct public_key *k, struct wtr *w)
{
	LIBCTX_QUIET();
	EVP_PKEY *pkey ON_EXIT(libctx_free_pkey) = NULL;
	unsigned char *der = NULL;
	int n;

	TRY(libctx_pkey(k, &pkey));
	n = i2d_PUBKEY(pkey, &der);
	if (n <= 0)
		return ST_CRYPTO;
	wtr_put(w, bytes_of(der, (size_t)n));
	OPENSSL_free(der);
	return wtr_done(w);
}

status public_key_id(const struct public_key *k, uint8_t ret[20])
{
	uint8_t digest[HASH_MAX];
	struct bytes what = k->kind == PUBLIC_EC ? bytes_of(k->point, k->point_len)
						 : bytes_of(k->modulus, k->modulus_len);

	if (k->kind == PUBLIC_NONE)
		return ST_KEY_KIND;
	TRY(hash_once(HASH_SHA1, what, digest));
	memcpy(ret, digest, 20);
	return ST_OK;
}

/* r || s to DER Ecdsa-Sig-Value, allocated by libcrypto. */
static status ecdsa_der(struct bytes sig, unsigned char **ret_der, size_t *ret_n)
{
	size_t half = sig.n / 2;
	ECDSA_SIG *es = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig.p, (int)half, NULL);
	BIGNUM *s = BN_bin2bn(sig.p + half, (int)half, NULL);
	int n;

	if (!es || !r || !s || ECDSA_SIG_set0(es, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		ECDSA_SIG_free(es);
		return ST_CRYPTO;
	}
	n = i2d_ECDSA_SIG(es, ret_der);
	ECDSA_SIG_free(es);
	if (n <= 0)
		return ST_CRYPTO;
	*ret_n = (size_t)n;
	return ST_OK;
}

status verify_ecdsa(const struct public_key *k, struct bytes digest, struct bytes sig)
{
	LIBCTX_QUIET();
	EVP_PKEY *pkey ON_EXIT(libctx_free_pkey) = NULL;
	EVP_PKEY_CTX *ctx ON_EXIT(free_pkey_ctx) = NULL;
	unsigned char *der = NULL;
	size_t n = 0;
	int ok;

	if (k->kind != PUBLIC_EC)
		return ST_KEY_KIND;
	if (sig.n != 2 * curve_field_size(k->curve))
		return ST_SIG_LEN;
	TRY(libctx_pkey(k, &pkey));
	ctx = EVP_PKEY_CTX_new_from_pkey(libctx_get(), pkey, NULL);
	if (!ctx || EVP_PKEY_verify_init(ctx) != 1)
		return ST_CRYPTO;
	TRY(ecdsa_der(sig, &der, &n));
	ok = EVP_PKEY_verify(ctx, der, n, digest.p, digest.n);
	OPENSSL_free(der);
	return ok == 1 ? ST_OK : ST_SIG_BAD;
}

static status rsa_setup(EVP_PKEY_CTX *ctx, enum rsa_padding pad, enum hash_alg hash,
			size_t salt_len)
{
	const EVP_MD *md = libctx_md(hash);

	if (EVP_PKEY_verify_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, pad == RSA_PAD_PSS ? RSA_PKCS1_PSS_PADDING
								 : RSA_PKCS1_PADDING) != 1)
		return ST_CRYPTO;
	if (md && EVP_PKEY_CTX_set_signature_md(ctx, md) != 1)
		return ST_CRYPTO;
	if (pad == RSA_PAD_PSS && (!md || EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) != 1 ||
				   EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)salt_len) != 1))
		return ST_CRYPTO;
	return ST_OK;
}

status verify_rsa(const struct public_key *k, enum rsa_padding pad, enum hash_alg hash,
		  size_t salt_len, struct bytes digest, struct bytes sig)
{
	LIBCTX_QUIET();
	EVP_PKEY *pkey ON_EXIT(libctx_free_pkey) = NULL;
	EVP_PKEY_CTX *ctx ON_EXIT(free_pkey_ctx) = NULL;

	if (k->kind != PUBLIC_RSA)
		return ST_KEY_KIND;
	if (sig.n != k->modulus_len)
		return ST_SIG_LEN;
	TRY(libctx_pkey(k, &pkey));
	ctx = EVP_PKEY_CTX_new_from_pkey(libctx_get(), pkey, NULL);
	if (!ctx)
		return ST_CRYPTO;
	TRY(rsa_setup(ctx, pad, hash, salt_len));
	return EVP_PKEY_verify(ctx, sig.p, sig.n, digest.p, digest.n) == 1 ? ST_OK : ST_SIG_BAD;
}
