/* SPDX-License-Identifier: Apache-2.0 */
#include "sign.h"

#include <string.h>

#include "card_keys.h"
#include "digestinfo.h"
#include "key.h"
#include "lib.h"
#include "log.h"
#include "login.h"
#include "slot_group.h"
#include "token.h"

static bool is_mac(const struct mech *m)
{
	return m->sig_bit == SIG_AES_CMAC;
}

/* Of the kind that the mechanism wants, and in the card: what a session object holds in clear signs
 * nothing here. */
static status check_key(const struct mech *m, struct mech_param param, const struct key *k)
{
	CK_OBJECT_CLASS class = is_mac(m) ? CKO_SECRET_KEY : CKO_PRIVATE_KEY;

	if (k->class != class)
		return ST_KEY_KIND;
	if (!k->on_card)
		return ST_KEY_FUNCTION;
	return mech_fits(m, param.hash, &k->object->c);
}

static size_t signature_size(const struct mech *m, const struct container *key)
{
	if (is_mac(m))
		return CARD_CMAC_SIZE;
	return key->key_type == KEY_RSA2048 ? 256 : 2 * curve_field_size(container_curve(key));
}

/* The public half to check by, if there is one and it is wanted: by the configuration, or to find
 * the key again in another member of a group. */
static status find_public(struct guard *g, struct key *k, struct public_key *ret, bool *ret_has)
{
	*ret_has = false;
	if (k->class != CKO_PRIVATE_KEY ||
	    (!lib_settings()->check_signatures && g->slot->group == NULL))
		return ST_OK;
	status st = key_public(g, k, ret);
	if (st == ST_KEY_KIND) /* nobody tells */
		return ST_OK;
	*ret_has = st == ST_OK;
	return st;
}

/* The whole of C_SignInit with slot and session locked. */
static status start(struct guard *g, const struct mech *m, struct mech_param param,
		    CK_OBJECT_HANDLE h)
{
	struct key k ON_EXIT(key_free) = {0};
	struct op *op = &g->session->sign;
	struct public_key pub;
	bool has_pub = false;

	TRY(mech_offered(g->slot, m->type, MECH_SIGN, &m));
	TRY(key_find(g, h, &k));
	TRY(check_key(m, param, &k));
	struct container c = k.object->c;
	TRY(find_public(g, &k, &pub, &has_pub));
	TRY(op_expect(op, OP_IDLE));
	TRY(op_begin(op, m, param.hash));
	op->salt_n = param.salt_n;
	op->key = c;
	op->has_key = true;
	op->switches = g->slot->switches;
	op->asks_pin = login_wants_always(g->slot, &c);
	op->sig_n = signature_size(m, &c);
	op->has_pub = has_pub;
	if (has_pub)
		op->pub = pub;
	return ST_OK;
}

status sign_begin(struct guard *g, const CK_MECHANISM *given, CK_OBJECT_HANDLE h, bool messages)
{
	struct op *op = &g->session->sign;
	const struct mech *m = NULL;
	struct mech_param param = {0};

	TRY(op_expect(op, OP_IDLE));
	TRY(mech_check(given, &m, &param));
	TRY(guard_card(g));
	TRY(start(g, m, param, h));
	op->messages = messages;
	return ST_OK;
}

