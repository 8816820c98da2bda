/* SPDX-License-Identifier: Apache-2.0 */
/* GENERATE KEY PAIR, READ and PUT PUBLIC KEY (iotsafe-protocol.md §§10.7 to 10.9). */
#include "applet.h"

#include <string.h>

#include "key.h"

enum { P1_LAST = 0x80 };

static uint16_t pair_permits(const struct applet_call *c, const struct object *priv,
			     const struct object *pub)
{
	uint8_t access = applet_config(c)->keygen_needs_read ? ACCESS_READ : 0;
	if (!pub || pub->type != priv->type)
		return SW_CONDITIONS;
	TRY_SW(applet_permits(c, priv, 0, FUNCTION_KEYGEN, false));
	TRY_SW(applet_permits(c, pub, access, FUNCTION_KEYGEN, false));
	bool in_use =
		session_uses(&c->uicc->sessions, priv) || session_uses(&c->uicc->sessions, pub);
	return in_use ? SW_CONDITIONS : SW_OK;
}

static bool id_free(struct store *s, enum object_kind kind, const uint8_t *id, size_t n)
{
	return !store_find_id(s, kind, bytes_of(id, n));
}

/* The ids that the pair had, counted up in their last byte until both are free (§20 row 19). */
static void renumber(struct store *s, struct object *priv, struct object *pub)
{
	uint8_t one[CONTAINER_ID_MAX], other[CONTAINER_ID_MAX];
	memcpy(one, priv->id, sizeof(one));
	memcpy(other, pub->id, sizeof(other));
	for (unsigned step = 1; step < 0x100; step++) {
		one[priv->id_len - 1]++;
		other[pub->id_len - 1]++;
		if (!id_free(s, OBJECT_PRIVATE, one, priv->id_len) ||
		    !id_free(s, OBJECT_PUBLIC, other, pub->id_len))
			continue;
		memcpy(priv->id, one, sizeof(one));
		memcpy(pub->id, other, sizeof(other));
		return;
	}
}

uint16_t applet_keys_generate(struct applet_call *c)
{
	struct object *priv = c->object[OBJECT_PRIVATE];
	struct object *pub = store_public_of(c->uicc->store, priv);
	struct wtr *w = &c->out->data;
	EVP_PKEY *key, *half;
	TRY_SW(pair_permits(c, priv, pub));
	if (key_generate(priv->type, &key) != ST_OK)
		return SW_OTHER;
	if (key_public_half(key, &half) != ST_OK) {
		EVP_PKEY_free(key);
		return SW_OTHER;
	}
	object_set_key(priv, key);
	object_set_key(pub, half);
	if (applet_config(c)->keygen_new_ids)
		renumber(c->uicc->store, priv, pub);
	c->uicc->dirty = true;
	unsigned answer = applet_config(c)->keygen_answer;
	if (answer == KEYGEN_ANSWER_NONE)
		return SW_OK;
	if (answer == KEYGEN_ANSWER_FULL) {
		tlv_put(w, 0x84, object_id(priv));
		tlv_put(w, 0x85, object_id(pub));
	}
	return key_public_tlv(half, w) == ST_OK ? SW_OK : SW_OTHER;
}

uint16_t applet_keys_read_public(struct applet_call *c)
{
	const struct object *o = c->object[OBJECT_PUBLIC];
	struct wtr *w = &c->out->data;
	TRY_SW(applet_permits(c, o, ACCESS_READ, 0, true));
	bool bare = applet_config(c)->bare_point && o->type != KEY_RSA_2048;
	status st = bare ? key_public_point(o->key, w) : key_public_tlv(o->key, w);
	return st == ST_OK ? SW_OK : SW_OTHER;
}

uint16_t applet_keys_put_init(struct applet_call *c)
{
	struct session *s;
	TRY_SW(applet_permits(c, c->object[OBJECT_PUBLIC], ACCESS_UPDATE, 0, false));
	return applet_session_open(c, FAMILY_PUT_KEY, c->object[OBJECT_PUBLIC], &s);
}

uint16_t applet_keys_put_update(struct applet_call *c)
{
	struct session *s;
	struct object *o;
	EVP_PKEY *key = NULL;
	TRY_SW(applet_session_use(c, FAMILY_PUT_KEY, &s, &o));
	if (session_add(s, c->tlv.value[TLV_PUBLIC_DATA]) != ST_OK)
		return SW_DATA;
	if (!(c->apdu->p1 & P1_LAST))
		return SW_OK;
	status st = key_from_template(o->type, bytes_of(s->data, s->data_len), &key);
	s->data_len = 0;
	if (st != ST_OK)
		return SW_DATA;
	object_set_key(o, key);
	c->uicc->dirty = true;
	s->state = SESSION_DONE;
	return SW_OK;
}

uint16_t applet_keys_put_close(struct applet_call *c)
{
	return applet_session_close(c, FAMILY_PUT_KEY);
}

/* --- sessions, for all three families --- */

uint16_t applet_session_open(struct applet_call *c, enum session_family family,
			     const struct object *o, struct session **ret_session)
{
	const struct traits *config = applet_config(c);
	struct session_table *t = &c->uicc->sessions;
	unsigned channel = c->apdu->channel;
	struct session *s = session_find(t, channel, family, c->apdu->p2);
	if (s && s->state == SESSION_OPEN && !config->lenient_init)
		return (uint16_t)config->sw_busy;
	s = session_open(t, channel, family, c->apdu->p2, config->sessions);
	if (!s)
		return (uint16_t)config->sw_full;
	s->kind = o->kind;
	memcpy(s->id, o->id, o->id_len);
	s->id_len = o->id_len;
	*ret_session = s;
	return SW_OK;
}

uint16_t applet_session_use(struct applet_call *c, enum session_family family,
			    struct session **ret_session, struct object **ret_object)
{
	struct session *s = session_find(&c->uicc->sessions, c->apdu->channel, family, c->apdu->p2);
	if (!s || s->state != SESSION_OPEN)
		return SW_CONDITIONS;
	struct object *o = store_find_id(c->uicc->store, s->kind, bytes_of(s->id, s->id_len));
	if (!o)
		return SW_CONDITIONS;
	*ret_session = s;
	*ret_object = o;
	return SW_OK;
}

uint16_t applet_session_close(struct applet_call *c, enum session_family family)
{
	struct session *s = session_find(&c->uicc->sessions, c->apdu->channel, family, c->apdu->p2);
	if (s)
		session_close(s);
	return SW_OK;
}
