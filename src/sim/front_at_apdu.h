/* SPDX-License-Identifier: Apache-2.0 */
/* The AT modem's baseband, with the faults of the link between modem and card. */
#ifndef IOTSAFE_SIM_FRONT_AT_APDU_H
#define IOTSAFE_SIM_FRONT_AT_APDU_H

#include "front_at.h"

/* A command of the host, with the faults of the link between modem and card. */
status at_apdu_for_host(struct sim_front *m, struct bytes cmd, struct wtr *reply) MUST_USE;
/* MANAGE CHANNEL and SELECT: AT_OK, or a CME code. */
int at_apdu_open_channel(struct sim_front *m, struct bytes aid, uint8_t *ret_channel);

#endif
