/* SPDX-License-Identifier: Apache-2.0 */
/* C_WaitForSlotEvent: tokens that come and go, and C_Finalize in the middle of a wait. */
#include "rig.h"

#include <pthread.h>

#include "deadline.h"

static CK_RV poll_event(CK_SLOT_ID *slot)
{
	return f->C_WaitForSlotEvent(CKF_DONT_BLOCK, slot, NULL);
}

static void coming_and_going(void **state)
{
	CK_SLOT_ID slot = 99;
	CK_ULONG n = 0;

	(void)state;
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	fake.present = false;
	/* both slots, each once */
	assert_ok(poll_event(&slot));
	CK_SLOT_ID first = slot;
	assert_ok(poll_event(&slot));
	assert_int_not_equal(slot, first);
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	/* who looked elsewhere in between has not been told */
	fake.present = true;
	assert_ok(f->C_GetSlotList(CK_TRUE, NULL, &n));
	assert_int_equal(n, RIG_SLOTS);
	assert_ok(poll_event(&slot));
	assert_ok(poll_event(&slot));
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	assert_int_equal(fake_traffic(), 0);
}

static void first_look(void **state)
{
	CK_SLOT_ID slot;

	(void)state;
	/* what is so at the first look is no event */
	fake.present = false;
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	fake.present = true;
	assert_ok(poll_event(&slot));
	/* C_Initialize clears the flags */
	assert_ok(f->C_Finalize(NULL));
	assert_ok(f->C_Initialize(NULL));
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
}

static void another_sim(void **state)
{
	CK_SLOT_ID slot = 99;
	CK_SESSION_HANDLE s = rig_session();
	CK_BYTE b;

	(void)state;
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	fake.answer[FAKE_RANDOM] = ST_CARD_CHANGED;
	assert_rv(f->C_GenerateRandom(s, &b, 1), CKR_DEVICE_REMOVED);
	assert_ok(poll_event(&slot));
	assert_int_equal(slot, 0);
}

/* A SIM that expected-iccid refuses is news once: who asks because of it makes no further news. */
static void refused_sim(void **state)
{
	CK_SLOT_ID slot = 99;
	CK_TOKEN_INFO info;

	(void)state;
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	fake.changes++;
	fake.answer[FAKE_IDENTIFY] = ST_CARD_CHANGED;
	while (poll_event(&slot) == CKR_OK)
		;
	deadline_sleep(DEADLINE_NEVER, 2100); /* what is known of the token is good for so long */
	assert_rv(f->C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_RECOGNIZED);
	assert_ok(poll_event(&slot));
	for (int i = 0; i < 3; i++) {
		assert_rv(f->C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_RECOGNIZED);
		assert_rv(poll_event(&slot), CKR_NO_EVENT);
	}
	fake.answer[FAKE_IDENTIFY] = ST_OK;
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_ok(poll_event(&slot)); /* the token is recognised now */
	fake.answer[FAKE_RANDOM] = ST_CARD_CHANGED;
	CK_SESSION_HANDLE s = rig_session();
	CK_BYTE b;
	assert_rv(f->C_GenerateRandom(s, &b, 1), CKR_DEVICE_REMOVED);
	assert_ok(poll_event(&slot));
}

/* The SIM was out and is in again: the link's count tells, once. */
static void between_two_looks(void **state)
{
	CK_SLOT_ID slot = 99;

	(void)state;
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	fake.changes++;
	assert_ok(poll_event(&slot));
	assert_ok(poll_event(&slot));
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	/* it went: one event, however the count moved */
	fake.changes++;
	fake.present = false;
	assert_ok(poll_event(&slot));
	assert_ok(poll_event(&slot));
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
}

/* Devices are asked while somebody waits for events, not more often than that takes, and never for
 * a list. */
static void asked(void **state)
{
	CK_SLOT_ID slot;
	CK_SLOT_INFO info;
	CK_ULONG n;

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_ok(f->C_GetSlotList(CK_TRUE, NULL, &n));
		assert_ok(f->C_GetSlotInfo(0, &info));
	}
	assert_int_equal(fake.looks, 0);
	for (int i = 0; i < 20; i++)
		assert_rv(poll_event(&slot), CKR_NO_EVENT);
	assert_int_equal(fake.looks, RIG_SLOTS);
}

