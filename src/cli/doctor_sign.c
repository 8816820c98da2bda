/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor_sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "mem.h"

enum { WITNESSES_MAX = 32 };

/* A public key of the SIM that may speak for a signature. */
struct witness {
	struct public_key key;
	char name[100];
	const struct container *c;
	bool is_certificate, is_ca;
};

struct witnesses {
	struct witness w[WITNESSES_MAX];
	size_t count;
};

static const char *name_of(const struct container *c, char *dst, size_t cap)
{
	char id[2 * CONTAINER_ID_MAX + 1], label[CONTAINER_LABEL_MAX + 1];

	if (c->label_len)
		snprintf(dst, cap, "\"%s\"", text_clean(container_label(c), label, sizeof(label)));
	else
		snprintf(dst, cap, "%s", hex_str(container_id(c), id, sizeof(id)));
	return dst;
}

/* DER as it is, or PEM made DER in place. */
static status decode_certificate(uint8_t *buf, size_t n, struct x509_info *ret_info)
{
	uint8_t *der ON_EXIT(mem_free_ptr) = NULL;
	struct wtr w;

	if (x509_parse(bytes_of(buf, n), ret_info) == ST_OK)
		return ST_OK;
	der = malloc(FILE_SIZE_MAX);
	if (!der)
		return ST_NOMEM;
	w = wtr_on(der, FILE_SIZE_MAX);
	TRY(x509_from_pem(bytes_of(buf, n), &w));
	memcpy(buf, der, w.n);
	return x509_parse(bytes_of(buf, w.n), ret_info);
}

/* The certificate's key; its subject names it. */
static status certificate_key(struct card *card, const struct container *file, struct witness *w,
			      deadline dl)
{
	uint8_t *buf ON_EXIT(mem_free_ptr) = malloc(FILE_SIZE_MAX);
	struct wtr out = wtr_on(buf, FILE_SIZE_MAX);
	struct x509_info info;

	if (!buf)
		return ST_NOMEM;
	TRY(card_read_file(card, file, &out, dl));
	TRY(decode_certificate(buf, out.n, &info));
	w->key = info.key;
	w->is_certificate = true;
	w->is_ca = info.is_ca;
	snprintf(w->name, sizeof(w->name), "certificate %.80s", info.subject_text);
	return ST_OK;
}

static status public_container_key(struct card *card, const struct container *c, struct witness *w,
				   deadline dl)
{
	char name[80];

	TRY(card_read_public(card, c, &w->key, dl));
	snprintf(w->name, sizeof(w->name), "public key %s", name_of(c, name, sizeof(name)));
	return ST_OK;
}

/* Certificates first: that one of them fits is what TLS wants to know. */
static void gather(struct report *r, const struct settings *all, struct card *card,
		   const struct catalog *cat, struct witnesses *ws)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < cat->count && ws->count < WITNESSES_MAX; i++) {
			const struct container *c = &cat->item[i];
			struct witness *w = &ws->w[ws->count];
			deadline dl = deadline_in_ms(all->timeout_ms);
			bool cert = c->kind == CONTAINER_FILE && c->is_certificate;
			char name[80];
			status st;

			if (!c->activated || (pass == 0 ? !cert : c->kind != CONTAINER_PUBLIC_KEY))
				continue;
			*w = (struct witness){.c = c};
			st = cert ? certificate_key(card, c, w, dl)
				  : public_container_key(card, c, w, dl);
			if (st == ST_OK && w->key.kind != PUBLIC_NONE)
				ws->count++;
			else if (cert)
				report_add(
					r, "objects", VERDICT_NOTE,
					"write the certificate anew; clients cannot use this one",
					"certificate container %s: %s",
					name_of(c, name, sizeof(name)), status_text(st));
		}
	}
}

/* --- one key --- */

struct attempt {
	struct card_sign_request rq;
	uint8_t digest[HASH_MAX];
	uint8_t sig[SIGNATURE_MAX];
	size_t sig_n;
};

