/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_tally.h"

#include <stdio.h>
#include <string.h>

#include "mem.h"

static struct trace_row *row_of(struct trace_rows *rows, const char *name)
{
	struct trace_row *r;

	for (size_t i = 0; i < rows->count; i++)
		if (strcmp(rows->row[i].name, name) == 0)
			return &rows->row[i];
	if (rows->count == ARRAY_LEN(rows->row))
		return &rows->row[rows->count - 1];
	r = &rows->row[rows->count++];
	snprintf(r->name, sizeof(r->name), "%s", name);
	return r;
}

/* A new thread takes the place of the one that was met longest ago, when all are taken. */
static struct trace_thread *thread_of(struct trace_tally *t, long id)
{
	struct trace_thread *th;

	for (size_t i = 0; i < t->thread_count; i++)
		if (t->thread[i].id == id)
			return &t->thread[i];
	if (t->thread_count < ARRAY_LEN(t->thread)) {
		th = &t->thread[t->thread_count++];
	} else {
		th = &t->thread[t->oldest];
		t->oldest = (t->oldest + 1) % ARRAY_LEN(t->thread);
	}
	*th = (struct trace_thread){.id = id};
	return th;
}

/* So much of the present call was not ours. */
static void note_inside(struct trace_thread *th, int64_t began, int64_t micros)
{
	if (th->inside == 0)
		th->first = began;
	th->inside += micros;
}

static enum trace_event exchanged(struct trace_tally *t, struct trace_thread *th,
				  const struct trace_record *answer, const char *failure,
				  int64_t at, struct trace_exchange *ret)
{
	struct trace_row *row = row_of(&t->commands, th->command.name);
	unsigned long out = th->command.n + th->command.masked;
	unsigned long in = answer ? answer->n + answer->masked + 2 : 0;
	int64_t micros = at - th->command.at;

	th->pending = false;
	th->exchanges++;
	note_inside(th, th->command.at, micros);
	row->count++;
	row->failed += !answer;
	row->out += out;
	row->in += in;
	row->micros += micros;
	t->exchanges++;
	t->failed += !answer;
	t->out += out;
	t->in += in;
	t->exchange_micros += micros;
	if (answer && (t->quickest == 0 || micros < t->quickest))
		t->quickest = micros;
	*ret = (struct trace_exchange){&th->command, answer, failure, micros};
	return TRACE_EXCHANGED;
}

/* What lies before the call's beginning was not in it. */
static enum trace_event called(struct trace_tally *t, struct trace_thread *th,
			       const struct trace_record *r, struct trace_call *ret)
{
	struct trace_row *row = row_of(&t->calls, r->name);
	bool within = th->inside > 0 && th->first >= r->at - r->micros - 1;

	*ret = (struct trace_call){r->name, r->micros, within ? th->inside : 0,
				   within ? th->exchanges : 0};
	row->count++;
	row->micros += r->micros;
	row->exchanges += ret->exchanges;
	t->call_micros += r->micros;
	t->own_micros += r->micros > ret->inside ? r->micros - ret->inside : 0;
	th->inside = 0;
	th->exchanges = 0;
	return TRACE_CALLED;
}

static enum trace_event spent(struct trace_tally *t, struct trace_thread *th,
			      const struct trace_record *r)
{
	struct trace_row *row = row_of(&t->spans, r->name);

	row->count++;
	row->micros += r->micros;
	note_inside(th, r->at - r->micros, r->micros);
	if (strncmp(r->name, "wait", 4) == 0)
		t->wait_micros += r->micros;
	else
		t->link_micros += r->micros;
	return TRACE_NOTHING;
}

/* At debug, "COMMAND: why": the exchange has failed, and that is its end. */
static const char *failure_in(const struct trace_thread *th, const struct trace_record *r)
{
	size_t n = strlen(th->command.name);

	if (!th->pending || strcmp(r->name, "debug") != 0 ||
	    strncmp(r->text, th->command.name, n) != 0 || strncmp(r->text + n, ": ", 2) != 0)
		return NULL;
	return r->text + n + 2;
}

enum trace_event trace_tally_add(struct trace_tally *t, const struct trace_record *r,
				 struct trace_exchange *ret_x, struct trace_call *ret_call)
{
	struct trace_thread *th = thread_of(t, r->thread);
	const char *failure;

	switch (r->kind) {
	case TRACE_COMMAND:
		th->pending = true;
		th->command = *r;
		return TRACE_NOTHING;
	case TRACE_ANSWER:
		if (!th->pending || strcmp(th->command.name, r->name) != 0)
			return TRACE_NOTHING;
		return exchanged(t, th, r, NULL, r->at, ret_x);
	case TRACE_SPAN:
		return strncmp(r->name, "C_", 2) == 0 ? called(t, th, r, ret_call)
						      : spent(t, th, r);
	case TRACE_SAID:
		break;
	}
	failure = failure_in(th, r);
	if (failure)
		return exchanged(t, th, NULL, failure, r->at, ret_x);
	return strcmp(r->name, "error") == 0 || strcmp(r->name, "info") == 0 ? TRACE_REMARK
									     : TRACE_NOTHING;
}
