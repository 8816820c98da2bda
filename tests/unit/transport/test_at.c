/* SPDX-License-Identifier: Apache-2.0 */
/* The AT back end through its contract (transport.h) against a scripted modem: every habit and
 * fault of the list F1 to F26 that a modem can show. Its life around the exchanges is in
 * test_at_life.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "at_rig.h"
#include "mem.h"

static const uint8_t aid[] = {0xA0, 0x00, 0x00, 0x05, 0x59, 0x00, 0x10};

/* --- the main road --- */

static void set_up_and_both_ways(void **state)
{
	static const struct modem_row rows[] = {
		SAYS("AT+CCHO=\"A0000005590010\"", "\r\n+CCHO: 1" OK_TAIL),
		SAYS("AT+CGLA=1,10,\"00CB010000\"", ANSWER),
		SAYS("AT+CSIM=10,\"00CB010000\"", "\r\n+CSIM: 4,\"6A82\"" OK_TAIL),
		SAYS("AT+CCHC=1", "\r\n+CCHC\r\n" OK_TAIL),
		SAYS("AT+ICCID", "\r\n+ICCID: 89882110000000123456" OK_TAIL),
		{0},
	};
	struct modem *m = modem_start(rows);
	struct transport *t = at_rig_enter(m);
	struct channel ch = {0};
	char iccid[ICCID_DIGITS_MAX + 1];
	const char *hex;
	(void)state;
	assert_string_equal(t->description, "Acme M1");
	assert_true(t->traits & TRANSPORT_CROSSTALK);
	assert_int_not_equal(t->generation, 0); /* of this very port */
	assert_true(transport_can_share(t));
	assert_int_equal(transport_channel_open(t, BYTES_OF(aid), &ch, deadline_in_ms(2000)),
			 ST_OK);
	assert_string_equal(ch.handle, "1");
	assert_int_equal(ch.number, 0);
	assert_int_equal(at_rig_exchange(t, &ch, &hex, 2000), ST_OK);
	assert_string_equal(hex, "01029000");
	assert_int_equal(at_rig_exchange(t, NULL, &hex, 2000), ST_OK);
	assert_string_equal(hex, "6A82");
	struct channel by_number = {.number = 1};
	assert_int_equal(at_rig_exchange(t, &by_number, &hex, 2000), ST_OK);
	assert_int_equal(transport_iccid(t, iccid, deadline_in_ms(4000)), ST_OK);
	assert_string_equal(iccid, "89882110000000123456");
	/* the spelling that worked comes first the next time */
	assert_int_equal(transport_iccid(t, iccid, deadline_in_ms(4000)), ST_OK);
	assert_int_equal(modem_count(m, "AT+CCID"), 1);
	assert_int_equal(transport_channel_close(t, &ch, deadline_in_ms(2000)), ST_OK);
	transport_leave(t);

	/* an operation on a port in use sends nothing of its own */
	unsigned before = modem_count(m, "");
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	assert_int_equal(at_rig_exchange(t, &ch, &hex, 2000), ST_OK);
	transport_leave(t);
	assert_int_equal(modem_count(m, ""), before + 1);
	assert_true(transport_present(t));
	at_rig_leave(t, m);
}

/* --- habits: whatever the modem adds, the answer is the same --- */

