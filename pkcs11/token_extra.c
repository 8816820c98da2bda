/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "complain.h"
#include "lib.h"
#include "log.h"
#include "login.h"
#include "mem.h"
#include "token.h"

enum {
	/* two changes within one tick of the file system's clock look like one */
	SURE_AFTER_MS = 100,
};

static const CK_ULONG profiles[] = {CKP_BASELINE_PROVIDER, CKP_EXTENDED_PROVIDER,
				    CKP_AUTHENTICATION_TOKEN, CKP_PUBLIC_CERTIFICATES_TOKEN,
				    CKP_HKDF_TLS_TOKEN};

/* --- the folder --- */

static bool store_exists(void)
{
	struct stat st;

	return stat(lib_settings()->store_dir, &st) == 0;
}

status token_iccid(struct slot *s, struct token *t, const char **ret_iccid)
{
	struct card *card = NULL;
	struct card_info info;

	if (t->iccid[0] == '\0') {
		TRY(slot_card(s, &card));
		TRY(slot_outcome(s, card_identify(card, &info, slot_deadline(s))));
		memcpy(t->iccid, info.iccid, sizeof(t->iccid));
	}
	*ret_iccid = t->iccid;
	return ST_OK;
}

static bool long_ago(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	int64_t ms = (now.tv_sec - then->tv_sec) * 1000 + (now.tv_nsec - then->tv_nsec) / 1000000;
	return ms > SURE_AFTER_MS || ms < -SURE_AFTER_MS;
}

static struct token_stamp look(const char *iccid)
{
	char path[PATH_LEN_MAX + ICCID_DIGITS_MAX + 2];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", lib_settings()->store_dir, iccid);
	if (iccid[0] == '\0' || stat(path, &st) != 0)
		return (struct token_stamp){.sure = true};
	return (struct token_stamp){.there = true,
				    .sure = long_ago(&st.st_mtim),
				    .dev = st.st_dev,
				    .ino = st.st_ino,
				    .sec = st.st_mtim.tv_sec,
				    .nsec = st.st_mtim.tv_nsec};
}

static bool is_same(const struct token_stamp *a, const struct token_stamp *b)
{
	return a->there == b->there && a->dev == b->dev && a->ino == b->ino && a->sec == b->sec &&
	       a->nsec == b->nsec;
}

void token_store_changed(struct token *t)
{
	t->stamp.sure = false;
}

/* --- the objects --- */

static void free_objects(struct object *list, size_t n)
{
	for (size_t i = 0; list != NULL && i < n; i++) {
		free(list[i].data);
		free(list[i].x509);
	}
	free(list);
}

static void free_store(struct store_list *l)
{
	if (l != NULL)
		store_list_free(l);
	free(l);
}

void token_free_extra(struct token *t)
{
	free_objects(t->extra, t->extra_count);
	free_store(t->store);
	t->extra = NULL;
	t->extra_count = 0;
	t->store = NULL;
}

/* The same entry of the same SIM keeps its handle. */
static CK_OBJECT_HANDLE handle_for(const struct token *old, const struct object *o)
{
	for (size_t i = 0; i < old->extra_count; i++) {
		const struct object *was = &old->extra[i];
		bool same =
			was->profile == o->profile && (was->stored == NULL) == (o->stored == NULL);
		if (same && (o->stored == NULL || strcmp(was->stored->file, o->stored->file) == 0))
			return was->handle;
	}
	return token_new_handle();
}

/* A certificate for a key must be about that key. */
static bool is_bound_right(const struct store_entry *e, const struct x509_info *x)
{
	uint8_t id[20];

	if (!e->has_key)
		return true;
	return x->key.kind != PUBLIC_NONE && public_key_id(&x->key, id) == ST_OK &&
	       memcmp(id, e->key, sizeof(id)) == 0;
}

static status parse(struct object *o)
{
	struct x509_info x;

	if (o->class != CKO_CERTIFICATE)
		return ST_OK;
	TRY(x509_parse(bytes_of(o->data, o->data_n), &x));
	if (!is_bound_right(o->stored, &x))
		return ST_POINT_INVALID;
	o->x509 = malloc(sizeof(*o->x509));
	if (o->x509 == NULL)
		return ST_NOMEM;
	*o->x509 = x;
	return ST_OK;
}

/* The entry's value becomes the object's. */
static status take_entry(struct store_entry *e, struct object *ret)
{
	struct object o = {
		.class = e->kind == STORE_CERTIFICATE ? CKO_CERTIFICATE : CKO_DATA,
		.stored = e,
		.state = FILE_READ,
		.data = e->value,
		.data_n = e->value_n,
	};
	status st = parse(&o);

	if (st == ST_NOMEM || st == ST_CRYPTO)
		return st;
	if (st != ST_OK) {
		log_error("store: %s is not the certificate that it should be", e->file);
		return ST_NO_ENTRY;
	}
	e->value = NULL;
	*ret = o;
	return ST_OK;
}

