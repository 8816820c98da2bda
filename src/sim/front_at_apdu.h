/* SPDX-License-Identifier: Apache-2.0 */
/* The modem's own dealings with the card: logical channels, class bytes, 61xx and 6Cxx, EF reading.
 */
#ifndef IOTSAFE_SIM_FRONT_AT_APDU_H
#define IOTSAFE_SIM_FRONT_AT_APDU_H

#include "front_at.h"

/* An answer, and what F23 adds to it. */
enum { AT_APDU_REPLY_MAX = APDU_REPLY_MAX + 8 };

/* The class byte of a command on `channel`: what the host put into the channel bits is replaced
 * (TS 102 221 §10.1.1: 0X and 8X for 0..3, 4X and CX for 4..19). */
uint8_t at_apdu_class(uint8_t cla, uint8_t channel);
/* A command of the host, with the faults of the link between modem and card. */
status at_apdu_for_host(struct sim_front *m, struct bytes cmd, struct wtr *reply) MUST_USE;
/* MANAGE CHANNEL and SELECT: AT_OK, or a CME code. */
int at_apdu_open_channel(struct sim_front *m, struct bytes aid, uint8_t *ret_channel);
void at_apdu_close_channel(struct sim_front *m, uint8_t channel);
/* CRSM's five numbers: command, file, P1, P2, P3. The answer, or the refusal of the SELECT. */
status at_apdu_read_file(struct sim_front *m, const unsigned v[5], struct wtr *reply) MUST_USE;

#endif
