/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to a modem that speaks QMI (or to its proxy): requests find their own responses by
 * service, client id, transaction id and message; all else is put aside for the owner. */
#ifndef IOTSAFE_TRANSPORT_QMI_LINK_H
#define IOTSAFE_TRANSPORT_QMI_LINK_H

#include <stdbool.h>

#include "deadline.h"
#include "qmi_wire.h"

struct qmi_link {
	int fd; /* -1: none */
	uint16_t tid;
	uint8_t ctl_tid;
	/* Gets what is no answer to the request in flight: indications, late responses. Must not
	 * use the link. Its result other than ST_OK ends the present wait. */
	status (*aside)(void *ctx, const struct qmi_message *m);
	void *ctx;
	uint8_t rx[2 * QMI_FRAME_MAX];
	size_t rx_at, rx_n; /* what is not used up yet */
	uint8_t answer[QMI_FRAME_MAX];
	size_t answer_n;
	bool silent; /* nothing has come since a question that was not answered in time */
};

struct qmi_request {
	uint8_t service, client;
	uint16_t id;
	struct bytes tlvs;
};

void qmi_link_init(struct qmi_link *l, status (*aside)(void *ctx, const struct qmi_message *m),
		   void *ctx);
/* Takes over a connected descriptor. tid: where transaction ids start, different ones for those who
 * may meet each other's late answers. */
void qmi_link_use(struct qmi_link *l, int fd, uint16_t tid);
/* close(2), and the buffers wiped. */
void qmi_link_close(struct qmi_link *l);
static inline bool qmi_link_is_open(const struct qmi_link *l)
{
	return l->fd >= 0;
}

/* Sends and waits for the response. *ret_tlvs views l->answer until the next call; *ret_error is
 * the modem's. ST_TIMEOUT, ST_NO_DEVICE (closed then), ST_MALFORMED (the response is damaged), or
 * what aside said. Where the stream may be cut inside a frame the link is closed. */
status qmi_link_run(struct qmi_link *l, const struct qmi_request *rq, struct bytes *ret_tlvs,
		    uint16_t *ret_error, deadline dl) MUST_USE;
/* Sends without waiting; the response goes to aside. */
status qmi_link_tell(struct qmi_link *l, const struct qmi_request *rq, deadline dl) MUST_USE;
/* Waits for one message and puts it aside. ST_TIMEOUT, also when that message came at dl. */
status qmi_link_pump(struct qmi_link *l, deadline dl) MUST_USE;
/* Puts aside what has come, without waiting. ST_NO_DEVICE: the far side is gone; closed. */
status qmi_link_drain(struct qmi_link *l) MUST_USE;
/* What may hold data of the card. */
void qmi_link_wipe(struct qmi_link *l);

#endif
