/* SPDX-License-Identifier: Apache-2.0 */
#include "mech.h"

#include <string.h>

#include "token.h"

const struct mech *mech_find(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < mech_table_n; i++)
		if (mech_table[i].type == type)
			return &mech_table[i];
	return NULL;
}

status mech_check(const CK_MECHANISM *given, const struct mech **ret_m,
		  struct mech_param *ret_param)
{
	if (given == NULL)
		return ST_ARG;
	const struct mech *m = mech_find(given->mechanism);
	if (m == NULL)
		return ST_MECH;
	TRY(m->param(m, given, ret_param));
	*ret_m = m;
	return ST_OK;
}

/* A card that names no hash forbids none. */
static bool allows_hash(const struct container *priv, enum hash_alg hash)
{
	if (priv->hash_algs == 0)
		return hash != HASH_SHA1;
	switch (hash) {
	case HASH_NONE:
		return true;
	case HASH_SHA256:
		return (priv->hash_algs & CARD_SHA256) != 0;
	case HASH_SHA384:
		return (priv->hash_algs & CARD_SHA384) != 0;
	case HASH_SHA512:
		return (priv->hash_algs & CARD_SHA512) != 0;
	case HASH_SHA1:
		break;
	}
	return false;
}

status mech_fits(const struct mech *m, enum hash_alg hash, const struct container *priv)
{
	static const uint8_t some_hash[HASH_MAX];
	uint8_t fitted[HASH_MAX];
	enum hash_alg announced = HASH_NONE;
	CK_KEY_TYPE key = priv->key_type == KEY_RSA2048 ? CKK_RSA : CKK_EC;

	if (key != m->key)
		return ST_KEY_KIND;
	if (!token_can_sign(priv) || (priv->sig_algs & m->sig_bit) == 0)
		return ST_KEY_FUNCTION;
	/* ECDSA takes what can be fitted to the curve; RSA signs the hash's name too */
	if (key == CKK_RSA)
		return allows_hash(priv, hash) ? ST_OK : ST_KEY_FUNCTION;
	struct bytes digest =
		bytes_of(some_hash, hash_size(hash != HASH_NONE ? hash : HASH_SHA256));
	status st = card_fit_digest(priv, digest, &announced, fitted);
	return st == ST_OK ? ST_OK : ST_KEY_FUNCTION;
}

struct kinds {
	bool ec, rsa;
};

/* The kinds of keys on the token. A card that cannot be read now is taken for what most are: EC. */
static status kinds_of(struct slot *s, struct kinds *ret_kinds)
{
	struct card_info info;
	struct token *t = NULL;

	TRY(slot_identify(s, &info));
	*ret_kinds = (struct kinds){.ec = true};
	if (token_get(s, &t) != ST_OK)
		return ST_OK;
	for (size_t i = 0; i < t->pair_count; i++) {
		const struct pair *p = &t->pair[i];
		const struct container *c = p->has_priv ? &p->priv : &p->pub;
		ret_kinds->rsa = ret_kinds->rsa || c->key_type == KEY_RSA2048;
	}
	return ST_OK;
}

static bool offered(const struct mech *m, struct kinds kinds)
{
	return m->key == CKK_RSA ? kinds.rsa : kinds.ec;
}

status mech_list(struct slot *s, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
	struct kinds kinds = {0};
	CK_ULONG n = 0;

	if (count == NULL)
		return ST_ARG;
	TRY(kinds_of(s, &kinds));
	CK_ULONG room = *count;
	for (size_t i = 0; i < mech_table_n; i++) {
		if (!offered(&mech_table[i], kinds))
			continue;
		if (list != NULL && n < room)
			list[n] = mech_table[i].type;
		n++;
	}
	*count = n;
	return list != NULL && room < n ? ST_SHORT_OUT : ST_OK;
}

status mech_info(struct slot *s, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *ret_info)
{
	const struct mech *m = mech_find(type);
	struct kinds kinds = {0};

	if (ret_info == NULL)
		return ST_ARG;
	TRY(kinds_of(s, &kinds));
	if (m == NULL || !offered(m, kinds))
		return ST_MECH;
	*ret_info = (CK_MECHANISM_INFO){
		.ulMinKeySize = m->min_bits, .ulMaxKeySize = m->max_bits, .flags = m->flags};
	return ST_OK;
}
