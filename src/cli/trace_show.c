/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_show.h"

#include <string.h>

#include "explain.h"
#include "hex.h"
#include "mem.h"
#include "tint.h"

enum { ABRIDGED = 14, ABOUT_MAX = 256 };

static double ms(int64_t micros)
{
	return (double)micros / 1000.0;
}

static bool is_success(uint16_t sw)
{
	return sw == 0x9000 || (sw & 0xFF00) == 0x9100 || (sw & 0xFF00) == 0x6100;
}

/* --- the ladder, for people --- */

static void put_head(struct trace_show *s, const struct trace_record *r, int64_t at)
{
	fprintf(s->f, "%s%10.1f %7ld%s ", tint(s->f, TINT_DIM), ms(at - s->start), r->pid,
		tint(s->f, TINT_NONE));
}

/* The first bytes, and how many there are. */
static void put_bytes(struct trace_show *s, const struct trace_record *r)
{
	char hex[2 * ABRIDGED + 1];
	size_t n = r->n < ABRIDGED ? r->n : ABRIDGED, all = r->n + r->masked;

	fprintf(s->f, " %s%s", tint(s->f, TINT_DIM),
		hex_str(bytes_of(r->bytes, n), hex, sizeof(hex)));
	if (n < all)
		fprintf(s->f, "… %zu bytes", all);
	if (r->masked)
		fprintf(s->f, ", %zu masked", r->masked);
	fprintf(s->f, "%s", tint(s->f, TINT_NONE));
}

static void put_exchange(struct trace_show *s, const struct trace_exchange *x)
{
	const struct trace_record *c = x->command, *a = x->answer;
	char about[ABOUT_MAX], clean[TRACE_TEXT_MAX];

	explain_command(c->name, bytes_of(c->bytes, c->n), about, sizeof(about));
	put_head(s, c, c->at);
	fprintf(s->f, "--> %s%s%s%s%s", tint(s->f, TINT_BOLD), c->name, tint(s->f, TINT_NONE),
		about[0] ? ": " : "", about);
	put_bytes(s, c);
	fprintf(s->f, "\n");
	put_head(s, c, c->at + x->micros);
	if (!a) {
		fprintf(s->f, "<-- %s%s%s, after %.1f ms\n", tint(s->f, TINT_BAD),
			text_clean(bytes_str(x->failure), clean, sizeof(clean)),
			tint(s->f, TINT_NONE), ms(x->micros));
		return;
	}
	fprintf(s->f, "<-- %s%04X %s%s, %.1f ms",
		tint(s->f, is_success(a->sw) ? TINT_GOOD : TINT_WARN), a->sw,
		explain_status(c->name, a->sw), tint(s->f, TINT_NONE), ms(x->micros));
	if (a->n + a->masked > 0)
		put_bytes(s, a);
	fprintf(s->f, "\n");
}

static void put_call(struct trace_show *s, const struct trace_record *r, const struct trace_call *c)
{
	if (c->exchanges == 0)
		return;
	put_head(s, r, r->at);
	fprintf(s->f, "    %s%s%s: %.1f ms, of which %.1f ms in the link and the card\n",
		tint(s->f, TINT_NAME), c->name, tint(s->f, TINT_NONE), ms(c->micros),
		ms(c->inside));
}

static void put_remark(struct trace_show *s, const struct trace_record *r)
{
	char clean[TRACE_TEXT_MAX];

	put_head(s, r, r->at);
	fprintf(s->f, "    %s%s: %s%s\n",
		tint(s->f, strcmp(r->name, "error") == 0 ? TINT_BAD : TINT_DIM), r->name,
		text_clean(bytes_str(r->text), clean, sizeof(clean)), tint(s->f, TINT_NONE));
}

/* --- the same as JSON --- */

static unsigned long micros_of(int64_t v)
{
	return v > 0 ? (unsigned long)v : 0;
}

static void json_bytes(struct json *j, const char *key, const struct trace_record *r)
{
	json_open_object(j, key);
	json_hex(j, "shown", bytes_of(r->bytes, r->n));
	json_number(j, "masked", r->masked);
	json_close_object(j);
}

