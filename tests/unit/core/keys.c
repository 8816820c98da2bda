/* SPDX-License-Identifier: Apache-2.0 */
#include "keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const char *const groups[] = {
	[CURVE_P256] = "prime256v1",
	[CURVE_P384] = "secp384r1",
	[CURVE_BRAINPOOL_P256R1] = "brainpoolP256r1",
};

void pair_make_ec(struct pair *p, enum curve c)
{
	*p = (struct pair){.pkey = EVP_EC_gen(groups[c])};
	assert_non_null(p->pkey);
	p->pub.kind = PUBLIC_EC;
	p->pub.curve = c;
	assert_int_equal(EVP_PKEY_get_octet_string_param(p->pkey, OSSL_PKEY_PARAM_PUB_KEY,
							 p->pub.point, sizeof(p->pub.point),
							 &p->pub.point_len),
			 1);
}

void pair_make_rsa(struct pair *p)
{
	BIGNUM *n = NULL, *e = NULL;

	*p = (struct pair){.pkey = EVP_RSA_gen(2048)};
	assert_non_null(p->pkey);
	assert_int_equal(EVP_PKEY_get_bn_param(p->pkey, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	assert_int_equal(EVP_PKEY_get_bn_param(p->pkey, OSSL_PKEY_PARAM_RSA_E, &e), 1);
	p->pub.kind = PUBLIC_RSA;
	p->pub.modulus_len = (size_t)BN_bn2bin(n, p->pub.modulus);
	p->pub.exponent_len = (size_t)BN_bn2bin(e, p->pub.exponent);
	BN_free(n);
	BN_free(e);
}

void pair_free(struct pair *p)
{
	EVP_PKEY_free(p->pkey);
	*p = (struct pair){0};
}

size_t pair_sign_der(const struct pair *p, struct bytes digest, uint8_t *ret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(p->pkey, NULL);
	size_t n = SIGNATURE_MAX;

	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(EVP_PKEY_sign(ctx, ret, &n, digest.p, digest.n), 1);
	EVP_PKEY_CTX_free(ctx);
	return n;
}

size_t pair_sign_ecdsa(const struct pair *p, struct bytes digest, uint8_t *ret)
{
	uint8_t der[SIGNATURE_MAX];
	const uint8_t *at = der;
	int field = (int)curve_field_size(p->pub.curve);
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)pair_sign_der(p, digest, der));

	assert_non_null(sig);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, field), field);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + field, field), field);
	ECDSA_SIG_free(sig);
	return 2 * (size_t)field;
}

size_t pair_sign_rsa(const struct pair *p, bool pss, enum hash_alg hash, struct bytes digest,
		     uint8_t *ret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(p->pkey, NULL);
	const EVP_MD *md = hash == HASH_SHA384	 ? EVP_sha384()
			   : hash == HASH_SHA512 ? EVP_sha512()
						 : EVP_sha256();
	size_t n = SIGNATURE_MAX;

	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(
		EVP_PKEY_CTX_set_rsa_padding(ctx, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING),
		1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, md), 1);
	if (pss)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST), 1);
	assert_int_equal(EVP_PKEY_sign(ctx, ret, &n, digest.p, digest.n), 1);
	EVP_PKEY_CTX_free(ctx);
	return n;
}
