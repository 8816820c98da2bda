/* SPDX-License-Identifier: Apache-2.0 */
/* What is private or secret stays so: objects before a login, and what is derived with secrets that
 * come beside the base key. */
#include <string.h>

#include "derive_rig.h"
#include "fake_pin.h"
#include "mech.h"

static CK_UTF8CHAR right[] = "1234";
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY, cert_class = CKO_CERTIFICATE,
		       public_class = CKO_PUBLIC_KEY;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET, ec = CKK_EC;
static uint8_t value[32] = {7};

/* The certificate, and the public half, want the PIN. */
static const char conf[] = "[slot one]\n"
			   "uri = unix:/nowhere/1\n"
			   "pin = application\n"
			   "[container client]\n"
			   "slot = one\n"
			   "kind = certificate\n"
			   "id = 03\n"
			   "pin = login\n"
			   "[container device]\n"
			   "slot = one\n"
			   "kind = public-key\n"
			   "id = 02\n"
			   "key-type = p256\n"
			   "pin = login\n"
			   "[container peer]\n"
			   "slot = one\n"
			   "kind = public-key\n"
			   "id = 72\n"
			   "key-type = p256\n"
			   "pin = login\n";

static int with_pin(void **state)
{
	(void)state;
	fake_reset();
	rig_configure(conf);
	assert_ok(f->C_Initialize(NULL));
	return 0;
}

static CK_RV log_in(CK_SESSION_HANDLE s)
{
	return f->C_Login(s, CKU_USER, right, 4);
}

static CK_RV make_secret(CK_SESSION_HANDLE s, CK_BBOOL *sensitive, CK_OBJECT_HANDLE *ret_h)
{
	CK_ATTRIBUTE t[] = {
		{CKA_CLASS, &secret_class, sizeof(secret_class)},
		{CKA_KEY_TYPE, &generic, sizeof(generic)},
		{CKA_VALUE, value, sizeof(value)},
		{CKA_DERIVE, &yes, 1},
		{CKA_SENSITIVE, sensitive, 1},
	};

	return f->C_CreateObject(s, t, 5, ret_h);
}

static CK_OBJECT_HANDLE secret(CK_SESSION_HANDLE s, CK_BBOOL *sensitive)
{
	CK_OBJECT_HANDLE h = 0;

	assert_ok(make_secret(s, sensitive, &h));
	return h;
}

static CK_HKDF_PARAMS hkdf_params(CK_OBJECT_HANDLE salt)
{
	return (CK_HKDF_PARAMS){.bExtract = CK_TRUE,
				.prfHashMechanism = CKM_SHA256,
				.ulSaltType = salt != 0 ? CKF_HKDF_SALT_KEY : CKF_HKDF_SALT_NULL,
				.hSaltKey = salt};
}

static CK_RV derive(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE base, CK_ATTRIBUTE *t,
		    CK_ULONG n, CK_OBJECT_HANDLE *ret_h)
{
	return f->C_DeriveKey(s, m, base, t, n, ret_h);
}

static void private_needs_login(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_HKDF_PARAMS p = hkdf_params(0);
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};
	CK_ATTRIBUTE t[] = {{CKA_PRIVATE, &yes, 1}};
	CK_OBJECT_HANDLE h = 0, base = secret(s, &no);

	(void)state;
	fake2_add_secret("psk-tls", 0x61, DERIVATION_HKDF | DERIVATION_PRF);
	fake.epoch++;
	assert_rv(derive(s, &m, base, t, 1, &h), CKR_USER_NOT_LOGGED_IN);
	m.mechanism = CKM_HKDF_DATA;
	assert_rv(derive(s, &m, base, t, 1, &h), CKR_USER_NOT_LOGGED_IN);
	assert_ok(log_in(s));
	assert_ok(derive(s, &m, base, t, 1, &h));
	assert_ok(f->C_Logout(s));
	assert_rv(f->C_DestroyObject(s, h), CKR_OBJECT_HANDLE_INVALID);
	m.mechanism = CKM_HKDF_DERIVE;
	assert_rv(derive(s, &m, h, t, 0, &h), CKR_KEY_HANDLE_INVALID);
}