static void habits_do_not_matter(void **state)
{
	static const struct {
		const char *name;
		const char *answer;
		bool echo, fragments;
	} rows[] = {
		{"F1 echo", ANSWER, true, false},
		{"F2 digits", "+CGLA: 8,\"01029000\"\r\n0\r", false, false},
		{"F4 URC before", "\r\n+CREG: 1\r\n" ANSWER, false, false},
		{"F4 URC inside", "\r\n+CGLA: 8,\"0102\r\nRING\r\n9000\"" OK_TAIL, false, false},
		{"F4 URC between", "\r\n+CGLA: 8,\"01029000\"\r\n+CREG: 1\r\nOK\r\n", false, false},
		{"F4 URC after", ANSWER "\r\n+CREG: 1\r\n", false, false},
		{"F5 glued", "+CREG: 1+CGLA: 8,\"01029000\"\r\n+CREG: 2OK\r\n", false, false},
		{"F6 fragments", ANSWER, true, true},
		{"F7 no quotes", "\r\n+CGLA:   8,  01029000" OK_TAIL, false, false},
		{"F8 length", "\r\n+CGLA: 4,\"01029000\"" OK_TAIL, false, false},
		{"F12 twice", "\r\n+CGLA: 4,\"6F00\"\r\n+CGLA: 8,\"01029000\"" OK_TAIL, false,
		 false},
		{"F13 no final", "\r\n+CGLA: 8,\"01029000\"\r\n", false, false},
		{"F16 id form", "\r\n+CGLA: 1,8,\"01029000\"" OK_TAIL, false, false},
		{"F25 noise",
		 "\x01\x01\xFF\r\n+CG\x01LA: 8,\"0102\xFF"
		 "9000\"" OK_TAIL,
		 false, false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct modem_row script[] = {SAYS("AT+CGLA=", rows[i].answer), {0}};
		struct modem *m = modem_start(script);
		modem_set_echo(m, rows[i].echo);
		modem_set_fragments(m, rows[i].fragments);
		struct transport *t = at_rig_enter(m);
		const char *hex;
		print_message("%s\n", rows[i].name);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 4000), ST_OK);
			assert_string_equal(hex, "01029000");
		}
		at_rig_leave(t, m);
	}
}

/* --- faults: an error that says what happened, then a healthy exchange --- */

static void faults_are_told_and_survived(void **state)
{
	static const struct {
		const char *name;
		struct modem_row first;
		status st;
	} rows[] = {
		{"F3 text", SAYS("AT+CGLA", "\r\n+CME ERROR: SIM failure\r\n"), ST_IO},
		{"F9 odd digits", SAYS("AT+CGLA", "\r\n+CGLA: 7,\"0102900\"" OK_TAIL),
		 ST_MALFORMED},
		{"F9 no digits", SAYS("AT+CGLA", "\r\n+CGLA: 4,\"90zz\"" OK_TAIL), ST_MALFORMED},
		{"F11 foreign answer", SAYS("AT+CGLA", "\r\n+CSIM: 4,\"9000\"" OK_TAIL), ST_DESYNC},
		{"no answer", SAYS("AT+CGLA", "\r\nOK\r\n"), ST_DESYNC},
		{"F14 late",
		 {.command = "AT+CGLA", .late = "\r\n+CGLA: 4,\"6F00\"" OK_TAIL, .late_ms = 450},
		 ST_TIMEOUT},
		{"F14 late OK",
		 {.command = "AT+CGLA", .late = "\r\nOK\r\n", .late_ms = 350},
		 ST_TIMEOUT},
		{"F13 nothing", {.command = "AT+CGLA", .reply = "\r\n+CREG: 1\r\n"}, ST_TIMEOUT},
		{"F15 ERROR", SAYS("AT+CGLA", "\r\nERROR\r\n"), ST_CHANNEL_LOST},
		{"F20 refused", SAYS("AT+CGLA", "\r\n+CME ERROR: 3\r\n"), ST_CHANNEL_LOST},
		{"unknown", SAYS("AT+CGLA", "\r\n+CME ERROR: 100\r\n"), ST_CHANNEL_LOST},
		{"F24 too long", SAYS("AT+CGLA", "\r\n+CME ERROR: 50\r\n"), ST_CHANNEL_LOST},
		{"SIM out", SAYS("AT+CGLA", "\r\n+CME ERROR: 10\r\n"), ST_CARD_GONE},
		{"PIN", SAYS("AT+CGLA", "\r\n+CME ERROR: 11\r\n"), ST_SIM_PIN},
		{"C12 one byte", SAYS("AT+CGLA", "\r\n+CGLA: 2,\"90\"" OK_TAIL), ST_TRUNCATED},
		{"C12 empty", SAYS("AT+CGLA", "\r\n+CGLA: 0,\"\"" OK_TAIL), ST_TRUNCATED},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct modem_row script[] = {
			rows[i].first, SAYS("AT+CGLA", ANSWER), SAYS("AT+CCHC", "\r\nOK\r\n"), {0}};
		script[0].times = 1;
		struct modem *m = modem_start(script);
		struct transport *t = at_rig_enter(m);
		const char *hex;
		print_message("%s\n", rows[i].name);
		assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 300), rows[i].st);
		transport_leave(t);
		assert_int_equal(transport_enter(t, deadline_in_ms(5000)), ST_OK);
		assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 4000), ST_OK);
		assert_string_equal(hex, "01029000");
		at_rig_leave(t, m);
	}
}

