/* SPDX-License-Identifier: Apache-2.0 */
/* A scripted client of the AT front: a front on a tiny card, its pty, reads with deadlines. */
#ifndef IOTSAFE_TESTS_AT_CLIENT_H
#define IOTSAFE_TESTS_AT_CLIENT_H

#include "fault.h"
#include "front.h"
#include "tiny_card.h"

struct at_client {
	struct sim_card *card;
	struct sim_faults *faults;
	struct sim_front *front;
	char dir[64];
	char link[128];
	int fd;
	char got[8192]; /* what was read last */
};

/* Starts the front with LINK + options ("" or "?model=…") and opens the port. */
void at_client_start(struct at_client *c, const struct tiny_pair *script, const char *options);
void at_client_stop(struct at_client *c);
void at_client_open(struct at_client *c);
void at_client_arm(struct at_client *c, const char *spec);
/* The control channel: the answer must start with "ok". */
void at_client_control(struct at_client *c, const char *text);
void at_client_send(struct at_client *c, const char *text);
/* Reads until `end` was seen, at most ms; the whole text is in c->got. False: not seen. */
bool at_client_read_until(struct at_client *c, const char *end, int64_t ms);
/* Reads all that comes within ms of silence. */
const char *at_client_drain(struct at_client *c, int64_t ms);
/* Sends a command and a CR, and expects exactly `want` (line ends written as they are). */
void at_client_expect(struct at_client *c, const char *command, const char *want);

#endif
