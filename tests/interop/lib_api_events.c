/* SPDX-License-Identifier: Apache-2.0 */
/* libiotsafe while things happen to the SIM; the script makes them happen. */
#include "lib_rig.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint8_t digest[32] = "a digest, as far as a card knows";

/* --- another SIM --- */

static void let_it_happen(void)
{
	char line[16];

	printf("ready\n");
	fflush(stdout);
	assert_non_null(fgets(line, sizeof(line), stdin));
}

static void test_swap(void **state)
{
	struct iotsafe *sim = lib_open();
	struct iotsafe_object key = lib_find(sim, IOTSAFE_PRIVATE_KEY, NULL);
	struct iotsafe_info before, after;
	uint8_t sig[64];
	size_t n = 0;

	(void)state;
	WORKS(iotsafe_identify(sim, &before));
	lib_sign(sim, &key);
	let_it_happen();
	enum iotsafe_error e = iotsafe_sign(sim, &key, IOTSAFE_ECDSA, digest, 32, sig, 64, &n);
	for (int i = 0; i < 100 && (e == IOTSAFE_E_LINK || e == IOTSAFE_E_NO_SIM); i++) {
		nanosleep(&(struct timespec){.tv_nsec = 100000000},
			  NULL); /* a reader takes its time */
		e = iotsafe_sign(sim, &key, IOTSAFE_ECDSA, digest, 32, sig, 64, &n);
	}
	EXPECT(e, IOTSAFE_E_OTHER_SIM);
	/* the object stays void, though the new SIM has one just like it */
	EXPECT(iotsafe_sign(sim, &key, IOTSAFE_ECDSA, digest, 32, sig, 64, &n),
	       IOTSAFE_E_OTHER_SIM);
	WORKS(iotsafe_identify(sim, &after));
	assert_string_not_equal(before.iccid, after.iccid);
	key = lib_find(sim, IOTSAFE_PRIVATE_KEY, NULL);
	lib_sign(sim, &key);
	iotsafe_close(sim);
}

int lib_test_swap(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_swap)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* --- a silent one --- */

static void *wait_for_it(void *sim)
{
	uint8_t b[8];

	return (void *)(intptr_t)iotsafe_random(sim, b, sizeof(b));
}

/* Who waits for another thread's call is in time too. */
static void test_queue(void **state)
{
	struct iotsafe *sim = NULL;
	pthread_t t[3];
	void *e;

	(void)state;
	WORKS(iotsafe_open(lib_where, 1000, &sim));
	let_it_happen();
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, wait_for_it, sim), 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], &e);
		assert_int_equal((intptr_t)e, IOTSAFE_E_TIMEOUT);
	}
	iotsafe_close(sim);
}

int lib_test_queue(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_queue)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* --- failures --- */

/* The first that fails: opening, or a signature. */
static enum iotsafe_error try(void)
{
	struct iotsafe *sim = NULL;
	struct iotsafe_object key;
	uint8_t sig[64];
	size_t n = 0;
	enum iotsafe_error e = iotsafe_open(lib_where, 0, &sim);

	if (e == IOTSAFE_OK)
		e = iotsafe_find(sim, IOTSAFE_PRIVATE_KEY, NULL, &key);
	if (e == IOTSAFE_OK)
		e = iotsafe_sign(sim, &key, IOTSAFE_ECDSA, digest, 32, sig, 64, &n);
	assert_int_equal(n, e == IOTSAFE_OK ? 64 : 0);
	iotsafe_close(sim);
	return e;
}

static void test_answer(void **state)
{
	struct timespec from, to;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &from);
	EXPECT(try(), (enum iotsafe_error)atoi(lib_word));
	clock_gettime(CLOCK_MONOTONIC, &to);
	print_message("%s; took %ld s\n", iotsafe_why(), (long)(to.tv_sec - from.tv_sec));
	assert_true(to.tv_sec - from.tv_sec <= 20);
}

int lib_test_answer(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_answer)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* --- a certificate for somebody to look at --- */

static void test_cert(void **state)
{
	struct iotsafe *sim = lib_open();
	struct iotsafe_object key = lib_find(sim, IOTSAFE_PRIVATE_KEY, NULL);
	static uint8_t der[IOTSAFE_FILE_MAX];
	size_t n = 0;
	FILE *f = fopen(lib_word, "w");

	(void)state;
	assert_non_null(f);
	WORKS(iotsafe_certificate(sim, &key, der, sizeof(der), &n));
	assert_int_equal(fwrite(der, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	iotsafe_close(sim);
}

int lib_test_cert(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cert)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
