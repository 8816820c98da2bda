/* SPDX-License-Identifier: Apache-2.0 */
/* QMUX frames and QMI messages as bytes: no I/O, no state (transports reference §3.1).
 *
 * frame: 01, length (16 bits, all but the 01), 00 from the host or 80 from the modem, service,
 * client id, and the message: flags, transaction id (8 bits in CTL, else 16), message id (16),
 * length of the TLVs (16), TLVs. TLV: type, length (16), value. All numbers little-endian. */
#ifndef IOTSAFE_TRANSPORT_QMI_WIRE_H
#define IOTSAFE_TRANSPORT_QMI_WIRE_H

#include <stdbool.h>

#include "bytes.h"

enum {
	QMI_FRAME_MAX =
		4096 + 256,    /* the longest we take: a chunk of 4 KiB and what goes with it */
	QMI_REQUEST_MAX = 512, /* the longest we send: a path, or an APDU */
};

enum qmi_service { QMI_CTL = 0x00, QMI_UIM = 0x0B };
enum qmi_kind { QMI_REQUEST, QMI_RESPONSE, QMI_INDICATION };

struct qmi_message {
	uint8_t service, client;
	enum qmi_kind kind;
	uint16_t tid;
	uint16_t id;
	bool damaged;	   /* decoded, but its TLVs do not fit: there are none then */
	struct bytes tlvs; /* borrowed; well-formed in a decoded message */
};

/* The frame of a request into w. */
void qmi_wire_put(const struct qmi_message *m, struct wtr *w);

/* What a stream starts with: *ret_noise bytes that are no frame, then a whole frame in *ret_frame,
 * which is empty as long as more bytes are needed. What no modem sends (a frame too short or too
 * long, other control flags) is noise. */
void qmi_wire_scan(struct bytes stream, size_t *ret_noise, struct bytes *ret_frame);
/* A whole frame. ST_MALFORMED: one without a sound header. */
status qmi_wire_decode(struct bytes frame, struct qmi_message *ret_m) MUST_USE;

/* The first TLV of that type. ST_NO_ENTRY. */
status qmi_wire_tlv(struct bytes tlvs, uint8_t type, struct rdr *ret_value) MUST_USE;
/* The result TLV: 0, or the error's number. ST_MALFORMED: it is missing or damaged. */
status qmi_wire_result(struct bytes tlvs, uint16_t *ret_error) MUST_USE;

void qmi_wire_put_tlv(struct wtr *w, uint8_t type, struct bytes value);
void qmi_wire_put_tlv_u8(struct wtr *w, uint8_t type, uint8_t v);

#endif
