/* SPDX-License-Identifier: Apache-2.0 */
#include "mbim_info.h"

#include <string.h>

enum {
	PROXY_FIXED = 12,
	OPEN_FIXED = 16,
	APDU_FIXED = 20,
	REPLY_FIXED = 12,
	SIM_FIXED = 28, /* MBIM 1.0 */
	SIM_EXTRA = 4,	/* MBIMEx 3: Flags behind the ready state */
	ICCID_DIGITS_MIN = 10,
};

/* --- out --- */

/* Buffers end at a multiple of four bytes. */
static void pad(struct wtr *w, size_t n)
{
	wtr_fill(w, 0, (4 - n % 4) % 4);
}

status mbim_info_put_proxy(struct wtr *w, const char *device, uint32_t seconds)
{
	size_t n = strlen(device);

	wtr_u32le(w, PROXY_FIXED);
	wtr_u32le(w, (uint32_t)(2 * n));
	wtr_u32le(w, seconds);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)device[i] > 0x7E)
			return ST_ARG;
		wtr_u16le(w, (uint16_t)device[i]);
	}
	pad(w, 2 * n);
	return wtr_done(w);
}

void mbim_info_put_open(struct wtr *w, struct bytes aid, uint8_t select_p2)
{
	wtr_u32le(w, (uint32_t)aid.n);
	wtr_u32le(w, OPEN_FIXED);
	wtr_u32le(w, select_p2);
	wtr_u32le(w, MBIM_GROUP);
	wtr_put(w, aid);
	pad(w, aid.n);
}

void mbim_info_put_close(struct wtr *w, uint32_t channel)
{
	wtr_u32le(w, channel);
	wtr_u32le(w, MBIM_GROUP);
}

void mbim_info_put_apdu(struct wtr *w, uint32_t channel, struct bytes cmd)
{
	wtr_u32le(w, channel);
	wtr_u32le(w, 0); /* no secure messaging */
	wtr_u32le(w, cmd.n > 0 && (cmd.p[0] & 0x80));
	wtr_u32le(w, (uint32_t)cmd.n);
	wtr_u32le(w, APDU_FIXED);
	wtr_put(w, cmd);
	pad(w, cmd.n);
}

/* --- in --- */

/* n bytes at offset, which must lie behind the fixed part. */
static status field(struct bytes info, size_t fixed, uint32_t offset, uint32_t n,
		    struct bytes *ret_b)
{
	struct rdr r = rdr_of(info);

	if (n > 0 && offset < fixed)
		return ST_MALFORMED;
	if (n == 0)
		offset = 0;
	TRY(rdr_skip(&r, offset));
	return rdr_take(&r, n, ret_b);
}

/* SW1 is the low byte of a little-endian number: the bytes stand in their usual order. */
static status read_sw(struct rdr *r, uint16_t *ret_sw)
{
	struct rdr at = *r;

	TRY(rdr_u16be(&at, ret_sw));
	return rdr_skip(r, 4);
}

status mbim_info_opened(struct bytes info, uint16_t *ret_sw, uint32_t *ret_channel)
{
	struct rdr r = rdr_of(info);
	uint16_t sw = 0;
	uint32_t channel = 0;

	TRY(read_sw(&r, &sw));
	TRY(rdr_u32le(&r, &channel));
	*ret_sw = sw;
	*ret_channel = channel;
	return ST_OK;
}

/* Some firmware writes the pair in the usual order of MBIM, offset first. Since the data follow the
 * fixed part at once, the offset tells itself; only where neither number is that of the fixed part
 * the documented order decides. */
static status reply_data(struct bytes info, uint32_t size, uint32_t offset, struct bytes *ret_b)
{
	bool swapped = offset != REPLY_FIXED && size == REPLY_FIXED;

	if (swapped && field(info, REPLY_FIXED, size, offset, ret_b) == ST_OK)
		return ST_OK;
	return field(info, REPLY_FIXED, offset, size, ret_b);
}

status mbim_info_reply(struct bytes info, struct wtr *reply)
{
	struct rdr r = rdr_of(info);
	uint32_t size = 0, offset = 0;
	struct bytes data;
	uint16_t sw = 0;

	TRY(read_sw(&r, &sw));
	TRY(rdr_u32le(&r, &size));
	TRY(rdr_u32le(&r, &offset));
	TRY(reply_data(info, size, offset, &data));
	wtr_put(reply, data);
	wtr_u16be(reply, sw);
	return wtr_done(reply);
}

/* UTF-16 digits, with F or NUL as pads at the end. */
static status read_iccid(struct bytes text, char ret_iccid[ICCID_DIGITS_MAX + 1])
{
	struct rdr r = rdr_of(text);
	char digits[ICCID_DIGITS_MAX + 1] = "";
	size_t n = 0;

	while (r.n > 0) {
		uint16_t c = 0;

		TRY(rdr_u16le(&r, &c));
		if (c == 'F' || c == 'f' || c == 0)
			break;
		if (c < '0' || c > '9' || n == ICCID_DIGITS_MAX)
			return ST_MALFORMED;
		digits[n++] = (char)c;
	}
	if (n < ICCID_DIGITS_MIN)
		return ST_MALFORMED;
	memcpy(ret_iccid, digits, sizeof(digits));
	return ST_OK;
}

/* The ICCID's offset and size stand behind the ready state, `extra` bytes, and the IMSI's. */
static status iccid_in(struct bytes info, size_t extra, char ret_iccid[ICCID_DIGITS_MAX + 1])
{
	struct rdr r = rdr_of(info);
	uint32_t offset = 0, size = 0;
	struct bytes text;

	TRY(rdr_skip(&r, 4 + extra + 8));
	TRY(rdr_u32le(&r, &offset));
	TRY(rdr_u32le(&r, &size));
	TRY(field(info, SIM_FIXED + extra, offset, size, &text));
	return read_iccid(text, ret_iccid);
}

status mbim_info_sim(struct bytes info, struct mbim_sim *ret_sim)
{
	struct rdr r = rdr_of(info);
	struct mbim_sim sim = {0};

	if (info.n < SIM_FIXED)
		return ST_TRUNCATED;
	TRY(rdr_u32le(&r, &sim.ready));
	if (iccid_in(info, 0, sim.iccid) != ST_OK && iccid_in(info, SIM_EXTRA, sim.iccid) != ST_OK)
		sim.iccid[0] = '\0';
	*ret_sim = sim;
	return ST_OK;
}
