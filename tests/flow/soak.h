/* SPDX-License-Identifier: Apache-2.0 */
/* What the long tests count: descriptors, memory, what is left open at the modem. */
#ifndef IOTSAFE_TESTS_FLOW_SOAK_H
#define IOTSAFE_TESTS_FLOW_SOAK_H

#include "rig.h"

/* Is the long form asked for (IOTSAFE_TEST_LONG=1)? */
bool soak_is_long(void);
unsigned soak_descriptors(void);
unsigned long soak_resident_kb(void);
/* Does it tell anything? A sanitizer keeps what was freed. */
bool soak_resident_tells(void);
/* Channels open beside the basic one. */
unsigned soak_channels(const struct rig *r);
/* Client ids of the card service that the modem has given out; 0 where there are none. */
unsigned soak_clients(const struct rig *r);
/* Is a lock file of this rig held, or said to be in the middle of an operation? To be asked when
 * nobody is at work. */
bool soak_lock_is_stuck(const struct rig *r);

#endif
