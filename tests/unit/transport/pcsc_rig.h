/* SPDX-License-Identifier: Apache-2.0 */
/* A real pcscd with vsmartcard-vpcd and iotsafe-sim in it, in namespaces of our own (needs root).
 */
#ifndef IOTSAFE_TESTS_PCSC_RIG_H
#define IOTSAFE_TESTS_PCSC_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pcsc_api.h"

/* Private mount and network namespaces, an empty /run/pcscd, loopback up; a card in a new folder.
 */
void pcsc_rig_enter(void);
void pcsc_rig_leave(void);
const char *pcsc_rig_dir(void);

void pcsc_rig_start_daemon(void);
void pcsc_rig_stop_daemon(int signal_number);
/* The sim runs from enter to leave, and finds each new pcscd by itself. */
void pcsc_rig_control(const char *text);

/* Another PC/SC client, in a process of its own. It connects in `share` mode, takes a transaction
 * if told so, and gives everything back with `disposition` when released. */
struct other_client {
	pid_t pid;
	int ready, release;
};
void pcsc_rig_other(struct other_client *c, DWORD share, bool transaction, DWORD disposition);
void pcsc_rig_release(struct other_client *c);

#endif