static enum hash_alg rsa_hash(const struct container *key)
{
	if (key->hash_algs & CARD_SHA256)
		return HASH_SHA256;
	return key->hash_algs & CARD_SHA384 ? HASH_SHA384 : HASH_SHA512;
}

/* A text that means nothing to anybody is signed, never bytes from elsewhere. */
static status prepare(const struct container *key, struct attempt *a)
{
	struct bytes text = BYTES_LIT("iotsafe doctor: test signature");
	uint8_t plain[HASH_MAX];

	a->rq = (struct card_sign_request){.key = key};
	if (key->sig_algs & SIG_ECDSA) {
		a->rq.sig = CARD_SIG_ECDSA;
		TRY(hash_once(HASH_SHA256, text, plain));
		TRY(card_fit_digest(key, bytes_of(plain, hash_size(HASH_SHA256)), &a->rq.hash,
				    a->digest));
	} else {
		a->rq.sig = key->sig_algs & SIG_RSA_PKCS1 ? CARD_SIG_RSA_PKCS1 : CARD_SIG_RSA_PSS;
		a->rq.hash = rsa_hash(key);
		TRY(hash_once(a->rq.hash, text, a->digest));
	}
	a->rq.digest = bytes_of(a->digest, hash_size(a->rq.hash));
	return ST_OK;
}

static bool fits(const struct witness *w, const struct attempt *a)
{
	struct bytes sig = bytes_of(a->sig, a->sig_n);

	if (a->rq.sig == CARD_SIG_ECDSA)
		return w->key.kind == PUBLIC_EC &&
		       verify_ecdsa(&w->key, a->rq.digest, sig) == ST_OK;
	if (w->key.kind != PUBLIC_RSA)
		return false;
	return verify_rsa(&w->key, a->rq.sig == CARD_SIG_RSA_PKCS1 ? RSA_PAD_PKCS1 : RSA_PAD_PSS,
			  a->rq.hash, a->rq.digest.n, a->rq.digest, sig) == ST_OK;
}

static const char *remedy_of(status st)
{
	if (st == ST_KEY_UNUSABLE || st == ST_SW_CONDITIONS)
		return "the container's access conditions or algorithms do not allow signatures by "
		       "us";
	return "IOTSAFE_LOG=trace shows the exchanges";
}

/* Should this one have verified it? The key's own public container by name; and any certificate
 * of somebody's when the SIM holds no other key that it could belong to. */
static bool ought_to_fit(const struct witness *w, const struct container *key, bool only_key)
{
	if (w->key.kind != (key->sig_algs & SIG_ECDSA ? PUBLIC_EC : PUBLIC_RSA) ||
	    (w->key.kind == PUBLIC_EC && w->key.curve != container_curve(key)))
		return false;
	if (w->is_certificate)
		return only_key && !w->is_ca;
	return (key->id_len && bytes_equal(container_id(w->c), container_id(key))) ||
	       (key->label_len && bytes_equal(container_label(w->c), container_label(key)));
}

static void say_unproven(struct report *r, const char *name, const struct container *key,
			 const struct witnesses *ws, bool only_key)
{
	for (size_t i = 0; i < ws->count; i++) {
		if (!ought_to_fit(&ws->w[i], key, only_key))
			continue;
		report_add(r, "signature", VERDICT_FAIL,
			   "write the key's own certificate or public key to the SIM",
			   "%s: %s does not verify it", name, ws->w[i].name);
		return;
	}
	report_add(r, "signature", VERDICT_NOTE,
		   "OpenSSL's engine and OpenSSH need a certificate or public key on the SIM",
		   "%s: signed, but nothing that the SIM shows can verify it", name);
}

