/* SPDX-License-Identifier: Apache-2.0 */
/* The fork matrix on the link that the argument names: where the parent is, times what the child
 * does. No hang, and the parent goes on. */
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

/* A child forked while another thread is inside a call cannot free what that thread held: it leaves
 * it alone, and that is no leak. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static const uint8_t digest[32] = {7};

enum parent_state {
	UNINITIALISED,
	INITIALISED,
	SESSION_OPEN,
	SIGN_ACTIVE,
	OTHER_THREAD_SIGNS,
	PARENT_STATES
};
enum child_act {
	CHILD_INIT_SIGN,
	CHILD_FINAL_INIT_SIGN,
	CHILD_EXIT,
	CHILD_UNDERSCORE_EXIT,
	CHILD_EXEC,
	CHILD_ACTS
};

static const char *const parent_names[] = {"uninitialised", "initialised", "session open",
					   "sign active", "another thread signs"};
static const char *const child_names[] = {
	"C_Initialize and sign", "C_Finalize, C_Initialize and sign", "exit", "_exit", "exec"};

static struct rig rig;

/* LeakSanitizer asks at the end of each process. A child has no stacks of the parent's other
 * threads, so what they held looks lost; and what they were changing the module leaves behind on
 * purpose. */
static pid_t tested;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return getpid() != tested;
}

static int sign_once(void)
{
	uint8_t sig[256];
	CK_ULONG n = sizeof(sig);
	CK_SESSION_HANDLE s = rig_session(&rig);
	CK_OBJECT_HANDLE key = rig_find(&rig, s, CKO_PRIVATE_KEY, NULL);
	CK_RV rv = rig_sign(&rig, s, key, digest, sizeof(digest), sig, &n);

	return rv == CKR_OK && rig_verify(&rig, digest, sizeof(digest), sig, n) ? 0 : 1;
}

static void child(enum parent_state from, enum child_act act)
{
	CK_INFO info;

	alarm(20); /* a hang ends the child by SIGALRM */
	if (rig.f->C_GetInfo(&info) != CKR_CRYPTOKI_NOT_INITIALIZED)
		_exit(10);
	switch (act) {
	case CHILD_FINAL_INIT_SIGN:
		if (rig.f->C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED)
			_exit(11);
		__attribute__((fallthrough));
	case CHILD_INIT_SIGN:
		if (rig.f->C_Initialize(NULL) != CKR_OK)
			_exit(12);
		if (sign_once() != 0)
			_exit(13);
		exit(0);
	case CHILD_EXIT:
		exit(0);
	case CHILD_UNDERSCORE_EXIT:
		_exit(0);
	case CHILD_EXEC:
		execl("/bin/true", "true", (char *)NULL);
		_exit(14);
	case CHILD_ACTS:
		break;
	}
	_exit(from == UNINITIALISED ? 15 : 16);
}

static _Atomic bool stop_thread;
static _Atomic unsigned thread_signed, thread_failed;

static void *sign_on(void *arg)
{
	CK_SESSION_HANDLE s = rig_session(&rig);
	CK_OBJECT_HANDLE key = rig_find(&rig, s, CKO_PRIVATE_KEY, NULL);

	(void)arg;
	while (!atomic_load(&stop_thread)) {
		uint8_t sig[256];
		CK_ULONG n = sizeof(sig);

		if (rig_sign(&rig, s, key, digest, sizeof(digest), sig, &n) == CKR_OK)
			atomic_fetch_add(&thread_signed, 1);
		else
			atomic_fetch_add(&thread_failed, 1);
	}
	return NULL;
}

static void expect_child(pid_t pid, const char *what)
{
	int st = 0;

	assert_int_equal(waitpid(pid, &st, 0), pid);
	if (!WIFEXITED(st) || WEXITSTATUS(st) != 0)
		fail_msg("%s: child %s %d", what, WIFEXITED(st) ? "exited with" : "died of signal",
			 WIFEXITED(st) ? WEXITSTATUS(st) : WTERMSIG(st));
}

