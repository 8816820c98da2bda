/* SPDX-License-Identifier: Apache-2.0 */
#include "traits.h"

#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "log.h"
#include "mem.h"
#include "text.h"

enum kind { KIND_NUMBER, KIND_HEX, KIND_FLAG, KIND_CHOICE, KIND_TEXT };

/* One setting. Numbers have their range in min..max; a text its capacity in max and the characters
 * that it may hold in choices; a choice its words in choices. */
static const struct row {
	const char *key;
	enum kind kind;
	size_t offset;
	unsigned min, max;
	const char *choices;
	const char *initial;
} rows[] = {
#define ROW(key, kind, field, min, max, choices, initial)                                          \
	{                                                                                          \
		key, kind, offsetof(struct traits, field), min, max, choices, initial              \
	}
#define FLAG(key, field, initial) ROW(key, KIND_FLAG, field, 0, 1, "no yes", initial)
#define WORDS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define HEX "0123456789ABCDEFabcdef"
	ROW("profile", KIND_TEXT, profile, 1, 16, WORDS, "demo"),
	ROW("iccid", KIND_TEXT, iccid, 18, ICCID_DIGITS_MAX + 1, "0123456789",
	    "8988211000000000001"),
	ROW("aid", KIND_TEXT, aid, 10, TRAITS_TEXT_MAX, HEX ",", "A0000005590010"),
	ROW("proprietary-id", KIND_TEXT, proprietary_id, 0, TRAITS_TEXT_MAX, HEX,
	    "496F54205341464520736F6674776172652053494D0000000000000000000000"),
	FLAG("applet", applet, "yes"),
	FLAG("t0", t0, "no"),
	ROW("channels", KIND_NUMBER, channels, 0, 19, NULL, "3"),
	ROW("first-channel", KIND_NUMBER, first_channel, 1, 19, NULL, "1"),
	FLAG("implicit-open", implicit_open, "yes"),
	FLAG("fid-select", fid_select, "no"),
	FLAG("fci", fci, "no"),
	ROW("class", KIND_CHOICE, cla, 0, 2, "both inter proprietary", "both"),
	ROW("layout", KIND_CHOICE, layout, 0, 2, "l1 l2 l3", "l1"),
	ROW("list-page", KIND_NUMBER, list_page, 16, 255, NULL, "255"),
	FLAG("list", list, "yes"),
	FLAG("info", info, "yes"),
	FLAG("wrapped", wrapped, "yes"),
	FLAG("file-usage", file_usage, "yes"),
	FLAG("malformed-92", malformed_92, "no"),
	FLAG("tag11-short", tag11_short, "no"),
	FLAG("hash-one-byte", hash_one_byte, "no"),
	FLAG("tags-61-6f", tags_61_6f, "no"),
	ROW("app-functions", KIND_HEX, app_functions, 0, 0xFF, NULL, "0F"),
	ROW("app-hashes", KIND_HEX, app_hashes, 0, 0xFFFF, NULL, "0007"),
	ROW("app-agreement", KIND_HEX, app_agree, 0, 0xFF, NULL, "01"),
	ROW("app-derivation", KIND_HEX, app_derive, 0, 0xFF, NULL, "03"),
	ROW("signature-header", KIND_CHOICE, header, 0, 2, "1 2 ber", "2"),
	FLAG("signature-der", der, "no"),
	ROW("sessions", KIND_NUMBER, sessions, 1, 8, NULL, "3"),
	FLAG("lenient-init", lenient_init, "no"),
	FLAG("sticky", sticky, "no"),
	ROW("chunk", KIND_NUMBER, chunk, 1, 256, NULL, "256"),
	FLAG("chunk-pad", chunk_pad, "no"),
	FLAG("bare-point", bare_point, "no"),
	ROW("keygen-answer", KIND_CHOICE, keygen_answer, 0, 2, "full key none", "full"),
	FLAG("keygen-needs-read", keygen_needs_read, "yes"),
	FLAG("keygen-new-ids", keygen_new_ids, "no"),
	ROW("keygen-ms", KIND_NUMBER, keygen_ms, 0, 600000, NULL, "0"),
	ROW("personality", KIND_CHOICE, personality, 0, 2, "type1 type2 both", "both"),
	FLAG("dh", dh, "yes"),
	FLAG("prf", prf, "yes"),
	FLAG("hkdf", hkdf, "yes"),
	ROW("dh-header", KIND_CHOICE, dh_header, 0, 2, "none 1 2", "none"),
	FLAG("prf-general-stored", prf_general_stored, "yes"),
	FLAG("hkdf-stored", hkdf_stored, "yes"),
	FLAG("refuse-empty-salt", refuse_empty_salt, "no"),
	FLAG("ber-length", ber_length, "no"),
	FLAG("locked", locked, "no"),
	ROW("pin-at", KIND_CHOICE, pin_at, 0, 1, "mf both", "both"),
	ROW("pin-verified-query", KIND_CHOICE, pin_verified_query, 0, 1, "9000 63cx", "9000"),
	ROW("pin-disabled-query", KIND_CHOICE, pin_disabled_query, 0, 1, "6984 63cx", "6984"),
	ROW("pin-blocked-query", KIND_CHOICE, pin_blocked_query, 0, 1, "63c0 6983", "63c0"),
	ROW("pin-always-ends", KIND_CHOICE, pin_always_ends, 0, 1, "pin key", "pin"),
	ROW("sw-no-channel", KIND_HEX, sw_no_channel, 0x6000, 0x6FFF, NULL, "6A81"),
	ROW("sw-busy", KIND_HEX, sw_busy, 0x6000, 0x6FFF, NULL, "6A86"),
	ROW("sw-full", KIND_HEX, sw_full, 0x6000, 0x6FFF, NULL, "6989"),
	ROW("sw-offset", KIND_HEX, sw_offset, 0x6000, 0x6FFF, NULL, "6981"),
#undef HEX
#undef WORDS
#undef FLAG
#undef ROW
};

