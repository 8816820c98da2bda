/* SPDX-License-Identifier: Apache-2.0 */
/* The QMUX front's faults: each strikes at its message, and the next message is well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "deadline.h"
#include "mem.h"
#include "qmi_client.h"

#define SLOT "010100 01 "
#define AID "100800 07A0000005590010 "
#define RANDOM SLOT "020700 0500 0084000008 100100 01"
#define RANDOM_ANSWER QMI_OK "100C000A00A1A2A3A4A5A6A7A89000"

static const struct tiny_pair script[] = {
	{"0184000008", "A1A2A3A4A5A6A7A89000"},
	{NULL, NULL},
};

static struct qmi_client host;

/* A channel is open, then the fault is armed. */
static void begin(const char *options, const char *fault)
{
	qmi_client_start(&host, script, options);
	qmi_client_channel(&host);
	(void)tiny_card_seen(host.card);
	qmi_client_arm(&host, fault);
}

static void well(void)
{
	qmi_client_expect(&host, QMI_UIM, 1, 0x003B, RANDOM, RANDOM_ANSWER);
}

static void end(enum sim_fault_name name, unsigned struck)
{
	assert_int_equal(sim_faults_struck(host.faults, name), struck);
	qmi_client_stop(&host);
}

static void ask(void)
{
	qmi_client_send(&host, QMI_UIM, 1, 0x003B, RANDOM);
}

/* ---- Q ---- */

