/* SPDX-License-Identifier: Apache-2.0 */
#include "mbim_modem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "bytes.h"
#include "hex.h"
#include "mem.h"

enum { ROWS_MAX = 32, CONNS_MAX = 8, FRAME_MAX = 4096, INFO_AT = 48, BODY_AT = 20, POLL_MS = 10 };

struct conn {
	int fd; /* -1: free */
	uint8_t rx[FRAME_MAX];
	size_t n;
};

struct mbim_modem {
	const struct mbim_row *rows;
	int left[ROWS_MAX];
	struct conn conn[CONNS_MAX];
	int listener;
	int wake[2];
	char path[128];
	bool pty;
	bool opened;
	pthread_t thread;
	pthread_mutex_t mutex; /* all that follows, and the connections */
	unsigned counts[MK_ANY];
	char last[MK_ANY][2 * FRAME_MAX + 1];
	uint32_t ready;
	char iccid[32];
	bool v3;
};

static const char basic_connect[] = "A289CC33BCBB8B4FB6B0133EC2AAE6DF";
static const char proxy_control[] = "838CF7FB8D0D4D7F871ED71DBEFBB39B";
static const char uicc[] = "C2F6588EF0374BC98665F4D44BD09367";

static const struct {
	const char *uuid;
	uint32_t cid;
	enum mbim_kind kind;
} commands[] = {
	{proxy_control, 1, MK_CONFIG}, {basic_connect, 2, MK_READY}, {uicc, 2, MK_CHANNEL},
	{uicc, 3, MK_CLOSE},	       {uicc, 4, MK_APDU},
};

static void must(bool truth)
{
	if (!truth)
		abort();
}

static uint32_t u32_at(const uint8_t *p, size_t at)
{
	return (uint32_t)p[at] | (uint32_t)p[at + 1] << 8 | (uint32_t)p[at + 2] << 16 |
	       (uint32_t)p[at + 3] << 24;
}

static void set_u32(uint8_t *p, size_t at, uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		p[at + i] = (uint8_t)(v >> (8 * i));
}

static void put_hex(struct wtr *w, const char *hex)
{
	must(hex_get(bytes_str(hex), w) == ST_OK);
}

/* --- what was asked --- */

static enum mbim_kind kind_of(const uint8_t *p, size_t n)
{
	char uuid[33];
	if (u32_at(p, 0) == 1)
		return MK_OPEN;
	if (u32_at(p, 0) != 3 || n < INFO_AT)
		return MK_OTHER;
	hex_str(bytes_of(p + BODY_AT, 16), uuid, sizeof(uuid));
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(uuid, commands[i].uuid) != 0 || u32_at(p, 36) != commands[i].cid)
			continue;
		bool group =
			commands[i].kind == MK_CLOSE && n >= INFO_AT + 4 && u32_at(p, INFO_AT) == 0;
		return group ? MK_GROUP : commands[i].kind;
	}
	return MK_OTHER;
}

static void put_sim(struct mbim_modem *m, struct wtr *w)
{
	uint32_t n = (uint32_t)(2 * strlen(m->iccid));
	uint32_t fixed = m->v3 ? 32 : 28;
	wtr_u32le(w, m->ready);
	if (m->v3)
		wtr_u32le(w, 0);
	wtr_u32le(w, fixed); /* an IMSI, of 15 digits */
	wtr_u32le(w, 30);
	wtr_u32le(w, n ? fixed + 32 : 0);
	wtr_u32le(w, n);
	wtr_u32le(w, 0);
	wtr_u32le(w, 0);
	for (int i = 0; i < 15; i++)
		wtr_u16le(w, '5');
	wtr_u16le(w, 0);
	for (const char *c = m->iccid; *c; c++)
		wtr_u16le(w, (uint16_t)*c);
}

