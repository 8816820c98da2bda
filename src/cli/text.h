/* SPDX-License-Identifier: Apache-2.0 */
/* Text that came from a card, a modem or a file, on its way to a terminal or into JSON. */
#ifndef IOTSAFE_CLI_TEXT_H
#define IOTSAFE_CLI_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "bytes.h"

/* NUL-terminated copy of b, fit for a terminal: UTF-8 stays, control characters and what is no
 * UTF-8 become '?'. Cut to cap. Returns dst. */
char *text_clean(struct bytes b, char *dst, size_t cap);

/* JSON on a stream, indented by arrays: each element starts a line. Strings are cleaned. */
struct json {
	FILE *f;
	unsigned depth;
	bool first; /* nothing in the present object or array yet */
};
struct json json_on(FILE *f);
/* key is NULL inside an array and at the top. */
void json_open_object(struct json *j, const char *key);
void json_open_array(struct json *j, const char *key);
void json_close_object(struct json *j);
void json_close_array(struct json *j);
void json_string(struct json *j, const char *key, const char *value); /* NULL: null */
/* The same for text of several lines: line feeds stay. */
void json_text(struct json *j, const char *key, const char *value);
/* Bytes of any length, in hex. */
void json_hex(struct json *j, const char *key, struct bytes value);
void json_number(struct json *j, const char *key, unsigned long value);
void json_bool(struct json *j, const char *key, bool value);
void json_end(struct json *j);

#endif
