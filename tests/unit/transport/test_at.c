/* SPDX-License-Identifier: Apache-2.0 */
/* The AT back end through its contract (transport.h) against a scripted modem: every habit and
 * fault of the list F1 to F29 that a modem can show, silence, and the cable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hex.h"
#include "mem.h"
#include "modem.h"
#include "transport.h"

static char dir[] = "/tmp/iotsafe-at-XXXXXX";

static const uint8_t select_cmd[] = {0x00, 0xCB, 0x01, 0x00, 0x00};
static const uint8_t aid[] = {0xA0, 0x00, 0x00, 0x05, 0x59, 0x00, 0x10};
static const struct channel session_1 = {.handle = "1"};
static const struct modem_row no_rows[] = {{0}};

#define SAYS(cmd, text)                                                                            \
	{                                                                                          \
		.command = (cmd), .reply = (text)                                                  \
	}
#define OK_TAIL "\r\n\r\nOK\r\n"
#define ANSWER "\r\n+CGLA: 8,\"01029000\"" OK_TAIL

static struct transport *open_uri(const char *path, const char *params)
{
	struct transport *t = NULL;
	struct uri uri;
	char text[256];
	struct transport_settings set = {.lock_dir = dir};
	snprintf(text, sizeof(text), "at:%s%s", path, params);
	assert_int_equal(uri_parse(text, &uri), ST_OK);
	assert_int_equal(transport_open(&uri, &set, &t), ST_OK);
	return t;
}

static struct transport *enter(struct modem *m)
{
	struct transport *t = open_uri(modem_path(m), "");
	assert_int_equal(transport_enter(t, deadline_in_ms(8000)), ST_OK);
	return t;
}

static void leave(struct transport *t, struct modem *m)
{
	transport_leave(t);
	transport_close(t);
	modem_stop(m);
}

static status exchange(struct transport *t, const struct channel *ch, const char **ret_hex, int ms)
{
	static char text[2 * APDU_REPLY_MAX + 1];
	uint8_t buf[APDU_REPLY_MAX];
	struct wtr reply = WTR_ON(buf);
	status st = transport_transmit(t, ch, BYTES_OF(select_cmd), &reply, deadline_in_ms(ms));
	*ret_hex = st == ST_OK ? hex_str(wtr_bytes(&reply), text, sizeof(text)) : "";
	return st;
}

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
	struct transport *t = enter(m);
	struct channel ch = {0};
	char iccid[ICCID_DIGITS_MAX + 1];
	const char *hex;
	(void)state;
	assert_string_equal(t->description, "Acme M1");
	assert_true(t->traits & TRANSPORT_CROSSTALK);
	assert_int_equal(t->generation, 0);
	assert_true(transport_can_share(t));
	assert_int_equal(transport_channel_open(t, BYTES_OF(aid), &ch, deadline_in_ms(2000)),
			 ST_OK);
	assert_string_equal(ch.handle, "1");
	assert_int_equal(ch.number, 0);
	assert_int_equal(exchange(t, &ch, &hex, 2000), ST_OK);
	assert_string_equal(hex, "01029000");
	assert_int_equal(exchange(t, NULL, &hex, 2000), ST_OK);
	assert_string_equal(hex, "6A82");
	struct channel by_number = {.number = 1};
	assert_int_equal(exchange(t, &by_number, &hex, 2000), ST_OK);
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
	assert_int_equal(exchange(t, &ch, &hex, 2000), ST_OK);
	transport_leave(t);
	assert_int_equal(modem_count(m, ""), before + 1);
	assert_true(transport_present(t));
	leave(t, m);
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
		struct transport *t = enter(m);
		const char *hex;
		print_message("%s\n", rows[i].name);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(exchange(t, &session_1, &hex, 4000), ST_OK);
			assert_string_equal(hex, "01029000");
		}
		leave(t, m);
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
		struct transport *t = enter(m);
		const char *hex;
		print_message("%s\n", rows[i].name);
		assert_int_equal(exchange(t, &session_1, &hex, 300), rows[i].st);
		transport_leave(t);
		assert_int_equal(transport_enter(t, deadline_in_ms(5000)), ST_OK);
		assert_int_equal(exchange(t, &session_1, &hex, 4000), ST_OK);
		assert_string_equal(hex, "01029000");
		leave(t, m);
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
	struct transport *t = enter(m);
	const char *hex;
	assert_int_equal(exchange(t, &session_1, &hex, 1000), ST_MALFORMED);
	leave(t, m);
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
	struct transport *t = enter(m);
	const char *hex;
	assert_int_equal(exchange(t, &session_1, &hex, 1000), ST_MALFORMED);
	leave(t, m);
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
		struct transport *t = open_uri(modem_path(m), rows[i].params);
		struct channel ch = {.handle = ""};
		assert_int_equal(transport_enter(t, deadline_in_ms(3000)), ST_OK);
		assert_int_equal(
			transport_channel_open(t, BYTES_OF(aid), &ch, deadline_in_ms(2000)),
			rows[i].st);
		assert_string_equal(ch.handle, rows[i].handle);
		leave(t, m);
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
	struct transport *t = enter(m);
	struct channel ch = {.handle = ""};
	const char *hex;
	(void)state;
	assert_int_equal(transport_channel_open(t, BYTES_OF(aid), &ch, deadline_in_ms(2000)),
			 ST_OK);
	assert_int_equal(exchange(t, &ch, &hex, 2000), ST_OK);
	assert_int_equal(transport_channel_open(t, BYTES_OF(aid), &ch, deadline_in_ms(2000)),
			 ST_NO_CHANNEL);
	leave(t, m);
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
	struct transport *t = enter(m);
	const char *hex;
	(void)state;
	assert_int_equal(exchange(t, &session_1, &hex, 5000), ST_OK);
	assert_string_equal(hex, "01029000");
	assert_int_equal(modem_count(m, "AT+CGLA"), 6);
	int64_t before = deadline_now();
	assert_int_equal(exchange(t, NULL, &hex, 400), ST_CARD_BUSY);
	assert_in_range((deadline_now() - before) / 1000000, 300, 900);
	leave(t, m);
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
	struct transport *t = enter(m);
	const char *hex;
	(void)state;
	assert_int_equal(exchange(t, &session_1, &hex, 5000), ST_OK);
	assert_string_equal(hex, "01029000");
	assert_int_equal(modem_count(m, "<ESC>"), 1);
	leave(t, m);
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
	struct transport *t = enter(m);
	const char *hex;
	pthread_t thread;
	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, chatter, m), 0);
	assert_int_equal(exchange(t, &session_1, &hex, 200), ST_TIMEOUT);
	assert_int_equal(exchange(t, &session_1, &hex, 1500), ST_OK);
	assert_string_equal(hex, "01029000");
	pthread_join(thread, NULL);
	leave(t, m);
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
	struct transport *t = enter(m);
	const char *hex;
	(void)state;
	transport_leave(t);
	for (int killed = 0; killed < 2; killed++) {
		pid_t pid = fork();
		if (pid == 0) {
			struct transport *mine = open_uri(modem_path(m), "");
			if (transport_enter(mine, deadline_in_ms(3000)) != ST_OK)
				_exit(1);
			if (exchange(mine, &session_7, &hex, 150) != ST_TIMEOUT)
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
		assert_int_equal(exchange(t, &session_1, &hex, 3000), ST_OK);
		assert_string_equal(hex, "01029000");
		transport_leave(t);
	}
	leave(t, m);
}

/* --- the SIM at set-up --- */

