/* SPDX-License-Identifier: Apache-2.0 */
/* What the modem says: responses and indications, bent by the faults that strike. */
#include <stdlib.h>
#include <string.h>

#include "front_qmux.h"

enum {
	MARKER = 0x01,
	FROM_MODEM = 0x80,
	FLAG_RESPONSE = 2,
	FLAG_INDICATION = 4,
	FLAG_CTL_RESPONSE = 1,
	HEAD = 6, /* up to the service's message */
	LATE_MS = 3000,
	REPLUG_MS = 300,
	READ_MS = 10,
	FOREIGN_TID = 0x55,
};

static bool strikes(struct sim_front *m, enum sim_fault_name name, char param[64])
{
	return sim_faults_strikes(m->faults, name, param);
}

static int64_t ms_of(const char *param, int64_t otherwise)
{
	return param[0] >= '0' && param[0] <= '9' ? strtol(param, NULL, 10) : otherwise;
}

/* ---- composing ---- */

struct message {
	uint8_t service, cid, flags;
	uint16_t tid, id;
};

static void put_frame(struct wtr *w, const struct message *msg, struct bytes tlvs)
{
	bool ctl = msg->service == QMUX_CTL;
	size_t sdu = (ctl ? 6U : 7U) + tlvs.n;

	wtr_u8(w, MARKER);
	wtr_u16le(w, (uint16_t)(HEAD - 1 + sdu));
	wtr_u8(w, FROM_MODEM);
	wtr_u8(w, msg->service);
	wtr_u8(w, msg->cid);
	wtr_u8(w, msg->flags);
	if (ctl)
		wtr_u8(w, (uint8_t)msg->tid);
	else
		wtr_u16le(w, msg->tid);
	wtr_u16le(w, msg->id);
	wtr_u16le(w, (uint16_t)tlvs.n);
	wtr_put(w, tlvs);
}

static void put_result(struct wtr *w, enum qmux_error error)
{
	uint8_t value[4];
	struct wtr v = WTR_ON(value);

	wtr_u16le(&v, error != QMUX_OK);
	wtr_u16le(&v, (uint16_t)error);
	qmux_tlv_put(w, 0x02, wtr_bytes(&v));
}

static struct message response_to(const struct qmux_request *rq)
{
	return (struct message){
		.service = rq->service,
		.cid = rq->cid,
		.flags = rq->service == QMUX_CTL ? FLAG_CTL_RESPONSE : FLAG_RESPONSE,
		.tid = rq->tid,
		.id = rq->message,
	};
}

/* The start of the last TLV. */
static size_t last_tlv(const struct wtr *w)
{
	size_t at = 0;

	for (size_t n = 0; at + 3 <= w->n; at += n) {
		n = 3 + (size_t)(w->p[at + 1] | w->p[at + 2] << 8);
		if (at + n >= w->n)
			break;
	}
	return at;
}

/* Q6: the last TLV says that it is longer than what is there, or it is given twice and the two
 * differ. */
static void spoil(struct sim_front *m, struct wtr *w)
{
	uint8_t copy[QMUX_FRAME_MAX];
	char param[64];
	size_t at = last_tlv(w), n = w->n - at;

	if (w->n < 3 || !strikes(m, FAULT_Q6, param))
		return;
	if (param[0] == '\0') {
		w->p[at + 1] = (uint8_t)(w->p[at + 1] + 0x20);
		w->p[at + 2] = (uint8_t)(w->p[at + 2] + 0x01);
		return;
	}
	memcpy(copy, w->p + at, n);
	copy[n - 1] ^= 0xFF;
	wtr_put(w, bytes_of(copy, n));
}

/* ---- company for the answer ---- */

void qmux_answer_indication(struct sim_front *m, int conn, const struct qmux_client *to,
			    uint16_t message, struct bytes tlvs)
{
	const struct message msg = {(uint8_t)to->service, to->cid, FLAG_INDICATION, 0, message};
	uint8_t out[QMUX_FRAME_MAX];
	struct wtr w = WTR_ON(out);

	put_frame(&w, &msg, tlvs);
	if (wtr_done(&w) == ST_OK)
		qmux_port_send(m, conn, wtr_bytes(&w), false);
}

/* Q4: an indication for everybody, one of another service, answers that others wait for. */
static void send_foreign(struct sim_front *m, int conn, const struct qmux_request *rq)
{
	static const uint8_t nas = 0x03;
	const struct message everybody = {rq->service, 0xFF, FLAG_INDICATION, 0, 0x0032};
	const struct message other_service = {nas, 0xFF, FLAG_INDICATION, 0, 0x0024};
	struct message other_tid = response_to(rq), other_cid = response_to(rq);
	uint8_t result[8], out[256];
	struct wtr r = WTR_ON(result), w = WTR_ON(out);

	other_tid.tid = (uint16_t)(other_tid.tid ^ FOREIGN_TID);
	other_cid.cid = (uint8_t)(other_cid.cid + 0x40);
	put_result(&r, QMUX_OK);
	put_frame(&w, &other_service, (struct bytes){0});
	if (rq->service != QMUX_CTL)
		put_frame(&w, &everybody, (struct bytes){0});
	put_frame(&w, &other_tid, wtr_bytes(&r));
	if (rq->service != QMUX_CTL)
		put_frame(&w, &other_cid, wtr_bytes(&r));
	if (wtr_done(&w) == ST_OK)
		qmux_port_send(m, conn, wtr_bytes(&w), false);
}

