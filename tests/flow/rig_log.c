/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's APDU log: "seconds front command-hex response-hex", one line an APDU. */
#include "rig.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <cmocka.h>

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Up to what is no pair of digits; *at comes to stand there. */
static size_t unhex(const char **at, uint8_t *dst, size_t cap)
{
	const char *text = *at;
	size_t n = 0;

	for (; n < cap && nibble(text[0]) >= 0 && nibble(text[1]) >= 0; text += 2)
		dst[n++] = (uint8_t)(nibble(text[0]) << 4 | nibble(text[1]));
	*at = text;
	return n;
}

static const char *after_space(const char *text)
{
	text += strcspn(text, " \n");
	return text + strspn(text, " ");
}

/* False for the lines that are no exchange ("mark"). */
static bool parse(const char *line, struct rig_apdu *a)
{
	const char *front = after_space(line), *at = after_space(front);
	size_t n = strcspn(front, " \n");

	*a = (struct rig_apdu){0};
	if (n >= sizeof(a->front))
		return false;
	memcpy(a->front, front, n);
	a->cmd_n = unhex(&at, a->cmd, sizeof(a->cmd));
	at = after_space(at);
	a->reply_n = unhex(&at, a->reply, sizeof(a->reply));
	return a->cmd_n > 0;
}

void rig_log_each(const struct rig *r, size_t since,
		  void (*visit)(void *ctx, const struct rig_apdu *a), void *ctx)
{
	FILE *f = fopen(r->log, "re");
	struct rig_apdu a;
	char *line = NULL;
	size_t cap = 0;

	if (f && fseek(f, (long)since, SEEK_SET) != 0)
		fail_msg("%s: %s", r->log, strerror(errno));
	while (f && getline(&line, &cap, f) > 0)
		if (parse(line, &a))
			visit(ctx, &a);
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
	struct stat st;

	return stat(r->log, &st) == 0 ? (size_t)st.st_size : 0;
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

static void print_end(const char *path)
{
	char text[4096];
	FILE *f = fopen(path, "re");

	if (f && fseek(f, -(long)sizeof(text), SEEK_END) != 0)
		rewind(f);
	size_t n = f ? fread(text, 1, sizeof(text), f) : 0;
	fwrite(text, 1, n, stderr);
	if (f)
		fclose(f);
}

void rig_log_dump(const struct rig *r, size_t since)
{
	rig_log_each(r, since, print_one, NULL);
	print_end(r->proxy_log);
}
