/* SPDX-License-Identifier: Apache-2.0 */
#include "keys_table.h"

/* Late answers and long computations outlast the module's timeout of two seconds; but leave most of
 * the second that it takes then to put back what a slot held, of which AT needs a third to get into
 * step with the modem again. */
#define TOO_LATE "2200"
#define LATE "300"

/* A channel that is lost has to be opened again: that is when C3, C4, C11 and F16 get their turn.
 */
#define REOPEN "C1"

enum {
	ALL = (1 << KEYS_ACTS) - 1,
	FRESH = 1 << STORE, /* opens the channel by itself */
	WARM = ALL & ~FRESH,
	/* a command that an applet just selected does not know, it does not have; a slot that it
	 * does not take back is lost */
	FORGIVING = WARM & ~(1 << HKDF | 1 << TLS12 | 1 << KEPT),
	/* one of each kind, for the links that are slow */
	SOME = 1 << GENERATE | 1 << KEPT | 1 << HKDF | 1 << MAC | 1 << STORE,
	FEW = 1 << GENERATE | 1 << KEPT | 1 << HKDF,
};

enum {
	ON_SLOW = ON_ALL & ~ON_UNIX,
	/* the host opens channels by itself, so that it sees their numbers */
	ON_CHOOSING = ON_PCSC | ON_CSIM,
	/* mbim-proxy answers OPEN by itself once it has opened the function, and loses the place in
	 * what it reads once a message was cut */
	ON_DIRECT = 1 << RIG_MBIM,
};

