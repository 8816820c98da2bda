/* SPDX-License-Identifier: Apache-2.0 */
/* An entry as text:
 *
 *   iotsafe-object 1
 *   sha256: 64 digits, over all that follows this line
 *   kind: certificate | data | key-name | discarded-key
 *   key: 40 digits                     (of the public point, when it belongs to a key)
 *   label: text                        (\\ and \xNN for what is no plain character)
 *   id: hex
 *   application: text                  (data)
 *   object-id: hex                     (data)
 *   generated: yes                     (key-name, of a key that the card made at our request)
 *   subject: hex                       (key-name)
 *   -----BEGIN CERTIFICATE-----        (DATA for data; none for what is about a key)
 *   base64, 64 characters a line
 *   -----END CERTIFICATE-----
 *
 * The sum is there so that a damaged file is never taken for a whole one. */
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "der.h"
#include "hex.h"
#include "mem.h"
#include "store.h"

enum { SUM_SIZE = 32, BASE64_COLUMNS = 64 };

static const char magic[] = "iotsafe-object 1\n";

static const struct {
	const char *word, *block;
} kinds[] = {
	[STORE_CERTIFICATE] = {"certificate", "CERTIFICATE"},
	[STORE_DATA] = {"data", "DATA"},
	[STORE_KEY_NAME] = {"key-name", NULL},
	[STORE_KEY_DISCARDED] = {"discarded-key", NULL},
};

/* --- what an entry may be --- */

static bool is_one_der(struct bytes b)
{
	struct rdr r = rdr_of(b);
	struct bytes content;

	return der_expect(&r, DER_SEQUENCE, &content) == ST_OK && r.n == 0;
}

static bool is_sound(const struct store_entry *e)
{
	if ((size_t)e->kind >= ARRAY_LEN(kinds) || e->value_n > STORE_VALUE_MAX ||
	    e->id_n > STORE_ID_MAX || e->object_id_n > STORE_ID_MAX ||
	    e->subject_n > STORE_SUBJECT_MAX || !memchr(e->label, 0, sizeof(e->label)) ||
	    !memchr(e->application, 0, sizeof(e->application)))
		return false;
	if (e->kind != STORE_DATA && (e->application[0] || e->object_id_n > 0))
		return false;
	if (e->kind != STORE_KEY_NAME && (e->generated || e->subject_n > 0))
		return false;
	if (e->kind == STORE_KEY_DISCARDED && (e->label[0] || e->id_n > 0))
		return false;
	if (!kinds[e->kind].block)
		return e->has_key && e->value_n == 0;
	return e->kind == STORE_DATA || is_one_der(bytes_of(e->value, e->value_n));
}

/* --- text with escapes --- */

