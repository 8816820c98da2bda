/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.2 (PKCS#11 §6.40): the PRF over secrets of this process on the host, over the card's
 * pre-shared keys on the card.
 *
 * A base key of the card is the pre-shared key itself. The master secret of plain PSK (RFC 4279)
 * and of ECDHE-PSK (RFC 5489) then comes from the same mechanisms: the premaster secret is put
 * together inside the card. Z is handed over as session object, its handle in one CK_OBJECT_HANDLE
 * that follows the mechanism's structure, within the parameter's length (iotsafe-pkcs11(7)). */
#include <stdlib.h>
#include <string.h>

#include "card_keys.h"
#include "derive_impl.h"

enum {
	SEED_PARTS_MAX = 5,
};

struct seed {
	struct bytes part[SEED_PARTS_MAX];
	size_t count;
};

static void seed_add(struct seed *s, struct bytes part)
{
	s->part[s->count++] = part;
}

static status seed_join(struct derive *d, const struct seed *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += s->part[i].n;
	if (n == 0)
		return ST_MECH_PARAM;
	d->tls12.seed = malloc(n);
	if (d->tls12.seed == NULL)
		return ST_NOMEM;
	struct wtr w = wtr_on(d->tls12.seed, n);
	for (size_t i = 0; i < s->count; i++)
		wtr_put(&w, s->part[i]);
	d->tls12.seed_n = n;
	return wtr_done(&w);
}

/* The structure, and perhaps the handle of Z behind it, which only a key of the card has a use for.
 */
static status read_param(struct derive *d, void *ret, size_t n)
{
	const uint8_t *p = d->given->pParameter;
	CK_OBJECT_HANDLE h = 0;

	if (p == NULL || d->given->ulParameterLen != n + sizeof(h))
		return derive_param(d, ret, n);
	if (!d->base.on_card)
		return ST_MECH_PARAM;
	memcpy(ret, p, n);
	memcpy(&h, p + n, sizeof(h));
	TRY(derive_secret(d, h, &d->tls12.other));
	size_t z_n = bag_get(&d->tls12.other, CKA_VALUE).n;
	if (z_n == 0 || z_n >= EC_POINT_MAX)
		return ST_MECH_PARAM;
	d->tls12.has_other = true;
	return ST_OK;
}

/* The card's PRF is of SHA-256 alone. */
static status read_hash(struct derive *d, CK_MECHANISM_TYPE type)
{
	TRY(derive_hash(type, &d->tls12.hash));
	if (d->tls12.hash == HASH_SHA1 || (d->base.on_card && d->tls12.hash != HASH_SHA256))
		return ST_MECH_PARAM;
	return ST_OK;
}

/* An RSA premaster secret begins with the client's version; those of (EC)DH and PSK do not. */
static status check_version(struct derive *d, CK_VERSION *version)
{
	CK_MECHANISM_TYPE type = d->m->type;
	bool rsa =
		type == CKM_TLS12_MASTER_KEY_DERIVE || type == CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE;

	if (version != NULL && (!rsa || d->base.on_card))
		return ST_MECH_PARAM;
	if (rsa && !d->base.on_card && d->secret.n != TLS_MASTER_SIZE)
		return ST_KEY_SIZE;
	d->tls12.version = version;
	return ST_OK;
}

static status finish_master(struct derive *d, CK_VERSION *version, const struct seed *s)
{
	d->tls12.is_master = true;
	TRY(check_version(d, version));
	TRY(derive_size_fixed(d, TLS_MASTER_SIZE));
	if (d->type != CKK_GENERIC_SECRET)
		return ST_TEMPLATE_INCONSISTENT;
	return seed_join(d, s);
}

static status read_randoms(const CK_SSL3_RANDOM_DATA *given, struct bytes *ret_client,
			   struct bytes *ret_server)
{
	TRY(derive_input(given->pClientRandom, given->ulClientRandomLen, ret_client));
	return derive_input(given->pServerRandom, given->ulServerRandomLen, ret_server);
}

status derive_master_check(struct derive *d)
{
	CK_TLS12_MASTER_KEY_DERIVE_PARAMS given;
	struct bytes client = {0}, server = {0};
	struct seed s = {0};

	TRY(read_param(d, &given, sizeof(given)));
	TRY(read_hash(d, given.prfHashMechanism));
	TRY(read_randoms(&given.RandomInfo, &client, &server));
	if (client.n != TLS_RANDOM_SIZE || server.n != TLS_RANDOM_SIZE)
		return ST_MECH_PARAM;
	seed_add(&s, BYTES_LIT("master secret"));
	seed_add(&s, client);
	seed_add(&s, server);
	return finish_master(d, given.pVersion, &s);
}

status derive_extended_check(struct derive *d)
{
	CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS given;
	struct bytes session_hash = {0};
	struct seed s = {0};

	TRY(read_param(d, &given, sizeof(given)));
	TRY(read_hash(d, given.prfHashMechanism));
	TRY(derive_input(given.pSessionHash, given.ulSessionHashLen, &session_hash));
	if (session_hash.n != hash_size(d->tls12.hash))
		return ST_MECH_PARAM;
	seed_add(&s, BYTES_LIT("extended master secret"));
	seed_add(&s, session_hash);
	return finish_master(d, given.pVersion, &s);
}

/* RFC 5705: a context has its length before it; none has not. */
status derive_kdf_check(struct derive *d)
{
	CK_TLS_KDF_PARAMS given;
	struct bytes label = {0}, client = {0}, server = {0}, context = {0};
	uint8_t context_n[2];
	struct wtr w = WTR_ON(context_n);
	struct seed s = {0};

	TRY(derive_param(d, &given, sizeof(given)));
	TRY(read_hash(d, given.prfMechanism));
	TRY(derive_input(given.pLabel, given.ulLabelLength, &label));
	TRY(read_randoms(&given.RandomInfo, &client, &server));
	TRY(derive_input(given.pContextData, given.ulContextDataLength, &context));
	if (label.n == 0 || context.n > UINT16_MAX)
		return ST_MECH_PARAM;
	wtr_u16be(&w, (uint16_t)context.n);
	seed_add(&s, label);
	seed_add(&s, client);
	seed_add(&s, server);
	if (given.pContextData != NULL) {
		seed_add(&s, wtr_bytes(&w));
		seed_add(&s, context);
	}
	TRY(derive_size_chosen(d, d->base.on_card ? DERIVE_CARD_PRF_MAX : DERIVE_SIZE_MAX));
	return seed_join(d, &s);
}

static enum card_prf_mode card_mode(const struct derive *d)
{
	if (!d->tls12.is_master)
		return CARD_PRF_GENERAL;
	return d->tls12.has_other ? CARD_PRF_PSK_ECDHE : CARD_PRF_PSK;
}

static status run_on_card(struct derive *d, uint8_t *ret)
{
	struct card *card = NULL;
	struct container c;

	TRY(derive_card(d, &card, &c));
	struct card_prf_request rq = {
		.mode = card_mode(d),
		.key = &c,
		.other = bag_get(&d->tls12.other, CKA_VALUE),
		.label_seed = bytes_of(d->tls12.seed, d->tls12.seed_n),
		.n = d->size,
	};
	return derive_outcome(d, card_prf(card, &rq, ret, slot_deadline(d->g->slot)));
}

status derive_tls12_run(struct derive *d, uint8_t *ret)
{
	if (d->base.on_card)
		return run_on_card(d, ret);
	return tls12_prf(d->tls12.hash, d->secret, bytes_of(d->tls12.seed, d->tls12.seed_n), ret,
			 d->size);
}

/* A master secret is for what TLS derives from it (§6.40.4). */
status derive_master_adorn(const struct derive *d, struct bag *b)
{
	static const CK_MECHANISM_TYPE allowed[] = {
		CKM_TLS12_KEY_AND_MAC_DERIVE,
		CKM_TLS12_KEY_SAFE_DERIVE,
		CKM_TLS_KDF,
		CKM_TLS_MAC,
		CKM_TLS12_KDF,
		CKM_TLS12_MAC,
	};

	(void)d;
	return bag_set(b, CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed));
}
