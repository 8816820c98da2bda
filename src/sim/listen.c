/* SPDX-License-Identifier: Apache-2.0 */
#include "listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "file.h"
#include "mem.h"
#include "text.h"

enum { BACKLOG = 16 };

static status clear_path(const struct sockaddr_un *address, char err[256])
{
	const char *path = address->sun_path;
	struct stat st;

	if (lstat(path, &st) != 0)
		return ST_OK;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(err, 256, "%s: exists and is not a socket", path);
		return ST_ARG;
	}
	int fd ON_EXIT(file_close) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0) {
		snprintf(err, 256, "%s: another program listens there", path);
		return ST_BUSY_DEVICE;
	}
	unlink(path);
	return ST_OK;
}

status listen_at(const char *path, int *ret_fd, char err[256])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (path[0] == '\0' ||
	    text_copy(bytes_str(path), address.sun_path, sizeof(address.sun_path)) != ST_OK) {
		snprintf(err, 256, "a path of 1 to %zu characters", sizeof(address.sun_path) - 1);
		return ST_ARG;
	}
	TRY(clear_path(&address, err));
	int fd ON_EXIT(file_close) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		snprintf(err, 256, "%.100s: %s", path, strerror(errno));
		return ST_IO;
	}
	*ret_fd = fd;
	fd = -1;
	return ST_OK;
}
