/* SPDX-License-Identifier: Apache-2.0 */
/* The control service: versions and client ids. */
#include "front_qmux.h"
#include "mem.h"

static const struct {
	enum qmux_service service;
	uint16_t major, minor;
} versions[QMUX_SERVICES] = {{QMUX_CTL, 1, 5}, {QMUX_DMS, 1, 14}, {QMUX_UIM, 1, 46}};

static enum qmux_error set_instance(struct sim_front *m, const struct qmux_request *rq,
				    struct wtr *out)
{
	(void)m;
	(void)rq;
	qmux_tlv_put(out, 0x01, BYTES_LIT("\x00\x00"));
	return QMUX_OK;
}

static enum qmux_error get_versions(struct sim_front *m, const struct qmux_request *rq,
				    struct wtr *out)
{
	uint8_t list[1 + 5 * QMUX_SERVICES];
	struct wtr w = WTR_ON(list);

	(void)m;
	(void)rq;
	wtr_u8(&w, QMUX_SERVICES);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		wtr_u8(&w, (uint8_t)versions[i].service);
		wtr_u16le(&w, versions[i].major);
		wtr_u16le(&w, versions[i].minor);
	}
	qmux_tlv_put(out, 0x01, wtr_bytes(&w));
	return QMUX_OK;
}

static void put_client(struct wtr *out, uint8_t service, uint8_t cid)
{
	const uint8_t pair[2] = {service, cid};

	qmux_tlv_put(out, 0x01, BYTES_OF(pair));
}

static enum qmux_error allocate(struct sim_front *m, const struct qmux_request *rq, struct wtr *out)
{
	uint8_t service = 0;

	if (!qmux_tlv_u8(rq->tlvs, 0x01, &service))
		return QMUX_MISSING_ARGUMENT;
	if (service != QMUX_DMS && service != QMUX_UIM)
		return QMUX_INVALID_SERVICE;
	if (sim_faults_strikes(m->faults, FAULT_Q3, NULL))
		return QMUX_CIDS_EXHAUSTED;
	struct qmux_client *c = qmux_client_new(m, (enum qmux_service)service);
	if (!c)
		return QMUX_CIDS_EXHAUSTED;
	put_client(out, service, c->cid);
	return QMUX_OK;
}

static enum qmux_error release(struct sim_front *m, const struct qmux_request *rq, struct wtr *out)
{
	struct rdr value;
	uint8_t service = 0, cid = 0;

	if (!qmux_tlv_find(rq->tlvs, 0x01, &value) || rdr_u8(&value, &service) != ST_OK ||
	    rdr_u8(&value, &cid) != ST_OK)
		return QMUX_MISSING_ARGUMENT;
	struct qmux_client *c = qmux_client_find(m, service, cid);
	if (!c)
		return QMUX_INVALID_CLIENT;
	qmux_client_drop(m, c);
	put_client(out, service, cid);
	return QMUX_OK;
}

static enum qmux_error set_format(struct sim_front *m, const struct qmux_request *rq,
				  struct wtr *out)
{
	(void)m;
	(void)rq;
	qmux_tlv_put(out, 0x10, BYTES_LIT("\x01\x00")); /* 802.3 */
	return QMUX_OK;
}

/* The host starts anew: nobody's client id is left. */
static enum qmux_error sync_host(struct sim_front *m, const struct qmux_request *rq,
				 struct wtr *out)
{
	(void)rq;
	(void)out;
	qmux_client_drop_all(m);
	return QMUX_OK;
}

static const struct {
	uint16_t message;
	enum qmux_error (*run)(struct sim_front *m, const struct qmux_request *rq, struct wtr *out);
} messages[] = {
	{0x0020, set_instance}, {0x0021, get_versions}, {0x0022, allocate},
	{0x0023, release},	{0x0026, set_format},	{0x0027, sync_host},
};

enum qmux_error qmux_ctl(struct sim_front *m, const struct qmux_request *rq, struct wtr *out)
{
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		if (messages[i].message == rq->message)
			return messages[i].run(m, rq, out);
	}
	return QMUX_NOT_SUPPORTED;
}
