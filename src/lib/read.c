/* SPDX-License-Identifier: Apache-2.0 */
/* What can be read of a SIM: files, certificates, public keys, random bytes. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "store.h"

/* Where the caller's bytes go. */
struct out {
	uint8_t *p;
	size_t cap, *n;
};

static bool is_sane(struct out out)
{
	return out.n != NULL && (out.p != NULL || out.cap == 0);
}

static status give(struct out out, struct bytes b)
{
	return sim_give(b, out.p, out.cap, out.n);
}

/* --- files --- */

static status read_file(struct visit *v, const struct iotsafe_object *o, struct out out)
{
	uint8_t *buf ON_EXIT(mem_free_ptr) = NULL;
	size_t i = 0;

	TRY(sim_object(v, o, &i));
	struct container c = v->sim->item[i];
	if (c.kind != CONTAINER_FILE || !c.activated)
		return ST_KEY_UNUSABLE;
	buf = malloc(FILE_SIZE_MAX);
	if (buf == NULL)
		return ST_NOMEM;
	struct wtr w = wtr_on(buf, FILE_SIZE_MAX);
	TRY(card_read_file(v->card, &c, &w, v->dl));
	return give(out, wtr_bytes(&w));
}

enum iotsafe_error iotsafe_read(struct iotsafe *sim, const struct iotsafe_object *object,
				uint8_t *ret, size_t cap, size_t *ret_n)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	struct out out = {ret, cap, ret_n};
	status st = is_sane(out) ? sim_enter(sim, &v) : ST_ARG;

	if (st == ST_OK)
		st = read_file(&v, object, out);
	return sim_answer(&v, st);
}

/* --- certificates --- */

static void drop_list(struct store_list **l)
{
	if (*l != NULL)
		store_list_free(*l);
	free(*l);
}

static bool is_about(const struct store_entry *e, const uint8_t id[20],
		     const struct public_key *key, struct x509_info *ret)
{
	return e->kind == STORE_CERTIFICATE && e->has_key && memcmp(e->key, id, 20) == 0 &&
	       x509_parse(bytes_of(e->value, e->value_n), ret) == ST_OK &&
	       public_key_equal(&ret->key, key);
}

/* ST_NO_ENTRY; a store that cannot be read has nothing. */
static status give_stored(struct visit *v, const struct public_key *key, struct out out)
{
	struct store_list *l ON_EXIT(drop_list) = calloc(1, sizeof(*l));
	struct card_info info;
	struct x509_info cert;
	uint8_t id[20];

	if (l == NULL)
		return ST_NOMEM;
	TRY(card_identify(v->card, &info, v->dl));
	TRY(public_key_id(key, id));
	if (store_read(v->sim->settings.store_dir, info.iccid, l) != ST_OK)
		return ST_NO_ENTRY;
	for (size_t i = 0; i < l->count; i++)
		if (is_about(&l->item[i], id, key, &cert))
			return give(out, cert.der);
	return ST_NO_ENTRY;
}

static status give_read(struct visit *v, size_t file, struct out out)
{
	uint8_t *buf ON_EXIT(mem_free_ptr) = malloc(FILE_SIZE_MAX);
	struct x509_info cert;

	if (buf == NULL)
		return ST_NOMEM;
	TRY(public_certificate(v, file, buf, &cert));
	return give(out, cert.der);
}

static status give_from_card(struct visit *v, const struct public_key *key, struct out out)
{
	struct public_key other;

	for (size_t i = 0; i < v->sim->count; i++) {
		if (v->sim->item[i].kind != CONTAINER_FILE || !v->sim->item[i].is_certificate ||
		    !v->sim->item[i].activated)
			continue;
		status st = public_find(v, i, &other);
		if (st == ST_NO_ENTRY || (st == ST_OK && !public_key_equal(&other, key)))
			continue;
		return st == ST_OK ? give_read(v, i, out) : st;
	}
	return ST_NO_ENTRY;
}

static status certificate(struct visit *v, const struct iotsafe_object *o, struct out out)
{
	struct public_key key;
	size_t i = 0;

	TRY(sim_object(v, o, &i));
	if (v->sim->item[i].kind == CONTAINER_FILE)
		return give_read(v, i, out);
	TRY(public_find(v, i, &key));
	status st = give_stored(v, &key, out);
	return st == ST_NO_ENTRY ? give_from_card(v, &key, out) : st;
}

enum iotsafe_error iotsafe_certificate(struct iotsafe *sim, const struct iotsafe_object *object,
				       uint8_t *ret, size_t cap, size_t *ret_n)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	struct out out = {ret, cap, ret_n};
	status st = is_sane(out) ? sim_enter(sim, &v) : ST_ARG;

	if (st == ST_OK)
		st = certificate(&v, object, out);
	return sim_answer(&v, st);
}

/* --- public keys --- */

static status public_key(struct visit *v, const struct iotsafe_object *o, struct out out)
{
	uint8_t spki[IOTSAFE_SPKI_MAX];
	struct wtr w = WTR_ON(spki);
	struct public_key key;
	size_t i = 0;

	TRY(sim_object(v, o, &i));
	TRY(public_find(v, i, &key));
	TRY(public_key_spki(&key, &w));
	TRY(wtr_done(&w) == ST_OK ? ST_OK : ST_BUG);
	return give(out, wtr_bytes(&w));
}

enum iotsafe_error iotsafe_public_key(struct iotsafe *sim, const struct iotsafe_object *object,
				      uint8_t *ret, size_t cap, size_t *ret_n)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	struct out out = {ret, cap, ret_n};
	status st = is_sane(out) ? sim_enter(sim, &v) : ST_ARG;

	if (st == ST_OK)
		st = public_key(&v, object, out);
	return sim_answer(&v, st);
}

/* --- random bytes --- */

enum iotsafe_error iotsafe_random(struct iotsafe *sim, uint8_t *ret, size_t n)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	status st = ret != NULL || n == 0 ? sim_enter(sim, &v) : ST_ARG;

	if (st == ST_OK && n != 0)
		st = card_random(v.card, ret, n, v.dl);
	return sim_answer(&v, st);
}
