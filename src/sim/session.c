/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <string.h>

#include "mem.h"

struct session *session_find(struct session_table *t, unsigned channel, enum session_family family,
			     uint8_t number)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &t->session[i];
		if (s->state != SESSION_IDLE && s->channel == channel && s->family == family &&
		    s->number == number)
			return s;
	}
	return NULL;
}

static struct session *first_in(struct session_table *t, enum session_state state)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		if (t->session[i].state == state)
			return &t->session[i];
	}
	return NULL;
}

static unsigned open_count(const struct session_table *t)
{
	unsigned n = 0;
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		n += t->session[i].state == SESSION_OPEN;
	return n;
}

struct session *session_open(struct session_table *t, unsigned channel, enum session_family family,
			     uint8_t number, unsigned limit)
{
	struct session *s = session_find(t, channel, family, number);
	if (s)
		session_close(s);
	if (open_count(t) >= limit)
		return NULL;
	s = first_in(t, SESSION_IDLE);
	if (!s)
		s = first_in(t, SESSION_DONE);
	if (!s)
		return NULL;
	session_close(s);
	s->state = SESSION_OPEN;
	s->channel = channel;
	s->family = family;
	s->number = number;
	return s;
}

void session_close(struct session *s)
{
	EVP_MD_CTX_free(s->md);
	EVP_MAC_CTX_free(s->mac);
	mem_wipe(s, sizeof(*s));
}

void session_close_channel(struct session_table *t, unsigned channel)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		if (t->session[i].channel == channel)
			session_close(&t->session[i]);
	}
}

void session_close_all(struct session_table *t)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		session_close(&t->session[i]);
}

bool session_uses(const struct session_table *t, const struct object *o)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		const struct session *s = &t->session[i];
		if (s->state == SESSION_OPEN && s->kind == o->kind &&
		    bytes_equal(bytes_of(s->id, s->id_len), object_id(o)))
			return true;
	}
	return false;
}

status session_add(struct session *s, struct bytes part)
{
	if (part.n > sizeof(s->data) - s->data_len)
		return ST_FULL;
	if (part.n > 0)
		memcpy(s->data + s->data_len, part.p, part.n);
	s->data_len += part.n;
	return ST_OK;
}
