/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's APDU log: "seconds front command-hex response-hex", one line an APDU. */
#include "rig.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

static size_t unhex(const char *text, uint8_t *dst, size_t cap)
{
	size_t n = 0;
	unsigned v;

	while (n < cap && text[0] && text[1] && sscanf(text, "%2x", &v) == 1) {
		dst[n++] = (uint8_t)v;
		text += 2;
	}
	return n;
}

void rig_log_each(const struct rig *r, size_t since,
		  void (*visit)(void *ctx, const struct rig_apdu *a), void *ctx)
{
	FILE *f = fopen(r->log, "re");
	char *line = NULL;
	size_t cap = 0, at = 0;

	while (f && getline(&line, &cap, f) > 0) {
		struct rig_apdu a = {0};
		char cmd[700] = "", reply[700] = "";

		/* "mark" lines have no APDU */
		if (sscanf(line, "%*s %15s %699[0-9A-Fa-f] %699[0-9A-Fa-f]", a.front, cmd, reply) <
		    2)
			continue;
		if (at++ < since)
			continue;
		a.cmd_n = unhex(cmd, a.cmd, sizeof(a.cmd));
		a.reply_n = unhex(reply, a.reply, sizeof(a.reply));
		visit(ctx, &a);
	}
	free(line);
	if (f)
		fclose(f);
}

struct count {
	size_t n;
	int ins; /* -1: any */
};

static void count_one(void *ctx, const struct rig_apdu *a)
{
	struct count *c = ctx;

	if (c->ins < 0 || (a->cmd_n >= 2 && a->cmd[1] == c->ins))
		c->n++;
}

size_t rig_log_mark(const struct rig *r)
{
	return rig_log_count(r, 0);
}

size_t rig_log_count(const struct rig *r, size_t since)
{
	struct count c = {0, -1};

	rig_log_each(r, since, count_one, &c);
	return c.n;
}

size_t rig_log_count_ins(const struct rig *r, size_t since, uint8_t ins)
{
	struct count c = {0, ins};

	rig_log_each(r, since, count_one, &c);
	return c.n;
}

static void print_one(void *ctx, const struct rig_apdu *a)
{
	(void)ctx;
	fprintf(stderr, "  %-6s", a->front);
	for (size_t i = 0; i < a->cmd_n; i++)
		fprintf(stderr, "%02X", a->cmd[i]);
	fprintf(stderr, " -> ");
	for (size_t i = 0; i < a->reply_n; i++)
		fprintf(stderr, "%02X", a->reply[i]);
	fprintf(stderr, "\n");
}

void rig_log_dump(const struct rig *r, size_t since)
{
	rig_log_each(r, since, print_one, NULL);
}
