/* SPDX-License-Identifier: Apache-2.0 */
/* A command APDU as the card sees it: class decoded to a logical channel, body and Le found
 * (ISO 7816-4 short APDUs; class coding of iotsafe-protocol.md §4.3). */
#ifndef IOTSAFE_SIM_APDU_H
#define IOTSAFE_SIM_APDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

/* Status words, by what they say. */
enum {
	SW_OK = 0x9000,
	SW_CHANNEL_CLOSED_ALREADY = 0x6200,
	SW_MORE_OBJECTS = 0x6300,
	SW_TRIES_LEFT = 0x63C0, /* the last digit counts */
	SW_REMOTE_ADMIN_ENDED = 0x63CF,
	SW_LENGTH = 0x6700,
	SW_NO_CHANNEL = 0x6881,
	SW_FILE_KIND = 0x6981,
	SW_SECURITY = 0x6982,
	SW_PIN_BLOCKED = 0x6983,
	SW_LOCKED = 0x6984,
	SW_CONDITIONS = 0x6985,
	SW_NO_EF = 0x6986,
	SW_SESSIONS_FULL = 0x6989,
	SW_ADMIN_ENDED = 0x6989,
	SW_DATA = 0x6A80,
	SW_UNSUPPORTED = 0x6A81,
	SW_NOT_FOUND = 0x6A82,
	SW_NO_RECORD = 0x6A83,
	SW_NO_MEMORY = 0x6A84,
	SW_PARAMS = 0x6A86,
	SW_NO_REFERENCE = 0x6A88,
	SW_OFFSET = 0x6B00,
	SW_INS = 0x6D00,
	SW_SIGNATURE_WRONG = 0x6D01,
	SW_CLASS = 0x6E00,
	SW_OTHER = 0x6F00,
};

enum {
	CHANNELS_MAX = 20, /* basic channel 0 and 1..19 */
	LE_ALL = 256,	   /* Le = 00, and the limit of a short answer */
};

struct apdu {
	uint8_t ins, p1, p2;
	unsigned channel;
	bool proprietary; /* class 8X or CX */
	bool class_ok;	  /* false: secure messaging, chaining or a class that is none of ours */
	bool length_ok;	  /* Lc agrees with the bytes that follow */
	struct bytes data;
	bool has_le;
	size_t le; /* 1..256; 256 when absent */
};

/* Borrows cmd. Only fewer than four bytes fail (ST_TRUNCATED): everything else is a command that
 * the card answers, perhaps with a complaint. */
status apdu_parse(struct bytes cmd, struct apdu *ret_apdu) MUST_USE;

#endif
