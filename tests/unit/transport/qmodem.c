/* SPDX-License-Identifier: Apache-2.0 */
#include "qmodem.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hex.h"

enum { CONNS = 8, ROWS = 16, LOG = 512, CIDS = 31, FRAME = 8192, END_OF_ROWS = 0xFFFF };

struct conn {
	int fd;
	uint8_t in[FRAME];
	size_t n;
};

struct qmodem {
	const struct qmodem_row *rows;
	int skipped[ROWS], done[ROWS];
	int listener, wake[2];
	char path[108];
	pthread_t thread;
	pthread_mutex_t mutex;
	struct conn conn[CONNS];
	uint16_t id[LOG];
	char body[LOG][128];
	unsigned logged, cids_most;
	uint32_t used;
	uint8_t next_channel;
	atomic_bool fragments;
};

struct message {
	uint8_t service, cid;
	uint16_t tid, id;
	struct bytes tlvs;
};

/* --- sending --- */

static void put(struct qmodem *m, int fd, const uint8_t *p, size_t n)
{
	size_t step = m->fragments ? 1 : n;
	for (size_t i = 0; i < n; i += step) {
		if (send(fd, p + i, step, MSG_NOSIGNAL) < 0)
			return;
		if (m->fragments)
			usleep(100);
	}
}

/* Hex with CC and TT (two bytes, or one in CTL) filled in. */
static void put_text(struct qmodem *m, int fd, const char *text, uint8_t cid, uint16_t tid)
{
	static char hex[QMODEM_TEXT_MAX * 2 + 1];
	static uint8_t raw[QMODEM_TEXT_MAX];
	struct wtr w = WTR_ON(raw);
	size_t n = 0;
	for (const char *p = text; *p && n < sizeof(hex) - 5; p++) {
		if (*p == ' ')
			continue;
		if (strncmp(p, "CC", 2) == 0)
			n += (size_t)snprintf(hex + n, 3, "%02X", cid);
		else if (strncmp(p, "TT", 2) == 0)
			n += (size_t)snprintf(hex + n, 5, "%02X%02X", tid & 0xFF, tid >> 8);
		else {
			hex[n++] = *p;
			continue;
		}
		p++;
	}
	if (hex_get(bytes_of(hex, n), &w) != ST_OK)
		abort();
	put(m, fd, raw, w.n);
}

static void put_answer(struct qmodem *m, int fd, const struct message *q, uint16_t error,
		       struct bytes tlvs)
{
	uint8_t frame[FRAME];
	struct wtr w = WTR_ON(frame);
	bool ctl = q->service == QMODEM_CTL;
	size_t n = 7 + tlvs.n;
	wtr_u8(&w, 0x01);
	wtr_u16le(&w, (uint16_t)((ctl ? 11U : 12U) + n));
	wtr_u8(&w, 0x80);
	wtr_u8(&w, q->service);
	wtr_u8(&w, q->cid);
	wtr_u8(&w, ctl ? 1 : 2);
	if (ctl)
		wtr_u8(&w, (uint8_t)q->tid);
	else
		wtr_u16le(&w, q->tid);
	wtr_u16le(&w, q->id);
	wtr_u16le(&w, (uint16_t)n);
	wtr_u8(&w, 0x02);
	wtr_u16le(&w, 4);
	wtr_u16le(&w, error ? 1 : 0);
	wtr_u16le(&w, error);
	wtr_put(&w, tlvs);
	put(m, fd, frame, w.n);
}

/* --- a healthy modem --- */

static const char *allocate(struct qmodem *m, char text[64], uint16_t *error)
{
	for (unsigned cid = 1; cid <= m->cids_most; cid++) {
		if (m->used & 1U << cid)
			continue;
		m->used |= 1U << cid;
		snprintf(text, 64, "0102000B%02X", cid);
		return text;
	}
	*error = 5;
	return "";
}

static const char *release(struct qmodem *m, const struct message *q, uint16_t *error)
{
	uint8_t cid = q->tlvs.n >= 5 ? q->tlvs.p[4] : 0;
	if (cid > CIDS || !(m->used & 1U << cid))
		*error = 7;
	else
		m->used &= ~(1U << cid);
	return "";
}

static const char *open_channel(struct qmodem *m, char text[64])
{
	m->next_channel = (uint8_t)(m->next_channel % 3 + 1);
	snprintf(text, 64, "100100%02X 1102009000", m->next_channel);
	return text;
}

