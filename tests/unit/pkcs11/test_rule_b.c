/* SPDX-License-Identifier: Apache-2.0 */
/* Rule B: all 4,096 values of twelve booleans, for each of C_CreateObject, C_GenerateKeyPair,
 * C_DeriveKey, C_CopyObject and C_SetAttributeValue, the last also of keys on the card. Whatever a
 * template says, no key is less protected than it was, or than what it comes from, and none claims
 * a past that it has not. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_keys2.h"

enum { BITS = 12, CASES = 1 << BITS };

static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
static CK_BBOOL truth[] = {CK_FALSE, CK_TRUE};
static char value[] = "sixteen bytes of";

/* The last two are of those that only we may say: they are given when their bit is set. */
static const CK_ATTRIBUTE_TYPE secret_bits[BITS] = {
	CKA_SENSITIVE,	       CKA_EXTRACTABLE, CKA_PRIVATE, CKA_MODIFIABLE,
	CKA_WRAP_WITH_TRUSTED, CKA_DERIVE,	CKA_WRAP,    CKA_UNWRAP,
	CKA_DECRYPT,	       CKA_SIGN,	CKA_TRUSTED, CKA_LOCAL,
};
static const CK_ATTRIBUTE_TYPE set_bits[BITS] = {
	CKA_SENSITIVE,	       CKA_EXTRACTABLE, CKA_VERIFY,  CKA_ENCRYPT,
	CKA_WRAP_WITH_TRUSTED, CKA_DERIVE,	CKA_WRAP,    CKA_UNWRAP,
	CKA_DECRYPT,	       CKA_SIGN,	CKA_TRUSTED, CKA_NEVER_EXTRACTABLE,
};
static const CK_ATTRIBUTE_TYPE private_bits[BITS] = {
	CKA_SENSITIVE,	       CKA_EXTRACTABLE, CKA_PRIVATE,	      CKA_MODIFIABLE,
	CKA_WRAP_WITH_TRUSTED, CKA_DERIVE,	CKA_SIGN_RECOVER,     CKA_UNWRAP,
	CKA_DECRYPT,	       CKA_SIGN,	CKA_ALWAYS_SENSITIVE, CKA_LOCAL,
};

/* The bits of a case as a template, after what is in it already. */
static CK_ULONG add_bits(CK_ATTRIBUTE *t, CK_ULONG n, const CK_ATTRIBUTE_TYPE bits[BITS],
			 unsigned mask)
{
	for (unsigned i = 0; i < BITS; i++) {
		unsigned v = mask >> i & 1;
		if (v != 0 || i < BITS - 2)
			t[n++] = (CK_ATTRIBUTE){bits[i], &truth[v], 1};
	}
	return n;
}

static bool is_on(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL v = 7;
	CK_ATTRIBUTE a = {type, &v, 1};

	assert_ok(f->C_GetAttributeValue(s, h, &a, 1));
	assert_true(v == CK_TRUE || v == CK_FALSE);
	return v == CK_TRUE;
}

struct protection {
	bool sensitive, extractable, always, never, with_trusted, private, local, trusted;
};

static struct protection look(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h)
{
	return (struct protection){
		is_on(s, h, CKA_SENSITIVE),
		is_on(s, h, CKA_EXTRACTABLE),
		is_on(s, h, CKA_ALWAYS_SENSITIVE),
		is_on(s, h, CKA_NEVER_EXTRACTABLE),
		is_on(s, h, CKA_WRAP_WITH_TRUSTED),
		is_on(s, h, CKA_PRIVATE),
		is_on(s, h, CKA_LOCAL),
		is_on(s, h, CKA_TRUSTED),
	};
}

/* What holds for every key, and what its value does. */
static void check_sane(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, const struct protection *p)
{
	uint8_t v[64];
	CK_ATTRIBUTE a = {CKA_VALUE, v, sizeof(v)};
	bool open = !p->sensitive && p->extractable;

	assert_false(p->local);
	assert_false(p->trusted);
	assert_true(!p->always || p->sensitive);
	assert_true(!p->never || !p->extractable);
	assert_rv(f->C_GetAttributeValue(s, h, &a, 1), open ? CKR_OK : CKR_ATTRIBUTE_SENSITIVE);
}

static void check_not_weaker(const struct protection *was, const struct protection *now)
{
	assert_true(!was->sensitive || now->sensitive);
	assert_true(was->extractable || !now->extractable);
	assert_true(!was->with_trusted || now->with_trusted);
	assert_true(!was->private || now->private);
	assert_true(was->always || !now->always);
	assert_true(was->never || !now->never);
}

static bool says(unsigned mask, unsigned bit)
{
	return (mask >> bit & 1) != 0;
}

/* Nothing that only we may say. */
static bool is_honest(unsigned mask)
{
	return !says(mask, 10) && !says(mask, 11);
}

