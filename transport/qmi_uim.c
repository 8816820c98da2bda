/* SPDX-License-Identifier: Apache-2.0 */
#include "qmi_uim.h"

#include <string.h>

#include "iccid.h"
#include "mem.h"
#include "qmi_wire.h"

enum {
	FCI = 2, /* SELECT with P2=00 */
	EVENT_CARD_STATUS = 1 << 0,
	EVENT_SLOT_STATUS = 1 << 4,
	CARD_STATE_PRESENT = 1,
	SLOT_CARD_ABSENT = 1,
	SLOT_CARD_PRESENT = 2,
	SLOT_ACTIVE = 1,
	EF_ICCID = 0x2FE2,
	EF_ICCID_LEN = 10,
	APP_HEAD_LEN = 6, /* type, states, tries: before its AID */
	APP_TAIL_LEN = 7, /* PINs: behind it */
};

/* --- requests --- */

void qmi_uim_put_allocate(struct wtr *w)
{
	qmi_wire_put_tlv_u8(w, 0x01, QMI_UIM);
}

void qmi_uim_put_release(struct wtr *w, uint8_t cid)
{
	const uint8_t v[] = {QMI_UIM, cid};

	qmi_wire_put_tlv(w, 0x01, BYTES_OF(v));
}

void qmi_uim_put_open(struct wtr *w, uint16_t message, uint8_t slot, struct bytes aid)
{
	uint8_t v[1 + AID_MAX];
	struct wtr value = WTR_ON(v);

	qmi_wire_put_tlv_u8(w, 0x01, slot);
	if (aid.n == 0)
		return;
	wtr_u8(&value, (uint8_t)aid.n);
	wtr_put(&value, aid);
	w->overflow = w->overflow || value.overflow;
	qmi_wire_put_tlv(w, 0x10, wtr_bytes(&value));
	qmi_wire_put_tlv_u8(w, message == QMI_UIM_OPEN_CHANNEL ? 0x11 : 0x12, FCI);
}

void qmi_uim_put_close(struct wtr *w, uint8_t slot, uint8_t channel)
{
	qmi_wire_put_tlv_u8(w, 0x01, slot);
	qmi_wire_put_tlv_u8(w, 0x11, channel);
}

void qmi_uim_put_apdu(struct wtr *w, uint8_t slot, uint8_t channel, struct bytes cmd, bool resolve)
{
	qmi_wire_put_tlv_u8(w, 0x01, slot);
	wtr_u8(w, 0x02);
	wtr_u16le(w, (uint16_t)(2 + cmd.n));
	wtr_u16le(w, (uint16_t)cmd.n);
	wtr_put(w, cmd);
	qmi_wire_put_tlv_u8(w, 0x10, channel);
	if (resolve)
		qmi_wire_put_tlv_u8(w, 0x11, 1);
}

/* "Card on slot n", which needs no application of the network. */
static uint8_t card_session(uint8_t slot)
{
	static const uint8_t sessions[QMI_SLOTS_MAX] = {0x06, 0x07, 0x13, 0x14, 0x15};

	return sessions[(slot - 1) % QMI_SLOTS_MAX];
}

static void put_session(struct wtr *w, uint8_t session)
{
	const uint8_t v[] = {session, 0 /* no AID */};

	qmi_wire_put_tlv(w, 0x01, BYTES_OF(v));
}

void qmi_uim_put_read_iccid(struct wtr *w, uint8_t slot)
{
	static const uint8_t file[] = {EF_ICCID & 0xFF, EF_ICCID >> 8, 2, 0x00, 0x3F /* the MF */};
	static const uint8_t range[] = {0, 0, EF_ICCID_LEN, 0};

	put_session(w, card_session(slot));
	qmi_wire_put_tlv(w, 0x02, BYTES_OF(file));
	qmi_wire_put_tlv(w, 0x03, BYTES_OF(range));
}

void qmi_uim_put_events(struct wtr *w)
{
	static const uint8_t mask[] = {EVENT_CARD_STATUS | EVENT_SLOT_STATUS, 0, 0, 0};

	qmi_wire_put_tlv(w, 0x01, BYTES_OF(mask));
}

bool qmi_uim_put_refresh(struct wtr *w, uint8_t slot)
{
	static const uint8_t network[] = {0x00, 0x02}; /* primary and secondary 3GPP session */

	if (slot > sizeof(network))
		return false;
	put_session(w, network[slot - 1]);
	qmi_wire_put_tlv_u8(w, 0x02, 1);
	return true;
}

void qmi_uim_put_refresh_complete(struct wtr *w, uint8_t session)
{
	put_session(w, session);
	qmi_wire_put_tlv_u8(w, 0x02, 1);
}

/* --- answers --- */

status qmi_uim_client(struct bytes tlvs, uint8_t *ret_cid)
{
	uint8_t service = 0, cid = 0;
	struct rdr r;

	if (qmi_wire_tlv(tlvs, 0x01, &r) != ST_OK || rdr_u8(&r, &service) != ST_OK ||
	    rdr_u8(&r, &cid) != ST_OK || service != QMI_UIM || cid == 0 || cid == 0xFF)
		return ST_MALFORMED;
	*ret_cid = cid;
	return ST_OK;
}

