/* SPDX-License-Identifier: Apache-2.0 */
/* C_WaitForSlotEvent: tokens that came or went, by asking the links now and then in the caller's
 * own thread; C_Finalize wakes the blocking form. The slots keep the events (slot_event). */
#ifndef IOTSAFE_PKCS11_EVENT_H
#define IOTSAFE_PKCS11_EVENT_H

#include "ck.h"
#include "status.h"

/* ST_NO_EVENT (CKF_DONT_BLOCK), ST_NOT_INIT when C_Finalize ended the wait, ST_ARG. The gate is
 * not held while it sleeps. */
status event_wait(CK_FLAGS flags, CK_SLOT_ID *ret_slot, const void *reserved) MUST_USE;

/* --- for C_Finalize --- */
/* Every wait that has begun is over: wakes the sleepers. */
void event_end_all(void);
/* Returns when none of them is left. The gate is open. */
void event_drain(void);
/* In a child, where none of them exists. */
void event_forget_all(void);

#endif
