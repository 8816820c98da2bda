/* SPDX-License-Identifier: Apache-2.0 */
/* Session objects: what was created, copied or derived with CKA_TOKEN false. They live in this
 * process, belong to the session that made them and die with it, and are seen by all sessions of
 * their slot. The list has a lock of its own, the innermost of all; no card traffic under it. */
#ifndef IOTSAFE_PKCS11_MADE_H
#define IOTSAFE_PKCS11_MADE_H

#include <pthread.h>

#include "bag.h"

struct slot;
struct made;

enum {
	/* session objects of one slot */
	MADE_MAX = 4096,
};

struct made_list {
	pthread_mutex_t lock;
	struct made *first; /* owned */
	CK_ULONG count;
};

void made_init(struct made_list *l);
/* in_flux: in a child of a process that was changing it: leaves memory alone. */
void made_free(struct made_list *l, bool in_flux);

/* Takes the bag over on success (the caller's is then empty), with CKA_UNIQUE_ID and CKA_VALUE_LEN
 * added. `owner` is the session that the object dies with. ST_OBJECT_MEMORY, ST_NOMEM. */
status made_add(struct slot *s, CK_SESSION_HANDLE owner, struct bag *b,
		CK_OBJECT_HANDLE *ret_h) MUST_USE;
/* The same with the handle of a token object that is no more. */
status made_add_as(struct slot *s, CK_SESSION_HANDLE owner, struct bag *b,
		   CK_OBJECT_HANDLE h) MUST_USE;
/* A copy of its attributes, to be freed with bag_free. ST_NO_OBJECT. */
status made_get(struct slot *s, CK_OBJECT_HANDLE h, struct bag *ret) MUST_USE;
/* Takes the bag over as the object's new attributes. ST_NO_OBJECT. */
status made_put(struct slot *s, CK_OBJECT_HANDLE h, struct bag *b) MUST_USE;
status made_remove(struct slot *s, CK_OBJECT_HANDLE h) MUST_USE;
/* Handles of those that match `fits`, at most cap; returns how many match. */
CK_ULONG made_list_handles(struct slot *s, bool (*fits)(const struct bag *b, void *ctx), void *ctx,
			   CK_OBJECT_HANDLE *list, CK_ULONG cap);
/* The session is closed; somebody logged out (objects with CKA_PRIVATE); the SIM is another one. */
void made_drop_session(struct slot *s, CK_SESSION_HANDLE owner);
void made_drop_private(struct slot *s);
void made_drop_all(struct slot *s);

#endif
