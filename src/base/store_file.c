/* SPDX-License-Identifier: Apache-2.0 */
#include "store_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "sizes.h"

enum {
	TEMP_TRIES = 64,
	TEMP_NAME_MAX = 48,
	/* seconds after which nobody is writing a temporary file any more */
	TEMP_AGE_MAX = 3600,
};

#define TEMP_PREFIX ".new-"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static bool is_iccid(const char *iccid)
{
	size_t n = strlen(iccid);

	return n > 0 && n <= ICCID_DIGITS_MAX && strspn(iccid, "0123456789") == n;
}

static status complain(const struct store_folder *at, const char *name, const char *why, status st)
{
	log_error("store: %.256s/%.20s%s%.96s: %s", at->dir, at->iccid, name[0] ? "/" : "", name,
		  why);
	return st;
}

/* Whose it is, and that nobody else may write it; NULL, or what is wrong. */
static const char *distrust(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "it belongs to another user";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "others may write it: run chmod go-w on it";
	return NULL;
}

/* --- folders --- */

/* An open folder that may be used, or ST_STORE with errno or *ret_why telling. */
static status check_folder(int fd, const char **ret_why)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return ST_STORE;
	*ret_why = distrust(&st);
	return *ret_why ? ST_STORE : ST_OK;
}

/* DIR may be reached through links: it is the configuration's own word. */
static status open_parent(const char *dir, bool make, int *ret_fd)
{
	const struct store_folder at = {-1, dir, ""};
	int fd ON_EXIT(close_fd) = -1;
	const char *why = NULL;

	if (make && mkdir(dir, 0755) != 0 && errno != EEXIST)
		return complain(&at, "", strerror(errno), ST_STORE);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return ST_NO_ENTRY;
	if (fd < 0)
		return complain(&at, "", strerror(errno), ST_STORE);
	if (check_folder(fd, &why) != ST_OK)
		return complain(&at, "", why ? why : strerror(errno), ST_STORE);
	*ret_fd = fd;
	fd = -1;
	return ST_OK;
}

status store_file_open(const char *dir, const char *iccid, bool make,
		       struct store_folder *ret_folder)
{
	struct store_folder at = {-1, dir, iccid};
	int parent ON_EXIT(close_fd) = -1, fd ON_EXIT(close_fd) = -1;
	const char *why = NULL;

	if (!dir[0] || !is_iccid(iccid))
		return make ? complain(&at, "", "no store without folder and ICCID", ST_STORE)
			    : ST_NO_ENTRY;
	TRY(open_parent(dir, make, &parent));
	if (make && mkdirat(parent, iccid, 0700) == 0)
		(void)fsync(parent); /* what is written later answers for itself */
	else if (make && errno != EEXIST)
		return complain(&at, "", strerror(errno), ST_STORE);
	fd = openat(parent, iccid, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return ST_NO_ENTRY;
	if (fd < 0)
		return complain(&at, "", strerror(errno), ST_STORE);
	if (check_folder(fd, &why) != ST_OK)
		return complain(&at, "", why ? why : strerror(errno), ST_STORE);
	at.fd = fd;
	fd = -1;
	*ret_folder = at;
	return ST_OK;
}

void store_file_close(struct store_folder *folder)
{
	close_fd(&folder->fd);
	folder->fd = -1;
}

static bool may_write(int fd, const char *path)
{
	return faccessat(fd, path, W_OK | X_OK, AT_EACCESS) == 0;
}

static bool parent_of_dir_writable(const char *dir)
{
	char parent[PATH_LEN_MAX];
	const char *slash;
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	slash = memrchr(dir, '/', n);
	if (!slash)
		return may_write(AT_FDCWD, ".");
	n = slash == dir ? 1 : (size_t)(slash - dir);
	snprintf(parent, sizeof(parent), "%.*s", (int)n, dir);
	return n < sizeof(parent) && may_write(AT_FDCWD, parent);
}

bool store_file_writable(const char *dir, const char *iccid)
{
	struct store_folder at ON_EXIT(store_file_close) = {-1, dir, iccid};
	int parent ON_EXIT(close_fd) = -1;
	status st;

	if (!dir[0] || !is_iccid(iccid))
		return false;
	st = store_file_open(dir, iccid, false, &at);
	if (st == ST_OK)
		return may_write(at.fd, ".");
	if (st != ST_NO_ENTRY)
		return false;
	st = open_parent(dir, false, &parent);
	if (st == ST_OK)
		return may_write(parent, ".");
	return st == ST_NO_ENTRY && parent_of_dir_writable(dir);
}

/* --- files --- */

static const char *check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "it is no regular file";
	if (st.st_nlink != 1)
		return "it has a second name";
	return distrust(&st);
}