static void json_exchange(struct trace_show *s, const struct trace_exchange *x)
{
	const struct trace_record *c = x->command, *a = x->answer;
	char about[ABOUT_MAX], sw[8];
	struct json *j = &s->json;

	json_open_object(j, NULL);
	json_number(j, "at_us", micros_of(c->at - s->start));
	json_number(j, "pid", (unsigned long)c->pid);
	json_number(j, "thread", (unsigned long)c->thread);
	json_string(j, "name", c->name);
	json_string(j, "about",
		    explain_command(c->name, bytes_of(c->bytes, c->n), about, sizeof(about)));
	json_bytes(j, "command", c);
	if (a) {
		json_bytes(j, "answer", a);
		snprintf(sw, sizeof(sw), "%04X", a->sw);
		json_string(j, "sw", sw);
		json_string(j, "meaning", explain_status(c->name, a->sw));
	} else {
		json_string(j, "failure", x->failure);
	}
	json_number(j, "took_us", micros_of(x->micros));
	json_close_object(j);
}

/* --- both --- */

/* Without the PIN that a PKCS#11 URI in it may hold. */
static void json_argument(struct json *j, const char *arg)
{
	static const char key[] = "pin-value=";
	const char *pin = strstr(arg, key);
	char text[1024];
	size_t n = pin ? (size_t)(pin - arg) + strlen(key) : 0;

	if (!pin) {
		json_string(j, NULL, arg);
		return;
	}
	snprintf(text, sizeof(text), "%.*s[masked]%s", (int)n, arg,
		 pin + strlen(key) + strcspn(pin + strlen(key), "&\"' "));
	json_string(j, NULL, text);
}

void trace_show_begin(struct trace_show *s, char *const *program)
{
	if (!s->as_json)
		return;
	s->json = json_on(s->f);
	json_open_object(&s->json, NULL);
	json_open_array(&s->json, "program");
	for (size_t i = 0; program[i]; i++)
		json_argument(&s->json, program[i]);
	json_close_array(&s->json);
	json_open_array(&s->json, "exchanges");
}

void trace_show_line(struct trace_show *s, const char *line)
{
	struct trace_record r;
	struct trace_exchange x = {0};
	struct trace_call call = {0};
	enum trace_event event;

	if (trace_record_parse(line, &r) != ST_OK)
		return;
	event = trace_tally_add(&s->tally, &r, &x, &call);
	if (event == TRACE_EXCHANGED && s->as_json)
		json_exchange(s, &x);
	else if (event == TRACE_EXCHANGED)
		put_exchange(s, &x);
	else if (event == TRACE_CALLED && !s->as_json)
		put_call(s, &r, &call);
	else if (event == TRACE_REMARK && !s->as_json)
		put_remark(s, &r);
}

/* --- the summary --- */

static void put_rows(struct trace_show *s)
{
	const struct trace_tally *t = &s->tally;

	fprintf(s->f, "\n%s%-28s %6s %9s %9s %10s %9s%s\n", tint(s->f, TINT_BOLD), "command",
		"count", "bytes out", "bytes in", "ms", "ms each", tint(s->f, TINT_NONE));
	for (size_t i = 0; i < t->commands.count; i++) {
		const struct trace_row *r = &t->commands.row[i];

		fprintf(s->f, "%-28s %6lu %9lu %9lu %10.1f %9.1f", r->name, r->count, r->out, r->in,
			ms(r->micros), ms(r->micros) / (double)r->count);
		if (r->failed)
			fprintf(s->f, "  %s%lu failed%s", tint(s->f, TINT_BAD), r->failed,
				tint(s->f, TINT_NONE));
		fprintf(s->f, "\n");
	}
	fprintf(s->f, "%-28s %6lu %9lu %9lu %10.1f\n", "all", t->exchanges, t->out, t->in,
		ms(t->exchange_micros));
	fprintf(s->f, "\n%s%-28s %6s %9s %30s%s\n", tint(s->f, TINT_BOLD), "call of the module",
		"count", "exchanges", "ms", tint(s->f, TINT_NONE));
	for (size_t i = 0; i < t->calls.count; i++)
		if (t->calls.row[i].exchanges > 0)
			fprintf(s->f, "%-28s %6lu %9lu %30.1f\n", t->calls.row[i].name,
				t->calls.row[i].count, t->calls.row[i].exchanges,
				ms(t->calls.row[i].micros));
}

