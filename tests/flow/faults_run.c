/* SPDX-License-Identifier: Apache-2.0 */
/* Cases mostly wait, so that several workers share them, each with a simulator of its own: the
 * program starts itself with a second argument, the worker's number. */
#include "faults.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

enum { REPORT_FD = 9, ASIDES_FD = 8 };

/* Cases that may be tried again by themselves once the workers have ended, how many, and
 * how often each. */
enum { ASIDE_MAX = 8, TRIES_MAX = 2 };

/* Between the starts of workers: each makes keys and certificates first. */
enum { STAGGER_MS = 50 };

/* The plain build mostly waits, and has many workers; the sanitized one is at work all the time,
 * and takes every third place only, of each row others. */
#ifdef __SANITIZE_ADDRESS__
enum { WORKERS_MAX = 8, STEP = 3 };
#else
enum { WORKERS_MAX = 24, STEP = 1 };
#endif

static const struct fault_set *set;
static enum rig_link link_used;
static unsigned worker, workers;
static const char *only; /* IOTSAFE_FAULT: these faults alone, for a person who looks into them */

/* A case in trouble that may come of the others: they share two cores. */
struct aside {
	size_t row;
	size_t act;
	unsigned at;
	bool missed; /* the act ended before it came to the place */
};

struct tally {
	unsigned expected; /* by the matrix: at least, where the fault waits for its command */
	unsigned injected, survived, unnoticed, restarts;
	unsigned failed;
	double next_s; /* the slowest next operation */
	struct aside aside[ASIDE_MAX];
	unsigned asides;
};

/* --- a worker --- */

struct work {
	struct rig r, other;
	const struct fault_act *of; /* the cards are for it; NULL: none is there */
	unsigned events[2];	    /* of the present act: of the card, of the modem */
	unsigned dealt;		    /* jobs so far, of all workers */
	struct tally tally;
};

static double longer(double a, double b)
{
	return a > b ? a : b;
}

static void set_aside(struct tally *t, const struct fault_case *c, const struct fault_outcome *o)
{
	char name[160];
	bool missed = !o->trouble[0], may = !o->grave && t->asides < ASIDE_MAX;

	fault_case_name(c, name, sizeof(name));
	fprintf(stderr, "  ^ %s: %s%s\n", name, missed ? "nothing to strike at" : o->trouble,
		may ? " (set aside)" : "");
	t->failed += !may;
	if (may)
		t->aside[t->asides++] = (struct aside){(size_t)(c->row - set->row),
						       (size_t)(c->act - set->act), c->at, missed};
}

/* False when nothing was struck. must: then it was the machine's fault. */
static bool run_case(struct work *w, const struct fault_case *c, bool must)
{
	struct fault_outcome o;

	fault_case_run(&w->r, c, &o);
	if (o.trouble[0] || (must && !o.struck)) {
		w->tally.injected++;
		set_aside(&w->tally, c, &o);
		return true;
	}
	if (!o.struck)
		return false;
	w->tally.injected++;
	w->tally.survived++;
	w->tally.unnoticed += o.went_well;
	w->tally.restarts += o.lost_proxy;
	w->tally.next_s = longer(w->tally.next_s, o.next_s);
	return true;
}

static bool mine(struct work *w)
{
	return w->dealt++ % workers == worker;
}

static struct fault_case make_case(const struct work *w, const struct fault_act *act,
				   const struct fault_row *row)
{
	const struct fault_hook *hook = set->hook ? set->hook[row - set->row] : NULL;

	return (struct fault_case){row, act, 1, w->other.card, false, hook};
}

static void run_row(struct work *w, const struct fault_act *act, const struct fault_row *row)
{
	struct fault_case c = make_case(w, act, row);
	unsigned most = w->events[!c.hook && strchr("FMQ", row->name[0]) != NULL];

	if (row->flags & EVERYWHERE) {
		c.at = 1 + (unsigned)(row - set->row) % STEP;
		for (; c.at <= most; c.at += STEP) {
			if (!mine(w))
				continue;
			bool must = !(row->flags & MAY_MISS) && c.at + STEP <= most;
			w->tally.expected += run_case(w, &c, must);
		}
		return;
	}
	if (!mine(w))
		return;
	w->tally.expected += !(row->flags & MAY_MISS);
	for (c.at = 1; run_case(w, &c, false); c.at++) {
		if (c.at > 1 || row->flags & MAY_MISS)
			w->tally.expected++;
		if (row->flags & (FOR_EVER | ONCE) || c.at == 200)
			return;
	}
}

