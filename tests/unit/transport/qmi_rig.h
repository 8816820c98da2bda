/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the qmi: back end share: a transport on a scripted modem, with a lock folder of
 * the test's own. Failing helpers fail the test. */
#ifndef IOTSAFE_TEST_QMI_RIG_H
#define IOTSAFE_TEST_QMI_RIG_H

#include "qmodem.h"
#include "transport.h"

#define ROWS_END                                                                                   \
	{                                                                                          \
		.id = 0xFFFF                                                                       \
	}

enum { RIG_RESPONSE = 2, RIG_INDICATION = 4 };

extern char qmi_rig_dir[];
extern char qmi_rig_socket[]; /* where the modem listens */

/* qmi:<path of the socket>?direct=1<params>, not entered. */
struct transport *qmi_rig_open(const char *params);
struct transport *qmi_rig_open_uri(const char *uri);
/* Entered, with a channel that is recorded. */
struct transport *qmi_rig_ready(struct channel *ret_ch);
void qmi_rig_enter(struct transport *t);
/* In an entered transport: as the core opens and records a channel. */
void qmi_rig_channel(struct transport *t, struct channel *ret_ch);
/* One command (80CB010000) within ms; the reply's digits, "" on failure. */
status qmi_rig_exchange(struct transport *t, const struct channel *ch, const char **ret_hex,
			int ms);
/* Leaves and closes, and ends the modem. */
void qmi_rig_end(struct transport *t, struct qmodem *m);

/* A frame of UIM in hex, for a row: to the client id of the request ("CC"); tid NULL: the request's
 * own. Static storage, of the last 64 calls. */
const char *qmi_rig_frame(uint8_t flags, const char *tid, uint16_t id, const char *tlvs);
#define RIG_CARD_OUT                                                                               \
	qmi_rig_frame(RIG_INDICATION, "0000", 0x0032, "100F00FFFFFFFFFFFFFFFF01000000000000")
#define RIG_CARD_IN                                                                                \
	qmi_rig_frame(RIG_INDICATION, "0000", 0x0032, "100F00FFFFFFFFFFFFFFFF01010000000000")
/* Stage and mode in hex, of the primary session. */
#define RIG_REFRESH(stage_mode)                                                                    \
	qmi_rig_frame(RIG_INDICATION, "0000", 0x0033, "100600" stage_mode "00000000")

int qmi_rig_set_up(void **state);
int qmi_rig_tear_down(void **state);

#endif
