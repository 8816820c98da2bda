/* SPDX-License-Identifier: Apache-2.0 */
/* Rights are tried in a child that has become the user. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor_blame.h"
#include "mem.h"
#include "probe.h"

#define AGENT_SOCKET "/run/iotsafe/agent.sock"
#define PCSC_SOCKET "/run/pcscd/pcscd.comm"

/* --- in the child --- */

static bool lacks(struct probe_rights *r, const char *remedy, const char *what, const char *path)
{
	snprintf(r->what, sizeof(r->what), "%s %.150s: %s", what, path, strerror(errno));
	snprintf(r->remedy, sizeof(r->remedy), "%s", remedy);
	return true;
}

static bool may(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

static bool lacks_configuration(const struct plan *p, struct probe_rights *r)
{
	struct stat st;

	if (p->made_file || !p->settings.from_file)
		return false;
	if (!may(p->path, R_OK))
		return lacks(r, "let the user read it: chmod 644, or a group of its own",
			     "the configuration", p->path);
	if (stat(p->path, &st) == 0 && st.st_uid != 0 && st.st_uid != geteuid()) {
		errno = EPERM;
		return lacks(r, "give it to root or that user: it is refused as somebody else's",
			     "the configuration", p->path);
	}
	return false;
}

static bool lacks_slot(const struct settings_slot *s, struct probe_rights *r)
{
	const char *pcsc = secure_getenv("PCSCLITE_CSOCK_NAME");
	bool is_modem = strcmp(s->uri.scheme, "qmi") == 0 || strcmp(s->uri.scheme, "mbim") == 0;
	char remedy[PROBE_TEXT_MAX];

	if (strcmp(s->uri.scheme, "pcsc") == 0) {
		pcsc = pcsc && pcsc[0] ? pcsc : PCSC_SOCKET;
		/* one that is not there is pcscd's affair */
		return !may(pcsc, W_OK) && errno == EACCES &&
		       lacks(r,
			     "run as a user whom pcscd serves, or by the agent: "
			     "iotsafe-pkcs11(7)",
			     "pcscd's socket", pcsc);
	}
	if (is_modem && !uri_param_true(&s->uri, "direct")) {
		errno = EPERM;
		return geteuid() != 0 &&
		       lacks(r, "run as root, or by the agent: iotsafe-pkcs11(7)",
			     "the proxy, which serves root only, for", s->uri.path);
	}
	doctor_permission_remedy(s, remedy, sizeof(remedy));
	return !may(s->uri.path, R_OK | W_OK) && errno != ENOENT &&
	       lacks(r, remedy, "the device", s->uri.path);
}

static void look(const struct plan *p, const char *module, struct probe_rights *r)
{
	r->by_agent = may(AGENT_SOCKET, W_OK);
	if (!may(module, R_OK) &&
	    lacks(r, "install it where all may read it", "the module", module))
		return;
	if (lacks_configuration(p, r))
		return;
	for (size_t i = 0; i < p->slot_count; i++)
		if (p->slot[i].member_count == 0 && lacks_slot(&p->slot[i], r))
			return;
	for (size_t i = 0; i < p->absent_count; i++)
		if (lacks_slot(&p->absent[i], r))
			return;
	r->fine = true;
}

static bool become(const struct passwd *pw)
{
	return !pw || (initgroups(pw->pw_name, pw->pw_gid) == 0 && setgid(pw->pw_gid) == 0 &&
		       setuid(pw->pw_uid) == 0);
}

/* --- */

static status in_child(const struct plan *p, const char *module, const struct passwd *pw,
		       struct probe_rights *ret)
{
	struct probe_rights r = {0};
	int fds[2];
	ssize_t n = -1;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return ST_IO;
	pid = fork();
	if (pid == 0) {
		if (!become(pw))
			_exit(1);
		look(p, module, &r);
		_exit(write(fds[1], &r, sizeof(r)) == (ssize_t)sizeof(r) ? 0 : 1);
	}
	close(fds[1]);
	if (pid > 0) {
		n = read(fds[0], &r, sizeof(r));
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(fds[0]);
	if (n != (ssize_t)sizeof(r))
		return ST_IO;
	*ret = r;
	return ST_OK;
}

status probe_rights(const struct plan *p, const char *module, const char *user,
		    struct probe_rights *ret)
{
	const struct passwd *pw = user ? getpwnam(user) : NULL;

	if (user && !pw)
		return ST_NO_ENTRY;
	if (pw && pw->pw_uid == geteuid())
		pw = NULL;
	if (pw && geteuid() != 0)
		return ST_DENIED_DEVICE;
	return in_child(p, module, pw, ret);
}
