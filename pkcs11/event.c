/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "deadline.h"
#include "lib.h"
#include "slot.h"

enum { POLL_MS = 250 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool ready;	      /* ended was made */
	_Atomic unsigned era; /* moves with each C_Finalize */
	_Atomic unsigned waiters;
} waits = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* On the clock that nobody sets. */
static void make_ready(void)
{
	pthread_condattr_t attr;

	if (waits.ready)
		return;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&waits.ended, &attr);
	pthread_condattr_destroy(&attr);
	waits.ready = true;
}

/* False when C_Finalize came. */
static bool sleep_in(unsigned era)
{
	deadline until = deadline_in_ms(POLL_MS);
	struct timespec t = {until / 1000000000, until % 1000000000};
	int rc = 0;

	pthread_mutex_lock(&waits.lock);
	make_ready();
	while (waits.era == era && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&waits.ended, &waits.lock, &t);
	pthread_mutex_unlock(&waits.lock);
	return waits.era == era;
}

/* The gate is passed, and let go before it returns or sleeps. */
static status wait_on(bool block, CK_SLOT_ID *ret_slot)
{
	unsigned era = waits.era;

	for (;;) {
		bool found = slot_event(ret_slot);
		lib_leave();
		if (found)
			return ST_OK;
		if (!block)
			return ST_NO_EVENT;
		if (!sleep_in(era))
			return ST_NOT_INIT;
		TRY(lib_enter());
		if (waits.era != era) { /* another life of the library */
			lib_leave();
			return ST_NOT_INIT;
		}
	}
}

status event_wait(CK_FLAGS flags, CK_SLOT_ID *ret_slot, const void *reserved)
{
	TRY(lib_enter());
	if (ret_slot == NULL || reserved != NULL || (flags & ~(CK_FLAGS)CKF_DONT_BLOCK) != 0) {
		lib_leave();
		return ST_ARG;
	}
	atomic_fetch_add(&waits.waiters, 1);
	status st = wait_on((flags & CKF_DONT_BLOCK) == 0, ret_slot);
	atomic_fetch_sub(&waits.waiters, 1);
	return st;
}

void event_end_all(void)
{
	pthread_mutex_lock(&waits.lock);
	make_ready();
	atomic_fetch_add(&waits.era, 1);
	pthread_cond_broadcast(&waits.ended);
	pthread_mutex_unlock(&waits.lock);
}

void event_drain(void)
{
	while (atomic_load(&waits.waiters) != 0)
		deadline_sleep(DEADLINE_NEVER, 1);
}

void event_forget_all(void)
{
	pthread_mutex_init(&waits.lock, NULL);
	waits.ready = false;
	waits.waiters = 0;
	atomic_fetch_add(&waits.era, 1);
}