/* ---- Q5 ---- */

static void send_chunk(struct sim_front *m, int conn, const struct qmux_request *rq,
		       const struct qmux_long *l, uint16_t offset, struct bytes data)
{
	uint8_t value[10 + BASEBAND_REPLY_MAX], tlvs[3 + sizeof(value)];
	struct wtr v = WTR_ON(value), w = WTR_ON(tlvs);

	wtr_u32le(&v, l->token);
	wtr_u16le(&v, (uint16_t)l->n);
	wtr_u16le(&v, offset);
	wtr_u16le(&v, (uint16_t)data.n);
	wtr_put(&v, data);
	qmux_tlv_put(&w, 0x01, wtr_bytes(&v));
	if (rq->client)
		qmux_answer_indication(m, conn, rq->client, rq->message, wtr_bytes(&w));
}

/* In three pieces: in order, or mixed (the last first, somebody else's between), oversized (the
 * middle one runs over the end), never (the last one does not come). */
static void send_later(struct sim_front *m, int conn, const struct qmux_request *rq)
{
	struct qmux_long *l = &m->answer_later;
	bool mixed = strcmp(l->how, "mixed") == 0;
	size_t third = l->n / 3;
	const size_t from[] = {0, third, 2 * third, l->n};

	l->wanted = false;
	for (size_t i = 0; i < 3; i++) {
		size_t k = mixed ? 2 - i : i;
		struct bytes data = bytes_of(l->data + from[k], from[k + 1] - from[k]);
		uint16_t offset = (uint16_t)from[k];

		if (k == 2 && strcmp(l->how, "never") == 0)
			return;
		if (k == 1 && strcmp(l->how, "oversized") == 0)
			offset = (uint16_t)l->n;
		if (k == 1 && mixed) {
			struct qmux_long other = *l;

			other.token += 1000;
			send_chunk(m, conn, rq, &other, 0, data);
		}
		send_chunk(m, conn, rq, l, offset, data);
	}
}

/* ---- the answer ---- */

/* F27: half of the answer, then the modem is gone; it comes back. */
static void break_off(struct sim_front *m, int conn, struct bytes out, int64_t ms)
{
	qmux_port_send(m, conn, bytes_of(out.p, out.n / 2), false);
	qmux_port_pause(m, READ_MS); /* a pty that is closed forgets what nobody has read */
	qmux_port_unplug(m, ms);
}

static void compose(struct sim_front *m, const struct qmux_request *rq, enum qmux_error error,
		    struct bytes tlvs, struct wtr *w)
{
	const struct message msg = response_to(rq);
	uint8_t body[QMUX_FRAME_MAX];
	struct wtr b = WTR_ON(body);
	bool lies = rq->service == QMUX_UIM && strikes(m, FAULT_F15, NULL);
	bool noise = strikes(m, FAULT_F25, NULL);

	put_result(&b, lies ? QMUX_INTERNAL : error);
	if (!lies)
		wtr_put(&b, tlvs);
	spoil(m, &b);
	if (noise)
		wtr_put(w, BYTES_LIT("\0\0\xFF"));
	put_frame(w, &msg, wtr_bytes(&b));
	if (noise)
		wtr_put(w, BYTES_LIT("\xFF\0"));
}

void qmux_answer(struct sim_front *m, int conn, const struct qmux_request *rq,
		 enum qmux_error error, struct bytes tlvs)
{
	uint8_t out[QMUX_FRAME_MAX + 16];
	struct wtr w = WTR_ON(out);
	char param[64] = "";

	compose(m, rq, error, tlvs, &w);
	if (wtr_done(&w) != ST_OK || strikes(m, FAULT_F13, NULL))
		return;
	if (strikes(m, FAULT_F14, param))
		qmux_port_pause(m, ms_of(param, LATE_MS));
	if (strikes(m, FAULT_F28, param))
		qmux_port_hold(m, ms_of(param, LATE_MS));
	if (strikes(m, FAULT_F27, param)) {
		break_off(m, conn, wtr_bytes(&w), ms_of(param, REPLUG_MS));
		return;
	}
	if (strikes(m, FAULT_Q4, NULL))
		send_foreign(m, conn, rq);
	qmux_port_send(m, conn, wtr_bytes(&w), strikes(m, FAULT_F6, NULL));
	if (m->answer_later.wanted)
		send_later(m, conn, rq);
}
