/* SPDX-License-Identifier: Apache-2.0 */
/* PINs as text: their section of card.txt, and the control command "pin". */
#ifndef IOTSAFE_SIM_UICC_PIN_TEXT_H
#define IOTSAFE_SIM_UICC_PIN_TEXT_H

#include "uicc_pin.h"

/* One line of a [pin] section. ST_NO_ENTRY for an unknown key, ST_ARG for a value that does not
 * fit. */
status uicc_pin_read(struct uicc_pin *p, struct bytes key, struct bytes value) MUST_USE;
void uicc_pin_write(const struct uicc_pin *p, struct wtr *w);

/* "ok verifies=N failures=N" (VERIFY commands with data, tries lost, PUK tries among them), then a
 * line for each PIN. */
void uicc_pin_list(const struct uicc_pin_table *t, struct wtr *reply);
/* "set REF VALUE", "tries REF N", "enable REF", "disable REF", "verify REF", "forget REF": what
 * somebody else did to the card. ST_ARG with a line for people in err. */
status uicc_pin_change(struct uicc_pin_table *t, struct bytes text, char err[128]) MUST_USE;

#endif
