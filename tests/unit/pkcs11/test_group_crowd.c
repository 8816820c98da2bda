/* SPDX-License-Identifier: Apache-2.0 */
/* Two groups and a single slot under signing, searching, waiting and restarting threads, while
 * their SIMs fail, go and come back; made to be run under the thread sanitizer. */
#include "group_rig.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "fake_keys.h"

enum { SIGNERS = 3, MOVES = 60, MOVE_MS = 10, GROUPS = 2 };

static atomic_uint failures, signatures, events;
static atomic_bool over;

static void count(bool ok, int line)
{
	if (ok)
		return;
	failures++;
	print_error("line %d\n", line);
}
#define must(ok) count((ok), __LINE__)

static const char conf[] =
	"[module]\ntimeout = 1\n[slot alone]\nuri = unix:/alone\nid = 0\n"
	"[slot a]\nuri = unix:/a\n[slot b]\nuri = unix:/b\n"
	"[slot c]\nuri = unix:/c\n[slot d]\nuri = unix:/d\nexpected-iccid = 89000000000000000004\n"
	"[group one]\nmembers = a, b\nid = 1\nretry = 1\n"
	"[group two]\nmembers = c, d\nid = 2\nretry = 1\n";

static int setup(void **state)
{
	static char uri[4][16];

	assert_int_equal(rig_setup(state), 0);
	assert_ok(f->C_Finalize(NULL));
	rig_configure(conf);
	for (int i = 0; i < 4; i++) {
		snprintf(uri[i], sizeof(uri[i]), "unix:/%c", 'a' + i);
		fake.device[i].uri = uri[i];
		fake.device[i].iccid = i == 3 ? "89000000000000000004" : "89000000000000000001";
	}
	assert_ok(f->C_Initialize(NULL));
	over = false;
	failures = signatures = events = 0;
	return 0;
}

/* What a client may meet while SIMs come and go; no other answer, and no wrong signature. */
static bool is_expected(CK_RV rv)
{
	static const CK_RV expected[] = {
		CKR_OK,
		CKR_DEVICE_REMOVED,
		CKR_DEVICE_ERROR,
		CKR_SESSION_HANDLE_INVALID,
		CKR_KEY_HANDLE_INVALID,
		CKR_OBJECT_HANDLE_INVALID,
		CKR_TOKEN_NOT_PRESENT,
		CKR_TOKEN_NOT_RECOGNIZED,
		CKR_CRYPTOKI_NOT_INITIALIZED,
	};

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (rv == expected[i])
			return true;
	print_error("CKR %lx\n", rv);
	return false;
}

static CK_RV find_key(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *ret_key)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, (void *)"device", 6}};
	CK_ULONG n = 0;
	CK_RV rv = f->C_FindObjectsInit(s, t, 2);

	if (rv == CKR_OK)
		rv = f->C_FindObjects(s, ret_key, 1, &n);
	if (rv == CKR_OK)
		rv = f->C_FindObjectsFinal(s);
	return rv != CKR_OK ? rv : n == 1 ? CKR_OK : CKR_DEVICE_REMOVED;
}

static CK_RV sign_once(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_BYTE digest[32] = {1}, sig[64];
	CK_ULONG n = sizeof(sig);
	CK_RV rv = f->C_SignInit(s, &m, key);

	if (rv == CKR_OK)
		rv = f->C_Sign(s, digest, sizeof(digest), sig, &n);
	if (rv != CKR_OK)
		return rv;
	must(verify_ecdsa(fake_public(FAKE_DEVICE_KEY), BYTES_OF(digest), BYTES_OF(sig)) == ST_OK);
	signatures++;
	return rv;
}

/* A session for as long as it lasts. */
static void serve(CK_SLOT_ID slot)
{
	CK_SESSION_HANDLE s = 0;
	CK_OBJECT_HANDLE key = 0;
	CK_RV rv = f->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s);

	if (rv == CKR_OK)
		rv = find_key(s, &key);
	for (int i = 0; rv == CKR_OK && i < 20 && !over; i++)
		rv = sign_once(s, key);
	must(is_expected(rv));
	must(is_expected(f->C_CloseSession(s)));
}

