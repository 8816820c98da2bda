/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deadline.h"
#include "mem.h"
#include "text.h"

enum { OUTPUT_MAX = 8192, VERSION_MS = 5000 };

/* --- files --- */

static bool is_program(const char *dir, size_t dir_n, const char *name, size_t name_n,
		       char ret[PATH_LEN_MAX])
{
	char path[PATH_LEN_MAX];

	if (dir_n + name_n + 2 > sizeof(path))
		return false;
	snprintf(path, sizeof(path), "%.*s/%.*s", (int)dir_n, dir, (int)name_n, name);
	if (access(path, X_OK) != 0)
		return false;
	snprintf(ret, PATH_LEN_MAX, "%s", path);
	return true;
}

static bool find_in(const char *dirs, const char *name, size_t name_n, char ret[PATH_LEN_MAX])
{
	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");

		if (n > 0 && is_program(dirs, n, name, name_n, ret))
			return true;
		dirs += n + (dirs[n] == ':');
	}
	return false;
}

bool probe_program(const char *names, char ret_path[PATH_LEN_MAX])
{
	while (*names) {
		size_t n = strcspn(names, " ");

		if (find_in(getenv("PATH"), names, n, ret_path) ||
		    find_in("/usr/sbin:/sbin:/usr/local/sbin:/usr/bin", names, n, ret_path))
			return true;
		names += n + strspn(names + n, " ");
	}
	return false;
}

static bool find_file(const char *env, const char *const *patterns, size_t count,
		      char ret_path[PATH_LEN_MAX])
{
	const char *dir = getenv(env);
	bool found = false;
	glob_t g;

	if (dir && dir[0]) {
		snprintf(ret_path, PATH_LEN_MAX, "%s/pkcs11.so", dir);
		return access(ret_path, R_OK) == 0;
	}
	for (size_t i = 0; i < count && !found; i++) {
		if (glob(patterns[i], 0, NULL, &g) != 0)
			continue;
		found = g.gl_pathc > 0 && strlen(g.gl_pathv[0]) < PATH_LEN_MAX;
		if (found)
			snprintf(ret_path, PATH_LEN_MAX, "%s", g.gl_pathv[0]);
		globfree(&g);
	}
	return found;
}

bool probe_engine(char ret_path[PATH_LEN_MAX])
{
	static const char *const patterns[] = {
		"/usr/lib/*/engines-3/pkcs11.so", "/usr/lib64/engines-3/pkcs11.so",
		"/usr/lib/engines-3/pkcs11.so", "/usr/local/lib*/engines-3/pkcs11.so"};

	return find_file("OPENSSL_ENGINES", patterns, ARRAY_LEN(patterns), ret_path);
}

bool probe_provider(char ret_path[PATH_LEN_MAX])
{
	static const char *const patterns[] = {
		"/usr/lib/*/ossl-modules/pkcs11.so", "/usr/lib64/ossl-modules/pkcs11.so",
		"/usr/lib/ossl-modules/pkcs11.so", "/usr/local/lib*/ossl-modules/pkcs11.so"};

	return find_file("OPENSSL_MODULES", patterns, ARRAY_LEN(patterns), ret_path);
}

/* --- versions --- */

/* In the child: does not come back. */
static void become(const char *path, const char *arg, int out)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setpgid(0, 0); /* a wrapper is ended with what it started */
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl(path, path, arg, (char *)NULL);
	_exit(127);
}

/* Until the other end is closed, the room is full or the time is over. */
static size_t drain(int fd, char *buf, size_t cap, deadline dl)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t n = 0;

	while (n < cap && poll(&p, 1, deadline_poll_ms(dl)) > 0) {
		ssize_t got = read(fd, buf + n, cap - n);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	return n;
}

static size_t output_of(const char *path, const char *arg, char *buf, size_t cap)
{
	int p[2];
	size_t n;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) != 0)
		return 0;
	pid = fork();
	if (pid == 0)
		become(path, arg, p[1]);
	close(p[1]);
	n = pid < 0 ? 0 : drain(p[0], buf, cap, deadline_in_ms(VERSION_MS));
	close(p[0]);
	if (pid > 0) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL); /* in case it was too early for its group */
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return n;
}

bool probe_version(const char *path, const char *arg, const char *word,
		   char ret_line[PROBE_TEXT_MAX], bool *ret_has_word)
{
	char *text ON_EXIT(mem_free_ptr) = calloc(1, OUTPUT_MAX + 1);
	char *line, *rest = text;

	*ret_has_word = false;
	if (!text || output_of(path, arg, text, OUTPUT_MAX) == 0)
		return false;
	*ret_has_word = word && strstr(text, word);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (!line[strcspn(line, "0123456789")])
			continue;
		text_clean(bytes_str(line), ret_line, PROBE_TEXT_MAX);
		return true;
	}
	return false;
}
