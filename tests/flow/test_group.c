/* SPDX-License-Identifier: Apache-2.0 */
/* A group of two SIMs over real links while the first one is pulled, killed, silent and back again.
 * With the same key in both nobody notices; with another the session ends, and the next one works.
 * Argument: the first SIM's link; the spare one is behind a socket, with another layout. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ck.h"
#include "rig.h"

enum {
	TIMEOUT_S = 2,
	RETRY_S = 1,
	ROUND = 8,
	THREADS = 4,
	CAN_FREEZE = ON_ALL & ~ON_PCSC, /* vpcd itself waits for ever for its card */
};

#define KEY "7B0E1FD1F37A4C4C8B8B7E7C6F0A92C11A1E2F3D4C5B6A79881726354453627F"
#define KEY_OF(id) id "=" KEY

static enum rig_link wire = RIG_UNIX;
static struct rig first, spare;
static CK_FUNCTION_LIST *f;
static double longest;

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, (ms % 1000) * 1000000}, NULL);
}

static void fill(uint8_t digest[32])
{
	static _Atomic unsigned count;
	unsigned n = ++count;

	memset(digest, 0x5A, 32);
	memcpy(digest, &n, sizeof(n));
}

/* Which SIM signed since the marks? */
struct marks {
	size_t first, spare;
};

static struct marks mark(void)
{
	return (struct marks){rig_log_mark(&first), rig_log_mark(&spare)};
}

static bool used_spare(struct marks m)
{
	return rig_log_count_ins(&spare, m.spare, 0x2B) != 0;
}

static bool used_first(struct marks m)
{
	return rig_log_count_ins(&first, m.first, 0x2B) != 0;
}

/* In a session that is opened for it. */
static bool first_signs(void)
{
	uint8_t digest[32], sig[64];
	CK_ULONG n = sizeof(sig);
	CK_TOKEN_INFO info;
	struct marks m = mark();

	assert_int_equal(f->C_GetTokenInfo(5, &info), CKR_OK);
	CK_SESSION_HANDLE s = rig_session(&first);
	CK_OBJECT_HANDLE key = rig_find(&first, s, CKO_PRIVATE_KEY, "device");
	fill(digest);
	CK_RV rv = rig_sign(&first, s, key, digest, sizeof(digest), sig, &n);
	assert_int_equal(f->C_CloseAllSessions(5), CKR_OK);
	return rv == CKR_OK && used_first(m);
}

/* Until the first one serves new sessions. */
static void await_first_anew(void)
{
	double until = rig_seconds() + 15;

	while (!first_signs()) {
		assert_true(rig_seconds() < until);
		pause_ms(200);
	}
}

static void start(bool same)
{
	static const char *const one[] = {"--key", KEY_OF("01"), NULL};
	static const char *const two[] = {"--key", KEY_OF("303036"), NULL};

	static char module[32], group[256];

	longest = 0;
	rig_start(&spare,
		  &(struct rig_options){.profile = "zariot", .new_args = same ? two : NULL});
	snprintf(module, sizeof(module), "timeout = %d\n", TIMEOUT_S);
	snprintf(group, sizeof(group),
		 "[slot spare]\nuri = unix:%s\n"
		 "[group meter]\nmembers = sim, spare\nlabel = meter\nid = 5\nretry = %d\n",
		 spare.socket, RETRY_S);
	rig_start(&first, &(struct rig_options){.link = wire,
						.new_args = one,
						.module_conf = module,
						.more_conf = group});
	f = rig_module(&first);
	assert_int_equal(f->C_Initialize(NULL), CKR_OK);
	assert_int_equal(rig_slot(&first), 5);
	if (rig_over_pcsc(wire)) /* pcscd shows a card a while after its start */
		await_first_anew();
}

static void stop(void)
{
	assert_int_equal(f->C_Finalize(NULL), CKR_OK);
	printf("longest call: %.2f s of %d\n", longest, 2 * TIMEOUT_S);
	assert_true(longest < 2 * TIMEOUT_S + 0.5);
	rig_stop(&first);
	rig_stop(&spare);
}

