/* SPDX-License-Identifier: Apache-2.0 */
#include "keygen.h"

#include <string.h>

#include "card_keys.h"
#include "create_key.h"
#include "keygen_template.h"
#include "log.h"
#include "login.h"
#include "mech.h"
#include "template.h"
#include "token.h"

/* --- which pair --- */

/* Better ones have more; 0: not this one. What a pair holds already weighs most, then how much it
 * can of what is asked for, then that a key which is to stay stays. */
enum {
	RANK_FILLED = 1,    /* what it holds is lost */
	RANK_DISCARDED = 2, /* was used before: those that never were are kept */
	RANK_STAYS = 4,
	RANK_USE = 8, /* for each that is asked for */
	RANK_EMPTY = 32,
	RANK_NAMED = 64,
};

static bool can_generate(const struct pair *p, enum curve curve)
{
	return token_can_generate(p) && container_curve(&p->priv) == curve;
}

/* How many of the uses that are asked for. Clients ask for more than one need: any will do. */
static unsigned uses(const struct pair *p, const struct keygen_wish *w)
{
	bool signs = !p->priv.is_volatile && (p->priv.functions & FUNCTION_SIGN) != 0;
	bool derives = (p->priv.functions & FUNCTION_AGREE) != 0;

	return (unsigned)(w->signs && signs) + (unsigned)(w->derives && derives);
}

static bool may_use(const struct pair *p, const struct keygen_wish *w)
{
	return uses(p, w) != 0 || !(w->signs || w->derives);
}

static bool equals(const CK_ATTRIBUTE *a, struct bytes b)
{
	return b.n != 0 && bytes_equal(bytes_of(a->pValue, a->ulValueLen), b);
}

static bool label_names(const CK_ATTRIBUTE *label, const struct pair *p)
{
	return label == NULL || equals(label, container_label(&p->priv)) ||
	       equals(label, bytes_str(p->name));
}

static bool id_names(const CK_ATTRIBUTE *id, const struct pair *p)
{
	return id == NULL || equals(id, container_id(&p->priv)) ||
	       (p->state != KEY_UNREAD && equals(id, bytes_of(p->id, p->id_n)));
}

/* By all the names that are given, and at least one. */
static bool is_named(const struct pair *p, const struct keygen_wish *w)
{
	return (w->label != NULL || w->id != NULL) && label_names(w->label, p) &&
	       id_names(w->id, p);
}

/* A key of the session goes where keys are lost anyway; one of the token may go anywhere. */
static bool may_serve(const struct pair *p, const struct keygen_wish *w)
{
	return p->priv.is_volatile || w->on_token;
}

static bool is_identity(const struct pair *p)
{
	return p->priv.activated && !p->priv.is_volatile && !p->discarded;
}

/* The one identity that is named. A name that fits two replaces neither. */
static const struct pair *named_identity(const struct token *t, const struct keygen_wish *w)
{
	const struct pair *only = NULL;

	for (size_t i = 0; i < t->pair_count; i++) {
		const struct pair *p = &t->pair[i];
		if (!p->has_priv || !is_identity(p) || !is_named(p, w))
			continue;
		if (only != NULL)
			return NULL;
		only = p;
	}
	return only;
}

static unsigned rank(const struct pair *p, const struct keygen_wish *w,
		     const struct pair *replaceable)
{
	bool named = is_named(p, w);
	unsigned n = 0;

	if (!can_generate(p, w->curve) || !may_serve(p, w) || !may_use(p, w))
		return 0;
	if (is_identity(p) && p != replaceable)
		return 0;
	n = p->priv.activated && !p->discarded ? RANK_FILLED : RANK_EMPTY;
	n += p->discarded ? RANK_DISCARDED : 0;
	n += RANK_USE * uses(p, w);
	n += p->priv.is_volatile == !w->on_token ? RANK_STAYS : 0;
	return n + (named ? RANK_NAMED : 0);
}

