/* SPDX-License-Identifier: Apache-2.0 */
#include "qmi_wire.h"

enum {
	MARKER = 0x01,
	FROM_HOST = 0x00,
	FROM_MODEM = 0x80,
	TLV_RESULT = 0x02,
	HEAD_LEN = 6,		 /* marker, length, flags, service, client id */
	SHORTEST = HEAD_LEN + 6, /* a CTL message without TLVs */
};

/* What the flags of a message say, in CTL and elsewhere. */
static const struct {
	uint8_t ctl, other;
} flags[] = {
	[QMI_REQUEST] = {0x00, 0x00},
	[QMI_RESPONSE] = {0x01, 0x02},
	[QMI_INDICATION] = {0x02, 0x04},
};

void qmi_wire_put(const struct qmi_message *m, struct wtr *w)
{
	bool ctl = m->service == QMI_CTL;

	wtr_u8(w, MARKER);
	wtr_u16le(w, (uint16_t)((ctl ? HEAD_LEN + 5U : HEAD_LEN + 6U) + m->tlvs.n));
	wtr_u8(w, FROM_HOST);
	wtr_u8(w, m->service);
	wtr_u8(w, m->client);
	wtr_u8(w, ctl ? flags[m->kind].ctl : flags[m->kind].other);
	if (ctl)
		wtr_u8(w, (uint8_t)m->tid);
	else
		wtr_u16le(w, m->tid);
	wtr_u16le(w, m->id);
	wtr_u16le(w, (uint16_t)m->tlvs.n);
	wtr_put(w, m->tlvs);
}

/* ST_TRUNCATED: it may become a frame; ST_MALFORMED: it never will. */
static status frame_here(struct bytes stream, size_t *ret_n)
{
	struct rdr r = rdr_of(stream);
	uint8_t marker = 0, from = 0;
	uint16_t n = 0;

	TRY(rdr_u8(&r, &marker));
	if (marker != MARKER)
		return ST_MALFORMED;
	TRY(rdr_u16le(&r, &n));
	if (n < SHORTEST - 1 || n > QMI_FRAME_MAX - 1)
		return ST_MALFORMED;
	TRY(rdr_u8(&r, &from));
	/* a proxy's own answers may look like a host's */
	if (from != FROM_MODEM && from != FROM_HOST)
		return ST_MALFORMED;
	*ret_n = 1 + (size_t)n;
	return stream.n < *ret_n ? ST_TRUNCATED : ST_OK;
}

void qmi_wire_scan(struct bytes stream, size_t *ret_noise, struct bytes *ret_frame)
{
	size_t noise = 0, n = 0;
	status st = frame_here(stream, &n);

	while (st == ST_MALFORMED) {
		noise++;
		st = frame_here(bytes_of(stream.p + noise, stream.n - noise), &n);
	}
	*ret_noise = noise;
	*ret_frame = st == ST_OK ? bytes_of(stream.p + noise, n) : bytes_of(NULL, 0);
}

static status take_kind(const struct qmi_message *m, uint8_t flag, enum qmi_kind *ret_kind)
{
	for (enum qmi_kind k = QMI_REQUEST; k <= QMI_INDICATION; k++) {
		if ((m->service == QMI_CTL ? flags[k].ctl : flags[k].other) != flag)
			continue;
		*ret_kind = k;
		return ST_OK;
	}
	return ST_MALFORMED;
}

static status take_tid(const struct qmi_message *m, struct rdr *r, uint16_t *ret_tid)
{
	uint8_t tid = 0;

	if (m->service != QMI_CTL)
		return rdr_u16le(r, ret_tid);
	TRY(rdr_u8(r, &tid));
	*ret_tid = tid;
	return ST_OK;
}

static status take_tlv(struct rdr *r, uint8_t *ret_type, struct bytes *ret_value)
{
	uint16_t n = 0;

	TRY(rdr_u8(r, ret_type));
	TRY(rdr_u16le(r, &n));
	return rdr_take(r, n, ret_value);
}

static bool tlvs_fit(struct bytes tlvs)
{
	struct rdr r = rdr_of(tlvs);
	struct bytes value;
	uint8_t type = 0;

	while (r.n > 0)
		if (take_tlv(&r, &type, &value) != ST_OK)
			return false;
	return true;
}

static status decode(struct bytes frame, struct qmi_message *m)
{
	struct rdr r = rdr_of(frame);
	uint8_t flag = 0;
	uint16_t n = 0;

	TRY(rdr_skip(&r, HEAD_LEN - 2));
	TRY(rdr_u8(&r, &m->service));
	TRY(rdr_u8(&r, &m->client));
	TRY(rdr_u8(&r, &flag));
	TRY(take_kind(m, flag, &m->kind));
	TRY(take_tid(m, &r, &m->tid));
	TRY(rdr_u16le(&r, &m->id));
	TRY(rdr_u16le(&r, &n));
	m->tlvs = rdr_rest(&r);
	m->damaged = n != m->tlvs.n || !tlvs_fit(m->tlvs);
	if (m->damaged)
		m->tlvs = bytes_of(NULL, 0);
	return ST_OK;
}

status qmi_wire_decode(struct bytes frame, struct qmi_message *ret_m)
{
	struct qmi_message m = {0};

	if (decode(frame, &m) != ST_OK)
		return ST_MALFORMED;
	*ret_m = m;
	return ST_OK;
}

status qmi_wire_tlv(struct bytes tlvs, uint8_t type, struct rdr *ret_value)
{
	struct rdr r = rdr_of(tlvs);
	struct bytes value;
	uint8_t t = 0;

	while (take_tlv(&r, &t, &value) == ST_OK) {
		if (t != type)
			continue;
		*ret_value = rdr_of(value);
		return ST_OK;
	}
	return ST_NO_ENTRY;
}

status qmi_wire_result(struct bytes tlvs, uint16_t *ret_error)
{
	uint16_t failed = 0, error = 0;
	struct rdr r;

	if (qmi_wire_tlv(tlvs, TLV_RESULT, &r) != ST_OK || rdr_u16le(&r, &failed) != ST_OK ||
	    rdr_u16le(&r, &error) != ST_OK || (failed && !error))
		return ST_MALFORMED;
	*ret_error = failed ? error : 0;
	return ST_OK;
}

void qmi_wire_put_tlv(struct wtr *w, uint8_t type, struct bytes value)
{
	wtr_u8(w, type);
	wtr_u16le(w, (uint16_t)value.n);
	wtr_put(w, value);
}

void qmi_wire_put_tlv_u8(struct wtr *w, uint8_t type, uint8_t v)
{
	qmi_wire_put_tlv(w, type, bytes_of(&v, 1));
}