/* TLVs in hex; *error may be set. */
static const char *healthy(struct qmodem *m, const struct message *q, char text[64],
			   uint16_t *error)
{
	if (q->service == QMODEM_UIM && (q->cid > CIDS || !(m->used & 1U << q->cid))) {
		*error = 7;
		return "";
	}
	switch (q->id) {
	case 0x0022:
		return allocate(m, text, error);
	case 0x0023:
		return release(m, q, error);
	case 0x0042:
		return open_channel(m, text);
	case 0x003B:
		return "1006000400 01029000";
	case 0x002F: /* one card, present, no application */
		return "100F00 FFFFFFFFFFFFFFFF 01 01 00000000 00";
	case 0x0047: /* 89882110000000123456 */
		return "101500 01 02000000 01000000 01 0A 98881201000000214365";
	case 0x0020:
		return "1002009000 110C000A00 98881201000000214365";
	default:
		return "";
	}
}

/* --- taking messages --- */

static const struct qmodem_row *row_of(struct qmodem *m, uint16_t id)
{
	for (size_t i = 0; i < ROWS && m->rows[i].id != END_OF_ROWS; i++) {
		const struct qmodem_row *r = &m->rows[i];
		if ((r->id != 0 && r->id != id) || (r->times && m->done[i] >= r->times))
			continue;
		if (m->skipped[i]++ < r->skip)
			continue;
		m->done[i]++;
		return r;
	}
	return NULL;
}

static void note(struct qmodem *m, const struct message *q)
{
	unsigned at = m->logged++ % LOG;
	m->id[at] = q->id;
	hex_str(q->tlvs, m->body[at], sizeof(m->body[at]));
}

static void answer_row(struct qmodem *m, struct conn *c, const struct message *q,
		       const struct qmodem_row *r)
{
	char text[64] = "";
	uint8_t raw[QMODEM_TEXT_MAX];
	struct wtr w = WTR_ON(raw);
	uint16_t error = r ? r->error : 0;
	const char *tlvs = r && r->tlvs ? r->tlvs : error ? "" : healthy(m, q, text, &error);
	char packed[QMODEM_TEXT_MAX];
	size_t n = 0;
	for (const char *p = tlvs; *p; p++)
		if (*p != ' ')
			packed[n++] = *p;
	if (hex_get(bytes_of(packed, n), &w) != ST_OK)
		abort();
	if (r && r->before)
		put_text(m, c->fd, r->before, q->cid, q->tid);
	if (r && r->raw)
		put_text(m, c->fd, r->raw, q->cid, q->tid);
	else
		put_answer(m, c->fd, q, error, wtr_bytes(&w));
	if (r && r->after)
		put_text(m, c->fd, r->after, q->cid, q->tid);
}

static void take(struct qmodem *m, struct conn *c, const struct message *q)
{
	pthread_mutex_lock(&m->mutex);
	note(m, q);
	const struct qmodem_row *r = row_of(m, q->id);
	pthread_mutex_unlock(&m->mutex);
	if (r && r->late_ms)
		usleep((useconds_t)r->late_ms * 1000);
	pthread_mutex_lock(&m->mutex);
	if (r && r->hang_up) {
		close(c->fd);
		c->fd = -1;
	} else if (c->fd >= 0) {
		answer_row(m, c, q, r);
	}
	pthread_mutex_unlock(&m->mutex);
}

/* One whole frame; false when there is none yet. */
static bool take_frame(struct qmodem *m, struct conn *c)
{
	struct rdr r = rdr_of(bytes_of(c->in, c->n));
	struct message q = {0};
	uint8_t flags = 0, tid = 0;
	uint16_t n = 0, tlvs = 0;
	if (c->n < 3 || c->n < 1U + (unsigned)(c->in[1] | c->in[2] << 8))
		return false;
	size_t size = 1U + (unsigned)(c->in[1] | c->in[2] << 8);
	if (rdr_skip(&r, 1) != ST_OK || rdr_u16le(&r, &n) != ST_OK || rdr_u8(&r, &flags) != ST_OK ||
	    rdr_u8(&r, &q.service) != ST_OK || rdr_u8(&r, &q.cid) != ST_OK ||
	    rdr_u8(&r, &flags) != ST_OK ||
	    (q.service == QMODEM_CTL ? rdr_u8(&r, &tid) : rdr_u16le(&r, &q.tid)) != ST_OK ||
	    rdr_u16le(&r, &q.id) != ST_OK || rdr_u16le(&r, &tlvs) != ST_OK ||
	    rdr_take(&r, tlvs, &q.tlvs) != ST_OK || c->in[0] != 1 || c->in[3] != 0 || flags != 0)
		abort(); /* ours are never malformed */
	if (q.service == QMODEM_CTL)
		q.tid = tid;
	take(m, c, &q);
	memmove(c->in, c->in + size, c->n - size);
	c->n -= size;
	return true;
}

static void read_conn(struct qmodem *m, struct conn *c)
{
	ssize_t n = read(c->fd, c->in + c->n, sizeof(c->in) - c->n);
	if (n <= 0) {
		close(c->fd);
		c->fd = -1;
		return;
	}
	c->n += (size_t)n;
	while (c->fd >= 0 && take_frame(m, c))
		;
}

