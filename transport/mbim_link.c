/* SPDX-License-Identifier: Apache-2.0 */
#include "mbim_link.h"

#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "stream.h"

/* A far side that talks without end, and not with us, is left alone. */
enum { LISTEN_FRAMES_MAX = 64, READS_MAX = 64 };

void mbim_link_init(struct mbim_link *l)
{
	l->fd = -1;
	/* a late answer to a process that died, on a device that we share with it, should not meet
	 * our numbers */
	l->tid = (uint32_t)deadline_now() ^ (uint32_t)getpid() << 16;
}

void mbim_link_start(struct mbim_link *l, int fd)
{
	mbim_link_close(l);
	l->fd = fd;
}

void mbim_link_close(struct mbim_link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->stale = l->not_opened = false;
	l->unread = 0;
	mem_wipe(l->rx, l->rx_n);
	l->rx_n = l->used = 0;
	mbim_link_wipe(l);
}

void mbim_link_wipe(struct mbim_link *l)
{
	mem_wipe(l->rx, l->used);
	mem_wipe(l->whole, l->whole_n);
	l->whole_n = 0;
}

/* --- frames --- */

static void forget_used(struct mbim_link *l)
{
	size_t left = l->rx_n - l->used;

	memmove(l->rx, l->rx + l->used, left);
	mem_wipe(l->rx + left, l->used);
	l->rx_n = left;
	l->used = 0;
}

static void skip_unread(struct mbim_link *l)
{
	size_t n = l->unread < l->rx_n ? l->unread : l->rx_n;

	l->unread -= n;
	l->used = n;
	forget_used(l);
}

/* Is a frame complete in rx? One that rx cannot hold is skipped. */
static status complete(struct mbim_link *l, size_t *ret_n)
{
	size_t n = 0;

	forget_used(l);
	skip_unread(l);
	TRY(mbim_wire_length(bytes_of(l->rx, l->rx_n), &n));
	if (n > sizeof(l->rx)) {
		log_debug("mbim message of %zu bytes skipped", n);
		l->unread = n;
		skip_unread(l);
		return ST_TRUNCATED;
	}
	*ret_n = n;
	return l->rx_n < n ? ST_TRUNCATED : ST_OK;
}

static status next_frame(struct mbim_link *l, deadline dl, struct mbim_frame *ret_f)
{
	size_t n = 0;
	status st = complete(l, &n);

	for (int reads = 0; st == ST_TRUNCATED; reads++) {
		struct wtr w = wtr_on(l->rx, sizeof(l->rx));

		if (reads >= READS_MAX && deadline_passed(dl))
			return ST_TIMEOUT;
		w.n = l->rx_n;
		st = stream_recv_some(l->fd, &w, dl);
		if (st != ST_OK)
			return st == ST_TIMEOUT ? st : ST_NO_DEVICE;
		l->rx_n = w.n;
		st = complete(l, &n);
	}
	TRY(st);
	l->used = n;
	return mbim_wire_frame(bytes_of(l->rx, n), ret_f);
}

/* --- what they say --- */

void mbim_link_note_sim(struct mbim_link *l, const struct mbim_sim *told)
{
	bool went = mbim_sim_is_out(told) && !mbim_sim_is_out(&l->sim);
	bool other = told->iccid[0] && l->sim.iccid[0] && strcmp(told->iccid, l->sim.iccid) != 0;

	l->sim_changes += went || other;
	l->sim = *told;
}

static void note_indication(struct mbim_link *l, const struct mbim_frame *f)
{
	struct mbim_said s;
	struct mbim_sim sim;

	if (f->total != 1 || mbim_wire_said(f->type, f->body, &s) != ST_OK)
		return;
	if (s.service != MBIM_BASIC_CONNECT || s.cid != MBIM_CID_SUBSCRIBER_READY)
		return;
	if (mbim_info_sim(s.info, &sim) != ST_OK)
		return;
	mbim_link_note_sim(l, &sim);
	l->sim_news = true;
	log_debug("mbim indication: SIM state %u", (unsigned)l->sim.ready);
}

/* The answer's next fragment. ST_TRUNCATED: there are more. */
static status collect(struct mbim_link *l, const struct mbim_frame *f)
{
	struct wtr w = WTR_ON(l->whole);

	w.n = l->whole_n;
	if (f->current != l->fragments || (f->current == 0) != (l->whole_n == 0))
		return ST_DESYNC;
	wtr_put(&w, f->body);
	if (wtr_done(&w) != ST_OK || (f->body.n == 0 && f->total > 1))
		return ST_DESYNC;
	l->whole_n = w.n;
	l->fragments++;
	return l->fragments < f->total ? ST_TRUNCATED : ST_OK;
}

