/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "card_keys.h"
#include "key.h"
#include "lib.h"
#include "log.h"
#include "login.h"
#include "sign.h"

static bool is_mac(const struct mech *m)
{
	return m->sig_bit == SIG_AES_CMAC;
}

/* --- the key --- */

static status take_secret(struct op *op, const struct key *k)
{
	if (k->class != CKO_SECRET_KEY)
		return ST_KEY_KIND;
	if (!k->on_card)
		return ST_KEY_FUNCTION;
	TRY(mech_fits(op->mech, HASH_NONE, &k->object->c));
	op->key = k->object->c;
	op->has_key = true;
	op->sig_n = CARD_CMAC_SIZE;
	return ST_OK;
}

/* The card verifies only with keys that it can read itself. */
static bool is_card_work(const struct op *op, const struct key *k)
{
	return lib_settings()->verify_on_card && op->mech->sig == CARD_SIG_ECDSA && k->on_card &&
	       k->object->c.kind == CONTAINER_PUBLIC_KEY;
}

static status take_public(struct guard *g, struct op *op, struct key *k)
{
	if (k->class != CKO_PUBLIC_KEY || k->type != op->mech->key)
		return ST_KEY_KIND;
	if (is_card_work(op, k)) {
		op->key = k->object->c;
		op->has_key = true;
	}
	status st = key_public(g, k, &op->pub);
	TRY(st == ST_KEY_KIND ? ST_KEY_FUNCTION : st);
	op->has_pub = true;
	op->sig_n = k->type == CKK_RSA ? op->pub.modulus_len : 2 * curve_field_size(op->pub.curve);
	return ST_OK;
}

/* The whole of C_VerifyInit with slot and session locked; op is the session's when it worked. */
static status start(struct guard *g, const struct mech *m, CK_OBJECT_HANDLE h, struct op *op)
{
	struct key k ON_EXIT(key_free) = {0};

	TRY(mech_offered(g->slot, m->type, MECH_SIGN, &m));
	TRY(key_find(g, h, &k));
	op->mech = m;
	TRY(is_mac(m) ? take_secret(op, &k) : take_public(g, op, &k));
	TRY(key_allows(&k, m->type));
	return key_permits(g, &k, CKA_VERIFY);
}

status verify_begin(struct guard *g, const CK_MECHANISM *given, CK_OBJECT_HANDLE h, bool messages)
{
	struct op *op = &g->session->verify;
	struct op next = {.messages = messages};
	const struct mech *m = NULL;
	struct mech_param param = {0};

	TRY(op_expect(op, OP_IDLE));
	TRY(mech_check(given, &m, &param));
	TRY(guard_card(g));
	TRY(start(g, m, h, &next));
	TRY(op_expect(op, OP_IDLE));
	TRY(op_begin(op, next.mech, param.hash));
	op->salt_n = param.salt_n;
	op->key = next.key;
	op->has_key = next.has_key;
	op->switches = g->slot->switches;
	op->pub = next.pub;
	op->has_pub = next.has_pub;
	op->sig_n = next.sig_n;
	op->messages = messages;
	return ST_OK;
}

status verify_init(struct guard *g, const CK_MECHANISM *given, CK_OBJECT_HANDLE h)
{
	struct op *op = &g->session->verify;

	if (given == NULL && op->phase != OP_IDLE && !op->messages) {
		op_end(op);
		return ST_OK;
	}
	return verify_begin(g, given, h, false);
}

/* --- on the host --- */

static status check(const struct op *op, struct bytes data, struct bytes sig)
{
	switch (op->mech->sig) {
	case CARD_SIG_ECDSA:
		if (data.n == 0 || data.n > MECH_ECDSA_DATA_MAX)
			return ST_DATA_LEN;
		return verify_ecdsa(&op->pub, data, sig);
	case CARD_SIG_RSA_PKCS1:
		return verify_rsa(&op->pub, RSA_PAD_PKCS1, op->hash, 0, data, sig);
	case CARD_SIG_RSA_PSS:
		if (data.n != hash_size(op->hash))
			return ST_DATA_LEN;
		return verify_rsa(&op->pub, RSA_PAD_PSS, op->hash, op->salt_n, data, sig);
	}
	return ST_BUG;
}

/* --- on the card --- */

static status compare_mac(struct guard *g, struct card *card, struct bytes sig)
{
	const struct op *op = &g->session->verify;
	struct bytes text = bytes_of(op->text, op->text_n);
	uint8_t mac[CARD_CMAC_SIZE];

	TRY(slot_outcome(g->slot, card_cmac(card, &op->key, text, mac, slot_deadline(g->slot))));
	return mem_equal_ct(mac, sig.p, sizeof(mac)) ? ST_OK : ST_SIG_BAD;
}

