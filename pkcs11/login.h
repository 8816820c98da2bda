/* SPDX-License-Identifier: Apache-2.0 */
/* The user's PIN, and who may use what (rule A; PKCS#11 §5.6). Login is per slot, for all sessions
 * of the process. No function sends a PIN that was not given to it, except login_for_use with the
 * configured pin-source under rule A's conditions. No PIN is kept.
 *
 * Where nobody has to log in (no PIN is configured, the card's is disabled, or pin-source does it)
 * the token behaves towards its clients as one without PIN: C_Login with anything succeeds once and
 * nothing is sent. */
#ifndef IOTSAFE_PKCS11_LOGIN_H
#define IOTSAFE_PKCS11_LOGIN_H

#include "card_pin.h"
#include "container.h"
#include "guard.h"

/* --- no lock --- */
/* Are the sessions in the user's state: somebody has logged in, or nobody has to? */
bool login_is_user(struct slot *s);
/* Nobody has to. */
bool login_is_open(struct slot *s);

/* --- slot locked; only the configuration is asked --- */
/* Does the configuration say that this container wants a PIN? Before every use, by the client? */
bool login_wants(struct slot *s, const struct container *c);
bool login_wants_always(struct slot *s, const struct container *c);
/* Are objects with CKA_PRIVATE to be hidden now: somebody has to log in, and nobody has? Neither
 * where a pin-source logs in by itself, nor where the PIN is known to be disabled. */
bool login_hides(struct slot *s);

/* --- slot locked; may ask the card --- */
/* What the card says of the PIN: asked at most once until something happens to it. ST_OK with
 * CARD_PIN_ABSENT when none is configured. */
status login_state(struct slot *s, struct card_pin *ret) MUST_USE;
/* Learns whether the card's PIN is disabled, when that matters and was never asked; what the card
 * answers else is of no interest here. Objects of the slot may die. */
void login_settle(struct slot *s);
/* Before a use of the container: ST_OK, or ST_USER_NOT_LOGGED_IN. Sends the configured pin-source's
 * PIN when the card has to be told and rule A allows it. */
status login_for_use(struct slot *s, const struct container *c) MUST_USE;
/* After a use that answered st: what a 6982 means for the login; passes st through. */
status login_outcome(struct slot *s, status st) MUST_USE;
/* After a use that answered st, before login_outcome: the card had forgotten the PIN, and
 * pin-source has told it again. The use may be tried once more. */
bool login_regained(struct slot *s, const struct container *c, status st);

/* After a whole call that answered st (and did nothing then): the same for calls that do more than
 * one thing. They may be made once more, and login_for_use sees to the PIN. */
bool login_may_recur(const struct guard *g, status st);

/* --- entry points --- */
status login_user(struct guard *g, CK_USER_TYPE type, const void *pin, CK_ULONG n) MUST_USE;
status login_out(struct guard *g) MUST_USE;
status login_set_pin(struct guard *g, const void *old_pin, CK_ULONG old_n, const void *new_pin,
		     CK_ULONG new_n) MUST_USE;
/* CKF_LOGIN_REQUIRED, the count flags and PIN lengths of C_GetTokenInfo; slot locked. */
void login_token_flags(struct slot *s, CK_TOKEN_INFO *info);
/* The last session went. No lock. */
void login_forget(struct slot *s);
/* Another SIM came; slot locked. */
void login_new_card(struct slot *s);
/* The same of another member of the group, whose pin-source was refused before or not; was_open is
 * login_is_open of before. Where nobody has to log in, before and now, no login ends. */
void login_other_member(struct slot *s, bool was_open, bool auto_spent);

/* --- between login.c and login_auto.c; slot locked --- */
/* Does pin-source log in? */
bool login_auto_on(struct slot *s);
/* Makes sure that the card knows the PIN; `anew` also when it was told before. ST_OK or
 * ST_USER_NOT_LOGGED_IN, or why the card could not be asked. */
status login_auto(struct slot *s, bool anew) MUST_USE;
/* A value of the PIN turned out to be right: pin-source may try it again. */
void login_auto_learned(struct slot *s, struct bytes pin);
/* What TS 102 221 §9.5.1 makes PINs of. */
bool login_is_digits(struct bytes b);
/* Asks the card, always. */
status login_ask(struct slot *s) MUST_USE;
/* The one VERIFY: s->login.pin tells what it left. */
status login_present(struct slot *s, struct bytes pin) MUST_USE;

#endif