status sign_init(struct guard *g, const CK_MECHANISM *given, CK_OBJECT_HANDLE h)
{
	struct op *op = &g->session->sign;

	if (given == NULL && op->phase != OP_IDLE && !op->messages) { /* 3.0 §5.13.1: cancels */
		op_end(op);
		return ST_OK;
	}
	return sign_begin(g, given, h, false);
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

/* --- at the card --- */

struct made_signature {
	uint8_t p[SIGNATURE_MAX];
	size_t n;
};

static status mac(struct guard *g, struct card *card, struct made_signature *ret)
{
	const struct op *op = &g->session->sign;
	struct bytes text = bytes_of(op->text, op->text_n);

	TRY(slot_outcome(g->slot, card_cmac(card, &op->key, text, ret->p, slot_deadline(g->slot))));
	ret->n = CARD_CMAC_SIZE;
	return ST_OK;
}

static status sign(struct guard *g, struct card *card, struct made_signature *ret)
{
	const struct op *op = &g->session->sign;
	struct card_sign_request rq = {0};
	uint8_t fitted[HASH_MAX];

	TRY(make_request(op, bytes_of(op->raw, op->raw_n), fitted, &rq));
	status st = card_sign(card, &rq, ret->p, &ret->n, slot_deadline(g->slot));
	return slot_outcome(g->slot, st);
}

static status once(struct guard *g, struct made_signature *ret)
{
	struct card *card = NULL;

	TRY(slot_card(g->slot, &card));
	return op_is_mac(&g->session->sign) ? mac(g, card, ret) : sign(g, card, ret);
}

/* Another member of the group has taken over since the operation began: its container of the same
 * key, or ST_NO_KEY. A login was for the other one. */
static status follow(struct guard *g)
{
	struct op *op = &g->session->sign;

	if (op->switches == g->slot->switches)
		return ST_OK;
	if (!op->has_pub)
		return ST_NO_KEY;
	TRY(token_find_private(g->slot, &op->pub, &op->key));
	op->switches = g->slot->switches;
	op->authenticated = false;
	op->asks_pin = login_wants_always(g->slot, &op->key);
	return ST_OK;
}

/* With the login that the key asks for. */
static status at_member(struct guard *g, struct made_signature *ret)
{
	struct op *op = &g->session->sign;

	TRY(follow(g));
	TRY(login_for_use(g->slot, &op->key));
	if (op->asks_pin && !op->authenticated)
		return ST_USER_NOT_LOGGED_IN;
	op->authenticated = false;
	status st = once(g, ret);
	if (login_regained(g->slot, &op->key, st))
		st = once(g, ret);
	return login_outcome(g->slot, st);
}

static status at_card(struct guard *g, struct made_signature *ret)
{
	status st;

	do
		st = at_member(g, ret);
	while (slot_group_takes_over(g->slot, &st));
	if (st == ST_USER_NOT_LOGGED_IN)
		slot_group_tell(g->slot);
	return st == ST_NO_KEY ? ST_CARD_GONE : blame_card(st);
}

/* What is wrong with the caller's data is found before the card is waited for. */
static status check_data(struct op *op)
{
	struct card_sign_request rq = {0};
	uint8_t fitted[HASH_MAX];
	uint8_t data[MECH_RAW_MAX];
	size_t n = 0;

	if (op_is_mac(op))
		return ST_OK;
	TRY(op_digest(op, data, &n));
	memcpy(op->raw, data, n);
	op->raw_n = n;
	return make_request(op, bytes_of(data, n), fitted, &rq);
}

static status run(struct guard *g, struct op_out out)
{
	struct op *op = &g->session->sign;
	struct made_signature sig = {.n = 0};
	uint64_t serial = op->serial;

	TRY(check_data(op));
	op->phase = OP_RUNNING;
	TRY(guard_card(g));
	if (op->serial != serial)
		return ST_NO_OP;
	TRY(at_card(g, &sig));
	if (sig.n != op->sig_n)
		return ST_DESYNC;
	memcpy(out.p, sig.p, sig.n);
	*out.n = sig.n;
	return ST_OK;
}

/* Ends what was there at the start, whatever came out. */
static status finish(struct guard *g, status st, uint64_t serial)
{
	if (g->session != NULL && g->session->sign.serial == serial)
		op_done(&g->session->sign);
	return st;
}

static status absorb(struct op *op, const void *data, CK_ULONG n)
{
	struct bytes b;

	TRY(op_input(data, n, &b));
	return op_absorb(op, b);
}

status sign_whole(struct guard *g, const void *data, CK_ULONG n, struct op_out out)
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

status sign_part(struct guard *g, const void *part, CK_ULONG n)
{
	struct op *op = &g->session->sign;

	TRY(op_expect(op, OP_GATHERING));
	op->phase = OP_GATHERING;
	status st = absorb(op, part, n);
	return st == ST_OK ? ST_OK : finish(g, st, op->serial);
}

status sign_end(struct guard *g, struct op_out out)
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

status sign_once(struct guard *g, const void *data, CK_ULONG n, struct op_out out)
{
	TRY(op_of_sort(&g->session->sign, false));
	return sign_whole(g, data, n, out);
}

status sign_update(struct guard *g, const void *part, CK_ULONG n)
{
	TRY(op_of_sort(&g->session->sign, false));
	return sign_part(g, part, n);
}

status sign_final(struct guard *g, struct op_out out)
{
	TRY(op_of_sort(&g->session->sign, false));
	return sign_end(g, out);
}

status sign_random(struct guard *g, void *out, CK_ULONG n)
{
	struct card *card = NULL;

	if ((out == NULL && n != 0) || !ck_length_ok(n))
		return ST_ARG;
	if (n == 0)
		return ST_OK;
	TRY(guard_card(g));
	TRY(slot_card(g->slot, &card));
	return slot_outcome(g->slot, card_random(card, out, n, slot_deadline(g->slot)));
}