/* F10: a modem with a 256-character buffer. */
static void cut_answers_are_refused(void **state)
{
	char answer[400];
	char digits[257];
	(void)state;
	memset(digits, '0', 256);
	digits[256] = '\0';
	snprintf(answer, sizeof(answer), "\r\n+CGLA: 516,\"%s\"" OK_TAIL, digits);
	const struct modem_row script[] = {SAYS("AT+CGLA", answer), {0}};
	struct modem *m = modem_start(script);
	struct transport *t = at_rig_enter(m);
	const char *hex;
	assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 1000), ST_MALFORMED);
	at_rig_leave(t, m);
}

/* F23: more data than an APDU can have. */
static void oversized_answers_are_refused(void **state)
{
	char answer[800];
	char digits[601];
	(void)state;
	memset(digits, '0', 600);
	digits[600] = '\0';
	snprintf(answer, sizeof(answer), "\r\n+CGLA: 600,\"%s\"" OK_TAIL, digits);
	const struct modem_row script[] = {SAYS("AT+CGLA", answer), {0}};
	struct modem *m = modem_start(script);
	struct transport *t = at_rig_enter(m);
	const char *hex;
	assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 1000), ST_MALFORMED);
	at_rig_leave(t, m);
}

/* F16, F3 and the rest of what CCHO can say. */
static void channels_are_opened_or_not(void **state)
{
	static const struct {
		const char *answer;
		const char *params;
		status st;
		const char *handle;
	} rows[] = {
		{"\r\n+CCHO: 1" OK_TAIL, "", ST_OK, "1"},
		{"\r\n1" OK_TAIL, "", ST_OK, "1"},
		{"\r\n00000000038aa32f" OK_TAIL, "", ST_OK, "00000000038aa32f"},
		{"\r\n+CCHO:00000000038aa32f" OK_TAIL, "", ST_OK, "00000000038aa32f"},
		{"1\r\n0\r", "", ST_OK, "1"},
		{"\r\n+CME ERROR: 13\r\n", "", ST_NO_APPLET, ""},
		{"\r\n+CME ERROR: SIM failure\r\n", "", ST_NO_APPLET, ""},
		{"\r\n+CME ERROR: 22\r\n", "", ST_NO_APPLET, ""},
		{"\r\n+CME ERROR: 10\r\n", "", ST_NO_CARD, ""},
		{"\r\n+CME ERROR: 4\r\n", "", ST_UNSUPPORTED_LINK, ""},
		{"\r\nERROR\r\n", "", ST_UNSUPPORTED_LINK, ""},
		{"\r\n+CME ERROR: 3\r\n", "", ST_UNSUPPORTED_LINK, ""},
		{"\r\n+CME ERROR: 20\r\n", "", ST_NO_CHANNEL, ""},
		{"\r\nERROR\r\n", "?mode=cgla", ST_NO_CHANNEL, ""},
		{"\r\n+CCHO: 1" OK_TAIL, "?mode=csim", ST_UNSUPPORTED_LINK, ""},
		{"\r\n+CCHO: what" OK_TAIL, "", ST_MALFORMED, ""},
		{"\r\nOK\r\n", "", ST_DESYNC, ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct modem_row script[] = {SAYS("AT+CCHO", rows[i].answer), {0}};
		struct modem *m = modem_start(script);
		struct transport *t = at_rig_open(modem_path(m), rows[i].params);
		struct channel ch = {.handle = ""};
		assert_int_equal(transport_enter(t, deadline_in_ms(3000)), ST_OK);
		assert_int_equal(
			transport_channel_open(t, BYTES_OF(aid), &ch, deadline_in_ms(2000)),
			rows[i].st);
		assert_string_equal(ch.handle, rows[i].handle);
		at_rig_leave(t, m);
	}
}

/* A modem whose sessions have worked is not unable when it refuses one: they are all taken. */
static void no_channel_is_told_from_no_cgla(void **state)
{
	static const struct modem_row rows[] = {
		{.command = "AT+CCHO", .reply = "\r\n+CCHO: 1" OK_TAIL, .times = 1},
		SAYS("AT+CCHO", "\r\n+CME ERROR: 3\r\n"),
		SAYS("AT+CGLA", ANSWER),
		{0},
	};
	struct modem *m = modem_start(rows);
	struct transport *t = at_rig_enter(m);
	struct channel ch = {.handle = ""};
	const char *hex;
	(void)state;
	assert_int_equal(transport_channel_open(t, BYTES_OF(aid), &ch, deadline_in_ms(2000)),
			 ST_OK);
	assert_int_equal(at_rig_exchange(t, &ch, &hex, 2000), ST_OK);
	assert_int_equal(transport_channel_open(t, BYTES_OF(aid), &ch, deadline_in_ms(2000)),
			 ST_NO_CHANNEL);
	at_rig_leave(t, m);
}

/* F19 */
static void a_busy_sim_is_asked_again(void **state)
{
	static const struct modem_row rows[] = {
		{.command = "AT+CGLA", .reply = "\r\n+CME ERROR: 14\r\n", .times = 5},
		SAYS("AT+CGLA", ANSWER),
		SAYS("AT+CSIM", "\r\n+CME ERROR: SIM busy\r\n"),
		{0},
	};
	struct modem *m = modem_start(rows);
	struct transport *t = at_rig_enter(m);
	const char *hex;
	(void)state;
	assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 5000), ST_OK);
	assert_string_equal(hex, "01029000");
	assert_int_equal(modem_count(m, "AT+CGLA"), 6);
	int64_t before = deadline_now();
	assert_int_equal(at_rig_exchange(t, NULL, &hex, 400), ST_CARD_BUSY);
	assert_in_range((deadline_now() - before) / 1000000, 300, 900);
	at_rig_leave(t, m);
}

