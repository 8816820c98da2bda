/* SPDX-License-Identifier: Apache-2.0 */
/* The mbim: back end in one connection: what is sent, what each status means, faults M1 to M7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mbim_rig.h"
#include "mem.h"

static void leave(struct transport *t, struct mbim_modem *m)
{
	transport_leave(t);
	transport_close(t);
	mbim_modem_stop(m);
}

static void what_is_sent(void **state)
{
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_enter();
	struct channel ch = {0};
	const char *hex;
	char iccid[ICCID_DIGITS_MAX + 1], seconds[3];
	(void)state;
	assert_string_equal(t->name, mbim_rig_device);
	assert_int_equal(t->traits, TRANSPORT_RESOLVES);
	assert_int_equal(t->generation, 0);
	assert_int_equal(mbim_modem_count(m, MK_CONFIG), 1);
	assert_int_equal(mbim_modem_count(m, MK_OPEN), 1);
	/* path at 12, of 2 bytes a character, and the seconds that are left, rounded up */
	assert_memory_equal(mbim_modem_last(m, MK_CONFIG), "0C000000", 8);
	assert_memory_equal(mbim_modem_last(m, MK_CONFIG) + 18, "0000002F007400", 14);
	snprintf(seconds, sizeof(seconds), "%.2s", mbim_modem_last(m, MK_CONFIG) + 16);
	assert_in_range(strtoul(seconds, NULL, 16), 2, 21);
	assert_int_equal(mbim_rig_channel_open(t, &ch, 20000), ST_OK);
	assert_string_equal(ch.handle, "2");
	assert_int_equal(ch.number, 0);
	assert_string_equal(mbim_modem_last(m, MK_GROUP), "0000000046415349");
	assert_string_equal(mbim_modem_last(m, MK_CHANNEL), "0700000010000000"
							    "0000000046415349"
							    "A000000559001000");
	assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_OK);
	assert_string_equal(hex, "01029000");
	assert_string_equal(mbim_modem_last(m, MK_APDU), "0200000000000000"
							 "0100000005000000"
							 "1400000080CB0100"
							 "00000000");
	assert_int_equal(transport_iccid(t, iccid, deadline_in_ms(20000)), ST_OK);
	assert_string_equal(iccid, "8988211000000123456");
	assert_int_equal(transport_channel_close(t, &ch, deadline_in_ms(20000)), ST_OK);
	assert_string_equal(mbim_modem_last(m, MK_CLOSE), "0200000046415349");
	assert_int_equal(mbim_modem_count(m, MK_OTHER), 0);
	leave(t, m);
}

/* The class type follows bit 8 of the class byte. */
static void the_class_type(void **state)
{
	static const uint8_t select[] = {0x00, 0xA4, 0x04, 0x00};
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_enter();
	uint8_t buf[APDU_REPLY_MAX];
	struct wtr reply = WTR_ON(buf);
	(void)state;
	assert_int_equal(transport_transmit(t, &mbim_rig_channel, BYTES_OF(select), &reply,
					    deadline_in_ms(20000)),
			 ST_OK);
	assert_string_equal(mbim_modem_last(m, MK_APDU), "0200000000000000"
							 "0000000004000000"
							 "1400000000A40400");
	leave(t, m);
}

static void there_is_no_basic_channel(void **state)
{
	static const char *const handles[] = {"", "0", "20", "x", "1x"};
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_enter();
	uint8_t buf[APDU_REPLY_MAX];
	struct wtr reply = WTR_ON(buf);
	(void)state;
	assert_int_equal(transport_transmit(t, NULL, BYTES_LIT("\x00\x70\x00\x00\x01"), &reply,
					    deadline_in_ms(20000)),
			 ST_UNSUPPORTED_LINK);
	for (size_t i = 0; i < ARRAY_LEN(handles); i++) {
		struct channel ch = {.number = 1};
		snprintf(ch.handle, sizeof(ch.handle), "%s", handles[i]);
		assert_int_equal(transport_transmit(t, &ch, BYTES_LIT("\x00\xA4\x04\x00"), &reply,
						    deadline_in_ms(20000)),
				 ST_UNSUPPORTED_LINK);
	}
	assert_int_equal(mbim_modem_count(m, MK_APDU), 0);
	leave(t, m);
}

