/* SPDX-License-Identifier: Apache-2.0 */
#include "uicc_file.h"

#include <string.h>

#include "mem.h"
#include "tlv.h"

enum {
	INS_STATUS = 0xF2,
	INS_READ_BINARY = 0xB0,
	INS_READ_RECORD = 0xB2,
	FID_MF = 0x3F00,
	FID_DIR = 0x2F00,
	FID_ICCID = 0x2FE2,
	ICCID_SIZE = 10,
	RECORD_SIZE = 38,
	AID_PREFIX_MIN = 5, /* a registered provider's id */
	AID_PREFIX_MAX = 7,
};
enum { P2_FCI = 0x00, P2_NEXT = 0x02, P2_FCP = 0x04, P2_NOTHING = 0x0C };

/* The files under the MF. */
static const struct file_row {
	uint16_t fid;
	enum uicc_file file;
	uint8_t sfi;
} files[] = {
	{FID_MF, FILE_NONE, 0},
	{FID_ICCID, FILE_ICCID, 0x02},
	{FID_DIR, FILE_DIR, 0x1E},
};

/* --- contents --- */

static void iccid_put(const struct traits *c, struct wtr *w)
{
	size_t n = strlen(c->iccid);
	for (size_t i = 0; i < ICCID_SIZE; i++) {
		unsigned low = 2 * i < n ? (unsigned)(c->iccid[2 * i] - '0') : 0xF;
		unsigned high = 2 * i + 1 < n ? (unsigned)(c->iccid[2 * i + 1] - '0') : 0xF;
		wtr_u8(w, (uint8_t)(high << 4 | low));
	}
}

static size_t record_count(const struct traits *c)
{
	uint8_t aid[AID_MAX];
	size_t n = 0;
	if (!c->applet)
		return 0;
	for (;;) {
		struct wtr w = WTR_ON(aid);
		if (traits_aid(c, n, &w) != ST_OK)
			return n;
		n++;
	}
}

/* 61 { 4F aid, 50 label }, filled with FF (ETSI TS 102 221 §13.1). */
static status record_put(const struct traits *c, size_t number, struct wtr *w)
{
	uint8_t aid_store[AID_MAX], inner_store[RECORD_SIZE];
	struct wtr aid = WTR_ON(aid_store), inner = WTR_ON(inner_store);
	size_t start = w->n;
	if (number == 0 || number > record_count(c))
		return ST_NO_ENTRY;
	TRY(traits_aid(c, number - 1, &aid));
	tlv_put(&inner, 0x4F, wtr_bytes(&aid));
	tlv_put(&inner, 0x50, BYTES_LIT("IoT SAFE"));
	tlv_put(w, 0x61, wtr_bytes(&inner));
	wtr_fill(w, 0xFF, RECORD_SIZE - (w->n - start));
	return wtr_done(w);
}

static void fcp_put(const struct traits *c, enum uicc_file file, struct wtr *w)
{
	uint8_t store[64];
	struct wtr inner = WTR_ON(store);
	uint8_t records = (uint8_t)record_count(c);
	switch (file) {
	case FILE_NONE:
		tlv_put(&inner, 0x82, BYTES_OF(((const uint8_t[]){0x78, 0x21})));
		tlv_put_u16(&inner, 0x83, FID_MF);
		break;
	case FILE_ICCID:
		tlv_put(&inner, 0x82, BYTES_OF(((const uint8_t[]){0x41, 0x21})));
		tlv_put_u16(&inner, 0x83, FID_ICCID);
		tlv_put_u16(&inner, 0x80, ICCID_SIZE);
		break;
	case FILE_DIR:
		tlv_put(&inner, 0x82,
			BYTES_OF(((const uint8_t[]){0x42, 0x21, 0x00, RECORD_SIZE, records})));
		tlv_put_u16(&inner, 0x83, FID_DIR);
		tlv_put_u16(&inner, 0x80, (uint16_t)(records * RECORD_SIZE));
		break;
	}
	tlv_put_u8(&inner, 0x8A, 0x05); /* life cycle: activated */
	tlv_put(w, 0x62, wtr_bytes(&inner));
}

/* --- SELECT --- */

static uint16_t open_selected(struct uicc *u, const struct apdu *a, bool applet,
			      enum uicc_file file)
{
	struct uicc_channel *ch = &u->channel[a->channel];
	if (!u->store->config.sticky)
		session_close_channel(&u->sessions, a->channel);
	*ch = (struct uicc_channel){.open = true, .applet = applet, .file = file};
	return SW_OK;
}

static bool aid_matches(struct bytes have, struct bytes want)
{
	if (bytes_equal(have, want))
		return true;
	return want.n >= AID_PREFIX_MIN && want.n <= AID_PREFIX_MAX && bytes_start_with(have, want);
}

static status aid_find(const struct traits *c, struct bytes want, struct wtr *ret_aid)
{
	uint8_t store[AID_MAX];
	for (size_t i = 0;; i++) {
		struct wtr w = WTR_ON(store);
		TRY(traits_aid(c, i, &w));
		if (!aid_matches(wtr_bytes(&w), want))
			continue;
		wtr_put(ret_aid, wtr_bytes(&w));
		return ST_OK;
	}
}

