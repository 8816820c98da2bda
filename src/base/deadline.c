/* SPDX-License-Identifier: Apache-2.0 */
#include "deadline.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#define NS_PER_MS 1000000
#define NS_PER_S 1000000000

int64_t deadline_now(void)
{
	struct timespec ts = {0};

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

deadline deadline_in_ms(int64_t ms)
{
	return deadline_now() + ms * NS_PER_MS;
}

deadline deadline_sooner(deadline dl, int64_t ms)
{
	deadline other = deadline_in_ms(ms);

	return dl < other ? dl : other;
}

bool deadline_passed(deadline dl)
{
	return dl != DEADLINE_NEVER && deadline_now() >= dl;
}

int deadline_poll_ms(deadline dl)
{
	int64_t left;

	if (dl == DEADLINE_NEVER)
		return -1;
	left = deadline_now();
	if (dl <= left)
		return 0;
	left = dl - left;
	left = left / NS_PER_MS + (left % NS_PER_MS != 0);
	return left > INT_MAX ? INT_MAX : (int)left;
}

void deadline_sleep(deadline dl, int64_t ms)
{
	deadline until = deadline_sooner(dl, ms);
	struct timespec ts = {.tv_sec = until / NS_PER_S, .tv_nsec = until % NS_PER_S};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}
