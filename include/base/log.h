/* SPDX-License-Identifier: Apache-2.0 */
/* One log function, four levels, off by default. Never given: PINs, secrets, data to be signed.
 * The level is set once, by the module's configuration or IOTSAFE_LOG (ignored when setuid). */
#ifndef IOTSAFE_BASE_LOG_H
#define IOTSAFE_BASE_LOG_H

#include <stdbool.h>
#include "bytes.h"

enum log_level { LOG_LEVEL_OFF, LOG_LEVEL_ERROR, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_TRACE };
enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

void log_set(enum log_level level, enum log_target target);
/* Reads IOTSAFE_LOG (error|info|debug|trace) through secure_getenv; leaves the level if absent. */
void log_set_from_env(void);
bool log_wants(enum log_level level);
/* "off", "error", "info", "debug" or "trace" to a level; false for another word. */
bool log_level_parse(const char *word, enum log_level *ret_level);

void log_printf(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...) log_printf(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_info(...) log_printf(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_printf(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Trace of one exchange: `name` is the command's, `what` "C" or "R". The first `clear` bytes are
 * shown in hex, the rest as "[n masked]"; SIZE_MAX shows all. */
void log_trace_bytes(const char *what, const char *name, struct bytes b, size_t clear);

#endif
