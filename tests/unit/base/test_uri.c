/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "uri.h"

static void test_parts(void **state)
{
	struct uri u;

	(void)state;
	assert_int_equal(uri_parse("at:/dev/ttyUSB2?baud=115200&mode=csim", &u), ST_OK);
	assert_string_equal(u.scheme, "at");
	assert_string_equal(u.path, "/dev/ttyUSB2");
	assert_int_equal(u.param_count, 2);
	assert_string_equal(uri_param(&u, "baud"), "115200");
	assert_string_equal(uri_param(&u, "mode"), "csim");
	assert_null(uri_param(&u, "bau"));
	assert_null(uri_param(&u, "baudx"));
	assert_int_equal(uri_parse("pcsc:", &u), ST_OK);
	assert_string_equal(u.path, "");
	assert_int_equal(u.param_count, 0);
	assert_int_equal(uri_parse("pcsc:?reader=ACS%20ACR38%3a%26", &u), ST_OK);
	assert_string_equal(uri_param(&u, "reader"), "ACS ACR38:&");
	assert_int_equal(uri_parse("unix:/a%3Fb", &u), ST_OK);
	assert_string_equal(u.path, "/a?b");
	/* colons in a path, empty values, empty pairs */
	assert_int_equal(uri_parse("at:/dev/x:y?a=&&b=1&", &u), ST_OK);
	assert_string_equal(u.path, "/dev/x:y");
	assert_string_equal(uri_param(&u, "a"), "");
	assert_int_equal(u.param_count, 2);
	/* the first of two wins */
	assert_int_equal(uri_parse("at:/x?a=1&a=2", &u), ST_OK);
	assert_string_equal(uri_param(&u, "a"), "1");
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"x",
		":/path",
		"toolonger:/x",
		"at:/x?novalue",
		"at:/x?=1",
		"at:/x?a=%",
		"at:/x?a=%4",
		"at:/x?a=%zz",
		"at:%0",
		"at:%00",
		"at:/x%00y",
		"at:/x?a=%00",
		"at:/x?a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9",
		"at:/x?aaaaaaaaaaaaaaaaaaaaaaaa=1",
	};
	struct uri u = {.scheme = "kept"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(uri_parse(bad[i], &u), ST_ARG);
		assert_string_equal(u.scheme, "kept");
	}
	assert_int_equal(uri_parse(NULL, &u), ST_ARG);
}

/* Each field exactly full, and one more. */
static void test_limits(void **state)
{
	char text[600];
	struct uri u;

	(void)state;
	for (int n = 250; n < 262; n++) {
		snprintf(text, sizeof(text), "at:%0*d", n, 0);
		assert_int_equal(uri_parse(text, &u), n < URI_MAX ? ST_OK : ST_ARG);
	}
	for (int n = 120; n < 135; n++) {
		snprintf(text, sizeof(text), "at:?k=%0*d", n, 0);
		assert_int_equal(uri_parse(text, &u), n < 128 ? ST_OK : ST_ARG);
	}
	assert_int_equal(uri_parse("1234567:x", &u), ST_OK);
	assert_int_equal(uri_parse("12345678:x", &u), ST_ARG);
	assert_int_equal(uri_parse("a:?1=1&2=2&3=3&4=4&5=5&6=6&7=7&8=8", &u), ST_OK);
	assert_int_equal(u.param_count, 8);
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {"",	"x", "1x", "0", "11", "99999999999999999999",
					  "-1", "1 "};
	char text[64];
	struct uri u;
	long v = 0;

	(void)state;
	assert_int_equal(uri_parse("at:/x?n=10", &u), ST_OK);
	assert_int_equal(uri_param_number(&u, "n", 1, 10, 5, &v), ST_OK);
	assert_int_equal(v, 10);
	assert_int_equal(uri_param_number(&u, "absent", 1, 10, 5, &v), ST_OK);
	assert_int_equal(v, 5);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "at:/x?n=%s", bad[i]);
		assert_int_equal(uri_parse(text, &u), ST_OK);
		assert_int_equal(uri_param_number(&u, "n", 1, 10, 5, &v), ST_ARG);
		assert_int_equal(v, 5);
	}
}

