/* SPDX-License-Identifier: Apache-2.0 */
/* C_Verify*: on the host, for every mechanism that signs. */
#include "rig.h"

#include <string.h>

#include "fake_keys2.h"

static const uint8_t message[] = "what was signed, long enough for every hash: 64 bytes and some";

struct sample {
	CK_MECHANISM m;
	CK_ULONG data_n;
	CK_ULONG sig_n;
	uint8_t sig[256];
};

static void sign(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, struct sample *sample)
{
	sample->sig_n = sizeof(sample->sig);
	assert_ok(f->C_SignInit(s, &sample->m, key));
	assert_ok(f->C_Sign(s, (CK_BYTE_PTR)(uintptr_t)message, sample->data_n, sample->sig,
			    &sample->sig_n));
}

static CK_RV verify(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, struct sample *sample,
		    CK_ULONG sig_n)
{
	assert_ok(f->C_VerifyInit(s, &sample->m, key));
	return f->C_Verify(s, (CK_BYTE_PTR)(uintptr_t)message, sample->data_n, sample->sig, sig_n);
}

/* The core keeps the catalog. */
static unsigned traffic(void)
{
	return fake_traffic() - fake.calls[FAKE_CATALOG];
}

static void judge(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE priv, CK_OBJECT_HANDLE pub,
		  struct sample *sample)
{
	CK_BYTE_PTR data = (CK_BYTE_PTR)(uintptr_t)message;

	sign(s, priv, sample);
	unsigned before = traffic();
	assert_ok(verify(s, pub, sample, sample->sig_n));
	assert_rv(verify(s, pub, sample, sample->sig_n - 1), CKR_SIGNATURE_LEN_RANGE);
	assert_rv(f->C_Verify(s, data, 1, sample->sig, 1), CKR_OPERATION_NOT_INITIALIZED);
	sample->sig[5] ^= 1;
	assert_rv(verify(s, pub, sample, sample->sig_n), CKR_SIGNATURE_INVALID);
	sample->sig[5] ^= 1;
	/* in parts it is the same */
	assert_ok(f->C_VerifyInit(s, &sample->m, pub));
	assert_ok(f->C_VerifyUpdate(s, data, 3));
	assert_rv(f->C_Verify(s, data, 1, sample->sig, sample->sig_n), CKR_OPERATION_ACTIVE);
	assert_ok(f->C_VerifyUpdate(s, data + 3, sample->data_n - 3));
	assert_ok(f->C_VerifyFinal(s, sample->sig, sample->sig_n));
	assert_rv(f->C_VerifyFinal(s, sample->sig, 1), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(traffic(), before);
}

static void elliptic(void **state)
{
	static const CK_MECHANISM_TYPE types[] = {CKM_ECDSA, CKM_ECDSA_SHA256, CKM_ECDSA_SHA384,
						  CKM_ECDSA_SHA512};
	CK_SESSION_HANDLE s = rig_session();
	static const char *const labels[] = {"device", "backup"};

	(void)state;
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < 4; i++) {
			struct sample sample = {.m = {types[i], NULL, 0}, .data_n = 32};
			judge(s, rig_by_label(s, CKO_PRIVATE_KEY, labels[k]),
			      rig_by_label(s, CKO_PUBLIC_KEY, labels[k]), &sample);
		}
}

