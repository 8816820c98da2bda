/* SPDX-License-Identifier: Apache-2.0 */
/* The qmi: back end's operations against a scripted modem: what is sent, what each answer means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "mem.h"
#include "qmi_rig.h"

static const uint8_t aid[] = {0xA0, 0x00, 0x00, 0x05, 0x59, 0x00, 0x10};
static const struct qmodem_row no_rows[] = {ROWS_END};

static status open_channel(struct transport *t, struct channel *ret_ch, int ms)
{
	*ret_ch = (struct channel){0};
	return transport_channel_open(t, BYTES_OF(aid), ret_ch, deadline_in_ms(ms));
}

static void what_is_sent(void **state)
{
	struct channel ch;
	const char *hex;
	char iccid[ICCID_DIGITS_MAX + 1];
	(void)state;
	for (int fragments = 0; fragments < 2; fragments++) {
		struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
		if (fragments)
			qmodem_fragment(m);
		struct transport *t = qmi_rig_ready(&ch);
		assert_true(t->traits & TRANSPORT_RESOLVES);
		assert_true(channel_is_device_owned(&ch));
		assert_string_equal(qmodem_last(m, 0x0022), "0101000B");
		assert_string_equal(qmodem_last(m, 0x0042), "01010001"
							    "10080007A0000005590010"
							    "11010002");
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
		assert_string_equal(hex, "01029000");
		assert_string_equal(qmodem_last(m, 0x003B), "01010001"
							    "020700050080CB010000"
							    "10010001"
							    "11010001");
		assert_int_equal(transport_iccid(t, iccid, deadline_in_ms(4000)), ST_OK);
		assert_string_equal(iccid, "89882110000000123456");
		/* wishes, whose answers nobody waits for */
		assert_string_equal(qmodem_last(m, 0x002E), "01040011000000");
		assert_string_equal(qmodem_last(m, 0x0044), "010200000002010001");
		assert_int_equal(transport_channel_close(t, &ch, deadline_in_ms(4000)), ST_OK);
		assert_string_equal(qmodem_last(m, 0x003F), "0101000111010001");
		assert_int_equal(qmodem_count(m, 0xFF00), 0);
		assert_int_equal(qmodem_count(m, 0x0027), 0);
		qmi_rig_end(t, m);
	}
}

static void a_warm_process_asks_for_nothing(void **state)
{
	struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
	struct channel_record r;
	struct channel ch;
	const char *hex;
	(void)state;
	struct transport *t = qmi_rig_ready(&ch);
	assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
	transport_leave(t);
	unsigned before = qmodem_count(m, 0);
	for (int i = 0; i < 5; i++) {
		qmi_rig_enter(t);
		assert_int_equal(transport_record_load(t, &r, deadline_in_ms(4000)), ST_OK);
		assert_string_equal(r.channel.handle, ch.handle);
		assert_int_equal(qmi_rig_exchange(t, &r.channel, &hex, 4000), ST_OK);
		transport_leave(t);
	}
	assert_int_equal(qmodem_count(m, 0), before + 5);
	assert_int_equal(qmodem_used(m), 1U << 1);
	transport_close(t);
	assert_int_equal(qmodem_used(m), 0);
	qmodem_stop(m);
}

static void other_slots_and_the_proxy(void **state)
{
	char text[256], name[64], file[96];
	struct channel ch;
	const char *hex;
	(void)state;
	snprintf(name, sizeof(name), "@iotsafe-qmi-%d", getpid());
	snprintf(file, sizeof(file), "%s/wdm", qmi_rig_dir);
	int fd = open(file, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	snprintf(text, sizeof(text), "qmi:%s?slot=3&proxy=%s", file, name);

	struct transport *t = qmi_rig_open_uri(text);
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(500)), ST_NO_SERVICE);
	struct qmodem *m = qmodem_start(name, no_rows);
	assert_true(transport_present(t));
	assert_int_equal(qmodem_count(m, 0), 0);
	qmi_rig_enter(t);
	char want[256] = "01";
	size_t n = strlen(file);
	snprintf(want, sizeof(want), "01%02X00", (unsigned)n);
	assert_memory_equal(qmodem_last(m, 0xFF00), want, 6);
	assert_int_equal(strlen(qmodem_last(m, 0xFF00)), 6 + 2 * n);
	qmi_rig_channel(t, &ch);
	assert_memory_equal(qmodem_last(m, 0x0042), "01010003", 8);
	assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
	assert_int_equal(qmodem_count(m, 0x0044), 0); /* no name for its session */
	transport_leave(t);
	/* the device went: the proxy is not asked for it */
	assert_int_equal(unlink(file), 0);
	qmodem_hang_up(m);
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(300)), ST_NO_DEVICE);
	qmi_rig_end(t, m);
}

