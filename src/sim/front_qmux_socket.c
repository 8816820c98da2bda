/* SPDX-License-Identifier: Apache-2.0 */
/* The control channel as a UNIX socket. The control channel's thread may unplug it at any time, so
 * the descriptors are used only under the lock and polled by value: a stale value can cost a
 * spurious wake-up, never a byte. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "file.h"
#include "front_qmux.h"
#include "listen.h"
#include "mem.h"

enum { UNREAD_MS = 1000 };

status qmux_socket_init(struct qmux_socket *s)
{
	s->listen = -1;
	for (size_t i = 0; i < QMUX_CONNS_MAX; i++)
		s->conn[i] = -1;
	pthread_mutex_init(&s->lock, NULL);
	s->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return s->kick < 0 ? ST_NOMEM : ST_OK;
}

void qmux_socket_free(struct qmux_socket *s)
{
	qmux_socket_unplug(s);
	file_close(&s->kick);
	pthread_mutex_destroy(&s->lock);
}

/* ---- plug, unplug ---- */

status qmux_socket_plug(struct qmux_socket *s, char err[256])
{
	status st = ST_OK;

	pthread_mutex_lock(&s->lock);
	if (s->listen < 0)
		st = listen_at(s->path, &s->listen, err);
	s->replug_at = 0;
	pthread_mutex_unlock(&s->lock);
	eventfd_write(s->kick, 1);
	return st;
}

void qmux_socket_unplug(struct qmux_socket *s)
{
	pthread_mutex_lock(&s->lock);
	if (s->listen >= 0)
		unlink(s->path);
	file_close(&s->listen);
	for (size_t i = 0; i < QMUX_CONNS_MAX; i++)
		file_close(&s->conn[i]);
	s->release_at = 0;
	pthread_mutex_unlock(&s->lock);
	eventfd_write(s->kick, 1);
}

void qmux_socket_hang_up(struct qmux_socket *s, int conn)
{
	pthread_mutex_lock(&s->lock);
	file_close(&s->conn[conn]);
	pthread_mutex_unlock(&s->lock);
}

void qmux_socket_hold(struct qmux_socket *s, int64_t ms)
{
	pthread_mutex_lock(&s->lock);
	s->release_at = deadline_in_ms(ms);
	pthread_mutex_unlock(&s->lock);
}

void qmux_socket_stop(struct qmux_socket *s)
{
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_mutex_unlock(&s->lock);
	eventfd_write(s->kick, 1);
}

/* ---- bytes ---- */

/* Bytes written; 0 when nobody reads; -1 when it is gone. */
static ssize_t write_some(struct qmux_socket *s, int conn, struct bytes b)
{
	pthread_mutex_lock(&s->lock);
	int fd = s->stop ? -1 : s->conn[conn];
	ssize_t n = fd < 0 ? -1 : send(fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && fd >= 0 && (errno == EAGAIN || errno == EINTR))
		n = 0;
	pthread_mutex_unlock(&s->lock);
	return n;
}

bool qmux_socket_send(struct qmux_socket *s, int conn, struct bytes b)
{
	struct rdr r = rdr_of(b);
	deadline dl = deadline_in_ms(UNREAD_MS);

	while (r.n > 0) {
		ssize_t n = write_some(s, conn, rdr_rest(&r));

		if (n < 0 || (n == 0 && deadline_passed(dl)))
			return false;
		if (n == 0)
			deadline_sleep(dl, 1);
		if (rdr_skip(&r, (size_t)n) != ST_OK)
			return false;
	}
	return true;
}

size_t qmux_socket_receive(struct qmux_socket *s, int conn, uint8_t *p, size_t cap)
{
	pthread_mutex_lock(&s->lock);
	int fd = s->conn[conn];
	ssize_t n = fd < 0 ? 0 : recv(fd, p, cap, MSG_DONTWAIT);
	if (fd >= 0 && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)))
		file_close(&s->conn[conn]);
	pthread_mutex_unlock(&s->lock);
	return n > 0 ? (size_t)n : 0;
}

/* ---- waiting ---- */

/* The place of who has connected; -1: hung up on. */
static int take_newcomer(struct qmux_socket *s)
{
	int fd ON_EXIT(file_close) = -1;
	int place = -1;

	pthread_mutex_lock(&s->lock);
	if (s->listen >= 0)
		fd = accept4(s->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	for (int i = 0; fd >= 0 && s->release_at == 0 && i < QMUX_CONNS_MAX; i++) {
		if (s->conn[i] >= 0)
			continue;
		s->conn[i] = fd;
		fd = -1;
		place = i;
	}
	pthread_mutex_unlock(&s->lock);
	return place;
}

/* The kick, the listener, the connections. */
static bool fill(struct qmux_socket *s, struct pollfd p[2 + QMUX_CONNS_MAX])
{
	pthread_mutex_lock(&s->lock);
	bool stop = s->stop;
	p[0] = (struct pollfd){.fd = s->kick, .events = POLLIN};
	p[1] = (struct pollfd){.fd = s->listen, .events = POLLIN};
	for (size_t i = 0; i < QMUX_CONNS_MAX; i++)
		p[2 + i] = (struct pollfd){.fd = s->conn[i], .events = POLLIN};
	pthread_mutex_unlock(&s->lock);
	return !stop;
}

status qmux_socket_wait(struct qmux_socket *s, int64_t ms, int *ret_conn, bool *ret_new)
{
	struct pollfd p[2 + QMUX_CONNS_MAX];
	eventfd_t count;
	int place = -1;

	if (!fill(s, p))
		return ST_IO;
	if (poll(p, ARRAY_LEN(p), (int)ms) <= 0)
		return ST_TIMEOUT;
	if (p[0].revents)
		eventfd_read(s->kick, &count);
	if (p[1].revents)
		place = take_newcomer(s);
	*ret_new = place >= 0;
	for (int i = 0; place < 0 && i < QMUX_CONNS_MAX; i++) {
		if (p[2 + i].revents)
			place = i;
	}
	if (place < 0)
		return ST_TIMEOUT;
	*ret_conn = place;
	return ST_OK;
}
