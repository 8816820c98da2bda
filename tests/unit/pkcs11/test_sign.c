/* SPDX-License-Identifier: Apache-2.0 */
/* C_Sign*: every mechanism, the two-call convention, when an operation ends. */
#include "rig.h"

#include <string.h>

static uint8_t data[64];

static CK_OBJECT_HANDLE device_key(CK_SESSION_HANDLE s)
{
	return rig_by_label(s, CKO_PRIVATE_KEY, "device");
}

static CK_RV init(CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM m = {type, NULL, 0};

	return f->C_SignInit(s, &m, key);
}

/* The public key checks what CKM_ECDSA made of n bytes. */
static void one_length(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, const struct public_key *pub,
		       size_t n)
{
	uint8_t sig[96];
	CK_ULONG sig_n = sizeof(sig);

	assert_ok(init(s, CKM_ECDSA, key));
	assert_ok(f->C_Sign(s, data, n, sig, &sig_n));
	assert_int_equal(sig_n, 2 * curve_field_size(pub->curve));
	assert_int_equal(verify_ecdsa(pub, bytes_of(data, n), bytes_of(sig, sig_n)), ST_OK);
	assert_rv(f->C_Sign(s, data, n, sig, &sig_n), CKR_OPERATION_NOT_INITIALIZED);
}

static void ecdsa_of_any_hash(void **state)
{
	static const size_t lengths[] = {1, 20, 28, 32, 48, 64};
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE p256 = device_key(s);
	CK_OBJECT_HANDLE p384 = rig_by_label(s, CKO_PRIVATE_KEY, "backup");

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		one_length(s, p256, fake_public(FAKE_DEVICE_KEY), lengths[i]);
		one_length(s, p384, fake_public(FAKE_BACKUP_KEY), lengths[i]);
	}
	assert_true(fake.checked);
}

