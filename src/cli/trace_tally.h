/* SPDX-License-Identifier: Apache-2.0 */
/* What a trace adds up to: by kind of command, by call of the module, and where the time went. */
#ifndef IOTSAFE_CLI_TRACE_TALLY_H
#define IOTSAFE_CLI_TRACE_TALLY_H

#include "trace_record.h"

enum { TRACE_ROWS_MAX = 96, TRACE_THREADS_MAX = 64 };

struct trace_row {
	char name[TRACE_NAME_MAX];
	unsigned long count, failed;
	unsigned long out, in;	 /* bytes, of commands */
	unsigned long exchanges; /* in calls */
	int64_t micros;
};

/* The last row takes what no other has room for. */
struct trace_rows {
	struct trace_row row[TRACE_ROWS_MAX];
	size_t count;
};

/* What is under way in one thread. */
struct trace_thread {
	long id;
	bool pending;
	struct trace_record command; /* whose answer is waited for */
	int64_t first;		     /* when what follows began */
	int64_t inside;		     /* microseconds of link and waits since the last call */
	unsigned long exchanges;
};

struct trace_tally {
	struct trace_rows commands, calls, spans; /* spans: of the link, and waits */
	int64_t exchange_micros, link_micros, wait_micros, call_micros, own_micros;
	int64_t quickest; /* exchange: what the link takes, if the card took no time */
	unsigned long exchanges, failed, out, in;
	struct trace_thread thread[TRACE_THREADS_MAX];
	size_t thread_count, oldest;
};

struct trace_exchange {
	const struct trace_record *command;
	const struct trace_record *answer; /* NULL: it failed */
	const char *failure;
	int64_t micros;
};

struct trace_call {
	const char *name;
	int64_t micros, inside; /* inside: of that, in exchanges, the link and waits */
	unsigned long exchanges;
};

enum trace_event { TRACE_NOTHING, TRACE_EXCHANGED, TRACE_CALLED, TRACE_REMARK };

/* Takes a record in. TRACE_EXCHANGED fills *ret_x, whose pointers live until the next record;
 * TRACE_CALLED fills *ret_call; TRACE_REMARK: the record is something said at error or info. */
enum trace_event trace_tally_add(struct trace_tally *t, const struct trace_record *r,
				 struct trace_exchange *ret_x, struct trace_call *ret_call);

#endif