/* Length of the UTF-8 character at the head of b when it is one to be shown, else 0. */
static size_t plain_character(struct bytes b)
{
	uint8_t c = b.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;

	if (n == 1)
		return c >= 0x20 && c != 0x7F && c != '\\';
	if (n == 0 || n > b.n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((b.p[i] & 0xC0) != 0x80)
			return 0;
	/* C1 controls, overlong forms, surrogates, beyond Unicode */
	if ((c == 0xC2 && b.p[1] < 0xA0) || (c == 0xE0 && b.p[1] < 0xA0) ||
	    (c == 0xED && b.p[1] > 0x9F) || (c == 0xF0 && b.p[1] < 0x90) ||
	    (c == 0xF4 && b.p[1] > 0x8F))
		return 0;
	return n;
}

static void put_escaped(struct wtr *w, struct bytes text)
{
	struct rdr r = rdr_of(text);
	struct bytes b;

	while (r.n > 0) {
		size_t n = plain_character(rdr_rest(&r));
		/* editors eat blanks at the edges */
		bool at_edge = r.p[0] == ' ' && (r.n == text.n || r.n == 1);

		if (rdr_take(&r, n ? n : 1, &b) != ST_OK)
			return;
		if (b.p[0] == '\\')
			wtr_put(w, BYTES_LIT("\\\\"));
		else if (n == 0 || at_edge)
			wtr_printf(w, "\\x%02X", b.p[0]);
		else
			wtr_put(w, b);
	}
}

/* One byte of an escaped text; never NUL. */
static status get_escaped(struct rdr *r, uint8_t *ret_c)
{
	struct wtr w = wtr_on(ret_c, 1);
	struct bytes digits;
	uint8_t c;

	TRY(rdr_u8(r, &c));
	*ret_c = c;
	if (c != '\\')
		return c >= 0x20 && c != 0x7F ? ST_OK : ST_MALFORMED;
	TRY(rdr_u8(r, &c));
	if (c == '\\')
		return ST_OK;
	if (c != 'x')
		return ST_MALFORMED;
	TRY(rdr_take(r, 2, &digits));
	TRY(hex_get(digits, &w));
	return *ret_c != 0 ? ST_OK : ST_MALFORMED;
}

static status get_text(struct bytes text, char dst[STORE_LABEL_MAX + 1])
{
	struct wtr w = wtr_on(dst, STORE_LABEL_MAX + 1);
	struct rdr r = rdr_of(text);
	uint8_t c;

	while (r.n > 0) {
		TRY(get_escaped(&r, &c));
		wtr_u8(&w, c);
	}
	wtr_u8(&w, 0);
	return wtr_done(&w) == ST_OK ? ST_OK : ST_MALFORMED;
}

/* --- base64 (RFC 4648 §4) --- */

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_base64(struct wtr *w, struct bytes b)
{
	for (size_t i = 0; i < b.n; i += 3) {
		size_t n = b.n - i < 3 ? b.n - i : 3;
		uint32_t v = (uint32_t)b.p[i] << 16 | (n > 1 ? (uint32_t)b.p[i + 1] << 8 : 0) |
			     (n > 2 ? b.p[i + 2] : 0);

		for (size_t k = 0; k < 4; k++)
			wtr_u8(w, k <= n ? (uint8_t)base64_digits[v >> (18 - 6 * k) & 63] : '=');
		if ((i / 3 + 1) % (BASE64_COLUMNS / 4) == 0 || i + 3 >= b.n)
			wtr_u8(w, '\n');
	}
}

static status base64_value(uint8_t c, uint32_t *ret_v)
{
	const char *at = c ? strchr(base64_digits, c) : NULL;

	if (!at)
		return ST_MALFORMED;
	*ret_v = (uint32_t)(at - base64_digits);
	return ST_OK;
}

/* Four characters, of which the last one or two may be '='. */
static status get_quartet(struct bytes four, struct wtr *w)
{
	size_t n = four.p[3] != '=' ? 4 : four.p[2] != '=' ? 3 : 2;
	uint32_t v = 0, digit;

	for (size_t i = 0; i < 4; i++) {
		digit = 0;
		if (i < n)
			TRY(base64_value(four.p[i], &digit));
		v = v << 6 | digit;
	}
	if ((v & (n == 4 ? 0 : n == 3 ? 0xFF : 0xFFFF)) != 0)
		return ST_MALFORMED;
	for (size_t i = 0; i + 1 < n; i++)
		wtr_u8(w, (uint8_t)(v >> (16 - 8 * i)));
	return ST_OK;
}

/* One line. A short one, or one with padding, is the block's last. */
static status get_base64_line(struct bytes line, bool *ended, struct wtr *w)
{
	struct rdr r = rdr_of(line);
	struct bytes four;

	if (*ended || line.n == 0 || line.n > BASE64_COLUMNS)
		return ST_MALFORMED;
	*ended = line.n < BASE64_COLUMNS;
	while (r.n > 0) {
		TRY(rdr_take(&r, 4, &four));
		if (four.p[3] == '=' && r.n > 0)
			return ST_MALFORMED;
		*ended = *ended || four.p[3] == '=';
		TRY(get_quartet(four, w));
	}
	return wtr_done(w);
}

/* --- printing --- */

static void put_hex_line(struct wtr *w, const char *name, struct bytes v)
{
	if (v.n == 0)
		return;
	wtr_printf(w, "%s: ", name);
	hex_put(w, v);
	wtr_u8(w, '\n');
}

static void put_text_line(struct wtr *w, const char *name, const char *text)
{
	if (!text[0])
		return;
	wtr_printf(w, "%s: ", name);
	put_escaped(w, bytes_str(text));
	wtr_u8(w, '\n');
}

static void put_body(const struct store_entry *e, struct wtr *w)
{
	const char *block = kinds[e->kind].block;

	wtr_printf(w, "kind: %s\n", kinds[e->kind].word);
	if (e->has_key)
		put_hex_line(w, "key", BYTES_OF(e->key));
	put_text_line(w, "label", e->label);
	put_hex_line(w, "id", bytes_of(e->id, e->id_n));
	put_text_line(w, "application", e->application);
	put_hex_line(w, "object-id", bytes_of(e->object_id, e->object_id_n));
	if (e->generated)
		wtr_printf(w, "generated: yes\n");
	put_hex_line(w, "subject", bytes_of(e->subject, e->subject_n));
	if (!block)
		return;
	wtr_printf(w, "-----BEGIN %s-----\n", block);
	put_base64(w, bytes_of(e->value, e->value_n));
	wtr_printf(w, "-----END %s-----\n", block);
}

static status sum_of(struct bytes body, uint8_t ret[HASH_MAX])
{
	return hash_once(HASH_SHA256, body, ret);
}

status store_print(const struct store_entry *e, struct wtr *w)
{
	uint8_t *body ON_EXIT(mem_free_ptr) = malloc(STORE_TEXT_MAX);
	struct wtr bw = wtr_on(body, STORE_TEXT_MAX);
	uint8_t sum[HASH_MAX];

	if (!body)
		return ST_NOMEM;
	if (!is_sound(e))
		return ST_ARG;
	put_body(e, &bw);
	TRY(wtr_done(&bw));
	TRY(sum_of(wtr_bytes(&bw), sum));
	wtr_put(w, bytes_str(magic));
	put_hex_line(w, "sha256", bytes_of(sum, SUM_SIZE));
	wtr_put(w, wtr_bytes(&bw));
	return wtr_done(w);
}

/* --- parsing --- */

/* Up to the next line feed, which is taken too. */
static status next_line(struct rdr *r, struct bytes *ret_line)
{
	const uint8_t *end = r->n > 0 ? memchr(r->p, '\n', r->n) : NULL;
	struct bytes line;

	if (!end)
		return ST_MALFORMED;
	TRY(rdr_take(r, (size_t)(end - r->p), &line));
	TRY(rdr_skip(r, 1));
	*ret_line = line;
	return ST_OK;
}

static status get_hex(struct bytes v, uint8_t *dst, size_t cap, size_t *ret_n)
{
	struct wtr w = wtr_on(dst, cap);

	if (v.n == 0 || hex_get(v, &w) != ST_OK)
		return ST_MALFORMED;
	*ret_n = w.n;
	return ST_OK;
}

static status set_kind(struct store_entry *e, struct bytes v)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (bytes_equal(v, bytes_str(kinds[i].word))) {
			e->kind = (enum store_kind)i;
			return ST_OK;
		}
	}
	return ST_MALFORMED;
}

