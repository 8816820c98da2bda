/* SPDX-License-Identifier: Apache-2.0 */
/* What a call holds, given back at the end of its scope in the reverse order. */
#ifndef IOTSAFE_PKCS11_GUARD_H
#define IOTSAFE_PKCS11_GUARD_H

#include "ck.h"
#include "log.h"
#include "mem.h"
#include "rv.h"
#include "session.h"
#include "slot.h"

struct guard {
	bool gate;		 /* passed */
	struct slot *slot;	 /* locked, unless NULL */
	struct session *session; /* locked, unless NULL */
};

void guard_release(struct guard *g);
/* ST_NOT_INIT. */
status guard_lib(struct guard *g) MUST_USE;
/* Gate, and the session locked: enough for host-side work. ST_NOT_INIT, ST_NO_SESSION. */
status guard_session(struct guard *g, CK_SESSION_HANDLE h) MUST_USE;
/* Adds the lock of the session's slot, for work on the card or its objects. The session is let go
 * meanwhile (slot before session); ST_NO_SESSION when it was closed, and then g->session is NULL.
 * Nothing happens when the slot is locked already. */
status guard_card(struct guard *g) MUST_USE;
/* The same before what must not be done twice, by two members of a group: the SIM in use answers.
 */
status guard_ready(struct guard *g) MUST_USE;
/* The same before a PIN that the client gave is sent: to the SIM that the client knows of, and no
 * other. ST_CARD_GONE. */
status guard_pin(struct guard *g) MUST_USE;
/* After a call that answered *st and did nothing then, in a slot that stands for a group: another
 * member has taken over, and the call may be made once more. *st is what to answer else. */
bool guard_again(struct guard *g, status *st);
/* Gate, and the slot that has this id locked. ST_NO_SLOT. */
status guard_slot(struct guard *g, CK_SLOT_ID id) MUST_USE;

/* At the head of an entry point: declare the guard `g`, or leave with the reason. */
#define ENTER_WITH_(call)                                                                          \
	LOG_SPAN(__func__);                                                                        \
	struct guard g ON_EXIT(guard_release) = {0};                                               \
	do {                                                                                       \
		status enter_st_ = (call);                                                         \
		if (enter_st_ != ST_OK)                                                            \
			return rv_of(enter_st_);                                                   \
	} while (0)
#define ENTER_LIB() ENTER_WITH_(guard_lib(&g))
#define ENTER_SLOT(id) ENTER_WITH_(guard_slot(&g, (id)))
#define ENTER_SESSION(h) ENTER_WITH_(guard_session(&g, (h)))

#endif
