/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the MBIM back end share: a transport on a scripted modem behind a socket, with
 * folders of the test's own. Failing helpers fail the test. */
#ifndef IOTSAFE_TEST_MBIM_RIG_H
#define IOTSAFE_TEST_MBIM_RIG_H

#include "mbim_modem.h"
#include "transport.h"

extern char mbim_rig_dir[];
extern char mbim_rig_socket[64]; /* of the scripted proxy */
extern char mbim_rig_device[64]; /* a file that stands for its device; the pty's link */
extern const struct mbim_row mbim_rig_no_rows[];
extern const struct channel mbim_rig_channel; /* number 2, as the scripted modem opens it */

struct mbim_modem *mbim_rig_start(const struct mbim_row *rows);
/* mbim:<device>?proxy=<socket>, not entered. */
struct transport *mbim_rig_open(void);
struct transport *mbim_rig_open_uri(const char *text);
/* Entered, within 20 s. */
struct transport *mbim_rig_enter(void);
/* One APDU within ms; the reply's digits, "" on failure. */
status mbim_rig_exchange(struct transport *t, const char **ret_hex, int ms);
status mbim_rig_channel_open(struct transport *t, struct channel *ret_ch, int ms);
/* A channel record of our own in the lock file. */
void mbim_rig_record(struct transport *t, const char *iccid);
void mbim_rig_device_appears(void);
void mbim_rig_device_goes(void);

/* For cmocka_run_group_tests. */
int mbim_rig_set_up(void **state);
int mbim_rig_tear_down(void **state);
/* Before each test: a lock folder of its own, so that a test that failed, and went without leaving
 * its device, does not hold up all that follow. */
int mbim_rig_begin(void **state);
#define MBIM_RIG_TEST(f) cmocka_unit_test_setup(f, mbim_rig_begin)

#endif
