/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "deadline.h"
#include "hex.h"
#include "log_file.h"

static const char *const words[] = {"off", "error", "info", "debug", "trace"};

static atomic_int level_now = LOG_LEVEL_OFF;
static atomic_int target_now = LOG_TO_STDERR;

void log_set(enum log_level level, enum log_target target)
{
	atomic_store(&level_now, (int)level);
	atomic_store(&target_now, (int)target);
}

bool log_level_parse(const char *word, enum log_level *ret_level)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret_level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_set_from_env(void)
{
	const char *word = secure_getenv("IOTSAFE_LOG");
	enum log_level level;

	if (word && log_level_parse(word, &level))
		log_set(level, LOG_TO_STDERR);
	log_file_from_env();
}

static bool is_told(enum log_level level)
{
	return (int)level <= atomic_load(&level_now);
}

bool log_wants(enum log_level level)
{
	return is_told(level) || log_file_is_open();
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n;

	if (level == LOG_LEVEL_OFF || !log_wants(level))
		return;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (log_file_is_open())
		log_file_put(words[level], line);
	if (!is_told(level))
		return;
	if (atomic_load(&target_now) == LOG_TO_SYSLOG) {
		syslog(LOG_DAEMON | (level == LOG_LEVEL_ERROR ? LOG_ERR : LOG_INFO), "iotsafe: %s",
		       line);
		return;
	}
	/* one write, so that lines of several threads do not mix */
	dprintf(STDERR_FILENO, "iotsafe[%d] %s: %s\n", (int)getpid(), words[level], line);
}

/* With the bytes at the end of an answer that are shown in any case. */
static void trace_bytes(const char *what, const char *name, struct bytes b, size_t clear,
			struct bytes end)
{
	char hex[2 * 300 + 1], end_hex[2 * 2 + 1];
	size_t shown = b.n < clear ? b.n : clear;

	if (!log_wants(LOG_LEVEL_TRACE))
		return;
	hex_str(bytes_of(b.p, shown), hex, sizeof(hex));
	hex_str(end, end_hex, sizeof(end_hex));
	if (shown < b.n)
		log_printf(LOG_LEVEL_TRACE, "%s %s %s[%zu masked]%s", what, name, hex, b.n - shown,
			   end_hex);
	else
		log_printf(LOG_LEVEL_TRACE, "%s %s %s%s", what, name, hex, end_hex);
}

void log_trace_bytes(const char *what, const char *name, struct bytes b, size_t clear)
{
	trace_bytes(what, name, b, clear, bytes_of(NULL, 0));
}

void log_trace_answer(const char *name, struct bytes b, size_t clear)
{
	size_t data = b.n < 2 ? 0 : b.n - 2;

	trace_bytes("R", name, bytes_of(b.p, data), clear, bytes_of(b.p + data, b.n - data));
}

struct log_span log_span_begin(const char *name)
{
	return (struct log_span){name, log_file_is_open() ? deadline_now() : 0};
}

void log_span_end(struct log_span *s)
{
	char text[128];

	if (s->began == 0)
		return;
	snprintf(text, sizeof(text), "S %s %lld", s->name,
		 (long long)((deadline_now() - s->began) / 1000));
	log_file_put("trace", text);
}
