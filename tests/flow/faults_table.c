/* SPDX-License-Identifier: Apache-2.0 */
#include "faults_table.h"

enum {
	IN_LISTING = 1 << LISTING,
	IN_SIGNATURE = 1 << SIGNATURE,
	IN_AGREEMENT = 1 << AGREEMENT,
	IN_READING = 1 << READING,
	IN_ALL = IN_LISTING | IN_SIGNATURE | IN_AGREEMENT | IN_READING,
	IN_WARM = IN_ALL & ~IN_LISTING, /* the channel is open already */
	/* a command that an applet just selected does not know, it does not have */
	IN_FORGIVING = IN_SIGNATURE | IN_READING,
};

/* Late answers and long computations outlast the module's timeout of two seconds. */
#define TOO_LATE "2400"
#define LATE "250"

/* A channel that is lost has to be opened again: that is when C3, C4, C11 and F16 get their turn.
 */
#define REOPEN "C1"

/* The host opens channels by itself, so that it sees their numbers. */
enum { ON_CHOOSING = ON_CARD | ON_CSIM };

/* mbim-proxy 1.28.2, as its log (--verbose) shows it at each position, is
 *
 * - lost by F25: it takes the noise for the start of a message of megabytes, waits for the rest of
 *   that for ever, and tells nobody anything any more;
 *
 * - lost by F10: the next answer's start is taken for the end of the one that was cut, and what
 *   comes then, from the midst of an answer, for the start of a long one; unless that looks like no
 *   message at all ("discarding ... bytes in stream");
 *
 * - lost by M1 if a client's command meets it: it closes the device ("reports as being closed"),
 *   but counts it as open still, and does not open it again ("Device must be open to send
 *   commands"). If its own question meets it, the one for the capabilities that comes before all
 *   that a newcomer asks, it opens the device anew for the next newcomer;
 *
 * - not lost by what else befalls its own question: it waits for five seconds, for this newcomer
 *   alone. One who hangs up and comes again is asked for anew.
 *
 * qmi-proxy 1.32.2 asks nothing by itself; at F25 ("QMI framing error detected") it closes the
 * device, hangs up on all, and opens it for whoever comes next. A modem's device has forgotten the
 * rest of the answer then. A pty has not: if that begins with the byte of a frame's start, which is
 * rare, the proxy waits for the rest of that frame for ever. */

