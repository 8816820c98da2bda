/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a key pair over several processes: made in one, used and renamed in another,
 * destroyed in a third, made again in the first; and several that do so at once with one pair to
 * share. Whoever holds a handle of a key that is gone holds nothing, and the issuer's identity is
 * nobody's to destroy. Argument: the link. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "keys_ops.h"

enum {
	PROCESSES = 3,
	ROUNDS = 8,
	TURNS_S = 40, /* until each had its turns: nobody queues for a pair that another has */
	GENERATE = 0xB9,
};
static enum rig_link wire;
static struct rig r;

#define MUST(truth) must(truth, #truth)

static unsigned must(bool truth, const char *what)
{
	if (!truth)
		fprintf(stderr, "  %d: not so: %s\n", (int)getpid(), what);
	return !truth;
}

#define MUST_BE_OK(rv) must_be_ok(rv, #rv)

static unsigned must_be_ok(CK_RV rv, const char *what)
{
	if (rv != CKR_OK)
		fprintf(stderr, "  %d: 0x%lx: %s\n", (int)getpid(), rv, what);
	return rv != CKR_OK;
}

static CK_RV destroy(struct scene *s, CK_OBJECT_HANDLE h)
{
	return r.f->C_DestroyObject(s->session, h);
}

static bool is_there(struct scene *s, const char *label)
{
	CK_OBJECT_HANDLE h = 0;

	return keys_find(s, CKO_PRIVATE_KEY, label, &h) == CKR_OK && h != 0;
}

/* Says what a session was refused with. */
static int lost(const struct scene *s)
{
	scene_print(s, 0);
	return 102;
}

static pid_t start(unsigned (*work)(struct scene *s))
{
	static struct scene s;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	rig_module(&r);
	s.r = &r;
	if (r.f->C_Initialize(NULL) != CKR_OK)
		_exit(100);
	scene_await_present(&r);
	if (keys_session(&s) != CKR_OK)
		_exit(lost(&s));
	unsigned bad = work(&s) + MUST(s.wrong == NULL);
	if (r.f->C_Finalize(NULL) != CKR_OK)
		_exit(101);
	_exit((int)bad);
}

static void expect_none_wrong(pid_t pid)
{
	int st = 0;

	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 0);
}

/* --- one after the other --- */

static unsigned makes(struct scene *s)
{
	struct keys_pair p = {0};

	return MUST_BE_OK(keys_generate(s, "tec", &p)) + MUST_BE_OK(keys_sign(s, &p));
}

static unsigned renames(struct scene *s)
{
	char name[] = "other";
	CK_ATTRIBUTE label = {CKA_LABEL, name, 5};
	struct keys_pair p = {0};

	return MUST(keys_find_pair(s, "tec", &p) == CKR_OK && p.priv != 0) +
	       MUST_BE_OK(keys_sign(s, &p)) +
	       MUST_BE_OK(r.f->C_SetAttributeValue(s->session, p.pub, &label, 1));
}

static unsigned destroys(struct scene *s)
{
	struct keys_pair p = {0}, device = {0};

	return MUST(keys_find_pair(s, "other", &p) == CKR_OK && p.priv != 0) +
	       MUST(keys_find_pair(s, "device", &device) == CKR_OK && device.priv != 0) +
	       MUST(destroy(s, device.priv) == CKR_ACTION_PROHIBITED) +
	       MUST(destroy(s, device.pub) == CKR_ACTION_PROHIBITED) +
	       MUST(destroy(s, p.pub) == CKR_ACTION_PROHIBITED) + MUST_BE_OK(destroy(s, p.priv)) +
	       MUST_BE_OK(destroy(s, p.pub)) + MUST(!is_there(s, "other")) +
	       MUST_BE_OK(keys_sign(s, &device));
}

static unsigned lasts(struct scene *s)
{
	struct keys_pair p = {0};

	return MUST(keys_find_pair(s, "again", &p) == CKR_OK && p.priv != 0) +
	       MUST_BE_OK(keys_sign(s, &p)) + MUST(!is_there(s, "other"));
}

