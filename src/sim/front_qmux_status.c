/* SPDX-License-Identifier: Apache-2.0 */
/* Cards, slots and files as UIM shows them, and who is told when they change. */
#include "front_qmux.h"

#include <string.h>

#include "mem.h"

enum {
	CARD_ABSENT = 0,
	CARD_PRESENT = 1,
	APP_USIM = 2,
	APP_READY = 7,
	PERSONALIZATION_READY = 2,
	PIN_DISABLED = 3,
	SLOT_CARD_ABSENT = 1,
	SLOT_CARD_PRESENT = 2,
	SLOT_ACTIVE = 1,
	NO_INDEX = 0xFFFF,
	ICCID_LEN = 10,

	EVENT_CARD_STATUS = 1 << 0,
	EVENT_SLOT_STATUS = 1 << 4,
	EVENTS_KNOWN = EVENT_CARD_STATUS | EVENT_SLOT_STATUS,

	IND_CARD_STATUS = 0x0032,
	IND_REFRESH = 0x0033,
	IND_SLOT_STATUS = 0x0048,

	REFRESH_START = 1,
	REFRESH_END = 2,
	REFRESH_RESET = 0,
};

static const uint8_t usim_aid[] = {0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02};

/* ---- card status ---- */

static void put_usim(struct wtr *w)
{
	wtr_u8(w, APP_USIM);
	wtr_u8(w, APP_READY);
	wtr_u8(w, PERSONALIZATION_READY);
	wtr_fill(w, 0, 3); /* no feature, no tries of its codes */
	wtr_u8(w, sizeof(usim_aid));
	wtr_put(w, BYTES_OF(usim_aid));
	wtr_u8(w, 0); /* its PIN1 is its own */
	wtr_u8(w, PIN_DISABLED);
	wtr_u8(w, 3);
	wtr_u8(w, 10);
	wtr_u8(w, PIN_DISABLED);
	wtr_u8(w, 3);
	wtr_u8(w, 10);
}

static void put_card_status(struct sim_front *m, struct wtr *out)
{
	uint8_t value[256];
	struct wtr w = WTR_ON(value);
	bool present = sim_card_present(m->card);

	/* the first application of the card in our slot is the one of the network */
	wtr_u16le(&w, present ? (uint16_t)((m->options.slot - 1) << 8) : NO_INDEX);
	for (int i = 0; i < 3; i++)
		wtr_u16le(&w, NO_INDEX);
	wtr_u8(&w, (uint8_t)m->options.slot);
	for (unsigned slot = 1; slot <= m->options.slot; slot++) {
		bool ours = present && slot == m->options.slot;

		wtr_u8(&w, ours ? CARD_PRESENT : CARD_ABSENT);
		wtr_fill(&w, 0, 4); /* no universal PIN, no error */
		wtr_u8(&w, ours);
		if (ours)
			put_usim(&w);
	}
	qmux_tlv_put(out, 0x10, wtr_bytes(&w));
}

enum qmux_error qmux_status_card(struct sim_front *m, const struct qmux_request *rq,
				 struct wtr *out)
{
	(void)rq;
	put_card_status(m, out);
	return QMUX_OK;
}

/* ---- slot status ---- */

/* As in EF_ICCID: two digits a byte, the first one in the low half, F at the end. */
static void put_iccid(struct sim_front *m, struct wtr *w)
{
	char digits[21] = "";
	size_t n;

	sim_card_iccid(m->card, digits);
	n = strlen(digits);
	wtr_u8(w, ICCID_LEN);
	for (size_t i = 0; i < 2 * ICCID_LEN; i += 2) {
		unsigned low = i < n ? (unsigned)(digits[i] - '0') : 0xF;
		unsigned high = i + 1 < n ? (unsigned)(digits[i + 1] - '0') : 0xF;

		wtr_u8(w, (uint8_t)(high << 4 | low));
	}
}