static void the_sim_is_asked_for(void **state)
{
	static const struct {
		struct modem_row first;
		int times;
		status st;
	} rows[] = {
		{SAYS("AT+CPIN?", "\r\n+CPIN: SIM PIN" OK_TAIL), 0, ST_SIM_PIN},
		{SAYS("AT+CPIN?", "\r\n+CPIN: SIM PUK" OK_TAIL), 0, ST_SIM_PIN},
		{SAYS("AT+CPIN?", "\r\n+CME ERROR: 10\r\n"), 0, ST_NO_CARD},
		{SAYS("AT+CPIN?", "\r\n+CME ERROR: SIM not inserted\r\n"), 0, ST_NO_CARD},
		{SAYS("AT+CPIN?", "\r\n+CME ERROR: 14\r\n"), 2, ST_OK},
		{SAYS("AT+CPIN?", "\r\n+CME ERROR: 13\r\n"), 1, ST_OK},
		{SAYS("AT+CPIN?", "\r\n+CPIN: NOT READY" OK_TAIL), 1, ST_OK},
		{SAYS("AT+CPIN?", "\r\nERROR\r\n"), 0, ST_OK},
		{SAYS("AT+CPIN?", "\r\n+CPIN: SIM PIN2" OK_TAIL), 0, ST_OK},
		{SAYS("AT+CPIN?", "\r\n+CME ERROR: 14\r\n"), 0, ST_CARD_BUSY},
		{SAYS("AT+CMEE", "\r\nERROR\r\n"), 0, ST_OK},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct modem_row script[] = {rows[i].first, {0}};
		script[0].times = rows[i].times;
		struct modem *m = modem_start(script);
		struct transport *t = open_uri(modem_path(m), "");
		assert_int_equal(transport_enter(t, deadline_in_ms(1800)), rows[i].st);
		if (rows[i].st == ST_NO_CARD)
			assert_false(transport_present(t));
		leave(t, m);
	}
}