/* Q1: a proxy that takes nobody, or not this device. */
static void the_proxy_refuses(void **state)
{
	static const struct {
		struct qmodem_row rows[2];
		status st;
	} table[] = {
		{{{.id = 0xFF00, .hang_up = true}, ROWS_END}, ST_NO_DEVICE},
		{{{.id = 0xFF00, .error = 3}, ROWS_END}, ST_NO_DEVICE},
		{{{.id = 0xFF00, .raw = ""}, ROWS_END}, ST_TIMEOUT},
	};
	char text[256], name[64];
	(void)state;
	snprintf(name, sizeof(name), "%s/proxy", qmi_rig_dir);
	snprintf(text, sizeof(text), "qmi:%s?proxy=%s", qmi_rig_dir, name);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct qmodem *m = qmodem_start(name, table[i].rows);
		struct transport *t = qmi_rig_open_uri(text);
		assert_int_equal(transport_enter(t, deadline_in_ms(300)), table[i].st);
		transport_close(t);
		qmodem_stop(m);
	}
}

static void bad_uris_are_refused(void **state)
{
	static const char *const bad[] = {"qmi:",
					  "qmi:cdc-wdm0",
					  "qmi:qrtr://0",
					  "qmi:/dev/x?slot=0",
					  "qmi:/dev/x?slot=6",
					  "qmi:/dev/x?slot=one",
					  "qmi:/dev/x?proxy=qmi-proxy",
					  "qmi:/dev/x?proxy=@",
					  "qmi:/dev/x?proxy="};
	struct transport_settings set = {.lock_dir = qmi_rig_dir};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct transport *t = NULL;
		struct uri uri;
		if (uri_parse(bad[i], &uri) == ST_OK)
			assert_int_equal(transport_open(&uri, &set, &t), ST_ARG);
		assert_null(t);
	}
	struct transport *t = qmi_rig_open_uri("qmi:/dev/iotsafe-absent?direct=1");
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(500)), ST_NO_DEVICE);
	transport_forget(t);
}

/* --- opening --- */

