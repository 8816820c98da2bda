/* SPDX-License-Identifier: Apache-2.0 */
/* One MBIM connection, to mbim-proxy or to the modem itself: frames in and out, one command in
 * flight. Answers that are late or somebody else's carry another transaction id and are dropped;
 * what indications tell of the SIM is noted; fragments are put together up to MBIM_FRAME_MAX. */
#ifndef IOTSAFE_TRANSPORT_MBIM_LINK_H
#define IOTSAFE_TRANSPORT_MBIM_LINK_H

#include "deadline.h"
#include "mbim_info.h"
#include "mbim_wire.h"

struct mbim_link {
	int fd; /* -1: closed */
	uint32_t tid;
	bool stale;	 /* an answer is overdue, or was not one: not to be trusted much longer */
	bool not_opened; /* the last command was refused since the function is not open */
	struct mbim_sim sim;  /* as told last, by an answer or an indication */
	bool sim_news;	      /* an indication has told it: for the reader to clear */
	unsigned sim_changes; /* how often it went, or was another one, by what was told */
	uint8_t rx[MBIM_FRAME_MAX];
	size_t rx_n;   /* bytes in rx */
	size_t used;   /* of these, at the start: taken and no longer wanted */
	size_t unread; /* bytes to come of a frame that is skipped */
	uint8_t whole[MBIM_FRAME_MAX];
	size_t whole_n;
	uint32_t fragments; /* of the answer, in whole */
};

void mbim_link_init(struct mbim_link *l);
/* Takes over a connected descriptor. */
void mbim_link_start(struct mbim_link *l, int fd);
/* What was told of the SIM just now. */
void mbim_link_note_sim(struct mbim_link *l, const struct mbim_sim *told);
/* close(2) and forget; the SIM as told last stays. */
void mbim_link_close(struct mbim_link *l);
/* Forgets what answers have left in the buffers. */
void mbim_link_wipe(struct mbim_link *l);

/* Takes what was said unasked; no waiting. ST_NO_DEVICE, ST_DESYNC: the link is then closed. */
status mbim_link_listen(struct mbim_link *l) MUST_USE;
/* A message has begun and not ended: where its sender may be dead, it never will. */
bool mbim_link_is_midway(const struct mbim_link *l);
/* OPEN. ST_IO: refused. Else as mbim_link_run. */
status mbim_link_open(struct mbim_link *l, deadline dl) MUST_USE;
/* One command and its answer, whose info is valid until the next call. ST_OK says nothing about
 * ret_s->status. ST_IO: the function refuses (see not_opened). ST_TIMEOUT. ST_NO_DEVICE (the far
 * side is gone), ST_DESYNC (what came is no answer): the link is then closed. ST_ARG: too long. */
status mbim_link_run(struct mbim_link *l, const struct mbim_command *c, deadline dl,
		     struct mbim_said *ret_s) MUST_USE;

#endif
