/* SPDX-License-Identifier: Apache-2.0 */
/* The back door for test vectors: values that are given instead of made (iotsafe-protocol.md
 * §18.5). */
#ifndef IOTSAFE_SIM_INJECT_H
#define IOTSAFE_SIM_INJECT_H

#include "store.h"

/* Puts a value into a container of the store: a secret's or a file's bytes; a private key's number,
 * from which the public half that belongs to it follows. ST_* with a line for people in err. */
status inject_value(struct store *s, struct object *o, struct bytes value, char err[128]) MUST_USE;
/* The container "KIND ID" with ID in hexadecimal; NULL if there is none. */
struct object *inject_find(struct store *s, struct bytes kind, struct bytes id);
/* "ID=HEX": finds the container and puts the value into it. */
status inject_text(struct store *s, enum object_kind kind, const char *text,
		   char err[128]) MUST_USE;

#endif
