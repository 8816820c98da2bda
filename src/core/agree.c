/* SPDX-License-Identifier: Apache-2.0 */
/* COMPUTE DH: a slot for the peer's point, PUT PUBLIC KEY into it, the agreement, and what the slot
 * held put back (iotsafe-protocol.md §10.9, §10.13, §17.7). */
#include <string.h>

#include "card_impl.h"
#include "card_keys.h"
#include "log.h"
#include "mem.h"
#include "tlv.h"

/* --- which container takes the peer's point --- */

static bool same_label(const struct container *a, const struct container *b)
{
	return a->label_len > 0 && bytes_equal(container_label(a), container_label(b));
}

static bool same_id(const struct container *a, const struct container *b)
{
	return a->id_len > 0 && bytes_equal(container_id(a), container_id(b));
}

static bool is_half_type(const struct container *ct, const struct container *priv)
{
	return ct->kind == CONTAINER_PUBLIC_KEY && container_curve(ct) == container_curve(priv);
}

/* Is pub the public half of priv? Halves share their label (§2). Where no public key has the
 * private key's label, an equal ID makes one, and where not even that does, any public key without
 * label may be it. */
static bool is_half(const struct catalog *cat, const struct container *priv,
		    const struct container *pub)
{
	bool by_label = false, by_id = false;

	for (size_t i = 0; i < cat->count; i++) {
		if (!is_half_type(&cat->item[i], priv))
			continue;
		by_label = by_label || same_label(&cat->item[i], priv);
		by_id = by_id || same_id(&cat->item[i], priv);
	}
	if (by_label)
		return same_label(pub, priv);
	if (by_id)
		return same_id(pub, priv);
	return pub->label_len == 0 && pub->activated && !pub->is_volatile && !priv->is_volatile;
}

/* What a public-key container would lose as a slot. */
struct stakes {
	bool identity; /* the half of a persistent key that is there, or of the agreeing key */
	bool pair;     /* the half of any private key */
	bool filled;   /* the half of one that is there */
};

static struct stakes stakes_of(const struct catalog *cat, const struct container *pub,
			       const struct container *agreeing)
{
	struct stakes s = {.identity = is_half(cat, agreeing, pub)};

	for (size_t i = 0; i < cat->count; i++) {
		const struct container *priv = &cat->item[i];

		if (priv->kind != CONTAINER_PRIVATE_KEY || !is_half_type(pub, priv) ||
		    !is_half(cat, priv, pub))
			continue;
		s.pair = true;
		s.filled = s.filled || priv->activated;
		s.identity = s.identity || (priv->activated && !priv->is_volatile);
	}
	return s;
}

/* The lower the better. What is put into an empty container stays there: a pair that waits for its
 * key is spared where there is another slot that needs nothing put back, or is made for it. */
enum rank { RANK_EMPTY, RANK_VOLATILE, RANK_EMPTY_PAIR, RANK_KEPT, RANK_NEVER };

static enum rank rank_of(const struct catalog *cat, const struct container *ct,
			 const struct container *priv)
{
	struct stakes s;

	if (!is_half_type(ct, priv) || !(ct->access & ACCESS_UPDATE) ||
	    !(ct->functions & FUNCTION_AGREE))
		return RANK_NEVER;
	s = stakes_of(cat, ct, priv);
	if (s.identity)
		return RANK_NEVER;
	if (!ct->activated)
		return s.pair ? RANK_EMPTY_PAIR : RANK_EMPTY;
	if (ct->is_volatile && !s.filled)
		return RANK_VOLATILE;
	return ct->access & ACCESS_READ ? RANK_KEPT : RANK_NEVER;
}

static const struct container *find_slot(const struct catalog *cat, const struct container *priv)
{
	const struct container *best = NULL;
	enum rank best_rank = RANK_NEVER, rank;

	for (size_t i = 0; i < cat->count; i++) {
		rank = rank_of(cat, &cat->item[i], priv);
		if (rank < best_rank) {
			best_rank = rank;
			best = &cat->item[i];
		}
	}
	return best;
}

