/* SPDX-License-Identifier: Apache-2.0 */
/* The card, the simulator on it, and the configuration that leads there. */
#include "rig.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig_clock.h"
#include "rig_process.h"
#include "rig_world.h"

enum { ARGS_MAX = 40, SCRATCH_MIN = 512 << 20 };
#define RIG_DIR "/iotsafe-flow-"

/* --- links --- */

/* uri and front: %s is the modem's link (unix: the socket). */
static const struct link {
	const char *name;
	const char *uri;
	const char *option; /* of iotsafe-sim, for the front; NULL: the unix front does */
	const char *front;
	enum { NO_SERVICE, OVER_PCSCD, OVER_PROXY } service;
} links[] = {
	[RIG_UNIX] = {"unix", "unix:%s", NULL, NULL, NO_SERVICE},
	[RIG_AT_CGLA] = {"at-cgla", "at:%s", "--at", "%s", NO_SERVICE},
	[RIG_AT_CSIM] = {"at-csim", "at:%s", "--at", "%s?cgla=no", NO_SERVICE},
	[RIG_PCSC] = {"pcsc", "pcsc:?reader=00 00", "--vpcd", "127.0.0.1:35963", OVER_PCSCD},
	[RIG_PCSC_T0] = {"pcsc-t0", "pcsc:?reader=00 00", "--vpcd", "127.0.0.1:35963", OVER_PCSCD},
	[RIG_MBIM] = {"mbim", "mbim:%s?direct=1", "--mbim", "%s", NO_SERVICE},
	[RIG_MBIM_PROXY] = {"mbim-proxy", "mbim:%s", "--mbim", "%s", OVER_PROXY},
	[RIG_QMI] = {"qmi", "qmi:%s?direct=1", "--qmux", "%s", NO_SERVICE},
	[RIG_QMI_PROXY] = {"qmi-proxy", "qmi:%s", "--qmux", "%s?tty=yes", OVER_PROXY},
};

bool rig_link_named(const char *name, enum rig_link *ret_link)
{
	for (unsigned i = 0; i < RIG_LINKS; i++) {
		if (strcmp(links[i].name, name) != 0)
			continue;
		*ret_link = (enum rig_link)i;
		return true;
	}
	return false;
}

const char *rig_link_name(enum rig_link link)
{
	return links[link].name;
}

static bool shares;

bool rig_shares(void)
{
	return shares;
}

enum rig_link rig_argument(int argc, char **argv)
{
	enum rig_link link = RIG_UNIX;
	bool known = argc < 2 || rig_link_named(argv[1], &link);

	shares = known && argc == 3 && rig_over_qmi(link) && strcmp(argv[2], "share") == 0;
	if (known)
		return link;
	fprintf(stderr, "usage: %s LINK [share], LINK one of:", argv[0]);
	for (unsigned i = 0; i < RIG_LINKS; i++)
		fprintf(stderr, " %s", links[i].name);
	fprintf(stderr, "\n");
	exit(2);
}

int rig_run(const struct rig_test *tests, size_t n, enum rig_link link)
{
	struct CMUnitTest chosen[32];
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (!(tests[i].links & 1U << link))
			continue;
		if (count == sizeof(chosen) / sizeof(chosen[0]))
			return 2;
		chosen[count++] = tests[i].test;
	}
	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	return _cmocka_run_group_tests(rig_link_name(link), chosen, count, NULL, NULL);
}

bool rig_over_at(enum rig_link link)
{
	return link == RIG_AT_CGLA || link == RIG_AT_CSIM;
}

bool rig_over_pcsc(enum rig_link link)
{
	return links[link].service == OVER_PCSCD;
}

bool rig_over_mbim(enum rig_link link)
{
	return link == RIG_MBIM || link == RIG_MBIM_PROXY;
}

bool rig_over_qmi(enum rig_link link)
{
	return link == RIG_QMI || link == RIG_QMI_PROXY;
}

bool rig_over_proxy(enum rig_link link)
{
	return links[link].service == OVER_PROXY;
}

/* The text with the link's path put in. */
static void fill(char *dst, size_t cap, const char *text, const char *path)
{
	const char *at = strstr(text, "%s");
	int before = at ? (int)(at - text) : (int)strlen(text);

	if ((size_t)snprintf(dst, cap, "%.*s%s%s", before, text, at ? path : "",
			     at ? at + 2 : "") >= cap)
		fail_msg("%s: path too long", path);
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
	const struct link *l = &links[r->opt.link];
	const char *first[] = {rig_process_env("IOTSAFE_SIM"),
			       "run",
			       r->card,
			       "--unix",
			       r->socket,
			       "--apdu-log",
			       r->log,
			       NULL};
	char argument[160];
	const char *front[] = {l->option, argument, NULL};
	const char *argv[ARGS_MAX];
	size_t n = push(argv, 0, first);
	int out;

	if (l->option) {
		fill(argument, sizeof(argument), l->front, r->port);
		n = push(argv, n, front);
	}
	push(argv, n, r->opt.sim_args);
	r->sim = rig_process_start(argv, &out);
	rig_process_await_ready(out, "iotsafe-sim");
}

