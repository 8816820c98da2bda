/* SPDX-License-Identifier: Apache-2.0 */
/* The decoders of the qmi: back end on bytes: whole, cut at every place, with every length wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "hex.h"
#include "mem.h"
#include "qmi_codes.h"
#include "qmi_long.h"
#include "qmi_uim.h"
#include "qmi_wire.h"

static struct bytes from_hex(const char *text)
{
	static uint8_t buf[4][1024];
	static unsigned next;
	struct wtr w = WTR_ON(buf[next++ % 4]);
	assert_int_equal(hex_get(bytes_str(text), &w), ST_OK);
	return wtr_bytes(&w);
}

static const char *to_hex(struct bytes b)
{
	static char text[2048];
	return hex_str(b, text, sizeof(text));
}

static void requests_as_bytes(void **state)
{
	static const struct {
		struct qmi_message m;
		const char *tlvs, *want;
	} rows[] = {
		{{.service = QMI_CTL, .tid = 7, .id = QMI_CTL_ALLOCATE},
		 "0101000B",
		 "010F000000000007220004000101000B"},
		{{.service = QMI_UIM, .client = 5, .tid = 0x1234, .id = QMI_UIM_CARD_STATUS},
		 "",
		 "010C00000B050034122F000000"},
		{{.service = QMI_UIM, .client = 5, .tid = 1, .id = QMI_UIM_SLOT_STATUS},
		 "010000",
		 "010F00000B050001004700030001" /* no value */
		 "0000"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t buf[64];
		struct wtr w = WTR_ON(buf);
		struct qmi_message m = rows[i].m;
		m.tlvs = from_hex(rows[i].tlvs);
		qmi_wire_put(&m, &w);
		assert_int_equal(wtr_done(&w), ST_OK);
		assert_string_equal(to_hex(wtr_bytes(&w)), rows[i].want);
	}
}

/* Allocate's answer, and an indication of UIM. */
static const char answer[] = "01170080000001072200"
			     "0C00"
			     "02040000000000"
			     "0102000B05";
static const char indication[] = "011000800B0504000032000400"
				 "10010007";

static void frames_in_a_stream(void **state)
{
	static const char *const noise[] = {"",		"00",	    "FFFFFF",
					    "0100",	"01010001", "0101FF80",
					    "01FFFF80", "01170042", "0D0A4F4B0D0A"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(noise); i++) {
		char text[256];
		size_t skip = 0, want = strlen(noise[i]) / 2;
		struct bytes frame;
		snprintf(text, sizeof(text), "%s%s%s", noise[i], answer, indication);
		struct bytes all = from_hex(text);
		qmi_wire_scan(all, &skip, &frame);
		assert_int_equal(skip, want);
		assert_string_equal(to_hex(frame), answer);
		qmi_wire_scan(bytes_of(all.p + skip + frame.n, all.n - skip - frame.n), &skip,
			      &frame);
		assert_int_equal(skip, 0);
		assert_string_equal(to_hex(frame), indication);
		/* cut: more is needed */
		for (size_t n = want; n < want + strlen(answer) / 2; n++) {
			qmi_wire_scan(bytes_of(all.p, n), &skip, &frame);
			assert_true(skip <= want);
			assert_int_equal(frame.n, 0);
		}
	}
}

static void messages(void **state)
{
	struct qmi_message m;
	uint16_t error = 1;
	uint8_t cid = 0;
	(void)state;
	assert_int_equal(qmi_wire_decode(from_hex(answer), &m), ST_OK);
	assert_int_equal(m.service, QMI_CTL);
	assert_int_equal(m.kind, QMI_RESPONSE);
	assert_int_equal(m.tid, 7);
	assert_int_equal(m.id, QMI_CTL_ALLOCATE);
	assert_false(m.damaged);
	assert_int_equal(qmi_wire_result(m.tlvs, &error), ST_OK);
	assert_int_equal(error, 0);
	assert_int_equal(qmi_uim_client(m.tlvs, &cid), ST_OK);
	assert_int_equal(cid, 5);
	assert_int_equal(qmi_wire_decode(from_hex(indication), &m), ST_OK);
	assert_int_equal(m.kind, QMI_INDICATION);
	assert_int_equal(m.client, 5);
	assert_int_equal(m.tid, 0);

	/* cut anywhere: a header that is not whole, or TLVs that do not fit */
	struct bytes whole = from_hex(answer);
	for (size_t n = 0; n < whole.n; n++) {
		status st = qmi_wire_decode(bytes_of(whole.p, n), &m);
		assert_true(st == ST_MALFORMED || (m.damaged && m.tlvs.n == 0));
		assert_int_equal(st == ST_OK, n >= 12);
	}
	/* flags that are none */
	assert_int_equal(qmi_wire_decode(from_hex("010B0080000003072200"
						  "0000"),
					 &m),
			 ST_MALFORMED);
	assert_int_equal(qmi_wire_decode(from_hex("010C00800B0503000032000000"), &m), ST_MALFORMED);
}