static void *signer(void *arg)
{
	CK_SLOT_ID slot = *(const CK_SLOT_ID *)arg;

	while (!over)
		serve(slot);
	return NULL;
}

static void *looker(void *arg)
{
	CK_SLOT_ID slot = *(const CK_SLOT_ID *)arg;
	CK_TOKEN_INFO info;
	CK_SLOT_INFO place;
	CK_SLOT_ID id[8];

	while (!over) {
		CK_ULONG n = 8;
		must(is_expected(f->C_GetTokenInfo(slot, &info)));
		must(is_expected(f->C_GetSlotInfo(slot, &place)));
		must(is_expected(f->C_GetSlotList(CK_TRUE, id, &n)));
		fake.epoch++;
		group_rig_pause(1);
	}
	return NULL;
}

static void *waiter(void *arg)
{
	CK_SLOT_ID slot = 99;
	CK_RV rv = CKR_OK;

	(void)arg;
	while (rv == CKR_OK) {
		rv = f->C_WaitForSlotEvent(0, &slot, NULL);
		must(is_expected(rv));
		if (rv == CKR_OK)
			must(slot <= GROUPS);
		events += rv == CKR_OK;
	}
	must(rv == CKR_CRYPTOKI_NOT_INITIALIZED);
	return NULL;
}

/* One SIM of each group at a time is well, and now and then none. */
static void move(unsigned i)
{
	static const status faults[] = {ST_IO, ST_CARD_GONE, ST_NO_DEVICE, ST_CARD_CHANGED,
					ST_NO_CHANNEL};
	struct fake_device *d = &fake.device[i % 4];

	d->answer = d->answer != ST_OK ? ST_OK : faults[i % 5];
	fake.device[(i + 1) % 4].gone = i % 7 == 0;
	fake.device[(i + 2) % 4].changes++;
	if (i % 3 == 0)
		d->answer = ST_OK;
}

static void heal(void)
{
	for (int i = 0; i < 4; i++) {
		fake.device[i].answer = ST_OK;
		fake.device[i].gone = false;
	}
}

enum { CREW = (SIGNERS + 1) * (GROUPS + 1) };

static void start_crew(pthread_t crew[CREW], CK_SLOT_ID slot[CREW])
{
	for (unsigned i = 0; i < CREW; i++) {
		slot[i] = i % (GROUPS + 1);
		void *(*fn)(void *) = i < GROUPS + 1 ? looker : signer;
		assert_int_equal(pthread_create(&crew[i], NULL, fn, &slot[i]), 0);
	}
}

static void join(pthread_t *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
}

static void everything_moves(void **state)
{
	pthread_t crew[CREW], waiters[2];
	CK_SLOT_ID slot[CREW];

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&waiters[i], NULL, waiter, NULL), 0);
	start_crew(crew, slot);
	for (unsigned i = 0; i < MOVES; i++) {
		move(i);
		group_rig_pause(MOVE_MS);
	}
	heal();
	over = true;
	join(crew, CREW);
	assert_ok(f->C_Finalize(NULL));
	join(waiters, 2);
	assert_int_equal(failures, 0);
	assert_true(signatures > 0);
	print_message("%u signatures, %u events\n", signatures, events);
}

/* The library ends and begins under all of them. */
static void restarts(void **state)
{
	pthread_t crew[CREW], one;
	CK_SLOT_ID slot[CREW];

	(void)state;
	start_crew(crew, slot);
	for (unsigned i = 0; i < MOVES / 4; i++) {
		assert_int_equal(pthread_create(&one, NULL, waiter, NULL), 0);
		move(i);
		group_rig_pause(MOVE_MS);
		assert_ok(f->C_Finalize(NULL));
		join(&one, 1);
		assert_ok(f->C_Initialize(NULL));
	}
	heal();
	over = true;
	join(crew, CREW);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything_moves, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(restarts, setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("group-crowd", tests, rig_group_setup,
					   rig_group_teardown);
}
