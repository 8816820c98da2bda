/* SPDX-License-Identifier: Apache-2.0 */
/* MBIM messages and structures, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hex.h"
#include "mbim_codes.h"
#include "mbim_info.h"
#include "mbim_wire.h"
#include "mem.h"

static struct bytes from_hex(const char *hex)
{
	static uint8_t buf[1024];
	struct wtr w = WTR_ON(buf);
	assert_int_equal(hex_get(bytes_str(hex), &w), ST_OK);
	return wtr_bytes(&w);
}

static void is_hex(const struct wtr *w, const char *want)
{
	char text[1024];
	assert_int_equal(wtr_done(w), ST_OK);
	assert_string_equal(hex_str(wtr_bytes(w), text, sizeof(text)), want);
}

static void messages_out(void **state)
{
	uint8_t buf[MBIM_COMMAND_MAX];
	struct wtr w = WTR_ON(buf);
	(void)state;
	mbim_wire_put_open(&w, 0x01020304);
	is_hex(&w, "01000000100000000403020100100000");
	w = WTR_ON(buf);
	const struct mbim_command c = {MBIM_UICC, MBIM_CID_UICC_CLOSE, true, BYTES_LIT("\x01\x02")};
	mbim_wire_put_command(&w, 7, &c);
	is_hex(&w, "030000003200000007000000"
		   "0100000000000000"
		   "C2F6588EF0374BC98665F4D44BD09367"
		   "0300000001000000020000000102");
	w = WTR_ON(buf);
	const struct mbim_command q = {MBIM_BASIC_CONNECT, 2, false, {0}};
	mbim_wire_put_command(&w, 1, &q);
	is_hex(&w, "030000003000000001000000"
		   "0100000000000000"
		   "A289CC33BCBB8B4FB6B0133EC2AAE6DF"
		   "020000000000000000000000");
}

static void structures_out(void **state)
{
	uint8_t buf[MBIM_COMMAND_MAX];
	struct wtr w = WTR_ON(buf);
	char path[300];
	(void)state;
	assert_int_equal(mbim_info_put_proxy(&w, "/d", 30), ST_OK);
	is_hex(&w, "0C000000040000001E0000002F006400");
	w = WTR_ON(buf);
	assert_int_equal(mbim_info_put_proxy(&w, "/de", 30), ST_OK);
	is_hex(&w, "0C000000060000001E0000002F00640065000000");
	w = WTR_ON(buf);
	assert_int_equal(mbim_info_put_proxy(&w, "/d\xC3\xA4", 30), ST_ARG);
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	w = WTR_ON(buf);
	assert_int_equal(mbim_info_put_proxy(&w, path, 30), ST_SHORT_OUT);
	w = WTR_ON(buf);
	mbim_info_put_open(&w, BYTES_LIT("\xA0\x00\x00\x00\x87"), MBIM_SELECT_NOTHING);
	is_hex(&w, "05000000100000000C00000046415349A000000087000000");
	w = WTR_ON(buf);
	mbim_info_put_close(&w, 3);
	is_hex(&w, "0300000046415349");
	w = WTR_ON(buf);
	mbim_info_put_apdu(&w, 19, BYTES_LIT("\x80\x2A\x00\x00\x00"));
	is_hex(&w, "13000000000000000100000005000000"
		   "14000000802A000000000000");
	w = WTR_ON(buf);
	mbim_info_put_apdu(&w, 1, BYTES_LIT("\x00\xB0\x00\x00"));
	is_hex(&w, "01000000000000000000000004000000"
		   "1400000000B00000");
}

static void lengths(void **state)
{
	static const struct {
		const char *hex;
		status st;
		size_t n;
	} rows[] = {
		{"0100000010000000", ST_OK, 16},       {"010000000C000000", ST_OK, 12},
		{"0100000000000100", ST_OK, 65536},    {"010000000B000000", ST_MALFORMED, 0},
		{"0100000001000100", ST_MALFORMED, 0}, {"01000000FFFFFFFF", ST_MALFORMED, 0},
		{"01000000100000", ST_TRUNCATED, 0},   {"", ST_TRUNCATED, 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = 0;
		assert_int_equal(mbim_wire_length(from_hex(rows[i].hex), &n), rows[i].st);
		assert_int_equal(n, rows[i].n);
	}
}

static void frames(void **state)
{
	static const struct {
		const char *hex;
		status st;
		size_t body;
	} rows[] = {
		{"01000080100000000500000000000000", ST_OK, 4},
		{"0100008011000000050000000000000000", ST_OK, 5},
		{"01000080110000000500000000000000", ST_MALFORMED, 0},
		{"030000801400000005000000"
		 "0200000001000000",
		 ST_OK, 0},
		{"030000801400000005000000"
		 "0100000001000000",
		 ST_MALFORMED, 0},
		{"030000801400000005000000"
		 "0000000000000000",
		 ST_MALFORMED, 0},
		{"0300008013000000050000000100000000000000", ST_MALFORMED, 0},
		{"0700008010000000050000000100000000", ST_MALFORMED, 0},
		{"07000080100000000500000001000000", ST_TRUNCATED, 0},
		{"0700008010", ST_TRUNCATED, 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mbim_frame f = {0};
		assert_int_equal(mbim_wire_frame(from_hex(rows[i].hex), &f), rows[i].st);
		if (rows[i].st != ST_OK)
			continue;
		assert_int_equal(f.tid, 5);
		assert_int_equal(f.body.n, rows[i].body);
	}
}

#define UICC "C2F6588EF0374BC98665F4D44BD09367"

static void what_is_said(void **state)
{
	struct mbim_said s = {0};
	uint32_t code = 0;
	(void)state;
	struct bytes b = from_hex(UICC "04000000"
				       "03004387"
				       "02000000"
				       "AABBCC");
	assert_int_equal(mbim_wire_said(MBIM_COMMAND_DONE, b, &s), ST_OK);
	assert_int_equal(s.service, MBIM_UICC);
	assert_int_equal(s.cid, 4);
	assert_int_equal(s.status, 0x87430003);
	assert_int_equal(s.info.n, 2);
	assert_int_equal(s.info.p[1], 0xBB);
	/* an indication has no status */
	b = from_hex("A289CC33BCBB8B4FB6B0133EC2AAE6DF"
		     "02000000"
		     "01000000"
		     "AA");
	assert_int_equal(mbim_wire_said(MBIM_INDICATE, b, &s), ST_OK);
	assert_int_equal(s.service, MBIM_BASIC_CONNECT);
	assert_int_equal(s.status, 0);
	assert_int_equal(s.info.n, 1);
	b = from_hex("00000000000000000000000000000000"
		     "0200000000000000");
	assert_int_equal(mbim_wire_said(MBIM_INDICATE, b, &s), ST_OK);
	assert_int_equal(s.service, MBIM_OTHER_SERVICE);
	b = from_hex(UICC "04000000"
			  "00000000"
			  "04000000"
			  "AABBCC");
	assert_int_equal(mbim_wire_said(MBIM_COMMAND_DONE, b, &s), ST_TRUNCATED);
	b = from_hex(UICC "04000000"
			  "00000000"
			  "FFFFFFFF"
			  "AABBCC");
	assert_int_equal(mbim_wire_said(MBIM_COMMAND_DONE, b, &s), ST_TRUNCATED);
	assert_int_equal(mbim_wire_said(MBIM_COMMAND_DONE, from_hex(UICC), &s), ST_TRUNCATED);
	assert_int_equal(mbim_wire_code(from_hex("05000000"), &code), ST_OK);
	assert_int_equal(code, MBIM_ERROR_NOT_OPENED);
	assert_int_equal(mbim_wire_code(from_hex("050000"), &code), ST_TRUNCATED);
}

