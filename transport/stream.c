/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

enum { CONNECT_RETRY_MS = 10 };

int stream_above_stdio(int fd)
{
	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	int up = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	close(fd);
	return up;
}

/* An error alone, of which neither read nor write tells, is a control device's failed transfer
 * (/dev/cdc-wdm1 speaks AT, too): it would be "ready" for ever. */
status stream_wait(int fd, short events, deadline dl)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int n = poll(&p, 1, deadline_poll_ms(dl));

		if (n > 0)
			return p.revents == POLLERR ? ST_NO_DEVICE : ST_OK;
		if (n < 0 && errno != EINTR)
			return ST_IO;
		if (deadline_passed(dl))
			return ST_TIMEOUT;
	}
}

static status status_of_errno(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return ST_DENIED_DEVICE;
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case ENOTDIR:
	case ECONNREFUSED:
	case ENOTSOCK:
		return ST_NO_DEVICE;
	case EBUSY:
		return ST_BUSY_DEVICE;
	default:
		return ST_IO;
	}
}

static status socket_address(const char *text, struct sockaddr_un *ret_sa, socklen_t *ret_n)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t n = strlen(text);

	if (n == 0 || n >= sizeof(sa.sun_path))
		return ST_ARG;
	memcpy(sa.sun_path, text, n);
	*ret_n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	if (text[0] == '@')
		sa.sun_path[0] = '\0';
	*ret_sa = sa;
	return ST_OK;
}

status stream_connect(const char *address, deadline dl, int *ret_fd)
{
	struct sockaddr_un sa;
	socklen_t n = 0;
	TRY(socket_address(address, &sa, &n));

	int fd = stream_above_stdio(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (fd < 0)
		return ST_IO;
	while (connect(fd, (const struct sockaddr *)&sa, n) != 0) {
		/* EAGAIN: the listener's queue is full */
		bool busy = errno == EAGAIN || errno == EINTR;
		status st = busy ? ST_TIMEOUT : status_of_errno(errno);

		if (!busy || deadline_passed(dl)) {
			close(fd);
			return st;
		}
		deadline_sleep(dl, CONNECT_RETRY_MS);
	}
	*ret_fd = fd;
	return ST_OK;
}

status stream_open(const char *path, int *ret_fd)
{
	int fd = stream_above_stdio(open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
	struct termios t;

	if (fd < 0)
		return status_of_errno(errno);
	if (tcgetattr(fd, &t) == 0) {
		cfmakeraw(&t);
		t.c_cflag = (t.c_cflag | CLOCAL | CREAD) & ~(tcflag_t)HUPCL;
		if (tcsetattr(fd, TCSANOW, &t) != 0) {
			close(fd);
			return ST_IO;
		}
	}
	*ret_fd = fd;
	return ST_OK;
}

static ssize_t put(int fd, const void *p, size_t n)
{
	ssize_t sent = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	return sent < 0 && errno == ENOTSOCK ? write(fd, p, n) : sent;
}

status stream_send(int fd, struct bytes b, deadline dl)
{
	struct rdr left = rdr_of(b);

	while (left.n > 0) {
		ssize_t n = put(fd, left.p, left.n);

		if (n > 0) {
			TRY(rdr_skip(&left, (size_t)n));
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return ST_NO_DEVICE;
		TRY(stream_wait(fd, POLLOUT, dl));
	}
	return ST_OK;
}

static status recv_up_to(int fd, size_t most, struct wtr *w, size_t *ret_n, deadline dl)
{
	for (;;) {
		ssize_t n = read(fd, w->p + w->n, most);

		if (n > 0) {
			w->n += (size_t)n;
			*ret_n = (size_t)n;
			return ST_OK;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return ST_NO_DEVICE;
		TRY(stream_wait(fd, POLLIN, dl));
	}
}

status stream_recv(int fd, size_t want, struct wtr *w, deadline dl)
{
	if (want > w->cap - w->n)
		return ST_MALFORMED;
	while (want > 0) {
		size_t n = 0;

		TRY(recv_up_to(fd, want, w, &n, dl));
		want -= n;
	}
	return ST_OK;
}

status stream_recv_some(int fd, struct wtr *w, deadline dl)
{
	size_t n = 0;

	if (w->n == w->cap)
		return ST_MALFORMED;
	return recv_up_to(fd, w->cap - w->n, w, &n, dl);
}
