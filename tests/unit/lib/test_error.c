/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sim.h"

static void test_words(void **state)
{
	(void)state;
	for (int i = 0; i < IOTSAFE_ERRORS; i++) {
		enum iotsafe_error e = (enum iotsafe_error)i;
		assert_non_null(iotsafe_text(e));
		assert_non_null(iotsafe_remedy(e));
		assert_true(strlen(iotsafe_text(e)) > 5);
		assert_true(strlen(iotsafe_remedy(e)) > 5);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(iotsafe_text(e),
						iotsafe_text((enum iotsafe_error)k));
	}
	assert_string_equal(iotsafe_text(IOTSAFE_ERRORS), "an unknown error");
	assert_string_equal(iotsafe_text((enum iotsafe_error)0x7FFF), "an unknown error");
	assert_true(strlen(iotsafe_remedy(IOTSAFE_ERRORS)) > 5);
}

/* Only success is success, and what the core can answer is no mistake of ours. */
static void test_statuses(void **state)
{
	(void)state;
	assert_int_equal(error_of(ST_OK), IOTSAFE_OK);
	for (int i = ST_OK + 1; i < ST_COUNT; i++) {
		assert_int_not_equal(error_of((status)i), IOTSAFE_OK);
		assert_true(error_of((status)i) < IOTSAFE_ERRORS);
	}
	for (int i = ST_TRUNCATED; i <= ST_PIN_UNSURE; i++)
		assert_int_not_equal(error_of((status)i), IOTSAFE_E_INTERNAL);
	assert_int_equal(error_of(ST_BUG), IOTSAFE_E_INTERNAL);
	assert_int_equal(error_of(ST_COUNT), IOTSAFE_E_INTERNAL);
	assert_int_equal(error_of((status)-1), IOTSAFE_E_INTERNAL);
	assert_int_equal(error_of(ST_CARD_CHANGED), IOTSAFE_E_OTHER_SIM);
	assert_int_equal(error_of(ST_PEER_INVALID), IOTSAFE_E_POINT);
	assert_int_equal(error_of(ST_SIG_BAD), IOTSAFE_E_SIGNATURE);
	assert_int_equal(error_of(ST_SW_SECURITY), IOTSAFE_E_PIN_NEEDED);
}

static void test_why(void **state)
{
	char longer[2 * SETTINGS_ERROR_MAX];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	error_why("%s", "because");
	assert_string_equal(iotsafe_why(), "because");
	error_why("%s", longer);
	assert_int_equal(strlen(iotsafe_why()), SETTINGS_ERROR_MAX - 1);
	assert_int_equal(iotsafe_random(NULL, NULL, 0), IOTSAFE_E_ARG);
	assert_string_equal(iotsafe_why(), iotsafe_text(IOTSAFE_E_ARG));
	assert_true(strlen(iotsafe_version()) >= 5);
}

static void test_owners_differ(void **state)
{
	(void)state;
	assert_int_not_equal(sim_new_owner(), 0);
	assert_int_not_equal(sim_new_owner(), sim_new_owner());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_owners_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
