/* SPDX-License-Identifier: Apache-2.0 */
/* One AT command and its answer, in step, before a deadline. After a timeout, a foreign answer or a
 * parse error the engine is dirty: before the next command it listens until the line is quiet and
 * the modem answers AT with a clean OK, so that a late answer never goes to another command. */
#ifndef IOTSAFE_TRANSPORT_AT_ENGINE_H
#define IOTSAFE_TRANSPORT_AT_ENGINE_H

#include "at_codes.h"
#include "at_reply.h"
#include "deadline.h"

enum {
	AT_COMMAND_MAX = 600, /* "AT+CGLA=<id>,522,"<522 digits>"" */
	AT_MS = 1000,	      /* a command that does not touch the card */
	AT_OPEN_MS = 5000,    /* CCHO, CCHC */
};

struct at_engine {
	int fd; /* -1: closed */
	bool dirty;
	bool once; /* the command is not sent again, although it cannot have run (transport.h) */
	struct at_reply reply;
};

void at_engine_init(struct at_engine *e);
/* close(2) and forget. */
void at_engine_close(struct at_engine *e);

/* Takes what the modem has said unasked; no waiting. Leftovers of an answer make the engine dirty.
 * ST_NO_DEVICE (the port is then closed). */
status at_engine_drain(struct at_engine *e) MUST_USE;
/* Brings the line in step, see above. ST_TIMEOUT, ST_BUSY_DEVICE (it talks, but not with us),
 * ST_NO_DEVICE. */
status at_engine_sync(struct at_engine *e, deadline dl) MUST_USE;

/* Sends x->sent with CR and collects the answer. ST_OK: a final OK (*ret_code untouched), and the
 * awaited line, if any, in at_reply_info until the next call. ST_IO: a final error, its code in
 * *ret_code. ST_TIMEOUT, ST_DESYNC, ST_NO_DEVICE (the port is then closed), ST_BUSY_DEVICE. */
status at_engine_run(struct at_engine *e, const struct at_expect *x, deadline dl,
		     int *ret_code) MUST_USE;

#endif
