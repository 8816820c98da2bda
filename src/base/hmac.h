/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC over a message that lies in pieces, for the derivations of kdf.c. */
#ifndef IOTSAFE_SRC_BASE_HMAC_H
#define IOTSAFE_SRC_BASE_HMAC_H

#include "kdf.h"

/* HMAC of part[0] || … || part[count - 1], hash_size(alg) bytes into ret, which may lie over any of
 * the inputs. ST_ARG for an unknown hash, ST_CRYPTO. */
status hmac_parts(enum hash_alg alg, struct bytes key, const struct bytes *part, size_t count,
		  uint8_t *ret) MUST_USE;

#endif
