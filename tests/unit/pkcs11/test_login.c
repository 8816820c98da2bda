/* SPDX-License-Identifier: Apache-2.0 */
/* The PIN: states, flags, what is sent and what never is. */
#include "rig.h"

#include <string.h>

#include "fake_pin.h"

static CK_UTF8CHAR right[] = "1234", wrong[] = "9999", longer[] = "123456789";
static uint8_t hash[32] = {1};

/* Private and secret keys want the PIN; the card itself asks for it for the device key. */
static const char by_default[] = "[slot one]\n"
				 "uri = unix:/nowhere/1\n"
				 "pin = application\n";
/* "backup" wants it before each use, "device" once, the others do not. */
static const char by_name[] = "[slot one]\n"
			      "uri = unix:/nowhere/1\n"
			      "pin = application\n"
			      "[container device]\n"
			      "slot = one\n"
			      "kind = private-key\n"
			      "id = 01\n"
			      "key-type = p256\n"
			      "pin = login\n"
			      "[container backup]\n"
			      "slot = one\n"
			      "kind = private-key\n"
			      "id = 11\n"
			      "key-type = p384\n"
			      "pin = always\n";

static int start(const char *conf)
{
	fake_reset();
	fake_pin.key = 0x01;
	rig_configure(conf);
	assert_ok(f->C_Initialize(NULL));
	return 0;
}

static int with_pin(void **state)
{
	(void)state;
	return start(by_default);
}

static int with_names(void **state)
{
	(void)state;
	int bad = start(by_name);
	fake_pin.key_always = 0x11;
	return bad;
}

static CK_RV log_in(CK_SESSION_HANDLE s, CK_UTF8CHAR *pin)
{
	return f->C_Login(s, CKU_USER, pin, strlen((const char *)pin));
}

static CK_STATE state_of(CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info;

	assert_ok(f->C_GetSessionInfo(s, &info));
	return info.state;
}

static CK_ULONG private_keys(CK_SESSION_HANDLE s)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE t = {CKA_CLASS, &class, sizeof(class)};

	return rig_count(s, &t, 1);
}

static CK_TOKEN_INFO token_info(void)
{
	CK_TOKEN_INFO info;

	assert_ok(f->C_GetTokenInfo(0, &info));
	return info;
}

static CK_RV sign(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_BYTE sig[96];
	CK_ULONG n = sizeof(sig);
	CK_RV rv = f->C_SignInit(s, &m, key);

	return rv == CKR_OK ? f->C_Sign(s, hash, sizeof(hash), sig, &n) : rv;
}

static CK_OBJECT_HANDLE device_key(CK_SESSION_HANDLE s)
{
	return rig_by_label(s, CKO_PRIVATE_KEY, "device");
}

static CK_SESSION_HANDLE rw_session(void)
{
	CK_SESSION_HANDLE s = 0;

	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s));
	return s;
}

