/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the AT back end share: a transport on a scripted modem, with a lock folder of
 * the test's own. Failing helpers fail the test. */
#ifndef IOTSAFE_TEST_AT_RIG_H
#define IOTSAFE_TEST_AT_RIG_H

#include "modem.h"
#include "transport.h"

#define SAYS(cmd, text)                                                                            \
	{                                                                                          \
		.command = (cmd), .reply = (text)                                                  \
	}
#define OK_TAIL "\r\n\r\nOK\r\n"
/* what at_rig_exchange gets from a healthy modem */
#define ANSWER "\r\n+CGLA: 8,\"01029000\"" OK_TAIL

extern char at_rig_dir[];
extern const struct channel at_rig_session_1;
extern const struct modem_row at_rig_no_rows[];

/* at:<path><params>, not entered. */
struct transport *at_rig_open(const char *path, const char *params);
/* Entered. */
struct transport *at_rig_enter(struct modem *m);
/* Leaves, closes and ends the modem. */
void at_rig_leave(struct transport *t, struct modem *m);
/* One command APDU (00CB010000) within ms; the reply's digits, "" on failure. */
status at_rig_exchange(struct transport *t, const struct channel *ch, const char **ret_hex, int ms);

/* For cmocka_run_group_tests. */
int at_rig_set_up(void **state);
int at_rig_tear_down(void **state);

#endif
