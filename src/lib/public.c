/* SPDX-License-Identifier: Apache-2.0 */
/* The public half of a private key: that of its pair's container, or that of a certificate, as
 * core/belong.h has it. */
#include <stdlib.h>
#include <string.h>

#include "belong.h"
#include "sim.h"

/* --- pairs --- */

void public_pair_up(struct iotsafe *sim)
{
	size_t half[CONTAINERS_MAX];

	belong_pair_up(sim->item, sim->count, half);
	for (size_t i = 0; i < sim->count; i++) {
		sim->public[i].has_half = half[i] != BELONG_NONE;
		sim->public[i].half = half[i];
	}
}

/* --- certificates --- */

/* In place: DER is shorter than the PEM that it comes from. */
static status from_pem(uint8_t *buf, size_t *n)
{
	uint8_t *der ON_EXIT(mem_free_ptr) = malloc(FILE_SIZE_MAX);
	struct wtr w = wtr_on(der, FILE_SIZE_MAX);

	if (!bytes_start_with(bytes_of(buf, *n), BYTES_LIT("-----BEGIN")))
		return ST_OK;
	if (der == NULL)
		return ST_NOMEM;
	TRY(x509_from_pem(bytes_of(buf, *n), &w));
	memcpy(buf, der, w.n);
	*n = w.n;
	return ST_OK;
}

static status read_once(struct visit *v, const struct container *c, uint8_t *buf,
			struct x509_info *ret)
{
	struct wtr w = wtr_on(buf, FILE_SIZE_MAX);

	TRY(card_read_file(v->card, c, &w, v->dl));
	TRY(from_pem(buf, &w.n));
	return x509_parse(bytes_of(buf, w.n), ret);
}

static bool is_nonsense(status st)
{
	return st == ST_MALFORMED || st == ST_TRUNCATED;
}

status public_certificate(struct visit *v, size_t file, uint8_t *buf, struct x509_info *ret_cert)
{
	struct container c = v->sim->item[file];
	struct x509_info info;

	if (c.kind != CONTAINER_FILE || !c.is_certificate || !c.activated)
		return ST_KEY_UNUSABLE;
	status st = read_once(v, &c, buf, &info);
	if (is_nonsense(st)) /* a piece that was lost on its way spoils it */
		st = read_once(v, &c, buf, &info);
	TRY(st);
	struct sim_public *p = &v->sim->public[file];
	p->state = info.key.kind != PUBLIC_NONE ? PUBLIC_READ : PUBLIC_ABSENT;
	p->key = info.key;
	p->is_ca = info.is_ca;
	*ret_cert = info;
	return ST_OK;
}

/* The card answered, and said no, or nonsense, about this one object: for good, unlike a lock or a
 * PIN. */
static bool is_refusal(status st)
{
	if (st == ST_SW_SECURITY || st == ST_SW_LOCKED || st == ST_SW_SESSIONS)
		return false;
	return (st >= ST_SW_NOT_FOUND && st <= ST_SW_OTHER) || is_nonsense(st) ||
	       st == ST_SHORT_OUT || st == ST_POINT_INVALID || st == ST_KEY_UNUSABLE ||
	       st == ST_KEY_KIND || st == ST_UNSUPPORTED;
}

/* Makes the key of a certificate known, or known to be absent. */
static status learn_certificate(struct visit *v, size_t file)
{
	uint8_t *buf ON_EXIT(mem_free_ptr) = NULL;
	struct x509_info info;

	if (v->sim->public[file].state != PUBLIC_UNREAD)
		return ST_OK;
	buf = malloc(FILE_SIZE_MAX);
	if (buf == NULL)
		return ST_NOMEM;
	status st = public_certificate(v, file, buf, &info);
	if (!is_refusal(st))
		return st;
	v->sim->public[file].state = PUBLIC_ABSENT;
	return ST_OK;
}

static bool is_certificate(const struct iotsafe *sim, size_t i)
{
	return sim->item[i].kind == CONTAINER_FILE && sim->item[i].is_certificate &&
	       sim->item[i].activated;
}

static status learn_certificates(struct visit *v)
{
	for (size_t i = 0; i < v->sim->count; i++)
		if (is_certificate(v->sim, i))
			TRY(learn_certificate(v, i));
	return ST_OK;
}

