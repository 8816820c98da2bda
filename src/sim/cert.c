/* SPDX-License-Identifier: Apache-2.0 */
#include "cert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "key.h"
#include "mem.h"
#include "value.h"

#define ORGANIZATION "IoT SAFE demo"
#define CA_NAME "IoT SAFE demo CA"

enum {
	VALID_DAYS = 3650,
	BACKDATED_SECONDS = 3600, /* a device whose clock is a little late accepts it */
	SIZE_TRIES = 400,	  /* ECDSA signatures differ by a byte or two from try to try */
	COMMENT_MAX = 16384,
};

struct extension {
	int nid;
	const char *value;
};

static const struct extension ca_extensions[] = {
	{NID_basic_constraints, "critical,CA:TRUE"},
	{NID_key_usage, "critical,keyCertSign,cRLSign"},
	{NID_subject_key_identifier, "hash"},
	{0, NULL},
};
static const struct extension device_extensions[] = {
	{NID_basic_constraints, "critical,CA:FALSE"}, {NID_key_usage, "critical,digitalSignature"},
	{NID_ext_key_usage, "clientAuth,serverAuth"}, {NID_subject_key_identifier, "hash"},
	{NID_authority_key_identifier, "keyid"},      {0, NULL},
};
static const struct extension server_extensions[] = {
	{NID_basic_constraints, "critical,CA:FALSE"},
	{NID_key_usage, "critical,digitalSignature"},
	{NID_ext_key_usage, "serverAuth"},
	{NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1"},
	{NID_subject_key_identifier, "hash"},
	{NID_authority_key_identifier, "keyid"},
	{0, NULL},
};

static status done(int rc)
{
	if (rc > 0)
		return ST_OK;
	ERR_clear_error();
	return ST_CRYPTO;
}

void cert_free(X509 **cert)
{
	X509_free(*cert);
	*cert = NULL;
}

void cert_authority_free(struct cert_authority *ca)
{
	EVP_PKEY_free(ca->key);
	X509_free(ca->cert);
	*ca = (struct cert_authority){0};
}

static status set_name(X509_NAME *name, const char *common_name)
{
	TRY(done(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
					    (const unsigned char *)ORGANIZATION, -1, -1, 0)));
	return done(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
					       (const unsigned char *)common_name, -1, -1, 0));
}

static status add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (!ext)
		return done(0);
	int rc = X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	return done(rc);
}

static status add_extensions(X509 *cert, X509 *issuer, enum cert_purpose purpose)
{
	const struct extension *e = purpose == CERT_CA	     ? ca_extensions
				    : purpose == CERT_DEVICE ? device_extensions
							     : server_extensions;
	for (; e->value; e++)
		TRY(add_extension(cert, issuer, e->nid, e->value));
	return ST_OK;
}

static status set_serial(X509 *cert)
{
	uint8_t raw[16];
	TRY(done(RAND_bytes(raw, sizeof(raw))));
	raw[0] = (uint8_t)((raw[0] & 0x7F) | 0x40); /* positive, and always of the same length */
	BIGNUM *bn = BN_bin2bn(raw, sizeof(raw), NULL);
	ASN1_INTEGER *serial = bn ? BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert)) : NULL;
	BN_free(bn);
	return done(serial != NULL);
}

static status add_comment(X509 *cert, size_t n)
{
	char *text ON_EXIT(mem_free_ptr) = malloc(n + 1);
	if (!text)
		return ST_NOMEM;
	memset(text, 'x', n);
	text[n] = '\0';
	return add_extension(cert, NULL, NID_netscape_comment, text);
}

/* One certificate with a comment of `comment` characters, 0 for none. */
static status build(const struct cert_authority *ca, enum cert_purpose purpose, EVP_PKEY *key,
		    const char *common_name, size_t comment, X509 **ret_cert)
{
	X509 *cert ON_EXIT(cert_free) = X509_new();
	if (!cert)
		return ST_NOMEM;
	TRY(done(X509_set_version(cert, 2)));
	TRY(set_serial(cert));
	TRY(done(X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATED_SECONDS) != NULL));
	TRY(done(X509_time_adj_ex(X509_getm_notAfter(cert), VALID_DAYS, 0, NULL) != NULL));
	TRY(set_name(X509_get_subject_name(cert), common_name));
	X509 *issuer = purpose == CERT_CA ? cert : ca->cert;
	TRY(done(X509_set_issuer_name(cert, X509_get_subject_name(issuer))));
	TRY(done(X509_set_pubkey(cert, key)));
	TRY(add_extensions(cert, issuer, purpose));
	if (comment > 0)
		TRY(add_comment(cert, comment));
	TRY(done(X509_sign(cert, ca->key, EVP_sha256())));
	*ret_cert = cert;
	cert = NULL;
	return ST_OK;
}