static void create(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE h = 0;
	unsigned made = 0;

	(void)state;
	for (unsigned mask = 0; mask < CASES; mask++) {
		CK_ATTRIBUTE t[3 + BITS] = {{CKA_CLASS, &secret_class, sizeof(secret_class)},
					    {CKA_KEY_TYPE, &generic, sizeof(generic)},
					    {CKA_VALUE, value, 16}};
		CK_RV rv = f->C_CreateObject(s, t, add_bits(t, 3, secret_bits, mask), &h);
		assert_rv(rv, is_honest(mask) ? CKR_OK : CKR_ATTRIBUTE_READ_ONLY);
		if (rv != CKR_OK)
			continue;
		struct protection p = look(s, h);
		check_sane(s, h, &p);
		assert_int_equal(p.sensitive, says(mask, 0));
		assert_int_equal(p.extractable, says(mask, 1));
		assert_false(p.always); /* we do not know where it was before */
		assert_false(p.never);
		assert_ok(f->C_DestroyObject(s, h));
		made++;
	}
	assert_int_equal(made, CASES / 4);
}

/* A session key with the protection that the three low bits of `kind` say. */
static CK_OBJECT_HANDLE original(CK_SESSION_HANDLE s, unsigned kind)
{
	CK_OBJECT_HANDLE h = 0;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &secret_class, sizeof(secret_class)},
			    {CKA_KEY_TYPE, &generic, sizeof(generic)},
			    {CKA_VALUE, value, 16},
			    {CKA_DERIVE, &truth[1], 1},
			    {CKA_SENSITIVE, &truth[kind & 1], 1},
			    {CKA_EXTRACTABLE, &truth[kind >> 1 & 1], 1},
			    {CKA_WRAP_WITH_TRUSTED, &truth[kind >> 2 & 1], 1},
			    {CKA_PRIVATE, &truth[kind >> 2 & 1], 1}};

	assert_ok(f->C_CreateObject(s, t, sizeof(t) / sizeof(t[0]), &h));
	return h;
}

/* Every template meets originals of all kinds, one after the other. */
static unsigned kind_of(unsigned mask)
{
	return (mask ^ mask >> 3 ^ mask >> 6 ^ mask >> 9) & 7;
}

static void copy(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE h = 0;
	unsigned made = 0;

	(void)state;
	for (unsigned mask = 0; mask < CASES; mask++) {
		CK_ATTRIBUTE t[BITS];
		CK_OBJECT_HANDLE o = original(s, kind_of(mask));
		struct protection was = look(s, o);
		CK_RV rv = f->C_CopyObject(s, o, t, add_bits(t, 0, secret_bits, mask), &h);
		assert_true(rv == CKR_OK || rv == CKR_ATTRIBUTE_READ_ONLY);
		if (rv == CKR_OK) {
			assert_true(is_honest(mask));
			struct protection now = look(s, h);
			check_sane(s, h, &now);
			check_not_weaker(&was, &now);
			assert_ok(f->C_DestroyObject(s, h));
			made++;
		}
		struct protection still = look(s, o);
		assert_memory_equal(&was, &still, sizeof(was));
		assert_ok(f->C_DestroyObject(s, o));
	}
	assert_true(made > 100);
}

static void set(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	unsigned done = 0;

	(void)state;
	for (unsigned mask = 0; mask < CASES; mask++) {
		CK_ATTRIBUTE t[BITS];
		CK_OBJECT_HANDLE o = original(s, kind_of(mask));
		struct protection was = look(s, o);
		CK_RV rv = f->C_SetAttributeValue(s, o, t, add_bits(t, 0, set_bits, mask));
		struct protection now = look(s, o);
		assert_true(rv == CKR_OK || rv == CKR_ATTRIBUTE_READ_ONLY);
		check_sane(s, o, &now);
		check_not_weaker(&was, &now);
		if (rv == CKR_OK)
			assert_true(is_honest(mask));
		else
			assert_memory_equal(&was, &now, sizeof(was)); /* all or nothing */
		done += rv == CKR_OK;
		assert_ok(f->C_DestroyObject(s, o));
	}
	assert_true(done > 100);
}

static void derive(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE h = 0;
	CK_ULONG n = 32;
	CK_HKDF_PARAMS hkdf = {.bExtract = CK_TRUE,
			       .bExpand = CK_TRUE,
			       .prfHashMechanism = CKM_SHA256,
			       .ulSaltType = CKF_HKDF_SALT_NULL};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &hkdf, sizeof(hkdf)};
	unsigned made = 0;

	(void)state;
	fake2_add_secret("psk-tls", 0x71, 0x03);
	for (unsigned mask = 0; mask < CASES; mask++) {
		CK_ATTRIBUTE t[1 + BITS] = {{CKA_VALUE_LEN, &n, sizeof(n)}};
		CK_OBJECT_HANDLE o = original(s, kind_of(mask));
		struct protection was = look(s, o);
		CK_RV rv = f->C_DeriveKey(s, &m, o, t, add_bits(t, 1, secret_bits, mask), &h);
		assert_true(rv == CKR_OK || rv == CKR_ATTRIBUTE_READ_ONLY ||
			    rv == CKR_TEMPLATE_INCONSISTENT);
		if (rv == CKR_OK) {
			assert_true(is_honest(mask));
			struct protection now = look(s, h);
			check_sane(s, h, &now);
			assert_true(!was.sensitive || now.sensitive);
			assert_true(was.extractable || !now.extractable);
			assert_true(was.always || !now.always);
			assert_true(was.never || !now.never);
			assert_ok(f->C_DestroyObject(s, h));
			made++;
		}
		assert_ok(f->C_DestroyObject(s, o));
	}
	assert_true(made > 100);
}

