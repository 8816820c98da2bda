/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: a table that grows and is never shrunk before C_Finalize, so that looking up a stale
 * handle cannot touch freed memory. A handle is generation | slot | index, never 0, never reused.
 */
#ifndef IOTSAFE_PKCS11_SESSION_H
#define IOTSAFE_PKCS11_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "ck.h"
#include "op.h"
#include "slot.h"
#include "status.h"

enum {
	SESSION_INDEX_BITS = 12, /* 4096 sessions at a time */
	SESSION_SLOT_BITS = 5,	 /* SLOT_TABLE_MAX */
};

/* A search: the handles that matched when it began. */
struct find {
	bool active;
	CK_OBJECT_HANDLE *hit; /* owned */
	size_t count, next;
};

struct session {
	pthread_mutex_t lock;
	_Atomic CK_SESSION_HANDLE handle; /* 0: free */
	_Atomic CK_FLAGS flags;
	struct slot *_Atomic slot;
	_Atomic unsigned generation; /* of the slot when it was opened */
	struct op sign, verify;
	struct find find;
};

struct guard;

/* C_OpenSession: any pApplication and callback; needs no card. ST_NO_SLOT, ST_SESSION_PARALLEL,
 * ST_ARG, ST_TOKEN_ABSENT, ST_SESSION_COUNT, ST_NOMEM. */
status session_open(CK_SLOT_ID id, CK_FLAGS flags, CK_SESSION_HANDLE *ret_h) MUST_USE;
status session_close_one(struct guard *g) MUST_USE;
status session_close_all(CK_SLOT_ID id) MUST_USE;
status session_info(struct guard *g, CK_SESSION_INFO *ret_info) MUST_USE;
/* C_GetOperationState: what a key in the card is at cannot be saved. ST_STATE_UNSAVEABLE, or
 * ST_NO_OP, or ST_ARG. */
status session_state(struct guard *g, const CK_ULONG *size) MUST_USE;
/* C_SessionCancel: ends the operations that flags name. */
status session_cancel(struct guard *g, CK_FLAGS flags) MUST_USE;
/* Open sessions of a slot; of them the read/write ones. */
CK_ULONG session_count(const struct slot *slot, bool rw_only);

/* Is any session of the slot in the middle of something? No session lock held. */
bool session_any_active(const struct slot *slot);

/* Finds and locks it. ST_NO_SESSION, also when its SIM went away. */
status session_lock(CK_SESSION_HANDLE h, struct session **ret_s) MUST_USE;
void session_unlock(struct session *s);
CK_SESSION_HANDLE session_handle(const struct session *s);

void find_end(struct find *f);

/* --- with the gate held alone --- */
void session_free_all(void);
/* In a child; in_flux leaves memory alone. */
void session_forget_all(bool in_flux);

#endif