/* Its terminal's number may be another test's in a moment: the link to it goes first, as udev's
 * would.
 */
void rig_sim_stop(struct rig *r, int sig)
{
	unlink(r->port);
	rig_process_end(&r->sim, sig);
}

void rig_sim_freeze(struct rig *r)
{
	int st = 0;

	assert_int_equal(kill(r->sim, SIGSTOP), 0);
	assert_int_equal(waitpid(r->sim, &st, WUNTRACED), r->sim);
	assert_true(WIFSTOPPED(st));
}

void rig_sim_thaw(struct rig *r)
{
	assert_int_equal(kill(r->sim, SIGCONT), 0);
}

/* --- the whole --- */

static void write_conf(struct rig *r)
{
	char uri[160];
	FILE *f = fopen(r->conf, "we");

	fill(uri, sizeof(uri), links[r->opt.link].uri,
	     links[r->opt.link].option ? r->port : r->socket);
	if (!f)
		fail_msg("%s: %s", r->conf, strerror(errno));
	fprintf(f, "[module]\nlock-dir = %s/lock\nstore-dir = %s/store\n%s\n", r->dir, r->dir,
		r->opt.module_conf ? r->opt.module_conf : "");
	const char *share = !shares ? "" : strchr(uri, '?') ? "&share=1" : "?share=1";
	fprintf(f, "[slot sim]\nid = 0\nuri = %s%s\n%s\n", uri, share,
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

/* The ATR is the card's from the first power-on, so that pcscd chooses T=0. */
static void make_t0(const struct rig *r)
{
	char file[128];
	const char *argv[] = {"/bin/sed", "-i", "s/^t0 = no$/t0 = yes/", file, NULL};

	name(file, sizeof(file), r->card, "card.txt");
	rig_process_run(argv);
}

static void make_card(struct rig *r)
{
	const char *first[] = {
		rig_process_env("IOTSAFE_SIM"),		  "new", r->card, "--profile",
		r->opt.profile ? r->opt.profile : "demo", NULL};
	const char *argv[ARGS_MAX];
	size_t n = push(argv, 0, first);

	push(argv, n, r->opt.new_args);
	rig_process_run(argv);
	if (r->opt.t0)
		make_t0(r);
}

/* The simulator writes the card's state often, and many run at once: in memory, where there is
 * room. */
static const char *scratch(void)
{
	struct statvfs fs;

	if (access("/dev/shm", W_OK) == 0 && statvfs("/dev/shm", &fs) == 0 &&
	    fs.f_bavail * fs.f_frsize >= SCRATCH_MIN)
		return "/dev/shm";
	return "/tmp";
}

void rig_start(struct rig *r, const struct rig_options *opt)
{
	*r = (struct rig){.opt = *opt, .owner = getpid()};
	rig_clock_start();
	r->opt.t0 = opt->t0 || opt->link == RIG_PCSC_T0;
	snprintf(r->dir, sizeof(r->dir), "%s" RIG_DIR "XXXXXX", scratch());
	if (!mkdtemp(r->dir))
		fail_msg("mkdtemp: %s", strerror(errno));
	name(r->card, sizeof(r->card), r->dir, "card");
	name(r->socket, sizeof(r->socket), r->dir, "sim.sock");
	name(r->port, sizeof(r->port), r->dir, "modem");
	name(r->log, sizeof(r->log), r->dir, "apdu.log");
	name(r->conf, sizeof(r->conf), r->dir, "iotsafe.conf");
	name(r->proxy_log, sizeof(r->proxy_log), r->dir, "proxy.log");
	make_card(r);
	if (links[opt->link].service != NO_SERVICE)
		rig_world_enter();
	if (rig_over_pcsc(opt->link))
		rig_pcscd_start(r);
	rig_sim_start(r);
	if (rig_over_proxy(opt->link))
		rig_proxy_start(r);
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
	rig_process_end(&r->sim, SIGTERM);
	rig_service_stop(r, SIGTERM);
	if (strstr(r->dir, RIG_DIR))
		rig_process_run(argv);
	*r = (struct rig){0};
}
