/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor's parts; doctor.c puts them in order. */
#ifndef IOTSAFE_CLI_DOCTOR_H
#define IOTSAFE_CLI_DOCTOR_H

#include "client.h"
#include "plan.h"
#include "report.h"

/* The module can be loaded, and p11-kit knows it (its absence there is a note, not a failure). */
void doctor_module(struct report *r, const char *named);
/* Is it registered, and readable? */
bool doctor_p11kit(struct report *r);
/* One slot: device, SIM, channel, applet, objects, a test signature of each key that signs. */
void doctor_slot(struct report *r, const struct settings *all, const struct settings_slot *slot);
/* A group's members, by name; each of them is walked as a slot. */
void doctor_group(struct report *r, const struct settings *all, const struct settings_slot *group);
/* Devices that were not found to be slots, and why. */
void doctor_skipped(struct report *r);
/* Who else has the modem's port open, if that can be seen: ModemManager above all. */
void doctor_owner(struct report *r, const struct settings_slot *slot);

/* Said when there is none of that name: ST_ARG. */
status doctor_client_find(const char *name, const struct client **ret_client) MUST_USE;
/* What that program needs, and the lines to paste. registered: as doctor_p11kit found. */
void doctor_client(struct report *r, const struct client *c, const struct options *opt,
		   const struct plan *p, bool registered);

#endif
