/* SPDX-License-Identifier: Apache-2.0 */
/* A device on the link that the argument names that says nothing, or is gone: an error in time, no
 * CPU meanwhile, and work as usual once it is back. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "scene.h"

/* timeout = 2, and what a busy machine adds: one look, or a turn of the others */
static const double SILENCE_MAX = 3.5;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const double CPU_SHARE = 0.05;
#else
static const double CPU_SHARE = 0.01;
#endif

static const double CPU_LOOK = 0.01; /* of the looks at both ends of the wait */

static enum rig_link wire;
static struct rig rig;
static struct scene scene;

/* --- what each scene is made of --- */

static void start(void)
{
	rig_start(&rig, &(struct rig_options){.link = wire, .module_conf = "timeout = 2\n"});
	rig_module(&rig);
	scene = (struct scene){.r = &rig};
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
	scene_await_present(&rig);
}

static void works(void)
{
	bool ours = false;
	CK_SESSION_INFO info;

	scene.calls = 0;
	if (scene.session == 0 || rig.f->C_GetSessionInfo(scene.session, &info) != CKR_OK)
		assert_int_equal(scene_open(&scene), CKR_OK);
	assert_int_equal(scene_find(&scene), CKR_OK);
	assert_int_not_equal(scene.key, 0);
	assert_int_not_equal(scene.certificate, 0);
	assert_int_equal(scene_certificate(&scene, &ours), CKR_OK);
	assert_true(ours);
	assert_int_equal(scene_sign(&scene), CKR_OK);
	assert_false(scene.bad_signature);
}

/* The next session, as a program that starts over would open it. */
static void works_in_a_new_session(void)
{
	if (scene.session != 0)
		(void)rig.f->C_CloseSession(scene.session);
	scene.session = 0;
	works();
}

/* All calls since `from` are allowed and took at most `most` seconds together. */
static void in_time(size_t from, double most, double started, double cpu)
{
	double took = rig_seconds() - started, used = scene_cpu() - cpu;

	for (size_t i = from; i < scene.calls; i++)
		assert_true(scene_allows(scene.call[i].function, scene.call[i].rv));
	if (took > most || used > took * CPU_SHARE + CPU_LOOK)
		scene_print(&scene, from);
	print_message("  %.2f s, %.1f ms of CPU, %#lx\n", took, 1000 * used,
		      scene.calls > from ? scene.call[scene.calls - 1].rv : CKR_OK);
	assert_true(took <= most);
	assert_true(used <= took * CPU_SHARE + CPU_LOOK);
}

static void sign_fails_within(double most)
{
	double started = rig_seconds(), cpu = scene_cpu();

	scene.calls = 0;
	assert_int_not_equal(scene_sign(&scene), CKR_OK);
	assert_false(scene.bad_signature);
	in_time(0, most, started, cpu);
}

static void listing_fails_within(double most)
{
	double started = rig_seconds(), cpu = scene_cpu();

	scene.calls = 0;
	assert_int_equal(scene_open(&scene), CKR_OK);
	assert_int_not_equal(scene_find(&scene), CKR_OK);
	in_time(0, most, started, cpu);
}

/* --- silence --- */

static void data_mode(void **state)
{
	(void)state;
	start();
	works();
	rig_control(&rig, "fault F29x0", NULL, 0);
	sign_fails_within(SILENCE_MAX);
	rig_control(&rig, "fault clear", NULL, 0);
	works();
	rig_stop(&rig);
}

/* mbim-proxy (libmbim) asks a modem that has not answered its OPEN again after five seconds only.
 */
static void await_proxy(void)
{
	double end = rig_seconds() + 10;
	CK_RV rv;

	do {
		scene.calls = 0;
		rv = scene_find(&scene);
	} while (wire == RIG_MBIM_PROXY && rv != CKR_OK && rig_seconds() < end);
}

/* An OPEN that the modem did not hear mbim-proxy repeats after five seconds, whatever its user
 * says, and who comes in between waits for that. */
static void proxy_asks_again(void)
{
	if (wire == RIG_MBIM_PROXY)
		rig_pause_ms(3500);
}

static void silent_from_the_start(void **state)
{
	(void)state;
	start();
	rig_control(&rig, "fault F29x0", NULL, 0);
	listing_fails_within(SILENCE_MAX);
	rig_control(&rig, "fault clear", NULL, 0);
	proxy_asks_again();
	await_proxy();
	works_in_a_new_session();
	rig_stop(&rig);
}

