/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of slots: who is in use, what moves to the next member and what does not. */
#include "rig.h"

#include <string.h>
#include <time.h>

#include "fake_pin.h"
#include "mem.h"

#define A fake.device[0]
#define B fake.device[1]
#define C fake.device[2]

static uint8_t digest[32];
static struct catalog first, other;

static const char conf[] = "[module]\ntimeout = 1\n"
			   "[slot a]\nuri = unix:/a\n[slot b]\nuri = unix:/b\nlabel = spare\n"
			   "[slot c]\nuri = unix:/c\n[slot alone]\nuri = unix:/alone\n"
			   "[group meter]\nmembers = a, b, c\nlabel = meter\nretry = 1\n";

static void configure(const char *text)
{
	(void)f->C_Finalize(NULL);
	rig_configure(text);
	assert_ok(f->C_Initialize(NULL));
}

/* The third is not there unless a test wants it. */
static int setup(void **state)
{
	assert_int_equal(rig_setup(state), 0);
	configure(conf);
	A.uri = "unix:/a";
	A.iccid = "89000000000000000001";
	B.uri = "unix:/b";
	B.iccid = "89000000000000000002";
	C.uri = "unix:/c";
	C.gone = true;
	first = fake.cat;
	first.count = FAKE_DEVICE_CERT + 1;
	A.cat = &first;
	other = fake.cat;
	other.count = 2;
	other.item[0] = fake.cat.item[FAKE_BACKUP_KEY];
	other.item[1] = fake.cat.item[FAKE_BACKUP_CERT];
	return 0;
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, (ms % 1000) * 1000000}, NULL);
}

static CK_SLOT_ID group_slot(void)
{
	CK_SLOT_ID id[4] = {0};
	CK_ULONG n = 4;

	assert_ok(f->C_GetSlotList(CK_FALSE, id, &n));
	assert_int_equal(n, 2);
	return id[1];
}

static CK_SESSION_HANDLE open_session(void)
{
	CK_SESSION_HANDLE s = 0;

	assert_ok(f->C_OpenSession(group_slot(), CKF_SERIAL_SESSION, NULL, NULL, &s));
	return s;
}

static void expect_serial(const char *end)
{
	CK_TOKEN_INFO info;

	assert_ok(f->C_GetTokenInfo(group_slot(), &info));
	assert_memory_equal(info.serialNumber + 16 - strlen(end), end, strlen(end));
	assert_memory_equal(info.label, "meter ", 6);
}

static CK_RV begin(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};

	return f->C_SignInit(s, &m, key);
}

static CK_RV finish(CK_SESSION_HANDLE s)
{
	uint8_t sig[64];
	CK_ULONG n = sizeof(sig);

	return f->C_Sign(s, digest, sizeof(digest), sig, &n);
}

static CK_RV sign(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_RV rv = begin(s, key);

	return rv == CKR_OK ? finish(s) : rv;
}

static CK_OBJECT_HANDLE device_key(CK_SESSION_HANDLE s)
{
	return rig_by_label(s, CKO_PRIVATE_KEY, "device");
}

/* --- */

static void one_slot(void **state)
{
	CK_SLOT_INFO info;
	CK_SLOT_ID id[4];
	CK_ULONG n = 4;

	(void)state;
	assert_ok(f->C_GetSlotList(CK_TRUE, id, &n));
	assert_int_equal(n, 2);
	assert_ok(f->C_GetSlotInfo(id[1], &info));
	assert_memory_equal(info.slotDescription, "meter ", 6);
	assert_int_equal(fake_traffic(), 0);
	A.gone = true;
	n = 4;
	assert_ok(f->C_GetSlotList(CK_TRUE, id, &n));
	assert_int_equal(n, 2);
	B.gone = true;
	n = 4;
	assert_ok(f->C_GetSlotList(CK_TRUE, id, &n));
	assert_int_equal(n, 1);
	assert_int_equal(fake_traffic(), 0);
}

static void first_that_is_there(void **state)
{
	(void)state;
	expect_serial("0001");
	assert_int_equal(B.calls, 0);
	assert_ok(f->C_Finalize(NULL));
	assert_ok(f->C_Initialize(NULL));
	A.gone = true;
	expect_serial("0002");
	assert_ok(sign(open_session(), device_key(open_session())));
}

/* Every way to fail, in the middle of a signature: nobody notices. */
static void same_key(void **state)
{
	static const status faults[] = {
		ST_NO_DEVICE,  ST_CARD_GONE,	ST_TIMEOUT,	  ST_IO,
		ST_NO_CARD,    ST_BUSY_DEVICE,	ST_DENIED_DEVICE, ST_NO_SERVICE,
		ST_NO_CHANNEL, ST_CHANNEL_LOST, ST_NO_APPLET,	  ST_DESYNC};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		configure(conf);
		A.answer = ST_OK;
		CK_SESSION_HANDLE s = open_session();
		CK_OBJECT_HANDLE key = device_key(s);
		assert_ok(sign(s, key));
		assert_ok(begin(s, key));
		A.answer = faults[i];
		unsigned before = B.calls;
		assert_ok(finish(s));
		assert_true(B.calls > before);
		assert_ok(sign(s, key));
		assert_int_equal(device_key(s), key);
		expect_serial("0002");
	}
}