static void results(void **state)
{
	static const struct {
		const char *tlvs;
		status st;
		uint16_t error;
	} rows[] = {
		{"02040000000000", ST_OK, 0},
		{"02040001005200", ST_OK, 82},
		{"01010000"
		 "02040001000300",
		 ST_OK, 3},
		/* twice: the first counts */
		{"02040001000300"
		 "02040000000000",
		 ST_OK, 3},
		{"02040000005200", ST_OK, 0},
		{"02040001000000", ST_MALFORMED, 0},
		{"0203000100", ST_MALFORMED, 0},
		{"", ST_MALFORMED, 0},
		{"01010000", ST_MALFORMED, 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint16_t error = 0;
		assert_int_equal(qmi_wire_result(from_hex(rows[i].tlvs), &error), rows[i].st);
		assert_int_equal(error, rows[i].error);
	}
}

static void card_states(void **state)
{
	/* two cards: one absent; one present with two applications, whose AIDs have 7 and 0 bytes
	 */
	static const char two[] = "10400000000100FFFFFFFF"
				  "02"
				  "000000000000"
				  "010102030402"
				  "020702000000"
				  "07A0000000871002"
				  "00030303030303"
				  "050100000000"
				  "00"
				  "00000000000000";
	char text[256];
	(void)state;
	snprintf(text, sizeof(text), "%s", two);
	size_t n = strlen(two) / 2 - 3;
	snprintf(text + 2, 3, "%02X", (unsigned)n);
	text[4] = '0';
	struct bytes all = from_hex(text);
	assert_int_equal(qmi_uim_card(all, 1), QMI_CARD_OUT);
	assert_int_equal(qmi_uim_card(all, 2), QMI_CARD_IN);
	assert_int_equal(qmi_uim_card(all, 3), QMI_CARD_UNKNOWN);
	assert_int_equal(qmi_uim_card(bytes_of(NULL, 0), 1), QMI_CARD_UNKNOWN);
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t tlv[256];
		struct wtr w = WTR_ON(tlv);
		qmi_wire_put_tlv(&w, 0x10, bytes_of(all.p + 3, cut));
		assert_int_equal(qmi_uim_card(wtr_bytes(&w), 2), QMI_CARD_UNKNOWN);
	}
}

static void slot_states(void **state)
{
	struct qmi_slot_status s;
	(void)state;
	static const char two[] = "101F000201000000000000000000"
				  "0200000001000000010A98881201000000214365";
	assert_int_equal(qmi_uim_slot(from_hex(two), 1, &s), ST_OK);
	assert_int_equal(s.card, QMI_CARD_IN);
	assert_string_equal(s.iccid, "89882110000000123456");
	assert_int_equal(qmi_uim_slot(from_hex(two), 2, &s), ST_NO_ENTRY);
	assert_int_equal(qmi_uim_slot(from_hex("100B000101000000010000000200"), 2, &s), ST_OK);
	assert_int_equal(s.card, QMI_CARD_OUT);
	assert_string_equal(s.iccid, "");
	/* cut, too long, no digits */
	assert_int_equal(qmi_uim_slot(from_hex("100B000201000000010000000200"), 1, &s),
			 ST_MALFORMED);
	assert_int_equal(qmi_uim_slot(from_hex("100B000102000000010000000105"), 1, &s),
			 ST_MALFORMED);
	assert_int_equal(qmi_uim_slot(from_hex("1016000102000000010000000"
					       "10B9888120100000021436521"),
				      1, &s),
			 ST_MALFORMED);
	assert_int_equal(qmi_uim_slot(from_hex("1010000102000000010000000105988812A100"), 1, &s),
			 ST_MALFORMED);
	assert_int_equal(qmi_uim_slot(from_hex("100000"), 1, &s), ST_TRUNCATED);
}

static void no_error_is_a_success(void **state)
{
	(void)state;
	for (unsigned error = 1; error <= UINT16_MAX; error++)
		for (enum qmi_context in = QMI_IN_CTL; in < QMI_CONTEXTS; in++)
			assert_int_not_equal(qmi_codes_status((uint16_t)error, in), ST_OK);
	assert_string_equal(qmi_codes_name(0), "success");
	assert_string_equal(qmi_codes_name(82), "AccessDenied");
	assert_string_equal(qmi_codes_name(4711), "error");
}

/* Every byte of the largest answer, one at a time, from the end. */
static void the_longest_answer(void **state)
{
	static struct qmi_long l;
	(void)state;
	qmi_long_reset(&l);
	for (unsigned at = REPLY_TOTAL_MAX; at-- > 0;) {
		uint8_t chunk[11];
		struct wtr w = WTR_ON(chunk);
		wtr_u32le(&w, 77);
		wtr_u16le(&w, REPLY_TOTAL_MAX);
		wtr_u16le(&w, (uint16_t)at);
		wtr_u16le(&w, 1);
		wtr_u8(&w, (uint8_t)at);
		assert_false(qmi_long_complete(&l));
		assert_int_equal(qmi_long_chunk(&l, rdr_of(wtr_bytes(&w))), ST_OK);
	}
	assert_false(qmi_long_complete(&l));
	assert_int_equal(qmi_long_announce(&l, rdr_of(from_hex("00104D000000"))), ST_OK);
	assert_true(qmi_long_complete(&l));
	for (size_t i = 0; i < REPLY_TOTAL_MAX; i++)
		assert_int_equal(qmi_long_bytes(&l).p[i], i & 0xFF);
	/* cut chunks */
	struct bytes whole = from_hex("4D000000001000000400AABBCCDD");
	for (size_t n = 0; n < whole.n; n++)
		assert_int_equal(qmi_long_chunk(&l, rdr_of(bytes_of(whole.p, n))), ST_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_as_bytes),
		cmocka_unit_test(frames_in_a_stream),
		cmocka_unit_test(messages),
		cmocka_unit_test(results),
		cmocka_unit_test(card_states),
		cmocka_unit_test(slot_states),
		cmocka_unit_test(no_error_is_a_success),
		cmocka_unit_test(the_longest_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
