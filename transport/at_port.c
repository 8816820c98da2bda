/* SPDX-License-Identifier: Apache-2.0 */
#include "at_port.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "sizes.h"
#include "log.h"
#include "mem.h"
#include "stream.h"

enum { LOCK_POLL_MS = 10, SETTLE_MS = 2000 };

static const struct {
	long baud;
	speed_t speed;
} speeds[] = {
	{9600, B9600},	     {19200, B19200},	  {38400, B38400},     {57600, B57600},
	{115200, B115200},   {230400, B230400},	  {460800, B460800},   {921600, B921600},
	{1000000, B1000000}, {1500000, B1500000}, {2000000, B2000000}, {3000000, B3000000},
	{4000000, B4000000},
};

static speed_t speed_of(long baud)
{
	for (size_t i = 0; i < ARRAY_LEN(speeds); i++)
		if (speeds[i].baud == baud)
			return speeds[i].speed;
	return B0;
}

bool at_port_speed_known(long baud)
{
	return speed_of(baud) != B0;
}

static status status_of_errno(int err)
{
	switch (err) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case ENOTDIR:
	case ELOOP:
		return ST_NO_DEVICE;
	case EACCES:
	case EPERM:
		return ST_DENIED_DEVICE;
	case EBUSY:
		return ST_BUSY_DEVICE;
	default:
		return ST_IO;
	}
}

bool at_port_is_settled(const char *path)
{
	struct stat st;
	struct timespec now;

	if (stat(path, &st) != 0 || clock_gettime(CLOCK_REALTIME, &now) != 0)
		return false;
	int64_t age_ms = (int64_t)(now.tv_sec - st.st_ctim.tv_sec) * 1000 +
			 (now.tv_nsec - st.st_ctim.tv_nsec) / 1000000;
	/* a clock that was set since tells nothing */
	return age_ms > SETTLE_MS;
}

/* --- other programs --- */

/* The pid in a UUCP lock file (ten characters and a LF), 0 if there is none. */
static long uucp_pid(const char *lock)
{
	int fd = open(lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	char text[16] = {0};
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;
	return pid > 0 ? pid : 0;
}

/* minicom, picocom, pppd and gammu leave LCK..ttyUSB2 while they use a port. */
static bool is_uucp_locked(const char *uucp_dir, const char *device)
{
	char name[PATH_LEN_MAX];
	const char *tail = strncmp(device, "/dev/", 5) == 0 ? device + 5 : device;
	if ((size_t)snprintf(name, sizeof(name), "%s", tail) >= sizeof(name))
		return false;
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '_';
	char lock[2 * PATH_LEN_MAX];
	if ((size_t)snprintf(lock, sizeof(lock), "%s/LCK..%s", uucp_dir, name) >= sizeof(lock))
		return false;
	long pid = uucp_pid(lock);
	/* a dead owner's lock is stale */
	if (pid == 0 || (kill((pid_t)pid, 0) != 0 && errno == ESRCH))
		return false;
	log_error("%s is in use by process %ld (%s)", device, pid, lock);
	return true;
}

uint64_t at_port_identity(int fd)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return 1;
	/* numbers of nodes and devices are small; the rest tells nothing apart */
	return ((uint64_t)st.st_ino << 32 | (st.st_rdev & 0xFFFFFFFF)) + 1;
}

status at_port_lock(int fd, deadline dl)
{
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return ST_OK; /* a device that cannot be locked */
		if (deadline_passed(dl))
			return ST_BUSY_DEVICE;
		deadline_sleep(dl, LOCK_POLL_MS);
	}
	return ST_OK;
}

void at_port_unlock(int fd)
{
	flock(fd, LOCK_UN);
}

/* --- opening --- */

static status make_raw(int fd, long baud, bool rtscts)
{
	struct termios t;
	if (tcgetattr(fd, &t) != 0)
		return errno == ENOTTY || errno == EINVAL ? ST_OK : status_of_errno(errno);
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	t.c_cflag &= ~(tcflag_t)(HUPCL | CRTSCTS | CSTOPB);
	if (rtscts)
		t.c_cflag |= CRTSCTS;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (cfsetispeed(&t, speed_of(baud)) != 0 || cfsetospeed(&t, speed_of(baud)) != 0)
		return ST_ARG;
	if (tcsetattr(fd, TCSANOW, &t) != 0)
		return status_of_errno(errno);
	tcflush(fd, TCIOFLUSH);
	return ST_OK;
}

static status open_device(const char *path, int *ret_fd)
{
	int fd = stream_above_stdio(open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
	if (fd < 0) {
		status st = status_of_errno(errno);
		if (st == ST_BUSY_DEVICE)
			log_error("%s is held exclusively: if it is ModemManager, give it another "
				  "port of the modem (udev ENV{ID_MM_PORT_IGNORE}=\"1\")",
				  path);
		return st;
	}
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode)) {
		log_error("%s is not a character device", path);
		close(fd);
		return ST_NO_DEVICE;
	}
	*ret_fd = fd;
	return ST_OK;
}

status at_port_open(const char *path, long baud, bool rtscts, const char *uucp_dir, int *ret_fd)
{
	char *device = realpath(path, NULL);
	if (!device)
		return status_of_errno(errno);
	int fd = -1;
	status st = is_uucp_locked(uucp_dir, device) ? ST_BUSY_DEVICE : open_device(device, &fd);
	free(device);
	TRY(st);
	st = make_raw(fd, baud, rtscts);
	if (st != ST_OK) {
		close(fd);
		return st;
	}
	*ret_fd = fd;
	return ST_OK;
}

/* --- moving bytes --- */

status at_port_read(int fd, struct wtr *w)
{
	if (w->n == w->cap)
		return ST_SHORT_OUT;
	ssize_t n = read(fd, w->p + w->n, w->cap - w->n);
	if (n > 0) {
		w->n += (size_t)n;
		return ST_OK;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ST_OK;
	/* end of file, EIO, ENODEV…: unplugged, or the pty's other end is closed */
	return ST_NO_DEVICE;
}

void at_port_discard(int fd)
{
	tcflush(fd, TCOFLUSH);
}
