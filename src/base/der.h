/* SPDX-License-Identifier: Apache-2.0 */
/* DER as far as keys and certificates need it. */
#ifndef IOTSAFE_SRC_BASE_DER_H
#define IOTSAFE_SRC_BASE_DER_H

#include "bytes.h"

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
};

/* The next TLV of r: its whole bytes, and its content. Lengths up to four bytes. ST_TRUNCATED,
 * ST_MALFORMED; r stays where it was then. */
status der_next(struct rdr *r, uint8_t *ret_tag, struct bytes *ret_whole,
		struct bytes *ret_content) MUST_USE;
/* The next TLV, which must be of that tag: its content. */
status der_expect(struct rdr *r, uint8_t tag, struct bytes *ret_content) MUST_USE;
/* A tag and a length of n bytes to come. */
void der_put_head(struct wtr *w, uint8_t tag, size_t n);
/* Size of that head. */
size_t der_head_size(size_t n);

#endif
