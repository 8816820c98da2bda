/* SPDX-License-Identifier: Apache-2.0 */
/* --unix PATH: frames of u16 big-endian length and payload. A payload is a command APDU, or FF and
 * a control command in ASCII; the answer is a frame too. An absent card answers APDUs with length
 * 0. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "card.h"
#include "file.h"
#include "front.h"
#include "listen.h"
#include "log.h"
#include "mem.h"
#include "text.h"

enum {
	CLIENTS_MAX = 64,
	FRAME_MAX = 8192,
	CONTROL_MARK = 0xFF, /* no command has this class */
};

struct client {
	struct sim_front *front;
	pthread_t thread;
	int fd;
	bool used;
	bool ended; /* under front->lock */
};

struct sim_front {
	struct sim_card *card;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int listen_fd;
	int wake[2]; /* closing wake[1] ends every thread */
	pthread_t thread;
	pthread_mutex_t lock;
	struct client client[CLIENTS_MAX];
};

/* Waits for events on fd; false when the front stops. */
static bool wait_for(const struct sim_front *f, int fd, short events)
{
	struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = f->wake[0], .events = 0}};
	for (;;) {
		int n = poll(p, 2, -1);
		if (n < 0 && errno == EINTR)
			continue;
		return n > 0 && p[1].revents == 0;
	}
}

static bool receive(const struct client *c, uint8_t *p, size_t n)
{
	while (n > 0) {
		if (!wait_for(c->front, c->fd, POLLIN))
			return false;
		ssize_t got = read(c->fd, p, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool send_all(const struct client *c, struct bytes b)
{
	while (b.n > 0) {
		if (!wait_for(c->front, c->fd, POLLOUT))
			return false;
		ssize_t put = send(c->fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (put < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (put <= 0)
			return false;
		b.p += put;
		b.n -= (size_t)put;
	}
	return true;
}

static void answer(struct sim_front *f, struct bytes payload, struct wtr *reply)
{
	if (payload.n > 0 && payload.p[0] == CONTROL_MARK) {
		sim_card_control(f->card, bytes_of(payload.p + 1, payload.n - 1), reply);
		return;
	}
	sim_link_delay(f->card, payload.n + 2);
	if (sim_card_transmit(f->card, "unix", payload, reply) != ST_OK)
		reply->n = 0;
	sim_link_delay(f->card, reply->n + 2);
}

static bool serve_frame(const struct client *c)
{
	uint8_t in[FRAME_MAX], out[2 + FRAME_MAX];
	uint8_t head[2];
	if (!receive(c, head, sizeof(head)))
		return false;
	size_t n = (size_t)head[0] << 8 | head[1];
	if (n > sizeof(in) || !receive(c, in, n))
		return false;
	struct wtr reply = wtr_on(out + 2, sizeof(out) - 2);
	answer(c->front, bytes_of(in, n), &reply);
	out[0] = (uint8_t)(reply.n >> 8);
	out[1] = (uint8_t)reply.n;
	return send_all(c, bytes_of(out, 2 + reply.n));
}

static void *client_run(void *arg)
{
	struct client *c = arg;
	while (serve_frame(c)) {
	}
	pthread_mutex_lock(&c->front->lock);
	file_close(&c->fd);
	c->ended = true;
	pthread_mutex_unlock(&c->front->lock);
	return NULL;
}

static void reap(struct sim_front *f, bool all)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &f->client[i];
		pthread_mutex_lock(&f->lock);
		bool ended = c->ended;
		pthread_mutex_unlock(&f->lock);
		if (!c->used || !(ended || all))
			continue;
		pthread_join(c->thread, NULL);
		*c = (struct client){.fd = -1};
	}
}

static void take_client(struct sim_front *f, int fd)
{
	reap(f, false);
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &f->client[i];
		if (c->used)
			continue;
		*c = (struct client){.front = f, .fd = fd, .used = true};
		if (pthread_create(&c->thread, NULL, client_run, c) == 0)
			return;
		c->used = false;
		break;
	}
	log_error("sim: unix front: too many clients");
	close(fd);
}

static void *accept_run(void *arg)
{
	struct sim_front *f = arg;
	while (wait_for(f, f->listen_fd, POLLIN)) {
		int fd = accept4(f->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			take_client(f, fd);
	}
	reap(f, true);
	return NULL;
}

static void front_free(struct sim_front *f)
{
	file_close(&f->listen_fd);
	file_close(&f->wake[0]);
	file_close(&f->wake[1]);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

static status start_in(struct sim_front *f, const char *path, char err[256])
{
	if (text_copy(bytes_str(path), f->path, sizeof(f->path)) != ST_OK || path[0] == '\0') {
		snprintf(err, 256, "--unix: a path of 1 to %zu characters", sizeof(f->path) - 1);
		return ST_ARG;
	}
	if (pipe2(f->wake, O_CLOEXEC) != 0)
		return ST_IO;
	TRY(listen_at(f->path, &f->listen_fd, err));
	if (pthread_create(&f->thread, NULL, accept_run, f) != 0) {
		unlink(f->path);
		return ST_NOMEM;
	}
	return ST_OK;
}

static status start(struct sim_card *card, struct sim_faults *faults, const char *argument,
		    struct sim_front **ret_front, char err[256])
{
	struct sim_front *f = calloc(1, sizeof(*f));
	(void)faults; /* the link has none of its own */
	if (!f)
		return ST_NOMEM;
	f->card = card;
	f->listen_fd = f->wake[0] = f->wake[1] = -1;
	pthread_mutex_init(&f->lock, NULL);
	status st = start_in(f, argument, err);
	if (st != ST_OK) {
		front_free(f);
		return st;
	}
	*ret_front = f;
	return ST_OK;
}

static void stop(struct sim_front *f)
{
	file_close(&f->wake[1]);
	pthread_join(f->thread, NULL);
	unlink(f->path);
	front_free(f);
}

const struct sim_front_ops sim_front_unix = {
	.option = "--unix",
	.help = "--unix PATH          a socket: frames of a 16-bit length and an APDU",
	.start = start,
	.stop = stop,
};
