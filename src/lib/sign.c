/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sim.h"

struct signing {
	enum iotsafe_scheme scheme;
	struct bytes digest;
	struct container key;
	bool has_public;
	struct public_key public;
	struct card_sign_request rq;
	uint8_t fitted[HASH_MAX];
};

/* --- what is asked --- */

static status hash_of(struct bytes digest, enum hash_alg *ret)
{
	static const enum hash_alg known[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (hash_size(known[i]) != digest.n)
			continue;
		*ret = known[i];
		return ST_OK;
	}
	return ST_DATA_LEN;
}

static status check_kind(const struct signing *s)
{
	bool ec = s->scheme == IOTSAFE_ECDSA || s->scheme == IOTSAFE_ECDSA_DER;
	const struct container *k = &s->key;

	if (k->kind != CONTAINER_PRIVATE_KEY)
		return ST_KEY_KIND;
	if (ec ? container_curve(k) == CURVE_NONE : k->key_type != KEY_RSA2048)
		return ST_KEY_KIND;
	if (!k->activated || k->is_volatile || (k->functions & FUNCTION_SIGN) == 0)
		return ST_KEY_UNUSABLE;
	return ST_OK;
}

static status make_request(struct signing *s)
{
	struct card_sign_request *rq = &s->rq;

	TRY(check_kind(s));
	rq->key = &s->key;
	rq->digest = s->digest;
	rq->check = s->has_public ? &s->public : NULL;
	switch (s->scheme) {
	case IOTSAFE_ECDSA:
	case IOTSAFE_ECDSA_DER:
		if (s->digest.n == 0 || s->digest.n > HASH_MAX)
			return ST_DATA_LEN;
		rq->sig = CARD_SIG_ECDSA;
		TRY(card_fit_digest(&s->key, s->digest, &rq->hash, s->fitted));
		rq->digest = bytes_of(s->fitted, hash_size(rq->hash));
		return ST_OK;
	case IOTSAFE_RSA_PKCS1:
		rq->sig = CARD_SIG_RSA_PKCS1;
		return hash_of(s->digest, &rq->hash);
	case IOTSAFE_RSA_PSS:
		rq->sig = CARD_SIG_RSA_PSS;
		return hash_of(s->digest, &rq->hash);
	}
	return ST_ARG;
}

/* --- what is answered --- */

/* As a DER INTEGER: no zeros in front but the one that keeps it positive. */
static void put_integer(struct wtr *w, struct bytes v)
{
	while (v.n > 1 && v.p[0] == 0)
		v = bytes_of(v.p + 1, v.n - 1);
	bool high = (v.p[0] & 0x80) != 0;
	wtr_u8(w, 0x02);
	wtr_u8(w, (uint8_t)(v.n + high));
	if (high)
		wtr_u8(w, 0);
	wtr_put(w, v);
}

/* Lengths stay below 128 up to P-384. */
static void put_der(struct wtr *w, struct bytes raw)
{
	uint8_t body[128];
	struct wtr b = WTR_ON(body);

	put_integer(&b, bytes_of(raw.p, raw.n / 2));
	put_integer(&b, bytes_of(raw.p + raw.n / 2, raw.n / 2));
	wtr_u8(w, 0x30);
	wtr_u8(w, (uint8_t)b.n);
	wtr_put(w, wtr_bytes(&b));
}

static size_t size_most(const struct signing *s)
{
	size_t field = curve_field_size(container_curve(&s->key));

	switch (s->scheme) {
	case IOTSAFE_ECDSA:
		return 2 * field;
	case IOTSAFE_ECDSA_DER:
		return 2 + 2 * (2 + 1 + field);
	case IOTSAFE_RSA_PKCS1:
	case IOTSAFE_RSA_PSS:
		break;
	}
	return SIGNATURE_MAX;
}

/* --- the whole --- */

static status find_public(struct visit *v, size_t i, struct signing *s)
{
	if (!v->sim->settings.check_signatures)
		return ST_OK;
	status st = public_find(v, i, &s->public);
	s->has_public = st == ST_OK;
	return st == ST_NO_ENTRY ? ST_OK : st; /* nobody tells */
}

static status sign(struct visit *v, const struct iotsafe_object *o, struct signing *s, size_t cap,
		   size_t *ret_n, struct wtr *w)
{
	uint8_t raw[SIGNATURE_MAX];
	size_t i = 0, n = 0;

	TRY(sim_object(v, o, &i));
	s->key = v->sim->item[i];
	TRY(make_request(s)); /* before anything is read */
	if (cap < size_most(s)) {
		*ret_n = size_most(s);
		return ST_SHORT_OUT;
	}
	TRY(find_public(v, i, s));
	TRY(make_request(s));
	TRY(card_sign(v->card, &s->rq, raw, &n, v->dl));
	if (s->scheme == IOTSAFE_ECDSA_DER)
		put_der(w, bytes_of(raw, n));
	else
		wtr_put(w, bytes_of(raw, n));
	return wtr_done(w) == ST_OK ? ST_OK : ST_BUG;
}

enum iotsafe_error iotsafe_sign(struct iotsafe *sim, const struct iotsafe_object *object,
				enum iotsafe_scheme scheme, const uint8_t *digest, size_t digest_n,
				uint8_t *ret_sig, size_t cap, size_t *ret_n)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	struct signing s = {.scheme = scheme, .digest = bytes_of(digest, digest_n)};
	uint8_t sig[SIGNATURE_MAX];
	struct wtr w = WTR_ON(sig);
	bool sane = digest != NULL && ret_n != NULL && (ret_sig != NULL || cap == 0) &&
		    scheme >= IOTSAFE_ECDSA && scheme <= IOTSAFE_RSA_PSS;
	status st = sane ? sim_enter(sim, &v) : ST_ARG;

	if (st == ST_OK)
		st = sign(&v, object, &s, cap, ret_n, &w);
	if (st == ST_OK)
		st = sim_give(wtr_bytes(&w), ret_sig, cap, ret_n);
	return sim_answer(&v, st);
}
