/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal, strict: even count, no blanks, either case in, upper case out. */
#ifndef IOTSAFE_BASE_HEX_H
#define IOTSAFE_BASE_HEX_H

#include <stdbool.h>
#include "bytes.h"

/* Appends the 2·n upper-case digits of b to w (no NUL). */
void hex_put(struct wtr *w, struct bytes b);
/* Decodes all of text into w. ST_MALFORMED for an odd count or a foreign character, ST_SHORT_OUT.
 */
status hex_get(struct bytes text, struct wtr *w) MUST_USE;
/* NUL-terminated digits of b into dst (cap ≥ 2·n+1, else cut at a whole byte). Returns dst. */
char *hex_str(struct bytes b, char *dst, size_t cap);
bool hex_is_digit(char c);

#endif
