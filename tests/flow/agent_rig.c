/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_rig.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

enum { BACKLOG = 128, ANSWER_MS = 10000 };

void agent_rig_pause_ms(long ms)
{
	struct timespec ts = {ms / 1000, (ms % 1000) * 1000000};

	nanosleep(&ts, NULL);
}

/* A sanitized module wants its run-time first in a process that is not ours, and with it what
 * tests/interop/asan_host.c tells of libp11-kit. */
static void prepare_for_module(void)
{
	void *init = dlsym(RTLD_DEFAULT, "__asan_init");
	char text[1024];
	Dl_info found;

	if (!init || !dladdr(init, &found) || !strstr(found.dli_fname, "asan"))
		return;
	snprintf(text, sizeof(text), "%s:%s", found.dli_fname, ASAN_HOST);
	setenv("LD_PRELOAD", text, 1);
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
}

static void exec_p11kit(const char *const argv[])
{
	prepare_for_module();
	execvp("p11-kit", (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void be_server(const char *path)
{
	const char *const argv[] = {"p11-kit", "server", "-f",	    "-p", getenv("IOTSAFE_MODULE"),
				    "-n",      path,	 "pkcs11:", NULL};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDOUT_FILENO);
	exec_p11kit(argv);
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	return sa;
}

static void be_listener(const char *path)
{
	const char *const argv[] = {"p11-kit", "remote", getenv("IOTSAFE_MODULE"), NULL};
	struct sockaddr_un sa = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), one;

	unlink(path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 || listen(fd, BACKLOG) != 0)
		_exit(127);
	signal(SIGCHLD, SIG_IGN);
	while ((one = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		if (fork() == 0) {
			signal(SIGCHLD, SIG_DFL);
			dup2(one, STDIN_FILENO);
			dup2(one, STDOUT_FILENO);
			exec_p11kit(argv);
		}
		close(one);
	}
	_exit(127);
}

static bool answers(const struct agent_rig *a)
{
	struct sockaddr_un sa = address_of(a->socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0;

	close(fd);
	return ok;
}

void agent_rig_start(struct agent_rig *a, const char *dir, bool by_server)
{
	char text[128];
	pid_t parent = getpid();

	*a = (struct agent_rig){.by_server = by_server};
	snprintf(a->socket, sizeof(a->socket), "%.80s/agent.sock", dir);
	snprintf(text, sizeof(text), "unix:path=%s", a->socket);
	setenv("P11_KIT_SERVER_ADDRESS", text, 1);
	a->pid = fork();
	assert_true(a->pid >= 0);
	if (a->pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		if (by_server)
			be_server(a->socket);
		be_listener(a->socket);
	}
	setpgid(a->pid, a->pid);
	for (int ms = 0; !answers(a); ms += 10) {
		assert_true(ms < ANSWER_MS);
		agent_rig_pause_ms(10);
	}
}

void agent_rig_stop(struct agent_rig *a, int sig)
{
	if (a->pid <= 0)
		return;
	kill(-a->pid, sig);
	waitpid(a->pid, NULL, 0);
	a->pid = 0;
}

/* The group of a process, from /proc/PID/stat; 0 if it is no p11-kit-remote that lives. */
static int remote_group(const char *pid)
{
	char path[300], text[256] = "", state = 'Z';
	const char *rest;
	int group = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	rest = strstr(text, "(p11-kit-remote) ");
	if (!rest || sscanf(strchr(rest, ')') + 1, " %c %*d %d", &state, &group) != 2)
		return 0;
	return state == 'Z' ? 0 : group;
}

unsigned agent_rig_served(const struct agent_rig *a)
{
	DIR *proc = opendir("/proc");
	unsigned n = 0;

	assert_non_null(proc);
	for (struct dirent *e; (e = readdir(proc)) != NULL;)
		n += e->d_name[0] >= '1' && e->d_name[0] <= '9' &&
		     remote_group(e->d_name) == a->pid;
	closedir(proc);
	return n;
}

CK_FUNCTION_LIST *agent_rig_client(void)
{
	CK_FUNCTION_LIST *f = NULL;
	CK_C_GetFunctionList get = NULL;
	void *lib = dlopen(P11_KIT_CLIENT, RTLD_NOW | RTLD_LOCAL);

	if (!lib)
		return NULL;
	*(void **)(&get) = dlsym(lib, "C_GetFunctionList");
	return get && get(&f) == CKR_OK ? f : NULL;
}
