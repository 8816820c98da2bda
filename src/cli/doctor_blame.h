/* SPDX-License-Identifier: Apache-2.0 */
/* What a status says about the way to the applet: where it breaks, and what helps. */
#ifndef IOTSAFE_CLI_DOCTOR_BLAME_H
#define IOTSAFE_CLI_DOCTOR_BLAME_H

#include "settings.h"

enum step { STEP_DEVICE, STEP_SIM, STEP_CHANNEL, STEP_APPLET, STEP_OBJECTS, STEP_SIGNATURE, STEPS };

struct blame {
	enum step step;
	const char *cause;
	char remedy[200];
};

/* st is not ST_OK; `reached` is the step that was being done, and the answer may be a later one. */
void doctor_blame(const struct settings_slot *slot, status st, enum step reached,
		  struct blame *ret_blame);
/* Who may use the slot's device, if it says so by a group; else in general. */
void doctor_permission_remedy(const struct settings_slot *slot, char *dst, size_t cap);

#endif
