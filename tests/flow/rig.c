/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <dlfcn.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

enum { ARGS_MAX = 40, WAIT_MS = 20000 };

static pid_t rig_process; /* the one that started the rig */

double rig_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void pause_ms(long ms)
{
	struct timespec ts = {ms / 1000, (ms % 1000) * 1000000};

	nanosleep(&ts, NULL);
}

static const char *from_env(const char *name)
{
	const char *v = getenv(name);

	if (!v || !v[0])
		fail_msg("%s is not set: run this test through meson", name);
	return v;
}

/* --- processes --- */

/* Starts argv with stdout into *ret_out (may be NULL: inherited). It dies with this process. */
static pid_t start(const char *const argv[], int *ret_out)
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

static void end(pid_t *pid, int sig)
{
	int st;

	if (*pid <= 0)
		return;
	kill(*pid, sig);
	for (int ms = 0; waitpid(*pid, &st, WNOHANG) == 0; ms += 5) {
		if (ms > 5000) {
			kill(*pid, SIGKILL);
			waitpid(*pid, &st, 0);
			break;
		}
		pause_ms(5);
	}
	*pid = 0;
}

static void await_ready(int fd, const char *who)
{
	char text[256] = "";
	size_t n = 0;
	double until = rig_seconds() + WAIT_MS / 1000.0;

	while (!strstr(text, "ready")) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t got = 0;

		if (rig_seconds() > until || n + 1 >= sizeof(text) || poll(&p, 1, WAIT_MS) <= 0 ||
		    (got = read(fd, text + n, sizeof(text) - 1 - n)) <= 0)
			fail_msg("%s did not become ready", who);
		n += (size_t)got;
		text[n] = '\0';
	}
	close(fd);
}

static void run(const char *const argv[])
{
	int st = 0;
	pid_t pid = start(argv, NULL);

	if (waitpid(pid, &st, 0) != pid || !WIFEXITED(st) || WEXITSTATUS(st) != 0)
		fail_msg("%s %s failed", argv[0], argv[1] ? argv[1] : "");
}

/* --- pcscd of our own --- */

static void loopback_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {.ifr_name = "lo"};

	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) != 0)
		fail_msg("lo: %s", strerror(errno));
	close(fd);
}

/* Namespaces are entered once a process: its later rigs run there too. */
static void enter_namespaces(void)
{
	static bool done;

	if (done)
		return;
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		fail_msg("namespaces (root is needed): %s", strerror(errno));
	mkdir("/run/pcscd", 0755);
	if (mount("tmpfs", "/run/pcscd", "tmpfs", 0, "mode=755") != 0)
		fail_msg("tmpfs on /run/pcscd: %s", strerror(errno));
	loopback_up();
	done = true;
}

static bool tcp_answers(unsigned short port)
{
	char text[64], line[256];
	FILE *f = fopen("/proc/net/tcp", "re");
	bool found = false;

	snprintf(text, sizeof(text), ":%04X 00000000:0000 0A", port);
	while (f && fgets(line, sizeof(line), f))
		found = found || strstr(line, text);
	if (f)
		fclose(f);
	return found;
}

void rig_pcscd_start(struct rig *r)
{
	const char *argv[] = {"/usr/sbin/pcscd", "-f", NULL};

	r->pcscd = start(argv, NULL);
	for (int ms = 0; access("/run/pcscd/pcscd.comm", F_OK) != 0 || !tcp_answers(35963);
	     ms += 10) {
		if (ms > WAIT_MS)
			fail_msg("pcscd did not come up");
		pause_ms(10);
	}
}

void rig_pcscd_stop(struct rig *r, int sig)
{
	end(&r->pcscd, sig);
	unlink("/run/pcscd/pcscd.comm");
	unlink("/run/pcscd/pcscd.pid");
}

/* --- the simulator --- */

static size_t push(const char **argv, size_t n, const char *const *more)
{
	for (; more && *more; more++) {
		if (n + 1 >= ARGS_MAX)
			fail_msg("too many arguments");
		argv[n++] = *more;
	}
	argv[n] = NULL;
	return n;
}

