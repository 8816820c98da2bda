/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#11 URIs (RFC 7512), with only those attributes that every client understands: token, serial,
 * object, id, type. */
#ifndef IOTSAFE_CLI_P11URI_H
#define IOTSAFE_CLI_P11URI_H

#include "bytes.h"

struct p11uri_parts {
	struct bytes token;  /* label without padding */
	struct bytes serial; /* empty: left out */
	struct bytes object; /* empty: left out */
	struct bytes id;     /* empty: left out */
	const char *type;    /* "private"…; NULL: a token's URI */
};

/* NUL-terminated into dst; ST_SHORT_OUT. */
status p11uri_write(const struct p11uri_parts *parts, char *dst, size_t cap) MUST_USE;

#endif
