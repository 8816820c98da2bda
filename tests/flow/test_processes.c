/* SPDX-License-Identifier: Apache-2.0 */
/* Four processes of four threads each on one SIM with a single free logical channel: every
 * signature is valid, nobody waits longer than the queue explains, what killed ones leave stays
 * bounded, and the rest finish. IOTSAFE_TEST_LONG=1: 500 signatures a thread. Argument: the link.
 */
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "scene.h"
#include "soak.h"

enum { PROCESSES = 4, THREADS = 4, LONG = 500, SHORT = 25, BAD_MAX = 90 };
/* The queue's share is an average; these are for a busy machine, and for the reopening of what a
 * link cannot hand over. */
static const double SHARES_MAX = 12, SLACK_S = 0.6;

static enum rig_link wire;
static struct rig rig;

/* One process's, seen by all. */
struct member {
	pid_t pid;
	atomic_uint done, bad;
	_Atomic double last;	/* when its last signature came */
	_Atomic double longest; /* between two of its signatures */
	_Atomic double slowest; /* one thread's call */
	CK_OBJECT_HANDLE key;
};
static struct member *member;

/* --- in a child --- */

static struct member *me;
static unsigned per_thread;
static pthread_mutex_t note = PTHREAD_MUTEX_INITIALIZER;

static void note_signature(double began)
{
	double now = rig_seconds();

	pthread_mutex_lock(&note);
	if (me->last > 0 && now - me->last > me->longest)
		me->longest = now - me->last;
	if (now - began > me->slowest)
		me->slowest = now - began;
	me->last = now;
	me->done++;
	pthread_mutex_unlock(&note);
}

/* A service that a busy machine keeps from its work looks absent for a moment. */
static CK_SESSION_HANDLE open_session(void)
{
	CK_SESSION_HANDLE s = 0;
	double until = rig_seconds() + 10;

	while (rig.f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK) {
		if (rig_seconds() > until)
			_exit(103);
		rig_pause_ms(5);
	}
	return s;
}

static void *sign_all(void *arg)
{
	CK_SESSION_HANDLE s = open_session();
	uint8_t digest[32] = {(uint8_t)(uintptr_t)arg, (uint8_t)getpid()}, sig[256];

	for (unsigned i = 0; i < per_thread; i++) {
		CK_ULONG n = sizeof(sig);
		double began = rig_seconds();
		CK_RV rv;

		memcpy(digest + 4, &i, sizeof(i));
		rv = rig_sign(&rig, s, me->key, digest, sizeof(digest), sig, &n);
		note_signature(began);
		if (rv == CKR_OK && rig_verify(&rig, digest, sizeof(digest), sig, n))
			continue;
		fprintf(stderr, "process %d, signature %u: %#lx\n", (int)getpid(), i, rv);
		me->bad++;
	}
	return NULL;
}

static void be_member(unsigned threads)
{
	pthread_t t[THREADS];

	setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failed assertion ends the child */
	rig_module(&rig);
	if (rig.f->C_Initialize(NULL) != CKR_OK)
		_exit(100);
	scene_await_present(&rig);
	me->key = rig_find(&rig, open_session(), CKO_PRIVATE_KEY, NULL);
	if (me->key == 0)
		_exit(101);
	for (uintptr_t i = 0; i < threads; i++)
		if (pthread_create(&t[i], NULL, sign_all, (void *)i) != 0)
			_exit(102);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	_exit(me->bad < BAD_MAX ? (int)me->bad : BAD_MAX);
}

/* --- the parent --- */

static void start(unsigned i, unsigned threads, unsigned signatures)
{
	pid_t pid;

	member[i] = (struct member){0};
	me = &member[i];
	per_thread = signatures;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		be_member(threads);
	me->pid = pid;
}

static void expect_exit(unsigned i, int want)
{
	int st = 0;

	assert_int_equal(waitpid(member[i].pid, &st, 0), member[i].pid);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), want);
}

/* A SIM that one process has warmed up costs the next nothing, where a channel outlives whoever
 * opened it. */
