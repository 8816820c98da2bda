/* SPDX-License-Identifier: Apache-2.0 */
/* A scripted host of the QMUX front: a front on a tiny card, its socket or pty, reads with
 * deadlines. Messages and TLVs are upper-case hex; blanks in what is sent are ignored. */
#ifndef IOTSAFE_TESTS_QMI_CLIENT_H
#define IOTSAFE_TESTS_QMI_CLIENT_H

#include "fault.h"
#include "front.h"
#include "tiny_card.h"

enum { QMI_CTL = 0x00, QMI_DMS = 0x02, QMI_UIM = 0x0B };

/* The result TLV: success, and a failure whose error is a byte in hex. */
#define QMI_OK "02040000000000"
#define QMI_FAILED(error) "0204000100" error "00"

struct qmi_client {
	struct sim_card *card;
	struct sim_faults *faults;
	struct sim_front *front;
	char dir[64];
	char path[128];
	bool tty;
	int fd;
	unsigned tid;
	uint8_t in[16384];
	size_t n;
	char got[16384]; /* what was read last, in hex */
};

/* Starts the front with PATH + options ("" or "?cids=…") and connects. */
void qmi_client_start(struct qmi_client *c, const struct tiny_pair *script, const char *options);
void qmi_client_stop(struct qmi_client *c);
void qmi_client_open(struct qmi_client *c);
void qmi_client_close(struct qmi_client *c);
/* A second host of the same front. */
void qmi_client_join(struct qmi_client *c, const struct qmi_client *first);
void qmi_client_arm(struct qmi_client *c, const char *spec);
/* The control channel: the answer must start with "ok". */
void qmi_client_control(struct qmi_client *c, const char *text);

void qmi_client_send_hex(struct qmi_client *c, const char *hex);
/* One request, without waiting. */
void qmi_client_send(struct qmi_client *c, unsigned service, unsigned cid, unsigned message,
		     const char *tlvs);
/* The next whole frame within ms, into c->got; false: none, or the end of the connection. */
bool qmi_client_frame(struct qmi_client *c, int64_t ms);
/* Nothing comes within ms, and the connection stands. */
void qmi_client_silence(struct qmi_client *c, int64_t ms);
/* The connection ends within two seconds. */
void qmi_client_end(struct qmi_client *c);
/* Sends, reads one frame, which must be the response; returns its TLVs in hex. */
const char *qmi_client_ask(struct qmi_client *c, unsigned service, unsigned cid, unsigned message,
			   const char *tlvs);
void qmi_client_expect(struct qmi_client *c, unsigned service, unsigned cid, unsigned message,
		       const char *tlvs, const char *want);
/* The next frame is this indication for this client id. */
void qmi_client_indication(struct qmi_client *c, unsigned cid, unsigned message, const char *tlvs);
/* Client id 1 of UIM with the applet selected on channel 1. */
void qmi_client_channel(struct qmi_client *c);

#endif