/* A sensitive salt is as secret as a sensitive key. */
static void salt_counts(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_HKDF_PARAMS p = hkdf_params(secret(s, &yes));
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};
	CK_ATTRIBUTE open[] = {{CKA_SENSITIVE, &no, 1}};
	CK_OBJECT_HANDLE h = 0, base = secret(s, &no);

	(void)state;
	assert_rv(derive(s, &m, base, open, 1, &h), CKR_TEMPLATE_INCONSISTENT);
	assert_ok(derive(s, &m, base, NULL, 0, &h));
	assert_true(derive_rig_flag(s, h, CKA_SENSITIVE));
	m.mechanism = CKM_HKDF_DATA;
	assert_rv(derive(s, &m, base, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	p.hSaltKey = secret(s, &no);
	assert_ok(derive(s, &m, base, NULL, 0, &h));
	m.mechanism = CKM_HKDF_DERIVE;
	assert_ok(derive(s, &m, base, open, 1, &h));
	/* nor does a card's key as base make it less so */
	p.hSaltKey = secret(s, &yes);
	base = rig_by_label(s, CKO_SECRET_KEY, "psk-tls");
	assert_rv(derive(s, &m, base, open, 1, &h), CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(fake2.calls[FAKE2_HKDF], 0);
}

static void other_secret_counts(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	uint8_t random[32] = {1};
	struct {
		CK_TLS12_MASTER_KEY_DERIVE_PARAMS p;
		CK_OBJECT_HANDLE z;
	} p = {{{random, 32, random, 32}, NULL, CKM_SHA256}, secret(s, &yes)};
	CK_MECHANISM m = {CKM_TLS12_MASTER_KEY_DERIVE_DH, &p, sizeof(p)};
	CK_ATTRIBUTE open[] = {{CKA_SENSITIVE, &no, 1}};
	CK_OBJECT_HANDLE h = 0, psk = rig_by_label(s, CKO_SECRET_KEY, "psk-tls");

	(void)state;
	assert_rv(derive(s, &m, psk, open, 1, &h), CKR_TEMPLATE_INCONSISTENT);
	assert_ok(derive(s, &m, psk, NULL, 0, &h));
	assert_true(derive_rig_flag(s, h, CKA_SENSITIVE));
}

static CK_ULONG subject_size(CK_SESSION_HANDLE s)
{
	CK_ATTRIBUTE t = {CKA_CLASS, &cert_class, sizeof(cert_class)};
	CK_ATTRIBUTE a = {CKA_SUBJECT, NULL, 0};
	CK_OBJECT_HANDLE found[4] = {0};
	CK_ULONG n = 0, most = 0;

	assert_ok(f->C_FindObjectsInit(s, &t, 1));
	assert_ok(f->C_FindObjects(s, found, 4, &n));
	assert_ok(f->C_FindObjectsFinal(s));
	for (CK_ULONG i = 0; i < n; i++) {
		assert_ok(f->C_GetAttributeValue(s, found[i], &a, 1));
		most += a.ulValueLen != 0;
	}
	return most;
}

/* What the card kept back before the login is read after it. */
static void certificate_after_login(void **state)
{
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	fake_pin.key = 0x03;
	assert_int_equal(subject_size(s), 1); /* the other one */
	assert_ok(log_in(s));
	assert_int_equal(subject_size(s), 2);
	assert_ok(f->C_Logout(s));
	assert_int_equal(subject_size(s), 1);
}

static void public_key_after_login(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &public_class, sizeof(public_class)},
			    {CKA_KEY_TYPE, &ec, sizeof(ec)}};
	CK_ATTRIBUTE id = {CKA_ID, NULL, 0};

	(void)state;
	fake_pin.key = 0x02;
	assert_int_equal(rig_count(s, t, 2), 1);
	assert_ok(f->C_GetAttributeValue(s, rig_by_label(s, CKO_PRIVATE_KEY, "device"), &id, 1));
	assert_ok(log_in(s));
	assert_int_equal(rig_count(s, t, 2), 2);
}

/* A place for a peer's key that asks for the PIN is not written to by whom has not logged in,
 * though the card may still know the PIN. */
static void written_after_login(void **state)
{
	static CK_BYTE oid[] = {6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7};
	const struct public_key *k = fake_public(FAKE_DEVICE_KEY);
	CK_SESSION_HANDLE s = 0;
	CK_BYTE point[67] = {4, 65};
	CK_ATTRIBUTE t[] = {
		{CKA_CLASS, &public_class, sizeof(public_class)},
		{CKA_KEY_TYPE, &ec, sizeof(ec)},
		{CKA_TOKEN, &yes, 1},
		{CKA_EC_PARAMS, oid, sizeof(oid)},
		{CKA_EC_POINT, point, sizeof(point)},
	};
	CK_OBJECT_HANDLE h = 0;
	struct container *peer = fake2_add(CONTAINER_PUBLIC_KEY, KEY_P256, "peer", 0x72);

	(void)state;
	memcpy(point + 2, k->point, 65);
	peer->activated = false;
	peer->access = ACCESS_UPDATE;
	fake_pin.key = 0x72;
	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s));
	assert_ok(log_in(s));
	assert_ok(f->C_Logout(s));
	assert_true(fake_pin.verified);
	assert_rv(f->C_CreateObject(s, t, 5, &h), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake2.calls[FAKE2_PUT_PUBLIC], 0);
	assert_ok(log_in(s));
	assert_ok(f->C_CreateObject(s, t, 5, &h));
}

#define TEST(fn, setup) cmocka_unit_test_setup_teardown(fn, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(private_needs_login, with_pin),
		TEST(salt_counts, derive_rig_setup),
		TEST(other_secret_counts, derive_rig_setup),
		TEST(certificate_after_login, with_pin),
		TEST(public_key_after_login, with_pin),
		TEST(written_after_login, with_pin),
	};

	return cmocka_run_group_tests_name("privacy", tests, rig_group_setup, rig_group_teardown);
}
