/* SPDX-License-Identifier: Apache-2.0 */
/* The QMUX front: frames, client ids, connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "deadline.h"
#include "mem.h"
#include "qmi_client.h"

static const struct tiny_pair script[] = {
	{"0184000008", "A1A2A3A4A5A6A7A89000"},
	{NULL, NULL},
};

static struct qmi_client host;

static void test_control_service(void **state)
{
	struct qmi_client *c = &host;

	(void)state;
	qmi_client_start(c, script, "");
	qmi_client_expect(c, QMI_CTL, 0, 0x0021, "",
			  QMI_OK "011000"
				 "03"
				 "0001000500"
				 "0201000E00"
				 "0B01002E00");
	qmi_client_expect(c, QMI_CTL, 0, 0x0020, "01010000", QMI_OK "0102000000");
	qmi_client_expect(c, QMI_CTL, 0, 0x0026, "01010000 1002000100", QMI_OK "1002000100");
	qmi_client_expect(c, QMI_CTL, 0, 0x0055, "", QMI_FAILED("5E"));
	qmi_client_expect(c, QMI_CTL, 0, 0xFF00, "01010041", QMI_FAILED("5E"));
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "", QMI_FAILED("11"));
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "0102000B0B", QMI_FAILED("11"));
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "01010003", QMI_FAILED("1F"));
	qmi_client_expect(c, QMI_CTL, 0, 0x0023, "0101000B", QMI_FAILED("11"));
	qmi_client_expect(c, QMI_CTL, 0, 0x0023, "0102000B01", QMI_FAILED("07"));
	qmi_client_stop(c);
}

static void test_device_service(void **state)
{
	struct qmi_client *c = &host;

	(void)state;
	qmi_client_start(c, script, "");
	qmi_client_expect(c, QMI_DMS, 1, 0x0021, "", QMI_FAILED("07"));
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "01010002", QMI_OK "0102000201");
	qmi_client_expect(c, QMI_DMS, 1, 0x0021, "",
			  QMI_OK "010E00"
				 "536F667477617265204D6F64656D");
	qmi_client_expect(c, QMI_DMS, 1, 0x0022, "",
			  QMI_OK "010800"
				 "514D55582D53494D");
	qmi_client_expect(c, QMI_DMS, 1, 0x0023, "",
			  QMI_OK "010300"
				 "312E30");
	qmi_client_expect(c, QMI_DMS, 1, 0x0025, "", QMI_FAILED("5E"));
	qmi_client_expect(c, 0x03, 1, 0x0025, "", QMI_FAILED("1F"));
	qmi_client_stop(c);
}

static void test_client_ids_are_few(void **state)
{
	struct qmi_client *c = &host;

	(void)state;
	qmi_client_start(c, script, "?cids=2");
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "0101000B", QMI_OK "0102000B01");
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "0101000B", QMI_OK "0102000B02");
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "0101000B", QMI_FAILED("05"));
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "01010002", QMI_OK "0102000201");
	qmi_client_expect(c, QMI_CTL, 0, 0x0023, "0102000B01", QMI_OK "0102000B01");
	qmi_client_expect(c, QMI_UIM, 1, 0x002F, "", QMI_FAILED("07"));
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "0101000B", QMI_OK "0102000B01");
	/* the host starts anew */
	qmi_client_expect(c, QMI_CTL, 0, 0x0027, "", QMI_OK);
	qmi_client_expect(c, QMI_UIM, 2, 0x002F, "", QMI_FAILED("07"));
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "0101000B", QMI_OK "0102000B01");
	qmi_client_stop(c);
}

