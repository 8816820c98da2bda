/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"

#include <stdlib.h>
#include <string.h>

#include "belong.h"
#include "complain.h"
#include "log.h"
#include "login.h"
#include "mem.h"

enum {
	/* objects that remote administration holds are left in peace for so long */
	LOCKED_MS = 1000,
};

void token_free(struct token *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; t->object != NULL && i < t->object_count; i++) {
		free(t->object[i].data);
		free(t->object[i].x509);
	}
	token_free_extra(t);
	free(t->object);
	free(t->pair);
	free(t);
}

static bool is_stale(const struct token *t, const struct card *card)
{
	return t == NULL || t->epoch != card_epoch(card) || t->read_again ||
	       (t->locked_until != 0 && deadline_passed(t->locked_until));
}

status token_get(struct slot *s, struct token **ret_t)
{
	struct card *card = NULL;
	const struct catalog *cat = NULL;
	struct token *t = NULL;

	TRY(slot_card(s, &card));
	if (is_stale(s->token, card)) {
		TRY(slot_outcome(s, card_catalog(card, &cat, slot_deadline(s))));
		TRY(token_build(cat, s->token, &t));
		t->epoch = card_epoch(card);
		status st = token_refresh(s, t, s->token);
		if (st != ST_OK) {
			token_free(t);
			return st;
		}
		token_free(s->token);
		s->token = t;
	} else {
		TRY(token_refresh(s, s->token, NULL));
	}
	if (s->group != NULL)
		TRY(token_know_keys(s, s->token));
	*ret_t = s->token;
	return ST_OK;
}

void token_read_again(struct token *t)
{
	if (t != NULL)
		t->read_again = t->kept_back;
}

struct object *token_object(struct token *t, CK_OBJECT_HANDLE h)
{
	for (size_t i = 0; i < t->object_count; i++)
		if (t->object[i].handle == h)
			return &t->object[i];
	for (size_t i = 0; i < t->extra_count; i++)
		if (t->extra[i].handle == h)
			return &t->extra[i];
	return NULL;
}

/* For what was just asked of the slot's token. */
static void note_lock(struct slot *s, status st)
{
	if (st == ST_SW_SECURITY || st == ST_USER_NOT_LOGGED_IN)
		s->token->kept_back = true;
	if (st == ST_SW_LOCKED || st == ST_SW_SESSIONS)
		s->token->locked_until = deadline_in_ms(LOCKED_MS);
}

/* The card answered, and said no, or nonsense, about this one object. Everything else is about the
 * link or the card as a whole and ends the call. */
static bool is_refusal(status st)
{
	static const status refusals[] = {
		ST_SW_NOT_FOUND,
		ST_SW_CONDITIONS,
		ST_SW_SECURITY,
		ST_SW_DATA,
		ST_SW_PARAMS,
		ST_SW_LENGTH,
		ST_SW_INS,
		ST_SW_LOCKED,
		ST_SW_SESSIONS, /* on some cards: remote administration has held it */
		ST_SW_INTEGRITY,
		ST_SW_OFFSET,
		ST_SW_OTHER,
		ST_MALFORMED,
		ST_TRUNCATED,
		ST_SHORT_OUT,
		ST_POINT_INVALID,
		ST_KEY_UNUSABLE,
		ST_KEY_KIND,
		ST_UNSUPPORTED,
		ST_USER_NOT_LOGGED_IN,
	};

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (st == refusals[i])
			return true;
	return false;
}

/* --- files --- */

/* DER of the certificate in the object, from PEM if it is PEM. */
static status parse_certificate(struct object *o)
{
	struct bytes raw = bytes_of(o->data, o->data_n);
	struct x509_info info;

	if (bytes_start_with(raw, BYTES_LIT("-----BEGIN"))) {
		uint8_t *der = malloc(raw.n);
		if (der == NULL)
			return ST_NOMEM;
		struct wtr w = wtr_on(der, raw.n);
		status st = x509_from_pem(raw, &w);
		if (st != ST_OK) {
			free(der);
			return st;
		}
		free(o->data);
		o->data = der;
		o->data_n = w.n;
		raw = wtr_bytes(&w);
	}
	TRY(x509_parse(raw, &info));
	o->x509 = malloc(sizeof(info));
	if (o->x509 == NULL)
		return ST_NOMEM;
	*o->x509 = info;
	o->data_n = info.der.n; /* what pads it is no part of it */
	return ST_OK;
}