static void cell(enum parent_state from, enum child_act act)
{
	CK_SESSION_HANDLE s = 0;
	CK_OBJECT_HANDLE key = 0;
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	uint8_t sig[256];
	CK_ULONG n = sizeof(sig);
	pthread_t thread;
	char what[96];
	pid_t pid;

	snprintf(what, sizeof(what), "%s / %s", parent_names[from], child_names[act]);
	if (from != UNINITIALISED)
		assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
	if (from == SESSION_OPEN || from == SIGN_ACTIVE) {
		s = rig_session(&rig);
		key = rig_find(&rig, s, CKO_PRIVATE_KEY, NULL);
	}
	if (from == SIGN_ACTIVE)
		assert_int_equal(rig.f->C_SignInit(s, &m, key), CKR_OK);
	if (from == OTHER_THREAD_SIGNS) {
		atomic_store(&stop_thread, false);
		atomic_store(&thread_signed, 0);
		atomic_store(&thread_failed, 0);
		assert_int_equal(pthread_create(&thread, NULL, sign_on, NULL), 0);
		while (atomic_load(&thread_signed) < 3 && atomic_load(&thread_failed) == 0)
			usleep(1000);
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(from, act);
	expect_child(pid, what);

	/* the parent goes on where it was */
	if (from == OTHER_THREAD_SIGNS) {
		unsigned before = atomic_load(&thread_signed);

		for (int i = 0; i < 5000 && atomic_load(&thread_signed) < before + 3; i++)
			usleep(1000);
		atomic_store(&stop_thread, true);
		pthread_join(thread, NULL);
		assert_true(atomic_load(&thread_signed) >= before + 3);
		assert_int_equal(atomic_load(&thread_failed), 0);
	}
	if (from == SIGN_ACTIVE) {
		assert_int_equal(
			rig.f->C_Sign(s, (CK_BYTE_PTR)(uintptr_t)digest, sizeof(digest), sig, &n),
			CKR_OK);
		assert_true(rig_verify(&rig, digest, sizeof(digest), sig, n));
	}
	if (from == SESSION_OPEN)
		assert_int_equal(rig_sign(&rig, s, key, digest, sizeof(digest), sig, &n), CKR_OK);
	if (from != UNINITIALISED) {
		assert_int_equal(sign_once(), 0);
		assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
	}
}

/* AddressSanitizer's allocator does not mind a fork: a child of several threads may find its lock
 * held for ever, in any malloc. There that row would test the sanitizer, so it runs in the plain
 * build only. */
#ifdef __SANITIZE_ADDRESS__
enum { ROWS = OTHER_THREAD_SIGNS };
#else
enum { ROWS = PARENT_STATES };
#endif

static void matrix(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++)
		for (unsigned from = 0; from < ROWS; from++)
			for (unsigned act = 0; act < CHILD_ACTS; act++)
				cell((enum parent_state)from, (enum child_act)act);
	print_message("%d cells, three times each\n", ROWS * CHILD_ACTS);
}

/* A daemon: the parent initialises and exits, the child goes on by itself. */
static void parent_exits(void **state)
{
	int answer[2], st = 0;
	char verdict = '?';
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(answer), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (rig.f->C_Initialize(NULL) != CKR_OK || sign_once() != 0)
			_exit(1);
		if (fork() != 0)
			exit(0); /* runs our destructor with the card still in use */
		usleep(200000);
		alarm(20);
		verdict = rig.f->C_Initialize(NULL) == CKR_OK && sign_once() == 0 ? 'y' : 'n';
		_exit(write(answer[1], &verdict, 1) == 1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	close(answer[1]);
	assert_int_equal(read(answer[0], &verdict, 1), 1);
	close(answer[0]);
	assert_int_equal(verdict, 'y');
}

static enum rig_link link_used;

static int start(void **state)
{
	(void)state;
	rig_start(&rig, &(struct rig_options){.link = link_used});
	rig_module(&rig);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(matrix, start, stop),
		cmocka_unit_test_setup_teardown(parent_exits, start, stop),
	};

	tested = getpid();
	link_used = rig_argument(argc, argv);
	return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
