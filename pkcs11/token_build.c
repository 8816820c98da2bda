/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "belong.h"
#include "hex.h"
#include "token.h"

CK_OBJECT_HANDLE token_new_handle(void)
{
	static _Atomic CK_OBJECT_HANDLE last;

	return atomic_fetch_add(&last, 1) + 1;
}

void token_name(const struct container *c, char ret[TOKEN_NAME_MAX])
{
	struct wtr w = wtr_on(ret, TOKEN_NAME_MAX - 1);
	struct bytes label = container_label(c);

	for (size_t i = 0; i < label.n; i++)
		wtr_u8(&w, label.p[i] < 0x20 || label.p[i] == 0x7F ? (uint8_t)'?' : label.p[i]);
	if (label.n == 0) {
		wtr_printf(&w, "%s-", container_kind_name(c->kind));
		hex_put(&w, container_id(c));
	}
	ret[w.n] = '\0';
}

static bool same_container(const struct container *a, const struct container *b)
{
	return a->kind == b->kind && bytes_equal(container_id(a), container_id(b)) &&
	       bytes_equal(container_label(a), container_label(b));
}

/* The same thing of the same card keeps its handle when the catalog is read again. */
static CK_OBJECT_HANDLE old_handle(const struct token *old, const struct container *c,
				   bool from_cert)
{
	for (size_t i = 0; old != NULL && i < old->object_count; i++) {
		const struct object *was = &old->object[i];
		if (was->from_cert == from_cert && same_container(&was->c, c))
			return was->handle;
	}
	return 0;
}

static void add(struct token *t, const struct token *old, struct object o)
{
	o.handle = old_handle(old, &o.c, false);
	if (o.handle == 0)
		o.handle = token_new_handle();
	t->object[t->object_count++] = o;
}

/* libp11 drops every key of a token when it meets one of a type that it does not know. */
static bool key_is_shown(const struct container *c)
{
	return c->key_type == KEY_RSA2048 || container_curve(c) != CURVE_NONE;
}

/* The key that was read from this container the last time; the next reading shows whether it is
 * still the same (take_key). */
static void remember_key(struct pair *p, const struct token *old)
{
	for (size_t i = 0; old != NULL && i < old->pair_count; i++) {
		const struct pair *was = &old->pair[i];
		bool same = was->has_priv == p->has_priv &&
			    same_container(p->has_priv ? &was->priv : &was->pub,
					   p->has_priv ? &p->priv : &p->pub);
		if (!same || (was->state != KEY_READ && !was->was_read))
			continue;
		memcpy(p->key_id, was->key_id, sizeof(p->key_id));
		p->was_read = true;
		return;
	}
}

/* pub: its public half, or NULL. */
static void add_private(struct token *t, const struct token *old, const struct container *c,
			const struct container *pub)
{
	struct pair *p = &t->pair[t->pair_count++];

	p->priv = *c;
	p->has_priv = true;
	p->has_pub = pub != NULL;
	if (pub != NULL)
		p->pub = *pub;
	p->cert_public = old_handle(old, c, true);
	token_name(c, p->name);
	add(t, old, (struct object){.class = CKO_PRIVATE_KEY, .c = *c, .pair = p});
}

/* Those that sign come first: clients that name no key take the first one. */
static void add_privates(struct token *t, const struct token *old, const struct catalog *cat,
			 const size_t *half, bool signing)
{
	for (size_t i = 0; i < cat->count; i++) {
		const struct container *c = &cat->item[i];
		if (c->kind == CONTAINER_PRIVATE_KEY && key_is_shown(c) &&
		    container_can_sign(c) == signing)
			add_private(t, old, c, half[i] != BELONG_NONE ? &cat->item[half[i]] : NULL);
	}
}

