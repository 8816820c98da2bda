/* SPDX-License-Identifier: Apache-2.0 */
#include "pin.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "progress.h"
#include "say.h"

enum { LINE_MAX_PIN = 80 };

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static const char *check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "it is no regular file";
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return "it belongs to another user";
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return "others may use it: run chmod 600 on it";
	return NULL;
}

static status take_line(struct secret_view *line, const char *option, const char *path,
			struct wtr *w)
{
	const uint8_t *end = memchr(line->p, '\n', line->n);
	size_t n = end ? (size_t)(end - line->p) : line->n;

	if (n > 0 && line->p[n - 1] == '\r')
		n--;
	if (n == 0)
		return SAY(ST_CONFIG, "--%s: %s is empty", option, path);
	wtr_put(w, bytes_of(line->p, n));
	if (wtr_done(w) != ST_OK)
		return SAY(ST_CONFIG, "--%s: the first line of %s is no PIN", option, path);
	return ST_OK;
}

status pin_from_source(const char *option, const char *source, struct wtr *w)
{
	int fd ON_EXIT(close_fd) = -1;
	SECRET(line, LINE_MAX_PIN);
	const char *path, *why;
	ssize_t n;

	if (strncmp(source, "file:", 5) != 0 || !source[5])
		return SAY(ST_CONFIG, "--%s: expected file:PATH", option);
	path = source + 5;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	why = fd < 0 ? strerror(errno) : check_file(fd);
	if (why)
		return SAY(ST_CONFIG, "--%s: %s: %s", option, path, why);
	n = read(fd, line.p, line.cap);
	if (n < 0)
		return SAY(ST_CONFIG, "--%s: %s: %s", option, path, strerror(errno));
	line.n = (size_t)n;
	return take_line(&line, option, path, w);
}

bool pin_can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* libcrypto's prompt turns the terminal's echo off, and on again whatever happens. */
status pin_ask(const char *prompt, struct wtr *w)
{
	SECRET(line, LINE_MAX_PIN);
	int refused;

	progress_hold(true);
	refused = EVP_read_pw_string_min((char *)line.p, 1, (int)line.cap - 1, prompt, 0);
	progress_hold(false);
	if (refused != 0)
		return SAY(ST_IO, "no PIN was given");
	wtr_put(w, bytes_of(line.p, strlen((const char *)line.p)));
	return wtr_done(w) == ST_OK ? ST_OK : SAY(ST_IO, "that is no PIN");
}
