/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates, as far as Cryptoki looks into them: RFC 5280 §4.1 read by hand, since libcrypto's
 * parser would make an EVP key at once (libctx.h says why not). */
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "der.h"
#include "dn.h"
#include "libctx.h"

enum { TAG_VERSION = 0xA0, TAG_ISSUER_UID = 0x81, TAG_SUBJECT_UID = 0x82, TAG_EXTENSIONS = 0xA3 };

static void free_bio(BIO **b)
{
	BIO_free(*b);
}

/* The parts of TBSCertificate; whole TLVs but for validity and extensions, which are contents. */
struct tbs {
	struct bytes serial, issuer, validity, subject, spki, extensions;
};

static status read_whole(struct rdr *r, uint8_t tag, struct bytes *ret_whole)
{
	struct bytes content;
	uint8_t found;

	TRY(der_next(r, &found, ret_whole, &content));
	return found == tag ? ST_OK : ST_MALFORMED;
}

static status read_tbs(struct bytes b, struct tbs *t)
{
	struct rdr r = rdr_of(b);
	struct bytes whole, content;
	uint8_t tag;

	TRY(rdr_peek(&r, &tag));
	if (tag == TAG_VERSION)
		TRY(der_next(&r, &tag, &whole, &content));
	TRY(read_whole(&r, DER_INTEGER, &t->serial));
	TRY(der_expect(&r, DER_SEQUENCE, &content)); /* signature algorithm */
	TRY(read_whole(&r, DER_SEQUENCE, &t->issuer));
	TRY(der_expect(&r, DER_SEQUENCE, &t->validity));
	TRY(read_whole(&r, DER_SEQUENCE, &t->subject));
	TRY(read_whole(&r, DER_SEQUENCE, &t->spki));
	while (r.n > 0) {
		TRY(der_next(&r, &tag, &whole, &content));
		if (tag == TAG_EXTENSIONS)
			t->extensions = content;
		else if (tag != TAG_ISSUER_UID && tag != TAG_SUBJECT_UID)
			return ST_MALFORMED;
	}
	return ST_OK;
}

/* The three parts of Certificate, and nothing behind them inside of it. */
static status read_certificate(struct bytes der, struct bytes *ret_whole, struct tbs *t)
{
	struct rdr r = rdr_of(der), cert;
	struct bytes content, tbs;
	uint8_t tag;

	TRY(der_next(&r, &tag, ret_whole, &content));
	if (tag != DER_SEQUENCE)
		return ST_MALFORMED;
	cert = rdr_of(content);
	TRY(der_expect(&cert, DER_SEQUENCE, &tbs));
	TRY(der_expect(&cert, DER_SEQUENCE, &content));
	TRY(der_expect(&cert, DER_BIT_STRING, &content));
	if (cert.n > 0)
		return ST_MALFORMED;
	return read_tbs(tbs, t);
}

/* YYYYMMDD of the next Time; stays empty for what is none (RFC 5280 §4.1.2.5). */
static void read_date(struct rdr *r, char ret[9])
{
	struct bytes whole, v;
	const char *century = "";
	uint8_t tag;

	if (der_next(r, &tag, &whole, &v) != ST_OK ||
	    (tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME) ||
	    v.n < (tag == DER_UTC_TIME ? 6 : 8))
		return;
	v.n = tag == DER_UTC_TIME ? 6 : 8;
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < '0' || v.p[i] > '9')
			return;
	if (tag == DER_UTC_TIME)
		century = v.p[0] < '5' ? "20" : "19";
	snprintf(ret, 9, "%s%.*s", century, (int)v.n, (const char *)v.p);
}

/* The next Extension's value when it is basicConstraints (2.5.29.19) and says cA. */
static bool says_ca(struct bytes extension)
{
	static const uint8_t oid[] = {0x55, 0x1D, 0x13};
	struct rdr r = rdr_of(extension);
	struct bytes v, whole;
	uint8_t tag;

	if (der_expect(&r, DER_OID, &v) != ST_OK || !bytes_equal(v, BYTES_OF(oid)) ||
	    der_next(&r, &tag, &whole, &v) != ST_OK ||
	    (tag == DER_BOOLEAN && der_next(&r, &tag, &whole, &v) != ST_OK) ||
	    tag != DER_OCTET_STRING)
		return false;
	r = rdr_of(v);
	if (der_expect(&r, DER_SEQUENCE, &v) != ST_OK)
		return false;
	r = rdr_of(v);
	return der_expect(&r, DER_BOOLEAN, &v) == ST_OK && v.n == 1 && v.p[0] != 0;
}

static bool is_ca(struct bytes extensions)
{
	struct rdr r = rdr_of(extensions);
	struct bytes v;

	if (der_expect(&r, DER_SEQUENCE, &v) != ST_OK)
		return false;
	r = rdr_of(v);
	while (der_expect(&r, DER_SEQUENCE, &v) == ST_OK)
		if (says_ca(v))
			return true;
	return false;
}

status x509_parse(struct bytes der, struct x509_info *ret_info)
{
	struct x509_info info = {0};
	struct tbs t = {0};
	struct rdr validity;

	if (!libctx_get())
		return ST_CRYPTO;
	if (read_certificate(der, &info.der, &t) != ST_OK)
		return ST_MALFORMED;
	if (dn_text(t.subject, info.subject_text, sizeof(info.subject_text)) != ST_OK)
		return ST_MALFORMED;
	info.serial = t.serial;
	info.issuer = t.issuer;
	info.subject = t.subject;
	/* a key of a sort that we do not know is no fault of the certificate */
	if (public_key_from_spki(t.spki, &info.key) != ST_OK)
		info.key = (struct public_key){0};
	info.is_ca = is_ca(t.extensions);
	validity = rdr_of(t.validity);
	read_date(&validity, info.not_before);
	read_date(&validity, info.not_after);
	*ret_info = info;
	return ST_OK;
}

status x509_from_pem(struct bytes text, struct wtr *w)
{
	LIBCTX_QUIET();
	BIO *mem ON_EXIT(free_bio) = NULL;
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	bool found = false;
	long n = 0;

	if (!libctx_get())
		return ST_CRYPTO;
	if (text.n > INT_MAX)
		return ST_MALFORMED;
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
