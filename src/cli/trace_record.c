/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"

/* A number, then `end`; *at moves behind it. */
static status take_number(const char **at, char end, long long *ret)
{
	char *stop;

	if (**at < '0' || **at > '9')
		return ST_MALFORMED;
	*ret = strtoll(*at, &stop, 10);
	if (*stop != end)
		return ST_MALFORMED;
	*at = stop + 1;
	return ST_OK;
}

static status take_head(const char **at, struct trace_record *r)
{
	long long seconds, micros, pid, thread;

	TRY(take_number(at, '.', &seconds));
	TRY(take_number(at, ' ', &micros));
	TRY(take_number(at, ' ', &pid));
	TRY(take_number(at, ' ', &thread));
	if (seconds > INT32_MAX || micros > 999999)
		return ST_MALFORMED;
	r->at = seconds * 1000000 + micros;
	r->pid = (long)pid;
	r->thread = (long)thread;
	return ST_OK;
}

/* "WORD: " */
static status take_level(const char **at, struct trace_record *r)
{
	const char *end = strstr(*at, ": ");
	size_t n = end ? (size_t)(end - *at) : 0;

	if (n == 0 || n >= sizeof(r->name))
		return ST_MALFORMED;
	memcpy(r->name, *at, n);
	r->name[n] = '\0';
	*at = end + 2;
	return ST_OK;
}

/* Everything up to the last blank of text[0..n). */
static status take_name(const char *text, size_t n, struct trace_record *r, struct bytes *ret_rest)
{
	size_t at = n;

	while (at > 0 && text[at - 1] != ' ')
		at--;
	if (at < 2 || at - 1 >= sizeof(r->name))
		return ST_MALFORMED;
	memcpy(r->name, text, at - 1);
	r->name[at - 1] = '\0';
	*ret_rest = bytes_of(text + at, n - at);
	return ST_OK;
}

/* "HEX", or "HEX[n masked]" and, of an answer, "SWSW". */
static status take_bytes(const char *text, struct trace_record *r)
{
	const char *mask = strchr(text, '['), *end = mask ? strstr(mask, " masked]") : NULL;
	struct wtr w = WTR_ON(r->bytes);
	struct bytes hex;
	long long masked = 0;

	if (mask && !end)
		return ST_MALFORMED;
	TRY(take_name(text, mask ? (size_t)(mask - text) : strlen(text), r, &hex));
	TRY(hex_get(hex, &w));
	if (mask) {
		mask++;
		TRY(take_number(&mask, ' ', &masked));
		TRY(hex_get(bytes_str(end + strlen(" masked]")), &w));
	}
	r->masked = masked < 65536 ? (size_t)masked : 0;
	r->n = w.n;
	if (r->kind != TRACE_ANSWER)
		return ST_OK;
	if (r->n < 2)
		return ST_MALFORMED;
	r->n -= 2;
	r->sw = (uint16_t)(r->bytes[r->n] << 8 | r->bytes[r->n + 1]);
	return ST_OK;
}

static status take_span(const char *text, struct trace_record *r)
{
	struct bytes number;
	const char *at;
	long long v;

	TRY(take_name(text, strlen(text), r, &number));
	at = (const char *)number.p;
	TRY(take_number(&at, '\0', &v));
	r->micros = v;
	return ST_OK;
}

status trace_record_parse(const char *line, struct trace_record *ret)
{
	const char *at = line;

	*ret = (struct trace_record){.kind = TRACE_SAID};
	TRY(take_head(&at, ret));
	TRY(take_level(&at, ret));
	if (strcmp(ret->name, "trace") != 0) {
		snprintf(ret->text, sizeof(ret->text), "%.*s", (int)sizeof(ret->text) - 1, at);
		return ST_OK;
	}
	if (at[0] == '\0' || at[1] != ' ')
		return ST_MALFORMED;
	switch (at[0]) {
	case 'C':
		ret->kind = TRACE_COMMAND;
		return take_bytes(at + 2, ret);
	case 'R':
		ret->kind = TRACE_ANSWER;
		return take_bytes(at + 2, ret);
	case 'S':
		ret->kind = TRACE_SPAN;
		return take_span(at + 2, ret);
	default:
		return ST_MALFORMED;
	}
}
