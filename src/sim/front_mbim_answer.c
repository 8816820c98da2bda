/* SPDX-License-Identifier: Apache-2.0 */
/* What the function says: messages, cut into fragments where they exceed the control transfer, and
 * bent by the faults that strike. */
#include <stdlib.h>
#include <string.h>

#include "front_mbim.h"

enum {
	LATE_MS = 3000,
	REPLUG_MS = 300,
	FRAGMENT_SMALL = 64,
	FRAGMENT_LEAST = MBIM_HEADER + MBIM_FRAGMENT + 4,
	CUT = 20,
	UNKNOWN_TYPE = 0x7F,
	UNREAD_MAX = 2048, /* nobody listens: no more indications */
};

/* Of no service that anybody knows. libmbim 1.28 prints what nobody asked for, and reads the count
 * of a known service's list beyond the message's end: mbim-proxy was busy for half a minute. */
static const uint8_t foreign_uuid[MBIM_UUID] = {0x7b, 0x0d, 0x51, 0xc4, 0x2e, 0x93, 0x4c, 0x18,
						0xa6, 0x3f, 0xd2, 0x70, 0x95, 0x1e, 0x84, 0x6b};

static bool strikes(struct sim_front *m, enum sim_fault_name name, char param[64])
{
	return sim_faults_strikes(m->faults, name, param);
}

static int64_t number_or(const char *param, long dflt)
{
	return param[0] ? strtol(param, NULL, 10) : dflt;
}

static void put_header(struct wtr *w, uint32_t type, size_t length, uint32_t tid)
{
	wtr_u32le(w, type);
	wtr_u32le(w, (uint32_t)length);
	wtr_u32le(w, tid);
}

/* A message with fragment headers, each piece at most `most` bytes. */
static void put_fragments(struct wtr *w, uint32_t type, uint32_t tid, struct bytes body,
			  size_t most)
{
	size_t room = most - MBIM_HEADER - MBIM_FRAGMENT;
	size_t total = body.n == 0 ? 1 : (body.n + room - 1) / room;

	for (size_t i = 0; i < total; i++) {
		size_t rest = body.n - i * room;
		size_t n = rest < room ? rest : room;

		put_header(w, type, MBIM_HEADER + MBIM_FRAGMENT + n, tid);
		wtr_u32le(w, (uint32_t)total);
		wtr_u32le(w, (uint32_t)i);
		wtr_put(w, bytes_of(body.p + i * room, n));
	}
}

static size_t fragment_size(struct sim_front *m)
{
	char param[64];

	if (!strikes(m, FAULT_M4, param))
		return m->max;
	int64_t n = number_or(param, FRAGMENT_SMALL);
	if (n < FRAGMENT_LEAST)
		return FRAGMENT_LEAST;
	return (size_t)n < m->max ? (size_t)n : m->max;
}

/* M5: an answer to something else. */
static void put_foreign(struct wtr *w, const struct mbim_command *c, const char *param)
{
	uint8_t body[MBIM_UUID + 16];
	struct wtr b = WTR_ON(body);
	bool same_service = strcmp(param, "cid") == 0;

	wtr_put(&b, bytes_of(same_service ? c->service : foreign_uuid, MBIM_UUID));
	wtr_u32le(&b, c->cid + 1);
	wtr_u32le(&b, MBIM_OK);
	wtr_u32le(&b, 4);
	wtr_u32le(&b, 0);
	put_fragments(w, MBIM_COMMAND | (uint32_t)MBIM_DONE,
		      c->tid + (strcmp(param, "tid") == 0 ? 0x1000 : 0), wtr_bytes(&b),
		      MBIM_TRANSFER_MAX);
}

/* F25: bytes that are no message; with the parameter frame, a message of no known type, which hosts
 * that trust the length fields for ever (mbim-proxy) survive. */
static void put_noise(struct sim_front *m, struct wtr *w)
{
	char param[64];

	if (!strikes(m, FAULT_F25, param))
		return;
	if (strcmp(param, "frame") != 0) {
		wtr_put(w, BYTES_LIT("\0\0\xFF"));
		return;
	}
	put_header(w, UNKNOWN_TYPE, MBIM_HEADER + 4, UINT32_MAX);
	wtr_u32le(w, UINT32_MAX);
}

