/* SPDX-License-Identifier: Apache-2.0 */
/* What the module adds to the card's time (design §7), on the software SIM: CPU a signature, idle
 * time while the card computes, what several SIMs give together, start-up. Counts of APDUs are
 * asserted in tests/flow/test_counts.c. */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

enum { SIMS = 8 };

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void sign_n(const struct rig *r, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t digest[32] = {(uint8_t)i}, sig[256];
		CK_ULONG sig_n = sizeof(sig);

		assert_int_equal(rig_sign(r, s, key, digest, sizeof(digest), sig, &sig_n), CKR_OK);
	}
}

static void module_file(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(getenv("IOTSAFE_MODULE"), &st), 0);
	print_message("module file with debug information: %ld bytes\n", (long)st.st_size);
}

static void start_up(void **state)
{
	enum { ROUNDS = 200 };
	struct rig r;
	CK_ULONG n = 0;
	double t;

	(void)state;
	rig_start(&r, &(struct rig_options){.link = RIG_UNIX});
	t = rig_seconds();
	rig_module(&r);
	assert_int_equal(r.f->C_Initialize(NULL), CKR_OK);
	assert_int_equal(r.f->C_GetSlotList(CK_FALSE, NULL, &n), CKR_OK);
	print_message("load, C_Initialize and slot list: %.2f ms the first time",
		      (rig_seconds() - t) * 1e3);
	assert_int_equal(r.f->C_Finalize(NULL), CKR_OK);
	t = rig_seconds();
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(r.f->C_Initialize(NULL), CKR_OK);
		assert_int_equal(r.f->C_GetSlotList(CK_FALSE, NULL, &n), CKR_OK);
		assert_int_equal(r.f->C_Finalize(NULL), CKR_OK);
	}
	print_message(", %.3f ms again\n", (rig_seconds() - t) * 1e3 / ROUNDS);
	rig_stop(&r);
}

static double cpu_a_signature(const char *module_conf)
{
	enum { ROUNDS = 3000 };
	struct rig r;
	CK_SESSION_HANDLE s;
	CK_OBJECT_HANDLE key;
	double cpu;

	rig_start(&r, &(struct rig_options){.link = RIG_UNIX, .module_conf = module_conf});
	rig_module(&r);
	assert_int_equal(r.f->C_Initialize(NULL), CKR_OK);
	s = rig_session(&r);
	key = rig_find(&r, s, CKO_PRIVATE_KEY, NULL);
	sign_n(&r, s, key, 10);
	cpu = cpu_seconds();
	sign_n(&r, s, key, ROUNDS);
	cpu = cpu_seconds() - cpu;
	rig_stop(&r);
	return cpu / ROUNDS;
}

static void cpu(void **state)
{
	double without, with;

	(void)state;
	without = cpu_a_signature("check-signatures = no\n");
	with = cpu_a_signature(NULL);
	print_message("CPU a signature: %.3f ms, %.3f ms with the check of each signature\n",
		      without * 1e3, with * 1e3);
}

static void idle(void **state)
{
	static const char *const args[] = {"--latency", "100", NULL};
	struct rig r;
	CK_SESSION_HANDLE s;
	CK_OBJECT_HANDLE key;
	double cpu_used, t;

	(void)state;
	rig_start(&r, &(struct rig_options){.link = RIG_UNIX, .sim_args = args});
	rig_module(&r);
	assert_int_equal(r.f->C_Initialize(NULL), CKR_OK);
	s = rig_session(&r);
	key = rig_find(&r, s, CKO_PRIVATE_KEY, NULL);
	cpu_used = cpu_seconds();
	t = rig_seconds();
	sign_n(&r, s, key, 20);
	t = rig_seconds() - t;
	cpu_used = cpu_seconds() - cpu_used;
	print_message("at 100 ms an APDU: %.1f ms a signature, %.2f %% of a core busy\n",
		      t * 1e3 / 20, 100 * cpu_used / t);
	rig_stop(&r);
}

/* --- several SIMs --- */

static struct rig sims[SIMS];
static CK_SLOT_ID slots[SIMS];

static void *sign_on(void *arg)
{
	CK_SLOT_ID slot = *(CK_SLOT_ID *)arg;
	CK_SESSION_HANDLE s = 0;

	if (sims[0].f->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK)
		return arg;
	sign_n(&sims[0], s, rig_find(&sims[0], s, CKO_PRIVATE_KEY, NULL), 20);
	return NULL;
}

static double seconds_for(unsigned n)
{
	pthread_t thread[SIMS];
	double t = rig_seconds();

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, sign_on, &slots[i]), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	return rig_seconds() - t;
}

static void eight_sims(void **state)
{
	static const char *const args[] = {"--latency", "100", NULL};
	char conf[8 * 160] = "";
	double one, eight;

	(void)state;
	for (unsigned i = SIMS; i-- > 0;) {
		struct rig_options opt = {.link = RIG_UNIX, .sim_args = args};

		/* the last one started names the others in its configuration */
		if (i == 0)
			opt.more_conf = conf;
		rig_start(&sims[i], &opt);
		if (i > 0)
			snprintf(conf + strlen(conf), sizeof(conf) - strlen(conf),
				 "[slot sim%u]\nid = %u\nuri = unix:%s\n", i, i, sims[i].socket);
		slots[i] = i;
	}
	rig_module(&sims[0]);
	assert_int_equal(sims[0].f->C_Initialize(NULL), CKR_OK);
	seconds_for(SIMS); /* first use */
	one = seconds_for(1);
	eight = seconds_for(SIMS);
	print_message("8 SIMs at 100 ms: %.2f times the signatures of one\n", SIMS * one / eight);
	for (unsigned i = 0; i < SIMS; i++)
		rig_stop(&sims[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(module_file), cmocka_unit_test(start_up),   cmocka_unit_test(cpu),
		cmocka_unit_test(idle),	       cmocka_unit_test(eight_sims),
	};

	return cmocka_run_group_tests_name("benchmarks", tests, NULL, NULL);
}