/* But not with a command that may cost a PIN try, whatever the modem says of it. */
static void a_command_is_sent_once(void **state)
{
	static const struct modem_row busy[] = {SAYS("AT+CGLA", "\r\n+CME ERROR: 14\r\n"), {0}};
	static const struct modem_row prompt[] = {
		SAYS("AT+CGLA", "\r\n> "), SAYS("<ESC>", "\r\nOK\r\n"), {0}};
	static const struct {
		const struct modem_row *script;
		status st;
	} rows[] = {{busy, ST_CARD_BUSY}, {prompt, ST_DESYNC}};
	const char *hex;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct modem *m = modem_start(rows[i].script);
		struct transport *t = at_rig_enter(m);
		t->once = true;
		assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 2000), rows[i].st);
		assert_int_equal(modem_count(m, "AT+CGLA"), 1);
		at_rig_leave(t, m);
	}
}

/* F26: another program left a message open; our command went into it and is sent again. */
static void a_prompt_is_cancelled(void **state)
{
	static const struct modem_row rows[] = {
		{.command = "AT+CGLA", .reply = "\r\n> ", .times = 1},
		SAYS("<ESC>", "\r\nOK\r\n"),
		SAYS("AT+CGLA", ANSWER),
		{0},
	};
	struct modem *m = modem_start(rows);
	struct transport *t = at_rig_enter(m);
	const char *hex;
	(void)state;
	assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 5000), ST_OK);
	assert_string_equal(hex, "01029000");
	assert_int_equal(modem_count(m, "<ESC>"), 1);
	at_rig_leave(t, m);
}

