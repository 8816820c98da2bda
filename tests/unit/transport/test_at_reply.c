/* SPDX-License-Identifier: Apache-2.0 */
/* Whole answers as byte streams, in one piece, byte by byte and cut at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "at_codes.h"
#include "at_reply.h"
#include "mem.h"

static const struct at_expect csim = {"AT+CSIM=4,\"00\"", AT_WANT_PREFIX, "+CSIM"};
static const struct at_expect ccho = {"AT+CCHO=\"A0\"", AT_WANT_HANDLE, "+CCHO"};
static const struct at_expect cchc = {"AT+CCHC=1", AT_WANT_NOTHING, NULL};
static const struct at_expect cgmi = {"AT+CGMI", AT_WANT_TEXT, "+CGMI"};

#define S(text) text, sizeof(text) - 1

static const struct stream {
	const struct at_expect *x;
	const char *text;
	size_t n;
	enum at_final final;
	const char *info;
	bool foreign, stray, prompt;
} streams[] = {
	{&csim, S("\r\n+CSIM: 4,\"9000\"\r\n\r\nOK\r\n"), AT_FINAL_OK, "4,\"9000\"", 0, 0, 0},
	/* F1 echo, with the odd CR CR LF */
	{&csim, S("AT+CSIM=4,\"00\"\r\r\n+CSIM: 4,\"9000\"\r\nOK\r\n"), AT_FINAL_OK, "4,\"9000\"",
	 0, 0, 0},
	/* F2 ATV0 */
	{&csim, S("+CSIM: 4,\"9000\"\r\n0\r"), AT_FINAL_OK, "4,\"9000\"", 0, 0, 0},
	{&csim, S("4\r"), AT_FINAL_ERROR, "", 0, 0, 0},
	{&ccho, S("1\r\n0\r"), AT_FINAL_OK, "1", 0, 0, 0},
	/* F3 */
	{&csim, S("\r\n+CME ERROR: SIM busy\r\n"), AT_FINAL_ERROR, "", 0, 0, 0},
	/* F4 unsolicited before, inside and after */
	{&csim, S("\r\n+CREG: 1\r\n\r\n+CSIM: 4,\"9000\"\r\n\r\n+CEREG: 5\r\n\r\nOK\r\n"),
	 AT_FINAL_OK, "4,\"9000\"", 0, 0, 0},
	{&csim, S("\r\n+CSIM: 8,\"0102\r\nRING\r\n9000\"\r\nOK\r\n"), AT_FINAL_OK, "8,\"01029000\"",
	 0, 0, 0},
	{&csim, S("\r\n+CSIM: 4,\"9000\"\r\n\r\nOK\r\n\r\n+CREG: 2\r\n"), AT_FINAL_OK, "4,\"9000\"",
	 0, 0, 0},
	/* F5 glued */
	{&csim, S("+CREG: 1+CSIM: 4,\"9000\"\r\nOK\r\n"), AT_FINAL_OK, "4,\"9000\"", 0, 0, 0},
	{&csim, S("+CSIM: 4,\"9000\"\r\n+CREG: 1OK\r\n"), AT_FINAL_OK, "4,\"9000\"", 0, 0, 0},
	/* F12 twice: the last counts */
	{&csim, S("+CSIM: 4,\"6A82\"\r\n+CSIM: 4,\"9000\"\r\nOK\r\n"), AT_FINAL_OK, "4,\"9000\"", 0,
	 0, 0},
	/* F13 no final result */
	{&csim, S("+CSIM: 4,\"9000\"\r\n"), AT_FINAL_NONE, "4,\"9000\"", 0, 0, 0},
	/* F16 handles; F17 */
	{&ccho, S("\r\n+CCHO: 00000000038aa32f\r\nOK\r\n"), AT_FINAL_OK, "00000000038aa32f", 0, 0,
	 0},
	{&cchc, S("+CCHC\r\nOK\r\n"), AT_FINAL_OK, "", 0, 0, 0},
	{&cchc, S("T+CCHC=1\r\nERROR\r\n"), AT_FINAL_ERROR, "", 0, 0, 0},
	/* F25 noise */
	{&csim,
	 S("\0\0\xFF\r\n\0+CS\xFFIM: 4,\"90\0"
	   "00\"\r\n\xFFOK\r\n"),
	 AT_FINAL_OK, "4,\"9000\"", 0, 0, 0},
	/* F26 prompt, with and without its line's end */
	{&csim, S("\r\n> "), AT_FINAL_NONE, "", 0, 0, 1},
	{&csim, S(">\r\n"), AT_FINAL_NONE, "", 0, 0, 1},
	/* another command's answer */
	{&csim, S("+CGLA: 4,\"9000\"\r\nOK\r\n"), AT_FINAL_OK, "", 1, 0, 0},
	{&csim, S("+CSIM: 4,\"9000\"\r\nOK\r\nOK\r\n"), AT_FINAL_OK, "4,\"9000\"", 0, 1, 0},
	/* the first line of free text */
	{&cgmi, S("AT+CGMI\r\r\nQuectel\r\nEC25\r\n\r\nOK\r\n"), AT_FINAL_OK, "Quectel", 0, 0, 0},
};