const struct fault_row fault_rows[] = {
	{"C1", NULL, NULL, ON_ALL, IN_ALL, EVERYWHERE},
	{"C2", NULL, NULL, ON_ALL, IN_ALL, EVERYWHERE | MAY_LEAK},
	{"C3", NULL, NULL, ON_ALL, IN_LISTING, 0},
	{"C3", NULL, REOPEN, ON_ALL, IN_WARM, 0},
	{"C3", NULL, NULL, ON_ALL, IN_LISTING, FOR_EVER},
	{"C3", NULL, REOPEN, ON_ALL, IN_WARM, FOR_EVER},
	{"C4", NULL, NULL, ON_CHOOSING, IN_LISTING, 0},
	{"C4", NULL, REOPEN, ON_CHOOSING, IN_WARM, 0},
	{"C5", NULL, NULL, ON_ALL, IN_ALL, EVERYWHERE},
	{"C5", NULL, NULL, ON_ALL, IN_ALL, FOR_EVER},
	{"C6", NULL, NULL, ON_ALL, IN_ALL, EVERYWHERE},
	{"C6", "6310", NULL, ON_ALL, IN_ALL, EVERYWHERE},
	{"C7", NULL, NULL, ON_CARD, IN_ALL, OVER_T0},
	{"C7", NULL, NULL, ON_CARD, IN_ALL, OVER_T0 | FOR_EVER},
	{"C8", "", NULL, ON_ALL, IN_ALL, EVERYWHERE | SWAPS},
	{"C8", "+", NULL, ON_ALL, IN_SIGNATURE, EVERYWHERE | SWAPS},
	{"C9", NULL, NULL, ON_ALL, IN_ALL, EVERYWHERE},
	{"C10", LATE, NULL, ON_ALL, IN_ALL, EVERYWHERE},
	{"C10", TOO_LATE, NULL, ON_ALL, IN_ALL, EVERYWHERE | MAY_LEAK},
	{"C11", NULL, NULL, ON_ALL, IN_LISTING, 0},
	{"C11", NULL, REOPEN, ON_ALL, IN_FORGIVING, 0},
	{"C11", NULL, NULL, ON_ALL, IN_LISTING, FOR_EVER},
	{"C11", NULL, REOPEN, ON_ALL, IN_WARM, FOR_EVER},
	{"C12", NULL, NULL, ON_ALL, IN_ALL, EVERYWHERE | MAY_LEAK},
	/* vpcd itself waits for ever for an answer of no bytes */
	{"C12", "0", NULL, ON_UNIX | ON_MODEM, IN_ALL, EVERYWHERE | MAY_LEAK},
	{"STALE", NULL, NULL, ON_CARD, IN_ALL, EVERYWHERE | MAY_LEAK},
	{"TRUNC", NULL, NULL, ON_CARD, IN_ALL, EVERYWHERE | MAY_LEAK},
	{"BADSIG", NULL, NULL, ON_CARD, IN_SIGNATURE, 0},
	{"BADSIG", NULL, NULL, ON_ALL, IN_SIGNATURE, FOR_EVER},

	{"F1", NULL, NULL, ON_AT, IN_ALL, EVERYWHERE},
	{"F1", NULL, NULL, ON_AT, IN_ALL, FOR_EVER},
	{"F2", NULL, NULL, ON_AT, IN_ALL, EVERYWHERE},
	{"F2", NULL, NULL, ON_AT, IN_ALL, FOR_EVER},
	{"F3", NULL, "F19", ON_AT, IN_ALL, FOR_EVER},
	{"F3", "1", "F19", ON_AT, IN_ALL, FOR_EVER},
	{"F4", NULL, NULL, ON_AT, IN_ALL, EVERYWHERE},
	{"F5", NULL, NULL, ON_AT, IN_ALL, EVERYWHERE},
	{"F6", NULL, NULL, ON_MODEM, IN_ALL, EVERYWHERE},
	{"F6", NULL, NULL, ON_MODEM, IN_ALL, FOR_EVER},
	{"F7", NULL, NULL, ON_AT, IN_ALL, 0},
	{"F7", NULL, NULL, ON_AT, IN_ALL, FOR_EVER},
	{"F8", NULL, NULL, ON_AT, IN_ALL, 0},
	{"F8", NULL, NULL, ON_MBIM, IN_ALL, MAY_LEAK},
	{"F9", NULL, NULL, ON_AT, IN_ALL, MAY_LEAK},
	{"F9", "z", NULL, ON_AT, IN_ALL, MAY_LEAK},
	{"F10", NULL, NULL, ON_AT, IN_ALL, MAY_LEAK | MAY_MISS},
	{"F10", "30", NULL, ON_MBIM, IN_ALL, EVERYWHERE | MAY_LEAK | MAY_MISS | PROXY_LOST},
	{"F11", NULL, NULL, ON_AT, IN_ALL, MAY_LEAK},
	{"F12", NULL, NULL, ON_AT | ON_MBIM, IN_ALL, MAY_LEAK},
	{"F13", NULL, NULL, ON_MODEM, IN_ALL, EVERYWHERE | MAY_LEAK},
	{"F14", LATE, NULL, ON_MODEM, IN_ALL, EVERYWHERE},
	{"F14", TOO_LATE, NULL, ON_MODEM, IN_ALL, EVERYWHERE | MAY_LEAK},
	{"F15", NULL, NULL, ON_MODEM, IN_ALL, MAY_LEAK},
	{"F16", NULL, NULL, ON_CGLA, IN_LISTING, FOR_EVER},
	{"F16", "hex", NULL, ON_CGLA, IN_LISTING, FOR_EVER},
	{"F16", "prefixed", NULL, ON_CGLA, IN_LISTING, FOR_EVER},
	{"F16", NULL, REOPEN, ON_CGLA, IN_WARM, FOR_EVER},
	{"F17", NULL, REOPEN, ON_CGLA, IN_WARM, FOR_EVER | MAY_MISS | MAY_LEAK},
	{"F18", NULL, NULL, ON_AT, IN_LISTING, FOR_EVER | MAY_MISS},
	{"F18", "error", NULL, ON_AT, IN_LISTING, FOR_EVER | MAY_MISS},
	{"F19", NULL, NULL, ON_AT | ON_MBIM, IN_ALL, MAY_MISS},
	{"F20", NULL, NULL, ON_CSIM, IN_ALL, OVER_T0 | FOR_EVER | MAY_MISS},
	{"F21", NULL, NULL, ON_AT, IN_ALL, OVER_T0 | FOR_EVER},
	{"F21", "0", NULL, ON_AT, IN_ALL, OVER_T0 | FOR_EVER},
	{"F22", NULL, NULL, ON_AT, IN_ALL, MAY_MISS | MAY_LEAK},
	{"F23", NULL, NULL, ON_MODEM, IN_ALL, MAY_LEAK},
	{"F24", NULL, NULL, ON_AT, IN_ALL, FOR_EVER | MAY_MISS},
	{"F25", NULL, NULL, ON_MODEM, IN_ALL, EVERYWHERE | MAY_LEAK | PROXY_LOST},
	{"F26", NULL, NULL, ON_AT, IN_ALL, EVERYWHERE | MAY_LEAK},
	{"F27", NULL, NULL, ON_MODEM, IN_ALL, EVERYWHERE | MAY_LEAK},
	{"F28", "700", NULL, ON_MODEM, IN_ALL, EVERYWHERE},
	{"F29", NULL, NULL, ON_MODEM, IN_ALL, EVERYWHERE | MAY_LEAK},

	{"M1", NULL, NULL, ON_MBIM, IN_ALL, EVERYWHERE | MAY_LEAK | PROXY_LOST | PROXY_KNOWS_FIRST},
	{"M2", NULL, NULL, ON_MBIM, IN_ALL, MAY_MISS},
	{"M2", "87430002", NULL, ON_MBIM, IN_ALL, MAY_MISS},
	{"M2", "87430003", NULL, ON_MBIM, IN_ALL, MAY_MISS},
	{"M2", "00000009", NULL, ON_MBIM, IN_ALL, MAY_MISS},
	{"M3", NULL, NULL, ON_MBIM, IN_ALL, MAY_LEAK},
	{"M3", "offset", NULL, ON_MBIM, IN_ALL, MAY_LEAK},
	{"M3", "swapped", NULL, ON_MBIM, IN_ALL, MAY_LEAK},
	{"M4", NULL, NULL, ON_MBIM, IN_ALL, EVERYWHERE | MAY_LEAK | MAY_MISS},
	{"M4", "64", NULL, ON_MBIM, IN_ALL, EVERYWHERE | MAY_LEAK | MAY_MISS},
	{"M5", NULL, NULL, ON_MBIM, IN_ALL, MAY_LEAK},
	{"M5", "only", NULL, ON_MBIM, IN_ALL, MAY_LEAK},
	{"M5", "cid", NULL, ON_MBIM, IN_ALL, MAY_LEAK},
	{"M5", "tid", NULL, ON_MBIM, IN_ALL, MAY_LEAK},
	{"M6", NULL, NULL, ON_MBIM, IN_ALL, FOR_EVER | MAY_MISS},
	{"M7", NULL, NULL, ON_MBIM, IN_LISTING, ONCE},
	{"M7", NULL, REOPEN, ON_MBIM, IN_WARM, ONCE},
	{"M7", "1", NULL, ON_MBIM, IN_LISTING, ONCE},

	{"Q2", NULL, NULL, ON_QMI, IN_ALL, EVERYWHERE | MAY_LEAK},
	{"Q2", "after", NULL, ON_QMI, IN_ALL, EVERYWHERE | MAY_LEAK},
	{"Q3", NULL, NULL, ON_QMI, IN_ALL, FOR_EVER | MAY_MISS},
	{"Q4", NULL, NULL, ON_QMI, IN_ALL, EVERYWHERE},
	{"Q5", NULL, NULL, ON_QMI, IN_ALL, MAY_LEAK},
	{"Q5", "mixed", NULL, ON_QMI, IN_ALL, MAY_LEAK},
	{"Q5", "oversized", NULL, ON_QMI, IN_ALL, MAY_LEAK},
	{"Q5", "never", NULL, ON_QMI, IN_ALL, MAY_LEAK},
	{"Q6", NULL, NULL, ON_QMI, IN_ALL, EVERYWHERE | MAY_LEAK | MAY_MISS},
	{"Q6", "twice", NULL, ON_QMI, IN_ALL, EVERYWHERE | MAY_LEAK | MAY_MISS},
	{"Q7", NULL, NULL, ON_QMI, IN_LISTING, FOR_EVER},
	{"Q7", NULL, REOPEN, ON_QMI, IN_WARM, FOR_EVER | MAY_MISS},
	{"Q8", NULL, NULL, ON_QMI, IN_LISTING, 0},
	{"Q8", NULL, NULL, ON_QMI, IN_LISTING, FOR_EVER},
	{"Q8", NULL, REOPEN, ON_QMI, IN_WARM, MAY_MISS},
};
const size_t fault_row_count = sizeof(fault_rows) / sizeof(fault_rows[0]);