/* Ids are made of public points, and names given on the host go by them: read where they count. */
static status read_names(struct guard *g, struct token *t, const struct keygen_wish *w)
{
	bool gone = false;

	for (size_t i = 0; i < t->pair_count; i++)
		TRY(token_is_discarded(g->slot, t, &t->pair[i], &gone));
	if (w->id == NULL && (w->label == NULL || !token_has_names(t)))
		return ST_OK;
	for (size_t i = 0; i < t->pair_count; i++)
		if (t->pair[i].has_priv && is_identity(&t->pair[i]))
			TRY(token_key(g->slot, t, &t->pair[i]));
	return ST_OK;
}

static status say_none(const struct keygen_wish *w)
{
	const char *what = w->signs && w->derives ? "that may sign or derive"
			   : w->signs		  ? "that may sign"
			   : w->derives		  ? "that may derive"
						  : "of this curve";

	log_error("key generation: no empty or volatile pair %s", what);
	return ST_OBJECT_MEMORY;
}

/* ST_CURVE_UNSUPPORTED: no pair for the curve; ST_OBJECT_MEMORY: none that may be filled. */
static status choose(struct token *t, const struct keygen_wish *w, struct pair **ret_pair)
{
	const struct pair *replaceable = named_identity(t, w);
	struct pair *best = NULL;
	unsigned best_rank = 0;
	bool curve = false;

	for (size_t i = 0; i < t->pair_count; i++) {
		struct pair *p = &t->pair[i];
		curve = curve || can_generate(p, w->curve);
		unsigned n = rank(p, w, replaceable);
		if (n <= best_rank)
			continue;
		best = p;
		best_rank = n;
	}
	if (best == NULL)
		return curve ? say_none(w) : ST_CURVE_UNSUPPORTED;
	*ret_pair = best;
	return ST_OK;
}

/* --- the new objects --- */

static const struct object *object_by(const struct token *t, CK_OBJECT_CLASS class,
				      struct bytes (*name)(const struct container *c),
				      struct bytes wanted)
{
	for (size_t i = 0; wanted.n != 0 && i < t->object_count; i++) {
		const struct object *o = &t->object[i];
		if (o->class == class && !o->from_cert && bytes_equal(wanted, name(&o->c)))
			return o;
	}
	return NULL;
}

/* By id; a card may have changed it without a word, then by label. */
static const struct object *object_of(const struct token *t, CK_OBJECT_CLASS class, struct bytes id,
				      struct bytes label)
{
	const struct object *o = object_by(t, class, container_id, id);

	return o != NULL ? o : object_by(t, class, container_label, label);
}

/* Names that the pair does not have are kept on the host, and of a key that stays that it is our
 * making; a key of the session needs neither there. */
static status give_names(struct guard *g, CK_OBJECT_HANDLE priv, const struct public_key *key,
			 const struct keygen_wish *w)
{
	struct token *t = NULL;
	struct key_names names = {0};
	bool may = false;

	if (!w->on_token)
		return ST_OK;
	TRY(token_get(g->slot, &t));
	struct object *o = token_object(t, priv);
	if (o == NULL)
		return ST_NO_OBJECT;
	TRY(token_key(g->slot, t, o->pair));
	names.generated = !o->pair->priv.is_volatile;
	if (!is_named(o->pair, w)) {
		names.label = w->label;
		names.id = w->id;
	}
	if (!names.generated && names.label == NULL && names.id == NULL)
		return ST_OK;
	TRY(token_key_modifiable(g->slot, t, o->pair, &may));
	return may ? create_key_name(g, key, &names) : ST_WRITE_PROTECTED;
}

struct handles {
	CK_OBJECT_HANDLE pub, priv;
};

/* A list that lacks the new key belongs to another command, or to a card in disorder: it must not
 * stay. */
static status read_again(struct guard *g)
{
	struct card *card = NULL;

	TRY(slot_card(g->slot, &card));
	card_invalidate(card);
	return ST_DESYNC;
}

static status find_objects(struct guard *g, const struct pair *was,
			   const struct card_generated *made, struct handles *ret)
{
	struct token *t = NULL;

	TRY(token_get(g->slot, &t));
	const struct object *priv =
		object_of(t, CKO_PRIVATE_KEY, bytes_of(made->priv_id, made->priv_id_len),
			  container_label(&was->priv));
	const struct object *pub =
		object_of(t, CKO_PUBLIC_KEY, bytes_of(made->pub_id, made->pub_id_len),
			  container_label(&was->pub));
	if (priv == NULL || pub == NULL)
		return read_again(g);
	*ret = (struct handles){pub->handle, priv->handle};
	return ST_OK;
}

