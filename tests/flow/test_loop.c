/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon that signs and signs while what is between it and the SIM goes and comes back: pcscd or
 * a modem's proxy is killed and started again, the modem comes back under another name, the SIM is
 * pulled and put back. The loop hears errors, never hangs, signs within two seconds of the link's
 * recovery, never wrongly, and needs no more memory and descriptors at the end than before.
 * IOTSAFE_TEST_LONG=1: twenty rounds of each. Argument: the link. */
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "soak.h"
#include "worker.h"

enum {
	LONG_ROUNDS = 20,
	SHORT_ROUNDS = 2,
	TIMEOUT_S = 3,
	AWAY_MS = 400,
	/* pcscd's driver looks about twice a second for its card, and its restart takes a while */
	READER_MS = 1300,
	GROWTH_KB = 1024,
};
static const double RECOVERY_MAX = 2, CALL_MAX = TIMEOUT_S + 1, HANG_MAX = 15;

static enum rig_link wire;
static struct rig rig;
static pid_t daemon_pid;
static unsigned rounds_run, rounds_slow;

/* The daemon's, seen by both. */
static struct report {
	atomic_uint turns; /* signatures and errors: it does not hang */
	atomic_uint signatures, errors;
	_Atomic double last; /* when the last good signature began */
	_Atomic double slowest;
	atomic_bool stop;
	unsigned descriptors[2];
	unsigned long resident[2];
} * report;

/* --- the daemon --- */

static void turn(struct worker *w)
{
	double began = rig_seconds();
	CK_RV rv = w->key ? worker_sign(w) : CKR_SESSION_HANDLE_INVALID;

	if (rv != CKR_OK) {
		worker_judge(w);
		report->errors++;
		rv = worker_start_over(w);
		if (rv != CKR_OK)
			rig_pause_ms(2); /* as a daemon would, though longer */
	} else {
		report->signatures++;
		report->last = began;
		rig_pause_ms(1); /* many runs share the machine */
	}
	worker_judge(w);
	report->slowest = w->slowest_call;
	report->turns++;
}

static void settle(struct worker *w, int at)
{
	unsigned enough = report->signatures + 50;
	double until = rig_seconds() + HANG_MAX;

	while (report->signatures < enough && rig_seconds() < until)
		turn(w);
	report->descriptors[at] = soak_descriptors();
	report->resident[at] = soak_resident_kb();
}

static void start_daemon(void)
{
	static struct worker w = {
		.call_max = CALL_MAX, .recovery_max = RECOVERY_MAX, .hang_max = HANG_MAX};

	daemon_pid = fork();
	assert_true(daemon_pid >= 0);
	if (daemon_pid != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failed assertion ends the child */
	rig_module(&rig);
	w.scene.r = &rig;
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
	scene_await_present(&rig);
	settle(&w, 0);
	while (!report->stop)
		turn(&w);
	settle(&w, 1);
	assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
	_exit(0);
}

/* --- what happens to it --- */

static void kill_service(void)
{
	rig_service_stop(&rig, SIGKILL);
}

static void start_service(void)
{
	rig_service_start(&rig);
}

static void unplug(void)
{
	rig_control(&rig, "unplug", NULL, 0);
}

static void plug(void)
{
	rig_control(&rig, "plug", NULL, 0);
}

static void pull(void)
{
	rig_control(&rig, "remove", NULL, 0);
}

static void put_back(void)
{
	rig_control(&rig, "insert", NULL, 0);
}

static const struct event {
	const char *name;
	unsigned links;
	void (*away)(void);
	void (*back)(void);
} events[] = {
	{"the service is killed", ON_PROXY | ON_PCSC, kill_service, start_service},
	{"the modem is unplugged", ON_MODEM, unplug, plug},
	{"the SIM is pulled", ON_ALL, pull, put_back},
};

static void expect_alive(void)
{
	int st = 0;
	pid_t ended = waitpid(daemon_pid, &st, WNOHANG);

	if (ended == daemon_pid)
		daemon_pid = 0;
	assert_int_equal(ended, 0);
}

/* Until a good signature that began after `since`. */
static double await_signature(double since)
{
	double until = since + HANG_MAX;

	while (report->last < since && rig_seconds() < until) {
		expect_alive();
		rig_pause_ms(1);
	}
	assert_true(report->last >= since);
	return report->last - since;
}

static void round_of(const struct event *e, unsigned away_ms, double *ret_slowest)
{
	double slack = rig_over_pcsc(wire) ? READER_MS / 1e3 : 0, took;

	e->away();
	rig_pause_ms(away_ms);
	e->back();
	took = await_signature(rig_seconds());
	*ret_slowest = took > *ret_slowest ? took : *ret_slowest;
	rounds_run++;
	if (took >= RECOVERY_MAX + slack) {
		rounds_slow++;
		print_message("  %s for %u ms: back at work after %.3f s\n", e->name, away_ms,
			      took);
	}
	/* and some in peace */
	for (int i = 0; i < 3; i++)
		(void)await_signature(rig_seconds());
}

static void rounds_of(const struct event *e)
{
	static unsigned seed = 815;
	unsigned rounds = soak_is_long() ? LONG_ROUNDS : SHORT_ROUNDS;
	unsigned errors = report->errors;
	double slowest = 0;

	for (unsigned i = 0; i < rounds; i++) {
		unsigned ms = (unsigned)rand_r(&seed) % AWAY_MS;

		/* every other time pcscd must notice it */
		if (rig_over_pcsc(wire) && i % 2 == 0)
			ms += READER_MS;
		round_of(e, ms, &slowest);
	}
	print_message("  %s %u times: %u errors, the slowest recovery %.3f s\n", e->name, rounds,
		      report->errors - errors, slowest);
}

static void expect_no_growth(void)
{
	print_message("  %u signatures, %u errors, the slowest call %.3f s; %u descriptors before, "
		      "%u afterwards; %lu kB, %lu kB\n",
		      report->signatures, report->errors, report->slowest, report->descriptors[0],
		      report->descriptors[1], report->resident[0], report->resident[1]);
	assert_int_equal(report->descriptors[0], report->descriptors[1]);
	if (soak_resident_tells())
		assert_true(report->resident[1] < report->resident[0] + GROWTH_KB);
	assert_true(soak_channels(&rig) <= 1);
	assert_true(soak_clients(&rig) <= 1);
	assert_false(soak_lock_is_stuck(&rig));
}

static void a_daemon_goes_on(void **state)
{
	int st = 0;

	(void)state;
	start_daemon();
	(void)await_signature(rig_seconds());
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i].links & 1U << wire)
			rounds_of(&events[i]);
	report->stop = true;
	assert_int_equal(waitpid(daemon_pid, &st, 0), daemon_pid);
	daemon_pid = 0;
	assert_true(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	expect_no_growth();
	/* what was on its way when its link went may use up its time */
	assert_true(rounds_slow <= 1 + rounds_run / 20);
}

/* --- around --- */

static int set_up(void **state)
{
	(void)state;
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	assert_true(report != MAP_FAILED);
	rig_start(&rig, &(struct rig_options){.link = wire, .module_conf = "timeout = 3\n"});
	return 0;
}

static int tear_down(void **state)
{
	int st = 0;

	(void)state;
	if (daemon_pid > 0 && kill(daemon_pid, SIGKILL) == 0)
		waitpid(daemon_pid, &st, 0);
	rig_stop(&rig);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_daemon_goes_on)};

	wire = rig_argument(argc, argv);
	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	return cmocka_run_group_tests_name("a signing loop", tests, set_up, tear_down);
}
