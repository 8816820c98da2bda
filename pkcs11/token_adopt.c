/* SPDX-License-Identifier: Apache-2.0 */
/* A group's members may hold the same key in different SIMs, under other names and container ids:
 * what a client holds a handle of is found again by what it is. */
#include <string.h>

#include "log.h"
#include "mem.h"
#include "token.h"

/* A key that lasts, and that its public half tells from others. */
static bool is_identity(const struct pair *p)
{
	return p->has_priv && p->priv.activated && !p->priv.is_volatile;
}

status token_know_keys(struct slot *s, struct token *t)
{
	for (size_t i = 0; i < t->pair_count; i++)
		if (is_identity(&t->pair[i]))
			TRY(token_key(s, t, &t->pair[i]));
	return ST_OK;
}

static bool same_key(const struct pair *a, const struct pair *b)
{
	return is_identity(a) && is_identity(b) && a->state == KEY_READ && b->state == KEY_READ &&
	       public_key_equal(&a->key, &b->key);
}

static struct object *object_of(const struct token *t, const struct pair *p, CK_OBJECT_CLASS class)
{
	for (size_t i = 0; i < t->object_count; i++)
		if (t->object[i].pair == p && t->object[i].class == class)
			return &t->object[i];
	return NULL;
}

static void adopt_pair(struct token *t, struct pair *p, const struct token *old,
		       const struct pair *was)
{
	const struct object *was_priv = object_of(old, was, CKO_PRIVATE_KEY);
	const struct object *was_pub = object_of(old, was, CKO_PUBLIC_KEY);
	CK_OBJECT_HANDLE pub_handle = was_pub != NULL ? was_pub->handle : was->cert_public;
	struct object *priv = object_of(t, p, CKO_PRIVATE_KEY);
	struct object *pub = object_of(t, p, CKO_PUBLIC_KEY);

	if (priv != NULL && was_priv != NULL)
		priv->handle = was_priv->handle;
	if (pub_handle == 0)
		return;
	if (!p->has_pub)
		p->cert_public = pub_handle;
	if (pub != NULL)
		pub->handle = pub_handle;
	else if (!p->has_pub && token_add_public(t, p) != ST_OK)
		log_error("group: no room for a public key");
}

static bool adopt_keys(struct token *t, const struct token *old)
{
	bool used[CONTAINERS_MAX] = {false};
	bool any = false;

	for (size_t k = 0; k < old->pair_count; k++)
		for (size_t i = 0; i < t->pair_count && i < ARRAY_LEN(used); i++) {
			if (used[i] || !same_key(&t->pair[i], &old->pair[k]))
				continue;
			adopt_pair(t, &t->pair[i], old, &old->pair[k]);
			used[i] = any = true;
			break;
		}
	return any;
}

/* --- what is no key --- */

static struct object *nth(const struct token *t, size_t i)
{
	return i < t->object_count ? &t->object[i] : &t->extra[i - t->object_count];
}

static size_t count_of(const struct token *t)
{
	return t->object_count + t->extra_count;
}

static bool same_value(const struct object *a, const struct object *b)
{
	if (a->class != b->class || a->profile != b->profile)
		return false;
	if (a->profile != 0)
		return true;
	return a->data != NULL && b->data != NULL && a->data_n != 0 &&
	       bytes_equal(bytes_of(a->data, a->data_n), bytes_of(b->data, b->data_n));
}

/* Another certificate about the same key. */
static bool same_subject_key(const struct object *a, const struct object *b)
{
	return a->class == CKO_CERTIFICATE && b->class == CKO_CERTIFICATE && a->x509 != NULL &&
	       b->x509 != NULL && public_key_equal(&a->x509->key, &b->x509->key);
}

/* Data has no identity but its label. */
static bool same_data_label(const struct object *a, const struct object *b)
{
	return a->class == CKO_DATA && b->class == CKO_DATA && a->c.label_len != 0 &&
	       a->stored == NULL && b->stored == NULL &&
	       bytes_equal(container_label(&a->c), container_label(&b->c));
}

static const struct object *by_handle(const struct token *t, CK_OBJECT_HANDLE h)
{
	for (size_t i = 0; i < count_of(t); i++)
		if (nth(t, i)->handle == h)
			return nth(t, i);
	return NULL;
}

typedef bool (*alike_fn)(const struct object *a, const struct object *b);

/* In the order in which they count. */
static const alike_fn alikes[] = {same_value, same_subject_key, same_data_label};

static bool is_alike(const struct object *a, const struct object *b)
{
	for (size_t i = 0; i < ARRAY_LEN(alikes); i++)
		if (alikes[i](a, b))
			return true;
	return false;
}

static void adopt_others(struct token *t, const struct token *old, alike_fn alike)
{
	for (size_t i = 0; i < count_of(t); i++) {
		struct object *o = nth(t, i);
		if (o->pair != NULL && o->class != CKO_CERTIFICATE)
			continue;
		for (size_t k = 0; k < count_of(old) && by_handle(old, o->handle) == NULL; k++) {
			const struct object *was = nth(old, k);
			if (alike(o, was) && by_handle(t, was->handle) == NULL)
				o->handle = was->handle;
		}
	}
}

/* --- what was taken over before, and is not the same any more --- */

static bool is_key(const struct object *o)
{
	return o->pair != NULL && o->class != CKO_CERTIFICATE;
}

static bool means_the_same(const struct object *o, const struct object *was)
{
	if (!is_key(o))
		return is_alike(o, was);
	return is_key(was) && o->class == was->class && same_key(o->pair, was->pair);
}

/* Meanwhile the other SIM has had something else put in its place: that is now what the handle
 * names. */
static void renew_strangers(struct token *t, const struct token *old)
{
	for (size_t i = 0; i < count_of(t); i++) {
		struct object *o = nth(t, i);
		const struct object *was = by_handle(old, o->handle);
		if (was == NULL || means_the_same(o, was))
			continue;
		o->handle = token_new_handle();
		if (o->from_cert)
			o->pair->cert_public = o->handle;
	}
}

bool token_adopt(struct token *t, const struct token *old)
{
	if (!adopt_keys(t, old))
		return false;
	renew_strangers(t, old);
	for (size_t i = 0; i < ARRAY_LEN(alikes); i++)
		adopt_others(t, old, alikes[i]);
	return true;
}

status token_find_private(struct slot *s, const struct public_key *k, struct container *ret)
{
	struct token *t = NULL;

	TRY(token_get(s, &t));
	for (size_t i = 0; i < t->pair_count; i++) {
		const struct pair *p = &t->pair[i];
		if (!is_identity(p) || p->state != KEY_READ || !public_key_equal(&p->key, k))
			continue;
		*ret = p->priv;
		return ST_OK;
	}
	return ST_NO_KEY;
}
