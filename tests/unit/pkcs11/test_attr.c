/* SPDX-License-Identifier: Apache-2.0 */
/* C_GetAttributeValue: its five rules, and what the objects say. */
#include "rig.h"

#include <string.h>

static CK_BBOOL flag(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL v = 7;
	CK_ATTRIBUTE a = {type, &v, sizeof(v)};

	assert_ok(f->C_GetAttributeValue(s, o, &a, 1));
	assert_int_equal(a.ulValueLen, 1);
	return v;
}

static CK_ULONG number(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	CK_ULONG v = 7777;
	CK_ATTRIBUTE a = {type, &v, sizeof(v)};

	assert_ok(f->C_GetAttributeValue(s, o, &a, 1));
	assert_int_equal(a.ulValueLen, sizeof(v));
	return v;
}

static struct bytes value(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type,
			  uint8_t *buf, size_t cap)
{
	CK_ATTRIBUTE a = {type, NULL, 0};

	assert_ok(f->C_GetAttributeValue(s, o, &a, 1));
	CK_ULONG n = a.ulValueLen;
	assert_true(n <= cap);
	a.pValue = buf;
	assert_ok(f->C_GetAttributeValue(s, o, &a, 1));
	assert_int_equal(a.ulValueLen, n);
	return bytes_of(buf, n);
}

static CK_RV outcome(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	CK_ATTRIBUTE a = {type, NULL, 0};

	return f->C_GetAttributeValue(s, o, &a, 1);
}

