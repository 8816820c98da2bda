/* SPDX-License-Identifier: Apache-2.0 */
/* HKDF (PKCS#11 §6.62). The card extracts from its own secrets; the pseudorandom key that it
 * answers is in this process from then on, so that expanding is always the host's. */
#include <string.h>

#include "card_keys.h"
#include "derive_impl.h"

/* HMAC hashes a key that is longer than a block of its hash by itself. */
static size_t block_size(enum hash_alg alg)
{
	return alg == HASH_SHA384 || alg == HASH_SHA512 ? 128 : 64;
}

static status read_salt(struct derive *d, const CK_HKDF_PARAMS *given)
{
	struct derive_hkdf *p = &d->hkdf;

	switch (given->ulSaltType) {
	case CKF_HKDF_SALT_NULL:
		return ST_OK;
	case CKF_HKDF_SALT_DATA:
		return derive_input(given->pSalt, given->ulSaltLen, &p->salt);
	case CKF_HKDF_SALT_KEY:
		TRY(derive_secret(d, given->hSaltKey, &p->salt_key));
		p->salt = bag_get(&p->salt_key, CKA_VALUE);
		return ST_OK;
	default:
		return ST_MECH_PARAM;
	}
}

static status read_flag(CK_BBOOL given, bool *ret)
{
	*ret = given == CK_TRUE;
	return given == CK_TRUE || given == CK_FALSE ? ST_OK : ST_MECH_PARAM;
}

static status read_param(struct derive *d)
{
	struct derive_hkdf *p = &d->hkdf;
	CK_HKDF_PARAMS given;

	TRY(derive_param(d, &given, sizeof(given)));
	TRY(read_flag(given.bExtract, &p->extract));
	TRY(read_flag(given.bExpand, &p->expand));
	if (!p->extract && !p->expand)
		return ST_MECH_PARAM;
	TRY(derive_hash(given.prfHashMechanism, &p->hash));
	if (p->extract)
		TRY(read_salt(d, &given));
	if (p->expand)
		TRY(derive_input(given.pInfo, given.ulInfoLen, &p->info));
	return ST_OK;
}

/* A secret of the card is no pseudorandom key that could be expanded here: it does not come out,
 * and the card has no command that expands. A data object is extracted from, with a salt (§6.62.3);
 * more it is not good for. */
static status check_base(const struct derive *d)
{
	const struct derive_hkdf *p = &d->hkdf;

	if (d->base.on_card) {
		if (!p->extract)
			return ST_KEY_FUNCTION;
		return p->hash != HASH_SHA1 ? ST_OK : ST_MECH_PARAM;
	}
	if (d->base.class == CKO_DATA && (!p->extract || p->salt.n == 0))
		return ST_KEY_KIND;
	if (!p->extract && d->secret.n < hash_size(p->hash))
		return ST_KEY_SIZE;
	return ST_OK;
}

/* What may come out as readable data from a secret that must not: initialisation vectors, which
 * are no secrets, named so by the TLS and QUIC labels (HKDF TLS Token profile; RFC 8446 §7.1). */
static bool is_iv_label(const struct derive *d)
{
	static const char *const labels[] = {"tls iv", "tls quic iv", "tls13 iv", "tls13 quic iv",
					     "quic iv"};
	struct rdr r = rdr_of(d->hkdf.info);
	struct bytes label = {0};
	uint16_t n = 0;
	uint8_t label_n = 0, last = 1;

	if (rdr_u16be(&r, &n) != ST_OK || n != d->size)
		return false;
	struct bytes bare = rdr_rest(&r);
	bool prefixed = rdr_u8(&r, &label_n) == ST_OK && rdr_take(&r, label_n, &label) == ST_OK &&
			rdr_u8(&r, &last) == ST_OK && last == 0 && r.n == 0;
	if (!prefixed)
		label = bytes_of(bare.p, bare.n > 0 && bare.p[bare.n - 1] == 0 ? bare.n - 1 : 0);
	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		if (bytes_equal(label, bytes_str(labels[i])))
			return true;
	return false;
}

static bool is_closed(const struct bag *key)
{
	return bag_bool(key, CKA_SENSITIVE, false) || !bag_bool(key, CKA_EXTRACTABLE, true);
}

static status check_disclosure(const struct derive *d)
{
	bool closed = is_closed(&d->base.bag) || is_closed(&d->hkdf.salt_key);

	if (d->class != CKO_DATA || !closed)
		return ST_OK;
	return d->hkdf.expand && is_iv_label(d) ? ST_OK : ST_MECH_PARAM;
}

status derive_hkdf_check(struct derive *d)
{
	struct derive_hkdf *p = &d->hkdf;

	TRY(read_param(d));
	TRY(check_base(d));
	if (p->expand)
		TRY(derive_size_chosen(d, 255 * hash_size(p->hash)));
	else
		TRY(derive_size_fixed(d, hash_size(p->hash)));
	return check_disclosure(d);
}

static status extract_on_card(struct derive *d, struct secret_view *prk)
{
	const struct derive_hkdf *p = &d->hkdf;
	struct bytes salt = p->salt;
	struct card *card = NULL;
	struct container c;
	SECRET(hashed, HASH_MAX);

	if (salt.n > block_size(p->hash)) { /* the same to HMAC, and it fits one APDU */
		TRY(hash_once(p->hash, salt, hashed.p));
		salt = bytes_of(hashed.p, hash_size(p->hash));
	}
	TRY(derive_card(d, &card, &c));
	return derive_outcome(
		d, card_hkdf_extract(card, &c, p->hash, salt, prk->p, slot_deadline(d->g->slot)));
}

static status extract(struct derive *d, struct secret_view *prk)
{
	prk->n = hash_size(d->hkdf.hash);
	if (d->base.on_card)
		return extract_on_card(d, prk);
	return hkdf_extract(d->hkdf.hash, d->hkdf.salt, d->secret, prk->p);
}

status derive_hkdf_run(struct derive *d, uint8_t *ret)
{
	const struct derive_hkdf *p = &d->hkdf;
	struct bytes key = d->secret;
	SECRET(prk, HASH_MAX);

	if (p->extract) {
		TRY(extract(d, &prk));
		key = bytes_of(prk.p, prk.n);
	}
	if (p->expand)
		return hkdf_expand(p->hash, key, p->info, ret, d->size);
	memcpy(ret, key.p, d->size);
	return ST_OK;
}
