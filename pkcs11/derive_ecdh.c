/* SPDX-License-Identifier: Apache-2.0 */
/* ECDH (PKCS#11 §6.3.17): Z comes from the card, the X9.63 KDF is ours. */
#include <string.h>

#include "card_keys.h"
#include "derive_impl.h"
#include "pubkey.h"

static status kdf_hash(CK_ULONG kdf, enum hash_alg *ret)
{
	static const struct {
		CK_ULONG kdf;
		enum hash_alg alg;
	} known[] = {
		{CKD_NULL, HASH_NONE},	       {CKD_SHA1_KDF, HASH_SHA1},
		{CKD_SHA256_KDF, HASH_SHA256}, {CKD_SHA384_KDF, HASH_SHA384},
		{CKD_SHA512_KDF, HASH_SHA512},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (known[i].kdf != kdf)
			continue;
		*ret = known[i].alg;
		return ST_OK;
	}
	return ST_MECH_PARAM;
}

/* Z is cut from its leading end; a KDF gives as much as is asked for, else one hash. */
static status choose_size(struct derive *d)
{
	const struct derive_ecdh *p = &d->ecdh;

	if (p->kdf != HASH_NONE) {
		d->size = d->want != 0 ? d->want : hash_size(p->kdf);
		return ST_OK;
	}
	if (d->want > p->z_n)
		return ST_ATTR_VALUE;
	d->size = d->want != 0 ? d->want : p->z_n;
	return ST_OK;
}

/* A point off the curve would let a peer learn a static key piece by piece: it never gets to the
 * card. */
static status check_point(struct derive *d, enum curve curve, const CK_ECDH1_DERIVE_PARAMS *given)
{
	struct bytes point = bytes_of(NULL, 0);

	TRY(derive_input(given->pPublicData, given->ulPublicDataLen, &point));
	if (point.n == 0)
		return ST_MECH_PARAM;
	status st = pubkey_point(curve, point, &d->ecdh.point);
	return st == ST_POINT_INVALID ? ST_PEER_INVALID : st;
}

status derive_ecdh_check(struct derive *d)
{
	CK_ECDH1_DERIVE_PARAMS given;
	struct derive_ecdh *p = &d->ecdh;
	enum curve curve = container_curve(&d->base.object->c);

	TRY(derive_param(d, &given, sizeof(given)));
	TRY(kdf_hash(given.kdf, &p->kdf));
	if (p->kdf == HASH_NONE && (given.pSharedData != NULL || given.ulSharedDataLen != 0))
		return ST_MECH_PARAM;
	TRY(derive_input(given.pSharedData, given.ulSharedDataLen, &p->shared));
	TRY(check_point(d, curve, &given));
	p->z_n = curve_field_size(curve);
	return choose_size(d);
}

status derive_ecdh_run(struct derive *d, uint8_t *ret)
{
	const struct derive_ecdh *p = &d->ecdh;
	struct card *card = NULL;
	struct container c;
	struct public_key peer;
	SECRET(z, EC_POINT_MAX);

	TRY(derive_card(d, &card, &c));
	pubkey_set_ec(container_curve(&c), p->point, &peer);
	status st = card_agree(card, &c, &peer, z.p, &z.n, slot_deadline(d->g->slot));
	TRY(derive_outcome(d, st == ST_POINT_INVALID ? ST_PEER_INVALID : st));
	if (z.n != p->z_n)
		return ST_DESYNC;
	if (p->kdf != HASH_NONE)
		return x963_kdf(p->kdf, bytes_of(z.p, z.n), p->shared, ret, d->size);
	memcpy(ret, z.p + z.n - d->size, d->size);
	return ST_OK;
}