/* What the leak of a client id is made of. */
static void test_a_client_id_outlives_its_connection(void **state)
{
	struct qmi_client *c = &host;

	(void)state;
	qmi_client_start(c, script, "");
	qmi_client_channel(c);
	qmi_client_close(c);
	qmi_client_open(c);
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "0101000B", QMI_OK "0102000B02");
	qmi_client_expect(c, QMI_UIM, 1, 0x003B, "01010001 020700 0500 0084000008 10010001",
			  QMI_OK "100C000A00"
				 "A1A2A3A4A5A6A7A89000");
	(void)tiny_card_seen(c->card);
	qmi_client_expect(c, QMI_CTL, 0, 0x0023, "0102000B01", QMI_OK "0102000B01");
	assert_string_equal(tiny_card_seen(c->card), "00708001");
	qmi_client_stop(c);
}

static void test_two_hosts(void **state)
{
	static struct qmi_client other;
	struct qmi_client *c = &host;

	(void)state;
	qmi_client_start(c, script, "");
	qmi_client_join(&other, c);
	qmi_client_expect(&other, QMI_CTL, 0, 0x0022, "0101000B", QMI_OK "0102000B01");
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "0101000B", QMI_OK "0102000B02");
	qmi_client_silence(&other, 20);
	qmi_client_close(&other);
	qmi_client_expect(c, QMI_UIM, 2, 0x0099, "", QMI_FAILED("5E"));
	qmi_client_stop(c);
}

/* ---- frames ---- */

#define VERSIONS(tid) "010B00 00 00 00 00" tid "2100 0000"
#define HEAD_OF_ANSWER                                                                             \
	"012500"                                                                                   \
	"800000"                                                                                   \
	"01"

static void expect_versions(struct qmi_client *c, const char *tid)
{
	assert_true(qmi_client_frame(c, 2000));
	assert_memory_equal(c->got, HEAD_OF_ANSWER, strlen(HEAD_OF_ANSWER));
	assert_memory_equal(c->got + strlen(HEAD_OF_ANSWER), tid, 2);
}

static void test_frames(void **state)
{
	struct qmi_client *c = &host;

	(void)state;
	qmi_client_start(c, script, "");
	qmi_client_send_hex(c, VERSIONS("31") VERSIONS("32"));
	expect_versions(c, "31");
	expect_versions(c, "32");
	qmi_client_send_hex(c, "010B 00");
	qmi_client_silence(c, 20);
	qmi_client_send_hex(c, "00 00 00 0033 2100 0000");
	expect_versions(c, "33");
	/* noise, a length too small for a frame, one beyond what a modem takes */
	qmi_client_send_hex(c, "0000FF" VERSIONS("34"));
	expect_versions(c, "34");
	qmi_client_send_hex(c, "010400000000" VERSIONS("35"));
	expect_versions(c, "35");
	qmi_client_send_hex(c, "01FFFF000000" VERSIONS("36"));
	expect_versions(c, "36");
	qmi_client_stop(c);
}

static void test_messages_that_nobody_can_answer(void **state)
{
	static const char *const bad[] = {
		"010500 00 00 00",		   /* no message at all */
		"010A00 00 00 00 00 01 2100 00",   /* half a length */
		"010B00 00 00 00 01 01 2100 0000", /* a response */
		"010B00 00 0B 01 04 0100 3200 00", /* an indication */
	};
	struct qmi_client *c = &host;

	(void)state;
	qmi_client_start(c, script, "");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		qmi_client_send_hex(c, bad[i]);
		qmi_client_silence(c, 15);
	}
	qmi_client_send_hex(c, VERSIONS("38"));
	expect_versions(c, "38");
	qmi_client_stop(c);
}

static void test_malformed_tlvs(void **state)
{
	static const char *const bad[] = {
		"01",		/* no length */
		"0101",		/* half of one */
		"010200 0B",	/* longer than what is there */
		"01FFFF 0B",	/* much longer */
		"010100 0B 02", /* something after it */
	};
	struct qmi_client *c = &host;

	(void)state;
	qmi_client_start(c, script, "");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		qmi_client_expect(c, QMI_CTL, 0, 0x0022, bad[i], QMI_FAILED("01"));
	/* the length of all TLVs is not what follows */
	qmi_client_send_hex(c, "010F00 00 00 00 00 40 2200 0300 0101000B");
	assert_true(qmi_client_frame(c, 2000));
	assert_string_equal(c->got, "011200800000014022000700" QMI_FAILED("01"));
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "0101000B", QMI_OK "0102000B01");
	qmi_client_stop(c);
}

