/* SPDX-License-Identifier: Apache-2.0 */
/* iotsafe csr: a PKCS#10 request (RFC 2986) whose signature comes from the SIM. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "mem.h"
#include "p11object.h"
#include "p11rv.h"
#include "pem.h"
#include "progress.h"
#include "say.h"
#include "subject.h"

enum { CSR_TEXT_MAX = 16384 };

static void free_req(X509_REQ **r)
{
	X509_REQ_free(*r);
}

static void free_name(X509_NAME **n)
{
	X509_NAME_free(*n);
}

static void free_names(GENERAL_NAMES **n)
{
	GENERAL_NAMES_free(*n);
}

static void free_key(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static void free_ossl(unsigned char **p)
{
	OPENSSL_free(*p);
}

static void free_extensions(STACK_OF(X509_EXTENSION) * *e)
{
	sk_X509_EXTENSION_pop_free(*e, X509_EXTENSION_free);
}

static status broken(void)
{
	return SAY(ST_CRYPTO, "the request cannot be made: %s",
		   ERR_reason_error_string(ERR_peek_last_error()));
}

/* --- what is asked for --- */

struct wish {
	X509_NAME *subject;
	GENERAL_NAMES *sans; /* NULL: none */
	struct p11name key;
};

static void free_wish(struct wish *w)
{
	free_name(&w->subject);
	free_names(&w->sans);
}

static status read_wish(const struct options *opt, struct wish *w)
{
	TRY(p11name_parse(opt->arg, &w->key));
	if (!opt->subject)
		return SAY(ST_ARG, "--subject is missing, such as --subject /CN=meter-0001");
	TRY(subject_parse(opt->subject, &w->subject));
	for (size_t i = 0; i < opt->san_count; i++)
		TRY(subject_add_sans(opt->san[i], &w->sans));
	return ST_OK;
}

/* --- the request, but for its signature --- */

static status make_key(const struct public_key *k, EVP_PKEY **ret)
{
	uint8_t spki[600];
	struct wtr w = WTR_ON(spki);
	const unsigned char *at = spki;

	TRY(public_key_spki(k, &w));
	*ret = d2i_PUBKEY(NULL, &at, (long)w.n);
	return *ret ? ST_OK : broken();
}

static status add_sans(X509_REQ *req, GENERAL_NAMES *sans)
{
	STACK_OF(X509_EXTENSION) * exts ON_EXIT(free_extensions) = NULL;

	if (!sans)
		return ST_OK;
	if (X509V3_add1_i2d(&exts, NID_subject_alt_name, sans, 0, X509V3_ADD_DEFAULT) != 1 ||
	    X509_REQ_add_extensions(req, exts) != 1)
		return broken();
	return ST_OK;
}

static status make_request(const struct wish *w, EVP_PKEY *key, X509_REQ **ret)
{
	X509_REQ *req ON_EXIT(free_req) = X509_REQ_new();

	if (!req || X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_subject_name(req, w->subject) != 1 || X509_REQ_set_pubkey(req, key) != 1)
		return broken();
	TRY(add_sans(req, w->sans));
	*ret = req;
	req = NULL;
	return ST_OK;
}

/* --- the signature --- */

/* How a key of this sort signs. */
struct scheme {
	CK_MECHANISM_TYPE mechanism;
	enum hash_alg hash; /* that we take first; HASH_NONE: the module does */
	int algorithm;	    /* NID for the request */
};

static struct scheme scheme_of(const struct public_key *k)
{
	if (k->kind == PUBLIC_RSA)
		return (struct scheme){CKM_SHA256_RSA_PKCS, HASH_NONE, NID_sha256WithRSAEncryption};
	if (k->curve == CURVE_P384)
		return (struct scheme){CKM_ECDSA, HASH_SHA384, NID_ecdsa_with_SHA384};
	return (struct scheme){CKM_ECDSA, HASH_SHA256, NID_ecdsa_with_SHA256};
}

static CK_RV sign_once(struct p11token *t, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE mechanism,
		       struct bytes data, struct wtr *sig, status *ret_st)
{
	CK_MECHANISM m = {mechanism, NULL, 0};
	CK_ULONG n = sig->cap;
	CK_RV rv = t->f->C_SignInit(t->session, &m, key);

	if (rv != CKR_OK)
		return rv;
	if (p11object_flag(t, key, CKA_ALWAYS_AUTHENTICATE)) {
		*ret_st = p11token_login_for_key(t);
		if (*ret_st != ST_OK)
			return CKR_OK;
	}
	rv = t->f->C_Sign(t->session, (CK_BYTE *)(uintptr_t)data.p, data.n, sig->p, &n);
	sig->n = rv == CKR_OK ? n : 0;
	return rv;
}

static status sign(struct p11token *t, CK_OBJECT_HANDLE key, const struct scheme *s,
		   struct bytes tbs, struct wtr *sig)
{
	uint8_t digest[HASH_MAX];
	status st = ST_OK;
	CK_RV rv;

