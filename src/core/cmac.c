/* SPDX-License-Identifier: Apache-2.0 */
/* AES-CMAC by COMPUTE SIGNATURE, as Thales does it (iotsafe-protocol.md §10.10, §10.11). */
#include <string.h>

#include "card_impl.h"
#include "card_keys.h"
#include "mem.h"
#include "tlv.h"

enum { MODE_FULL_TEXT = 1, PIECE_MAX = 253 };

struct cmac_op {
	const struct container *key;
	struct bytes data;
	uint8_t mac[CARD_CMAC_SIZE];
};

static status send_piece(struct card *c, enum command_id id, struct bytes piece,
			 struct bytes *ret_reply, deadline dl)
{
	uint8_t data[2 + PIECE_MAX];
	struct wtr w = WTR_ON(data);
	status st;

	tlv_put(&w, TAG_MAC_INPUT, piece);
	TRY(wtr_done(&w));
	st = exec_call(c, &CALL(id, .p2 = P(c->session), .data = wtr_bytes(&w)), ret_reply, NULL,
		       dl);
	mem_wipe(data, sizeof(data));
	return st;
}

static status pieces(struct card *c, void *arg, deadline dl)
{
	struct cmac_op *op = arg;
	struct rdr r = rdr_of(op->data);
	struct bytes piece, reply, mac;

	while (r.n > PIECE_MAX) {
		TRY(rdr_take(&r, PIECE_MAX, &piece));
		TRY(send_piece(c, CMD_MAC_MORE, piece, NULL, dl));
	}
	TRY(send_piece(c, CMD_MAC_LAST, rdr_rest(&r), &reply, dl));
	TRY(tlv_signature(reply, &mac));
	if (mac.n != CARD_CMAC_SIZE)
		return ST_MALFORMED;
	memcpy(op->mac, mac.p, mac.n);
	return ST_OK;
}

static status op_cmac(struct card *c, void *arg, deadline dl)
{
	struct cmac_op *op = arg;
	uint8_t data[2 + CONTAINER_LABEL_MAX + 8];
	struct wtr w = WTR_ON(data);

	applet_put_address(&w, op->key);
	tlv_put_u8(&w, TAG_MODE, MODE_FULL_TEXT);
	tlv_put_u8(&w, TAG_SIG_ALG, SIG_AES_CMAC);
	TRY(wtr_done(&w));
	return session_run(c, &(struct session){SESSION_SIGN, wtr_bytes(&w), pieces, op}, dl);
}

status card_cmac(struct card *c, const struct container *key, struct bytes data,
		 uint8_t ret_mac[CARD_CMAC_SIZE], deadline dl)
{
	struct cmac_op op = {.key = key, .data = data};
	status st;

	if (key->kind != CONTAINER_SECRET_KEY)
		return ST_ARG;
	if (key->key_type != KEY_AES_CMAC)
		return ST_KEY_KIND;
	if (!key->activated || !(key->functions & FUNCTION_SIGN) ||
	    (key->sig_algs && !(key->sig_algs & SIG_AES_CMAC)))
		return ST_KEY_UNUSABLE;
	st = card_run(c, op_cmac, &op, dl);
	if (st == ST_OK)
		memcpy(ret_mac, op.mac, sizeof(op.mac));
	mem_wipe(op.mac, sizeof(op.mac));
	mem_wipe(c->reply, sizeof(c->reply));
	return st;
}
