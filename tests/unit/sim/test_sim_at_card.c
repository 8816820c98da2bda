/* SPDX-License-Identifier: Apache-2.0 */
/* APDUs over the modem: the field logs of iotsafe-protocol.md §15.3 and §15.4 as dialogues,
 * sessions, argument checks, unplugging. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "at_client.h"

#define HASH32 "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"
#define SIGNATURE                                                                                  \
	"73B3A470B67ADD1B954EAC15CFFB4F6BA77B53D91E35E1244526621D97C38524"                         \
	"0E2656458895A4F99A73B7E5263C4073C98A4B0D66AC71005871694660B9EC9C"
#define POINT                                                                                      \
	"8403303031850330303234454943864104"                                                       \
	"8782CB263ACF47DB6EF7EB9C4369828C5F74E7FAB1719A0AD2036712CA58D936"                         \
	"789A264ACB413A1599115D16457D694FAF2B3E763C3F049679E8256DFE53D64F"
#define OK "\r\n\r\nOK\r\n"

static const struct tiny_pair zar[] = {
	{"81B90000058403303031", "6151"},
	{"81C0000051", POINT "9000"},
	{"812A00010F8403303036A1010391020001920104", "9000"},
	{"812B8001229E20" HASH32, "6143"},
	{"81C0000043", "330040" SIGNATURE "9000"},
	{"812A010100", "9000"},
	{NULL, NULL},
};

static const struct tiny_pair ntt[] = {
	{"012A00010D840101A1010391020001920104", "9000"},
	{"012B8001229E20" HASH32, "6142"},
	{"01C0000000", "3340" SIGNATURE "9000"},
	{"01C0000042", "3340" SIGNATURE "9000"},
	{"81CB010000", "6C03"},
	{"81CB010003", "8401019000"},
	{"81CB020000", "~300 9000"},
	{NULL, NULL},
};

static void test_csim_dialogue_of_zar(void **state)
{
	struct at_client c;

	(void)state;
	at_client_start(&c, zar, "?echo=no");
	at_client_expect(&c, "AT+CSIM=10,\"0070000000\"", "\r\n+CSIM: 6,\"019000\"" OK);
	at_client_expect(&c, "AT+CSIM=24,\"01A4040007A0000005590010\"", "\r\n+CSIM: 4,\"9000\"" OK);
	at_client_expect(&c, "AT+CSIM=20,\"81B90000058403303031\"", "\r\n+CSIM: 4,\"6151\"" OK);
	at_client_expect(&c, "AT+CSIM=10,\"81C0000051\"", "\r\n+CSIM: 166,\"" POINT "9000\"" OK);
	at_client_expect(&c, "AT+CSIM=40,\"812A00010F8403303036A1010391020001920104\"",
			 "\r\n+CSIM: 4,\"9000\"" OK);
	at_client_expect(&c, "AT+CSIM=78,\"812B8001229E20" HASH32 "\"", "\r\n+CSIM: 4,\"6143\"" OK);
	at_client_expect(&c, "AT+CSIM=10,\"81C0000043\"",
			 "\r\n+CSIM: 138,\"330040" SIGNATURE "9000\"" OK);
	at_client_expect(&c, "AT+CSIM=10,\"812A010100\"", "\r\n+CSIM: 4,\"9000\"" OK);
	at_client_expect(&c, "AT+CSIM=10,\"0070800100\"", "\r\n+CSIM: 4,\"9000\"" OK);
	at_client_stop(&c);
}

/* Opens a session; its handle goes to ret. */
static void open_session(struct at_client *c, char ret[32])
{
	at_client_send(c, "AT+CCHO=\"A0000001157000000000000049534102\"\r");
	assert_true(at_client_read_until(c, "OK\r\n", 2000));
	assert_int_equal(sscanf(c->got, "\r\n+CCHO: %31[0-9a-f]", ret), 1);
}

static void expect_cgla(struct at_client *c, const char *handle, const char *apdu, const char *want)
{
	char line[700];

	snprintf(line, sizeof(line), "AT+CGLA=%s,%zu,\"%s\"", handle, strlen(apdu), apdu);
	at_client_expect(c, line, want);
}

static void close_session(struct at_client *c, const char *handle, const char *want)
{
	char line[64];

	snprintf(line, sizeof(line), "AT+CCHC=%s", handle);
	at_client_expect(c, line, want);
}

