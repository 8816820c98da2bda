/* SPDX-License-Identifier: Apache-2.0 */
/* rig_seconds() without the time in which the machine stood still. */
#ifndef IOTSAFE_TESTS_FLOW_RIG_CLOCK_H
#define IOTSAFE_TESTS_FLOW_RIG_CLOCK_H

/* Once a process, and for its children, from now on. */
void rig_clock_start(void);
/* Seconds that were not counted so far. */
double rig_clock_lost(void);

#endif
