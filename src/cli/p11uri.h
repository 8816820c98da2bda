/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#11 URIs (RFC 7512). Written with only those attributes that every client understands: token,
 * serial, object, id, type; read with all that name a token or an object. */
#ifndef IOTSAFE_CLI_P11URI_H
#define IOTSAFE_CLI_P11URI_H

#include <stdbool.h>
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

enum { P11URI_TEXT_MAX = 128 };

struct p11uri_text {
	bool given;
	uint8_t p[P11URI_TEXT_MAX];
	size_t n;
};

/* A URI's path, percent signs resolved. */
struct p11uri {
	struct p11uri_text token, serial, manufacturer, model, object, id, type, slot_id;
};

bool p11uri_is(const char *text); /* begins with "pkcs11:" */
/* Attributes of libraries, slots (but slot-id) and vendors, and the query, are passed over.
 * ST_MALFORMED, also for an attribute that is there twice; ST_ARG for a PIN in the query, since
 * command lines are read by everybody. */
status p11uri_parse(const char *text, struct p11uri *ret) MUST_USE;
/* An attribute that is not given matches anything. */
bool p11uri_matches(const struct p11uri_text *wanted, struct bytes found);

#endif
