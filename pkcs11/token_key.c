/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lib.h"
#include "login.h"
#include "token.h"

bool token_is_private(struct slot *s, const struct object *o)
{
	if (o->stored != NULL || o->profile != 0) /* of the host, which has no PIN */
		return false;
	if (o->class == CKO_PUBLIC_KEY) /* perhaps told by a certificate, with the private key's */
		return !o->from_cert && login_wants(s, &o->c);
	return login_wants(s, &o->c);
}

/* A secret of PRF and HKDF is just bytes to Cryptoki. */
CK_KEY_TYPE token_key_type(const struct object *o)
{
	if (o->class == CKO_SECRET_KEY)
		return o->c.key_type == KEY_AES_CMAC ? CKK_AES : CKK_GENERIC_SECRET;
	return o->c.key_type == KEY_RSA2048 ? CKK_RSA : CKK_EC;
}

/* --- names --- */

const struct store_entry *token_find_entry(const struct store_list *l, enum store_kind kind,
					   const uint8_t key[20])
{
	for (size_t i = 0; l != NULL && i < l->count; i++)
		if (l->item[i].kind == kind && memcmp(l->item[i].key, key, 20) == 0)
			return &l->item[i];
	return NULL;
}

bool token_has_entry(const struct token *t, enum store_kind kind)
{
	for (size_t i = 0; t->store != NULL && i < t->store->count; i++)
		if (t->store->item[i].kind == kind)
			return true;
	return false;
}

bool token_has_names(const struct token *t)
{
	return token_has_entry(t, STORE_KEY_NAME);
}

const struct store_entry *token_key_entry(const struct token *t, enum store_kind kind,
					  const uint8_t key[20])
{
	return token_find_entry(t->store, kind, key);
}

void token_name_pair(const struct token *t, struct pair *pair)
{
	token_name(pair->has_priv ? &pair->priv : &pair->pub, pair->name);
	memcpy(pair->id, pair->key_id, sizeof(pair->key_id));
	pair->id_n = sizeof(pair->key_id);
	const struct store_entry *e = token_key_entry(t, STORE_KEY_NAME, pair->key_id);
	if (e != NULL && e->label[0] != '\0')
		snprintf(pair->name, sizeof(pair->name), "%s", e->label);
	if (e != NULL && e->id_n != 0) {
		memcpy(pair->id, e->id, e->id_n);
		pair->id_n = e->id_n;
	}
}

/* --- keys that were made through us --- */

status token_note_generated(struct token *t, const struct public_key *k)
{
	uint8_t id[20];

	TRY(public_key_id(k, id));
	memcpy(t->generated[t->generated_count++ % TOKEN_GENERATED_MAX], id, sizeof(id));
	return ST_OK;
}

static bool is_generated(const struct token *t, const struct pair *pair)
{
	const struct store_entry *e = token_key_entry(t, STORE_KEY_NAME, pair->key_id);

	for (size_t i = 0; i < t->generated_count && i < TOKEN_GENERATED_MAX; i++)
		if (memcmp(t->generated[i], pair->key_id, sizeof(t->generated[i])) == 0)
			return true;
	return e != NULL && e->generated;
}

static bool any_generated(const struct token *t)
{
	for (size_t i = 0; t->store != NULL && i < t->store->count; i++)
		if (t->store->item[i].generated)
			return true;
	return t->generated_count != 0;
}

bool token_can_generate(const struct pair *p)
{
	return p->has_priv && p->has_pub && container_curve(&p->priv) != CURVE_NONE &&
	       (p->priv.functions & p->pub.functions & FUNCTION_KEYGEN) != 0;
}

status token_was_generated(struct slot *s, struct token *t, struct pair *pair, bool *ret)
{
	*ret = false;
	if (!token_can_generate(pair) || !any_generated(t)) /* without a look at the card */
		return ST_OK;
	TRY(token_key(s, t, pair));
	*ret = pair->state == KEY_READ && pair->is_own && is_generated(t, pair);
	return ST_OK;
}

status token_is_discarded(struct slot *s, struct token *t, struct pair *pair, bool *ret)
{
	bool gone = false;

	if (token_can_generate(pair) && token_has_entry(t, STORE_KEY_DISCARDED)) {
		TRY(token_key(s, t, pair));
		gone = pair->state == KEY_READ && pair->is_own &&
		       token_key_entry(t, STORE_KEY_DISCARDED, pair->key_id) != NULL;
	}
	*ret = pair->discarded = gone;
	return ST_OK;
}

static status is_store_writable(struct slot *s, struct token *t, bool *ret)
{
	const char *iccid = NULL;

	TRY(token_iccid(s, t, &iccid));
	*ret = iccid[0] != '\0' && store_writable(lib_settings()->store_dir, iccid);
	return ST_OK;
}

status token_key_modifiable(struct slot *s, struct token *t, struct pair *pair, bool *ret)
{
	TRY(token_was_generated(s, t, pair, ret));
	return *ret ? is_store_writable(s, t, ret) : ST_OK;
}

status token_key_destroyable(struct slot *s, struct token *t, struct pair *pair, bool *ret)
{
	if (!token_can_generate(pair) || !pair->priv.activated || !pair->priv.is_volatile)
		return token_key_modifiable(s, t, pair, ret);
	*ret = false;
	TRY(token_key(s, t, pair));
	if (pair->state != KEY_READ || !pair->is_own)
		return ST_OK;
	return is_store_writable(s, t, ret);
}

void token_renew_handles(struct token *t, const struct pair *pair)
{
	for (size_t i = 0; i < t->object_count; i++)
		if (t->object[i].pair == pair &&
		    (t->object[i].class == CKO_PRIVATE_KEY || t->object[i].class == CKO_PUBLIC_KEY))
			t->object[i].handle = token_new_handle();
}
