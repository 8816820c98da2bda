/* SPDX-License-Identifier: Apache-2.0 */
/* The text of the host-side store's entries: whatever bytes go in come out again, and what is not
 * exactly an entry is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "crypto.h"
#include "hex.h"
#include "mem.h"
#include "store.h"
#include "store_same.h"

/* SEQUENCE { INTEGER 1 }: the store does not look further into a certificate */
static uint8_t small_der[] = {0x30, 0x03, 0x02, 0x01, 0x01};

static struct store_entry certificate(void)
{
	struct store_entry e = {.kind = STORE_CERTIFICATE,
				.has_key = true,
				.label = "device",
				.id = {1, 2, 3},
				.id_n = 3,
				.value = small_der,
				.value_n = sizeof(small_der)};

	memset(e.key, 0xA5, sizeof(e.key));
	return e;
}

static struct store_entry data(uint8_t *value, size_t n)
{
	return (struct store_entry){.kind = STORE_DATA, .label = "d", .value = value, .value_n = n};
}

static void there_and_back(const struct store_entry *e)
{
	static uint8_t text[STORE_TEXT_MAX];
	struct store_entry back;
	size_t n = store_printed(e, text);

	assert_int_equal(store_parse(bytes_of(text, n), &back), ST_OK);
	store_same(e, &back);
	assert_string_equal(back.file, "");
	free(back.value);
}

static void test_text(void **state)
{
	static const char expected[] = "kind: data\n"
				       "key: A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5\n"
				       "label: \\x20a\xC3\xA4\\\\\\x0A\\xFF\\x20\n"
				       "id: 00FF\n"
				       "application: app\n"
				       "object-id: 06032A0304\n"
				       "-----BEGIN DATA-----\n"
				       "aGVsbG8=\n"
				       "-----END DATA-----\n";
	static uint8_t text[STORE_TEXT_MAX];
	uint8_t hello[] = "hello";
	struct store_entry e = data(hello, 5);
	size_t n;

	(void)state;
	e.has_key = true;
	memset(e.key, 0xA5, sizeof(e.key));
	strcpy(e.label, " a\xC3\xA4\\\n\xFF ");
	e.id[1] = 0xFF;
	e.id_n = 2;
	strcpy(e.application, "app");
	memcpy(e.object_id, "\x06\x03\x2A\x03\x04", 5);
	e.object_id_n = 5;
	n = store_printed(&e, text);
	assert_memory_equal(text, "iotsafe-object 1\nsha256: ", 25);
	assert_int_equal(n, 25 + 64 + 1 + sizeof(expected) - 1);
	assert_memory_equal(text + 90, expected, sizeof(expected) - 1);
	there_and_back(&e);
}

static void test_all_bytes_survive(void **state)
{
	static uint8_t value[STORE_VALUE_MAX];
	struct store_entry e;

	(void)state;
	for (unsigned first = 1; first < 256; first += STORE_LABEL_MAX) {
		e = data(value, 0);
		for (unsigned i = 0; i < STORE_LABEL_MAX && first + i < 256; i++) {
			e.label[i] = (char)(first + i);
			e.application[STORE_LABEL_MAX - 1 - i] = (char)(first + i);
		}
		if (first + STORE_LABEL_MAX >= 256)
			e.application[0] = '.';
		there_and_back(&e);
	}
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t n = 0; n < 200; n++) {
		e = data(value, n);
		there_and_back(&e);
	}
	e = data(value, sizeof(value));
	memset(e.label, 1, STORE_LABEL_MAX); /* the longest text that there is */
	memset(e.application, 1, STORE_LABEL_MAX);
	memset(e.id, 1, e.id_n = STORE_ID_MAX);
	memset(e.object_id, 1, e.object_id_n = STORE_ID_MAX);
	e.has_key = true;
	there_and_back(&e);
}

/* What is said of keys, and of no others. */
static void test_keys(void **state)
{
	static uint8_t text[STORE_TEXT_MAX];
	struct wtr w = WTR_ON(text);
	struct store_entry name = {.kind = STORE_KEY_NAME, .has_key = true, .generated = true};
	struct store_entry gone = {.kind = STORE_KEY_DISCARDED, .has_key = true};

	(void)state;
	there_and_back(&name);
	there_and_back(&gone);
	memset(name.subject, 0x30, name.subject_n = STORE_SUBJECT_MAX);
	there_and_back(&name);
	name.subject_n++;
	assert_int_equal(store_print(&name, &w), ST_ARG);
	gone.generated = true;
	assert_int_equal(store_print(&gone, &w), ST_ARG);
	gone = (struct store_entry){.kind = STORE_KEY_DISCARDED};
	assert_int_equal(store_print(&gone, &w), ST_ARG); /* of no key */
	gone = (struct store_entry){.kind = STORE_KEY_DISCARDED, .has_key = true, .label = "x"};
	assert_int_equal(store_print(&gone, &w), ST_ARG);
	gone = (struct store_entry){.kind = STORE_KEY_DISCARDED, .has_key = true, .id_n = 1};
	assert_int_equal(store_print(&gone, &w), ST_ARG);
	gone = certificate();
	gone.subject_n = 1;
	assert_int_equal(store_print(&gone, &w), ST_ARG);
}

