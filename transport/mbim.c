/* SPDX-License-Identifier: Apache-2.0 */
/* mbim:PATH[?proxy=@NAME|/PATH][&direct=1]: a modem's control device, through mbim-proxy or by
 * itself. Channels are opened by Microsoft's low-level UICC access; they belong to the modem, not
 * to the client, so that any process may go on using one by its number.
 *
 * With direct=1 the function stays open when we are done: CLOSE would end the channels of all
 * processes that take turns on the device, and the next of them would have to OPEN again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends.h"
#include "devlock.h"
#include "log.h"
#include "mbim_codes.h"
#include "mbim_door.h"
#include "mem.h"

enum {
	QUERY_MS = 5000,    /* what does not run an APDU; a key generation may be before us */
	SIM_WAIT_MS = 5000, /* for a SIM that starts up; then the commands themselves will tell */
	SIM_POLL_MS = 200,
	RETURN_POLL_MS = 200,
	BUSY_FIRST_MS = 50,
	BUSY_LAST_MS = 800,
	BUSY_TRIES = 10,
	START_TRIES = 3,
	/* How long "no SIM" is believed where no indication reaches us. */
	ABSENT_MS = 1000,
};

struct mbim_device {
	struct transport t;
	struct mbim_door door;
	struct mbim_link l;
	bool was_there;	   /* connected before: worth waiting for when it reboots */
	uint8_t select_p2; /* that the modem accepts */
	bool told_unsupported;
	deadline absent_until; /* there was no SIM; 0: there was */
	unsigned sim_changes;  /* the link's count when the operation or its channel began */
};

static struct mbim_device *of(struct transport *t)
{
	return (struct mbim_device *)t;
}

/* --- opening --- */

static status parse_proxy(const struct uri *uri, char *dst, size_t cap)
{
	const char *name = uri_param(uri, "proxy");
	bool direct = uri_param_true(uri, "direct");

	if (direct)
		return name ? ST_ARG : ST_OK;
	if (!name)
		name = "@mbim-proxy";
	if ((name[0] != '@' && name[0] != '/') || !name[1] || strlen(name) >= cap)
		return ST_ARG;
	snprintf(dst, cap, "%s", name);
	return ST_OK;
}

static status mbim_open(const struct uri *uri, struct transport **ret_t)
{
	struct mbim_door door = {0};

	if (uri->path[0] != '/')
		return ST_ARG;
	TRY(parse_proxy(uri, door.proxy, sizeof(door.proxy)));
	struct mbim_device *m = calloc(1, sizeof(*m));
	if (!m)
		return ST_NOMEM;
	snprintf(m->t.name, sizeof(m->t.name), "%s", uri->path);
	m->t.traits = TRANSPORT_RESOLVES;
	m->door = door;
	m->door.device = m->t.name;
	mbim_link_init(&m->l);
	*ret_t = &m->t;
	return ST_OK;
}

static void mbim_disconnect(struct transport *t)
{
	mbim_link_close(&of(t)->l);
}

static void mbim_free(struct transport *t, bool forked)
{
	(void)forked; /* close(2) is all that is ever done */
	mbim_disconnect(t);
	free(t);
}

/* --- commands --- */

static void note_sim(struct mbim_device *m, bool there)
{
	m->absent_until = there ? 0 : deadline_in_ms(ABSENT_MS);
}

/* One command; a function that says that it is not open is opened, and asked again. */
static status run_open(struct mbim_device *m, const struct mbim_command *c, deadline dl,
		       struct mbim_said *ret_s)
{
	status st = mbim_link_run(&m->l, c, dl, ret_s);

	if (st == ST_IO && m->l.not_opened && !m->t.once) {
		log_info("%s: the modem has restarted its MBIM function", m->t.name);
		TRY(mbim_door_connect(&m->door, &m->l, false, dl));
		st = mbim_link_run(&m->l, c, dl, ret_s);
		if (st == ST_IO && m->l.not_opened)
			mbim_door_tell_stuck(&m->door);
	}
	if (st == ST_OK)
		mbim_door_answers(&m->door);
	/* inside an operation this asks for the operation to be run again */
	return st == ST_NO_DEVICE ? ST_IO : st;
}

static bool is_busy(uint32_t code)
{
	return code == MBIM_CODE_BUSY || code == MBIM_CODE_NOT_INITIALIZED;
}

/* Runs c; a busy SIM is asked again with growing pauses, one that is starting up until dl. ST_OK:
 * done, or refused with a code that *ret_s tells. */
static status run_patiently(struct mbim_device *m, const struct mbim_command *c, deadline dl,
			    struct mbim_said *ret_s)
{
	int64_t pause = BUSY_FIRST_MS;

