/* SPDX-License-Identifier: Apache-2.0 */
/* The qmi: back end behind a proxy that is there while the modem is silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "mem.h"
#include "qmi_rig.h"
#include "told.h"

enum { ALLOCATE = 0x0022, CARD_STATUS = 0x002F, SEND_APDU = 0x003B };

static const char remedy[] = "restart qmi-proxy";

/* A look asks for a client id, since there is none. */
static status look(struct transport *t, int ms)
{
	return transport_look(t, deadline_in_ms(ms));
}

/* The modem stands behind its socket as the device, and as the proxy that serves it. */
static struct transport *open_through_proxy(void)
{
	char text[256];
	snprintf(text, sizeof(text), "qmi:%s?proxy=%s", qmi_rig_socket, qmi_rig_socket);
	return qmi_rig_open_uri(text);
}

static void the_modem_is_silent(void **state)
{
	static const struct qmodem_row rows[] = {{.id = ALLOCATE, .raw = "", .times = 3}, ROWS_END};
	(void)state;
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct transport *t = open_through_proxy();
	told_begin(qmi_rig_dir);
	/* too soon to say */
	assert_int_not_equal(look(t, 300), ST_OK);
	assert_int_equal(told(remedy), 0);
	assert_int_not_equal(look(t, 1300), ST_OK);
	assert_int_equal(told(remedy), 1);
	assert_int_not_equal(look(t, 1300), ST_OK);
	assert_int_equal(told(remedy), 1);
	assert_int_equal(look(t, 8000), ST_OK);
	assert_int_equal(told(remedy), 1);
	told_end();
	transport_close(t);
	qmodem_stop(m);
}

/* Once it has answered, it is told again. */
static void the_modem_falls_silent_again(void **state)
{
	static const struct qmodem_row rows[] = {
		{.id = ALLOCATE, .raw = "", .times = 1},
		{.id = ALLOCATE, .raw = "", .skip = 1, .times = 1},
		ROWS_END,
	};
	(void)state;
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct transport *t = open_through_proxy();
	told_begin(qmi_rig_dir);
	assert_int_not_equal(look(t, 1300), ST_OK);
	assert_int_equal(told(remedy), 1);
	assert_int_equal(look(t, 8000), ST_OK);
	transport_disconnect(t);
	assert_int_not_equal(look(t, 1300), ST_OK);
	assert_int_equal(told(remedy), 2);
	told_end();
	transport_close(t);
	qmodem_stop(m);
}

/* A client id that we have needs no new one: after a command without an answer the modem is asked
 * what needs no card, and answers, or not. */
static void a_command_is_not_answered(void **state)
{
	static const struct qmodem_row rows[] = {
		{.id = SEND_APDU, .raw = ""},
		{.id = CARD_STATUS, .skip = 1, .raw = "", .times = 1},
		ROWS_END,
	};
	const char *hex;
	struct channel ch;
	(void)state;
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct transport *t = open_through_proxy();
	told_begin(qmi_rig_dir);
	qmi_rig_enter(t);
	qmi_rig_channel(t, &ch);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 200), ST_TIMEOUT);
		transport_leave(t);
		status st = transport_enter(t, deadline_in_ms(1300));
		assert_int_equal(qmodem_count(m, CARD_STATUS), i + 1);
		assert_int_equal(st, i == 0 ? ST_OK : ST_TIMEOUT);
		assert_int_equal(told(remedy), i);
	}
	/* and it is asked until it answers */
	qmi_rig_enter(t);
	assert_int_equal(qmodem_count(m, CARD_STATUS), 3);
	assert_int_equal(told(remedy), 1);
	told_end();
	qmi_rig_end(t, m);
}

/* Where there is no proxy, none is blamed. */
static void a_device_of_our_own_is_silent(void **state)
{
	static const struct qmodem_row rows[] = {{.id = ALLOCATE, .raw = ""}, ROWS_END};
	(void)state;
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct transport *t = qmi_rig_open("");
	told_begin(qmi_rig_dir);
	assert_int_not_equal(look(t, 1300), ST_OK);
	assert_int_equal(told(remedy), 0);
	told_end();
	transport_close(t);
	qmodem_stop(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_modem_is_silent),
		cmocka_unit_test(the_modem_falls_silent_again),
		cmocka_unit_test(a_command_is_not_answered),
		cmocka_unit_test(a_device_of_our_own_is_silent),
	};
	return cmocka_run_group_tests(tests, qmi_rig_set_up, qmi_rig_tear_down);
}
