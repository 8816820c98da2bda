/* SPDX-License-Identifier: Apache-2.0 */
/* Several processes on one SIM with a single free logical channel: every signature is valid, at
 * most our one shared channel stays open, the next process opens nothing; a killed one takes
 * nothing with it. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

enum { SIGNATURES = 200 };

/* In a child: signs n times and says by its exit status how many went wrong; writes a byte to fd
 * after each, when fd is not negative. */
static pid_t signer(struct rig *r, unsigned n, int fd)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	CK_SESSION_HANDLE s;
	CK_OBJECT_HANDLE key;
	unsigned bad = 0;

	rig_module(r);
	if (r->f->C_Initialize(NULL) != CKR_OK)
		_exit(100);
	s = rig_session(r);
	key = rig_find(r, s, CKO_PRIVATE_KEY, NULL);
	if (key == 0)
		_exit(101);
	for (unsigned i = 0; i < n; i++) {
		uint8_t digest[32] = {(uint8_t)i, (uint8_t)getpid()}, sig[256];
		CK_ULONG sig_n = sizeof(sig);
		CK_RV rv = rig_sign(r, s, key, digest, sizeof(digest), sig, &sig_n);

		if (rv != CKR_OK || !rig_verify(r, digest, sizeof(digest), sig, sig_n)) {
			fprintf(stderr, "signature %u: %#lx\n", i, rv);
			bad++;
		}
		if (fd >= 0 && write(fd, "x", 1) != 1)
			_exit(102);
	}
	_exit(bad < 99 ? (int)bad : 99);
}

static void expect_exit(pid_t pid, int want)
{
	int st = 0;

	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), want);
}

/* "ok open=1 free=0 …": how many channels beside the basic one are open. */
static int open_channels(const struct rig *r)
{
	char text[256];
	const char *at;

	rig_control(r, "channels", text, sizeof(text));
	at = strstr(text, "open=");
	assert_non_null(at);
	return atoi(at + 5);
}

static void next_process_opens_nothing(struct rig *r)
{
	size_t at = rig_log_mark(r);

	expect_exit(signer(r, 1, -1), 0);
	assert_int_equal(rig_log_count_ins(r, at, 0x70), 0);
	assert_int_equal(rig_log_count_ins(r, at, 0xA4), 0);
}

static void two_processes(struct rig *r)
{
	pid_t a, b;

	a = signer(r, SIGNATURES, -1);
	b = signer(r, SIGNATURES, -1);
	expect_exit(a, 0);
	expect_exit(b, 0);
	assert_true(open_channels(r) <= 1);
	next_process_opens_nothing(r);
}

static void one_killed(struct rig *r)
{
	int to_us[2], st = 0;
	pid_t a, b;
	char c;

	assert_int_equal(pipe(to_us), 0);
	a = signer(r, 100000, to_us[1]);
	b = signer(r, SIGNATURES, -1);
	for (int i = 0; i < 50; i++)
		assert_int_equal(read(to_us[0], &c, 1), 1);
	usleep(1700); /* somewhere within an operation */
	kill(a, SIGKILL);
	assert_int_equal(waitpid(a, &st, 0), a);
	expect_exit(b, 0);
	close(to_us[0]);
	close(to_us[1]);
	assert_true(open_channels(r) <= 1);
	next_process_opens_nothing(r);
}

static void on(enum rig_link link, void (*scene)(struct rig *))
{
	struct rig r;

	rig_start(&r, &(struct rig_options){.link = link});
	rig_control(&r, "config set channels 1", NULL, 0);
	scene(&r);
	rig_stop(&r);
}

#define SCENES(link_name, link)                                                                    \
	static void two_##link_name(void **state)                                                  \
	{                                                                                          \
		(void)state;                                                                       \
		on(link, two_processes);                                                           \
	}                                                                                          \
	static void killed_##link_name(void **state)                                               \
	{                                                                                          \
		(void)state;                                                                       \
		on(link, one_killed);                                                              \
	}

SCENES(unix, RIG_UNIX)
SCENES(at_cgla, RIG_AT_CGLA)
SCENES(at_csim, RIG_AT_CSIM)
SCENES(pcsc, RIG_PCSC)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_unix),    cmocka_unit_test(killed_unix),
		cmocka_unit_test(two_at_cgla), cmocka_unit_test(killed_at_cgla),
		cmocka_unit_test(two_at_csim), cmocka_unit_test(killed_at_csim),
		cmocka_unit_test(two_pcsc),    cmocka_unit_test(killed_pcsc),
	};

	return cmocka_run_group_tests_name("processes", tests, NULL, NULL);
}
