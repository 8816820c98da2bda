/* SPDX-License-Identifier: Apache-2.0 */
/* The control channel's thread may unplug the port at any time, so the descriptors are used only
 * under its lock and polled by value: a stale value can cost a spurious wake-up, never a byte. */
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { SERIAL_CHUNK = 64, WHOLE = 4096, UNREAD_MS = 1000, FRAGMENT_US = 50 };

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

status pty_init(struct pty *p, struct sim_card *card, const char *option)
{
	*p = (struct pty){
		.card = card, .option = option, .master = -1, .slave = -1, .chunk = SERIAL_CHUNK};
	p->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->kick < 0 || pthread_mutex_init(&p->lock, NULL) != 0) {
		close_fd(&p->kick);
		return ST_NOMEM;
	}
	return ST_OK;
}

void pty_carry_messages(struct pty *p)
{
	p->chunk = WHOLE;
}

void pty_free(struct pty *p)
{
	pty_unplug(p);
	close_fd(&p->kick);
	pthread_mutex_destroy(&p->lock);
}

void pty_stop(struct pty *p)
{
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_mutex_unlock(&p->lock);
	eventfd_write(p->kick, 1);
}

static int open_master(char name[PTY_NAME_MAX])
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (grantpt(fd) != 0 || unlockpt(fd) != 0 || ptsname_r(fd, name, PTY_NAME_MAX) != 0)
		close_fd(&fd);
	return fd;
}

static int open_slave(const char *name)
{
	struct termios tio;
	int fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (tcgetattr(fd, &tio) != 0) {
		close_fd(&fd);
		return -1;
	}
	cfmakeraw(&tio);
	tio.c_cflag |= CLOCAL | CREAD;
	tio.c_cflag &= ~(tcflag_t)HUPCL;
	if (tcsetattr(fd, TCSANOW, &tio) != 0)
		close_fd(&fd);
	return fd;
}

/* A link to `name`, put in place in one step; refuses to replace anything but a symlink. */
static bool make_link(const char *link, const char *name)
{
	char made[PATH_LEN_MAX + 8];
	struct stat st;

	if (lstat(link, &st) == 0 && !S_ISLNK(st.st_mode)) {
		errno = EEXIST;
		return false;
	}
	snprintf(made, sizeof(made), "%s.new", link);
	unlink(made);
	if (symlink(name, made) != 0)
		return false;
	if (rename(made, link) == 0)
		return true;
	unlink(made);
	return false;
}

/* Where the link leads now; "" when nowhere. */
static void link_target(const char *link, char ret_name[PTY_NAME_MAX])
{
	ssize_t n = readlink(link, ret_name, PTY_NAME_MAX - 1);

	ret_name[n > 0 ? n : 0] = '\0';
}

/* A replugged modem has another name: the kernel would hand out the old one again. */
static int open_master_unlike(const char *old, char name[PTY_NAME_MAX])
{
	int first = open_master(name);

	if (first < 0 || strcmp(name, old) != 0)
		return first;
	int second = open_master(name);
	close_fd(&first);
	return second;
}

status pty_plug(struct pty *p, char err[256])
{
	char name[PTY_NAME_MAX] = "";
	status st = ST_OK;

	pthread_mutex_lock(&p->lock);
	if (p->master < 0) {
		p->plugs++;
		p->master = open_master_unlike(p->last_name, name);
		p->slave = p->master < 0 ? -1 : open_slave(name);
		if (p->slave < 0 || !make_link(p->link, name)) {
			snprintf(err, 256, "%s %.160s: %s", p->option, p->link, strerror(errno));
			close_fd(&p->slave);
			close_fd(&p->master);
			st = ST_IO;
		}
	}
	p->replug_at = 0;
	pthread_mutex_unlock(&p->lock);
	eventfd_write(p->kick, 1);
	return st;
}

unsigned pty_plugs(struct pty *p)
{
	pthread_mutex_lock(&p->lock);
	unsigned plugs = p->plugs;
	pthread_mutex_unlock(&p->lock);
	return plugs;
}

void pty_unplug(struct pty *p)
{
	char ours[PTY_NAME_MAX];
	char target[PTY_NAME_MAX];

	pthread_mutex_lock(&p->lock);
	if (p->master >= 0 && ptsname_r(p->master, ours, sizeof(ours)) == 0) {
		link_target(p->link, target);
		if (strcmp(target, ours) == 0)
			unlink(p->link);
		snprintf(p->last_name, sizeof(p->last_name), "%s", ours);
	}
	close_fd(&p->slave);
	close_fd(&p->master);
	p->release_at = 0;
	pthread_mutex_unlock(&p->lock);
	eventfd_write(p->kick, 1);
}

static bool stopped(struct pty *p)
{
	pthread_mutex_lock(&p->lock);
	bool stop = p->stop;
	pthread_mutex_unlock(&p->lock);
	return stop;
}

/* Waits for events on the port or a kick. */
static void wait_port(struct pty *p, short events, deadline dl)
{
	pthread_mutex_lock(&p->lock);
	int master = p->master;
	pthread_mutex_unlock(&p->lock);

	struct pollfd fds[2] = {{.fd = p->kick, .events = POLLIN},
				{.fd = master, .events = events}};
	eventfd_t count;
	if (poll(fds, 2, deadline_poll_ms(dl)) > 0 && fds[0].revents)
		eventfd_read(p->kick, &count);
}