static void two_calls(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = device_key(s);
	uint8_t sig[64];
	CK_ULONG n = 0;

	(void)state;
	assert_ok(init(s, CKM_ECDSA, key));
	assert_rv(init(s, CKM_ECDSA, key), CKR_OPERATION_ACTIVE);
	unsigned before = fake_traffic();
	assert_ok(f->C_Sign(s, data, 32, NULL, &n));
	assert_int_equal(n, 64);
	n = 63;
	assert_rv(f->C_Sign(s, data, 32, sig, &n), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(n, 64);
	assert_int_equal(fake_traffic(), before); /* neither asked the card */
	assert_ok(f->C_Sign(s, data, 32, sig, &n));
	assert_int_equal(fake.calls[FAKE_SIGN], 1);
}

static void what_ends_an_operation(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = device_key(s);
	uint8_t sig[64];
	CK_ULONG n = sizeof(sig);

	(void)state;
	assert_ok(init(s, CKM_ECDSA, key));
	assert_rv(f->C_Sign(s, data, 32, sig, NULL), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_Sign(s, data, 32, sig, &n), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(init(s, CKM_ECDSA, key));
	assert_rv(f->C_Sign(s, NULL, 32, sig, &n), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_Sign(s, data, 32, sig, &n), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(init(s, CKM_ECDSA, key));
	assert_rv(f->C_Sign(s, data, 0, sig, &n), CKR_DATA_LEN_RANGE);
	assert_rv(f->C_Sign(s, data, 32, sig, &n), CKR_OPERATION_NOT_INITIALIZED);
	uint8_t much[200] = {0};
	assert_ok(init(s, CKM_ECDSA, key));
	assert_rv(f->C_Sign(s, much, 65, sig, &n), CKR_DATA_LEN_RANGE);
	assert_ok(init(s, CKM_ECDSA, key));
	assert_rv(f->C_Sign(s, much, 200, sig, &n), CKR_DATA_LEN_RANGE);
	assert_ok(init(s, CKM_ECDSA, key));
	assert_rv(f->C_SignUpdate(s, much, 200), CKR_DATA_LEN_RANGE);
	assert_rv(f->C_SignFinal(s, sig, &n), CKR_OPERATION_NOT_INITIALIZED);
	fake.answer[FAKE_SIGN] = ST_TIMEOUT;
	assert_ok(init(s, CKM_ECDSA, key));
	assert_rv(f->C_Sign(s, data, 32, sig, &n), CKR_DEVICE_ERROR);
	assert_rv(f->C_Sign(s, data, 32, sig, &n), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(fake.calls[FAKE_SIGN], 1);
}

static void in_parts(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = device_key(s);
	uint8_t message[1000], digest[HASH_MAX], sig[64];
	CK_ULONG n = 0;

	(void)state;
	memset(message, 7, sizeof(message));
	assert_ok(init(s, CKM_ECDSA_SHA256, key));
	assert_ok(f->C_SignUpdate(s, message, 1));
	assert_rv(f->C_Sign(s, data, 32, sig, &n), CKR_OPERATION_ACTIVE);
	assert_ok(f->C_SignUpdate(s, NULL, 0));
	assert_ok(f->C_SignUpdate(s, message + 1, 999));
	assert_ok(f->C_SignFinal(s, NULL, &n));
	assert_int_equal(n, 64);
	assert_ok(f->C_SignFinal(s, sig, &n));
	assert_int_equal(hash_once(HASH_SHA256, BYTES_OF(message), digest), ST_OK);
	assert_int_equal(
		verify_ecdsa(fake_public(FAKE_DEVICE_KEY), bytes_of(digest, 32), BYTES_OF(sig)),
		ST_OK);
	assert_rv(f->C_SignUpdate(s, message, 1), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(init(s, CKM_ECDSA_SHA1, key));
	assert_ok(f->C_Sign(s, message, sizeof(message), sig, &n));
	assert_int_equal(hash_once(HASH_SHA1, BYTES_OF(message), digest), ST_OK);
	assert_int_equal(
		verify_ecdsa(fake_public(FAKE_DEVICE_KEY), bytes_of(digest, 20), BYTES_OF(sig)),
		ST_OK);
	/* nothing at all is a message too */
	assert_ok(init(s, CKM_ECDSA_SHA512, key));
	assert_ok(f->C_SignFinal(s, sig, &n));
	assert_int_equal(hash_once(HASH_SHA512, bytes_of(NULL, 0), digest), ST_OK);
	assert_int_equal(
		verify_ecdsa(fake_public(FAKE_DEVICE_KEY), bytes_of(digest, 64), BYTES_OF(sig)),
		ST_OK);
}

static void wrong_keys(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = device_key(s);
	CK_OBJECT_HANDLE pub = rig_by_label(s, CKO_PUBLIC_KEY, "device");
	CK_OBJECT_HANDLE cert = rig_by_label(s, CKO_CERTIFICATE, "device");
	CK_OBJECT_HANDLE empty = rig_by_label(s, CKO_PRIVATE_KEY, "ephemeral");

	(void)state;
	assert_rv(init(s, CKM_ECDSA, 0), CKR_KEY_HANDLE_INVALID);
	assert_rv(init(s, CKM_ECDSA, 9999), CKR_KEY_HANDLE_INVALID);
	assert_rv(init(s, CKM_ECDSA, cert), CKR_KEY_HANDLE_INVALID);
	assert_rv(init(s, CKM_ECDSA, pub), CKR_KEY_TYPE_INCONSISTENT);
	assert_rv(init(s, CKM_RSA_PKCS, key), CKR_KEY_TYPE_INCONSISTENT);
	assert_rv(init(s, CKM_ECDSA, empty), CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_rv(init(s, CKM_ECDSA_SHA224, key), CKR_MECHANISM_INVALID);
	assert_rv(init(s, CKM_AES_CBC, key), CKR_MECHANISM_INVALID);
	assert_int_equal(fake.calls[FAKE_SIGN], 0);
}

/* A card that errs, or another card's answer: the caller gets an error, never the signature. */
static void false_signature(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = device_key(s);
	uint8_t sig[64] = {0}, none[64] = {0};
	CK_ULONG n = sizeof(sig);

	(void)state;
	fake.bad_signature = true;
	assert_ok(init(s, CKM_ECDSA, key));
	assert_rv(f->C_Sign(s, data, 32, sig, &n), CKR_DEVICE_ERROR);
	assert_memory_equal(sig, none, sizeof(sig));
}

/* Remote administration holds the public key for a while: no signature goes out unchecked, and the
 * key is not taken for one without public half for ever. */
static void locked_public_key(void **state)
{
	static const int pair_only[] = {FAKE_DEVICE_KEY, FAKE_DEVICE_PUB, -1};
	CK_BYTE id[20];
	CK_ATTRIBUTE a = {CKA_ID, id, sizeof(id)};

	(void)state;
	fake_keep(pair_only);
	fake.answer[FAKE_READ_PUBLIC] = ST_SW_LOCKED;
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = device_key(s);
	assert_rv(init(s, CKM_ECDSA, key), CKR_DEVICE_ERROR);
	assert_rv(init(s, CKM_ECDSA, key), CKR_DEVICE_ERROR);
	assert_int_equal(fake.calls[FAKE_READ_PUBLIC], 1); /* and it is left in peace */
	fake.answer[FAKE_READ_PUBLIC] = ST_OK;
	deadline_sleep(DEADLINE_NEVER, 1100);
	one_length(s, key, fake_public(FAKE_DEVICE_KEY), 32);
	assert_true(fake.checked);
	assert_ok(f->C_GetAttributeValue(s, key, &a, 1));
	assert_int_equal(a.ulValueLen, 20);
}

static void check_can_be_turned_off(void **state)
{
	(void)state;
	assert_ok(f->C_Finalize(NULL));
	rig_configure("[module]\ncheck-signatures = no\n[slot one]\nuri = unix:/nowhere/1\n");
	assert_ok(f->C_Initialize(NULL));
	CK_SESSION_HANDLE s = rig_session();
	one_length(s, device_key(s), fake_public(FAKE_DEVICE_KEY), 32);
	assert_false(fake.checked);
	assert_int_equal(fake.calls[FAKE_READ_PUBLIC], 0);
}

/* 18 bytes of RFC 8017 §9.2 note 1 and the digest's length */
static const uint8_t sha256_prefix[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
					0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

/* A parameter may lie anywhere. */
static void odd_place(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
	CK_BYTE at[sizeof(pss) + 1];
	CK_MECHANISM m = {CKM_RSA_PKCS_PSS, at + 1, sizeof(pss)};

	(void)state;
	memcpy(at + 1, &pss, sizeof(pss));
	assert_ok(f->C_SignInit(s, &m, rig_by_label(s, CKO_PRIVATE_KEY, "private-key-21")));
}

static void rsa(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = rig_by_label(s, CKO_PRIVATE_KEY, "private-key-21");
	const struct public_key *pub = fake_public(FAKE_RSA_KEY);
	CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA384, CKG_MGF1_SHA384, 48};
	CK_MECHANISM m = {CKM_RSA_PKCS_PSS, &pss, sizeof(pss)};
	uint8_t info[19 + 32] = {0}, sig[256], digest[HASH_MAX];
	CK_ULONG n = sizeof(sig);

	(void)state;
	memcpy(info, sha256_prefix, sizeof(sha256_prefix));
	assert_ok(init(s, CKM_RSA_PKCS, key));
	assert_ok(f->C_Sign(s, info, sizeof(info), sig, &n));
	assert_int_equal(n, 256);
	assert_int_equal(
		verify_rsa(pub, RSA_PAD_PKCS1, HASH_SHA256, 0, bytes_of(data, 32), BYTES_OF(sig)),
		ST_OK);
	assert_ok(init(s, CKM_RSA_PKCS, key));
	assert_rv(f->C_Sign(s, data, 32, sig, &n), CKR_DATA_LEN_RANGE); /* no DigestInfo */
	assert_ok(init(s, CKM_SHA384_RSA_PKCS, key));
	assert_ok(f->C_Sign(s, data, 5, sig, &n));
	assert_int_equal(hash_once(HASH_SHA384, bytes_of(data, 5), digest), ST_OK);
	assert_int_equal(
		verify_rsa(pub, RSA_PAD_PKCS1, HASH_SHA384, 0, bytes_of(digest, 48), BYTES_OF(sig)),
		ST_OK);
	/* this container does no SHA-512 */
	assert_rv(init(s, CKM_SHA512_RSA_PKCS, key), CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_ok(f->C_SignInit(s, &m, key));
	assert_ok(f->C_Sign(s, data, 48, sig, &n));
	assert_int_equal(
		verify_rsa(pub, RSA_PAD_PSS, HASH_SHA384, 48, bytes_of(data, 48), BYTES_OF(sig)),
		ST_OK);
	assert_ok(f->C_SignInit(s, &m, key));
	assert_rv(f->C_Sign(s, data, 32, sig, &n), CKR_DATA_LEN_RANGE);
	pss.sLen = 20;
	assert_rv(f->C_SignInit(s, &m, key), CKR_MECHANISM_PARAM_INVALID);
}

/* A P-384 key whose container knows SHA-256 only: what cannot be signed is refused when it is asked
 * for, and data of another length as data of another length. */
static void small_hashes_only(void **state)
{
	uint8_t sig[96];
	CK_ULONG n = sizeof(sig);

	(void)state;
	fake.cat.item[FAKE_BACKUP_KEY].hash_algs = CARD_SHA256;
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = rig_by_label(s, CKO_PRIVATE_KEY, "backup");
	assert_rv(init(s, CKM_ECDSA_SHA384, key), CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_ok(init(s, CKM_ECDSA, key));
	assert_rv(f->C_Sign(s, data, 48, sig, &n), CKR_DATA_LEN_RANGE);
	assert_ok(init(s, CKM_ECDSA_SHA256, key));
	assert_ok(f->C_Sign(s, data, 48, sig, &n));
}

/* A card that tells no hashes, or is served from the configuration, forbids none. */
static void rsa_without_hash_list(void **state)
{
	CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA512, CKG_MGF1_SHA512, 64};
	CK_MECHANISM m = {CKM_RSA_PKCS_PSS, &pss, sizeof(pss)};
	uint8_t sig[256];
	CK_ULONG n = sizeof(sig);

	(void)state;
	fake.cat.item[FAKE_RSA_KEY].hash_algs = 0;
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = rig_by_label(s, CKO_PRIVATE_KEY, "private-key-21");
	assert_ok(f->C_SignInit(s, &m, key));
	assert_ok(f->C_Sign(s, data, 64, sig, &n));
	assert_ok(init(s, CKM_SHA256_RSA_PKCS, key));
	assert_ok(f->C_Sign(s, data, 10, sig, &n));
}

/* PKCS#11 3.0: no mechanism cancels, in whatever state the operation is. */
static void no_mechanism_cancels(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE key = device_key(s);

	(void)state;
	assert_rv(f->C_SignInit(s, NULL, key), CKR_ARGUMENTS_BAD);
	assert_ok(init(s, CKM_ECDSA_SHA256, key));
	assert_ok(f->C_SignInit(s, NULL, key));
	assert_ok(init(s, CKM_ECDSA_SHA256, key));
	assert_ok(f->C_SignUpdate(s, data, 10));
	assert_ok(f->C_SignInit(s, NULL, key));
	assert_rv(f->C_SignUpdate(s, data, 10), CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(init(s, CKM_ECDSA, key));
}

static void random_bytes(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	uint8_t b[1000] = {0};

	(void)state;
	assert_ok(f->C_GenerateRandom(s, b, sizeof(b)));
	assert_int_equal(b[999], 0x5A);
	assert_ok(f->C_GenerateRandom(s, b, 0));
	assert_ok(f->C_GenerateRandom(s, NULL, 0));
	assert_int_equal(fake.calls[FAKE_RANDOM], 1);
	assert_rv(f->C_SeedRandom(s, b, 8), CKR_RANDOM_SEED_NOT_SUPPORTED);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ecdsa_of_any_hash),
		TEST(two_calls),
		TEST(what_ends_an_operation),
		TEST(in_parts),
		TEST(wrong_keys),
		TEST(false_signature),
		TEST(locked_public_key),
		TEST(check_can_be_turned_off),
		TEST(rsa),
		TEST(odd_place),
		TEST(small_hashes_only),
		TEST(rsa_without_hash_list),
		TEST(no_mechanism_cancels),
		TEST(random_bytes),
	};

	return cmocka_run_group_tests_name("sign", tests, rig_group_setup, rig_group_teardown);
}
