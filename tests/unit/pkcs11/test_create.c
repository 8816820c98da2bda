/* SPDX-License-Identifier: Apache-2.0 */
/* Session objects: made, seen, read, changed, copied, destroyed, and what they refuse. */
#include "rig.h"

#include <string.h>

static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY, public_class = CKO_PUBLIC_KEY,
		       private_class = CKO_PRIVATE_KEY, cert_class = CKO_CERTIFICATE,
		       data_class = CKO_DATA, profile_class = CKO_PROFILE;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET, aes = CKK_AES, ec = CKK_EC, rsa = CKK_RSA;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static char value[] = "0123456789abcdef";

#define A(type, v)                                                                                 \
	{                                                                                          \
		type, &(v), sizeof(v)                                                              \
	}
#define TEXT(type, s)                                                                              \
	{                                                                                          \
		type, (void *)(uintptr_t)(s), sizeof(s) - 1                                        \
	}
#define VIEW(type, b)                                                                              \
	{                                                                                          \
		type, (void *)(uintptr_t)(b).p, (b).n                                              \
	}
#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

static CK_OBJECT_HANDLE make(CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n)
{
	CK_OBJECT_HANDLE h = 0;

	assert_ok(f->C_CreateObject(s, t, n, &h));
	assert_int_not_equal(h, 0);
	return h;
}

static CK_RV attempt(CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n)
{
	CK_OBJECT_HANDLE h = 4711;
	CK_RV rv = f->C_CreateObject(s, t, n, &h);

	if (rv != CKR_OK)
		assert_int_equal(h, 4711);
	return rv;
}

static CK_OBJECT_HANDLE make_secret(CK_SESSION_HANDLE s)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, generic),
			    TEXT(CKA_VALUE, value), TEXT(CKA_LABEL, "mine"), A(CKA_DERIVE, yes)};

	return make(s, t, COUNT(t));
}

static CK_BBOOL flag(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL v = 7;
	CK_ATTRIBUTE a = {type, &v, sizeof(v)};

	assert_ok(f->C_GetAttributeValue(s, o, &a, 1));
	return v;
}

static CK_RV outcome(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	CK_ATTRIBUTE a = {type, NULL, 0};

	return f->C_GetAttributeValue(s, o, &a, 1);
}

