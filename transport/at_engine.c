/* SPDX-License-Identifier: Apache-2.0 */
#include "at_engine.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "at_port.h"
#include "log.h"
#include "mem.h"
#include "stream.h"

enum {
	QUIET_MS = 100,	     /* silence that ends a late answer */
	SYNC_FIRST_MS = 300, /* patience with the first AT, doubled each time */
	SYNC_LAST_MS = 2400,
	SYNC_TOTAL_MS = 15000,
	FINAL_MS = 1000, /* from the awaited line to the final result */
	DRAIN_BYTES_MAX = 65536,
};

static const struct at_expect plain_at = {"AT", AT_WANT_NOTHING, NULL};

void at_engine_init(struct at_engine *e)
{
	e->fd = -1;
	e->dirty = false;
	at_reply_init(&e->reply);
}

void at_engine_close(struct at_engine *e)
{
	if (e->fd >= 0)
		close(e->fd);
	at_engine_init(e);
}

static status wait_input(struct at_engine *e, deadline dl)
{
	status st = stream_wait(e->fd, POLLIN, dl);
	if (st == ST_NO_DEVICE)
		at_engine_close(e);
	return st;
}

/* One read into the reply. *ret_n: how many bytes. */
static status take_some(struct at_engine *e, size_t *ret_n)
{
	uint8_t chunk[512];
	struct wtr w = WTR_ON(chunk);
	status st = at_port_read(e->fd, &w);
	at_reply_feed(&e->reply, wtr_bytes(&w));
	mem_wipe(chunk, w.n);
	*ret_n = w.n;
	if (st == ST_NO_DEVICE)
		at_engine_close(e);
	return st;
}

/* What goes out in part leaves the engine dirty: the next command would be taken for its rest. */
static status put(struct at_engine *e, struct bytes b, deadline dl)
{
	status st = stream_send(e->fd, b, dl);
	if (st != ST_OK) {
		e->dirty = true;
		at_port_discard(e->fd);
	}
	if (st == ST_NO_DEVICE)
		at_engine_close(e);
	return st;
}

static status escape_prompt(struct at_engine *e, deadline dl)
{
	static const uint8_t esc[] = {0x1B};
	log_debug("at prompt: another program left a message open; cancelled");
	e->dirty = true;
	e->reply.prompt = false;
	return put(e, BYTES_OF(esc), deadline_sooner(dl, AT_MS));
}

status at_engine_drain(struct at_engine *e)
{
	size_t total = 0;
	for (size_t n = 1; n > 0 && total < DRAIN_BYTES_MAX; total += n)
		TRY(take_some(e, &n));
	if (e->reply.stray || e->reply.prompt)
		e->dirty = true;
	return ST_OK;
}

/* What sync has met so far. */
struct findings {
	bool heard;  /* the modem said something */
	bool answer; /* and not all of it was unsolicited */
};

/* Listens until no answer, or piece of one, has come for QUIET_MS. Unsolicited lines do not count:
 * some modems never stop. */
static status listen_quiet(struct at_engine *e, deadline dl, struct findings *f)
{
	deadline limit = deadline_sooner(dl, QUIET_MS);
	for (;;) {
		status st = wait_input(e, limit);
		if (st == ST_TIMEOUT)
			return ST_OK;
		TRY(st);
		size_t n = 0;
		TRY(take_some(e, &n));
		f->heard = f->heard || n > 0;
		if (e->reply.stray || e->reply.prompt || e->reply.line_n > 0)
			limit = deadline_sooner(dl, QUIET_MS);
		f->answer = f->answer || e->reply.stray || e->reply.prompt;
		e->reply.stray = false;
		if (deadline_passed(limit))
			return ST_OK;
	}
}

static status send_line(struct at_engine *e, const char *text, deadline dl)
{
	uint8_t line[AT_COMMAND_MAX + 1];
	struct wtr w = WTR_ON(line);
	wtr_put(&w, bytes_str(text));
	wtr_u8(&w, '\r');
	status st = wtr_done(&w) == ST_OK ? put(e, wtr_bytes(&w), dl) : ST_ARG;
	mem_wipe(line, w.n);
	return st;
}

/* A bare handle, or the final result of a modem that has fallen back to ATV0. */
static bool is_lone_digit(const struct at_reply *r)
{
	return r->expect.want == AT_WANT_HANDLE && r->info_n == 1;
}