static void states(void **state)
{
	CK_SESSION_HANDLE s = rig_session(), rw = rw_session();

	(void)state;
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	assert_int_equal(state_of(rw), CKS_RW_PUBLIC_SESSION);
	assert_int_equal(private_keys(s), 0);
	assert_ok(log_in(s, right));
	assert_int_equal(fake_pin.verifies, 1);
	assert_int_equal(state_of(s), CKS_RO_USER_FUNCTIONS);
	assert_int_equal(state_of(rw), CKS_RW_USER_FUNCTIONS);
	assert_true(private_keys(s) > 0);
	assert_rv(log_in(rw, right), CKR_USER_ALREADY_LOGGED_IN);
	assert_rv(f->C_Login(s, CKU_SO, right, 4), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	CK_OBJECT_HANDLE key = device_key(s);
	assert_ok(sign(s, key));
	assert_ok(f->C_Logout(rw));
	assert_rv(f->C_Logout(rw), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	assert_int_equal(private_keys(s), 0);
	/* the card would still do it: we do not */
	assert_true(fake_pin.verified);
	assert_rv(sign(s, key), CKR_KEY_HANDLE_INVALID);
	assert_rv(f->C_Login(s, CKU_SO, right, 4), CKR_SESSION_READ_ONLY_EXISTS);
	assert_ok(f->C_CloseSession(s));
	assert_rv(f->C_Login(rw, CKU_SO, right, 4), CKR_USER_TYPE_INVALID);
	assert_rv(f->C_Login(rw, 77, right, 4), CKR_USER_TYPE_INVALID);
	assert_int_equal(fake_pin.verifies, 1);
}

/* After a logout old handles stay dead, also for who logs in again. */
static void handles_die(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_ATTRIBUTE id = {CKA_CLASS, NULL, 0};

	(void)state;
	CK_OBJECT_HANDLE pub = rig_by_label(s, CKO_PUBLIC_KEY, "device");
	assert_ok(log_in(s, right));
	CK_OBJECT_HANDLE key = device_key(s);
	assert_ok(f->C_Logout(s));
	assert_rv(f->C_GetAttributeValue(s, key, &id, 1), CKR_OBJECT_HANDLE_INVALID);
	assert_ok(log_in(s, right));
	assert_rv(f->C_GetAttributeValue(s, key, &id, 1), CKR_OBJECT_HANDLE_INVALID);
	assert_rv(sign(s, key), CKR_KEY_HANDLE_INVALID);
	assert_ok(f->C_GetAttributeValue(s, pub, &id, 1));
	assert_int_not_equal(device_key(s), key);
	/* the same by closing the last session */
	key = device_key(s);
	assert_ok(f->C_CloseSession(s));
	s = rig_session();
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	assert_ok(log_in(s, right));
	assert_rv(sign(s, key), CKR_KEY_HANDLE_INVALID);
	assert_ok(f->C_CloseAllSessions(0));
	s = rig_session();
	assert_rv(f->C_Logout(s), CKR_USER_NOT_LOGGED_IN);
}

static void session_objects_die(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
			    {CKA_TOKEN, &no, sizeof(no)},
			    {CKA_PRIVATE, &yes, sizeof(yes)}};
	CK_OBJECT_HANDLE mine = 0, open = 0;

	(void)state;
	assert_rv(f->C_CreateObject(s, t, 3, &mine), CKR_USER_NOT_LOGGED_IN);
	assert_ok(log_in(s, right));
	assert_ok(f->C_CreateObject(s, t, 3, &mine));
	t[2].pValue = &no;
	assert_ok(f->C_CreateObject(s, t, 3, &open));
	assert_ok(f->C_Logout(s));
	CK_ATTRIBUTE a = {CKA_CLASS, NULL, 0};
	assert_rv(f->C_GetAttributeValue(s, mine, &a, 1), CKR_OBJECT_HANDLE_INVALID);
	assert_ok(f->C_GetAttributeValue(s, open, &a, 1));
	assert_ok(log_in(s, right));
	assert_rv(f->C_GetAttributeValue(s, mine, &a, 1), CKR_OBJECT_HANDLE_INVALID);
}

static void expect_flags(CK_FLAGS set)
{
	const CK_FLAGS of_pin = CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED |
				CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY |
				CKF_USER_PIN_LOCKED;

	assert_int_equal(token_info().flags & of_pin, set);
}

static void wrong_pins(void **state)
{
	const CK_FLAGS plain = CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED;
	CK_SESSION_HANDLE s = rig_session();
	CK_TOKEN_INFO info = token_info();

	(void)state;
	assert_int_equal(info.ulMinPinLen, 4);
	assert_int_equal(info.ulMaxPinLen, 8);
	expect_flags(plain);
	assert_rv(log_in(s, wrong), CKR_PIN_INCORRECT);
	expect_flags(plain | CKF_USER_PIN_COUNT_LOW);
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	assert_rv(log_in(s, wrong), CKR_PIN_INCORRECT);
	expect_flags(plain | CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
	assert_ok(log_in(s, right));
	assert_ok(f->C_Logout(s));
	expect_flags(plain);
	for (int i = 0; i < 2; i++)
		assert_rv(log_in(s, wrong), CKR_PIN_INCORRECT);
	assert_rv(log_in(s, wrong), CKR_PIN_LOCKED);
	expect_flags(plain | CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_LOCKED);
	assert_int_equal(fake_pin.verifies, 6);
	/* blocked: nothing is sent any more */
	assert_rv(log_in(s, right), CKR_PIN_LOCKED);
	assert_int_equal(fake_pin.verifies, 6);
	assert_int_equal(fake_pin.failures, 5);
}

static void never_sent(void **state)
{
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	assert_rv(log_in(s, longer), CKR_PIN_INCORRECT);
	assert_rv(f->C_Login(s, CKU_USER, right, 3), CKR_PIN_INCORRECT);
	assert_rv(f->C_Login(s, CKU_USER, NULL, 0), CKR_PIN_INCORRECT);
	assert_rv(f->C_Login(s, CKU_USER, right, ~(CK_ULONG)0), CKR_PIN_INCORRECT);
	assert_rv(f->C_Login(s, CKU_USER, NULL, 4), CKR_ARGUMENTS_BAD);
	assert_rv(f3->C_LoginUser(s, CKU_USER, right, 4, NULL, 3), CKR_ARGUMENTS_BAD);
	fake_pin.query_answer = ST_TIMEOUT;
	assert_rv(log_in(s, right), CKR_DEVICE_ERROR);
	fake_pin.query_answer = ST_OK;
	assert_int_equal(fake_pin.verifies, 0);
	/* one call, one VERIFY, whatever happens to it */
	fake_pin.lost = true;
	assert_rv(log_in(s, wrong), CKR_DEVICE_ERROR);
	assert_int_equal(fake_pin.verifies, 1);
	assert_rv(log_in(s, right), CKR_DEVICE_ERROR);
	assert_int_equal(fake_pin.verifies, 2);
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	fake_pin.lost = false;
	fake_pin.before_answer = ST_IO;
	assert_rv(log_in(s, right), CKR_DEVICE_ERROR);
	assert_int_equal(fake_pin.verifies, 2);
	fake_pin.before_answer = ST_OK;
	assert_ok(log_in(s, right));
}

static void disabled(void **state)
{
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	fake_pin.enabled = false;
	/* found out by the first use of the card */
	assert_true(private_keys(s) > 0);
	assert_int_equal(state_of(s), CKS_RO_USER_FUNCTIONS);
	expect_flags(CKF_USER_PIN_INITIALIZED);
	assert_ok(sign(s, device_key(s)));
	assert_ok(log_in(s, wrong));
	assert_rv(log_in(s, wrong), CKR_USER_ALREADY_LOGGED_IN);
	assert_ok(f->C_Logout(s));
	assert_true(private_keys(s) > 0);
	assert_int_equal(fake_pin.verifies, 0);
	/* in force again: the card says so, and then it is asked for */
	assert_ok(log_in(s, wrong));
	CK_OBJECT_HANDLE key = device_key(s);
	fake_pin.enabled = true;
	assert_rv(sign(s, key), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	assert_ok(log_in(s, right));
	assert_ok(sign(s, device_key(s)));
}

static void no_such_pin(void **state)
{
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	fake_pin.ref = PIN_REF_UNIVERSAL;
	fake_pin.key = 0;
	CK_TOKEN_INFO info = token_info();
	assert_int_equal(info.flags & (CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED), 0);
	assert_int_equal(info.ulMaxPinLen, 0);
	assert_ok(sign(s, device_key(s)));
	assert_ok(log_in(s, right)); /* as on a token without PIN */
	assert_int_equal(fake_pin.verifies, 0);
}

static void reset(void **state)
{
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	assert_ok(log_in(s, right));
	CK_OBJECT_HANDLE key = device_key(s);
	/* the core has noticed */
	fake_pin_power_off(true);
	assert_rv(sign(s, key), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	assert_rv(f->C_Logout(s), CKR_USER_NOT_LOGGED_IN);
	assert_ok(log_in(s, right));
	fake_pin_power_off(true);
	assert_ok(log_in(s, right)); /* the first call after it */
	assert_true(fake_pin.verified);
	key = device_key(s);
	/* the card tells */
	fake_pin_power_off(false);
	assert_rv(sign(s, key), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	assert_rv(sign(s, key), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(fake_pin.verifies, 3);
}

static void another_sim(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_BYTE b;

	(void)state;
	assert_ok(log_in(s, right));
	fake.answer[FAKE_RANDOM] = ST_CARD_CHANGED;
	assert_rv(f->C_GenerateRandom(s, &b, 1), CKR_DEVICE_REMOVED);
	s = rig_session();
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	assert_int_equal(private_keys(s), 0);
}

static CK_RV set_pin(CK_SESSION_HANDLE s, const char *old_pin, const char *new_pin)
{
	return f->C_SetPIN(s, (CK_UTF8CHAR *)(uintptr_t)old_pin, strlen(old_pin),
			   (CK_UTF8CHAR *)(uintptr_t)new_pin, strlen(new_pin));
}

static void setting(void **state)
{
	CK_SESSION_HANDLE ro = rig_session(), s = rw_session();

	(void)state;
	assert_rv(set_pin(ro, "1234", "5678"), CKR_SESSION_READ_ONLY);
	assert_rv(set_pin(s, "123", "5678"), CKR_PIN_LEN_RANGE);
	assert_rv(set_pin(s, "1234", "567890123"), CKR_PIN_LEN_RANGE);
	assert_rv(set_pin(s, "1234", "56x8"), CKR_PIN_LEN_RANGE);
	assert_rv(f->C_SetPIN(s, NULL, 0, NULL, 0), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_SetPIN(s, right, 4, NULL, 4), CKR_ARGUMENTS_BAD);
	assert_int_equal(fake_pin.changes, 0);
	assert_rv(set_pin(s, "9999", "5678"), CKR_PIN_INCORRECT);
	assert_ok(set_pin(s, "1234", "56789012"));
	assert_int_equal(fake_pin.changes, 2);
	/* it is no login */
	assert_int_equal(state_of(s), CKS_RW_PUBLIC_SESSION);
	assert_rv(log_in(s, right), CKR_PIN_INCORRECT);
	assert_ok(f->C_Login(s, CKU_USER, (CK_UTF8CHAR *)(uintptr_t) "56789012", 8));
	for (int i = 0; i < 2; i++)
		assert_rv(set_pin(s, "9999", "5678"), CKR_PIN_INCORRECT);
	assert_rv(set_pin(s, "9999", "5678"), CKR_PIN_LOCKED);
	unsigned before = fake_pin.changes;
	assert_rv(set_pin(s, "56789012", "5678"), CKR_PIN_LOCKED);
	fake_pin.enabled = false;
	assert_rv(set_pin(s, "56789012", "5678"), CKR_FUNCTION_NOT_SUPPORTED);
	assert_int_equal(fake_pin.changes, before);
}

static void only_some_keys(void **state)
{
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	CK_ULONG before = private_keys(s);
	assert_true(before > 0);
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, right, 0}};
	t[1] = (CK_ATTRIBUTE){CKA_LABEL, (void *)(uintptr_t) "device", 6};
	assert_int_equal(rig_count(s, t, 2), 0);
	t[1] = (CK_ATTRIBUTE){CKA_LABEL, (void *)(uintptr_t) "backup", 6};
	assert_int_equal(rig_count(s, t, 2), 0);
	assert_int_equal(token_info().flags & CKF_LOGIN_REQUIRED, CKF_LOGIN_REQUIRED);
	assert_ok(log_in(s, right));
	assert_int_equal(private_keys(s), before + 2);
}

static void before_each_use(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_BYTE sig[96];
	CK_ULONG n = sizeof(sig);
	CK_BBOOL always = CK_FALSE;
	CK_ATTRIBUTE a = {CKA_ALWAYS_AUTHENTICATE, &always, sizeof(always)};

	(void)state;
	assert_rv(f->C_Login(s, CKU_CONTEXT_SPECIFIC, right, 4), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(log_in(s, right));
	CK_OBJECT_HANDLE key = rig_by_label(s, CKO_PRIVATE_KEY, "backup");
	assert_ok(f->C_GetAttributeValue(s, key, &a, 1));
	assert_int_equal(always, CK_TRUE);
	/* not without */
	assert_rv(sign(s, key), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake.calls[FAKE_SIGN], 0);
	assert_int_equal(state_of(s), CKS_RO_USER_FUNCTIONS);
	/* a wrong one may be followed by the right one */
	assert_ok(f->C_SignInit(s, &m, key));
	assert_rv(f->C_Login(s, CKU_CONTEXT_SPECIFIC, wrong, 4), CKR_PIN_INCORRECT);
	assert_ok(f->C_Login(s, CKU_CONTEXT_SPECIFIC, right, 4));
	assert_ok(f->C_Sign(s, hash, sizeof(hash), NULL, &n));
	assert_ok(f->C_Sign(s, hash, sizeof(hash), sig, &n));
	assert_int_equal(fake_pin.verifies, 3);
	/* once */
	assert_rv(f->C_Login(s, CKU_CONTEXT_SPECIFIC, right, 4), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(sign(s, key), CKR_USER_NOT_LOGGED_IN);
	/* in parts too */
	n = sizeof(sig);
	m.mechanism = CKM_ECDSA_SHA256;
	assert_ok(f->C_SignInit(s, &m, key));
	assert_ok(f->C_SignUpdate(s, hash, sizeof(hash)));
	assert_ok(f->C_Login(s, CKU_CONTEXT_SPECIFIC, right, 4));
	assert_ok(f->C_SignFinal(s, sig, &n));
	/* an operation with another key is none */
	m.mechanism = CKM_ECDSA;
	assert_ok(f->C_SignInit(s, &m, device_key(s)));
	assert_rv(f->C_Login(s, CKU_CONTEXT_SPECIFIC, right, 4), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(fake_pin.verifies, 4);
}

/* "formal-login" changes nothing where a PIN is wanted: the client asks for it, and it is sent. */
static void formal(void **state)
{
	(void)state;
	rig_restart_formal();
	assert_int_equal(token_info().flags & CKF_PROTECTED_AUTHENTICATION_PATH, 0);
	CK_SESSION_HANDLE s = rig_session();
	assert_rv(f->C_Login(s, CKU_USER, NULL, 0), CKR_PIN_INCORRECT);
	assert_int_equal(fake_pin.verifies, 0);
	assert_ok(log_in(s, right));
	assert_int_equal(fake_pin.verifies, 1);
	assert_int_equal(token_info().flags & CKF_PROTECTED_AUTHENTICATION_PATH, 0);
}

/* A token without PIN: as ever. */
static void without_pin(void **state)
{
	CK_SESSION_HANDLE s = rig_session(), rw = rw_session();
	CK_TOKEN_INFO info = token_info();

	(void)state;
	assert_int_equal(info.flags & (CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED), 0);
	assert_int_equal(info.ulMinPinLen, 0);
	assert_int_equal(info.ulMaxPinLen, 0);
	assert_int_equal(state_of(s), CKS_RO_USER_FUNCTIONS);
	assert_ok(log_in(s, longer));
	assert_rv(set_pin(rw, "1234", "5678"), CKR_FUNCTION_NOT_SUPPORTED);
	fake_pin.power++;
	assert_rv(log_in(s, longer), CKR_USER_ALREADY_LOGGED_IN);
	fake_pin.key = 0x01; /* the card asks for a PIN that nobody told us of */
	assert_rv(sign(s, device_key(s)), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_pin.verifies + fake_pin.queries + fake_pin.changes, 0);
}

#define PIN_TEST(fn) cmocka_unit_test_setup_teardown(fn, with_pin, rig_teardown)
#define NAME_TEST(fn) cmocka_unit_test_setup_teardown(fn, with_names, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIN_TEST(states),
		PIN_TEST(handles_die),
		PIN_TEST(session_objects_die),
		PIN_TEST(wrong_pins),
		PIN_TEST(never_sent),
		PIN_TEST(disabled),
		PIN_TEST(no_such_pin),
		PIN_TEST(reset),
		PIN_TEST(another_sim),
		PIN_TEST(setting),
		PIN_TEST(formal),
		NAME_TEST(only_some_keys),
		NAME_TEST(before_each_use),
		cmocka_unit_test_setup_teardown(without_pin, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("login", tests, rig_group_setup, rig_group_teardown);
}
