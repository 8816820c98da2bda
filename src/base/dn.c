/* SPDX-License-Identifier: Apache-2.0 */
/* By hand: libcrypto's names go by its table of objects, and to open that it reads the host's
 * configuration (libctx.h). */
#include "dn.h"

#include <string.h>

#include "der.h"
#include "mem.h"

enum { DER_SET = 0x31, RDNS_MAX = 32, TEXT_MAX = 512 };

/* RFC 4519 names, and PKCS#9's for mail. */
static const struct {
	const char *name;
	uint8_t n;
	uint8_t oid[9];
} types[] = {
	{"CN", 3, {0x55, 0x04, 0x03}},
	{"SN", 3, {0x55, 0x04, 0x04}},
	{"serialNumber", 3, {0x55, 0x04, 0x05}},
	{"C", 3, {0x55, 0x04, 0x06}},
	{"L", 3, {0x55, 0x04, 0x07}},
	{"ST", 3, {0x55, 0x04, 0x08}},
	{"street", 3, {0x55, 0x04, 0x09}},
	{"O", 3, {0x55, 0x04, 0x0A}},
	{"OU", 3, {0x55, 0x04, 0x0B}},
	{"title", 3, {0x55, 0x04, 0x0C}},
	{"GN", 3, {0x55, 0x04, 0x2A}},
	{"emailAddress", 9, {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01}},
};

/* Dotted decimals of an OID's content. */
static void put_oid(struct wtr *w, struct bytes oid)
{
	uint32_t v = 0;
	bool first = true;

	for (size_t i = 0; i < oid.n; i++) {
		v = v << 7 | (oid.p[i] & 0x7F);
		if (oid.p[i] & 0x80)
			continue;
		if (first)
			wtr_printf(w, "%u.%u", v < 80 ? v / 40 : 2, v < 80 ? v % 40 : v - 80);
		else
			wtr_printf(w, ".%u", v);
		first = false;
		v = 0;
	}
}

static void put_type(struct wtr *w, struct bytes oid)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (bytes_equal(oid, bytes_of(types[i].oid, types[i].n))) {
			wtr_put(w, bytes_str(types[i].name));
			return;
		}
	}
	put_oid(w, oid);
}

static void put_value(struct wtr *w, struct bytes v)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];
		bool at_edge = c == ' ' && (i == 0 || i + 1 == v.n);

		if (c < 0x20 || c > 0x7E)
			wtr_printf(w, "\\%02X", c);
		else if (strchr(",+\"\\<>;", c) || at_edge || (c == '#' && i == 0))
			wtr_printf(w, "\\%c", c);
		else
			wtr_u8(w, c);
	}
}

/* SET OF SEQUENCE { type, value } */
static status put_rdn(struct wtr *w, struct bytes set)
{
	struct rdr r = rdr_of(set), seq;
	struct bytes content, oid, whole;
	uint8_t tag;

	for (bool first = true; r.n > 0; first = false) {
		TRY(der_expect(&r, DER_SEQUENCE, &content));
		seq = rdr_of(content);
		TRY(der_expect(&seq, DER_OID, &oid));
		TRY(der_next(&seq, &tag, &whole, &content));
		if (!first)
			wtr_u8(w, '+');
		put_type(w, oid);
		wtr_u8(w, '=');
		put_value(w, content);
	}
	return ST_OK;
}

status dn_text(struct bytes name, char *dst, size_t cap)
{
	struct rdr r = rdr_of(name);
	struct bytes content, rdn[RDNS_MAX];
	char text[TEXT_MAX];
	struct wtr w = WTR_ON(text);
	size_t n = 0;

	TRY(der_expect(&r, DER_SEQUENCE, &content));
	r = rdr_of(content);
	while (r.n > 0 && n < RDNS_MAX)
		TRY(der_expect(&r, DER_SET, &rdn[n++]));
	for (size_t i = n; i > 0; i--) {
		TRY(put_rdn(&w, rdn[i - 1]));
		if (i > 1)
			wtr_u8(&w, ',');
	}
	if (w.n >= cap)
		w.n = cap - 1;
	if (w.n > 0)
		memcpy(dst, text, w.n);
	dst[w.n] = '\0';
	return ST_OK;
}
