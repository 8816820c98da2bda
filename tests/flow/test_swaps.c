/* SPDX-License-Identifier: Apache-2.0 */
/* A program that signs and signs while another exchanges the SIM a thousand times, at random
 * moments: what comes back with CKR_OK verifies under the key of the handle that was used, any
 * error is one that Cryptoki allows, no call hangs, and after each error the program is at work
 * again within two seconds. Argument: the link. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <setjmp.h>
#include <cmocka.h>

#include "scene.h"

enum {
	SWAPS = 1000,
	POINT_SIZE = 67, /* 04 41 04 X Y */
	SHORT_MS = 4,	 /* most swaps come that soon after another: in the middle of anything */
	LONG_FROM_MS = 30,
	LONG_MS = 50, /* and some leave time for a first use */
	/* pcscd needs a second to notice a real one: there only some are, in the others the new SIM
	 * answers in the place and on the channels of the old one without a word */
	READER_EVERY = 250,
	READER_MS = 1200,
};
static const double RECOVERY_MAX = 2, CALL_MAX = 4;

static enum rig_link wire;
static struct rig rig, other; /* other: only its card is used */
static struct scene scene;
static EVP_PKEY *key; /* of scene.key */
static unsigned keys_met;

static struct {
	unsigned signatures, errors, recoveries;
	double slowest_call, slowest_recovery;
} seen;

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

static EVP_PKEY *key_of_point(const uint8_t *point, size_t n)
{
	char group[] = "P-256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point,
						  n),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *k = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &k, EVP_PKEY_PUBLIC_KEY, params), 1);
	EVP_PKEY_CTX_free(ctx);
	return k;
}

static bool verifies(const uint8_t digest[32], const uint8_t sig[64])
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	unsigned char *der = NULL;
	int n;
	bool good;

	ECDSA_SIG_set0(s, BN_bin2bn(sig, 32, NULL), BN_bin2bn(sig + 32, 32, NULL));
	n = i2d_ECDSA_SIG(s, &der);
	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	good = n > 0 && EVP_PKEY_verify(ctx, der, (size_t)n, digest, 32) == 1;
	OPENSSL_free(der);
	EVP_PKEY_CTX_free(ctx);
	ECDSA_SIG_free(s);
	return good;
}

/* A new session, the key and its public point. */
static CK_RV start_over(void)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_SIGN, &yes, sizeof(yes)}};
	uint8_t point[POINT_SIZE];
	CK_ATTRIBUTE a = {CKA_EC_POINT, point, sizeof(point)};
	CK_ULONG n = 0;
	CK_RV rv;

	scene.calls = 0;
	if (scene.session != 0)
		(void)rig.f->C_CloseSession(scene.session);
	EVP_PKEY_free(key);
	key = NULL;
	rv = scene_open(&scene);
	if (rv == CKR_OK)
		rv = scene_search(&scene, t, 2, &scene.key, 1, &n);
	if (rv != CKR_OK)
		return rv;
	if (n == 0) /* a list of which the SIM was taken away */
		return CKR_DEVICE_REMOVED;
	rv = SCENE_CALL(&scene, C_GetAttributeValue, scene.session, scene.key, &a, 1);
	if (rv != CKR_OK)
		return rv;
	assert_int_equal(a.ulValueLen, POINT_SIZE);
	key = key_of_point(point + 2, POINT_SIZE - 2);
	keys_met++;
	return CKR_OK;
}

static CK_RV sign_once(void)
{
	static unsigned serial;
	uint8_t digest[32] = {0}, sig[256];
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_ULONG n = sizeof(sig);
	CK_RV rv;

	scene.calls = 0;
	serial++;
	memcpy(digest, &serial, sizeof(serial));
	rv = SCENE_CALL(&scene, C_SignInit, scene.session, &m, scene.key);
	if (rv == CKR_OK)
		rv = SCENE_CALL(&scene, C_Sign, scene.session, digest, sizeof(digest), sig, &n);
	if (rv != CKR_OK)
		return rv;
	assert_int_equal(n, 64);
	assert_true(verifies(digest, sig));
	seen.signatures++;
	return CKR_OK;
}

/* All calls made since were allowed to answer what they did, and none took too long. */
static void judge_calls(void)
{
	for (size_t i = 0; i < scene.calls; i++) {
		const struct scene_call *c = &scene.call[i];

		if (c->seconds > seen.slowest_call)
			seen.slowest_call = c->seconds;
		seen.errors += c->rv != CKR_OK;
		if (scene_allows(c->function, c->rv) && c->seconds < CALL_MAX)
			continue;
		scene_print(&scene, 0);
		fail_msg("%s: %#lx after %.3f s", c->function, c->rv, c->seconds);
	}
}

/* Until a signature comes. */
static void recover(void)
{
	double began = rig_seconds(), took;
	CK_RV rv;

	do {
		rv = start_over();
		judge_calls();
		if (rv != CKR_OK)
			continue;
		rv = sign_once();
		judge_calls();
	} while (rv != CKR_OK && rig_seconds() - began < 4 * RECOVERY_MAX);
	took = rig_seconds() - began;
	if (took > seen.slowest_recovery)
		seen.slowest_recovery = took;
	seen.recoveries++;
	assert_int_equal(rv, CKR_OK);
	assert_true(took < RECOVERY_MAX);
}

static void a_thousand_swaps(void **state)
{
	pid_t swapper;
	int st = 0;

	(void)state;
	recover();
	swapper = start_swapper();
	while (waitpid(swapper, &st, WNOHANG) == 0) {
		CK_RV rv = sign_once();

		judge_calls();
		if (rv != CKR_OK)
			recover();
	}
	assert_true(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	if (sign_once() != CKR_OK)
		recover();
	assert_int_equal(sign_once(), CKR_OK);
	print_message("  %u swaps: %u signatures, %u errors, %u keys met, the slowest call %.3f s, "
		      "recovery %.3f s\n",
		      SWAPS, seen.signatures, seen.errors, keys_met, seen.slowest_call,
		      seen.slowest_recovery);
	/* the test would show nothing if it met few */
	assert_true(seen.signatures > 100 && seen.recoveries > 50);
}

/* --- around --- */

static int set_up(void **state)
{
	(void)state;
	rig_start(&other, &(struct rig_options){.link = RIG_UNIX});
	rig_sim_stop(&other, SIGTERM);
	rig_start(&rig, &(struct rig_options){.link = wire});
	rig_module(&rig);
	scene = (struct scene){.r = &rig};
	return rig.f->C_Initialize(NULL) == CKR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
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
