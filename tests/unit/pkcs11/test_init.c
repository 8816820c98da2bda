/* SPDX-License-Identifier: Apache-2.0 */
/* C_Initialize, C_Finalize, the interfaces. */
#include "rig.h"

#include <string.h>

static CK_RV some_mutex(void *m)
{
	(void)m;
	return CKR_OK;
}

static CK_RV make_mutex(void **m)
{
	*m = NULL;
	return CKR_OK;
}

static void arguments(void **state)
{
	CK_C_INITIALIZE_ARGS all = {make_mutex, some_mutex, some_mutex, some_mutex, 0, NULL};
	CK_C_INITIALIZE_ARGS some = {make_mutex, NULL, NULL, NULL, CKF_OS_LOCKING_OK, NULL};
	CK_C_INITIALIZE_ARGS none = {0};

	(void)state;
	assert_rv(f->C_Initialize(&all), CKR_CANT_LOCK);
	assert_rv(f->C_Initialize(&some), CKR_ARGUMENTS_BAD);
	none.pReserved = &none;
	assert_rv(f->C_Initialize(&none), CKR_ARGUMENTS_BAD);
	none.pReserved = NULL;
	for (none.flags = 0; none.flags <= 3; none.flags++) {
		assert_ok(f->C_Initialize(&none));
		assert_ok(f->C_Finalize(NULL));
	}
	all.flags = CKF_OS_LOCKING_OK;
	assert_ok(f->C_Initialize(&all));
	assert_rv(f->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
	assert_rv(f->C_Finalize(&all), CKR_ARGUMENTS_BAD);
	assert_ok(f->C_Finalize(NULL));
	assert_rv(f->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
}

/* A token without PIN looks like one whose PIN is asked for elsewhere, and takes anything. */
static void formal_login(void **state)
{
	char words[] = "formal-login", other[] = "formal-logi";
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = other};
	const CK_FLAGS flags =
		CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED | CKF_PROTECTED_AUTHENTICATION_PATH;
	CK_TOKEN_INFO info;
	CK_SESSION_HANDLE h;

	(void)state;
	fake_reset();
	assert_rv(f->C_Initialize(&args), CKR_ARGUMENTS_BAD);
	/* programs that try what is to be refused give anything here */
	args.pReserved = (void *)(uintptr_t)1;
	assert_rv(f->C_Initialize(&args), CKR_ARGUMENTS_BAD);
	args.pReserved = words;
	assert_ok(f->C_Initialize(&args));
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_true((info.flags & flags) == flags);
	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &h));
	assert_ok(f->C_Login(h, CKU_USER, NULL, 0));
	assert_rv(f->C_Login(h, CKU_USER, NULL, 0), CKR_USER_ALREADY_LOGGED_IN);
	assert_ok(f->C_Finalize(NULL));

	assert_ok(f->C_Initialize(NULL)); /* the next one wants nothing of the kind */
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_true((info.flags & flags) == 0);
	assert_ok(f->C_Finalize(NULL));
}

static void no_traffic(void **state)
{
	CK_ULONG n = 0;

	(void)state;
	fake_reset();
	assert_ok(f->C_Initialize(NULL));
	assert_int_equal(fake.live, 0);
	assert_ok(f->C_GetSlotList(CK_FALSE, NULL, &n));
	assert_int_equal(n, RIG_SLOTS);
	assert_ok(f->C_GetSlotList(CK_TRUE, NULL, &n));
	assert_int_equal(n, RIG_SLOTS);
	assert_int_equal(fake_traffic(), 0);
	assert_ok(f->C_Finalize(NULL));
}

static void wrong_configuration(void **state)
{
	(void)state;
	rig_configure("[module]\nlog = loud\n");
	assert_rv(f->C_Initialize(NULL), CKR_GENERAL_ERROR);
	assert_rv(f->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	rig_configure("[module]\nlog = off\n");
	assert_ok(f->C_Initialize(NULL));
	assert_ok(f->C_Finalize(NULL));
}

static void again_and_again(void **state)
{
	CK_INFO first, later;

	(void)state;
	fake_reset();
	memset(&first, 1, sizeof(first));
	memset(&later, 2, sizeof(later));
	assert_ok(f->C_Initialize(NULL));
	assert_ok(f->C_GetInfo(&first));
	CK_SESSION_HANDLE old = rig_session();
	assert_ok(f->C_Finalize(NULL));
	for (int i = 0; i < 2000; i++) {
		assert_ok(f->C_Initialize(NULL));
		CK_SESSION_HANDLE s = rig_session();
		assert_int_not_equal(s, old);
		assert_ok(f->C_Finalize(NULL));
	}
	assert_ok(f->C_Initialize(NULL));
	assert_rv(f->C_CloseSession(old), CKR_SESSION_HANDLE_INVALID);
	assert_ok(f->C_GetInfo(&later));
	assert_int_equal(first.cryptokiVersion.major, later.cryptokiVersion.major);
	assert_memory_equal(first.manufacturerID, later.manufacturerID, 32);
	assert_memory_equal(first.libraryDescription, later.libraryDescription, 32);
	assert_null(memchr(first.libraryDescription, 0, 32));
	assert_ok(f->C_Finalize(NULL));
	assert_int_equal(fake.live, 0);
}

static void lists(void **state)
{
	CK_INFO info;

	(void)state;
	assert_int_equal(f->version.major, 2);
	assert_int_equal(f->version.minor, 40);
	assert_int_equal(f3->version.major, 3);
	assert_int_equal(f3->version.minor, 0);
	/* version, then pointers without a hole: 68 and 92 */
	assert_int_equal(sizeof(*f), sizeof(void *) + 68 * sizeof(void *));
	assert_int_equal(sizeof(*f3), sizeof(void *) + 92 * sizeof(void *));
	void *entry[93];
	memcpy(entry, f3, sizeof(*f3));
	for (int i = 1; i <= 92; i++)
		assert_non_null(entry[i]);
	memcpy(entry, f, sizeof(*f));
	for (int i = 1; i <= 68; i++)
		assert_non_null(entry[i]);
	assert_ok(f->C_Initialize(NULL));
	assert_ok(f->C_GetInfo(&info));
	assert_int_equal(info.cryptokiVersion.major, 2);
	assert_int_equal(info.cryptokiVersion.minor, 40);
	assert_ok(f3->C_GetInfo(&info));
	assert_int_equal(info.cryptokiVersion.major, 3);
	assert_int_equal(info.cryptokiVersion.minor, 0);
	assert_ok(f->C_Finalize(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments),  cmocka_unit_test(formal_login),
		cmocka_unit_test(no_traffic), cmocka_unit_test(wrong_configuration),
		cmocka_unit_test(lists),
	};
	const struct CMUnitTest last[] = {
		cmocka_unit_test_setup_teardown(again_and_again, NULL, NULL)};
	int failed = cmocka_run_group_tests_name("init", tests, rig_group_setup, NULL);

	rig_configure("[slot one]\nuri = unix:/nowhere/1\n");
	return failed + cmocka_run_group_tests_name("init again", last, NULL, rig_group_teardown);
}
