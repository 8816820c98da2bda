/* SPDX-License-Identifier: Apache-2.0 */
#include "front_at_apdu.h"

#include <string.h>

#include "mem.h"

enum { ROUNDS_MAX = 8 };

uint8_t at_apdu_class(uint8_t cla, uint8_t channel)
{
	if (channel < 4)
		return (uint8_t)((cla & 0xBC) | channel);
	return (uint8_t)((cla & 0x80) | 0x40 | (channel - 4));
}

static uint8_t class_channel_bits(uint8_t cla)
{
	return cla & 0x40 ? (uint8_t)(0x40 | (cla & 0x0F)) : (uint8_t)(cla & 0x03);
}

static status exchange(struct sim_front *m, struct bytes cmd, struct wtr *reply)
{
	status st = sim_card_transmit(m->card, "at", cmd, reply);

	/* a reset inside our own command is news to the host only by its status words */
	m->generation = sim_card_generation(m->card);
	return st;
}

static unsigned sw_of(struct bytes reply)
{
	if (reply.n < 2)
		return 0;
	return (unsigned)(reply.p[reply.n - 2] << 8 | reply.p[reply.n - 1]);
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

/* auto61: collects 61xx and obeys 6Cxx, so that the host sees one plain answer. */
static status resolve(struct sim_front *m, struct bytes cmd, struct wtr *reply)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		unsigned sw = sw_of(wtr_bytes(reply));
		uint8_t next[APDU_CMD_MAX + 1];
		struct wtr w = WTR_ON(next);

		if (sw >> 8 != 0x61 && sw >> 8 != 0x6C)
			return ST_OK;
		reply->n -= 2;
		if (sw >> 8 == 0x6C) {
			put_with_le(&w, cmd, (uint8_t)sw);
		} else {
			wtr_u8(&w, class_channel_bits(cmd.p[0]));
			wtr_put(&w, BYTES_LIT("\xC0\x00\x00"));
			wtr_u8(&w, (uint8_t)sw);
		}
		TRY(wtr_done(&w));
		TRY(exchange(m, wtr_bytes(&w), reply));
	}
	return ST_OK;
}

static bool resolves(struct sim_front *m)
{
	char param[64];

	if (sim_faults_strikes(m->faults, FAULT_F21, param))
		return param[0] != '0';
	return m->habits.auto61;
}

/* F22: the first time 6Cxx with the right Le; the command again, with any Le, gets the answer. */
static bool answer_held(struct sim_front *m, struct bytes cmd, struct wtr *reply)
{
	bool same = m->held_len > 0 && memcmp(cmd.p, m->held_header, 4) == 0;

	if (same)
		wtr_put(reply, bytes_of(m->held, m->held_len));
	m->held_len = 0;
	return same;
}

static void hold(struct sim_front *m, struct bytes cmd, struct wtr *reply)
{
	if (cmd.n != 5 || reply->n < 3 || reply->n > sizeof(m->held) ||
	    !sim_faults_strikes(m->faults, FAULT_F22, NULL))
		return;
	memcpy(m->held_header, cmd.p, 4);
	memcpy(m->held, reply->p, reply->n);
	m->held_len = reply->n;
	reply->n = 0;
	wtr_u8(reply, 0x6C);
	wtr_u8(reply, (uint8_t)(m->held_len - 2));
}

/* F23: four bytes more than the card gave, before its status word. */
static void lengthen(struct sim_front *m, struct wtr *reply)
{
	uint8_t sw[2];

	if (reply->n < 3 || !sim_faults_strikes(m->faults, FAULT_F23, NULL))
		return;
	memcpy(sw, reply->p + reply->n - 2, 2);
	reply->n -= 2;
	wtr_fill(reply, 0, 4);
	wtr_put(reply, BYTES_OF(sw));
}

status at_apdu_for_host(struct sim_front *m, struct bytes cmd, struct wtr *reply)
{
	if (answer_held(m, cmd, reply))
		return wtr_done(reply);
	TRY(exchange(m, cmd, reply));
	if (resolves(m))
		TRY(resolve(m, cmd, reply));
	hold(m, cmd, reply);
	lengthen(m, reply);
	return wtr_done(reply);
}

int at_apdu_open_channel(struct sim_front *m, struct bytes aid, uint8_t *ret_channel)
{
	uint8_t cmd[APDU_CMD_MAX];
	uint8_t reply[APDU_REPLY_MAX] = {0};
	struct wtr c = WTR_ON(cmd);
	struct wtr r = WTR_ON(reply);

	if (exchange(m, BYTES_LIT("\x00\x70\x00\x00\x01"), &r) != ST_OK)
		return CME_SIM_FAILURE;
	unsigned opened = sw_of(wtr_bytes(&r));
	uint8_t channel = reply[0];
	if (r.n != 3)
		return CME_MEMORY_FULL;
	if (opened != 0x9000 && opened >> 8 != 0x91) {
		at_apdu_close_channel(m, channel); /* a number under a warning */
		return CME_SIM_FAILURE;
	}

	wtr_u8(&c, at_apdu_class(0x00, channel));
	wtr_put(&c, BYTES_LIT("\xA4\x04\x00"));
	wtr_u8(&c, (uint8_t)aid.n);
	wtr_put(&c, aid);
	r.n = 0;
	status st = exchange(m, wtr_bytes(&c), &r);
	unsigned sw = sw_of(wtr_bytes(&r));
	if (st == ST_OK && (sw == 0x9000 || sw >> 8 == 0x61 || sw >> 8 == 0x91)) {
		*ret_channel = channel;
		return AT_OK;
	}
	at_apdu_close_channel(m, channel);
	return CME_SIM_FAILURE;
}

void at_apdu_close_channel(struct sim_front *m, uint8_t channel)
{
	uint8_t cmd[4] = {0x00, 0x70, 0x80, channel};
	uint8_t reply[APDU_REPLY_MAX];
	struct wtr r = WTR_ON(reply);

	/* the session ends for the host whatever the card says */
	(void)!exchange(m, BYTES_OF(cmd), &r);
}

status at_apdu_read_file(struct sim_front *m, const unsigned v[5], struct wtr *reply)
{
	const uint8_t select_mf[] = {0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00};
	const uint8_t select[] = {0x00,		0xA4, 0x00, 0x0C, 0x02, (uint8_t)(v[1] >> 8),
				  (uint8_t)v[1]};
	const uint8_t read[] = {0x00, (uint8_t)v[0], (uint8_t)v[2], (uint8_t)v[3], (uint8_t)v[4]};

	TRY(exchange(m, BYTES_OF(select_mf), reply));
	reply->n = 0;
	TRY(exchange(m, BYTES_OF(select), reply));
	if (sw_of(wtr_bytes(reply)) != 0x9000)
		return ST_OK;
	reply->n = 0;
	return exchange(m, BYTES_OF(read), reply);
}
