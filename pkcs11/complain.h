/* SPDX-License-Identifier: Apache-2.0 */
/* What a program will stumble over and not explain, in one line of the log at error: programs tell
 * their users CKR_… at best. */
#ifndef IOTSAFE_PKCS11_COMPLAIN_H
#define IOTSAFE_PKCS11_COMPLAIN_H

#include "ck.h"
#include "token.h"

/* A certificate that was just read: is it valid, by this host's clock? Authorities' are passed
 * over. */
void complain_dates(struct slot *s, const struct object *cert);
/* A certificate of which no key is on the token, though one has its name or is the only one. */
void complain_stray(struct slot *s, const struct token *t, const struct object *cert);
/* A search that came to an end: for a private key that is not there, or for one of a name that
 * several have. `hides`: nobody has logged in, and private objects are not shown. */
void complain_search(struct slot *s, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ULONG found,
		     bool hides);
/* Nothing is at the slot's device, as far as can be seen. */
void complain_nothing(struct slot *s);
/* No token, because of st. */
void complain_absent(struct slot *s, status st);

#endif