/* Until the final result. A modem that gives the awaited line and then forgets the OK is believed
 * after a second. */
static status collect(struct at_engine *e, deadline dl)
{
	deadline limit = dl;
	unsigned seen = 0;
	while (!at_reply_done(&e->reply)) {
		status st = wait_input(e, limit);
		if (st != ST_OK) {
			e->dirty = true;
			if (st == ST_TIMEOUT && is_lone_digit(&e->reply))
				return ST_DESYNC;
			return st == ST_TIMEOUT && seen > 0 ? ST_OK : st;
		}
		size_t n = 0;
		TRY(take_some(e, &n));
		/* a modem that never stops talking */
		if (!at_reply_done(&e->reply) && deadline_passed(dl)) {
			e->dirty = true;
			return ST_TIMEOUT;
		}
		if (e->reply.info_count > seen)
			limit = deadline_sooner(dl, FINAL_MS);
		seen = e->reply.info_count;
	}
	return ST_OK;
}

/* One AT. *ret_clean: it was answered by OK and no other answer came. */
static status probe(struct at_engine *e, int64_t ms, deadline dl, struct findings *f,
		    bool *ret_clean)
{
	*ret_clean = false;
	at_reply_begin(&e->reply, &plain_at);
	TRY(send_line(e, plain_at.sent, dl));
	status st = collect(e, deadline_sooner(dl, ms));
	if (st == ST_TIMEOUT)
		return ST_OK;
	TRY(st);
	bool answered = e->reply.final == AT_FINAL_OK && !e->reply.foreign && !e->reply.stray;
	f->heard = true;
	f->answer = false;
	TRY(listen_quiet(e, dl, f));
	*ret_clean = answered && !f->answer;
	return ST_OK;
}

status at_engine_sync(struct at_engine *e, deadline dl)
{
	struct findings f = {false, false};
	bool clean = false;
	dl = deadline_sooner(dl, SYNC_TOTAL_MS);
	at_reply_wipe(&e->reply);
	for (int64_t ms = SYNC_FIRST_MS; !clean; ms = ms < SYNC_LAST_MS ? 2 * ms : SYNC_LAST_MS) {
		TRY(listen_quiet(e, dl, &f));
		if (e->reply.prompt)
			TRY(escape_prompt(e, dl));
		TRY(probe(e, ms, dl, &f, &clean));
		if (!clean && deadline_passed(dl)) {
			log_error("the modem %s",
				  f.heard ? "talks, but not with us: is ModemManager on this port?"
					  : "is silent");
			return f.heard ? ST_BUSY_DEVICE : ST_TIMEOUT;
		}
	}
	e->dirty = false;
	return ST_OK;
}

static status conclude(struct at_engine *e, int *ret_code)
{
	struct at_reply *r = &e->reply;
	if (r->stray)
		e->dirty = true;
	/* a modem that says an older answer before ours is read; a final result that comes before
	 * our line belongs to another command */
	bool wanted = r->expect.want != AT_WANT_NOTHING && r->expect.want != AT_WANT_ICCID;
	bool missing = wanted && r->final == AT_FINAL_OK;
	if (r->info_count == 0 && (r->foreign || missing)) {
		e->dirty = true;
		return ST_DESYNC;
	}
	if (r->final == AT_FINAL_ERROR) {
		*ret_code = r->code;
		return ST_IO;
	}
	return ST_OK;
}

status at_engine_run(struct at_engine *e, const struct at_expect *x, deadline dl, int *ret_code)
{
	for (int tries = 0; tries < 2; tries++) {
		if (e->fd < 0)
			return ST_NO_DEVICE;
		TRY(at_engine_drain(e));
		if (e->dirty)
			TRY(at_engine_sync(e, dl));
		at_reply_begin(&e->reply, x);
		TRY(send_line(e, x->sent, dl));
		status st = collect(e, dl);
		/* a modem that has not even read it must not do so when it was given up */
		if (st == ST_TIMEOUT)
			at_port_discard(e->fd);
		TRY(st);
		if (!e->reply.prompt)
			return conclude(e, ret_code);
		/* the command went into somebody's message: it has not run, so once more */
		TRY(escape_prompt(e, dl));
		if (e->once)
			break;
	}
	return ST_DESYNC;
}
