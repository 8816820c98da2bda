/* SPDX-License-Identifier: Apache-2.0 */
/* The template engine by itself: the tables, and what a derived key gets from its parent. */
#include "rig.h"

#include <string.h>

#include "mem.h"
#include "template_table.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static const CK_OBJECT_CLASS classes[] = {CKO_DATA, CKO_CERTIFICATE, CKO_PUBLIC_KEY,
					  CKO_SECRET_KEY};

static void check_rows(const struct template_part part[TEMPLATE_PARTS])
{
	const struct template_row *all[64];
	size_t n = 0;

	for (size_t p = 0; p < TEMPLATE_PARTS; p++)
		for (size_t i = 0; i < part[p].count; i++)
			all[n++] = &part[p].row[i];
	for (size_t i = 0; i < n; i++) {
		assert_true(template_knows(all[i]->type));
		for (size_t j = 0; j < i; j++)
			assert_true(all[i]->type != all[j]->type || all[i]->only != all[j]->only);
		/* what must be given can be given */
		if (all[i]->absent == ABSENT_REFUSED)
			assert_true((all[i]->given & GIVEN_CREATE) != 0);
		/* what only the SO may say can never be said to be true */
		if (all[i]->type == CKA_TRUSTED)
			assert_int_equal(all[i]->kind, KIND_FALSE);
	}
}

static void tables(void **state)
{
	struct template_part part[TEMPLATE_PARTS];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		assert_true(template_parts(classes[i], part));
		check_rows(part);
	}
	assert_false(template_parts(CKO_PRIVATE_KEY, part));
	assert_false(template_parts(CKO_PROFILE, part));
	assert_false(template_knows(0x80000001UL));
	assert_true(template_knows(CKA_PRIME_1));
	assert_true(template_key_type(CKO_PUBLIC_KEY, CKK_EC));
	assert_false(template_key_type(CKO_PUBLIC_KEY, CKK_AES));
	assert_false(template_key_type(CKO_SECRET_KEY, CKK_EC));
	assert_true(template_key_type(CKO_SECRET_KEY, CKK_HKDF));
}

static void sizes(void **state)
{
	(void)state;
	for (size_t n = 0; n < 64; n++) {
		assert_int_equal(template_key_size(CKK_AES, n), n == 16 || n == 24 || n == 32);
		assert_int_equal(template_key_size(CKK_CHACHA20, n), n == 32);
		assert_int_equal(template_key_size(CKK_GENERIC_SECRET, n), n != 0);
	}
}

static void numbers_and_booleans(void **state)
{
	CK_BBOOL two = 2;
	CK_ULONG five = 5, n = 0;
	bool v = false;
	CK_ATTRIBUTE t[] = {{CKA_TOKEN, &yes, 1},
			    {CKA_SIGN, &two, 1},
			    {CKA_SENSITIVE, &five, sizeof(five)},
			    {CKA_VALUE_LEN, &five, sizeof(five)},
			    {CKA_KEY_TYPE, &yes, 1},
			    {CKA_DERIVE, NULL, 0}};

	(void)state;
	assert_int_equal(template_bool(t, 6, CKA_TOKEN, false, &v), ST_OK);
	assert_true(v);
	assert_int_equal(template_bool(t, 6, CKA_WRAP, true, &v), ST_OK);
	assert_true(v);
	assert_int_equal(template_bool(t, 6, CKA_SIGN, false, &v), ST_ATTR_VALUE);
	assert_int_equal(template_bool(t, 6, CKA_SENSITIVE, false, &v), ST_ATTR_VALUE);
	assert_int_equal(template_bool(t, 6, CKA_DERIVE, false, &v), ST_ATTR_VALUE);
	assert_int_equal(template_ulong(t, 6, CKA_VALUE_LEN, 0, &n), ST_OK);
	assert_int_equal(n, 5);
	assert_int_equal(template_ulong(t, 6, CKA_CLASS, 9, &n), ST_OK);
	assert_int_equal(n, 9);
	assert_int_equal(template_ulong(t, 6, CKA_KEY_TYPE, 0, &n), ST_ATTR_VALUE);
}

struct flags {
	bool sensitive, extractable, always, never;
};

static void parent_of(struct flags p, struct bag *b)
{
	assert_int_equal(bag_set_bool(b, CKA_SENSITIVE, p.sensitive), ST_OK);
	assert_int_equal(bag_set_bool(b, CKA_EXTRACTABLE, p.extractable), ST_OK);
	assert_int_equal(bag_set_bool(b, CKA_ALWAYS_SENSITIVE, p.always), ST_OK);
	assert_int_equal(bag_set_bool(b, CKA_NEVER_EXTRACTABLE, p.never), ST_OK);
}

static status derive(const struct flags *parent, const CK_ATTRIBUTE *t, CK_ULONG n,
		     struct flags *ret)
{
	struct bag p ON_EXIT(bag_free) = {0}, b ON_EXIT(bag_free) = {0};

