/* SPDX-License-Identifier: Apache-2.0 */
/* Commands in words, whole, masked and nonsensical. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "explain.h"
#include "hex.h"
#include "mem.h"

static const struct {
	const char *name, *hex, *words;
} rows[] = {
	{"SELECT by AID", "01A4040010A000000559001001000102030405060708",
	 "applet A0000005590010010001020304050607, channel 1"},
	{"SELECT file", "43A4000C022FE2", "file 2FE2, channel 7"},
	{"MANAGE CHANNEL open", "0070000001", ""},
	{"MANAGE CHANNEL close", "00708002", "channel 2"},
	{"COMPUTE SIGNATURE init", "812A00010D840101A10103910200019201040000",
	 "key 01, SHA-256, ECDSA"},
	{"COMPUTE SIGNATURE init", "812A00010C8402A155A101039102000692",
	 "key A155, SHA-384+SHA-512"},
	{"COMPUTE SIGNATURE update", "812B800122", ""},
	{"READ FILE", "81B00100047302643100", "file \"d1\", from byte 256"},
	{"READ PUBLIC KEY", "81CD000003850102", "public key 02"},
	{"VERIFY PIN", "0120000108", "PIN 01, channel 1"},
	/* cut, unknown */
	{"COMPUTE SIGNATURE init", "812A0001", ""},
	{"COMPUTE SIGNATURE init", "812A00", ""},
	{"COMPUTE SIGNATURE init", "", ""},
	{"NO SUCH COMMAND", "812A0001038401AA", ""},
};

static void test_commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t buf[64];
		struct wtr w = WTR_ON(buf);
		char words[200];

		assert_int_equal(hex_get(bytes_str(rows[i].hex), &w), ST_OK);
		explain_command(rows[i].name, wtr_bytes(&w), words, sizeof(words));
		assert_string_equal(words, rows[i].words);
	}
}

/* A label of control characters, and a room that is too small. */
static void test_bad(void **state)
{
	static const uint8_t cmd[] = {0x81, 0xB0, 0, 0, 6, 0x73, 4, 0x1B, '[', 'm', 0xFF};
	char words[200], tiny[8];

	(void)state;
	explain_command("READ FILE", BYTES_OF(cmd), words, sizeof(words));
	assert_string_equal(words, "file \"?[m?\", from byte 0");
	explain_command("READ FILE", BYTES_OF(cmd), tiny, sizeof(tiny));
	assert_true(strlen(tiny) < sizeof(tiny));
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(explain_status("READ FILE", 0x9000), "success");
	assert_string_equal(explain_status("READ FILE", 0x6A82), "not found");
	assert_string_equal(explain_status("VERIFY PIN", 0x63CF), "tries left");
	assert_string_equal(explain_status("no such", 0x63CF),
			    "success, a remote administration session ended");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
