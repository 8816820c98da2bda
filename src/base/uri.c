/* SPDX-License-Identifier: Apache-2.0 */
#include "uri.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "hex.h"

/* Copies text into dst (cap with its NUL); ST_ARG when it does not fit or holds a NUL. */
static status copy_text(struct bytes text, char *dst, size_t cap)
{
	if (text.n >= cap || (text.n > 0 && memchr(text.p, 0, text.n)))
		return ST_ARG;
	if (text.n > 0)
		memcpy(dst, text.p, text.n);
	dst[text.n] = '\0';
	return ST_OK;
}

static status decode_percent(struct bytes text, char *dst, size_t cap)
{
	struct wtr w = wtr_on(dst, cap - 1);
	struct rdr r = rdr_of(text);
	struct bytes two;
	uint8_t c;

	while (r.n > 0) {
		TRY(rdr_u8(&r, &c));
		if (c != '%') {
			wtr_u8(&w, c);
			continue;
		}
		if (rdr_take(&r, 2, &two) != ST_OK || hex_get(two, &w) != ST_OK)
			return ST_ARG;
	}
	if (wtr_done(&w) != ST_OK || memchr(dst, 0, w.n))
		return ST_ARG;
	dst[w.n] = '\0';
	return ST_OK;
}

/* Splits text at the first c: head before it, tail after it; no c leaves tail empty. */
static bool split(struct bytes text, char c, struct bytes *ret_head, struct bytes *ret_tail)
{
	const uint8_t *at = text.n > 0 ? memchr(text.p, c, text.n) : NULL;

	if (!at) {
		*ret_head = text;
		*ret_tail = (struct bytes){0};
		return false;
	}
	*ret_head = bytes_of(text.p, (size_t)(at - text.p));
	*ret_tail = bytes_of(at + 1, text.n - ret_head->n - 1);
	return true;
}

static status parse_params(struct bytes query, struct uri *u)
{
	while (query.n > 0) {
		struct bytes one, key, value, rest;

		split(query, '&', &one, &rest);
		query = rest;
		if (one.n == 0)
			continue;
		if (!split(one, '=', &key, &value) || key.n == 0 ||
		    u->param_count == URI_PARAMS_MAX)
			return ST_ARG;
		TRY(copy_text(key, u->param[u->param_count].key,
			      sizeof(u->param[u->param_count].key)));
		TRY(decode_percent(value, u->param[u->param_count].value,
				   sizeof(u->param[u->param_count].value)));
		u->param_count++;
	}
	return ST_OK;
}

status uri_parse(const char *text, struct uri *ret_uri)
{
	struct bytes scheme, rest, path, query;
	struct uri u = {0};

	if (!text || !split(bytes_str(text), ':', &scheme, &rest) || scheme.n == 0)
		return ST_ARG;
	TRY(copy_text(scheme, u.scheme, sizeof(u.scheme)));
	split(rest, '?', &path, &query);
	TRY(decode_percent(path, u.path, sizeof(u.path)));
	TRY(parse_params(query, &u));
	*ret_uri = u;
	return ST_OK;
}

const char *uri_param(const struct uri *u, const char *key)
{
	for (unsigned i = 0; i < u->param_count; i++)
		if (strcmp(u->param[i].key, key) == 0)
			return u->param[i].value;
	return NULL;
}

status uri_param_number(const struct uri *u, const char *key, long lo, long hi, long dflt,
			long *ret_v)
{
	const char *text = uri_param(u, key);
	char *end;
	long v;

	if (!text) {
		*ret_v = dflt;
		return ST_OK;
	}
	errno = 0;
	v = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v < lo || v > hi)
		return ST_ARG;
	*ret_v = v;
	return ST_OK;
}

bool uri_param_true(const struct uri *u, const char *key)
{
	const char *v = uri_param(u, key);

	return v && (strcmp(v, "1") == 0 || strcmp(v, "yes") == 0 || strcmp(v, "true") == 0);
}