void rig_sim_start(struct rig *r)
{
	const char *first[] = {from_env("IOTSAFE_SIM"),
			       "run",
			       r->card,
			       "--unix",
			       r->socket,
			       "--apdu-log",
			       r->log,
			       NULL};
	char port[160];
	const char *at[] = {"--at", port, NULL};
	const char *vpcd[] = {"--vpcd", "127.0.0.1:35963", NULL};
	const char *argv[ARGS_MAX];
	size_t n = push(argv, 0, first);
	int out;

	snprintf(port, sizeof(port), "%s%s", r->port, r->opt.link == RIG_AT_CSIM ? "?cgla=no" : "");
	if (r->opt.link == RIG_AT_CGLA || r->opt.link == RIG_AT_CSIM)
		n = push(argv, n, at);
	if (r->opt.link == RIG_PCSC)
		n = push(argv, n, vpcd);
	push(argv, n, r->opt.sim_args);
	r->sim = start(argv, &out);
	await_ready(out, "iotsafe-sim");
}

void rig_sim_stop(struct rig *r, int sig)
{
	end(&r->sim, sig);
}

static void write_conf(struct rig *r)
{
	static const char *const schemes[] = {[RIG_UNIX] = "unix",
					      [RIG_AT_CGLA] = "at",
					      [RIG_AT_CSIM] = "at",
					      [RIG_PCSC] = "pcsc"};
	const char *path = r->opt.link == RIG_UNIX   ? r->socket
			   : r->opt.link == RIG_PCSC ? "?reader=00 00"
						     : r->port;
	FILE *f = fopen(r->conf, "we");

	if (!f)
		fail_msg("%s: %s", r->conf, strerror(errno));
	fprintf(f, "[module]\nlock-dir = %s/lock\nstore-dir = %s/store\n%s\n", r->dir, r->dir,
		r->opt.module_conf ? r->opt.module_conf : "");
	fprintf(f, "[slot sim]\nid = 0\nuri = %s:%s\n%s\n", schemes[r->opt.link], path,
		r->opt.slot_conf ? r->opt.slot_conf : "");
	fprintf(f, "%s\n", r->opt.more_conf ? r->opt.more_conf : "");
	fclose(f);
	chmod(r->conf, 0600);
	setenv("IOTSAFE_CONF", r->conf, 1);
}

static void name(char *dst, size_t cap, const char *dir, const char *leaf)
{
	if ((size_t)snprintf(dst, cap, "%s/%s", dir, leaf) >= cap)
		fail_msg("%s: path too long", leaf);
}

void rig_start(struct rig *r, const struct rig_options *opt)
{
	const char *first[] = {from_env("IOTSAFE_SIM"),
			       "new",
			       NULL,
			       "--profile",
			       opt->profile ? opt->profile : "demo",
			       NULL};
	const char *argv[ARGS_MAX];
	size_t n;

	rig_process = getpid();
	*r = (struct rig){.opt = *opt};
	snprintf(r->dir, sizeof(r->dir), "/tmp/iotsafe-flow-XXXXXX");
	if (!mkdtemp(r->dir))
		fail_msg("mkdtemp: %s", strerror(errno));
	name(r->card, sizeof(r->card), r->dir, "card");
	name(r->socket, sizeof(r->socket), r->dir, "sim.sock");
	name(r->port, sizeof(r->port), r->dir, "modem");
	name(r->log, sizeof(r->log), r->dir, "apdu.log");
	name(r->conf, sizeof(r->conf), r->dir, "iotsafe.conf");
	first[2] = r->card;
	n = push(argv, 0, first);
	push(argv, n, opt->new_args);
	run(argv);
	if (opt->link == RIG_PCSC) {
		enter_namespaces();
		rig_pcscd_start(r);
	}
	rig_sim_start(r);
	write_conf(r);
}

void rig_stop(struct rig *r)
{
	const char *argv[] = {"/bin/rm", "-rf", r->dir, NULL};

	if (r->handle) {
		if (r->f)
			r->f->C_Finalize(NULL);
		dlclose(r->handle);
	}
	end(&r->sim, SIGTERM);
	if (r->pcscd)
		rig_pcscd_stop(r, SIGTERM);
	if (strncmp(r->dir, "/tmp/iotsafe-flow-", 18) == 0)
		run(argv);
	*r = (struct rig){0};
}

/* --- control --- */

static bool read_all(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, p, n);

		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

