/* SPDX-License-Identifier: Apache-2.0 */
/* GENERATE KEY PAIR and PUT PUBLIC KEY (iotsafe-protocol.md §10.7, §10.9, §17.7). */
#include <stdlib.h>
#include <string.h>

#include "card_impl.h"
#include "card_keys.h"
#include "log.h"
#include "mem.h"
#include "tlv.h"

/* --- GENERATE KEY PAIR --- */

/* The new key is on the card as soon as B9 ran, whether or not its answer arrived. An answer that
 * was lost on its way (not a status word that says no) is therefore asked for again only where the
 * pair was empty or volatile, so that one key more or less is nobody's loss. A filled persistent
 * pair is not filled a second time: between two runs the device is free for others, who may have
 * taken the key that is there now into use. Its caller gets the error and reads the list. */
struct generate_op {
	struct container priv;
	struct container pub;	      /* where the point is read if the answer has none */
	bool had_catalog;	      /* the containers are of the SIM that it was read from */
	const struct public_key *old; /* what is to be lost, when the caller knows; or NULL */
	bool repeatable;
	bool sent; /* B9 left us */
	bool done; /* and was answered: never send it again */
	status lost;
	struct card_generated got;
};

static void take_id(struct bytes v, uint8_t ret[CONTAINER_ID_MAX], size_t *ret_n)
{
	if (v.n == 0 || v.n > CONTAINER_ID_MAX)
		return;
	memcpy(ret, v.p, v.n);
	*ret_n = v.n;
}

/* Only a point of the curve is one. */
static void take_point(struct generate_op *op, struct bytes answer)
{
	struct public_key *k = &op->got.key;
	enum curve curve = container_curve(&op->priv);
	struct bytes point;

	if (tlv_point(answer, &point) != ST_OK || point.n > sizeof(k->point) ||
	    curve_check_point(curve, point) != ST_OK)
		return;
	*k = (struct public_key){.kind = PUBLIC_EC, .curve = curve, .point_len = point.n};
	memcpy(k->point, point.p, point.n);
}

/* 84 85 34, some of them, or nothing; a bare point is taken too. The repairs of tlv_next are for
 * object lists and could misread an ID here. What makes no sense is left out: the point can be read
 * from its container. */
static void take_answer(struct generate_op *op, struct bytes answer)
{
	struct rdr r = rdr_of(answer);
	struct bytes v, whole;
	uint8_t tag, n;

	take_point(op, answer);
	for (;;) {
		whole = rdr_rest(&r);
		if (rdr_u8(&r, &tag) != ST_OK || rdr_u8(&r, &n) != ST_OK ||
		    rdr_take(&r, n, &v) != ST_OK)
			return;
		if (tag == TAG_ID_PRIVATE)
			take_id(v, op->got.priv_id, &op->got.priv_id_len);
		else if (tag == TAG_ID_PUBLIC)
			take_id(v, op->got.pub_id, &op->got.pub_id_len);
		else if (tag == TAG_PUBLIC_DATA)
			take_point(op, bytes_of(whole.p, 2 + (size_t)n));
	}
}

static status generate(struct card *c, struct generate_op *op, deadline dl)
{
	uint8_t data[2 + CONTAINER_LABEL_MAX];
	struct wtr w = WTR_ON(data);
	struct bytes answer;
	status st;

	applet_put_address(&w, &op->priv);
	op->sent = true;
	c->last_sw = 0;
	st = exec_call(c, &CALL(CMD_GENERATE, .data = wtr_bytes(&w)), &answer, NULL, dl);
	if (st == ST_OK) {
		op->done = true;
		take_answer(op, answer);
		return ST_OK;
	}
	if (c->last_sw != 0 || op->repeatable)
		return st;
	op->lost = st;
	return ST_TIMEOUT; /* which card_run does not run again */
}

/* Where nothing may be sent twice, a channel that was lost long ago has to show before. */
static status probe(struct card *c, const struct generate_op *op, deadline dl)
{
	return op->repeatable ? ST_OK : applet_prove(c, dl);
}

static bool is_same(const struct container *a, const struct container *b)
{
	return a->kind == b->kind &&
	       (b->id_len > 0 ? bytes_equal(container_id(a), container_id(b))
			      : bytes_equal(container_label(a), container_label(b)));
}

/* A pair that the caller took for empty may have become somebody's identity since its list was
 * read. Nobody else comes between this look and the command. */
static status still_empty(struct card *c, const struct generate_op *op, deadline dl)
{
	struct catalog *now ON_EXIT(mem_free_ptr) = NULL;
	uint64_t unused;

	if (!op->had_catalog || op->sent || op->priv.activated || op->priv.is_volatile)
		return ST_OK;
	now = calloc(1, sizeof(*now));
	if (!now)
		return ST_NOMEM;
	TRY(applet_list(c, now, &unused, dl));
	for (size_t i = 0; i < now->count; i++)
		if (is_same(&now->item[i], &op->priv) && now->item[i].activated)
			return ST_KEY_UNUSABLE;
	return ST_OK;
}

/* The key that the caller gives up, and no other. */
static status still_old(struct card *c, const struct generate_op *op, deadline dl)
{
	struct public_key now;

	if (!op->old || op->sent)
		return ST_OK;
	TRY(applet_read_public(c, &op->pub, &now, dl));
	return public_key_equal(&now, op->old) ? ST_OK : ST_KEY_UNUSABLE;
}

