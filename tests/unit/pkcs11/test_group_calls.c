/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the middle when the member of a group changes: signatures in parts, lists of objects,
 * keys that only one SIM has; and what must not be done twice. */
#include "group_rig.h"

#include <string.h>

#include "fake_keys.h"
#include "fake_keys2.h"
#include "mech.h"
#include "mem.h"

static CK_BBOOL yes = CK_TRUE;
static struct catalog both;

static void start(void)
{
	const uint8_t all = FUNCTION_SIGN | FUNCTION_KEYGEN;

	fake2_add_pair(KEY_P256, "waiting", 0x71, false, all);
	fake2_add_secret("tls", 0x61, DERIVATION_HKDF);
	both = fake.cat;
	group_rig_start("timeout = 1", "[slot a]\nuri = unix:/a\n[slot b]\nuri = unix:/b\n",
			"a, b");
}

static void first_fails(void)
{
	A.answer = ST_IO;
}

/* Hashed on the host, signed by whoever is there at the end. */
static void in_parts(void **state)
{
	CK_MECHANISM m = {CKM_ECDSA_SHA256, NULL, 0};
	CK_BYTE text[100] = {7}, sig[64];
	CK_ULONG n = sizeof(sig);
	uint8_t digest[HASH_MAX];

	(void)state;
	start();
	CK_SESSION_HANDLE s = group_rig_session(), other = group_rig_session();
	CK_OBJECT_HANDLE key = group_rig_key(s);
	assert_ok(f->C_SignInit(s, &m, key));
	assert_ok(f->C_SignUpdate(s, text, 40));
	first_fails();
	assert_ok(group_rig_sign(other, key)); /* moves on */
	assert_ok(f->C_SignUpdate(s, text + 40, 60));
	assert_ok(f->C_SignFinal(s, sig, &n));
	assert_ok(hash_once(HASH_SHA256, BYTES_OF(text), digest));
	assert_int_equal(
		verify_ecdsa(fake_public(FAKE_DEVICE_KEY), bytes_of(digest, 32), BYTES_OF(sig)),
		ST_OK);
	/* each message of one operation by whoever is there */
	A.answer = ST_OK;
	CK_MECHANISM raw = {CKM_ECDSA, NULL, 0};
	assert_ok(f3->C_MessageSignInit(s, &raw, key));
	assert_ok(f3->C_SignMessage(s, NULL, 0, digest, 32, sig, &n));
	B.answer = ST_IO;
	assert_ok(f3->C_SignMessage(s, NULL, 0, digest, 32, sig, &n));
	assert_int_equal(
		verify_ecdsa(fake_public(FAKE_DEVICE_KEY), bytes_of(digest, 32), BYTES_OF(sig)),
		ST_OK);
	group_rig_expect("0001");
}

/* A list begun with one SIM goes on; what the other SIM has too can be used, and nothing else. */
static void lists(void **state)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE t = {CKA_CLASS, &class, sizeof(class)};
	CK_OBJECT_HANDLE found[8];
	CK_ULONG n = 0;

	(void)state;
	start();
	both.count = FAKE_DEVICE_CERT + 1; /* of the second SIM */
	B.cat = &both;
	CK_SESSION_HANDLE s = group_rig_session(), other = group_rig_session();
	CK_OBJECT_HANDLE device = group_rig_key(other);
	CK_OBJECT_HANDLE backup = rig_by_label(other, CKO_PRIVATE_KEY, "backup");
	assert_ok(f->C_FindObjectsInit(s, &t, 1));
	first_fails();
	assert_ok(group_rig_sign(other, device));
	assert_ok(f->C_FindObjects(s, found, 8, &n));
	assert_ok(f->C_FindObjectsFinal(s));
	assert_true(n >= 3);
	for (CK_ULONG i = 0; i < n; i++)
		assert_rv(group_rig_sign(s, found[i]),
			  found[i] == device ? CKR_OK : CKR_KEY_HANDLE_INVALID);
	assert_rv(group_rig_sign(s, backup), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(rig_count(s, &t, 1), 1);
	/* and the handles of before are those of before when the first one is back */
	A.answer = ST_OK;
	B.answer = ST_IO;
	assert_ok(group_rig_sign(s, device));
	group_rig_expect("0001");
	assert_int_equal(rig_by_label(s, CKO_PRIVATE_KEY, "backup"), backup);
}

