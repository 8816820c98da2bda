/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static struct {
	EVP_PKEY *pkey;
	struct public_key pub;
	uint8_t cert[2048];
	size_t cert_n;
	char pem[3072];
	size_t pem_n;
} keys[KEYS_COUNT];

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fake keys: %s\n", what);
	abort();
}

static X509 *certificate(EVP_PKEY *pkey)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	must(X509_set_version(x, X509_VERSION_3) == 1, "version");
	must(ASN1_INTEGER_set(X509_get_serialNumber(x), 4711) == 1, "serial");
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"fake", -1, -1,
				   0);
	must(X509_set_issuer_name(x, name) == 1, "issuer");
	must(X509_set_pubkey(x, pkey) == 1, "public key");
	must(X509_sign(x, pkey, EVP_sha256()) > 0, "sign");
	return x;
}

static void keep_certificate(enum keys_name k)
{
	X509 *x = certificate(keys[k].pkey);
	unsigned char *p = keys[k].cert;
	BIO *bio = BIO_new(BIO_s_mem());
	struct x509_info info;

	int n = i2d_X509(x, NULL);
	must(n > 0 && (size_t)n <= sizeof(keys[k].cert), "certificate size");
	keys[k].cert_n = (size_t)i2d_X509(x, &p);
	must(PEM_write_bio_X509(bio, x) == 1, "pem");
	n = BIO_read(bio, keys[k].pem, sizeof(keys[k].pem));
	must(n > 0, "pem read");
	keys[k].pem_n = (size_t)n;
	must(x509_parse(bytes_of(keys[k].cert, keys[k].cert_n), &info) == ST_OK, "parse");
	keys[k].pub = info.key;
	BIO_free(bio);
	X509_free(x);
}

void fake_keys_make(void)
{
	keys[KEYS_P256].pkey = EVP_EC_gen("P-256");
	keys[KEYS_P384].pkey = EVP_EC_gen("P-384");
	keys[KEYS_RSA].pkey = EVP_RSA_gen(2048);
	for (int k = 0; k < KEYS_COUNT; k++) {
		must(keys[k].pkey != NULL, "key");
		keep_certificate((enum keys_name)k);
	}
}

EVP_PKEY *fake_keys_pkey(enum keys_name k)
{
	return keys[k].pkey;
}

const struct public_key *fake_keys_public(enum keys_name k)
{
	return &keys[k].pub;
}

struct bytes fake_keys_cert(enum keys_name k)
{
	return bytes_of(keys[k].cert, keys[k].cert_n);
}

struct bytes fake_keys_pem(enum keys_name k)
{
	return bytes_of(keys[k].pem, keys[k].pem_n);
}

static const EVP_MD *md_of(enum hash_alg alg)
{
	if (alg == HASH_SHA384)
		return EVP_sha384();
	return alg == HASH_SHA512 ? EVP_sha512() : EVP_sha256();
}

static void raw_signature(const uint8_t *der, size_t der_n, size_t field, uint8_t *ret)
{
	const unsigned char *p = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)der_n);

	must(sig != NULL, "signature");
	must(BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, (int)field) > 0, "r");
	must(BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + field, (int)field) > 0, "s");
	ECDSA_SIG_free(sig);
}

status fake_keys_sign(enum keys_name k, const struct card_sign_request *rq, uint8_t *ret_sig,
		      size_t *ret_n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(keys[k].pkey, NULL);
	uint8_t der[512];
	size_t n = sizeof(der);

	must(ctx != NULL && EVP_PKEY_sign_init(ctx) == 1, "sign init");
	must(EVP_PKEY_CTX_set_signature_md(ctx, md_of(rq->hash)) == 1, "md");
	if (rq->sig == CARD_SIG_RSA_PSS) {
		must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1, "pss");
		must(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1, "salt");
	}
	must(EVP_PKEY_sign(ctx, der, &n, rq->digest.p, rq->digest.n) == 1, "sign");
	EVP_PKEY_CTX_free(ctx);
	if (k == KEYS_RSA) {
		memcpy(ret_sig, der, n);
		*ret_n = n;
		return ST_OK;
	}
	size_t field = curve_field_size(keys[k].pub.curve);
	raw_signature(der, n, field, ret_sig);
	*ret_n = 2 * field;
	return ST_OK;
}
