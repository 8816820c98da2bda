/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include "attr.h"
#include "login.h"
#include "pubkey.h"

static bool is_key_class(CK_OBJECT_CLASS class)
{
	return class == CKO_PRIVATE_KEY || class == CKO_PUBLIC_KEY || class == CKO_SECRET_KEY;
}

/* A private object is none to whom has not logged in. */
static status find_made(struct guard *g, CK_OBJECT_HANDLE h, struct key *ret)
{
	struct key k = {0};

	TRY(made_get(g->slot, h, &k.bag));
	k.class = bag_ulong(&k.bag, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	k.type = bag_ulong(&k.bag, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	if (!is_key_class(k.class) ||
	    (bag_bool(&k.bag, CKA_PRIVATE, false) && login_hides(g->slot))) {
		key_free(&k);
		return ST_NO_KEY;
	}
	*ret = k;
	return ST_OK;
}

static status find_on_card(struct guard *g, CK_OBJECT_HANDLE h, struct key *ret)
{
	struct token *t = NULL;

	TRY(token_get(g->slot, &t));
	struct object *o = token_object(t, h);
	if (o == NULL || !is_key_class(o->class))
		return ST_NO_KEY;
	if (token_is_private(g->slot, o) && login_hides(g->slot))
		return ST_NO_KEY;
	bool shown = false;
	TRY(token_shown(g->slot, t, o, &shown));
	if (!shown || o->handle != h) /* looking showed that another key took its place */
		return ST_NO_KEY;
	*ret = (struct key){.class = o->class,
			    .type = token_key_type(o),
			    .on_card = true,
			    .object = o,
			    .token = t};
	return ST_OK;
}

status key_find(struct guard *g, CK_OBJECT_HANDLE h, struct key *ret)
{
	status st = find_made(g, h, ret);

	return st == ST_NO_OBJECT ? find_on_card(g, h, ret) : st;
}

void key_free(struct key *k)
{
	bag_free(&k->bag);
	*k = (struct key){0};
}

status key_public(struct guard *g, struct key *k, struct public_key *ret)
{
	if (k->class != CKO_PRIVATE_KEY && k->class != CKO_PUBLIC_KEY)
		return ST_KEY_KIND;
	if (!k->on_card)
		return pubkey_from_bag(&k->bag, ret) == ST_OK ? ST_OK : ST_KEY_KIND;
	struct pair *pair = k->object->pair;
	TRY(token_key(g->slot, k->token, pair));
	if (pair->state != KEY_READ) /* perhaps only for now */
		return k->token->locked_until != 0 ? ST_SW_LOCKED : ST_KEY_KIND;
	*ret = pair->key;
	return ST_OK;
}

status key_permits(struct guard *g, struct key *k, CK_ATTRIBUTE_TYPE usage)
{
	bool yes = false;

	if (k->on_card) {
		struct attr_ctx ctx = {.slot = g->slot, .token = k->token, .object = k->object};
		TRY(attr_bool(&ctx, usage, &yes));
	} else {
		yes = bag_bool(&k->bag, usage, false);
	}
	return yes ? ST_OK : ST_KEY_FUNCTION;
}

status key_allows(const struct key *k, CK_MECHANISM_TYPE type)
{
	struct bytes list = bag_get(&k->bag, CKA_ALLOWED_MECHANISMS);

	if (list.n == 0)
		return ST_OK;
	for (size_t i = 0; i + sizeof(type) <= list.n; i += sizeof(type))
		if (bytes_equal(bytes_of(list.p + i, sizeof(type)), bytes_of(&type, sizeof(type))))
			return ST_OK;
	return ST_KEY_FUNCTION;
}
