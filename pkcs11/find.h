/* SPDX-License-Identifier: Apache-2.0 */
/* C_FindObjects* and the calls that name one object. */
#ifndef IOTSAFE_PKCS11_FIND_H
#define IOTSAFE_PKCS11_FIND_H

#include "bag.h"
#include "guard.h"

/* The hits are fixed here; later changes do not move them. */
status find_init(struct guard *g, const CK_ATTRIBUTE *tmpl, CK_ULONG n) MUST_USE;
status find_next(struct guard *g, CK_OBJECT_HANDLE *list, CK_ULONG room, CK_ULONG *ret_n) MUST_USE;
status find_final(struct guard *g) MUST_USE;

status find_attributes(struct guard *g, CK_OBJECT_HANDLE h, CK_ATTRIBUTE *tmpl,
		       CK_ULONG n) MUST_USE;
/* A copy of a session object's attributes (bag_free it). ST_NO_OBJECT when there is none, or it is
 * private and nobody has logged in; takes the slot's lock only to find that out. */
status find_made(struct guard *g, CK_OBJECT_HANDLE h, struct bag *ret) MUST_USE;
/* Bytes of all values. On the card nobody knows, and Cryptoki has a value for that. */
status find_size(struct guard *g, CK_OBJECT_HANDLE h, CK_ULONG *ret_n) MUST_USE;

#endif