static status read_all(int fd, struct wtr *w)
{
	uint8_t buf[4096];

	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ST_IO;
		if (n == 0)
			return ST_OK;
		wtr_put(w, bytes_of(buf, (size_t)n));
		if (w->overflow)
			return ST_MALFORMED;
	}
}

status store_file_read(const struct store_folder *folder, const char *name, struct wtr *w)
{
	/* O_NONBLOCK: what pretends to be our file may be a fifo */
	int fd ON_EXIT(close_fd) =
		openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *why;
	status st;

	if (fd < 0 && errno == ENOENT)
		return ST_NO_ENTRY;
	if (fd < 0)
		return complain(folder, name, strerror(errno),
				errno == ELOOP ? ST_MALFORMED : ST_IO);
	why = check_file(fd);
	if (why)
		return complain(folder, name, why, ST_MALFORMED);
	st = read_all(fd, w);
	if (st != ST_OK)
		return complain(folder, name, st == ST_IO ? strerror(errno) : "it is too long", st);
	return ST_OK;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Takes away what a process left that ended while it wrote. */
static void sweep(const struct store_folder *folder)
{
	int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d ON_EXIT(close_dir) = fd >= 0 ? fdopendir(fd) : NULL;
	time_t now = time(NULL);
	struct stat st;

	if (!d)
		close_fd(&fd);
	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
		if (strncmp(e->d_name, TEMP_PREFIX, sizeof(TEMP_PREFIX) - 1) == 0 &&
		    fstatat(folder->fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    now - st.st_mtime > TEMP_AGE_MAX)
			(void)unlinkat(folder->fd, e->d_name, 0);
}

/* A new file of our own beside the real one. */
static int open_temp(const struct store_folder *folder, char name[TEMP_NAME_MAX])
{
	static atomic_uint serial;
	int fd = -1;

	for (int i = 0; i < TEMP_TRIES && fd < 0; i++) {
		snprintf(name, TEMP_NAME_MAX, TEMP_PREFIX "%ld-%u", (long)getpid(),
			 atomic_fetch_add(&serial, 1));
		fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

static status write_all(int fd, struct bytes text)
{
	struct rdr r = rdr_of(text);

	while (r.n > 0) {
		ssize_t n = write(fd, r.p, r.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ST_STORE;
		TRY(rdr_skip(&r, (size_t)n));
	}
	return ST_OK;
}

/* Everything on the disk before the name changes hands. */
static status fill(int fd, struct bytes text)
{
	if (fchmod(fd, 0600) != 0) /* whatever the umask */
		return ST_STORE;
	TRY(write_all(fd, text));
	return fsync(fd) == 0 ? ST_OK : ST_STORE;
}

/* Some file systems cannot sync a folder and say so. */
static status sync_folder(const struct store_folder *folder)
{
	return fsync(folder->fd) == 0 || errno == EINVAL ? ST_OK : ST_STORE;
}

status store_file_write(const struct store_folder *folder, const char *name, struct bytes text)
{
	char temp[TEMP_NAME_MAX];
	int fd ON_EXIT(close_fd) = -1, why;

	sweep(folder);
	fd = open_temp(folder, temp);
	if (fd < 0)
		return complain(folder, name, strerror(errno), ST_STORE);
	if (fill(fd, text) != ST_OK || renameat(folder->fd, temp, folder->fd, name) != 0) {
		why = errno;
		unlinkat(folder->fd, temp, 0);
		return complain(folder, name, strerror(why), ST_STORE);
	}
	if (sync_folder(folder) != ST_OK)
		return complain(folder, name, strerror(errno), ST_STORE);
	return ST_OK;
}

status store_file_remove(const struct store_folder *folder, const char *name)
{
	if (unlinkat(folder->fd, name, 0) != 0) {
		if (errno == ENOENT)
			return ST_NO_ENTRY;
		return complain(folder, name, strerror(errno), ST_STORE);
	}
	if (sync_folder(folder) != ST_OK)
		return complain(folder, name, strerror(errno), ST_STORE);
	return ST_OK;
}