static void stop_cards(struct work *w)
{
	if (!w->of)
		return;
	rig_stop(&w->r);
	rig_stop(&w->other);
	w->of = NULL;
}

/* The other card is made by a rig too, which is not run. */
static void start_cards(struct work *w, const struct fault_act *act)
{
	const struct rig_options opt = {.profile = act->profile,
					.link = link_used,
					.new_args = act->new_args,
					.module_conf = "timeout = 2\n"};

	if (w->of && w->of->profile == act->profile && w->of->new_args == act->new_args)
		return;
	stop_cards(w);
	rig_start(&w->other, &(struct rig_options){.profile = act->profile, .link = RIG_UNIX});
	rig_sim_stop(&w->other, SIGTERM);
	rig_start(&w->r, &opt);
	rig_module(&w->r);
	w->of = act;
}

/* The smaller one of two counts: now and then there is a message more, of a link that is new or
 * slow; which is also why the last position may be missed. */
static unsigned count(struct work *w, const struct fault_act *act, char family)
{
	unsigned first = fault_case_events(&w->r, act, family);
	unsigned again = fault_case_events(&w->r, act, family);

	return first < again ? first : again;
}

static void count_events(struct work *w, const struct fault_act *act)
{
	w->events[0] = count(w, act, 'C');
	w->events[1] = ON_MODEM & 1U << link_used ? count(w, act, 'F') : 0;
	if (worker == 0)
		print_message("%s: %u APDUs, %u commands to the modem\n", act->name, w->events[0],
			      w->events[1]);
}

/* Is it in the list ("C1,F27")? */
static bool named(const char *name)
{
	size_t n = strlen(name);

	for (const char *at = strstr(only, name); at; at = strstr(at + n, name))
		if ((at == only || at[-1] == ',') && (at[n] == ',' || at[n] == '\0'))
			return true;
	return false;
}

static bool wanted(const struct fault_row *row, unsigned act)
{
	if (!(row->links & 1U << link_used) || !(row->acts & 1U << act))
		return false;
	return !only || named(row->name);
}

static void run_act(struct work *w, unsigned number)
{
	const struct fault_act *act = &set->act[number];
	size_t rows = 0;

	for (size_t i = 0; i < set->rows; i++)
		rows += wanted(&set->row[i], number);
	if (rows == 0)
		return;
	start_cards(w, act);
	count_events(w, act);
	for (size_t i = 0; i < set->rows; i++)
		if (wanted(&set->row[i], number))
			run_row(w, act, &set->row[i]);
}

static void work(void **state)
{
	static struct work w;

	(void)state;
	for (unsigned i = 0; i < set->acts; i++)
		run_act(&w, i);
	stop_cards(&w);
	assert_int_equal(write(REPORT_FD, &w.tally, sizeof(w.tally)), sizeof(w.tally));
	assert_int_equal(w.tally.failed, 0);
}

/* --- again, by themselves --- */

static bool survives(struct work *w, const struct aside *a)
{
	const struct fault_act *act = &set->act[a->act];
	struct fault_case c = make_case(w, act, &set->row[a->row]);
	struct fault_outcome o = {.grave = false};
	char name[160];
	bool well = false;

	c.at = a->at;
	fault_case_name(&c, name, sizeof(name));
	for (int i = 0; i < TRIES_MAX && !well && !o.grave; i++) {
		fault_case_run(&w->r, &c, &o);
		well = !o.trouble[0] && (o.struck || !a->missed);
		fprintf(stderr, "  again, %s: %s\n", name, well ? "well" : o.trouble);
		w->tally.next_s = longer(w->tally.next_s, o.next_s);
	}
	return well;
}

/* A worker of its own: what the others could not finish comes as their sum. */
static void work_again(void **state)
{
	static struct work w;
	struct tally sum;

	(void)state;
	assert_int_equal(read(ASIDES_FD, &sum, sizeof(sum)), sizeof(sum));
	for (unsigned i = 0; i < sum.asides; i++) {
		start_cards(&w, &set->act[sum.aside[i].act]);
		sum.survived += survives(&w, &sum.aside[i]);
	}
	stop_cards(&w);
	sum.next_s = longer(sum.next_s, w.tally.next_s);
	assert_int_equal(write(REPORT_FD, &sum, sizeof(sum)), sizeof(sum));
}