void rig_control(const struct rig *r, const char *command, char *ret, size_t cap)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	uint8_t frame[512], reply[2048 + 1] = {0};
	size_t n = strlen(command), got;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", r->socket);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 || n + 3 > sizeof(frame))
		fail_msg("control: %s", strerror(errno));
	frame[0] = (uint8_t)((n + 1) >> 8);
	frame[1] = (uint8_t)(n + 1);
	frame[2] = 0xFF;
	memcpy(frame + 3, command, n);
	if (write(fd, frame, n + 3) != (ssize_t)(n + 3) || !read_all(fd, frame, 2))
		fail_msg("control \"%s\": no answer", command);
	got = (size_t)(frame[0] << 8 | frame[1]);
	if (got >= sizeof(reply) || !read_all(fd, reply, got))
		fail_msg("control \"%s\": answer of %zu bytes", command, got);
	close(fd);
	if (strncmp((char *)reply, "ok", 2) != 0)
		fail_msg("control \"%s\": %s", command, (char *)reply);
	if (ret)
		snprintf(ret, cap, "%s", (char *)reply);
}

/* --- the module --- */

CK_FUNCTION_LIST *rig_module(struct rig *r)
{
	const char *path = from_env("IOTSAFE_MODULE");
	CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
	void *symbol;

	r->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!r->handle)
		fail_msg("%s", dlerror());
	symbol = dlsym(r->handle, "C_GetFunctionList");
	assert_non_null(symbol);
	memcpy(&get, &symbol, sizeof(get));
	assert_int_equal(get(&r->f), CKR_OK);
	return r->f;
}

/* A forked child must not go on with its parent's tests: there a failure ends the process. */
static void must(bool ok, const char *what, CK_RV rv)
{
	if (ok)
		return;
	if (getpid() == rig_process)
		fail_msg("%s: %#lx", what, rv);
	fprintf(stderr, "in a child: %s: %#lx\n", what, rv);
	_exit(98);
}

CK_SLOT_ID rig_slot(const struct rig *r)
{
	CK_SLOT_ID slots[16];
	CK_ULONG n = 16;
	CK_RV rv = r->f->C_GetSlotList(CK_TRUE, slots, &n);

	must(rv == CKR_OK, "C_GetSlotList", rv);
	must(n > 0, "no slot with a token", 0);
	return slots[0];
}

CK_SESSION_HANDLE rig_session(const struct rig *r)
{
	CK_SESSION_HANDLE s = 0;

	CK_RV rv = r->f->C_OpenSession(rig_slot(r), CKF_SERIAL_SESSION, NULL, NULL, &s);

	must(rv == CKR_OK, "C_OpenSession", rv);
	return s;
}

CK_OBJECT_HANDLE rig_find(const struct rig *r, CK_SESSION_HANDLE s, CK_OBJECT_CLASS cls,
			  const char *label)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE t[3] = {{CKA_CLASS, &cls, sizeof(cls)}};
	CK_ULONG n = 1, found = 0;
	CK_OBJECT_HANDLE h = 0;
	CK_RV rv;

	if (label)
		t[n++] = (CK_ATTRIBUTE){CKA_LABEL, (void *)(uintptr_t)label, strlen(label)};
	else if (cls == CKO_PRIVATE_KEY)
		t[n++] = (CK_ATTRIBUTE){CKA_SIGN, &yes, sizeof(yes)};
	rv = r->f->C_FindObjectsInit(s, t, n);
	must(rv == CKR_OK, "C_FindObjectsInit", rv);
	rv = r->f->C_FindObjects(s, &h, 1, &found);
	must(rv == CKR_OK, "C_FindObjects", rv);
	rv = r->f->C_FindObjectsFinal(s);
	must(rv == CKR_OK, "C_FindObjectsFinal", rv);
	return found == 1 ? h : 0;
}

CK_RV rig_sign(const struct rig *r, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key,
	       const uint8_t *digest, size_t n, uint8_t *ret_sig, CK_ULONG *ret_n)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_RV rv = r->f->C_SignInit(s, &m, key);

	if (rv != CKR_OK)
		return rv;
	return r->f->C_Sign(s, (CK_BYTE_PTR)(uintptr_t)digest, n, ret_sig, ret_n);
}
