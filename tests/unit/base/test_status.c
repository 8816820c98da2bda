/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "status.h"

static void test_table(void **state)
{
	(void)state;
	assert_int_equal(ST_OK, 0);
	assert_string_equal(status_name(ST_OK), "OK");
	assert_string_equal(status_name(ST_CHANNEL_LOST), "CHANNEL_LOST");
	assert_string_equal(status_name(ST_TOKEN_UNKNOWN), "TOKEN_UNKNOWN");
	for (int i = 0; i < ST_COUNT; i++) {
		assert_true(strlen(status_text((status)i)) > 5);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(status_name((status)i), status_name((status)k));
	}
	assert_string_equal(status_text(ST_COUNT), "unknown status");
	assert_string_equal(status_text((status)-1), "unknown status");
	assert_string_equal(status_name(ST_COUNT), "UNKNOWN");
	assert_string_equal(status_name((status)-1), "UNKNOWN");
}

static status inner(status st, int *calls)
{
	(*calls)++;
	return st;
}

static status outer(status st, int *calls)
{
	TRY(inner(st, calls));
	TRY(inner(ST_OK, calls));
	return ST_OK;
}

static void test_try(void **state)
{
	int calls = 0;

	(void)state;
	assert_int_equal(outer(ST_OK, &calls), ST_OK);
	assert_int_equal(calls, 2);
	assert_int_equal(outer(ST_IO, &calls), ST_IO);
	assert_int_equal(calls, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_table),
					   cmocka_unit_test(test_try)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
