/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs, each in a process of its own that the rig's process starts and ends. */
#include "faults_host.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <winscard.h>

#include "rig_process.h"
#include "scene.h"

enum { OTHER_MAX_MS = 8000 };

static struct other {
	pid_t pid;
	int release; /* a byte: it may go */
	int ready;   /* a byte of its own */
} other;

static void start(const struct rig *r, int (*be)(const struct rig *r, int ready, int release))
{
	int ready[2], release[2];

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, release), 0);
	other.pid = fork();
	assert_true(other.pid >= 0);
	if (other.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		close(release[1]);
		close(ready[0]);
		_exit(be(r, ready[1], release[0]));
	}
	close(ready[1]);
	close(release[0]);
	other.ready = ready[0];
	other.release = release[1];
}

static void await_ready(void)
{
	struct pollfd p = {.fd = other.ready, .events = POLLIN};

	assert_int_equal(poll(&p, 1, OTHER_MAX_MS), 1);
}

static void say(int fd)
{
	(void)!write(fd, "", 1);
}

/* It may go, and has to end well. */
static void release_other(struct rig *r)
{
	int st = 0;

	(void)r;
	/* the program may have inherited this end; the other process may have gone by itself */
	(void)!send(other.release, "", 1, MSG_NOSIGNAL);
	close(other.release);
	for (int ms = 0; waitpid(other.pid, &st, WNOHANG) == 0; ms += 5) {
		if (ms > OTHER_MAX_MS)
			kill(other.pid, SIGKILL);
		rig_pause_ms(5);
	}
	close(other.ready);
	if (!WIFEXITED(st) || WEXITSTATUS(st) != 0)
		fail_msg("the other program: status %x", (unsigned)st);
}

static void await_release(int fd)
{
	char byte;

	(void)!read(fd, &byte, 1);
}

/* --- clients of pcscd --- */

static struct {
	LONG (*establish)(DWORD, LPCVOID, LPCVOID, LPSCARDCONTEXT);
	LONG (*release)(SCARDCONTEXT);
	LONG (*connect)(SCARDCONTEXT, LPCSTR, DWORD, DWORD, LPSCARDHANDLE, LPDWORD);
	LONG (*begin)(SCARDHANDLE);
	LONG (*end)(SCARDHANDLE, DWORD);
} pcsc;

static bool load_pcsc(void)
{
	void *lib = dlopen("libpcsclite.so.1", RTLD_NOW);

	if (!lib)
		return false;
	*(void **)&pcsc.establish = dlsym(lib, "SCardEstablishContext");
	*(void **)&pcsc.release = dlsym(lib, "SCardReleaseContext");
	*(void **)&pcsc.connect = dlsym(lib, "SCardConnect");
	*(void **)&pcsc.begin = dlsym(lib, "SCardBeginTransaction");
	*(void **)&pcsc.end = dlsym(lib, "SCardEndTransaction");
	return pcsc.establish && pcsc.release && pcsc.connect && pcsc.begin && pcsc.end;
}

/* pcscd has room for one at its door, and may not have noticed yet that who held the card is gone.
 */
enum { CONNECT_TRIES = 200, CONNECT_POLL_MS = 20 };

static LONG try_connect(DWORD share, bool begin, SCARDHANDLE *ret_card)
{
	SCARDCONTEXT ctx;
	DWORD protocol;
	LONG rv = pcsc.establish(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx);

	if (rv != SCARD_S_SUCCESS)
		return rv;
	rv = pcsc.connect(ctx, "Virtual PCD 00 00", share, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
			  ret_card, &protocol);
	if (rv == SCARD_S_SUCCESS && begin)
		rv = pcsc.begin(*ret_card);
	if (rv != SCARD_S_SUCCESS)
		(void)pcsc.release(ctx); /* and with it the connection */
	return rv;
}