static void errors_of_an_opening(void **state)
{
	static const struct {
		struct qmodem_row rows[3];
		status st;
	} table[] = {
		{{{.id = 0x0042, .error = 3, .tlvs = "1102006A82"}, ROWS_END}, ST_NO_APPLET},
		{{{.id = 0x0042, .error = 3, .tlvs = "1102006999"}, ROWS_END}, ST_NO_APPLET},
		{{{.id = 0x0042, .error = 3, .tlvs = "1102006A81"}, ROWS_END}, ST_NO_CHANNEL},
		{{{.id = 0x0042, .error = 3, .tlvs = "1102006881"}, ROWS_END}, ST_NO_CHANNEL},
		/* no word of the card: a channel without an applet opens, or not */
		{{{.id = 0x0042, .times = 1, .error = 3}, ROWS_END}, ST_NO_APPLET},
		{{{.id = 0x0042, .error = 3}, ROWS_END}, ST_NO_CHANNEL},
		{{{.id = 0x0042, .times = 1, .error = 3}, {.id = 0x0042, .error = 17}, ROWS_END},
		 ST_NO_CHANNEL},
		{{{.id = 0x0042, .error = 82}, ROWS_END}, ST_DENIED_DEVICE},
		{{{.id = 0x0042, .error = 94}, {.id = 0x003F, .error = 71}, ROWS_END},
		 ST_DENIED_DEVICE},
		{{{.id = 0x0042, .error = 102}, ROWS_END}, ST_NO_CARD},
		{{{.id = 0x0042, .error = 37}, {.id = 0x002F, .error = 102}, ROWS_END}, ST_NO_CARD},
		{{{.id = 0x0042, .error = 1}, ROWS_END}, ST_IO},
		{{{.id = 0x0042, .error = 999}, ROWS_END}, ST_IO},
		{{{.id = 0x0042, .tlvs = "10010000"}, ROWS_END}, ST_MALFORMED},
		{{{.id = 0x0042, .tlvs = "1102009000"}, ROWS_END}, ST_MALFORMED},
		{{{.id = 0x0042, .hang_up = true}, ROWS_END}, ST_IO},
		{{{.id = 0x0042, .raw = ""}, ROWS_END}, ST_TIMEOUT},
		{{{.id = 0x0022, .error = 5}, ROWS_END}, ST_NO_CHANNEL},
		{{{.id = 0x0022, .tlvs = "0102000200"}, ROWS_END}, ST_MALFORMED},
		{{{.id = 0x0022, .tlvs = "0102000B00"}, ROWS_END}, ST_MALFORMED},
		{{{.id = 0x0022, .raw = ""}, ROWS_END}, ST_TIMEOUT},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct qmodem *m = qmodem_start(qmi_rig_socket, table[i].rows);
		struct transport *t = qmi_rig_open("");
		struct channel ch;
		qmi_rig_enter(t);
		assert_int_equal(open_channel(t, &ch, table[i].st == ST_TIMEOUT ? 150 : 4000),
				 table[i].st);
		assert_false(channel_is_device_owned(&ch));
		transport_leave(t);
		if (table[i].rows[0].id != 0x0022 && !table[i].rows[0].hang_up)
			assert_int_equal(qmodem_used(m), 0); /* nothing leaks */
		qmi_rig_end(t, m);
	}
}

/* Q7 */
static void old_firmware_opens_by_another_message(void **state)
{
	static const uint16_t errors[] = {94, 71};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		const struct qmodem_row rows[] = {{.id = 0x0042, .error = errors[i]},
						  {.id = 0x003F, .tlvs = "10010002 1102009000"},
						  ROWS_END};
		struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
		struct channel ch;
		const char *hex;
		struct transport *t = qmi_rig_ready(&ch);
		assert_string_equal(qmodem_last(m, 0x003F), "01010001"
							    "10080007A0000005590010"
							    "12010002");
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
		/* and is not asked again for what it lacks */
		assert_int_equal(open_channel(t, &ch, 4000), ST_OK);
		assert_int_equal(qmodem_count(m, 0x0042), 1);
		qmi_rig_end(t, m);
	}
}

static void a_modem_that_is_not_ready_is_waited_for(void **state)
{
	static const uint16_t errors[] = {37, 52};
	struct channel ch;
	const char *hex;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		const struct qmodem_row rows[] = {{.id = 0x0042, .times = 2, .error = errors[i]},
						  {.id = 0x003B, .times = 1, .error = errors[i]},
						  ROWS_END};
		struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
		struct transport *t = qmi_rig_ready(&ch);
		assert_int_equal(qmodem_count(m, 0x0042), 3);
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
		assert_int_equal(qmodem_count(m, 0x003B), 2);
		qmi_rig_end(t, m);
	}
	/* but not for longer than we have, and a PIN is sent once */
	const struct qmodem_row never[] = {{.id = 0x003B, .error = 52}, ROWS_END};
	struct qmodem *m = qmodem_start(qmi_rig_socket, never);
	struct transport *t = qmi_rig_ready(&ch);
	assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 200), ST_CARD_BUSY);
	unsigned before = qmodem_count(m, 0x003B);
	t->once = true;
	assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_CARD_BUSY);
	t->once = false;
	assert_int_equal(qmodem_count(m, 0x003B), before + 1);
	qmi_rig_end(t, m);
}