static bool agrees(const struct container *priv)
{
	enum { ECKA = 1 };

	return priv->kind == CONTAINER_PRIVATE_KEY && container_curve(priv) != CURVE_NONE &&
	       priv->activated && (priv->functions & FUNCTION_AGREE) &&
	       (priv->agreements == 0 || (priv->agreements & ECKA));
}

/* The slot by value: a list that is read here for the first time may replace what priv pointed to.
 * A list that is only stale is not read again, since the caller holds containers of it. */
static status choose(struct card *c, const struct container *priv, struct container *ret_slot,
		     deadline dl)
{
	const struct catalog *cat = c->catalog;
	const struct container *slot;

	if (!agrees(priv))
		return ST_KEY_UNUSABLE;
	if (!cat)
		TRY(card_catalog(c, &cat, dl));
	slot = find_slot(cat, priv);
	if (!slot)
		return ST_KEY_UNUSABLE;
	*ret_slot = *slot;
	return ST_OK;
}

bool card_can_agree(struct card *c, const struct container *priv)
{
	struct container key = *priv, slot;

	return choose(c, &key, &slot, deadline_in_ms(c->all->timeout_ms)) == ST_OK;
}

/* --- the operation --- */

/* Survives the runs of card_run: what the slot held is read once, before the first PUT, since from
 * then on the peer's point may stand there. */
struct agree_op {
	struct container priv, slot;
	struct bytes peer;
	struct public_key old;
	bool looked, has_old;
	bool owes; /* the slot may hold the peer's point instead of the old one */
	bool agreed;
	struct secret_view *z;
};

/* Did this process leave that point in an empty slot? Then nobody misses it. */
static bool is_left(const struct card *c, const struct public_key *k)
{
	return c->left.point_len > 0 && public_key_equal(&c->left, k);
}

/* An empty slot as listed is looked at too: another process may have filled it since the list was
 * read, with the public half of a new identity perhaps. Whatever is no point there is as good as
 * nothing. */
static status look_into_empty(struct card *c, struct agree_op *op, status st)
{
	if (st == ST_OK &&
	    curve_check_point(op->old.curve, bytes_of(op->old.point, op->old.point_len)) != ST_OK)
		st = ST_MALFORMED;
	if (st != ST_OK && st != ST_MALFORMED && (!card_refused(st) || st == ST_SW_LOCKED))
		return st;
	op->has_old = st == ST_OK && !is_left(c, &op->old);
	op->looked = st == ST_OK || c->fresh; /* else what refused may be another applet */
	return ST_OK;
}

/* What the slot holds. 6985 says that it is empty after all; on a channel that was not just
 * selected that may come from elsewhere. */
static status look(struct card *c, struct agree_op *op, deadline dl)
{
	status st;

	if (op->looked || op->owes || !(op->slot.access & ACCESS_READ)) {
		op->looked = true;
		return ST_OK;
	}
	st = applet_read_public(c, &op->slot, &op->old, dl);
	if (!op->slot.activated)
		return look_into_empty(c, op, st);
	if (st == ST_SW_CONDITIONS && c->fresh) {
		op->looked = true;
		return ST_OK;
	}
	TRY(st);
	/* not a point: the card would not take it back */
	if (curve_check_point(op->old.curve, bytes_of(op->old.point, op->old.point_len)) != ST_OK)
		return ST_MALFORMED;
	op->looked = op->has_old = true;
	return ST_OK;
}

/* A card that refuses to take its own point back has its reasons. Not so one that knows no such
 * command, as it has just run it: its applet was deselected, even on a channel where it was
 * selected a moment ago. What refuses on any other channel is for card_run to find out. */
static bool will_not(const struct card *c, status st)
{
	return c->fresh && card_refused(st) && st != ST_SW_LOCKED && st != ST_SW_INS &&
	       st != ST_SW_CLASS;
}

static status put_back(struct card *c, struct agree_op *op, deadline dl)
{
	bool sent = false;
	status st;

	if (!op->owes || !op->has_old)
		return ST_OK;
	st = keypair_put(c, &op->slot, bytes_of(op->old.point, op->old.point_len), &sent, dl);
	if (will_not(c, st)) {
		log_error("slot %s: the card does not take back what the agreement's slot held: %s",
			  c->conf->name, status_text(st));
		st = ST_OK;
	}
	if (st == ST_OK)
		op->owes = false;
	return st;
}