static void the_channel(void **state)
{
	uint16_t sw = 0;
	uint32_t channel = 0;
	(void)state;
	assert_int_equal(mbim_info_opened(from_hex("6A82000000000000"), &sw, &channel), ST_OK);
	assert_int_equal(sw, 0x6A82);
	assert_int_equal(channel, 0);
	assert_int_equal(mbim_info_opened(from_hex("90000000030000000200000010000000"
						   "6F00"),
					  &sw, &channel),
			 ST_OK);
	assert_int_equal(sw, 0x9000);
	assert_int_equal(channel, 3);
	assert_int_equal(mbim_info_opened(from_hex("90000000030000"), &sw, &channel), ST_TRUNCATED);
	assert_int_equal(mbim_info_opened(from_hex("90"), &sw, &channel), ST_TRUNCATED);
}

static void a_reply_that_is_too_long(void **state)
{
	uint8_t buf[4];
	struct wtr w = WTR_ON(buf);
	(void)state;
	assert_int_equal(mbim_info_reply(from_hex("90000000030000000C000000010203"), &w),
			 ST_SHORT_OUT);
}

/* Where the ICCID stands in the two forms, and where it cannot stand. */
static void the_sim(void **state)
{
#define ICCID_TEXT "380039003800380031003100320032003300330034003400"
	static const struct {
		const char *hex;
		status st;
		const char *iccid;
	} rows[] = {
		{"01000000"
		 "0000000000000000"
		 "1C00000018000000"
		 "0000000000000000" ICCID_TEXT,
		 ST_OK, "898811223344"},
		{"0100000000000000"
		 "0000000000000000"
		 "2000000018000000"
		 "0000000000000000" ICCID_TEXT,
		 ST_OK, "898811223344"},
		/* inside the fixed part; behind the end; an odd size; not there */
		{"01000000"
		 "0000000000000000"
		 "1800000018000000"
		 "0000000000000000" ICCID_TEXT,
		 ST_OK, ""},
		{"01000000"
		 "0000000000000000"
		 "1C0000001A000000"
		 "0000000000000000" ICCID_TEXT,
		 ST_OK, ""},
		{"01000000"
		 "0000000000000000"
		 "1C00000017000000"
		 "0000000000000000" ICCID_TEXT,
		 ST_OK, ""},
		{"01000000"
		 "0000000000000000"
		 "FCFFFFFF18000000"
		 "0000000000000000" ICCID_TEXT,
		 ST_OK, ""},
		{"01000000"
		 "0000000000000000"
		 "0000000000000000"
		 "0000000000000000",
		 ST_OK, ""},
		{"01000000"
		 "0000000000000000"
		 "0000000000000000"
		 "00000000000000",
		 ST_TRUNCATED, ""},
		{"", ST_TRUNCATED, ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mbim_sim sim = {0};
		assert_int_equal(mbim_info_sim(from_hex(rows[i].hex), &sim), rows[i].st);
		assert_string_equal(sim.iccid, rows[i].iccid);
		assert_int_equal(sim.ready, rows[i].st == ST_OK);
	}
}

static void no_code_means_success(void **state)
{
	(void)state;
	for (enum mbim_context in = MBIM_IN_QUERY; in < MBIM_CONTEXTS; in++) {
		for (int code = 0; code < 200; code++)
			assert_int_not_equal(mbim_codes_status((enum mbim_code)code, in), ST_OK);
		assert_int_not_equal(mbim_codes_status(MBIM_CODE_SELECT_FAILED, in), ST_OK);
	}
	assert_int_equal(mbim_codes_select(0x6A82), ST_NO_APPLET);
	assert_int_equal(mbim_codes_select(0x6A81), ST_NO_CHANNEL);
	assert_int_equal(mbim_codes_select(0), ST_NO_APPLET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_out),
		cmocka_unit_test(structures_out),
		cmocka_unit_test(lengths),
		cmocka_unit_test(frames),
		cmocka_unit_test(what_is_said),
		cmocka_unit_test(the_channel),
		cmocka_unit_test(the_sim),
		cmocka_unit_test(a_reply_that_is_too_long),
		cmocka_unit_test(no_code_means_success),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