static void generate(void **state)
{
	CK_SESSION_HANDLE s = 0;
	CK_OBJECT_HANDLE pub = 0, priv = 0;
	struct bytes oid = curve_oid_der(CURVE_P256);
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	unsigned made = 0;

	(void)state;
	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s));
	fake2_add_pair(KEY_P256, "fresh", 0x61, false,
		       FUNCTION_SIGN | FUNCTION_KEYGEN | FUNCTION_AGREE);
	for (unsigned mask = 0; mask < CASES; mask++) {
		CK_ATTRIBUTE p[] = {{CKA_TOKEN, &truth[1], 1},
				    {CKA_EC_PARAMS, (void *)(uintptr_t)oid.p, oid.n}};
		CK_ATTRIBUTE t[2 + BITS] = {{CKA_TOKEN, &truth[1], 1},
					    {CKA_LABEL, (void *)(uintptr_t) "fresh", 5}};
		CK_RV rv = f->C_GenerateKeyPair(s, &m, p, 2, t, add_bits(t, 2, private_bits, mask),
						&pub, &priv);
		if (rv != CKR_OK) { /* nothing was overwritten */
			assert_int_equal(fake2.calls[FAKE2_GENERATE], 0);
			continue;
		}
		made++;
		assert_int_equal(fake2.calls[FAKE2_GENERATE], 1);
		assert_false(says(mask, 1));
		assert_true(is_honest(mask));
		assert_true(is_on(s, priv, CKA_SENSITIVE));
		assert_true(is_on(s, priv, CKA_ALWAYS_SENSITIVE));
		assert_false(is_on(s, priv, CKA_EXTRACTABLE));
		assert_true(is_on(s, priv, CKA_NEVER_EXTRACTABLE));
		assert_true(is_on(s, priv, CKA_LOCAL));
		assert_false(is_on(s, priv, CKA_COPYABLE));
		assert_false(is_on(s, priv, CKA_UNWRAP));
		assert_false(is_on(s, priv, CKA_DECRYPT));
		CK_ATTRIBUTE v = {CKA_VALUE, NULL, 0};
		assert_rv(f->C_GetAttributeValue(s, priv, &v, 1), CKR_ATTRIBUTE_SENSITIVE);
		fake2_reset();
	}
	assert_true(made > 10);
}

/* A pair that was made through us may be renamed, and nothing else. */
static void set_on_card(void **state)
{
	CK_SESSION_HANDLE s = 0;
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	struct bytes oid = curve_oid_der(CURVE_P256);
	CK_ATTRIBUTE p = {CKA_EC_PARAMS, (void *)(uintptr_t)oid.p, oid.n};
	CK_ATTRIBUTE token = {CKA_TOKEN, &truth[1], 1};
	CK_OBJECT_HANDLE key[2] = {0};

	(void)state;
	fake2_add_pair(KEY_P256, "mine", 0x71, false, FUNCTION_SIGN | FUNCTION_KEYGEN);
	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s));
	assert_ok(f->C_GenerateKeyPair(s, &m, &p, 1, &token, 1, &key[0], &key[1]));
	assert_true(is_on(s, key[0], CKA_MODIFIABLE) && is_on(s, key[1], CKA_MODIFIABLE));
	for (unsigned mask = 0; mask < CASES; mask++) {
		CK_ATTRIBUTE t[1 + BITS] = {{CKA_LABEL, (void *)(uintptr_t) "x", 1}};
		CK_ULONG n = add_bits(t, 1, set_bits, mask);
		for (int i = 0; i < 2; i++) {
			CK_RV rv = f->C_SetAttributeValue(s, key[i], t, n);
			assert_true(rv == CKR_ATTRIBUTE_READ_ONLY ||
				    rv == CKR_ATTRIBUTE_TYPE_INVALID);
		}
	}
	assert_true(is_on(s, key[1], CKA_SENSITIVE) && is_on(s, key[1], CKA_ALWAYS_SENSITIVE));
	assert_false(is_on(s, key[1], CKA_EXTRACTABLE) || is_on(s, key[1], CKA_DECRYPT));
	assert_int_equal(rig_by_label(s, CKO_PRIVATE_KEY, "mine"), key[1]);
	char cmd[128]; /* where it says that the key is our making */
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", rig_store_dir());
	assert_int_equal(system(cmd), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, rig_teardown)

static int setup(void **state)
{
	int r = rig_setup(state);

	fake2_reset();
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(create), TEST(generate), TEST(derive),
		TEST(copy),   TEST(set),      TEST(set_on_card),
	};

	return cmocka_run_group_tests_name("rule B", tests, rig_group_setup, rig_group_teardown);
}
