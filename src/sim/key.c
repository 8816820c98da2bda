/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "sizes.h"
#include "mem.h"
#include "tlv.h"

static const struct type_row {
	uint8_t type;
	const char *name;
	const char *group; /* libcrypto's name of the curve; NULL: not a curve */
	size_t field;
	bool is_volatile;
	uint8_t sign_algs;
} types[] = {
	{KEY_RSA_2048, "RSA-2048", NULL, 0, false, SIGN_RSA_PKCS1 | SIGN_RSA_PSS},
	{KEY_P256, "P-256", "prime256v1", 32, false, SIGN_ECDSA},
	{KEY_P256_VOLATILE, "P-256 volatile", "prime256v1", 32, true, SIGN_ECDSA},
	{KEY_BRAINPOOL, "brainpoolP256r1", "brainpoolP256r1", 32, false, SIGN_ECDSA},
	{KEY_BRAINPOOL_VOLATILE, "brainpoolP256r1 volatile", "brainpoolP256r1", 32, true,
	 SIGN_ECDSA},
	{KEY_P384, "P-384", "secp384r1", 48, false, SIGN_ECDSA},
	{KEY_P384_VOLATILE, "P-384 volatile", "secp384r1", 48, true, SIGN_ECDSA},
	{KEY_HMAC, "HMAC", NULL, 0, false, 0},
	{KEY_AES_CMAC, "AES-CMAC", NULL, 0, false, SIGN_CMAC},
};

static const struct type_row *type_find(uint8_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].type == type)
			return &types[i];
	}
	return NULL;
}

bool key_type_known(uint8_t type)
{
	return type_find(type) != NULL;
}

bool key_type_volatile(uint8_t type)
{
	const struct type_row *row = type_find(type);
	return row && row->is_volatile;
}

uint8_t key_type_sign_algs(uint8_t type)
{
	const struct type_row *row = type_find(type);
	return row ? row->sign_algs : 0;
}

/* Has it a private and a public half? */
static bool is_pair(const struct type_row *row)
{
	return row->group || row->type == KEY_RSA_2048;
}

bool key_type_same_curve(uint8_t a, uint8_t b)
{
	const struct type_row *one = type_find(a), *other = type_find(b);
	return one && other && one->group && other->group && strcmp(one->group, other->group) == 0;
}

const char *key_type_name(uint8_t type)
{
	const struct type_row *row = type_find(type);
	return row ? row->name : "unknown";
}

