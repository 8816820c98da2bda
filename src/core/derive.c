/* SPDX-License-Identifier: Apache-2.0 */
/* COMPUTE PRF and COMPUTE HKDF: one APDU each (iotsafe-protocol.md §10.14, §10.15, §17.8). */
#include <string.h>

#include "card_impl.h"
#include "card_keys.h"
#include "mem.h"
#include "tlv.h"

/* bits of container.derivations (tag 94) */
enum { DERIVE_PRF = 1, DERIVE_HKDF = 2 };

/* Both commands are a data field, an answer of a known length, and what is learned when the card
 * says that it has no such thing: lacks_ins of 6D00, lacks_mode of 6A86. */
struct derive_op {
	enum command_id id;
	uint16_t p1;
	struct bytes data;
	uint8_t lacks_ins, lacks_mode;
	size_t n;
	uint8_t *out; /* n bytes */
};

static status op_derive(struct card *c, void *arg, deadline dl)
{
	struct derive_op *op = arg;
	struct bytes reply, v;
	status st;

	st = exec_call(c, &CALL(op->id, .p1 = op->p1, .data = op->data), &reply, NULL, dl);
	/* believed on a channel that was just selected only: 6D00 is also what another applet says
	 */
	if (c->fresh && (st == ST_SW_INS || st == ST_SW_PARAMS)) {
		c->lacks |= st == ST_SW_INS ? op->lacks_ins : op->lacks_mode;
		return ST_UNSUPPORTED;
	}
	TRY(st);
	TRY(tlv_raw(reply, op->n, &v));
	memcpy(op->out, v.p, v.n);
	return ST_OK;
}

static status derive(struct card *c, struct derive_op *op, uint8_t *ret, deadline dl)
{
	SECRET(out, 256);
	status st;

	if (c->lacks & op->lacks_mode)
		return ST_UNSUPPORTED;
	op->out = out.p;
	st = card_run(c, op_derive, op, dl);
	mem_wipe(c->reply, sizeof(c->reply));
	TRY(st);
	memcpy(ret, out.p, op->n);
	return ST_OK;
}

static status check_key(const struct container *k, uint8_t derivation)
{
	if (k->kind != CONTAINER_SECRET_KEY)
		return ST_ARG;
	if (!k->activated || !(k->functions & FUNCTION_DERIVE) ||
	    (k->derivations && !(k->derivations & derivation)))
		return ST_KEY_UNUSABLE;
	return ST_OK;
}

/* Which inputs go with the mode: none but those, and none of them empty. */
static status check_prf(const struct card_prf_request *rq)
{
	bool fits = false;

	switch (rq->mode) {
	case CARD_PRF_GENERAL:
		fits = (rq->key != NULL) == (rq->secret.n == 0) && rq->other.n == 0;
		break;
	case CARD_PRF_PSK:
		fits = rq->key && rq->secret.n == 0 && rq->other.n == 0;
		break;
	case CARD_PRF_PSK_ECDHE:
		fits = rq->key && rq->secret.n == 0 && rq->other.n > 0;
		break;
	}
	if (!fits || rq->label_seed.n == 0 || rq->label_seed.n > 128 || rq->n == 0 || rq->n > 255)
		return ST_ARG;
	return rq->key ? check_key(rq->key, DERIVE_PRF) : ST_OK;
}

status card_prf(struct card *c, const struct card_prf_request *rq, uint8_t *ret, deadline dl)
{
	SECRET(data, APDU_DATA_MAX);
	struct wtr w = wtr_on(data.p, data.cap);
	struct derive_op op = {.id = CMD_PRF,
			       .p1 = P(rq->mode),
			       .lacks_ins = LACKS_PRF_ALL,
			       .lacks_mode = LACKS_PRF(rq->mode),
			       .n = rq->n};

	TRY(check_prf(rq));
	if (rq->key)
		applet_put_address(&w, rq->key);
	if (rq->secret.n > 0)
		tlv_put(&w, TAG_SECRET, rq->secret);
	if (rq->other.n > 0)
		tlv_put(&w, TAG_OTHER_SECRET, rq->other);
	tlv_put(&w, TAG_LABEL_SEED, rq->label_seed);
	tlv_put_u8(&w, TAG_OUTPUT_LEN, (uint8_t)rq->n);
	if (wtr_done(&w) != ST_OK)
		return ST_ARG;
	op.data = wtr_bytes(&w);
	return derive(c, &op, ret, dl);
}

status card_hkdf_extract(struct card *c, const struct container *key, enum hash_alg hash,
			 struct bytes salt, uint8_t ret_prk[HASH_MAX], deadline dl)
{
	static const uint8_t zeros[HASH_MAX];
	SECRET(data, APDU_DATA_MAX);
	struct wtr w = wtr_on(data.p, data.cap);
	struct derive_op op = {.id = CMD_HKDF,
			       .lacks_ins = LACKS_HKDF,
			       .lacks_mode = LACKS_HKDF,
			       .n = hash_size(hash)};

	if (applet_hash_bit(hash) == 0)
		return ST_ARG;
	TRY(check_key(key, DERIVE_HKDF));
	if (salt.n == 0)
		salt = bytes_of(zeros, hash_size(hash));
	applet_put_address(&w, key);
	tlv_put(&w, TAG_SALT, salt);
	tlv_put(&w, TAG_HASH, BYTES_OF(((uint8_t[]){0x00, applet_hash_bit(hash)})));
	if (wtr_done(&w) != ST_OK)
		return ST_ARG;
	op.data = wtr_bytes(&w);
	return derive(c, &op, ret_prk, dl);
}