/* Bytes written; 0 when the port is full; -1 when it is gone. */
static ssize_t write_some(struct pty *p, struct bytes b)
{
	pthread_mutex_lock(&p->lock);
	ssize_t n = p->master < 0 ? -1 : write(p->master, b.p, b.n);
	if (n < 0 && p->master >= 0 && (errno == EAGAIN || errno == EINTR))
		n = 0;
	pthread_mutex_unlock(&p->lock);
	return n;
}

bool pty_send(struct pty *p, struct bytes text, bool fragments)
{
	struct rdr r = rdr_of(text);
	size_t at_once = fragments ? 1 : p->chunk;
	deadline dl = deadline_in_ms(UNREAD_MS);

	if (p->chunk == WHOLE) /* a message is there when its last byte is */
		sim_link_delay(p->card, text.n);
	while (r.n > 0 && !stopped(p)) {
		size_t want = r.n < at_once ? r.n : at_once;
		ssize_t n = write_some(p, bytes_of(r.p, want));

		if (n < 0 || (n == 0 && deadline_passed(dl)))
			return false;
		if (n == 0) {
			wait_port(p, POLLOUT, deadline_sooner(dl, 20));
			continue;
		}
		if (p->chunk != WHOLE)
			sim_link_delay(p->card, (size_t)n);
		if (fragments)
			usleep(FRAGMENT_US);
		if (rdr_skip(&r, (size_t)n) != ST_OK)
			return false;
		dl = deadline_in_ms(UNREAD_MS);
	}
	return r.n == 0;
}

size_t pty_unread(struct pty *p)
{
	int n = 0;

	pthread_mutex_lock(&p->lock);
	if (p->slave < 0 || ioctl(p->slave, FIONREAD, &n) != 0 || n < 0)
		n = 0;
	pthread_mutex_unlock(&p->lock);
	return (size_t)n;
}

void pty_drop_unread(struct pty *p)
{
	pthread_mutex_lock(&p->lock);
	if (p->slave >= 0)
		(void)tcflush(p->slave, TCIFLUSH);
	pthread_mutex_unlock(&p->lock);
}

status pty_receive(struct pty *p, int64_t ms, struct wtr *w)
{
	wait_port(p, POLLIN, deadline_in_ms(ms));
	if (stopped(p))
		return ST_IO;
	pthread_mutex_lock(&p->lock);
	ssize_t n = p->master < 0 ? -1 : read(p->master, w->p + w->n, w->cap - w->n);
	pthread_mutex_unlock(&p->lock);
	if (n <= 0)
		return ST_TIMEOUT;
	w->n += (size_t)n;
	sim_link_delay(p->card, (size_t)n);
	return ST_OK;
}

void pty_pause(struct pty *p, int64_t ms)
{
	deadline dl = deadline_in_ms(ms);

	while (!deadline_passed(dl) && !stopped(p))
		wait_port(p, 0, deadline_sooner(dl, 50));
}

void pty_hold(struct pty *p, int64_t ms)
{
	pthread_mutex_lock(&p->lock);
	if (p->slave >= 0) {
		(void)ioctl(p->slave, TIOCEXCL);
		(void)flock(p->slave, LOCK_EX | LOCK_NB);
		p->release_at = deadline_in_ms(ms);
	}
	pthread_mutex_unlock(&p->lock);
}

static void release(struct pty *p)
{
	pthread_mutex_lock(&p->lock);
	if (p->slave >= 0) {
		(void)ioctl(p->slave, TIOCNXCL);
		(void)flock(p->slave, LOCK_UN);
	}
	p->release_at = 0;
	pthread_mutex_unlock(&p->lock);
}

void pty_replug(struct pty *p, int64_t ms)
{
	pty_unplug(p);
	pthread_mutex_lock(&p->lock);
	p->replug_at = deadline_in_ms(ms);
	pthread_mutex_unlock(&p->lock);
}

void pty_do_due(struct pty *p)
{
	char err[256];

	pthread_mutex_lock(&p->lock);
	bool replugs = p->replug_at != 0 && deadline_passed(p->replug_at);
	bool releases = p->release_at != 0 && deadline_passed(p->release_at);
	if (replugs)
		p->replug_at = 0;
	pthread_mutex_unlock(&p->lock);

	if (replugs && pty_plug(p, err) != ST_OK)
		fprintf(stderr, "iotsafe-sim: %s\n", err);
	if (releases)
		release(p);
}

bool pty_word(struct bytes text, const char *word, struct bytes *ret_argument)
{
	struct bytes w = bytes_str(word);

	if (!bytes_start_with(text, w))
		return false;
	if (text.n > w.n && text.p[w.n] != ' ')
		return false;
	size_t skip = text.n > w.n ? w.n + 1 : w.n;
	*ret_argument = bytes_of(text.p + skip, text.n - skip);
	return true;
}

static bool is_for_us(struct pty *p, struct bytes link)
{
	return link.n == 0 || bytes_equal(link, bytes_str(p->link));
}

bool pty_control(struct pty *p, struct bytes text, struct wtr *reply)
{
	struct bytes argument;
	char err[256] = "";

	if (pty_word(text, "unplug", &argument) && is_for_us(p, argument)) {
		pty_unplug(p);
		wtr_printf(reply, "ok unplugged");
		return true;
	}
	if (pty_word(text, "plug", &argument) && is_for_us(p, argument)) {
		bool done = pty_plug(p, err) == ST_OK;
		wtr_printf(reply, done ? "ok plugged" : "error %s", err);
		return true;
	}
	return false;
}
