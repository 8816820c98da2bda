/* SPDX-License-Identifier: Apache-2.0 */
/* The control command for one container. */
#ifndef IOTSAFE_SIM_CONTROL_OBJECT_H
#define IOTSAFE_SIM_CONTROL_OBJECT_H

#include "store.h"

/* text is what follows "object": KIND ID shows the container; ATTRIBUTE HEX sets one of
 * object_attrs, "value HEX" fills it, "clear" empties it. Writes the answer; true if the store has
 * changed. */
bool control_object(struct store *s, struct bytes text, struct wtr *reply);

#endif