	if (s->hash != HASH_NONE) {
		TRY(hash_once(s->hash, tbs, digest));
		tbs = bytes_of(digest, hash_size(s->hash));
	}
	rv = sign_once(t, key, s->mechanism, tbs, sig, &st);
	if (p11token_wants_login(t, rv)) {
		TRY(p11token_login(t));
		rv = sign_once(t, key, s->mechanism, tbs, sig, &st);
	}
	if (st != ST_OK)
		return st;
	return rv == CKR_OK ? ST_OK : p11rv_say("the signature", rv);
}

/* r || s as the SEQUENCE that X.509 wants (RFC 3279 §2.2.3). */
static status to_der(struct bytes raw, struct wtr *w)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw.p, (int)raw.n / 2, NULL);
	BIGNUM *s = BN_bin2bn(raw.p + raw.n / 2, (int)raw.n / 2, NULL);
	unsigned char *der ON_EXIT(free_ossl) = NULL;
	int n = -1;

	if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1)
		n = i2d_ECDSA_SIG(sig, &der);
	ECDSA_SIG_free(sig);
	if (n <= 0)
		return broken();
	wtr_put(w, bytes_of(der, (size_t)n));
	return wtr_done(w);
}

static status set_signature(X509_REQ *req, const struct scheme *s, struct bytes sig)
{
	X509_ALGOR *alg = X509_ALGOR_new();
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	bool fine = alg && bits &&
		    X509_ALGOR_set0(alg, OBJ_nid2obj(s->algorithm),
				    s->mechanism == CKM_ECDSA ? V_ASN1_UNDEF : V_ASN1_NULL,
				    NULL) == 1 &&
		    X509_REQ_set1_signature_algo(req, alg) == 1 &&
		    ASN1_BIT_STRING_set(bits, (unsigned char *)(uintptr_t)sig.p, (int)sig.n) == 1;

	X509_ALGOR_free(alg);
	if (!fine) {
		ASN1_BIT_STRING_free(bits);
		return broken();
	}
	bits->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07);
	bits->flags |= ASN1_STRING_FLAG_BITS_LEFT; /* no bit is unused */
	X509_REQ_set0_signature(req, bits);
	return ST_OK;
}

static status sign_request(struct p11token *t, CK_OBJECT_HANDLE key, const struct scheme *s,
			   X509_REQ *req)
{
	unsigned char *tbs ON_EXIT(free_ossl) = NULL;
	uint8_t raw[SIGNATURE_MAX], der[SIGNATURE_MAX];
	struct wtr rw = WTR_ON(raw), dw = WTR_ON(der);
	int n;

	n = i2d_re_X509_REQ_tbs(req, &tbs);
	if (n <= 0)
		return broken();
	TRY(sign(t, key, s, bytes_of(tbs, (size_t)n), &rw));
	if (s->mechanism != CKM_ECDSA)
		return set_signature(req, s, wtr_bytes(&rw));
	TRY(to_der(wtr_bytes(&rw), &dw));
	return set_signature(req, s, wtr_bytes(&dw));
}

/* --- all of it --- */

static status put_request(X509_REQ *req, const char *file)
{
	unsigned char *der ON_EXIT(free_ossl) = NULL;
	char *text ON_EXIT(mem_free_ptr) = malloc(CSR_TEXT_MAX);
	struct wtr w = wtr_on(text, CSR_TEXT_MAX);
	int n = i2d_X509_REQ(req, &der);

	if (!text)
		return ST_NOMEM;
	if (n <= 0)
		return broken();
	if (pem_put("CERTIFICATE REQUEST", bytes_of(der, (size_t)n), &w) != ST_OK)
		return SAY(ST_FULL, "the request is too long");
	return pem_out(file, wtr_bytes(&w), false);
}

static status make(struct p11token *t, const struct wish *w, const char *file)
{
	static const CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	const struct p11classes classes = {&class, 1, "private key"};
	X509_REQ *req ON_EXIT(free_req) = NULL;
	EVP_PKEY *pkey ON_EXIT(free_key) = NULL;
	struct p11object key;
	struct public_key k;
	struct scheme s;

	TRY(p11object_choose(t, &w->key, &classes, &key));
	if (p11object_public(t, key.handle, &k) != ST_OK)
		return SAY(ST_KEY_UNUSABLE,
			   "%s: there is no key in it, or its public half cannot "
			   "be read; \"iotsafe list\" tells more",
			   w->key.text);
	s = scheme_of(&k);
	TRY(make_key(&k, &pkey));
	TRY(make_request(w, pkey, &req));
	TRY(sign_request(t, key.handle, &s, req));
	if (X509_REQ_verify(req, pkey) != 1)
		return SAY(ST_SIG_BAD, "the SIM's signature does not verify under its public key");
	progress_end();
	return put_request(req, file);
}

int csr_run(const struct options *opt)
{
	struct p11token t ON_EXIT(p11token_close) = {0};
	struct wish w ON_EXIT(free_wish) = {0};

	/* the host's openssl.cnf may lead back into our own module */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	if (read_wish(opt, &w) != ST_OK)
		return EXIT_USAGE;
	progress_begin("signing");
	if (p11token_open(opt, p11name_uri(&w.key), &t) != ST_OK || make(&t, &w, opt->out) != ST_OK)
		return EXIT_FAILED;
	return EXIT_FINE;
}
