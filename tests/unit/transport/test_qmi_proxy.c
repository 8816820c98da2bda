/* SPDX-License-Identifier: Apache-2.0 */
/* The qmi: back end behind a proxy that is there while the modem is silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "log.h"
#include "mem.h"
#include "qmi_rig.h"

enum { ALLOCATE = 0x0022, CARD_STATUS = 0x002F, SEND_APDU = 0x003B };

static char log_path[80];
static int kept_stderr = -1;

static void log_begins(void)
{
	snprintf(log_path, sizeof(log_path), "%s/log", qmi_rig_dir);
	int fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	kept_stderr = dup(STDERR_FILENO);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	log_set(LOG_LEVEL_ERROR, LOG_TO_STDERR);
}

static void log_ends(void)
{
	log_set(LOG_LEVEL_OFF, LOG_TO_STDERR);
	assert_int_equal(dup2(kept_stderr, STDERR_FILENO), STDERR_FILENO);
	close(kept_stderr);
}

/* Lines that tell the remedy so far. */
static unsigned told(void)
{
	char line[400];
	unsigned n = 0;
	FILE *f = fopen(log_path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, "restart qmi-proxy") != NULL;
	fclose(f);
	return n;
}

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
	log_begins();
	/* too soon to say */
	assert_int_not_equal(look(t, 300), ST_OK);
	assert_int_equal(told(), 0);
	assert_int_not_equal(look(t, 1300), ST_OK);
	assert_int_equal(told(), 1);
	assert_int_not_equal(look(t, 1300), ST_OK);
	assert_int_equal(told(), 1);
	assert_int_equal(look(t, 8000), ST_OK);
	assert_int_equal(told(), 1);
	log_ends();
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
	log_begins();
	assert_int_not_equal(look(t, 1300), ST_OK);
	assert_int_equal(told(), 1);
	assert_int_equal(look(t, 8000), ST_OK);
	transport_disconnect(t);
	assert_int_not_equal(look(t, 1300), ST_OK);
	assert_int_equal(told(), 2);
	log_ends();
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
	log_begins();
	qmi_rig_enter(t);
	qmi_rig_channel(t, &ch);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(qmi_rig_exchange(t, &ch, &hex, 200), ST_TIMEOUT);
		transport_leave(t);
		status st = transport_enter(t, deadline_in_ms(1300));
		assert_int_equal(qmodem_count(m, CARD_STATUS), i + 1);
		assert_int_equal(st, i == 0 ? ST_OK : ST_TIMEOUT);
		assert_int_equal(told(), i);
	}
	/* and it is asked until it answers */
	qmi_rig_enter(t);
	assert_int_equal(qmodem_count(m, CARD_STATUS), 3);
	assert_int_equal(told(), 1);
	log_ends();
	qmi_rig_end(t, m);
}

/* Where there is no proxy, none is blamed. */
static void a_device_of_our_own_is_silent(void **state)
{
	static const struct qmodem_row rows[] = {{.id = ALLOCATE, .raw = ""}, ROWS_END};
	(void)state;
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	struct transport *t = qmi_rig_open("");
	log_begins();
	assert_int_not_equal(look(t, 1300), ST_OK);
	assert_int_equal(told(), 0);
	log_ends();
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
