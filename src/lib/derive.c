/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that the SIM computes and gives out: ECDH, HKDF, the PRF of TLS 1.2. */
#include <string.h>

#include "card_keys.h"
#include "kdf.h"
#include "sim.h"

static status key_of(struct visit *v, const struct iotsafe_object *o, enum container_kind kind,
		     struct container *ret)
{
	size_t i = 0;

	TRY(sim_object(v, o, &i));
	if (v->sim->item[i].kind != kind)
		return ST_KEY_KIND;
	*ret = v->sim->item[i];
	return ST_OK;
}

/* --- ECDH --- */

/* A point off the curve would let a peer learn a static key piece by piece. */
static status make_peer(enum curve curve, struct bytes point, struct public_key *ret)
{
	status st = curve_check_point(curve, point);

	if (st != ST_OK)
		return st == ST_POINT_INVALID ? ST_PEER_INVALID : st;
	*ret = (struct public_key){.kind = PUBLIC_EC, .curve = curve, .point_len = point.n};
	memcpy(ret->point, point.p, point.n);
	return ST_OK;
}

static status agree(struct visit *v, const struct iotsafe_object *o, struct bytes point, size_t cap,
		    size_t *ret_n, struct secret_view *z)
{
	struct container key;
	struct public_key peer;

	TRY(key_of(v, o, CONTAINER_PRIVATE_KEY, &key));
	enum curve curve = container_curve(&key);
	if (curve == CURVE_NONE)
		return ST_KEY_KIND;
	TRY(make_peer(curve, point, &peer));
	if (cap < curve_field_size(curve)) {
		*ret_n = curve_field_size(curve);
		return ST_SHORT_OUT;
	}
	return card_agree(v->card, &key, &peer, z->p, &z->n, v->dl);
}

enum iotsafe_error iotsafe_agree(struct iotsafe *sim, const struct iotsafe_object *object,
				 const uint8_t *peer, size_t peer_n, uint8_t *ret_secret,
				 size_t cap, size_t *ret_n)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	SECRET(z, EC_POINT_MAX);
	bool sane = peer != NULL && ret_n != NULL && (ret_secret != NULL || cap == 0);
	status st = sane ? sim_enter(sim, &v) : ST_ARG;

	if (st == ST_OK)
		st = agree(&v, object, bytes_of(peer, peer_n), cap, ret_n, &z);
	if (st == ST_OK)
		st = sim_give(bytes_of(z.p, z.n), ret_secret, cap, ret_n);
	return sim_answer(&v, st);
}

/* --- HKDF --- */

struct hkdf {
	enum hash_alg alg;
	struct bytes salt, info;
};

static status hash_of(enum iotsafe_hash hash, enum hash_alg *ret)
{
	static const enum hash_alg algs[] = {
		[IOTSAFE_SHA256] = HASH_SHA256,
		[IOTSAFE_SHA384] = HASH_SHA384,
		[IOTSAFE_SHA512] = HASH_SHA512,
	};

	if ((unsigned)hash >= ARRAY_LEN(algs) || algs[hash] == HASH_NONE)
		return ST_ARG;
	*ret = algs[hash];
	return ST_OK;
}

/* HMAC's block: what is longer is hashed by it anyway, and so fits one command. */
static size_t block_size(enum hash_alg alg)
{
	return alg == HASH_SHA256 ? 64 : 128;
}

static status hkdf(struct visit *v, const struct iotsafe_object *o, struct hkdf h, uint8_t *ret,
		   size_t n)
{
	struct container key;
	SECRET(prk, HASH_MAX);
	SECRET(hashed, HASH_MAX);

	if (n == 0 || n > 255 * hash_size(h.alg))
		return ST_DATA_LEN;
	TRY(key_of(v, o, CONTAINER_SECRET_KEY, &key));
	if (h.salt.n > block_size(h.alg)) {
		TRY(hash_once(h.alg, h.salt, hashed.p));
		h.salt = bytes_of(hashed.p, hash_size(h.alg));
	}
	TRY(card_hkdf_extract(v->card, &key, h.alg, h.salt, prk.p, v->dl));
	return hkdf_expand(h.alg, bytes_of(prk.p, hash_size(h.alg)), h.info, ret, n);
}

enum iotsafe_error iotsafe_hkdf(struct iotsafe *sim, const struct iotsafe_object *object,
				enum iotsafe_hash hash, const uint8_t *salt, size_t salt_n,
				const uint8_t *info, size_t info_n, uint8_t *ret, size_t n)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	struct hkdf h = {.salt = bytes_of(salt, salt_n), .info = bytes_of(info, info_n)};
	bool sane = (salt != NULL || salt_n == 0) && (info != NULL || info_n == 0) && ret != NULL;
	status st = sane ? hash_of(hash, &h.alg) : ST_ARG;

	if (st == ST_OK)
		st = sim_enter(sim, &v);
	if (st == ST_OK)
		st = hkdf(&v, object, h, ret, n);
	return sim_answer(&v, st);
}

/* --- PRF --- */

static status mode_of(enum iotsafe_prf prf, enum card_prf_mode *ret)
{
	switch (prf) {
	case IOTSAFE_PRF_KEY:
		*ret = CARD_PRF_GENERAL;
		return ST_OK;
	case IOTSAFE_PRF_PSK:
		*ret = CARD_PRF_PSK;
		return ST_OK;
	case IOTSAFE_PRF_ECDHE_PSK:
		*ret = CARD_PRF_PSK_ECDHE;
		return ST_OK;
	}
	return ST_ARG;
}

static status prf(struct visit *v, const struct iotsafe_object *o, struct card_prf_request *rq,
		  uint8_t *ret)
{
	struct container key;

	TRY(key_of(v, o, CONTAINER_SECRET_KEY, &key));
	rq->key = &key;
	status st = card_prf(v->card, rq, ret, v->dl);
	rq->key = NULL;
	return st == ST_ARG ? ST_DATA_LEN : st;
}

enum iotsafe_error iotsafe_prf(struct iotsafe *sim, const struct iotsafe_object *object,
			       enum iotsafe_prf mode, const uint8_t *other, size_t other_n,
			       const uint8_t *seed, size_t seed_n, uint8_t *ret, size_t n)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	struct card_prf_request rq = {
		.other = bytes_of(other, other_n), .label_seed = bytes_of(seed, seed_n), .n = n};
	bool wants_other = mode == IOTSAFE_PRF_ECDHE_PSK;
	bool sane = seed != NULL && ret != NULL && wants_other == (other != NULL) &&
		    wants_other == (other_n != 0);
	status st = sane ? mode_of(mode, &rq.mode) : ST_ARG;

	if (st == ST_OK)
		st = sim_enter(sim, &v);
	if (st == ST_OK)
		st = prf(&v, object, &rq, ret);
	return sim_answer(&v, st);
}