static unsigned *number_at(struct traits *c, const struct row *row)
{
	return (unsigned *)(void *)((char *)c + row->offset);
}

static unsigned number_of(const struct traits *c, const struct row *row)
{
	unsigned v;
	memcpy(&v, (const char *)c + row->offset, sizeof(v));
	return v;
}

static const struct row *row_find(struct bytes key)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (bytes_equal(key, bytes_str(rows[i].key)))
			return &rows[i];
	}
	return NULL;
}

static status set_number(struct traits *c, const struct row *row, struct bytes value)
{
	unsigned long v;
	TRY(text_number(value, row->kind == KIND_HEX ? 16 : 10, &v));
	if (v < row->min || v > row->max)
		return ST_ARG;
	*number_at(c, row) = (unsigned)v;
	return ST_OK;
}

static status set_choice(struct traits *c, const struct row *row, struct bytes value)
{
	struct rdr words = rdr_of(bytes_str(row->choices));
	struct bytes word;
	for (unsigned i = 0; text_word(&words, &word); i++) {
		if (!bytes_equal(word, value))
			continue;
		*number_at(c, row) = i;
		return ST_OK;
	}
	return ST_ARG;
}

static status set_text(struct traits *c, const struct row *row, struct bytes value)
{
	if (value.n < row->min || value.n >= row->max)
		return ST_ARG;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == 0 || !strchr(row->choices, value.p[i]))
			return ST_ARG;
	}
	char *dst = (char *)c + row->offset;
	memcpy(dst, value.p, value.n);
	dst[value.n] = '\0';
	return ST_OK;
}

static status row_set(struct traits *c, const struct row *row, struct bytes value)
{
	switch (row->kind) {
	case KIND_NUMBER:
	case KIND_HEX:
		return set_number(c, row, value);
	case KIND_FLAG:
	case KIND_CHOICE:
		return set_choice(c, row, value);
	case KIND_TEXT:
		return set_text(c, row, value);
	}
	return ST_BUG;
}

void traits_default(struct traits *ret_traits)
{
	*ret_traits = (struct traits){0};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (row_set(ret_traits, &rows[i], bytes_str(rows[i].initial)) != ST_OK)
			log_error("sim: the default of %s does not fit its row", rows[i].key);
	}
}

static void expectation(const struct row *row, char *dst, size_t cap)
{
	switch (row->kind) {
	case KIND_NUMBER:
		snprintf(dst, cap, "a number from %u to %u", row->min, row->max);
		return;
	case KIND_HEX:
		snprintf(dst, cap, "hexadecimal, %X to %X", row->min, row->max);
		return;
	case KIND_FLAG:
	case KIND_CHOICE:
		snprintf(dst, cap, "one of: %s", row->choices);
		return;
	case KIND_TEXT:
		snprintf(dst, cap, "%u to %u characters of %s", row->min, row->max - 1,
			 row->choices);
		return;
	}
}

status traits_set(struct traits *c, struct bytes key, struct bytes value, char err[128])
{
	const struct row *row = row_find(key);
	if (!row) {
		snprintf(err, 128, "no setting is called '%.*s'", (int)(key.n < 40 ? key.n : 40),
			 (const char *)key.p);
		return ST_NO_ENTRY;
	}
	if (row_set(c, row, value) != ST_OK) {
		char expected[80];
		expectation(row, expected, sizeof(expected));
		snprintf(err, 128, "%s: expected %s", row->key, expected);
		return ST_ARG;
	}
	return ST_OK;
}

static void print_choice(struct wtr *w, const struct row *row, unsigned v)
{
	struct rdr words = rdr_of(bytes_str(row->choices));
	struct bytes word;
	for (unsigned i = 0; text_word(&words, &word); i++) {
		if (i == v)
			wtr_put(w, word);
	}
}

void traits_print(const struct traits *c, struct wtr *w)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		wtr_printf(w, "%s = ", row->key);
		if (row->kind == KIND_TEXT)
			wtr_put(w, bytes_str((const char *)c + row->offset));
		else if (row->kind == KIND_NUMBER)
			wtr_printf(w, "%u", number_of(c, row));
		else if (row->kind == KIND_HEX)
			wtr_printf(w, "%02X", number_of(c, row));
		else
			print_choice(w, row, number_of(c, row));
		wtr_u8(w, '\n');
	}
}

status traits_aid(const struct traits *c, size_t i, struct wtr *ret_aid)
{
	struct rdr r = rdr_of(bytes_str(c->aid));
	struct bytes item;
	for (size_t at = 0; text_item(&r, ',', &item); at++) {
		if (at == i)
			return hex_get(item, ret_aid);
	}
	return ST_NO_ENTRY;
}
