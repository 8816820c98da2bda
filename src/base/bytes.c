/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct bytes bytes_str(const char *s)
{
	return s ? bytes_of(s, strlen(s)) : (struct bytes){0};
}

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool bytes_start_with(struct bytes a, struct bytes prefix)
{
	return a.n >= prefix.n && bytes_equal(bytes_of(a.p, prefix.n), prefix);
}

status rdr_take(struct rdr *r, size_t n, struct bytes *ret_b)
{
	if (n > r->n)
		return ST_TRUNCATED;
	*ret_b = bytes_of(r->p, n);
	if (n > 0)
		r->p += n;
	r->n -= n;
	return ST_OK;
}

status rdr_skip(struct rdr *r, size_t n)
{
	struct bytes skipped;

	return rdr_take(r, n, &skipped);
}

status rdr_peek(const struct rdr *r, uint8_t *ret_v)
{
	if (r->n == 0)
		return ST_TRUNCATED;
	*ret_v = r->p[0];
	return ST_OK;
}

status rdr_u8(struct rdr *r, uint8_t *ret_v)
{
	struct bytes b;

	TRY(rdr_take(r, 1, &b));
	*ret_v = b.p[0];
	return ST_OK;
}

status rdr_u16be(struct rdr *r, uint16_t *ret_v)
{
	struct bytes b;

	TRY(rdr_take(r, 2, &b));
	*ret_v = (uint16_t)(b.p[0] << 8 | b.p[1]);
	return ST_OK;
}

status rdr_u32be(struct rdr *r, uint32_t *ret_v)
{
	struct bytes b;

	TRY(rdr_take(r, 4, &b));
	*ret_v = (uint32_t)b.p[0] << 24 | (uint32_t)b.p[1] << 16 | (uint32_t)b.p[2] << 8 | b.p[3];
	return ST_OK;
}

status rdr_u16le(struct rdr *r, uint16_t *ret_v)
{
	struct bytes b;

	TRY(rdr_take(r, 2, &b));
	*ret_v = (uint16_t)(b.p[1] << 8 | b.p[0]);
	return ST_OK;
}

status rdr_u32le(struct rdr *r, uint32_t *ret_v)
{
	struct bytes b;

	TRY(rdr_take(r, 4, &b));
	*ret_v = (uint32_t)b.p[3] << 24 | (uint32_t)b.p[2] << 16 | (uint32_t)b.p[1] << 8 | b.p[0];
	return ST_OK;
}

void wtr_put(struct wtr *w, struct bytes b)
{
	if (w->overflow || b.n > w->cap - w->n) {
		w->overflow = true;
		return;
	}
	if (b.n > 0)
		memmove(w->p + w->n, b.p, b.n);
	w->n += b.n;
}

void wtr_fill(struct wtr *w, uint8_t v, size_t n)
{
	if (w->overflow || n > w->cap - w->n) {
		w->overflow = true;
		return;
	}
	if (n > 0)
		memset(w->p + w->n, v, n);
	w->n += n;
}

void wtr_u8(struct wtr *w, uint8_t v)
{
	wtr_put(w, bytes_of(&v, 1));
}

void wtr_u16be(struct wtr *w, uint16_t v)
{
	wtr_put(w, BYTES_OF(((uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v})));
}

void wtr_u32be(struct wtr *w, uint32_t v)
{
	wtr_u16be(w, (uint16_t)(v >> 16));
	wtr_u16be(w, (uint16_t)v);
}

void wtr_u16le(struct wtr *w, uint16_t v)
{
	wtr_put(w, BYTES_OF(((uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)})));
}

void wtr_u32le(struct wtr *w, uint32_t v)
{
	wtr_u16le(w, (uint16_t)v);
	wtr_u16le(w, (uint16_t)(v >> 16));
}

void wtr_printf(struct wtr *w, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text)) {
		w->overflow = true;
		return;
	}
	wtr_put(w, bytes_of(text, (size_t)n));
}

status wtr_done(const struct wtr *w)
{
	return w->overflow ? ST_SHORT_OUT : ST_OK;
}