/* Two SIMs with the same layout hold other secrets in the same container. */
static void secret_keys(void **state)
{
	CK_HKDF_PARAMS p = {.bExtract = CK_TRUE,
			    .prfHashMechanism = CKM_SHA256,
			    .ulSaltType = CKF_HKDF_SALT_NULL};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};
	CK_OBJECT_HANDLE h = 0;

	(void)state;
	start();
	CK_SESSION_HANDLE s = group_rig_session();
	CK_OBJECT_HANDLE device = group_rig_key(s);
	CK_OBJECT_HANDLE psk = rig_by_label(s, CKO_SECRET_KEY, "tls");
	assert_ok(f->C_DeriveKey(s, &m, psk, NULL, 0, &h));
	first_fails();
	assert_ok(group_rig_sign(s, device));
	unsigned before = fake2.calls[FAKE2_HKDF];
	assert_rv(f->C_DeriveKey(s, &m, psk, NULL, 0, &h), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(fake2.calls[FAKE2_HKDF], before);
	assert_int_not_equal(rig_by_label(s, CKO_SECRET_KEY, "tls"), psk);
}

static CK_RV generate(CK_SESSION_HANDLE s)
{
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	struct bytes oid = curve_oid_der(CURVE_P256);
	CK_ATTRIBUTE pub[] = {{CKA_EC_PARAMS, (void *)(uintptr_t)oid.p, oid.n},
			      {CKA_TOKEN, &yes, 1}};
	CK_ATTRIBUTE priv[] = {{CKA_TOKEN, &yes, 1}};
	CK_OBJECT_HANDLE a = 0, b = 0;

	return f->C_GenerateKeyPair(s, &m, pub, 2, priv, 1, &a, &b);
}

static CK_RV put_public(CK_SESSION_HANDLE s)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC;
	const struct public_key *k = fake_public(FAKE_DEVICE_KEY);
	struct bytes oid = curve_oid_der(CURVE_P256);
	CK_BYTE point[2 + 65] = {0x04, 65};
	CK_ATTRIBUTE t[] = {
		{CKA_CLASS, &class, sizeof(class)},
		{CKA_KEY_TYPE, &type, sizeof(type)},
		{CKA_TOKEN, &yes, 1},
		{CKA_EC_PARAMS, (void *)(uintptr_t)oid.p, oid.n},
		{CKA_EC_POINT, point, sizeof(point)},
	};
	CK_OBJECT_HANDLE h = 0;

	memcpy(point + 2, k->point, 65);
	return f->C_CreateObject(s, t, 5, &h);
}

/* The card may have done it before its answer was lost. */
static void never_twice(void **state)
{
	static const status lost[] = {ST_IO, ST_TIMEOUT, ST_CARD_GONE, ST_DESYNC};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lost); i++) {
		(void)f->C_Finalize(NULL);
		fake_reset();
		start();
		for (size_t k = 0; k < fake.cat.count; k++)
			if (fake.cat.item[k].kind == CONTAINER_PUBLIC_KEY)
				fake.cat.item[k].access |= ACCESS_UPDATE;
		CK_SESSION_HANDLE s = group_rig_session();
		(void)group_rig_key(s);
		fake2.answer[FAKE2_GENERATE] = fake2.answer[FAKE2_PUT_PUBLIC] = lost[i];
		assert_int_not_equal(generate(s), CKR_OK);
		assert_int_equal(fake2.calls[FAKE2_GENERATE], 1);
		assert_int_not_equal(put_public(s), CKR_OK);
		assert_int_equal(fake2.calls[FAKE2_PUT_PUBLIC], 1);
		assert_int_equal(B.calls, 0);
		/* but where nothing was begun, the next one may */
		first_fails();
		fake2.answer[FAKE2_GENERATE] = ST_OK;
		assert_ok(generate(s));
		assert_int_equal(fake2.calls[FAKE2_GENERATE], 2);
		group_rig_expect("0002");
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_parts),
		TEST(lists),
		TEST(secret_keys),
		TEST(never_twice),
	};

	return cmocka_run_group_tests_name("group-calls", tests, rig_group_setup,
					   rig_group_teardown);
}