const EVP_MD *key_digest_of(uint16_t hash_bit)
{
	switch (hash_bit) {
	case HASH_BIT_SHA256:
		return EVP_sha256();
	case HASH_BIT_SHA384:
		return EVP_sha384();
	case HASH_BIT_SHA512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

/* libcrypto's answers: 1 is success; its error queue is emptied so that it cannot grow. */
static status done(int rc)
{
	if (rc == 1)
		return ST_OK;
	ERR_clear_error();
	return ST_CRYPTO;
}

static void ctx_free(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

static void bn_free(BIGNUM **bn)
{
	BN_free(*bn);
}

static void ecdsa_sig_free(ECDSA_SIG **sig)
{
	ECDSA_SIG_free(*sig);
}

static void openssl_free(uint8_t **p)
{
	OPENSSL_free(*p);
}

static void params_free(OSSL_PARAM **params)
{
	OSSL_PARAM_free(*params);
}

static void builder_free(OSSL_PARAM_BLD **builder)
{
	OSSL_PARAM_BLD_free(*builder);
}

status key_generate(uint8_t type, EVP_PKEY **ret_key)
{
	const struct type_row *row = type_find(type);
	if (!row || !is_pair(row))
		return ST_KEY_KIND;
	EVP_PKEY *key = row->group ? EVP_EC_gen(row->group) : EVP_RSA_gen(2048);
	if (!key)
		return done(0);
	*ret_key = key;
	return ST_OK;
}

/* --- public keys on the wire --- */

enum {
	TAG_PUBLIC = 0x34,
	TAG_TEMPLATE = 0x49,
	TAG_POINT = 0x86,
	TAG_MODULUS = 0x81,
	TAG_EXP = 0x82
};

static status bn_put(const EVP_PKEY *key, const char *name, uint8_t tag, struct wtr *w)
{
	BIGNUM *bn ON_EXIT(bn_free) = NULL;
	uint8_t raw[RSA_MODULUS_MAX];
	TRY(done(EVP_PKEY_get_bn_param(key, name, &bn)));
	if (BN_num_bytes(bn) > (int)sizeof(raw))
		return ST_KEY_KIND;
	int n = BN_bn2bin(bn, raw);
	tlv_put_ber(w, tag, bytes_of(raw, (size_t)n));
	return wtr_done(w);
}

status key_public_point(const EVP_PKEY *key, struct wtr *w)
{
	uint8_t point[EC_POINT_MAX];
	size_t n = 0;
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
		return ST_KEY_KIND;
	TRY(done(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
						 &n)));
	wtr_put(w, bytes_of(point, n));
	return wtr_done(w);
}

status key_public_tlv(const EVP_PKEY *key, struct wtr *w)
{
	uint8_t inner_store[RSA_MODULUS_MAX + 32], outer_store[RSA_MODULUS_MAX + 40];
	struct wtr inner = WTR_ON(inner_store), outer = WTR_ON(outer_store);
	uint8_t point_store[EC_POINT_MAX];
	struct wtr point = WTR_ON(point_store);
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
		TRY(key_public_point(key, &point));
		tlv_put_ber(&inner, TAG_POINT, wtr_bytes(&point));
	} else {
		TRY(bn_put(key, OSSL_PKEY_PARAM_RSA_N, TAG_MODULUS, &inner));
		TRY(bn_put(key, OSSL_PKEY_PARAM_RSA_E, TAG_EXP, &inner));
	}
	tlv_put_ber(&outer, TAG_TEMPLATE, wtr_bytes(&inner));
	tlv_put_ber(w, TAG_PUBLIC, wtr_bytes(&outer));
	TRY(wtr_done(&inner));
	TRY(wtr_done(&outer));
	return wtr_done(w);
}

static status from_params(const char *algorithm, OSSL_PARAM *params, EVP_PKEY **ret_key)
{
	EVP_PKEY_CTX *ctx ON_EXIT(ctx_free) = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
	EVP_PKEY *key = NULL; /* libcrypto would fill an object that it finds here */
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1)
		return done(0);
	TRY(done(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params)));
	*ret_key = key;
	return ST_OK;
}

static status ec_from_point(const struct type_row *row, struct bytes point, EVP_PKEY **ret_key)
{
	if (point.n != 1 + 2 * row->field || point.p[0] != 0x04)
		return ST_POINT_INVALID;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)row->group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.p,
						  point.n),
		OSSL_PARAM_construct_end(),
	};
	/* libcrypto checks that the point is on the curve */
	return from_params("EC", params, ret_key) == ST_OK ? ST_OK : ST_POINT_INVALID;
}

static status rsa_from_numbers(struct bytes modulus, struct bytes exponent, EVP_PKEY **ret_key)
{
	BIGNUM *n ON_EXIT(bn_free) = BN_bin2bn(modulus.p, (int)modulus.n, NULL);
	BIGNUM *e ON_EXIT(bn_free) = BN_bin2bn(exponent.p, (int)exponent.n, NULL);
	OSSL_PARAM_BLD *builder ON_EXIT(builder_free) = OSSL_PARAM_BLD_new();
	if (!n || !e || !builder || BN_num_bits(n) != 2048 || !BN_is_odd(n) || !BN_is_odd(e))
		return ST_POINT_INVALID;
	TRY(done(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n)));
	TRY(done(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e)));
	OSSL_PARAM *params ON_EXIT(params_free) = OSSL_PARAM_BLD_to_param(builder);
	if (!params)
		return done(0);
	return from_params("RSA", params, ret_key);
}

