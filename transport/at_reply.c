/* SPDX-License-Identifier: Apache-2.0 */
#include "at_reply.h"

#include <ctype.h>
#include <string.h>

#include "log.h"
#include "mem.h"

static const struct at_expect nothing_in_flight = {NULL, AT_WANT_NOTHING, NULL};

void at_reply_init(struct at_reply *r)
{
	*r = (struct at_reply){.expect = nothing_in_flight};
}

static void forget_info(struct at_reply *r)
{
	mem_wipe(r->info, r->info_n);
	r->info_n = 0;
}

void at_reply_begin(struct at_reply *r, const struct at_expect *x)
{
	r->expect = *x;
	r->final = AT_FINAL_NONE;
	r->prompt = false;
	r->foreign = false;
	r->stray = false;
	r->open = false;
	forget_info(r);
	r->info_count = 0;
}

bool at_reply_done(const struct at_reply *r)
{
	return r->final != AT_FINAL_NONE || r->prompt;
}

struct bytes at_reply_info(const struct at_reply *r)
{
	return bytes_of(r->info, r->info_n);
}

void at_reply_wipe(struct at_reply *r)
{
	forget_info(r);
	r->expect = nothing_in_flight;
}

static void add_info(struct at_reply *r, struct bytes text)
{
	struct wtr w = wtr_on(r->info + r->info_n, sizeof(r->info) - r->info_n);
	wtr_put(&w, text);
	if (wtr_done(&w) == ST_OK)
		r->info_n += w.n;
	size_t quotes = 0;
	for (size_t i = 0; i < r->info_n; i++)
		quotes += r->info[i] == '"';
	r->open = quotes % 2 == 1;
}

static void keep_info(struct at_reply *r, struct bytes text)
{
	/* of free text the first line counts, of an answer the last (a modem that repeats an older
	 * answer says it before the new one) */
	if (r->expect.want == AT_WANT_TEXT && r->info_count > 0)
		return;
	forget_info(r);
	r->info_count++;
	add_info(r, text);
}

/* The rest of an information line that an unsolicited one has split: hex digits and a quote. */
static bool is_continuation(const struct at_reply *r, struct bytes line)
{
	if (!r->open || line.n == 0 || line.p[line.n - 1] != '"')
		return false;
	for (size_t i = 0; i + 1 < line.n; i++)
		if (!isxdigit(line.p[i]))
			return false;
	return true;
}

static void note_final(struct at_reply *r, const struct at_line *l)
{
	if (!r->expect.sent) {
		r->stray = true;
		return;
	}
	r->final = l->kind == AT_OK ? AT_FINAL_OK : AT_FINAL_ERROR;
	r->code = l->code;
}

static void note_urc(struct at_reply *r, const struct at_line *l, struct bytes line)
{
	if (l->sim == AT_SIM_OUT && r->sim != AT_SIM_OUT)
		r->outs++;
	if (l->sim != AT_SIM_NO_NEWS)
		r->sim = l->sim;
	/* the name only: the rest may be somebody's message, or of our own command as a broken
	 * echo returned it */
	if (log_wants(LOG_LEVEL_DEBUG)) {
		size_t n = 0;
		while (n < line.n && n < 16 && line.p[n] != ':' && line.p[n] != '"' &&
		       !isdigit(line.p[n]))
			n++;
		log_debug("at unsolicited=%.*s", (int)n, (const char *)line.p);
	}
}

static void take_line(struct at_reply *r, struct bytes line)
{
	/* once the final result is there, no command is in flight any more */
	bool done = at_reply_done(r);
	const struct at_expect *x = done ? &nothing_in_flight : &r->expect;
	if (!done && is_continuation(r, line)) {
		add_info(r, line);
		return;
	}
	struct at_line l = at_line_classify(x, r->info_count > 0, line);
	switch (l.kind) {
	case AT_NOISE:
	case AT_ECHO:
		break;
	case AT_INFO:
		keep_info(r, l.text);
		break;
	case AT_OK:
	case AT_ERROR:
		if (done)
			r->stray = true;
		else
			note_final(r, &l);
		break;
	case AT_FOREIGN:
		if (x->sent)
			r->foreign = true;
		else
			r->stray = true;
		break;
	case AT_PROMPT:
		r->prompt = true;
		break;
	case AT_URC:
		note_urc(r, &l, line);
		break;
	}
}

static void end_line(struct at_reply *r)
{
	if (r->line_n > 0 && !r->overlong)
		take_line(r, bytes_of(r->line, r->line_n));
	mem_wipe(r->line, r->line_n);
	r->line_n = 0;
	r->overlong = false;
}

void at_reply_feed(struct at_reply *r, struct bytes in)
{
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];
		if (c == '\r' || c == '\n') {
			end_line(r);
			continue;
		}
		/* NULs of a waking modem, FFs of a bad line */
		if (c < 0x20 || c > 0x7E)
			continue;
		if (r->line_n == sizeof(r->line)) {
			r->overlong = true;
			continue;
		}
		r->line[r->line_n++] = (char)c;
		/* a prompt is the one thing that no CR follows */
		if (r->line_n == 2 && r->line[0] == '>' && r->line[1] == ' ')
			end_line(r);
	}
}