static void other_calls(void **state)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE tmpl = {CKA_CLASS, &class, sizeof(class)};
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	uint8_t random[8], value[2048];
	CK_ATTRIBUTE get = {CKA_VALUE, value, sizeof(value)};
	CK_SESSION_HANDLE s = open_session();
	CK_OBJECT_HANDLE cert = rig_by_label(s, CKO_CERTIFICATE, "device");
	CK_OBJECT_HANDLE pub = rig_by_label(s, CKO_PUBLIC_KEY, "device");

	(void)state;
	A.answer = ST_IO;
	assert_ok(f->C_GenerateRandom(s, random, sizeof(random)));
	assert_ok(f->C_GetAttributeValue(s, cert, &get, 1));
	assert_int_equal(get.ulValueLen, fake_cert(FAKE_DEVICE_CERT).n);
	assert_ok(f->C_VerifyInit(s, &m, pub));
	A.answer = ST_OK;
	B.answer = ST_IO; /* and back, as the one is ill and the other fails */
	assert_ok(f->C_GenerateRandom(s, random, sizeof(random)));
	assert_int_equal(rig_count(s, &tmpl, 1), 1);
	assert_int_equal(rig_by_label(s, CKO_CERTIFICATE, "device"), cert);
	expect_serial("0001");
}

/* The second of two attributes has to be read from the SIM that fails then. */
static void attributes(void **state)
{
	uint8_t label[16], value[16];
	CK_ATTRIBUTE get[] = {{CKA_LABEL, label, sizeof(label)}, {CKA_VALUE, value, sizeof(value)}};

	(void)state;
	A.cat = &fake.cat;
	CK_SESSION_HANDLE s = open_session();
	CK_OBJECT_HANDLE notes = rig_by_label(s, CKO_DATA, "notes");
	A.answer = ST_CARD_GONE;
	assert_ok(f->C_GetAttributeValue(s, notes, get, 2));
	assert_int_equal(get[0].ulValueLen, 5);
	assert_int_equal(get[1].ulValueLen, 5);
	assert_memory_equal(value, "hello", 5);
	expect_serial("0002");
}

/* What the card refuses, the next one is not asked. */
static void refusals(void **state)
{
	CK_SESSION_HANDLE s = open_session();
	CK_OBJECT_HANDLE key = device_key(s);

	(void)state;
	fake.answer[FAKE_SIGN] = ST_SW_CONDITIONS;
	assert_rv(sign(s, key), CKR_DEVICE_ERROR);
	fake.answer[FAKE_SIGN] = ST_OK;
	fake.bad_signature = true;
	assert_rv(sign(s, key), CKR_DEVICE_ERROR);
	fake.bad_signature = false;
	assert_rv(sign(s, 9999), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(B.calls, 0);
	assert_ok(sign(s, key));
}

static void other_identity(void **state)
{
	CK_SESSION_HANDLE s = open_session();
	CK_OBJECT_HANDLE key = device_key(s);
	CK_SLOT_ID of = 99;

	(void)state;
	B.cat = &other;
	while (f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &of, NULL) == CKR_OK)
		;
	assert_ok(begin(s, key));
	A.answer = ST_IO;
	assert_rv(finish(s), CKR_DEVICE_REMOVED);
	assert_rv(sign(s, key), CKR_SESSION_HANDLE_INVALID);
	assert_ok(f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &of, NULL));
	assert_int_equal(of, group_slot());
	s = open_session();
	expect_serial("0002");
	assert_rv(sign(s, key), CKR_KEY_HANDLE_INVALID);
	CK_OBJECT_HANDLE backup = rig_by_label(s, CKO_PRIVATE_KEY, "backup");
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	uint8_t sig[96];
	CK_ULONG n = sizeof(sig);
	assert_ok(f->C_SignInit(s, &m, backup));
	assert_ok(f->C_Sign(s, digest, sizeof(digest), sig, &n));
	/* not back to the first, well again, while a session is open; then it is */
	A.answer = ST_OK;
	pause_ms(1100);
	assert_int_equal(rig_by_label(s, CKO_PRIVATE_KEY, "backup"), backup);
	expect_serial("0002");
	assert_ok(f->C_CloseSession(s));
	pause_ms(2100);
	expect_serial("0001");
	s = open_session();
	assert_ok(sign(s, device_key(s)));
}