status key_from_template(uint8_t type, struct bytes value, EVP_PKEY **ret_key)
{
	const struct type_row *row = type_find(type);
	struct rdr r = rdr_of(value);
	struct bytes content, first, second;
	if (!row || !is_pair(row))
		return ST_KEY_KIND;
	TRY(tlv_take_ber(&r, TAG_TEMPLATE, &content));
	if (r.n != 0)
		return ST_MALFORMED;
	r = rdr_of(content);
	TRY(tlv_take_ber(&r, row->group ? TAG_POINT : TAG_MODULUS, &first));
	if (row->group)
		return r.n == 0 ? ec_from_point(row, first, ret_key) : ST_MALFORMED;
	TRY(tlv_take_ber(&r, TAG_EXP, &second));
	return r.n == 0 ? rsa_from_numbers(first, second, ret_key) : ST_MALFORMED;
}

status key_public_half(const EVP_PKEY *key, EVP_PKEY **ret_public)
{
	OSSL_PARAM *params ON_EXIT(params_free) = NULL;
	bool ec = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
	TRY(done(EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &params)));
	return from_params(ec ? "EC" : "RSA", params, ret_public);
}

/* --- agreement, and keys that are given --- */

static void point_free(EC_POINT **point)
{
	EC_POINT_free(*point);
}

static void group_free(EC_GROUP **group)
{
	EC_GROUP_free(*group);
}

static status point_of_scalar(const char *name, const BIGNUM *scalar, uint8_t *point, size_t cap,
			      size_t *ret_n)
{
	EC_GROUP *group ON_EXIT(group_free) = EC_GROUP_new_by_curve_name(OBJ_txt2nid(name));
	EC_POINT *at ON_EXIT(point_free) = group ? EC_POINT_new(group) : NULL;
	if (!at)
		return done(0);
	if (BN_is_zero(scalar) || BN_cmp(scalar, EC_GROUP_get0_order(group)) >= 0)
		return ST_ARG;
	TRY(done(EC_POINT_mul(group, at, scalar, NULL, NULL, NULL)));
	size_t n = EC_POINT_point2oct(group, at, POINT_CONVERSION_UNCOMPRESSED, point, cap, NULL);
	if (n == 0)
		return done(0);
	*ret_n = n;
	return ST_OK;
}

static status pair_from_params(OSSL_PARAM *params, EVP_PKEY **ret_key)
{
	EVP_PKEY_CTX *ctx ON_EXIT(ctx_free) = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1)
		return done(0);
	TRY(done(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params)));
	*ret_key = key;
	return ST_OK;
}

status key_from_scalar(uint8_t type, struct bytes scalar, EVP_PKEY **ret_key)
{
	const struct type_row *row = type_find(type);
	uint8_t point[EC_POINT_MAX];
	size_t n = 0;
	if (!row || !row->group)
		return ST_KEY_KIND;
	if (scalar.n != row->field)
		return ST_ARG;
	BIGNUM *number ON_EXIT(bn_free) = BN_bin2bn(scalar.p, (int)scalar.n, NULL);
	OSSL_PARAM_BLD *builder ON_EXIT(builder_free) = OSSL_PARAM_BLD_new();
	if (!number || !builder)
		return done(0);
	TRY(point_of_scalar(row->group, number, point, sizeof(point), &n));
	TRY(done(OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, row->group,
						 0)));
	TRY(done(OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, n)));
	TRY(done(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number)));
	OSSL_PARAM *params ON_EXIT(params_free) = OSSL_PARAM_BLD_to_param(builder);
	return params ? pair_from_params(params, ret_key) : done(0);
}

status key_agree(EVP_PKEY *own, EVP_PKEY *peer, struct wtr *ret_secret)
{
	SECRET(z, EC_POINT_MAX);
	size_t n = z.cap;
	EVP_PKEY_CTX *ctx ON_EXIT(ctx_free) = EVP_PKEY_CTX_new(own, NULL);
	if (!ctx)
		return done(0);
	TRY(done(EVP_PKEY_derive_init(ctx)));
	TRY(done(EVP_PKEY_derive_set_peer(ctx, peer)));
	TRY(done(EVP_PKEY_derive(ctx, z.p, &n)));
	wtr_put(ret_secret, bytes_of(z.p, n));
	return wtr_done(ret_secret);
}

