/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor's findings, one line each, for people or as JSON. */
#ifndef IOTSAFE_CLI_REPORT_H
#define IOTSAFE_CLI_REPORT_H

#include <stdbool.h>

#include "status.h"
#include "text.h"

enum verdict { VERDICT_OK, VERDICT_NOTE, VERDICT_FAIL, VERDICT_SKIPPED };

struct report {
	struct json json;
	bool as_json;
	bool failed;	      /* some finding was VERDICT_FAIL */
	const char *slot;     /* of the findings that follow; NULL: of the host. Borrowed. */
	const char *lines_of; /* whose lines they are. Borrowed. */
	char *lines;	      /* to be shown at the end; owned */
};

struct report report_begin(bool as_json);
/* The next findings are of this slot. */
void report_slot(struct report *r, const char *name, const char *uri);
/* One finding. Texts are cleaned. remedy may be NULL. */
void report_add(struct report *r, const char *step, enum verdict verdict, const char *remedy,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Lines to paste, for that program; they come at the end. Copied. */
void report_lines(struct report *r, const char *program, const char *lines);
void report_end(struct report *r);
void report_free(struct report *r); /* for ON_EXIT; all zero is fine */

#endif