static status set_key(struct store_entry *e, struct bytes v)
{
	size_t n;

	TRY(get_hex(v, e->key, sizeof(e->key), &n));
	e->has_key = n == sizeof(e->key);
	return e->has_key ? ST_OK : ST_MALFORMED;
}

static status set_label(struct store_entry *e, struct bytes v)
{
	return get_text(v, e->label);
}

static status set_id(struct store_entry *e, struct bytes v)
{
	return get_hex(v, e->id, sizeof(e->id), &e->id_n);
}

static status set_application(struct store_entry *e, struct bytes v)
{
	return get_text(v, e->application);
}

static status set_object_id(struct store_entry *e, struct bytes v)
{
	return get_hex(v, e->object_id, sizeof(e->object_id), &e->object_id_n);
}

static status set_generated(struct store_entry *e, struct bytes v)
{
	e->generated = true;
	return bytes_equal(v, BYTES_LIT("yes")) ? ST_OK : ST_MALFORMED;
}

static status set_subject(struct store_entry *e, struct bytes v)
{
	return get_hex(v, e->subject, sizeof(e->subject), &e->subject_n);
}

static const struct {
	const char *name;
	status (*set)(struct store_entry *e, struct bytes v);
} fields[] = {
	{"kind: ", set_kind},
	{"key: ", set_key},
	{"label: ", set_label},
	{"id: ", set_id},
	{"application: ", set_application},
	{"object-id: ", set_object_id},
	{"generated: ", set_generated},
	{"subject: ", set_subject},
};

