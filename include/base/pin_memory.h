/* SPDX-License-Identifier: Apache-2.0 */
/* Which values of a PIN a SIM has refused, so that an automatic login tries none of them again,
 * whatever process it runs in: salted hashes in the SIM's folder of the host-side store (store.h
 * tells how it is kept). The values themselves are nowhere. */
#ifndef IOTSAFE_BASE_PIN_MEMORY_H
#define IOTSAFE_BASE_PIN_MEMORY_H

#include <stdbool.h>
#include "bytes.h"
#include "deadline.h"

enum { PIN_MEMORY_VALUES = 16 }; /* the latest ones of each PIN are known */

struct pin_memory {
	int fd; /* the folder; -1: none */
	const char *dir, *iccid;
};

/* Makes the folder if need be, makes sure that it can be written, and keeps every other process
 * out of the memory of this SIM until pin_memory_close. The texts are borrowed. ST_STORE (logged),
 * ST_TIMEOUT. */
status pin_memory_open(const char *dir, const char *iccid, deadline dl,
		       struct pin_memory *ret_m) MUST_USE;
void pin_memory_close(struct pin_memory *m); /* for ON_EXIT */
/* Was this value of the PIN `ref` refused? A damaged memory is ST_MALFORMED (logged). */
status pin_memory_knows(const struct pin_memory *m, uint8_t ref, struct bytes pin,
			bool *ret_refused) MUST_USE;
status pin_memory_add(const struct pin_memory *m, uint8_t ref, struct bytes pin) MUST_USE;
/* The value turned out to be right after all. ST_OK also when it was not known. */
status pin_memory_drop(const struct pin_memory *m, uint8_t ref, struct bytes pin) MUST_USE;

#endif
