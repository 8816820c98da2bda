/* SPDX-License-Identifier: Apache-2.0 */
/* What single lines mean: the classifier, the error codes and the three kinds of information. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "at_codes.h"
#include "at_line.h"
#include "hex.h"
#include "mem.h"

static const struct at_expect idle = {NULL, AT_WANT_NOTHING, NULL};
static const struct at_expect at = {"AT", AT_WANT_NOTHING, NULL};
static const struct at_expect csim = {"AT+CSIM=10,\"0070000001\"", AT_WANT_PREFIX, "+CSIM"};
static const struct at_expect cgla = {"AT+CGLA=1,10,\"00C0000000\"", AT_WANT_PREFIX, "+CGLA"};
static const struct at_expect ccho = {"AT+CCHO=\"A0000005590010\"", AT_WANT_HANDLE, "+CCHO"};
static const struct at_expect cchc = {"AT+CCHC=1", AT_WANT_NOTHING, NULL};
static const struct at_expect cgmi = {"AT+CGMI", AT_WANT_TEXT, "+CGMI"};
static const struct at_expect ccid = {"AT+CCID", AT_WANT_ICCID, NULL};

static void lines_are_classified(void **state)
{
	static const struct {
		const struct at_expect *x;
		const char *line;
		enum at_kind kind;
		const char *text;
		int code;
		bool have_info;
	} rows[] = {
		{&at, "", AT_NOISE, "", 0, false},
		{&at, "   ", AT_NOISE, "", 0, false},
		/* echo, whole and with its first characters lost */
		{&at, "AT", AT_ECHO, "", 0, false},
		{&at, "T", AT_ECHO, "", 0, false},
		{&cchc, "T+CCHC=1", AT_ECHO, "", 0, false},
		{&csim, "AT+CSIM=10,\"0070000001\"", AT_ECHO, "", 0, false},
		{&csim, "CSIM=10,\"0070000001\"", AT_ECHO, "", 0, false},
		{&csim, "\"0070000001\"", AT_URC, "", 0, false},
		/* final results: whole lines only */
		{&at, "OK", AT_OK, "", 0, false},
		{&at, " OK ", AT_OK, "", 0, false},
		{&at, "OKAY", AT_URC, "", 0, false},
		{&at, "ERROR", AT_ERROR, "", AT_CODE_PLAIN, false},
		{&at, "ERRORS", AT_URC, "", 0, false},
		{&at, "+CME ERROR: 14", AT_ERROR, "", 14, false},
		{&at, "+CME ERROR:3", AT_ERROR, "", 3, false},
		{&at, "+CME ERROR: SIM busy", AT_ERROR, "", 14, false},
		{&at, "+CME ERROR: SIM not inserted", AT_ERROR, "", 10, false},
		{&at, "+CME ERROR: operation not allowed", AT_ERROR, "", 3, false},
		{&at, "+CME ERROR: Parameters error", AT_ERROR, "", 50, false},
		{&at, "+CME ERROR: what is this", AT_ERROR, "", 100, false},
		{&at, "+CMS ERROR: 310", AT_ERROR, "", 10, false},
		{&at, "COMMAND NOT SUPPORT", AT_ERROR, "", AT_CODE_PLAIN, false},
		{&at, "MODEM ERROR: 4", AT_ERROR, "", AT_CODE_PLAIN, false},
		{&at, "NA", AT_ERROR, "", AT_CODE_PLAIN, false},
		{&at, "NO CARRIER", AT_URC, "", 0, false},
		{&at, "BUSY", AT_URC, "", 0, false},
		/* ATV0 */
		{&at, "0", AT_OK, "", 0, false},
		{&at, "4", AT_ERROR, "", AT_CODE_PLAIN, false},
		{&idle, "0", AT_URC, "", 0, false},
		{&csim, "0", AT_OK, "", 0, true},
		/* information */
		{&csim, "+CSIM: 6,\"019000\"", AT_INFO, "6,\"019000\"", 0, false},
		{&csim, "+CSIM:6,\"019000\"", AT_INFO, "6,\"019000\"", 0, false},
		{&csim, "+CSIM:  6, \"019000\"", AT_INFO, "6, \"019000\"", 0, false},
		{&csim, "+CSIM : 4,9000", AT_INFO, "4,9000", 0, false},
		{&cgla, "+CGLA: 1,4,\"9000\"", AT_INFO, "1,4,\"9000\"", 0, false},
		{&ccho, "+CCHO: 1", AT_INFO, "1", 0, false},
		{&ccho, "1", AT_INFO, "1", 0, false},
		{&ccho, "00000000038aa32f", AT_INFO, "00000000038aa32f", 0, false},
		{&ccho, "0", AT_OK, "", 0, true},
		{&ccho, "00000000038aa32f0", AT_URC, "", 0, false},
		{&ccho, "RING", AT_URC, "", 0, false},
		{&cgmi, "Quectel", AT_INFO, "Quectel", 0, false},
		{&cgmi, "+CGMI: Sequans", AT_INFO, "Sequans", 0, false},
		{&cgmi, "+CREG: 1", AT_URC, "", 0, false},
		{&cgmi, "RDY", AT_URC, "", 0, false},
		{&cgmi, "OK", AT_OK, "", 0, false},
		{&ccid, "+CCID: 8988211000000012345F", AT_INFO, "+CCID: 8988211000000012345F", 0,
		 false},
		{&ccid, "8988211000000012345", AT_INFO, "8988211000000012345", 0, false},
		{&ccid, "+CREG: 12345", AT_URC, "", 0, false},
		/* unsolicited lines, also glued to what we wait for */
		{&csim, "+CREG: 1", AT_URC, "", 0, false},
		{&csim, "^RSSI: 22", AT_URC, "", 0, false},
		{&csim, "+CREG: 5+CSIM: 4,\"9000\"", AT_INFO, "4,\"9000\"", 0, false},
		{&csim, "RING+CSIM: 4,\"9000\"", AT_INFO, "4,\"9000\"", 0, false},
		{&csim, "OK+CREG: 1", AT_OK, "", 0, true},
		{&csim, "+CREG: 1OK", AT_OK, "", 0, true},
		{&csim, "+CSQ: BOOK", AT_URC, "", 0, false},
		{&csim, "+CREG: 1+CME ERROR: 3", AT_ERROR, "", 3, false},
		/* answers to other commands */
		{&csim, "+CGLA: 4,\"9000\"", AT_FOREIGN, "", 0, false},
		{&idle, "+CSIM: 4,\"9000\"", AT_FOREIGN, "", 0, false},
		{&idle, "OK", AT_OK, "", 0, false},
		/* somebody's message is open */
		{&csim, "> ", AT_PROMPT, "", 0, false},
		{&csim, ">", AT_PROMPT, "", 0, false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct at_line l =
			at_line_classify(rows[i].x, rows[i].have_info, bytes_str(rows[i].line));
		if (l.kind != rows[i].kind)
			print_message("row %zu: '%s'\n", i, rows[i].line);
		assert_int_equal(l.kind, rows[i].kind);
		if (l.kind == AT_INFO)
			assert_true(bytes_equal(l.text, bytes_str(rows[i].text)));
		if (l.kind == AT_ERROR)
			assert_int_equal(l.code, rows[i].code);
	}
}

