/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and status words in words, for those who read a trace (log_trace_bytes). No traffic. */
#ifndef IOTSAFE_CORE_EXPLAIN_H
#define IOTSAFE_CORE_EXPLAIN_H

#include <stdint.h>
#include "bytes.h"

/* What the command of that name (as the trace has it) is about, such as "key 01, SHA-256, ECDSA",
 * NUL-terminated in dst, which may come out empty. cmd may lack what the trace masks, and is not
 * trusted. Returns dst. */
char *explain_command(const char *name, struct bytes cmd, char *dst, size_t cap);
/* A status word's meaning after that command; static storage. */
const char *explain_status(const char *name, uint16_t sw);

#endif
