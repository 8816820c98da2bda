/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "sizes.h"

void file_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static status read_all(int fd, uint8_t *p, size_t n)
{
	size_t at = 0;
	while (at < n) {
		ssize_t got = read(fd, p + at, n - at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return ST_IO;
		at += (size_t)got;
	}
	return ST_OK;
}

status file_read(int dirfd, const char *name, uint8_t **ret_p, size_t *ret_n)
{
	int fd ON_EXIT(file_close) = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0)
		return errno == ENOENT ? ST_NO_ENTRY : ST_IO;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return ST_IO;
	if (st.st_size > FILE_READ_MAX)
		return ST_FULL;
	size_t n = (size_t)st.st_size;
	uint8_t *p = malloc(n ? n : 1);
	if (!p)
		return ST_NOMEM;
	if (read_all(fd, p, n) != ST_OK) {
		free(p);
		return ST_IO;
	}
	*ret_p = p;
	*ret_n = n;
	return ST_OK;
}

static status write_all(int fd, struct bytes b)
{
	while (b.n > 0) {
		ssize_t put = write(fd, b.p, b.n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return ST_IO;
		b.p += put;
		b.n -= (size_t)put;
	}
	return ST_OK;
}

status file_replace(int dirfd, const char *name, struct bytes content, mode_t mode)
{
	char fresh[PATH_LEN_MAX];
	int n = snprintf(fresh, sizeof(fresh), "%s.new", name);
	if (n < 0 || (size_t)n >= sizeof(fresh))
		return ST_ARG;
	int fd ON_EXIT(file_close) =
		openat(dirfd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return ST_IO;
	/* no fsync: a killed simulator loses nothing, and a card does not wait for the disk */
	if (write_all(fd, content) != ST_OK || renameat(dirfd, fresh, dirfd, name) != 0) {
		unlinkat(dirfd, fresh, 0);
		return ST_IO;
	}
	return ST_OK;
}
