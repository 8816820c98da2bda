/* SPDX-License-Identifier: Apache-2.0 */
#include "qmi_link.h"

#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "qmi_codes.h"
#include "stream.h"

/* Frames that one drain takes: a modem that never stops talking must not hold its reader. */
enum { DRAIN_MAX = 64 };

void qmi_link_init(struct qmi_link *l, status (*aside)(void *ctx, const struct qmi_message *m),
		   void *ctx)
{
	l->fd = -1;
	l->aside = aside;
	l->ctx = ctx;
	l->rx_at = l->rx_n = l->answer_n = 0;
}

void qmi_link_use(struct qmi_link *l, int fd, uint16_t tid)
{
	qmi_link_close(l);
	l->fd = fd;
	l->tid = tid;
	l->ctl_tid = (uint8_t)(tid >> 8);
	l->silent = false;
}

void qmi_link_close(struct qmi_link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	mem_wipe(l->rx, l->rx_n);
	l->rx_at = l->rx_n = 0;
	qmi_link_wipe(l);
}

void qmi_link_wipe(struct qmi_link *l)
{
	mem_wipe(l->answer, l->answer_n);
	l->answer_n = 0;
	mem_wipe(l->rx, l->rx_at);
}

/* --- frames --- */

/* The next whole message of what has come; false: more is needed. */
static bool take_message(struct qmi_link *l, struct qmi_message *ret_m)
{
	for (;;) {
		struct bytes frame;
		size_t noise = 0;

		qmi_wire_scan(bytes_of(l->rx + l->rx_at, l->rx_n - l->rx_at), &noise, &frame);
		l->rx_at += noise + frame.n;
		if (noise > 0)
			log_debug("qmi: %zu bytes of noise", noise);
		if (frame.n == 0)
			return false;
		if (qmi_wire_decode(frame, ret_m) == ST_OK) {
			l->silent = false;
			return true;
		}
		log_debug("qmi: a frame of %zu bytes is damaged", frame.n);
	}
}

static void make_room(struct qmi_link *l)
{
	size_t left = l->rx_n - l->rx_at;

	memmove(l->rx, l->rx + l->rx_at, left);
	mem_wipe(l->rx + left, l->rx_n - left);
	l->rx_at = 0;
	l->rx_n = left;
}

/* More bytes. What is left of one frame never fills the buffer, which has room for two. */
static status read_more(struct qmi_link *l, deadline dl)
{
	struct wtr w;
	status st;

	if (l->fd < 0)
		return ST_NO_DEVICE;
	make_room(l);
	w = wtr_on(l->rx + l->rx_n, sizeof(l->rx) - l->rx_n);
	st = stream_recv_some(l->fd, &w, dl);
	if (st == ST_OK)
		l->rx_n += w.n;
	return st;
}

/* Until a whole message has come. A modem that never stops talking is read once more at dl. */
static status next_message(struct qmi_link *l, struct qmi_message *ret_m, deadline dl)
{
	bool late = false;

	while (!take_message(l, ret_m)) {
		if (late)
			return ST_TIMEOUT;
		late = deadline_passed(dl);
		TRY(read_more(l, dl));
	}
	return ST_OK;
}

/* A wait that ended: a stream that broke off inside a frame cannot be trusted to go on there. */
static status ended(struct qmi_link *l, status st)
{
	bool inside = l->rx_n > l->rx_at;

	if (st != ST_OK && (st != ST_TIMEOUT || inside))
		qmi_link_close(l);
	return st;
}

/* --- requests --- */

static uint16_t next_tid(struct qmi_link *l, uint8_t service)
{
	if (service != QMI_CTL) {
		l->tid = l->tid == UINT16_MAX ? 1 : (uint16_t)(l->tid + 1);
		return l->tid;
	}
	l->ctl_tid = l->ctl_tid == UINT8_MAX ? 1 : (uint8_t)(l->ctl_tid + 1);
	return l->ctl_tid;
}

