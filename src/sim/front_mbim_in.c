/* SPDX-License-Identifier: Apache-2.0 */
#include "front_mbim_in.h"

#include <string.h>

/* A length beyond this is noise, not a message that is too long. */
enum { PLAUSIBLE_MAX = 65536 };

void mbim_in_clear(struct mbim_in *in)
{
	in->n = in->spent = in->skip = 0;
	in->total = in->next = 0;
	in->body_n = 0;
}

void mbim_in_init(struct mbim_in *in, size_t max)
{
	mbim_in_clear(in);
	in->max = max;
}

static void drop_front(struct mbim_in *in, size_t n)
{
	memmove(in->buf, in->buf + n, in->n - n);
	in->n -= n;
}

static void drop_spent(struct mbim_in *in)
{
	drop_front(in, in->spent);
	in->spent = 0;
}

size_t mbim_in_room(struct mbim_in *in)
{
	drop_spent(in);
	return sizeof(in->buf) - in->n;
}

void mbim_in_add(struct mbim_in *in, struct bytes b)
{
	size_t skip = in->skip < b.n ? in->skip : b.n;
	size_t room = mbim_in_room(in);
	size_t n = b.n - skip < room ? b.n - skip : room;

	in->skip -= skip;
	memcpy(in->buf + in->n, b.p + skip, n);
	in->n += n;
}

static bool give_error(struct mbim_message *m, enum mbim_error error)
{
	m->error = error;
	m->body = (struct bytes){0};
	return true;
}

/* A header that cannot be: its message is dropped as far as it is here, or all of it. */
static bool refuse_length(struct mbim_in *in, uint32_t length, struct mbim_message *m)
{
	bool too_long = length > in->max && length <= PLAUSIBLE_MAX;
	size_t drop = too_long && length < in->n ? length : in->n;

	in->skip = too_long ? length - drop : 0;
	drop_front(in, drop);
	return give_error(m, too_long ? MBIM_ERROR_TOO_LONG : MBIM_ERROR_LENGTH);
}

static bool refuse_fragment(struct mbim_in *in, struct mbim_message *m, enum mbim_error error)
{
	in->total = 0;
	return give_error(m, error);
}

/* One fragment of a command. False: more are to come. */
static bool take_fragment(struct mbim_in *in, struct mbim_message *m)
{
	struct rdr r = rdr_of(m->body);
	uint32_t total, current;

	if (rdr_u32le(&r, &total) != ST_OK || rdr_u32le(&r, &current) != ST_OK)
		return refuse_fragment(in, m, MBIM_ERROR_LENGTH);
	if (current == 0) {
		in->tid = m->tid;
		in->total = total;
		in->next = 0;
		in->body_n = 0;
	}
	if (in->total == 0 || m->tid != in->tid || total != in->total || current != in->next)
		return refuse_fragment(in, m, MBIM_ERROR_FRAGMENT_ORDER);
	if (r.n > sizeof(in->body) - in->body_n)
		return refuse_fragment(in, m, MBIM_ERROR_TOO_LONG);
	memcpy(in->body + in->body_n, r.p, r.n);
	in->body_n += r.n;
	if (++in->next < in->total)
		return false;
	in->total = 0;
	m->body = bytes_of(in->body, in->body_n);
	return true;
}

bool mbim_in_take(struct mbim_in *in, struct mbim_message *ret_m)
{
	for (;;) {
		uint32_t length;
		struct mbim_message m = {0};

		drop_spent(in);
		struct rdr r = rdr_of(bytes_of(in->buf, in->n));
		if (rdr_u32le(&r, &m.type) != ST_OK || rdr_u32le(&r, &length) != ST_OK ||
		    rdr_u32le(&r, &m.tid) != ST_OK)
			return false;
		*ret_m = m;
		if (length < MBIM_HEADER || length > in->max)
			return refuse_length(in, length, ret_m);
		if (length > in->n)
			return false;
		ret_m->body = bytes_of(r.p, length - MBIM_HEADER);
		in->spent = length;
		if (m.type != MBIM_COMMAND || take_fragment(in, ret_m))
			return true;
	}
}

bool mbim_in_expire(struct mbim_in *in, struct mbim_message *ret_m)
{
	struct mbim_message m = {.type = MBIM_COMMAND, .tid = in->tid};
	struct rdr r;

	drop_spent(in);
	if (in->n == 0 && in->total == 0 && in->skip == 0)
		return false;
	r = rdr_of(bytes_of(in->buf, in->n));
	bool has_tid = rdr_skip(&r, 8) == ST_OK && rdr_u32le(&r, &m.tid) == ST_OK;
	m.error = in->n == 0 ? MBIM_ERROR_TIMEOUT_FRAGMENT : MBIM_ERROR_LENGTH;
	bool is_news = in->n > 0 || in->total > 0;
	if (in->n > 0 && !has_tid)
		m.tid = 0;
	mbim_in_clear(in);
	*ret_m = m;
	return is_news;
}