/* Readers that come and go while somebody waits. */
static void readers(void **state)
{
	static const char *const one[] = {"pcsc:?reader=A", NULL};
	static const char *const two[] = {"pcsc:?reader=A", "pcsc:?reader=B", NULL};
	enum { AGAIN_MS = 1100 }; /* new ones are looked for every second */
	CK_SLOT_ID slot = 99, again = 99;

	(void)state;
	fake.readers = one;
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	fake.readers = two;
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	deadline_sleep(DEADLINE_NEVER, AGAIN_MS);
	assert_ok(poll_event(&slot)); /* with a SIM in it */
	assert_rv(poll_event(&again), CKR_NO_EVENT);
	fake.readers = one;
	deadline_sleep(DEADLINE_NEVER, AGAIN_MS);
	assert_ok(poll_event(&again));
	assert_int_equal(again, slot);
	assert_rv(poll_event(&again), CKR_NO_EVENT);
	/* it is back, and the same slot */
	fake.readers = two;
	deadline_sleep(DEADLINE_NEVER, AGAIN_MS);
	assert_ok(poll_event(&again));
	assert_int_equal(again, slot);
	/* one without a SIM is no event */
	fake.readers = one;
	deadline_sleep(DEADLINE_NEVER, AGAIN_MS);
	assert_ok(poll_event(&again));
	fake.present = false;
	assert_ok(poll_event(&again)); /* A's went */
	fake.readers = two;
	deadline_sleep(DEADLINE_NEVER, AGAIN_MS);
	assert_rv(poll_event(&again), CKR_NO_EVENT);
}

struct waiter {
	pthread_t thread;
	CK_RV rv;
	CK_SLOT_ID slot;
	_Atomic bool done;
};

static void *wait_in_thread(void *arg)
{
	struct waiter *w = arg;

	w->rv = f->C_WaitForSlotEvent(0, &w->slot, NULL);
	w->done = true;
	return NULL;
}

static void start(struct waiter *w)
{
	*w = (struct waiter){.rv = CKR_GENERAL_ERROR};
	assert_int_equal(pthread_create(&w->thread, NULL, wait_in_thread, w), 0);
	deadline_sleep(DEADLINE_NEVER, 50);
	assert_false(w->done);
}

static void blocking(void **state)
{
	struct waiter w;
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	start(&w);
	/* others are not kept waiting */
	int64_t before = deadline_now();
	CK_SESSION_INFO info;
	assert_ok(f->C_GetSessionInfo(s, &info));
	assert_true(deadline_now() - before < 100000000);
	fake.present = false;
	assert_int_equal(pthread_join(w.thread, NULL), 0);
	assert_rv(w.rv, CKR_OK);
	assert_true(w.slot < RIG_SLOTS);
}

static void finalize_wakes(void **state)
{
	enum { WAITERS = 4, ROUNDS = 5 };
	struct waiter w[WAITERS];

	(void)state;
	for (int r = 0; r < ROUNDS; r++) {
		for (int i = 0; i < WAITERS; i++)
			start(&w[i]);
		int64_t before = deadline_now();
		assert_ok(f->C_Finalize(NULL));
		/* at once, and none is left behind */
		assert_true(deadline_now() - before < 200000000);
		assert_ok(f->C_Initialize(NULL));
		for (int i = 0; i < WAITERS; i++) {
			assert_int_equal(pthread_join(w[i].thread, NULL), 0);
			assert_rv(w[i].rv, CKR_CRYPTOKI_NOT_INITIALIZED);
		}
	}
}

/* Devices that do not answer who asks for events: they are asked in turn, and neither poll nor
 * C_Finalize waits for all of them. */
static void deaf_devices(void **state)
{
	static const char *const uri[] = {"unix:/a", "unix:/b", "unix:/c", "unix:/d"};
	struct waiter w;
	CK_SLOT_ID slot;

	(void)state;
	assert_ok(f->C_Finalize(NULL));
	rig_configure("[slot a]\nuri = unix:/a\n[slot b]\nuri = unix:/b\n"
		      "[slot c]\nuri = unix:/c\n[slot d]\nuri = unix:/d\n");
	for (int i = 0; i < 4; i++) {
		fake.device[i].uri = uri[i];
		fake.device[i].deaf = true;
	}
	assert_ok(f->C_Initialize(NULL));
	int64_t before = deadline_now();
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	assert_true(deadline_now() - before < INT64_C(1900000000));
	assert_rv(poll_event(&slot), CKR_NO_EVENT);
	assert_int_equal(fake.looks, 2);
	assert_int_equal(fake.device[1].looks, 1);
	start(&w);
	before = deadline_now();
	assert_ok(f->C_Finalize(NULL));
	assert_true(deadline_now() - before < INT64_C(1900000000));
	assert_int_equal(pthread_join(w.thread, NULL), 0);
	assert_rv(w.rv, CKR_CRYPTOKI_NOT_INITIALIZED);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(coming_and_going),	 TEST(first_look),   TEST(another_sim), TEST(refused_sim),
		TEST(between_two_looks), TEST(asked),	     TEST(readers),	TEST(blocking),
		TEST(finalize_wakes),	 TEST(deaf_devices),
	};

	return cmocka_run_group_tests_name("event", tests, rig_group_setup, rig_group_teardown);
}
