/* SPDX-License-Identifier: Apache-2.0 */
/* Text of a hostile card on its way to a terminal, and JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mem.h"
#include "text.h"

static const struct {
	const char *in, *out;
} rows[] = {
	{"", ""},
	{"device-key", "device-key"},
	{"Z\xC3\xA4hler \xE2\x82\xAC \xF0\x9F\x94\x91",
	 "Z\xC3\xA4hler \xE2\x82\xAC \xF0\x9F\x94\x91"},
	{"a\tb\nc\rd\x7F", "a?b?c?d?"},
	{"\x1B[2J\x1B]0;x\x07", "?[2J?]0;x?"},
	{"\xC2\x9B"
	 "31m",
	 "??31m"}, /* C1: CSI in one character */
	{"\xC2\xA0", "\xC2\xA0"},
	{"\xE2\x80\xAEtxt.exe", "???txt.exe"}, /* right-to-left override */
	{"\xE2\x81\xA7x", "???x"},
	{"\xE2\x80\xA8x", "???x"}, /* line separator */
	{"\xC0\xAF", "??"},	   /* overlong */
	{"\xE0\x80\xAF", "???"},
	{"\xF0\x80\x80\xAF", "????"},
	{"\xED\xA0\x80", "???"},      /* surrogate */
	{"\xF4\x90\x80\x80", "????"}, /* above 10FFFF */
	{"\xF5\x80\x80\x80", "????"},
	{"\xFF\xFE", "??"},
	{"\x80", "?"},
	{"ab\xC3", "ab?"}, /* cut short */
	{"ab\xE2\x82", "ab??"},
	{"ab\xE2x\x82", "ab?x?"},
};

static void test_clean(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(text_clean(bytes_str(rows[i].in), out, sizeof(out)),
				    rows[i].out);
}

/* Cut at a whole character, always ended, never written past cap. */
static void test_clean_is_cut(void **state)
{
	char out[8];

	(void)state;
	for (size_t cap = 1; cap <= 6; cap++) {
		memset(out, '#', sizeof(out));
		text_clean(BYTES_LIT("ab\xE2\x82\xAC"
				     "c"),
			   out, cap);
		assert_true(strlen(out) < cap);
		assert_int_equal(out[cap], '#');
	}
	assert_string_equal(text_clean(BYTES_LIT("ab\xE2\x82\xAC"), out, 5), "ab");
	assert_string_equal(text_clean(BYTES_LIT("ab\xE2\x82\xAC"), out, 6), "ab\xE2\x82\xAC");
	assert_string_equal(text_clean(bytes_of("a\0b", 3), out, sizeof(out)), "a?b");
}

static void test_json(void **state)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	struct json j = json_on(f);

	(void)state;
	json_open_object(&j, NULL);
	json_string(&j, "name", "say \"hi\" \\ \x1B");
	json_string(&j, "none", NULL);
	json_number(&j, "n", 7);
	json_open_array(&j, "list");
	json_open_object(&j, NULL);
	json_bool(&j, "yes", true);
	json_close_object(&j);
	json_open_object(&j, NULL);
	json_close_object(&j);
	json_string(&j, NULL, "x");
	json_close_array(&j);
	json_open_array(&j, "empty");
	json_close_array(&j);
	json_bool(&j, "no", false);
	json_text(&j, "lines", "a\n\"b\"\n\nc\r");
	json_hex(&j, "hex", BYTES_OF(((uint8_t[]){0x00, 0xAF})));
	json_close_object(&j);
	json_end(&j);
	fclose(f);
	assert_string_equal(text, "{\"name\": \"say \\\"hi\\\" \\\\ ?\", \"none\": null, \"n\": 7, "
				  "\"list\": [\n  {\"yes\": true},\n  {},\n  \"x\"\n], "
				  "\"empty\": [], \"no\": false, "
				  "\"lines\": \"a\\n\\\"b\\\"\\n\\nc?\", \"hex\": \"00AF\"}\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_clean_is_cut),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
