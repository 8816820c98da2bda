/* SPDX-License-Identifier: Apache-2.0 */
/* C_WaitForSlotEvent while SIMs come and go for real: both forms, and no SIM is talked to.
 * Argument: the link. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <pthread.h>
#include <time.h>

#include <setjmp.h>
#include <cmocka.h>

#include "ck.h"
#include "rig.h"

enum { POLL_MS = 20, SLACK = 3 };

static enum rig_link wire = RIG_UNIX;
static double
	seconds; /* within which an event is to be told; a busy machine has SLACK times that */
static struct rig rig;
static CK_FUNCTION_LIST *f;
static CK_SLOT_ID slot;

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, (ms % 1000) * 1000000}, NULL);
}

static void start(void)
{
	rig_start(&rig, &(struct rig_options){.link = wire});
	f = rig_module(&rig);
	assert_int_equal(f->C_Initialize(NULL), CKR_OK);
	slot = rig_slot(&rig);
}

static void stop(void)
{
	assert_int_equal(f->C_Finalize(NULL), CKR_OK);
	rig_stop(&rig);
}

static bool is_present(void)
{
	CK_SLOT_INFO info;

	assert_int_equal(f->C_GetSlotInfo(slot, &info), CKR_OK);
	return (info.flags & CKF_TOKEN_PRESENT) != 0;
}

static CK_RV poll_event(CK_SLOT_ID *ret)
{
	*ret = 99;
	return f->C_WaitForSlotEvent(CKF_DONT_BLOCK, ret, NULL);
}

/* The next event, by asking again and again. */
static void expect_event(void)
{
	double end = rig_seconds() + SLACK * seconds;
	CK_SLOT_ID of;
	CK_RV rv;

	while ((rv = poll_event(&of)) == CKR_NO_EVENT && rig_seconds() < end)
		pause_ms(POLL_MS);
	assert_int_equal(rv, CKR_OK);
	assert_int_equal(of, slot);
}

static void polled(void **state)
{
	CK_SLOT_ID of;
	size_t mark;

	(void)state;
	start();
	(void)poll_event(&of); /* the first look */
	assert_int_equal(poll_event(&of), CKR_NO_EVENT);
	mark = rig_log_mark(&rig);
	rig_control(&rig, "remove", NULL, 0);
	expect_event();
	assert_false(is_present());
	assert_int_equal(poll_event(&of), CKR_NO_EVENT);
	assert_int_equal(rig_log_count(&rig, mark), 0);
	rig_control(&rig, "insert", NULL, 0);
	expect_event();
	assert_true(is_present());
	stop();
}

struct waiter {
	CK_RV rv;
	CK_SLOT_ID of;
	pthread_t thread;
};

static void *wait_here(void *arg)
{
	struct waiter *w = arg;

	w->rv = f->C_WaitForSlotEvent(0, &w->of, NULL);
	return NULL;
}

static void begin_wait(struct waiter *w)
{
	*w = (struct waiter){.of = 99};
	assert_int_equal(pthread_create(&w->thread, NULL, wait_here, w), 0);
	pause_ms(600); /* its first looks; they may open a port */
}

/* From the moment that the SIM was moved. */
static void expect_waited(struct waiter *w)
{
	double began = rig_seconds();

	pthread_join(w->thread, NULL);
	assert_int_equal(w->rv, CKR_OK);
	assert_int_equal(w->of, slot);
	print_message("  told after %.2f s\n", rig_seconds() - began);
	assert_true(rig_seconds() - began < SLACK * seconds);
}

static void waited_for(void **state)
{
	struct waiter w;

	(void)state;
	start();
	begin_wait(&w);
	rig_control(&rig, "remove", NULL, 0);
	expect_waited(&w);
	assert_false(is_present());
	begin_wait(&w);
	rig_control(&rig, "insert", NULL, 0);
	expect_waited(&w);
	assert_true(is_present());
	begin_wait(&w);
	assert_int_equal(f->C_Finalize(NULL), CKR_OK);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.rv, CKR_CRYPTOKI_NOT_INITIALIZED);
	assert_int_equal(f->C_Initialize(NULL), CKR_OK);
	stop();
}

/* Out and in again before anybody looked: the link's counts and the modem's words tell. MBIM and
 * QMI modems say it to whom they know, which we are from the first use on. */
static void between_two_looks(void **state)
{
	long ms = rig_over_pcsc(wire) ? 1200 : 100;
	CK_SLOT_ID of;

	(void)state;
	start();
	if (rig_over_mbim(wire) || rig_over_qmi(wire))
		rig_find(&rig, rig_session(&rig), CKO_PRIVATE_KEY, NULL);
	(void)poll_event(&of); /* the first look */
	assert_int_equal(poll_event(&of), CKR_NO_EVENT);
	rig_control(&rig, "remove", NULL, 0);
	pause_ms(ms);
	rig_control(&rig, "insert", NULL, 0);
	pause_ms(ms);
	expect_event();
	assert_int_equal(poll_event(&of), CKR_NO_EVENT);
	assert_true(is_present());
	stop();
}

/* The cable is pulled and put back: the modem is there under another name. Who has its port open
 * while he waits learns of it even when both happen at once. */
static void replugged(void **state)
{
	struct waiter w;

	(void)state;
	start();
	begin_wait(&w);
	rig_control(&rig, "unplug", NULL, 0);
	expect_waited(&w);
	assert_false(is_present());
	begin_wait(&w);
	rig_control(&rig, "plug", NULL, 0);
	expect_waited(&w);
	assert_true(is_present());
	if (rig_over_at(wire)) {
		begin_wait(&w);
		rig_control(&rig, "unplug", NULL, 0);
		rig_control(&rig, "plug", NULL, 0);
		expect_waited(&w);
		assert_true(is_present());
	}
	stop();
}

int main(int argc, char **argv)
{
	const struct rig_test tests[] = {
		{cmocka_unit_test(polled), ON_ALL},
		{cmocka_unit_test(waited_for), ON_ALL},
		{cmocka_unit_test(between_two_looks), ON_ALL},
		{cmocka_unit_test(replugged), ON_MODEM},
	};

	wire = rig_argument(argc, argv);
	/* modems are asked every two seconds; pcscd's driver looks for its card twice in one */
	seconds = rig_over_pcsc(wire) ? 2 : wire == RIG_UNIX ? 1 : 5;
	return rig_run(tests, sizeof(tests) / sizeof(tests[0]), wire);
}
