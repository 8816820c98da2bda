/* SPDX-License-Identifier: Apache-2.0 */
/* The fork matrix over the fake card: what the parent was doing × what the child does. */
#include "rig.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deadline.h"

/* A whole signature in a fresh session; 0 when all went well. */
static int sign_afresh(void)
{
	CK_SESSION_HANDLE s = 0;
	CK_OBJECT_HANDLE key = 0;
	char label[] = "device";
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, label, 6}};
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_BYTE data[32] = {3}, sig[64];
	CK_ULONG n = 0, sig_n = sizeof(sig);

	if (f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK)
		return 10;
	if (f->C_FindObjectsInit(s, t, 2) != CKR_OK || f->C_FindObjects(s, &key, 1, &n) != CKR_OK ||
	    n != 1 || f->C_FindObjectsFinal(s) != CKR_OK)
		return 11;
	if (f->C_SignInit(s, &m, key) != CKR_OK ||
	    f->C_Sign(s, data, sizeof(data), sig, &sig_n) != CKR_OK)
		return 12;
	if (verify_ecdsa(fake_public(FAKE_DEVICE_KEY), BYTES_OF(data), BYTES_OF(sig)) != ST_OK)
		return 13;
	return f->C_CloseSession(s) == CKR_OK ? 0 : 14;
}

static int child_stays_out(CK_SESSION_HANDLE inherited)
{
	CK_INFO info;
	CK_ULONG n;

	if (f->C_GetInfo(&info) != CKR_CRYPTOKI_NOT_INITIALIZED ||
	    f->C_GetSlotList(CK_TRUE, NULL, &n) != CKR_CRYPTOKI_NOT_INITIALIZED ||
	    f->C_CloseSession(inherited) != CKR_CRYPTOKI_NOT_INITIALIZED ||
	    f->C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 20;
	return 0;
}

static int child_initialises(CK_SESSION_HANDLE inherited)
{
	unsigned before = fake_traffic();

	if (f->C_Initialize(NULL) != CKR_OK)
		return 30;
	/* what was inherited is forgotten, not closed */
	if (fake_traffic() != before || fake.freed != 0 || fake.live != 0)
		return 31;
	if (inherited != 0 && f->C_CloseSession(inherited) != CKR_SESSION_HANDLE_INVALID)
		return 32;
	int bad = sign_afresh();
	if (bad != 0)
		return bad;
	return f->C_Finalize(NULL) == CKR_OK ? 0 : 33;
}

static int child_finalises_first(CK_SESSION_HANDLE inherited)
{
	if (f->C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 40;
	return child_initialises(inherited);
}

static int child_execs(CK_SESSION_HANDLE inherited)
{
	(void)inherited;
	execl("/bin/true", "true", (char *)NULL);
	return 50;
}

static int grandchild(CK_SESSION_HANDLE inherited)
{
	int bad = child_initialises(inherited);

	if (bad != 0)
		return bad;
	fake.freed = 0;
	if (f->C_Initialize(NULL) != CKR_OK)
		return 60;
	pid_t pid = fork();
	if (pid == 0)
		_exit(child_initialises(0));
	int status_word = 0;
	waitpid(pid, &status_word, 0);
	if (!WIFEXITED(status_word) || WEXITSTATUS(status_word) != 0)
		return 61;
	return sign_afresh();
}

typedef int (*child_fn)(CK_SESSION_HANDLE inherited);
static const child_fn children[] = {child_stays_out, child_initialises, child_finalises_first,
				    child_execs, grandchild};

/* AddressSanitizer's allocator does not mind a fork: a child of several threads may find its lock
 * held for ever, in any malloc. There the other thread rests during a fork; in the plain build the
 * fork finds it wherever it is. */
static pthread_mutex_t rest = PTHREAD_MUTEX_INITIALIZER;
#ifdef __SANITIZE_ADDRESS__
enum { OTHER_RESTS = true };
#else
enum { OTHER_RESTS = false };
#endif

/* One round of the other thread's work. */
static void other_works(void (*work)(void *arg), void *arg)
{
	if (OTHER_RESTS)
		pthread_mutex_lock(&rest);
	work(arg);
	if (!OTHER_RESTS)
		return;
	pthread_mutex_unlock(&rest);
	deadline_sleep(DEADLINE_NEVER, 1); /* who waits to fork comes first */
}

static pid_t fork_now(void)
{
	if (OTHER_RESTS)
		pthread_mutex_lock(&rest);
	pid_t pid = fork();
	if (OTHER_RESTS)
		pthread_mutex_unlock(&rest);
	return pid;
}

/* A child that hangs is killed by its own alarm and so fails the test. */
static void fork_and_wait(child_fn child, CK_SESSION_HANDLE inherited)
{
	int word = 0;
	pid_t pid = fork_now();

	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(20);
		_exit(child(inherited));
	}
	assert_int_equal(waitpid(pid, &word, 0), pid);
	assert_true(WIFEXITED(word));
	assert_int_equal(WEXITSTATUS(word), 0);
}

static void every_child(CK_SESSION_HANDLE inherited)
{
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++)
		fork_and_wait(children[i], inherited);
}

