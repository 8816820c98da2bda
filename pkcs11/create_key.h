/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs that the card made at our request: their names, and their end. The card has no command
 * that deletes a key: it makes another in its place, which the store remembers as discarded. Slot
 * locked. */
#ifndef IOTSAFE_PKCS11_CREATE_KEY_H
#define IOTSAFE_PKCS11_CREATE_KEY_H

#include "guard.h"
#include "token.h"

struct key_names {
	const CK_ATTRIBUTE *label, *id, *subject; /* NULL: as they are */
	bool generated; /* the key is the card's own making, at our request */
};

/* Names the pair of this public key (CKA_LABEL, CKA_ID, CKA_SUBJECT of a key) where a caller asked
 * for names that the container does not have: kept in the store, shown from then on. ST_ATTR_VALUE,
 * ST_OBJECT_MEMORY, ST_WRITE_PROTECTED, ST_STORE. */
status create_key_name(struct guard *g, const struct public_key *k,
		       const struct key_names *names) MUST_USE;
/* The store forgets what it has about a key that is no more. */
void create_key_forget(struct token *t, const uint8_t key[20]);

/* C_SetAttributeValue, C_DestroyObject of a key object on the token. ST_ACTION_PROHIBITED for keys
 * of the SIM's issuer, and for a public key while its private half lives; ST_SESSION_RO. */
status create_key_set(struct guard *g, struct token *t, struct object *o, const CK_ATTRIBUTE *tmpl,
		      CK_ULONG n) MUST_USE;
status create_key_destroy(struct guard *g, struct token *t, struct object *o) MUST_USE;

#endif