static void next_process_opens_nothing(void)
{
	size_t at = rig_log_mark(&rig);

	start(0, 1, 1);
	expect_exit(0, 0);
	if (rig_over_qmi(wire) && !rig_shares())
		return;
	assert_int_equal(rig_log_count_ins(&rig, at, 0x70), 0);
	assert_int_equal(rig_log_count_ins(&rig, at, 0xA4), 0);
}

/* Who is killed between the modem's allocating a client id and its telling him leaves one that
 * nobody knows the number of: at most one each. */
static void expect_nothing_left(unsigned killed)
{
	unsigned clients = soak_clients(&rig);

	assert_true(soak_channels(&rig) <= 1);
	assert_true(clients <= 1 + killed);
	if (clients > 1)
		print_message("  %u client ids were left by who never learned them\n", clients - 1);
	assert_false(soak_lock_is_stuck(&rig));
}

static void report(const char *who, double took, unsigned count, unsigned members)
{
	double longest = 0, slowest = 0, one = took / count;

	for (unsigned i = 0; i < PROCESSES; i++) {
		longest = member[i].longest > longest ? member[i].longest : longest;
		slowest = member[i].slowest > slowest ? member[i].slowest : slowest;
	}
	print_message(
		"  %s: %u signatures in %.1f s, %.2f ms each; fair share of a process "
		"%.1f ms, longest wait of one %.0f ms; of a thread %.0f ms, longest %.0f ms\n",
		who, count, took, one * 1e3, one * members * 1e3, longest * 1e3,
		one * members * THREADS * 1e3, slowest * 1e3);
	assert_true(longest < SHARES_MAX * one * members + SLACK_S);
}

static unsigned signatures(void)
{
	return soak_is_long() ? LONG : SHORT;
}

static void all_finish(void **state)
{
	double began = rig_seconds();

	(void)state;
	for (unsigned i = 0; i < PROCESSES; i++)
		start(i, THREADS, signatures());
	for (unsigned i = 0; i < PROCESSES; i++)
		expect_exit(i, 0);
	report("all", rig_seconds() - began, PROCESSES * THREADS * signatures(), PROCESSES);
	for (unsigned i = 0; i < PROCESSES; i++)
		assert_int_equal(member[i].done, THREADS * signatures());
	expect_nothing_left(0);
	next_process_opens_nothing();
	expect_nothing_left(0);
}

static void await_first_signatures(void)
{
	double until = rig_seconds() + 60;

	for (unsigned i = 0; i < PROCESSES; i++)
		while (member[i].done < 2 * THREADS && rig_seconds() < until)
			usleep(500);
}

/* Two of the four die wherever they are. */
static void two_killed(void **state)
{
	int st = 0;
	double began;
	unsigned before, n = signatures();

	(void)state;
	for (unsigned i = 0; i < PROCESSES; i++)
		start(i, THREADS, i < 2 ? 100000 : n);
	await_first_signatures();
	usleep(1700); /* somewhere within an operation */
	for (unsigned i = 0; i < 2; i++) {
		kill(member[i].pid, SIGKILL);
		assert_int_equal(waitpid(member[i].pid, &st, 0), member[i].pid);
		usleep(900);
	}
	began = rig_seconds();
	before = member[2].done + member[3].done;
	expect_exit(2, 0);
	expect_exit(3, 0);
	assert_int_equal(member[2].done + member[3].done, 2 * THREADS * n);
	report("after two were killed", rig_seconds() - began, 2 * THREADS * n - before, 2);
	expect_nothing_left(2);
	next_process_opens_nothing();
	expect_nothing_left(2);
}

/* --- around --- */

static int set_up(void **state)
{
	(void)state;
	member = mmap(NULL, PROCESSES * sizeof(*member), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(member != MAP_FAILED);
	rig_start(&rig, &(struct rig_options){.link = wire, .module_conf = "timeout = 20\n"});
	rig_control(&rig, "config set channels 1", NULL, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_finish),
					   cmocka_unit_test(two_killed)};

	wire = rig_argument(argc, argv);
	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	return cmocka_run_group_tests_name("processes", tests, set_up, tear_down);
}
