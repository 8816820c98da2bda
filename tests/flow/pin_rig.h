/* SPDX-License-Identifier: Apache-2.0 */
/* A card whose keys want the application PIN, and what the simulator says of that PIN's counters.
 */
#ifndef IOTSAFE_TESTS_FLOW_PIN_RIG_H
#define IOTSAFE_TESTS_FLOW_PIN_RIG_H

#include "rig.h"

struct pin_counters {
	unsigned tries;
	unsigned verifies; /* VERIFY commands with a PIN that the card has seen */
	unsigned failures; /* tries that were lost */
};

/* Profile `pin` on this link: "device" wants a login, "signature" the PIN before each use, "open"
 * nothing. With a source: pin-source, a file that holds this text. seconds: the module's timeout.
 */
void pin_rig_start(struct rig *r, enum rig_link link, unsigned seconds, const char *source);
void pin_rig_stop(struct rig *r);
/* Replaces what pin-source holds. */
void pin_rig_source(const char *text);
struct pin_counters pin_rig_counters(const struct rig *r);

/* With a session of its own; CKR_KEY_HANDLE_INVALID when no such key is to be found. */
CK_RV pin_rig_sign(const struct rig *r, const char *label);
CK_RV pin_rig_login(const struct rig *r, CK_SESSION_HANDLE s, const char *pin);
CK_STATE pin_rig_state(const struct rig *r, CK_SESSION_HANDLE s);
CK_FLAGS pin_rig_flags(const struct rig *r);

#endif
