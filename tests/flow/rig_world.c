/* SPDX-License-Identifier: Apache-2.0 */
#include "rig_world.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"
#include "rig_process.h"

static void loopback_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {.ifr_name = "lo"};

	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) != 0)
		fail_msg("lo: %s", strerror(errno));
	close(fd);
}

void rig_world_enter(void)
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
	/* a proxy opens a pty by its number, which by then may be that of another test's modem */
	if (mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620") != 0)
		fail_msg("devpts on /dev/pts: %s", strerror(errno));
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

	r->pcscd = rig_process_start(argv, NULL);
	for (int ms = 0; access("/run/pcscd/pcscd.comm", F_OK) != 0 || !tcp_answers(35963);
	     ms += 10) {
		if (ms > RIG_WAIT_MS)
			fail_msg("pcscd did not come up");
		rig_pause_ms(10);
	}
}

void rig_pcscd_stop(struct rig *r, int sig)
{
	rig_process_end(&r->pcscd, sig);
	unlink("/run/pcscd/pcscd.comm");
	unlink("/run/pcscd/pcscd.pid");
}

/* --- the proxies --- */

/* A daemon at its start is there with no flags for a moment, and accepts nobody yet. */
static bool listens(const char *name)
{
	char line[400];
	FILE *f = fopen("/proc/net/unix", "re");
	bool found = false;

	while (f && fgets(line, sizeof(line), f))
		found = found || (strstr(line, name) && strstr(line, " 00010000 "));
	if (f)
		fclose(f);
	return found;
}

static void mbim_proxy_start(struct rig *r)
{
	const char *argv[] = {
		"/bin/sh", "-c",
		"exec /usr/libexec/mbim-proxy --no-exit $IOTSAFE_PROXY_OPTIONS 2>>\"$0\"",
		r->proxy_log, NULL};

	r->proxy = rig_process_start(argv, NULL);
	for (int ms = 0; !listens(" @mbim-proxy\n"); ms += 5) {
		if (ms > RIG_WAIT_MS)
			fail_msg("mbim-proxy did not come up");
		rig_pause_ms(5);
	}
}

static void qmi_proxy_start(struct rig *r)
{
	const char *argv[] = {"/bin/sh",
			      "-c",
			      "exec \"$1\" \"$2\" 2>>\"$0\"",
			      r->proxy_log,
			      rig_process_env("IOTSAFE_QMI_PROXY"),
			      r->port,
			      NULL};
	int out;

	r->proxy = rig_process_start(argv, &out);
	rig_process_await_ready(out, "qmi-proxy");
}

void rig_proxy_start(struct rig *r)
{
	if (rig_over_qmi(r->opt.link))
		qmi_proxy_start(r);
	else
		mbim_proxy_start(r);
}

void rig_proxy_stop(struct rig *r, int sig)
{
	rig_process_end(&r->proxy, sig);
}

/* --- whichever --- */

void rig_service_start(struct rig *r)
{
	if (rig_over_pcsc(r->opt.link))
		rig_pcscd_start(r);
	if (rig_over_proxy(r->opt.link))
		rig_proxy_start(r);
}

void rig_service_stop(struct rig *r, int sig)
{
	if (r->pcscd)
		rig_pcscd_stop(r, sig);
	if (r->proxy)
		rig_proxy_stop(r, sig);
}
