/* SPDX-License-Identifier: Apache-2.0 */
/* Outcomes. Every function that can fail returns enum status and must not be ignored; predicates
 * return bool and cannot fail. Outputs are untouched on failure unless the header says otherwise.
 */
#ifndef IOTSAFE_BASE_STATUS_H
#define IOTSAFE_BASE_STATUS_H

enum status_code {
#define X(name, text) ST_##name,
#include "status.def"
#undef X
	ST_COUNT
};

#define MUST_USE __attribute__((warn_unused_result))

/* `status` is a plain enum; the alias keeps signatures short. */
typedef enum status_code status;

/* Text of a status, static storage; "unknown status" for a value outside the list. */
const char *status_text(status st);
/* The bare name ("CHANNEL_LOST"), static storage; for logs, tests and --json. */
const char *status_name(status st);

/* Leaves the function with the status of expr unless it is ST_OK. */
#define TRY(expr)                                                                                  \
	do {                                                                                       \
		status try_st_ = (expr);                                                           \
		if (try_st_ != ST_OK)                                                              \
			return try_st_;                                                            \
	} while (0)

#endif