/* --- the whole --- */

static void add(struct tally *sum, const struct tally *part)
{
	sum->expected += part->expected;
	sum->injected += part->injected;
	sum->survived += part->survived;
	sum->unnoticed += part->unnoticed;
	sum->restarts += part->restarts;
	sum->failed += part->failed;
	sum->next_s = longer(sum->next_s, part->next_s);
	for (unsigned i = 0; i < part->asides && sum->asides < ASIDE_MAX; i++)
		sum->aside[sum->asides++] = part->aside[i];
}

/* number: as text, or "again". */
static pid_t start_worker(const char *number, int report, int asides)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(report, REPORT_FD) != REPORT_FD ||
		    (asides >= 0 && dup2(asides, ASIDES_FD) != ASIDES_FD))
			_exit(126);
		execl("/proc/self/exe", "/proc/self/exe", rig_link_name(link_used), number,
		      (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void run_asides(struct tally *sum)
{
	int report[2], asides[2], st = 0;
	pid_t pid;

	if (sum->asides == 0)
		return;
	assert_int_equal(pipe(report), 0);
	assert_int_equal(pipe(asides), 0);
	assert_int_equal(write(asides[1], sum, sizeof(*sum)), sizeof(*sum));
	pid = start_worker("again", report[1], asides[0]);
	close(report[1]);
	ssize_t got = read(report[0], sum, sizeof(*sum));
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_int_equal(st, 0);
	assert_int_equal(got, sizeof(*sum));
	close(report[0]);
	close(asides[0]);
	close(asides[1]);
}

static void share(void **state)
{
	(void)state;
	struct tally sum = {0}, part;
	unsigned failed = 0;
	pid_t pid[WORKERS_MAX];
	int report[2], st;

	assert_int_equal(pipe(report), 0);
	for (unsigned i = 0; i < workers; i++) {
		char number[12];

		snprintf(number, sizeof(number), "%u", i);
		pid[i] = start_worker(number, report[1], -1);
		rig_pause_ms(STAGGER_MS);
	}
	close(report[1]);
	while (read(report[0], &part, sizeof(part)) == (ssize_t)sizeof(part))
		add(&sum, &part);
	close(report[0]);
	for (unsigned i = 0; i < workers; i++) {
		assert_int_equal(waitpid(pid[i], &st, 0), pid[i]);
		if (WIFEXITED(st) && WEXITSTATUS(st) == 0)
			continue;
		print_error("worker %u: status %#x\n", i, (unsigned)st);
		failed++;
	}
	run_asides(&sum);
	print_message("%s: %u faults injected (%u by the matrix), %u survived, of which %u were "
		      "not noticed by the caller; the slowest next operation took %.2f s\n",
		      rig_link_name(link_used), sum.injected, sum.expected, sum.survived,
		      sum.unnoticed, sum.next_s);
	if (sum.asides > 0)
		print_message("%s: %u of them were tried again by themselves\n",
			      rig_link_name(link_used), sum.asides);
	if (sum.restarts > 0)
		print_message("%s: by %u of them the proxy lost the modem, and was restarted as "
			      "the module's log says\n",
			      rig_link_name(link_used), sum.restarts);
	assert_int_equal(failed, 0);
	assert_true(only || sum.injected >= set->at_least / STEP);
	assert_true(sum.injected >= sum.expected);
	assert_int_equal(sum.survived, sum.injected);
}

int faults_main(int argc, char **argv, const struct fault_set *of)
{
	const struct CMUnitTest whole[] = {
		cmocka_unit_test(share),
	};
	const struct CMUnitTest part[] = {cmocka_unit_test(work)};
	const struct CMUnitTest rest[] = {cmocka_unit_test(work_again)};

	set = of;
	link_used = rig_argument(argc, argv);
	only = getenv("IOTSAFE_FAULT");
	workers = rig_over_pcsc(link_used) ? WORKERS_MAX : WORKERS_MAX / 2;
	if (argc <= 2)
		return cmocka_run_group_tests_name(set->program, whole, NULL, NULL);
	worker = (unsigned)strtoul(argv[2], NULL, 10);
	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	if (strcmp(argv[2], "again") == 0)
		return cmocka_run_group_tests_name("again", rest, NULL, NULL);
	return cmocka_run_group_tests_name("worker", part, NULL, NULL);
}