static void check(const struct stream *s, const struct at_reply *r)
{
	struct bytes info = at_reply_info(r);
	if (r->final != s->final || !bytes_equal(info, bytes_str(s->info)))
		print_message("stream %zu: info %.*s\n", (size_t)(s - streams), (int)info.n,
			      (const char *)info.p);
	assert_int_equal(r->final, s->final);
	assert_true(bytes_equal(info, bytes_str(s->info)));
	assert_int_equal(r->foreign, s->foreign);
	assert_int_equal(r->stray, s->stray);
	assert_int_equal(r->prompt, s->prompt);
}

static void streams_in_one_piece(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct at_reply r;
		at_reply_init(&r);
		at_reply_begin(&r, streams[i].x);
		at_reply_feed(&r, bytes_of(streams[i].text, streams[i].n));
		check(&streams[i], &r);
	}
}

static void streams_in_random_pieces(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (size_t i = 0; i < 500 * ARRAY_LEN(streams); i++) {
		const struct stream *s = &streams[i % ARRAY_LEN(streams)];
		size_t longest = i < ARRAY_LEN(streams) ? 1 : 9;
		struct at_reply r;
		at_reply_init(&r);
		at_reply_begin(&r, s->x);
		for (size_t at = 0; at < s->n;) {
			size_t n = 1 + (size_t)rand() % longest;
			n = n < s->n - at ? n : s->n - at;
			at_reply_feed(&r, bytes_of(s->text + at, n));
			at += n;
		}
		check(s, &r);
	}
}

static void commands_do_not_mix(void **state)
{
	struct at_reply r;
	(void)state;
	at_reply_init(&r);
	/* what nobody asked for */
	at_reply_feed(&r, BYTES_LIT("\r\n+CREG: 1\r\n"));
	assert_false(r.stray);
	at_reply_feed(&r, BYTES_LIT("\r\n+CSIM: 4,\"9000\"\r\n"));
	assert_true(r.stray);
	/* an unsolicited line that began before the command and ends in it */
	at_reply_feed(&r, BYTES_LIT("+CPIN: NOT"));
	at_reply_begin(&r, &csim);
	assert_false(r.stray);
	at_reply_feed(&r, BYTES_LIT(" READY\r\n+CSIM: 4,\"6F00\"\r\nOK\r\n"));
	assert_int_equal(r.sim, AT_SIM_OUT);
	assert_true(at_reply_done(&r));
	at_reply_wipe(&r);
	assert_int_equal(at_reply_info(&r).n, 0);
	/* after the end, an answer belongs to nobody */
	at_reply_feed(&r, BYTES_LIT("OK\r\n"));
	assert_true(r.stray);
}

static void endless_lines_are_dropped(void **state)
{
	struct at_reply r;
	(void)state;
	at_reply_init(&r);
	at_reply_begin(&r, &csim);
	at_reply_feed(&r, BYTES_LIT("+CSIM: 4,\""));
	for (int i = 0; i < 100000; i++)
		at_reply_feed(&r, BYTES_LIT("00"));
	at_reply_feed(&r, BYTES_LIT("\"\r\n"));
	assert_int_equal(r.info_count, 0);
	at_reply_feed(&r, BYTES_LIT("+CSIM: 4,\"9000\"\r\nOK\r\n"));
	assert_int_equal(r.info_count, 1);
	assert_int_equal(r.final, AT_FINAL_OK);
}

/* Of a long answer nothing is left behind a short one, nor behind the next command's. */
static void no_answer_outlives_its_reading(void **state)
{
	struct at_reply r;
	(void)state;
	at_reply_init(&r);
	at_reply_begin(&r, &csim);
	at_reply_feed(&r, BYTES_LIT("+CSIM: 20,\"ABABABABABABABAB9000\"\r\n"));
	at_reply_feed(&r, BYTES_LIT("+CSIM: 4,\"9000\"\r\nOK\r\n"));
	assert_null(memmem(&r, sizeof(r), "ABAB", 4));
	at_reply_begin(&r, &csim);
	at_reply_feed(&r, BYTES_LIT("+CSIM: 20,\"ABABABABABABABAB9000\"\r\nOK\r\n"));
	at_reply_begin(&r, &ccho);
	assert_null(memmem(&r, sizeof(r), "ABAB", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_in_one_piece),
		cmocka_unit_test(streams_in_random_pieces),
		cmocka_unit_test(commands_do_not_mix),
		cmocka_unit_test(endless_lines_are_dropped),
		cmocka_unit_test(no_answer_outlives_its_reading),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