static void a_sim_put_back_is_found(void **state)
{
	static const struct modem_row rows[] = {
		{.command = "AT+CPIN?", .reply = "\r\n+CPIN: READY" OK_TAIL, .times = 1},
		{.command = "AT+CPIN?", .reply = "\r\n+CME ERROR: 10\r\n", .times = 1},
		{0},
	};
	struct modem *m = modem_start(rows);
	struct transport *t = enter(m);
	(void)state;
	transport_leave(t);
	modem_say(m, "\r\n+CPIN: NOT READY\r\n");
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_NO_CARD);
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	transport_leave(t);
	assert_true(transport_present(t));
	leave(t, m);
}

/* --- silence and the cable --- */

static double cpu_ms(void)
{
	struct rusage u;
	getrusage(RUSAGE_THREAD, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static void silence_ends_in_time_and_costs_nothing(void **state)
{
	static const struct modem_row dumb[] = {{.command = ""}, {0}};
	static const struct modem_row deaf_to_cgla[] = {{.command = "AT+CGLA"}, {0}};
	struct modem *m = modem_start(dumb);
	struct transport *t = open_uri(modem_path(m), "");
	const char *hex;
	(void)state;
	for (int i = 0; i < 2; i++) {
		double cpu = cpu_ms();
		int64_t before = deadline_now();
		assert_int_equal(transport_enter(t, deadline_in_ms(1500)), ST_TIMEOUT);
		assert_in_range((deadline_now() - before) / 1000000, 1000, 1900);
		assert_true(cpu_ms() - cpu < 20);
	}
	leave(t, m);

	m = modem_start(deaf_to_cgla);
	t = enter(m);
	double cpu = cpu_ms();
	int64_t before = deadline_now();
	assert_int_equal(exchange(t, &session_1, &hex, 1000), ST_TIMEOUT);
	assert_in_range((deadline_now() - before) / 1000000, 950, 1300);
	assert_true(cpu_ms() - cpu < 10);
	leave(t, m);
}

/* F27 */
static void the_cable_is_pulled_and_put_back(void **state)
{
	static const struct modem_row dying[] = {
		{.command = "AT+CGLA", .reply = "\r\n+CGLA: 8,\"01", .hang_up = true}, {0}};
	static const struct modem_row well[] = {SAYS("AT+CGLA", ANSWER), {0}};
	char link[64];
	const char *hex;
	(void)state;
	snprintf(link, sizeof(link), "%s/port", dir);
	struct modem *m = modem_start_at(dying, link);
	struct transport *t = enter(m);
	int64_t before = deadline_now();
	assert_int_equal(exchange(t, &session_1, &hex, 5000), ST_NO_DEVICE);
	assert_in_range((deadline_now() - before) / 1000000, 0, 1000);
	assert_int_equal(exchange(t, &session_1, &hex, 5000), ST_NO_DEVICE);
	transport_leave(t);
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_NO_DEVICE);
	modem_stop(m);

	struct modem *other = modem_start(no_rows); /* takes the old number */
	m = modem_start_at(well, link);
	assert_true(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	assert_int_equal(exchange(t, &session_1, &hex, 2000), ST_OK);
	transport_leave(t);
	/* pulled and put back between two operations */
	modem_stop(m);
	m = modem_start_at(well, link);
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	assert_int_equal(exchange(t, &session_1, &hex, 2000), ST_OK);
	modem_stop(other);
	leave(t, m);
}

/* --- other programs --- */

static void other_programs_are_respected(void **state)
{
	struct modem *m = modem_start(no_rows);
	char lock[128], name[64];
	(void)state;
	/* F28: a foreign flock on the port */
	int fd = open(modem_path(m), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	struct transport *t = open_uri(modem_path(m), "");
	assert_int_equal(transport_enter(t, deadline_in_ms(200)), ST_BUSY_DEVICE);
	close(fd);
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	transport_leave(t);
	transport_disconnect(t);
	/* a UUCP lock: a live owner, then a dead one */
	snprintf(name, sizeof(name), "%s", modem_path(m) + strlen("/dev/"));
	*strchr(name, '/') = '_';
	snprintf(lock, sizeof(lock), "/run/lock/LCK..%s", name);
	FILE *f = fopen(lock, "we");
	assert_non_null(f);
	fprintf(f, "%10d\n", (int)getppid());
	fclose(f);
	status live = transport_enter(t, deadline_in_ms(2000));
	pid_t dead = fork();
	if (dead == 0)
		_exit(0);
	waitpid(dead, NULL, 0);
	f = fopen(lock, "we");
	assert_non_null(f);
	fprintf(f, "%10d\n", (int)dead);
	fclose(f);
	status stale = transport_enter(t, deadline_in_ms(2000));
	unlink(lock);
	assert_int_equal(live, ST_BUSY_DEVICE);
	assert_int_equal(stale, ST_OK);
	leave(t, m);
}

/* Two processes on one modem, each with its own session: all answers go where they belong. */
static void two_processes_share_a_modem(void **state)
{
	static const struct modem_row rows[] = {
		SAYS("AT+CGLA=1", "\r\n+CGLA: 6,\"019000\"" OK_TAIL),
		SAYS("AT+CGLA=2", "\r\n+CGLA: 6,\"029000\"" OK_TAIL),
		{0},
	};
	struct modem *m = modem_start(rows);
	pid_t pid[2];
	(void)state;
	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i] != 0)
			continue;
		struct transport *t = open_uri(modem_path(m), "");
		struct channel ch = {.handle = {(char)('1' + i)}};
		const char *want = i ? "029000" : "019000", *hex;
		for (int n = 0; n < 40; n++) {
			if (transport_enter(t, deadline_in_ms(8000)) != ST_OK)
				_exit(1);
			for (int k = 0; k < 3; k++)
				if (exchange(t, &ch, &hex, 3000) != ST_OK || strcmp(hex, want) != 0)
					_exit(2);
			transport_leave(t);
		}
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		int wstatus;
		waitpid(pid[i], &wstatus, 0);
		assert_true(WIFEXITED(wstatus));
		assert_int_equal(WEXITSTATUS(wstatus), 0);
	}
	modem_stop(m);
}