static void test_cgla_dialogue_of_ntt(void **state)
{
	struct at_client c;
	char handle[32];

	(void)state;
	at_client_start(&c, ntt, "?echo=no&ccho=hex");
	open_session(&c, handle);
	assert_int_equal(strlen(handle), 16);
	assert_string_equal(tiny_card_seen(c.card),
			    "0070000001 01A4040010A0000001157000000000000049534102");
	expect_cgla(&c, handle, "002A00010D840101A1010391020001920104", "\r\n+CGLA: 4,\"9000\"" OK);
	expect_cgla(&c, handle, "002B8001229E20" HASH32, "\r\n+CGLA: 4,\"6142\"" OK);
	expect_cgla(&c, handle, "00C0000000", "\r\n+CGLA: 136,\"3340" SIGNATURE "9000\"" OK);
	tiny_card_seen(c.card);
	close_session(&c, handle, "\r\nOK\r\n");
	assert_string_equal(tiny_card_seen(c.card), "00708001");
	at_client_stop(&c);
}

static void test_auto61_follows_61_and_6c(void **state)
{
	struct at_client c;
	char handle[32];

	(void)state;
	at_client_start(&c, ntt, "?echo=no&auto61=yes");
	open_session(&c, handle);
	expect_cgla(&c, handle, "002B8001229E20" HASH32,
		    "\r\n+CGLA: 136,\"3340" SIGNATURE "9000\"" OK);
	expect_cgla(&c, handle, "80CB010000", "\r\n+CGLA: 10,\"8401019000\"" OK);
	at_client_stop(&c);
}

static void test_channel_bits_are_the_modems(void **state)
{
	struct at_client c;
	char first[32], second[32];

	(void)state;
	at_client_start(&c, ntt, "?echo=no");
	open_session(&c, first);
	open_session(&c, second);
	assert_string_not_equal(first, second);
	tiny_card_seen(c.card);
	expect_cgla(&c, second, "80CB010000", "\r\n+CGLA: 4,\"6D00\"" OK);
	expect_cgla(&c, second, "81CB010000", "\r\n+CGLA: 4,\"6D00\"" OK);
	expect_cgla(&c, first, "83CB010000", "\r\n+CGLA: 4,\"6C03\"" OK);
	assert_string_equal(tiny_card_seen(c.card), "82CB010000 82CB010000 81CB010000");
	at_client_stop(&c);
}

static void test_ccho_failures(void **state)
{
	struct at_client c;
	char handle[32];

	(void)state;
	at_client_start(&c, NULL, "?echo=no");
	at_client_expect(&c, "AT+CMEE=1", "\r\nOK\r\n");
	at_client_expect(&c, "AT+CCHO=\"A000000559FFFF\"", "\r\n+CME ERROR: 13\r\n");
	assert_string_equal(tiny_card_seen(c.card), "0070000001 01A4040007A000000559FFFF 00708001");
	at_client_expect(&c, "AT+CCHO=\"A00\"", "\r\n+CME ERROR: 50\r\n");
	at_client_expect(&c, "AT+CCHO=", "\r\n+CME ERROR: 50\r\n");
	at_client_expect(&c, "AT+CCHO=\"0102030405060708090A0B0C0D0E0F1011\"",
			 "\r\n+CME ERROR: 50\r\n");
	for (int i = 0; i < 3; i++)
		open_session(&c, handle);
	at_client_expect(&c, "AT+CCHO=\"A0000005590010\"", "\r\n+CME ERROR: 20\r\n");
	close_session(&c, handle, "\r\nOK\r\n");
	close_session(&c, handle, "\r\n+CME ERROR: 3\r\n");
	expect_cgla(&c, handle, "00CB010000", "\r\n+CME ERROR: 3\r\n");
	at_client_expect(&c, "AT+CCHO=A0000005590010", "\r\n+CCHO: 8" OK);
	at_client_stop(&c);
}