/* Newer certificates first. */
static int by_age(const void *a, const void *b)
{
	const struct object *x = a;
	const struct object *y = b;

	if (x->x509 == NULL || y->x509 == NULL)
		return (x->x509 == NULL) - (y->x509 == NULL);
	int later = strcmp(y->x509->not_before, x->x509->not_before);
	return later != 0 ? later : strcmp(x->stored->file, y->stored->file);
}

struct extra {
	struct object *list; /* owned */
	size_t count;
};

static void drop_extra(struct extra *x)
{
	free_objects(x->list, x->count);
}

/* What is no object, but is said of a key. */
static bool is_of_key(const struct store_entry *e)
{
	return e->kind == STORE_KEY_NAME || e->kind == STORE_KEY_DISCARDED;
}

static status add_stored(struct store_list *l, struct extra *x)
{
	for (size_t i = 0; l != NULL && i < l->count; i++) {
		if (is_of_key(&l->item[i]))
			continue;
		status st = take_entry(&l->item[i], &x->list[x->count]);
		if (st != ST_OK && st != ST_NO_ENTRY)
			return st;
		if (st == ST_OK)
			x->count++;
	}
	qsort(x->list, x->count, sizeof(x->list[0]), by_age);
	return ST_OK;
}

static void add_profiles(struct extra *x)
{
	for (size_t i = 0; i < ARRAY_LEN(profiles); i++)
		x->list[x->count++] = (struct object){.class = CKO_PROFILE, .profile = profiles[i]};
}

static status build(struct token *t, const struct token *old, struct store_list *l)
{
	size_t cap = (l != NULL ? l->count : 0) + ARRAY_LEN(profiles);
	struct extra x ON_EXIT(drop_extra) = {.list = calloc(cap, sizeof(struct object))};

	if (x.list == NULL)
		return ST_NOMEM;
	TRY(add_stored(l, &x));
	add_profiles(&x);
	for (size_t i = 0; i < x.count; i++)
		x.list[i].handle = handle_for(old, &x.list[i]);
	token_free_extra(t);
	t->extra = x.list;
	t->extra_count = x.count;
	t->store = l;
	x = (struct extra){0};
	return ST_OK;
}

static void name_all(struct token *t)
{
	for (size_t i = 0; i < t->pair_count; i++)
		if (t->pair[i].state == KEY_READ)
			token_name_pair(t, &t->pair[i]);
}

static status read_store(const char *iccid, struct store_list **ret_l)
{
	struct store_list *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ST_NOMEM;
	status st = store_read(lib_settings()->store_dir, iccid, l);
	if (st != ST_OK || l->count == 0) {
		free_store(l);
		l = NULL;
	}
	if (st == ST_NOMEM)
		return st;
	*ret_l = l;
	return ST_OK;
}

/* Is there an entry in a, of that kind or any, whose key has none of its kind in b? */
static bool lacks_entry(const struct store_list *a, const struct store_list *b, bool only_discarded)
{
	for (size_t i = 0; a != NULL && i < a->count; i++) {
		const struct store_entry *e = &a->item[i];
		if (only_discarded ? e->kind != STORE_KEY_DISCARDED : !is_of_key(e))
			continue;
		if (token_find_entry(b, e->kind, e->key) == NULL)
			return true;
	}
	return false;
}

/* A key of which the store no longer says anything, or that it says is discarded, was perhaps
 * replaced by another process: the card's list does not tell. */
static void forget_keys(struct token *t)
{
	for (size_t i = 0; i < t->pair_count; i++) {
		struct pair *p = &t->pair[i];
		if (!token_can_generate(p) || p->state == KEY_UNREAD)
			continue;
		p->was_read = p->state == KEY_READ;
		p->state = KEY_UNREAD;
		token_name(&p->priv, p->name);
	}
	for (size_t i = 0; i < t->object_count; i++) {
		struct object *o = &t->object[i];
		if (o->x509 != NULL)
			o->linked = false;
		if (o->x509 != NULL)
			o->pair = NULL;
	}
}

/* Of several for one key the newest counts, which is the first. */
static void check_dates(struct slot *s, const struct token *t)
{
	for (size_t i = 0; i < t->extra_count; i++) {
		const struct object *o = &t->extra[i];
		bool is_old = false;

		for (size_t k = 0; k < i && o->x509 != NULL; k++)
			is_old =
				is_old || (t->extra[k].x509 != NULL &&
					   public_key_equal(&t->extra[k].x509->key, &o->x509->key));
		if (o->x509 != NULL && !is_old)
			complain_dates(s, o);
	}
}

status token_refresh(struct slot *s, struct token *t, const struct token *old)
{
	struct token_stamp now = {.sure = true};
	struct store_list *l = NULL;
	const char *iccid = "";

	if (store_exists()) {
		TRY(token_iccid(s, t, &iccid));
		now = look(iccid);
	}
	if (t->extra != NULL && t->stamp.sure && is_same(&now, &t->stamp))
		return ST_OK;
	if (now.there)
		TRY(read_store(iccid, &l));
	bool replaced = lacks_entry(t->store, l, false) || lacks_entry(l, t->store, true);
	status st = build(t, old != NULL ? old : t, l);
	if (st != ST_OK) {
		free_store(l);
		return st;
	}
	t->stamp = now;
	check_dates(s, t);
	if (replaced)
		forget_keys(t);
	name_all(t);
	return ST_OK;
}