static void test_truth(void **state)
{
	struct uri u;

	(void)state;
	assert_int_equal(uri_parse("at:/x?a=1&b=yes&c=true&d=no&e=0&f=", &u), ST_OK);
	assert_true(uri_param_true(&u, "a"));
	assert_true(uri_param_true(&u, "b"));
	assert_true(uri_param_true(&u, "c"));
	assert_false(uri_param_true(&u, "d"));
	assert_false(uri_param_true(&u, "e"));
	assert_false(uri_param_true(&u, "f"));
	assert_false(uri_param_true(&u, "absent"));
}

/* A mistake is told by what belongs there; what is right by nothing. */
static void test_expected(void **state)
{
	static const char *const good[] = {
		"pcsc:",
		"pcsc:?reader=ACS%20ACR38",
		"at:/dev/ttyUSB2",
		"at:/dev/x?baud=9600&mode=cgla&rtscts=1",
		"at:/dev/x?baud=4000000&mode=auto&rtscts=no",
		"mbim:/dev/cdc-wdm0",
		"mbim:/dev/cdc-wdm0?proxy=@p",
		"mbim:/dev/cdc-wdm0?proxy=/run/p&direct=0",
		"mbim:/dev/cdc-wdm0?direct=1",
		"qmi:/dev/cdc-wdm0?slot=1",
		"qmi:/dev/cdc-wdm0?slot=5&share=1&proxy=@p",
		"unix:/run/sim.sock",
		"unix:@abstract",
	};
	static const struct {
		const char *uri, *expected;
	} bad[] = {
		{"", "mbim:PATH"},
		{"serial:/dev/x", "mbim:PATH"},
		{"at:/x?novalue", "mbim:PATH"},
		{"pcsc:Gemalto", "reader=PART"},
		{"pcsc:?reader=", "reader=PART"},
		{"pcsc:?what=1", "but reader"},
		{"at:", "/dev/ttyUSB2"},
		{"at:ttyUSB2", "absolute"},
		{"at:/", "absolute"},
		{"at:/x?baud=12345", "baud=9600"},
		{"at:/x?baud=115200x", "baud=9600"},
		{"at:/x?mode=qmi", "mode=csim"},
		{"at:/x?rtscts=maybe", "rtscts=1"},
		{"at:/x?slot=1", "but baud"},
		{"mbim:", "/dev/cdc-wdm0"},
		{"mbim:cdc-wdm0", "absolute"},
		{"mbim:/x?proxy=mbim-proxy", "proxy=@NAME"},
		{"mbim:/x?proxy=", "proxy=@NAME"},
		{"mbim:/x?proxy=@", "proxy=@NAME"},
		{"mbim:/x?proxi=@p", "but proxy"},
		{"mbim:/x?slot=1", "but proxy"},
		{"mbim:/x?direct=2", "direct=1"},
		{"mbim:/x?direct=1&proxy=@p", "not both"},
		{"qmi:/x?slot=0", "slot=1 to"},
		{"qmi:/x?slot=6", "slot=1 to"},
		{"qmi:/x?slot=11", "slot=1 to"},
		{"qmi:/x?slot=", "slot=1 to"},
		{"qmi:/x?share=", "share=1"},
		{"qmi:/x?proxy=/p&direct=yes", "not both"},
		{"qmi:/x?baud=9600", "share"},
		{"unix:", "socket"},
		{"unix:/x?direct=1", "no parameters"},
	};
	char text[160];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (uri_expected(good[i]))
			fail_msg("%s: expected %s", good[i], uri_expected(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!uri_expected(bad[i].uri) || !strstr(uri_expected(bad[i].uri), bad[i].expected))
			fail_msg("%s: expected %s", bad[i].uri, uri_expected(bad[i].uri));
	/* a socket's address has an end */
	for (int n = 100; n < 115; n++) {
		snprintf(text, sizeof(text), "qmi:/x?proxy=@%0*d", n - 1, 0);
		assert_int_equal(uri_expected(text) == NULL, n < 108);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_truth),  cmocka_unit_test(test_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
