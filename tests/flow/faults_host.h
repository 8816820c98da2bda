/* SPDX-License-Identifier: Apache-2.0 */
/* What befalls a host: hooks for test_faults_host.c's rows. */
#ifndef IOTSAFE_TESTS_FLOW_FAULTS_HOST_H
#define IOTSAFE_TESTS_FLOW_FAULTS_HOST_H

#include "faults.h"

/* --- what is between the program and the card (faults_daemon.c) --- */

/* pcscd or the proxy: killed, ended, stopped as if deaf; back when the act is over. */
extern const struct fault_hook host_service_killed, host_service_ended, host_service_deaf;
/* killed, and started again at once */
extern const struct fault_hook host_service_restarted;
/* pcscd comes back without its reader, and with it afterwards */
extern const struct fault_hook host_reader_gone;
/* the card out, and back: at once, or when the act is over */
extern const struct fault_hook host_card_flicks, host_card_out;
/* the simulator itself dies, as a modem that crashes */
extern const struct fault_hook host_modem_crashes;
/* 50 ms more for each APDU */
extern const struct fault_hook host_reader_slow;

/* --- other programs (faults_other.c) --- */

/* Of pcscd's: it resets the card; holds a transaction; has the reader exclusively. */
extern const struct fault_hook host_other_resets, host_other_holds, host_other_excludes;
/* One with our module signs: it has to succeed. */
extern const struct fault_hook host_other_signs;
/* Somebody has a lock on our lock file. */
extern const struct fault_hook host_other_locks;

/* --- the program's own world (faults_world.c) --- */

/* It is killed. */
extern const struct fault_hook host_killed;
/* Another of its threads forks, and the child uses the module. */
extern const struct fault_hook host_forks;
/* SIGALRM a thousand times a second. */
extern const struct fault_hook host_signals;
/* All descriptors below 1024 are taken. */
extern const struct fault_hook host_many_descriptors;
/* open and socket fail: EMFILE, EPERM. */
extern const struct fault_hook host_no_descriptors, host_denied;
/* The wall clock is set: a year on. */
extern const struct fault_hook host_clock_jumps;
/* The module was used, unloaded and loaded again. */
extern const struct fault_hook host_reloads;
/* pcscd's polkit says no. */
extern const struct fault_hook host_not_authorised;
/* The lock folder: read-only and empty; full. */
extern const struct fault_hook host_lock_folder_gone, host_disk_full;

#endif
