/* SPDX-License-Identifier: Apache-2.0 */
/* A key by its handle, for what uses keys: in the card, or a session object. Slot locked. */
#ifndef IOTSAFE_PKCS11_KEY_H
#define IOTSAFE_PKCS11_KEY_H

#include "bag.h"
#include "guard.h"
#include "token.h"

struct key {
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	bool on_card;
	/* on the card: where it is; the pair (of a key pair) as token.h says, its public half read
	 * only when asked for by token_key */
	struct object *object;
	struct token *token;
	/* a session object: its attributes, CKA_VALUE of a secret key among them */
	struct bag bag;
};

/* ST_NO_KEY: no object, or none that is a key, or a private one while nobody is logged in. */
status key_find(struct guard *g, CK_OBJECT_HANDLE h, struct key *ret) MUST_USE;
void key_free(struct key *k); /* wipes */
/* The public half of a private or public key. ST_KEY_KIND for others and when nobody tells. */
status key_public(struct guard *g, struct key *k, struct public_key *ret) MUST_USE;
/* Does CKA_ALLOWED_MECHANISMS of a session object, if it has one, name the mechanism? The card's
 * keys are mech_fits's matter. ST_KEY_FUNCTION. */
status key_allows(const struct key *k, CK_MECHANISM_TYPE type) MUST_USE;
/* Does CKA_<usage> of the key say so? (CKA_SIGN, CKA_VERIFY, CKA_DERIVE) ST_KEY_FUNCTION. */
status key_permits(struct guard *g, struct key *k, CK_ATTRIBUTE_TYPE usage) MUST_USE;

#endif
