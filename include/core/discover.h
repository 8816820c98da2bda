/* SPDX-License-Identifier: Apache-2.0 */
/* Which slots there are. */
#ifndef IOTSAFE_CORE_DISCOVER_H
#define IOTSAFE_CORE_DISCOVER_H

#include <stddef.h>
#include "settings.h"

/* The complete slot list: the configured slots that are no member of a group, with a bare "pcsc:"
 * expanded to one slot a reader, then the groups; or, without any [slot] section, all PC/SC
 * readers, the AT ports that udev tagged ID_IOTSAFE_PORT (by a link that survives renumbering,
 * where there is one), and the QMI and MBIM modems whose proxy listens now. No APDU, no device
 * opened, no connection to a proxy; PC/SC is asked for its readers only where it is used. Each slot
 * gets an id: its own, or the lowest free one in the order of the list, which for what was found is
 * that of kinds and names; names are unique. At most cap slots, the surplus is logged. ret_slots is
 * written from the start; a service that is absent means no slots of its kind, not a failure. */
status discover_slots(const struct settings *s, struct settings_slot *ret_slots, size_t cap,
		      size_t *ret_count) MUST_USE;

/* Devices that could lead to a SIM and that discover_slots does not find: why, and what to do about
 * it (or NULL). For people; as quick and as quiet as the above. */
void discover_explain(void (*tell)(void *ctx, const char *device, const char *why,
				   const char *remedy),
		      void *ctx);

#endif
