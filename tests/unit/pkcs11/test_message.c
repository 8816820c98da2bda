/* SPDX-License-Identifier: Apache-2.0 */
/* Message-based signing and verification, MACs, what C_SessionCancel ends, and C_GetOperationState.
 */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#include "ck32.h"
#include "fake_keys2.h"
#include "op.h"

static CK_BYTE text[1000];
static CK_BYTE sig[96];
static CK_ULONG sig_n;

static CK_OBJECT_HANDLE of_device(CK_SESSION_HANDLE s, CK_OBJECT_CLASS class)
{
	return rig_by_label(s, class, "device");
}

static CK_SESSION_HANDLE begun(CK_MECHANISM_TYPE type)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_MECHANISM m = {type, NULL, 0};

	assert_ok(f3->C_MessageSignInit(s, &m, of_device(s, CKO_PRIVATE_KEY)));
	return s;
}

static void check(CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, CK_ULONG n, CK_RV expected)
{
	CK_MECHANISM m = {type, NULL, 0};

	assert_ok(f->C_VerifyInit(s, &m, of_device(s, CKO_PUBLIC_KEY)));
	assert_rv(f->C_Verify(s, text, n, sig, sig_n), expected);
}

static CK_RV sign_message(CK_SESSION_HANDLE s, CK_ULONG n)
{
	sig_n = sizeof(sig);
	return f3->C_SignMessage(s, NULL, 0, text, n, sig, &sig_n);
}

