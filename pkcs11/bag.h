/* SPDX-License-Identifier: Apache-2.0 */
/* A set of attributes with storage of its own: what an object that lives in this process is made
 * of. Values may be secret and are wiped when they go. */
#ifndef IOTSAFE_PKCS11_BAG_H
#define IOTSAFE_PKCS11_BAG_H

#include "bytes.h"
#include "ck.h"
#include "status.h"

struct bag {
	CK_ATTRIBUTE *item; /* owned, as are the values */
	CK_ULONG count, cap;
};

/* Adds or replaces. ST_NOMEM leaves the bag as it was. */
status bag_set(struct bag *b, CK_ATTRIBUTE_TYPE type, const void *p, size_t n) MUST_USE;
status bag_set_bool(struct bag *b, CK_ATTRIBUTE_TYPE type, bool v) MUST_USE;
status bag_set_ulong(struct bag *b, CK_ATTRIBUTE_TYPE type, CK_ULONG v) MUST_USE;
void bag_drop(struct bag *b, CK_ATTRIBUTE_TYPE type);
bool bag_has(const struct bag *b, CK_ATTRIBUTE_TYPE type);
/* The value's view, lives until this attribute is set anew or dropped; empty when absent. */
struct bytes bag_get(const struct bag *b, CK_ATTRIBUTE_TYPE type);
/* `otherwise` when it is absent or of another size. */
bool bag_bool(const struct bag *b, CK_ATTRIBUTE_TYPE type, bool otherwise);
CK_ULONG bag_ulong(const struct bag *b, CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise);
status bag_copy(const struct bag *b, struct bag *ret) MUST_USE;
void bag_free(struct bag *b); /* wipes; the bag is empty then */

#endif