static status generate(struct guard *g, const struct pair *p, struct card_generated *ret)
{
	struct card *card = NULL;

	TRY(login_for_use(g->slot, &p->priv));
	TRY(slot_card(g->slot, &card));
	const struct public_key *old = p->discarded ? &p->key : NULL;
	status st = card_generate(card, &p->priv, &p->pub, old, ret, slot_deadline(g->slot));
	return login_outcome(g->slot, slot_outcome(g->slot, st));
}

/* Chooses and fills. Of a key that was in its place nothing is left, in the store neither. */
static status fill(struct guard *g, const struct keygen_wish *w, struct pair *ret_was,
		   struct card_generated *ret)
{
	struct token *t = NULL;
	struct pair *chosen = NULL;

	TRY(token_get(g->slot, &t));
	TRY(read_names(g, t, w));
	TRY(choose(t, w, &chosen));
	struct pair p = *chosen; /* the token changes under us */
	if (p.priv.activated)
		log_info("key generation replaces the key in %s", p.name);
	TRY(generate(g, &p, ret));
	if (g->slot->token != NULL)
		token_forget_key(g->slot->token, &p.priv);
	if (p.state == KEY_READ && g->slot->token != NULL)
		create_key_forget(g->slot->token, p.key_id);
	*ret_was = p;
	return ST_OK;
}

enum { FILL_TRIES = 3 };

/* Slot and session locked. */
static status make_pair(struct guard *g, const struct keygen_wish *w, struct handles *ret)
{
	struct token *t = NULL;
	struct card_generated made = {0};
	struct pair p;
	status st = fill(g, w, &p, &made);

	for (unsigned i = 1; st == ST_KEY_UNUSABLE && i < FILL_TRIES; i++)
		st = fill(g, w, &p, &made); /* another process was there first: the next pair */
	if (st == ST_KEY_UNUSABLE) {
		log_error("key generation: other programs took each pair before us; try again");
		return ST_OBJECT_MEMORY;
	}
	TRY(st);
	TRY(find_objects(g, &p, &made, ret));
	TRY(token_get(g->slot, &t));
	TRY(token_note_generated(t, &made.key));
	st = give_names(g, ret->priv, &made.key, w);
	if (st != ST_OK)
		log_info("nothing could be kept about the new key: %s", status_text(st));
	return find_objects(g, &p, &made, ret);
}

status keygen_pair(struct guard *g, const CK_MECHANISM *m, struct keygen_template pub,
		   struct keygen_template priv, CK_OBJECT_HANDLE *ret_pub,
		   CK_OBJECT_HANDLE *ret_priv)
{
	const struct mech *row = NULL;
	struct keygen_wish wish;
	struct handles made = {0};

	if (m == NULL || ret_pub == NULL || ret_priv == NULL)
		return ST_ARG;
	row = mech_find(m->mechanism);
	if (row == NULL || row->use != MECH_GENERATE)
		return ST_MECH;
	if (m->pParameter != NULL || m->ulParameterLen != 0)
		return ST_MECH_PARAM;
	TRY(keygen_template_read(pub, priv, &wish));
	if (wish.on_token && (atomic_load(&g->session->flags) & CKF_RW_SESSION) == 0)
		return ST_SESSION_RO;
	TRY(guard_ready(g));
	TRY(mech_offered(g->slot, m->mechanism, MECH_GENERATE, &row));
	TRY(make_pair(g, &wish, &made));
	*ret_pub = made.pub;
	*ret_priv = made.priv;
	return ST_OK;
}

/* Secret keys are put on the card by its issuer. */
status keygen_secret(struct guard *g, const CK_MECHANISM *m, struct keygen_template t,
		     const CK_OBJECT_HANDLE *ret_h)
{
	(void)g;
	if (m == NULL || ret_h == NULL)
		return ST_ARG;
	TRY(template_check(t.attr, t.n));
	return ST_MECH;
}
