/* SPDX-License-Identifier: Apache-2.0 */
/* Client ids and who releases them, between processes; what the modem says unasked; what comes
 * late, crossed, in pieces or damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "mem.h"
#include "qmi_rig.h"

static const struct qmodem_row no_rows[] = {ROWS_END};

static bool resumes(struct transport *t, struct channel_record *ret_r)
{
	return transport_record_load(t, ret_r, deadline_in_ms(4000)) == ST_OK;
}

/* One operation as the core does it: goes on with the recorded channel or opens another. */
static status operation(struct transport *t, bool *ret_resumed)
{
	struct channel_record r;
	const char *hex;
	qmi_rig_enter(t);
	*ret_resumed = resumes(t, &r);
	if (!*ret_resumed) {
		transport_record_clear(t);
		qmi_rig_channel(t, &r.channel);
	}
	status st = qmi_rig_exchange(t, &r.channel, &hex, 4000);
	transport_leave(t);
	return st;
}

/* --- whose a client id is --- */

static void two_processes_take_turns(void **state)
{
	struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
	struct transport *t[] = {qmi_rig_open(""), qmi_rig_open("")};
	bool resumed;
	(void)state;
	qmodem_cids(m, 2);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(operation(t[i / 2 % 2], &resumed), ST_OK);
		assert_int_equal(resumed, i % 2 == 1);
		assert_int_equal(__builtin_popcount(qmodem_used(m)), 1);
	}
	/* t[0] ends: the client id is t[1]'s */
	transport_close(t[0]);
	assert_int_equal(__builtin_popcount(qmodem_used(m)), 1);
	assert_int_equal(operation(t[1], &resumed), ST_OK);
	assert_true(resumed);
	transport_close(t[1]);
	assert_int_equal(qmodem_used(m), 0);
	qmodem_stop(m);
}

/* share=1: they go on with one. */
static void two_processes_may_share(void **state)
{
	struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
	struct transport *t[] = {qmi_rig_open("&share=1"), qmi_rig_open("&share=1")};
	bool resumed;
	(void)state;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(operation(t[i % 2], &resumed), ST_OK);
		assert_int_equal(resumed, i > 0);
	}
	assert_int_equal(qmodem_count(m, 0x0042), 1);
	transport_close(t[0]);
	transport_close(t[1]);
	assert_int_equal(qmodem_used(m), 1U << 1);
	struct transport *later = qmi_rig_open("&share=1");
	assert_int_equal(operation(later, &resumed), ST_OK);
	assert_true(resumed);
	transport_close(later);
	/* who does not share gives it up */
	later = qmi_rig_open("");
	assert_int_equal(operation(later, &resumed), ST_OK);
	assert_false(resumed);
	transport_close(later);
	assert_int_equal(qmodem_used(m), 0);
	qmodem_stop(m);
}

/* A process that is killed, between operations or within one; what a child inherits it leaves. */
static void a_dead_owner_is_cleaned_up_after(void **state)
{
	struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
	struct channel ch;
	bool resumed;
	(void)state;
	qmodem_cids(m, 1);
	for (int how = 0; how < 3; how++) {
		struct transport *t = qmi_rig_open("");
		pid_t pid = fork();
		if (pid == 0) {
			struct transport *mine = qmi_rig_open("");
			bool unused;
			if (how == 0 && operation(mine, &unused) != ST_OK)
				_exit(1);
			if (how > 0)
				qmi_rig_enter(mine);
			if (how == 1)
				qmi_rig_channel(mine, &ch);
			/* how == 2: between the allocation and the record */
			static const uint8_t aid[] = {0xA0, 0x00, 0x00, 0x05, 0x59};
			if (how == 2 && transport_channel_open(mine, BYTES_OF(aid), &ch,
							       deadline_in_ms(4000)) != ST_OK)
				_exit(2);
			raise(SIGKILL);
		}
		int wstatus;
		waitpid(pid, &wstatus, 0);
		assert_true(WIFSIGNALED(wstatus));
		assert_int_equal(qmodem_used(m), 1U << 1);
		assert_int_equal(operation(t, &resumed), ST_OK);
		assert_false(resumed);
		transport_close(t);
		assert_int_equal(qmodem_used(m), 0);
	}
	qmodem_stop(m);
}