static status ask_card(struct guard *g, struct card *card, struct bytes sig)
{
	const struct op *op = &g->session->verify;
	struct card_verify_request rq = {.key = &op->key, .sig = sig};
	uint8_t fitted[HASH_MAX];

	TRY(card_fit_digest(&op->key, bytes_of(op->raw, op->raw_n), &rq.hash, fitted));
	rq.digest = bytes_of(fitted, hash_size(rq.hash));
	return slot_outcome(g->slot, card_verify(card, &rq, slot_deadline(g->slot)));
}

/* What the card cannot decide the host can. */
static bool is_decided(status st)
{
	return st == ST_OK || st == ST_SIG_BAD || st == ST_CARD_CHANGED || st == ST_CARD_GONE;
}

static status once(struct guard *g, struct bytes sig)
{
	struct op *op = &g->session->verify;
	struct card *card = NULL;

	TRY(slot_card(g->slot, &card));
	if (op_is_mac(op))
		return compare_mac(g, card, sig);
	status st = ask_card(g, card, sig);
	if (is_decided(st) || st == ST_SW_SECURITY)
		return st;
	log_info("verify: the card does not tell (%s): checked on the host", status_text(st));
	return check(op, bytes_of(op->raw, op->raw_n), sig);
}

static status at_card(struct guard *g, struct bytes sig)
{
	struct op *op = &g->session->verify;
	uint64_t serial = op->serial;

	op->phase = OP_RUNNING;
	TRY(guard_card(g));
	if (op->serial != serial)
		return ST_NO_OP;
	if (op->switches != g->slot->switches) /* another member of the group has taken over */
		return op_is_mac(op) ? ST_CARD_GONE : check(op, bytes_of(op->raw, op->raw_n), sig);
	TRY(login_for_use(g->slot, &op->key));
	status st = once(g, sig);
	if (login_regained(g->slot, &op->key, st))
		st = once(g, sig);
	return login_outcome(g->slot, st);
}

/* --- the calls --- */

static status decide(struct guard *g, const void *sig, CK_ULONG sig_n)
{
	struct op *op = &g->session->verify;
	uint8_t data[MECH_RAW_MAX];
	struct bytes s;

	TRY(op_input(sig, sig_n, &s));
	if (sig == NULL)
		return ST_ARG;
	if (sig_n != op->sig_n)
		return ST_SIG_LEN;
	if (!op_is_mac(op)) {
		TRY(op_digest(op, data, &op->raw_n));
		memcpy(op->raw, data, op->raw_n);
	}
	bool host = !op->has_key || op->raw_n == 0 || op->raw_n > MECH_ECDSA_DATA_MAX;
	if (!op_is_mac(op) && host)
		return check(op, bytes_of(op->raw, op->raw_n), s);
	return at_card(g, s);
}

/* Ends what was there at the start, whatever came out. */
static status finish(struct guard *g, status st, uint64_t serial)
{
	if (g->session != NULL && g->session->verify.serial == serial)
		op_done(&g->session->verify);
	return st;
}

static status absorb(struct op *op, const void *data, CK_ULONG n)
{
	struct bytes b;

	TRY(op_input(data, n, &b));
	return op_absorb(op, b);
}

status verify_whole(struct guard *g, const void *data, CK_ULONG n, const void *sig, CK_ULONG sig_n)
{
	struct op *op = &g->session->verify;

	TRY(op_expect(op, OP_READY));
	uint64_t serial = op->serial;
	status st = absorb(op, data, n);
	if (st == ST_OK)
		st = decide(g, sig, sig_n);
	return finish(g, st, serial);
}

status verify_part(struct guard *g, const void *part, CK_ULONG n)
{
	struct op *op = &g->session->verify;

	TRY(op_expect(op, OP_GATHERING));
	op->phase = OP_GATHERING;
	status st = absorb(op, part, n);
	return st == ST_OK ? ST_OK : finish(g, st, op->serial);
}

status verify_end(struct guard *g, const void *sig, CK_ULONG sig_n)
{
	struct op *op = &g->session->verify;

	TRY(op_expect(op, OP_GATHERING));
	uint64_t serial = op->serial;
	return finish(g, decide(g, sig, sig_n), serial);
}

status verify_once(struct guard *g, const void *data, CK_ULONG n, const void *sig, CK_ULONG sig_n)
{
	TRY(op_of_sort(&g->session->verify, false));
	return verify_whole(g, data, n, sig, sig_n);
}

status verify_update(struct guard *g, const void *part, CK_ULONG n)
{
	TRY(op_of_sort(&g->session->verify, false));
	return verify_part(g, part, n);
}

status verify_final(struct guard *g, const void *sig, CK_ULONG sig_n)
{
	TRY(op_of_sort(&g->session->verify, false));
	return verify_end(g, sig, sig_n);
}