static void say_verdict(struct report *r, const char *name, const struct witness *w,
			unsigned long long apdus)
{
	if (w->is_certificate)
		report_add(r, "signature", VERDICT_OK, NULL, "%s: verified under %s, %llu APDUs",
			   name, w->name, apdus);
	else
		report_add(r, "signature", VERDICT_NOTE,
			   "TLS wants one: keep it in a file beside the program",
			   "%s: verified under %s; the SIM holds no certificate for it", name,
			   w->name);
}

static const char *pin_remedy(const struct settings_slot *slot)
{
	if (slot->pin_ref == 0)
		return "name the PIN by \"pin\" in the slot, and where it is by pin-source";
	return slot->pin_source[0] ? "programs use the one of pin-source"
				   : "programs log in; those that cannot need pin-source";
}

static void try_key(struct report *r, const struct settings *all, const struct settings_slot *slot,
		    struct card *card, const struct container *key, const struct witnesses *ws,
		    bool only_key)
{
	struct attempt a = {0};
	unsigned long long before = card_stats(card)->apdus;
	char name[80];
	status st = prepare(key, &a);

	name_of(key, name, sizeof(name));
	if (st == ST_OK)
		st = card_sign(card, &a.rq, a.sig, &a.sig_n, deadline_in_ms(all->timeout_ms));
	if (st == ST_SW_SECURITY) { /* as it should be: the doctor has no PIN */
		report_add(r, "signature", VERDICT_NOTE, pin_remedy(slot),
			   "%s: it wants its PIN, so it was not tried", name);
		return;
	}
	if (st != ST_OK) {
		report_add(r, "signature", VERDICT_FAIL, remedy_of(st), "%s: %s", name,
			   status_text(st));
		return;
	}
	for (size_t i = 0; i < ws->count; i++) {
		if (fits(&ws->w[i], &a)) {
			say_verdict(r, name, &ws->w[i], card_stats(card)->apdus - before);
			return;
		}
	}
	say_unproven(r, name, key, ws, only_key);
}

static bool can_sign(const struct container *c)
{
	return c->kind == CONTAINER_PRIVATE_KEY && !c->is_volatile &&
	       (c->functions & FUNCTION_SIGN) &&
	       (c->sig_algs & (SIG_ECDSA | SIG_RSA_PKCS1 | SIG_RSA_PSS));
}

/* An applet of Type II has secret keys and nothing to sign with. */
static void say_none_signs(struct report *r, const struct catalog *cat)
{
	size_t secrets = 0;

	for (size_t i = 0; i < cat->count; i++)
		secrets += cat->item[i].kind == CONTAINER_SECRET_KEY && cat->item[i].activated;
	if (secrets > 0)
		report_add(r, "signature", VERDICT_NOTE,
			   "they serve pre-shared keys: see \"iotsafe psk\"",
			   "the SIM holds secret keys only, and none that can sign");
	else
		report_add(r, "signature", VERDICT_FAIL,
			   "generate a key pair on the SIM (\"iotsafe keygen\"), or ask its issuer",
			   "the SIM holds no key that can sign");
}

void doctor_sign(struct report *r, const struct settings *all, const struct settings_slot *slot,
		 struct card *card, const struct catalog *cat)
{
	struct witnesses *ws ON_EXIT(mem_free_ptr) = calloc(1, sizeof(*ws));
	size_t usable = 0;
	char name[80];

	if (!ws)
		return;
	gather(r, all, card, cat, ws);
	for (size_t i = 0; i < cat->count; i++)
		usable += can_sign(&cat->item[i]) && cat->item[i].activated;
	for (size_t i = 0; i < cat->count; i++) {
		const struct container *c = &cat->item[i];

		if (can_sign(c) && c->activated)
			try_key(r, all, slot, card, c, ws, usable == 1);
		else if (can_sign(c))
			report_add(r, "signature", VERDICT_NOTE,
				   "\"iotsafe keygen\" makes a key pair in it",
				   "private key container %s is empty",
				   name_of(c, name, sizeof(name)));
	}
	if (usable == 0)
		say_none_signs(r, cat);
}