static void test_csim_argument_checks(void **state)
{
	static const char *const bad[] = {"AT+CSIM=",
					  "AT+CSIM=10",
					  "AT+CSIM=10,",
					  "AT+CSIM=8,\"0070000001\"",
					  "AT+CSIM=12,\"0070000001\"",
					  "AT+CSIM=9,\"007000000\"",
					  "AT+CSIM=10,\"00700000G1\"",
					  "AT+CSIM=6,\"007000\"",
					  "AT+CSIM=10,\"0070000001\",1",
					  "AT+CSIM=x,\"0070000001\"",
					  "AT+CSIM=0,\"\""};
	struct at_client c;

	(void)state;
	at_client_start(&c, NULL, "?echo=no");
	at_client_expect(&c, "AT+CMEE=1", "\r\nOK\r\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		at_client_expect(&c, bad[i], "\r\n+CME ERROR: 50\r\n");
	assert_string_equal(tiny_card_seen(c.card), "");
	at_client_expect(&c, "AT+CSIM= 10, \"0070000001\"", "\r\n+CSIM: 6,\"019000\"" OK);
	at_client_expect(&c, "AT+CSIM=10,00a4040000", "\r\n+CSIM: 4,\"6A82\"" OK);
	at_client_stop(&c);
	at_client_start(&c, NULL, "?echo=no&model=foxconn");
	at_client_expect(&c, "AT+CSIM=10,\"00a4040000\"", "\r\nERROR\r\n");
	at_client_expect(&c, "AT+CSIM=10,\"00A4040000\"", "\r\n+CSIM: 4,\"6A82\"" OK);
	at_client_stop(&c);
}

static void test_crsm_reads_iccid(void **state)
{
	static const struct tiny_pair script[] = {
		{"00A4000C023F00", "9000"},
		{"00A4000C022FE2", "9000"},
		{"00B000000A", "988803070010325476F89000"},
		{NULL, NULL},
	};
	struct at_client c;

	(void)state;
	at_client_start(&c, script, "?echo=no");
	at_client_expect(&c, "AT+CRSM=176,12258,0,0,10",
			 "\r\n+CRSM: 144,0,\"988803070010325476F8\"" OK);
	at_client_expect(&c, "AT+CRSM=176,12037,0,0,10", "\r\n+CRSM: 109,0" OK);
	at_client_expect(&c, "AT+CRSM=214,12258,0,0,10", "\r\nERROR\r\n");
	at_client_stop(&c);
}

static void test_reset_ends_sessions(void **state)
{
	struct at_client c;
	char handle[32];

	(void)state;
	at_client_start(&c, ntt, "?echo=no");
	at_client_expect(&c, "AT+CMEE=1", "\r\nOK\r\n");
	open_session(&c, handle);
	at_client_control(&c, "reset");
	expect_cgla(&c, handle, "80CB010000", "\r\n+CME ERROR: 3\r\n");
	at_client_stop(&c);
}

/* The port's own answer to a hang-up: POLLHUP, read 0, write EIO. */
static void expect_hang_up(struct at_client *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	char byte;

	assert_int_equal(poll(&p, 1, 1000), 1);
	assert_true(p.revents & POLLHUP);
	while (read(c->fd, &byte, 1) == 1)
		continue;
	assert_int_equal(write(c->fd, "AT\r", 3), -1);
	assert_int_equal(errno, EIO);
}

static void test_unplug_and_plug(void **state)
{
	struct at_client c;
	char before[64] = "", after[64] = "";

	(void)state;
	at_client_start(&c, ntt, "?echo=no");
	assert_true(readlink(c.link, before, sizeof(before) - 1) > 0);
	at_client_control(&c, "unplug");
	assert_int_equal(access(c.link, F_OK), -1);
	expect_hang_up(&c);
	close(c.fd);
	at_client_control(&c, "plug");
	assert_true(readlink(c.link, after, sizeof(after) - 1) > 0);
	assert_string_not_equal(before, after);
	at_client_open(&c);
	at_client_expect(&c, "AT", "\r\nOK\r\n");
	at_client_control(&c, "plug"); /* plugged already: nothing happens */
	at_client_expect(&c, "AT", "\r\nOK\r\n");
	at_client_stop(&c);
}

static void test_unplug_during_a_command(void **state)
{
	struct at_client c;
	char handle[32];
	char line[64];

	(void)state;
	at_client_start(&c, ntt, "?echo=no");
	open_session(&c, handle);
	snprintf(line, sizeof(line), "AT+CGLA=%s,10,\"80CB020000\"\r", handle);
	at_client_send(&c, line);
	usleep(50000);
	at_client_control(&c, "unplug");
	expect_hang_up(&c);
	close(c.fd);
	c.fd = -1;
	at_client_stop(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csim_dialogue_of_zar),
		cmocka_unit_test(test_cgla_dialogue_of_ntt),
		cmocka_unit_test(test_auto61_follows_61_and_6c),
		cmocka_unit_test(test_channel_bits_are_the_modems),
		cmocka_unit_test(test_ccho_failures),
		cmocka_unit_test(test_csim_argument_checks),
		cmocka_unit_test(test_crsm_reads_iccid),
		cmocka_unit_test(test_reset_ends_sessions),
		cmocka_unit_test(test_unplug_and_plug),
		cmocka_unit_test(test_unplug_during_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