	for (int tries = 1;; tries++) {
		TRY(run_open(m, c, dl, ret_s));
		if (!is_busy(ret_s->status) || m->t.once)
			return ST_OK;
		if (ret_s->status == MBIM_CODE_BUSY && tries == BUSY_TRIES)
			return ST_OK;
		deadline_sleep(dl, pause);
		if (deadline_passed(dl))
			return ST_OK;
		pause = pause < BUSY_LAST_MS ? 2 * pause : BUSY_LAST_MS;
	}
}

static status run(struct mbim_device *m, const struct mbim_command *c, enum mbim_context in,
		  deadline dl, struct mbim_said *ret_s)
{
	TRY(run_patiently(m, c, dl, ret_s));
	if (ret_s->status == MBIM_CODE_OK)
		return ST_OK;
	status st = mbim_codes_status((enum mbim_code)ret_s->status, in);

	log_debug("mbim cid=%u refused status=%08x", (unsigned)c->cid, (unsigned)ret_s->status);
	if (st == ST_NO_CARD || st == ST_CARD_GONE) {
		mbim_link_note_sim(&m->l, &(struct mbim_sim){.ready = MBIM_READY_NOT_INSERTED});
		note_sim(m, false);
	}
	return st;
}

/* A lost answer does not cost the whole operation: it is run again then. */
static status again_if_lost(status st, deadline dl)
{
	return st == ST_TIMEOUT && !deadline_passed(dl) ? ST_IO : st;
}

/* For what is answered at once. */
static status run_quick(struct mbim_device *m, const struct mbim_command *c, enum mbim_context in,
			deadline dl, struct mbim_said *ret_s)
{
	return again_if_lost(run(m, c, in, deadline_sooner(dl, QUERY_MS), ret_s), dl);
}

/* --- is there a SIM, and which --- */

/* One question. ST_OK also where the modem does not answer it: then the commands will tell. */
static status ask_sim(struct mbim_device *m, deadline dl)
{
	const struct mbim_command c = {MBIM_BASIC_CONNECT, MBIM_CID_SUBSCRIBER_READY, false,
				       bytes_of(NULL, 0)};
	struct mbim_said said;
	struct mbim_sim sim;
	const int64_t began = deadline_now();
	status st = run(m, &c, MBIM_IN_QUERY, deadline_sooner(dl, QUERY_MS), &said);

	if (st == ST_TIMEOUT)
		mbim_door_tell_silent(&m->door, began);
	st = again_if_lost(st, dl);
	m->l.sim_news = false;
	if (st == ST_UNSUPPORTED_LINK || (st == ST_IO && m->l.fd >= 0 && !m->l.stale))
		return ST_OK;
	TRY(st);
	if (mbim_info_sim(said.info, &sim) != ST_OK)
		return ST_DESYNC;
	mbim_link_note_sim(&m->l, &sim);
	note_sim(m, !mbim_sim_is_out(&sim));
	if (mbim_sim_is_out(&sim))
		return ST_NO_CARD;
	return sim.ready == MBIM_READY_NOT_INITIALIZED ? ST_CARD_BUSY : ST_OK;
}

static status await_sim(struct mbim_device *m, deadline dl)
{
	deadline limit = deadline_sooner(dl, SIM_WAIT_MS);
	status st = ask_sim(m, dl);

	while (st == ST_CARD_BUSY && !deadline_passed(limit)) {
		deadline_sleep(limit, SIM_POLL_MS);
		if (!deadline_passed(limit))
			st = ask_sim(m, dl);
	}
	return st == ST_CARD_BUSY && !deadline_passed(dl) ? ST_OK : st;
}

/* --- one operation --- */

static bool is_away(status st)
{
	return st == ST_NO_DEVICE || st == ST_NO_SERVICE || st == ST_DENIED_DEVICE;
}

/* A modem that reboots, or a proxy that is restarted, comes back within seconds. It is waited for
 * once; what has never been there, or has not come back, is not. A proxy that has found its device
 * closed hangs up on whoever comes first and serves the next. */
static status connect_again(struct mbim_device *m, deadline dl)
{
	struct channel_record r;
	bool in_use = devlock_load(m->t.lock, &r) == ST_OK;
	status st = mbim_door_connect(&m->door, &m->l, in_use, dl);

	if (st == ST_NO_DEVICE && mbim_door_is_there(&m->door))
		st = mbim_door_connect(&m->door, &m->l, in_use, dl);
	while (is_away(st) && m->was_there && !deadline_passed(dl)) {
		deadline_sleep(dl, RETURN_POLL_MS);
		st = mbim_door_connect(&m->door, &m->l, in_use, dl);
	}
	m->was_there = st == ST_OK || (m->was_there && !is_away(st));
	return st;
}

