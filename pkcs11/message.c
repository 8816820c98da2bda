/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include "sign.h"

/* No mechanism of ours has a parameter for each message. */
static status check(const struct op *op, struct message_param param)
{
	if (op->phase == OP_IDLE)
		return ST_NO_OP;
	TRY(op_of_sort(op, true));
	return param.p != NULL || param.n != 0 ? ST_MECH_PARAM : ST_OK;
}

/* A message in parts is begun before it goes on; what is wrong with the call ends it (§5.14). */
static status check_begun(struct op *op, struct message_param param, bool sound)
{
	status st = check(op, param);

	if (st == ST_OK && op->phase == OP_READY)
		return ST_NO_OP;
	if (st == ST_OK && !sound)
		st = ST_ARG;
	if ((st == ST_MECH_PARAM || st == ST_ARG) && op->phase == OP_GATHERING)
		op_done(op);
	return st;
}

static status begin(struct op *op, struct message_param param)
{
	TRY(check(op, param));
	TRY(op_expect(op, OP_READY));
	op->phase = OP_GATHERING;
	return ST_OK;
}

/* Also in the middle of a message. */
static status end(struct op *op)
{
	TRY(check(op, (struct message_param){0}));
	op_end(op);
	return ST_OK;
}

/* --- signing --- */

status message_sign_init(struct guard *g, const CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	return sign_begin(g, m, key, true);
}

status message_sign(struct guard *g, struct message_param param, const void *data, CK_ULONG n,
		    struct op_out out)
{
	TRY(check(&g->session->sign, param));
	return sign_whole(g, data, n, out);
}

status message_sign_begin(struct guard *g, struct message_param param)
{
	return begin(&g->session->sign, param);
}

/* Is it the question for the size, which takes no data in? */
static bool asks_size(const struct op *op, struct op_out out)
{
	return out.p == NULL || *out.n < op->sig_n;
}

status message_sign_next(struct guard *g, struct message_param param, const void *data, CK_ULONG n,
			 struct op_out out)
{
	struct op *op = &g->session->sign;

	TRY(check_begun(op, param, true));
	if (out.n == NULL)
		return sign_part(g, data, n);
	if (!asks_size(op, out))
		TRY(sign_part(g, data, n));
	return sign_end(g, out);
}

status message_sign_final(struct guard *g)
{
	return end(&g->session->sign);
}

/* --- verifying --- */

status message_verify_init(struct guard *g, const CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	return verify_begin(g, m, key, true);
}

status message_verify(struct guard *g, struct message_param param, const void *data, CK_ULONG n,
		      const void *sig, CK_ULONG sig_n)
{
	TRY(check(&g->session->verify, param));
	return verify_whole(g, data, n, sig, sig_n);
}

status message_verify_begin(struct guard *g, struct message_param param)
{
	return begin(&g->session->verify, param);
}

status message_verify_next(struct guard *g, struct message_param param, const void *data,
			   CK_ULONG n, const void *sig, CK_ULONG sig_n)
{
	TRY(check_begun(&g->session->verify, param, sig != NULL || sig_n == 0));
	TRY(verify_part(g, data, n));
	return sig != NULL ? verify_end(g, sig, sig_n) : ST_OK;
}

status message_verify_final(struct guard *g)
{
	return end(&g->session->verify);
}
