/* SPDX-License-Identifier: Apache-2.0 */
#include "explain.h"

#include <string.h>

#include "commands.h"
#include "container.h"
#include "hex.h"
#include "mem.h"
#include "sw.h"
#include "tlv.h"

static const struct command *find(const char *name)
{
	for (int i = 0; i < CMD_COUNT; i++)
		if (strcmp(command_get((enum command_id)i)->name, name) == 0)
			return command_get((enum command_id)i);
	return NULL;
}

const char *explain_status(const char *name, uint16_t sw)
{
	const struct command *row = find(name);

	return row && (row->flags & COMMAND_PIN) ? sw_judge_pin(sw).text : sw_judge(sw).text;
}

/* --- values --- */

static void as_hex(struct wtr *w, struct bytes v)
{
	hex_put(w, v);
}

static void as_text(struct wtr *w, struct bytes v)
{
	wtr_u8(w, '"');
	for (size_t i = 0; i < v.n; i++)
		wtr_u8(w, v.p[i] >= 0x20 && v.p[i] < 0x7F ? v.p[i] : '?');
	wtr_u8(w, '"');
}

static void as_size(struct wtr *w, struct bytes v)
{
	wtr_printf(w, "%zu bytes", v.n);
}

static void as_number(struct wtr *w, struct bytes v)
{
	if (v.n == 1)
		wtr_printf(w, "%u bytes", v.p[0]);
}

struct bit {
	uint8_t bit;
	const char *word;
};

static void as_bits(struct wtr *w, struct bytes v, const struct bit *bits, size_t count)
{
	uint8_t low = v.n > 0 ? v.p[v.n - 1] : 0;
	const char *between = "";

	for (size_t i = 0; i < count; i++) {
		if (!(low & bits[i].bit))
			continue;
		wtr_printf(w, "%s%s", between, bits[i].word);
		between = "+";
	}
	if (between[0] == '\0')
		hex_put(w, v);
}

static void as_hash(struct wtr *w, struct bytes v)
{
	static const struct bit bits[] = {
		{CARD_SHA256, "SHA-256"}, {CARD_SHA384, "SHA-384"}, {CARD_SHA512, "SHA-512"}};

	as_bits(w, v, bits, ARRAY_LEN(bits));
}

static void as_algorithm(struct wtr *w, struct bytes v)
{
	static const struct bit bits[] = {{SIG_RSA_PKCS1, "RSA PKCS#1"},
					  {SIG_RSA_PSS, "RSA-PSS"},
					  {SIG_ECDSA, "ECDSA"},
					  {SIG_AES_CMAC, "AES-CMAC"}};

	as_bits(w, v, bits, ARRAY_LEN(bits));
}

/* --- the data of the applet's commands --- */

static const struct tag_row {
	uint8_t tag;
	const char *word;
	void (*put)(struct wtr *w, struct bytes v);
} tags[] = {
	{TAG_ID_PRIVATE, "key ", as_hex},
	{TAG_ID_PUBLIC, "public key ", as_hex},
	{TAG_ID_FILE, "file ", as_hex},
	{TAG_ID_SECRET, "secret key ", as_hex},
	{TAG_LABEL_PRIVATE, "key ", as_text},
	{TAG_LABEL_PUBLIC, "public key ", as_text},
	{TAG_LABEL_FILE, "file ", as_text},
	{TAG_LABEL_SECRET, "secret key ", as_text},
	{TAG_HASH, "", as_hash},
	{TAG_SIG_ALG, "", as_algorithm},
	{TAG_PUBLIC_DATA, "a public key of ", as_size},
	{TAG_OUTPUT_LEN, "output of ", as_number},
};

static const char *separator(const struct wtr *w)
{
	return w->n > 0 ? ", " : "";
}

static void put_tlvs(struct wtr *w, struct bytes data)
{
	struct rdr r = rdr_of(data);
	struct bytes v;
	uint8_t tag;

	while (tlv_next(&r, &tag, &v) == ST_OK) {
		for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
			if (tags[i].tag != tag)
				continue;
			wtr_printf(w, "%s%s", separator(w), tags[i].word);
			tags[i].put(w, v);
		}
	}
}

/* Lc and the data, as far as they are there. */
static struct bytes data_of(struct rdr r)
{
	uint8_t n = 0;

	if (rdr_u8(&r, &n) != ST_OK)
		return bytes_of(NULL, 0);
	return bytes_of(r.p, r.n < n ? r.n : n);
}

static void put_select(struct wtr *w, const char *what, struct bytes data)
{
	wtr_printf(w, "%s", what);
	hex_put(w, data);
}

static void put_channel(struct wtr *w, uint8_t cla)
{
	unsigned number = cla & 0x40 ? 4u + (cla & 0x0F) : cla & 0x03u;

	wtr_printf(w, "%schannel %u", separator(w), number);
}

static void put(struct wtr *w, const struct command *row, const uint8_t head[4], struct rdr rest)
{
	unsigned p1p2 = (unsigned)head[2] << 8 | head[3];
	bool has_data = row->apdu_case == APDU_CASE_3 || row->apdu_case == APDU_CASE_4;

	if (row == command_get(CMD_SELECT_AID))
		put_select(w, "applet ", data_of(rest));
	else if (row == command_get(CMD_SELECT_FILE))
		put_select(w, "file ", data_of(rest));
	else if (row->flags & COMMAND_PIN)
		wtr_printf(w, "PIN %02X", head[3]);
	else if (row->class_kind == CLASS_APPLET && has_data)
		put_tlvs(w, data_of(rest));
	if (row == command_get(CMD_READ_FILE))
		wtr_printf(w, "%sfrom byte %u", separator(w), p1p2);
	if (row == command_get(CMD_CHANNEL_CLOSE))
		wtr_printf(w, "channel %u", head[3]);
	else if (row->class_kind == CLASS_ISO)
		put_channel(w, head[0]);
}

char *explain_command(const char *name, struct bytes cmd, char *dst, size_t cap)
{
	struct wtr w = wtr_on(dst, cap - 1);
	const struct command *row = find(name);
	struct rdr r = rdr_of(cmd);
	struct bytes head;

	if (row && rdr_take(&r, 4, &head) == ST_OK)
		put(&w, row, head.p, r);
	dst[w.n] = '\0';
	return dst;
}