static status start(struct mbim_device *m, deadline dl)
{
	TRY(connect_again(m, dl));
	log_debug("mbim device=%s connected%s%s", m->t.name, m->door.proxy[0] ? " through " : "",
		  m->door.proxy);
	return await_sim(m, dl);
}

/* A connection in use since earlier operations: nothing is sent as long as nothing was said. Any
 * failure that a new connection may cure is ST_NO_DEVICE. */
static status resume(struct mbim_device *m, deadline dl)
{
	if (m->l.fd < 0 || m->l.stale || mbim_link_listen(&m->l) != ST_OK)
		return ST_NO_DEVICE;
	if (!m->door.proxy[0] && mbim_link_is_midway(&m->l))
		return ST_NO_DEVICE;
	bool doubt = m->t.unclean || m->l.sim_news || m->absent_until != 0;
	status st = doubt ? await_sim(m, dl) : ST_OK;
	bool link_failed = st == ST_IO || st == ST_DESYNC || st == ST_NO_DEVICE;

	return link_failed ? ST_NO_DEVICE : st;
}

static void mbim_end(struct transport *t)
{
	struct mbim_device *m = of(t);

	mbim_link_wipe(&m->l);
	t->changes = m->l.sim_changes;
	/* through the proxy a late answer comes to us and nobody else */
	t->unclean = t->unclean || (m->l.stale && !m->door.proxy[0]);
}

static status mbim_begin(struct transport *t, deadline dl)
{
	struct mbim_device *m = of(t);
	status st = resume(m, dl);
	bool connect = st == ST_NO_DEVICE;

	for (int tries = 0; connect && tries < START_TRIES; tries++) {
		st = start(m, dl);
		connect = (st == ST_IO || st == ST_DESYNC) && !deadline_passed(dl);
	}
	if (st == ST_OK) {
		t->unclean = false;
		m->sim_changes = m->l.sim_changes;
	} else {
		mbim_end(t);
	}
	return st;
}

/* --- the channel --- */

/* 0 for what is no channel of ours. */
static uint32_t number_of(const struct channel *ch)
{
	char *end = NULL;
	unsigned long n = ch ? strtoul(ch->handle, &end, 10) : 0;

	return end && end != ch->handle && *end == '\0' && n <= MBIM_CHANNEL_MAX ? (uint32_t)n : 0;
}

static status mbim_transmit(struct transport *t, const struct channel *ch, struct bytes cmd,
			    struct wtr *reply, deadline dl)
{
	struct mbim_device *m = of(t);
	uint8_t info[MBIM_COMMAND_MAX];
	struct wtr w = WTR_ON(info);
	struct mbim_said said;
	uint32_t channel = number_of(ch);

	if (channel == 0)
		return ST_UNSUPPORTED_LINK; /* there is no way to the basic channel */
	if (m->l.sim_changes != m->sim_changes)
		return ST_CHANNEL_LOST; /* a card that may be another gets nothing */
	mbim_info_put_apdu(&w, channel, cmd);
	TRY(wtr_done(&w) == ST_OK ? ST_OK : ST_ARG);
	const struct mbim_command c = {MBIM_UICC, MBIM_CID_UICC_APDU, true, wtr_bytes(&w)};
	status st = run(m, &c, MBIM_IN_APDU, dl, &said);

	mem_wipe(info, w.n);
	if (st == ST_OK)
		st = mbim_info_reply(said.info, reply);
	mbim_link_wipe(&m->l);
	return st == ST_SHORT_OUT ? ST_MALFORMED : st;
}

static status close_channel(struct mbim_device *m, uint32_t channel, deadline dl)
{
	uint8_t info[8];
	struct wtr w = WTR_ON(info);
	struct mbim_said said;

	mbim_info_put_close(&w, channel);
	const struct mbim_command c = {MBIM_UICC, MBIM_CID_UICC_CLOSE, true, wtr_bytes(&w)};
	return run_quick(m, &c, MBIM_IN_CLOSE, dl, &said);
}

static status mbim_channel_close(struct transport *t, const struct channel *ch, deadline dl)
{
	uint32_t channel = number_of(ch);

	return channel == 0 ? ST_ARG : close_channel(of(t), channel, dl);
}

static bool blames_p2(uint32_t code, uint16_t sw)
{
	return code == MBIM_CODE_BAD_PARAMETERS ||
	       (code == (uint32_t)MBIM_CODE_SELECT_FAILED && (sw == 0x6A86 || sw == 0x6B00));
}

