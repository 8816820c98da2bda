/* SPDX-License-Identifier: Apache-2.0 */
/* The socket or the pty, as one kind of port. */
#include "front_qmux.h"

#include <unistd.h>

#include "mem.h"

enum { HANG_UP_MS = 50, STALE_MS = 500, FRAGMENT_US = 50 };

status qmux_port_plug(struct sim_front *m, char err[256])
{
	return m->options.tty ? pty_plug(&m->pty, err) : qmux_socket_plug(&m->socket, err);
}

static void unplug_socket(struct qmux_socket *s, int64_t ms)
{
	qmux_socket_unplug(s);
	pthread_mutex_lock(&s->lock);
	s->replug_at = ms > 0 ? deadline_in_ms(ms) : 0;
	pthread_mutex_unlock(&s->lock);
}

void qmux_port_unplug(struct sim_front *m, int64_t ms)
{
	pthread_mutex_lock(&m->lock);
	m->power_failed = true;
	pthread_mutex_unlock(&m->lock);
	if (!m->options.tty)
		unplug_socket(&m->socket, ms);
	else if (ms > 0)
		pty_replug(&m->pty, ms);
	else
		pty_unplug(&m->pty);
}

void qmux_port_hang_up(struct sim_front *m, int conn)
{
	if (m->options.tty)
		pty_replug(&m->pty, HANG_UP_MS);
	else
		qmux_socket_hang_up(&m->socket, conn);
}

void qmux_port_hold(struct sim_front *m, int64_t ms)
{
	if (m->options.tty)
		pty_hold(&m->pty, ms);
	else
		qmux_socket_hold(&m->socket, ms);
}

void qmux_port_due(struct sim_front *m)
{
	struct qmux_socket *s = &m->socket;
	char err[256] = "";

	if (m->options.tty) {
		pty_do_due(&m->pty);
		return;
	}
	pthread_mutex_lock(&s->lock);
	bool replug = s->replug_at != 0 && deadline_passed(s->replug_at);
	if (replug)
		s->replug_at = 0;
	if (s->release_at != 0 && deadline_passed(s->release_at))
		s->release_at = 0;
	pthread_mutex_unlock(&s->lock);
	if (replug)
		(void)!qmux_socket_plug(s, err);
}

static bool send_to(struct sim_front *m, int conn, struct bytes b, bool fragments)
{
	struct rdr r = rdr_of(b);
	struct bytes one;

	sim_link_delay(m->card, b.n);
	if (!fragments)
		return qmux_socket_send(&m->socket, conn, b);
	while (rdr_take(&r, 1, &one) == ST_OK) {
		if (!qmux_socket_send(&m->socket, conn, one))
			return false;
		usleep(FRAGMENT_US);
	}
	return true;
}

void qmux_port_send(struct sim_front *m, int conn, struct bytes b, bool fragments)
{
	if (m->options.tty) {
		(void)pty_send(&m->pty, b, fragments);
		return;
	}
	for (int i = 0; i < QMUX_CONNS_MAX; i++) {
		if (conn == QMUX_ALL || conn == i)
			(void)send_to(m, i, b, fragments);
	}
}

/* A cdc-wdm takes messages whole: what a dead client began ends with it. */
static status wait_pty(struct sim_front *m, int64_t ms)
{
	struct qmux_input *in = &m->in[0];
	struct wtr w;

	if (in->n > 0 && deadline_passed(in->stale_at))
		in->n = 0;
	w = wtr_on(in->p + in->n, sizeof(in->p) - in->n);
	status st = pty_receive(&m->pty, ms, &w);
	if (st == ST_IO)
		return st;
	if (st == ST_OK) {
		in->n += w.n;
		in->stale_at = deadline_in_ms(STALE_MS);
		qmux_frame_take(m, 0);
	}
	return ST_OK;
}

static status wait_socket(struct sim_front *m, int64_t ms)
{
	int conn = 0;
	bool is_new = false;
	status st = qmux_socket_wait(&m->socket, ms, &conn, &is_new);

	if (st == ST_IO)
		return st;
	if (st != ST_OK)
		return ST_OK;
	struct qmux_input *in = &m->in[conn];
	if (is_new) {
		in->n = 0;
		return ST_OK;
	}
	size_t n = qmux_socket_receive(&m->socket, conn, in->p + in->n, sizeof(in->p) - in->n);
	sim_link_delay(m->card, n);
	in->n += n;
	if (n > 0)
		qmux_frame_take(m, conn);
	return ST_OK;
}

status qmux_port_wait(struct sim_front *m, int64_t ms)
{
	return m->options.tty ? wait_pty(m, ms) : wait_socket(m, ms);
}

static bool stopped(struct qmux_socket *s)
{
	pthread_mutex_lock(&s->lock);
	bool stop = s->stop;
	pthread_mutex_unlock(&s->lock);
	return stop;
}

void qmux_port_pause(struct sim_front *m, int64_t ms)
{
	deadline dl = deadline_in_ms(ms);

	if (m->options.tty) {
		pty_pause(&m->pty, ms);
		return;
	}
	while (!deadline_passed(dl) && !stopped(&m->socket))
		deadline_sleep(dl, 20);
}

void qmux_port_stop(struct sim_front *m)
{
	if (m->options.tty)
		pty_stop(&m->pty);
	else
		qmux_socket_stop(&m->socket);
}
