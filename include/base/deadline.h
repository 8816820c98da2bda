/* SPDX-License-Identifier: Apache-2.0 */
/* Absolute deadlines on the monotonic clock; one is made at the door and handed down. */
#ifndef IOTSAFE_BASE_DEADLINE_H
#define IOTSAFE_BASE_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#define DEADLINE_NEVER INT64_MAX

typedef int64_t deadline; /* nanoseconds of CLOCK_MONOTONIC */

int64_t deadline_now(void);
deadline deadline_in_ms(int64_t ms);
/* The earlier of dl and "in ms milliseconds". */
deadline deadline_sooner(deadline dl, int64_t ms);
bool deadline_passed(deadline dl);
/* Milliseconds left, rounded up, clamped to 0..INT_MAX; -1 for DEADLINE_NEVER. Fit for poll(2). */
int deadline_poll_ms(deadline dl);
/* Sleeps ms or until dl, whichever is first; EINTR does not shorten it. */
void deadline_sleep(deadline dl, int64_t ms);

#endif