static void statuses_of_an_apdu(void **state)
{
	static const struct {
		uint32_t status;
		const char *info;
		status st;
	} rows[] = {
		{0x87430003, NULL, ST_CHANNEL_LOST},
		{0x87430001, NULL, ST_CHANNEL_LOST},
		{2, NULL, ST_CHANNEL_LOST},
		{21, NULL, ST_CHANNEL_LOST},
		{28, NULL, ST_CHANNEL_LOST},
		{99, NULL, ST_CHANNEL_LOST},
		{3, NULL, ST_CARD_GONE},
		{4, NULL, ST_CARD_GONE},
		{5, NULL, ST_SIM_PIN},
		{9, NULL, ST_UNSUPPORTED_LINK},
		{34, NULL, ST_UNSUPPORTED_LINK},
		/* M3, M6 */
		{0, "9000000002000000400000000102", ST_TRUNCATED},
		{0, "90000000FFFFFFFF0C0000000102", ST_TRUNCATED},
		{0, "9000000002000000FFFFFFFF0102", ST_TRUNCATED},
		{0, "9000000002000000080000000102", ST_MALFORMED},
		{0, "90000000", ST_TRUNCATED},
		{0, "90", ST_TRUNCATED},
		{0, "", ST_TRUNCATED},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct mbim_row script[] = {{.kind = MK_APDU,
						   .times = 1,
						   .status = rows[i].status,
						   .info = rows[i].info},
						  {0}};
		const char *hex;
		struct mbim_modem *m = mbim_rig_start(script);
		struct transport *t = mbim_rig_enter();
		assert_int_equal(mbim_rig_exchange(t, &hex, 20000), rows[i].st);
		assert_int_equal(mbim_modem_count(m, MK_APDU), 1);
		/* the connection is in step */
		transport_leave(t);
		assert_int_equal(transport_enter(t, deadline_in_ms(20000)), ST_OK);
		assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_OK);
		assert_string_equal(hex, "01029000");
		assert_int_equal(mbim_modem_count(m, MK_CONFIG), 1);
		leave(t, m);
	}
}