static bool stands_alone(const struct catalog *cat, const size_t *half, size_t pub)
{
	for (size_t i = 0; i < cat->count; i++)
		if (half[i] == pub)
			return false;
	return cat->item[pub].kind == CONTAINER_PUBLIC_KEY && key_is_shown(&cat->item[pub]);
}

static void add_lone_publics(struct token *t, const struct catalog *cat, const size_t *half)
{
	for (size_t i = 0; i < cat->count; i++) {
		if (!stands_alone(cat, half, i))
			continue;
		struct pair *p = &t->pair[t->pair_count++];
		p->pub = cat->item[i];
		p->has_pub = true;
		token_name(&p->pub, p->name);
	}
}

static void add_pairs(struct token *t, const struct token *old, const struct catalog *cat)
{
	size_t half[CONTAINERS_MAX];

	belong_pair_up(cat->item, cat->count, half);
	add_privates(t, old, cat, half, true);
	add_privates(t, old, cat, half, false);
	add_lone_publics(t, cat, half);
}

static void put_cert_public(struct token *t, struct pair *pair)
{
	t->object[t->object_count++] = (struct object){.handle = pair->cert_public,
						       .class = CKO_PUBLIC_KEY,
						       .c = pair->priv,
						       .pair = pair,
						       .from_cert = true};
}

static void add_publics(struct token *t, const struct token *old)
{
	for (size_t i = 0; i < t->pair_count; i++) {
		struct pair *p = &t->pair[i];
		if (p->has_pub && p->pub.activated) /* a public key without value is none */
			add(t, old,
			    (struct object){.class = CKO_PUBLIC_KEY, .c = p->pub, .pair = p});
		else if (!p->has_pub && p->cert_public != 0) /* somebody may hold its handle */
			put_cert_public(t, p);
	}
}

static void add_others(struct token *t, const struct token *old, const struct catalog *cat)
{
	for (size_t i = 0; i < cat->count; i++) {
		struct object o = {.c = cat->item[i]};
		if (o.c.kind == CONTAINER_FILE)
			o.class = o.c.is_certificate ? CKO_CERTIFICATE : CKO_DATA;
		else if (o.c.kind == CONTAINER_SECRET_KEY)
			o.class = CKO_SECRET_KEY;
		else
			continue;
		add(t, old, o);
	}
}

void token_forget_key(struct token *t, const struct container *priv)
{
	for (size_t i = 0; i < t->pair_count; i++) {
		struct pair *p = &t->pair[i];
		if (!p->has_priv || !same_container(&p->priv, priv))
			continue;
		p->state = KEY_UNREAD;
		p->was_read = false;
	}
}

status token_build(const struct catalog *cat, const struct token *old, struct token **ret_t)
{
	struct token *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ST_NOMEM;
	/* each container is one object, each private key perhaps one public key more */
	t->object_cap = 2 * cat->count + 1;
	t->object = calloc(t->object_cap, sizeof(t->object[0]));
	t->pair = calloc(cat->count + 1, sizeof(t->pair[0]));
	if (t->object == NULL || t->pair == NULL) {
		token_free(t);
		return ST_NOMEM;
	}
	if (old != NULL) {
		memcpy(t->generated, old->generated, sizeof(t->generated));
		t->generated_count = old->generated_count;
		t->has_hkdf = old->has_hkdf;
	}
	add_pairs(t, old, cat);
	for (size_t i = 0; i < t->pair_count; i++)
		remember_key(&t->pair[i], old);
	add_publics(t, old);
	add_others(t, old, cat);
	*ret_t = t;
	return ST_OK;
}

status token_add_public(struct token *t, struct pair *pair)
{
	for (size_t i = 0; i < t->object_count; i++)
		if (t->object[i].pair == pair && t->object[i].class == CKO_PUBLIC_KEY)
			return ST_OK;
	if (t->object_count == t->object_cap)
		return ST_BUG;
	if (pair->cert_public == 0)
		pair->cert_public = token_new_handle();
	put_cert_public(t, pair);
	return ST_OK;
}
