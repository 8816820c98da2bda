/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tint.h"

static const char *const words[] = {"ok", "note", "FAIL", "-"};
static const enum tint tints[] = {TINT_GOOD, TINT_WARN, TINT_BAD, TINT_DIM};
static const char *const json_words[] = {"ok", "note", "fail", "skipped"};

struct report report_begin(bool as_json)
{
	struct report r = {.json = json_on(stdout), .as_json = as_json};

	if (as_json) {
		json_open_object(&r.json, NULL);
		json_open_array(&r.json, "checks");
	}
	return r;
}

void report_slot(struct report *r, const char *name, const char *uri)
{
	char clean[512];

	r->slot = name;
	if (!r->as_json)
		printf("slot \"%s\" (%s)\n", name,
		       text_clean(bytes_str(uri), clean, sizeof(clean)));
}

void report_add(struct report *r, const char *step, enum verdict verdict, const char *remedy,
		const char *fmt, ...)
{
	char text[700], clean[700];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_clean(bytes_str(text), clean, sizeof(clean));
	r->failed = r->failed || verdict == VERDICT_FAIL;
	if (!r->as_json) {
		printf("%s%-*s %s%-4s%s  %s\n", r->slot ? "  " : "", r->slot ? 13 : 15, step,
		       tint(stdout, tints[verdict]), words[verdict], tint(stdout, TINT_NONE),
		       clean);
		if (remedy)
			printf("%22s%s\n", "-> ", remedy);
		fflush(stdout); /* the next step may take its time */
		return;
	}
	json_open_object(&r->json, NULL);
	json_string(&r->json, "slot", r->slot);
	json_string(&r->json, "step", step);
	json_string(&r->json, "result", json_words[verdict]);
	json_string(&r->json, "detail", text);
	json_string(&r->json, "remedy", remedy);
	json_close_object(&r->json);
}

void report_lines(struct report *r, const char *program, const char *lines)
{
	r->lines_of = program;
	free(r->lines);
	r->lines = strdup(lines);
}

void report_free(struct report *r)
{
	free(r->lines);
}

static void print_lines(const struct report *r)
{
	printf("%slines for %s:%s\n", tint(stdout, TINT_BOLD), r->lines_of,
	       tint(stdout, TINT_NONE));
	for (const char *at = r->lines; *at;) {
		size_t n = strcspn(at, "\n");

		printf("    %.*s\n", (int)n, at);
		at += n + (at[n] == '\n');
	}
}

void report_end(struct report *r)
{
	if (!r->as_json) {
		if (r->lines)
			print_lines(r);
		printf("%s%s%s\n", tint(stdout, r->failed ? TINT_BAD : TINT_GOOD),
		       r->failed ? "Something is wrong." : "All is well.", tint(stdout, TINT_NONE));
		return;
	}
	json_close_array(&r->json);
	json_bool(&r->json, "ok", !r->failed);
	if (r->lines) {
		json_string(&r->json, "client", r->lines_of);
		json_text(&r->json, "lines", r->lines);
	}
	json_close_object(&r->json);
	json_end(&r->json);
}