static void a_child_leaves_it_alone(void **state)
{
	struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
	struct channel ch;
	const char *hex;
	(void)state;
	struct transport *t = qmi_rig_ready(&ch);
	pid_t pid = fork();
	if (pid == 0) {
		transport_forget(t);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
	assert_int_equal(qmodem_count(m, 0x0023), 0);
	qmi_rig_end(t, m);
}

/* A modem that restarted gives its client ids to others: those are never released. */
static void a_modem_that_came_back_owes_us_nothing(void **state)
{
	struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
	struct transport *t = qmi_rig_open("");
	bool resumed;
	(void)state;
	assert_int_equal(operation(t, &resumed), ST_OK);
	qmodem_stop(m);
	assert_false(access(qmi_rig_socket, F_OK) == 0);
	m = qmodem_start(qmi_rig_socket, no_rows);
	struct transport *other = qmi_rig_open("");
	assert_int_equal(operation(other, &resumed), ST_OK);
	assert_false(resumed);
	assert_int_equal(operation(t, &resumed), ST_OK);
	assert_false(resumed);
	assert_int_equal(qmodem_count(m, 0x0023), 1); /* other's, by t */
	transport_close(other);
	transport_close(t);
	assert_int_equal(qmodem_used(m), 0);
	qmodem_stop(m);
}

/* Its proxy, or the modem itself, goes for a while: within the operation's time it is waited for,
 * once it was there. */
static void what_was_there_is_waited_for(void **state)
{
	struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
	struct transport *t = qmi_rig_open("");
	bool resumed;
	(void)state;
	assert_int_equal(operation(t, &resumed), ST_OK);
	qmodem_stop(m);
	int64_t before = deadline_now();
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(300)), ST_NO_DEVICE);
	assert_in_range((deadline_now() - before) / 1000000, 290, 1500);
	pid_t pid = fork();
	if (pid == 0) {
		usleep(300 * 1000);
		m = qmodem_start(qmi_rig_socket, no_rows);
		usleep(3000 * 1000);
		_exit(0);
	}
	assert_int_equal(operation(t, &resumed), ST_OK);
	transport_close(t);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(qmi_rig_socket);
}

/* Q2: the connection ends at each message in turn; the next operation works and nothing leaks. */
static void it_ends_anywhere(void **state)
{
	(void)state;
	for (int at = 0; at < 5; at++) {
		const struct qmodem_row rows[] = {{.skip = at, .times = 1, .hang_up = true},
						  ROWS_END};
		struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
		struct transport *t = qmi_rig_open("");
		struct channel_record r = {0};
		const char *hex;
		bool resumed;
		qmi_rig_enter(t);
		static const uint8_t aid[] = {0xA0, 0x00, 0x00, 0x05, 0x59};
		status st =
			transport_channel_open(t, BYTES_OF(aid), &r.channel, deadline_in_ms(4000));
		if (st == ST_OK) {
			r.aid_len = 1;
			transport_record_store(t, &r);
			st = qmi_rig_exchange(t, &r.channel, &hex, 4000);
		}
		assert_true(st == ST_OK || st == ST_IO);
		transport_leave(t);
		assert_int_equal(operation(t, &resumed), ST_OK);
		assert_true(__builtin_popcount(qmodem_used(m)) <= 1);
		transport_close(t);
		assert_int_equal(qmodem_used(m), 0);
		qmodem_stop(m);
	}
}

/* --- late, crossed, in pieces --- */

static void append(char *text, size_t cap, const char *more)
{
	size_t n = strlen(text);
	snprintf(text + n, cap - n, "%s", more);
}

static void late_answers_are_nobodys(void **state)
{
	struct qmodem_row rows[] = {{.id = 0x003B, .times = 1, .late_ms = 150}, ROWS_END};
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct channel ch;
	const char *hex;
	(void)state;
	rows[0].tlvs = "1006000400 DEAD 9000";
	struct transport *t = qmi_rig_ready(&ch);
	assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 50), ST_TIMEOUT);
	assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
	assert_string_equal(hex, "01029000");
	qmi_rig_end(t, m);
	/* a client id that comes late is given back */
	const struct qmodem_row slow[] = {{.id = 0x0022, .times = 1, .late_ms = 150}, ROWS_END};
	m = qmodem_start(qmi_rig_socket, slow);
	t = qmi_rig_open("");
	bool resumed;
	qmi_rig_enter(t);
	static const uint8_t aid[] = {0xA0};
	assert_int_equal(transport_channel_open(t, BYTES_OF(aid), &ch, deadline_in_ms(50)),
			 ST_TIMEOUT);
	usleep(200 * 1000);
	transport_leave(t);
	assert_int_equal(operation(t, &resumed), ST_OK);
	assert_int_equal(operation(t, &resumed), ST_OK);
	assert_int_equal(__builtin_popcount(qmodem_used(m)), 1);
	qmi_rig_end(t, m);
}

