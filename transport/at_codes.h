/* SPDX-License-Identifier: Apache-2.0 */
/* +CME ERROR codes (3GPP TS 27.007 §9.2) in their numeric and text forms, and what they mean to us.
 * They are the modem's words, not the card's: only a status word tells about the applet. */
#ifndef IOTSAFE_TRANSPORT_AT_CODES_H
#define IOTSAFE_TRANSPORT_AT_CODES_H

#include "bytes.h"

enum {
	AT_CODE_PLAIN = -1, /* ERROR without a number */
	AT_CODE_NOT_ALLOWED = 3,
	AT_CODE_NOT_SUPPORTED = 4,
	AT_CODE_NO_SIM = 10,
	AT_CODE_PIN = 11,
	AT_CODE_PUK = 12,
	AT_CODE_SIM_FAILURE = 13,
	AT_CODE_SIM_BUSY = 14,
	AT_CODE_UNKNOWN = 100,
};

/* Which command was refused. */
enum at_context { AT_IN_SETUP, AT_IN_OPEN, AT_IN_CGLA, AT_IN_CSIM, AT_CONTEXTS };

/* The code behind "+CME ERROR:" or "+CMS ERROR:": a number or a text, compared without case and
 * punctuation. A text that is not in the list is AT_CODE_UNKNOWN. */
int at_codes_parse(struct bytes text);
/* What the refusal means in that command; never ST_OK. */
status at_codes_status(int code, enum at_context in);

#endif