static status compute(struct card *c, struct agree_op *op, deadline dl)
{
	uint8_t data[2 * (2 + CONTAINER_LABEL_MAX)];
	struct wtr w = WTR_ON(data);
	size_t field = curve_field_size(container_curve(&op->priv));
	struct bytes reply, z;

	applet_put_address(&w, &op->priv);
	applet_put_address(&w, &op->slot);
	TRY(wtr_done(&w));
	TRY(exec_call(c, &CALL(CMD_DH, .data = wtr_bytes(&w)), &reply, NULL, dl));
	TRY(tlv_raw(reply, field, &z));
	memcpy(op->z->p, z.p, field);
	op->z->n = field;
	return ST_OK;
}

/* 6985 is what a card says whose slot is empty (§10.13): it lost the point, so once more. */
static status put_and_compute(struct card *c, struct agree_op *op, deadline dl)
{
	status st;

	TRY(keypair_put(c, &op->slot, op->peer, &op->owes, dl));
	st = compute(c, op, dl);
	if (st != ST_SW_CONDITIONS)
		return st;
	TRY(keypair_put(c, &op->slot, op->peer, &op->owes, dl));
	return compute(c, op, dl);
}

static status op_agree(struct card *c, void *arg, deadline dl)
{
	struct agree_op *op = arg;
	status st, back;

	if (!c->catalog)
		return ST_CARD_CHANGED; /* the slot was another SIM's */
	if (!op->agreed) {
		TRY(look(c, op, dl));
		st = put_and_compute(c, op, dl);
		if (card_refused(st) || st == ST_MALFORMED) {
			back = put_back(c, op, dl);
			if (back != ST_OK)
				log_debug("putting back: %s", status_text(back));
		}
		TRY(st);
		op->agreed = true;
	}
	return put_back(c, op, dl);
}

static status op_put_back(struct card *c, void *arg, deadline dl)
{
	return c->catalog ? put_back(c, arg, dl) : ST_CARD_CHANGED;
}

/* A point that is not put back is lost, so that gets its time even when the agreement used up most
 * of its own. Without it the agreement still stands. */
enum { PUT_BACK_GRACE_MS = 1000 };

static status run(struct card *c, struct agree_op *op, deadline dl)
{
	status st = card_run(c, op_agree, op, dl), back;
	deadline grace = deadline_in_ms(PUT_BACK_GRACE_MS);

	if (st == ST_CARD_CHANGED || !op->owes || !op->has_old)
		return st;
	if (dl < grace)
		dl = grace;
	back = card_run(c, op_put_back, op, dl);
	if (back != ST_OK)
		log_error("slot %s: what the agreement's slot held could not be put back: %s",
			  c->conf->name, status_text(back));
	return op->agreed ? ST_OK : st;
}

static bool is_zero(const struct secret_view *z)
{
	static const uint8_t zeros[EC_POINT_MAX];

	return mem_equal_ct(z->p, zeros, z->n);
}

status card_agree(struct card *c, const struct container *priv, const struct public_key *peer,
		  uint8_t ret_z[EC_POINT_MAX], size_t *ret_n, deadline dl)
{
	SECRET(z, EC_POINT_MAX);
	struct agree_op op = {
		.priv = *priv, .peer = bytes_of(peer->point, peer->point_len), .z = &z};
	status st;

	if (!agrees(&op.priv))
		return ST_KEY_UNUSABLE;
	if (peer->kind != PUBLIC_EC || peer->curve != container_curve(&op.priv))
		return ST_POINT_INVALID;
	TRY(curve_check_point(peer->curve, op.peer));
	TRY(choose(c, &op.priv, &op.slot, dl));
	st = run(c, &op, dl);
	if (!op.slot.activated && st != ST_CARD_CHANGED)
		c->list_digest = 0; /* the list shows a filled slot now */
	if (op.owes && !op.has_old && st != ST_CARD_CHANGED)
		c->left = *peer;
	mem_wipe(c->reply, sizeof(c->reply));
	TRY(st);
	if (is_zero(&z))
		return ST_POINT_INVALID;
	memcpy(ret_z, z.p, z.n);
	*ret_n = z.n;
	return ST_OK;
}