const struct fault_row keys_rows[] = {
	{"C1", NULL, NULL, ON_UNIX, ALL, EVERYWHERE},
	{"C1", NULL, NULL, ON_SLOW, SOME, EVERYWHERE},
	{"C2", NULL, NULL, ON_UNIX, ALL, EVERYWHERE | MAY_LEAK},
	{"C2", NULL, NULL, ON_SLOW, SOME, EVERYWHERE | MAY_LEAK},
	{"C3", NULL, NULL, ON_ALL, FRESH, 0},
	{"C3", NULL, REOPEN, ON_UNIX, WARM, 0},
	{"C3", NULL, REOPEN, ON_SLOW, FEW, 0},
	{"C3", NULL, REOPEN, ON_UNIX, WARM, FOR_EVER},
	{"C3", NULL, REOPEN, ON_SLOW, FEW, FOR_EVER},
	{"C4", NULL, NULL, ON_UNIX | ON_CHOOSING, FRESH, 0},
	{"C4", NULL, REOPEN, ON_UNIX, WARM, 0},
	{"C4", NULL, REOPEN, ON_CHOOSING, FEW, 0},
	{"C5", NULL, NULL, ON_UNIX, ALL, EVERYWHERE},
	{"C5", NULL, NULL, ON_SLOW, FEW, EVERYWHERE},
	{"C5", NULL, NULL, ON_UNIX, ALL, FOR_EVER},
	{"C5", NULL, NULL, ON_SLOW, SOME, FOR_EVER},
	{"C6", NULL, NULL, ON_UNIX, ALL, EVERYWHERE},
	{"C6", "63CF", NULL, ON_UNIX, ALL, EVERYWHERE},
	{"C6", "63CF", NULL, ON_SLOW, FEW, EVERYWHERE},
	{"C7", NULL, NULL, ON_UNIX, ALL, OVER_T0 | MAY_MISS},
	{"C7", NULL, NULL, ON_PCSC, FEW, EVERYWHERE | OVER_T0 | MAY_MISS},
	{"C8", "", NULL, ON_UNIX, ALL, EVERYWHERE | SWAPS},
	{"C8", "", NULL, ON_SLOW, FEW, EVERYWHERE | SWAPS},
	{"C9", NULL, NULL, ON_UNIX, ALL, EVERYWHERE},
	{"C9", NULL, NULL, ON_SLOW, FEW, EVERYWHERE},
	{"C10", LATE, NULL, ON_UNIX, ALL, EVERYWHERE},
	{"C10", TOO_LATE, NULL, ON_UNIX, ALL, EVERYWHERE | MAY_LEAK},
	{"C10", TOO_LATE, NULL, ON_SLOW, FEW, EVERYWHERE | MAY_LEAK},
	{"C11", NULL, NULL, ON_UNIX, FRESH, 0},
	{"C11", NULL, NULL, ON_SLOW, FRESH, EVERYWHERE},
	{"C11", NULL, REOPEN, ON_UNIX, FORGIVING, 0},
	{"C11", NULL, REOPEN, ON_SLOW, FORGIVING &SOME, 0},
	{"C11", NULL, REOPEN, ON_UNIX, WARM, FOR_EVER},
	{"C11", NULL, REOPEN, ON_SLOW, FEW, FOR_EVER},
	{"C12", NULL, NULL, ON_UNIX, ALL, EVERYWHERE | MAY_LEAK},
	{"C12", NULL, NULL, ON_SLOW, FEW, EVERYWHERE | MAY_LEAK},
	{"C12", "0", NULL, ON_UNIX, ALL, EVERYWHERE | MAY_LEAK},
	/* vpcd itself waits for ever for an answer of no bytes */
	{"C12", "0", NULL, ON_MODEM, FEW, EVERYWHERE | MAY_LEAK},
	{"STALE", NULL, NULL, ON_UNIX, ALL, EVERYWHERE | MAY_LEAK},
	{"STALE", NULL, NULL, ON_PCSC, FEW, EVERYWHERE | MAY_LEAK},
	{"TRUNC", NULL, NULL, ON_UNIX, ALL, EVERYWHERE | MAY_LEAK},
	{"TRUNC", NULL, NULL, ON_PCSC, FEW, EVERYWHERE | MAY_LEAK},
	{"SW", NULL, NULL, ON_UNIX, ALL, EVERYWHERE},
	{"SW", "6581", NULL, ON_UNIX, ALL, EVERYWHERE},
	{"SW", "6984", NULL, ON_UNIX, ALL, EVERYWHERE},
	{"SW", "6985", NULL, ON_UNIX, ALL, EVERYWHERE},
	{"SW", "6989", NULL, ON_UNIX, ALL, EVERYWHERE},
	{"SW", "6984", NULL, ON_SLOW, FEW, EVERYWHERE},

	{"F1", NULL, NULL, ON_AT, FEW, FOR_EVER},
	{"F2", NULL, NULL, ON_AT, FEW, FOR_EVER},
	{"F4", NULL, NULL, ON_AT, FEW, EVERYWHERE},
	{"F5", NULL, NULL, ON_AT, FEW, EVERYWHERE},
	{"F6", NULL, NULL, ON_MODEM, SOME, FOR_EVER},
	{"F8", NULL, NULL, ON_AT, FEW, 0},
	{"F8", NULL, NULL, ON_MBIM, FEW, MAY_LEAK},
	{"F9", NULL, NULL, ON_AT, FEW, MAY_LEAK},
	{"F10", NULL, NULL, ON_AT, SOME, MAY_LEAK | MAY_MISS},
	{"F10", "30", NULL, ON_DIRECT, FEW, EVERYWHERE | MAY_LEAK | MAY_MISS},
	{"F11", NULL, NULL, ON_AT, FEW, MAY_LEAK},
	{"F12", NULL, NULL, ON_AT | ON_MBIM, FEW, MAY_LEAK},
	{"F13", NULL, NULL, ON_MODEM, SOME, EVERYWHERE | MAY_LEAK},
	{"F14", TOO_LATE, NULL, ON_MODEM, SOME, EVERYWHERE | MAY_LEAK},
	{"F15", NULL, NULL, ON_MODEM, SOME, MAY_LEAK},
	{"F19", NULL, NULL, ON_AT | ON_MBIM, FEW, MAY_MISS},
	{"F20", NULL, NULL, ON_CSIM, SOME, OVER_T0 | FOR_EVER | MAY_MISS},
	{"F21", NULL, NULL, ON_AT, SOME, OVER_T0 | FOR_EVER},
	{"F22", NULL, NULL, ON_AT, FEW, MAY_MISS | MAY_LEAK},
	{"F23", NULL, NULL, ON_MODEM, FEW, MAY_LEAK},
	{"F25", NULL, NULL, ON_MODEM & ~(1 << RIG_MBIM_PROXY), FEW, EVERYWHERE | MAY_LEAK},
	{"F27", NULL, NULL, ON_MODEM, FEW, EVERYWHERE | MAY_LEAK},
	{"F29", NULL, NULL, ON_MODEM, FEW, EVERYWHERE | MAY_LEAK},

	{"M1", NULL, NULL, ON_DIRECT, SOME, EVERYWHERE | MAY_LEAK},
	{"M2", NULL, NULL, ON_MBIM, FEW, MAY_MISS},
	{"M2", "87430002", NULL, ON_MBIM, FEW, MAY_MISS},
	{"M2", "87430003", NULL, ON_MBIM, FEW, MAY_MISS},
	{"M3", NULL, NULL, ON_MBIM, SOME, MAY_LEAK},
	{"M3", "offset", NULL, ON_MBIM, FEW, MAY_LEAK},
	{"M4", NULL, NULL, ON_MBIM, FEW, EVERYWHERE | MAY_LEAK | MAY_MISS},
	{"M5", NULL, NULL, ON_MBIM, FEW, MAY_LEAK},
	{"M5", "only", NULL, ON_MBIM, FEW, MAY_LEAK},
	{"M6", NULL, NULL, ON_MBIM, SOME, FOR_EVER | MAY_MISS},
	{"M7", NULL, NULL, ON_MBIM, FRESH, ONCE},
	{"M7", NULL, REOPEN, ON_MBIM, FEW, ONCE},

	/* a terminal that comes back as another leads to a modem that knows no client any more; the
	 * simulator's still does, and the applet's session with the peer's slot goes on there */
	{"Q2", NULL, NULL, 1 << RIG_QMI, SOME, EVERYWHERE | MAY_LEAK},
	{"Q2", NULL, NULL, 1 << RIG_QMI_PROXY, SOME & ~(1 << KEPT), EVERYWHERE | MAY_LEAK},
	{"Q2", "after", NULL, 1 << RIG_QMI, FEW, EVERYWHERE | MAY_LEAK},
	{"Q2", "after", NULL, 1 << RIG_QMI_PROXY, FEW & ~(1 << KEPT), EVERYWHERE | MAY_LEAK},
	{"Q3", NULL, NULL, ON_QMI, SOME, FOR_EVER | MAY_MISS},
	{"Q4", NULL, NULL, ON_QMI, FEW, EVERYWHERE},
	{"Q5", NULL, NULL, ON_QMI, SOME, MAY_LEAK},
	{"Q5", "mixed", NULL, ON_QMI, FEW, MAY_LEAK},
	{"Q5", "oversized", NULL, ON_QMI, FEW, MAY_LEAK},
	{"Q5", "never", NULL, ON_QMI, FEW, MAY_LEAK},
	{"Q6", NULL, NULL, ON_QMI, FEW, EVERYWHERE | MAY_LEAK | MAY_MISS},
	{"Q6", "twice", NULL, ON_QMI, FEW, EVERYWHERE | MAY_LEAK | MAY_MISS},
	{"Q7", NULL, NULL, ON_QMI, FRESH, FOR_EVER},
	{"Q7", NULL, REOPEN, ON_QMI, FEW, FOR_EVER | MAY_MISS},
	{"Q8", NULL, NULL, ON_QMI, FRESH, 0},
	{"Q8", NULL, REOPEN, ON_QMI, FEW, MAY_MISS},
};
const size_t keys_row_count = sizeof(keys_rows) / sizeof(keys_rows[0]);
