/* SPDX-License-Identifier: Apache-2.0 */
/* What the modem tells of itself (DMS), and the messages of the card service (UIM). */
#include "front_qmux.h"
#include "mem.h"

static const struct {
	uint16_t message;
	const char *text;
} device[] = {
	{0x0021, "Software Modem"}, /* manufacturer */
	{0x0022, "QMUX-SIM"},	    /* model */
	{0x0023, "1.0"},	    /* revision */
};

enum qmux_error qmux_dms(struct sim_front *m, const struct qmux_request *rq, struct wtr *out)
{
	(void)m;
	for (size_t i = 0; i < ARRAY_LEN(device); i++) {
		if (device[i].message != rq->message)
			continue;
		qmux_tlv_put(out, 0x01, bytes_str(device[i].text));
		return QMUX_OK;
	}
	return QMUX_NOT_SUPPORTED;
}

/* Writing files, PINs: nobody here has business with the network's own applications. */
static enum qmux_error deny(struct sim_front *m, const struct qmux_request *rq, struct wtr *out)
{
	(void)m;
	(void)rq;
	(void)out;
	return QMUX_ACCESS_DENIED;
}

/* Refresh Complete: the modem does not wait for it. */
static enum qmux_error accept_it(struct sim_front *m, const struct qmux_request *rq,
				 struct wtr *out)
{
	(void)m;
	(void)rq;
	(void)out;
	return QMUX_OK;
}

static const struct {
	uint16_t message;
	bool is_new; /* unknown to firmware with old=yes */
	enum qmux_error (*run)(struct sim_front *m, const struct qmux_request *rq, struct wtr *out);
} messages[] = {
	{0x0020, false, qmux_status_read},
	{0x0022, false, deny}, /* Write Transparent */
	{0x0023, false, deny}, /* Write Record */
	{0x0025, false, deny}, /* Set PIN Protection */
	{0x0026, false, deny}, /* Verify PIN */
	{0x0027, false, deny}, /* Unblock PIN */
	{0x0028, false, deny}, /* Change PIN */
	{0x002C, false, accept_it},
	{0x002E, false, qmux_status_register},
	{0x002F, false, qmux_status_card},
	{0x003B, false, qmux_channel_apdu},
	{0x003F, false, qmux_channel_manage},
	{0x0042, true, qmux_channel_open},
	{0x0044, false, qmux_status_refresh},
	{0x0047, true, qmux_status_slots},
};

enum qmux_error qmux_uim(struct sim_front *m, const struct qmux_request *rq, struct wtr *out)
{
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		if (messages[i].message != rq->message)
			continue;
		if (messages[i].is_new && m->options.old)
			return QMUX_NOT_SUPPORTED;
		return messages[i].run(m, rq, out);
	}
	return QMUX_NOT_SUPPORTED;
}
