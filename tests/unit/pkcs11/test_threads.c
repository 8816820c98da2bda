/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads over the fake card; made to be run under the thread sanitizer. */
#include "rig.h"

#include <pthread.h>
#include <string.h>

#include "deadline.h"

enum { THREADS = 8, ROUNDS = 40 };

static atomic_uint failures;

static void count(bool ok, int line)
{
	if (ok)
		return;
	failures++;
	print_error("line %d\n", line);
}
#define must(ok) count((ok), __LINE__)

/* Opens, searches, signs and closes as a worker of a server does. */
static void work(CK_SLOT_ID slot)
{
	CK_SESSION_HANDLE s = 0;
	CK_OBJECT_HANDLE key = 0;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BBOOL yes = CK_TRUE;
	CK_ULONG n = 0;
	CK_BYTE data[32] = {1}, sig[64];
	char label[] = "device";
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
			    {CKA_SIGN, &yes, sizeof(yes)},
			    {CKA_LABEL, label, 6}};
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};

	must(f->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s) == CKR_OK);
	must(f->C_FindObjectsInit(s, t, 3) == CKR_OK);
	must(f->C_FindObjects(s, &key, 1, &n) == CKR_OK && n == 1);
	must(f->C_FindObjectsFinal(s) == CKR_OK);
	must(f->C_SignInit(s, &m, key) == CKR_OK);
	n = sizeof(sig);
	must(f->C_Sign(s, data, sizeof(data), sig, &n) == CKR_OK && n == 64);
	must(verify_ecdsa(fake_public(FAKE_DEVICE_KEY), BYTES_OF(data), BYTES_OF(sig)) == ST_OK);
	must(f->C_CloseSession(s) == CKR_OK);
}

static void *worker(void *arg)
{
	CK_SLOT_ID slot = *(const CK_SLOT_ID *)arg;

	for (int i = 0; i < ROUNDS; i++)
		work(slot);
	return NULL;
}

static void *looker(void *arg)
{
	CK_SLOT_ID ids[4];
	CK_TOKEN_INFO info;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		CK_ULONG n = 4;
		must(f->C_GetSlotList(CK_FALSE, NULL, &n) == CKR_OK);
		must(f->C_GetSlotList(CK_TRUE, ids, &n) == CKR_OK);
		must(f->C_GetTokenInfo(0, &info) == CKR_OK);
		fake.epoch++;
	}
	return NULL;
}

static void run(void *(*fn[])(void *), size_t count, CK_SLOT_ID *slots)
{
	pthread_t t[THREADS + 1];

	for (size_t i = 0; i < count; i++)
		assert_int_equal(pthread_create(&t[i], NULL, fn[i], &slots[i]), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_int_equal(failures, 0);
}

static void everybody_signs(void **state)
{
	void *(*fn[THREADS + 1])(void *);
	CK_SLOT_ID slots[THREADS + 1];

	(void)state;
	for (size_t i = 0; i < THREADS; i++) {
		fn[i] = worker;
		slots[i] = i % RIG_SLOTS;
	}
	fn[THREADS] = looker;
	slots[THREADS] = 0;
	run(fn, THREADS + 1, slots);
}

/* One session in many hands is the application's mistake, and must stay its own. */
static CK_SESSION_HANDLE shared;
static CK_OBJECT_HANDLE shared_key;

static void *mistaken(void *arg)
{
	CK_BYTE data[32] = {2}, sig[64];
	CK_MECHANISM m = {CKM_ECDSA_SHA256, NULL, 0};

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		CK_ULONG n = sizeof(sig);
		CK_RV rv = f->C_SignInit(shared, &m, shared_key);
		must(rv == CKR_OK || rv == CKR_OPERATION_ACTIVE);
		rv = f->C_SignUpdate(shared, data, sizeof(data));
		must(rv == CKR_OK || rv == CKR_OPERATION_ACTIVE ||
		     rv == CKR_OPERATION_NOT_INITIALIZED);
		rv = f->C_SignFinal(shared, sig, &n);
		must(rv == CKR_OK || rv == CKR_OPERATION_ACTIVE ||
		     rv == CKR_OPERATION_NOT_INITIALIZED);
	}
	return NULL;
}

