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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
