/* SPDX-License-Identifier: Apache-2.0 */
/* The command table: what each command is on the wire, once (iotsafe-protocol.md §1). */
#ifndef IOTSAFE_SRC_CORE_COMMANDS_H
#define IOTSAFE_SRC_CORE_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum command_id {
	CMD_CHANNEL_OPEN,
	CMD_CHANNEL_CLOSE,
	CMD_SELECT_AID,
	CMD_SELECT_FILE,
	CMD_READ_BINARY,
	CMD_GET_RESPONSE,
	CMD_GET_APP,
	CMD_GET_LIST,
	CMD_GET_OBJECT,
	CMD_GET_RANDOM,
	CMD_READ_FILE,
	CMD_READ_PUBLIC,
	CMD_SIGN_INIT,
	CMD_SIGN_CLOSE,
	CMD_SIGN_UPDATE,
	CMD_VERIFY_INIT,
	CMD_VERIFY_CLOSE,
	CMD_VERIFY_UPDATE,
	CMD_PUT_INIT,
	CMD_PUT_CLOSE,
	CMD_PUT_UPDATE,
	CMD_GENERATE,
	CMD_DH,
	CMD_PRF,
	CMD_HKDF,
	CMD_MAC_MORE,
	CMD_MAC_LAST,
	CMD_PIN_QUERY,
	CMD_PIN_QUERY_LE,
	CMD_PIN_VERIFY,
	CMD_PIN_CHANGE,
	CMD_PIN_UNBLOCK,
	CMD_COUNT
};

/* ISO 7816-3 §12.1: does the command carry data, does it expect some? */
enum apdu_case { APDU_CASE_1, APDU_CASE_2, APDU_CASE_3, APDU_CASE_4 };

enum class_kind {
	CLASS_BASIC,  /* 00 on the basic channel: MANAGE CHANNEL */
	CLASS_ISO,    /* 0n: SELECT and the UICC's own commands */
	CLASS_APPLET, /* 8n or 0n, learned */
};

/* What a trace may show of one direction. */
#define CLEAR_ALL ((size_t)-1)
#define CLEAR_HEADER ((size_t)5)
#define CLEAR_NONE ((size_t)0)

enum command_flag {
	COMMAND_NO_FETCH = 1, /* the answer's data are of no interest: 61xx is success */
	COMMAND_PIN = 2,      /* its status words mean what they mean of PINs (sw_judge_pin) */
	/* It carries a PIN, of which each may cost a try: at most one such exchange in one card
	 * operation, whatever comes of it, and no answer is ST_PIN_UNSURE (exec.c, card_run). */
	COMMAND_ONCE = 4,
};

struct command {
	const char *name;
	uint8_t ins, p1, p2; /* defaults; a call may set its own p1 and p2 */
	enum apdu_case apdu_case;
	enum class_kind class_kind;
	size_t clear_out, clear_in; /* bytes that a trace may show */
	unsigned flags;		    /* enum command_flag */
};

const struct command *command_get(enum command_id id);

#endif