static void bad_uris_are_refused(void **state)
{
	static const char *const bad[] = {"at:",
					  "at:relative",
					  "at:/dev/x?baud=12345",
					  "at:/dev/x?baud=1",
					  "at:/dev/x?mode=qmi",
					  "qqq:/dev/x"};
	struct transport_settings set = {.lock_dir = dir};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct transport *t = NULL;
		struct uri uri;
		assert_int_equal(uri_parse(bad[i], &uri), ST_OK);
		assert_int_equal(transport_open(&uri, &set, &t), ST_ARG);
		assert_null(t);
	}
	/* not a device */
	struct transport *t = open_uri(dir, "");
	assert_int_equal(transport_enter(t, deadline_in_ms(500)), ST_IO);
	transport_close(t);
	t = open_uri("/dev/iotsafe-absent", "");
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(500)), ST_NO_DEVICE);
	transport_close(t);
	t = open_uri("/dev/null", "");
	assert_int_equal(transport_enter(t, deadline_in_ms(500)), ST_NO_DEVICE);
	transport_forget(t);
}

static int make_dir(void **state)
{
	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof(command), "rm -rf -- '%s'", dir);
	return system(command);
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
		cmocka_unit_test(a_prompt_is_cancelled),
		cmocka_unit_test(chatter_does_not_keep_us_out_of_step),
		cmocka_unit_test(a_late_answer_is_nobodys),
		cmocka_unit_test(the_sim_is_asked_for),
		cmocka_unit_test(a_sim_put_back_is_found),
		cmocka_unit_test(silence_ends_in_time_and_costs_nothing),
		cmocka_unit_test(the_cable_is_pulled_and_put_back),
		cmocka_unit_test(other_programs_are_respected),
		cmocka_unit_test(two_processes_share_a_modem),
		cmocka_unit_test(bad_uris_are_refused),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