static void a_client_id_that_the_modem_forgot_is_allocated_anew(void **state)
{
	struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
	struct channel ch;
	const char *hex;
	(void)state;
	struct transport *t = qmi_rig_ready(&ch);
	qmodem_forget(m);
	assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_CHANNEL_LOST);
	qmi_rig_channel(t, &ch);
	assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
	/* within the opening */
	qmodem_forget(m);
	qmi_rig_channel(t, &ch);
	assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
	qmi_rig_end(t, m);
}

/* --- APDUs --- */

static void errors_of_an_apdu(void **state)
{
	static const struct {
		struct qmodem_row row;
		status st;
	} table[] = {
		{{.error = 3}, ST_CHANNEL_LOST},
		{{.error = 9}, ST_CHANNEL_LOST},
		{{.error = 48}, ST_CHANNEL_LOST},
		{{.error = 1}, ST_IO},
		{{.error = 68}, ST_IO},
		{{.error = 82}, ST_DENIED_DEVICE},
		{{.error = 94}, ST_UNSUPPORTED_LINK},
		{{.error = 102}, ST_CARD_GONE},
		{{.error = 4711}, ST_IO},
		{{.tlvs = ""}, ST_MALFORMED},
		{{.tlvs = "1003000200 90"}, ST_MALFORMED},
		{{.tlvs = "100100 01"}, ST_MALFORMED},
		{{.tlvs = "1002000000"}, ST_TRUNCATED},
		{{.tlvs = "1003000100 90"}, ST_TRUNCATED},
		{{.hang_up = true}, ST_IO},
		{{.raw = ""}, ST_TIMEOUT},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct qmodem_row rows[] = {table[i].row, ROWS_END};
		struct channel ch;
		const char *hex;
		rows[0].id = 0x003B;
		rows[0].times = 2;
		struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
		struct transport *t = qmi_rig_ready(&ch);
		int64_t before = deadline_now();
		assert_int_equal(
			qmi_rig_exchange(t, &ch, &hex, table[i].st == ST_TIMEOUT ? 150 : 4000),
			table[i].st);
		assert_in_range((deadline_now() - before) / 1000000, 0, 2500);
		transport_record_clear(t);
		transport_leave(t);
		/* the next operation works */
		rows[0].id = 0x7777;
		qmi_rig_enter(t);
		qmi_rig_channel(t, &ch);
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
		assert_string_equal(hex, "01029000");
		transport_leave(t);
		assert_int_equal(__builtin_popcount(qmodem_used(m)), 1);
		qmi_rig_end(t, m);
	}
}

static void the_modem_may_leave_61xx_to_us(void **state)
{
	static const uint16_t errors[] = {48, 1};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		const struct qmodem_row rows[] = {{.id = 0x003B, .times = 1, .error = errors[i]},
						  ROWS_END};
		struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
		struct channel ch;
		const char *hex;
		struct transport *t = qmi_rig_ready(&ch);
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
		assert_string_equal(qmodem_last(m, 0x003B), "01010001"
							    "020700050080CB010000"
							    "10010001");
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
		assert_int_equal(qmodem_count(m, 0x003B), 3); /* remembered */
		qmi_rig_end(t, m);
	}
}

static void the_channel_goes_into_the_class_byte_if_it_must(void **state)
{
	static const struct {
		const char *first, *second, *want;
		unsigned sent; /* by two exchanges */
	} table[] = {
		{"10040002006881", "1006000400 0102 9000", "01029000", 3},
		{"10040002006E00", "1006000400 0102 9000", "01029000", 3},
		{"10040002006881", "10040002006E00", "6881", 3},
		{"10040002006A82", "1006000400 0102 9000", "6A82", 2},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct qmodem_row rows[] = {
			{.id = 0x003B, .times = 1, .tlvs = table[i].first},
			{.id = 0x003B, .tlvs = table[i].second},
			ROWS_END};
		struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
		struct channel ch;
		const char *hex;
		struct transport *t = qmi_rig_ready(&ch);
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
		assert_string_equal(hex, table[i].want);
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
		assert_int_equal(qmodem_count(m, 0x003B), table[i].sent);
		bool marked = strstr(qmodem_last(m, 0x003B), "81CB010000") != NULL;
		assert_int_equal(marked, strcmp(table[i].want, "01029000") == 0);
		qmi_rig_end(t, m);
	}
}

