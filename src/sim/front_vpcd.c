/* SPDX-License-Identifier: Apache-2.0 */
/* A card in a real pcscd, through vsmartcard-vpcd: pcscd's driver listens, the card connects.
 * Frames both ways are u16be length + data; a frame of one byte from the reader is a control byte.
 *
 * Removal is closing the connection, insertion is connecting again. A reset, removal or swap that
 * another front or the control channel made shows here as a removal and an insertion; one that
 * happened inside a command of ours (fault C2) does not, as a reader would not see it either. */
#include "front.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deadline.h"
#include "mem.h"

enum {
	FRAME_MAX = 65535,
	CONTROL_OFF = 0,
	CONTROL_ON = 1,
	CONTROL_RESET = 2,
	CONTROL_ATR = 4,
	LOOK_MS = 20,	/* how often we look whether the card was removed */
	RETRY_MS = 100, /* between attempts to connect */
	CONNECT_MS = 2000,
	FRAME_MS = 5000,    /* for the rest of a frame that has begun */
	POWER_UP_MS = 3000, /* start waits this long for pcscd to power the card */
	AWAY_MS = 1000, /* a removal lasts so long that pcscd, which looks every 400 ms, sees it */
};

struct sim_front {
	struct sim_card *card;
	char host[128];
	char port[16];
	int stop_fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool refused; /* nobody listens: start need not wait */
	bool powered;
	uint32_t generation; /* of the card in the reader */
	uint8_t frame[FRAME_MAX];
};

/* ISO 7816-3: TA1 95 (512/32), historical bytes with the capabilities 73 FE 21 13 (four channels,
 * numbers assigned by the card). T=0 with T=15 global bytes (clock stop, classes A B C), as a UICC;
 * T=1 with IFSC 254. The last byte is TCK. */
static const uint8_t atr_t0[] = {0x3B, 0x95, 0x95, 0x80, 0x1F, 0xC7,
				 0x80, 0x73, 0xFE, 0x21, 0x13, 0x67};
static const uint8_t atr_t1[] = {0x3B, 0x95, 0x95, 0x81, 0x31, 0xFE, 0x45,
				 0x80, 0x73, 0xFE, 0x21, 0x13, 0x34};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void tell(struct sim_front *f, bool *flag, bool value)
{
	pthread_mutex_lock(&f->lock);
	*flag = value;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

/* Waits for events on fd (-1: none), until dl. ST_IO: told to stop. */
static status wait_for(struct sim_front *f, int fd, short events, deadline dl)
{
	for (;;) {
		struct pollfd p[2] = {{.fd = f->stop_fd, .events = POLLIN},
				      {.fd = fd, .events = events}};
		int n = poll(p, 2, deadline_poll_ms(dl));

		if (n < 0 && errno != EINTR)
			return ST_IO;
		if (n > 0 && p[0].revents)
			return ST_IO;
		if (n > 0)
			return ST_OK;
		if (n == 0 && deadline_passed(dl))
			return ST_TIMEOUT;
	}
}

static bool must_stop(struct sim_front *f, int64_t ms)
{
	return wait_for(f, -1, 0, deadline_in_ms(ms)) == ST_IO;
}

/* Without both of these each APDU costs 40 ms: Nagle on one side, delayed ACK on the other. */
static void hurry(int fd)
{
	const int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
}

static int connect_one(struct sim_front *f, const struct addrinfo *a)
{
	int fd ON_EXIT(close_fd) =
		socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
	int error = 0;
	socklen_t len = sizeof(error);

	if (fd < 0)
		return -1;
	if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
		if (errno != EINPROGRESS)
			return -1;
		if (wait_for(f, fd, POLLOUT, deadline_in_ms(CONNECT_MS)) != ST_OK)
			return -1;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)
			return -1;
	}
	int kept = fd;
	fd = -1;
	hurry(kept);
	return kept;
}

static int connect_reader(struct sim_front *f)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int fd = -1;

	if (getaddrinfo(f->host, f->port, &hints, &list) != 0)
		return -1;
	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		fd = connect_one(f, a);
	freeaddrinfo(list);
	return fd;
}

static status receive_all(struct sim_front *f, int fd, uint8_t *p, size_t n, deadline dl)
{
	while (n > 0) {
		ssize_t got = recv(fd, p, n, 0);

		if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
			TRY(wait_for(f, fd, POLLIN, dl));
			continue;
		}
		if (got <= 0)
			return ST_IO;
		p += got;
		n -= (size_t)got;
	}
	hurry(fd);
	return ST_OK;
}

static status send_frame(struct sim_front *f, int fd, struct bytes data)
{
	uint8_t out[2 + 512];
	struct wtr w = WTR_ON(out);

	wtr_u16be(&w, (uint16_t)data.n);
	wtr_put(&w, data);
	TRY(wtr_done(&w));

	struct rdr rest = rdr_of(wtr_bytes(&w));
	while (rest.n > 0) {
		ssize_t put = send(fd, rest.p, rest.n, MSG_NOSIGNAL);

		if (put < 0 && (errno == EAGAIN || errno == EINTR)) {
			TRY(wait_for(f, fd, POLLOUT, deadline_in_ms(FRAME_MS)));
			continue;
		}
		if (put <= 0)
			return ST_IO;
		TRY(rdr_skip(&rest, (size_t)put));
	}
	return ST_OK;
}

