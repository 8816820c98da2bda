/* SPDX-License-Identifier: Apache-2.0 */
#include "belong.h"

#include "mem.h"

/* --- names --- */

static bool label_equal(const struct container *a, const struct container *b)
{
	return a->label_len != 0 && bytes_equal(container_label(a), container_label(b));
}

static bool id_equal(const struct container *a, const struct container *b)
{
	return a->id_len != 0 && bytes_equal(container_id(a), container_id(b));
}

static bool both_equal(const struct container *a, const struct container *b)
{
	return label_equal(a, b) && id_equal(a, b);
}

bool belong_named(const struct container *a, const struct container *b)
{
	return label_equal(a, b) || id_equal(a, b);
}

/* --- pairs of containers --- */

typedef bool (*alike_fn)(const struct container *a, const struct container *b);

static bool is_half(const size_t *half, size_t n, size_t pub)
{
	for (size_t i = 0; i < n; i++)
		if (half[i] == pub)
			return true;
	return false;
}

/* To one that signs, or to one that does not. */
static bool attach(const struct container *item, size_t n, size_t pub, alike_fn alike, bool signing,
		   size_t *half)
{
	for (size_t i = 0; i < n; i++) {
		const struct container *c = &item[i];

		if (c->kind != CONTAINER_PRIVATE_KEY || half[i] != BELONG_NONE ||
		    container_can_sign(c) != signing || c->key_type != item[pub].key_type ||
		    c->is_volatile != item[pub].is_volatile || !alike(c, &item[pub]))
			continue;
		half[i] = pub;
		return true;
	}
	return false;
}

void belong_pair_up(const struct container *item, size_t n, size_t *ret_half)
{
	static const alike_fn ways[] = {both_equal, label_equal, id_equal};

	for (size_t i = 0; i < n; i++)
		ret_half[i] = BELONG_NONE;
	for (size_t w = 0; w < ARRAY_LEN(ways); w++)
		for (size_t i = 0; i < n; i++)
			if (item[i].kind == CONTAINER_PUBLIC_KEY && !is_half(ret_half, n, i) &&
			    !attach(item, n, i, ways[w], true, ret_half))
				(void)attach(item, n, i, ways[w], false, ret_half);
}

/* --- certificates --- */

void belong_add_certificate(struct belong *b, const struct container *file,
			    const struct public_key *key, bool is_ca)
{
	if (b->cert_count < ARRAY_LEN(b->cert))
		b->cert[b->cert_count++] = (struct belong_certificate){file, key, is_ca};
}

void belong_add_key(struct belong *b, const struct container *c, const struct public_key *key)
{
	if (b->other_count < ARRAY_LEN(b->other))
		b->other[b->other_count++] = (struct belong_key){c, key};
}

bool belong_fits(const struct public_key *k, const struct container *priv)
{
	if (priv->key_type == KEY_RSA2048)
		return k->kind == PUBLIC_RSA;
	return k->kind == PUBLIC_EC && k->curve == container_curve(priv);
}

bool belong_is_rival(const struct container *priv, const struct container *other)
{
	return other->kind == CONTAINER_PRIVATE_KEY && other->activated && !other->is_volatile &&
	       other->key_type == priv->key_type;
}

const struct public_key *belong_by_name(const struct belong *b, const struct container *priv)
{
	for (size_t i = 0; i < b->cert_count; i++)
		if (belong_fits(b->cert[i].key, priv) && belong_named(b->cert[i].file, priv))
			return b->cert[i].key;
	return NULL;
}

static bool is_taken(const struct belong *b, const struct belong_certificate *cert)
{
	for (size_t i = 0; i < b->other_count; i++)
		if (b->other[i].key && public_key_equal(b->other[i].key, cert->key))
			return true;
	return cert->is_ca;
}

const struct public_key *belong_left(const struct belong *b, const struct container *priv)
{
	const struct public_key *only = NULL;

	for (size_t i = 0; i < b->other_count; i++)
		if (belong_is_rival(priv, b->other[i].c) && !b->other[i].key)
			return NULL; /* two are left: nobody can tell */
	for (size_t i = 0; i < b->cert_count; i++) {
		if (!belong_fits(b->cert[i].key, priv) || is_taken(b, &b->cert[i]))
			continue;
		if (only)
			return NULL;
		only = b->cert[i].key;
	}
	return only;
}
