/* SPDX-License-Identifier: Apache-2.0 */
/* The card's memory: its settings and containers, kept in a directory.
 *
 * DIR/card.txt (readable text) names everything; the values are files under DIR/objects (keys as
 * PEM, the rest as it is), each new value under a new name. So replacing card.txt replaces all at
 * once. */
#ifndef IOTSAFE_SIM_STORE_H
#define IOTSAFE_SIM_STORE_H

#include <stddef.h>

#include "bytes.h"
#include "traits.h"
#include "object.h"
#include "uicc_pin.h"

enum { STORE_OBJECTS_MAX = 96 };

struct store {
	int dirfd; /* holds a lock against a second program; -1: none */
	struct traits config;
	struct object object[STORE_OBJECTS_MAX];
	size_t count;
	struct uicc_pin_table pins;
	unsigned long serial; /* number of the next value file */
};

/* An empty store in the directory dirfd, which it takes over. ST_NOMEM closes it. */
status store_new(int dirfd, struct store **ret_store) MUST_USE;
/* ST_* with a line for people in err. The containers with volatile keys come up empty. */
status store_load(const char *dir, struct store **ret_store, char err[256]) MUST_USE;
/* Writes what has changed. */
status store_save(struct store *s) MUST_USE;
void store_free(struct store *s);

/* Volatile keys are gone, their containers empty, and no PIN is verified. */
void store_power_cycle(struct store *s);

struct object *store_find_id(struct store *s, enum object_kind kind, struct bytes id);
struct object *store_find_label(struct store *s, enum object_kind kind, struct bytes label);
/* The public half of a private container: same label, or same id where there is no label. */
struct object *store_public_of(struct store *s, const struct object *priv);
/* A new empty container at the end; ST_FULL, ST_SHORT_OUT. */
status store_add(struct store *s, enum object_kind kind, struct bytes id, struct bytes label,
		 struct object **ret_object) MUST_USE;

#endif
