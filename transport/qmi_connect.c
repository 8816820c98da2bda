/* SPDX-License-Identifier: Apache-2.0 */
/* The way to the modem: its proxy, which the modem shares with ModemManager, or (direct=1) the
 * device itself, or a socket that stands for it. The path is resolved at each connect: what
 * configurations name is a stable link, what the proxy tells devices apart by is the device. */
#include "qmi.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devrecord.h"
#include "log.h"
#include "mem.h"
#include "stream.h"

enum {
	RETURN_POLL_MS = 200, /* a modem that restarts is away for seconds */
	PRESENT_MS = 50,
};

static const int64_t SILENT_NS = 1000000000;

struct node {
	char path[PATH_MAX];
	bool is_socket, is_device;
	uint16_t life;
};

/* Which appearance of the device it is: its node is made anew when it comes back. */
static uint16_t life_of(const struct statx *s)
{
	const struct {
		uint64_t inode, born_s, born_ns, device, dev;
	} id = {s->stx_ino, (uint64_t)s->stx_btime.tv_sec, s->stx_btime.tv_nsec,
		(uint64_t)s->stx_rdev_major << 32 | s->stx_rdev_minor,
		(uint64_t)s->stx_dev_major << 32 | s->stx_dev_minor};
	uint64_t h = devrecord_fnv64(bytes_of(&id, sizeof(id)));

	return (uint16_t)(h ^ h >> 16 ^ h >> 32 ^ h >> 48);
}

static status find_node(const char *path, struct node *ret_n)
{
	struct node n = {0};
	struct statx s = {0};

	if (!realpath(path, n.path) ||
	    statx(AT_FDCWD, n.path, 0, STATX_BASIC_STATS | STATX_BTIME, &s) != 0)
		return errno == EACCES ? ST_DENIED_DEVICE : ST_NO_DEVICE;
	n.is_socket = S_ISSOCK(s.stx_mode);
	n.is_device = S_ISCHR(s.stx_mode);
	n.life = life_of(&s);
	*ret_n = n;
	return ST_OK;
}

/* The proxy does not say why it hangs up: it does so on who may not use it, and when it cannot open
 * the device. */
static status introduce(struct qmi_device *d, const char *path, deadline dl)
{
	uint8_t body[QMI_REQUEST_MAX];
	struct wtr w = WTR_ON(body);
	struct bytes answer;
	uint16_t error = 0;

	qmi_wire_put_tlv(&w, 0x01, bytes_str(path));
	const struct qmi_request rq = {
		.service = QMI_CTL, .id = QMI_CTL_PROXY_OPEN, .tlvs = wtr_bytes(&w)};
	TRY(wtr_done(&w));
	status st = qmi_link_run(&d->link, &rq, &answer, &error, dl);
	if (st == ST_NO_DEVICE && geteuid() != 0)
		return ST_DENIED_DEVICE;
	TRY(st);
	return error ? ST_NO_DEVICE : ST_OK;
}

static status connect_node(struct qmi_device *d, const struct node *n, deadline dl)
{
	int fd = -1;
	status st;

	if (d->direct && n->is_device)
		st = stream_open(n->path, &fd);
	else
		st = stream_connect(d->direct ? n->path : d->proxy, dl, &fd);
	if (st == ST_NO_DEVICE && !d->direct)
		return ST_NO_SERVICE;
	TRY(st);
	qmi_link_use(&d->link, fd, (uint16_t)(deadline_now() / 1000));
	d->common = d->direct && n->is_device;
	return d->direct ? ST_OK : introduce(d, n->path, dl);
}

static status connect_once(struct qmi_device *d, deadline dl)
{
	struct node n;

	TRY(find_node(d->path, &n));
	status st = connect_node(d, &n, dl);
	if (st != ST_OK) {
		qmi_link_close(&d->link);
		return st;
	}
	d->cid = 0; /* the connection before had it */
	d->refresh_waits = false;
	if (d->life != n.life)
		d->stray_n = 0;
	d->life = n.life;
	d->stale = false;
	d->card = QMI_CARD_UNKNOWN;
	d->no_open = d->no_procedure = d->no_slots = d->no_card_status = false;
	return ST_OK;
}

static void complain(struct qmi_device *d, status st)
{
	if (d->complained)
		return;
	d->complained = true;
	if (st == ST_NO_SERVICE)
		log_error("qmi device=%s: no proxy at %s: start qmi-proxy (ModemManager does), "
			  "name another by proxy=, or take the device alone by direct=1",
			  d->t.name, d->proxy);
	else if (st == ST_DENIED_DEVICE && !d->direct)
		log_error("qmi device=%s: the proxy at %s serves root only: use p11-kit server",
			  d->t.name, d->proxy);
	else if (st == ST_NO_DEVICE && !d->direct && access(d->path, F_OK) == 0)
		log_error("qmi device=%s: the proxy cannot open it: is it a QMI device, and does "
			  "no other program hold it?",
			  d->t.name);
	else
		log_error("qmi device=%s: %s", d->t.name, status_text(st));
}

void qmi_connect_tell_silent(struct qmi_device *d, int64_t since)
{
	if (d->told_silent || d->direct || deadline_now() - since < SILENT_NS)
		return;
	d->told_silent = true;
	log_error("qmi device=%s: no answer through %s: the modem is silent, or the proxy has lost "
		  "it: if that lasts, restart qmi-proxy (or ModemManager)",
		  d->t.name, d->proxy);
}

void qmi_connect_answers(struct qmi_device *d)
{
	d->told_silent = false;
}

/* Until dl, if it was there before: a modem that restarts, a proxy that is started again. */
static status connect_anew(struct qmi_device *d, deadline dl)
{
	for (;;) {
		status st = connect_once(d, dl);
		bool gone = st == ST_NO_DEVICE || st == ST_NO_SERVICE;

		if (st == ST_OK) {
			d->seen = true;
			d->complained = false;
			return st;
		}
		complain(d, st);
		if (!d->seen || !gone || deadline_passed(dl))
			return st;
		deadline_sleep(dl, RETURN_POLL_MS);
	}
}

status qmi_connect(struct qmi_device *d, deadline dl)
{
	struct node n;

	/* a modem that came back as another node has forgotten us, whatever the socket says */
	if (qmi_link_is_open(&d->link) && (find_node(d->path, &n) != ST_OK || n.life != d->life))
		qmi_link_close(&d->link);
	if (qmi_link_is_open(&d->link) && qmi_link_drain(&d->link) == ST_OK)
		return ST_OK;
	return connect_anew(d, dl);
}

bool qmi_connect_possible(const struct qmi_device *d)
{
	int fd = -1;

	if (access(d->path, F_OK) != 0)
		return false;
	if (d->direct)
		return true;
	if (stream_connect(d->proxy, deadline_in_ms(PRESENT_MS), &fd) != ST_OK)
		return false;
	close(fd);
	return true;
}
