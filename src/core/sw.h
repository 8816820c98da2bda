/* SPDX-License-Identifier: Apache-2.0 */
/* Status words to statuses: the only place that knows them (iotsafe-protocol.md §8). */
#ifndef IOTSAFE_SRC_CORE_SW_H
#define IOTSAFE_SRC_CORE_SW_H

#include <stdint.h>
#include "status.h"

/* What the exchange loop does next. */
enum sw_kind {
	SW_DONE,       /* success */
	SW_DONE_DIRTY, /* success, and the object list may have changed: 63CF */
	SW_MORE_PAGES, /* success, and more can be asked for: 6300 */
	SW_FETCH,      /* data wait for GET RESPONSE: 61xx, 9Fxx */
	SW_AGAIN_LE,   /* repeat with Le = SW2: 6Cxx */
	SW_FAILED,     /* see the status */
};

struct sw_verdict {
	enum sw_kind kind;
	status st;	  /* of SW_FAILED */
	const char *text; /* for people */
};

struct sw_verdict sw_judge(uint16_t sw);
/* Of the commands about PINs (TS 102 221 §11.1.9 to §11.1.13), where 63CF means 15 tries and not an
 * end of remote administration. ST_SW_PIN_WRONG: sw_tries are left; ST_SW_LOCKED: the PIN is
 * disabled. ST_SW_OTHER, ST_CHANNEL_LOST and ST_CARD_BUSY leave open whether a try was spent; any
 * other failure but a wrong PIN proves that none was. */
struct sw_verdict sw_judge_pin(uint16_t sw);
int sw_tries(uint16_t sw);

#endif