static void there_is_no_basic_channel(void **state)
{
	struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
	const struct channel foreign[] = {{.handle = "c1n1t00000000l0000"}, {.handle = "1"}};
	struct channel ch;
	const char *hex;
	(void)state;
	struct transport *t = qmi_rig_ready(&ch);
	assert_int_equal(qmi_rig_exchange(t, NULL, &hex, 1000), ST_UNSUPPORTED_LINK);
	assert_int_equal(qmi_rig_exchange(t, &foreign[0], &hex, 1000), ST_CHANNEL_LOST);
	assert_int_equal(qmi_rig_exchange(t, &foreign[1], &hex, 1000), ST_CHANNEL_LOST);
	assert_int_equal(qmodem_count(m, 0x003B), 0);
	qmi_rig_end(t, m);
}

/* --- the ICCID --- */

static void the_iccid(void **state)
{
	static const struct {
		struct qmodem_row rows[3];
		status st;
		const char *iccid;
	} table[] = {
		{{ROWS_END}, ST_OK, "89882110000000123456"},
		{{{.id = 0x0047, .error = 94}, ROWS_END}, ST_OK, "89882110000000123456"},
		/* ours is mapped to the second physical slot; 19 digits */
		{{{.id = 0x0047,
		   .tlvs = "101F00 02 01000000 00000000 00 00 02000000 01000000 01 0A "
			   "988812010000002143F5"},
		  ROWS_END},
		 ST_OK,
		 "8988211000000012345"},
		/* no ICCID told, or nonsense */
		{{{.id = 0x0047, .tlvs = "100B00 01 02000000 01000000 01 00"}, ROWS_END},
		 ST_OK,
		 "89882110000000123456"},
		{{{.id = 0x0047, .tlvs = "100C00 01 02000000 01000000 01 01 AB"}, ROWS_END},
		 ST_OK,
		 "89882110000000123456"},
		{{{.id = 0x0047, .error = 94}, {.id = 0x0020, .error = 82}, ROWS_END},
		 ST_DENIED_DEVICE,
		 ""},
		{{{.id = 0x0047, .error = 94},
		  {.id = 0x0020, .tlvs = "110C000B00 98881201000000214365"},
		  ROWS_END},
		 ST_MALFORMED,
		 ""},
		{{{.id = 0x0047, .error = 102}, ROWS_END}, ST_NO_CARD, ""},
		{{{.id = 0x0047, .hang_up = true}, ROWS_END}, ST_IO, ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct qmodem *m = qmodem_start(qmi_rig_socket, table[i].rows);
		char iccid[ICCID_DIGITS_MAX + 1] = "";
		struct channel ch;
		struct transport *t = qmi_rig_ready(&ch);
		assert_int_equal(transport_iccid(t, iccid, deadline_in_ms(4000)), table[i].st);
		assert_string_equal(iccid, table[i].iccid);
		if (qmodem_count(m, 0x0020) > 0)
			assert_string_equal(qmodem_last(m, 0x0020), "0102000600"
								    "020500E22F02003F"
								    "0304000000"
								    "0A00");
		qmi_rig_end(t, m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent),
		cmocka_unit_test(a_warm_process_asks_for_nothing),
		cmocka_unit_test(other_slots_and_the_proxy),
		cmocka_unit_test(the_proxy_refuses),
		cmocka_unit_test(bad_uris_are_refused),
		cmocka_unit_test(errors_of_an_opening),
		cmocka_unit_test(old_firmware_opens_by_another_message),
		cmocka_unit_test(a_modem_that_is_not_ready_is_waited_for),
		cmocka_unit_test(a_client_id_that_the_modem_forgot_is_allocated_anew),
		cmocka_unit_test(errors_of_an_apdu),
		cmocka_unit_test(the_modem_may_leave_61xx_to_us),
		cmocka_unit_test(the_channel_goes_into_the_class_byte_if_it_must),
		cmocka_unit_test(there_is_no_basic_channel),
		cmocka_unit_test(the_iccid),
	};
	return cmocka_run_group_tests(tests, qmi_rig_set_up, qmi_rig_tear_down);
}