static void initialised(void **state)
{
	(void)state;
	every_child(0);
	assert_int_equal(sign_afresh(), 0);
}

static void uninitialised(void **state)
{
	(void)state;
	assert_ok(f->C_Finalize(NULL));
	fake.freed = 0;
	every_child(0);
	assert_ok(f->C_Initialize(NULL));
	assert_int_equal(sign_afresh(), 0);
}

static void in_a_session(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_MECHANISM m = {CKM_ECDSA_SHA256, NULL, 0};
	CK_BYTE sig[64];
	CK_ULONG n = sizeof(sig);

	(void)state;
	assert_ok(f->C_Login(s, CKU_USER, NULL, 0));
	assert_ok(f->C_SignInit(s, &m, rig_by_label(s, CKO_PRIVATE_KEY, "device")));
	assert_ok(f->C_SignUpdate(s, sig, 10));
	assert_ok(f->C_FindObjectsInit(s, NULL, 0));
	every_child(s);
	assert_ok(f->C_SignFinal(s, sig, &n)); /* the parent never noticed */
	assert_ok(f->C_FindObjectsFinal(s));
}

static atomic_bool stop;
static atomic_int sign_failed;

static void sign_round(void *arg)
{
	(void)arg;
	if (sign_afresh() != 0)
		sign_failed++;
}

static void *signer(void *arg)
{
	while (!stop)
		other_works(sign_round, arg);
	return NULL;
}

static void while_another_thread_signs(void **state)
{
	pthread_t t;

	(void)state;
	fake.sign_ms = 5;
	assert_int_equal(pthread_create(&t, NULL, signer, NULL), 0);
	for (int i = 0; i < 10; i++) {
		unsigned seen = fake.calls[FAKE_SIGN];
		while (fake.calls[FAKE_SIGN] == seen)
			deadline_sleep(DEADLINE_NEVER, 1);
		every_child(0);
	}
	stop = true;
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(sign_failed, 0);
}

static CK_OBJECT_HANDLE make_object(CK_SESSION_HANDLE s)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_VALUE, &class, 8}};
	CK_OBJECT_HANDLE h = 0;

	assert_ok(f->C_CreateObject(s, t, 2, &h));
	return h;
}

static CK_ULONG session_objects(CK_SESSION_HANDLE s)
{
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE t = {CKA_TOKEN, &no, 1};

	return rig_count(s, &t, 1);
}

static int child_has_no_objects(CK_SESSION_HANDLE inherited)
{
	CK_SESSION_HANDLE s = 0;

	(void)inherited;
	if (f->C_Initialize(NULL) != CKR_OK ||
	    f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK)
		return 80;
	if (session_objects(s) != 0)
		return 81;
	make_object(s);
	return session_objects(s) == 1 ? 0 : 82;
}

static void with_objects(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE h = make_object(s);

	(void)state;
	every_child(s);
	fork_and_wait(child_has_no_objects, s);
	assert_int_equal(session_objects(s), 1);
	assert_ok(f->C_DestroyObject(s, h));
}

