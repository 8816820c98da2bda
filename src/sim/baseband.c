/* SPDX-License-Identifier: Apache-2.0 */
#include "baseband.h"

#include <string.h>

enum { ROUNDS_MAX = 8 };

uint8_t baseband_class(uint8_t cla, uint8_t channel)
{
	if (channel < 4)
		return (uint8_t)((cla & 0xBC) | channel);
	return (uint8_t)((cla & 0x80) | 0x40 | (channel - 4));
}

static uint8_t channel_bits(uint8_t cla)
{
	return cla & 0x40 ? (uint8_t)(0x40 | (cla & 0x0F)) : (uint8_t)(cla & 0x03);
}

unsigned baseband_sw(struct bytes reply)
{
	if (reply.n < 2)
		return 0;
	return (unsigned)(reply.p[reply.n - 2] << 8 | reply.p[reply.n - 1]);
}

status baseband_exchange(struct baseband *b, struct bytes cmd, struct wtr *reply)
{
	status st = sim_card_transmit(b->card, b->front, cmd, reply);

	/* a reset inside our own command is news to the host only by its status words */
	b->generation = sim_card_generation(b->card);
	return st;
}

/* The command again with Le = n, in place of its Le if it had one. */
static void put_with_le(struct wtr *w, struct bytes cmd, uint8_t n)
{
	size_t keep = cmd.n;

	if (cmd.n == 5)
		keep = 4;
	if (cmd.n > 5 && cmd.n == 6U + cmd.p[4])
		keep = cmd.n - 1;
	wtr_put(w, bytes_of(cmd.p, keep));
	wtr_u8(w, n);
}

status baseband_resolve(struct baseband *b, struct bytes cmd, struct wtr *reply)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		unsigned sw = baseband_sw(wtr_bytes(reply));
		uint8_t next[APDU_CMD_MAX + 1];
		struct wtr w = WTR_ON(next);

		if (sw >> 8 != 0x61 && sw >> 8 != 0x6C)
			return ST_OK;
		reply->n -= 2;
		if (sw >> 8 == 0x6C) {
			put_with_le(&w, cmd, (uint8_t)sw);
		} else {
			wtr_u8(&w, channel_bits(cmd.p[0]));
			wtr_put(&w, BYTES_LIT("\xC0\x00\x00"));
			wtr_u8(&w, (uint8_t)sw);
		}
		TRY(wtr_done(&w));
		TRY(baseband_exchange(b, wtr_bytes(&w), reply));
	}
	return ST_OK;
}

static bool is_success(unsigned sw)
{
	return sw == 0x9000 || sw >> 8 == 0x91;
}

static enum baseband_open manage_channel(struct baseband *b, uint8_t *ret_channel)
{
	uint8_t reply[APDU_REPLY_MAX] = {0};
	struct wtr r = WTR_ON(reply);

	if (baseband_exchange(b, BYTES_LIT("\x00\x70\x00\x00\x01"), &r) != ST_OK)
		return BASEBAND_NO_ANSWER;
	if (r.n != 3)
		return BASEBAND_NO_CHANNEL;
	if (!is_success(baseband_sw(wtr_bytes(&r)))) {
		(void)baseband_close_channel(b, reply[0]);
		return BASEBAND_WARNED;
	}
	*ret_channel = reply[0];
	return BASEBAND_OPENED;
}

enum baseband_open baseband_open_channel(struct baseband *b, struct bytes aid, uint8_t p2,
					 uint8_t *ret_channel, struct wtr *fci)
{
	uint8_t cmd[APDU_CMD_MAX];
	uint8_t reply[APDU_REPLY_MAX];
	struct wtr c = WTR_ON(cmd);
	struct wtr r = WTR_ON(reply);
	struct wtr *out = fci ? fci : &r;
	uint8_t channel = 0;
	enum baseband_open opened = manage_channel(b, &channel);

	if (opened != BASEBAND_OPENED)
		return opened;
	wtr_u8(&c, baseband_class(0x00, channel));
	wtr_put(&c, BYTES_LIT("\xA4\x04"));
	wtr_u8(&c, p2);
	wtr_u8(&c, (uint8_t)aid.n);
	wtr_put(&c, aid);
	status st = baseband_exchange(b, wtr_bytes(&c), out);
	unsigned sw = baseband_sw(wtr_bytes(out));
	if (st == ST_OK && fci && sw >> 8 == 0x61)
		st = baseband_resolve(b, wtr_bytes(&c), fci);
	if (st == ST_OK && (is_success(sw) || sw >> 8 == 0x61)) {
		*ret_channel = channel;
		return BASEBAND_OPENED;
	}
	(void)baseband_close_channel(b, channel);
	return st == ST_OK ? BASEBAND_NO_APPLET : BASEBAND_NO_ANSWER;
}

unsigned baseband_close_channel(struct baseband *b, uint8_t channel)
{
	uint8_t cmd[4] = {0x00, 0x70, 0x80, channel};
	uint8_t reply[APDU_REPLY_MAX];
	struct wtr r = WTR_ON(reply);

	if (baseband_exchange(b, BYTES_OF(cmd), &r) != ST_OK)
		return 0;
	return baseband_sw(wtr_bytes(&r));
}

status baseband_read_file(struct baseband *b, uint16_t fid, const uint8_t read[4],
			  struct wtr *reply)
{
	const uint8_t select_mf[] = {0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00};
	const uint8_t select[] = {0x00, 0xA4, 0x00, 0x0C, 0x02, (uint8_t)(fid >> 8), (uint8_t)fid};
	const uint8_t cmd[] = {0x00, read[0], read[1], read[2], read[3]};

	TRY(baseband_exchange(b, BYTES_OF(select_mf), reply));
	reply->n = 0;
	TRY(baseband_exchange(b, BYTES_OF(select), reply));
	if (baseband_sw(wtr_bytes(reply)) != 0x9000)
		return ST_OK;
	reply->n = 0;
	return baseband_exchange(b, BYTES_OF(cmd), reply);
}

void baseband_lengthen(struct wtr *reply)
{
	uint8_t sw[2];

	if (reply->n < 3)
		return;
	memcpy(sw, reply->p + reply->n - 2, 2);
	reply->n -= 2;
	wtr_fill(reply, 0, 4);
	wtr_put(reply, BYTES_OF(sw));
}
