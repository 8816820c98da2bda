/* SPDX-License-Identifier: Apache-2.0 */
/* The program's own world: its signals, threads, descriptors, clock, and folders. Some of libc's
 * functions are replaced for the module here; each calls the kernel's unless its fault strikes. */
#include "faults_host.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rig_process.h"
#include "rig_world.h"
#include "scene.h"

/* --- killed --- */

static void kill_program(struct rig *r, pid_t program)
{
	(void)r;
	assert_int_equal(kill(program, SIGKILL), 0);
}

const struct fault_hook host_killed = {.strike = kill_program};

/* --- a fork --- */

static struct {
	pthread_t thread;
	atomic_bool over;
	const char *wrong;
} forker;

static int use_module(const struct rig *r)
{
	static struct scene s;

	alarm(20); /* a hang ends the child by SIGALRM */
	s.r = r;
	if (r->f->C_Initialize(NULL) != CKR_OK || scene_open(&s) != CKR_OK)
		return 1;
	if (scene_find(&s) != CKR_OK || scene_sign(&s) != CKR_OK || s.wrong) {
		scene_print(&s, 0);
		return 2;
	}
	return r->f->C_Finalize(NULL) == CKR_OK ? 0 : 3;
}

static void *fork_once(void *arg)
{
	const struct rig *r = arg;
	int st = 0;

	while (!fault_has_struck() && !forker.over)
		rig_pause_ms(1);
	if (!fault_has_struck())
		return NULL;
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(use_module(r));
	}
	if (waitpid(pid, &st, 0) != pid || !WIFEXITED(st) || WEXITSTATUS(st) != 0)
		forker.wrong = "the forked child could not use the module";
	return NULL;
}

static void start_forker(struct rig *r)
{
	assert_int_equal(pthread_create(&forker.thread, NULL, fork_once, r), 0);
}

static const char *stop_forker(struct rig *r)
{
	(void)r;
	forker.over = true;
	pthread_join(forker.thread, NULL);
	return forker.wrong;
}

const struct fault_hook host_forks = {.begin = start_forker, .end = stop_forker};

/* --- signals --- */

static atomic_uint signals;

static void count_signal(int sig)
{
	(void)sig;
	signals++;
}

static void every(long us)
{
	const struct itimerval it = {{0, us}, {0, us}};

	assert_int_equal(setitimer(ITIMER_REAL, &it, NULL), 0);
}

static void start_signals(struct rig *r)
{
	struct sigaction sa = {.sa_handler = count_signal}; /* no SA_RESTART: EINTR */

	(void)r;
	assert_int_equal(sigaction(SIGALRM, &sa, NULL), 0);
	every(1000);
}

static const char *stop_signals(struct rig *r)
{
	(void)r;
	every(0);
	return signals > 0 ? NULL : "there were no signals";
}

const struct fault_hook host_signals = {.begin = start_signals, .end = stop_signals};

/* --- descriptors --- */

enum { ABOVE = 1100 }; /* what select() can take */
static int taken[ABOVE + 1], taken_n;

static void take_descriptors(struct rig *r)
{
	struct rlimit l = {4096, 4096};
	int fd = -1;

	(void)r;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
	while (fd < ABOVE) {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		taken[taken_n++] = fd;
	}
}

static const char *give_descriptors(struct rig *r)
{
	(void)r;
	while (taken_n > 0)
		close(taken[--taken_n]);
	return NULL;
}

const struct fault_hook host_many_descriptors = {.begin = take_descriptors,
						 .end = give_descriptors};

/* --- what the kernel says --- */

static atomic_int denying; /* errno; 0: it does not */
static atomic_bool jumping;

static bool denied(void)
{
	if (!denying || !fault_has_struck())
		return false;
	errno = denying;
	return true;
}

/* glibc's prototypes have names of their own for the parameters, and attributes */
int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return denied() ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return denied() ? -1 : (int)syscall(SYS_openat, dir, path, flags, mode);
}

int socket(int family, int type, int protocol)
{
	return denied() ? -1 : (int)syscall(SYS_socket, family, type, protocol);
}