/* *ret_p2: it is the SELECT's P2 that was refused. */
static status try_open(struct mbim_device *m, struct bytes aid, uint32_t *ret_channel, bool *ret_p2,
		       deadline dl)
{
	uint8_t info[16 + AID_MAX];
	struct wtr w = WTR_ON(info);
	struct mbim_said said = {0};
	uint16_t sw = 0;
	uint32_t channel = 0;

	mbim_info_put_open(&w, aid, m->select_p2);
	TRY(wtr_done(&w) == ST_OK ? ST_OK : ST_ARG);
	const struct mbim_command c = {MBIM_UICC, MBIM_CID_UICC_OPEN, true, wtr_bytes(&w)};
	status st = run_quick(m, &c, MBIM_IN_OPEN, dl, &said);
	bool told = mbim_info_opened(said.info, &sw, &channel) == ST_OK;

	*ret_p2 = st != ST_OK && blames_p2(said.status, sw);
	if (st == ST_NO_APPLET && told) {
		log_debug("mbim SELECT refused SW=%04X", sw);
		return mbim_codes_select(sw);
	}
	TRY(st);
	if (!told || channel < 1 || channel > MBIM_CHANNEL_MAX)
		return ST_MALFORMED;
	*ret_channel = channel;
	return ST_OK;
}

static void tell_unsupported(struct mbim_device *m)
{
	if (!m->told_unsupported)
		log_error("%s: the modem has no low-level UICC access over MBIM: use its AT port "
			  "(at:) or QMI (qmi:)",
			  m->t.name);
	m->told_unsupported = true;
}

/* Our group is closed first: nobody uses a channel of it, or the core would not ask for a new one,
 * and those that dead owners left must not add up. Without the lock file nobody can say so. */
static status mbim_channel_open(struct transport *t, struct bytes aid, struct channel *ret_ch,
				deadline dl)
{
	struct mbim_device *m = of(t);
	const unsigned before = m->l.sim_changes;
	uint32_t channel = 0;
	bool p2 = false;
	status st = transport_can_share(t) ? close_channel(m, 0, dl) : ST_OK;

	if (st == ST_OK || st == ST_CHANNEL_LOST)
		st = try_open(m, aid, &channel, &p2, dl);
	if (p2) {
		m->select_p2 ^= MBIM_SELECT_NOTHING;
		st = try_open(m, aid, &channel, &p2, dl);
		if (p2)
			m->select_p2 ^= MBIM_SELECT_NOTHING;
	}
	if (st == ST_UNSUPPORTED_LINK)
		tell_unsupported(m);
	TRY(st);
	m->sim_changes = before;
	snprintf(ret_ch->handle, sizeof(ret_ch->handle), "%u", (unsigned)channel);
	return ST_OK;
}

/* A record may outlive its card: the link counts none, but knows which one is there. */
static status mbim_resume(struct transport *t, const struct channel *ch, deadline dl)
{
	const char *now = of(t)->l.sim.iccid;
	struct channel_record r;

	(void)dl;
	if (number_of(ch) == 0)
		return ST_NO_ENTRY;
	if (now[0] && devlock_load(t->lock, &r) == ST_OK && r.iccid[0] && strcmp(r.iccid, now) != 0)
		return ST_NO_ENTRY;
	return ST_OK;
}

/* --- the SIM --- */

static status mbim_iccid(struct transport *t, char ret_iccid[ICCID_DIGITS_MAX + 1], deadline dl)
{
	struct mbim_device *m = of(t);

	TRY(await_sim(m, dl));
	/* a field that was spoiled on its way reads as one that is not told */
	if (!m->l.sim.iccid[0] && !deadline_passed(dl))
		TRY(await_sim(m, dl));
	if (!m->l.sim.iccid[0])
		return ST_UNSUPPORTED_LINK;
	memcpy(ret_iccid, m->l.sim.iccid, sizeof(m->l.sim.iccid));
	return ST_OK;
}

static status mbim_look(struct transport *t, deadline dl)
{
	return ask_sim(of(t), dl);
}

/* The device itself is not read here: what comes may be the answer to the process whose turn it is.
 */
static bool mbim_present(struct transport *t)
{
	struct mbim_device *m = of(t);

	if (m->door.proxy[0] && m->l.fd >= 0 && mbim_link_listen(&m->l) == ST_OK) {
		if (m->l.sim_news)
			note_sim(m, !mbim_sim_is_out(&m->l.sim));
		t->changes = m->l.sim_changes;
		return deadline_passed(m->absent_until);
	}
	return deadline_passed(m->absent_until) && mbim_door_is_there(&m->door);
}

const struct transport_ops transport_mbim = {
	.scheme = "mbim",
	.open = mbim_open,
	.begin = mbim_begin,
	.end = mbim_end,
	.transmit = mbim_transmit,
	.channel_open = mbim_channel_open,
	.channel_close = mbim_channel_close,
	.iccid = mbim_iccid,
	.present = mbim_present,
	.look = mbim_look,
	.resume = mbim_resume,
	.disconnect = mbim_disconnect,
	.free = mbim_free,
};
