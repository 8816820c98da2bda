/* SPDX-License-Identifier: Apache-2.0 */
/* PINs on the link that the argument names, with the software SIM's own counters as witness: each
 * VERIFY that the card has seen is a C_Login that was made, or pin-source's one. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "pin_rig.h"
#include "scene.h"

#define assert_rv(call, expected) assert_int_equal((call), (expected))
#define assert_ok(call) assert_int_equal((call), CKR_OK)

enum { WANTED = CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED };

static enum rig_link link_used;
static struct rig r;

static int begin(const char *source)
{
	pin_rig_start(&r, link_used, 5, source);
	assert_ok(r.f->C_Initialize(NULL));
	scene_await_present(&r);
	return 0;
}

static int plain(void **state)
{
	(void)state;
	return begin(NULL);
}

static int with_right_source(void **state)
{
	(void)state;
	return begin("1234\n");
}

static int with_wrong_source(void **state)
{
	(void)state;
	return begin("9999\n");
}

static int end(void **state)
{
	(void)state;
	pin_rig_stop(&r);
	return 0;
}

/* Another process, to all that matters here. */
static void restart(void)
{
	assert_ok(r.f->C_Finalize(NULL));
	assert_ok(r.f->C_Initialize(NULL));
	scene_await_present(&r);
}

/* pcscd takes it for a card that is taken out and put in, and looks twice a second. */
static void power_cycle(void)
{
	rig_control(&r, "reset", NULL, 0);
	if (rig_over_pcsc(link_used))
		rig_pause_ms(1200);
	scene_await_present(&r);
}

static void expect(unsigned verifies, unsigned failures)
{
	struct pin_counters now = pin_rig_counters(&r);

	assert_int_equal(now.verifies, verifies);
	assert_int_equal(now.failures, failures);
}

static CK_SESSION_HANDLE session(CK_FLAGS flags)
{
	CK_SESSION_HANDLE s = 0;

	assert_ok(r.f->C_OpenSession(0, CKF_SERIAL_SESSION | flags, NULL, NULL, &s));
	return s;
}

static void logging_in(void **state)
{
	CK_SESSION_HANDLE s = session(0);

	(void)state;
	assert_int_equal(pin_rig_flags(&r), WANTED);
	assert_int_equal(pin_rig_state(&r, s), CKS_RO_PUBLIC_SESSION);
	assert_rv(pin_rig_sign(&r, "device"), CKR_KEY_HANDLE_INVALID);
	/* a key that wants no PIN needs no login */
	assert_ok(pin_rig_sign(&r, "open"));
	expect(0, 0);
	assert_ok(pin_rig_login(&r, s, "1234"));
	expect(1, 0);
	assert_int_equal(pin_rig_state(&r, s), CKS_RO_USER_FUNCTIONS);
	assert_ok(pin_rig_sign(&r, "device"));
	assert_rv(pin_rig_login(&r, s, "1234"), CKR_USER_ALREADY_LOGGED_IN);
	assert_ok(r.f->C_Logout(s));
	assert_rv(pin_rig_sign(&r, "device"), CKR_KEY_HANDLE_INVALID);
	assert_ok(pin_rig_sign(&r, "open"));
	/* the card still has it, and another program has to log in all the same */
	restart();
	s = session(0);
	assert_rv(pin_rig_sign(&r, "device"), CKR_KEY_HANDLE_INVALID);
	assert_ok(pin_rig_login(&r, s, "1234"));
	assert_ok(pin_rig_sign(&r, "device"));
	expect(2, 0);
}

