/* SPDX-License-Identifier: Apache-2.0 */
/* Logical channels of a client id, and the APDUs on them. */
#include "front_qmux.h"

#include <string.h>

#include "mem.h"

/* What is asked of SELECT, by the value of the file control TLV. */
static const uint8_t select_p2[] = {0x0C /* nothing */, 0x04 /* FCP */, 0x00 /* FCI */, 0x10,
				    0x08 /* FMD */};

enum qmux_error qmux_channel_slot(struct sim_front *m, const struct qmux_request *rq)
{
	uint8_t slot = 0;

	if (!qmux_tlv_u8(rq->tlvs, 0x01, &slot))
		return QMUX_MISSING_ARGUMENT;
	if (slot < 1 || slot > QMUX_SLOTS_MAX)
		return QMUX_INVALID_ARGUMENT;
	return slot == m->options.slot && sim_card_present(m->card) ? QMUX_OK : QMUX_NO_SIM;
}

static void put_sw(struct wtr *out, uint8_t type, unsigned sw)
{
	const uint8_t pair[2] = {(uint8_t)(sw >> 8), (uint8_t)sw};

	qmux_tlv_put(out, type, BYTES_OF(pair));
}

static void put_opened(struct wtr *out, uint8_t channel, struct bytes fci)
{
	uint8_t value[1 + APDU_REPLY_MAX];
	struct wtr w = WTR_ON(value);
	size_t n = fci.n > 2 ? fci.n - 2 : 0;

	qmux_tlv_put_u8(out, 0x10, channel);
	put_sw(out, 0x11, baseband_sw(fci));
	wtr_u8(&w, (uint8_t)n);
	wtr_put(&w, bytes_of(fci.p, n < 0xFF ? n : 0));
	qmux_tlv_put(out, 0x12, wtr_bytes(&w));
}

/* The AID is in the value of TLV 10, after its length. */
static enum qmux_error open_with(struct sim_front *m, const struct qmux_request *rq,
				 struct rdr value, uint8_t control_tlv, struct wtr *out)
{
	uint8_t n = 0, channel = 0, control = 1;
	uint8_t fci[BASEBAND_REPLY_MAX];
	struct wtr w = WTR_ON(fci);
	struct rdr unused;
	struct bytes aid = {0};

	if (rdr_u8(&value, &n) != ST_OK || rdr_take(&value, n, &aid) != ST_OK || aid.n == 0 ||
	    aid.n > AID_MAX || value.n > 0)
		return QMUX_INVALID_ARGUMENT;
	if (qmux_tlv_find(rq->tlvs, control_tlv, &unused) &&
	    (!qmux_tlv_u8(rq->tlvs, control_tlv, &control) || control >= ARRAY_LEN(select_p2)))
		return QMUX_INVALID_ARGUMENT;
	switch (baseband_open_channel(&m->baseband, aid, select_p2[control], &channel, &w)) {
	case BASEBAND_OPENED:
		rq->client->channels |= 1U << channel;
		put_opened(out, channel, wtr_bytes(&w));
		return QMUX_OK;
	case BASEBAND_NO_APPLET:
		put_sw(out, 0x11, baseband_sw(wtr_bytes(&w)));
		break;
	case BASEBAND_NO_CHANNEL:
	case BASEBAND_WARNED:
	case BASEBAND_NO_ANSWER:
		break;
	}
	return QMUX_INTERNAL;
}

static enum qmux_error open_checked(struct sim_front *m, const struct qmux_request *rq,
				    uint8_t control_tlv, struct wtr *out)
{
	enum qmux_error error = qmux_channel_slot(m, rq);
	struct rdr value;

	if (error != QMUX_OK)
		return error;
	if (!qmux_tlv_find(rq->tlvs, 0x10, &value))
		return QMUX_MISSING_ARGUMENT;
	if (sim_faults_strikes(m->faults, FAULT_Q8, NULL))
		return QMUX_ACCESS_DENIED;
	return open_with(m, rq, value, control_tlv, out);
}

enum qmux_error qmux_channel_open(struct sim_front *m, const struct qmux_request *rq,
				  struct wtr *out)
{
	if (sim_faults_strikes(m->faults, FAULT_Q7, NULL))
		return QMUX_NOT_SUPPORTED;
	return open_checked(m, rq, 0x11, out);
}

/* The client's own channel that this TLV names. */
static enum qmux_error take_channel(const struct qmux_request *rq, uint8_t type,
				    uint8_t *ret_channel)
{
	uint8_t channel = 0;

	if (!qmux_tlv_u8(rq->tlvs, type, &channel))
		return QMUX_MISSING_ARGUMENT;
	if (channel == 0 || channel > 31 || !(rq->client->channels & 1U << channel))
		return QMUX_INVALID_HANDLE;
	*ret_channel = channel;
	return QMUX_OK;
}

