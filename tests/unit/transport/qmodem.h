/* SPDX-License-Identifier: Apache-2.0 */
/* A scripted QMI modem (or proxy) on a UNIX socket, played by a thread, for the tests of the qmi:
 * back end. Frames are built here by hand, byte by byte: nothing of the back end is used. */
#ifndef IOTSAFE_TEST_QMODEM_H
#define IOTSAFE_TEST_QMODEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QMODEM_CTL = 0x00, QMODEM_UIM = 0x0B, QMODEM_TEXT_MAX = 4096 };

/* What the modem does with a message. Rows are tried in order; one whose times are used up is
 * passed over. A message that no row takes is obeyed as a healthy modem would. In texts of raw
 * frames "CC" stands for the client id, "TT" for the transaction id. */
struct qmodem_row {
	uint16_t id;	  /* 0: any */
	int skip;	  /* so many of them pass first */
	int times;	  /* 0: for ever */
	uint16_t error;	  /* in the result TLV */
	const char *tlvs; /* hex, in place of the healthy ones; NULL: those, if there is no error */
	const char *before; /* frames in hex, sent before the answer */
	const char *raw;    /* sent in place of the answer; "": silence */
	const char *after;  /* frames in hex, sent after it */
	int late_ms;	    /* before the answer */
	bool hang_up;	    /* in place of the answer */
};

struct qmodem;

/* Listens on path ("@name": in the abstract namespace). rows end with one that is all zero but
 * for id 0xFFFF, and must outlive the modem. */
struct qmodem *qmodem_start(const char *path, const struct qmodem_row *rows);
void qmodem_stop(struct qmodem *m);
/* Ends all connections; the socket stays. */
void qmodem_hang_up(struct qmodem *m);
/* Forgets all client ids, as after a restart. */
void qmodem_forget(struct qmodem *m);
/* One byte a write. Before the first connection. */
void qmodem_fragment(struct qmodem *m);
void qmodem_cids(struct qmodem *m, unsigned most);
/* Frames in hex to all who are connected; "CC" is the lowest client id in use. */
void qmodem_say(struct qmodem *m, const char *frames);

/* How many messages of that id came; of any id when it is 0. */
unsigned qmodem_count(struct qmodem *m, uint16_t id);
/* The TLVs of the last one, in hex. */
const char *qmodem_last(struct qmodem *m, uint16_t id);
/* Client ids in use, as bits (bit 1 is id 1). */
uint32_t qmodem_used(struct qmodem *m);

#endif