static void put_slot_status(struct sim_front *m, struct wtr *out)
{
	uint8_t value[128];
	struct wtr w = WTR_ON(value);

	wtr_u8(&w, (uint8_t)m->options.slot);
	for (unsigned slot = 1; slot <= m->options.slot; slot++) {
		bool ours = slot == m->options.slot && sim_card_present(m->card);

		wtr_u32le(&w, ours ? SLOT_CARD_PRESENT : SLOT_CARD_ABSENT);
		wtr_u32le(&w, SLOT_ACTIVE);
		wtr_u8(&w, (uint8_t)slot);
		if (ours)
			put_iccid(m, &w);
		else
			wtr_u8(&w, 0);
	}
	qmux_tlv_put(out, 0x10, wtr_bytes(&w));
}

enum qmux_error qmux_status_slots(struct sim_front *m, const struct qmux_request *rq,
				  struct wtr *out)
{
	(void)rq;
	put_slot_status(m, out);
	return QMUX_OK;
}

/* ---- files ---- */

/* A transparent file right under the MF: id, then the path as identifiers, low byte first. */
static enum qmux_error take_file(const struct qmux_request *rq, uint16_t *ret_fid)
{
	struct rdr value;
	struct bytes path = {0};
	uint16_t fid = 0;
	uint8_t n = 0;

	if (!qmux_tlv_find(rq->tlvs, 0x02, &value))
		return QMUX_MISSING_ARGUMENT;
	if (rdr_u16le(&value, &fid) != ST_OK || rdr_u8(&value, &n) != ST_OK ||
	    rdr_take(&value, n, &path) != ST_OK || value.n > 0)
		return QMUX_INVALID_ARGUMENT;
	if (!bytes_equal(path, BYTES_LIT("\x00\x3F")))
		return QMUX_ACCESS_DENIED;
	*ret_fid = fid;
	return QMUX_OK;
}

static enum qmux_error take_range(const struct qmux_request *rq, uint16_t *ret_offset,
				  uint8_t *ret_n)
{
	struct rdr value;
	uint16_t offset = 0, n = 0;

	if (!qmux_tlv_find(rq->tlvs, 0x03, &value))
		return QMUX_MISSING_ARGUMENT;
	if (rdr_u16le(&value, &offset) != ST_OK || rdr_u16le(&value, &n) != ST_OK || value.n > 0 ||
	    offset > 0x7FFF || n > 0xFF)
		return QMUX_INVALID_ARGUMENT;
	*ret_offset = offset;
	*ret_n = (uint8_t)n; /* 0: all of it */
	return QMUX_OK;
}

static enum qmux_error read_file(struct sim_front *m, uint16_t fid, const uint8_t read[4],
				 struct wtr *out)
{
	const uint8_t cmd[] = {0x00, read[0], read[1], read[2], read[3]};
	uint8_t reply[BASEBAND_REPLY_MAX], value[2 + BASEBAND_REPLY_MAX];
	struct wtr r = WTR_ON(reply), w = WTR_ON(value);

	if (baseband_read_file(&m->baseband, fid, read, &r) != ST_OK ||
	    baseband_resolve(&m->baseband, BYTES_OF(cmd), &r) != ST_OK || r.n < 2)
		return QMUX_INTERNAL;
	qmux_tlv_put(out, 0x10, bytes_of(reply + r.n - 2, 2));
	if (baseband_sw(wtr_bytes(&r)) != 0x9000)
		return QMUX_INTERNAL;
	wtr_u16le(&w, (uint16_t)(r.n - 2));
	wtr_put(&w, bytes_of(reply, r.n - 2));
	qmux_tlv_put(out, 0x11, wtr_bytes(&w));
	return QMUX_OK;
}

enum qmux_error qmux_status_read(struct sim_front *m, const struct qmux_request *rq,
				 struct wtr *out)
{
	uint16_t fid = 0, offset = 0;
	uint8_t n = 0;
	enum qmux_error error = take_file(rq, &fid);

	if (error == QMUX_OK)
		error = take_range(rq, &offset, &n);
	if (error != QMUX_OK)
		return error;
	if (!sim_card_present(m->card))
		return QMUX_NO_SIM;
	const uint8_t read[4] = {0xB0, (uint8_t)(offset >> 8), (uint8_t)offset, n};
	return read_file(m, fid, read, out);
}

/* ---- indications ---- */

