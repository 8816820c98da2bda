/* SPDX-License-Identifier: Apache-2.0 */
#include "modem.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { ROWS_MAX = 32, LOG_MAX = 256, LINE_MAX_LEN = 700 };

struct modem {
	const struct modem_row *rows;
	int left[ROWS_MAX];
	int master;
	int wake[2]; /* a byte ends the thread */
	char path[64];
	const char *link;
	pthread_t thread;
	pthread_mutex_t mutex; /* log and master */
	char log[LOG_MAX][32];
	unsigned logged;
	atomic_bool echo, fragments;
};

static const struct modem_row healthy[] = {
	{.command = "AT+CPIN?", .reply = "\r\n+CPIN: READY\r\n\r\nOK\r\n"},
	{.command = "AT+CGMI", .reply = "\r\nAcme\r\n\r\nOK\r\n"},
	{.command = "AT+CGMM", .reply = "\r\nM1\r\n\r\nOK\r\n"},
	{.command = "ATE0V1", .reply = "\r\nOK\r\n"},
	{.command = "AT+CMEE=1", .reply = "\r\nOK\r\n"},
	{.command = "AT+", .reply = "\r\nERROR\r\n"},
	{.command = "AT", .reply = "\r\nOK\r\n"},
	{.command = "", .reply = "\r\nERROR\r\n"},
};

static bool starts(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static void put(struct modem *m, const char *text)
{
	size_t step = m->fragments ? 1 : strlen(text);
	for (size_t n = strlen(text); n > 0; n -= step, text += step) {
		char chunk[LINE_MAX_LEN * 2];
		for (size_t i = 0; i < step; i++)
			chunk[i] = text[i] == 1 ? '\0' : text[i];
		if (m->master < 0 || write(m->master, chunk, step) != (ssize_t)step)
			return;
		if (m->fragments)
			usleep(200);
	}
}

static void hang_up(struct modem *m)
{
	pthread_mutex_lock(&m->mutex);
	if (m->master >= 0)
		close(m->master);
	m->master = -1;
	if (m->link)
		unlink(m->link);
	pthread_mutex_unlock(&m->mutex);
}

static void answer(struct modem *m, const struct modem_row *row)
{
	usleep((useconds_t)row->delay_ms * 1000);
	if (row->reply)
		put(m, row->reply);
	if (row->late) {
		usleep((useconds_t)row->late_ms * 1000);
		put(m, row->late);
	}
	if (row->hang_up)
		hang_up(m);
}

static void take_command(struct modem *m, const char *line)
{
	pthread_mutex_lock(&m->mutex);
	snprintf(m->log[m->logged % LOG_MAX], sizeof(m->log[0]), "%.31s", line);
	m->logged++;
	pthread_mutex_unlock(&m->mutex);
	if (m->echo) {
		put(m, line);
		put(m, "\r");
	}
	for (size_t i = 0; m->rows[i].command; i++) {
		if (!starts(line, m->rows[i].command) || m->left[i] == 0)
			continue;
		if (m->left[i] > 0)
			m->left[i]--;
		answer(m, &m->rows[i]);
		return;
	}
	size_t i = 0;
	while (!starts(line, healthy[i].command))
		i++;
	answer(m, &healthy[i]);
}

static void *play(void *arg)
{
	struct modem *m = arg;
	char line[LINE_MAX_LEN];
	size_t n = 0;
	for (;;) {
		struct pollfd p[2] = {{.fd = m->wake[0], .events = POLLIN},
				      {.fd = m->master, .events = POLLIN}};
		poll(p, 2, -1);
		if (p[0].revents)
			return NULL;
		char c;
		if (m->master < 0)
			continue;
		if (read(m->master, &c, 1) != 1) {
			usleep(1000); /* nobody has the other end open */
			continue;
		}
		if (c == 0x1B) {
			take_command(m, "<ESC>");
			n = 0;
		} else if (c != '\r' && n < sizeof(line) - 1) {
			line[n++] = c;
		} else if (c == '\r') {
			line[n] = '\0';
			n = 0;
			take_command(m, line);
		}
	}
}

struct modem *modem_start_at(const struct modem_row *rows, const char *link)
{
	struct modem *m = calloc(1, sizeof(*m));
	int slave = -1;
	struct termios raw;
	if (!m)
		abort();
	memset(&raw, 0, sizeof(raw));
	cfmakeraw(&raw);
	if (openpty(&m->master, &slave, m->path, &raw, NULL) != 0 || pipe(m->wake) != 0)
		abort();
	fcntl(m->master, F_SETFD, FD_CLOEXEC);
	close(slave);
	m->rows = rows;
	for (size_t i = 0; rows[i].command && i < ROWS_MAX; i++)
		m->left[i] = rows[i].times ? rows[i].times : -1;
	m->link = link;
	if (link && symlink(m->path, link) != 0)
		abort();
	pthread_mutex_init(&m->mutex, NULL);
	if (pthread_create(&m->thread, NULL, play, m) != 0)
		abort();
	return m;
}

struct modem *modem_start(const struct modem_row *rows)
{
	return modem_start_at(rows, NULL);
}

void modem_stop(struct modem *m)
{
	if (write(m->wake[1], "x", 1) != 1)
		abort();
	pthread_join(m->thread, NULL);
	hang_up(m);
	close(m->wake[0]);
	close(m->wake[1]);
	pthread_mutex_destroy(&m->mutex);
	free(m);
}

const char *modem_path(const struct modem *m)
{
	return m->link ? m->link : m->path;
}

void modem_set_echo(struct modem *m, bool on)
{
	m->echo = on;
}

void modem_set_fragments(struct modem *m, bool on)
{
	m->fragments = on;
}

unsigned modem_count(struct modem *m, const char *start)
{
	unsigned n = 0;
	pthread_mutex_lock(&m->mutex);
	for (unsigned i = 0; i < m->logged && i < LOG_MAX; i++)
		n += starts(m->log[i], start);
	pthread_mutex_unlock(&m->mutex);
	return n;
}

void modem_say(struct modem *m, const char *text)
{
	put(m, text);
}

void modem_unplug(struct modem *m)
{
	hang_up(m);
}