static void put_usual(struct mbim_modem *m, enum mbim_kind kind, struct wtr *w)
{
	if (kind == MK_READY)
		put_sim(m, w);
	if (kind == MK_GROUP || kind == MK_CLOSE)
		put_hex(w, "90000000");
	if (kind == MK_CHANNEL)
		put_hex(w, "90000000020000000000000000000000");
	if (kind == MK_APDU)
		put_hex(w, "90000000020000000C00000001020000");
}

/* --- answers --- */

static void put_all(int fd, struct bytes b, size_t step)
{
	for (size_t i = 0; i < b.n; i += step) {
		size_t n = b.n - i < step ? b.n - i : step;
		ssize_t sent = send(fd, b.p + i, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == ENOTSOCK)
			sent = write(fd, b.p + i, n);
		if (sent != (ssize_t)n)
			return;
		if (step == 1)
			usleep(100);
	}
}

/* The answer to p as one message. */
static void put_answer(struct mbim_modem *m, const uint8_t *p, enum mbim_kind kind,
		       const struct mbim_row *row, struct wtr *w)
{
	static const struct mbim_row plain = {0};
	row = row ? row : &plain;
	if (kind == MK_OPEN) {
		put_hex(w, "0100008010000000");
		wtr_put(w, bytes_of(p + 8, 4));
		wtr_u32le(w, row->status);
		return;
	}
	put_hex(w, "0300008000000000");
	wtr_put(w, bytes_of(p + 8, 4));
	put_hex(w, "0100000000000000");
	wtr_put(w, bytes_of(p + BODY_AT, 20)); /* uuid and cid */
	wtr_u32le(w, row->status);
	wtr_u32le(w, 0);
	if (row->info)
		put_hex(w, row->info);
	else if (row->status == 0)
		put_usual(m, kind, w);
	set_u32(w->p, 44, (uint32_t)w->n - INFO_AT);
	set_u32(w->p, 4, (uint32_t)w->n);
}

static void put_error(const uint8_t *p, uint32_t code, struct wtr *w)
{
	put_hex(w, "0400008010000000");
	wtr_put(w, bytes_of(p + 8, 4));
	wtr_u32le(w, code);
}

static void put_indication(struct mbim_modem *m, struct wtr *w)
{
	size_t at = w->n;
	put_hex(w, "070000800000000000000000"
		   "0100000000000000");
	put_hex(w, basic_connect);
	put_hex(w, "0200000000000000");
	size_t info = w->n;
	put_sim(m, w);
	set_u32(w->p, info - 4, (uint32_t)(w->n - info));
	set_u32(w->p, at + 4, (uint32_t)(w->n - at));
}

static void put_noise(struct wtr *w)
{
	put_hex(w, "070000802C00000000000000"
		   "0100000000000000");
	put_hex(w, proxy_control);
	put_hex(w, "0200000000000000");
	/* one of ours that ends before its buffer does */
	put_hex(w, "070000802C00000000000000"
		   "0100000000000000");
	put_hex(w, basic_connect);
	put_hex(w, "02000000FF000000");
}

static void put_fragments(struct bytes whole, bool lose, struct wtr *w)
{
	struct bytes body = bytes_of(whole.p + BODY_AT, whole.n - BODY_AT);
	uint32_t total = (uint32_t)((body.n + 15) / 16);
	for (uint32_t i = 0; i < total; i++) {
		size_t n = body.n - 16 * i < 16 ? body.n - 16 * i : 16;
		if (lose && i == 1)
			continue;
		wtr_put(w, bytes_of(whole.p, 4));
		wtr_u32le(w, (uint32_t)(BODY_AT + n));
		wtr_put(w, bytes_of(whole.p + 8, 4));
		wtr_u32le(w, total);
		wtr_u32le(w, i);
		wtr_put(w, bytes_of(body.p + 16 * i, n));
	}
}

static void say_endless(int fd, struct bytes whole)
{
	uint8_t chunk[2048] = {0};
	memcpy(chunk, whole.p, whole.n < sizeof(chunk) ? whole.n : sizeof(chunk));
	set_u32(chunk, 4, sizeof(chunk));
	set_u32(chunk, 12, 1000);
	for (uint32_t i = 0; i < 4; i++) {
		set_u32(chunk, 16, i);
		put_all(fd, BYTES_OF(chunk), sizeof(chunk));
	}
}

