/* SPDX-License-Identifier: Apache-2.0 */
/* VERIFY SIGNATURE on the card, mode 3 (iotsafe-protocol.md §10.12). */
#include "card_impl.h"
#include "card_keys.h"
#include "tlv.h"

enum { MODE_PAD_AND_SIGN = 3, HEADER_SHORT = 2, HEADER_LONG = 3 };

void verify_learn_header(struct card *c, struct bytes reply)
{
	if (reply.n == HEADER_SHORT + (size_t)reply.p[1])
		c->sig_header = HEADER_SHORT;
	else if (reply.n == HEADER_LONG + (size_t)(reply.p[1] << 8 | reply.p[2]))
		c->sig_header = HEADER_LONG;
}

struct verify_op {
	const struct card_verify_request *rq;
	bool bad; /* the card's verdict */
};

struct verify_body {
	const struct card_verify_request *rq;
	uint8_t header;
};

static status update(struct card *c, void *arg, deadline dl)
{
	const struct verify_body *b = arg;
	uint8_t data[2 + HASH_MAX + HEADER_LONG + EC_POINT_MAX];
	struct wtr w = WTR_ON(data);

	tlv_put(&w, TAG_FINAL_HASH, b->rq->digest);
	wtr_u8(&w, TAG_SIGNATURE);
	if (b->header == HEADER_LONG)
		wtr_u8(&w, 0);
	wtr_u8(&w, (uint8_t)b->rq->sig.n);
	wtr_put(&w, b->rq->sig);
	TRY(wtr_done(&w));
	return exec_call(c, &CALL(CMD_VERIFY_UPDATE, .p2 = P(c->session), .data = wtr_bytes(&w)),
			 NULL, NULL, dl);
}

static status verify_with(struct card *c, const struct card_verify_request *rq, uint8_t header,
			  deadline dl)
{
	uint8_t data[2 + CONTAINER_LABEL_MAX + 16];
	struct wtr w = WTR_ON(data);
	struct verify_body body = {rq, header};

	applet_put_address(&w, rq->key);
	tlv_put_u8(&w, TAG_MODE, MODE_PAD_AND_SIGN);
	tlv_put(&w, TAG_HASH, BYTES_OF(((uint8_t[]){0x00, applet_hash_bit(rq->hash)})));
	tlv_put_u8(&w, TAG_SIG_ALG, SIG_ECDSA);
	TRY(wtr_done(&w));
	return session_run(c, &(struct session){SESSION_VERIFY, wtr_bytes(&w), update, &body}, dl);
}

/* Does the refusal speak of the data, of which the header is a part? A card whose header is not
 * known may read the long form as an empty signature, and call it a bad one. */
static bool blames_header(const struct card *c, status st)
{
	return st == ST_SW_DATA || st == ST_SW_LENGTH || st == ST_SW_CONDITIONS ||
	       (st == ST_SW_SIGNATURE && !c->sig_header);
}

/* With the header that this card is known to use, else the long one; then with the other. The
 * card's "no" is a result, no refusal that a new SELECT might cure. */
static status op_verify(struct card *c, void *arg, deadline dl)
{
	struct verify_op *op = arg;
	uint8_t header = c->sig_header ? c->sig_header : HEADER_LONG;
	status st = verify_with(c, op->rq, header, dl), first = st;

	if (blames_header(c, st)) {
		header = header == HEADER_LONG ? HEADER_SHORT : HEADER_LONG;
		st = verify_with(c, op->rq, header, dl);
		if (card_refused(st) && st != ST_SW_SIGNATURE)
			st = first;
	}
	if (st == ST_OK)
		c->sig_header = header;
	op->bad = st == ST_SW_SIGNATURE;
	return op->bad ? ST_OK : st;
}

status card_verify(struct card *c, const struct card_verify_request *rq, deadline dl)
{
	const struct container *k = rq->key;
	struct verify_op op = {.rq = rq};
	uint8_t hash = applet_hash_bit(rq->hash);

	if (k->kind != CONTAINER_PUBLIC_KEY || hash == 0 || rq->digest.n != hash_size(rq->hash))
		return ST_ARG;
	if (container_curve(k) == CURVE_NONE)
		return ST_KEY_KIND;
	if (!k->activated || !(k->functions & FUNCTION_SIGN) ||
	    (k->sig_algs && !(k->sig_algs & SIG_ECDSA)) || (k->hash_algs && !(k->hash_algs & hash)))
		return ST_KEY_UNUSABLE;
	if (rq->sig.n != 2 * curve_field_size(container_curve(k)))
		return ST_SIG_LEN;
	TRY(card_run(c, op_verify, &op, dl));
	return op.bad ? ST_SIG_BAD : ST_OK;
}