static void rsa(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE priv = rig_by_label(s, CKO_PRIVATE_KEY, "private-key-21");
	CK_OBJECT_HANDLE pub = rig_by_label(s, CKO_PUBLIC_KEY, "private-key-21");
	CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
	struct sample samples[] = {
		{.m = {CKM_SHA256_RSA_PKCS, NULL, 0}, .data_n = 50},
		{.m = {CKM_SHA384_RSA_PKCS, NULL, 0}, .data_n = 50},
		{.m = {CKM_RSA_PKCS_PSS, &pss, sizeof(pss)}, .data_n = 32},
		{.m = {CKM_SHA256_RSA_PKCS_PSS, &pss, sizeof(pss)}, .data_n = 50},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		judge(s, priv, pub, &samples[i]);
}

static void refusals(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE priv = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	CK_OBJECT_HANDLE pub = rig_by_label(s, CKO_PUBLIC_KEY, "device");
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_BYTE b[64] = {0};

	(void)state;
	assert_rv(f->C_VerifyInit(s, &m, 0), CKR_KEY_HANDLE_INVALID);
	assert_rv(f->C_VerifyInit(s, &m, priv), CKR_KEY_TYPE_INCONSISTENT);
	assert_rv(f->C_VerifyInit(s, NULL, pub), CKR_ARGUMENTS_BAD);
	m.mechanism = CKM_RSA_PKCS;
	assert_rv(f->C_VerifyInit(s, &m, pub), CKR_KEY_TYPE_INCONSISTENT);
	m.mechanism = CKM_ECDSA;
	assert_ok(f->C_VerifyInit(s, &m, pub));
	assert_rv(f->C_VerifyInit(s, &m, pub), CKR_OPERATION_ACTIVE);
	assert_rv(f->C_Verify(s, b, 32, NULL, 64), CKR_ARGUMENTS_BAD);
	assert_ok(f->C_VerifyInit(s, &m, pub));
	assert_rv(f->C_Verify(s, b, 32, b, 64), CKR_SIGNATURE_INVALID);
	assert_ok(f->C_VerifyInit(s, &m, pub));
	assert_ok(f->C_VerifyInit(s, NULL, pub)); /* 3.0: NULL cancels */
	assert_rv(f->C_Verify(s, b, 32, b, 64), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(f->C_VerifyInit(s, &m, pub));
	assert_ok(f->C_VerifyUpdate(s, b, 32));
	assert_ok(f->C_VerifyInit(s, NULL, pub)); /* in the middle too */
	assert_rv(f->C_VerifyUpdate(s, b, 32), CKR_OPERATION_NOT_INITIALIZED);
}

/* A key that the caller brings. */
static void session_keys(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	const struct public_key *pub = fake_public(FAKE_DEVICE_KEY);
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_BBOOL no = CK_FALSE, yes = CK_TRUE;
	struct bytes oid = curve_oid_der(CURVE_P256);
	CK_BYTE point[2 + 65] = {0x04, 65};
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
			    {CKA_KEY_TYPE, &type, sizeof(type)},
			    {CKA_TOKEN, &no, sizeof(no)},
			    {CKA_EC_PARAMS, (void *)(uintptr_t)oid.p, oid.n},
			    {CKA_EC_POINT, point, sizeof(point)},
			    {CKA_VERIFY, &yes, sizeof(yes)}};
	struct sample sample = {.m = {CKM_ECDSA_SHA256, NULL, 0}, .data_n = 32};
	CK_MECHANISM_TYPE other = CKM_ECDSA;
	CK_OBJECT_HANDLE key = 0;

	(void)state;
	memcpy(point + 2, pub->point, 65);
	assert_ok(f->C_CreateObject(s, t, 6, &key));
	judge(s, rig_by_label(s, CKO_PRIVATE_KEY, "device"), key, &sample);
	t[5].pValue = &no;
	assert_ok(f->C_CreateObject(s, t, 6, &key));
	assert_rv(f->C_VerifyInit(s, &sample.m, key), CKR_KEY_FUNCTION_NOT_PERMITTED);
	/* one that is for another mechanism */
	t[5] = (CK_ATTRIBUTE){CKA_ALLOWED_MECHANISMS, &other, sizeof(other)};
	assert_ok(f->C_CreateObject(s, t, 6, &key));
	assert_rv(f->C_VerifyInit(s, &sample.m, key), CKR_KEY_FUNCTION_NOT_PERMITTED);
	sample.m.mechanism = other;
	assert_ok(f->C_VerifyInit(s, &sample.m, key));
}

static int with_card(void **state)
{
	(void)state;
	fake_reset();
	rig_configure("[module]\nverify = card\n[slot one]\nuri = unix:/nowhere/1\n");
	assert_ok(f->C_Initialize(NULL));
	return 0;
}

/* `verify = card`: what the card cannot tell the host does. */
static void on_the_card(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE priv = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	CK_OBJECT_HANDLE pub = rig_by_label(s, CKO_PUBLIC_KEY, "device");
	CK_OBJECT_HANDLE backup = rig_by_label(s, CKO_PUBLIC_KEY, "backup");
	struct sample sample = {.m = {CKM_ECDSA_SHA256, NULL, 0}, .data_n = 32};

	(void)state;
	sign(s, priv, &sample);
	assert_ok(verify(s, pub, &sample, sample.sig_n));
	assert_int_equal(fake2.calls[FAKE2_VERIFY], 1);
	assert_rv(verify(s, pub, &sample, sample.sig_n - 1), CKR_SIGNATURE_LEN_RANGE);
	assert_int_equal(fake2.calls[FAKE2_VERIFY], 1);
	sample.sig[5] ^= 1;
	assert_rv(verify(s, pub, &sample, sample.sig_n), CKR_SIGNATURE_INVALID);
	assert_int_equal(fake2.calls[FAKE2_VERIFY], 2);
	fake2.answer[FAKE2_VERIFY] = ST_KEY_UNUSABLE;
	assert_rv(verify(s, pub, &sample, sample.sig_n), CKR_SIGNATURE_INVALID);
	sample.sig[5] ^= 1;
	assert_ok(verify(s, pub, &sample, sample.sig_n));
	fake2.answer[FAKE2_VERIFY] = ST_CARD_GONE;
	assert_rv(verify(s, pub, &sample, sample.sig_n), CKR_DEVICE_REMOVED);
	/* known by a certificate only: nothing for the card */
	sample.sig_n = 0;
	sign(s, rig_by_label(s, CKO_PRIVATE_KEY, "backup"), &sample);
	assert_ok(verify(s, backup, &sample, sample.sig_n));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(elliptic), TEST(rsa), TEST(refusals), TEST(session_keys),
		cmocka_unit_test_setup_teardown(on_the_card, with_card, rig_teardown)};

	return cmocka_run_group_tests_name("verify", tests, rig_group_setup, rig_group_teardown);
}