static void say_too_long(int fd)
{
	static uint8_t message[9000];
	set_u32(message, 0, 0x80000007);
	set_u32(message, 4, sizeof(message));
	put_all(fd, BYTES_OF(message), 1000);
}

static void hang_up_one(struct mbim_modem *m, struct conn *c)
{
	if (c->fd >= 0) {
		shutdown(c->fd, SHUT_RDWR); /* close alone waits for the other thread's poll */
		close(c->fd);
	}
	c->fd = -1;
	c->n = 0;
	if (m->pty)
		unlink(m->path);
}

/* What does not end in a message that is sent as a whole. */
static bool act_oddly(struct mbim_modem *m, struct conn *c, enum mbim_how how, struct bytes whole)
{
	if (how == HANGS_UP_INSIDE || how == STOPS_INSIDE)
		put_all(c->fd, bytes_of(whole.p, whole.n / 2), whole.n);
	if (how == HANGS_UP || how == HANGS_UP_INSIDE)
		hang_up_one(m, c);
	if (how == FRAGMENTS_ENDLESS)
		say_endless(c->fd, whole);
	return how == SAYS_NOTHING || how == HANGS_UP || how == HANGS_UP_INSIDE ||
	       how == STOPS_INSIDE || how == FRAGMENTS_ENDLESS;
}

/* What comes before the answer; p is the question. */
static void put_before(struct mbim_modem *m, const uint8_t *p, enum mbim_how how,
		       struct bytes whole, struct wtr *w)
{
	if (how == FOREIGN_FIRST) {
		wtr_put(w, whole);
		set_u32(w->p, 8, u32_at(p, 8) - 1);
	}
	if (how == INDICATES)
		put_indication(m, w);
	if (how == NOISE)
		put_noise(w);
}

/* The answer itself, or what stands in its place. */
static void put_damaged(const uint8_t *p, enum mbim_kind kind, enum mbim_how how, struct wtr *whole,
			struct wtr *w)
{
	if (how == OTHER_SERVICE)
		whole->p[kind == MK_OPEN ? 8 : BODY_AT] ^= 0x55;
	if (how == OTHER_TYPE)
		whole->p[0] ^= 2;
	if (how == BAD_LENGTH)
		set_u32(whole->p, 4, 5);
	if (how == SAYS_NOT_OPENED || how == SAYS_ERROR)
		put_error(p, how == SAYS_ERROR ? 3 : 5, w);
	else if (how == IN_FRAGMENTS || how == FRAGMENTS_LOST)
		put_fragments(wtr_bytes(whole), how == FRAGMENTS_LOST, w);
	else
		wtr_put(w, wtr_bytes(whole));
}

static void act(struct mbim_modem *m, struct conn *c, const uint8_t *p, enum mbim_kind kind,
		const struct mbim_row *row)
{
	static uint8_t whole_buf[FRAME_MAX], buf[4 * FRAME_MAX];
	struct wtr whole = WTR_ON(whole_buf), w = WTR_ON(buf);
	enum mbim_how how = row ? row->how : SAYS;
	put_answer(m, p, kind, row, &whole);
	if (act_oddly(m, c, how, wtr_bytes(&whole)))
		return;
	if (how == TOO_LONG)
		say_too_long(c->fd);
	if (how == SAYS_LATE)
		usleep((useconds_t)row->ms * 1000);
	put_before(m, p, how, wtr_bytes(&whole), &w);
	put_damaged(p, kind, how, &whole, &w);
	if (how == INDICATES)
		put_indication(m, &w);
	put_all(c->fd, wtr_bytes(&w), how == BYTEWISE ? 1 : sizeof(buf));
}

