/* SPDX-License-Identifier: Apache-2.0 */
#include "rig_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

void rig_pause_ms(long ms)
{
	struct timespec ts = {ms / 1000, (ms % 1000) * 1000000};

	nanosleep(&ts, NULL);
}

const char *rig_process_env(const char *name)
{
	const char *v = getenv(name);

	if (!v || !v[0])
		fail_msg("%s is not set: run this test through meson", name);
	return v;
}

pid_t rig_process_start(const char *const argv[], int *ret_out)
{
	int out[2] = {-1, -1};
	pid_t parent = getpid(), pid;

	if (ret_out && pipe2(out, O_CLOEXEC) != 0)
		fail_msg("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		fail_msg("fork: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		if (ret_out)
			dup2(out[1], STDOUT_FILENO);
		unsetenv("LD_PRELOAD");
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (ret_out) {
		close(out[1]);
		*ret_out = out[0];
	}
	return pid;
}

bool rig_process_ends(pid_t pid, int ms)
{
	int fd = pidfd_open(pid, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n = fd < 0 ? -1 : poll(&p, 1, ms);

	if (n < 0 && errno != EINTR)
		fail_msg("waiting for process %d: %s", (int)pid, strerror(errno));
	if (fd >= 0)
		close(fd);
	return n > 0;
}

void rig_process_end(pid_t *pid, int sig)
{
	int st;

	if (*pid <= 0)
		return;
	kill(*pid, sig);
	if (!rig_process_ends(*pid, 5000))
		kill(*pid, SIGKILL);
	waitpid(*pid, &st, 0);
	*pid = 0;
}

void rig_process_await_ready(int fd, const char *who)
{
	char text[256] = "";
	size_t n = 0;
	double until = rig_seconds() + RIG_WAIT_MS / 1000.0;

	while (!strstr(text, "ready")) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t got = 0;

		if (rig_seconds() > until || n + 1 >= sizeof(text) ||
		    poll(&p, 1, RIG_WAIT_MS) <= 0 ||
		    (got = read(fd, text + n, sizeof(text) - 1 - n)) <= 0)
			fail_msg("%s did not become ready", who);
		n += (size_t)got;
		text[n] = '\0';
	}
	close(fd);
}

void rig_process_run(const char *const argv[])
{
	int st = 0;
	pid_t pid = rig_process_start(argv, NULL);

	if (waitpid(pid, &st, 0) != pid || !WIFEXITED(st) || WEXITSTATUS(st) != 0)
		fail_msg("%s %s failed", argv[0], argv[1] ? argv[1] : "");
}