enum qmux_error qmux_status_register(struct sim_front *m, const struct qmux_request *rq,
				     struct wtr *out)
{
	struct rdr value;
	uint32_t mask = 0;
	uint8_t now[4];
	struct wtr w = WTR_ON(now);

	(void)m;
	if (!qmux_tlv_find(rq->tlvs, 0x01, &value))
		return QMUX_MISSING_ARGUMENT;
	if (rdr_u32le(&value, &mask) != ST_OK || value.n > 0)
		return QMUX_INVALID_ARGUMENT;
	rq->client->events = mask & EVENTS_KNOWN;
	wtr_u32le(&w, rq->client->events);
	qmux_tlv_put(out, 0x10, wtr_bytes(&w));
	return QMUX_OK;
}

/* TLV 01 is the session: its type, and an AID that we have no use for. */
enum qmux_error qmux_status_refresh(struct sim_front *m, const struct qmux_request *rq,
				    struct wtr *out)
{
	struct rdr session;
	uint8_t wanted = 0, type = 0;

	(void)m;
	(void)out;
	if (!qmux_tlv_find(rq->tlvs, 0x01, &session) || !qmux_tlv_u8(rq->tlvs, 0x02, &wanted))
		return QMUX_MISSING_ARGUMENT;
	if (rdr_u8(&session, &type) != ST_OK)
		return QMUX_INVALID_ARGUMENT;
	rq->client->refresh = wanted != 0;
	rq->client->session = type;
	return QMUX_OK;
}

static void tell_event(struct sim_front *m, uint32_t event)
{
	uint8_t tlvs[320];
	struct wtr w = WTR_ON(tlvs);
	bool is_card = event == EVENT_CARD_STATUS;

	if (is_card)
		put_card_status(m, &w);
	else
		put_slot_status(m, &w);
	for (size_t i = 0; i < ARRAY_LEN(m->client); i++) {
		const struct qmux_client *c = &m->client[i];

		if (c->used && c->events & event)
			qmux_answer_indication(m, QMUX_ALL, c,
					       is_card ? IND_CARD_STATUS : IND_SLOT_STATUS,
					       wtr_bytes(&w));
	}
}

/* Stage, mode, the session as it was registered, no AID, no files by name. */
static void tell_refresh(struct sim_front *m, uint8_t stage, uint8_t mode)
{
	for (size_t i = 0; i < ARRAY_LEN(m->client); i++) {
		const struct qmux_client *c = &m->client[i];
		const uint8_t value[] = {stage, mode, c->session, 0, 0, 0};
		uint8_t tlvs[3 + sizeof(value)];
		struct wtr w = WTR_ON(tlvs);

		qmux_tlv_put(&w, 0x10, BYTES_OF(value));
		if (c->used && c->refresh)
			qmux_answer_indication(m, QMUX_ALL, c, IND_REFRESH, wtr_bytes(&w));
	}
}

static void forget_channels(struct sim_front *m)
{
	for (size_t i = 0; i < ARRAY_LEN(m->client); i++)
		m->client[i].channels = 0;
}

/* The control word "refresh": the modem obeys the card, then says so. */
static void do_refresh(struct sim_front *m)
{
	pthread_mutex_lock(&m->lock);
	int mode = m->refresh_mode;
	m->refresh_mode = -1;
	pthread_mutex_unlock(&m->lock);
	if (mode < 0)
		return;
	tell_refresh(m, REFRESH_START, (uint8_t)mode);
	if (mode == REFRESH_RESET) {
		sim_card_reset(m->card);
		forget_channels(m);
		m->baseband.generation = sim_card_generation(m->card);
	}
	tell_refresh(m, REFRESH_END, (uint8_t)mode);
}

void qmux_status_watch(struct sim_front *m)
{
	bool present = sim_card_present(m->card);
	uint32_t generation = sim_card_generation(m->card);

	do_refresh(m);
	if (present == m->present && generation == m->baseband.generation)
		return;
	forget_channels(m);
	m->baseband.generation = generation;
	m->present = present;
	tell_event(m, EVENT_CARD_STATUS);
	tell_event(m, EVENT_SLOT_STATUS);
}