static bool connect_as(DWORD share, bool begin, SCARDHANDLE *ret_card)
{
	LONG rv = SCARD_S_SUCCESS;

	if (!load_pcsc())
		return false;
	for (int i = 0; i < CONNECT_TRIES; i++) {
		rv = try_connect(share, begin, ret_card);
		if (rv == SCARD_S_SUCCESS)
			return true;
		rig_pause_ms(CONNECT_POLL_MS);
	}
	fprintf(stderr, "the other program: pcscd says 0x%lx\n", (unsigned long)rv);
	return false;
}

/* A transaction of its own, as soon as ours ends. A card that was reset meanwhile is connected
 * anew. */
static bool take_card(SCARDHANDLE *ret_card)
{
	return connect_as(SCARD_SHARE_SHARED, true, ret_card);
}

static int be_resetting(const struct rig *r, int ready, int release)
{
	SCARDHANDLE card;

	(void)r;
	(void)release;
	if (!take_card(&card))
		return 1;
	if (pcsc.end(card, SCARD_RESET_CARD) != SCARD_S_SUCCESS)
		return 2;
	say(ready);
	return 0;
}

/* For longer than the module's timeout; but a call of ours that it overtook in libpcsclite itself,
 * after the module had looked, waits for its end. */
static int be_holding(const struct rig *r, int ready, int release)
{
	enum { HELD_MS = 2500 };
	struct pollfd let_go = {.fd = release, .events = POLLIN};
	SCARDHANDLE card;

	(void)r;
	if (!take_card(&card))
		return 1;
	say(ready);
	(void)!poll(&let_go, 1, HELD_MS);
	return pcsc.end(card, SCARD_LEAVE_CARD) == SCARD_S_SUCCESS ? 0 : 2;
}

static int be_exclusive(const struct rig *r, int ready, int release)
{
	SCARDHANDLE card;

	(void)r;
	if (!connect_as(SCARD_SHARE_EXCLUSIVE, false, &card))
		return 3;
	say(ready);
	await_release(release);
	return 0; /* pcscd notices */
}

static void start_resetting(struct rig *r, pid_t program)
{
	(void)program;
	start(r, be_resetting);
}

static void start_holding(struct rig *r, pid_t program)
{
	(void)program;
	start(r, be_holding);
}

static void start_exclusive(struct rig *r)
{
	start(r, be_exclusive);
	await_ready();
}

const struct fault_hook host_other_resets = {.strike = start_resetting, .heal = release_other};
const struct fault_hook host_other_holds = {.strike = start_holding, .heal = release_other};
const struct fault_hook host_other_excludes = {.before = start_exclusive, .heal = release_other};

/* --- a user of our module --- */

static int be_signing(const struct rig *r, int ready, int release)
{
	static struct scene s;
	CK_RV rv = r->f->C_Initialize(NULL);

	(void)release;
	s.r = r;
	if (rv == CKR_OK)
		rv = scene_open(&s);
	if (rv == CKR_OK)
		rv = scene_find(&s);
	if (rv == CKR_OK)
		rv = scene_sign(&s);
	if (rv == CKR_OK)
		rv = r->f->C_Finalize(NULL);
	if (rv != CKR_OK)
		scene_print(&s, 0);
	say(ready);
	return rv == CKR_OK && s.key != 0 && !s.wrong ? 0 : 1;
}

static void start_signing(struct rig *r, pid_t program)
{
	(void)program;
	start(r, be_signing);
}

const struct fault_hook host_other_signs = {.strike = start_signing, .heal = release_other};

/* --- somebody at our lock files --- */

static void lock_all(const struct rig *r)
{
	char path[400];
	DIR *d;

	snprintf(path, sizeof(path), "%s/lock", r->dir);
	d = opendir(path);
	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		snprintf(path, sizeof(path), "%s/lock/%s", r->dir, e->d_name);
		int fd = e->d_name[0] == '.' ? -1 : open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			(void)flock(fd, LOCK_EX); /* until this process ends */
	}
	if (d)
		closedir(d);
}

static int be_locking(const struct rig *r, int ready, int release)
{
	lock_all(r);
	say(ready);
	await_release(release);
	return 0;
}

static void start_locking(struct rig *r, pid_t program)
{
	(void)program;
	start(r, be_locking);
}

const struct fault_hook host_other_locks = {.strike = start_locking, .heal = release_other};
