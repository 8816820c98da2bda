/* SPDX-License-Identifier: Apache-2.0 */
/* A modem's AT port. The channel is opened by AT+CCHO and used by AT+CGLA where the modem can (it
 * then owns the class byte's channel bits); else the core opens one by MANAGE CHANNEL through
 * AT+CSIM. */
#include "at.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "at_port.h"
#include "backends.h"
#include "hex.h"
#include "log.h"
#include "mem.h"

enum {
	/* How long "no SIM" is believed without asking again: another process may have taken in
	 * the line that said that one is back. */
	ABSENT_MS = 1000,
	/* A modem that restarts is back within that time, mostly. Operations wait for it, each
	 * until its own deadline at most. */
	BACK_MS = 60000,
	BACK_POLL_MS = 200,
};

static const char uucp_dir[] = "/run/lock";

static struct at_device *of(struct transport *t)
{
	return (struct at_device *)t;
}

/* --- opening --- */

static status parse_mode(const struct uri *uri, enum at_mode *ret_mode)
{
	static const char *const names[] = {"auto", "cgla", "csim"};
	const char *text = uri_param(uri, "mode");
	if (!text)
		return ST_OK;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		*ret_mode = (enum at_mode)i;
		return ST_OK;
	}
	return ST_ARG;
}

static status at_open(const struct uri *uri, struct transport **ret_t)
{
	enum at_mode mode = AT_MODE_AUTO;
	long baud = 0;
	if (uri->path[0] != '/')
		return ST_ARG;
	TRY(parse_mode(uri, &mode));
	TRY(uri_param_number(uri, "baud", 9600, 4000000, 115200, &baud));
	if (!at_port_speed_known(baud))
		return ST_ARG;
	struct at_device *d = calloc(1, sizeof(*d));
	if (!d)
		return ST_NOMEM;
	at_engine_init(&d->e);
	d->baud = baud;
	d->rtscts = uri_param_true(uri, "rtscts");
	d->asked = mode;
	d->mode = mode;
	d->t.traits = TRANSPORT_CROSSTALK | TRANSPORT_COUNTS_PORTS;
	snprintf(d->t.name, sizeof(d->t.name), "%s", uri->path);
	*ret_t = &d->t;
	return ST_OK;
}

static void at_disconnect(struct transport *t)
{
	at_engine_close(&of(t)->e);
	of(t)->ready = false;
}

static void at_free(struct transport *t, bool forked)
{
	(void)forked; /* close(2) is all that is ever done */
	at_disconnect(t);
	free(t);
}

/* --- one operation --- */

/* On a port in use since earlier operations nothing is sent: its settings are the same for all of
 * us. *ret_gone: it was unplugged meanwhile. */
static status resume(struct at_device *d, deadline dl)
{
	TRY(at_port_lock(d->e.fd, dl));
	TRY(at_engine_drain(&d->e));
	if (d->t.unclean || d->e.dirty)
		TRY(at_engine_sync(&d->e, dl));
	d->t.unclean = false;
	return d->e.reply.sim == AT_SIM_OUT ? at_setup_sim(d, dl) : ST_OK;
}

static status start(struct at_device *d, deadline dl)
{
	at_disconnect(&d->t);
	TRY(at_port_open(d->t.name, d->baud, d->rtscts, uucp_dir, &d->e.fd));
	TRY(at_port_lock(d->e.fd, dl));
	d->t.generation = at_port_identity(d->e.fd);
	return at_setup_dialogue(d, dl);
}

/* What a device may say that is being made anew: not there, not permitted yet, not awake yet. */
static bool may_come(const struct at_device *d, status st)
{
	if (st == ST_DENIED_DEVICE)
		return !at_port_is_settled(d->t.name);
	return st == ST_NO_DEVICE || st == ST_IO || st == ST_TIMEOUT;
}

/* Has the port gone that was in use? */
static void note_loss(struct at_device *d)
{
	if (!d->was_ready || d->e.fd >= 0 || d->lost_until != 0)
		return;
	d->lost_until = deadline_in_ms(BACK_MS);
	d->absent_until = 0; /* what comes in its place is another matter */
	d->t.changes++;
}

/* A device that went comes back under its link, whatever the kernel calls it now: waited for within
 * the operation, since clients do not try again. */
static status start_again(struct at_device *d, deadline dl)
{
	status st = start(d, dl);
	while (may_come(d, st) && !deadline_passed(dl) && !deadline_passed(d->lost_until)) {
		deadline_sleep(dl, BACK_POLL_MS);
		st = start(d, dl);
	}
	if (!may_come(d, st))
		d->lost_until = 0;
	return st;
}

static void note_sim(struct at_device *d)
{
	d->t.changes += d->e.reply.outs;
	d->e.reply.outs = 0;
	d->absent_until = d->e.reply.sim == AT_SIM_OUT ? deadline_in_ms(ABSENT_MS) : 0;
}

static void at_end(struct transport *t)
{
	struct at_device *d = of(t);
	at_reply_wipe(&d->e.reply);
	t->unclean = t->unclean || d->e.dirty;
	note_sim(d);
	if (d->e.fd >= 0)
		at_port_unlock(d->e.fd);
}