static void deny(struct rig *r)
{
	(void)r;
	denying = EPERM;
}

static void run_out(struct rig *r)
{
	(void)r;
	denying = EMFILE;
}

static const char *stop_denying(struct rig *r)
{
	(void)r;
	denying = 0;
	return NULL;
}

const struct fault_hook host_denied = {.begin = deny, .end = stop_denying};
const struct fault_hook host_no_descriptors = {.begin = run_out, .end = stop_denying};

static time_t jump(void)
{
	return jumping && fault_has_struck() ? 365 * 86400 : 0;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, ts);

	if (rc == 0 && clock == CLOCK_REALTIME)
		ts->tv_sec += jump();
	return rc;
}

time_t time(time_t *ret)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (ret)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}

static void start_jumping(struct rig *r)
{
	(void)r;
	jumping = true;
}

static const char *stop_jumping(struct rig *r)
{
	(void)r;
	jumping = false; /* and back again */
	return NULL;
}

const struct fault_hook host_clock_jumps = {.begin = start_jumping, .end = stop_jumping};

/* --- the module --- */

/* It stays in memory, since libcrypto calls it at exit: what it knows has to go all the same. */
static void reload(struct rig *r)
{
	static struct scene s;

	s.r = r;
	assert_int_equal(r->f->C_Initialize(NULL), CKR_OK);
	scene_await_present(r);
	assert_int_equal(scene_open(&s), CKR_OK);
	assert_int_equal(scene_find(&s), CKR_OK);
	assert_int_equal(scene_sign(&s), CKR_OK);
	assert_int_equal(r->f->C_Finalize(NULL), CKR_OK);
	assert_int_equal(dlclose(r->handle), 0);
	r->handle = NULL;
	rig_module(r);
}

const struct fault_hook host_reloads = {.begin = reload};

/* --- rights --- */

enum { NOBODY = 65534 };

/* Its configuration it may read. */
static void let_read(struct rig *r)
{
	assert_int_equal(chmod(r->dir, 0755), 0);
	assert_int_equal(chmod(r->conf, 0644), 0);
}

static void lock_out(struct rig *r)
{
	assert_int_equal(chmod(r->conf, 0600), 0);
	assert_int_equal(chmod(r->dir, 0700), 0);
}

static void become_nobody(struct rig *r)
{
	(void)r;
	assert_int_equal(setresgid(NOBODY, NOBODY, NOBODY), 0);
	assert_int_equal(setresuid(NOBODY, NOBODY, NOBODY), 0);
}

const struct fault_hook host_not_authorised = {
	.before = let_read, .after = lock_out, .begin = become_nobody};

/* --- folders --- */

static const char *lock_folder(const struct rig *r)
{
	static char path[80];

	snprintf(path, sizeof(path), "%s/lock", r->dir);
	return path;
}

static void own_world(struct rig *r)
{
	rig_world_enter();
	mkdir(lock_folder(r), 01777);
}

static void cover_folder(struct rig *r, pid_t program)
{
	(void)program;
	assert_int_equal(mount("none", lock_folder(r), "tmpfs", MS_RDONLY, "size=4k"), 0);
}

static void uncover_folder(struct rig *r)
{
	assert_int_equal(umount2(lock_folder(r), MNT_DETACH), 0);
}

const struct fault_hook host_lock_folder_gone = {
	.before = own_world, .strike = cover_folder, .heal = uncover_folder};

static void small_folder(struct rig *r)
{
	own_world(r);
	assert_int_equal(mount("none", lock_folder(r), "tmpfs", 0, "size=64k,mode=1777"), 0);
}

static const char *filler(const struct rig *r)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/.filler", lock_folder(r));
	return path;
}

static void fill_folder(struct rig *r, pid_t program)
{
	static const char page[4096];
	int fd = open(filler(r), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)program;
	assert_true(fd >= 0);
	while (write(fd, page, sizeof(page)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void empty_folder(struct rig *r)
{
	assert_int_equal(unlink(filler(r)), 0);
}

const struct fault_hook host_disk_full = {.before = small_folder,
					  .after = uncover_folder,
					  .strike = fill_folder,
					  .heal = empty_folder};
