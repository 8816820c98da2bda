/* SPDX-License-Identifier: Apache-2.0 */
/* A line on the terminal (standard error) while the SIM takes its time: what it is doing, how far
 * it is, for how long. Nothing where standard error is no terminal. It comes after half a second
 * and goes without a trace. */
#ifndef IOTSAFE_CLI_PROGRESS_H
#define IOTSAFE_CLI_PROGRESS_H

#include <stdbool.h>
#include "container.h"
#include "trace_record.h"

/* From here on; before the module is loaded, which tells by IOTSAFE_TRACE. `what` is borrowed. */
void progress_begin(const char *what);
/* The line is gone, for good. As often as one likes. */
void progress_end(void);
/* The terminal belongs to somebody else meanwhile. */
void progress_hold(bool on);

/* --- its reckoning, for tests --- */

enum { PROGRESS_LIST_MAX = 8192 };

struct progress_state {
	char command[TRACE_NAME_MAX]; /* the last one */
	uint8_t list[PROGRESS_LIST_MAX];
	size_t list_n;
	bool listing;	    /* answers are still of the object list */
	size_t done, total; /* bytes of the file that is read; total 0: not known */
	size_t offset;	    /* where the present READ FILE begins */
};

void progress_note(struct progress_state *s, const struct trace_record *r);

#endif
