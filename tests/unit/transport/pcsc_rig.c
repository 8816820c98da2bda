/* SPDX-License-Identifier: Apache-2.0 */
#include "pcsc_rig.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
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
#include <unistd.h>
#include <cmocka.h>

#include "bytes.h"
#include "deadline.h"
#include "pcsc.h"

static char dir[64];
static char socket_path[96];
static pid_t daemon_pid = -1;
static pid_t sim_pid = -1;

const char *pcsc_rig_dir(void)
{
	return dir;
}

/* A child whose output goes to `log` in our folder, and that does not outlive us. */
static pid_t spawn(const char *log, const char *const argv[])
{
	char path[128];
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	snprintf(path, sizeof(path), "%s/%s", dir, log);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(126);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static bool file_has(const char *log, const char *text)
{
	char path[128];
	char content[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, log);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, content, sizeof(content) - 1);
	close(fd);
	content[n > 0 ? n : 0] = '\0';
	return strstr(content, text) != NULL;
}

void pcsc_rig_start_daemon(void)
{
	const char *const argv[] = {"pcscd", "-f", NULL};
	deadline dl = deadline_in_ms(5000);
	struct stat st;

	daemon_pid = spawn("pcscd.log", argv);
	while (stat(PCSC_SOCKET, &st) != 0) {
		assert_false(deadline_passed(dl));
		deadline_sleep(dl, 10);
	}
}

void pcsc_rig_stop_daemon(int signal_number)
{
	if (daemon_pid < 0)
		return;
	kill(daemon_pid, signal_number);
	waitpid(daemon_pid, NULL, 0);
	daemon_pid = -1;
	/* what a killed pcscd leaves behind, and a new one would take for a running one */
	unlink(PCSC_SOCKET);
	unlink(PCSC_PID_FILE);
}

static void loopback_up(void)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(r.ifr_name, "lo");
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	close(fd);
}

static void start_sim(void)
{
	char card[96];
	const char *const make[] = {getenv("IOTSAFE_SIM"), "new", card, "--profile", "demo", NULL};
	const char *const run[] = {getenv("IOTSAFE_SIM"), "run",    card,	 "--vpcd",
				   "127.0.0.1:35963",	  "--unix", socket_path, NULL};
	int status_word = -1;
	deadline dl = deadline_in_ms(10000);

	assert_non_null(make[0]);
	snprintf(card, sizeof(card), "%s/card", dir);
	snprintf(socket_path, sizeof(socket_path), "%s/sim", dir);
	assert_int_equal(waitpid(spawn("new.log", make), &status_word, 0) > 0, 1);
	assert_int_equal(status_word, 0);
	sim_pid = spawn("sim.log", run);
	while (!file_has("sim.log", "ready")) {
		assert_false(deadline_passed(dl));
		deadline_sleep(dl, 20);
	}
}

void pcsc_rig_enter(void)
{
	strcpy(dir, "/tmp/pcsc-rig-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(unshare(CLONE_NEWNS | CLONE_NEWNET), 0);
	assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	mkdir("/run/pcscd", 0755);
	assert_int_equal(mount("none", "/run/pcscd", "tmpfs", 0, "mode=755"), 0);
	loopback_up();
	start_sim();
}

static void remove_dir(void)
{
	const char *const argv[] = {"rm", "-rf", dir, NULL};

	waitpid(spawn("rm.log", argv), NULL, 0);
}

void pcsc_rig_leave(void)
{
	pcsc_rig_stop_daemon(SIGTERM);
	if (sim_pid > 0) {
		kill(sim_pid, SIGTERM);
		waitpid(sim_pid, NULL, 0);
	}
	remove_dir();
}

void pcsc_rig_control(const char *text)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	uint8_t frame[256];
	char reply[512] = "";
	struct wtr w = WTR_ON(frame);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", socket_path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	wtr_u16be(&w, (uint16_t)(strlen(text) + 1));
	wtr_u8(&w, 0xFF);
	wtr_put(&w, bytes_str(text));
	assert_int_equal(write(fd, frame, w.n), (ssize_t)w.n);
	assert_true(read(fd, reply, sizeof(reply) - 1) >= 4);
	close(fd);
	assert_memory_equal(reply + 2, "ok", 2);
}

/* For two seconds: pcscd may not have noticed yet that who held the card is gone. */
static bool connect_other(const struct pcsc_api *api, DWORD share, SCARDCONTEXT *ret_ctx,
			  SCARDHANDLE *ret_card)
{
	DWORD protocol;

	for (int i = 0; i < 100; i++) {
		if (api->establish(SCARD_SCOPE_SYSTEM, NULL, NULL, ret_ctx) == SCARD_S_SUCCESS) {
			if (api->connect(*ret_ctx, "Virtual PCD 00 00", share,
					 SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, ret_card,
					 &protocol) == SCARD_S_SUCCESS)
				return true;
			(void)api->release(*ret_ctx);
		}
		deadline_sleep(DEADLINE_NEVER, 20);
	}
	return false;
}

static void be_other(int ready, int release, DWORD share, bool transaction, DWORD disposition)
{
	struct pcsc_api api = {0};
	SCARDCONTEXT ctx;
	SCARDHANDLE card;
	char byte = 'x';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pcsc_api_load(&api, PCSC_LIBRARY) != ST_OK ||
	    !connect_other(&api, share, &ctx, &card) ||
	    (transaction && api.begin(card) != SCARD_S_SUCCESS))
		_exit(1);
	if (write(ready, &byte, 1) != 1 || read(release, &byte, 1) < 0)
		_exit(2);
	if (transaction)
		(void)api.end(card, disposition);
	(void)api.disconnect(card, disposition);
	(void)api.release(ctx);
	_exit(0);
}

void pcsc_rig_other(struct other_client *c, DWORD share, bool transaction, DWORD disposition)
{
	int ready[2], release[2];
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(release, O_CLOEXEC), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		close(release[1]);
		be_other(ready[1], release[0], share, transaction, disposition);
	}
	close(ready[1]);
	close(release[0]);
	c->ready = ready[0];
	c->release = release[1];
	assert_int_equal(read(c->ready, &byte, 1), 1);
}

void pcsc_rig_release(struct other_client *c)
{
	int code = -1;

	close(c->release);
	close(c->ready);
	assert_int_equal(waitpid(c->pid, &code, 0), c->pid);
	assert_int_equal(code, 0);
}