static void answers_in_odd_layouts(void **state)
{
	static const struct {
		const char *info;
		const char *hex;
	} rows[] = {
		{"9000000000000000000000", NULL},
		{"900000000000000000000000", "9000"},
		{"6A8200000000000000000000", "6A82"},
		{"61420000020000000C00000001020000", "01026142"},
		{"90000000020000000E000000FFFF0102", "01029000"}, /* a gap */
		{"900000000C000000020000000304", "03049000"},	  /* the usual order */
		{"900000000C0000000C000000000102030405060708090A0B",
		 "000102030405060708090A0B9000"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct mbim_row script[] = {{.kind = MK_APDU, .info = rows[i].info}, {0}};
		const char *hex;
		struct mbim_modem *m = mbim_rig_start(script);
		struct transport *t = mbim_rig_enter();
		status st = mbim_rig_exchange(t, &hex, 20000);
		assert_int_equal(st, rows[i].hex ? ST_OK : ST_TRUNCATED);
		assert_string_equal(hex, rows[i].hex ? rows[i].hex : "");
		leave(t, m);
	}
}

static void statuses_of_opening(void **state)
{
	static const struct {
		uint32_t status;
		const char *info;
		status st;
		unsigned opens;
	} rows[] = {
		{0x87430001, NULL, ST_NO_CHANNEL, 1},
		{0x87430002, "6A820000000000000000000000000000", ST_NO_APPLET, 1},
		{0x87430002, NULL, ST_NO_APPLET, 1},
		{0x87430002, "6F000000000000000000000000000000", ST_NO_APPLET, 1},
		{0x87430002, "68810000000000000000000000000000", ST_NO_CHANNEL, 1},
		{0x87430002, "6A840000000000000000000000000000", ST_NO_CHANNEL, 1},
		{0x87430002, "6A860000000000000000000000000000", ST_NO_APPLET, 2},
		{0x87430003, NULL, ST_NO_CHANNEL, 1},
		{21, NULL, ST_UNSUPPORTED_LINK, 2},
		{9, NULL, ST_UNSUPPORTED_LINK, 1},
		{28, NULL, ST_UNSUPPORTED_LINK, 1},
		{3, NULL, ST_NO_CARD, 1},
		{4, NULL, ST_NO_CARD, 1},
		{5, NULL, ST_SIM_PIN, 1},
		{2, NULL, ST_IO, 1},
		{0, "90000000000000000000000000000000", ST_MALFORMED, 1},
		{0, "90000000140000000000000000000000", ST_MALFORMED, 1},
		{0, "90000000", ST_MALFORMED, 1},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct mbim_row script[] = {
			{.kind = MK_CHANNEL, .status = rows[i].status, .info = rows[i].info}, {0}};
		struct channel ch = {.number = 77};
		struct mbim_modem *m = mbim_rig_start(script);
		struct transport *t = mbim_rig_enter();
		assert_int_equal(mbim_rig_channel_open(t, &ch, 20000), rows[i].st);
		assert_int_equal(ch.number, 77);
		assert_int_equal(mbim_modem_count(m, MK_CHANNEL), rows[i].opens);
		leave(t, m);
	}
}

/* A modem that wants P2=0C gets it, and at once the next time. */
static void select_p2_is_learned(void **state)
{
	const struct mbim_row script[] = {{.kind = MK_CHANNEL,
					   .times = 1,
					   .status = 0x87430002,
					   .info = "6A860000000000000000000000000000"},
					  {0}};
	struct channel ch;
	struct mbim_modem *m = mbim_rig_start(script);
	struct transport *t = mbim_rig_enter();
	(void)state;
	assert_int_equal(mbim_rig_channel_open(t, &ch, 20000), ST_OK);
	assert_memory_equal(mbim_modem_last(m, MK_CHANNEL) + 16, "0C000000", 8);
	assert_int_equal(mbim_rig_channel_open(t, &ch, 20000), ST_OK);
	assert_memory_equal(mbim_modem_last(m, MK_CHANNEL) + 16, "0C000000", 8);
	assert_int_equal(mbim_modem_count(m, MK_CHANNEL), 3);
	leave(t, m);
}

/* M7: whatever the modem says to closing the group, except that it cannot be asked. */
static void closing_the_group(void **state)
{
	static const struct {
		uint32_t status;
		status st;
	} rows[] = {
		{0, ST_OK},	 {2, ST_OK},	  {0x87430003, ST_OK},
		{3, ST_NO_CARD}, {5, ST_SIM_PIN}, {9, ST_UNSUPPORTED_LINK},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct mbim_row script[] = {{.kind = MK_GROUP, .status = rows[i].status},
						  {0}};
		struct channel ch;
		struct mbim_modem *m = mbim_rig_start(script);
		struct transport *t = mbim_rig_enter();
		assert_int_equal(mbim_rig_channel_open(t, &ch, 20000), rows[i].st);
		assert_int_equal(mbim_modem_count(m, MK_GROUP), 1);
		assert_int_equal(mbim_modem_count(m, MK_CHANNEL), rows[i].st == ST_OK);
		leave(t, m);
	}
}

static void a_busy_sim_is_asked_again(void **state)
{
	static const uint32_t statuses[] = {1, 14};
	const char *hex;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		const struct mbim_row script[] = {
			{.kind = MK_APDU, .times = 2, .status = statuses[i]}, {0}};
		const struct mbim_row ever[] = {{.kind = MK_APDU, .status = statuses[i]}, {0}};
		struct mbim_modem *m = mbim_rig_start(script);
		struct transport *t = mbim_rig_enter();
		assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_OK);
		assert_int_equal(mbim_modem_count(m, MK_APDU), 3);
		leave(t, m);
		/* an answer in that time even where the machine is busy */
		m = mbim_rig_start(ever);
		t = mbim_rig_enter();
		assert_int_equal(mbim_rig_exchange(t, &hex, 500), ST_CARD_BUSY);
		leave(t, m);
		/* a PIN is sent once */
		m = mbim_rig_start(script);
		t = mbim_rig_enter();
		t->once = true;
		assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_CARD_BUSY);
		assert_int_equal(mbim_modem_count(m, MK_APDU), 1);
		leave(t, m);
	}
}

/* M1: the function is opened again, and the command sent again, unless it carries a PIN. */
static void not_opened(void **state)
{
	static const struct mbim_row once[] = {
		{.kind = MK_APDU, .how = SAYS_NOT_OPENED, .times = 1}, {0}};
	static const struct mbim_row always[] = {{.kind = MK_APDU, .how = SAYS_NOT_OPENED}, {0}};
	const char *hex;
	(void)state;
	struct mbim_modem *m = mbim_rig_start(once);
	struct transport *t = mbim_rig_enter();
	assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_OK);
	assert_int_equal(mbim_modem_count(m, MK_CONFIG), 2);
	assert_int_equal(mbim_modem_count(m, MK_OPEN), 2);
	leave(t, m);
	m = mbim_rig_start(always);
	t = mbim_rig_enter();
	assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_IO);
	assert_int_equal(mbim_modem_count(m, MK_APDU), 2);
	leave(t, m);
	m = mbim_rig_start(once);
	t = mbim_rig_enter();
	t->once = true;
	assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_IO);
	assert_int_equal(mbim_modem_count(m, MK_APDU), 1);
	leave(t, m);
}

