/* SPDX-License-Identifier: Apache-2.0 */
/* A PIN from a file or from the terminal, never from the command line or the environment. */
#ifndef IOTSAFE_CLI_PIN_H
#define IOTSAFE_CLI_PIN_H

#include <stdbool.h>
#include "bytes.h"

/* source "file:PATH", as given to --OPTION: the first line of the file, which must be the user's or
 * root's and nobody else's to read or write. Failures are said: ST_CONFIG. */
status pin_from_source(const char *option, const char *source, struct wtr *w) MUST_USE;
/* Is there a terminal to ask on? */
bool pin_can_ask(void);
/* Asks without echo. ST_IO, said. */
status pin_ask(const char *prompt, struct wtr *w) MUST_USE;

#endif
