/* SPDX-License-Identifier: Apache-2.0 */
#include "sign.h"

#include <string.h>

#include "digestinfo.h"
#include "lib.h"
#include "log.h"
#include "token.h"

/* A private key object. ST_NO_KEY; ST_KEY_KIND for an object that is no private key. */
static status find_key(struct guard *g, CK_OBJECT_HANDLE h, struct token **ret_t,
		       struct object **ret_o)
{
	TRY(token_get(g->slot, ret_t));
	*ret_o = token_object(*ret_t, h);
	if (*ret_o == NULL)
		return ST_NO_KEY;
	if ((*ret_o)->class == CKO_PRIVATE_KEY)
		return ST_OK;
	return (*ret_o)->class == CKO_PUBLIC_KEY ? ST_KEY_KIND : ST_NO_KEY;
}

static size_t signature_size(const struct container *key)
{
	return key->key_type == KEY_RSA2048 ? 256 : 2 * curve_field_size(container_curve(key));
}

/* The whole of C_SignInit with slot and session locked. */
static status start(struct guard *g, const struct mech *m, struct mech_param param,
		    CK_OBJECT_HANDLE h)
{
	struct token *t = NULL;
	struct object *o = NULL;
	struct op *op = &g->session->sign;

	TRY(find_key(g, h, &t, &o));
	TRY(mech_fits(m, param.hash, &o->c));
	if (lib_settings()->check_signatures) {
		TRY(token_key(g->slot, t, o->pair));
		/* it may have a public half to check by, which cannot be read now */
		if (o->pair->state != KEY_READ && t->locked_until != 0)
			return ST_SW_LOCKED;
	}
	TRY(op_expect(op, OP_IDLE));
	TRY(op_begin(op, m, param.hash));
	op->salt_n = param.salt_n;
	op->key = o->c;
	op->sig_n = signature_size(&o->c);
	op->has_pub = lib_settings()->check_signatures && o->pair->state == KEY_READ;
	if (op->has_pub)
		op->pub = o->pair->key;
	return ST_OK;
}

status sign_init(struct guard *g, const CK_MECHANISM *given, CK_OBJECT_HANDLE h)
{
	struct op *op = &g->session->sign;
	const struct mech *m = NULL;
	struct mech_param param = {0};

	if (given == NULL && op->phase != OP_IDLE) { /* 3.0 §5.13.1: cancels */
		op_end(op);
		return ST_OK;
	}
	TRY(op_expect(op, OP_IDLE));
	TRY(mech_check(given, &m, &param));
	TRY(guard_card(g));
	return start(g, m, param, h);
}

/* What the card is asked to sign, from the caller's data or its hash. request->digest points into
 * data or fitted. */
static status make_request(const struct op *op, struct bytes data, uint8_t fitted[HASH_MAX],
			   struct card_sign_request *rq)
{
	rq->key = &op->key;
	rq->sig = op->mech->sig;
	rq->check = op->has_pub ? &op->pub : NULL;
	rq->hash = op->hash;
	rq->digest = data;
	switch (op->mech->sig) {
	case CARD_SIG_ECDSA:
		if (data.n == 0 || data.n > MECH_ECDSA_DATA_MAX)
			return ST_DATA_LEN;
		/* the key was found usable at the start: it is this length that it cannot take */
		if (card_fit_digest(&op->key, data, &rq->hash, fitted) != ST_OK)
			return ST_DATA_LEN;
		rq->digest = bytes_of(fitted, hash_size(rq->hash));
		return ST_OK;
	case CARD_SIG_RSA_PKCS1:
		if (op->hash == HASH_NONE)
			TRY(digestinfo_split(data, &rq->hash, &rq->digest));
		break;
	case CARD_SIG_RSA_PSS:
		break;
	}
	/* the hash that CKM_RSA_PKCS turned out to be of */
	TRY(mech_fits(op->mech, rq->hash, &op->key) == ST_OK ? ST_OK : ST_DATA_LEN);
	return rq->digest.n == hash_size(rq->hash) ? ST_OK : ST_DATA_LEN;
}

/* A signature of the card that does not verify is the card's fault, not the caller's signature. */
static status blame_card(status st)
{
	if (st != ST_SIG_BAD && st != ST_SIG_LEN)
		return st;
	log_error("sign: the card's signature does not verify under the container's public key");
	return ST_DESYNC;
}

static status run(struct guard *g, struct op_out out)
{
	struct op *op = &g->session->sign;
	uint8_t data[MECH_RAW_MAX];
	uint8_t fitted[HASH_MAX];
	uint8_t sig[SIGNATURE_MAX];
	size_t data_n = 0;
	size_t n = 0;
	struct card_sign_request rq = {0};
	struct card *card = NULL;
	uint64_t serial = op->serial;

	TRY(op_digest(op, data, &data_n));
	TRY(make_request(op, bytes_of(data, data_n), fitted, &rq));
	op->phase = OP_RUNNING;
	TRY(guard_card(g));
	if (op->serial != serial)
		return ST_NO_OP;
	TRY(slot_card(g->slot, &card));
	TRY(blame_card(slot_outcome(g->slot, card_sign(card, &rq, sig, &n, slot_deadline()))));
	if (n != op->sig_n)
		return ST_DESYNC;
	memcpy(out.p, sig, n);
	*out.n = n;
	return ST_OK;
}

/* Ends the operation that was there at the start, whatever came out. */
static status finish(struct guard *g, status st, uint64_t serial)
{
	if (g->session != NULL && g->session->sign.serial == serial)
		op_end(&g->session->sign);
	return st;
}

static status absorb(struct op *op, const void *data, CK_ULONG n)
{
	struct bytes b;

	TRY(op_input(data, n, &b));
	return op_absorb(op, b);
}

status sign_once(struct guard *g, const void *data, CK_ULONG n, struct op_out out)
{
	struct op *op = &g->session->sign;
	bool go = false;

	TRY(op_expect(op, OP_READY));
	TRY(op_room(op, out, &go));
	if (!go)
		return ST_OK;
	uint64_t serial = op->serial;
	status st = absorb(op, data, n);
	if (st == ST_OK)
		st = run(g, out);
	return finish(g, st, serial);
}

status sign_update(struct guard *g, const void *part, CK_ULONG n)
{
	struct op *op = &g->session->sign;

	TRY(op_expect(op, OP_GATHERING));
	op->phase = OP_GATHERING;
	status st = absorb(op, part, n);
	return st == ST_OK ? ST_OK : finish(g, st, op->serial);
}

status sign_final(struct guard *g, struct op_out out)
{
	struct op *op = &g->session->sign;
	bool go = false;

	TRY(op_expect(op, OP_GATHERING));
	TRY(op_room(op, out, &go));
	if (!go)
		return ST_OK;
	uint64_t serial = op->serial;
	return finish(g, run(g, out), serial);
}

status sign_random(struct guard *g, void *out, CK_ULONG n)
{
	struct card *card = NULL;

	if (out == NULL && n != 0)
		return ST_ARG;
	if (n == 0)
		return ST_OK;
	TRY(guard_card(g));
	TRY(slot_card(g->slot, &card));
	return slot_outcome(g->slot, card_random(card, out, n, slot_deadline()));
}