static void one_session_for_all(void **state)
{
	void *(*fn[4])(void *) = {mistaken, mistaken, mistaken, mistaken};
	CK_SLOT_ID slots[4] = {0};

	(void)state;
	shared = rig_session();
	shared_key = rig_by_label(shared, CKO_PRIVATE_KEY, "device");
	run(fn, 4, slots);
}

static void *slow_signer(void *arg)
{
	(void)arg;
	work(0);
	return NULL;
}

/* A slow SIM delays its own slot only; what needs no card does not wait for it even there. */
static void slow_card(void **state)
{
	pthread_t t;
	CK_SLOT_INFO info;
	CK_SESSION_INFO session_info;
	CK_BYTE byte;
	CK_SESSION_HANDLE there = rig_session(), other = 0;

	(void)state;
	assert_ok(f->C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &other));
	rig_by_label(there, CKO_PRIVATE_KEY, "device");
	fake.sign_ms = 500;
	int64_t start = deadline_now();
	assert_int_equal(pthread_create(&t, NULL, slow_signer, NULL), 0);
	while (fake.calls[FAKE_SIGN] == 0)
		deadline_sleep(DEADLINE_NEVER, 1);
	assert_ok(f->C_GenerateRandom(other, &byte, 1));
	assert_ok(f->C_GetSessionInfo(there, &session_info));
	assert_ok(f->C_GetSlotInfo(0, &info));
	assert_int_equal(info.flags & CKF_TOKEN_PRESENT, CKF_TOKEN_PRESENT);
	assert_ok(f->C_CloseSession(rig_session()));
	assert_ok(f->C_CloseAllSessions(1));
	assert_rv(f->C_GetSessionInfo(other, &session_info), CKR_SESSION_HANDLE_INVALID);
	assert_true(deadline_now() - start < INT64_C(450000000));
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(failures, 0);
}

static void *restart(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++) {
		CK_RV rv = f->C_Initialize(NULL);
		must(rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED);
		rv = f->C_Finalize(NULL);
		must(rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED);
	}
	return NULL;
}

static void *visitor(void *arg)
{
	CK_INFO info;
	CK_ULONG n;

	(void)arg;
	for (int i = 0; i < 400; i++) {
		CK_RV rv = f->C_GetInfo(&info);
		must(rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED);
		rv = f->C_GetSlotList(CK_TRUE, NULL, &n);
		must(rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED);
	}
	return NULL;
}

static void coming_and_going(void **state)
{
	void *(*fn[4])(void *) = {restart, restart, visitor, visitor};
	CK_SLOT_ID slots[4] = {0};

	(void)state;
	run(fn, 4, slots);
}

static void *first_wins(void *arg)
{
	*(CK_SLOT_ID *)arg = f->C_Initialize(NULL);
	return NULL;
}

static void one_initialises(void **state)
{
	void *(*fn[THREADS])(void *);
	CK_SLOT_ID rv[THREADS];
	int ok = 0;

	(void)state;
	assert_ok(f->C_Finalize(NULL));
	for (int i = 0; i < THREADS; i++)
		fn[i] = first_wins;
	run(fn, THREADS, rv);
	for (int i = 0; i < THREADS; i++) {
		assert_true(rv[i] == CKR_OK || rv[i] == CKR_CRYPTOKI_ALREADY_INITIALIZED);
		ok += rv[i] == CKR_OK;
	}
	assert_int_equal(ok, 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everybody_signs),	TEST(one_session_for_all), TEST(slow_card),
		TEST(coming_and_going), TEST(one_initialises),
	};

	return cmocka_run_group_tests_name("threads", tests, rig_group_setup, rig_group_teardown);
}