static void back_to_the_first(void **state)
{
	CK_SESSION_HANDLE s = open_session(), t = open_session();
	CK_OBJECT_HANDLE key = device_key(s);

	(void)state;
	A.answer = ST_IO;
	assert_ok(sign(s, key));
	A.answer = ST_OK;
	assert_ok(sign(s, key));
	expect_serial("0002"); /* not at once */
	assert_ok(begin(t, key));
	pause_ms(1100);
	assert_ok(sign(s, key));
	expect_serial("0002"); /* nor while something is going on */
	assert_ok(finish(t));
	unsigned before = B.calls;
	assert_ok(sign(s, key));
	assert_int_equal(B.calls, before);
	expect_serial("0001");
	assert_ok(begin(t, key)); /* found again there, and gone back again meanwhile */
	A.answer = ST_NO_DEVICE;
	assert_ok(sign(s, key));
	assert_ok(finish(t));
}

/* The next one has another key of the first, but not the one that is at work. */
static void another_key(void **state)
{
	CK_SESSION_HANDLE s = open_session();

	(void)state;
	A.cat = &fake.cat;
	B.cat = &other;
	CK_OBJECT_HANDLE device = device_key(s);
	CK_OBJECT_HANDLE backup = rig_by_label(s, CKO_PRIVATE_KEY, "backup");
	assert_ok(begin(s, device));
	A.answer = ST_IO;
	assert_rv(finish(s), CKR_DEVICE_REMOVED);
	assert_rv(begin(s, device), CKR_KEY_HANDLE_INVALID);
	assert_ok(begin(s, backup));
	expect_serial("0002");
}

static void none_is_left(void **state)
{
	CK_SESSION_HANDLE s = open_session();
	CK_OBJECT_HANDLE key = device_key(s);

	(void)state;
	A.answer = ST_CARD_GONE;
	B.answer = ST_IO;
	assert_rv(sign(s, key), CKR_DEVICE_REMOVED);
	B.answer = ST_OK; /* ill, and the last resort */
	assert_ok(sign(s, key));
	B.answer = ST_IO;
	C.gone = false;
	assert_ok(sign(s, key));
	A.answer = ST_OK;
	C.gone = true;
	assert_ok(sign(s, key));
}

/* timeout = 1: an answer comes within two of them, however many are silent. */
static void silent(void **state)
{
	CK_SESSION_HANDLE s = open_session();
	CK_OBJECT_HANDLE key = device_key(s);

	(void)state;
	C.gone = false;
	A.slow_ms = B.slow_ms = C.slow_ms = 60000;
	A.answer = ST_TIMEOUT;
	assert_ok(begin(s, key));
	double start = seconds();
	assert_ok(finish(s));
	assert_true(seconds() - start < 1.9);
	B.answer = C.answer = ST_TIMEOUT;
	start = seconds();
	assert_rv(sign(s, key), CKR_DEVICE_ERROR);
	assert_true(seconds() - start < 2.9);
}

/* A login is for one SIM. */
static void logins(void **state)
{
	static const char with_pin[] = "[slot a]\nuri = unix:/a\npin = application\n"
				       "[slot b]\nuri = unix:/b\npin = application\n"
				       "[slot alone]\nuri = unix:/alone\n"
				       "[group meter]\nmembers = a, b\nlabel = meter\n";
	CK_UTF8CHAR pin[] = "1234";

	(void)state;
	configure(with_pin);
	CK_SESSION_HANDLE s = open_session();
	assert_ok(f->C_Login(s, CKU_USER, pin, 4));
	CK_OBJECT_HANDLE key = device_key(s);
	assert_ok(sign(s, key));
	assert_ok(begin(s, key));
	A.answer = ST_IO;
	assert_rv(finish(s), CKR_USER_NOT_LOGGED_IN);
	assert_ok(f->C_Login(s, CKU_USER, pin, 4));
	assert_int_equal(fake_pin.verifies, 2);
	assert_ok(sign(s, device_key(s)));
	expect_serial("0002");
	/* nor is a PIN sent to a SIM that does not answer, to another than it was for, or twice */
	assert_ok(f->C_Logout(s));
	A.answer = ST_OK;
	B.answer = ST_IO;
	assert_rv(f->C_Login(s, CKU_USER, pin, 4), CKR_DEVICE_REMOVED);
	assert_int_equal(fake_pin.verifies, 2);
	assert_ok(f->C_Login(s, CKU_USER, pin, 4));
	assert_int_equal(fake_pin.verifies, 3);
	expect_serial("0001");
	assert_ok(f->C_Logout(s));
	B.answer = ST_OK;
	fake_pin.lost = true;
	assert_rv(f->C_Login(s, CKU_USER, pin, 4), CKR_DEVICE_ERROR);
	assert_int_equal(fake_pin.verifies, 4);
	expect_serial("0001");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_slot, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(first_that_is_there, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(same_key, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(other_calls, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(attributes, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(other_identity, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(back_to_the_first, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(another_key, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(none_is_left, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(silent, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(logins, setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("group", tests, rig_group_setup, rig_group_teardown);
}