static void sim_news_are_heard(void **state)
{
	static const struct {
		const char *line;
		enum at_sim sim;
	} rows[] = {
		{"+CPIN: NOT READY", AT_SIM_OUT},
		{"+CPIN: NOT INSERTED", AT_SIM_OUT},
		{"+CPIN: READY", AT_SIM_IN},
		{"+QSIMSTAT: 1,0", AT_SIM_OUT},
		{"+QSIMSTAT: 1,1", AT_SIM_IN},
		{"#QSS: 0", AT_SIM_OUT},
		{"#QSS: 1", AT_SIM_IN},
		{"+CREG: 0", AT_SIM_NO_NEWS},
		{"+QSIMSTAT: 1,01", AT_SIM_NO_NEWS},
		{"RING", AT_SIM_NO_NEWS},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(at_line_classify(&idle, false, bytes_str(rows[i].line)).sim,
				 rows[i].sim);
}

static void apdu_answers_are_read(void **state)
{
	static const char digits_256[] =
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"0000000000000000";
	char cut[300], long_ok[300];
	static const struct {
		const char *info;
		const char *bytes; /* NULL: ST_MALFORMED */
	} rows[] = {
		{"4,\"9000\"", "9000"},
		{"4, \"9000\"", "9000"},
		{"6,019000", "019000"},
		{"6,\"01Ab00\"", "01AB00"},
		{"1,4,\"9000\"", "9000"},
		{"00000000038aa32f,4,\"9000\"", "9000"},
		{"0,\"\"", ""},
		{"2,\"90\"", "90"},
		/* the length field lies: the digits are believed */
		{"10,\"63CF\"", "63CF"},
		{"2,\"63CF\"", "63CF"},
		{"3,\"019000\"", "019000"},
		/* an unsolicited line stuck to the end */
		{"4,\"9000\"+CREG: 1,2", "9000"},
		{"4,9000+CREG: 1,2", "9000"},
		{"5,\"90001\"", NULL},
		{"4,\"90G0\"", NULL},
		{"4,\"9000", NULL},
		{"4,9000XYZ", NULL},
		{"4", NULL},
		{"\"9000\"", NULL},
		{"", NULL},
		{",", NULL},
		{"4,\"90 00\"", NULL},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t buf[300];
		char text[64];
		struct wtr w = WTR_ON(buf);
		status st = at_line_apdu(bytes_str(rows[i].info), &w);
		if ((st == ST_OK) != (rows[i].bytes != NULL))
			print_message("row %zu: %s\n", i, rows[i].info);
		assert_int_equal(st, rows[i].bytes ? ST_OK : ST_MALFORMED);
		if (rows[i].bytes)
			assert_string_equal(hex_str(wtr_bytes(&w), text, sizeof(text)),
					    rows[i].bytes);
	}
	/* a long answer that is shorter than announced was cut */
	uint8_t buf[300];
	struct wtr w = WTR_ON(buf);
	snprintf(cut, sizeof(cut), "516,\"%s\"", digits_256);
	snprintf(long_ok, sizeof(long_ok), "256,\"%s\"", digits_256);
	assert_int_equal(at_line_apdu(bytes_str(cut), &w), ST_MALFORMED);
	assert_int_equal(at_line_apdu(bytes_str(long_ok), &w), ST_OK);
	assert_int_equal(w.n, 128);
	/* more than fits */
	uint8_t small[4];
	struct wtr tight = WTR_ON(small);
	assert_int_equal(at_line_apdu(bytes_str("10,\"0102039000\""), &tight), ST_SHORT_OUT);
}

static void handles_are_opaque(void **state)
{
	char handle[24] = "untouched";
	(void)state;
	assert_int_equal(at_line_handle(bytes_str(""), handle), ST_MALFORMED);
	assert_int_equal(at_line_handle(bytes_str("xyz"), handle), ST_MALFORMED);
	assert_int_equal(at_line_handle(bytes_str("12345678901234567"), handle), ST_MALFORMED);
	assert_string_equal(handle, "untouched");
	assert_int_equal(at_line_handle(bytes_str("00000000038aa32f"), handle), ST_OK);
	assert_string_equal(handle, "00000000038aa32f");
	assert_int_equal(at_line_handle(bytes_str("\"2\""), handle), ST_OK);
	assert_string_equal(handle, "2");
	assert_int_equal(at_line_handle(bytes_str("3+CREG: 1"), handle), ST_OK);
	assert_string_equal(handle, "3");
}

static void iccids_are_found(void **state)
{
	static const struct {
		const char *info;
		const char *iccid;
	} rows[] = {
		{"+CCID: \"89882110000000123456\"", "89882110000000123456"},
		{"+ICCID: 8988211000000012345F", "8988211000000012345"},
		{"898821100000001234", "898821100000001234"},
		{"+CRSM: 144,0,\"98881201000000214365\"", "89882110000000123456"},
		{"+CRSM: 144,0,\"988812010000002143F5\"", "8988211000000012345"},
		{"+CRSM: 106,130,\"\"", NULL},
		{"12345678901234567", NULL},
		{"123456789012345678901", NULL},
		{"", NULL},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char iccid[ICCID_DIGITS_MAX + 1] = "";
		status st = at_line_iccid(bytes_str(rows[i].info), iccid);
		assert_int_equal(st, rows[i].iccid ? ST_OK : ST_MALFORMED);
		assert_string_equal(iccid, rows[i].iccid ? rows[i].iccid : "");
	}
}

static void refusals_depend_on_the_command(void **state)
{
	static const struct {
		int code;
		status setup, open, cgla, csim;
	} rows[] = {
		{10, ST_NO_CARD, ST_NO_CARD, ST_CARD_GONE, ST_CARD_GONE},
		{11, ST_SIM_PIN, ST_SIM_PIN, ST_SIM_PIN, ST_SIM_PIN},
		{12, ST_SIM_PIN, ST_SIM_PIN, ST_SIM_PIN, ST_SIM_PIN},
		{13, ST_NO_CARD, ST_NO_APPLET, ST_IO, ST_IO},
		{14, ST_CARD_BUSY, ST_CARD_BUSY, ST_CARD_BUSY, ST_CARD_BUSY},
		{3, ST_IO, ST_UNSUPPORTED_LINK, ST_CHANNEL_LOST, ST_UNSUPPORTED_LINK},
		{21, ST_IO, ST_UNSUPPORTED_LINK, ST_CHANNEL_LOST, ST_IO},
		{50, ST_IO, ST_UNSUPPORTED_LINK, ST_CHANNEL_LOST, ST_IO},
		{100, ST_IO, ST_UNSUPPORTED_LINK, ST_CHANNEL_LOST, ST_IO},
		{4, ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK,
		 ST_UNSUPPORTED_LINK},
		{AT_CODE_PLAIN, ST_IO, ST_UNSUPPORTED_LINK, ST_CHANNEL_LOST, ST_IO},
		{4711, ST_IO, ST_UNSUPPORTED_LINK, ST_CHANNEL_LOST, ST_IO},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(at_codes_status(rows[i].code, AT_IN_SETUP), rows[i].setup);
		assert_int_equal(at_codes_status(rows[i].code, AT_IN_OPEN), rows[i].open);
		assert_int_equal(at_codes_status(rows[i].code, AT_IN_CGLA), rows[i].cgla);
		assert_int_equal(at_codes_status(rows[i].code, AT_IN_CSIM), rows[i].csim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_classified),
		cmocka_unit_test(sim_news_are_heard),
		cmocka_unit_test(apdu_answers_are_read),
		cmocka_unit_test(handles_are_opaque),
		cmocka_unit_test(iccids_are_found),
		cmocka_unit_test(refusals_depend_on_the_command),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
