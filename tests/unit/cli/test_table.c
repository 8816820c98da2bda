/* SPDX-License-Identifier: Apache-2.0 */
/* Columns in line, whatever is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mem.h"
#include "table.h"

static char text[1024];

static void print(const struct table *t, const struct table_cell *cell)
{
	FILE *f = fmemopen(text, sizeof(text), "w");

	assert_non_null(f);
	table_print(t, f, cell);
	fclose(f);
}

static void test_widths(void **state)
{
	static const struct table_cell a[] = {{"one", TINT_NONE},
					      {"x", TINT_BAD},
					      {"end", TINT_NONE}},
				       b[] = {{"\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F", TINT_NONE},
					      {"", TINT_NONE},
					      {"", TINT_NONE}},
				       wide[] = {{"wider than it was", TINT_NONE},
						 {"y", TINT_NONE},
						 {"z", TINT_NONE}};
	struct table t = {.columns = 3};

	(void)state;
	assert_int_equal(tint_choose("never"), ST_OK);
	table_measure(&t, a);
	table_measure(&t, b);
	assert_int_equal(t.width[0], 4);
	print(&t, a);
	assert_string_equal(text, "  one   x  end\n");
	print(&t, b);
	assert_string_equal(text, "  \xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\n");
	print(&t, wide);
	assert_string_equal(text, "  wider than it was  y  z\n");
}

static void test_tints(void **state)
{
	static const struct table_cell a[] = {
		{"one", TINT_NONE}, {"x", TINT_BAD}, {"end", TINT_NONE}};
	struct table t = {.columns = 3, .width = {3, 4, 3}};

	(void)state;
	assert_int_equal(tint_choose("always"), ST_OK);
	print(&t, a);
	assert_string_equal(text, "  one  \033[31mx\033[0m     end\n");
	assert_int_equal(tint_choose("sometimes"), ST_ARG);
	assert_int_equal(tint_choose(NULL), ST_OK);
	setenv("NO_COLOR", "1", 1);
	assert_int_equal(tint_choose("auto"), ST_OK);
	assert_string_equal(tint(stderr, TINT_BAD), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_tints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
