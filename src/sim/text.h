/* SPDX-License-Identifier: Apache-2.0 */
/* Small pieces of text: lines, words, numbers. Shared by the state file, the settings, the control
 * commands and the command line. */
#ifndef IOTSAFE_SIM_TEXT_H
#define IOTSAFE_SIM_TEXT_H

#include <stdbool.h>

#include "bytes.h"

/* Takes the next piece up to the separator (which is consumed) or the end; false at the end. */
bool text_item(struct rdr *r, char separator, struct bytes *ret_item);
/* Takes the next word, skipping blanks before it; false if none is left. */
bool text_word(struct rdr *r, struct bytes *ret_word);
/* Without the blanks at both ends. */
struct bytes text_trim(struct bytes b);
/* All of text as an unsigned number in base 10 or 16, at most 9 (8) digits. ST_ARG. */
status text_number(struct bytes text, unsigned base, unsigned long *ret_v) MUST_USE;
/* Copies text with a NUL; ST_SHORT_OUT if it does not fit, ST_ARG if it holds a NUL. */
status text_copy(struct bytes text, char *dst, size_t cap) MUST_USE;

#endif
