/* SPDX-License-Identifier: Apache-2.0 */
/* A client id belongs to the modem and outlives whoever allocated it; its logical channels die with
 * it. So each one is named in the note of the lock file from its allocation to its release, and
 * meanwhile in the shared channel's record, too, as long as that holds.
 * Whoever holds the device's lock and finds one named that is not its own releases it: its owner is
 * dead, or not at work and will see that it has lost it. */
#include "qmi.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devlock.h"
#include "devrecord.h"
#include "log.h"
#include "mem.h"

enum {
	CTL_MS = 2000,
	CTL_TRIES = 2,
	RELEASE_MS = 500,
	/* for who does not answer anyway; a proxy forgets what it has not read before we are gone
	 */
	SILENT_RELEASE_MS = 100,
	CID_BROADCAST = 0xFF,
	CTL_SYNC = 0x0027,
};

/* --- names --- */

void qmi_client_name(const struct qmi_device *d, uint8_t channel, char ret_text[24])
{
	snprintf(ret_text, 24, "c%un%ut%08xl%04x", d->cid, channel, d->token, d->life);
}

static status take_number(const char **text, char letter, unsigned base, uint32_t max,
			  uint32_t *ret_v)
{
	uint64_t v = 0;
	const char *p = *text;

	if (*p++ != letter)
		return ST_MALFORMED;
	for (; (*p >= '0' && *p <= '9') || (base == 16 && *p >= 'a' && *p <= 'f'); p++) {
		v = v * base + (unsigned)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
		if (v > max)
			return ST_MALFORMED;
	}
	if (p == *text + 1)
		return ST_MALFORMED;
	*text = p;
	*ret_v = (uint32_t)v;
	return ST_OK;
}

status qmi_client_parse(const char *text, struct qmi_handle *ret_h)
{
	uint32_t cid = 0, channel = 0, token = 0, life = 0;

	TRY(take_number(&text, 'c', 10, 254, &cid));
	TRY(take_number(&text, 'n', 10, 255, &channel));
	TRY(take_number(&text, 't', 16, UINT32_MAX, &token));
	TRY(take_number(&text, 'l', 16, UINT16_MAX, &life));
	if (*text != '\0' || cid == 0)
		return ST_MALFORMED;
	*ret_h = (struct qmi_handle){(uint8_t)cid, (uint8_t)channel, token, (uint16_t)life};
	return ST_OK;
}

bool qmi_client_is_ours(const struct qmi_device *d, const struct qmi_handle *h)
{
	return d->cid != 0 && h->cid == d->cid && h->token == d->token && h->life == d->life;
}

static bool recorded(const struct qmi_device *d, struct qmi_handle *ret_h)
{
	struct channel_record r;

	return devlock_load(d->t.lock, &r) == ST_OK &&
	       qmi_client_parse(r.channel.handle, ret_h) == ST_OK;
}

bool qmi_client_owns_record(const struct qmi_device *d)
{
	struct qmi_handle h;

	return recorded(d, &h) && qmi_client_is_ours(d, &h);
}

/* --- the control service --- */

/* ST_NO_DEVICE becomes ST_IO: within an operation the core begins anew. */
static status control(struct qmi_device *d, uint16_t id, struct bytes tlvs, struct bytes *ret_tlvs,
		      uint16_t *ret_error, deadline dl)
{
	const struct qmi_request rq = {.service = QMI_CTL, .id = id, .tlvs = tlvs};
	status st = qmi_link_run(&d->link, &rq, ret_tlvs, ret_error, dl);

	return st == ST_NO_DEVICE ? ST_IO : st;
}

static status allocate(struct qmi_device *d, uint8_t *ret_cid, deadline dl)
{
	uint8_t body[8];
	struct wtr w = WTR_ON(body);
	struct bytes answer;
	uint16_t error = 0;
	status st = ST_TIMEOUT;
	const int64_t began = deadline_now();

	qmi_uim_put_allocate(&w);
	for (int tries = 0; tries < CTL_TRIES && st == ST_TIMEOUT && !deadline_passed(dl); tries++)
		st = control(d, QMI_CTL_ALLOCATE, wtr_bytes(&w), &answer, &error,
			     deadline_sooner(dl, CTL_MS));
	if (st == ST_TIMEOUT)
		qmi_connect_tell_silent(d, began);
	TRY(st);
	qmi_connect_answers(d);
	if (error == QMI_CLIENT_IDS_EXHAUSTED)
		log_error("qmi device=%s: all client ids of the modem are taken (ModemManager, "
			  "qmicli --client-no-release-cid?)",
			  d->t.name);
	return error ? qmi_codes_status(error, QMI_IN_CTL) : qmi_uim_client(answer, ret_cid);
}

static bool release(struct qmi_device *d, uint8_t cid, deadline dl)
{
	uint8_t body[8];
	struct wtr w = WTR_ON(body);
	struct bytes answer;
	uint16_t error = 0;
	int64_t most = d->link.silent ? SILENT_RELEASE_MS : RELEASE_MS;

	qmi_uim_put_release(&w, cid);
	status st = control(d, QMI_CTL_RELEASE, wtr_bytes(&w), &answer, &error,
			    deadline_sooner(dl, most));
	log_debug("qmi device=%s release of client %u: %s", d->t.name, cid,
		  st == ST_OK ? qmi_codes_name(error) : status_text(st));
	return qmi_link_is_open(&d->link);
}

