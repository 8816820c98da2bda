/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of each section of the configuration: how a value gets into the section's struct, and
 * what to tell people that it wants. Tables end with an empty name. */
#ifndef IOTSAFE_SRC_BASE_SETTINGS_KEYS_H
#define IOTSAFE_SRC_BASE_SETTINGS_KEYS_H

#include "settings.h"

struct settings_key {
	const char *name;
	status (*set)(void *section, const char *value); /* ST_ARG: not what is expected */
	const char *expected;
};

extern const struct settings_key settings_module_keys[];    /* section: struct settings */
extern const struct settings_key settings_slot_keys[];	    /* struct settings_slot */
extern const struct settings_key settings_container_keys[]; /* struct settings_container */
extern const struct settings_key settings_group_keys[];	    /* struct settings_group */

/* A section's name into a fixed array. ST_ARG when empty or too long. */
status settings_set_text(char *dst, size_t cap, const char *value) MUST_USE;

/* A slot id; a token label without a colon; 1 to `most` seconds. ST_ARG. */
status settings_set_id(const char *value, int *ret_id) MUST_USE;
status settings_set_label(const char *value, char *dst, size_t cap) MUST_USE;
status settings_set_seconds(const char *value, long most, int *ret_ms) MUST_USE;

/* Finds each group's members among the slots. NULL, or what is wrong with group i. */
const char *settings_check_group(struct settings *s, size_t i);

#endif
