/* SPDX-License-Identifier: Apache-2.0 */
/* The file that IOTSAFE_TRACE names (ignored when setuid): every line of the log with its time, for
 * "iotsafe trace", whatever level goes elsewhere. One line, appended by one write:
 *   SECONDS.MICROSECONDS PID THREAD LEVEL: TEXT
 * on the monotonic clock. */
#ifndef IOTSAFE_SRC_BASE_LOG_FILE_H
#define IOTSAFE_SRC_BASE_LOG_FILE_H

#include <stdbool.h>

/* Opens what the environment names, made for its owner only; anything but a plain file with one
 * name is passed over. The descriptor stays, so that children that give up their rights go on. */
void log_file_from_env(void);
bool log_file_is_open(void);
/* A descriptor that the program has closed, or closed and used again, is not written to. */
void log_file_put(const char *level, const char *text);

#endif
