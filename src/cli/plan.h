/* SPDX-License-Identifier: Apache-2.0 */
/* What a run of the tool is about: the configuration in force, narrowed by the options. */
#ifndef IOTSAFE_CLI_PLAN_H
#define IOTSAFE_CLI_PLAN_H

#include "cli.h"
#include "settings.h"
#include "sizes.h"

struct plan {
	char path[PATH_LEN_MAX]; /* the configuration file */
	struct settings settings;
	struct settings_slot slot[SLOTS_MAX]; /* that are there, narrowed by --slot */
	size_t slot_count;
	/* configured, but no slot: no device of the kind is there, or it is a member of a group */
	struct settings_slot absent[SLOTS_MAX];
	size_t absent_count;
	char error[SETTINGS_ERROR_MAX]; /* why plan_make failed, for people */
	bool made_file;			/* path is ours, written for --uri */
};

/* Loads, and points IOTSAFE_CONF at the same file, so that the module sees what we see. Allocates
 * *ret_plan even on failure (then error is set), except for ST_NOMEM. ST_CONFIG for a wrong
 * configuration, ST_ARG for a wrong --uri, ST_NO_SLOT for a --slot that is not there. */
status plan_make(const struct options *opt, struct plan **ret_plan) MUST_USE;
void plan_free(struct plan *p); /* NULL is fine */
/* The group that is shown as the slot of that id, or NULL. */
const struct settings_slot *plan_group(const struct plan *p, unsigned long slot_id);
/* For ON_EXIT. */
void plan_free_ptr(struct plan **p);

#endif
