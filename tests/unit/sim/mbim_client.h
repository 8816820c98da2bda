/* SPDX-License-Identifier: Apache-2.0 */
/* A scripted host of the MBIM front: a front on a tiny card, its pty, messages with deadlines. */
#ifndef IOTSAFE_TESTS_MBIM_CLIENT_H
#define IOTSAFE_TESTS_MBIM_CLIENT_H

#include "fault.h"
#include "front.h"
#include "tiny_card.h"

enum { CLIENT_QUERY = 0, CLIENT_SET = 1, CLIENT_MESSAGE_MAX = 8192 };

/* "basic" (Basic Connect), "extensions" and "uicc" */
extern const uint8_t client_basic[16], client_extensions[16], client_uicc[16];

struct mbim_client {
	struct sim_card *card;
	struct sim_faults *faults;
	struct sim_front *front;
	char dir[64];
	char link[128];
	int fd;
	uint32_t tid; /* of the last message that was sent */
	uint8_t got[CLIENT_MESSAGE_MAX];
	size_t got_n; /* one message, as it came */
};

/* Starts the front with LINK + options ("" or "?max=…") and opens the pty. */
void mbim_client_start(struct mbim_client *c, const struct tiny_pair *script, const char *options);
void mbim_client_stop(struct mbim_client *c);
/* Opens the pty (again). */
void mbim_client_plug(struct mbim_client *c);
void mbim_client_arm(struct mbim_client *c, const char *spec);
/* The control channel: the answer must start with "ok". */
void mbim_client_control(struct mbim_client *c, const char *text);

/* Bytes as they are; hex may hold blanks. */
void mbim_client_send(struct mbim_client *c, const char *hex);
/* Sends OPEN and expects success. */
void mbim_client_open(struct mbim_client *c);
/* Sends one unfragmented command with this information buffer (hex). */
void mbim_client_command(struct mbim_client *c, const uint8_t service[16], uint32_t cid,
			 uint32_t type, const char *hex);

/* One message into c->got; false: none within ms. */
bool mbim_client_receive(struct mbim_client *c, int64_t ms);
/* The message must be this one. */
void mbim_client_expect(struct mbim_client *c, const char *hex);
/* It must be an unfragmented COMMAND_DONE for the last command, with this status; a non-NULL hex
 * must be its whole information buffer. */
void mbim_client_expect_done(struct mbim_client *c, const uint8_t service[16], uint32_t cid,
			     uint32_t st, const char *hex);
/* Sends a command and expects its answer. */
void mbim_client_run(struct mbim_client *c, const uint8_t service[16], uint32_t cid, uint32_t type,
		     const char *hex, uint32_t st, const char *want);
/* FUNCTION_ERROR with this number. */
void mbim_client_expect_error(struct mbim_client *c, uint32_t tid, uint32_t error);
/* Nothing comes for ms. */
void mbim_client_expect_silence(struct mbim_client *c, int64_t ms);

#endif