static status read_file(struct slot *s, struct object *o)
{
	struct card *card = NULL;
	uint8_t *buf = malloc(FILE_SIZE_MAX);

	if (buf == NULL)
		return ST_NOMEM;
	struct wtr w = wtr_on(buf, FILE_SIZE_MAX);
	status st = login_for_use(s, &o->c);
	if (st == ST_OK)
		st = slot_card(s, &card);
	if (st == ST_OK)
		st = slot_outcome(s, card_read_file(card, &o->c, &w, slot_deadline(s)));
	if (st != ST_OK) {
		free(buf);
		return st;
	}
	uint8_t *fit = realloc(buf, w.n + 1);
	free(o->data); /* of a reading that was no good */
	o->data = fit != NULL ? fit : buf;
	o->data_n = w.n;
	return ST_OK;
}

/* A piece that was lost or crossed on its way would spoil the certificate for as long as the card
 * stays: what is none is read once more. */
static status parse_twice(struct slot *s, struct object *o)
{
	status st = parse_certificate(o);

	if (st == ST_OK || st == ST_NOMEM || st == ST_CRYPTO)
		return st;
	TRY(read_file(s, o));
	return parse_certificate(o);
}

status token_file(struct slot *s, struct object *o)
{
	if (o->state != FILE_UNREAD)
		return ST_OK;
	status st = o->c.activated ? read_file(s, o) : ST_KEY_UNUSABLE;
	if (st != ST_OK && !is_refusal(st))
		return st;
	note_lock(s, st);
	if (!o->c.is_certificate) {
		o->state = st == ST_OK ? FILE_READ : FILE_REFUSED;
		return ST_OK;
	}
	if (st == ST_OK)
		st = parse_twice(s, o);
	if (st == ST_OK)
		complain_dates(s, o);
	if (st != ST_OK && !is_refusal(st))
		return st;
	note_lock(s, st);
	if (st != ST_OK) {
		log_info("certificate container without a certificate: %s", status_text(st));
		o->class = CKO_DATA;
	}
	o->state = o->data != NULL ? FILE_READ : FILE_REFUSED;
	return ST_OK;
}

static status read_certificates(struct slot *s, struct token *t)
{
	if (t->files_read)
		return ST_OK;
	for (size_t i = 0; i < t->object_count; i++)
		if (t->object[i].c.kind == CONTAINER_FILE && t->object[i].c.is_certificate)
			TRY(token_file(s, &t->object[i]));
	t->files_read = true;
	return ST_OK;
}

/* --- keys --- */

static status take_key(struct token *t, struct pair *pair, const struct public_key *k)
{
	uint8_t id[sizeof(pair->key_id)];

	TRY(public_key_id(k, id));
	if (pair->was_read && memcmp(id, pair->key_id, sizeof(id)) != 0)
		token_renew_handles(t, pair);
	memcpy(pair->key_id, id, sizeof(id));
	pair->was_read = false;
	pair->is_own = false;
	pair->key = *k;
	pair->state = KEY_READ;
	token_name_pair(t, pair);
	return ST_OK;
}

/* From the pair's public key container; a refusal leaves KEY_UNREAD. */
static status read_own_public(struct slot *s, struct token *t, struct pair *pair)
{
	struct card *card = NULL;
	struct public_key k = {0};

	if (!pair->has_pub || !pair->pub.activated)
		return ST_OK;
	TRY(slot_card(s, &card));
	status st = login_for_use(s, &pair->pub);
	if (st == ST_OK)
		st = slot_outcome(s, card_read_public(card, &pair->pub, &k, slot_deadline(s)));
	if (st == ST_OK) {
		TRY(take_key(t, pair, &k));
		pair->is_own = true;
		return ST_OK;
	}
	if (!is_refusal(st))
		return st;
	note_lock(s, st);
	log_info("public key container: %s", status_text(st));
	return ST_OK;
}

