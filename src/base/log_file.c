/* SPDX-License-Identifier: Apache-2.0 */
#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 1200, NO_FILE = -1 };

static atomic_int file = NO_FILE;
/* written before `file`, and not changed while it is set */
static dev_t device;
static ino_t inode;

static bool is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static void open_it(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		      0600);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1) {
		close(fd);
		return;
	}
	device = st.st_dev;
	inode = st.st_ino;
	atomic_store(&file, fd);
}

void log_file_from_env(void)
{
	const char *path = secure_getenv("IOTSAFE_TRACE");
	int fd = atomic_load(&file), before = errno;

	if (path && path[0] && (fd == NO_FILE || !is_ours(fd)))
		open_it(path);
	errno = before;
}

bool log_file_is_open(void)
{
	return atomic_load(&file) != NO_FILE;
}

void log_file_put(const char *level, const char *text)
{
	char line[LINE_MAX_LEN];
	struct timespec now = {0};
	int fd = atomic_load(&file), before = errno;
	int n;

	clock_gettime(CLOCK_MONOTONIC, &now);
	n = snprintf(line, sizeof(line) - 1, "%lld.%06ld %d %ld %s: %s", (long long)now.tv_sec,
		     now.tv_nsec / 1000, (int)getpid(), syscall(SYS_gettid), level, text);
	if (fd != NO_FILE && n > 0 && is_ours(fd)) {
		size_t len = (size_t)n < sizeof(line) - 1 ? (size_t)n : sizeof(line) - 2;

		line[len] = '\n';
		if (write(fd, line, len + 1) < 0)
			errno = before; /* a full disk must not stop the program */
	}
	errno = before;
}