static status at_begin(struct transport *t, deadline dl)
{
	struct at_device *d = of(t);
	status st = d->e.fd >= 0 && d->ready ? resume(d, dl) : ST_NO_DEVICE;
	/* unplugged meanwhile, or never open: (once more) from the start */
	if (st == ST_NO_DEVICE) {
		note_loss(d);
		st = d->lost_until != 0 ? start_again(d, dl) : start(d, dl);
	}
	if (st != ST_OK)
		at_end(t);
	return st;
}

static status run_apdu(struct at_device *d, const struct channel *ch, struct bytes cmd,
		       struct wtr *reply, deadline dl)
{
	char text[AT_COMMAND_MAX];
	struct wtr w = WTR_ON(text);
	bool by_handle = ch && channel_is_device_owned(ch);
	if (by_handle)
		wtr_printf(&w, "AT+CGLA=%s,%zu,\"", ch->handle, 2 * cmd.n);
	else
		wtr_printf(&w, "AT+CSIM=%zu,\"", 2 * cmd.n);
	hex_put(&w, cmd);
	wtr_put(&w, BYTES_LIT("\"\0"));
	struct at_expect x = {text, AT_WANT_PREFIX, by_handle ? "+CGLA" : "+CSIM"};
	status st = wtr_done(&w);
	if (st == ST_OK)
		st = at_setup_run(d, &x, by_handle ? AT_IN_CGLA : AT_IN_CSIM, dl);
	if (st == ST_OK) {
		d->cgla_works = d->cgla_works || by_handle;
		st = at_line_apdu(at_reply_info(&d->e.reply), reply);
		d->e.dirty = d->e.dirty || st != ST_OK;
	}
	at_reply_wipe(&d->e.reply);
	mem_wipe(text, w.n);
	return st == ST_SHORT_OUT ? ST_MALFORMED : st;
}

static status at_channel_close(struct transport *t, const struct channel *ch, deadline dl)
{
	char text[64];
	snprintf(text, sizeof(text), "AT+CCHC=%s", ch->handle);
	const struct at_expect x = {text, AT_WANT_NOTHING, NULL};
	return at_setup_run(of(t), &x, AT_IN_CGLA, deadline_sooner(dl, AT_OPEN_MS));
}

static status at_transmit(struct transport *t, const struct channel *ch, struct bytes cmd,
			  struct wtr *reply, deadline dl)
{
	struct at_device *d = of(t);
	d->e.once = t->once;
	status st = run_apdu(d, ch, cmd, reply, dl);
	d->e.once = false;
	/* the session may well be open still (a modem that gave up waiting for a slow card): it
	 * would be lost to everybody */
	if (st == ST_CHANNEL_LOST && ch && at_channel_close(t, ch, dl) != ST_OK)
		log_debug("at session %s was closed already", ch->handle);
	return st;
}

static status at_channel_open(struct transport *t, struct bytes aid, struct channel *ret_ch,
			      deadline dl)
{
	struct at_device *d = of(t);
	if (d->mode == AT_MODE_CSIM || d->cgla_missing)
		return ST_UNSUPPORTED_LINK;
	char aid_hex[2 * AID_MAX + 1], text[64];
	snprintf(text, sizeof(text), "AT+CCHO=\"%s\"", hex_str(aid, aid_hex, sizeof(aid_hex)));
	const struct at_expect x = {text, AT_WANT_HANDLE, "+CCHO"};
	status st = at_setup_run(d, &x, AT_IN_OPEN, deadline_sooner(dl, AT_OPEN_MS));
	if (st == ST_UNSUPPORTED_LINK) {
		/* a modem that has done it before means something else */
		if (d->cgla_works || d->mode == AT_MODE_CGLA)
			return ST_NO_CHANNEL;
		d->cgla_missing = true;
	}
	TRY(st);
	return at_line_handle(at_reply_info(&d->e.reply), ret_ch->handle);
}

static status at_iccid(struct transport *t, char ret_iccid[ICCID_DIGITS_MAX + 1], deadline dl)
{
	return at_setup_iccid(of(t), ret_iccid, dl);
}

/* What the modem has said by itself since the last operation, unless the port is at work for
 * another process. Nothing is sent. */
static void listen(struct at_device *d)
{
	if (d->e.fd < 0 || d->t.entered || at_port_lock(d->e.fd, deadline_now()) != ST_OK)
		return;
	enum at_sim before = d->e.reply.sim;
	status st = at_engine_drain(&d->e);
	if (st == ST_OK)
		at_port_unlock(d->e.fd);
	note_loss(d);
	if (st == ST_OK && (d->e.reply.outs > 0 || d->e.reply.sim != before))
		note_sim(d);
}

static bool at_present(struct transport *t)
{
	struct at_device *d = of(t);

	if (access(t->name, F_OK) != 0)
		return false;
	listen(d);
	return deadline_passed(d->absent_until);
}

static status at_look(struct transport *t, deadline dl)
{
	return at_setup_look(of(t), dl);
}

const struct transport_ops transport_at = {
	.scheme = "at",
	.open = at_open,
	.begin = at_begin,
	.end = at_end,
	.transmit = at_transmit,
	.channel_open = at_channel_open,
	.channel_close = at_channel_close,
	.iccid = at_iccid,
	.present = at_present,
	.look = at_look,
	.disconnect = at_disconnect,
	.free = at_free,
};