/* --- keys --- */

/* From a public key container; a refusal leaves it unread. */
static status read_container(struct visit *v, size_t i, size_t pub)
{
	struct container c = v->sim->item[pub];
	struct public_key key;

	if (!c.activated)
		return ST_OK;
	status st = card_read_public(v->card, &c, &key, v->dl);
	if (st != ST_OK)
		return is_refusal(st) ? ST_OK : st;
	v->sim->public[i].key = key;
	v->sim->public[i].state = PUBLIC_READ;
	return ST_OK;
}

static status read_half(struct visit *v, size_t i)
{
	const struct sim_public *p = &v->sim->public[i];

	if (p->state != PUBLIC_UNREAD || !p->has_half)
		return ST_OK;
	return read_container(v, i, p->half);
}

/* What is known beside the private key and its own half. */
static void know(const struct iotsafe *sim, size_t priv, struct belong *b)
{
	const struct sim_public *own = &sim->public[priv];

	b->cert_count = b->other_count = 0;
	for (size_t i = 0; i < sim->count; i++) {
		const struct sim_public *p = &sim->public[i];
		const struct container *c = &sim->item[i];
		bool is_read = p->state == PUBLIC_READ;
		bool is_own = i == priv || (own->has_half && i == own->half);

		if (is_certificate(sim, i) && is_read)
			belong_add_certificate(b, c, &p->key, p->is_ca);
		else if (!is_own &&
			 (c->kind == CONTAINER_PRIVATE_KEY || c->kind == CONTAINER_PUBLIC_KEY))
			belong_add_key(b, c, is_read ? &p->key : NULL);
	}
}

/* Until one does not tell. */
static status read_rivals(struct visit *v, size_t priv)
{
	const struct iotsafe *sim = v->sim;

	for (size_t i = 0; i < sim->count; i++) {
		if (i == priv || !belong_is_rival(&sim->item[priv], &sim->item[i]))
			continue;
		TRY(read_half(v, i));
		if (sim->public[i].state != PUBLIC_READ)
			return ST_OK;
	}
	return ST_OK;
}

/* NULL: none tells. */
static status ask_certificates(struct visit *v, size_t priv, const struct public_key **ret_key)
{
	const struct container *c = &v->sim->item[priv];
	struct belong *b ON_EXIT(mem_free_ptr) = malloc(sizeof(*b));

	if (b == NULL)
		return ST_NOMEM;
	TRY(learn_certificates(v));
	know(v->sim, priv, b);
	const struct public_key *k = belong_by_name(b, c);
	if (k == NULL) {
		TRY(read_rivals(v, priv));
		know(v->sim, priv, b);
		k = belong_left(b, c);
	}
	*ret_key = k;
	return ST_OK;
}

/* An empty container's certificate would be about a key that is no more. */
static status learn_private(struct visit *v, size_t i)
{
	struct sim_public *p = &v->sim->public[i];
	const struct public_key *key = NULL;

	TRY(read_half(v, i));
	if (p->state != PUBLIC_UNREAD)
		return ST_OK;
	if (v->sim->item[i].activated && !v->sim->item[i].is_volatile)
		TRY(ask_certificates(v, i, &key));
	p->state = key != NULL ? PUBLIC_READ : PUBLIC_ABSENT;
	if (key != NULL)
		p->key = *key;
	return ST_OK;
}

static status learn(struct visit *v, size_t i)
{
	switch (v->sim->item[i].kind) {
	case CONTAINER_PRIVATE_KEY:
		return learn_private(v, i);
	case CONTAINER_PUBLIC_KEY:
		if (v->sim->public[i].state != PUBLIC_UNREAD)
			return ST_OK;
		return read_container(v, i, i);
	case CONTAINER_FILE:
		return is_certificate(v->sim, i) ? learn_certificate(v, i) : ST_KEY_KIND;
	case CONTAINER_SECRET_KEY:
	case CONTAINER_KINDS:
		break;
	}
	return ST_KEY_KIND;
}

status public_find(struct visit *v, size_t i, struct public_key *ret_key)
{
	TRY(learn(v, i));
	if (v->sim->public[i].state != PUBLIC_READ)
		return ST_NO_ENTRY;
	*ret_key = v->sim->public[i].key;
	return ST_OK;
}
