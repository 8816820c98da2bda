/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, handles, login, a SIM that is replaced. */
#include "rig.h"

enum { MANY = 500 };

static CK_STATE state_of(CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info;

	assert_ok(f->C_GetSessionInfo(s, &info));
	assert_int_equal(info.slotID, 0);
	return info.state;
}

static void opening(void **state)
{
	CK_SESSION_HANDLE s = 0;

	(void)state;
	assert_rv(f->C_OpenSession(0, 0, NULL, NULL, &s), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
	assert_rv(f->C_OpenSession(9, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_SLOT_ID_INVALID);
	assert_rv(f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, NULL), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_OpenSession(0, CKF_SERIAL_SESSION | 0x100, NULL, NULL, &s),
		  CKR_ARGUMENTS_BAD);
	fake.present = false;
	assert_rv(f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_TOKEN_NOT_PRESENT);
	fake.present = true;
	/* a card that answers nothing at all does not keep a session from opening */
	for (int i = 0; i < FAKE_CALLS; i++)
		fake.answer[i] = ST_TIMEOUT;
	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION, &s, NULL, &s));
	assert_int_equal(fake_traffic(), 0);
	assert_int_equal(state_of(s), CKS_RO_USER_FUNCTIONS);
	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s));
	assert_int_equal(state_of(s), CKS_RW_USER_FUNCTIONS);
}

static void many(void **state)
{
	CK_SESSION_HANDLE s[MANY];
	CK_TOKEN_INFO info;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		s[i] = rig_session();
		assert_int_not_equal(s[i], 0);
	}
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_int_equal(info.ulSessionCount, MANY);
	assert_int_equal(info.ulRwSessionCount, 0);
	for (int i = 0; i < MANY; i += 2)
		assert_ok(f->C_CloseSession(s[i]));
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_int_equal(info.ulSessionCount, MANY / 2);
	CK_SESSION_HANDLE again = rig_session();
	for (int i = 0; i < MANY; i++) {
		assert_int_not_equal(s[i], again);
		assert_rv(f->C_FindObjectsFinal(s[i]),
			  i % 2 == 0 ? CKR_SESSION_HANDLE_INVALID : CKR_OPERATION_NOT_INITIALIZED);
	}
	CK_SESSION_HANDLE other = 0;
	assert_ok(f->C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &other));
	assert_ok(f->C_CloseAllSessions(0));
	assert_rv(f->C_CloseSession(again), CKR_SESSION_HANDLE_INVALID);
	assert_ok(f->C_CloseSession(other));
}

static void login(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_UTF8CHAR pin[] = "1234", name[] = "me";

	(void)state;
	assert_rv(f->C_Logout(s), CKR_USER_NOT_LOGGED_IN);
	assert_ok(f->C_Login(s, CKU_USER, NULL, 0));
	assert_rv(f->C_Login(s, CKU_USER, pin, 4), CKR_USER_ALREADY_LOGGED_IN);
	assert_rv(f3->C_LoginUser(s, CKU_USER, pin, 4, name, 2), CKR_USER_ALREADY_LOGGED_IN);
	assert_ok(f->C_Logout(s));
	assert_ok(f3->C_LoginUser(s, CKU_USER, pin, 4, name, 2));
	assert_rv(f->C_Login(s, CKU_SO, pin, 4), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	assert_rv(f->C_Login(s, 9, pin, 4), CKR_USER_TYPE_INVALID);
	assert_rv(f->C_Login(s, CKU_CONTEXT_SPECIFIC, pin, 4), CKR_OPERATION_NOT_INITIALIZED);
	/* the last session takes the login with it */
	assert_ok(f->C_CloseSession(s));
	s = rig_session();
	assert_ok(f->C_Login(s, CKU_USER, pin, 4));
	assert_ok(f->C_CloseAllSessions(0));
	s = rig_session();
	assert_rv(f->C_Logout(s), CKR_USER_NOT_LOGGED_IN);
}

static void another_sim(void **state)
{
	CK_SESSION_HANDLE a = rig_session(), b = rig_session();
	CK_TOKEN_INFO info;

	(void)state;
	CK_OBJECT_HANDLE key = rig_by_label(a, CKO_PRIVATE_KEY, "device");
	assert_ok(f->C_GetTokenInfo(0, &info));
	fake.answer[FAKE_RANDOM] = ST_CARD_CHANGED;
	fake.iccid = "89000000000000009999";
	uint8_t byte;
	assert_rv(f->C_GenerateRandom(a, &byte, 1), CKR_DEVICE_REMOVED);
	fake.answer[FAKE_RANDOM] = ST_OK;
	assert_rv(f->C_GenerateRandom(a, &byte, 1), CKR_SESSION_HANDLE_INVALID);
	assert_rv(f->C_CloseSession(b), CKR_SESSION_HANDLE_INVALID);
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_memory_equal(info.serialNumber, "0000000000009999", 16);
	assert_int_equal(info.ulSessionCount, 0);
	a = rig_session();
	CK_ATTRIBUTE t = {CKA_CLASS, NULL, 0};
	assert_rv(f->C_GetAttributeValue(a, key, &t, 1), CKR_OBJECT_HANDLE_INVALID);
}

/* The same SIM after a hitch: sessions go on, so that clients that never reopen do too. */
static void away_and_back(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	uint8_t byte;

	(void)state;
	assert_ok(f->C_GenerateRandom(s, &byte, 1));
	fake.answer[FAKE_RANDOM] = ST_NO_DEVICE;
	assert_rv(f->C_GenerateRandom(s, &byte, 1), CKR_DEVICE_REMOVED);
	fake.answer[FAKE_RANDOM] = ST_TIMEOUT;
	assert_rv(f->C_GenerateRandom(s, &byte, 1), CKR_DEVICE_ERROR);
	fake.answer[FAKE_RANDOM] = ST_OK;
	assert_ok(f->C_GenerateRandom(s, &byte, 1));
}

static void cancelling(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};

	(void)state;
	assert_ok(f->C_SignInit(s, &m, key));
	assert_ok(f->C_FindObjectsInit(s, NULL, 0));
	assert_ok(f3->C_SessionCancel(s, 0));
	assert_rv(f->C_SignInit(s, &m, key), CKR_OPERATION_ACTIVE);
	assert_ok(f3->C_SessionCancel(s, CKF_SIGN | CKF_VERIFY | CKF_FIND_OBJECTS));
	assert_rv(f->C_FindObjectsFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(f->C_SignInit(s, &m, key));
	assert_ok(f->C_SignInit(s, NULL, key)); /* 3.0: NULL cancels */
	assert_ok(f->C_SignInit(s, &m, key));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opening),	   TEST(many),		TEST(login),
		TEST(another_sim), TEST(away_and_back), TEST(cancelling),
	};

	return cmocka_run_group_tests_name("session", tests, rig_group_setup, rig_group_teardown);
}
