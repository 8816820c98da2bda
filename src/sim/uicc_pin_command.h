/* SPDX-License-Identifier: Apache-2.0 */
/* VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK PIN, and what a verified PIN opens. */
#ifndef IOTSAFE_SIM_UICC_PIN_COMMAND_H
#define IOTSAFE_SIM_UICC_PIN_COMMAND_H

#include "object.h"
#include "uicc.h"

/* Is this command one of the UICC's PIN commands where it arrived? With an applet selected it
 * belongs to the applet, since 24 and 2C mean something else there; only VERIFY passes the applet
 * by, if the setting pin-at says so. */
bool uicc_pin_takes(const struct uicc *u, const struct apdu *a);
uint16_t uicc_pin_command(struct uicc *u, const struct apdu *a);

/* 9000, or 6982 while the PIN that the container asks for is enabled and not verified. Keeps in
 * mind what the command uses, for uicc_pin_used. Public keys ask for nothing. */
uint16_t uicc_pin_permits(struct uicc *u, const struct object *o);
/* Before a command; and after one that has used what uicc_pin_permits let through: a container with
 * pin-always has used the verified status up. */
void uicc_pin_unused(struct uicc *u);
void uicc_pin_used(struct uicc *u);

#endif
