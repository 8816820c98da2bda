/* SPDX-License-Identifier: Apache-2.0 */
/* A modem's byte stream cut into lines, and the answer to one command collected from them. Pure:
 * bytes in, state out; no descriptor, no clock. Memory is fixed; a line longer than AT_LINE_MAX is
 * dropped. */
#ifndef IOTSAFE_TRANSPORT_AT_REPLY_H
#define IOTSAFE_TRANSPORT_AT_REPLY_H

#include "at_line.h"

enum at_final { AT_FINAL_NONE, AT_FINAL_OK, AT_FINAL_ERROR };

struct at_reply {
	struct at_expect expect;
	enum at_final final;
	int code;	 /* of AT_FINAL_ERROR, at_codes.h */
	bool prompt;	 /* "> ": the modem takes our lines for somebody's text */
	bool foreign;	 /* an answer to another command came before our final result */
	bool stray;	 /* an answer came while no command was in flight */
	enum at_sim sim; /* the last news of the SIM; the owner may reset it */
	unsigned outs;	 /* how many times it went, by what the modem said unasked */
	bool open;	 /* the information line stops inside its quotes */
	char info[AT_LINE_MAX];
	size_t info_n;
	unsigned info_count;
	char line[AT_LINE_MAX]; /* the unfinished line */
	size_t line_n;
	bool overlong;
};

/* Empty, with no command in flight. */
void at_reply_init(struct at_reply *r);
/* A command goes out: forgets the last answer, keeps an unfinished line and the SIM's news. */
void at_reply_begin(struct at_reply *r, const struct at_expect *x);
/* Takes all bytes; what follows the final result counts as unasked. */
void at_reply_feed(struct at_reply *r, struct bytes in);
/* The final result or a prompt has come. */
bool at_reply_done(const struct at_reply *r);
/* The last information line, without its prefix. */
struct bytes at_reply_info(const struct at_reply *r);
/* Overwrites what may have held a secret and ends the command. */
void at_reply_wipe(struct at_reply *r);

#endif