status qmi_uim_channel(struct bytes tlvs, uint8_t *ret_channel)
{
	uint8_t channel = 0;
	struct rdr r;

	if (qmi_wire_tlv(tlvs, 0x10, &r) != ST_OK || rdr_u8(&r, &channel) != ST_OK || channel == 0)
		return ST_MALFORMED;
	*ret_channel = channel;
	return ST_OK;
}

uint16_t qmi_uim_card_result(struct bytes tlvs)
{
	uint16_t sw = 0;
	struct rdr r;

	if (qmi_wire_tlv(tlvs, 0x11, &r) != ST_OK || rdr_u16be(&r, &sw) != ST_OK)
		return 0;
	return sw;
}

/* A value that starts with its own length in 16 bits. */
static status take_counted(struct bytes tlvs, uint8_t type, struct bytes *ret_b)
{
	uint16_t n = 0;
	struct rdr r;

	if (qmi_wire_tlv(tlvs, type, &r) != ST_OK || rdr_u16le(&r, &n) != ST_OK ||
	    rdr_take(&r, n, ret_b) != ST_OK)
		return ST_MALFORMED;
	return ST_OK;
}

status qmi_uim_apdu(struct bytes tlvs, struct bytes *ret_reply)
{
	return take_counted(tlvs, 0x10, ret_reply);
}

static status skip_application(struct rdr *r)
{
	uint8_t aid_len = 0;

	TRY(rdr_skip(r, APP_HEAD_LEN));
	TRY(rdr_u8(r, &aid_len));
	return rdr_skip(r, (size_t)aid_len + APP_TAIL_LEN);
}

static status take_card(struct rdr *r, uint8_t *ret_state)
{
	uint8_t state = 0, apps = 0;

	TRY(rdr_u8(r, &state));
	TRY(rdr_skip(r, 4)); /* the universal PIN's state and tries, the card's error */
	TRY(rdr_u8(r, &apps));
	for (unsigned i = 0; i < apps; i++)
		TRY(skip_application(r));
	*ret_state = state;
	return ST_OK;
}

enum qmi_card qmi_uim_card(struct bytes tlvs, uint8_t slot)
{
	uint8_t cards = 0, state = 0;
	struct rdr r;

	/* four indexes of applications, then the cards by logical slot */
	if (qmi_wire_tlv(tlvs, 0x10, &r) != ST_OK || rdr_skip(&r, 8) != ST_OK ||
	    rdr_u8(&r, &cards) != ST_OK || cards < slot)
		return QMI_CARD_UNKNOWN;
	for (unsigned i = 0; i < slot; i++)
		if (take_card(&r, &state) != ST_OK)
			return QMI_CARD_UNKNOWN;
	return state == CARD_STATE_PRESENT ? QMI_CARD_IN : QMI_CARD_OUT;
}

struct physical_slot {
	uint32_t card, active;
	uint8_t logical;
	struct bytes iccid;
};

static status take_slot(struct rdr *r, struct physical_slot *s)
{
	uint8_t n = 0;

	TRY(rdr_u32le(r, &s->card));
	TRY(rdr_u32le(r, &s->active));
	TRY(rdr_u8(r, &s->logical));
	TRY(rdr_u8(r, &n));
	return rdr_take(r, n, &s->iccid);
}

static enum qmi_card card_of(const struct physical_slot *p)
{
	if (p->card == SLOT_CARD_PRESENT)
		return QMI_CARD_IN;
	return p->card == SLOT_CARD_ABSENT ? QMI_CARD_OUT : QMI_CARD_UNKNOWN;
}

status qmi_uim_slot(struct bytes tlvs, uint8_t slot, struct qmi_slot_status *ret_s)
{
	uint8_t count = 0;
	struct rdr r;

	TRY(qmi_wire_tlv(tlvs, 0x10, &r));
	TRY(rdr_u8(&r, &count));
	for (unsigned i = 0; i < count; i++) {
		struct physical_slot p = {0};
		struct qmi_slot_status s = {0};

		if (take_slot(&r, &p) != ST_OK)
			return ST_MALFORMED;
		if (p.active != SLOT_ACTIVE || p.logical != slot)
			continue;
		s.card = card_of(&p);
		if (p.iccid.n > 0 && iccid_from_ef(p.iccid, s.iccid) != ST_OK)
			return ST_MALFORMED;
		*ret_s = s;
		return ST_OK;
	}
	return ST_NO_ENTRY;
}

status qmi_uim_iccid(struct bytes tlvs, char ret_iccid[ICCID_DIGITS_MAX + 1])
{
	char digits[ICCID_DIGITS_MAX + 1];
	struct bytes bcd;

	TRY(take_counted(tlvs, 0x11, &bcd));
	TRY(iccid_from_ef(bcd, digits));
	memcpy(ret_iccid, digits, sizeof(digits));
	return ST_OK;
}

status qmi_uim_refresh(struct bytes tlvs, struct qmi_refresh *ret_r)
{
	struct qmi_refresh v = {0};
	struct rdr r;

	if (qmi_wire_tlv(tlvs, 0x10, &r) != ST_OK || rdr_u8(&r, &v.stage) != ST_OK ||
	    rdr_u8(&r, &v.mode) != ST_OK || rdr_u8(&r, &v.session) != ST_OK)
		return ST_MALFORMED;
	*ret_r = v;
	return ST_OK;
}
