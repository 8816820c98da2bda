/* SPDX-License-Identifier: Apache-2.0 */
/* What became of values of a PIN that were sent to a SIM automatically: refused, or nobody knows.
 * An automatic login tries none of them again, whatever process it runs in. Kept as salted hashes
 * in the SIM's folder of the host-side store (store.h tells how); the values themselves are
 * nowhere.
 */
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
 * out of the memory of this SIM until pin_memory_close. A SIM whose ICCID is not known ("") shares
 * one that is believed for every SIM. The texts are borrowed. ST_STORE (logged), ST_TIMEOUT. */
status pin_memory_open(const char *dir, const char *iccid, deadline dl,
		       struct pin_memory *ret_m) MUST_USE;
void pin_memory_close(struct pin_memory *m); /* for ON_EXIT */
enum {
	PIN_MEMORY_NOTHING = -1,
	PIN_MEMORY_REFUSED = 0,
	/* else: sent when so many tries were left, and the outcome was never learned */
};
/* What is known of this value of the PIN `ref`. A damaged memory is ST_MALFORMED (logged). */
status pin_memory_get(const struct pin_memory *m, uint8_t ref, struct bytes pin,
		      int *ret_tries) MUST_USE;
/* tries: PIN_MEMORY_REFUSED or 1 to 15. On the disk when it returns. */
status pin_memory_put(const struct pin_memory *m, uint8_t ref, struct bytes pin,
		      int tries) MUST_USE;
/* There is nothing against the value any more. ST_OK also when there was nothing. */
status pin_memory_drop(const struct pin_memory *m, uint8_t ref, struct bytes pin) MUST_USE;

#endif
