/* SPDX-License-Identifier: Apache-2.0 */
/* Colours on a terminal: --color, NO_COLOR and TERM decide. */
#ifndef IOTSAFE_CLI_TINT_H
#define IOTSAFE_CLI_TINT_H

#include <stdio.h>
#include "status.h"

enum tint { TINT_NONE, TINT_BOLD, TINT_DIM, TINT_GOOD, TINT_WARN, TINT_BAD, TINT_NAME };

/* --color's word, or NULL for auto. Said: ST_ARG. */
status tint_choose(const char *word) MUST_USE;
/* What starts the tint on that stream; TINT_NONE ends it. Empty where there are no colours. */
const char *tint(FILE *f, enum tint t);

#endif
