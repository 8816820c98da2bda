/* SPDX-License-Identifier: Apache-2.0 */
/* Device URIs of the configuration: scheme ':' path [ '?' key '=' value { '&' key '=' value } ].
 * Values are percent-decoded. Owned by value; no allocation. */
#ifndef IOTSAFE_BASE_URI_H
#define IOTSAFE_BASE_URI_H

#include <stdbool.h>
#include "sizes.h"
#include "status.h"

enum { URI_PARAMS_MAX = 8 };

struct uri {
	char scheme[8];
	char path[URI_MAX]; /* may be empty */
	struct {
		char key[24];
		char value[128];
	} param[URI_PARAMS_MAX];
	unsigned param_count;
};

/* ST_ARG for anything that is not such a URI. */
status uri_parse(const char *text, struct uri *ret_uri) MUST_USE;
/* The value of key, or NULL. Points into u. */
const char *uri_param(const struct uri *u, const char *key);
/* The value as a number in lo..hi, or dflt when the key is absent; ST_ARG when it is no such
 * number. */
status uri_param_number(const struct uri *u, const char *key, long lo, long hi, long dflt,
			long *ret_v) MUST_USE;
bool uri_param_true(const struct uri *u, const char *key); /* "1", "yes", "true" */
/* NULL for a URI that the configuration may have, or what is expected instead, for messages: a
 * scheme, a path, a parameter or its value that no link knows. Static text. */
const char *uri_expected(const char *text);

#endif
