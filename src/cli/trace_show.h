/* SPDX-License-Identifier: Apache-2.0 */
/* A trace for people (a ladder and a summary) or as JSON. */
#ifndef IOTSAFE_CLI_TRACE_SHOW_H
#define IOTSAFE_CLI_TRACE_SHOW_H

#include <stdio.h>
#include "text.h"
#include "trace_tally.h"

struct trace_show {
	FILE *f;
	bool as_json;
	struct json json;
	int64_t start; /* microseconds of the monotonic clock: zero of the ladder */
	struct trace_tally tally;
};

/* How the program ended. */
struct trace_end {
	int64_t at;
	int code;   /* its exit status */
	int signal; /* that ended it; 0: none */
};

void trace_show_begin(struct trace_show *s, char *const *program);
/* One line of the file; what is none is passed over. */
void trace_show_line(struct trace_show *s, const char *line);
void trace_show_end(struct trace_show *s, const struct trace_end *end);

#endif