/* --- the note --- */

static bool same_client(const struct qmi_handle *a, const struct qmi_handle *b)
{
	return a->cid == b->cid && a->token == b->token && a->life == b->life;
}

/* ST_NO_ENTRY, ST_MALFORMED */
static status read_note(const struct qmi_device *d, struct qmi_handle *ret_h)
{
	char text[DEVLOCK_NOTE_MAX + 1];

	devlock_note_load(d->t.lock, text);
	return text[0] == '\0' ? ST_NO_ENTRY : qmi_client_parse(text, ret_h);
}

static void end_note(struct qmi_device *d, const struct qmi_handle *h)
{
	struct qmi_handle note;

	if (read_note(d, &note) == ST_OK && same_client(&note, h))
		devlock_note_store(d->t.lock, "");
}

bool qmi_client_release(struct qmi_device *d, const struct qmi_handle *h, deadline dl)
{
	bool done = release(d, h->cid, dl);

	if (done)
		end_note(d, h);
	return done;
}

static struct qmi_handle our_client(const struct qmi_device *d)
{
	return (struct qmi_handle){.cid = d->cid, .token = d->token, .life = d->life};
}

bool qmi_client_give_up(struct qmi_device *d, deadline dl)
{
	const struct qmi_handle h = our_client(d);
	bool done = h.cid == 0 || qmi_client_release(d, &h, dl);

	d->cid = 0;
	return done;
}

void qmi_client_lost(struct qmi_device *d)
{
	const struct qmi_handle h = our_client(d);

	end_note(d, &h);
	d->cid = 0;
}

/* Who was there before, and what of it no record names. */
static void release_noted(struct qmi_device *d, deadline dl)
{
	struct qmi_handle note, record;
	status st = read_note(d, &note);

	if (st == ST_NO_ENTRY)
		return;
	if (st != ST_OK || note.life != d->life) {
		devlock_note_store(d->t.lock, "");
		return;
	}
	if (recorded(d, &record) && same_client(&record, &note))
		return;
	if (qmi_client_release(d, &note, dl) && note.cid == d->cid)
		d->cid = 0;
}

/* --- life --- */

static uint32_t new_token(const struct qmi_device *d)
{
	const struct {
		int64_t now, pid, where;
	} seed = {deadline_now(), getpid(), (int64_t)(uintptr_t)d};
	uint64_t h = devrecord_fnv64(bytes_of(&seed, sizeof(seed)));

	return (uint32_t)(h ^ h >> 32);
}

/* Wishes: a modem that lacks them is asked for its state instead. */
static void subscribe(struct qmi_device *d, deadline dl)
{
	uint8_t body[32];
	struct wtr w = WTR_ON(body);
	struct qmi_request rq = {.service = QMI_UIM, .client = d->cid};

	qmi_uim_put_events(&w);
	rq.id = QMI_UIM_REGISTER_EVENTS;
	rq.tlvs = wtr_bytes(&w);
	status st = qmi_link_tell(&d->link, &rq, dl);
	w = WTR_ON(body);
	if (st == ST_OK && qmi_uim_put_refresh(&w, d->slot)) {
		rq.id = QMI_UIM_REFRESH_REGISTER_ALL;
		rq.tlvs = wtr_bytes(&w);
		st = qmi_link_tell(&d->link, &rq, dl);
	}
	if (st != ST_OK)
		log_debug("qmi device=%s events: %s", d->t.name, status_text(st));
}

status qmi_client_need(struct qmi_device *d, deadline dl)
{
	char text[24];

	if (d->cid != 0)
		return ST_OK;
	TRY(allocate(d, &d->cid, dl));
	d->token = new_token(d);
	qmi_client_name(d, 0, text);
	devlock_note_store(d->t.lock, text);
	d->card = QMI_CARD_UNKNOWN;
	subscribe(d, dl);
	return ST_OK;
}

/* The card has said that it is being refreshed; the modem goes on when all who listen agree. */
static void agree_to_refresh(struct qmi_device *d, deadline dl)
{
	uint8_t body[16];
	struct wtr w = WTR_ON(body);
	const struct qmi_request rq = {.service = QMI_UIM,
				       .client = d->cid,
				       .id = QMI_UIM_REFRESH_COMPLETE,
				       .tlvs = {body, 0}};

	if (!d->refresh_waits || d->cid == 0)
		return;
	d->refresh_waits = false;
	qmi_uim_put_refresh_complete(&w, d->refresh_session);
	struct qmi_request sent = rq;
	sent.tlvs = wtr_bytes(&w);
	if (qmi_link_tell(&d->link, &sent, dl) != ST_OK)
		log_debug("qmi device=%s: no word to its refresh", d->t.name);
}

static void release_strays(struct qmi_device *d, deadline dl)
{
	while (d->stray_n > 0) {
		uint8_t cid = d->strays[--d->stray_n];

		if (cid != d->cid)
			(void)release(d, cid, dl);
	}
}