static const struct mbim_row *pick(struct mbim_modem *m, enum mbim_kind kind)
{
	for (size_t i = 0; m->rows[i].kind != MK_END; i++) {
		if ((m->rows[i].kind != kind && m->rows[i].kind != MK_ANY) || m->left[i] == 0)
			continue;
		if (m->left[i] > 0)
			m->left[i]--;
		return &m->rows[i];
	}
	return NULL;
}

static void take(struct mbim_modem *m, struct conn *c, const uint8_t *p, size_t n)
{
	static const struct mbim_row closed = {.how = SAYS_NOT_OPENED};
	enum mbim_kind kind = kind_of(p, n);
	m->counts[kind]++;
	if (n >= INFO_AT)
		hex_str(bytes_of(p + INFO_AT, n - INFO_AT), m->last[kind], sizeof(m->last[kind]));
	if (m->pty && kind == MK_OPEN)
		m->opened = true;
	const struct mbim_row *row = pick(m, kind);
	if (m->pty && !m->opened && (!row || row->how != SAYS_NOTHING))
		row = &closed;
	act(m, c, p, kind, row);
}

static void feed(struct mbim_modem *m, struct conn *c)
{
	ssize_t got = read(c->fd, c->rx + c->n, sizeof(c->rx) - c->n);
	if (got <= 0 && m->pty) {
		usleep(1000); /* nobody has the other end open */
		return;
	}
	if (got <= 0) {
		hang_up_one(m, c);
		return;
	}
	c->n += (size_t)got;
	while (c->fd >= 0 && c->n >= 12 && u32_at(c->rx, 4) <= c->n) {
		static uint8_t message[FRAME_MAX];
		size_t n = u32_at(c->rx, 4);
		must(n >= 12);
		memcpy(message, c->rx, n);
		memmove(c->rx, c->rx + n, c->n - n);
		c->n -= n;
		take(m, c, message, n);
	}
}

static void accept_one(struct mbim_modem *m)
{
	int fd = accept(m->listener, NULL, NULL);
	for (size_t i = 0; i < CONNS_MAX; i++) {
		if (m->conn[i].fd >= 0)
			continue;
		m->conn[i].fd = fd;
		m->conn[i].n = 0;
		return;
	}
	close(fd);
}

static void *play(void *arg)
{
	struct mbim_modem *m = arg;
	for (;;) {
		struct pollfd p[2 + CONNS_MAX] = {{.fd = m->wake[0], .events = POLLIN},
						  {.fd = m->listener, .events = POLLIN}};
		for (size_t i = 0; i < CONNS_MAX; i++)
			p[2 + i] = (struct pollfd){.fd = m->conn[i].fd, .events = POLLIN};
		poll(p, ARRAY_LEN(p), POLL_MS);
		if (p[0].revents)
			return NULL;
		pthread_mutex_lock(&m->mutex);
		if (p[1].revents)
			accept_one(m);
		for (size_t i = 0; i < CONNS_MAX; i++)
			if (p[2 + i].revents && m->conn[i].fd == p[2 + i].fd && p[2 + i].fd >= 0)
				feed(m, &m->conn[i]);
		pthread_mutex_unlock(&m->mutex);
	}
}

/* --- the contract --- */

static struct mbim_modem *make(const char *path, const struct mbim_row *rows)
{
	struct mbim_modem *m = calloc(1, sizeof(*m));
	must(m != NULL);
	m->rows = rows;
	for (size_t i = 0; rows[i].kind != MK_END && i < ROWS_MAX; i++)
		m->left[i] = rows[i].times ? rows[i].times : -1;
	for (size_t i = 0; i < CONNS_MAX; i++)
		m->conn[i].fd = -1;
	m->listener = -1;
	m->ready = 1;
	snprintf(m->iccid, sizeof(m->iccid), "8988211000000123456F");
	snprintf(m->path, sizeof(m->path), "%s", path);
	must(pipe2(m->wake, O_CLOEXEC) == 0);
	pthread_mutex_init(&m->mutex, NULL);
	unlink(path);
	return m;
}