/* Q4 */
static void others_talk_too(void **state)
{
	char before[2048] = "FF00 FF 0100 01FFFF80"; /* and noise */
	const char *const frames[] = {
		qmi_rig_frame(RIG_RESPONSE, "FF7F", 0x003B, "02040000000000100400020000006A82"),
		qmi_rig_frame(RIG_RESPONSE, NULL, 0x0042, "020400000000001004000200FFFF"),
		qmi_rig_frame(0x00, NULL, 0x003B, "0204000000000010040002009999"),
		qmi_rig_frame(RIG_INDICATION, NULL, 0x003B, ""),
		qmi_rig_frame(RIG_INDICATION, NULL, 0x4321, "01020304"),
		qmi_rig_frame(RIG_INDICATION, NULL, 0x0032, "10"), /* cut */
		RIG_CARD_IN,
		"010F00 80 0B FE 02 TT 3B00 0300 100000", /* another client's */
		"010F00 80 01 CC 02 TT 3B00 0300 100000", /* another service's */
		"01 1000 80 00 00 01 05 2200 0500 02 0200 00 00",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(frames); i++)
		append(before, sizeof(before), frames[i]);
	const struct qmodem_row rows[] = {{.id = 0x003B, .before = before, .after = before},
					  {.id = 0x0042, .before = before, .after = before},
					  ROWS_END};
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct channel ch;
	const char *hex;
	struct transport *t = qmi_rig_ready(&ch);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
		assert_string_equal(hex, "01029000");
	}
	qmi_rig_end(t, m);
}

/* Q5. A token of 01020304, six bytes: 0102030405 06, then 9000. */
#define ANNOUNCED "0204000100440011060008000403 0201"
static const char *chunk(const char *token, unsigned total, unsigned offset, const char *data)
{
	char tlvs[256];
	unsigned n = (unsigned)strlen(data) / 2;
	snprintf(tlvs, sizeof(tlvs), "01%02X00%s%02X%02X%02X%02X%02X00%s", 10 + n, token,
		 total & 0xFF, total >> 8, offset & 0xFF, offset >> 8, n, data);
	return qmi_rig_frame(RIG_INDICATION, "0000", 0x003B, tlvs);
}

static void long_answers_come_in_pieces(void **state)
{
	static const char t1[] = "04030201", t2[] = "09090909";
	const struct {
		const char *before, *after[3];
		const char *announced;
		status st;
	} table[] = {
		{"", {chunk(t1, 8, 0, "01020304"), chunk(t1, 8, 4, "05069000")}, NULL, ST_OK},
		{"", {chunk(t1, 8, 4, "05069000"), chunk(t1, 8, 0, "01020304")}, NULL, ST_OK},
		{chunk(t1, 8, 4, "05069000"), {chunk(t1, 8, 0, "01020304")}, NULL, ST_OK},
		/* twice, overlapping, empty, and another answer's in between */
		{chunk(t2, 8, 0, "FFFFFFFF"),
		 {chunk(t1, 8, 0, "010203040506"), chunk(t2, 8, 0, "EEEE"),
		  chunk(t1, 8, 4, "05069000")},
		 NULL,
		 ST_OK},
		{"",
		 {chunk(t1, 8, 0, "01020304"), chunk(t1, 8, 0, ""), chunk(t1, 8, 0, "0102")},
		 NULL,
		 ST_TIMEOUT},
		{"", {chunk(t1, 8, 6, "01020304")}, NULL, ST_MALFORMED},
		{"", {chunk(t1, 9, 0, "01020304")}, NULL, ST_MALFORMED},
		{"", {chunk(t1, 0x1001, 0, "01020304")}, NULL, ST_MALFORMED},
		{chunk(t1, 4, 0, "01029000"), {""}, NULL, ST_MALFORMED},
		/* more than any answer can be */
		{"", {""}, "020400010044001106000110 04030201", ST_MALFORMED},
		{"", {""}, "020400010044001102000800", ST_MALFORMED},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char raw[QMODEM_TEXT_MAX] = "", tlvs[128] = "";
		const char *from = table[i].announced ? table[i].announced : ANNOUNCED;
		for (size_t n = 0; *from; from++)
			if (*from != ' ')
				tlvs[n++] = *from;
		append(raw, sizeof(raw), table[i].before);
		append(raw, sizeof(raw), qmi_rig_frame(RIG_RESPONSE, NULL, 0x003B, tlvs));
		for (size_t k = 0; k < 3 && table[i].after[k]; k++)
			append(raw, sizeof(raw), table[i].after[k]);
		const struct qmodem_row rows[] = {{.id = 0x003B, .times = 1, .raw = raw}, ROWS_END};
		struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
		struct channel ch;
		const char *hex;
		struct transport *t = qmi_rig_ready(&ch);
		assert_int_equal(
			qmi_rig_exchange(t, &ch, &hex, table[i].st == ST_TIMEOUT ? 150 : 4000),
			table[i].st);
		if (table[i].st == ST_OK)
			assert_string_equal(hex, "0102030405069000");
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_OK);
		assert_string_equal(hex, "01029000");
		qmi_rig_end(t, m);
	}
}

