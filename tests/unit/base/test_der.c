/* SPDX-License-Identifier: Apache-2.0 */
/* DER heads in and out, and names as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "der.h"
#include "dn.h"
#include "mem.h"

static void test_heads(void **state)
{
	static const size_t sizes[] = {0, 1, 127, 128, 255, 256, 257, 65535};
	static uint8_t buf[70000];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct wtr w = WTR_ON(buf);
		struct bytes whole, content;
		struct rdr r;
		uint8_t tag;

		der_put_head(&w, DER_SEQUENCE, sizes[i]);
		assert_int_equal(w.n, der_head_size(sizes[i]));
		wtr_fill(&w, 0x55, sizes[i]);
		assert_int_equal(wtr_done(&w), ST_OK);
		r = rdr_of(wtr_bytes(&w));
		assert_int_equal(der_next(&r, &tag, &whole, &content), ST_OK);
		assert_int_equal(tag, DER_SEQUENCE);
		assert_int_equal(content.n, sizes[i]);
		assert_int_equal(whole.n, w.n);
		assert_int_equal(r.n, 0);
		/* one byte less */
		r = rdr_of(bytes_of(buf, w.n - 1));
		assert_int_equal(der_next(&r, &tag, &whole, &content), ST_TRUNCATED);
		assert_int_equal(r.n, w.n - 1);
		/* another tag: nothing is consumed */
		r = rdr_of(wtr_bytes(&w));
		assert_int_equal(der_expect(&r, DER_INTEGER, &content), ST_MALFORMED);
		assert_int_equal(r.n, w.n);
	}
	struct wtr w = WTR_ON(buf);
	der_put_head(&w, DER_SEQUENCE, 65536);
	assert_int_equal(wtr_done(&w), ST_SHORT_OUT);
}

static status text_of(const char *der, size_t n, char *dst, size_t cap)
{
	uint8_t *exact = malloc(n + 1);
	status st;

	assert_non_null(exact);
	memcpy(exact + 1, der, n);
	st = dn_text(bytes_of(exact + 1, n), dst, cap);
	free(exact);
	return st;
}
#define TEXT_OF(der, dst) text_of(der, sizeof(der) - 1, dst, sizeof(dst))

#define CN_A "\x31\x0A\x30\x08\x06\x03\x55\x04\x03\x0C\x01\x41"
#define O_B "\x31\x0A\x30\x08\x06\x03\x55\x04\x0A\x13\x01\x42"
#define BOTH                                                                                       \
	"\x31\x14\x30\x08\x06\x03\x55\x04\x03\x0C\x01\x41\x30\x08\x06\x03\x55\x04\x0A\x13\x01\x42"
#define ODD "\x31\x0C\x30\x0A\x06\x05\x2A\x86\x48\x86\x01\x0C\x01\x43"

static void test_names(void **state)
{
	char text[64];

	(void)state;
	assert_int_equal(TEXT_OF("\x30\x18" CN_A O_B, text), ST_OK);
	assert_string_equal(text, "O=B,CN=A");
	assert_int_equal(TEXT_OF("\x30\x16" BOTH, text), ST_OK);
	assert_string_equal(text, "CN=A+O=B");
	assert_int_equal(TEXT_OF("\x30\x0E" ODD, text), ST_OK);
	assert_string_equal(text, "1.2.840.769=C");
	assert_int_equal(TEXT_OF("\x30\x00", text), ST_OK);
	assert_string_equal(text, "");
	/* cut to what fits */
	assert_int_equal(text_of("\x30\x18" CN_A O_B, 26, text, 4), ST_OK);
	assert_string_equal(text, "O=B");
	assert_int_equal(text_of("\x30\x18" CN_A O_B, 26, text, 1), ST_OK);
	assert_string_equal(text, "");
}

static void test_bad_names(void **state)
{
	static const char good[] = "\x30\x22" CN_A BOTH;
	char text[64], damaged[sizeof(good)];

	(void)state;
	assert_int_equal(TEXT_OF(good, text), ST_OK);
	for (size_t n = 0; n < sizeof(good) - 1; n++)
		assert_int_not_equal(text_of(good, n, text, sizeof(text)), ST_OK);
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		for (unsigned v = 0; v < 256; v++) {
			memcpy(damaged, good, sizeof(good));
			damaged[i] = (char)v;
			if (text_of(damaged, sizeof(good) - 1, text, sizeof(text)) == ST_OK)
				assert_true(strlen(text) < sizeof(text));
		}
	}
}

/* More names than we print, and longer ones: cut, without harm. */
static void test_long_names(void **state)
{
	static uint8_t der[4096];
	struct wtr w = WTR_ON(der);
	char text[160];

	(void)state;
	der_put_head(&w, DER_SEQUENCE, 40 * 12);
	for (int i = 0; i < 40; i++)
		wtr_put(&w, BYTES_LIT(CN_A));
	assert_int_equal(dn_text(wtr_bytes(&w), text, sizeof(text)), ST_OK);
	assert_int_equal(strlen(text), sizeof(text) - 1);
	w = WTR_ON(der);
	der_put_head(&w, DER_SEQUENCE, 4 + 4 + 5 + 4 + 1000);
	der_put_head(&w, 0x31, 4 + 5 + 4 + 1000);
	der_put_head(&w, DER_SEQUENCE, 5 + 4 + 1000);
	wtr_put(&w, BYTES_LIT("\x06\x03\x55\x04\x03"));
	der_put_head(&w, 0x0C, 1000);
	wtr_fill(&w, 0xFF, 1000);
	assert_int_equal(dn_text(wtr_bytes(&w), text, sizeof(text)), ST_OK);
	assert_int_equal(strlen(text), sizeof(text) - 1);
	assert_memory_equal(text, "CN=\\FF\\FF", 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