	if (parent != NULL)
		parent_of(*parent, &p);
	TRY(template_inherit(parent != NULL ? &p : NULL, CKO_SECRET_KEY, &b));
	TRY(template_apply(TEMPLATE_DERIVE, t, n, &b));
	assert_int_equal(bag_ulong(&b, CKA_CLASS, 0), CKO_SECRET_KEY);
	assert_false(bag_bool(&b, CKA_LOCAL, true));
	*ret = (struct flags){bag_bool(&b, CKA_SENSITIVE, false),
			      bag_bool(&b, CKA_EXTRACTABLE, false),
			      bag_bool(&b, CKA_ALWAYS_SENSITIVE, true),
			      bag_bool(&b, CKA_NEVER_EXTRACTABLE, true)};
	return ST_OK;
}

static void inheritance(void **state)
{
	const struct flags closed = {true, false, true, true},
			   once_open = {true, false, false, false},
			   open = {false, true, false, false};
	CK_ATTRIBUTE reveal[] = {{CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1}};
	CK_ATTRIBUTE protect[] = {{CKA_SENSITIVE, &yes, 1}, {CKA_EXTRACTABLE, &no, 1}};
	struct flags f0 = {0};

	(void)state;
	/* from the card: the template decides */
	assert_int_equal(derive(NULL, NULL, 0, &f0), ST_OK);
	assert_true(!f0.sensitive && f0.extractable && !f0.always && !f0.never);
	assert_int_equal(derive(NULL, protect, 2, &f0), ST_OK);
	assert_true(f0.sensitive && !f0.extractable && f0.always && f0.never);
	/* from a protected key of the session */
	assert_int_equal(derive(&closed, NULL, 0, &f0), ST_OK);
	assert_true(f0.sensitive && !f0.extractable && f0.always && f0.never);
	assert_int_equal(derive(&closed, reveal, 1, &f0), ST_TEMPLATE_INCONSISTENT);
	assert_int_equal(derive(&closed, reveal + 1, 1, &f0), ST_TEMPLATE_INCONSISTENT);
	/* a past is not forgotten */
	assert_int_equal(derive(&once_open, protect, 2, &f0), ST_OK);
	assert_true(f0.sensitive && !f0.extractable && !f0.always && !f0.never);
	assert_int_equal(derive(&open, NULL, 0, &f0), ST_OK);
	assert_true(!f0.sensitive && f0.extractable && !f0.always && !f0.never);
	assert_int_equal(derive(&open, protect, 2, &f0), ST_OK);
	assert_true(f0.sensitive && !f0.extractable && !f0.always && !f0.never);
}

static void derived(void **state)
{
	CK_ULONG len = 15, zero = 0;
	CK_KEY_TYPE aes = CKK_AES, ec = CKK_EC;
	CK_OBJECT_CLASS data = CKO_DATA;
	CK_ATTRIBUTE t[] = {{CKA_VALUE_LEN, &len, sizeof(len)}, {CKA_KEY_TYPE, &aes, sizeof(aes)}};
	CK_ATTRIBUTE value = {CKA_VALUE, &len, sizeof(len)}, type = {CKA_KEY_TYPE, &ec, sizeof(ec)};
	CK_ATTRIBUTE class = {CKA_CLASS, &data, sizeof(data)}, token = {CKA_TOKEN, &yes, 1};
	CK_ATTRIBUTE none = {CKA_VALUE_LEN, &zero, sizeof(zero)};
	struct flags f0;
	struct bag b = {0};

	(void)state;
	assert_int_equal(derive(NULL, t, 1, &f0), ST_OK);
	assert_int_equal(derive(NULL, t, 2, &f0), ST_TEMPLATE_INCONSISTENT);
	len = 16;
	assert_int_equal(derive(NULL, t, 2, &f0), ST_OK);
	assert_int_equal(derive(NULL, &none, 1, &f0), ST_OK); /* as if it were not there */
	assert_int_equal(derive(NULL, &value, 1, &f0), ST_ATTR_RO);
	assert_int_equal(derive(NULL, &type, 1, &f0), ST_ATTR_VALUE);
	assert_int_equal(derive(NULL, &class, 1, &f0), ST_TEMPLATE_INCONSISTENT);
	assert_int_equal(derive(NULL, &token, 1, &f0), ST_TEMPLATE_INCONSISTENT);
	/* data, with a template that was made for a key */
	assert_int_equal(template_inherit(NULL, CKO_DATA, &b), ST_OK);
	assert_int_equal(template_apply(TEMPLATE_DERIVE, t, 2, &b), ST_OK);
	assert_false(bag_has(&b, CKA_KEY_TYPE));
	CK_ULONG before = b.count;
	assert_int_equal(template_apply(TEMPLATE_SET, &type, 1, &b), ST_ATTR_RO);
	assert_int_equal(b.count, before); /* as it was */
	bag_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(sizes),
		cmocka_unit_test(numbers_and_booleans),
		cmocka_unit_test(inheritance),
		cmocka_unit_test(derived),
	};

	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
