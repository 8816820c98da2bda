/* SPDX-License-Identifier: Apache-2.0 */
#include "create_key.h"

#include <string.h>

#include "attr.h"
#include "card_keys.h"
#include "create_token.h"
#include "lib.h"
#include "log.h"
#include "login.h"
#include "pubkey.h"
#include "template.h"

static bool is_rw(const struct guard *g)
{
	return (atomic_load(&g->session->flags) & CKF_RW_SESSION) != 0;
}

/* --- names --- */

static struct bytes value_of(const CK_ATTRIBUTE *a)
{
	return bytes_of(a->pValue, a->ulValueLen);
}

static status fill_subject(struct store_entry *e, struct bytes b)
{
	if (b.n > sizeof(e->subject))
		return ST_ATTR_VALUE;
	if (b.n != 0)
		memcpy(e->subject, b.p, b.n);
	e->subject_n = b.n;
	return ST_OK;
}

status create_key_name(struct guard *g, const struct public_key *k, const struct key_names *names)
{
	struct store_entry e = {.kind = STORE_KEY_NAME, .has_key = true};
	struct token *t = NULL;
	struct object *unused = NULL;

	TRY(public_key_id(k, e.key));
	TRY(token_get(g->slot, &t));
	const struct store_entry *old = token_key_entry(t, STORE_KEY_NAME, e.key);
	if (old != NULL)
		e = *old;
	if (names->label != NULL)
		TRY(create_fill_text(e.label, value_of(names->label)));
	if (names->id != NULL)
		TRY(create_fill_id(e.id, &e.id_n, value_of(names->id)));
	if (names->subject != NULL)
		TRY(fill_subject(&e, value_of(names->subject)));
	e.generated = e.generated || names->generated;
	return create_put(g, &e, &unused);
}

/* What may be said of a key on the card; what it is and may do was said when it was made. */
static status read_names(const struct attr_ctx *ctx, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
			 struct key_names *ret)
{
	TRY(template_check(tmpl, n));
	for (CK_ULONG i = 0; i < n; i++) {
		const CK_ATTRIBUTE *before = template_find(tmpl, i, tmpl[i].type);
		if (before != NULL && !bytes_equal(value_of(before), value_of(&tmpl[i])))
			return ST_TEMPLATE_INCONSISTENT;
		if (tmpl[i].type == CKA_LABEL)
			ret->label = &tmpl[i];
		else if (tmpl[i].type == CKA_ID)
			ret->id = &tmpl[i];
		else if (tmpl[i].type == CKA_SUBJECT)
			ret->subject = &tmpl[i];
		else
			return attr_exists(ctx, tmpl[i].type) ? ST_ATTR_RO : ST_ATTR_TYPE;
	}
	return ST_OK;
}

status create_key_set(struct guard *g, struct token *t, struct object *o, const CK_ATTRIBUTE *tmpl,
		      CK_ULONG n)
{
	const struct attr_ctx ctx = {.slot = g->slot, .token = t, .object = o};
	struct key_names names = {.generated = true};
	bool may = false;

	if (o->class != CKO_PRIVATE_KEY && o->class != CKO_PUBLIC_KEY)
		return ST_ACTION_PROHIBITED;
	TRY(token_key_modifiable(g->slot, t, o->pair, &may));
	if (!may)
		return ST_ACTION_PROHIBITED;
	if (!is_rw(g))
		return ST_SESSION_RO;
	if (tmpl == NULL)
		return ST_ARG;
	TRY(read_names(&ctx, tmpl, n, &names));
	const struct public_key k = o->pair->key; /* the token changes under us */
	return create_key_name(g, &k, &names);
}

/* --- the end of a key --- */

void create_key_forget(struct token *t, const uint8_t key[20])
{
	static const enum store_kind kinds[] = {STORE_KEY_NAME, STORE_KEY_DISCARDED};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct store_entry *e = token_key_entry(t, kinds[i], key);
		if (e == NULL)
			continue;
		status st = store_remove(lib_settings()->store_dir, t->iccid, e->file);
		if (st != ST_OK)
			log_info("store: %s stays: %s", e->file, status_text(st));
		token_store_changed(t);
	}
}

/* The public half goes on as an object of the session, for clients that destroy one after the
 * other. */
struct heir {
	struct bag bag; /* owned */
	CK_OBJECT_HANDLE handle;
};

static void drop_heir(struct heir *h)
{
	bag_free(&h->bag);
}