static void *chatter(void *arg)
{
	struct modem *m = arg;
	for (int i = 0; i < 400; i++) {
		modem_say(m, "\r\n+CEREG: 1\r\n");
		usleep(5000);
	}
	return NULL;
}

/* A modem that reports its network every 5 ms can be brought back in step all the same. */
static void chatter_does_not_keep_us_out_of_step(void **state)
{
	static const struct modem_row rows[] = {
		{.command = "AT+CGLA", .times = 1}, SAYS("AT+CGLA", ANSWER), {0}};
	struct modem *m = modem_start(rows);
	struct transport *t = at_rig_enter(m);
	const char *hex;
	pthread_t thread;
	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, chatter, m), 0);
	assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 200), ST_TIMEOUT);
	assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 1500), ST_OK);
	assert_string_equal(hex, "01029000");
	pthread_join(thread, NULL);
	at_rig_leave(t, m);
}

/* F14 between processes: the next holder of the port must not take the answer to the command of one
 * that gave up or died. */
static void a_late_answer_is_nobodys(void **state)
{
	static const struct modem_row rows[] = {
		{.command = "AT+CGLA=7",
		 .late = "\r\n+CGLA: 4,\"6F00\"" OK_TAIL,
		 .late_ms = 600,
		 .times = 2},
		SAYS("AT+CGLA=1", ANSWER),
		{0},
	};
	static const struct channel session_7 = {.handle = "7"};
	struct modem *m = modem_start(rows);
	struct transport *t = at_rig_enter(m);
	const char *hex;
	(void)state;
	transport_leave(t);
	for (int killed = 0; killed < 2; killed++) {
		pid_t pid = fork();
		if (pid == 0) {
			struct transport *mine = at_rig_open(modem_path(m), "");
			if (transport_enter(mine, deadline_in_ms(3000)) != ST_OK)
				_exit(1);
			if (at_rig_exchange(mine, &session_7, &hex, 150) != ST_TIMEOUT)
				_exit(2);
			if (!killed)
				transport_leave(mine);
			_exit(0); /* without a word: as if killed */
		}
		int wstatus;
		waitpid(pid, &wstatus, 0);
		assert_true(WIFEXITED(wstatus));
		assert_int_equal(WEXITSTATUS(wstatus), 0);
		assert_int_equal(transport_enter(t, deadline_in_ms(5000)), ST_OK);
		assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 3000), ST_OK);
		assert_string_equal(hex, "01029000");
		transport_leave(t);
	}
	at_rig_leave(t, m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_up_and_both_ways),
		cmocka_unit_test(habits_do_not_matter),
		cmocka_unit_test(faults_are_told_and_survived),
		cmocka_unit_test(cut_answers_are_refused),
		cmocka_unit_test(oversized_answers_are_refused),
		cmocka_unit_test(channels_are_opened_or_not),
		cmocka_unit_test(no_channel_is_told_from_no_cgla),
		cmocka_unit_test(a_busy_sim_is_asked_again),
		cmocka_unit_test(a_command_is_sent_once),
		cmocka_unit_test(a_prompt_is_cancelled),
		cmocka_unit_test(chatter_does_not_keep_us_out_of_step),
		cmocka_unit_test(a_late_answer_is_nobodys),
	};
	return cmocka_run_group_tests(tests, at_rig_set_up, at_rig_tear_down);
}
