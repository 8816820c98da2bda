/* SPDX-License-Identifier: Apache-2.0 */
/* From a frame to its service. */
#include "front_qmux.h"
#include "mem.h"

enum { HEAD = 4 /* marker, length, control flags */, FLAGS_REQUEST = 0x00 };

static const struct {
	enum qmux_service service;
	enum qmux_error (*run)(struct sim_front *m, const struct qmux_request *rq, struct wtr *out);
} services[QMUX_SERVICES] = {
	{QMUX_CTL, qmux_ctl},
	{QMUX_DMS, qmux_dms},
	{QMUX_UIM, qmux_uim},
};

/* Transaction ids have 8 bits in CTL, 16 elsewhere. */
static status take_tid(struct rdr *r, struct qmux_request *rq)
{
	uint8_t tid = 0;

	if (rq->service != QMUX_CTL)
		return rdr_u16le(r, &rq->tid);
	TRY(rdr_u8(r, &tid));
	rq->tid = tid;
	return ST_OK;
}

/* ST_OK: it can be answered. */
static status parse(struct bytes frame, struct qmux_request *rq, bool *ret_well_formed)
{
	struct rdr r = rdr_of(frame);
	uint8_t flags = 0;
	uint16_t n = 0;

	TRY(rdr_skip(&r, HEAD));
	TRY(rdr_u8(&r, &rq->service));
	TRY(rdr_u8(&r, &rq->cid));
	TRY(rdr_u8(&r, &flags));
	if (flags != FLAGS_REQUEST)
		return ST_MALFORMED;
	TRY(take_tid(&r, rq));
	TRY(rdr_u16le(&r, &rq->message));
	TRY(rdr_u16le(&r, &n));
	rq->tlvs = rdr_rest(&r);
	*ret_well_formed = n == rq->tlvs.n && qmux_tlv_ok(rq->tlvs);
	return ST_OK;
}

static enum qmux_error run(struct sim_front *m, struct qmux_request *rq, struct wtr *out)
{
	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		if (services[i].service != rq->service)
			continue;
		rq->client = qmux_client_find(m, rq->service, rq->cid);
		if (!rq->client && rq->service != QMUX_CTL)
			return QMUX_INVALID_CLIENT;
		return services[i].run(m, rq, out);
	}
	return QMUX_INVALID_SERVICE;
}

/* The power went: what the modem knew of its clients went with it. */
static void forget_after_power_failure(struct sim_front *m)
{
	pthread_mutex_lock(&m->lock);
	bool failed = m->power_failed;
	m->power_failed = false;
	pthread_mutex_unlock(&m->lock);
	if (failed)
		qmux_client_drop_all(m);
}

void qmux_serve(struct sim_front *m, int conn, struct bytes frame)
{
	uint8_t tlvs[QMUX_FRAME_MAX];
	struct wtr out = WTR_ON(tlvs);
	struct qmux_request rq = {0};
	bool well_formed = false;
	char param[64] = "";

	forget_after_power_failure(m);
	sim_faults_tick(m->faults, 'F');
	sim_faults_tick(m->faults, 'Q');
	if (parse(frame, &rq, &well_formed) != ST_OK)
		return;
	if (sim_faults_strikes(m->faults, FAULT_F29, NULL))
		return;
	bool ends = sim_faults_strikes(m->faults, FAULT_Q2, param);
	if (ends && param[0] == '\0') {
		qmux_port_hang_up(m, conn);
		return;
	}
	m->answer_later.wanted = false;
	enum qmux_error error = well_formed ? run(m, &rq, &out) : QMUX_MALFORMED;
	if (ends)
		qmux_port_hang_up(m, conn);
	else
		qmux_answer(m, conn, &rq, error, wtr_bytes(&out));
}
