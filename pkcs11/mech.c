/* SPDX-License-Identifier: Apache-2.0 */
#include "mech.h"

#include <string.h>

#include "card_keys.h"
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
	if (m == NULL || m->use != MECH_SIGN)
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

static CK_KEY_TYPE key_type_of(const struct container *c)
{
	if (c->kind == CONTAINER_SECRET_KEY)
		return c->key_type == KEY_AES_CMAC ? CKK_AES : CKK_GENERIC_SECRET;
	return c->key_type == KEY_RSA2048 ? CKK_RSA : CKK_EC;
}

static status fits_signature(const struct mech *m, enum hash_alg hash, const struct container *key)
{
	static const uint8_t some_hash[HASH_MAX];
	uint8_t fitted[HASH_MAX];
	enum hash_alg announced = HASH_NONE;

	if (!container_can_sign(key) || (key->sig_algs & m->sig_bit) == 0)
		return ST_KEY_FUNCTION;
	/* ECDSA takes what can be fitted to the curve; RSA signs the hash's name too */
	if (m->key == CKK_RSA)
		return allows_hash(key, hash) ? ST_OK : ST_KEY_FUNCTION;
	struct bytes digest =
		bytes_of(some_hash, hash_size(hash != HASH_NONE ? hash : HASH_SHA256));
	status st = card_fit_digest(key, digest, &announced, fitted);
	return st == ST_OK ? ST_OK : ST_KEY_FUNCTION;
}

static bool fits_mac(const struct container *key)
{
	return key->activated && (key->functions & FUNCTION_SIGN) != 0 &&
	       (key->sig_algs == 0 || (key->sig_algs & SIG_AES_CMAC) != 0);
}

/* A secret that names no derivation forbids none: tag 94 is optional. */
static bool serves(const struct container *key, uint8_t derivation)
{
	return key->activated && (key->functions & FUNCTION_DERIVE) != 0 &&
	       (key->derivations == 0 || (key->derivations & derivation) != 0);
}

static bool agrees(const struct container *key)
{
	return key->activated && (key->functions & FUNCTION_AGREE) != 0 &&
	       container_curve(key) != CURVE_NONE;
}

static bool fits_derivation(const struct mech *m, const struct container *key)
{
	if (m->can == CAN_AGREE)
		return agrees(key);
	return serves(key, m->can == CAN_HKDF ? DERIVATION_HKDF : DERIVATION_PRF);
}

status mech_fits(const struct mech *m, enum hash_alg hash, const struct container *key)
{
	bool fits = false;

	if (key_type_of(key) != m->key)
		return ST_KEY_KIND;
	if (m->use == MECH_DERIVE)
		fits = fits_derivation(m, key);
	else if (m->use == MECH_SIGN && m->can == CAN_CMAC)
		fits = fits_mac(key);
	else if (m->use == MECH_SIGN)
		return fits_signature(m, hash, key);
	return fits ? ST_OK : ST_KEY_FUNCTION;
}

/* --- what is offered --- */

static unsigned pair_can(struct card *card, const struct container *c)
{
	struct container filled = *c; /* an empty pair is for those who generate first */
	unsigned can = 0;

	if (c->key_type == KEY_RSA2048)
		return CAN_RSA;
	if (container_curve(c) == CURVE_NONE)
		return 0;
	can = CAN_EC;
	if (c->kind != CONTAINER_PRIVATE_KEY)
		return can;
	if ((c->functions & FUNCTION_KEYGEN) != 0)
		can |= CAN_GENERATE;
	filled.activated = true;
	if (card_can_agree(card, &filled))
		can |= CAN_AGREE;
	return can;
}

static unsigned secret_can(const struct container *c)
{
	unsigned can = 0;

	if (c->key_type == KEY_AES_CMAC)
		return fits_mac(c) ? CAN_CMAC : 0;
	if (serves(c, DERIVATION_HKDF))
		can |= CAN_HKDF;
	if (serves(c, DERIVATION_PRF))
		can |= CAN_PRF | CAN_PSK;
	return can;
}

static unsigned container_can(struct card *card, const struct container *c)
{
	switch (c->kind) {
	case CONTAINER_PRIVATE_KEY:
	case CONTAINER_PUBLIC_KEY:
		return pair_can(card, c);
	case CONTAINER_SECRET_KEY:
		return secret_can(c);
	case CONTAINER_FILE:
	case CONTAINER_KINDS:
		break;
	}
	return 0;
}

static status catalog_can(struct slot *s, unsigned *ret_can)
{
	struct card *card = NULL;
	const struct catalog *cat = NULL;
	struct token *t = NULL;
	unsigned can = 0;

	TRY(token_get(s, &t)); /* also makes sure that the session's SIM is the one that is there */
	TRY(slot_card(s, &card));
	TRY(slot_outcome(s, card_catalog(card, &cat, slot_deadline(s))));
	for (size_t i = 0; i < cat->count; i++)
		can |= container_can(card, &cat->item[i]);
	if (s->refused_generation == atomic_load(&s->generation))
		can &= ~s->refused;
	*ret_can = can != 0 ? can : CAN_EC;
	return ST_OK;
}

/* Of the token that is there now. A card that cannot be read now is taken for what most are: EC. */
static status token_can(struct slot *s, unsigned *ret_can)
{
	struct card_info info;

	TRY(slot_identify(s, &info));
	if (catalog_can(s, ret_can) != ST_OK)
		*ret_can = CAN_EC;
	return ST_OK;
}

void mech_refused(struct slot *s, unsigned can)
{
	unsigned generation = atomic_load(&s->generation);

	if (s->refused_generation != generation)
		s->refused = 0;
	s->refused_generation = generation;
	s->refused |= can;
}

status mech_offered(struct slot *s, CK_MECHANISM_TYPE type, enum mech_use use,
		    const struct mech **ret_m)
{
	const struct mech *m = mech_find(type);
	unsigned can = 0;

	if (m == NULL || m->use != use)
		return ST_MECH;
	TRY(catalog_can(s, &can));
	if ((m->can & can) == 0)
		return ST_MECH;
	*ret_m = m;
	return ST_OK;
}

status mech_list(struct slot *s, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
	unsigned can = 0;
	CK_ULONG n = 0;

	if (count == NULL)
		return ST_ARG;
	TRY(token_can(s, &can));
	CK_ULONG room = *count;
	for (size_t i = 0; i < mech_table_n; i++) {
		if ((mech_table[i].can & can) == 0)
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
	unsigned can = 0;

	if (ret_info == NULL)
		return ST_ARG;
	TRY(token_can(s, &can));
	if (m == NULL || (m->can & can) == 0)
		return ST_MECH;
	*ret_info = (CK_MECHANISM_INFO){
		.ulMinKeySize = m->min_size, .ulMaxKeySize = m->max_size, .flags = m->flags};
	return ST_OK;
}