static status get_field(struct store_entry *e, struct bytes line, unsigned *seen)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct bytes name = bytes_str(fields[i].name);

		if (!bytes_start_with(line, name))
			continue;
		if (*seen & 1U << i)
			return ST_MALFORMED;
		*seen |= 1U << i;
		return fields[i].set(e, bytes_of(line.p + name.n, line.n - name.n));
	}
	return ST_MALFORMED;
}

static bool is_armour(struct bytes line, const char *edge, const char *block)
{
	char text[64];
	struct wtr w = WTR_ON(text);

	wtr_printf(&w, "-----%s %s-----", edge, block ? block : "");
	return bytes_equal(line, wtr_bytes(&w));
}

/* What follows the BEGIN line, to the end of the text. */
static status get_block(struct rdr *r, const char *block, struct wtr *w)
{
	struct bytes line;
	bool ended = false;

	for (;;) {
		TRY(next_line(r, &line));
		if (is_armour(line, "END", block))
			return r->n == 0 ? ST_OK : ST_MALFORMED;
		TRY(get_base64_line(line, &ended, w));
	}
}

static status get_body(struct rdr *r, struct store_entry *e, struct wtr *value)
{
	struct bytes line;
	unsigned seen = 0;

	while (r->n > 0) {
		TRY(next_line(r, &line));
		if (seen & 1 && kinds[e->kind].block &&
		    is_armour(line, "BEGIN", kinds[e->kind].block))
			return get_block(r, kinds[e->kind].block, value);
		TRY(get_field(e, line, &seen));
	}
	return seen & 1 && !kinds[e->kind].block ? ST_OK : ST_MALFORMED;
}

static status check_sum(struct rdr *r)
{
	struct bytes line, name = BYTES_LIT("sha256: ");
	uint8_t said[SUM_SIZE], sum[HASH_MAX];
	struct wtr w = WTR_ON(said);

	TRY(next_line(r, &line));
	if (!bytes_start_with(line, name) ||
	    hex_get(bytes_of(line.p + name.n, line.n - name.n), &w) != ST_OK || w.n != SUM_SIZE)
		return ST_MALFORMED;
	TRY(sum_of(rdr_rest(r), sum));
	return memcmp(sum, said, SUM_SIZE) == 0 ? ST_OK : ST_MALFORMED;
}

status store_parse(struct bytes text, struct store_entry *ret)
{
	uint8_t *value ON_EXIT(mem_free_ptr) = malloc(STORE_VALUE_MAX);
	struct wtr w = wtr_on(value, STORE_VALUE_MAX);
	struct rdr r = rdr_of(text);
	struct store_entry e = {0};

	if (!value)
		return ST_NOMEM;
	if (!bytes_start_with(text, bytes_str(magic)))
		return ST_MALFORMED;
	TRY(rdr_skip(&r, sizeof(magic) - 1));
	TRY(check_sum(&r));
	if (get_body(&r, &e, &w) != ST_OK)
		return ST_MALFORMED;
	e.value = kinds[e.kind].block ? value : NULL;
	e.value_n = w.n;
	if (!is_sound(&e))
		return ST_MALFORMED;
	if (e.value) {
		e.value = realloc(value, w.n ? w.n : 1); /* smaller than it was */
		if (!e.value)
			return ST_NOMEM;
		value = NULL;
	}
	*ret = e;
	return ST_OK;
}