static status power(struct sim_front *f, bool on)
{
	sim_card_reset(f->card);
	f->generation = sim_card_generation(f->card);
	if (on)
		tell(f, &f->powered, true);
	return ST_OK;
}

static status control(struct sim_front *f, int fd, uint8_t code)
{
	switch (code) {
	case CONTROL_OFF:
		return power(f, false);
	case CONTROL_ON:
	case CONTROL_RESET:
		return power(f, true);
	case CONTROL_ATR:
		return send_frame(f, fd,
				  sim_card_is_t0(f->card) ? BYTES_OF(atr_t0) : BYTES_OF(atr_t1));
	default:
		return ST_OK; /* no answer is expected to a code that we do not know */
	}
}

static status command(struct sim_front *f, int fd, struct bytes cmd)
{
	uint8_t reply[300];
	struct wtr w = WTR_ON(reply);

	sim_link_delay(f->card, cmd.n);
	TRY(sim_card_transmit(f->card, "vpcd", cmd, &w));
	TRY(wtr_done(&w));
	f->generation = sim_card_generation(f->card);
	sim_link_delay(f->card, w.n);
	return send_frame(f, fd, wtr_bytes(&w));
}

static status one_frame(struct sim_front *f, int fd)
{
	uint8_t head[2];
	struct rdr r = rdr_of(BYTES_OF(head));
	uint16_t n = 0;
	deadline dl = deadline_in_ms(FRAME_MS);

	TRY(receive_all(f, fd, head, sizeof(head), dl));
	TRY(rdr_u16be(&r, &n));
	TRY(receive_all(f, fd, f->frame, n, dl));
	if (n == 0)
		return ST_OK;
	if (n == 1)
		return control(f, fd, f->frame[0]);
	return command(f, fd, bytes_of(f->frame, n));
}

static bool card_moved(struct sim_front *f)
{
	return !sim_card_present(f->card) || sim_card_generation(f->card) != f->generation;
}

/* Serves one insertion. ST_CARD_GONE: the card was removed, not the reader. */
static status serve(struct sim_front *f, int fd)
{
	for (;;) {
		status st = wait_for(f, fd, POLLIN, deadline_in_ms(LOOK_MS));

		if (card_moved(f))
			return ST_CARD_GONE;
		if (st == ST_TIMEOUT)
			continue;
		TRY(st);
		TRY(one_frame(f, fd));
	}
}

static void *run(void *arg)
{
	struct sim_front *f = arg;
	int64_t pause = 0;

	while (!must_stop(f, pause)) {
		pause = RETRY_MS;
		if (!sim_card_present(f->card)) {
			pause = LOOK_MS;
			continue;
		}
		int fd ON_EXIT(close_fd) = connect_reader(f);
		if (fd < 0) {
			tell(f, &f->refused, true);
			continue;
		}
		f->generation = sim_card_generation(f->card);
		if (serve(f, fd) == ST_CARD_GONE)
			pause = AWAY_MS;
	}
	return NULL;
}

static bool split(struct sim_front *f, const char *argument)
{
	const char *colon = strrchr(argument, ':');

	if (!colon || colon == argument || colon[1] == '\0')
		return false;
	int h = snprintf(f->host, sizeof(f->host), "%.*s", (int)(colon - argument), argument);
	int p = snprintf(f->port, sizeof(f->port), "%s", colon + 1);
	return h > 0 && (size_t)h < sizeof(f->host) && p > 0 && (size_t)p < sizeof(f->port);
}

static void await_power(struct sim_front *f)
{
	struct timespec until;
	int64_t dl = deadline_in_ms(POWER_UP_MS);

	until.tv_sec = (time_t)(dl / 1000000000);
	until.tv_nsec = (long)(dl % 1000000000);
	pthread_mutex_lock(&f->lock);
	while (!f->powered && !f->refused) {
		if (pthread_cond_clockwait(&f->changed, &f->lock, CLOCK_MONOTONIC, &until) != 0)
			break;
	}
	pthread_mutex_unlock(&f->lock);
}

static status vpcd_start(struct sim_card *card, struct sim_faults *faults, const char *argument,
			 struct sim_front **ret_front, char err[256])
{
	struct sim_front *f = calloc(1, sizeof(*f));

	(void)faults;
	if (!f)
		return ST_NOMEM;
	f->card = card;
	if (!split(f, argument)) {
		snprintf(err, 256, "--vpcd %s: HOST:PORT expected", argument);
		free(f);
		return ST_ARG;
	}
	f->stop_fd = eventfd(0, EFD_CLOEXEC);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	if (f->stop_fd < 0 || pthread_create(&f->thread, NULL, run, f) != 0) {
		snprintf(err, 256, "--vpcd: no thread or descriptor: %s", strerror(errno));
		close_fd(&f->stop_fd);
		free(f);
		return ST_NOMEM;
	}
	await_power(f);
	*ret_front = f;
	return ST_OK;
}

static void vpcd_stop(struct sim_front *f)
{
	eventfd_write(f->stop_fd, 1);
	pthread_join(f->thread, NULL);
	close_fd(&f->stop_fd);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

const struct sim_front_ops sim_front_vpcd = {
	.option = "--vpcd",
	.help = "--vpcd HOST:PORT     the card in a pcscd that runs vsmartcard-vpcd",
	.start = vpcd_start,
	.stop = vpcd_stop,
};
