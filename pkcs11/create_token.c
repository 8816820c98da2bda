/* SPDX-License-Identifier: Apache-2.0 */
#include "create_token.h"

#include <string.h>

#include "card_keys.h"
#include "create_key.h"
#include "lib.h"
#include "login.h"
#include "pubkey.h"
#include "template.h"

/* --- the store --- */

status create_fill_text(char dst[STORE_LABEL_MAX + 1], struct bytes b)
{
	if (b.n > STORE_LABEL_MAX || (b.n != 0 && memchr(b.p, 0, b.n) != NULL))
		return ST_ATTR_VALUE;
	if (b.n != 0)
		memcpy(dst, b.p, b.n);
	dst[b.n] = '\0';
	return ST_OK;
}

status create_fill_id(uint8_t dst[STORE_ID_MAX], size_t *n, struct bytes b)
{
	if (b.n > STORE_ID_MAX)
		return ST_ATTR_VALUE;
	if (b.n != 0)
		memcpy(dst, b.p, b.n);
	*n = b.n;
	return ST_OK;
}

/* The entry borrows the bag's value. */
static status fill_entry(const struct bag *b, struct store_entry *e)
{
	struct bytes value = bag_get(b, CKA_VALUE);

	TRY(create_fill_text(e->label, bag_get(b, CKA_LABEL)));
	if (value.n > STORE_VALUE_MAX)
		return ST_ATTR_VALUE;
	e->value = (uint8_t *)(uintptr_t)value.p;
	e->value_n = value.n;
	if (bag_ulong(b, CKA_CLASS, CKO_DATA) == CKO_CERTIFICATE) {
		e->kind = STORE_CERTIFICATE;
		return create_fill_id(e->id, &e->id_n, bag_get(b, CKA_ID));
	}
	e->kind = STORE_DATA;
	TRY(create_fill_text(e->application, bag_get(b, CKA_APPLICATION)));
	return create_fill_id(e->object_id, &e->object_id_n, bag_get(b, CKA_OBJECT_ID));
}

/* A certificate of a key on the card belongs to it. */
static status bind_to_key(struct slot *s, struct token *t, struct store_entry *e)
{
	struct x509_info x;
	struct object o = {.class = CKO_CERTIFICATE, .x509 = &x};

	if (e->kind != STORE_CERTIFICATE)
		return ST_OK;
	TRY(x509_parse(bytes_of(e->value, e->value_n), &x));
	TRY(token_cert_pair(s, t, &o));
	if (o.pair == NULL)
		return ST_OK;
	memcpy(e->key, o.pair->key_id, sizeof(e->key));
	e->has_key = true;
	return ST_OK;
}

/* Does any key of the card have this entry's point? Unreadable keys may. */
static status is_in_use(struct slot *s, struct token *t, const struct store_entry *e, bool *ret)
{
	for (size_t i = 0; i < t->pair_count; i++) {
		struct pair *p = &t->pair[i];
		bool filled = p->has_priv && p->priv.activated;
		TRY(token_key(s, t, p));
		bool same = p->state == KEY_READ && memcmp(p->key_id, e->key, sizeof(e->key)) == 0;
		if (same || (filled && p->state != KEY_READ)) {
			*ret = true;
			return ST_OK;
		}
	}
	*ret = false;
	return ST_OK;
}

status create_drop_old(struct slot *s, struct token *t)
{
	bool dropped = false;

	for (size_t i = 0; t->store != NULL && i < t->store->count; i++) {
		const struct store_entry *e = &t->store->item[i];
		bool used = true;
		if (e->kind != STORE_KEY_NAME && e->kind != STORE_KEY_DISCARDED)
			continue;
		TRY(is_in_use(s, t, e, &used));
		if (used)
			continue;
		TRY(store_remove(lib_settings()->store_dir, t->iccid, e->file));
		dropped = true;
	}
	return dropped ? ST_OK : ST_FULL;
}

static status write_entry(struct slot *s, struct token *t, const struct store_entry *e,
			  char file[STORE_NAME_MAX])
{
	const char *dir = lib_settings()->store_dir;
	status st = store_put(dir, t->iccid, e, file);

	if (st == ST_FULL && create_drop_old(s, t) == ST_OK)
		st = store_put(dir, t->iccid, e, file);
	token_store_changed(t);
	if (st == ST_FULL)
		return ST_OBJECT_MEMORY;
	return st == ST_ARG ? ST_ATTR_VALUE : st;
}

status create_put(struct guard *g, const struct store_entry *e, struct object **ret_o)
{
	struct token *t = NULL;
	const char *iccid = NULL;
	char file[STORE_NAME_MAX];

	TRY(token_get(g->slot, &t));
	TRY(token_iccid(g->slot, t, &iccid));
	if (iccid[0] == '\0')
		return ST_WRITE_PROTECTED;
	TRY(write_entry(g->slot, t, e, file));
	TRY(token_get(g->slot, &t));
	*ret_o = token_stored(t, file);
	return ST_OK;
}

static status create_stored(struct guard *g, const struct bag *b, CK_OBJECT_HANDLE *ret_h)
{
	struct store_entry e = {.kind = STORE_DATA};
	struct token *t = NULL;
	struct object *o = NULL;

	TRY(fill_entry(b, &e));
	TRY(token_get(g->slot, &t));
	TRY(bind_to_key(g->slot, t, &e));
	TRY(create_put(g, &e, &o));
	if (o == NULL)
		return ST_STORE;
	*ret_h = o->handle;
	return ST_OK;
}