static void a_secret_key(void **state)
{
	CK_SESSION_HANDLE s = rig_session(), other = rig_session();
	CK_OBJECT_HANDLE h = make_secret(s);
	CK_ULONG len = 0, size = 0, mech = 0;
	char v[32];
	CK_ATTRIBUTE t[] = {{CKA_VALUE, v, sizeof(v)}, A(CKA_VALUE_LEN, len)};
	CK_ATTRIBUTE made = A(CKA_TOKEN, no);

	(void)state;
	assert_ok(f->C_GetAttributeValue(other, h, t, 2)); /* all sessions see it */
	assert_int_equal(t[0].ulValueLen, 16);
	assert_memory_equal(v, value, 16);
	assert_int_equal(len, 16);
	assert_int_equal(rig_find(other, &made, 1), h);
	assert_int_equal(rig_by_label(s, CKO_SECRET_KEY, "mine"), h);
	assert_false(flag(s, h, CKA_LOCAL));
	assert_false(flag(s, h, CKA_SENSITIVE));
	assert_true(flag(s, h, CKA_EXTRACTABLE));
	assert_false(flag(s, h, CKA_ALWAYS_SENSITIVE));
	assert_false(flag(s, h, CKA_NEVER_EXTRACTABLE));
	assert_true(flag(s, h, CKA_DERIVE));
	assert_false(flag(s, h, CKA_SIGN));
	CK_ATTRIBUTE gen = A(CKA_KEY_GEN_MECHANISM, mech);
	assert_ok(f->C_GetAttributeValue(s, h, &gen, 1));
	assert_int_equal(mech, CK_UNAVAILABLE_INFORMATION);
	assert_ok(outcome(s, h, CKA_UNIQUE_ID));
	assert_rv(outcome(s, h, CKA_MODULUS), CKR_ATTRIBUTE_TYPE_INVALID);
	assert_ok(f->C_GetObjectSize(s, h, &size));
	assert_true(size > 16 && size < 1000);
	assert_rv(f->C_GetObjectSize(s, h, NULL), CKR_ARGUMENTS_BAD);
	assert_ok(f->C_DestroyObject(s, h));
	assert_rv(outcome(s, h, CKA_LABEL), CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(rig_count(s, &made, 1), 0);
}

static void dies_with_its_session(void **state)
{
	CK_SESSION_HANDLE s = rig_session(), other = rig_session();
	CK_OBJECT_HANDLE h = make_secret(other);

	(void)state;
	assert_ok(outcome(s, h, CKA_LABEL));
	assert_ok(f->C_CloseSession(other));
	assert_rv(outcome(s, h, CKA_LABEL), CKR_OBJECT_HANDLE_INVALID);
}

static void needs_no_card(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE h = make_secret(s);
	CK_ATTRIBUTE t = A(CKA_TOKEN, no);

	(void)state;
	assert_ok(outcome(s, h, CKA_LABEL));
	assert_int_equal(rig_count(s, &t, 1), 1);
	assert_int_equal(fake_traffic(), 0);
}

static CK_RV set(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, CK_BBOOL v)
{
	CK_ATTRIBUTE a = {type, &v, sizeof(v)};

	return f->C_SetAttributeValue(s, h, &a, 1);
}

static void protection_only_grows(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE h = make_secret(s), copy = 0;
	CK_ATTRIBUTE open[] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE find = {CKA_VALUE, value, 16};

	(void)state;
	assert_int_equal(rig_count(s, &find, 1), 1);
	assert_ok(set(s, h, CKA_SENSITIVE, CK_TRUE));
	assert_rv(set(s, h, CKA_SENSITIVE, CK_FALSE), CKR_ATTRIBUTE_READ_ONLY);
	assert_rv(outcome(s, h, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(rig_count(s, &find, 1), 0); /* nor by guessing */
	assert_false(flag(s, h, CKA_ALWAYS_SENSITIVE));
	assert_rv(f->C_CopyObject(s, h, open, 1, &copy), CKR_ATTRIBUTE_READ_ONLY);
	assert_ok(set(s, h, CKA_EXTRACTABLE, CK_FALSE));
	assert_rv(set(s, h, CKA_EXTRACTABLE, CK_TRUE), CKR_ATTRIBUTE_READ_ONLY);
	assert_false(flag(s, h, CKA_NEVER_EXTRACTABLE));
	assert_rv(f->C_CopyObject(s, h, open + 1, 1, &copy), CKR_ATTRIBUTE_READ_ONLY);
	assert_ok(f->C_CopyObject(s, h, NULL, 0, &copy));
	assert_rv(outcome(s, copy, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
	static const CK_ATTRIBUTE_TYPE ours[] = {CKA_LOCAL, CKA_ALWAYS_SENSITIVE,
						 CKA_NEVER_EXTRACTABLE, CKA_TRUSTED};
	for (size_t i = 0; i < COUNT(ours); i++)
		assert_rv(set(s, h, ours[i], CK_TRUE), CKR_ATTRIBUTE_READ_ONLY);
}

static void copies(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE h = make_secret(s), copy = 0, third = 0;
	CK_ATTRIBUTE t[] = {TEXT(CKA_LABEL, "copy"), A(CKA_COPYABLE, no), A(CKA_MODIFIABLE, no),
			    A(CKA_DESTROYABLE, no)};
	CK_ATTRIBUTE label = TEXT(CKA_LABEL, "other");
	char v[16];
	CK_ATTRIBUTE val = {CKA_VALUE, v, sizeof(v)};

	(void)state;
	assert_ok(f->C_CopyObject(s, h, t, 4, &copy));
	assert_int_not_equal(copy, h);
	assert_ok(f->C_GetAttributeValue(s, copy, &val, 1));
	assert_memory_equal(v, value, 16);
	assert_rv(f->C_CopyObject(s, copy, NULL, 0, &third), CKR_ACTION_PROHIBITED);
	assert_rv(f->C_SetAttributeValue(s, copy, &label, 1), CKR_ACTION_PROHIBITED);
	assert_rv(f->C_DestroyObject(s, copy), CKR_ACTION_PROHIBITED);
	assert_ok(f->C_SetAttributeValue(s, h, &label, 1));
	assert_int_equal(rig_by_label(s, CKO_SECRET_KEY, "other"), h);
	assert_rv(f->C_CopyObject(s, h, t, 1, NULL), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_SetAttributeValue(s, h, NULL, 1), CKR_ARGUMENTS_BAD);
	CK_ATTRIBUTE class = A(CKA_CLASS, data_class), len = {CKA_VALUE, value, 4};
	assert_rv(f->C_SetAttributeValue(s, h, &class, 1), CKR_ATTRIBUTE_READ_ONLY);
	assert_rv(f->C_SetAttributeValue(s, h, &len, 1), CKR_ATTRIBUTE_READ_ONLY);
	CK_ATTRIBUTE token = A(CKA_TOKEN, yes);
	assert_rv(f->C_CopyObject(s, h, &token, 1, &third), CKR_TEMPLATE_INCONSISTENT);
}

/* Each deviates from a good template in one attribute, added to it or in place of another. */
static void refusals(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_ULONG n16 = 16, odd = 0x77777777UL;
	char id[] = "x";
	CK_BBOOL two = 2;
	const struct {
		CK_ATTRIBUTE a;
		CK_RV rv;
	} bad[] = {
		{A(CKA_UNIQUE_ID, id), CKR_ATTRIBUTE_READ_ONLY},
		{A(CKA_LOCAL, yes), CKR_ATTRIBUTE_READ_ONLY},
		{A(CKA_LOCAL, no), CKR_ATTRIBUTE_READ_ONLY},
		{A(CKA_ALWAYS_SENSITIVE, yes), CKR_ATTRIBUTE_READ_ONLY},
		{A(CKA_NEVER_EXTRACTABLE, yes), CKR_ATTRIBUTE_READ_ONLY},
		{A(CKA_KEY_GEN_MECHANISM, n16), CKR_ATTRIBUTE_READ_ONLY},
		{A(CKA_TRUSTED, yes), CKR_ATTRIBUTE_READ_ONLY},
		{A(CKA_VALUE_LEN, n16), CKR_ATTRIBUTE_READ_ONLY},
		{A(CKA_SENSITIVE, two), CKR_ATTRIBUTE_VALUE_INVALID},
		{A(CKA_SENSITIVE, n16), CKR_ATTRIBUTE_VALUE_INVALID},
		{{CKA_START_DATE, value, 8}, CKR_ATTRIBUTE_VALUE_INVALID},
		{{CKA_START_DATE, value, 7}, CKR_ATTRIBUTE_VALUE_INVALID},
		{{CKA_ALLOWED_MECHANISMS, value, 9}, CKR_ATTRIBUTE_VALUE_INVALID},
		{{CKA_LABEL, value, ~(CK_ULONG)0}, CKR_ATTRIBUTE_VALUE_INVALID},
		{{CKA_LABEL, NULL, 5}, CKR_ARGUMENTS_BAD},
		{A(CKA_MODULUS, id), CKR_TEMPLATE_INCONSISTENT},
		{A(CKA_EC_POINT, id), CKR_TEMPLATE_INCONSISTENT},
		{A(CKA_PRIME_1, id), CKR_TEMPLATE_INCONSISTENT},
		{A(CKA_UNWRAP_TEMPLATE, id), CKR_TEMPLATE_INCONSISTENT},
		{{0x80000042UL, id, 1}, CKR_ATTRIBUTE_TYPE_INVALID},
		{{0x7777UL, NULL, 0}, CKR_ATTRIBUTE_TYPE_INVALID},
		{TEXT(CKA_VALUE, "another value"), CKR_TEMPLATE_INCONSISTENT}, /* the second */
		{A(CKA_KEY_TYPE, aes), CKR_TEMPLATE_INCONSISTENT},
		{A(CKA_CLASS, data_class), CKR_TEMPLATE_INCONSISTENT},
		{TEXT(CKA_VALUE, "0123456789abcdef"), CKR_OK}, /* the same once more */
		{A(CKA_TRUSTED, no), CKR_OK},
		{{CKA_CHECK_VALUE, NULL, 0}, CKR_OK},
		{{CKA_START_DATE, NULL, 0}, CKR_OK},
		{TEXT(CKA_END_DATE, "20301231"), CKR_OK},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, generic),
				    TEXT(CKA_VALUE, value), bad[i].a};
		CK_RV rv = attempt(s, t, 4);
		if (rv != bad[i].rv)
			fail_msg("row %zu: 0x%lx, expected 0x%lx", i, rv, bad[i].rv);
	}
	CK_ATTRIBUTE type[] = {A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, odd),
			       TEXT(CKA_VALUE, value)};
	assert_rv(attempt(s, type, 3), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_rv(attempt(s, type, 1), CKR_TEMPLATE_INCOMPLETE);
	type[1] = (CK_ATTRIBUTE)A(CKA_KEY_TYPE, aes);
	assert_rv(attempt(s, type, 2), CKR_TEMPLATE_INCOMPLETE);
	assert_ok(attempt(s, type, 3));
	type[2].ulValueLen = 15;
	assert_rv(attempt(s, type, 3), CKR_ATTRIBUTE_VALUE_INVALID);
	type[2].ulValueLen = 0;
	assert_rv(attempt(s, type, 3), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_rv(attempt(s, NULL, 0), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_CreateObject(s, type, 3, NULL), CKR_ARGUMENTS_BAD);
}

static void classes(void **state)
{
	CK_SESSION_HANDLE s = rig_session(), rw = 0;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class), A(CKA_KEY_TYPE, ec)};
	CK_ATTRIBUTE token[] = {A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, generic),
				TEXT(CKA_VALUE, value), A(CKA_TOKEN, yes)};
	CK_ATTRIBUTE data[] = {A(CKA_CLASS, data_class), TEXT(CKA_APPLICATION, "app"),
			       TEXT(CKA_VALUE, value)};

	(void)state;
	assert_rv(attempt(s, t, 2), CKR_ATTRIBUTE_VALUE_INVALID);
	t[0] = (CK_ATTRIBUTE)A(CKA_CLASS, profile_class);
	assert_rv(attempt(s, t, 1), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_rv(attempt(s, token, 4), CKR_SESSION_READ_ONLY);
	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &rw));
	assert_rv(attempt(rw, token, 4), CKR_TEMPLATE_INCONSISTENT);
	CK_OBJECT_HANDLE h = make(s, data, 3);
	assert_ok(outcome(s, h, CKA_VALUE));
	assert_rv(outcome(s, h, CKA_KEY_TYPE), CKR_ATTRIBUTE_TYPE_INVALID);
	data[0] = (CK_ATTRIBUTE)A(CKA_KEY_TYPE, generic);
	assert_rv(attempt(s, data, 3), CKR_TEMPLATE_INCOMPLETE);
}

