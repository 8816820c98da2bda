/* SPDX-License-Identifier: Apache-2.0 */
/* One log function, four levels, off by default. Never given: PINs, secrets, data to be signed.
 * The level is set once, by the module's configuration or IOTSAFE_LOG (ignored when setuid). */
#ifndef IOTSAFE_BASE_LOG_H
#define IOTSAFE_BASE_LOG_H

#include <stdbool.h>
#include "bytes.h"
#include "mem.h"

enum log_level { LOG_LEVEL_OFF, LOG_LEVEL_ERROR, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_TRACE };
enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

void log_set(enum log_level level, enum log_target target);
/* Reads IOTSAFE_LOG (error|info|debug|trace) through secure_getenv; leaves the level if absent. And
 * IOTSAFE_TRACE: a file that gets all of it, beside where the log goes (src/base/log_file.h). */
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
/* The same for an answer ("R"): its status word, the last two bytes, is always shown. */
void log_trace_answer(const char *name, struct bytes b, size_t clear);

/* How long something took, for IOTSAFE_TRACE's file alone: "S NAME MICROSECONDS" at the end of the
 * scope. The name, a literal, begins with "C_" for a call of the module, "wait" for a wait for
 * others, "link" for what the link does beside exchanges. */
struct log_span {
	const char *name;
	int64_t began; /* 0: nobody wants to know */
};
struct log_span log_span_begin(const char *name);
void log_span_end(struct log_span *s);
/* clang does not take the end of the scope for a use */
#define LOG_SPAN(name)                                                                             \
	struct log_span log_span_ ON_EXIT(log_span_end) __attribute__((unused)) =                  \
		log_span_begin(name)

#endif
