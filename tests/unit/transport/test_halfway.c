/* SPDX-License-Identifier: Apache-2.0 */
/* AT commands that break off halfway: what went out in part is followed by nothing but the way back
 * into step, and what was given up before the modem has read it is never carried out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

#include "at_engine.h"

enum { WAIT_MS = 60 };

static const struct at_expect command = {"AT+CGLA=1,10,\"00CB010000\"", AT_WANT_PREFIX, "+CGLA"};

struct line {
	struct at_engine e;
	int master;
};

/* A modem that is there and reads nothing. */
static void line_open(struct line *l)
{
	struct termios raw;
	int slave = -1;

	memset(&raw, 0, sizeof(raw));
	cfmakeraw(&raw);
	assert_int_equal(openpty(&l->master, &slave, NULL, &raw, NULL), 0);
	assert_int_equal(fcntl(slave, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fcntl(l->master, F_SETFL, O_NONBLOCK), 0);
	at_engine_init(&l->e);
	l->e.fd = slave;
}

static void line_close(struct line *l)
{
	at_engine_close(&l->e);
	close(l->master);
}

static status run(struct line *l)
{
	int code = 0;

	return at_engine_run(&l->e, &command, deadline_in_ms(WAIT_MS), &code);
}

/* The modem wakes and reads all that waits for it. */
static bool reads_the_command(struct line *l)
{
	char text[4096];
	bool found = false;
	ssize_t n;

	while ((n = read(l->master, text, sizeof(text))) > 0)
		found = found || memmem(text, (size_t)n, "CGLA", 4);
	return found;
}

static const char filler[8192];

/* The command waits behind more than the modem's side of a pty takes in by itself. */
static void what_was_given_up_is_not_carried_out(void **state)
{
	struct line l;

	(void)state;
	line_open(&l);
	assert_int_equal(write(l.e.fd, filler, sizeof(filler)), sizeof(filler));
	assert_int_equal(run(&l), ST_TIMEOUT);
	assert_true(l.e.dirty);
	assert_false(reads_the_command(&l));
	line_close(&l);
}

static void what_went_out_in_part_is_not_continued(void **state)
{
	struct line l;

	(void)state;
	line_open(&l);
	while (write(l.e.fd, filler, 256) > 0)
		;
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(run(&l), ST_TIMEOUT);
	assert_true(l.e.dirty);
	assert_false(reads_the_command(&l));
	line_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_given_up_is_not_carried_out),
		cmocka_unit_test(what_went_out_in_part_is_not_continued),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
