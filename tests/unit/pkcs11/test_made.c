/* SPDX-License-Identifier: Apache-2.0 */
/* The bag of attributes, and the list of session objects: who owns what, and when it goes. */
#include "rig.h"

#include <pthread.h>
#include <string.h>

#include "bag.h"
#include "made.h"
#include "slot.h"
#include "token.h"

static void bags(void **state)
{
	struct bag b = {0}, copy = {0};

	(void)state;
	for (CK_ATTRIBUTE_TYPE t = 0; t < 100; t++)
		assert_int_equal(bag_set_ulong(&b, t, t * t), ST_OK);
	for (CK_ATTRIBUTE_TYPE t = 0; t < 100; t++)
		assert_int_equal(bag_ulong(&b, t, 0), t * t);
	assert_int_equal(b.count, 100);
	assert_int_equal(bag_set_bool(&b, 7, true), ST_OK); /* in place of the number */
	assert_int_equal(b.count, 100);
	assert_true(bag_bool(&b, 7, false));
	assert_int_equal(bag_ulong(&b, 7, 4711), 4711); /* of another size */
	assert_true(bag_bool(&b, 8, true));
	assert_int_equal(bag_set(&b, 9, NULL, 0), ST_OK);
	assert_true(bag_has(&b, 9));
	assert_int_equal(bag_get(&b, 9).n, 0);
	assert_int_equal(bag_copy(&b, &copy), ST_OK);
	bag_drop(&b, 7);
	bag_drop(&b, 7);
	assert_false(bag_has(&b, 7));
	assert_int_equal(b.count, 99);
	assert_true(bag_bool(&copy, 7, false));
	bag_free(&b);
	assert_int_equal(b.count, 0);
	assert_int_equal(bag_ulong(&copy, 99, 0), 99 * 99);
	bag_free(&copy);
	bag_free(&copy);
}

static CK_OBJECT_HANDLE add(struct slot *s, CK_SESSION_HANDLE owner, bool private)
{
	struct bag b = {0};
	CK_OBJECT_HANDLE h = 0;

	assert_int_equal(bag_set_ulong(&b, CKA_CLASS, CKO_SECRET_KEY), ST_OK);
	assert_int_equal(bag_set_bool(&b, CKA_PRIVATE, private), ST_OK);
	assert_int_equal(bag_set(&b, CKA_VALUE, "secret", 6), ST_OK);
	assert_int_equal(made_add(s, owner, &b, &h), ST_OK);
	assert_int_equal(b.count, 0); /* taken over */
	return h;
}

static bool is_any(const struct bag *b, void *ctx)
{
	(void)b, (void)ctx;
	return true;
}

static CK_ULONG count(struct slot *s)
{
	return made_list_handles(s, is_any, NULL, NULL, 0);
}

static void lives(void **state)
{
	struct slot s = {0};
	struct bag b = {0};
	CK_OBJECT_HANDLE list[8] = {0};

	(void)state;
	made_init(&s.made);
	CK_OBJECT_HANDLE one = add(&s, 1, false), two = add(&s, 2, true), three = add(&s, 2, false);
	assert_true(one != two && two != three && one != three);
	assert_int_equal(count(&s), 3);
	assert_int_equal(made_list_handles(&s, is_any, NULL, list, 2), 3);
	assert_int_equal(list[2], 0); /* no more than there is room for */
	assert_int_equal(made_get(&s, one, &b), ST_OK);
	assert_int_equal(bag_ulong(&b, CKA_VALUE_LEN, 0), 6);
	assert_true(bag_get(&b, CKA_UNIQUE_ID).n > 0);
	assert_int_equal(bag_set(&b, CKA_LABEL, "x", 1), ST_OK);
	assert_int_equal(made_put(&s, one, &b), ST_OK);
	assert_int_equal(b.count, 0);
	assert_int_equal(made_get(&s, 4711, &b), ST_NO_OBJECT);
	made_drop_private(&s);
	assert_int_equal(made_get(&s, two, &b), ST_NO_OBJECT);
	assert_int_equal(made_get(&s, three, &b), ST_OK);
	bag_free(&b);
	made_drop_session(&s, 2);
	assert_int_equal(made_get(&s, three, &b), ST_NO_OBJECT);
	assert_int_equal(made_remove(&s, one), ST_OK);
	assert_int_equal(made_remove(&s, one), ST_NO_OBJECT);
	add(&s, 3, false);
	made_drop_all(&s);
	assert_int_equal(count(&s), 0);
	add(&s, 3, false);
	made_free(&s.made, false);
	pthread_mutex_destroy(&s.made.lock);
}

static void limit(void **state)
{
	struct slot s = {0};
	struct bag b = {0};
	CK_OBJECT_HANDLE h = 0;

	(void)state;
	made_init(&s.made);
	for (int i = 0; i < MADE_MAX; i++)
		add(&s, 1, false);
	assert_int_equal(bag_set_ulong(&b, CKA_CLASS, CKO_DATA), ST_OK);
	assert_int_equal(made_add(&s, 1, &b, &h), ST_OBJECT_MEMORY);
	assert_int_not_equal(b.count, 0); /* still the caller's */
	bag_free(&b);
	made_free(&s.made, false);
	pthread_mutex_destroy(&s.made.lock);
}

static bool churn(void)
{
	CK_SESSION_HANDLE s = 0;
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_TOKEN, &no, sizeof(no)}};
	CK_OBJECT_HANDLE h = 0, found[64];
	CK_ULONG n = 0;

	if (f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK)
		return false;
	for (int i = 0; i < 200; i++) {
		CK_ATTRIBUTE label = {CKA_LABEL, (void *)(uintptr_t) "label", 5};
		if (f->C_CreateObject(s, t, 2, &h) != CKR_OK ||
		    f->C_SetAttributeValue(s, h, &label, 1) != CKR_OK ||
		    f->C_FindObjectsInit(s, t, 2) != CKR_OK ||
		    f->C_FindObjects(s, found, 64, &n) != CKR_OK || n == 0 ||
		    f->C_FindObjectsFinal(s) != CKR_OK || f->C_DestroyObject(s, h) != CKR_OK)
			return false;
	}
	return f->C_CloseSession(s) == CKR_OK;
}

static void *run(void *ok)
{
	*(bool *)ok = churn();
	return NULL;
}

static void threads(void **state)
{
	pthread_t thread[4];
	bool ok[4] = {false};

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, run, &ok[i]), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_true(ok[i]);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bags),
		cmocka_unit_test(lives),
		cmocka_unit_test(limit),
		TEST(threads),
	};

	return cmocka_run_group_tests_name("made", tests, rig_group_setup, rig_group_teardown);
}
