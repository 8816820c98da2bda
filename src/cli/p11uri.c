/* SPDX-License-Identifier: Apache-2.0 */
#include "p11uri.h"

#include <string.h>

#include "hex.h"
#include "mem.h"

static bool is_plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

/* name=value; an id is written in percent form throughout, as RFC 7512 §2.3 recommends. */
static void put(struct wtr *w, const char *name, struct bytes value, bool binary)
{
	if (value.n == 0)
		return;
	if (w->n > 7) /* past "pkcs11:" */
		wtr_u8(w, ';');
	wtr_printf(w, "%s=", name);
	for (size_t i = 0; i < value.n; i++) {
		if (!binary && is_plain(value.p[i]))
			wtr_u8(w, value.p[i]);
		else
			wtr_printf(w, "%%%02X", value.p[i]);
	}
}

status p11uri_write(const struct p11uri_parts *parts, char *dst, size_t cap)
{
	struct wtr w = wtr_on(dst, cap);

	wtr_printf(&w, "pkcs11:");
	put(&w, "token", parts->token, false);
	put(&w, "serial", parts->serial, false);
	put(&w, "object", parts->object, false);
	put(&w, "id", parts->id, true);
	if (parts->type)
		put(&w, "type", bytes_str(parts->type), false);
	wtr_u8(&w, 0);
	return wtr_done(&w);
}

/* --- reading --- */

static const char scheme[] = "pkcs11:";

bool p11uri_is(const char *text)
{
	return strncmp(text, scheme, sizeof(scheme) - 1) == 0;
}

bool p11uri_matches(const struct p11uri_text *wanted, struct bytes found)
{
	return !wanted->given || bytes_equal(bytes_of(wanted->p, wanted->n), found);
}

/* Up to one of the stops, or the end. The stop is left. */
static struct bytes take_until(struct rdr *r, const char *stops)
{
	struct bytes b = {0};
	size_t n = 0;

	while (n < r->n && !strchr(stops, r->p[n]))
		n++;
	(void)!rdr_take(r, n, &b);
	return b;
}

static status resolve(struct bytes text, struct p11uri_text *ret)
{
	struct rdr r = rdr_of(text);
	struct p11uri_text v = {.given = true};
	struct wtr w = WTR_ON(v.p);
	struct bytes digits;
	uint8_t c;

	while (r.n > 0) {
		TRY(rdr_u8(&r, &c));
		if (c == '%') {
			if (rdr_take(&r, 2, &digits) != ST_OK || hex_get(digits, &w) != ST_OK)
				return ST_MALFORMED;
			continue;
		}
		if (c <= ' ' || c >= 0x7F)
			return ST_MALFORMED;
		wtr_u8(&w, c);
	}
	if (wtr_done(&w) != ST_OK)
		return ST_MALFORMED;
	v.n = w.n;
	*ret = v;
	return ST_OK;
}

static status take_attribute(struct bytes name, struct bytes value, struct p11uri *u)
{
	const struct {
		const char *name;
		struct p11uri_text *at;
	} known[] = {
		{"token", &u->token}, {"serial", &u->serial},	{"manufacturer", &u->manufacturer},
		{"model", &u->model}, {"object", &u->object},	{"id", &u->id},
		{"type", &u->type},   {"slot-id", &u->slot_id},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (bytes_equal(name, bytes_str(known[i].name)))
			return known[i].at->given ? ST_MALFORMED : resolve(value, known[i].at);
	return ST_OK;
}

static status take_path(struct rdr *r, struct p11uri *u)
{
	struct bytes name, value;
	uint8_t c;

	while (rdr_peek(r, &c) == ST_OK && c != '?') {
		name = take_until(r, "=;?");
		if (name.n == 0 || rdr_u8(r, &c) != ST_OK || c != '=')
			return ST_MALFORMED;
		value = take_until(r, ";?");
		TRY(take_attribute(name, value, u));
		if (rdr_peek(r, &c) == ST_OK && c == ';')
			TRY(rdr_skip(r, 1));
	}
	return ST_OK;
}

static status check_query(struct rdr *r)
{
	struct bytes name;

	while (rdr_skip(r, 1) == ST_OK) { /* past '?' or '&' */
		name = take_until(r, "=&");
		if (bytes_equal(name, BYTES_LIT("pin-value")))
			return ST_ARG;
		(void)take_until(r, "&");
	}
	return ST_OK;
}

status p11uri_parse(const char *text, struct p11uri *ret)
{
	struct rdr r = rdr_of(bytes_str(text));
	struct p11uri u = {0};

	if (!p11uri_is(text))
		return ST_MALFORMED;
	TRY(rdr_skip(&r, sizeof(scheme) - 1));
	TRY(take_path(&r, &u));
	TRY(check_query(&r));
	*ret = u;
	return ST_OK;
}
