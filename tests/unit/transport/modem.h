/* SPDX-License-Identifier: Apache-2.0 */
/* A scripted modem on a pty, played by a thread, for the tests of the AT back end. */
#ifndef IOTSAFE_TEST_MODEM_H
#define IOTSAFE_TEST_MODEM_H

#include <stdbool.h>
#include <stddef.h>

/* What the modem says to a command. Rows are tried in order; one whose times are used up is passed
 * over. A command that no row takes gets the usual answer of a healthy modem, or ERROR. */
struct modem_row {
	const char *command; /* the start of the line; "" takes any */
	const char *reply;   /* raw text; 0x01 stands for NUL. NULL: silence */
	int times;	     /* 0: for ever */
	int delay_ms;	     /* before reply */
	const char *late;    /* sent late_ms after reply */
	int late_ms;
	bool hang_up; /* after reply */
};

struct modem;

/* rows end with a row whose command is NULL; they must outlive the modem. */
struct modem *modem_start(const struct modem_row *rows);
/* The same on a link made to the pty, so that it can come back under another number. */
struct modem *modem_start_at(const struct modem_row *rows, const char *link);
void modem_stop(struct modem *m);
const char *modem_path(const struct modem *m);

/* Habits, to be set before the first command. */
void modem_set_echo(struct modem *m, bool on);
void modem_set_fragments(struct modem *m, bool on); /* one byte per write */

/* How many commands so far started with this. */
unsigned modem_count(struct modem *m, const char *start);
/* Says text unasked. */
void modem_say(struct modem *m, const char *text);
/* Pulls the cable. */
void modem_unplug(struct modem *m);

#endif
