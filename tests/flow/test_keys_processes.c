/* SPDX-License-Identifier: Apache-2.0 */
/* Two processes on one SIM with one slot for a peer's key: each secret is right although both use
 * the slot in turn; signatures of one are right while another makes keys and agrees. Argument: the
 * link. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "keys_ops.h"

enum { AGREEMENTS = 50, SIGNATURES = 100, KEYS = 20, LOST_MAX = 90 };
static enum rig_link wire;
static struct rig r;

/* In a child: `work` says how many went wrong. */
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
		_exit(100);
	unsigned bad = work(&s);
	if (r.f->C_Finalize(NULL) != CKR_OK)
		_exit(101);
	_exit(bad < LOST_MAX ? (int)bad : LOST_MAX);
}

static void expect_none_wrong(pid_t pid)
{
	int st = 0;

	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 0);
}

static unsigned judge(struct scene *s, unsigned i, CK_RV rv)
{
	bool bad = rv != CKR_OK || s->wrong;

	if (bad)
		fprintf(stderr, "  %d, number %u: %#lx, %s\n", (int)getpid(), i, rv,
			s->wrong ? s->wrong : "nothing wrong");
	s->calls = 0;
	s->wrong = NULL;
	return bad;
}

static unsigned agree(struct scene *s)
{
	struct keys_pair p = {0};
	CK_RV rv = keys_find_pair(s, "11", &p);
	unsigned bad = rv != CKR_OK || p.priv == 0;

	for (unsigned i = 0; bad == 0 && i < AGREEMENTS; i++)
		bad += judge(s, i, keys_agree(s, &p));
	return bad;
}

static unsigned sign(struct scene *s)
{
	struct keys_pair p = {0};
	CK_RV rv = keys_find_pair(s, "device", &p);
	unsigned bad = rv != CKR_OK || p.priv == 0;

	for (unsigned i = 0; bad == 0 && i < SIGNATURES; i++)
		bad += judge(s, i, keys_sign(s, &p));
	return bad;
}

static unsigned generate(struct scene *s)
{
	struct keys_pair p = {0};
	unsigned bad = 0;

	for (unsigned i = 0; bad == 0 && i < KEYS; i++) {
		bad += judge(s, i, keys_generate(s, NULL, &p));
		for (int k = 0; bad == 0 && k < 2; k++)
			bad += judge(s, i, keys_agree(s, &p));
	}
	return bad;
}

static void side_by_side(const char *profile, unsigned (*one)(struct scene *),
			 unsigned (*other)(struct scene *))
{
	rig_start(&r, &(struct rig_options){.profile = profile, .link = wire});
	if (strcmp(profile, "quantag") == 0) { /* it shows no public key by itself */
		rig_control(&r, "object public 0002 access 03", NULL, 0);
		rig_control(&r, "object public 0003 access 03", NULL, 0);
	}
	pid_t a = start(one), b = start(other);
	expect_none_wrong(a);
	expect_none_wrong(b);
	assert_in_range(scene_channels(&r), 0, 1);
	rig_stop(&r);
}

static void through_one_slot(void **state)
{
	(void)state;
	side_by_side("quantag", agree, agree);
}

static void beside_signatures(void **state)
{
	(void)state;
	side_by_side("demo", sign, generate);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_one_slot),
		cmocka_unit_test(beside_signatures),
	};

	wire = rig_argument(argc, argv);
	return cmocka_run_group_tests_name("processes", tests, NULL, NULL);
}