static void test_q2_the_connection_ends(void **state)
{
	static const struct {
		const char *options, *fault, *seen;
	} rows[] = {
		{"", "Q2", ""},
		{"", "Q2:after", "0184000008"},
		{"?tty=yes", "Q2", ""},
		{"?tty=yes", "Q2:after", "0184000008"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		begin(rows[i].options, rows[i].fault);
		ask();
		qmi_client_end(&host);
		assert_string_equal(tiny_card_seen(host.card), rows[i].seen);
		qmi_client_close(&host);
		deadline dl = deadline_in_ms(2000);
		while (access(host.path, F_OK) != 0 && !deadline_passed(dl))
			deadline_sleep(dl, 5);
		qmi_client_open(&host);
		well(); /* the client id and its channel are still there */
		end(FAULT_Q2, 1);
	}
}

static void test_q3_no_client_id(void **state)
{
	(void)state;
	begin("", "Q3x2");
	well(); /* it strikes only where an id is asked for */
	for (int i = 0; i < 2; i++)
		qmi_client_expect(&host, QMI_CTL, 0, 0x0022, "0101000B", QMI_FAILED("05"));
	qmi_client_expect(&host, QMI_CTL, 0, 0x0022, "0101000B", QMI_OK "0102000B02");
	end(FAULT_Q3, 2);
}

static void test_q4_foreign_company(void **state)
{
	(void)state;
	begin("", "Q4@2x2");
	well();
	ask();
	for (int i = 0; i < 4; i++)
		assert_true(qmi_client_frame(&host, 2000));
	host.tid--; /* what was asked is answered last */
	assert_true(qmi_client_frame(&host, 2000));
	assert_non_null(strstr(host.got, RANDOM_ANSWER));
	host.tid++;
	qmi_client_send(&host, QMI_CTL, 0, 0x0021, "");
	assert_true(qmi_client_frame(&host, 2000));
	assert_true(qmi_client_frame(&host, 2000));
	assert_true(qmi_client_frame(&host, 2000));
	assert_non_null(strstr(host.got, "2100"));
	well();
	end(FAULT_Q4, 2);
}

static void later(const char *fault, const char *const *chunks)
{
	begin("", fault);
	qmi_client_expect(&host, QMI_UIM, 1, 0x003B, RANDOM,
			  "0204000100"
			  "4400"
			  "110600"
			  "0A00"
			  "01000000");
	for (; *chunks; chunks++)
		qmi_client_indication(&host, 1, 0x003B, *chunks);
	well();
	end(FAULT_Q5, 1);
}

static void test_q5_a_long_response(void **state)
{
	static const char *const in_order[] = {
		"010D00"
		"01000000"
		"0A00"
		"0000"
		"0300"
		"A1A2A3",
		"010D00"
		"01000000"
		"0A00"
		"0300"
		"0300"
		"A4A5A6",
		"010E00"
		"01000000"
		"0A00"
		"0600"
		"0400"
		"A7A89000",
		NULL,
	};
	static const char *const mixed[] = {
		"010E00"
		"01000000"
		"0A00"
		"0600"
		"0400"
		"A7A89000",
		"010D00"
		"E9030000"
		"0A00"
		"0000"
		"0300"
		"A4A5A6",
		"010D00"
		"01000000"
		"0A00"
		"0300"
		"0300"
		"A4A5A6",
		"010D00"
		"01000000"
		"0A00"
		"0000"
		"0300"
		"A1A2A3",
		NULL,
	};
	static const char *const oversized[] = {
		"010D00"
		"01000000"
		"0A00"
		"0000"
		"0300"
		"A1A2A3",
		"010D00"
		"01000000"
		"0A00"
		"0A00"
		"0300"
		"A4A5A6",
		"010E00"
		"01000000"
		"0A00"
		"0600"
		"0400"
		"A7A89000",
		NULL,
	};
	const char *const never[] = {in_order[0], in_order[1], NULL};

	(void)state;
	later("Q5", in_order);
	later("Q5:mixed", mixed);
	later("Q5:oversized", oversized);
	later("Q5:never", never);
}

static void test_q6_tlvs_that_lie(void **state)
{
	(void)state;
	begin("", "Q6");
	qmi_client_expect(&host, QMI_UIM, 1, 0x003B, RANDOM,
			  QMI_OK "102C010A00A1A2A3A4A5A6A7A89000");
	well();
	end(FAULT_Q6, 1);
	begin("", "Q6:twice");
	qmi_client_expect(&host, QMI_UIM, 1, 0x003B, RANDOM,
			  RANDOM_ANSWER "100C000A00A1A2A3A4A5A6A7A890FF");
	well();
	end(FAULT_Q6, 1);
}

static void test_q7_and_q8_no_opening(void **state)
{
	(void)state;
	begin("", "Q7");
	for (int i = 0; i < 2; i++)
		qmi_client_expect(&host, QMI_UIM, 1, 0x0042, SLOT AID, QMI_FAILED("5E"));
	qmi_client_expect(&host, QMI_UIM, 1, 0x003F, SLOT AID,
			  QMI_OK "10010002"
				 "1102009000"
				 "12010000");
	end(FAULT_Q7, 2);
	begin("", "Q8x2");
	well();
	qmi_client_expect(&host, QMI_UIM, 1, 0x0042, SLOT AID, QMI_FAILED("52"));
	qmi_client_expect(&host, QMI_UIM, 1, 0x003F, SLOT AID, QMI_FAILED("52"));
	qmi_client_expect(&host, QMI_UIM, 1, 0x0042, SLOT AID,
			  QMI_OK "10010002"
				 "1102009000"
				 "12010000");
	end(FAULT_Q8, 2);
}

/* ---- F ---- */

static void test_f6_fragments(void **state)
{
	(void)state;
	begin("", "F6");
	well();
	well();
	end(FAULT_F6, 2);
	begin("?tty=yes", "F6");
	well();
	end(FAULT_F6, 1);
}

static void test_f13_and_f29_silence(void **state)
{
	(void)state;
	begin("", "F13");
	ask();
	qmi_client_silence(&host, 40);
	assert_string_equal(tiny_card_seen(host.card), "0184000008");
	well();
	end(FAULT_F13, 1);
	begin("", "F29");
	ask();
	qmi_client_silence(&host, 40);
	assert_string_equal(tiny_card_seen(host.card), "");
	well();
	end(FAULT_F29, 1);
}

static void test_f14_late(void **state)
{
	(void)state;
	begin("", "F14:120");
	deadline before = deadline_in_ms(110);
	well();
	assert_true(deadline_passed(before));
	well();
	end(FAULT_F14, 1);
}

static void test_f15_executed_all_the_same(void **state)
{
	(void)state;
	begin("", "F15");
	qmi_client_expect(&host, QMI_UIM, 1, 0x003B, RANDOM, QMI_FAILED("03"));
	assert_string_equal(tiny_card_seen(host.card), "0184000008");
	well();
	end(FAULT_F15, 1);
}

static void test_f23_more_than_asked_for(void **state)
{
	(void)state;
	begin("", "F23");
	qmi_client_expect(&host, QMI_UIM, 1, 0x003B, RANDOM,
			  QMI_OK "1010000E00A1A2A3A4A5A6A7A8000000009000");
	well();
	end(FAULT_F23, 1);
}

static void test_f25_noise(void **state)
{
	uint8_t in[64] = {0};
	size_t n = 0;

	(void)state;
	begin("", "F25");
	ask();
	deadline dl = deadline_in_ms(2000);
	while (n < 40 && !deadline_passed(dl)) {
		ssize_t got = recv(host.fd, in + n, sizeof(in) - n, MSG_DONTWAIT);

		n += got > 0 ? (size_t)got : 0;
		deadline_sleep(dl, 1);
	}
	assert_int_equal(n, 3 + 13 + 7 + 15 + 2);
	assert_memory_equal(in, "\0\0\xFF\x01", 4);
	assert_memory_equal(in + n - 4, "\x90\0\xFF\0", 4);
	well();
	end(FAULT_F25, 1);
}

static void test_f27_unplugged_in_mid_answer(void **state)
{
	static const char *const options[] = {"", "?tty=yes"};
	char before[64] = "", after[64] = "";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		begin(options[i], "F27:60");
		(void)!readlink(host.path, before, sizeof(before) - 1);
		ask();
		assert_false(qmi_client_frame(&host, 2000));
		assert_true(host.n > 0);
		qmi_client_close(&host);
		deadline dl = deadline_in_ms(2000);
		while (access(host.path, F_OK) != 0 && !deadline_passed(dl))
			deadline_sleep(dl, 5);
		(void)!readlink(host.path, after, sizeof(after) - 1);
		if (i == 1)
			assert_string_not_equal(before, after);
		qmi_client_open(&host);
		qmi_client_expect(&host, QMI_UIM, 1, 0x003B, RANDOM, QMI_FAILED("07"));
		qmi_client_channel(&host);
		well();
		end(FAULT_F27, 1);
	}
}

