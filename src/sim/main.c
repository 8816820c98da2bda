/* SPDX-License-Identifier: Apache-2.0 */
/* iotsafe-sim: the command line (design.md §6). */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card.h"
#include "config.h"
#include "fault.h"
#include "front.h"
#include "log.h"
#include "make.h"
#include "mem.h"
#include "profile.h"
#include "text.h"
#include "uicc_pin_make.h"

enum { EXIT_USAGE = 2, FRONTS_MAX = 8, LATENCY_MAX_MS = 600000, BYTE_RATE_MAX = 100000000 };

static const struct sim_front_ops *const fronts[] = {
	&sim_front_unix, &sim_front_at, &sim_front_mbim, &sim_front_qmux, &sim_front_vpcd,
};

/* --- help --- */

static void help(FILE *to)
{
	fputs("iotsafe-sim: a software SIM with an IoT SAFE applet\n\n"
	      "  iotsafe-sim new DIR --profile NAME [--iccid DIGITS] [--cert-size BYTES]\n"
	      "                  [--pin DIGITS] [--puk DIGITS]\n"
	      "                  [--key ID=HEX]... [--secret ID=HEX]...\n"
	      "      makes a card: keys, containers, and the demo's certificates beside it\n"
	      "  iotsafe-sim run DIR FRONT... [options]\n"
	      "      runs it until SIGTERM; prints \"ready\" once every front answers\n\n"
	      "fronts:\n",
	      to);
	for (size_t i = 0; i < ARRAY_LEN(fronts); i++)
		fprintf(to, "  %s\n", fronts[i]->help);
	fputs("options of run:\n"
	      "  --apdu-log FILE      a line an APDU: seconds, front, command, response\n"
	      "  --latency MS         card time added to each APDU\n"
	      "  --byte-rate BPS      the link's speed in bytes a second\n"
	      "  --fault SPEC         NAME[/INS][@N][xCOUNT][:PARAM], repeatable\n\n"
	      "profiles:\n",
	      to);
	for (size_t i = 0; i < profile_count; i++)
		fprintf(to, "  %-9s %s\n", profiles[i].name, profiles[i].summary);
	fputs("\nfaults:\n", to);
	for (unsigned i = FAULT_NONE + 1; i < FAULT_COUNT; i++)
		fprintf(to, "  %-6s %s\n", sim_fault_label((enum sim_fault_name)i),
			sim_fault_text((enum sim_fault_name)i));
}

__attribute__((format(printf, 1, 2))) static int complain(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fputs("iotsafe-sim: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputs("\n(iotsafe-sim --help shows what there is)\n", stderr);
	va_end(ap);
	return EXIT_USAGE;
}

/* --- arguments --- */

struct args {
	char **at;
	int left;
};

static const char *next(struct args *a)
{
	if (a->left == 0)
		return NULL;
	a->left--;
	return *a->at++;
}

static bool number(const char *text, unsigned long max, unsigned long *ret_v)
{
	return text && text_number(bytes_str(text), 10, ret_v) == ST_OK && *ret_v <= max;
}

/* --- new --- */

struct creating {
	const char *dir;
	struct make_options options;
};

static int set_cert_size(struct make_options *o, const char *argument)
{
	unsigned long size;
	if (!number(argument, FILE_SIZE_MAX, &size))
		return complain("--cert-size: expected bytes, at most %d", FILE_SIZE_MAX);
	o->cert_size = size;
	return EXIT_SUCCESS;
}

static int add_value(const char *option, const char *argument, const char **list, size_t *n)
{
	if (!argument)
		return complain("%s: expected ID=HEX", option);
	if (*n == MAKE_VALUES_MAX)
		return complain("%s: at most %d of them", option, MAKE_VALUES_MAX);
	list[(*n)++] = argument;
	return EXIT_SUCCESS;
}

static int add_key(struct make_options *o, const char *argument)
{
	return add_value("--key", argument, o->key, &o->keys);
}

static int add_secret(struct make_options *o, const char *argument)
{
	return add_value("--secret", argument, o->secret, &o->secrets);
}

/* An option whose argument is taken as it is, or one that is looked at. */
static const struct {
	const char *option;
	size_t offset;
	const char *expected;
	int (*set)(struct make_options *o, const char *argument);
} new_options[] = {
	{"--profile", offsetof(struct make_options, profile), "NAME", NULL},
	{"--iccid", offsetof(struct make_options, iccid), "18 to 20 digits", NULL},
	{"--pin", offsetof(struct make_options, pin), "4 to 8 digits", NULL},
	{"--puk", offsetof(struct make_options, puk), "8 digits", NULL},
	{"--cert-size", 0, NULL, set_cert_size},
	{"--key", 0, NULL, add_key},
	{"--secret", 0, NULL, add_secret},
};

static int take_new_word(struct creating *c, struct args *a, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(new_options); i++) {
		if (strcmp(new_options[i].option, word) != 0)
			continue;
		const char *argument = next(a);
		if (new_options[i].set)
			return new_options[i].set(&c->options, argument);
		if (!argument)
			return complain("%s: expected %s", word, new_options[i].expected);
		memcpy((char *)&c->options + new_options[i].offset, &argument, sizeof(argument));
		return EXIT_SUCCESS;
	}
	if (word[0] == '-')
		return complain("new: unknown option %s", word);
	if (c->dir)
		return complain("new: one DIR, not also %s", word);
	c->dir = word;
	return EXIT_SUCCESS;
}

