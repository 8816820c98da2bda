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

/* --- for create_key.c --- */
/* Fields of an entry. ST_ATTR_VALUE when too long, or with a NUL inside. */
status create_fill_text(char dst[STORE_LABEL_MAX + 1], struct bytes b) MUST_USE;
status create_fill_id(uint8_t dst[STORE_ID_MAX], size_t *n, struct bytes b) MUST_USE;
/* Writes the entry and answers with the object that then shows it, or NULL. */
status create_put(struct guard *g, const struct store_entry *e, struct object **ret_o) MUST_USE;
/* Entries about keys that are gone make room. ST_FULL: there were none. */
status create_drop_old(struct slot *s, struct token *t) MUST_USE;

#endif