static void wrong_and_blocked(void **state)
{
	CK_SESSION_HANDLE s = session(0);

	(void)state;
	assert_rv(pin_rig_login(&r, s, "123"), CKR_PIN_INCORRECT);
	assert_rv(pin_rig_login(&r, s, "123456789"), CKR_PIN_INCORRECT);
	expect(0, 0);
	assert_rv(pin_rig_login(&r, s, "9999"), CKR_PIN_INCORRECT);
	assert_int_equal(pin_rig_flags(&r), WANTED | CKF_USER_PIN_COUNT_LOW);
	assert_rv(pin_rig_login(&r, s, "9999"), CKR_PIN_INCORRECT);
	assert_int_equal(pin_rig_flags(&r),
			 WANTED | CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
	expect(2, 2);
	assert_ok(pin_rig_login(&r, s, "1234"));
	assert_int_equal(pin_rig_flags(&r), WANTED);
	assert_ok(r.f->C_Logout(s));
	assert_rv(pin_rig_login(&r, s, "9999"), CKR_PIN_INCORRECT);
	assert_rv(pin_rig_login(&r, s, "9999"), CKR_PIN_INCORRECT);
	assert_rv(pin_rig_login(&r, s, "9999"), CKR_PIN_LOCKED);
	assert_int_equal(pin_rig_flags(&r), WANTED | CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_LOCKED);
	expect(6, 5);
	assert_rv(pin_rig_login(&r, s, "1234"), CKR_PIN_LOCKED);
	expect(6, 5);
	assert_ok(pin_rig_sign(&r, "open"));
}

static void changed_elsewhere(void **state)
{
	CK_SESSION_HANDLE s = session(0);

	(void)state;
	assert_ok(pin_rig_login(&r, s, "1234"));
	rig_control(&r, "pin set 01 5678", NULL, 0);
	assert_rv(pin_rig_sign(&r, "device"), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(pin_rig_state(&r, s), CKS_RO_PUBLIC_SESSION);
	assert_rv(pin_rig_login(&r, s, "1234"), CKR_PIN_INCORRECT);
	assert_ok(pin_rig_login(&r, s, "5678"));
	assert_ok(pin_rig_sign(&r, "device"));
	expect(3, 1);
}

static void changed_here(void **state)
{
	CK_SESSION_HANDLE s = session(CKF_RW_SESSION);
	CK_UTF8CHAR was[] = "1234", becomes[] = "87654321", wrong[] = "4321";

	(void)state;
	assert_rv(r.f->C_SetPIN(s, wrong, 4, becomes, 8), CKR_PIN_INCORRECT);
	assert_int_equal(pin_rig_counters(&r).tries, 2);
	assert_ok(r.f->C_SetPIN(s, was, 4, becomes, 8));
	assert_int_equal(pin_rig_counters(&r).tries, 3);
	assert_int_equal(pin_rig_state(&r, s), CKS_RW_PUBLIC_SESSION);
	assert_ok(pin_rig_login(&r, s, "87654321"));
	assert_ok(pin_rig_sign(&r, "device"));
	assert_int_equal(pin_rig_counters(&r).verifies, 1);
}

static void disabled(void **state)
{
	CK_SESSION_HANDLE s = session(0);

	(void)state;
	rig_control(&r, "pin disable 01", NULL, 0);
	assert_ok(pin_rig_sign(&r, "device"));
	assert_int_equal(pin_rig_flags(&r), CKF_USER_PIN_INITIALIZED);
	assert_int_equal(pin_rig_state(&r, s), CKS_RO_USER_FUNCTIONS);
	assert_ok(pin_rig_login(&r, s, "anything"));
	assert_ok(pin_rig_sign(&r, "signature"));
	expect(0, 0);
	/* back in force */
	rig_control(&r, "pin enable 01", NULL, 0);
	assert_rv(pin_rig_sign(&r, "device"), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(pin_rig_flags(&r), WANTED);
	assert_ok(pin_rig_login(&r, s, "1234"));
	assert_ok(pin_rig_sign(&r, "device"));
	expect(1, 0);
}

static void before_each_use(void **state)
{
	CK_SESSION_HANDLE s = session(0);
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_UTF8CHAR pin[] = "1234";
	CK_BYTE digest[32] = {7}, sig[64];
	CK_ULONG n = sizeof(sig);

	(void)state;
	assert_ok(pin_rig_login(&r, s, "1234"));
	assert_rv(pin_rig_sign(&r, "signature"), CKR_USER_NOT_LOGGED_IN);
	CK_OBJECT_HANDLE key = rig_find(&r, s, CKO_PRIVATE_KEY, "signature");
	for (unsigned i = 0; i < 3; i++) {
		assert_ok(r.f->C_SignInit(s, &m, key));
		assert_ok(r.f->C_Login(s, CKU_CONTEXT_SPECIFIC, pin, 4));
		assert_ok(r.f->C_Sign(s, digest, sizeof(digest), sig, &n));
		expect(2 + i, 0);
	}
	assert_rv(r.f->C_Login(s, CKU_CONTEXT_SPECIFIC, pin, 4), CKR_OPERATION_NOT_INITIALIZED);
	expect(4, 0);
}

static void power_lost(void **state)
{
	CK_SESSION_HANDLE s = session(0);

	(void)state;
	assert_ok(pin_rig_login(&r, s, "1234"));
	assert_ok(pin_rig_sign(&r, "device"));
	power_cycle();
	/* never told again by ourselves */
	CK_RV rv = pin_rig_sign(&r, "device");
	assert_true(rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_KEY_HANDLE_INVALID);
	assert_int_equal(pin_rig_state(&r, s), CKS_RO_PUBLIC_SESSION);
	expect(1, 0);
	assert_ok(pin_rig_login(&r, s, "1234"));
	assert_ok(pin_rig_sign(&r, "device"));
	expect(2, 0);
}

static int other_program(void)
{
	CK_SESSION_HANDLE s = 0;

	if (r.f->C_Initialize(NULL) != CKR_OK ||
	    r.f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK)
		return 1;
	if (pin_rig_sign(&r, "device") != CKR_KEY_HANDLE_INVALID)
		return 2;
	if (pin_rig_login(&r, s, "1234") != CKR_OK || pin_rig_sign(&r, "device") != CKR_OK)
		return 3;
	if (r.f->C_Logout(s) != CKR_OK)
		return 4;
	return r.f->C_Finalize(NULL) == CKR_OK ? 0 : 5;
}

/* Each has to log in, and neither ends the other's login. */
static void two_programs(void **state)
{
	CK_SESSION_HANDLE s = session(0);

	(void)state;
	assert_ok(pin_rig_login(&r, s, "1234"));
	for (int i = 0; i < 3; i++) {
		int word = 0;
		assert_ok(pin_rig_sign(&r, "device"));
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(other_program());
		assert_int_equal(waitpid(pid, &word, 0), pid);
		assert_int_equal(word, 0);
		assert_ok(pin_rig_sign(&r, "device"));
	}
	assert_int_equal(pin_rig_state(&r, s), CKS_RO_USER_FUNCTIONS);
	expect(4, 0);
}

static void source_right(void **state)
{
	CK_SESSION_HANDLE s = session(0);

	(void)state;
	assert_int_equal(pin_rig_state(&r, s), CKS_RO_USER_FUNCTIONS);
	assert_int_equal(pin_rig_flags(&r), CKF_USER_PIN_INITIALIZED);
	assert_ok(pin_rig_sign(&r, "open"));
	expect(0, 0);
	for (int i = 0; i < 3; i++)
		assert_ok(pin_rig_sign(&r, "device"));
	expect(1, 0);
	/* the card says that it knows it */
	restart();
	assert_ok(pin_rig_sign(&r, "device"));
	expect(1, 0);
	/* and when it forgets */
	power_cycle();
	assert_ok(pin_rig_sign(&r, "device"));
	expect(2, 0);
	rig_control(&r, "pin forget 01", NULL, 0);
	assert_ok(pin_rig_sign(&r, "device"));
	expect(3, 0);
	assert_ok(pin_rig_sign(&r, "signature"));
	assert_ok(pin_rig_sign(&r, "signature"));
	expect(5, 0);
}

static void source_wrong(void **state)
{
	(void)state;
	for (int process = 0; process < 4; process++) {
		for (int i = 0; i < 3; i++) {
			CK_RV rv = pin_rig_sign(&r, "device");
			assert_true(rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_KEY_HANDLE_INVALID);
		}
		assert_int_equal(pin_rig_flags(&r), WANTED | CKF_USER_PIN_COUNT_LOW);
		power_cycle();
		restart();
	}
	expect(1, 1);
	pin_rig_source("1234");
	assert_ok(pin_rig_sign(&r, "device"));
	expect(2, 1);
}

static void source_last_try(void **state)
{
	(void)state;
	rig_control(&r, "pin tries 01 1", NULL, 0);
	assert_rv(pin_rig_sign(&r, "device"), CKR_USER_NOT_LOGGED_IN);
	rig_control(&r, "pin tries 01 0", NULL, 0);
	assert_rv(pin_rig_sign(&r, "device"), CKR_USER_NOT_LOGGED_IN);
	expect(0, 0);
	rig_control(&r, "pin tries 01 2", NULL, 0);
	assert_ok(pin_rig_sign(&r, "device"));
	expect(1, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, plain, end)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(logging_in),
		TEST(wrong_and_blocked),
		TEST(changed_elsewhere),
		TEST(changed_here),
		TEST(disabled),
		TEST(before_each_use),
		TEST(power_lost),
		TEST(two_programs),
		cmocka_unit_test_setup_teardown(source_right, with_right_source, end),
		cmocka_unit_test_setup_teardown(source_wrong, with_wrong_source, end),
		cmocka_unit_test_setup_teardown(source_last_try, with_right_source, end),
	};

	link_used = rig_argument(argc, argv);
	return cmocka_run_group_tests_name(rig_link_name(link_used), tests, NULL, NULL);
}
