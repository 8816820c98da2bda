/* SPDX-License-Identifier: Apache-2.0 */
#include "at_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "deadline.h"

enum { PATIENCE_MS = 2000, SETTLE_MS = 15 };

void at_client_open(struct at_client *c)
{
	c->fd = open(c->link, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	assert_true(c->fd >= 0);
}

void at_client_start(struct at_client *c, const struct tiny_pair *script, const char *options)
{
	char argument[256];
	char err[256] = "";

	memset(c, 0, sizeof(*c));
	strcpy(c->dir, "/tmp/sim-at-XXXXXX");
	assert_non_null(mkdtemp(c->dir));
	snprintf(c->link, sizeof(c->link), "%s/modem", c->dir);
	snprintf(argument, sizeof(argument), "%s%s", c->link, options);
	c->card = tiny_card_new(script);
	c->faults = sim_faults_new();
	if (sim_front_at.start(c->card, c->faults, argument, &c->front, err) != ST_OK)
		fail_msg("%s", err);
	at_client_open(c);
}

void at_client_stop(struct at_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	sim_front_at.stop(c->front);
	assert_int_equal(access(c->link, F_OK), -1);
	assert_int_equal(rmdir(c->dir), 0);
	sim_faults_free(c->faults);
	sim_card_free(c->card);
}

void at_client_arm(struct at_client *c, const char *spec)
{
	char err[128];

	assert_int_equal(sim_faults_arm(c->faults, bytes_str(spec), err), ST_OK);
}

void at_client_control(struct at_client *c, const char *text)
{
	uint8_t reply[256];
	struct wtr w = WTR_ON(reply);

	sim_card_control(c->card, bytes_str(text), &w);
	assert_true(bytes_start_with(wtr_bytes(&w), BYTES_LIT("ok")));
}

void at_client_send(struct at_client *c, const char *text)
{
	assert_int_equal(write(c->fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* One read of what is there within ms. False: nothing came, or the port is gone. */
static bool read_more(struct at_client *c, size_t *n, int64_t ms)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	if (poll(&p, 1, (int)ms) <= 0)
		return false;
	ssize_t got = read(c->fd, c->got + *n, sizeof(c->got) - 1 - *n);
	if (got <= 0)
		return false;
	*n += (size_t)got;
	return true;
}

bool at_client_read_until(struct at_client *c, const char *end, int64_t ms)
{
	deadline dl = deadline_in_ms(ms);
	size_t n = 0;

	memset(c->got, 0, sizeof(c->got));
	while (!memmem(c->got, n, end, strlen(end))) {
		if (!read_more(c, &n, deadline_poll_ms(dl)))
			return false;
	}
	return true;
}

const char *at_client_drain(struct at_client *c, int64_t ms)
{
	size_t n = 0;

	memset(c->got, 0, sizeof(c->got));
	while (read_more(c, &n, ms))
		continue;
	return c->got;
}

void at_client_expect(struct at_client *c, const char *command, const char *want)
{
	char line[1024];
	size_t n = 0;

	snprintf(line, sizeof(line), "%s\r", command);
	at_client_send(c, line);
	memset(c->got, 0, sizeof(c->got));
	deadline dl = deadline_in_ms(PATIENCE_MS);
	while (n < strlen(want) && read_more(c, &n, deadline_poll_ms(dl)))
		continue;
	while (read_more(c, &n, SETTLE_MS))
		continue;
	assert_string_equal(c->got, want);
}