static void add_conn(struct qmodem *m, int fd)
{
	pthread_mutex_lock(&m->mutex);
	for (size_t i = 0; i < CONNS && fd >= 0; i++) {
		if (m->conn[i].fd >= 0)
			continue;
		m->conn[i].fd = fd;
		m->conn[i].n = 0;
		fd = -1;
	}
	pthread_mutex_unlock(&m->mutex);
	if (fd >= 0)
		close(fd);
}

static void *play(void *arg)
{
	struct qmodem *m = arg;
	for (;;) {
		struct pollfd p[2 + CONNS] = {{.fd = m->wake[0], .events = POLLIN},
					      {.fd = m->listener, .events = POLLIN}};
		for (size_t i = 0; i < CONNS; i++)
			p[2 + i] = (struct pollfd){.fd = m->conn[i].fd, .events = POLLIN};
		poll(p, 2 + CONNS, 20);
		if (p[0].revents)
			return NULL;
		if (p[1].revents)
			add_conn(m, accept4(m->listener, NULL, NULL, SOCK_CLOEXEC));
		for (size_t i = 0; i < CONNS; i++)
			if (p[2 + i].revents && m->conn[i].fd == p[2 + i].fd)
				read_conn(m, &m->conn[i]);
	}
}

/* --- life --- */

struct qmodem *qmodem_start(const char *path, const struct qmodem_row *rows)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct qmodem *m = calloc(1, sizeof(*m));
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (!m || pipe(m->wake) != 0)
		abort();
	snprintf(m->path, sizeof(m->path), "%s", path);
	memcpy(sa.sun_path, m->path, sizeof(sa.sun_path));
	if (path[0] == '@')
		sa.sun_path[0] = '\0';
	else
		unlink(path);
	m->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(m->listener, (struct sockaddr *)&sa, n) != 0 || listen(m->listener, 8) != 0)
		abort();
	for (size_t i = 0; i < CONNS; i++)
		m->conn[i].fd = -1;
	m->rows = rows;
	m->cids_most = 4;
	pthread_mutex_init(&m->mutex, NULL);
	if (pthread_create(&m->thread, NULL, play, m) != 0)
		abort();
	return m;
}

void qmodem_hang_up(struct qmodem *m)
{
	pthread_mutex_lock(&m->mutex);
	for (size_t i = 0; i < CONNS; i++)
		if (m->conn[i].fd >= 0)
			shutdown(m->conn[i].fd, SHUT_RDWR);
	pthread_mutex_unlock(&m->mutex);
}

void qmodem_stop(struct qmodem *m)
{
	if (write(m->wake[1], "x", 1) != 1)
		abort();
	pthread_join(m->thread, NULL);
	for (size_t i = 0; i < CONNS; i++)
		if (m->conn[i].fd >= 0)
			close(m->conn[i].fd);
	close(m->listener);
	close(m->wake[0]);
	close(m->wake[1]);
	if (m->path[0] != '@')
		unlink(m->path);
	pthread_mutex_destroy(&m->mutex);
	free(m);
}

void qmodem_forget(struct qmodem *m)
{
	pthread_mutex_lock(&m->mutex);
	m->used = 0;
	pthread_mutex_unlock(&m->mutex);
}

void qmodem_fragment(struct qmodem *m)
{
	m->fragments = true;
}

void qmodem_cids(struct qmodem *m, unsigned most)
{
	pthread_mutex_lock(&m->mutex);
	m->cids_most = most;
	pthread_mutex_unlock(&m->mutex);
}

void qmodem_say(struct qmodem *m, const char *frames)
{
	pthread_mutex_lock(&m->mutex);
	unsigned cid = 1;
	while (cid < CIDS && !(m->used & 1U << cid))
		cid++;
	for (size_t i = 0; i < CONNS; i++)
		if (m->conn[i].fd >= 0)
			put_text(m, m->conn[i].fd, frames, (uint8_t)cid, 0);
	pthread_mutex_unlock(&m->mutex);
}

unsigned qmodem_count(struct qmodem *m, uint16_t id)
{
	unsigned n = 0;
	pthread_mutex_lock(&m->mutex);
	for (unsigned i = 0; i < m->logged && i < LOG; i++)
		n += id == 0 || m->id[i] == id;
	pthread_mutex_unlock(&m->mutex);
	return n;
}

const char *qmodem_last(struct qmodem *m, uint16_t id)
{
	static char text[128];
	pthread_mutex_lock(&m->mutex);
	text[0] = '\0';
	for (unsigned i = 0; i < m->logged && i < LOG; i++)
		if (m->id[i] == id)
			memcpy(text, m->body[i], sizeof(text));
	pthread_mutex_unlock(&m->mutex);
	return text;
}

uint32_t qmodem_used(struct qmodem *m)
{
	pthread_mutex_lock(&m->mutex);
	uint32_t used = m->used;
	pthread_mutex_unlock(&m->mutex);
	return used;
}
