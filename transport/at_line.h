/* SPDX-License-Identifier: Apache-2.0 */
/* What one line of a modem means while a given command is in flight (3GPP TS 27.007, ITU-T V.250,
 * and what modems do instead). Pure functions over text; the lines come from at_reply.h without CR,
 * LF and unprintable bytes. */
#ifndef IOTSAFE_TRANSPORT_AT_LINE_H
#define IOTSAFE_TRANSPORT_AT_LINE_H

#include <stdbool.h>
#include "bytes.h"
#include "sizes.h"

enum {
	/* "+CGLA: <id>,516,"<516 digits>"" with some room; what is longer is no answer to us */
	AT_LINE_MAX = 700,
	/* CCHO's session id: up to 16 hex digits seen; struct channel holds 23 */
	AT_HANDLE_MAX = 16,
};

enum at_want {
	AT_WANT_NOTHING, /* only the final result */
	AT_WANT_PREFIX,	 /* "<prefix>: …"; the last such line counts */
	AT_WANT_HANDLE,	 /* "+CCHO: <id>" or a bare <id> */
	AT_WANT_TEXT,	 /* the first line of free text (CGMI, CGMM) */
	AT_WANT_ICCID,	 /* any line with a run of 18 to 20 digits */
};

struct at_expect {
	const char *sent; /* the command without CR; NULL: none is in flight */
	enum at_want want;
	const char *prefix; /* "+CSIM" */
};

enum at_kind { AT_NOISE, AT_ECHO, AT_INFO, AT_OK, AT_ERROR, AT_FOREIGN, AT_URC, AT_PROMPT };
enum at_sim { AT_SIM_NO_NEWS, AT_SIM_IN, AT_SIM_OUT };

struct at_line {
	enum at_kind kind;
	struct bytes text; /* AT_INFO: what follows the prefix, blanks trimmed */
	int code;	   /* AT_ERROR: at_codes.h */
	enum at_sim sim;   /* AT_URC: what it says of the SIM */
};

/* have_info: the awaited line has already come (a digit is then a result code of ATV0). An answer
 * to a command that is not in flight is AT_FOREIGN. */
struct at_line at_line_classify(const struct at_expect *x, bool have_info, struct bytes line);

/* <n>,"<hex>" or <id>,<n>,"<hex>", quotes optional, either case: the bytes into reply. When n is
 * not the count of digits the digits are believed, unless the modem has cut a long answer.
 * ST_MALFORMED (odd count, other characters, cut), ST_SHORT_OUT. */
status at_line_apdu(struct bytes info, struct wtr *reply) MUST_USE;
/* The session id: 1 to AT_HANDLE_MAX hex digits, quotes optional. ST_MALFORMED. */
status at_line_handle(struct bytes info, char ret_handle[24]) MUST_USE;
/* The first run of 18 to 20 digits; nibble-swapped ones (98…) are put right. ST_MALFORMED. */
status at_line_iccid(struct bytes info, char ret_iccid[ICCID_DIGITS_MAX + 1]) MUST_USE;

#endif