/* ---- ports ---- */

static void test_pty(void **state)
{
	struct qmi_client *c = &host;

	(void)state;
	qmi_client_start(c, script, "?tty=yes");
	qmi_client_channel(c);
	qmi_client_send_hex(c, "01 20 00 00 0B"); /* and its client dies */
	qmi_client_close(c);
	deadline_sleep(DEADLINE_NEVER, 650);
	qmi_client_open(c);
	qmi_client_expect(c, QMI_UIM, 1, 0x003B, "01010001 020700 0500 0084000008 10010001",
			  QMI_OK "100C000A00A1A2A3A4A5A6A7A89000");
	qmi_client_control(c, "unplug");
	qmi_client_end(c);
	assert_int_equal(access(c->path, F_OK), -1);
	qmi_client_close(c);
	qmi_client_control(c, "plug");
	qmi_client_open(c);
	qmi_client_expect(c, QMI_UIM, 1, 0x002F, "", QMI_FAILED("07"));
	qmi_client_stop(c);
}

static void test_unplug_takes_the_power(void **state)
{
	struct qmi_client *c = &host;
	char text[200];

	(void)state;
	qmi_client_start(c, script, "");
	qmi_client_channel(c);
	snprintf(text, sizeof(text), "unplug %.127s", c->path);
	qmi_client_control(c, text);
	qmi_client_end(c);
	assert_int_equal(access(c->path, F_OK), -1);
	qmi_client_close(c);
	(void)tiny_card_seen(c->card);
	qmi_client_control(c, "plug");
	qmi_client_open(c);
	qmi_client_expect(c, QMI_UIM, 1, 0x002F, "", QMI_FAILED("07"));
	assert_string_equal(tiny_card_seen(c->card), "00708001");
	qmi_client_channel(c);
	qmi_client_stop(c);
}

static void refused(const char *argument)
{
	struct sim_card *card = tiny_card_new(NULL);
	struct sim_faults *faults = sim_faults_new();
	struct sim_front *front = NULL;
	char err[256] = "";

	assert_int_not_equal(sim_front_qmux.start(card, faults, argument, &front, err), ST_OK);
	assert_null(front);
	assert_true(strlen(err) > 0);
	sim_faults_free(faults);
	sim_card_free(card);
}

static void test_options(void **state)
{
	static const char *const bad[] = {
		"",
		"?tty=yes",
		"/tmp/x?cids=0",
		"/tmp/x?cids=65",
		"/tmp/x?cids=two",
		"/tmp/x?slot=6",
		"/tmp/x?tty=perhaps",
		"/tmp/x?colour=blue",
		"/tmp/x?tty",
		"/nonexistent-folder/x",
		"/nonexistent-folder/x?tty=yes",
		"/tmp", /* no socket */
	};
	char longest[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused(bad[i]);
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	refused(longest);
	longest[150] = '\0'; /* fits us, not a socket's address */
	refused(longest);
}

static void test_a_path_that_is_taken(void **state)
{
	struct qmi_client *c = &host;

	(void)state;
	qmi_client_start(c, script, "");
	refused(c->path);
	qmi_client_expect(c, QMI_CTL, 0, 0x0027, "", QMI_OK);
	qmi_client_stop(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_service),
		cmocka_unit_test(test_device_service),
		cmocka_unit_test(test_client_ids_are_few),
		cmocka_unit_test(test_a_client_id_outlives_its_connection),
		cmocka_unit_test(test_two_hosts),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_messages_that_nobody_can_answer),
		cmocka_unit_test(test_malformed_tlvs),
		cmocka_unit_test(test_pty),
		cmocka_unit_test(test_unplug_takes_the_power),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_a_path_that_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