/* M4, M5 and others: one fault in an APDU's answer; then the next operation works. */
static void faults_inside_an_operation(void **state)
{
	static const struct {
		enum mbim_how how;
		status st;
		unsigned connections; /* in both operations */
	} rows[] = {
		{SAYS, ST_OK, 1},
		{FOREIGN_FIRST, ST_OK, 1},
		{IN_FRAGMENTS, ST_OK, 1},
		{TOO_LONG, ST_OK, 1},
		{BYTEWISE, ST_OK, 1},
		{INDICATES, ST_OK, 1},
		{NOISE, ST_OK, 1},
		{HANGS_UP, ST_IO, 2},
		{HANGS_UP_INSIDE, ST_IO, 2},
		{SAYS_ERROR, ST_IO, 2},
		{STOPS_INSIDE, ST_TIMEOUT, 2},
		{SAYS_NOTHING, ST_TIMEOUT, 2},
		{OTHER_SERVICE, ST_DESYNC, 2},
		{OTHER_TYPE, ST_DESYNC, 2},
		{FRAGMENTS_LOST, ST_DESYNC, 2},
		{FRAGMENTS_ENDLESS, ST_DESYNC, 2},
		{BAD_LENGTH, ST_DESYNC, 2},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct mbim_row script[] = {{.kind = MK_APDU, .how = rows[i].how, .times = 1},
						  {0}};
		const char *hex;
		struct mbim_modem *m = mbim_rig_start(script);
		struct transport *t = mbim_rig_enter();
		int ms = rows[i].st == ST_TIMEOUT ? 100 : 3000;
		assert_int_equal(mbim_rig_exchange(t, &hex, ms), rows[i].st);
		assert_string_equal(hex, rows[i].st == ST_OK ? "01029000" : "");
		transport_leave(t);
		assert_false(t->unclean);
		assert_int_equal(transport_enter(t, deadline_in_ms(20000)), ST_OK);
		assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_OK);
		assert_string_equal(hex, "01029000");
		assert_int_equal(mbim_modem_count(m, MK_CONFIG), rows[i].connections);
		leave(t, m);
	}
}

/* The answer to a command that we gave up never becomes the answer to the next one. */
static void a_late_answer_is_dropped(void **state)
{
	static const struct mbim_row script[] = {{.kind = MK_APDU,
						  .how = SAYS_LATE,
						  .times = 1,
						  .info = "6A8200000000000000000000",
						  .ms = 1000},
						 {0}};
	const char *hex;
	(void)state;
	struct mbim_modem *m = mbim_rig_start(script);
	struct transport *t = mbim_rig_enter();
	assert_int_equal(mbim_rig_exchange(t, &hex, 30), ST_TIMEOUT);
	assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_OK);
	assert_string_equal(hex, "01029000");
	leave(t, m);
}

static void a_command_that_is_too_long(void **state)
{
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_enter();
	static const uint8_t cmd[1000];
	uint8_t buf[APDU_REPLY_MAX];
	struct wtr reply = WTR_ON(buf);
	const char *hex;
	(void)state;
	assert_int_equal(transport_transmit(t, &mbim_rig_channel, BYTES_OF(cmd), &reply,
					    deadline_in_ms(20000)),
			 ST_ARG);
	assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_OK);
	leave(t, m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MBIM_RIG_TEST(what_is_sent),
		MBIM_RIG_TEST(the_class_type),
		MBIM_RIG_TEST(there_is_no_basic_channel),
		MBIM_RIG_TEST(statuses_of_an_apdu),
		MBIM_RIG_TEST(answers_in_odd_layouts),
		MBIM_RIG_TEST(statuses_of_opening),
		MBIM_RIG_TEST(select_p2_is_learned),
		MBIM_RIG_TEST(closing_the_group),
		MBIM_RIG_TEST(a_busy_sim_is_asked_again),
		MBIM_RIG_TEST(not_opened),
		MBIM_RIG_TEST(faults_inside_an_operation),
		MBIM_RIG_TEST(a_late_answer_is_dropped),
		MBIM_RIG_TEST(a_command_that_is_too_long),
	};
	return cmocka_run_group_tests(tests, mbim_rig_set_up, mbim_rig_tear_down);
}
