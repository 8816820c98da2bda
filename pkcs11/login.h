/* SPDX-License-Identifier: Apache-2.0 */
/* The user's PIN, and who may use what (rule A; PKCS#11 §5.6). Login is per slot, for all sessions
 * of the process. No function sends a PIN that was not given to it, except login_for_use with the
 * configured pin-source under rule A's conditions. */
#ifndef IOTSAFE_PKCS11_LOGIN_H
#define IOTSAFE_PKCS11_LOGIN_H

#include "card_pin.h"
#include "container.h"
#include "guard.h"

/* --- slot locked; only the configuration is asked --- */
/* Does the configuration say that this container wants a PIN? Before every use? */
bool login_wants(struct slot *s, const struct container *c);
bool login_wants_always(struct slot *s, const struct container *c);
/* Are objects with CKA_PRIVATE to be hidden now: somebody has to log in, and nobody has? Neither
 * where a pin-source logs in by itself, nor where the PIN is known to be disabled. */
bool login_hides(struct slot *s);

/* --- slot locked; may ask the card --- */
/* What the card says of the PIN: asked at most once until something happens to it. ST_OK with
 * CARD_PIN_ABSENT when none is configured. */
status login_state(struct slot *s, struct card_pin *ret) MUST_USE;
/* Before a use of the container: ST_OK, or ST_USER_NOT_LOGGED_IN. Sends the configured pin-source's
 * PIN when the card has to be told and rule A allows it. */
status login_for_use(struct slot *s, const struct container *c) MUST_USE;
/* After a use that answered st: what a 6982 means for the login; passes st through. */
status login_outcome(struct slot *s, status st) MUST_USE;

/* --- entry points --- */
status login_user(struct guard *g, CK_USER_TYPE type, const void *pin, CK_ULONG n) MUST_USE;
status login_out(struct guard *g) MUST_USE;
status login_set_pin(struct guard *g, const void *old_pin, CK_ULONG old_n, const void *new_pin,
		     CK_ULONG new_n) MUST_USE;
/* CKF_LOGIN_REQUIRED, the count flags and PIN lengths of C_GetTokenInfo; slot locked. */
void login_token_flags(struct slot *s, CK_TOKEN_INFO *info);
/* The last session went, or another SIM came. */
void login_forget(struct slot *s);

#endif
