/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "hex.h"

static void test_both_ways(void **state)
{
	uint8_t all[256], back[256];
	char text[513];
	struct wtr w = WTR_ON(back);

	(void)state;
	for (size_t i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	assert_ptr_equal(hex_str(BYTES_OF(all), text, sizeof(text)), text);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102", 6);
	assert_string_equal(text + 506, "FDFEFF");
	assert_int_equal(hex_get(bytes_str(text), &w), ST_OK);
	assert_memory_equal(back, all, 256);
}

static void test_get(void **state)
{
	static const char *const bad[] = {"0",	"000", "0g",	   "g0", "0 ", " 0", "0x00", "00 0",
					  "-1", "+1",  "\x30\xC3", "0:", "/0", "@0", "`0"};
	uint8_t buf[4];
	struct wtr w;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		w = WTR_ON(buf);
		assert_int_equal(hex_get(bytes_str(bad[i]), &w), ST_MALFORMED);
	}
	w = WTR_ON(buf);
	assert_int_equal(hex_get(bytes_of("0\0", 2), &w), ST_MALFORMED);
	assert_int_equal(hex_get(bytes_str(""), &w), ST_OK);
	assert_int_equal(w.n, 0);
	assert_int_equal(hex_get(bytes_str("aAfF09"), &w), ST_OK);
	assert_memory_equal(buf, "\xAA\xFF\x09", 3);
	w = WTR_ON(buf);
	assert_int_equal(hex_get(bytes_str("0102030405"), &w), ST_SHORT_OUT);
}

static void test_str_cut(void **state)
{
	static const uint8_t three[] = {0xAB, 0xCD, 0xEF};
	char text[8];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_string_equal(hex_str(BYTES_OF(three), text, 6), "ABCD");
	assert_int_equal(text[6], 'x');
	assert_string_equal(hex_str(BYTES_OF(three), text, 7), "ABCDEF");
	assert_string_equal(hex_str(BYTES_OF(three), text, 2), "");
	assert_string_equal(hex_str(BYTES_OF(three), text, 1), "");
	text[0] = 'x';
	hex_str(BYTES_OF(three), text, 0);
	assert_int_equal(text[0], 'x');
}

static void test_digit(void **state)
{
	(void)state;
	for (int c = -128; c < 128; c++) {
		bool want = c != 0 && strchr("0123456789abcdefABCDEF", c) != NULL;

		assert_int_equal(hex_is_digit((char)c), c > 0 && want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_str_cut),
		cmocka_unit_test(test_digit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