/* A refusal by the function itself, whatever we asked. */
static status refused(struct mbim_link *l, const struct mbim_frame *f)
{
	uint32_t code = 0;

	if (mbim_wire_code(f->body, &code) != ST_OK)
		return ST_DESYNC;
	log_debug("mbim function error %u", (unsigned)code);
	l->not_opened = code == MBIM_ERROR_NOT_OPENED;
	l->stale = true;
	return ST_IO;
}

/* Frames until the answer to our transaction is in l->whole. */
static status await(struct mbim_link *l, enum mbim_type type, deadline dl)
{
	struct mbim_frame f;

	for (;;) {
		TRY(next_frame(l, dl, &f));
		if (f.type == MBIM_INDICATE) {
			note_indication(l, &f);
		} else if (f.tid != l->tid) {
			log_debug("mbim message of another transaction dropped");
		} else if (f.type == MBIM_FUNCTION_ERROR) {
			return refused(l, &f);
		} else if (f.type != type) {
			return ST_DESYNC;
		} else {
			status st = collect(l, &f);

			if (st != ST_TRUNCATED)
				return st;
		}
		if (deadline_passed(dl))
			return ST_TIMEOUT;
	}
}

/* What a failure means for the connection. */
static status conclude(struct mbim_link *l, status st)
{
	if (st == ST_TIMEOUT)
		l->stale = true;
	if (st == ST_OK || st == ST_TIMEOUT || st == ST_IO)
		return st;
	mbim_link_close(l);
	return st == ST_NO_DEVICE ? st : ST_DESYNC;
}

static status exchange(struct mbim_link *l, struct bytes message, enum mbim_type type, deadline dl)
{
	l->not_opened = false;
	mbim_link_wipe(l);
	l->fragments = 0;
	status st = stream_send(l->fd, message, dl);

	/* half a message on its way would swallow the next one */
	if (st == ST_TIMEOUT) {
		mbim_link_close(l);
		return st;
	}
	if (st == ST_OK)
		st = await(l, type, dl);
	return conclude(l, st);
}

static uint32_t next_tid(struct mbim_link *l)
{
	l->tid++;
	if (l->tid == 0)
		l->tid = 1;
	return l->tid;
}

/* --- the contract --- */

status mbim_link_listen(struct mbim_link *l)
{
	struct mbim_frame f;

	for (int i = 0; i < LISTEN_FRAMES_MAX && l->fd >= 0; i++) {
		status st = next_frame(l, 0, &f);

		if (st == ST_TIMEOUT)
			return ST_OK;
		TRY(conclude(l, st));
		if (f.type == MBIM_INDICATE)
			note_indication(l, &f);
	}
	return l->fd >= 0 ? ST_OK : ST_NO_DEVICE;
}

bool mbim_link_is_midway(const struct mbim_link *l)
{
	return l->rx_n > l->used || l->unread > 0;
}

status mbim_link_open(struct mbim_link *l, deadline dl)
{
	uint8_t message[MBIM_HEADER + 4];
	struct wtr w = WTR_ON(message);
	uint32_t code = 0;

	if (l->fd < 0)
		return ST_NO_DEVICE;
	mbim_wire_put_open(&w, next_tid(l));
	TRY(exchange(l, wtr_bytes(&w), MBIM_OPEN_DONE, dl));
	if (mbim_wire_code(bytes_of(l->whole, l->whole_n), &code) != ST_OK)
		return conclude(l, ST_DESYNC);
	if (code != 0) {
		log_debug("mbim open refused: status %u", (unsigned)code);
		return ST_IO;
	}
	/* it begins anew: what was asked before it is not answered any more */
	l->stale = false;
	return ST_OK;
}

status mbim_link_run(struct mbim_link *l, const struct mbim_command *c, deadline dl,
		     struct mbim_said *ret_s)
{
	uint8_t message[MBIM_COMMAND_MAX];
	struct wtr w = WTR_ON(message);
	struct mbim_said s;

	if (l->fd < 0)
		return ST_NO_DEVICE;
	mbim_wire_put_command(&w, next_tid(l), c);
	TRY(wtr_done(&w) == ST_OK ? ST_OK : ST_ARG);
	status st = exchange(l, wtr_bytes(&w), MBIM_COMMAND_DONE, dl);

	mem_wipe(message, w.n);
	TRY(st);
	st = mbim_wire_said(MBIM_COMMAND_DONE, bytes_of(l->whole, l->whole_n), &s);
	if (st != ST_OK || s.service != c->service || s.cid != c->cid)
		return conclude(l, ST_DESYNC);
	*ret_s = s;
	return ST_OK;
}