static void make_round(void *arg)
{
	CK_SESSION_HANDLE s = *(CK_SESSION_HANDLE *)arg;

	assert_ok(f->C_DestroyObject(s, make_object(s)));
}

static void *maker(void *arg)
{
	while (!stop)
		other_works(make_round, arg);
	return NULL;
}

static void while_another_thread_makes_objects(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	pthread_t t;

	(void)state;
	stop = false;
	assert_int_equal(pthread_create(&t, NULL, maker, &s), 0);
	for (int i = 0; i < 50; i++) {
		fork_and_wait(child_has_no_objects, 0);
		fork_and_wait(child_initialises, 0);
	}
	stop = true;
	assert_int_equal(pthread_join(t, NULL), 0);
}

static void *waiter(void *arg)
{
	CK_SLOT_ID id;

	*(CK_RV *)arg = f->C_WaitForSlotEvent(0, &id, NULL);
	return NULL;
}

static int child_waits(CK_SESSION_HANDLE inherited)
{
	CK_SLOT_ID id;
	int bad = child_stays_out(inherited);

	if (bad != 0)
		return bad;
	if (f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &id, NULL) != CKR_CRYPTOKI_NOT_INITIALIZED ||
	    f->C_Initialize(NULL) != CKR_OK)
		return 90;
	if (f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &id, NULL) != CKR_NO_EVENT)
		return 91;
	return f->C_Finalize(NULL) == CKR_OK ? 0 : 92; /* nobody waits here */
}

static void while_another_thread_waits(void **state)
{
	CK_RV rv = CKR_OK;
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, waiter, &rv), 0);
	for (int i = 0; i < 10; i++) {
		deadline_sleep(DEADLINE_NEVER, 30);
		every_child(0);
		fork_and_wait(child_waits, 0);
	}
	assert_ok(f->C_Finalize(NULL));
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(rv, CKR_CRYPTOKI_NOT_INITIALIZED);
}

static int use_slot(CK_SLOT_ID id)
{
	CK_TOKEN_INFO info;

	return f->C_GetTokenInfo(id, &info) == CKR_OK ? 0 : 1;
}

static int child_after_finalize(CK_SESSION_HANDLE inherited)
{
	fake.on_free = NULL;
	fake.freed = 0;
	if (f->C_Initialize(NULL) != CKR_OK)
		return 70;
	int bad = sign_afresh();
	(void)inherited;
	return bad != 0 ? bad : use_slot(1);
}

/* Another thread is in C_Finalize: here it is the same one, which forks while it frees a card. */
static void fork_in_finalize(void)
{
	fork_and_wait(child_after_finalize, 0);
}

static void while_another_thread_finalises(void **state)
{
	(void)state;
	assert_int_equal(use_slot(0) + use_slot(1), 0);
	fake.on_free = fork_in_finalize;
	assert_ok(f->C_Finalize(NULL));
	fake.on_free = NULL;
	assert_int_equal(fake.freed, 2);
	assert_ok(f->C_Initialize(NULL));
	assert_int_equal(sign_afresh(), 0);
}

/* A daemon: the parent ends at once, the child goes on. */
static int daemon_child(CK_SESSION_HANDLE inherited)
{
	pid_t pid = fork();

	(void)inherited;
	if (pid != 0)
		return 0;
	deadline_sleep(DEADLINE_NEVER, 20);
	_exit(child_initialises(0));
}

static void parent_ends(void **state)
{
	int ends[2];
	char none;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	CK_SESSION_HANDLE s = rig_session();
	fork_and_wait(daemon_child, s);
	/* the pipe ends when the grandchild is gone */
	close(ends[1]);
	assert_int_equal(read(ends[0], &none, 1), 0);
	close(ends[0]);
	assert_ok(f->C_CloseSession(s));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(initialised),
		TEST(uninitialised),
		TEST(in_a_session),
		TEST(while_another_thread_signs),
		TEST(while_another_thread_finalises),
		TEST(with_objects),
		TEST(while_another_thread_makes_objects),
		TEST(while_another_thread_waits),
		TEST(parent_ends),
	};

	return cmocka_run_group_tests_name("fork", tests, rig_group_setup, rig_group_teardown);
}
