/* SPDX-License-Identifier: Apache-2.0 */
/* The PINs of a fresh card, and which of a profile's containers ask for one. */
#ifndef IOTSAFE_SIM_UICC_PIN_MAKE_H
#define IOTSAFE_SIM_UICC_PIN_MAKE_H

#include <stdio.h>

#include "make.h"

#define PIN_DEFAULT "1234"
#define PUK_DEFAULT "12345678"

/* Every card has the three PINs, as every UICC does: only the second application PIN is enabled
 * from the start, except in the profile `pin`. ST_ARG with a line for people in err for a PIN or
 * PUK that is none. */
status uicc_pin_make(struct store *s, const struct make_options *options, char err[256]) MUST_USE;
/* Once the containers are there: those of the profile that ask for a PIN do so. */
status uicc_pin_ask(struct store *s, const char *profile) MUST_USE;

/* Says the application PIN and its PUK where the profile asks for them. */
void uicc_pin_tell(const struct make_options *options, FILE *to);

#endif