/* F27: half of the answer, then the port is gone; it comes back under another name. */
static bool breaks_off(struct sim_front *m, struct bytes out)
{
	char param[64];

	if (!strikes(m, FAULT_F27, param))
		return false;
	(void)pty_send(&m->port, bytes_of(out.p, out.n / 2), false);
	pty_replug(&m->port, number_or(param, REPLUG_MS));
	return true;
}

static void send_all(struct sim_front *m, struct bytes out)
{
	char param[64];

	if (strikes(m, FAULT_F13, NULL))
		return;
	if (strikes(m, FAULT_F14, param))
		pty_pause(&m->port, number_or(param, LATE_MS));
	if (strikes(m, FAULT_F28, param))
		pty_hold(&m->port, number_or(param, LATE_MS));
	if (breaks_off(m, out))
		return;
	if (strikes(m, FAULT_F10, param)) {
		size_t cut = (size_t)number_or(param, CUT);

		out.n = out.n < cut ? out.n : cut;
	}
	if (!pty_send(&m->port, out, strikes(m, FAULT_F6, NULL)))
		pty_drop_unread(&m->port);
}

static bool has_info(uint32_t st)
{
	return st == MBIM_OK || st == (uint32_t)MBIM_NO_LOGICAL_CHANNELS ||
	       st == (uint32_t)MBIM_SELECT_FAILED;
}

static void put_done(struct sim_front *m, struct wtr *w, const struct mbim_command *c, uint32_t st)
{
	uint8_t body[MBIM_INFO_MAX + 64];
	struct wtr b = WTR_ON(body);
	size_t info_n = has_info(st) ? m->info.fixed.n + m->info.data.n : 0;

	wtr_put(&b, BYTES_OF(c->service));
	wtr_u32le(&b, c->cid);
	wtr_u32le(&b, st);
	wtr_u32le(&b, (uint32_t)info_n + (strikes(m, FAULT_F8, NULL) ? 6 : 0));
	if (info_n > 0)
		mbim_info_put(&m->info, &b);
	put_fragments(w, MBIM_COMMAND | (uint32_t)MBIM_DONE, c->tid, wtr_bytes(&b),
		      fragment_size(m));
}

void mbim_answer_command(struct sim_front *m, const struct mbim_command *c, uint32_t st)
{
	struct wtr w = WTR_ON(m->out);
	char param[64] = "";

	if (strikes(m, FAULT_F15, NULL))
		st = MBIM_FAILURE;
	put_noise(m, &w);
	bool foreign = strikes(m, FAULT_M5, param);
	if (foreign)
		put_foreign(&w, c, param);
	if (!foreign || strcmp(param, "only") != 0) {
		put_done(m, &w, c, st);
		if (strikes(m, FAULT_F12, NULL))
			put_done(m, &w, c, st);
	}
	send_all(m, wtr_bytes(&w));
}

void mbim_answer_plain(struct sim_front *m, uint32_t type, uint32_t tid, uint32_t value)
{
	struct wtr w = WTR_ON(m->out);

	put_noise(m, &w);
	put_header(&w, type, MBIM_HEADER + 4, tid);
	wtr_u32le(&w, value);
	send_all(m, wtr_bytes(&w));
}

void mbim_answer_indicate(struct sim_front *m)
{
	static const uint32_t cid = MBIM_CID_SUBSCRIBER_READY;
	uint8_t body[MBIM_FIXED_MAX];
	struct wtr b = WTR_ON(body);
	struct wtr w = WTR_ON(m->out);

	if (!m->open || !m->subscribed || pty_unread(&m->port) > UNREAD_MAX)
		return;
	mbim_basic_ready_status(m, NULL, &m->info);
	wtr_put(&b, bytes_of(mbim_basic_uuid, MBIM_UUID));
	wtr_u32le(&b, cid);
	wtr_u32le(&b, (uint32_t)(m->info.fixed.n + m->info.data.n));
	mbim_info_put(&m->info, &b);
	put_fragments(&w, (uint32_t)MBIM_INDICATE, 0, wtr_bytes(&b), m->max);
	if (!pty_send(&m->port, wtr_bytes(&w), false))
		pty_drop_unread(&m->port);
}
