/* SPDX-License-Identifier: Apache-2.0 */
/* The AT modem's inside, shared by front_at*.c only.
 *
 * --at LINK[?OPTION=VALUE&...]   a pty that behaves like a modem's AT port, symlinked as LINK
 *   model=    generic quectel sierra fibocom telit nordic sequans ublox simcom foxconn: what it
 * says of itself and its habits (transports.md §1.3); the options below override one habit each
 *   cgla=no   no CCHO, CGLA, CCHC           csim=no   no CSIM
 *   auto61=   yes: the modem itself follows 61xx and 6Cxx
 *   echo=     yes (ATE1 at power-on) or no
 *   ccho=     prefixed, bare or hex: the shape of CCHO's answer
 *   tests=    yes, error or silent: what `=?` gets
 *   blank=    normal, compact (no blank line between information lines) or extra
 *   pin=yes   the SIM waits for its PIN
 *   quotes=no, upper=yes (refuses lower-case hex), urc=MS (an unsolicited line every MS ms when
 * idle)
 *
 * Words for sim_card_control: "unplug [LINK]", "plug [LINK]", "urc TEXT".
 *
 * One command line is one event of the fault engine. The modem's own traffic with the card
 * (channels of CCHO, GET RESPONSE of auto61) goes through sim_card_transmit like the host's. */
#ifndef IOTSAFE_SIM_FRONT_AT_H
#define IOTSAFE_SIM_FRONT_AT_H

#include "baseband.h"
#include "front.h"
#include "pty.h"
#include "sizes.h"

enum {
	AT_LINE_MAX = 1024,
	AT_INFO_MAX = 2048,
	AT_LINES_MAX = 8,
	AT_SESSIONS_MAX = 19,
};

/* The end of a command: AT_OK, AT_ERROR, AT_SILENT, or a CME error code from 0 up. */
enum { AT_OK = -1, AT_ERROR = -2, AT_SILENT = -3 };

/* 27.007 §9.2 */
enum {
	CME_PHONE_FAILURE = 0,
	CME_NOT_ALLOWED = 3,
	CME_NOT_SUPPORTED = 4,
	CME_NOT_INSERTED = 10,
	CME_SIM_PIN = 11,
	CME_SIM_FAILURE = 13,
	CME_SIM_BUSY = 14,
	CME_MEMORY_FULL = 20,
	CME_BAD_INDEX = 21,
	CME_NOT_FOUND = 22,
	CME_PARAMETERS = 50,
	CME_UNKNOWN = 100,
};

enum at_handle_shape { AT_HANDLE_PREFIXED, AT_HANDLE_BARE, AT_HANDLE_HEX };
enum at_tests { AT_TESTS_ANSWERED, AT_TESTS_ERROR, AT_TESTS_SILENT };
enum at_blank { AT_BLANK_NORMAL, AT_BLANK_COMPACT, AT_BLANK_EXTRA };

struct at_habits {
	const char *model; /* the option's word */
	const char *maker, *product, *revision;
	const char *iccid_command; /* beside +CCID where ccid is true */
	const char *iccid_prefix;
	bool ccid;
	bool cgla, csim, auto61, quotes, upper_only, pin;
	enum at_handle_shape handle;
	enum at_tests tests;
	enum at_blank blank;
};

struct at_session {
	char handle[20]; /* empty: free */
	uint8_t channel;
};

struct at_info {
	uint8_t text[AT_INFO_MAX];
	size_t len;
	size_t end[AT_LINES_MAX]; /* where each line ends */
	size_t lines;
};

struct sim_front {
	struct sim_card *card;
	struct sim_faults *faults;
	struct at_habits habits;
	struct pty port;
	pthread_t thread;
	long urc_ms;

	/* settings of the command line */
	bool echo;
	bool verbose;
	int cmee;
	int cfun;

	/* the line that is being received */
	uint8_t line[AT_LINE_MAX];
	size_t line_len;
	bool line_too_long;
	uint8_t last_line[AT_LINE_MAX]; /* for A/ */
	size_t last_line_len;
	bool prompt; /* F26: until ESC */

	/* the card, as the modem knows it */
	struct at_session session[AT_SESSIONS_MAX];
	unsigned sessions_made;
	struct baseband baseband;
	bool present;
	uint8_t held_header[4]; /* F22: the answer that a repeated command shall get */
	uint8_t held[APDU_REPLY_MAX];
	size_t held_len;

	struct at_info info;	 /* of the present command */
	struct at_info previous; /* of the last card command, for F11 and F12 */
	const struct at_command *command;
	bool is_card_command; /* the present one is CSIM or CGLA */
};

enum at_form { AT_EXECUTE, AT_READ, AT_SET, AT_TEST };

/* One extended command: name with its prefix character ("+CSIM"). */
struct at_command {
	const char *name;
	int (*run)(struct sim_front *m, enum at_form form, struct bytes args);
};

/* front_at_basic.c: identity and settings */
extern const struct at_command at_basic_commands[];
/* front_at_card.c: CSIM, CCHO, CGLA, CCHC, CRSM, CPIN, ICCID */
extern const struct at_command at_card_commands[];

/* front_at_line.c: takes received bytes; runs each complete line and answers it. */
void at_line_receive(struct sim_front *m, struct bytes in);

/* front_at_answer.c */
/* Adds one information line; cut silently at AT_INFO_MAX. */
void at_info_add(struct sim_front *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sends the information lines and the final code, with the faults that strike now. */
void at_answer(struct sim_front *m, int final);
void at_answer_urc(struct sim_front *m, const char *text);

/* front_at_card.c: follows removal, insertion and reset: forgets sessions, tells clients. */
void at_card_watch(struct sim_front *m);

/* front_at_habits.c: from the URI-like argument of --at; ST_ARG with a line in err. */
status at_habits_parse(const char *argument, struct sim_front *m, char err[256]) MUST_USE;

#endif
