/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that stay: public keys in containers of the card, certificates and data in the host-side
 * store. Slot locked. */
#ifndef IOTSAFE_PKCS11_CREATE_TOKEN_H
#define IOTSAFE_PKCS11_CREATE_TOKEN_H

#include "bag.h"
#include "guard.h"
#include "token.h"

/* b is what template_apply made of the caller's template. ST_TEMPLATE_INCONSISTENT for what cannot
 * be private or secret here, ST_ATTR_VALUE for what is too long to be stored, ST_OBJECT_MEMORY
 * where no container is left, ST_WRITE_PROTECTED for a SIM without ICCID, ST_STORE. */
status create_on_token(struct guard *g, const struct bag *b, CK_OBJECT_HANDLE *ret_h) MUST_USE;
/* A store object; t is its token. */
status create_set_stored(struct guard *g, struct token *t, struct object *o,
			 const CK_ATTRIBUTE *tmpl, CK_ULONG n) MUST_USE;
status create_destroy_stored(struct guard *g, struct token *t, struct object *o) MUST_USE;

#endif