static void five_rules(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE o = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	CK_ULONG class = 99;
	char label[3] = "xyz";
	uint8_t secret[64];
	CK_ATTRIBUTE t[] = {
		{CKA_VALUE, secret, sizeof(secret)}, /* sensitive */
		{CKA_MODULUS, NULL, 0},		     /* an EC key has none */
		{CKA_LABEL, label, sizeof(label)},   /* too small */
		{CKA_SUBJECT, NULL, 5},		     /* there, empty */
		{CKA_CLASS, &class, sizeof(class)},
	};

	(void)state;
	assert_rv(f->C_GetAttributeValue(s, o, t, 5), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(t[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(t[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(t[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	assert_memory_equal(label, "xyz", 3);
	assert_int_equal(t[3].ulValueLen, 0);
	assert_int_equal(t[4].ulValueLen, sizeof(class));
	assert_int_equal(class, CKO_PRIVATE_KEY);
	t[2].ulValueLen = 3;
	assert_rv(f->C_GetAttributeValue(s, o, t + 1, 1), CKR_ATTRIBUTE_TYPE_INVALID);
	assert_rv(f->C_GetAttributeValue(s, o, t + 2, 1), CKR_BUFFER_TOO_SMALL);
	assert_rv(f->C_GetAttributeValue(s, o, NULL, 1), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_GetAttributeValue(s, o, t, (CK_ULONG)-1), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_GetAttributeValue(s, 4711, t, 1), CKR_OBJECT_HANDLE_INVALID);
}

static void private_key(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE o = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	uint8_t b[512];
	const struct public_key *k = fake_public(FAKE_DEVICE_KEY);

	(void)state;
	assert_int_equal(fake.calls[FAKE_READ_PUBLIC], 0);
	assert_int_equal(number(s, o, CKA_KEY_TYPE), CKK_EC);
	assert_true(flag(s, o, CKA_TOKEN));
	assert_true(flag(s, o, CKA_SENSITIVE));
	assert_true(flag(s, o, CKA_ALWAYS_SENSITIVE));
	assert_true(flag(s, o, CKA_NEVER_EXTRACTABLE));
	assert_true(flag(s, o, CKA_SIGN));
	assert_true(flag(s, o, CKA_DERIVE));
	static const CK_ATTRIBUTE_TYPE no[] = {CKA_PRIVATE,	 CKA_MODIFIABLE,
					       CKA_COPYABLE,	 CKA_DESTROYABLE,
					       CKA_EXTRACTABLE,	 CKA_DECRYPT,
					       CKA_SIGN_RECOVER, CKA_UNWRAP,
					       CKA_LOCAL,	 CKA_ALWAYS_AUTHENTICATE};
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(flag(s, o, no[i]));
	struct bytes v = value(s, o, CKA_EC_PARAMS, b, sizeof(b));
	assert_true(bytes_equal(v, curve_oid_der(CURVE_P256)));
	assert_int_equal(fake.calls[FAKE_READ_PUBLIC], 0); /* nothing so far needed it */
	v = value(s, o, CKA_EC_POINT, b, sizeof(b));
	assert_int_equal(v.n, 67);
	assert_int_equal(v.p[0], 0x04);
	assert_int_equal(v.p[1], 65);
	assert_memory_equal(v.p + 2, k->point, 65);
	v = value(s, o, CKA_ID, b, sizeof(b));
	uint8_t id[20];
	assert_int_equal(public_key_id(k, id), ST_OK);
	assert_true(bytes_equal(v, BYTES_OF(id)));
	v = value(s, o, CKA_UNIQUE_ID, b, sizeof(b));
	assert_true(bytes_equal(v, BYTES_LIT("private-key:01")));
	v = value(s, o, CKA_PUBLIC_KEY_INFO, b, sizeof(b));
	assert_int_equal(v.n, 91);
	v = value(s, o, CKA_ALLOWED_MECHANISMS, b, sizeof(b));
	assert_int_equal(v.n, 7 * sizeof(CK_MECHANISM_TYPE)); /* 5 ECDSA, 2 ECDH */
	assert_int_equal(fake.calls[FAKE_READ_PUBLIC], 1);
	assert_int_equal(fake.calls[FAKE_READ_FILE], 0);
}

static void one_identity(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE priv = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	CK_OBJECT_HANDLE pub = rig_by_label(s, CKO_PUBLIC_KEY, "device");
	CK_OBJECT_HANDLE cert = rig_by_label(s, CKO_CERTIFICATE, "device");
	uint8_t a[64], b[64], c[64];

	(void)state;
	struct bytes id = value(s, priv, CKA_ID, a, sizeof(a));
	assert_true(bytes_equal(id, value(s, pub, CKA_ID, b, sizeof(b))));
	assert_true(bytes_equal(id, value(s, cert, CKA_ID, c, sizeof(c))));
	assert_true(flag(s, pub, CKA_VERIFY));
	assert_false(flag(s, pub, CKA_ENCRYPT));
	assert_int_equal(number(s, cert, CKA_CERTIFICATE_CATEGORY), 1);
	assert_int_equal(number(s, cert, CKA_CERTIFICATE_TYPE), CKC_X_509);
	assert_false(flag(s, cert, CKA_TRUSTED));
}

static void certificate(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE cert = rig_by_label(s, CKO_CERTIFICATE, "device");
	CK_OBJECT_HANDLE pem = rig_by_label(s, CKO_CERTIFICATE, "backup");
	struct x509_info x;
	uint8_t b[4096];

	(void)state;
	struct bytes v = value(s, cert, CKA_VALUE, b, sizeof(b));
	assert_true(bytes_equal(v, fake_cert(FAKE_DEVICE_CERT))); /* without padding */
	assert_int_equal(x509_parse(fake_cert(FAKE_DEVICE_CERT), &x), ST_OK);
	v = value(s, cert, CKA_SUBJECT, b, sizeof(b));
	assert_true(bytes_equal(v, x.subject));
	v = value(s, cert, CKA_ISSUER, b, sizeof(b));
	assert_true(bytes_equal(v, x.issuer));
	v = value(s, cert, CKA_SERIAL_NUMBER, b, sizeof(b));
	assert_true(bytes_equal(v, x.serial));
	assert_int_equal(v.p[0], 0x02);
	assert_int_equal(value(s, cert, CKA_START_DATE, b, sizeof(b)).n, 8);
	assert_int_equal(value(s, cert, CKA_CHECK_VALUE, b, sizeof(b)).n, 3);
	assert_int_equal(value(s, cert, CKA_PUBLIC_KEY_INFO, b, sizeof(b)).n, 91);
	v = value(s, pem, CKA_VALUE, b, sizeof(b));
	assert_true(bytes_equal(v, fake_cert(FAKE_BACKUP_CERT))); /* DER, from PEM */
}

static void key_without_public_container(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE priv = rig_by_label(s, CKO_PRIVATE_KEY, "backup");
	CK_OBJECT_HANDLE pub = rig_by_label(s, CKO_PUBLIC_KEY, "backup");
	uint8_t b[256];

	(void)state;
	struct bytes v = value(s, pub, CKA_EC_POINT, b, sizeof(b));
	assert_int_equal(v.n, 2 + 97);
	assert_memory_equal(v.p + 2, fake_public(FAKE_BACKUP_KEY)->point, 97);
	v = value(s, priv, CKA_EC_POINT, b, sizeof(b));
	assert_int_equal(v.n, 2 + 97);
	v = value(s, pub, CKA_UNIQUE_ID, b, sizeof(b));
	assert_true(bytes_equal(v, BYTES_LIT("public-of-private-key:11")));
}

static void unreadable_public_key(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	const int only_key[] = {FAKE_DEVICE_KEY, FAKE_DEVICE_PUB, -1};
	uint8_t b[64];

	(void)state;
	fake_keep(only_key);
	fake.answer[FAKE_READ_PUBLIC] = ST_SW_CONDITIONS;
	CK_OBJECT_HANDLE o = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	assert_rv(outcome(s, o, CKA_EC_POINT), CKR_ATTRIBUTE_TYPE_INVALID);
	struct bytes v = value(s, o, CKA_ID, b, sizeof(b)); /* the container's */
	assert_int_equal(v.n, 1);
	assert_int_equal(v.p[0], 1);
	assert_int_equal(fake.calls[FAKE_READ_PUBLIC], 1); /* asked once */
}

static void failing_link(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE o = rig_by_label(s, CKO_PRIVATE_KEY, "device");

	(void)state;
	fake.answer[FAKE_READ_PUBLIC] = ST_TIMEOUT;
	assert_rv(outcome(s, o, CKA_ID), CKR_DEVICE_ERROR);
	fake.answer[FAKE_READ_PUBLIC] = ST_OK;
	assert_ok(outcome(s, o, CKA_ID)); /* nothing wrong was remembered */
}

static void others(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE rsa = rig_by_label(s, CKO_PRIVATE_KEY, "private-key-21");
	CK_OBJECT_HANDLE rsa_pub = rig_by_label(s, CKO_PUBLIC_KEY, "private-key-21");
	CK_OBJECT_HANDLE empty = rig_by_label(s, CKO_PRIVATE_KEY, "ephemeral");
	CK_OBJECT_HANDLE data = rig_by_label(s, CKO_DATA, "notes");
	CK_OBJECT_HANDLE broken = rig_by_label(s, CKO_DATA, "broken");
	CK_OBJECT_HANDLE secret = rig_by_label(s, CKO_SECRET_KEY, "psk");
	CK_ULONG size = 0;
	uint8_t b[512];

	(void)state;
	assert_int_equal(number(s, rsa, CKA_KEY_TYPE), CKK_RSA);
	assert_int_equal(value(s, rsa, CKA_MODULUS, b, sizeof(b)).n, 256);
	assert_int_equal(number(s, rsa_pub, CKA_MODULUS_BITS), 2048);
	assert_rv(outcome(s, rsa, CKA_EC_PARAMS), CKR_ATTRIBUTE_TYPE_INVALID);
	assert_rv(outcome(s, rsa, CKA_PRIME_1), CKR_ATTRIBUTE_SENSITIVE);
	assert_false(flag(s, empty, CKA_SIGN));
	assert_int_equal(value(s, empty, CKA_ALLOWED_MECHANISMS, b, sizeof(b)).n, 0);
	assert_true(bytes_equal(value(s, data, CKA_VALUE, b, sizeof(b)), BYTES_LIT("hello")));
	assert_true(value(s, broken, CKA_VALUE, b, sizeof(b)).n > 4);
	assert_rv(outcome(s, secret, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(number(s, secret, CKA_KEY_TYPE), CKK_GENERIC_SECRET);
	assert_false(flag(s, secret, CKA_DERIVE)); /* its container allows nothing */
	assert_false(flag(s, secret, CKA_SIGN));
	assert_ok(f->C_GetObjectSize(s, data, &size));
	assert_int_equal(size, CK_UNAVAILABLE_INFORMATION);
	assert_rv(f->C_DestroyObject(s, data), CKR_ACTION_PROHIBITED);
	assert_rv(f->C_SetAttributeValue(s, data, NULL, 0), CKR_ACTION_PROHIBITED);
	assert_rv(f->C_CopyObject(s, data, NULL, 0, &data), CKR_ACTION_PROHIBITED);
}

static CK_OBJECT_HANDLE secret_key(CK_SESSION_HANDLE s, enum container_key_type type,
				   uint8_t functions, uint8_t derivations)
{
	struct container *c = &fake.cat.item[FAKE_SECRET];

	c->key_type = type;
	c->functions = functions;
	c->derivations = derivations;
	c->sig_algs = type == KEY_AES_CMAC ? SIG_AES_CMAC : 0;
	fake.epoch++;
	return rig_by_label(s, CKO_SECRET_KEY, "psk");
}

/* What a secret on the card may be used for is what its container and the mechanisms say. */
static void secret_keys(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_MECHANISM_TYPE m[8];
	uint8_t b[sizeof(m)];

	(void)state;
	CK_OBJECT_HANDLE o = secret_key(s, KEY_HMAC, FUNCTION_DERIVE, 0x02);
	assert_true(flag(s, o, CKA_DERIVE));
	assert_false(flag(s, o, CKA_SIGN));
	struct bytes v = value(s, o, CKA_ALLOWED_MECHANISMS, b, sizeof(b));
	assert_int_equal(v.n, 2 * sizeof(m[0]));
	memcpy(m, v.p, v.n);
	assert_int_equal(m[0], CKM_HKDF_DERIVE);
	assert_int_equal(m[1], CKM_HKDF_DATA);
	o = secret_key(s, KEY_AES_CMAC, FUNCTION_SIGN, 0);
	assert_int_equal(number(s, o, CKA_KEY_TYPE), CKK_AES);
	assert_false(flag(s, o, CKA_DERIVE));
	assert_true(flag(s, o, CKA_SIGN));
	assert_true(flag(s, o, CKA_VERIFY));
	assert_false(flag(s, o, CKA_EXTRACTABLE));
	assert_true(flag(s, o, CKA_NEVER_EXTRACTABLE));
	fake.cat.item[FAKE_SECRET].activated = false;
	fake.epoch++;
	assert_false(flag(s, o, CKA_SIGN));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(five_rules),
		TEST(private_key),
		TEST(one_identity),
		TEST(certificate),
		TEST(key_without_public_container),
		TEST(unreadable_public_key),
		TEST(failing_link),
		TEST(others),
		TEST(secret_keys),
	};

	return cmocka_run_group_tests_name("attr", tests, rig_group_setup, rig_group_teardown);
}
