/* SPDX-License-Identifier: Apache-2.0 */
/* One signature: INIT and UPDATE, two APDUs, and the ways out of a session that is stuck
 * (iotsafe-protocol.md §9, §10.10, §10.11). */
#include <string.h>

#include "card_impl.h"
#include "log.h"
#include "mem.h"
#include "tlv.h"

enum { MODE_PAD_AND_SIGN = 3 };

struct sign_op {
	const struct card_sign_request *rq;
	uint8_t sig[SIGNATURE_MAX];
	size_t n;
};

static uint8_t sig_bit(enum card_sig s)
{
	static const uint8_t bits[] = {[CARD_SIG_ECDSA] = SIG_ECDSA,
				       [CARD_SIG_RSA_PKCS1] = SIG_RSA_PKCS1,
				       [CARD_SIG_RSA_PSS] = SIG_RSA_PSS};

	return bits[s];
}

static status init(struct card *c, const struct card_sign_request *rq, deadline dl)
{
	uint8_t data[2 + CONTAINER_LABEL_MAX + 16];
	struct wtr w = WTR_ON(data);

	applet_put_address(&w, rq->key);
	tlv_put_u8(&w, TAG_MODE, MODE_PAD_AND_SIGN);
	tlv_put(&w, TAG_HASH, BYTES_OF(((uint8_t[]){0x00, applet_hash_bit(rq->hash)})));
	tlv_put_u8(&w, TAG_SIG_ALG, sig_bit(rq->sig));
	TRY(wtr_done(&w));
	return exec_call(c, &CALL(CMD_SIGN_INIT, .p2 = P(c->session), .data = wtr_bytes(&w)), NULL,
			 NULL, dl);
}

static status update(struct card *c, enum tlv_tag tag, struct bytes what, struct bytes *ret_reply,
		     deadline dl)
{
	uint8_t data[2 + HASH_MAX];
	struct wtr w = WTR_ON(data);
	status st;

	tlv_put(&w, (uint8_t)tag, what);
	TRY(wtr_done(&w));
	st = exec_call(c, &CALL(CMD_SIGN_UPDATE, .p2 = P(c->session), .data = wtr_bytes(&w)),
		       ret_reply, NULL, dl);
	mem_wipe(data, sizeof(data));
	return st;
}

static status close_session(struct card *c, deadline dl)
{
	return session_close(c, SESSION_SIGN, dl);
}

/* CIRA's way out: let the old operation end over a constant, as a hash or as a text, whichever it
 * was begun for, and throw its result away. */
static status finish_stuck(struct card *c, deadline dl)
{
	static const uint8_t zeros[32] = {0}, text[4] = {1, 2, 3, 4};
	struct bytes dropped;
	status st = update(c, TAG_FINAL_HASH, BYTES_OF(zeros), &dropped, dl);

	if (card_refused(st))
		st = update(c, TAG_TEXT, BYTES_OF(text), &dropped, dl);
	mem_wipe(c->reply, sizeof(c->reply));
	return st == ST_OK || card_refused(st) ? close_session(c, dl) : st;
}

/* INIT, and when the card says busy: close; then, on a channel that was just selected (before that
 * a lost applet is the likelier cause), end the old operation; then the other session number. */
static status init_with_recovery(struct card *c, const struct card_sign_request *rq, deadline dl)
{
	status st = init(c, rq, dl), first = st;

	if (!session_stuck(st)) {
		c->closes_needed = 0;
		return st;
	}
	TRY(close_session(c, dl));
	st = init(c, rq, dl);
	if (st == ST_OK) {
		/* twice after a signature that we ended well ourselves: this card wants a close
		 * after each, so spare it the detour from now on */
		c->closes_needed += c->sign_ended;
		c->close_after_sign = c->close_after_sign || c->closes_needed >= 2;
		return ST_OK;
	}
	if (!session_stuck(st) || !c->fresh)
		return st;
	TRY(finish_stuck(c, dl));
	st = init(c, rq, dl);
	if (!session_stuck(st))
		return st;
	c->session ^= 1;
	st = init(c, rq, dl);
	if (session_stuck(st)) {
		c->session ^= 1;
		return first;
	}
	return st;
}

static status decode(const struct card_sign_request *rq, struct bytes reply, struct sign_op *op)
{
	size_t field = curve_field_size(container_curve(rq->key));
	struct bytes sig;

	TRY(tlv_signature(reply, &sig));
	if (rq->sig == CARD_SIG_ECDSA) {
		TRY(tlv_ecdsa_raw(sig, field, op->sig));
		op->n = 2 * field;
		return ST_OK;
	}
	if (sig.n != RSA_MODULUS_MAX)
		return ST_MALFORMED;
	memcpy(op->sig, sig.p, sig.n);
	op->n = sig.n;
	return ST_OK;
}