static void public_keys(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	const struct public_key *k = fake_public(FAKE_DEVICE_KEY);
	const struct public_key *r = fake_public(FAKE_RSA_KEY);
	struct bytes raw = bytes_of(k->point, k->point_len), oid = curve_oid_der(CURVE_P256);
	struct bytes modulus = bytes_of(r->modulus, r->modulus_len);
	struct bytes exponent = bytes_of(r->exponent, r->exponent_len);
	uint8_t b[512];
	CK_ULONG bits = 0;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class), A(CKA_KEY_TYPE, ec),
			    VIEW(CKA_EC_PARAMS, oid), VIEW(CKA_EC_POINT, raw)};
	CK_ATTRIBUTE u[] = {A(CKA_CLASS, public_class), A(CKA_KEY_TYPE, rsa),
			    VIEW(CKA_MODULUS, modulus), VIEW(CKA_PUBLIC_EXPONENT, exponent)};
	CK_ATTRIBUTE point = {CKA_EC_POINT, b, sizeof(b)};
	CK_ATTRIBUTE size = A(CKA_MODULUS_BITS, bits);

	(void)state;
	CK_OBJECT_HANDLE h = make(s, t, 4);
	assert_ok(f->C_GetAttributeValue(s, h, &point, 1));
	assert_int_equal(point.ulValueLen, 67);
	assert_memory_equal(b + 2, k->point, 65);
	t[3] = (CK_ATTRIBUTE){CKA_EC_POINT, b, 67}; /* DER as well */
	make(s, t, 4);
	assert_ok(outcome(s, h, CKA_PUBLIC_KEY_INFO));
	assert_true(flag(s, h, CKA_VERIFY));
	b[66] ^= 1; /* not on the curve */
	assert_rv(attempt(s, t, 4), CKR_ATTRIBUTE_VALUE_INVALID);
	t[3].ulValueLen = 66;
	assert_rv(attempt(s, t, 4), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_rv(attempt(s, t, 3), CKR_TEMPLATE_INCOMPLETE);
	t[2] = (CK_ATTRIBUTE)TEXT(CKA_EC_PARAMS, "\x06\x05\x2b\x81\x04\x00\x0a");
	assert_rv(attempt(s, t, 4), CKR_CURVE_NOT_SUPPORTED);
	h = make(s, u, 4);
	assert_ok(f->C_GetAttributeValue(s, h, &size, 1));
	assert_int_equal(bits, 2048);
	u[2].ulValueLen = 3;
	assert_rv(attempt(s, u, 4), CKR_ATTRIBUTE_VALUE_INVALID);
}

