/* SPDX-License-Identifier: Apache-2.0 */
/* The faces of the software SIM. Each runs in its own threads inside iotsafe-sim; start returns
 * once the front answers (unix: listening; at: link made; vpcd: connected and powered by pcscd, or
 * waiting to connect), stop ends the threads and removes what start made. */
#ifndef IOTSAFE_SIM_FRONT_H
#define IOTSAFE_SIM_FRONT_H

#include "card.h"
#include "fault.h"

struct sim_front;

struct sim_front_ops {
	const char *option; /* "--unix" */
	const char *help;
	status (*start)(struct sim_card *card, struct sim_faults *faults, const char *argument,
			struct sim_front **ret_front, char err[256]);
	void (*stop)(struct sim_front *front); /* frees it too */
};

extern const struct sim_front_ops sim_front_unix, sim_front_at, sim_front_mbim, sim_front_qmux,
	sim_front_vpcd;

#endif
