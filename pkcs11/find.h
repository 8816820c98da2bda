/* SPDX-License-Identifier: Apache-2.0 */
/* C_FindObjects* and the calls that name one object. */
#ifndef IOTSAFE_PKCS11_FIND_H
#define IOTSAFE_PKCS11_FIND_H

#include "guard.h"

/* The hits are fixed here; later changes do not move them. */
status find_init(struct guard *g, const CK_ATTRIBUTE *tmpl, CK_ULONG n) MUST_USE;
status find_next(struct guard *g, CK_OBJECT_HANDLE *list, CK_ULONG room, CK_ULONG *ret_n) MUST_USE;
status find_final(struct guard *g) MUST_USE;

status find_attributes(struct guard *g, CK_OBJECT_HANDLE h, CK_ATTRIBUTE *tmpl,
		       CK_ULONG n) MUST_USE;
/* Size on the token: nobody knows, and Cryptoki has a value for that. */
status find_size(struct guard *g, CK_OBJECT_HANDLE h, CK_ULONG *ret_n) MUST_USE;

#endif
