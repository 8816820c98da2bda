/* SPDX-License-Identifier: Apache-2.0 */
/* A file of its own, so that a test can put another clock in its place. */
#include <time.h>

#include "card_impl.h"

static int64_t ns_of(clockid_t id)
{
	struct timespec ts = {0};

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* The clock that counts suspended time is read second, so that a pause between the two readings
 * adds to the result, and no suspension is missed. */
int64_t asleep_ns(void)
{
	int64_t awake = ns_of(CLOCK_MONOTONIC);

	return ns_of(CLOCK_BOOTTIME) - awake;
}
