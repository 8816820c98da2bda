/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IOTSAFE_SRC_BASE_DN_H
#define IOTSAFE_SRC_BASE_DN_H

#include "bytes.h"

/* A DER Name as one line for people (RFC 2253: last RDN first, escapes for what is special and for
 * every byte that is not printable ASCII) into dst with its NUL, cut when it is too long. cap ≥ 1.
 * ST_MALFORMED, ST_TRUNCATED. */
status dn_text(struct bytes name, char *dst, size_t cap) MUST_USE;

#endif