/* --- signatures --- */

static size_t field_of(const EVP_PKEY *key)
{
	return ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
}

static status ecdsa_to_raw(const EVP_PKEY *key, struct bytes der, struct wtr *w)
{
	const uint8_t *at = der.p;
	uint8_t raw[2 * HASH_MAX];
	size_t field = field_of(key);
	ECDSA_SIG *sig ON_EXIT(ecdsa_sig_free) = d2i_ECDSA_SIG(NULL, &at, (long)der.n);
	if (!sig || 2 * field > sizeof(raw))
		return done(0);
	if (BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, (int)field) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + field, (int)field) < 0)
		return done(0);
	wtr_put(w, bytes_of(raw, 2 * field));
	return wtr_done(w);
}

static status ecdsa_to_der(const EVP_PKEY *key, struct bytes raw, uint8_t **ret_der, size_t *ret_n)
{
	size_t field = field_of(key);
	ECDSA_SIG *sig ON_EXIT(ecdsa_sig_free) = ECDSA_SIG_new();
	if (!sig || raw.n != 2 * field)
		return ST_SIG_BAD;
	BIGNUM *r = BN_bin2bn(raw.p, (int)field, NULL);
	BIGNUM *s = BN_bin2bn(raw.p + field, (int)field, NULL);
	if (ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return done(0);
	}
	int n = i2d_ECDSA_SIG(sig, ret_der);
	if (n <= 0)
		return done(0);
	*ret_n = (size_t)n;
	return ST_OK;
}

static status rsa_parameters(EVP_PKEY_CTX *ctx, uint8_t alg, uint16_t hash_bit)
{
	const EVP_MD *md = key_digest_of(hash_bit);
	int padding = alg == SIGN_RSA_PSS ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
	if (!md)
		return ST_KEY_KIND;
	TRY(done(EVP_PKEY_CTX_set_rsa_padding(ctx, padding)));
	TRY(done(EVP_PKEY_CTX_set_signature_md(ctx, md)));
	if (alg == SIGN_RSA_PSS)
		TRY(done(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST)));
	return ST_OK;
}

status key_sign(EVP_PKEY *key, uint8_t alg, uint16_t hash_bit, bool der, struct bytes digest,
		struct wtr *ret_sig)
{
	uint8_t sig[SIGNATURE_MAX];
	size_t n = sizeof(sig);
	EVP_PKEY_CTX *ctx ON_EXIT(ctx_free) = EVP_PKEY_CTX_new(key, NULL);
	if (!ctx)
		return done(0);
	TRY(done(EVP_PKEY_sign_init(ctx)));
	if (alg != SIGN_ECDSA)
		TRY(rsa_parameters(ctx, alg, hash_bit));
	TRY(done(EVP_PKEY_sign(ctx, sig, &n, digest.p, digest.n)));
	if (alg == SIGN_ECDSA && !der)
		return ecdsa_to_raw(key, bytes_of(sig, n), ret_sig);
	wtr_put(ret_sig, bytes_of(sig, n));
	return wtr_done(ret_sig);
}

status key_verify(EVP_PKEY *key, uint8_t alg, uint16_t hash_bit, struct bytes digest,
		  struct bytes sig)
{
	uint8_t *der ON_EXIT(openssl_free) = NULL;
	EVP_PKEY_CTX *ctx ON_EXIT(ctx_free) = EVP_PKEY_CTX_new(key, NULL);
	if (!ctx)
		return done(0);
	TRY(done(EVP_PKEY_verify_init(ctx)));
	if (alg == SIGN_ECDSA) {
		size_t n = 0;
		TRY(ecdsa_to_der(key, sig, &der, &n));
		sig = bytes_of(der, n);
	} else {
		TRY(rsa_parameters(ctx, alg, hash_bit));
	}
	int rc = EVP_PKEY_verify(ctx, sig.p, sig.n, digest.p, digest.n);
	return done(rc) == ST_OK ? ST_OK : ST_SIG_BAD;
}