static void test_f28_others_are_kept_away(void **state)
{
	static struct qmi_client other;

	(void)state;
	begin("", "F28:400");
	well();
	qmi_client_join(&other, &host);
	qmi_client_end(&other);
	qmi_client_close(&other);
	well();
	deadline_sleep(DEADLINE_NEVER, 450);
	qmi_client_join(&other, &host);
	qmi_client_expect(&other, QMI_CTL, 0, 0x0022, "0101000B", QMI_OK "0102000B02");
	qmi_client_close(&other);
	end(FAULT_F28, 1);
	begin("?tty=yes", "F28:400");
	well();
	assert_int_equal(flock(host.fd, LOCK_EX | LOCK_NB), -1);
	deadline_sleep(DEADLINE_NEVER, 450);
	assert_int_equal(flock(host.fd, LOCK_EX | LOCK_NB), 0);
	well();
	end(FAULT_F28, 1);
}

/* Every message of the host counts, of every service. */
static void test_one_message_is_one_event(void **state)
{
	(void)state;
	qmi_client_start(&host, script, "");
	qmi_client_arm(&host, "F13@3");
	qmi_client_arm(&host, "Q6@4");
	qmi_client_channel(&host);
	qmi_client_send(&host, QMI_UIM, 1, 0x002F, "");
	qmi_client_silence(&host, 40);
	qmi_client_expect(&host, QMI_UIM, 1, 0x0099, "",
			  "0224010100"
			  "5E00");
	well();
	assert_int_equal(sim_faults_struck(host.faults, FAULT_F13), 1);
	end(FAULT_Q6, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_q2_the_connection_ends),
		cmocka_unit_test(test_q3_no_client_id),
		cmocka_unit_test(test_q4_foreign_company),
		cmocka_unit_test(test_q5_a_long_response),
		cmocka_unit_test(test_q6_tlvs_that_lie),
		cmocka_unit_test(test_q7_and_q8_no_opening),
		cmocka_unit_test(test_f6_fragments),
		cmocka_unit_test(test_f13_and_f29_silence),
		cmocka_unit_test(test_f14_late),
		cmocka_unit_test(test_f15_executed_all_the_same),
		cmocka_unit_test(test_f23_more_than_asked_for),
		cmocka_unit_test(test_f25_noise),
		cmocka_unit_test(test_f27_unplugged_in_mid_answer),
		cmocka_unit_test(test_f28_others_are_kept_away),
		cmocka_unit_test(test_one_message_is_one_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