static status bag_of(const struct object *o, struct bag *b)
{
	const struct store_entry *e = o->stored;

	TRY(bag_set_ulong(b, CKA_CLASS, o->class));
	TRY(bag_set(b, CKA_LABEL, e->label, strlen(e->label)));
	TRY(bag_set(b, CKA_VALUE, o->data, o->data_n));
	if (o->class == CKO_CERTIFICATE)
		return bag_set(b, CKA_ID, e->id, e->id_n);
	TRY(bag_set(b, CKA_APPLICATION, e->application, strlen(e->application)));
	return bag_set(b, CKA_OBJECT_ID, e->object_id, e->object_id_n);
}

/* What is written to the name of a certificate that belongs to a key is the key's. */
static status name_pair(struct guard *g, struct pair *pair, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct public_key k = pair->key;

	return create_key_name(g, &k,
			       &(struct key_names){.label = template_find(tmpl, n, CKA_LABEL),
						   .id = template_find(tmpl, n, CKA_ID)});
}

status create_set_stored(struct guard *g, struct token *t, struct object *o,
			 const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct bag b ON_EXIT(bag_free) = {0};
	struct store_entry e = *o->stored;
	struct object *now = NULL;

	TRY(bag_of(o, &b));
	TRY(template_apply(TEMPLATE_SET, tmpl, n, &b));
	TRY(token_cert_pair(g->slot, t, o));
	if (o->pair != NULL)
		return name_pair(g, o->pair, tmpl, n);
	TRY(fill_entry(&b, &e));
	return create_put(g, &e, &now);
}

status create_destroy_stored(struct guard *g, struct token *t, struct object *o)
{
	const char *iccid = NULL;

	TRY(token_iccid(g->slot, t, &iccid));
	status st = store_remove(lib_settings()->store_dir, iccid, o->stored->file);
	token_store_changed(t);
	return st == ST_NO_ENTRY ? ST_NO_OBJECT : st;
}

/* --- the card --- */

/* May a public key be put here? Empty, and of no key pair that is in use. */
static bool is_room(const struct pair *p, enum curve curve)
{
	if (!p->has_pub || p->pub.activated || (p->pub.access & ACCESS_UPDATE) == 0)
		return false;
	return container_curve(&p->pub) == curve && !(p->has_priv && p->priv.activated);
}

static bool is_named(const struct pair *p, const struct bag *b)
{
	struct bytes label = bag_get(b, CKA_LABEL);
	struct bytes id = bag_get(b, CKA_ID);

	return (label.n != 0 && bytes_equal(label, container_label(&p->pub))) ||
	       (id.n != 0 && bytes_equal(id, container_id(&p->pub)));
}

/* The one that is named, else one without private half, else any. */
static const struct container *choose_room(const struct token *t, enum curve curve,
					   const struct bag *b)
{
	const struct pair *best = NULL;
	int rank = 0;

	for (size_t i = 0; i < t->pair_count; i++) {
		const struct pair *p = &t->pair[i];
		int r = is_named(p, b) ? 3 : !p->has_priv ? 2 : 1;
		if (!is_room(p, curve) || r <= rank)
			continue;
		best = p;
		rank = r;
	}
	return best != NULL ? &best->pub : NULL;
}

static bool is_in(const struct object *o, const struct container *c)
{
	return o->class == CKO_PUBLIC_KEY && !o->from_cert &&
	       bytes_equal(container_id(&o->c), container_id(c)) &&
	       bytes_equal(container_label(&o->c), container_label(c));
}

static status create_public(struct guard *g, const struct bag *b, CK_OBJECT_HANDLE *ret_h)
{
	struct public_key k;
	struct token *t = NULL;
	struct card *card = NULL;

	TRY(pubkey_from_bag(b, &k));
	TRY(token_get(g->slot, &t));
	const struct container *room = k.kind == PUBLIC_EC ? choose_room(t, k.curve, b) : NULL;
	if (room == NULL)
		return ST_OBJECT_MEMORY;
	struct container c = *room;
	TRY(login_for_use(g->slot, &c));
	TRY(slot_card(g->slot, &card));
	status st = slot_outcome(g->slot, card_put_public(card, &c, &k, slot_deadline(g->slot)));
	TRY(login_outcome(g->slot, st));
	TRY(token_get(g->slot, &t));
	for (size_t i = 0; i < t->object_count; i++) {
		if (!is_in(&t->object[i], &c))
			continue;
		*ret_h = t->object[i].handle;
		return ST_OK;
	}
	return ST_DESYNC;
}

status create_on_token(struct guard *g, const struct bag *b, CK_OBJECT_HANDLE *ret_h)
{
	CK_OBJECT_CLASS class = bag_ulong(b, CKA_CLASS, CKO_SECRET_KEY);

	if (bag_bool(b, CKA_PRIVATE, false)) /* neither place could keep it from anybody */
		return ST_TEMPLATE_INCONSISTENT;
	if (class == CKO_PUBLIC_KEY)
		return create_public(g, b, ret_h);
	if (class == CKO_CERTIFICATE || class == CKO_DATA)
		return create_stored(g, b, ret_h);
	return ST_TEMPLATE_INCONSISTENT;
}
