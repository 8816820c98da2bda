/* SPDX-License-Identifier: Apache-2.0 */
#include "digestinfo.h"
#include "sign.h"
#include "token.h"

/* The whole of C_VerifyInit with slot and session locked. */
static status start(struct guard *g, const struct mech *m, struct mech_param param,
		    CK_OBJECT_HANDLE h)
{
	struct token *t = NULL;
	struct op *op = &g->session->verify;

	TRY(token_get(g->slot, &t));
	struct object *o = token_object(t, h);
	if (o == NULL || (o->class != CKO_PUBLIC_KEY && o->class != CKO_PRIVATE_KEY))
		return ST_NO_KEY;
	bool rsa = o->c.key_type == KEY_RSA2048;
	if (o->class != CKO_PUBLIC_KEY || rsa != (m->key == CKK_RSA))
		return ST_KEY_KIND;
	TRY(token_key(g->slot, t, o->pair));
	if (o->pair->state != KEY_READ)
		return ST_KEY_FUNCTION;
	TRY(op_expect(op, OP_IDLE));
	TRY(op_begin(op, m, param.hash));
	op->salt_n = param.salt_n;
	op->pub = o->pair->key;
	op->sig_n = rsa ? op->pub.modulus_len : 2 * curve_field_size(op->pub.curve);
	return ST_OK;
}

status verify_init(struct guard *g, const CK_MECHANISM *given, CK_OBJECT_HANDLE h)
{
	struct op *op = &g->session->verify;
	const struct mech *m = NULL;
	struct mech_param param = {0};

	if (given == NULL && op->phase != OP_IDLE) {
		op_end(op);
		return ST_OK;
	}
	TRY(op_expect(op, OP_IDLE));
	TRY(mech_check(given, &m, &param));
	TRY(guard_card(g));
	return start(g, m, param, h);
}

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

static status decide(struct op *op, const void *sig, CK_ULONG sig_n)
{
	uint8_t data[MECH_RAW_MAX];
	size_t n = 0;
	struct bytes s;

	TRY(op_input(sig, sig_n, &s));
	if (sig == NULL)
		return ST_ARG;
	if (sig_n != op->sig_n)
		return ST_SIG_LEN;
	TRY(op_digest(op, data, &n));
	return check(op, bytes_of(data, n), s);
}

static status absorb(struct op *op, const void *data, CK_ULONG n)
{
	struct bytes b;

	TRY(op_input(data, n, &b));
	return op_absorb(op, b);
}

status verify_once(struct guard *g, const void *data, CK_ULONG n, const void *sig, CK_ULONG sig_n)
{
	struct op *op = &g->session->verify;

	TRY(op_expect(op, OP_READY));
	status st = absorb(op, data, n);
	if (st == ST_OK)
		st = decide(op, sig, sig_n);
	op_end(op);
	return st;
}

status verify_update(struct guard *g, const void *part, CK_ULONG n)
{
	struct op *op = &g->session->verify;

	TRY(op_expect(op, OP_GATHERING));
	op->phase = OP_GATHERING;
	status st = absorb(op, part, n);
	if (st != ST_OK)
		op_end(op);
	return st;
}

status verify_final(struct guard *g, const void *sig, CK_ULONG sig_n)
{
	struct op *op = &g->session->verify;

	TRY(op_expect(op, OP_GATHERING));
	status st = decide(op, sig, sig_n);
	op_end(op);
	return st;
}
