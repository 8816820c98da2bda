/* SPDX-License-Identifier: Apache-2.0 */
/* card.txt: how a store is written down.
 *
 *   [card]                     settings of traits.h, "key = value"
 *   serial = 7
 *   [object]                   one section a container
 *   kind = private
 *   id = 01                    hex
 *   label = device             text, or hex:… where it is not plain
 *   access = 02 …              the numbers of object_attrs, hex
 *   value = objects/private-01.3.pem
 *   [pin]                      one section a PIN, as in uicc_pin_text.c
 */
#ifndef IOTSAFE_SIM_STATE_H
#define IOTSAFE_SIM_STATE_H

#include "store.h"

status state_read(struct store *s, const char *dir, char err[256]) MUST_USE;
status state_write(struct store *s) MUST_USE;

#endif