struct object *token_stored(struct token *t, const char *file)
{
	for (size_t i = 0; i < t->extra_count; i++)
		if (t->extra[i].stored != NULL && strcmp(t->extra[i].stored->file, file) == 0)
			return &t->extra[i];
	return NULL;
}

/* --- what is shown --- */

static status can_authenticate(struct slot *s, struct token *t, bool *ret)
{
	*ret = false;
	for (size_t i = 0; i < t->pair_count && !*ret; i++) {
		struct pair *p = &t->pair[i];
		bool gone = false;
		if (!p->has_priv || !container_can_sign(&p->priv))
			continue;
		TRY(token_is_discarded(s, t, p, &gone));
		*ret = !gone;
	}
	return ST_OK;
}

/* All certificates, and of each key at least one half, can be had without login. */
static bool has_public_certificates(struct slot *s, const struct token *t)
{
	bool any = false;

	for (size_t i = 0; i < t->extra_count; i++)
		any = any || t->extra[i].x509 != NULL;
	for (size_t i = 0; i < t->object_count; i++) {
		const struct object *o = &t->object[i];
		bool private = token_is_private(s, o);
		if (o->class == CKO_PRIVATE_KEY && private && !o->pair->has_pub)
			return false;
		if (o->class == CKO_CERTIFICATE && private)
			return false;
		any = any || o->class == CKO_CERTIFICATE;
	}
	return any;
}

static status is_true(struct slot *s, struct token *t, CK_ULONG profile, bool *ret)
{
	switch (profile) {
	case CKP_AUTHENTICATION_TOKEN:
		return can_authenticate(s, t, ret);
	case CKP_PUBLIC_CERTIFICATES_TOKEN:
		*ret = has_public_certificates(s, t);
		return ST_OK;
	case CKP_HKDF_TLS_TOKEN:
		*ret = t->has_hkdf;
		return ST_OK;
	default: /* what needs no object of a certain kind */
		*ret = true;
		return ST_OK;
	}
}

static status has_pair(struct slot *s, struct token *t, const uint8_t key[20], bool *ret)
{
	for (size_t i = 0; i < t->pair_count; i++) {
		struct pair *p = &t->pair[i];
		if (!p->has_priv)
			continue;
		TRY(token_key(s, t, p));
		if (p->state == KEY_READ && memcmp(p->key_id, key, sizeof(p->key_id)) == 0) {
			*ret = true;
			return ST_OK;
		}
	}
	*ret = false;
	return ST_OK;
}

status token_shown(struct slot *s, struct token *t, struct object *o, bool *ret)
{
	bool gone = false;

	*ret = true;
	if (o->profile != 0)
		return is_true(s, t, o->profile, ret);
	if (o->class == CKO_PRIVATE_KEY || o->class == CKO_PUBLIC_KEY) {
		if (o->pair->was_read) /* is it still the same key? */
			TRY(token_key(s, t, o->pair));
		TRY(token_is_discarded(s, t, o->pair, &gone));
		*ret = !gone;
		return ST_OK;
	}
	if (o->stored != NULL && o->stored->has_key)
		return has_pair(s, t, o->stored->key, ret);
	return ST_OK;
}

static size_t order_part(struct object *o, size_t n, bool (*fits)(const struct object *o),
			 struct object **list, size_t at)
{
	for (size_t i = 0; i < n; i++)
		if (fits(&o[i]))
			list[at++] = &o[i];
	return at;
}

static bool is_file(const struct object *o)
{
	return o->c.kind == CONTAINER_FILE;
}

static bool is_no_file(const struct object *o)
{
	return !is_file(o);
}

static bool is_profile(const struct object *o)
{
	return o->profile != 0;
}

static bool is_stored(const struct object *o)
{
	return o->stored != NULL;
}

size_t token_order(struct token *t, struct object **ret_list)
{
	size_t n = order_part(t->object, t->object_count, is_no_file, ret_list, 0);

	n = order_part(t->extra, t->extra_count, is_stored, ret_list, n);
	n = order_part(t->object, t->object_count, is_file, ret_list, n);
	return order_part(t->extra, t->extra_count, is_profile, ret_list, n);
}

bool token_writable(struct slot *s)
{
	const struct token *t = s->token;

	if (t == NULL || store_writable(lib_settings()->store_dir, s->info.iccid))
		return true; /* or nobody knows */
	for (size_t i = 0; i < t->pair_count; i++) {
		const struct pair *p = &t->pair[i];
		if ((p->has_pub && (p->pub.access & ACCESS_UPDATE) != 0) ||
		    (p->has_priv && (p->priv.functions & FUNCTION_KEYGEN) != 0))
			return true;
	}
	return false;
}
