/* SPDX-License-Identifier: Apache-2.0 */
#include "made.h"

#include <stdio.h>
#include <stdlib.h>

#include "slot.h"
#include "token.h"

struct made {
	struct made *next;
	CK_OBJECT_HANDLE handle;
	CK_SESSION_HANDLE owner;
	struct bag bag;
};

void made_init(struct made_list *l)
{
	*l = (struct made_list){0};
	pthread_mutex_init(&l->lock, NULL);
}

static void free_one(struct made *m)
{
	bag_free(&m->bag);
	free(m);
}

void made_free(struct made_list *l, bool in_flux)
{
	while (!in_flux && l->first != NULL) {
		struct made *m = l->first;
		l->first = m->next;
		free_one(m);
	}
	l->count = 0;
}

/* What the caller did not, or could not say. */
static status complete(struct bag *b, CK_OBJECT_HANDLE h)
{
	char name[32];
	int n = snprintf(name, sizeof(name), "session-object:%lu", h);

	TRY(bag_set(b, CKA_UNIQUE_ID, name, (size_t)n));
	if (bag_ulong(b, CKA_CLASS, CKO_DATA) == CKO_SECRET_KEY)
		return bag_set_ulong(b, CKA_VALUE_LEN, bag_get(b, CKA_VALUE).n);
	return ST_OK;
}

status made_add_as(struct slot *s, CK_SESSION_HANDLE owner, struct bag *b, CK_OBJECT_HANDLE h)
{
	struct made_list *l = &s->made;

	TRY(complete(b, h));
	struct made *m = calloc(1, sizeof(*m));
	if (m == NULL)
		return ST_NOMEM;
	pthread_mutex_lock(&l->lock);
	bool room = l->count < MADE_MAX;
	if (room) {
		*m = (struct made){l->first, h, owner, *b};
		l->first = m;
		l->count++;
		*b = (struct bag){0};
	}
	pthread_mutex_unlock(&l->lock);
	if (!room)
		free(m);
	return room ? ST_OK : ST_OBJECT_MEMORY;
}

status made_add(struct slot *s, CK_SESSION_HANDLE owner, struct bag *b, CK_OBJECT_HANDLE *ret_h)
{
	CK_OBJECT_HANDLE h = token_new_handle();

	TRY(made_add_as(s, owner, b, h));
	*ret_h = h;
	return ST_OK;
}

/* Locked. The link that points to it, or to NULL. */
static struct made **find(struct made_list *l, CK_OBJECT_HANDLE h)
{
	struct made **link = &l->first;

	while (*link != NULL && (*link)->handle != h)
		link = &(*link)->next;
	return link;
}

status made_get(struct slot *s, CK_OBJECT_HANDLE h, struct bag *ret)
{
	pthread_mutex_lock(&s->made.lock);
	const struct made *m = *find(&s->made, h);
	status st = m != NULL ? bag_copy(&m->bag, ret) : ST_NO_OBJECT;
	pthread_mutex_unlock(&s->made.lock);
	return st;
}

status made_put(struct slot *s, CK_OBJECT_HANDLE h, struct bag *b)
{
	pthread_mutex_lock(&s->made.lock);
	struct made *m = *find(&s->made, h);
	if (m != NULL) {
		bag_free(&m->bag);
		m->bag = *b;
		*b = (struct bag){0};
	}
	pthread_mutex_unlock(&s->made.lock);
	return m != NULL ? ST_OK : ST_NO_OBJECT;
}

typedef bool (*made_test)(const struct made *m, const void *ctx);

static CK_ULONG drop(struct slot *s, made_test doomed, const void *ctx)
{
	struct made **link = &s->made.first;
	CK_ULONG n = 0;

	pthread_mutex_lock(&s->made.lock);
	while (*link != NULL) {
		struct made *m = *link;
		if (!doomed(m, ctx)) {
			link = &m->next;
			continue;
		}
		*link = m->next;
		free_one(m);
		n++;
	}
	s->made.count -= n;
	pthread_mutex_unlock(&s->made.lock);
	return n;
}

static bool has_handle(const struct made *m, const void *ctx)
{
	return m->handle == *(const CK_OBJECT_HANDLE *)ctx;
}

static bool is_of(const struct made *m, const void *ctx)
{
	return m->owner == *(const CK_SESSION_HANDLE *)ctx;
}

static bool is_private(const struct made *m, const void *ctx)
{
	(void)ctx;
	return bag_bool(&m->bag, CKA_PRIVATE, false);
}

static bool is_any(const struct made *m, const void *ctx)
{
	(void)m, (void)ctx;
	return true;
}

status made_remove(struct slot *s, CK_OBJECT_HANDLE h)
{
	return drop(s, has_handle, &h) != 0 ? ST_OK : ST_NO_OBJECT;
}

void made_drop_session(struct slot *s, CK_SESSION_HANDLE owner)
{
	drop(s, is_of, &owner);
}

void made_drop_private(struct slot *s)
{
	drop(s, is_private, NULL);
}

void made_drop_all(struct slot *s)
{
	drop(s, is_any, NULL);
}

CK_ULONG made_list_handles(struct slot *s, bool (*fits)(const struct bag *b, void *ctx), void *ctx,
			   CK_OBJECT_HANDLE *list, CK_ULONG cap)
{
	CK_ULONG n = 0;

	pthread_mutex_lock(&s->made.lock);
	for (const struct made *m = s->made.first; m != NULL; m = m->next) {
		if (!fits(&m->bag, ctx))
			continue;
		if (n < cap)
			list[n] = m->handle;
		n++;
	}
	pthread_mutex_unlock(&s->made.lock);
	return n;
}
