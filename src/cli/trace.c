/* SPDX-License-Identifier: Apache-2.0 */
/* iotsafe trace: runs a program, and tells what it and its children made the SIM do. The report
 * comes at the program's end, on standard error or in --out; the program's own streams are its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "deadline.h"
#include "mem.h"
#include "plan.h"
#include "say.h"
#include "tint.h"
#include "trace_show.h"

/* What shells answer. */
enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNALLED = 128, LINE_LEN = 1400 };

/* A folder of our own, with the file that the module writes. */
struct place {
	char dir[PATH_LEN_MAX], file[PATH_LEN_MAX + 8];
};

static void remove_place(struct place *p)
{
	if (p->dir[0] == '\0')
		return;
	unlink(p->file);
	rmdir(p->dir);
}

static status make_place(struct place *p)
{
	const char *tmp = secure_getenv("TMPDIR");
	int fd;

	snprintf(p->dir, sizeof(p->dir), "%.200s/iotsafe-trace.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(p->dir)) {
		say("%s: %s", p->dir, strerror(errno));
		p->dir[0] = '\0';
		return ST_IO;
	}
	snprintf(p->file, sizeof(p->file), "%s/trace", p->dir);
	fd = open(p->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return SAY(ST_IO, "%s: %s", p->file, strerror(errno));
	close(fd);
	if (setenv("IOTSAFE_TRACE", p->file, 1) != 0)
		return ST_NOMEM;
	return ST_OK;
}

/* --- the program --- */

static volatile sig_atomic_t child;

static void pass_on(int sig)
{
	if (child > 0)
		kill((pid_t)child, sig);
}

static const int sigs[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};

/* How signals were before us. */
struct habits {
	struct sigaction act[ARRAY_LEN(sigs)];
	sigset_t mask;
};

/* What the terminal sends, the program gets without us; the rest we pass on, and none before there
 * is a program to get it: they are blocked until pass_signals. */
static void take_signals(struct habits *old)
{
	struct sigaction act = {.sa_flags = SA_RESTART};
	sigset_t ours;

	sigemptyset(&act.sa_mask);
	sigemptyset(&ours);
	for (size_t i = 0; i < ARRAY_LEN(sigs); i++)
		sigaddset(&ours, sigs[i]);
	sigprocmask(SIG_BLOCK, &ours, &old->mask);
	for (size_t i = 0; i < ARRAY_LEN(sigs); i++) {
		act.sa_handler = i < 2 ? SIG_IGN : pass_on;
		sigaction(sigs[i], &act, &old->act[i]);
		/* a program under nohup stays so */
		if (old->act[i].sa_handler == SIG_IGN)
			sigaction(sigs[i], &old->act[i], NULL);
	}
}

static void pass_signals(const struct habits *old, pid_t to)
{
	child = to;
	sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

static void give_signals_back(const struct habits *old)
{
	for (size_t i = 0; i < ARRAY_LEN(sigs); i++)
		sigaction(sigs[i], &old->act[i], NULL);
	sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

/* In the child: does not come back. */
static void become(char *const *argv, const struct habits *old, int tell)
{
	int why;

	give_signals_back(old);
	execvp(argv[0], argv);
	why = errno;
	if (write(tell, &why, sizeof(why)) < 0)
		_exit(EXIT_CANNOT_RUN);
	_exit(why == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

static void end_of(int wstatus, struct trace_end *ret)
{
	ret->at = deadline_now() / 1000;
	ret->signal = WIFSIGNALED(wstatus) ? WTERMSIG(wstatus) : 0;
	ret->code = WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : EXIT_SIGNALLED + ret->signal;
}

/* ST_NO_ENTRY when it could not be started, said; *ret_end tells the code then, too. */
static status run_program(char *const *argv, struct trace_end *ret_end)
{
	struct habits old;
	int tell[2], why = 0, wstatus = 0;
	pid_t pid;
	ssize_t n;

	if (pipe2(tell, O_CLOEXEC) != 0)
		return SAY(ST_IO, "%s", strerror(errno));
	take_signals(&old);
	pid = fork();
	if (pid == 0)
		become(argv, &old, tell[1]);
	pass_signals(&old, pid);
	close(tell[1]);
	do
		n = pid < 0 ? 0 : read(tell[0], &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	close(tell[0]);
	while (pid > 0 && waitpid(pid, &wstatus, 0) < 0 && errno == EINTR)
		;
	child = 0;
	give_signals_back(&old);
	if (pid < 0)
		return SAY(ST_IO, "%s", strerror(errno));
	end_of(wstatus, ret_end);
	if (n > 0)
		return SAY(ST_NO_ENTRY, "%s: %s", argv[0], strerror(why));
	return ST_OK;
}

/* --- the report --- */

static status show(const char *file, struct trace_show *s, char *const *argv,
		   const struct trace_end *end)
{
	char line[LINE_LEN];
	FILE *f = fopen(file, "re");

	if (!f)
		return SAY(ST_IO, "%s: %s", file, strerror(errno));
	trace_show_begin(s, argv);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		trace_show_line(s, line);
	}
	fclose(f);
	trace_show_end(s, end);
	return fflush(s->f) == 0 && !ferror(s->f) ? ST_OK
						  : SAY(ST_IO, "the report: %s", strerror(errno));
}

static FILE *open_out(const char *path)
{
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	FILE *f = !path ? stderr : fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		say("%s: %s", path, strerror(errno));
	return f;
}

static void free_plan(struct plan **p)
{
	plan_free(*p);
}

/* --conf and --uri hold for the program, too. */
static status choose_conf(const struct options *opt, struct plan **p)
{
	status st;

	if (!opt->conf && !opt->uri)
		return ST_OK;
	st = plan_make(opt, p);
	if (st != ST_OK)
		say("%s", *p ? (*p)->error : status_text(st));
	return st;
}

int trace_run(const struct options *opt)
{
	struct plan *p ON_EXIT(free_plan) = NULL;
	struct place place ON_EXIT(remove_place) = {0};
	struct trace_show *s ON_EXIT(mem_free_ptr) = calloc(1, sizeof(*s));
	struct trace_end end = {.code = EXIT_FAILED};
	int code;

	if (tint_choose(opt->color) != ST_OK)
		return EXIT_USAGE;
	if (!s || choose_conf(opt, &p) != ST_OK || make_place(&place) != ST_OK)
		return EXIT_FAILED;
	s->f = open_out(opt->out);
	s->as_json = opt->json;
	s->start = deadline_now() / 1000;
	if (!s->f)
		return EXIT_FAILED;
	code = EXIT_FAILED;
	if (run_program(opt->rest, &end) == ST_OK) {
		/* a report that cannot be written does not change what the program did */
		if (show(place.file, s, opt->rest, &end) == ST_OK || end.code != 0)
			code = end.code;
	} else {
		code = end.code;
	}
	if (opt->out)
		fclose(s->f);
	return code;
}