static void many_messages(void **state)
{
	CK_SESSION_HANDLE s = begun(CKM_ECDSA_SHA256);

	(void)state;
	for (CK_ULONG n = 0; n < 5; n++) {
		text[0] = (CK_BYTE)n;
		assert_ok(sign_message(s, 100 * n));
		check(s, CKM_ECDSA_SHA256, 100 * n, CKR_OK);
	}
	/* sizes leave all as it is */
	sig_n = 0;
	assert_ok(f3->C_SignMessage(s, NULL, 0, text, 1, NULL, &sig_n));
	assert_int_equal(sig_n, 64);
	sig_n = 1;
	assert_rv(f3->C_SignMessage(s, NULL, 0, text, 1, sig, &sig_n), CKR_BUFFER_TOO_SMALL);
	/* an error ends the message, not the process */
	assert_rv(f3->C_SignMessage(s, NULL, 0, text, 1, sig, NULL), CKR_ARGUMENTS_BAD);
	assert_rv(f3->C_SignMessage(s, NULL, 0, NULL, 1, sig, &sig_n), CKR_ARGUMENTS_BAD);
	assert_rv(f3->C_SignMessage(s, text, 1, text, 1, sig, &sig_n), CKR_MECHANISM_PARAM_INVALID);
	fake.answer[FAKE_SIGN] = ST_TIMEOUT;
	assert_rv(sign_message(s, 7), CKR_DEVICE_ERROR);
	fake.answer[FAKE_SIGN] = ST_OK;
	assert_ok(sign_message(s, 8));
	check(s, CKM_ECDSA_SHA256, 8, CKR_OK);
	assert_ok(f3->C_MessageSignFinal(s));
	assert_rv(sign_message(s, 8), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(f3->C_MessageSignFinal(s), CKR_OPERATION_NOT_INITIALIZED);
}

static void in_parts(void **state)
{
	CK_SESSION_HANDLE s = begun(CKM_ECDSA_SHA256);

	(void)state;
	assert_rv(f3->C_SignMessageNext(s, NULL, 0, text, 1, NULL, NULL),
		  CKR_OPERATION_NOT_INITIALIZED);
	for (int round = 0; round < 2; round++) {
		assert_ok(f3->C_SignMessageBegin(s, NULL, 0));
		assert_rv(f3->C_SignMessageBegin(s, NULL, 0), CKR_OPERATION_ACTIVE);
		assert_rv(sign_message(s, 5), CKR_OPERATION_ACTIVE);
		assert_ok(f3->C_SignMessageNext(s, NULL, 0, text, 10, NULL, NULL));
		assert_ok(f3->C_SignMessageNext(s, NULL, 0, text + 10, 90, NULL, NULL));
		/* the question for the size takes nothing in */
		assert_ok(f3->C_SignMessageNext(s, NULL, 0, text + 100, 20, NULL, &sig_n));
		assert_int_equal(sig_n, 64);
		sig_n = 63;
		assert_rv(f3->C_SignMessageNext(s, NULL, 0, text + 100, 20, sig, &sig_n),
			  CKR_BUFFER_TOO_SMALL);
		assert_ok(f3->C_SignMessageNext(s, NULL, 0, text + 100, 20, sig, &sig_n));
		check(s, CKM_ECDSA_SHA256, 120, CKR_OK);
	}
	/* one that fails is over; the next one begins */
	assert_ok(f3->C_SignMessageBegin(s, NULL, 0));
	assert_rv(f3->C_SignMessageNext(s, NULL, 0, NULL, 9, NULL, NULL), CKR_ARGUMENTS_BAD);
	assert_rv(f3->C_SignMessageNext(s, NULL, 0, text, 9, NULL, NULL),
		  CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(f3->C_SignMessageBegin(s, NULL, 0));
	assert_rv(f3->C_SignMessageNext(s, text, 1, text, 9, NULL, NULL),
		  CKR_MECHANISM_PARAM_INVALID);
	assert_rv(f3->C_SignMessageNext(s, NULL, 0, text, 9, NULL, NULL),
		  CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(f3->C_SignMessageBegin(s, NULL, 0));
	/* and the process may end in the middle */
	assert_ok(f3->C_MessageSignFinal(s));
}

/* Signatures and messages are different things. */
static void not_mixed(void **state)
{
	CK_SESSION_HANDLE s = begun(CKM_ECDSA);
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_OBJECT_HANDLE key = of_device(s, CKO_PRIVATE_KEY);

	(void)state;
	sig_n = sizeof(sig);
	assert_rv(f->C_Sign(s, text, 32, sig, &sig_n), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(f->C_SignUpdate(s, text, 32), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(f->C_SignFinal(s, sig, &sig_n), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(f->C_SignInit(s, &m, key), CKR_OPERATION_ACTIVE);
	assert_rv(f3->C_MessageSignInit(s, &m, key), CKR_OPERATION_ACTIVE);
	assert_ok(sign_message(s, 32));
	assert_ok(f3->C_MessageSignFinal(s));
	assert_ok(f->C_SignInit(s, &m, key));
	assert_rv(sign_message(s, 32), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(f3->C_SignMessageBegin(s, NULL, 0), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(f3->C_MessageSignFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(f->C_Sign(s, text, 32, sig, &sig_n));
	assert_rv(f3->C_MessageSignInit(s, NULL, key), CKR_ARGUMENTS_BAD);
	m.mechanism = CKM_AES_CBC;
	assert_rv(f3->C_MessageSignInit(s, &m, key), CKR_MECHANISM_INVALID);
}

static void verifying(void **state)
{
	CK_SESSION_HANDLE s = begun(CKM_ECDSA_SHA256);
	CK_MECHANISM m = {CKM_ECDSA_SHA256, NULL, 0};

	(void)state;
	assert_ok(sign_message(s, 50));
	assert_ok(f3->C_MessageVerifyInit(s, &m, of_device(s, CKO_PUBLIC_KEY)));
	assert_ok(f3->C_VerifyMessage(s, NULL, 0, text, 50, sig, 64));
	assert_rv(f3->C_VerifyMessage(s, NULL, 0, text, 49, sig, 64), CKR_SIGNATURE_INVALID);
	assert_rv(f3->C_VerifyMessage(s, NULL, 0, text, 50, sig, 63), CKR_SIGNATURE_LEN_RANGE);
	assert_ok(f3->C_VerifyMessage(s, NULL, 0, text, 50, sig, 64));
	assert_rv(f3->C_VerifyMessageNext(s, NULL, 0, text, 50, sig, 64),
		  CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(f3->C_VerifyMessageBegin(s, NULL, 0));
	assert_rv(f3->C_VerifyMessage(s, NULL, 0, text, 50, sig, 64), CKR_OPERATION_ACTIVE);
	assert_ok(f3->C_VerifyMessageNext(s, NULL, 0, text, 49, NULL, 0));
	assert_ok(f3->C_VerifyMessageNext(s, NULL, 0, text + 49, 1, sig, 64));
	assert_rv(f->C_Verify(s, text, 50, sig, 64), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(f3->C_VerifyMessageBegin(s, NULL, 0));
	assert_rv(f3->C_VerifyMessageNext(s, NULL, 0, text, 9, NULL, 1), CKR_ARGUMENTS_BAD);
	assert_rv(f3->C_VerifyMessageNext(s, NULL, 0, text, 9, NULL, 0),
		  CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(f3->C_MessageVerifyFinal(s));
	assert_rv(f3->C_MessageVerifyFinal(s), CKR_OPERATION_NOT_INITIALIZED);
}

static void cancelling(void **state)
{
	CK_SESSION_HANDLE s = begun(CKM_ECDSA);
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};

	(void)state;
	assert_ok(f3->C_SessionCancel(s, CKF_SIGN | CKF_VERIFY | CKF_MESSAGE_VERIFY));
	assert_ok(sign_message(s, 32));
	assert_ok(f3->C_SignMessageBegin(s, NULL, 0));
	assert_ok(f3->C_SessionCancel(s, CKF_MESSAGE_SIGN));
	assert_rv(sign_message(s, 32), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(f->C_VerifyInit(s, &m, of_device(s, CKO_PUBLIC_KEY)));
	assert_ok(f3->C_SessionCancel(s, CKF_MESSAGE_VERIFY | CKF_ENCRYPT | 0x80000000UL));
	assert_rv(f->C_Verify(s, text, 32, sig, 63), CKR_SIGNATURE_LEN_RANGE);
	assert_ok(f3->C_MessageVerifyInit(s, &m, of_device(s, CKO_PUBLIC_KEY)));
	assert_ok(f3->C_SessionCancel(s, ~(CK_FLAGS)0));
	assert_rv(f3->C_MessageVerifyFinal(s), CKR_OPERATION_NOT_INITIALIZED);
}

static void operation_state(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_BYTE buf[8] = {0};
	CK_ULONG n = sizeof(buf);
	CK_OBJECT_HANDLE key = of_device(s, CKO_PRIVATE_KEY);

	(void)state;
	assert_rv(f->C_GetOperationState(s, NULL, &n), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(f->C_FindObjectsInit(s, NULL, 0));
	assert_rv(f->C_GetOperationState(s, buf, &n), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(f->C_SignInit(s, &m, key));
	assert_rv(f->C_GetOperationState(s, NULL, &n), CKR_STATE_UNSAVEABLE);
	assert_rv(f->C_GetOperationState(s, buf, NULL), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_SetOperationState(s, buf, n, 0, 0), CKR_SAVED_STATE_INVALID);
	assert_rv(f->C_SetOperationState(s, NULL, n, 0, 0), CKR_ARGUMENTS_BAD);
	/* the operation goes on */
	sig_n = sizeof(sig);
	assert_ok(f->C_Sign(s, text, 32, sig, &sig_n));
}

/* --- MACs of the card --- */

static CK_OBJECT_HANDLE mac_key(CK_SESSION_HANDLE s)
{
	struct container *c = fake2_add(CONTAINER_SECRET_KEY, KEY_AES_CMAC, "mac", 0x61);

	c->activated = true;
	c->functions = FUNCTION_SIGN;
	c->sig_algs = SIG_AES_CMAC;
	fake.epoch++;
	return rig_by_label(s, CKO_SECRET_KEY, "mac");
}

static void macs(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = mac_key(s);
	CK_MECHANISM m = {CKM_AES_CMAC, NULL, 0};
	CK_BYTE mac[16], again[16];
	CK_ULONG n = 0;

	(void)state;
	assert_ok(f->C_SignInit(s, &m, key));
	assert_ok(f->C_Sign(s, text, sizeof(text), NULL, &n));
	assert_int_equal(n, 16);
	assert_ok(f->C_Sign(s, text, sizeof(text), mac, &n));
	assert_int_equal(fake2.calls[FAKE2_CMAC], 1);
	assert_ok(f->C_SignInit(s, &m, key));
	for (size_t at = 0; at < sizeof(text); at += 100)
		assert_ok(f->C_SignUpdate(s, text + at, 100));
	assert_ok(f->C_SignFinal(s, again, &n));
	assert_memory_equal(mac, again, 16);
	/* of nothing */
	assert_ok(f->C_SignInit(s, &m, key));
	assert_ok(f->C_Sign(s, NULL, 0, again, &n));
	assert_memory_not_equal(mac, again, 16);

	assert_ok(f->C_VerifyInit(s, &m, key));
	assert_ok(f->C_Verify(s, text, sizeof(text), mac, 16));
	assert_ok(f->C_VerifyInit(s, &m, key));
	assert_rv(f->C_Verify(s, text, sizeof(text), mac, 15), CKR_SIGNATURE_LEN_RANGE);
	assert_ok(f->C_VerifyInit(s, &m, key));
	assert_rv(f->C_Verify(s, text, 999, mac, 16), CKR_SIGNATURE_INVALID);
	mac[15] ^= 1;
	assert_ok(f->C_VerifyInit(s, &m, key));
	assert_ok(f->C_VerifyUpdate(s, text, 1000));
	assert_rv(f->C_VerifyFinal(s, mac, 16), CKR_SIGNATURE_INVALID);
	fake2.answer[FAKE2_CMAC] = ST_TIMEOUT;
	assert_ok(f->C_VerifyInit(s, &m, key));
	assert_rv(f->C_Verify(s, text, 10, mac, 16), CKR_DEVICE_ERROR);
	assert_rv(f->C_Verify(s, text, 10, mac, 16), CKR_OPERATION_NOT_INITIALIZED);
}

static void mac_refusals(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_MECHANISM m = {CKM_AES_CMAC, NULL, 0}, ec = {CKM_ECDSA, NULL, 0};
	CK_BYTE *much = calloc(1, OP_TEXT_MAX + 1);
	CK_ULONG n = sizeof(sig);

	(void)state;
	assert_non_null(much);
	assert_rv(f->C_SignInit(s, &m, of_device(s, CKO_PRIVATE_KEY)), CKR_MECHANISM_INVALID);
	CK_OBJECT_HANDLE key = mac_key(s);
	assert_rv(f->C_SignInit(s, &m, of_device(s, CKO_PRIVATE_KEY)), CKR_KEY_TYPE_INCONSISTENT);
	assert_rv(f->C_SignInit(s, &ec, key), CKR_KEY_TYPE_INCONSISTENT);
	assert_rv(f->C_VerifyInit(s, &ec, key), CKR_KEY_TYPE_INCONSISTENT);
	assert_rv(f->C_VerifyInit(s, &m, of_device(s, CKO_PUBLIC_KEY)), CKR_KEY_TYPE_INCONSISTENT);
	assert_ok(f->C_SignInit(s, &m, key));
	assert_rv(f->C_Sign(s, much, OP_TEXT_MAX + 1, sig, &n), CKR_DATA_LEN_RANGE);
	assert_ok(f->C_SignInit(s, &m, key));
	assert_ok(f->C_SignUpdate(s, much, OP_TEXT_MAX));
	assert_rv(f->C_SignUpdate(s, much, 1), CKR_DATA_LEN_RANGE);
	assert_rv(f->C_SignFinal(s, sig, &n), CKR_OPERATION_NOT_INITIALIZED);
	free(much);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_messages), TEST(in_parts),	    TEST(not_mixed), TEST(verifying),
		TEST(cancelling),    TEST(operation_state), TEST(macs),	     TEST(mac_refusals),
	};

	return cmocka_run_group_tests_name("messages", tests, rig_group_setup, rig_group_teardown);
}
