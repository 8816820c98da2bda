/* SPDX-License-Identifier: Apache-2.0 */
/* Which public half belongs to a private key: that of its pair's container, or that of a
 * certificate. Names are no proof; the check of each signature is. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* --- pairs --- */

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

typedef bool (*alike_fn)(const struct container *a, const struct container *b);

static bool is_half(const struct iotsafe *sim, size_t pub)
{
	for (size_t i = 0; i < sim->count; i++)
		if (sim->public[i].has_half && sim->public[i].half == pub)
			return true;
	return false;
}

static void attach(struct iotsafe *sim, size_t pub, alike_fn alike)
{
	const struct container *c = &sim->item[pub];

	for (size_t i = 0; i < sim->count; i++) {
		const struct container *priv = &sim->item[i];
		if (priv->kind != CONTAINER_PRIVATE_KEY || sim->public[i].has_half ||
		    priv->key_type != c->key_type || priv->is_volatile != c->is_volatile ||
		    !alike(priv, c))
			continue;
		sim->public[i].has_half = true;
		sim->public[i].half = pub;
		return;
	}
}

/* By label, of one label by id, then by id alone. */
void public_pair_up(struct iotsafe *sim)
{
	static const alike_fn ways[] = {both_equal, label_equal, id_equal};

	for (size_t w = 0; w < ARRAY_LEN(ways); w++)
		for (size_t i = 0; i < sim->count; i++)
			if (sim->item[i].kind == CONTAINER_PUBLIC_KEY && !is_half(sim, i))
				attach(sim, i, ways[w]);
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

static bool fits(const struct iotsafe *sim, size_t file, size_t priv)
{
	const struct sim_public *p = &sim->public[file];
	const struct container *c = &sim->item[priv];

	if (!is_certificate(sim, file) || p->state != PUBLIC_READ)
		return false;
	if (c->key_type == KEY_RSA2048)
		return p->key.kind == PUBLIC_RSA;
	return p->key.kind == PUBLIC_EC && p->key.curve == container_curve(c);
}

static bool is_rival(const struct iotsafe *sim, size_t other, size_t priv)
{
	const struct container *a = &sim->item[other], *b = &sim->item[priv];

	return other != priv && a->kind == CONTAINER_PRIVATE_KEY && a->activated &&
	       !a->is_volatile && a->key_type == b->key_type;
}

/* Is the certificate about another key of the SIM, or about an issuer's? */
static bool is_taken(const struct iotsafe *sim, size_t file, size_t priv)
{
	for (size_t i = 0; i < sim->count; i++)
		if (is_rival(sim, i, priv) && sim->public[i].state == PUBLIC_READ &&
		    public_key_equal(&sim->public[i].key, &sim->public[file].key))
			return true;
	return sim->public[file].is_ca;
}

/* Where every other key of the type tells its public half, and one certificate is left. */
static status find_left(struct visit *v, size_t priv, size_t *ret_file)
{
	size_t left = 0, file = 0;

	for (size_t i = 0; i < v->sim->count; i++) {
		if (!is_rival(v->sim, i, priv))
			continue;
		TRY(read_half(v, i));
		if (v->sim->public[i].state != PUBLIC_READ)
			return ST_NO_ENTRY;
	}
	for (size_t i = 0; i < v->sim->count; i++) {
		if (!fits(v->sim, i, priv) || is_taken(v->sim, i, priv))
			continue;
		file = i;
		left++;
	}
	*ret_file = file;
	return left == 1 ? ST_OK : ST_NO_ENTRY;
}

static status find_certificate(struct visit *v, size_t priv, size_t *ret_file)
{
	const struct container *c = &v->sim->item[priv];

	TRY(learn_certificates(v));
	for (size_t i = 0; i < v->sim->count; i++) {
		const struct container *f = &v->sim->item[i];
		if (!fits(v->sim, i, priv) || !(label_equal(f, c) || id_equal(f, c)))
			continue;
		*ret_file = i;
		return ST_OK;
	}
	return find_left(v, priv, ret_file);
}

/* An empty container's certificate would be about a key that is no more. */
static status learn_private(struct visit *v, size_t i)
{
	struct sim_public *p = &v->sim->public[i];
	size_t file = 0;

	TRY(read_half(v, i));
	if (p->state != PUBLIC_UNREAD)
		return ST_OK;
	status st = ST_NO_ENTRY;
	if (v->sim->item[i].activated && !v->sim->item[i].is_volatile)
		st = find_certificate(v, i, &file);
	if (st != ST_OK && st != ST_NO_ENTRY)
		return st;
	p->state = st == ST_OK ? PUBLIC_READ : PUBLIC_ABSENT;
	if (st == ST_OK)
		p->key = v->sim->public[file].key;
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