static size_t der_size(X509 *cert)
{
	int n = i2d_X509(cert, NULL);
	return n > 0 ? (size_t)n : 0;
}

status cert_issue(const struct cert_authority *ca, enum cert_purpose purpose, EVP_PKEY *key,
		  const char *common_name, size_t size, X509 **ret_cert)
{
	X509 *cert ON_EXIT(cert_free) = NULL;
	size_t comment = 0;
	TRY(build(ca, purpose, key, common_name, 0, &cert));
	for (int i = 0; i < SIZE_TRIES && size != 0 && size != der_size(cert); i++) {
		size_t now = der_size(cert);
		if (size < now && comment <= now - size)
			break;
		size_t next = size > now ? comment + (size - now) : comment - (now - size);
		/* the first comment brings its own frame of about twenty bytes */
		next = comment == 0 && next > 24 ? next - 20 : next;
		if (next > COMMENT_MAX)
			break;
		comment = next;
		cert_free(&cert);
		TRY(build(ca, purpose, key, common_name, comment, &cert));
	}
	*ret_cert = cert;
	cert = NULL;
	return ST_OK;
}

status cert_authority_new(struct cert_authority *ret_ca)
{
	struct cert_authority ca ON_EXIT(cert_authority_free) = {0};
	TRY(key_generate(KEY_P256, &ca.key));
	TRY(build(&ca, CERT_CA, ca.key, CA_NAME, 0, &ca.cert));
	*ret_ca = ca;
	ca = (struct cert_authority){0};
	return ST_OK;
}

status cert_authority_load(struct bytes cert_pem, struct bytes key_pem,
			   struct cert_authority *ret_ca)
{
	struct cert_authority ca ON_EXIT(cert_authority_free) = {0};
	BIO *bio = BIO_new_mem_buf(cert_pem.p, (int)cert_pem.n);
	ca.cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	TRY(done(ca.cert != NULL));
	TRY(value_key(key_pem, true, &ca.key));
	*ret_ca = ca;
	ca = (struct cert_authority){0};
	return ST_OK;
}

static status copy_out(const uint8_t *p, long n, uint8_t **ret_p, size_t *ret_n)
{
	uint8_t *copy = n > 0 ? malloc((size_t)n) : NULL;
	if (!copy)
		return ST_NOMEM;
	memcpy(copy, p, (size_t)n);
	*ret_p = copy;
	*ret_n = (size_t)n;
	return ST_OK;
}

status cert_der(X509 *cert, uint8_t **ret_p, size_t *ret_n)
{
	uint8_t *der = NULL;
	int n = i2d_X509(cert, &der);
	TRY(done(n));
	status st = copy_out(der, n, ret_p, ret_n);
	OPENSSL_free(der);
	return st;
}

status cert_pem(X509 *cert, uint8_t **ret_p, size_t *ret_n)
{
	BIO *bio = BIO_new(BIO_s_mem());
	uint8_t *text = NULL;
	status st = done(bio && PEM_write_bio_X509(bio, cert));
	if (st == ST_OK) {
		long n = BIO_get_mem_data(bio, &text);
		st = copy_out(text, n, ret_p, ret_n);
	}
	BIO_free(bio);
	return st;
}

static status build_request(X509_REQ *req, EVP_PKEY *key, const char *common_name)
{
	TRY(done(X509_REQ_set_version(req, 0)));
	TRY(set_name(X509_REQ_get_subject_name(req), common_name));
	TRY(done(X509_REQ_set_pubkey(req, key)));
	return done(X509_REQ_sign(req, key, EVP_sha256()));
}

status cert_request(EVP_PKEY *key, const char *common_name, uint8_t **ret_p, size_t *ret_n)
{
	X509_REQ *req = X509_REQ_new();
	uint8_t *der = NULL;
	status st = req ? build_request(req, key, common_name) : ST_NOMEM;
	int n = st == ST_OK ? i2d_X509_REQ(req, &der) : 0;
	if (st == ST_OK)
		st = n > 0 ? copy_out(der, n, ret_p, ret_n) : done(0);
	OPENSSL_free(der);
	X509_REQ_free(req);
	return st;
}