struct mbim_modem *mbim_modem_start(const char *path, const struct mbim_row *rows)
{
	struct mbim_modem *m = make(path, rows);
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	must((size_t)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path) < sizeof(sa.sun_path));
	m->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(m->listener, (struct sockaddr *)&sa, sizeof(sa)) == 0);
	must(listen(m->listener, 8) == 0);
	must(pthread_create(&m->thread, NULL, play, m) == 0);
	return m;
}

struct mbim_modem *mbim_modem_start_pty(const char *link, const struct mbim_row *rows)
{
	struct mbim_modem *m = make(link, rows);
	char name[64];
	struct termios raw;
	int slave = -1;
	memset(&raw, 0, sizeof(raw));
	cfmakeraw(&raw);
	must(openpty(&m->conn[0].fd, &slave, name, &raw, NULL) == 0);
	fcntl(m->conn[0].fd, F_SETFD, FD_CLOEXEC);
	close(slave);
	m->pty = true;
	must(symlink(name, link) == 0);
	must(pthread_create(&m->thread, NULL, play, m) == 0);
	return m;
}

void mbim_modem_stop(struct mbim_modem *m)
{
	must(write(m->wake[1], "x", 1) == 1);
	pthread_join(m->thread, NULL);
	for (size_t i = 0; i < CONNS_MAX; i++)
		hang_up_one(m, &m->conn[i]);
	if (m->listener >= 0)
		close(m->listener);
	unlink(m->path);
	close(m->wake[0]);
	close(m->wake[1]);
	pthread_mutex_destroy(&m->mutex);
	free(m);
}

unsigned mbim_modem_count(struct mbim_modem *m, enum mbim_kind kind)
{
	pthread_mutex_lock(&m->mutex);
	unsigned n = m->counts[kind];
	pthread_mutex_unlock(&m->mutex);
	return n;
}

const char *mbim_modem_last(struct mbim_modem *m, enum mbim_kind kind)
{
	static char text[2 * FRAME_MAX + 1];
	pthread_mutex_lock(&m->mutex);
	memcpy(text, m->last[kind], sizeof(text));
	pthread_mutex_unlock(&m->mutex);
	return text;
}

void mbim_modem_sim(struct mbim_modem *m, uint32_t ready, const char *iccid)
{
	pthread_mutex_lock(&m->mutex);
	m->ready = ready;
	snprintf(m->iccid, sizeof(m->iccid), "%s", iccid);
	pthread_mutex_unlock(&m->mutex);
}

static void tell_all(struct mbim_modem *m, struct bytes b)
{
	for (size_t i = 0; i < CONNS_MAX; i++)
		if (m->conn[i].fd >= 0)
			put_all(m->conn[i].fd, b, b.n);
}

void mbim_modem_indicate(struct mbim_modem *m)
{
	uint8_t buf[256];
	struct wtr w = WTR_ON(buf);
	pthread_mutex_lock(&m->mutex);
	put_indication(m, &w);
	tell_all(m, wtr_bytes(&w));
	pthread_mutex_unlock(&m->mutex);
}

void mbim_modem_say(struct mbim_modem *m, const char *hex)
{
	uint8_t buf[FRAME_MAX];
	struct wtr w = WTR_ON(buf);
	put_hex(&w, hex);
	pthread_mutex_lock(&m->mutex);
	tell_all(m, wtr_bytes(&w));
	pthread_mutex_unlock(&m->mutex);
}

void mbim_modem_hang_up(struct mbim_modem *m)
{
	pthread_mutex_lock(&m->mutex);
	for (size_t i = 0; i < CONNS_MAX; i++)
		hang_up_one(m, &m->conn[i]);
	pthread_mutex_unlock(&m->mutex);
	if (m->pty)
		usleep(2000 * POLL_MS);
}

void mbim_modem_set_v3(struct mbim_modem *m, bool on)
{
	m->v3 = on;
}
