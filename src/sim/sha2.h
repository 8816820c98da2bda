/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-2 continued from a chaining value that the host computed: mode 2 of COMPUTE SIGNATURE
 * (iotsafe-protocol.md §10.11). */
#ifndef IOTSAFE_SIM_SHA2_H
#define IOTSAFE_SIM_SHA2_H

#include "bytes.h"

/* state: the chaining value after `done` bytes as big-endian words (32 bytes for SHA-256, 64 for
 * SHA-384 and SHA-512); tail: the rest of the message. Appends the digest. ST_ARG where the state
 * has the wrong size or done is not a whole number of blocks. */
status sha2_finish(uint16_t hash_bit, struct bytes state, uint32_t done, struct bytes tail,
		   struct wtr *ret_digest) MUST_USE;

#endif
