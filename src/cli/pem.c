/* SPDX-License-Identifier: Apache-2.0 */
#include "pem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "say.h"

static void free_bio(BIO **b)
{
	BIO_free(*b);
}

status pem_put(const char *name, struct bytes der, struct wtr *w)
{
	BIO *mem ON_EXIT(free_bio) = BIO_new(BIO_s_mem());
	char *text;
	long n;

	if (!mem || PEM_write_bio(mem, name, "", der.p, (long)der.n) <= 0)
		return ST_NOMEM;
	n = BIO_get_mem_data(mem, &text);
	wtr_put(w, bytes_of(text, (size_t)n));
	return wtr_done(w);
}

status pem_get(const char *name, struct bytes text, struct wtr *w)
{
	BIO *mem ON_EXIT(free_bio) = NULL;
	char *found_name = NULL, *header = NULL;
	unsigned char *data = NULL;
	bool found = false;
	long n = 0;

	if (text.n > INT_MAX)
		return ST_MALFORMED;
	mem = BIO_new_mem_buf(text.p, (int)text.n);
	while (mem && !found && PEM_read_bio(mem, &found_name, &header, &data, &n) == 1) {
		found = strcmp(found_name, name) == 0;
		if (found)
			wtr_put(w, bytes_of(data, (size_t)n));
		OPENSSL_free(found_name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	return found ? wtr_done(w) : ST_MALFORMED;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static bool write_all(int fd, struct bytes b)
{
	while (b.n > 0) {
		ssize_t n = write(fd, b.p, b.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		b.p += n;
		b.n -= (size_t)n;
	}
	return true;
}

status pem_out(const char *file, struct bytes b, bool secret)
{
	struct stat st;
	int fd;
	bool fine;

	if (!file) {
		if (fflush(stdout) != 0 || !write_all(STDOUT_FILENO, b))
			return SAY(ST_IO, "standard output: %s", strerror(errno));
		return ST_OK;
	}
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, secret ? 0600 : 0666);
	if (fd < 0)
		return SAY(ST_IO, "%s: %s", file, strerror(errno));
	/* the file may have been there, for all to read */
	fine = !secret || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || fchmod(fd, 0600) == 0;
	fine = fine && write_all(fd, b);
	if (close(fd) != 0 || !fine)
		return SAY(ST_IO, "%s: %s", file, strerror(errno));
	return ST_OK;
}

status pem_in(const char *file, struct wtr *w)
{
	int fd ON_EXIT(close_fd) = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	uint8_t buf[4096];
	ssize_t n;

	if (fd < 0)
		return SAY(ST_IO, "%s: %s", file, strerror(errno));
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return SAY(ST_IO, "%s: %s", file, strerror(errno));
		wtr_put(w, bytes_of(buf, (size_t)n));
		if (wtr_done(w) != ST_OK)
			return SAY(ST_IO, "%s: it is too long (at most %zu bytes)", file, w->cap);
	}
	return ST_OK;
}