static struct object *public_of(struct token *t, const struct pair *pair)
{
	for (size_t i = 0; i < t->object_count; i++)
		if (t->object[i].pair == pair && t->object[i].class == CKO_PUBLIC_KEY)
			return &t->object[i];
	return NULL;
}

/* Everything that a caller could have said of it in C_CreateObject. */
static status make_heir(struct guard *g, struct token *t, struct pair *pair, struct heir *ret)
{
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_CLASS,  CKA_PRIVATE,   CKA_LABEL,
						  CKA_ID,     CKA_SUBJECT,   CKA_KEY_TYPE,
						  CKA_VERIFY, CKA_EC_PARAMS, CKA_EC_POINT};
	enum { COUNT = ARRAY_LEN(types) };
	struct object *o = public_of(t, pair);
	struct attr_ctx ctx = {.slot = g->slot, .token = t, .object = o};
	uint8_t value[COUNT][ATTR_BUILT_MAX];
	CK_ATTRIBUTE tmpl[COUNT];
	bool local = false;

	if (o == NULL)
		return ST_OK;
	for (size_t i = 0; i < COUNT; i++)
		tmpl[i] = (CK_ATTRIBUTE){types[i], value[i], sizeof(value[i])};
	TRY(attr_get(&ctx, tmpl, COUNT));
	TRY(template_apply(TEMPLATE_CREATE, tmpl, COUNT, &ret->bag));
	TRY(token_was_generated(g->slot, t, pair, &local));
	if (local) {
		TRY(bag_set_bool(&ret->bag, CKA_LOCAL, true));
		TRY(bag_set_ulong(&ret->bag, CKA_KEY_GEN_MECHANISM, CKM_EC_KEY_PAIR_GEN));
	}
	ret->handle = o->handle;
	return ST_OK;
}

static void leave_heir(struct guard *g, struct heir *h)
{
	if (h->handle == 0)
		return;
	status st = made_add_as(g->slot, session_handle(g->session), &h->bag, h->handle);
	if (st != ST_OK)
		log_info("the public half of a destroyed key is gone, too: %s", status_text(st));
}

/* ST_NO_OBJECT: it is another key by now. */
static status regenerate(struct guard *g, const struct pair *p, struct card_generated *ret)
{
	struct card *card = NULL;

	TRY(login_for_use(g->slot, &p->priv));
	TRY(slot_card(g->slot, &card));
	status st = card_generate(card, &p->priv, &p->pub, &p->key, ret, slot_deadline(g->slot));
	st = login_outcome(g->slot, slot_outcome(g->slot, st));
	return st == ST_KEY_UNUSABLE ? ST_NO_OBJECT : st;
}

/* The store learns of it without a further word from the card. Where there is no room the old key's
 * own entry makes some. Until both are done the container shows a key without name, which is true.
 */
static status discard(struct guard *g, struct token *t, const uint8_t old[20],
		      const struct public_key *new)
{
	struct store_entry e = {.kind = STORE_KEY_DISCARDED, .has_key = true};
	const char *dir = lib_settings()->store_dir;
	char file[STORE_NAME_MAX];

	TRY(public_key_id(new, e.key));
	TRY(token_note_generated(t, new)); /* may be destroyed again if what follows fails */
	status st = store_put(dir, t->iccid, &e, file);
	create_key_forget(t, old);
	if (st == ST_FULL)
		st = store_put(dir, t->iccid, &e, file);
	if (st == ST_FULL && create_drop_old(g->slot, t) == ST_OK)
		st = store_put(dir, t->iccid, &e, file);
	token_store_changed(t);
	return st == ST_FULL ? ST_OBJECT_MEMORY : st;
}

status create_key_destroy(struct guard *g, struct token *t, struct object *o)
{
	struct heir heir ON_EXIT(drop_heir) = {0};
	struct card_generated made = {0};
	bool may = false;

	if (o->class != CKO_PRIVATE_KEY)
		return ST_ACTION_PROHIBITED;
	TRY(token_key_destroyable(g->slot, t, o->pair, &may));
	if (!may)
		return ST_ACTION_PROHIBITED;
	if (!is_rw(g))
		return ST_SESSION_RO;
	TRY(make_heir(g, t, o->pair, &heir));
	const CK_OBJECT_HANDLE h = o->handle;
	const struct pair pair = *o->pair; /* the token may change under us */
	TRY(regenerate(g, &pair, &made));
	t = g->slot->token;
	o = t != NULL ? token_object(t, h) : NULL;
	if (o == NULL)
		return ST_DESYNC;
	token_renew_handles(t, o->pair);
	leave_heir(g, &heir);
	return discard(g, t, pair.key_id, &made.key);
}
