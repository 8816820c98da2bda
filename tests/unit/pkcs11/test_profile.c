/* SPDX-License-Identifier: Apache-2.0 */
/* Profile objects: each while it is true, and none longer. */
#include "rig.h"

#include "fake_keys2.h"

static CK_OBJECT_CLASS profile_class = CKO_PROFILE;
static CK_BBOOL yes = CK_TRUE;

/* Bit n: CKA_PROFILE_ID n is there. */
static unsigned profiles(CK_SESSION_HANDLE s)
{
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &profile_class, sizeof(profile_class)},
			    {CKA_TOKEN, &yes, sizeof(yes)}};
	CK_OBJECT_HANDLE h[8];
	CK_ULONG n = 0;
	unsigned set = 0;

	assert_ok(f->C_FindObjectsInit(s, t, 2));
	assert_ok(f->C_FindObjects(s, h, 8, &n));
	assert_ok(f->C_FindObjectsFinal(s));
	for (CK_ULONG i = 0; i < n; i++) {
		CK_ULONG id = 0;
		CK_ATTRIBUTE a = {CKA_PROFILE_ID, &id, sizeof(id)};
		assert_ok(f->C_GetAttributeValue(s, h[i], &a, 1));
		assert_true(id < 8 && (set >> id & 1) == 0);
		set |= 1U << id;
	}
	return set;
}

enum {
	BASE = 1 << CKP_BASELINE_PROVIDER | 1 << CKP_EXTENDED_PROVIDER,
	AUTH = 1 << CKP_AUTHENTICATION_TOKEN,
	CERT = 1 << CKP_PUBLIC_CERTIFICATES_TOKEN,
	HKDF = 1 << CKP_HKDF_TLS_TOKEN,
};

static void by_content(void **state)
{
	static const int no_certs[] = {FAKE_DEVICE_KEY, FAKE_DEVICE_PUB, -1};
	static const int no_keys[] = {FAKE_EMPTY_KEY, FAKE_DEVICE_CERT, -1};
	static const int nothing[] = {-1};
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	assert_int_equal(profiles(s), BASE | AUTH | CERT);
	fake2_add_secret("psk-tls", 0x71, 0x02);
	assert_int_equal(profiles(s), BASE | AUTH | CERT | HKDF);
	fake_keep(no_certs);
	fake.epoch++;
	assert_int_equal(profiles(s), BASE | AUTH);
	fake_keep(no_keys);
	fake.epoch++;
	assert_int_equal(profiles(s), BASE | CERT);
	fake_keep(nothing);
	fake.epoch++;
	assert_int_equal(profiles(s), BASE);
}

static void what_they_are(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_ULONG id = CKP_BASELINE_PROVIDER;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &profile_class, sizeof(profile_class)},
			    {CKA_PROFILE_ID, &id, sizeof(id)}};
	CK_BBOOL v[3] = {7, 7, 7};
	char unique[32];
	CK_ATTRIBUTE a[] = {{CKA_PRIVATE, &v[0], 1},
			    {CKA_MODIFIABLE, &v[1], 1},
			    {CKA_DESTROYABLE, &v[2], 1},
			    {CKA_UNIQUE_ID, unique, sizeof(unique)}};
	CK_ATTRIBUTE none = {CKA_VALUE, NULL, 0};

	(void)state;
	CK_OBJECT_HANDLE h = rig_find(s, t, 2);
	assert_ok(f->C_GetAttributeValue(s, h, a, 4));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(v[i], CK_FALSE);
	assert_rv(f->C_GetAttributeValue(s, h, &none, 1), CKR_ATTRIBUTE_TYPE_INVALID);
	assert_rv(f->C_DestroyObject(s, h), CKR_ACTION_PROHIBITED);
	assert_rv(f->C_CopyObject(s, h, NULL, 0, &h), CKR_ACTION_PROHIBITED);
	fake.epoch++; /* a new list, the same object */
	assert_int_equal(rig_find(s, t, 2), h);
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	assert_rv(f->C_SignInit(s, &m, h), CKR_KEY_HANDLE_INVALID);
}

static int setup(void **state)
{
	int r = rig_setup(state);

	fake2_reset();
	return r;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(by_content), TEST(what_they_are)};

	return cmocka_run_group_tests_name("profile", tests, rig_group_setup, rig_group_teardown);
}