/* This process has the module open all the time. */
static void one_after_the_other(void **state)
{
	static struct scene s;
	struct keys_pair p = {0}, again = {0};
	size_t from = rig_log_mark(&r);

	(void)state;
	expect_none_wrong(start(makes));
	rig_module(&r);
	s = (struct scene){.r = &r};
	assert_int_equal(r.f->C_Initialize(NULL), CKR_OK);
	assert_int_equal(keys_session(&s), CKR_OK);
	assert_int_equal(keys_find_pair(&s, "tec", &p), CKR_OK);
	assert_int_equal(keys_sign(&s, &p), CKR_OK);
	expect_none_wrong(start(renames));
	assert_true(is_there(&s, "other") && !is_there(&s, "tec"));
	assert_int_equal(keys_sign(&s, &p), CKR_OK);
	assert_int_equal(rig_log_count_ins(&r, from, GENERATE), 1);
	expect_none_wrong(start(destroys));
	assert_int_equal(rig_log_count_ins(&r, from, GENERATE), 2);
	assert_int_equal(keys_sign(&s, &p), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(destroy(&s, p.priv), CKR_OBJECT_HANDLE_INVALID);
	assert_false(is_there(&s, "other"));
	assert_int_equal(keys_generate(&s, "again", &again), CKR_OK);
	assert_int_equal(rig_log_count_ins(&r, from, GENERATE), 3);
	assert_int_equal(keys_sign(&s, &p), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(keys_sign(&s, &again), CKR_OK);
	expect_none_wrong(start(lasts));
	assert_null(s.wrong);
	assert_int_equal(r.f->C_Finalize(NULL), CKR_OK);
}

/* --- at once --- */

/* Whoever has made a key has it until it destroys it; the others find no pair meanwhile. */
static unsigned comes_and_goes(struct scene *s)
{
	char label[24];
	unsigned bad = 0, made = 0;
	double until = rig_seconds() + TURNS_S;

	snprintf(label, sizeof(label), "of %d", (int)getpid());
	while (made < ROUNDS && bad == 0 && rig_seconds() < until) {
		struct keys_pair p = {0};
		CK_RV rv = keys_generate(s, label, &p);
		if (rv == CKR_DEVICE_MEMORY) {
			usleep(2000);
			continue;
		}
		made++;
		bad += MUST_BE_OK(rv) + MUST_BE_OK(keys_sign(s, &p));
		usleep(1000);
		bad += MUST_BE_OK(keys_sign(s, &p)) + MUST(is_there(s, label));
		bad += MUST_BE_OK(destroy(s, p.priv)) + MUST_BE_OK(destroy(s, p.pub));
		bad += MUST(!is_there(s, label));
	}
	return bad + MUST(made == ROUNDS);
}

static unsigned is_as_it_was(struct scene *s)
{
	struct keys_pair p = {0};

	return MUST(keys_find_pair(s, "device", &p) == CKR_OK && p.priv != 0) +
	       MUST_BE_OK(keys_sign(s, &p));
}

static void at_once(void **state)
{
	pid_t pid[PROCESSES];

	(void)state;
	for (int i = 0; i < PROCESSES; i++)
		pid[i] = start(comes_and_goes);
	for (int i = 0; i < PROCESSES; i++)
		expect_none_wrong(pid[i]);
	expect_none_wrong(start(is_as_it_was));
}

static int begin(void **state)
{
	(void)state;
	rig_start(&r, &(struct rig_options){.profile = "zariot", .link = wire});
	return 0;
}

static int end(void **state)
{
	(void)state;
	rig_stop(&r);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_after_the_other, begin, end),
		cmocka_unit_test_setup_teardown(at_once, begin, end),
	};

	wire = rig_argument(argc, argv);
	return cmocka_run_group_tests_name("key life", tests, NULL, NULL);
}