static uint16_t select_aid(struct uicc *u, const struct apdu *a, struct answer *out)
{
	const struct traits *c = &u->store->config;
	uint8_t aid_store[AID_MAX], fci_store[32];
	struct wtr aid = WTR_ON(aid_store), fci = WTR_ON(fci_store);
	if (a->p2 != P2_FCI && a->p2 != P2_NEXT && a->p2 != P2_FCP && a->p2 != P2_NOTHING)
		return SW_PARAMS;
	if (!a->length_ok)
		return SW_LENGTH;
	/* one instance of each: there is never a next occurrence */
	if (!c->applet || a->p2 == P2_NEXT || uicc_fault(u, FAULT_C11) ||
	    aid_find(c, a->data, &aid) != ST_OK)
		return SW_NOT_FOUND;
	if (c->fci && a->p2 == P2_FCI) {
		tlv_put(&fci, 0x84, wtr_bytes(&aid));
		tlv_put(&out->data, 0x6F, wtr_bytes(&fci));
	}
	return open_selected(u, a, true, FILE_NONE);
}

static uint16_t select_fid(struct uicc *u, const struct apdu *a, struct bytes path,
			   struct answer *out)
{
	struct rdr r = rdr_of(path);
	uint16_t fid = 0;
	if (a->p2 != P2_FCI && a->p2 != P2_FCP && a->p2 != P2_NOTHING)
		return SW_PARAMS;
	if (!a->length_ok || rdr_u16be(&r, &fid) != ST_OK || r.n != 0)
		return SW_LENGTH;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (files[i].fid != fid)
			continue;
		if (a->p2 == P2_FCP)
			fcp_put(&u->store->config, files[i].file, &out->data);
		return open_selected(u, a, false, files[i].file);
	}
	return SW_NOT_FOUND;
}

uint16_t uicc_file_select(struct uicc *u, const struct apdu *a, struct answer *out)
{
	struct bytes path = a->data;
	const uint8_t mf[] = {0x3F, 0x00};
	if (a->p1 == 0x04)
		return select_aid(u, a, out);
	/* a selected applet gets every other SELECT, and knows none but that of the MF, which ends
	 * its selection */
	bool is_mf = a->p1 == 0x00 && bytes_equal(path, BYTES_OF(mf));
	if (u->channel[a->channel].applet && !u->store->config.fid_select && !is_mf)
		return SW_PARAMS;
	if (a->p1 == 0x08 && path.n > 2 && bytes_start_with(path, BYTES_OF(mf)))
		path = bytes_of(path.p + 2, path.n - 2);
	if (a->p1 == 0x00 || a->p1 == 0x08 || a->p1 == 0x09)
		return select_fid(u, a, path, out);
	return SW_PARAMS;
}

/* --- reading --- */

static status file_by_sfi(struct uicc_channel *ch, uint8_t sfi)
{
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (sfi == 0 || files[i].sfi != sfi)
			continue;
		ch->file = files[i].file;
		return ST_OK;
	}
	return ST_NO_ENTRY;
}

static uint16_t read_binary(struct uicc *u, const struct apdu *a, struct answer *out)
{
	struct uicc_channel *ch = &u->channel[a->channel];
	size_t offset = ((size_t)a->p1 << 8 | a->p2) & 0x7FFF;
	uint8_t store[ICCID_SIZE];
	struct wtr content = WTR_ON(store);
	if (a->p1 & 0x80) {
		offset = a->p2;
		if (file_by_sfi(ch, a->p1 & 0x1F) != ST_OK)
			return SW_NOT_FOUND;
	}
	if (!a->length_ok || a->data.n > 0)
		return SW_LENGTH;
	if (ch->file == FILE_NONE)
		return SW_NO_EF;
	if (ch->file != FILE_ICCID)
		return SW_FILE_KIND;
	iccid_put(&u->store->config, &content);
	if (offset >= content.n)
		return SW_OFFSET;
	size_t left = content.n - offset;
	if (a->le > left && a->le != LE_ALL)
		return (uint16_t)(0x6C00u | left);
	wtr_put(&out->data, bytes_of(store + offset, a->le < left ? a->le : left));
	return SW_OK;
}

static uint16_t read_record(struct uicc *u, const struct apdu *a, struct answer *out)
{
	struct uicc_channel *ch = &u->channel[a->channel];
	if ((a->p2 & 0x07) != 0x04) /* absolute record numbers only */
		return SW_PARAMS;
	if (a->p2 >> 3 != 0 && file_by_sfi(ch, a->p2 >> 3) != ST_OK)
		return SW_NOT_FOUND;
	if (!a->length_ok || a->data.n > 0)
		return SW_LENGTH;
	if (ch->file == FILE_NONE)
		return SW_NO_EF;
	if (ch->file != FILE_DIR)
		return SW_FILE_KIND;
	if (a->p1 == 0 || a->p1 > record_count(&u->store->config))
		return SW_NO_RECORD;
	if (a->le != LE_ALL && a->le != RECORD_SIZE)
		return 0x6C00 | RECORD_SIZE;
	return record_put(&u->store->config, a->p1, &out->data) == ST_OK ? SW_OK : SW_OTHER;
}

static uint16_t status_command(struct uicc *u, const struct apdu *a, struct answer *out)
{
	if (a->p1 > 0x02 || (a->p2 != P2_FCI && a->p2 != P2_NOTHING))
		return SW_PARAMS;
	if (!a->length_ok || a->data.n > 0)
		return SW_LENGTH;
	if (a->p2 == P2_FCI)
		fcp_put(&u->store->config, FILE_NONE, &out->data);
	return SW_OK;
}

uint16_t uicc_file_command(struct uicc *u, const struct apdu *a, struct answer *out)
{
	/* TS 102 221 table 10.2: STATUS has the class 8X, the reading commands 0X; be lenient on
	 * STATUS */
	if (a->ins == INS_STATUS)
		return status_command(u, a, out);
	if (a->proprietary)
		return SW_INS;
	if (a->ins == INS_READ_BINARY)
		return read_binary(u, a, out);
	return a->ins == INS_READ_RECORD ? read_record(u, a, out) : SW_INS;
}
