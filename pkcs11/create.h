/* SPDX-License-Identifier: Apache-2.0 */
/* What makes, changes, copies and destroys objects. On the card only public keys can be written
 * (PUT PUBLIC KEY), and key pairs made at our request renamed or replaced (create_key.h);
 * certificates and data of the token go to the host-side store (store.h); session objects are
 * anybody's. */
#ifndef IOTSAFE_PKCS11_CREATE_H
#define IOTSAFE_PKCS11_CREATE_H

#include "bag.h"
#include "guard.h"

status create_object(struct guard *g, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
		     CK_OBJECT_HANDLE *ret_h) MUST_USE;
status create_copy(struct guard *g, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
		   CK_OBJECT_HANDLE *ret_h) MUST_USE;
status create_destroy(struct guard *g, CK_OBJECT_HANDLE h) MUST_USE;
status create_set(struct guard *g, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl,
		  CK_ULONG n) MUST_USE;
/* May an object with these attributes be made by who is logged in now? Locks the slot when it is to
 * be private. ST_USER_NOT_LOGGED_IN. */
status create_permits(struct guard *g, const struct bag *b) MUST_USE;
/* Makes an object of the session, which create_permits let pass; takes the bag over on success.
 * ST_USER_NOT_LOGGED_IN also when a private one met with the end of the login, ST_NO_SESSION when
 * any met with that of the SIM. */
status create_in_session(struct guard *g, struct bag *b, CK_OBJECT_HANDLE *ret_h) MUST_USE;

#endif
