/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen threads with sessions of their own on one SIM: each signature verifies; for TSan too.
 * Argument: the link. */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

enum { THREADS = 16, ROUNDS = 40 };

static enum rig_link wire;
static struct rig rig;
static _Atomic unsigned valid, wrong;

static void *work(void *arg)
{
	unsigned me = *(unsigned *)arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint8_t digest[32] = {(uint8_t)me, (uint8_t)i}, sig[256], random[8];
		CK_ULONG n = sizeof(sig);
		CK_SESSION_HANDLE s = rig_session(&rig);
		CK_OBJECT_HANDLE key = rig_find(&rig, s, CKO_PRIVATE_KEY, NULL);
		CK_SESSION_INFO info;
		CK_RV rv = rig_sign(&rig, s, key, digest, sizeof(digest), sig, &n);

		if (rv == CKR_OK && rig_verify(&rig, digest, sizeof(digest), sig, n))
			atomic_fetch_add(&valid, 1);
		else
			atomic_fetch_add(&wrong, 1);
		if (rig.f->C_GenerateRandom(s, random, sizeof(random)) != CKR_OK ||
		    rig.f->C_GetSessionInfo(s, &info) != CKR_OK ||
		    rig.f->C_CloseSession(s) != CKR_OK)
			atomic_fetch_add(&wrong, 1);
	}
	return NULL;
}

static void sixteen(void **state)
{
	pthread_t t[THREADS];
	unsigned id[THREADS];
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};

	(void)state;
	rig_start(&rig, &(struct rig_options){.link = wire});
	rig_module(&rig);
	assert_int_equal(rig.f->C_Initialize(&args), CKR_OK);
	for (unsigned i = 0; i < THREADS; i++) {
		id[i] = i;
		assert_int_equal(pthread_create(&t[i], NULL, work, &id[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(wrong, 0);
	assert_int_equal(valid, THREADS * ROUNDS);
	rig_stop(&rig);
}

static void *initialise(void *arg)
{
	CK_RV rv = rig.f->C_Initialize(NULL);

	(void)arg;
	if (rv == CKR_OK)
		atomic_fetch_add(&valid, 1);
	else if (rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
		atomic_fetch_add(&wrong, 1);
	return NULL;
}

static void one_initialises(void **state)
{
	pthread_t t[THREADS];

	(void)state;
	rig_start(&rig, &(struct rig_options){.link = wire});
	rig_module(&rig);
	for (int round = 0; round < 50; round++) {
		atomic_store(&valid, 0);
		atomic_store(&wrong, 0);
		for (unsigned i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&t[i], NULL, initialise, NULL), 0);
		for (unsigned i = 0; i < THREADS; i++)
			pthread_join(t[i], NULL);
		assert_int_equal(valid, 1);
		assert_int_equal(wrong, 0);
		assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
	}
	rig_stop(&rig);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen),
		cmocka_unit_test(one_initialises),
	};

	wire = rig_argument(argc, argv);
	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