static status op_generate(struct card *c, void *arg, deadline dl)
{
	struct generate_op *op = arg;

	if (op->had_catalog && !c->catalog)
		return ST_CARD_CHANGED;
	if (!op->done) {
		TRY(probe(c, op, dl));
		TRY(still_empty(c, op, dl));
		TRY(still_old(c, op, dl));
		TRY(generate(c, op, dl));
	}
	if (op->got.key.point_len > 0)
		return ST_OK;
	if (op->got.pub_id_len > 0) {
		memcpy(op->pub.id, op->got.pub_id, op->got.pub_id_len);
		op->pub.id_len = op->got.pub_id_len;
	}
	TRY(applet_read_public(c, &op->pub, &op->got.key, dl));
	memcpy(op->got.pub_id, op->pub.id, op->pub.id_len);
	op->got.pub_id_len = op->pub.id_len;
	return ST_OK;
}

static bool can_generate(const struct container *ct)
{
	return container_curve(ct) != CURVE_NONE && (ct->functions & FUNCTION_KEYGEN);
}

status card_generate(struct card *c, const struct container *priv, const struct container *pub,
		     const struct public_key *old, struct card_generated *ret, deadline dl)
{
	struct generate_op op = {.priv = *priv,
				 .old = old,
				 .had_catalog = c->catalog != NULL,
				 .pub = pub ? *pub : *priv, /* its own bytes, if nothing better */
				 .repeatable = !priv->activated || priv->is_volatile};
	status st;

	if (priv->kind != CONTAINER_PRIVATE_KEY || (pub && pub->kind != CONTAINER_PUBLIC_KEY))
		return ST_ARG;
	if (!can_generate(priv) ||
	    (pub && (!can_generate(pub) || container_curve(pub) != container_curve(priv))))
		return ST_KEY_UNUSABLE;
	op.pub.kind = CONTAINER_PUBLIC_KEY;
	take_id(container_id(priv), op.got.priv_id, &op.got.priv_id_len);
	if (pub)
		take_id(container_id(pub), op.got.pub_id, &op.got.pub_id_len);
	st = card_run(c, op_generate, &op, dl);
	if (op.sent || st == ST_KEY_UNUSABLE)
		card_list_stale(c);
	if (op.lost != ST_OK)
		log_error(
			"GENERATE KEY PAIR: the answer was lost (%s): the pair may be another now",
			status_text(op.lost));
	TRY(op.lost != ST_OK ? op.lost : st);
	TRY(curve_check_point(op.got.key.curve, bytes_of(op.got.key.point, op.got.key.point_len)));
	*ret = op.got;
	return ST_OK;
}

/* --- PUT PUBLIC KEY --- */

struct put_body {
	struct bytes point;
	bool *sent;
};

static status put_update(struct card *c, void *arg, deadline dl)
{
	struct put_body *b = arg;
	uint8_t data[6 + EC_POINT_MAX];
	struct wtr w = WTR_ON(data);

	tlv_put_point(&w, b->point);
	TRY(wtr_done(&w));
	*b->sent = true;
	return exec_call(c, &CALL(CMD_PUT_UPDATE, .p2 = P(c->session), .data = wtr_bytes(&w)), NULL,
			 NULL, dl);
}

status keypair_put(struct card *c, const struct container *pub, struct bytes point, bool *sent,
		   deadline dl)
{
	uint8_t data[2 + CONTAINER_LABEL_MAX];
	struct wtr w = WTR_ON(data);
	struct put_body body = {point, sent};

	applet_put_address(&w, pub);
	return session_run(c, &(struct session){SESSION_PUT, wtr_bytes(&w), put_update, &body}, dl);
}

struct put_op {
	struct container pub;
	bool had_catalog;
	struct bytes point;
	bool sent;
};

/* What the caller took for empty may hold somebody's key by now; a peer's point that an agreement
 * of ours left there is none. */
static status still_free(struct card *c, const struct put_op *op, deadline dl)
{
	struct public_key now;
	status st;

	if (!op->had_catalog || op->sent || op->pub.activated || !(op->pub.access & ACCESS_READ))
		return ST_OK;
	st = applet_read_public(c, &op->pub, &now, dl);
	if (st == ST_MALFORMED || (card_refused(st) && st != ST_SW_LOCKED))
		return ST_OK;
	TRY(st);
	if (curve_check_point(now.curve, bytes_of(now.point, now.point_len)) != ST_OK ||
	    public_key_equal(&now, &c->left))
		return ST_OK;
	return ST_KEY_UNUSABLE;
}

static status op_put(struct card *c, void *arg, deadline dl)
{
	struct put_op *op = arg;

	if (op->had_catalog && !c->catalog)
		return ST_CARD_CHANGED;
	TRY(still_free(c, op, dl));
	return keypair_put(c, &op->pub, op->point, &op->sent, dl);
}

status card_put_public(struct card *c, const struct container *pub, const struct public_key *key,
		       deadline dl)
{
	struct put_op op = {.pub = *pub,
			    .had_catalog = c->catalog != NULL,
			    .point = bytes_of(key->point, key->point_len)};
	enum curve curve = container_curve(pub);
	status st;

	if (pub->kind != CONTAINER_PUBLIC_KEY)
		return ST_ARG;
	if (curve == CURVE_NONE || !(pub->access & ACCESS_UPDATE))
		return ST_KEY_UNUSABLE;
	if (key->kind != PUBLIC_EC || key->curve != curve)
		return ST_POINT_INVALID;
	TRY(curve_check_point(curve, op.point));
	st = card_run(c, op_put, &op, dl);
	if (op.sent || st == ST_KEY_UNUSABLE)
		card_list_stale(c);
	return st;
}
