/* SPDX-License-Identifier: Apache-2.0 */
/* An answer that the modem delivers in pieces: the response names its length and a token, and
 * indications bring the data in any order, before or after the response (transports reference
 * §3.1, long responses). No I/O. */
#ifndef IOTSAFE_TRANSPORT_QMI_LONG_H
#define IOTSAFE_TRANSPORT_QMI_LONG_H

#include <stdbool.h>

#include "bytes.h"
#include "sizes.h"

struct qmi_long {
	bool known;	/* token and total are those of an answer */
	bool announced; /* by the response: no other token will do any more */
	uint32_t token;
	uint16_t total;
	size_t have; /* bytes that have come, each counted once */
	uint8_t data[REPLY_TOTAL_MAX];
	uint8_t came[REPLY_TOTAL_MAX / 8]; /* a bit a byte */
};

/* Forgets and wipes. */
void qmi_long_reset(struct qmi_long *l);
/* TLV 11 of the response: total (16 bits), token (32). ST_MALFORMED, also for more than
 * REPLY_TOTAL_MAX bytes or a total that contradicts the chunks. */
status qmi_long_announce(struct qmi_long *l, struct rdr value) MUST_USE;
/* TLV 01 of the indication: token (32), total (16), offset (16), length (16) and data. Chunks of
 * another answer are dropped. ST_MALFORMED. */
status qmi_long_chunk(struct qmi_long *l, struct rdr value) MUST_USE;
bool qmi_long_complete(const struct qmi_long *l);
struct bytes qmi_long_bytes(const struct qmi_long *l);

#endif