static void keep_stray(struct qmi_device *d, uint8_t cid)
{
	log_debug("qmi device=%s: client %u came too late", d->t.name, cid);
	for (size_t i = 0; i < d->stray_n; i++)
		if (d->strays[i] == cid)
			return;
	if (d->stray_n < ARRAY_LEN(d->strays))
		d->strays[d->stray_n++] = cid;
}

void qmi_client_settle(struct qmi_device *d, deadline dl)
{
	deadline soon = deadline_sooner(dl, RELEASE_MS);

	release_noted(d, soon);
	release_strays(d, soon);
	d->t.displaced = d->cid != 0 && !qmi_client_owns_record(d);
	if (d->t.displaced)
		d->cid = 0;
	d->t.displaced = d->t.displaced && !d->stale;
	agree_to_refresh(d, soon);
}

void qmi_client_leave(struct qmi_device *d)
{
	deadline soon = deadline_in_ms(RELEASE_MS);

	if (!qmi_link_is_open(&d->link)) {
		d->cid = 0; /* record or note name it to whoever comes next */
		return;
	}
	release_strays(d, soon);
	agree_to_refresh(d, soon);
	if (d->cid != 0 && !qmi_client_owns_record(d))
		(void)qmi_client_give_up(d, deadline_in_ms(RELEASE_MS));
}

/* --- what the modem says by itself --- */

void qmi_client_card_is(struct qmi_device *d, enum qmi_card card)
{
	if (card == QMI_CARD_UNKNOWN)
		return;
	d->t.changes += card == QMI_CARD_OUT && d->card != QMI_CARD_OUT;
	d->card = card;
	d->stale = d->stale || card == QMI_CARD_OUT;
}

static status on_card(struct qmi_device *d, struct bytes tlvs)
{
	qmi_client_card_is(d, qmi_uim_card(tlvs, d->slot));
	return ST_OK;
}

static status on_slots(struct qmi_device *d, struct bytes tlvs)
{
	struct qmi_slot_status s;

	if (qmi_uim_slot(tlvs, d->slot, &s) != ST_OK)
		return ST_OK;
	qmi_client_card_is(d, s.card);
	if (s.iccid[0] && d->iccid[0] && strcmp(s.iccid, d->iccid) != 0) {
		d->stale = true;
		d->t.changes++;
		memcpy(d->iccid, s.iccid, sizeof(d->iccid));
	}
	return ST_OK;
}

static status on_refresh(struct qmi_device *d, struct bytes tlvs)
{
	struct qmi_refresh r;

	d->stale = true;
	if (qmi_uim_refresh(tlvs, &r) != ST_OK)
		return ST_OK;
	if (r.stage == QMI_REFRESH_START && r.mode != QMI_REFRESH_MODE_RESET) {
		d->refresh_waits = true;
		d->refresh_session = r.session;
	}
	return ST_OK;
}

static status on_chunk(struct qmi_device *d, struct bytes tlvs)
{
	struct rdr value;

	if (qmi_wire_tlv(tlvs, 0x01, &value) != ST_OK)
		return ST_OK;
	return qmi_long_chunk(&d->reply, value);
}

static const struct {
	uint16_t id;
	status (*take)(struct qmi_device *d, struct bytes tlvs);
} indications[] = {
	{QMI_UIM_CARD_STATUS_IND, on_card},
	{QMI_UIM_SLOT_STATUS_IND, on_slots},
	{QMI_UIM_REFRESH_IND, on_refresh},
	{QMI_UIM_SEND_APDU, on_chunk},
};

/* A client id that comes late is nobody's; a modem that starts anew knows none. */
static void take_control(struct qmi_device *d, const struct qmi_message *m)
{
	uint16_t error = 0;
	uint8_t cid = 0;

	if (m->kind == QMI_INDICATION && m->id == CTL_SYNC) {
		log_info("qmi device=%s: the modem has started anew", d->t.name);
		qmi_client_lost(d);
		d->stale = true;
		return;
	}
	if (m->kind == QMI_RESPONSE && m->id == QMI_CTL_ALLOCATE &&
	    qmi_wire_result(m->tlvs, &error) == ST_OK && error == 0 &&
	    qmi_uim_client(m->tlvs, &cid) == ST_OK)
		keep_stray(d, cid);
}

status qmi_client_aside(void *ctx, const struct qmi_message *m)
{
	struct qmi_device *d = ctx;

	if (m->damaged)
		return ST_OK;
	if (m->service == QMI_CTL) {
		take_control(d, m);
		return ST_OK;
	}
	bool to_us = d->cid != 0 && (m->client == d->cid || m->client == CID_BROADCAST);
	if (m->service != QMI_UIM || m->kind != QMI_INDICATION || !to_us)
		return ST_OK;
	log_debug("qmi device=%s indication=%04X", d->t.name, m->id);
	for (size_t i = 0; i < ARRAY_LEN(indications); i++)
		if (indications[i].id == m->id)
			return indications[i].take(d, m->tlvs);
	return ST_OK;
}
