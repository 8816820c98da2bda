/* SPDX-License-Identifier: Apache-2.0 */
/* Which slots there are. */
#ifndef IOTSAFE_CORE_DISCOVER_H
#define IOTSAFE_CORE_DISCOVER_H

#include <stddef.h>
#include "settings.h"

/* The complete slot list: the configured slots, with a bare "pcsc:" expanded to one slot a reader;
 * or, without any [slot] section, all PC/SC readers and the AT ports that udev tagged
 * ID_IOTSAFE_PORT. No APDU, no device opened; PC/SC is asked for its readers only where it is used.
 * Each slot gets an id: its own, or the lowest free one in the order of the list; names are unique.
 * At most cap slots, the surplus is logged. ret_slots is written from the start; a service that is
 * absent means no slots of its kind, not a failure. */
status discover_slots(const struct settings *s, struct settings_slot *ret_slots, size_t cap,
		      size_t *ret_count) MUST_USE;

#endif