static void certificates(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	struct bytes der = fake_cert(FAKE_DEVICE_CERT);
	CK_CERTIFICATE_TYPE x509 = CKC_X_509, wtls = CKC_WTLS;
	struct x509_info x;
	uint8_t id[20], b[64];

	(void)state;
	assert_int_equal(x509_parse(der, &x), ST_OK);
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, cert_class), A(CKA_CERTIFICATE_TYPE, x509),
			    VIEW(CKA_VALUE, der), VIEW(CKA_SUBJECT, x.subject)};
	CK_OBJECT_HANDLE h = make(s, t, 4);
	CK_ATTRIBUTE a[] = {{CKA_ID, b, sizeof(b)}};
	assert_ok(f->C_GetAttributeValue(s, h, a, 1));
	assert_int_equal(public_key_id(&x.key, id), ST_OK);
	assert_int_equal(a[0].ulValueLen, 20);
	assert_memory_equal(b, id, 20);
	assert_ok(outcome(s, h, CKA_ISSUER));
	assert_rv(attempt(s, t, 3), CKR_TEMPLATE_INCOMPLETE);
	t[3] = (CK_ATTRIBUTE)TEXT(CKA_SUBJECT, "somebody");
	assert_rv(attempt(s, t, 4), CKR_TEMPLATE_INCONSISTENT);
	t[3] = (CK_ATTRIBUTE)VIEW(CKA_SUBJECT, x.subject);
	t[2].ulValueLen--;
	assert_rv(attempt(s, t, 4), CKR_ATTRIBUTE_VALUE_INVALID);
	t[2].ulValueLen++;
	t[1] = (CK_ATTRIBUTE)A(CKA_CERTIFICATE_TYPE, wtls);
	assert_rv(attempt(s, t, 4), CKR_ATTRIBUTE_VALUE_INVALID);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_secret_key),  TEST(dies_with_its_session),
		TEST(needs_no_card), TEST(protection_only_grows),
		TEST(copies),	     TEST(refusals),
		TEST(classes),	     TEST(public_keys),
		TEST(certificates),
	};

	return cmocka_run_group_tests_name("create", tests, rig_group_setup, rig_group_teardown);
}