static status send_request(struct qmi_link *l, const struct qmi_request *rq, uint16_t *ret_tid,
			   deadline dl)
{
	uint8_t frame[QMI_REQUEST_MAX];
	struct wtr w = WTR_ON(frame);
	struct qmi_message m = {.service = rq->service,
				.client = rq->client,
				.kind = QMI_REQUEST,
				.tid = next_tid(l, rq->service),
				.id = rq->id,
				.tlvs = rq->tlvs};
	status st = l->fd < 0 ? ST_NO_DEVICE : ST_OK;

	qmi_wire_put(&m, &w);
	if (st == ST_OK)
		st = wtr_done(&w);
	if (st == ST_OK) {
		st = stream_send(l->fd, wtr_bytes(&w), dl);
		/* part of it may be out */
		if (st != ST_OK)
			qmi_link_close(l);
	}
	mem_wipe(frame, w.n);
	*ret_tid = m.tid;
	return st;
}

static bool answers(const struct qmi_message *m, const struct qmi_request *rq, uint16_t tid)
{
	return m->kind == QMI_RESPONSE && m->service == rq->service && m->client == rq->client &&
	       m->tid == tid && m->id == rq->id;
}

static status await(struct qmi_link *l, const struct qmi_request *rq, uint16_t tid, deadline dl)
{
	struct qmi_message m;

	for (;;) {
		status st = next_message(l, &m, dl);

		l->silent = l->silent || st == ST_TIMEOUT;
		TRY(ended(l, st));
		if (answers(&m, rq, tid))
			break;
		TRY(l->aside(l->ctx, &m));
		if (deadline_passed(dl))
			return ended(l, ST_TIMEOUT);
	}
	if (m.damaged)
		return ST_MALFORMED;
	memcpy(l->answer, m.tlvs.p, m.tlvs.n);
	l->answer_n = m.tlvs.n;
	return ST_OK;
}

status qmi_link_run(struct qmi_link *l, const struct qmi_request *rq, struct bytes *ret_tlvs,
		    uint16_t *ret_error, deadline dl)
{
	uint16_t tid = 0, error = 0;

	qmi_link_wipe(l);
	TRY(send_request(l, rq, &tid, dl));
	TRY(await(l, rq, tid, dl));
	TRY(qmi_wire_result(bytes_of(l->answer, l->answer_n), &error));
	if (error)
		log_debug("qmi service=%02X message=%04X error=%u %s", rq->service, rq->id, error,
			  qmi_codes_name(error));
	*ret_tlvs = bytes_of(l->answer, l->answer_n);
	*ret_error = error;
	return ST_OK;
}

status qmi_link_tell(struct qmi_link *l, const struct qmi_request *rq, deadline dl)
{
	uint16_t tid;

	return send_request(l, rq, &tid, dl);
}

/* --- what comes unasked --- */

/* All whole messages that are there. */
static status set_aside(struct qmi_link *l)
{
	struct qmi_message m;

	while (take_message(l, &m))
		TRY(l->aside(l->ctx, &m));
	return ST_OK;
}

status qmi_link_pump(struct qmi_link *l, deadline dl)
{
	struct qmi_message m;

	TRY(ended(l, next_message(l, &m, dl)));
	TRY(l->aside(l->ctx, &m));
	return deadline_passed(dl) ? ST_TIMEOUT : ST_OK;
}

status qmi_link_drain(struct qmi_link *l)
{
	for (int reads = 0; reads < DRAIN_MAX; reads++) {
		status st = set_aside(l);

		/* a complaint about something that nobody waits for is none */
		if (st == ST_OK)
			st = read_more(l, deadline_now());
		if (st == ST_TIMEOUT)
			return ST_OK;
		if (st == ST_NO_DEVICE || st == ST_IO) {
			qmi_link_close(l);
			return ST_NO_DEVICE;
		}
	}
	return ST_OK;
}
