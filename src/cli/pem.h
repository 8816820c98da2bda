/* SPDX-License-Identifier: Apache-2.0 */
/* PEM, and where the tool's results go. */
#ifndef IOTSAFE_CLI_PEM_H
#define IOTSAFE_CLI_PEM_H

#include <stdbool.h>
#include "bytes.h"

/* der as a PEM block of that name ("CERTIFICATE") into w. ST_NOMEM, ST_SHORT_OUT. */
status pem_put(const char *name, struct bytes der, struct wtr *w) MUST_USE;
/* The first block of that name in text, as DER into w. ST_MALFORMED, ST_SHORT_OUT. */
status pem_get(const char *name, struct bytes text, struct wtr *w) MUST_USE;

/* Writes b to the file, or to standard output when it is NULL. A secret's file is for its owner
 * only. Failures are said: ST_IO. */
status pem_out(const char *file, struct bytes b, bool secret) MUST_USE;
/* The whole file of at most w's size. Failures are said: ST_IO. */
status pem_in(const char *file, struct wtr *w) MUST_USE;

#endif
