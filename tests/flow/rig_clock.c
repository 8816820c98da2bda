/* SPDX-License-Identifier: Apache-2.0 */
/* A clock for deadlines that does not count the time in which the machine stood still: virtual ones
 * are stopped for seconds, and no program can answer meanwhile. A process of its own looks at the
 * time in steps, and what a step took too long is not counted. */
#include "rig_clock.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "rig.h"

enum { STEP_NS = 50000000, LATE_NS = 100000000 };

struct clock_page {
	_Atomic int64_t lost;	/* so far, ns */
	_Atomic int64_t looked; /* when it did last */
};
static struct clock_page *page;
static pid_t owner;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* What was too long of the step that began then. */
static int64_t late(int64_t began, int64_t now)
{
	int64_t over = now - began - STEP_NS;

	return over > LATE_NS ? over : 0;
}

static void look(void)
{
	const struct timespec step = {0, STEP_NS};

	for (;;) {
		nanosleep(&step, NULL);
		int64_t now = now_ns();
		page->lost += late(page->looked, now);
		page->looked = now;
	}
}

void rig_clock_start(void)
{
	pid_t parent = getpid();

	if (owner == parent)
		return;
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		fail_msg("no memory for a clock");
	page->looked = now_ns();
	owner = parent;
	pid_t pid = fork();
	if (pid < 0)
		fail_msg("fork: no clock");
	if (pid > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (int fd = 0; fd < 64; fd++)
		close(fd);
	look();
}

double rig_clock_lost(void)
{
	return page ? (double)(page->lost + late(page->looked, now_ns())) / 1e9 : 0;
}

double rig_seconds(void)
{
	int64_t now = now_ns();

	if (page)
		now -= page->lost + late(page->looked, now);
	return (double)now / 1e9;
}