/* One signature, checked by the certificate of r. */
static CK_RV sign(const struct rig *r, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	uint8_t digest[32], sig[64];
	CK_ULONG n = sizeof(sig);
	double begin = rig_seconds();

	fill(digest);
	CK_RV rv = rig_sign(&first, s, key, digest, sizeof(digest), sig, &n);
	if (rig_seconds() - begin > longest)
		longest = rig_seconds() - begin;
	if (rv == CKR_OK)
		assert_true(rig_verify(r, digest, sizeof(digest), sig, n));
	return rv;
}

static void sign_some(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	for (int i = 0; i < ROUND; i++)
		assert_int_equal(sign(&first, s, key), CKR_OK);
}

static void remove_first(void)
{
	rig_control(&first, "remove", NULL, 0);
}

static void insert_first(void)
{
	rig_control(&first, "insert", NULL, 0);
}

/* The number of its pty may be another's by now; a modem's link goes with it. */
static void kill_first(void)
{
	rig_sim_stop(&first, SIGKILL);
	unlink(first.port);
}

static void restart_first(void)
{
	rig_sim_start(&first);
}

static void freeze_first(void)
{
	rig_sim_freeze(&first);
}

static void thaw_first(void)
{
	rig_sim_thaw(&first);
}

/* Until the first one signs again; a modem's news takes a while. */
static void await_first(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	double until = rig_seconds() + 15;

	for (;;) {
		struct marks m = mark();
		assert_int_equal(sign(&first, s, key), CKR_OK);
		if (used_first(m))
			return;
		assert_true(rig_seconds() < until);
		pause_ms(50);
	}
}

static void same_key(void **state)
{
	static const struct {
		void (*goes)(void), (*comes)(void);
		unsigned links;
	} ways[] = {
		{remove_first, insert_first, ON_ALL},
		{kill_first, restart_first, ON_ALL},
		{freeze_first, thaw_first, CAN_FREEZE},
	};

	(void)state;
	start(true);
	CK_SESSION_HANDLE s = rig_session(&first);
	CK_OBJECT_HANDLE key = rig_find(&first, s, CKO_PRIVATE_KEY, NULL);
	sign_some(s, key);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!(ways[i].links & 1U << wire))
			continue;
		struct marks m = mark();
		assert_int_equal(sign(&first, s, key), CKR_OK);
		assert_false(used_spare(m));
		ways[i].goes();
		m = mark();
		sign_some(s, key);
		assert_true(used_spare(m));
		assert_int_equal(rig_find(&first, s, CKO_PRIVATE_KEY, NULL), key);
		ways[i].comes();
		await_first(s, key);
	}
	stop();
}

/* Between C_SignInit and C_Sign, and with the certificate's handle. */
static void in_between(void **state)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	uint8_t digest[32] = {0}, sig[64], value[2048], again[2048];
	CK_ULONG n = sizeof(sig);
	CK_ATTRIBUTE a = {CKA_ID, value, sizeof(value)}, b = {CKA_ID, again, sizeof(again)};

	(void)state;
	start(true);
	CK_SESSION_HANDLE s = rig_session(&first);
	CK_OBJECT_HANDLE key = rig_find(&first, s, CKO_PRIVATE_KEY, NULL);
	CK_OBJECT_HANDLE cert = rig_find(&first, s, CKO_CERTIFICATE, NULL);
	CK_OBJECT_HANDLE pub = rig_find(&first, s, CKO_PUBLIC_KEY, NULL);
	assert_int_equal(f->C_GetAttributeValue(s, cert, &a, 1), CKR_OK);
	assert_int_equal(f->C_SignInit(s, &m, key), CKR_OK);
	remove_first();
	assert_int_equal(f->C_Sign(s, digest, sizeof(digest), sig, &n), CKR_OK);
	assert_true(rig_verify(&first, digest, sizeof(digest), sig, n));
	assert_int_equal(f->C_GetAttributeValue(s, cert, &b, 1), CKR_OK);
	assert_int_equal(a.ulValueLen, b.ulValueLen);
	assert_memory_equal(value, again, a.ulValueLen);
	assert_int_equal(f->C_VerifyInit(s, &m, pub), CKR_OK);
	assert_int_equal(f->C_Verify(s, digest, sizeof(digest), sig, n), CKR_OK);
	stop();
}

