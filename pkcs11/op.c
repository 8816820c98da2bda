/* SPDX-License-Identifier: Apache-2.0 */
#include "op.h"

#include <stdatomic.h>
#include <string.h>

#include "mem.h"

status op_input(const void *p, CK_ULONG n, struct bytes *ret_b)
{
	if (p == NULL && n != 0)
		return ST_ARG;
	*ret_b = bytes_of(p, n);
	return ST_OK;
}

status op_begin(struct op *op, const struct mech *mech, enum hash_alg hash)
{
	static _Atomic uint64_t serial;

	*op = (struct op){.mech = mech, .hash = hash};
	if (mech->hash != HASH_NONE)
		TRY(hash_start(&op->ctx, mech->hash));
	op->serial = atomic_fetch_add(&serial, 1) + 1;
	op->phase = OP_READY;
	return ST_OK;
}

void op_end(struct op *op)
{
	hash_free(&op->ctx);
	mem_wipe(op->raw, sizeof(op->raw));
	*op = (struct op){.phase = OP_IDLE};
}

status op_expect(const struct op *op, enum op_phase phase)
{
	if (op->phase == OP_IDLE)
		return phase == OP_IDLE ? ST_OK : ST_NO_OP;
	if (op->phase == phase || (phase == OP_GATHERING && op->phase == OP_READY))
		return ST_OK;
	return ST_OP_BUSY;
}

status op_room(struct op *op, struct op_out out, bool *ret_go)
{
	*ret_go = false;
	if (out.n == NULL) {
		op_end(op);
		return ST_ARG;
	}
	CK_ULONG room = *out.n;
	if (out.p != NULL && room >= op->sig_n) {
		*ret_go = true;
		return ST_OK;
	}
	*out.n = op->sig_n;
	return out.p == NULL ? ST_OK : ST_SHORT_OUT;
}

status op_absorb(struct op *op, struct bytes data)
{
	if (op->mech->hash != HASH_NONE)
		return hash_add(&op->ctx, data);
	if (data.n > sizeof(op->raw) - op->raw_n)
		return ST_DATA_LEN;
	if (data.n != 0)
		memcpy(op->raw + op->raw_n, data.p, data.n);
	op->raw_n += data.n;
	return ST_OK;
}

status op_digest(struct op *op, uint8_t ret[MECH_RAW_MAX], size_t *ret_n)
{
	if (op->mech->hash != HASH_NONE) {
		TRY(hash_finish(&op->ctx, ret));
		*ret_n = hash_size(op->mech->hash);
		return ST_OK;
	}
	memcpy(ret, op->raw, op->raw_n);
	*ret_n = op->raw_n;
	return ST_OK;
}
