/* SPDX-License-Identifier: Apache-2.0 */
/* What verification, PUT PUBLIC KEY and CMAC share: init, updates, close, and the ways out of a
 * session that is stuck (iotsafe-protocol.md §9). Signatures have more to learn: sign.c. */
#include "card_impl.h"
#include "log.h"

static const struct family_row {
	enum command_id init, close;
} families[] = {
	[SESSION_SIGN] = {CMD_SIGN_INIT, CMD_SIGN_CLOSE},
	[SESSION_VERIFY] = {CMD_VERIFY_INIT, CMD_VERIFY_CLOSE},
	[SESSION_PUT] = {CMD_PUT_INIT, CMD_PUT_CLOSE},
};
enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

bool session_stuck(status st)
{
	return st == ST_SW_PARAMS || st == ST_SW_SESSIONS || st == ST_SW_CONDITIONS;
}

status session_close(struct card *c, enum session_family family, deadline dl)
{
	status st =
		exec_call(c, &CALL(families[family].close, .p2 = P(c->session)), NULL, NULL, dl);

	return card_refused(st) ? ST_OK : st;
}

/* A card with one session for all has it open for another family, perhaps. */
static status close_all(struct card *c, deadline dl)
{
	for (unsigned f = 0; f < FAMILIES; f++)
		TRY(session_close(c, (enum session_family)f, dl));
	return ST_OK;
}

static status init(struct card *c, const struct session *s, deadline dl)
{
	return exec_call(c, &CALL(families[s->family].init, .p2 = P(c->session), .data = s->init),
			 NULL, NULL, dl);
}

/* Busy: close, then (on a channel that was just selected; before that a lost applet is the likelier
 * cause) the other session number. */
static status open_session(struct card *c, const struct session *s, deadline dl)
{
	status st = init(c, s, dl), first = st;

	if (!session_stuck(st))
		return st;
	TRY(st == ST_SW_SESSIONS ? close_all(c, dl) : session_close(c, s->family, dl));
	st = init(c, s, dl);
	if (!session_stuck(st) || !c->fresh)
		return st;
	c->session ^= 1;
	TRY(close_all(c, dl));
	st = init(c, s, dl);
	if (session_stuck(st)) {
		c->session ^= 1;
		return first;
	}
	return st;
}

status session_run(struct card *c, const struct session *s, deadline dl)
{
	status st, closed;

	TRY(open_session(c, s, dl));
	st = s->body(c, s->arg, dl);
	if (st == ST_SW_CONDITIONS) {
		TRY(session_close(c, s->family, dl));
		TRY(init(c, s, dl));
		st = s->body(c, s->arg, dl);
	}
	if (st != ST_OK && st != ST_MALFORMED && !card_refused(st))
		return st;
	/* the card has answered: if the link fails now, the next command meets it */
	closed = session_close(c, s->family, dl);
	if (closed != ST_OK)
		log_debug("closing a session: %s", status_text(closed));
	return st;
}
