/* SPDX-License-Identifier: Apache-2.0 */
/* A PIN is for one SIM: which member of a group gets to see it, and what ends with a login. */
#include "group_rig.h"

#include <string.h>

#include "fake_pin.h"
#include "mem.h"

static CK_UTF8CHAR pin[] = "1234", next_pin[] = "4321";
static struct catalog other;

#define PIN "pin = application\n"
#define SLOT(letter, more) "[slot " letter "]\nuri = unix:/" letter "\n" more

static CK_RV log_in(CK_SESSION_HANDLE s)
{
	return f->C_Login(s, CKU_USER, pin, 4);
}

static void start(const char *slots)
{
	group_rig_start("timeout = 1", slots, "a, b");
	other = fake.cat;
	other.count = 2;
	other.item[0] = fake.cat.item[FAKE_BACKUP_KEY];
	other.item[1] = fake.cat.item[FAKE_BACKUP_CERT];
}

/* The member that takes over asks for no PIN, or has it from a file. */
static void none_wanted(void **state)
{
	static const char *const slots[] = {
		SLOT("a", PIN) SLOT("b", ""),
		SLOT("a", PIN) SLOT("b", PIN "pin-source = file:/nowhere/pin\n"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
		start(slots[i]);
		A.answer = ST_IO;
		CK_SESSION_HANDLE s = group_rig_session();
		assert_ok(log_in(s));
		assert_rv(log_in(s), CKR_USER_ALREADY_LOGGED_IN);
		assert_int_equal(A.pins + B.pins, 0);
	}
}

static void none_to_change(void **state)
{
	(void)state;
	start(SLOT("a", PIN) SLOT("b", ""));
	A.answer = ST_IO;
	CK_SESSION_HANDLE s = group_rig_session();
	assert_rv(f->C_SetPIN(s, pin, 4, next_pin, 4), CKR_FUNCTION_NOT_SUPPORTED);
	assert_int_equal(A.pins + B.pins, 0);
}

/* What a client has seen of the token was the other SIM: it is told, and asks its user again. */
static void changed_meanwhile(void **state)
{
	(void)state;
	start(SLOT("a", PIN) SLOT("b", PIN));
	CK_SESSION_HANDLE s = group_rig_session();
	group_rig_expect("0001");
	A.answer = ST_IO;
	assert_rv(log_in(s), CKR_DEVICE_REMOVED);
	assert_int_equal(A.pins + B.pins, 0);
	group_rig_expect("0002");
	assert_ok(log_in(s));
	assert_int_equal(B.pins, 1);
	assert_ok(f->C_Logout(s));
	/* nor goes it to the first one because that is well again */
	A.answer = ST_OK;
	group_rig_pause(1100);
	assert_ok(log_in(s));
	assert_int_equal(B.pins, 2);
	assert_ok(f->C_Logout(s));
	B.answer = ST_IO;
	assert_rv(f->C_SetPIN(s, pin, 4, next_pin, 4), CKR_DEVICE_REMOVED);
	assert_int_equal(A.pins, 0);
	assert_int_equal(B.pins, 2);
}

/* A stranger in the first device, another identity in the second: nothing goes on in a session
 * that is over. */
static void stranger(void **state)
{
	CK_BYTE byte;

	(void)state;
	for (int i = 0; i < 2; i++) {
		start(SLOT("a", PIN "expected-iccid = 89000000000000000001\n") SLOT("b", PIN));
		A.answer = ST_OK;
		B.cat = &other;
		CK_SESSION_HANDLE s = group_rig_session();
		group_rig_expect("0001");
		A.answer = ST_CARD_CHANGED;
		CK_RV rv = i == 0 ? log_in(s) : f->C_GenerateRandom(s, &byte, 1);
		assert_rv(rv, CKR_DEVICE_REMOVED);
		assert_int_equal(A.pins + B.pins, 0);
		assert_rv(f->C_GenerateRandom(s, &byte, 1), CKR_SESSION_HANDLE_INVALID);
		s = group_rig_session();
		group_rig_expect("0002");
		assert_ok(log_in(s));
		assert_int_equal(B.pins, 1);
		B.pins = 0;
	}
}

static CK_OBJECT_HANDLE make_private(CK_SESSION_HANDLE s)
{
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_PRIVATE, &yes, 1}};
	CK_OBJECT_HANDLE h = 0;

	assert_ok(f->C_CreateObject(s, t, 2, &h));
	return h;
}