static void test_print_refuses(void **state)
{
	static uint8_t text[STORE_TEXT_MAX];
	struct wtr w = WTR_ON(text), narrow = wtr_on(text, 100);
	struct store_entry e = certificate();

	(void)state;
	assert_int_equal(store_print(&e, &narrow), ST_SHORT_OUT);
	e.value_n--;
	assert_int_equal(store_print(&e, &w), ST_ARG);
	e = certificate();
	strcpy(e.application, "a");
	assert_int_equal(store_print(&e, &w), ST_ARG);
	e = certificate();
	e.kind = (enum store_kind)7;
	assert_int_equal(store_print(&e, &w), ST_ARG);
	e = certificate();
	memset(e.label, 'x', sizeof(e.label)); /* no NUL */
	assert_int_equal(store_print(&e, &w), ST_ARG);
	e = (struct store_entry){.kind = STORE_KEY_NAME, .label = "x"};
	assert_int_equal(store_print(&e, &w), ST_ARG);
	e.has_key = true;
	e.value = small_der;
	e.value_n = 1;
	assert_int_equal(store_print(&e, &w), ST_ARG);
	e = data(small_der, STORE_VALUE_MAX + 1);
	assert_int_equal(store_print(&e, &w), ST_ARG);
	assert_int_equal(w.n, 0);
}

/* With the right sum, so that what is refused is refused for what it says. */
static status parse_body(const char *body)
{
	static uint8_t text[4096];
	uint8_t sum[HASH_MAX];
	struct wtr w = WTR_ON(text);
	struct store_entry e;
	status st;

	assert_int_equal(hash_once(HASH_SHA256, bytes_str(body), sum), ST_OK);
	wtr_printf(&w, "iotsafe-object 1\nsha256: ");
	hex_put(&w, bytes_of(sum, 32));
	wtr_printf(&w, "\n%s", body);
	assert_int_equal(wtr_done(&w), ST_OK);
	st = store_parse(wtr_bytes(&w), &e);
	if (st == ST_OK)
		free(e.value);
	return st;
}

#define KEY "key: A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5\n"
#define NAMED "kind: key-name\n" KEY
#define DATA(base64) "kind: data\n-----BEGIN DATA-----\n" base64 "-----END DATA-----\n"
#define CERTIFICATE(kind, base64)                                                                  \
	"kind: " kind "\n-----BEGIN CERTIFICATE-----\n" base64 "-----END CERTIFICATE-----\n"

static void test_bodies(void **state)
{
	/* clang-format off */
	static const char *const good[] = {
		DATA(""), DATA("QQ==\n"), DATA("QUE=\n"), DATA("QUFB\n"),
		"kind: key-name\n" KEY, KEY "label: x\nkind: key-name\n",
		CERTIFICATE("certificate", "MAMCAQE=\n"), "kind: discarded-key\n" KEY,
		NAMED "generated: yes\nsubject: 3000\n",
	};
	static const char *const bad[] = {
		"", "\n", "kind: data", "kind: data\n", "kind: door\n", KEY,
		"kind: key-name\n", /* without its key */
		NAMED KEY, NAMED "more: x\n", NAMED "\n", "kind:key-name\n" KEY,
		"kind: key-name\nkey: A5A5\n", "kind: key-name\nkey: \n",
		NAMED "id: \n", NAMED "id: 1\n",
		NAMED "label: \\\n", NAMED "label: \\x\n", NAMED "label: \\x00\n",
		NAMED "label: \\q\n", NAMED "label: \\xG0\n", NAMED "label: \x01\n",
		NAMED "label: x\r\n", NAMED "application: x\n", NAMED "object-id: 00\n",
		"-----BEGIN DATA-----\nkind: data\n",
		DATA("\n"), DATA("Q\n"), DATA("QQ\n"), DATA("QQ=\n"), DATA("QQ==QQ==\n"),
		DATA("QUFB\nQUFB\n"), DATA("QQ==\nQQ==\n"), DATA("QUFB\n") "x\n",
		DATA("QR==\n"), DATA("QUF=\n"), DATA("Q===\n"), DATA("====\n"), DATA("QU-B\n"),
		DATA("QUFB \n"), DATA("QUFB\r\n"), DATA("QUFB\n") "\n", DATA("=QUF\n"),
		DATA("Q=UF\n"),
		DATA("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n"),
		"kind: data\n-----BEGIN DATA-----\nQUFB\n-----END CERTIFICATE-----\n",
		CERTIFICATE("data", "MAMCAQE=\n"), CERTIFICATE("certificate", "MAMCAQ==\n"),
		CERTIFICATE("certificate", ""),
		"kind: discarded-key\n", "kind: discarded-key\n" KEY "label: x\n",
		"kind: discarded-key\n" KEY "generated: yes\n",
		NAMED "generated: no\n", NAMED "generated: \n", NAMED "subject: \n",
		"generated: yes\n" DATA("QUFB\n"), "subject: 30\n" DATA("QUFB\n"),
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (parse_body(good[i]) != ST_OK)
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (parse_body(bad[i]) != ST_MALFORMED)
			fail_msg("accepted: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),   cmocka_unit_test(test_all_bytes_survive),
		cmocka_unit_test(test_keys),   cmocka_unit_test(test_print_refuses),
		cmocka_unit_test(test_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