static void other_key(void **state)
{
	CK_SESSION_HANDLE s;
	CK_OBJECT_HANDLE key;
	CK_RV rv;

	(void)state;
	start(false);
	s = rig_session(&first);
	key = rig_find(&first, s, CKO_PRIVATE_KEY, NULL);
	sign_some(s, key);
	kill_first();
	rv = sign(&first, s, key);
	assert_true(rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID);
	assert_int_equal(sign(&first, s, key), CKR_SESSION_HANDLE_INVALID);
	s = rig_session(&first);
	key = rig_find(&first, s, CKO_PRIVATE_KEY, NULL);
	for (int i = 0; i < ROUND; i++)
		assert_int_equal(sign(&spare, s, key), CKR_OK);
	restart_first();
	pause_ms(RETRY_S * 1000 + 200);
	assert_int_equal(sign(&spare, s, key), CKR_OK);
	assert_int_equal(f->C_CloseAllSessions(5), CKR_OK);
	await_first_anew();
	stop();
}

static _Atomic bool over;
static _Atomic unsigned signatures, at_work;

static void *sign_on(void *arg)
{
	CK_SESSION_HANDLE s = 0;
	CK_RV *ret = arg;
	uint8_t digest[32], sig[64];

	*ret = f->C_OpenSession(5, CKF_SERIAL_SESSION, NULL, NULL, &s);
	CK_OBJECT_HANDLE key = *ret == CKR_OK ? rig_find(&first, s, CKO_PRIVATE_KEY, NULL) : 0;
	at_work++;
	while (*ret == CKR_OK && !over) {
		CK_ULONG n = sizeof(sig);
		fill(digest);
		*ret = rig_sign(&first, s, key, digest, sizeof(digest), sig, &n);
		if (*ret == CKR_OK && !rig_verify(&first, digest, sizeof(digest), sig, n))
			*ret = CKR_SIGNATURE_INVALID;
		signatures++;
		pause_ms(1); /* many runs share the machine */
	}
	return NULL;
}

/* The first SIM comes and goes under several threads. */
static void threads(void **state)
{
	pthread_t thread[THREADS];
	CK_RV rv[THREADS];

	(void)state;
	start(true);
	over = false;
	signatures = at_work = 0;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, sign_on, &rv[i]), 0);
	/* whoever has not read the first one's objects cannot know the spare one for its like */
	double until = rig_seconds() + 15;
	while (at_work < THREADS || signatures < THREADS) {
		assert_true(rig_seconds() < until);
		pause_ms(1);
	}
	for (int i = 0; i < 3; i++) {
		pause_ms(300);
		remove_first();
		pause_ms(RETRY_S * 1000 + 100);
		insert_first();
	}
	over = true;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(rv[i], CKR_OK);
	}
	printf("signatures of %d threads: %u\n", THREADS, signatures);
	stop();
}

/* Both at once: an error within the time, and the first to come back serves. */
static void none(void **state)
{
	(void)state;
	start(true);
	CK_SESSION_HANDLE s = rig_session(&first);
	CK_OBJECT_HANDLE key = rig_find(&first, s, CKO_PRIVATE_KEY, NULL);
	sign_some(s, key);
	bool freezes = CAN_FREEZE & 1U << wire;
	rig_sim_freeze(&spare);
	freezes ? freeze_first() : kill_first();
	assert_int_not_equal(sign(&first, s, key), CKR_OK);
	rig_sim_thaw(&spare);
	assert_int_equal(sign(&first, s, key), CKR_OK);
	freezes ? thaw_first() : restart_first();
	await_first(s, key);
	stop();
}

/* What a test that failed has left. */
static int clean(void **state)
{
	(void)state;
	if (first.dir[0])
		rig_stop(&first);
	if (spare.dir[0])
		rig_stop(&spare);
	return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, clean)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(same_key), TEST(in_between), TEST(other_key), TEST(threads), TEST(none),
	};

	wire = rig_argument(argc, argv);
	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
