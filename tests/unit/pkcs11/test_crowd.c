/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads on one slot with everything that a session can hold; made to be run under the thread
 * sanitizer. */
#include <pthread.h>
#include <string.h>

#include "derive_rig.h"
#include "fake_pin.h"
#include "mech.h"

enum { THREADS = 8, ROUNDS = 30 };

static atomic_uint failures;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY, private_class = CKO_PRIVATE_KEY;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;

static void count(bool ok, int line)
{
	if (ok)
		return;
	failures++;
	print_error("line %d\n", line);
}
#define must(ok) count((ok), __LINE__)

static CK_RV make(CK_SESSION_HANDLE s, CK_BBOOL *private, const char *label, CK_OBJECT_HANDLE *h)
{
	CK_BYTE value[32] = {1};
	CK_ATTRIBUTE t[] = {
		{CKA_CLASS, &secret_class, sizeof(secret_class)},
		{CKA_KEY_TYPE, &generic, sizeof(generic)},
		{CKA_VALUE, value, sizeof(value)},
		{CKA_DERIVE, &yes, 1},
		{CKA_PRIVATE, private, 1},
		{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
	};

	return f->C_CreateObject(s, t, 6, h);
}

static CK_ULONG look(CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *ret_h)
{
	CK_OBJECT_HANDLE found[64];
	CK_ULONG hits = 0;

	must(f->C_FindObjectsInit(s, t, n) == CKR_OK);
	must(f->C_FindObjects(s, found, 64, &hits) == CKR_OK);
	must(f->C_FindObjectsFinal(s) == CKR_OK);
	if (hits != 0)
		*ret_h = found[0];
	return hits;
}

static CK_RV derive(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE base, CK_OBJECT_HANDLE *h)
{
	CK_HKDF_PARAMS p = {.bExtract = CK_TRUE,
			    .prfHashMechanism = CKM_SHA256,
			    .ulSaltType = CKF_HKDF_SALT_NULL};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};
	CK_ATTRIBUTE t[] = {{CKA_SENSITIVE, &no, 1}, {CKA_LABEL, (void *)"derived", 7}};

	return f->C_DeriveKey(s, &m, base, t, 2, h);
}

static CK_RV sign(CK_SESSION_HANDLE s)
{
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &private_class, sizeof(private_class)},
			    {CKA_LABEL, (void *)"device", 6}};
	CK_MECHANISM m = {CKM_ECDSA_SHA256, NULL, 0};
	CK_BYTE data[100] = {1}, sig[64];
	CK_ULONG n = sizeof(sig);
	CK_OBJECT_HANDLE key = 0;
	CK_RV rv = CKR_OK;

	must(look(s, t, 2, &key) == 1);
	rv = f->C_SignInit(s, &m, key);
	return rv == CKR_OK ? f->C_Sign(s, data, sizeof(data), sig, &n) : rv;
}

static void everything(void)
{
	CK_ATTRIBUTE label = {CKA_LABEL, (void *)"renamed", 7};
	CK_SESSION_HANDLE s = 0;
	CK_OBJECT_HANDLE h = 0, copy = 0, key = 0;
	CK_BYTE value[32];
	CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof(value)};

	must(f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) == CKR_OK);
	must(make(s, &no, "mine", &h) == CKR_OK);
	must(f->C_CopyObject(s, h, NULL, 0, &copy) == CKR_OK);
	must(f->C_SetAttributeValue(s, copy, &label, 1) == CKR_OK);
	must(derive(s, h, &key) == CKR_OK);
	must(f->C_GetAttributeValue(s, key, &a, 1) == CKR_OK && a.ulValueLen == 32);
	must(look(s, &label, 1, &h) >= 1);
	must(f->C_DestroyObject(s, copy) == CKR_OK);
	must(sign(s) == CKR_OK);
	must(f->C_CloseSession(s) == CKR_OK);
}

static void *worker(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++)
		everything();
	return NULL;
}