/* A modem that forgets its OK is believed after a while: the signature may come, never late. */
static void no_final_code(void **state)
{
	double started, cpu;

	(void)state;
	start();
	works();
	rig_control(&rig, "fault F13x0", NULL, 0);
	started = rig_seconds();
	cpu = scene_cpu();
	scene.calls = 0;
	(void)scene_sign(&scene);
	assert_false(scene.bad_signature);
	in_time(0, SILENCE_MAX, started, cpu);
	rig_control(&rig, "fault clear", NULL, 0);
	works();
	rig_stop(&rig);
}

static void stopped_from_the_start(void **state)
{
	(void)state;
	start();
	rig_sim_freeze(&rig);
	listing_fails_within(SILENCE_MAX);
	rig_sim_thaw(&rig);
	works_in_a_new_session();
	rig_stop(&rig);
}

static void stopped(void **state)
{
	(void)state;
	start();
	works();
	rig_sim_freeze(&rig);
	sign_fails_within(SILENCE_MAX);
	rig_sim_thaw(&rig);
	works();
	rig_stop(&rig);
}

/* --- gone --- */

/* A modem that was there is waited for, as long as the call may take. */
static double gone_max(void)
{
	return ON_MODEM & 1U << wire ? SILENCE_MAX : 1.5;
}

static void unplugged(void **state)
{
	(void)state;
	start();
	works();
	rig_control(&rig, "unplug", NULL, 0);
	sign_fails_within(gone_max());
	rig_control(&rig, "plug", NULL, 0);
	works_in_a_new_session();
	rig_stop(&rig);
}

/* Pulled while the card is at work. */
static void unplugged_at_work(void **state)
{
	pid_t pid;
	double started;

	(void)state;
	start();
	works();
	rig_control(&rig, "latency 700", NULL, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		rig_pause_ms(300);
		rig_control(&rig, "unplug", NULL, 0);
		_exit(0);
	}
	started = rig_seconds();
	scene.calls = 0;
	assert_int_not_equal(scene_sign(&scene), CKR_OK);
	print_message("  %.2f s after the plug was pulled\n", rig_seconds() - started - 0.3);
	assert_true(rig_seconds() - started < 0.3 + gone_max());
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	rig_control(&rig, "latency 0", NULL, 0);
	rig_control(&rig, "plug", NULL, 0);
	works_in_a_new_session();
	rig_stop(&rig);
}

static void ended_by(int sig)
{
	start();
	works();
	rig_sim_stop(&rig, sig);
	sign_fails_within(gone_max());
	rig_sim_start(&rig);
	works_in_a_new_session();
	rig_stop(&rig);
}

static void restarted(void **state)
{
	(void)state;
	ended_by(SIGTERM);
	ended_by(SIGKILL);
}

/* The card is taken out and put back. */
static void removed(void **state)
{
	(void)state;
	start();
	works();
	rig_control(&rig, "remove", NULL, 0);
	rig_pause_ms(rig_over_pcsc(wire) ? 1500 : 0);
	sign_fails_within(SILENCE_MAX);
	rig_control(&rig, "insert", NULL, 0);
	scene_await_present(&rig);
	works_in_a_new_session();
	rig_stop(&rig);
}

/* pcscd or the proxy. vpcd reconnects within a second of pcscd's start. */
static void service_killed(void **state)
{
	(void)state;
	start();
	works();
	rig_service_stop(&rig, SIGKILL);
	sign_fails_within(SILENCE_MAX);
	rig_service_start(&rig);
	scene_await_present(&rig);
	works_in_a_new_session();
	rig_stop(&rig);
}

/* What a test that failed has left. */
static int clean(void **state)
{
	(void)state;
	if (rig.dir[0])
		rig_stop(&rig);
	return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, clean)

int main(int argc, char **argv)
{
	const struct rig_test tests[] = {
		{TEST(data_mode), ON_MODEM},
		{TEST(silent_from_the_start), ON_MODEM},
		{TEST(no_final_code), ON_MODEM},
		/* vpcd itself waits for ever for a card that says nothing */
		{TEST(stopped_from_the_start), ON_ALL & ~ON_PCSC},
		{TEST(stopped), ON_ALL & ~ON_PCSC},
		{TEST(unplugged), ON_MODEM},
		{TEST(unplugged_at_work), ON_MODEM},
		{TEST(restarted), ON_ALL & ~ON_PCSC},
		{TEST(removed), ON_ALL},
		{TEST(service_killed), ON_PCSC | ON_PROXY},
	};

	wire = rig_argument(argc, argv);
	return rig_run(tests, sizeof(tests) / sizeof(tests[0]), wire);
}