/* What is known beside the pair. */
static void know(const struct token *t, const struct pair *pair, struct belong *b)
{
	b->cert_count = b->other_count = 0;
	for (size_t i = 0; i < t->object_count; i++) {
		const struct object *o = &t->object[i];
		if (o->x509 != NULL)
			belong_add_certificate(b, &o->c, &o->x509->key, o->x509->is_ca);
	}
	for (size_t i = 0; i < t->pair_count; i++) {
		const struct pair *p = &t->pair[i];
		if (p != pair)
			belong_add_key(b, p->has_priv ? &p->priv : &p->pub,
				       p->state == KEY_READ ? &p->key : NULL);
	}
}

/* Until one does not tell. */
static status read_rivals(struct slot *s, struct token *t, const struct pair *pair)
{
	for (size_t i = 0; i < t->pair_count; i++) {
		struct pair *p = &t->pair[i];
		if (p == pair || !p->has_priv || !belong_is_rival(&pair->priv, &p->priv))
			continue;
		if (p->state == KEY_UNREAD)
			TRY(read_own_public(s, t, p));
		if (p->state != KEY_READ)
			return ST_OK;
	}
	return ST_OK;
}

static status read_from_certificate(struct slot *s, struct token *t, struct pair *pair)
{
	struct belong *b ON_EXIT(mem_free_ptr) = malloc(sizeof(*b));

	if (b == NULL)
		return ST_NOMEM;
	TRY(read_certificates(s, t));
	know(t, pair, b);
	const struct public_key *k = belong_by_name(b, &pair->priv);
	if (k == NULL) {
		TRY(read_rivals(s, t, pair));
		know(t, pair, b);
		k = belong_left(b, &pair->priv);
	}
	return k != NULL ? take_key(t, pair, k) : ST_OK;
}

static void give_up(struct pair *pair)
{
	struct bytes id = container_id(pair->has_priv ? &pair->priv : &pair->pub);

	pair->id_n = id.n < sizeof(pair->id) ? id.n : sizeof(pair->id);
	if (pair->id_n != 0)
		memcpy(pair->id, id.p, pair->id_n);
	pair->state = KEY_ABSENT;
	pair->was_read = false;
}

status token_key(struct slot *s, struct token *t, struct pair *pair)
{
	if (pair->state != KEY_UNREAD)
		return ST_OK;
	TRY(read_own_public(s, t, pair));
	/* an empty container's certificate would be about a key that is no more */
	if (pair->state == KEY_UNREAD && pair->has_priv && pair->priv.activated &&
	    !pair->priv.is_volatile)
		TRY(read_from_certificate(s, t, pair));
	if (pair->state == KEY_UNREAD)
		give_up(pair);
	return ST_OK;
}

status token_cert_pair(struct slot *s, struct token *t, struct object *o)
{
	if (o->linked || o->x509 == NULL)
		return ST_OK;
	for (size_t i = 0; i < t->pair_count; i++) {
		struct pair *p = &t->pair[i];
		if (!p->has_priv || !belong_fits(&o->x509->key, &p->priv))
			continue;
		TRY(token_key(s, t, p));
		if (p->state == KEY_READ && public_key_equal(&p->key, &o->x509->key)) {
			o->pair = p;
			break;
		}
	}
	o->linked = true;
	if (o->pair == NULL)
		complain_stray(s, t, o);
	return ST_OK;
}

/* Public halves that only certificates tell become objects. */
static status settle_publics(struct slot *s, struct token *t)
{
	for (size_t i = 0; i < t->pair_count; i++) {
		struct pair *p = &t->pair[i];
		if (p->has_pub)
			continue;
		TRY(token_key(s, t, p));
		if (p->state == KEY_READ)
			TRY(token_add_public(t, p));
	}
	return ST_OK;
}

/* Keys that were read before the list was read again: are they still the same? Or what is found
 * now would be void at its first use. */
static status read_keys_again(struct slot *s, struct token *t)
{
	for (size_t i = 0; i < t->pair_count; i++)
		if (t->pair[i].was_read)
			TRY(token_key(s, t, &t->pair[i]));
	return ST_OK;
}

status token_settle(struct slot *s, struct token *t, const CK_OBJECT_CLASS *class)
{
	TRY(read_keys_again(s, t));
	if (class == NULL || *class == CKO_CERTIFICATE || *class == CKO_DATA)
		TRY(read_certificates(s, t));
	if (class == NULL || *class == CKO_PUBLIC_KEY)
		TRY(settle_publics(s, t));
	return ST_OK;
}
