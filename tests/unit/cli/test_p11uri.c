/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mem.h"
#include "p11uri.h"

static void test_parts(void **state)
{
	const struct {
		struct p11uri_parts parts;
		const char *uri;
	} rows[] = {
		{{.type = NULL}, "pkcs11:"},
		{{.token = BYTES_LIT("simtok")}, "pkcs11:token=simtok"},
		{{.token = BYTES_LIT("IoT SAFE 1234"),
		  .object = BYTES_LIT("device"),
		  .type = "private"},
		 "pkcs11:token=IoT%20SAFE%201234;object=device;type=private"},
		{{.token = BYTES_LIT("t"),
		  .serial = BYTES_LIT("0123"),
		  .id = BYTES_LIT("\x00\x41\xFF"),
		  .type = "cert"},
		 "pkcs11:token=t;serial=0123;id=%00%41%FF;type=cert"},
		{{.object = BYTES_LIT("a;b=c?d&e/f%g\"h\xC3\xA4-._~")},
		 "pkcs11:object=a%3Bb%3Dc%3Fd%26e%2Ff%25g%22h%C3%A4-._~"},
		{{.object = BYTES_LIT("nul\0in")}, "pkcs11:object=nul%00in"},
	};
	char uri[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(p11uri_write(&rows[i].parts, uri, sizeof(uri)), ST_OK);
		assert_string_equal(uri, rows[i].uri);
	}
}

static void test_too_small(void **state)
{
	const struct p11uri_parts parts = {.token = BYTES_LIT("a b")};
	char uri[32];

	(void)state;
	/* "pkcs11:token=a%20b" and its end */
	for (size_t cap = 0; cap < 19; cap++)
		assert_int_equal(p11uri_write(&parts, uri, cap), ST_SHORT_OUT);
	assert_int_equal(p11uri_write(&parts, uri, 19), ST_OK);
}

static void test_read(void **state)
{
	struct p11uri u;

	(void)state;
	assert_int_equal(
		p11uri_parse("pkcs11:token=IoT%20SAFE;serial=01;manufacturer=m;model=x;"
			     "object=a%3Bb;id=%00%fF;type=cert;slot-id=3;library-version=1;"
			     "x-more=y?pin-source=file:/x&module-name=z",
			     &u),
		ST_OK);
	assert_true(p11uri_matches(&u.token, BYTES_LIT("IoT SAFE")));
	assert_false(p11uri_matches(&u.token, BYTES_LIT("IoT SAFE ")));
	assert_true(p11uri_matches(&u.serial, BYTES_LIT("01")));
	assert_true(p11uri_matches(&u.manufacturer, BYTES_LIT("m")));
	assert_true(p11uri_matches(&u.model, BYTES_LIT("x")));
	assert_true(p11uri_matches(&u.object, BYTES_LIT("a;b")));
	assert_true(p11uri_matches(&u.id, bytes_of("\0\xFF", 2)));
	assert_true(p11uri_matches(&u.type, BYTES_LIT("cert")));
	assert_true(p11uri_matches(&u.slot_id, BYTES_LIT("3")));
	assert_int_equal(p11uri_parse("pkcs11:", &u), ST_OK);
	assert_true(p11uri_matches(&u.token, BYTES_LIT("any")));
	assert_int_equal(p11uri_parse("pkcs11:object=", &u), ST_OK);
	assert_true(p11uri_matches(&u.object, BYTES_LIT("")));
	assert_false(p11uri_matches(&u.object, BYTES_LIT("any")));
	assert_true(p11uri_is("pkcs11:") && !p11uri_is("pkcs11") && !p11uri_is("device"));
}

static void test_read_refuses(void **state)
{
	static const char *const bad[] = {
		"pkcs12:",
		"pkcs11:object",
		"pkcs11:object;type=cert",
		"pkcs11:=x",
		"pkcs11:object=%",
		"pkcs11:object=%4",
		"pkcs11:object=%4G",
		"pkcs11:object=a b",
		"pkcs11:object=\xC3\xA4",
		"pkcs11:object=a;object=a",
		"pkcs11:;object=a",
	};
	char longest[300] = "pkcs11:object=";
	struct p11uri u = {.token.n = 77};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (p11uri_parse(bad[i], &u) != ST_MALFORMED)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(p11uri_parse("pkcs11:object=a?pin-value=1234", &u), ST_ARG);
	assert_int_equal(p11uri_parse("pkcs11:object=a?x=y&pin-value=1234", &u), ST_ARG);
	memset(longest + 14, 'x', P11URI_TEXT_MAX + 1);
	assert_int_equal(p11uri_parse(longest, &u), ST_MALFORMED);
	assert_int_equal(u.token.n, 77);
	longest[14 + P11URI_TEXT_MAX] = '\0';
	assert_int_equal(p11uri_parse(longest, &u), ST_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_too_small),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
