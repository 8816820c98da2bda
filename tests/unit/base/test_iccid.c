/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "iccid.h"

static void digits(void **state)
{
	char iccid[ICCID_DIGITS_MAX + 1] = "";

	(void)state;
	assert_int_equal(
		iccid_from_ef(BYTES_LIT("\x98\x88\x10\x32\x54\x76\x98\x10\x32\xF4"), iccid), ST_OK);
	assert_string_equal(iccid, "8988012345678901234");
	assert_int_equal(
		iccid_from_ef(BYTES_LIT("\x98\x88\x10\x32\x54\x76\x98\x10\x32\x54"), iccid), ST_OK);
	assert_string_equal(iccid, "89880123456789012345");
	assert_int_equal(iccid_from_ef(BYTES_LIT("\x98\x88\x10\x32\x54"), iccid), ST_OK);
	assert_string_equal(iccid, "8988012345");
}

static void no_digits(void **state)
{
	static const struct {
		const char *ef;
		size_t n;
	} bad[] = {
		{"", 0},
		{"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10},
		{"\x98\x88\x10\x32\xF4", 5},			  /* nine digits */
		{"\x98\x88\xA0\x32\x54\x76\x98\x10\x32\x54", 10}, /* A */
		{"\x98\x88\x1B\x32\x54\x76\x98\x10\x32\x54", 10}, /* B in the low half */
		{"\x98\x88\x10\x32\x54\x76\x98\x10\x32\x54\x76", 11},
	};
	char iccid[ICCID_DIGITS_MAX + 1] = "as it was";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(iccid_from_ef(bytes_of(bad[i].ef, bad[i].n), iccid), ST_MALFORMED);
	assert_string_equal(iccid, "as it was");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(digits), cmocka_unit_test(no_digits)};

	return cmocka_run_group_tests_name("iccid", tests, NULL, NULL);
}
