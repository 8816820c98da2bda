/* SPDX-License-Identifier: Apache-2.0 */
/* Complaints, one line each on standard error. Whoever fails says so, once, where it knows most;
 * what is above it only passes the failure on. */
#ifndef IOTSAFE_CLI_SAY_H
#define IOTSAFE_CLI_SAY_H

#include "status.h"

/* The subcommand, for the head of each line. Borrowed. */
void say_command(const char *name);
/* "iotsafe COMMAND: text"; control characters become '?'. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Both at once: says the text and answers st. */
#define SAY(st, ...) (say(__VA_ARGS__), (st))

#endif