/* Q6, F14, F27: damaged TLVs, a frame that never ends, twice the same TLV. */
static void damaged_answers(void **state)
{
	const struct {
		const char *raw;
		status st;
	} table[] = {
		{qmi_rig_frame(RIG_RESPONSE, NULL, 0x003B, "02040000000000100600040001029000FF"),
		 ST_MALFORMED},
		{qmi_rig_frame(RIG_RESPONSE, NULL, 0x003B, "0204000000000010FFFF040001029000"),
		 ST_MALFORMED},
		{qmi_rig_frame(RIG_RESPONSE, NULL, 0x003B, "100600040001029000"), ST_MALFORMED},
		{qmi_rig_frame(RIG_RESPONSE, NULL, 0x003B, "02040001000000"), ST_MALFORMED},
		{qmi_rig_frame(RIG_RESPONSE, NULL, 0x003B,
			       "0204000000000010060004000102900010040002006A82"),
		 ST_OK},
		{"01 2000 80 0B CC 02 TT 3B00 1400 0204", ST_TIMEOUT},
		{"01", ST_TIMEOUT},
		{"01 FFFF 80 0B CC 02 TT", ST_TIMEOUT},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char raw[1024];
		size_t n = 0;
		for (const char *p = table[i].raw; *p; p++)
			if (*p != ' ')
				raw[n++] = *p;
		raw[n] = '\0';
		const struct qmodem_row rows[] = {{.id = 0x003B, .times = 1, .raw = raw}, ROWS_END};
		struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
		struct channel ch;
		const char *hex;
		bool resumed;
		struct transport *t = qmi_rig_ready(&ch);
		int ms = table[i].st == ST_TIMEOUT ? 150 : 4000;
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, ms), table[i].st);
		transport_leave(t);
		assert_int_equal(operation(t, &resumed), ST_OK);
		assert_int_equal(__builtin_popcount(qmodem_used(m)), 1);
		qmi_rig_end(t, m);
	}
}

/* --- what the modem says by itself --- */

static void settle(void)
{
	usleep(60 * 1000); /* the modem's thread has spoken */
}

static void cards_come_and_go(void **state)
{
	struct qmodem_row rows[] = {
		{.id = 0x002F, .tlvs = "100F00 FFFFFFFFFFFFFFFF 01 00 00000000 00"}, ROWS_END};
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct transport *t = qmi_rig_open("");
	bool resumed;
	(void)state;
	rows[0].id = 0x7777;
	assert_int_equal(operation(t, &resumed), ST_OK);
	assert_true(transport_present(t));
	qmodem_say(m, RIG_CARD_OUT);
	settle();
	assert_false(transport_present(t));
	rows[0].id = 0x002F;
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_NO_CARD);
	assert_int_equal(transport_look(t, deadline_in_ms(2000)), ST_NO_CARD);
	qmodem_say(m, RIG_CARD_IN);
	settle();
	assert_true(transport_present(t));
	rows[0].id = 0x7777;
	/* its channels died with it */
	assert_int_equal(operation(t, &resumed), ST_OK);
	assert_false(resumed);
	assert_int_equal(__builtin_popcount(qmodem_used(m)), 1);
	/* in another slot that is none of our business */
	assert_int_equal(operation(t, &resumed), ST_OK);
	assert_true(resumed);
	qmi_rig_end(t, m);
}