/* The card's list moves under them. */
static void *mover(void *arg)
{
	CK_TOKEN_INFO info;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		fake.epoch++;
		must(f->C_GetTokenInfo(0, &info) == CKR_OK);
	}
	return NULL;
}

static void run(void *(*fn)(void *), void *(*last)(void *))
{
	pthread_t t[THREADS + 1];

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, fn, NULL), 0);
	assert_int_equal(pthread_create(&t[THREADS], NULL, last, NULL), 0);
	for (size_t i = 0; i <= THREADS; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_int_equal(failures, 0);
}

static void on_one_slot(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_ATTRIBUTE t = {CKA_TOKEN, &no, 1};

	(void)state;
	run(worker, mover);
	assert_int_equal(rig_count(s, &t, 1), 0); /* all died with their sessions */
}

/* --- logins --- */

static int with_pin(void **state)
{
	(void)state;
	fake_reset();
	rig_configure("[slot one]\nuri = unix:/nowhere/1\npin = application\n");
	assert_ok(f->C_Initialize(NULL));
	fake2_add_secret("psk-tls", 0x61, DERIVATION_HKDF);
	return 0;
}

static CK_SESSION_HANDLE shared;

static void *private_maker(void *arg)
{
	CK_SESSION_HANDLE s = 0;
	CK_OBJECT_HANDLE h = 0;

	(void)arg;
	must(f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) == CKR_OK);
	for (int i = 0; i < ROUNDS; i++) {
		CK_RV rv = make(s, &yes, "private", &h);
		must(rv == CKR_OK || rv == CKR_USER_NOT_LOGGED_IN);
	}
	return NULL;
}

static void *come_and_go(void *arg)
{
	CK_UTF8CHAR pin[] = "1234";
	CK_SESSION_INFO info;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		must(f->C_Login(shared, CKU_USER, pin, 4) == CKR_OK);
		must(f->C_GetSessionInfo(shared, &info) == CKR_OK);
		must(f->C_Logout(shared) == CKR_OK);
	}
	return NULL;
}

/* No private object outlives the login that it was made in. */
static void logins(void **state)
{
	CK_ATTRIBUTE t = {CKA_TOKEN, &no, 1};
	CK_UTF8CHAR pin[] = "1234";

	(void)state;
	shared = rig_session();
	run(private_maker, come_and_go);
	assert_ok(f->C_Login(shared, CKU_USER, pin, 4));
	assert_int_equal(rig_count(shared, &t, 1), 0);
}

static void *unsure(void *arg)
{
	CK_SESSION_HANDLE s = 0;
	CK_SESSION_INFO info;
	CK_OBJECT_HANDLE h = 0;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		must(f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) == CKR_OK);
		CK_RV rv = make(s, &no, "mine", &h);
		must(rv == CKR_OK || rv == CKR_SESSION_HANDLE_INVALID);
		rv = f->C_GetSessionInfo(s, &info);
		must(rv == CKR_OK || rv == CKR_SESSION_HANDLE_INVALID);
		rv = f->C_CloseSession(s);
		must(rv == CKR_OK || rv == CKR_SESSION_HANDLE_INVALID);
	}
	return NULL;
}

/* Another SIM each time that somebody asks. */
static void *swapper(void *arg)
{
	CK_BYTE byte;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		CK_SESSION_HANDLE s = 0;
		must(f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) == CKR_OK);
		fake.answer[FAKE_RANDOM] = ST_CARD_CHANGED;
		must(f->C_GenerateRandom(s, &byte, 1) != CKR_OK);
	}
	return NULL;
}

static void swaps(void **state)
{
	CK_ATTRIBUTE t = {CKA_TOKEN, &no, 1};

	(void)state;
	run(unsure, swapper);
	assert_int_equal(rig_count(rig_session(), &t, 1), 0); /* none came over to another SIM */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(on_one_slot, derive_rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(logins, with_pin, rig_teardown),
		cmocka_unit_test_setup_teardown(swaps, with_pin, rig_teardown),
	};

	return cmocka_run_group_tests_name("crowd", tests, rig_group_setup, rig_group_teardown);
}
