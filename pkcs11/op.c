/* SPDX-License-Identifier: Apache-2.0 */
#include "op.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

status op_input(const void *p, CK_ULONG n, struct bytes *ret_b)
{
	if ((p == NULL && n != 0) || !ck_length_ok(n))
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

static void drop_input(struct op *op)
{
	hash_free(&op->ctx);
	mem_wipe(op->raw, sizeof(op->raw));
	mem_wipe(op->text, op->text_n);
	free(op->text);
	op->ctx = (struct hash_ctx){0};
	op->raw_n = 0;
	op->text = NULL;
	op->text_n = op->text_cap = 0;
}

void op_end(struct op *op)
{
	drop_input(op);
	*op = (struct op){.phase = OP_IDLE};
}

void op_done(struct op *op)
{
	if (!op->messages || op->phase == OP_IDLE) {
		op_end(op);
		return;
	}
	drop_input(op);
	op->authenticated = false;
	op->phase = OP_READY;
	if (op->mech->hash != HASH_NONE && hash_start(&op->ctx, op->mech->hash) != ST_OK)
		op_end(op);
}

status op_of_sort(const struct op *op, bool messages)
{
	return op->phase != OP_IDLE && op->messages != messages ? ST_NO_OP : ST_OK;
}

status op_expect(const struct op *op, enum op_phase phase)
{
	if (op->phase == OP_IDLE)
		return phase == OP_IDLE ? ST_OK : ST_NO_OP;
	if (op->phase == phase || (phase == OP_GATHERING && op->phase == OP_READY))
		return ST_OK;
	return ST_OP_BUSY;
}

bool op_asks_pin(const struct op *op)
{
	return op->asks_pin && (op->phase == OP_READY || op->phase == OP_GATHERING);
}

status op_room(struct op *op, struct op_out out, bool *ret_go)
{
	*ret_go = false;
	if (out.n == NULL) {
		op_done(op);
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

bool op_is_mac(const struct op *op)
{
	return op->mech->sig_bit == SIG_AES_CMAC;
}

/* In a buffer that doubles; what it leaves behind is wiped. */
static status make_room(struct op *op, size_t more)
{
	size_t cap = op->text_cap != 0 ? op->text_cap : 256;

	if (more > OP_TEXT_MAX - op->text_n)
		return ST_DATA_LEN;
	while (cap < op->text_n + more)
		cap *= 2;
	if (cap == op->text_cap)
		return ST_OK;
	uint8_t *text = malloc(cap);
	if (text == NULL)
		return ST_NOMEM;
	if (op->text_n != 0)
		memcpy(text, op->text, op->text_n);
	mem_wipe(op->text, op->text_n);
	free(op->text);
	op->text = text;
	op->text_cap = cap;
	return ST_OK;
}

static status gather(struct op *op, struct bytes data)
{
	TRY(make_room(op, data.n));
	if (data.n != 0)
		memcpy(op->text + op->text_n, data.p, data.n);
	op->text_n += data.n;
	return ST_OK;
}

status op_absorb(struct op *op, struct bytes data)
{
	if (op_is_mac(op))
		return gather(op, data);
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