static void what_makes_a_channel_stale(void **state)
{
	const struct {
		const char *said;
		bool stale;
		unsigned agreed; /* words that a refresh may go on */
	} table[] = {
		{RIG_CARD_IN, false, 0},
		{RIG_REFRESH("0200"), true, 0},
		{RIG_REFRESH("0100"), true, 0},
		{RIG_REFRESH("0103"), true, 1},
		{qmi_rig_frame(RIG_INDICATION, "0000", 0x0048,
			       "101500010200000001000000010A98881201000000214365"),
		 false, 0},
		{qmi_rig_frame(RIG_INDICATION, "0000", 0x0048,
			       "101500010200000001000000010A98881201000000214375"),
		 true, 0},
		{qmi_rig_frame(RIG_INDICATION, "0000", 0x0048, "10150001"), false, 0},
		{"01 0B00 80 00 00 02 00 2700 0000", true, 0}, /* the modem starts anew */
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
		struct transport *t = qmi_rig_open("");
		struct channel ch;
		const char *hex;
		char iccid[ICCID_DIGITS_MAX + 1];
		bool resumed;
		qmi_rig_enter(t);
		qmi_rig_channel(t, &ch);
		assert_int_equal(transport_iccid(t, iccid, deadline_in_ms(2000)), ST_OK);
		transport_leave(t);
		qmodem_say(m, table[i].said);
		settle();
		assert_true(transport_present(t));
		assert_int_equal(operation(t, &resumed), ST_OK);
		assert_int_equal(resumed, !table[i].stale);
		assert_int_equal(qmodem_count(m, 0x002C), table[i].agreed);
		/* within an operation, too: nothing is sent to a card that may be another */
		struct channel_record r;
		qmi_rig_enter(t);
		assert_true(resumes(t, &r));
		assert_int_equal(transport_iccid(t, iccid, deadline_in_ms(2000)), ST_OK);
		qmodem_say(m, table[i].said);
		settle();
		status first = qmi_rig_exchange(t, &r.channel, &hex, 2000);
		status next = qmi_rig_exchange(t, &r.channel, &hex, 2000);
		assert_true(first == ST_OK || first == ST_CHANNEL_LOST);
		assert_int_equal(next == ST_CHANNEL_LOST, table[i].stale);
		qmi_rig_end(t, m);
	}
}

static void looks_cost_no_client_ids(void **state)
{
	static const struct {
		struct qmodem_row rows[2];
		status st;
	} table[] = {
		{{ROWS_END}, ST_OK},
		{{{.id = 0x002F, .tlvs = "100F00 FFFFFFFFFFFFFFFF 01 00 00000000 00"}, ROWS_END},
		 ST_NO_CARD},
		{{{.id = 0x002F, .error = 102}, ROWS_END}, ST_NO_CARD},
		{{{.id = 0x002F, .error = 94}, ROWS_END}, ST_OK},
		{{{.id = 0x002F, .times = 1, .error = 7}, ROWS_END}, ST_OK},
		{{{.id = 0x002F, .tlvs = "100900 FFFFFFFFFFFFFFFF 00"}, ROWS_END}, ST_OK},
		{{{.id = 0x002F, .tlvs = "100A00 FFFFFFFFFFFFFFFF 01 01"}, ROWS_END}, ST_OK},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct qmodem *m = qmodem_start(qmi_rig_socket, table[i].rows);
		struct transport *t = qmi_rig_open("");
		assert_int_equal(transport_look(t, deadline_in_ms(2000)), table[i].st);
		assert_int_equal(qmodem_used(m) & ~2U, 0);
		if (table[i].rows[0].error != 7)
			assert_int_equal(qmodem_used(m), 0);
		assert_int_equal(transport_present(t), table[i].st == ST_OK);
		transport_close(t);
		qmodem_stop(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_processes_take_turns),
		cmocka_unit_test(two_processes_may_share),
		cmocka_unit_test(a_dead_owner_is_cleaned_up_after),
		cmocka_unit_test(a_child_leaves_it_alone),
		cmocka_unit_test(a_modem_that_came_back_owes_us_nothing),
		cmocka_unit_test(what_was_there_is_waited_for),
		cmocka_unit_test(it_ends_anywhere),
		cmocka_unit_test(late_answers_are_nobodys),
		cmocka_unit_test(others_talk_too),
		cmocka_unit_test(long_answers_come_in_pieces),
		cmocka_unit_test(damaged_answers),
		cmocka_unit_test(cards_come_and_go),
		cmocka_unit_test(what_makes_a_channel_stale),
		cmocka_unit_test(looks_cost_no_client_ids),
	};
	return cmocka_run_group_tests(tests, qmi_rig_set_up, qmi_rig_tear_down);
}