enum qmux_error qmux_channel_manage(struct sim_front *m, const struct qmux_request *rq,
				    struct wtr *out)
{
	struct rdr unused;
	uint8_t channel = 0;

	if (qmux_tlv_find(rq->tlvs, 0x10, &unused))
		return open_checked(m, rq, 0x12, out);
	enum qmux_error error = qmux_channel_slot(m, rq);
	if (error == QMUX_OK)
		error = take_channel(rq, 0x11, &channel);
	if (error != QMUX_OK)
		return error;
	rq->client->channels &= ~(1U << channel);
	put_sw(out, 0x11, baseband_close_channel(&m->baseband, channel));
	return QMUX_OK;
}

/* ---- APDUs ---- */

/* Length (16 bits) and bytes of TLV 02. */
static enum qmux_error take_apdu(const struct qmux_request *rq, struct bytes *ret_apdu)
{
	struct rdr value;
	uint16_t n = 0;

	if (!qmux_tlv_find(rq->tlvs, 0x02, &value))
		return QMUX_MISSING_ARGUMENT;
	if (rdr_u16le(&value, &n) != ST_OK || n != value.n || n < 4 || n > APDU_CMD_MAX)
		return QMUX_INVALID_ARGUMENT;
	*ret_apdu = rdr_rest(&value);
	return QMUX_OK;
}

/* TLV 11: shall the modem resolve 61xx and 6Cxx? */
static enum qmux_error take_procedure(struct sim_front *m, const struct qmux_request *rq,
				      bool *ret_resolve)
{
	struct rdr unused;
	uint8_t v = 0;

	if (!qmux_tlv_find(rq->tlvs, 0x11, &unused))
		return QMUX_OK;
	if (!m->options.proc || !qmux_tlv_u8(rq->tlvs, 0x11, &v) || v > 1)
		return QMUX_INVALID_ARGUMENT;
	*ret_resolve = v == 1;
	return QMUX_OK;
}

/* F23: four bytes more than the card gave, before its status word. */
static void lengthen(struct sim_front *m, struct wtr *reply)
{
	if (reply->n > 2 && sim_faults_strikes(m->faults, FAULT_F23, NULL))
		baseband_lengthen(reply);
}

/* Q5: the response announces a length and a token; the data come in indications. */
static enum qmux_error answer_later(struct sim_front *m, struct bytes reply, struct wtr *out)
{
	struct qmux_long *l = &m->answer_later;
	uint8_t announced[6];
	struct wtr w = WTR_ON(announced);

	l->wanted = true;
	l->token++;
	memcpy(l->data, reply.p, reply.n);
	l->n = reply.n;
	wtr_u16le(&w, (uint16_t)l->n);
	wtr_u32le(&w, l->token);
	qmux_tlv_put(out, 0x11, wtr_bytes(&w));
	return QMUX_INSUFFICIENT;
}

static enum qmux_error exchange(struct sim_front *m, struct bytes cmd, bool resolve,
				struct wtr *out)
{
	uint8_t reply[BASEBAND_REPLY_MAX];
	uint8_t value[2 + BASEBAND_REPLY_MAX];
	struct wtr r = WTR_ON(reply), w = WTR_ON(value);
	status st = baseband_exchange(&m->baseband, cmd, &r);

	if (st == ST_OK && resolve)
		st = baseband_resolve(&m->baseband, cmd, &r);
	if (st != ST_OK)
		return st == ST_NO_CARD ? QMUX_NO_SIM : QMUX_INTERNAL;
	lengthen(m, &r);
	if (sim_faults_strikes(m->faults, FAULT_Q5, m->answer_later.how))
		return answer_later(m, wtr_bytes(&r), out);
	wtr_u16le(&w, (uint16_t)r.n);
	wtr_put(&w, wtr_bytes(&r));
	qmux_tlv_put(out, 0x10, wtr_bytes(&w));
	return QMUX_OK;
}

enum qmux_error qmux_channel_apdu(struct sim_front *m, const struct qmux_request *rq,
				  struct wtr *out)
{
	uint8_t cmd[APDU_CMD_MAX];
	struct bytes apdu = {0};
	uint8_t channel = 0;
	bool resolve = false;
	enum qmux_error error = qmux_channel_slot(m, rq);
	struct rdr unused;

	if (error == QMUX_OK)
		error = take_apdu(rq, &apdu);
	if (error == QMUX_OK)
		error = take_procedure(m, rq, &resolve);
	if (error != QMUX_OK)
		return error;
	if (!qmux_tlv_find(rq->tlvs, 0x10, &unused))
		return QMUX_ACCESS_DENIED; /* the basic channel is the modem's */
	error = take_channel(rq, 0x10, &channel);
	if (error != QMUX_OK)
		return error;
	memcpy(cmd, apdu.p, apdu.n);
	cmd[0] = baseband_class(cmd[0], channel);
	return exchange(m, bytes_of(cmd, apdu.n), resolve, out);
}
