/* SPDX-License-Identifier: Apache-2.0 */
/* The way to a modem's MBIM function: through mbim-proxy, which owns the device and lets many
 * programs use it, or straight to the device. Says in the log what the user can do when it is shut.
 */
#ifndef IOTSAFE_TRANSPORT_MBIM_DOOR_H
#define IOTSAFE_TRANSPORT_MBIM_DOOR_H

#include "mbim_link.h"

struct mbim_door {
	const char *device; /* as configured: links are resolved at each connect */
	char proxy[108];    /* "@name" or "/path"; "" for the device itself */
	status told;	    /* the last refusal, which is not told twice */
	bool told_stuck, told_silent;
};

/* Connects l and makes the function answer. The device itself is not opened anew (MBIM's OPEN) when
 * `in_use` says that another process has done so, unless it is silent or says that it is not open:
 * a second OPEN may cost the others their channels. ST_NO_DEVICE, ST_NO_SERVICE (no proxy),
 * ST_DENIED_DEVICE, ST_BUSY_DEVICE, ST_TIMEOUT, ST_IO, ST_DESYNC. */
status mbim_door_connect(struct mbim_door *d, struct mbim_link *l, bool in_use,
			 deadline dl) MUST_USE;
/* Would there be somebody to connect to? Without traffic. */
bool mbim_door_is_there(const struct mbim_door *d);

/* For the user: connected, but the function is not open all the same. mbim-proxy of libmbim 1.28
 * closes its device when the modem says so to a client's command, and never opens it again. */
void mbim_door_tell_stuck(struct mbim_door *d);
/* For the user, too, through the proxy: a question that needs no SIM, asked at `since`, was not
 * answered. mbim-proxy, and with it the modem, is silent for ever once it has read bytes that are
 * no message: it waits for what it takes for the rest of one. Nothing is said after less than a
 * second.
 */
void mbim_door_tell_silent(struct mbim_door *d, int64_t since);
/* What was told does not hold any more: the next time it is told again. */
void mbim_door_answers(struct mbim_door *d);

#endif
