/* SPDX-License-Identifier: Apache-2.0 */
/* A program that signs and signs while another exchanges the SIM a thousand times, at random
 * moments: what comes back with CKR_OK verifies under the key of the handle that was used, any
 * error is one that Cryptoki allows, no call hangs, and after an error the program is at work again
 * within two seconds, but for the few times that the machine itself stands still. Argument: the
 * link. */
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

#include "worker.h"

enum {
	SWAPS = 1000,
	SHORT_MS = 4, /* most swaps come that soon after another: in the middle of anything */
	LONG_FROM_MS = 30,
	LONG_MS = 50, /* and some leave time for a first use */
	/* pcscd needs a second to notice a real one: there only some are, in the others the new SIM
	 * answers in the place and on the channels of the old one without a word */
	READER_EVERY = 250,
	READER_MS = 1200,
	SLOW_MAX = 5,
	/* between two signatures: many runs share the machine */
	REST_US = 1000,
};

static enum rig_link wire;
static struct rig rig, other; /* other: only its card is used */
static struct worker worker = {.call_max = 4, .recovery_max = 2, .hang_max = 20};

/* --- the other process --- */

static void sleep_us(unsigned us)
{
	nanosleep(&(struct timespec){0, (long)us * 1000}, NULL);
}

static void swap_for(const struct rig *card, bool hot)
{
	char text[160];

	snprintf(text, sizeof(text), "%s %s", hot ? "swap-hot" : "swap", card->card);
	rig_control(&rig, text, NULL, 0);
}

static pid_t start_swapper(void)
{
	unsigned seed = 4711;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	for (int i = 0; i < SWAPS; i++) {
		unsigned r = (unsigned)rand_r(&seed);
		unsigned us = r % 5 == 0 ? LONG_FROM_MS * 1000 + r / 8 % (LONG_MS * 1000)
					 : r / 8 % (SHORT_MS * 1000);

		bool in_reader = rig_over_pcsc(wire);
		bool hot = in_reader && i % READER_EVERY != 0;

		sleep_us(us);
		swap_for(i % 2 == 0 ? &other : &rig, hot);
		if (in_reader && !hot)
			rig_pause_ms(READER_MS);
	}
	_exit(0);
}

/* --- the program --- */

static void a_thousand_swaps(void **state)
{
	pid_t swapper;
	int st = 0;

	(void)state;
	worker_recover(&worker);
	swapper = start_swapper();
	while (waitpid(swapper, &st, WNOHANG) == 0) {
		(void)worker_turn(&worker);
		sleep_us(REST_US);
	}
	assert_true(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	(void)worker_turn(&worker);
	assert_true(worker_turn(&worker));
	print_message("  %u swaps: %u signatures, %u errors, %u keys met, the slowest call %.3f s, "
		      "recovery %.3f s, %u slow\n",
		      SWAPS, worker.signatures, worker.errors, worker.keys_met, worker.slowest_call,
		      worker.slowest_recovery, worker.slow);
	assert_true(worker.slow <= SLOW_MAX);
	/* the test would show nothing if it met few */
	assert_true(worker.signatures > 100 && worker.recoveries > 50);
}

/* --- around --- */

static int set_up(void **state)
{
	(void)state;
	rig_start(&other, &(struct rig_options){.link = RIG_UNIX});
	rig_sim_stop(&other, SIGTERM);
	rig_start(&rig, &(struct rig_options){.link = wire});
	rig_module(&rig);
	worker.scene.r = &rig;
	return rig.f->C_Initialize(NULL) == CKR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	worker_free(&worker);
	rig_stop(&rig);
	rig_stop(&other);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_thousand_swaps)};

	wire = rig_argument(argc, argv);
	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	return cmocka_run_group_tests_name("a thousand swaps", tests, set_up, tear_down);
}