static void put_times(struct trace_show *s, const struct trace_end *end)
{
	const struct trace_tally *t = &s->tally;
	int64_t link = t->quickest * (int64_t)t->exchanges;

	link = link < t->exchange_micros ? link : t->exchange_micros; /* some may have failed */
	fprintf(s->f, "\n%10.1f ms  from the program's start to its end\n", ms(end->at - s->start));
	fprintf(s->f, "%10.1f ms  in exchanges: the link and the card\n", ms(t->exchange_micros));
	fprintf(s->f,
		"%10.1f ms    of these in the link, if the quickest (%.1f ms) is nothing else\n",
		ms(link), ms(t->quickest));
	fprintf(s->f, "%10.1f ms    and in the card\n", ms(t->exchange_micros - link));
	fprintf(s->f, "%10.1f ms  in the link besides: opening, ending, the modem's own channels\n",
		ms(t->link_micros));
	fprintf(s->f, "%10.1f ms  waiting for others who use the SIM\n", ms(t->wait_micros));
	fprintf(s->f, "%10.1f ms  in the module itself, in %zu kinds of calls\n", ms(t->own_micros),
		t->calls.count);
}

static void put_summary(struct trace_show *s, const struct trace_end *end)
{
	if (s->tally.exchanges > 0) {
		put_rows(s);
		put_times(s, end);
	} else if (s->tally.calls.count > 0) {
		fprintf(s->f, "The program called the module, and no SIM was needed for it.\n");
	} else {
		fprintf(s->f, "The program did not call the module: it does not load it, reaches "
			      "it by an agent (p11-kit server), or runs with other rights.\n");
	}
	if (end->signal)
		fprintf(s->f, "The program was ended by signal %d (%s).\n", end->signal,
			strsignal(end->signal));
}

static void json_rows(struct json *j, const char *key, const struct trace_rows *rows, bool calls)
{
	json_open_array(j, key);
	for (size_t i = 0; i < rows->count; i++) {
		const struct trace_row *r = &rows->row[i];

		json_open_object(j, NULL);
		json_string(j, "name", r->name);
		json_number(j, "count", r->count);
		if (calls) {
			json_number(j, "exchanges", r->exchanges);
		} else {
			json_number(j, "failed", r->failed);
			json_number(j, "bytes_out", r->out);
			json_number(j, "bytes_in", r->in);
		}
		json_number(j, "took_us", micros_of(r->micros));
		json_close_object(j);
	}
	json_close_array(j);
}

static void json_summary(struct trace_show *s, const struct trace_end *end)
{
	const struct trace_tally *t = &s->tally;
	struct json *j = &s->json;

	json_close_array(j);
	json_rows(j, "commands", &t->commands, false);
	json_rows(j, "calls", &t->calls, true);
	json_open_object(j, "summary");
	json_number(j, "exchanges", t->exchanges);
	json_number(j, "failed", t->failed);
	json_number(j, "bytes_out", t->out);
	json_number(j, "bytes_in", t->in);
	json_number(j, "program_us", micros_of(end->at - s->start));
	json_number(j, "exchanges_us", micros_of(t->exchange_micros));
	json_number(j, "quickest_us", micros_of(t->quickest));
	json_number(j, "link_us", micros_of(t->link_micros));
	json_number(j, "wait_us", micros_of(t->wait_micros));
	json_number(j, "module_us", micros_of(t->own_micros));
	json_close_object(j);
	if (end->signal)
		json_number(j, "signal", (unsigned long)end->signal);
	else
		json_number(j, "exit", (unsigned long)end->code);
	json_close_object(j);
	json_end(j);
}

void trace_show_end(struct trace_show *s, const struct trace_end *end)
{
	if (s->as_json)
		json_summary(s, end);
	else
		put_summary(s, end);
}
