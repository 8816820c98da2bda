/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "deadline.h"
#include "mem.h"
#include "sizes.h"

enum { FIRST_MS = 500, TICK_MS = 200, LINE_LEN = 1400 };

/* One at a time, like the command. */
static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool running, end, held, shown;
	const char *what;
	int64_t began;
	char path[PATH_LEN_MAX]; /* empty: removed */
	FILE *file;		 /* what the module writes */
	struct progress_state state;
} p = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- with the lock --- */

static void wipe(void)
{
	if (p.shown)
		fputs("\r\033[K", stderr);
	p.shown = false;
}

/* The module has it open: nothing is to be left behind, however the program ends. */
static void forget_path(void)
{
	if (p.path[0])
		unlink(p.path);
	p.path[0] = '\0';
}

/* A line that is not whole yet is read again at the next tick. */
static void take_lines(void)
{
	char line[LINE_LEN];
	struct trace_record r;

	clearerr(p.file);
	for (;;) {
		long at = ftell(p.file);

		if (!fgets(line, sizeof(line), p.file))
			return;
		if (!strchr(line, '\n')) {
			fseek(p.file, at, SEEK_SET);
			return;
		}
		line[strcspn(line, "\n")] = '\0';
		if (trace_record_parse(line, &r) != ST_OK)
			continue;
		progress_note(&p.state, &r);
		if (r.kind == TRACE_COMMAND || r.kind == TRACE_SPAN)
			forget_path();
	}
}

static void draw(void)
{
	const struct progress_state *s = &p.state;
	long seconds = (long)((deadline_now() - p.began) / 1000000000);

	fprintf(stderr, "\r%s: ", p.what);
	if (strcmp(s->command, "READ FILE") == 0 && s->total > 0)
		fprintf(stderr, "%zu of %zu bytes (%zu %%)", s->done, s->total,
			100 * s->done / s->total);
	else if (strcmp(s->command, "READ FILE") == 0)
		fprintf(stderr, "%zu bytes", s->done);
	else
		fprintf(stderr, "%s", s->command[0] ? s->command : "the SIM is waited for");
	fprintf(stderr, ", %ld s\033[K", seconds);
	p.shown = true;
}

static void *watch(void *arg)
{
	struct timespec until;
	int64_t next = p.began + (int64_t)FIRST_MS * 1000000;

	(void)arg;
	pthread_mutex_lock(&p.lock);
	while (!p.end) {
		until = (struct timespec){.tv_sec = next / 1000000000,
					  .tv_nsec = next % 1000000000};
		if (pthread_cond_timedwait(&p.ended, &p.lock, &until) != ETIMEDOUT)
			continue;
		next += (int64_t)TICK_MS * 1000000;
		take_lines();
		if (!p.held)
			draw();
	}
	wipe();
	pthread_mutex_unlock(&p.lock);
	return NULL;
}

/* --- */

static bool open_file(void)
{
	const char *dir = secure_getenv("TMPDIR");
	int fd;

	snprintf(p.path, sizeof(p.path), "%.200s/iotsafe-work.XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkostemp(p.path, O_CLOEXEC);
	p.file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!p.file && fd >= 0)
		close(fd);
	if (!p.file)
		p.path[0] = '\0';
	return p.file != NULL;
}

static void close_file(void)
{
	forget_path();
	unsetenv("IOTSAFE_TRACE");
	fclose(p.file);
	p.file = NULL;
}

static bool start(void)
{
	pthread_condattr_t attr;
	bool fine;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	fine = pthread_cond_init(&p.ended, &attr) == 0 && setenv("IOTSAFE_TRACE", p.path, 1) == 0 &&
	       pthread_create(&p.thread, NULL, watch, NULL) == 0;
	pthread_condattr_destroy(&attr);
	return fine;
}

void progress_begin(const char *what)
{
	if (p.running || !isatty(STDERR_FILENO) || getenv("IOTSAFE_TRACE") ||
	    getenv("IOTSAFE_LOG") || !open_file())
		return;
	p.what = what;
	p.began = deadline_now();
	p.running = start();
	if (!p.running)
		close_file();
}

void progress_end(void)
{
	if (!p.running)
		return;
	p.running = false;
	pthread_mutex_lock(&p.lock);
	p.end = true;
	pthread_cond_signal(&p.ended);
	pthread_mutex_unlock(&p.lock);
	pthread_join(p.thread, NULL);
	close_file();
}

void progress_hold(bool on)
{
	if (!p.running)
		return;
	pthread_mutex_lock(&p.lock);
	p.held = on;
	if (on)
		wipe();
	pthread_mutex_unlock(&p.lock);
}