/* Where nobody has to log in, neither here nor there, no login ends. */
static void nobody_has_to(void **state)
{
	CK_ULONG size;

	(void)state;
	start(SLOT("a", "") SLOT("b", ""));
	fake.cat.count = FAKE_DEVICE_CERT + 1;
	CK_SESSION_HANDLE s = group_rig_session();
	CK_OBJECT_HANDLE key = group_rig_key(s), mine = make_private(s);
	assert_ok(log_in(s));
	A.answer = ST_IO;
	assert_ok(group_rig_sign(s, key));
	assert_ok(f->C_GetObjectSize(s, mine, &size));
	assert_rv(log_in(s), CKR_USER_ALREADY_LOGGED_IN);
	A.answer = ST_OK;
	group_rig_pause(1100);
	assert_ok(group_rig_sign(s, key));
	group_rig_expect("0001");
	assert_ok(f->C_GetObjectSize(s, mine, &size));
	/* but with the sessions, when another identity takes over */
	B.cat = &other;
	fake.epoch++;
	A.answer = ST_IO;
	assert_rv(group_rig_sign(s, key), CKR_DEVICE_REMOVED);
	s = group_rig_session();
	assert_rv(f->C_GetObjectSize(s, mine, &size), CKR_OBJECT_HANDLE_INVALID);
	assert_ok(log_in(s));
}

/* Somebody had to: what was private goes with the login. */
static void somebody_had_to(void **state)
{
	CK_ULONG size;

	(void)state;
	start(SLOT("a", PIN) SLOT("b", PIN));
	CK_SESSION_HANDLE s = group_rig_session();
	assert_ok(log_in(s));
	CK_OBJECT_HANDLE key = group_rig_key(s), mine = make_private(s);
	assert_ok(f->C_GetObjectSize(s, mine, &size));
	assert_ok(group_rig_begin(s, key));
	A.answer = ST_IO;
	assert_rv(group_rig_finish(s), CKR_USER_NOT_LOGGED_IN);
	assert_rv(f->C_GetObjectSize(s, mine, &size), CKR_OBJECT_HANDLE_INVALID);
	assert_ok(log_in(s));
	assert_rv(f->C_GetObjectSize(s, mine, &size), CKR_OBJECT_HANDLE_INVALID);
}

/* The first question of all is that for the PIN's state: its silence is the device's. */
static void silent(void **state)
{
	(void)state;
	start(SLOT("a", PIN) SLOT("b", PIN));
	CK_SESSION_HANDLE s = group_rig_session();
	A.slow_ms = 60000;
	A.answer = ST_TIMEOUT;
	double begin = group_rig_seconds();
	rig_count(s, NULL, 0);
	assert_true(group_rig_seconds() - begin < 1.8);
	group_rig_expect("0002");
}

/* What a group reads for itself, and is refused without the PIN, tells the client of no SIM. */
static void nobody_was_told(void **state)
{
	CK_BYTE byte;

	(void)state;
	start(SLOT("a", PIN) SLOT("b", PIN "[container pub]\nslot = b\nkind = public-key\n"
					   "id = 02\nkey-type = p256\npin = login\n"));
	CK_SESSION_HANDLE s = group_rig_session();
	group_rig_expect("0001");
	rig_count(s, NULL, 0);
	A.answer = ST_IO;
	assert_ok(f->C_GenerateRandom(s, &byte, 1));
	assert_rv(log_in(s), CKR_DEVICE_REMOVED);
	assert_int_equal(A.pins + B.pins, 0);
	assert_ok(log_in(s));
	assert_int_equal(B.pins, 1);
}

/* Where nobody has to log in, nobody has to because a SIM that asks for a PIN is back. */
static void not_back_to_a_pin(void **state)
{
	CK_ULONG size;

	(void)state;
	start(SLOT("a", PIN) SLOT("b", ""));
	A.answer = ST_IO;
	CK_SESSION_HANDLE s = group_rig_session();
	CK_OBJECT_HANDLE key = group_rig_key(s), mine = make_private(s);
	assert_ok(group_rig_sign(s, key));
	A.answer = ST_OK;
	group_rig_pause(1100);
	assert_ok(group_rig_sign(s, key));
	assert_ok(f->C_GetObjectSize(s, mine, &size));
	group_rig_expect("0002");
	assert_ok(f->C_CloseSession(s));
	group_rig_pause(2100);
	group_rig_expect("0001");
}

/* But where the card once said that its PIN is disabled. */
static void back_without_pin(void **state)
{
	(void)state;
	start(SLOT("a", PIN) SLOT("b", PIN));
	fake_pin.enabled = false;
	CK_SESSION_HANDLE s = group_rig_session();
	CK_OBJECT_HANDLE key = group_rig_key(s);
	A.answer = ST_IO;
	assert_ok(group_rig_sign(s, key));
	group_rig_expect("0002");
	A.answer = ST_OK;
	group_rig_pause(1100);
	assert_ok(group_rig_sign(s, key));
	group_rig_expect("0001");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(none_wanted),	TEST(none_to_change),  TEST(changed_meanwhile),
		TEST(stranger),		TEST(nobody_has_to),   TEST(somebody_had_to),
		TEST(silent),		TEST(nobody_was_told), TEST(not_back_to_a_pin),
		TEST(back_without_pin),
	};

	return cmocka_run_group_tests_name("group-pin", tests, rig_group_setup, rig_group_teardown);
}
