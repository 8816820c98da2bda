/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that a rig starts: each dies with the test that started it. */
#ifndef IOTSAFE_TESTS_FLOW_RIG_PROCESS_H
#define IOTSAFE_TESTS_FLOW_RIG_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

enum { RIG_WAIT_MS = 20000 };

/* The value of an environment variable that meson sets; fails the test without it. */
const char *rig_process_env(const char *name);
/* Starts argv with stdout into *ret_out (may be NULL: inherited). */
pid_t rig_process_start(const char *const argv[], int *ret_out);
/* Ends *pid by this signal, after five seconds by SIGKILL; *pid is 0 afterwards. */
void rig_process_end(pid_t *pid, int sig);
/* Reads until "ready" comes, and closes fd. */
void rig_process_await_ready(int fd, const char *who);
/* Has this child ended? Waits for it at most so long, and leaves it to waitpid. */
bool rig_process_ends(pid_t pid, int ms);
/* Runs it; its exit code must be 0. */
void rig_process_run(const char *const argv[]);

#endif