static int run_new(struct args *a)
{
	struct creating c = {0};
	char err[256] = "";
	for (const char *word = next(a); word; word = next(a)) {
		int rc = take_new_word(&c, a, word);
		if (rc != EXIT_SUCCESS)
			return rc;
	}
	if (!c.dir || !c.options.profile)
		return complain("new: expected DIR --profile NAME");
	if (sim_card_create(c.dir, &c.options, err) != ST_OK)
		return complain("%s", err);
	uicc_pin_tell(&c.options, stdout);
	return EXIT_SUCCESS;
}

/* --- run --- */

struct running {
	struct sim_card *card;
	struct {
		const struct sim_front_ops *ops;
		const char *argument;
		struct sim_front *front;
	} front[FRONTS_MAX];
	size_t fronts;
};

static const struct sim_front_ops *front_find(const char *option)
{
	for (size_t i = 0; i < ARRAY_LEN(fronts); i++) {
		if (strcmp(fronts[i]->option, option) == 0)
			return fronts[i];
	}
	return NULL;
}

static int add_front(struct running *r, const struct sim_front_ops *ops, const char *argument)
{
	if (!argument)
		return complain("%s: expected an argument", ops->option);
	if (r->fronts == FRONTS_MAX)
		return complain("at most %d fronts", FRONTS_MAX);
	r->front[r->fronts].ops = ops;
	r->front[r->fronts++].argument = argument;
	return EXIT_SUCCESS;
}

static int set_log(struct running *r, const char *argument)
{
	char err[256] = "";
	if (!argument)
		return complain("--apdu-log: expected a file");
	return sim_card_log_to(r->card, argument, err) == ST_OK ? EXIT_SUCCESS
								: complain("%s", err);
}

static int set_latency(struct running *r, const char *argument)
{
	unsigned long ms;
	if (!number(argument, LATENCY_MAX_MS, &ms))
		return complain("--latency: expected milliseconds, at most %d", LATENCY_MAX_MS);
	sim_card_set_latency(r->card, (unsigned)ms);
	return EXIT_SUCCESS;
}

static int set_byte_rate(struct running *r, const char *argument)
{
	unsigned long rate;
	if (!number(argument, BYTE_RATE_MAX, &rate))
		return complain("--byte-rate: expected bytes a second, at most %d", BYTE_RATE_MAX);
	sim_card_set_byte_rate(r->card, (unsigned)rate);
	return EXIT_SUCCESS;
}

static int add_fault(struct running *r, const char *argument)
{
	char err[128] = "expected a fault";
	if (argument && sim_faults_arm(sim_card_faults(r->card), bytes_str(argument), err) == ST_OK)
		return EXIT_SUCCESS;
	return complain("--fault: %s", err);
}

static const struct {
	const char *option;
	int (*set)(struct running *r, const char *argument);
} run_options[] = {
	{"--apdu-log", set_log},
	{"--latency", set_latency},
	{"--byte-rate", set_byte_rate},
	{"--fault", add_fault},
};

static int take_option(struct running *r, struct args *a, const char *word)
{
	const struct sim_front_ops *ops = front_find(word);
	if (ops)
		return add_front(r, ops, next(a));
	for (size_t i = 0; i < ARRAY_LEN(run_options); i++) {
		if (strcmp(run_options[i].option, word) == 0)
			return run_options[i].set(r, next(a));
	}
	return complain("run: unknown option %s", word);
}

static void stop_fronts(struct running *r, size_t started)
{
	while (started-- > 0)
		r->front[started].ops->stop(r->front[started].front);
}

static int start_fronts(struct running *r)
{
	for (size_t i = 0; i < r->fronts; i++) {
		char err[256] = "";
		status st = r->front[i].ops->start(r->card, sim_card_faults(r->card),
						   r->front[i].argument, &r->front[i].front, err);
		if (st == ST_OK)
			continue;
		stop_fronts(r, i);
		return complain("%s %s: %s", r->front[i].ops->option, r->front[i].argument,
				err[0] ? err : status_text(st));
	}
	return EXIT_SUCCESS;
}

static int serve(struct running *r, struct args *a)
{
	sigset_t ends;
	int sig;
	for (const char *word = next(a); word; word = next(a)) {
		int rc = take_option(r, a, word);
		if (rc != EXIT_SUCCESS)
			return rc;
	}
	if (r->fronts == 0)
		return complain("run: expected at least one front");
	/* every thread inherits the mask, so only sigwait gets these */
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	int rc = start_fronts(r);
	if (rc != EXIT_SUCCESS)
		return rc;
	puts("ready");
	fflush(stdout);
	while (sigwait(&ends, &sig) != 0) {
	}
	sim_card_end(r->card);
	stop_fronts(r, r->fronts);
	return EXIT_SUCCESS;
}

static int run_run(struct args *a)
{
	struct running r = {0};
	const char *dir = next(a);
	char err[256] = "";
	if (!dir || dir[0] == '-')
		return complain("run: expected DIR FRONT...");
	if (sim_card_load(dir, &r.card, err) != ST_OK)
		return complain("%s", err);
	int rc = serve(&r, a);
	sim_card_free(r.card);
	return rc;
}

int main(int argc, char **argv)
{
	struct args a = {argv + 1, argc > 0 ? argc - 1 : 0};
	const char *command = next(&a);
	log_set(LOG_LEVEL_ERROR, LOG_TO_STDERR);
	log_set_from_env();
	if (command && (strcmp(command, "--help") == 0 || strcmp(command, "help") == 0)) {
		help(stdout);
		return EXIT_SUCCESS;
	}
	if (command && strcmp(command, "--version") == 0) {
		puts("iotsafe-sim " IOTSAFE_VERSION);
		return EXIT_SUCCESS;
	}
	if (command && strcmp(command, "new") == 0)
		return run_new(&a);
	if (command && strcmp(command, "run") == 0)
		return run_run(&a);
	return complain("expected new or run, not %s", command ? command : "nothing");
}
