/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "front.h"

static status start(struct sim_card *card, struct sim_faults *faults, const char *argument,
		    struct sim_front **ret_front, char err[256])
{
	(void)card;
	(void)faults;
	(void)argument;
	(void)ret_front;
	snprintf(err, 256, "this front is not available");
	return ST_UNSUPPORTED;
}

static void stop(struct sim_front *front)
{
	(void)front;
}

const struct sim_front_ops sim_front_mbim = {
	.option = "--mbim",
	.help = "--mbim LINK",
	.start = start,
	.stop = stop,
};
