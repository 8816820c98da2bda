/* SPDX-License-Identifier: Apache-2.0 */
/* Client ids are scarce and outlive their owners: none is left behind, none is released that may be
 * somebody else's by now, and no command goes out under another one than it was made for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "mem.h"
#include "qmi_rig.h"

/* Answers to Allocate that nobody waits for any more. */
#define LATE_CID_2 "011700 80 0000 01 F5 2200 0C00 02040000000000 0102000B02"
#define LATE_CID_3 "011700 80 0000 01 F6 2200 0C00 02040000000000 0102000B03"

static const struct qmodem_row no_rows[] = {ROWS_END};

static void operation(struct transport *t)
{
	struct channel_record r;
	const char *hex;
	qmi_rig_enter(t);
	if (transport_record_load(t, &r, deadline_in_ms(4000)) != ST_OK) {
		transport_record_clear(t);
		qmi_rig_channel(t, &r.channel);
	}
	assert_int_equal(qmi_rig_exchange(t, &r.channel, &hex, 4000), ST_OK);
	transport_leave(t);
}

static void all_that_come_late_are_given_back(void **state)
{
	const struct qmodem_row rows[] = {
		{.id = 0x003B, .times = 1, .after = LATE_CID_2 LATE_CID_3}, ROWS_END};
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct transport *t = qmi_rig_open("");
	(void)state;
	operation(t);
	operation(t);
	operation(t);
	assert_int_equal(qmodem_count(m, 0x0023), 2);
	qmi_rig_end(t, m);
}

/* What came late came from a modem that is no more. */
static void but_not_to_a_modem_that_never_gave_them(void **state)
{
	const struct qmodem_row rows[] = {{.id = 0x003B, .times = 1, .after = LATE_CID_3},
					  ROWS_END};
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct transport *t = qmi_rig_open("");
	(void)state;
	operation(t);
	usleep(50 * 1000);
	assert_true(transport_present(t)); /* takes it in */
	qmodem_stop(m);
	m = qmodem_start(qmi_rig_socket, no_rows);
	operation(t);
	assert_int_equal(qmodem_count(m, 0x0023), 0);
	qmi_rig_end(t, m);
}

/* An owner that dies between the end of the record and that of the client id. */
static void the_note_outlives_the_record(void **state)
{
	struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
	pid_t pid = fork();
	int wstatus;
	(void)state;
	if (pid == 0) {
		struct transport *mine = qmi_rig_open("");
		operation(mine);
		qmi_rig_enter(mine);
		transport_record_clear(mine);
		raise(SIGKILL);
	}
	waitpid(pid, &wstatus, 0);
	assert_true(WIFSIGNALED(wstatus));
	assert_int_equal(qmodem_used(m), 1U << 1);
	struct transport *t = qmi_rig_open("");
	operation(t);
	assert_int_equal(__builtin_popcount(qmodem_used(m)), 1);
	transport_close(t);
	assert_int_equal(qmodem_used(m), 0);
	qmodem_stop(m);
}

/* Its answer is lost, or late; the modem has got it. */
static void a_release_is_said_once(void **state)
{
	const struct qmodem_row rows[] = {{.id = 0x0023, .times = 1, .raw = ""}, ROWS_END};
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct transport *t = qmi_rig_open("");
	(void)state;
	operation(t);
	qmi_rig_enter(t);
	transport_record_clear(t);
	transport_leave(t);
	assert_int_equal(qmodem_used(m), 0);
	operation(t);
	operation(t);
	assert_int_equal(qmodem_count(m, 0x0023), 1);
	qmi_rig_end(t, m);
}

/* Once released it is nobody's business any more, whoever has the number then. */
static void what_is_released_is_not_released_again(void **state)
{
	struct qmodem *m = qmodem_start(qmi_rig_socket, no_rows);
	struct transport *t[] = {qmi_rig_open(""), qmi_rig_open("")};
	struct channel_record r;
	(void)state;
	operation(t[0]);
	qmi_rig_enter(t[1]); /* gives up t[0]'s, and gets no further */
	assert_int_equal(transport_record_load(t[1], &r, deadline_in_ms(4000)), ST_NO_ENTRY);
	transport_record_clear(t[1]);
	transport_leave(t[1]);
	assert_int_equal(qmodem_count(m, 0x0023), 1);
	qmi_rig_enter(t[1]);
	transport_leave(t[1]);
	assert_int_equal(qmodem_count(m, 0x0023), 1);
	operation(t[0]);
	transport_close(t[0]);
	assert_int_equal(qmodem_count(m, 0x0023), 2);
	operation(t[1]);
	transport_close(t[1]);
	assert_int_equal(qmodem_count(m, 0x0023), 3);
	assert_int_equal(qmodem_used(m), 0);
	qmodem_stop(m);
}

/* Not ready, asked for the card, and the client id is no more: the channel went with it. */
static void a_command_keeps_its_client_id(void **state)
{
	const struct qmodem_row rows[] = {{.id = 0x003B, .times = 1, .error = 52},
					  {.id = 0x002F, .times = 1, .error = 7},
					  ROWS_END};
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct channel ch;
	const char *hex;
	struct transport *t = qmi_rig_ready(&ch);
	(void)state;
	assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 4000), ST_CHANNEL_LOST);
	assert_int_equal(qmodem_count(m, 0x003B), 1);
	qmi_rig_end(t, m);
}

/* A modem that does not answer Release: who comes at the deadline is not held up. */
static void cleaning_up_respects_the_deadline(void **state)
{
	const struct qmodem_row rows[] = {
		{.id = 0x0023, .raw = ""},
		{.id = 0x003B, .times = 1, .after = LATE_CID_2 LATE_CID_3},
		ROWS_END};
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct transport *t = qmi_rig_open("");
	(void)state;
	operation(t);
	usleep(50 * 1000);
	assert_true(transport_present(t));
	int64_t before = deadline_now();
	assert_int_equal(transport_enter(t, before), ST_OK);
	assert_true(deadline_now() - before < (int64_t)400 * 1000000);
	qmi_rig_end(t, m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_come_late_are_given_back),
		cmocka_unit_test(but_not_to_a_modem_that_never_gave_them),
		cmocka_unit_test(the_note_outlives_the_record),
		cmocka_unit_test(a_release_is_said_once),
		cmocka_unit_test(what_is_released_is_not_released_again),
		cmocka_unit_test(a_command_keeps_its_client_id),
		cmocka_unit_test(cleaning_up_respects_the_deadline),
	};
	return cmocka_run_group_tests(tests, qmi_rig_set_up, qmi_rig_tear_down);
}
