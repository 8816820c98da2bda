/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the file that IOTSAFE_TRACE names (src/base/log_file.h, log.h), read. */
#ifndef IOTSAFE_CLI_TRACE_RECORD_H
#define IOTSAFE_CLI_TRACE_RECORD_H

#include <stdbool.h>
#include "bytes.h"

enum { TRACE_NAME_MAX = 64, TRACE_BYTES_MAX = 300, TRACE_TEXT_MAX = 400 };

enum trace_kind { TRACE_COMMAND, TRACE_ANSWER, TRACE_SPAN, TRACE_SAID };

struct trace_record {
	int64_t at; /* microseconds of the monotonic clock */
	long pid, thread;
	enum trace_kind kind;
	char name[TRACE_NAME_MAX];	/* the command's or the span's; of TRACE_SAID the level */
	uint8_t bytes[TRACE_BYTES_MAX]; /* what is shown of it, without the status word */
	size_t n, masked;
	uint16_t sw;		   /* of an answer */
	int64_t micros;		   /* of a span */
	char text[TRACE_TEXT_MAX]; /* what was said */
};

/* ST_MALFORMED for anything else; *ret is then undefined. The line has no line feed. */
status trace_record_parse(const char *line, struct trace_record *ret) MUST_USE;

#endif
