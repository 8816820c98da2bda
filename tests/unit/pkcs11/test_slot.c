/* SPDX-License-Identifier: Apache-2.0 */
/* Slots and tokens: lists, information, devices that are ill. */
#include "rig.h"

#include <string.h>

#include "info.h"

static void lists(void **state)
{
	CK_SLOT_ID id[4] = {9, 9, 9, 9};
	CK_ULONG n = 1;

	(void)state;
	/* some clients never ask for the size first */
	assert_rv(f->C_GetSlotList(CK_FALSE, id, &n), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(n, 2);
	n = 4;
	assert_ok(f->C_GetSlotList(CK_TRUE, id, &n));
	assert_int_equal(n, 2);
	assert_int_equal(id[0], 0);
	assert_int_equal(id[1], 1);
	fake.present = false;
	assert_ok(f->C_GetSlotList(CK_TRUE, NULL, &n));
	assert_int_equal(n, 0);
	assert_ok(f->C_GetSlotList(CK_FALSE, NULL, &n));
	assert_int_equal(n, 2);
	assert_int_equal(fake_traffic(), 0);
}

static void ids_of_the_configuration(void **state)
{
	CK_SLOT_ID id[3];
	CK_ULONG n = 3;

	(void)state;
	assert_ok(f->C_Finalize(NULL));
	rig_configure("[slot a]\nuri = unix:/a\nid = 7\n[slot b]\nuri = unix:/b\n"
		      "[slot c]\nuri = unix:/c\nid = 0\n");
	assert_ok(f->C_Initialize(NULL));
	assert_ok(f->C_GetSlotList(CK_FALSE, id, &n));
	assert_int_equal(n, 3);
	assert_int_equal(id[0], 7);
	assert_int_equal(id[1], 1);
	assert_int_equal(id[2], 0);
}

/* What a client does when it looks again: *n ids into id. */
static void look_again(CK_SLOT_ID *id, CK_ULONG *n)
{
	assert_ok(f->C_GetSlotList(CK_FALSE, NULL, n));
	assert_true(*n <= 4);
	*n = 4;
	assert_ok(f->C_GetSlotList(CK_FALSE, id, n));
}

/* Readers are found in an order, which changes when one of them goes: the others stay who they
 * are. */
static void readers_come_and_go(void **state)
{
	static const char *const two[] = {"pcsc:?reader=A", "pcsc:?reader=B", NULL};
	static const char *const second[] = {"pcsc:?reader=B", NULL};
	static const char *const other[] = {"pcsc:?reader=C", "pcsc:?reader=B", NULL};
	CK_SESSION_INFO info;
	CK_SESSION_HANDLE s = 0;
	CK_SLOT_ID id[4] = {0};
	CK_ULONG n = 0;

	(void)state;
	fake.readers = two;
	look_again(id, &n);
	assert_int_equal(n, 2);
	const CK_SLOT_ID a = id[0], b = id[1];
	assert_ok(f->C_OpenSession(b, CKF_SERIAL_SESSION, NULL, NULL, &s));
	fake.readers = second;
	look_again(id, &n);
	assert_int_equal(n, 1);
	assert_int_equal(id[0], b);
	assert_ok(f->C_GetSessionInfo(s, &info));
	assert_int_equal(info.slotID, b);
	fake.readers = other;
	look_again(id, &n);
	assert_int_equal(n, 2);
	assert_true(id[0] == b || id[1] == b);
	assert_true(id[0] != a && id[1] != a); /* C is not A */
	fake.readers = two;
	look_again(id, &n);
	assert_int_equal(n, 2);
	assert_int_equal(id[0], a);
	assert_int_equal(id[1], b);
}

static void slot_info(void **state)
{
	CK_SLOT_INFO info;

	(void)state;
	assert_ok(f->C_GetSlotInfo(1, &info));
	assert_int_equal(info.flags, CKF_REMOVABLE_DEVICE | CKF_HW_SLOT | CKF_TOKEN_PRESENT);
	assert_memory_equal(info.slotDescription, "two       ", 10);
	assert_null(memchr(info.slotDescription, 0, sizeof(info.slotDescription)));
	fake.present = false;
	assert_ok(f->C_GetSlotInfo(1, &info));
	assert_int_equal(info.flags, CKF_REMOVABLE_DEVICE | CKF_HW_SLOT);
	assert_int_equal(fake_traffic(), 0);
}

static void token_info(void **state)
{
	CK_TOKEN_INFO info;

	(void)state;
	memset(&info, 0, sizeof(info));
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_memory_equal(info.serialNumber, "1234567890123456", 16);
	assert_memory_equal(info.label, "IoT SAFE 3456                   ", 32);
	assert_null(memchr(info.manufacturerID, 0, 32));
	assert_null(memchr(info.model, 0, 16));
	assert_memory_equal(info.utcTime, "                ", 16);
	assert_int_equal(info.flags & CKF_LOGIN_REQUIRED, 0);
	assert_int_equal(info.flags & CKF_USER_PIN_INITIALIZED, 0);
	assert_int_equal(info.flags & (CKF_RNG | CKF_TOKEN_INITIALIZED),
			 CKF_RNG | CKF_TOKEN_INITIALIZED);
	assert_int_equal(info.ulTotalPublicMemory, CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(info.ulMaxSessionCount, CK_EFFECTIVELY_INFINITE);
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_int_equal(fake.calls[FAKE_IDENTIFY], 1); /* one enumeration asks often */
	assert_ok(f->C_GetTokenInfo(1, &info));
	assert_memory_equal(info.label, "Second                          ", 32);
}

static void without_iccid(void **state)
{
	CK_TOKEN_INFO one, two;

	(void)state;
	fake.iccid = "";
	assert_ok(f->C_GetTokenInfo(0, &one));
	assert_ok(f->C_GetTokenInfo(1, &two));
	assert_memory_not_equal(one.serialNumber, two.serialNumber, 16);
	assert_int_not_equal(one.serialNumber[0], ' ');
}

/* Clients give up on every slot for an answer that they do not expect here. */
static void only_three_answers(void **state)
{
	CK_TOKEN_INFO info;

	(void)state;
	for (int st = ST_ARG; st < ST_COUNT; st++) {
		assert_ok(f->C_Finalize(NULL));
		assert_ok(f->C_Initialize(NULL));
		fake.answer[FAKE_IDENTIFY] = (status)st;
		CK_RV rv = f->C_GetTokenInfo(0, &info);
		if (st == ST_NO_APPLET)
			assert_rv(rv, CKR_TOKEN_NOT_RECOGNIZED);
		assert_true(rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_TOKEN_NOT_RECOGNIZED);
	}
	fake.present = false;
	assert_rv(f->C_GetTokenInfo(1, &info), CKR_TOKEN_NOT_PRESENT);
}

static void wedged_device_costs_one_timeout(void **state)
{
	CK_TOKEN_INFO info;
	CK_ULONG n = 0;

	(void)state;
	fake.answer[FAKE_IDENTIFY] = ST_TIMEOUT;
	for (int i = 0; i < 5; i++) {
		assert_rv(f->C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_PRESENT);
		assert_rv(f->C_GetMechanismList(0, NULL, &n), CKR_TOKEN_NOT_PRESENT);
	}
	assert_int_equal(fake.calls[FAKE_IDENTIFY], 1);
	assert_ok(f->C_GetSlotList(CK_TRUE, NULL, &n));
	assert_int_equal(n, 1);
	CK_SESSION_HANDLE s = rig_session(); /* opens all the same */
	assert_ok(f->C_CloseSession(s));
}

static void foreign_card(void **state)
{
	CK_TOKEN_INFO info;
	CK_ULONG n = 0;

	(void)state;
	fake.answer[FAKE_IDENTIFY] = ST_NO_APPLET;
	assert_rv(f->C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_RECOGNIZED);
	assert_ok(f->C_GetSlotList(CK_TRUE, NULL, &n));
	assert_int_equal(n, 1);
	fake.answer[FAKE_IDENTIFY] = ST_OK;
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_ok(f->C_GetSlotList(CK_TRUE, NULL, &n));
	assert_int_equal(n, 2);
}

static void mechanism_list(void **state)
{
	CK_MECHANISM_TYPE list[32];
	CK_MECHANISM_INFO info;
	CK_ULONG n = 0;
	const int ec_only[] = {FAKE_DEVICE_KEY, FAKE_DEVICE_PUB, -1};

	(void)state;
	assert_ok(f->C_GetMechanismList(0, NULL, &n));
	assert_int_equal(n, 15);
	n = 3;
	assert_rv(f->C_GetMechanismList(0, list, &n), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(n, 15);
	assert_ok(f->C_GetMechanismList(0, list, &n));
	for (CK_ULONG i = 0; i < n; i++) {
		assert_ok(f->C_GetMechanismInfo(0, list[i], &info));
		assert_true(info.ulMinKeySize >= 256 && info.ulMaxKeySize >= info.ulMinKeySize);
	}
	assert_rv(f->C_GetMechanismInfo(0, CKM_SHA256, &info), CKR_MECHANISM_INVALID);
	fake_keep(ec_only);
	fake.epoch++;
	assert_ok(f->C_GetMechanismList(0, NULL, &n));
	assert_int_equal(n, 7); /* ECDSA, and the device key agrees */
	assert_rv(f->C_GetMechanismInfo(0, CKM_RSA_PKCS, &info), CKR_MECHANISM_INVALID);
	/* an unreadable catalog is taken for the usual */
	fake.epoch++;
	fake.answer[FAKE_CATALOG] = ST_SW_OTHER;
	assert_ok(f->C_GetMechanismList(0, NULL, &n));
	assert_int_equal(n, 5);
}

static void padding(void **state)
{
	unsigned char b[8];

	(void)state;
	info_pad(b, 8, "abc");
	assert_memory_equal(b, "abc     ", 8);
	info_pad(b, 8, "abcdefghi");
	assert_memory_equal(b, "abcdefgh", 8);
	info_pad(b, 8, "abcdefg\xC3\xA9"); /* é does not fit */
	assert_memory_equal(b, "abcdefg ", 8);
	info_pad(b, 8, "abcdef\xC3\xA9!");
	assert_memory_equal(b, "abcdef\xC3\xA9", 8);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lists),
		TEST(ids_of_the_configuration),
		TEST(readers_come_and_go),
		TEST(slot_info),
		TEST(token_info),
		TEST(without_iccid),
		TEST(only_three_answers),
		TEST(wedged_device_costs_one_timeout),
		TEST(foreign_card),
		TEST(mechanism_list),
		TEST(padding),
	};

	return cmocka_run_group_tests_name("slot", tests, rig_group_setup, rig_group_teardown);
}
