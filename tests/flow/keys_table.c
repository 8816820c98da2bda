/* SPDX-License-Identifier: Apache-2.0 */
#include "keys_table.h"

/* Late answers and long computations outlast the module's timeout of two seconds. */
#define TOO_LATE "2400"
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

const struct fault_row keys_rows[] = {
	{"C1", NULL, NULL, ON_UNIX, ALL, EVERYWHERE},
	{"C1", NULL, NULL, ON_CGLA, SOME, EVERYWHERE},
	{"C1", NULL, NULL, ON_PCSC, FEW, EVERYWHERE},
	{"C2", NULL, NULL, ON_UNIX, ALL, EVERYWHERE | MAY_LEAK},
	{"C2", NULL, NULL, ON_CGLA | ON_PCSC, SOME, EVERYWHERE | MAY_LEAK},
	{"C3", NULL, NULL, ON_UNIX, FRESH, 0},
	{"C3", NULL, REOPEN, ON_UNIX, WARM, 0},
	{"C3", NULL, REOPEN, ON_UNIX, WARM, FOR_EVER},
	{"C4", NULL, NULL, ON_UNIX, FRESH, 0},
	{"C4", NULL, REOPEN, ON_UNIX, WARM, 0},
	{"C5", NULL, NULL, ON_UNIX, ALL, EVERYWHERE},
	{"C5", NULL, NULL, ON_UNIX, ALL, FOR_EVER},
	{"C6", NULL, NULL, ON_UNIX, ALL, EVERYWHERE},
	{"C6", "63CF", NULL, ON_UNIX, ALL, EVERYWHERE},
	{"C6", "63CF", NULL, ON_PCSC, FEW, EVERYWHERE},
	{"C7", NULL, NULL, ON_UNIX, ALL, OVER_T0 | MAY_MISS},
	{"C8", "", NULL, ON_UNIX, ALL, EVERYWHERE | SWAPS},
	{"C9", NULL, NULL, ON_UNIX, ALL, EVERYWHERE},
	{"C10", LATE, NULL, ON_UNIX, ALL, EVERYWHERE},
	{"C10", TOO_LATE, NULL, ON_UNIX, ALL, EVERYWHERE | MAY_LEAK},
	{"C11", NULL, NULL, ON_UNIX, FRESH, 0},
	{"C11", NULL, REOPEN, ON_UNIX, FORGIVING, 0},
	{"C11", NULL, REOPEN, ON_UNIX, WARM, FOR_EVER},
	{"C12", NULL, NULL, ON_UNIX, ALL, EVERYWHERE | MAY_LEAK},
	{"C12", NULL, NULL, ON_CGLA, SOME, EVERYWHERE | MAY_LEAK},
	{"C12", NULL, NULL, ON_PCSC, FEW, EVERYWHERE | MAY_LEAK},
	{"C12", "0", NULL, ON_UNIX, ALL, EVERYWHERE | MAY_LEAK},
	{"STALE", NULL, NULL, ON_UNIX, ALL, EVERYWHERE | MAY_LEAK},
	{"STALE", NULL, NULL, ON_PCSC, FEW, EVERYWHERE | MAY_LEAK},
	{"TRUNC", NULL, NULL, ON_UNIX, ALL, EVERYWHERE | MAY_LEAK},
	{"SW", NULL, NULL, ON_UNIX, ALL, EVERYWHERE},
	{"SW", "6581", NULL, ON_UNIX, ALL, EVERYWHERE},
	{"SW", "6984", NULL, ON_UNIX, ALL, EVERYWHERE},
	{"SW", "6985", NULL, ON_UNIX, ALL, EVERYWHERE},
	{"SW", "6989", NULL, ON_UNIX, ALL, EVERYWHERE},

	{"F4", NULL, NULL, ON_CGLA, SOME, EVERYWHERE},
	{"F5", NULL, NULL, ON_CGLA, SOME, EVERYWHERE},
	{"F8", NULL, NULL, ON_CGLA, SOME, 0},
	{"F9", NULL, NULL, ON_CGLA, SOME, MAY_LEAK},
	{"F10", NULL, NULL, ON_CGLA, SOME, MAY_LEAK | MAY_MISS},
	{"F11", NULL, NULL, ON_CGLA, SOME, MAY_LEAK},
	{"F12", NULL, NULL, ON_CGLA, SOME, MAY_LEAK},
	{"F13", NULL, NULL, ON_CGLA, SOME, EVERYWHERE | MAY_LEAK},
	{"F14", TOO_LATE, NULL, ON_CGLA, SOME, EVERYWHERE | MAY_LEAK},
	{"F15", NULL, NULL, ON_CGLA, SOME, MAY_LEAK},
};
const size_t keys_row_count = sizeof(keys_rows) / sizeof(keys_rows[0]);
