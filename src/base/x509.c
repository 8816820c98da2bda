/* SPDX-License-Identifier: Apache-2.0 */
#include "libctx.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"

static void free_x509(X509 **x)
{
	X509_free(*x);
}

static void free_bio(BIO **b)
{
	BIO_free(*b);
}

static void free_bn(BIGNUM **bn)
{
	BN_free(*bn);
}

/* --- DER by hand, as far as a view into the caller's bytes needs it --- */

/* The next TLV of r: its whole bytes, and its content. Lengths up to four bytes. */
static status der_next(struct rdr *r, uint8_t *ret_tag, struct bytes *ret_whole,
		       struct bytes *ret_content)
{
	struct rdr at = *r;
	uint8_t tag, len0, next;
	size_t n;

	TRY(rdr_u8(&at, &tag));
	TRY(rdr_u8(&at, &len0));
	n = len0;
	if (len0 & 0x80) {
		if (len0 == 0x80 || len0 > 0x84)
			return ST_MALFORMED;
		n = 0;
		for (int i = len0 & 0x7F; i > 0; i--) {
			TRY(rdr_u8(&at, &next));
			n = n << 8 | next;
		}
	}
	TRY(rdr_take(&at, n, ret_content));
	*ret_tag = tag;
	*ret_whole = bytes_of(r->p, (size_t)(at.p - r->p));
	*r = at;
	return ST_OK;
}

static status der_expect(struct rdr *r, uint8_t tag, struct bytes *ret_whole,
			 struct bytes *ret_content)
{
	uint8_t found;

	TRY(der_next(r, &found, ret_whole, ret_content));
	return found == tag ? ST_OK : ST_MALFORMED;
}

enum { DER_INTEGER = 0x02, DER_SEQUENCE = 0x30, DER_VERSION = 0xA0 };

/* RFC 5280 §4.1: the views of TBSCertificate that Cryptoki hands out as they stand. */
static status read_views(struct bytes der, struct x509_info *info)
{
	struct rdr r = rdr_of(der), cert, tbs;
	struct bytes whole, content;
	uint8_t tag;

	TRY(der_expect(&r, DER_SEQUENCE, &info->der, &content));
	cert = rdr_of(content);
	TRY(der_expect(&cert, DER_SEQUENCE, &whole, &content));
	tbs = rdr_of(content);
	TRY(rdr_peek(&tbs, &tag));
	if (tag == DER_VERSION)
		TRY(der_next(&tbs, &tag, &whole, &content));
	TRY(der_expect(&tbs, DER_INTEGER, &info->serial, &content));
	TRY(der_expect(&tbs, DER_SEQUENCE, &whole, &content)); /* signature algorithm */
	TRY(der_expect(&tbs, DER_SEQUENCE, &info->issuer, &content));
	TRY(der_expect(&tbs, DER_SEQUENCE, &whole, &content)); /* validity */
	return der_expect(&tbs, DER_SEQUENCE, &info->subject, &content);
}

static void read_ec(EVP_PKEY *pkey, struct public_key *k)
{
	char group[64] = "";
	uint8_t point[EC_POINT_MAX];
	size_t n = 0;

	if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
					   NULL) != 1 ||
	    EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
					    &n) != 1)
		return;
	for (enum curve c = CURVE_P256; c <= CURVE_BRAINPOOL_P256R1; c++) {
		if (strcmp(group, libctx_group(c)) != 0 || n != 1 + 2 * curve_field_size(c) ||
		    point[0] != 0x04)
			continue;
		k->kind = PUBLIC_EC;
		k->curve = c;
		memcpy(k->point, point, n);
		k->point_len = n;
	}
}

static void read_rsa(EVP_PKEY *pkey, struct public_key *k)
{
	BIGNUM *n ON_EXIT(free_bn) = NULL, *e ON_EXIT(free_bn) = NULL;

	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1 ||
	    BN_num_bytes(n) > RSA_MODULUS_MAX || BN_num_bytes(e) > (int)sizeof(k->exponent))
		return;
	k->kind = PUBLIC_RSA;
	k->modulus_len = (size_t)BN_bn2bin(n, k->modulus);
	k->exponent_len = (size_t)BN_bn2bin(e, k->exponent);
}

/* X509_check_ca would hash the certificate by EVP (hash.c says why not). */
static bool says_ca(const X509 *x)
{
	BASIC_CONSTRAINTS *bc = X509_get_ext_d2i(x, NID_basic_constraints, NULL, NULL);
	bool ca = bc && bc->ca;

	BASIC_CONSTRAINTS_free(bc);
	return ca;
}

static void read_date(const ASN1_TIME *t, char ret[9])
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) == 1 && tm.tm_year > -1900 && tm.tm_year < 8100)
		snprintf(ret, 9, "%04u%02u%02u", (unsigned)(tm.tm_year + 1900) % 10000,
			 (unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100);
}

static void read_subject(X509 *x, char *dst, size_t cap)
{
	BIO *mem ON_EXIT(free_bio) = BIO_new(BIO_s_mem());
	int n;

	dst[0] = '\0';
	if (!mem || X509_NAME_print_ex(mem, X509_get_subject_name(x), 0, XN_FLAG_RFC2253) < 0)
		return;
	n = BIO_read(mem, dst, (int)cap - 1);
	dst[n > 0 ? n : 0] = '\0';
}

status x509_parse(struct bytes der, struct x509_info *ret_info)
{
	struct x509_info info = {0};
	X509 *x ON_EXIT(free_x509) = NULL;
	const unsigned char *p;
	EVP_PKEY *pkey;

	if (!libctx_get())
		return ST_CRYPTO;
	if (read_views(der, &info) != ST_OK || info.der.n > LONG_MAX)
		return ST_MALFORMED;
	LIBCTX_QUIET();
	x = X509_new_ex(libctx_get(), NULL);
	p = info.der.p;
	if (!x || !d2i_X509(&x, &p, (long)info.der.n))
		return ST_MALFORMED;
	pkey = X509_get0_pubkey(x);
	if (pkey && EVP_PKEY_is_a(pkey, "EC"))
		read_ec(pkey, &info.key);
	if (pkey && EVP_PKEY_is_a(pkey, "RSA"))
		read_rsa(pkey, &info.key);
	info.is_ca = says_ca(x);
	read_date(X509_get0_notBefore(x), info.not_before);
	read_date(X509_get0_notAfter(x), info.not_after);
	read_subject(x, info.subject_text, sizeof(info.subject_text));
	*ret_info = info;
	return ST_OK;
}

status x509_from_pem(struct bytes text, struct wtr *w)
{
	BIO *mem ON_EXIT(free_bio) = NULL;
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	bool found = false;
	long n = 0;

	if (!libctx_get())
		return ST_CRYPTO;
	if (text.n > INT_MAX)
		return ST_MALFORMED;
	LIBCTX_QUIET();
	mem = BIO_new_mem_buf(text.p, (int)text.n);
	while (mem && !found && PEM_read_bio(mem, &name, &header, &data, &n) == 1) {
		found = strcmp(name, PEM_STRING_X509) == 0 && n > 0;
		if (found)
			wtr_put(w, bytes_of(data, (size_t)n));
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	return found ? wtr_done(w) : ST_MALFORMED;
}