static status op_sign(struct card *c, void *arg, deadline dl)
{
	struct sign_op *op = arg;
	struct bytes reply;
	status st;

	TRY(init_with_recovery(c, op->rq, dl));
	c->sign_ended = false;
	st = update(c, TAG_FINAL_HASH, op->rq->digest, &reply, dl);
	if (st == ST_SW_CONDITIONS) {
		TRY(close_session(c, dl));
		TRY(init(c, op->rq, dl));
		st = update(c, TAG_FINAL_HASH, op->rq->digest, &reply, dl);
	}
	if (card_refused(st) && st != ST_SW_LOCKED)
		TRY(close_session(c, dl)); /* or it stands in the way of the next one */
	TRY(st);
	c->sign_ended = true;
	TRY(decode(op->rq, reply, op));
	verify_learn_header(c, reply);
	return c->close_after_sign ? close_session(c, dl) : ST_OK;
}

/* Does the container allow what is asked? A bitmap that the card did not give is no refusal. */
static status check_request(const struct card_sign_request *rq)
{
	const struct container *k = rq->key;
	bool ec = container_curve(k) != CURVE_NONE;

	if (k->kind != CONTAINER_PRIVATE_KEY || rq->digest.n == 0 ||
	    rq->digest.n != hash_size(rq->hash))
		return ST_ARG;
	if (ec != (rq->sig == CARD_SIG_ECDSA) || (!ec && k->key_type != KEY_RSA2048))
		return ST_KEY_KIND;
	if (!k->activated || !(k->functions & FUNCTION_SIGN) ||
	    (k->sig_algs && !(k->sig_algs & sig_bit(rq->sig))) ||
	    (k->hash_algs && !(k->hash_algs & applet_hash_bit(rq->hash))))
		return ST_KEY_UNUSABLE;
	return applet_hash_bit(rq->hash) ? ST_OK : ST_ARG;
}

static status verify(const struct card_sign_request *rq, const struct sign_op *op)
{
	struct bytes sig = bytes_of(op->sig, op->n);

	switch (rq->sig) {
	case CARD_SIG_ECDSA:
		return verify_ecdsa(rq->check, rq->digest, sig);
	case CARD_SIG_RSA_PKCS1:
		return verify_rsa(rq->check, RSA_PAD_PKCS1, rq->hash, 0, rq->digest, sig);
	case CARD_SIG_RSA_PSS:
		return verify_rsa(rq->check, RSA_PAD_PSS, rq->hash, hash_size(rq->hash), rq->digest,
				  sig);
	}
	return ST_BUG;
}

status card_sign(struct card *c, const struct card_sign_request *rq, uint8_t ret_sig[SIGNATURE_MAX],
		 size_t *ret_n, deadline dl)
{
	struct sign_op op = {.rq = rq};
	status st = ST_BUG;

	TRY(check_request(rq));
	for (int round = 0; round < 2; round++) {
		TRY(card_run(c, op_sign, &op, dl));
		st = rq->check ? verify(rq, &op) : ST_OK;
		if (st != ST_SIG_BAD)
			break;
		/* another key's signature, a crossed answer or a fault: select again, once */
		log_error("slot %s: a signature of the card does not verify", c->conf->name);
		c->select_again = true;
	}
	/* or what we know of the card is wrong: then the next operation learns it anew */
	if (st == ST_SIG_BAD)
		card_invalidate(c);
	TRY(st);
	memcpy(ret_sig, op.sig, op.n);
	*ret_n = op.n;
	return ST_OK;
}

status card_fit_digest(const struct container *key, struct bytes digest, enum hash_alg *ret_hash,
		       uint8_t ret_digest[HASH_MAX])
{
	static const enum hash_alg hashes[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};
	size_t field = curve_field_size(container_curve(key)), fitted = 0, size;
	enum hash_alg best = HASH_NONE;

	if (field == 0)
		return ST_KEY_KIND;
	if (digest.n == 0)
		return ST_DATA_LEN;
	if (digest.n > field)
		digest.n = field; /* FIPS 186-5 §6.4.1: the leftmost bits */
	/* the curve's own size, else a larger hash (the card cuts it), else a smaller that still
	 * holds it */
	for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
		size = hash_size(hashes[i]);
		if (key->hash_algs && !(key->hash_algs & applet_hash_bit(hashes[i])))
			continue;
		if (size == field || (best == HASH_NONE && (size > field || size >= digest.n)) ||
		    (fitted < field && size > field)) {
			best = hashes[i];
			fitted = size;
		}
		if (size == field)
			break;
	}
	if (best == HASH_NONE)
		return ST_KEY_UNUSABLE;
	memset(ret_digest, 0, fitted);
	size = fitted > field ? field : fitted; /* where the number ends */
	memcpy(ret_digest + size - digest.n, digest.p, digest.n);
	*ret_hash = best;
	return ST_OK;
}
