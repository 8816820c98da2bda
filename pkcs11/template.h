/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: one table of rules per class (template_table.c), one engine that decides what a caller
 * may say of an object, fills in what he did not say, and keeps rule B: CKA_SENSITIVE never goes
 * from true to false, CKA_EXTRACTABLE never from false to true, nothing derived is less protected
 * than what it comes from, nobody but us sets CKA_LOCAL, _ALWAYS_SENSITIVE, _NEVER_EXTRACTABLE,
 * _KEY_GEN_MECHANISM, _UNIQUE_ID or CKA_TRUSTED (PKCS#11 §4.1, §5.7). */
#ifndef IOTSAFE_PKCS11_TEMPLATE_H
#define IOTSAFE_PKCS11_TEMPLATE_H

#include "bag.h"

enum {
	/* one value; longer ones are nonsense or an attack */
	TEMPLATE_VALUE_MAX = 1 << 20,
};

enum template_use {
	TEMPLATE_CREATE, /* C_CreateObject: the class is in the template */
	/* C_DeriveKey: the bag holds what template_inherit put there, and CKA_KEY_TYPE where the
	 * mechanism has another default than CKK_GENERIC_SECRET. To be applied before the card is
	 * asked; CKA_VALUE is added afterwards, CKA_VALUE_LEN and CKA_UNIQUE_ID by made_add. */
	TEMPLATE_DERIVE,
	TEMPLATE_COPY, /* the bag holds the original */
	TEMPLATE_SET,  /* the bag holds the object */
};

/* Pointers and counts: ST_ARG for what points nowhere or is absurdly long. */
status template_check_pointers(const CK_ATTRIBUTE *tmpl, CK_ULONG n) MUST_USE;
/* And lengths: ST_ATTR_VALUE beyond TEMPLATE_VALUE_MAX. */
status template_check(const CK_ATTRIBUTE *tmpl, CK_ULONG n) MUST_USE;
/* The attribute in the caller's template, or NULL. */
const CK_ATTRIBUTE *template_find(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type);
/* CK_BBOOL and CK_ULONG of a template: `otherwise` when absent; ST_ATTR_VALUE when mis-sized (or no
 * boolean). */
status template_bool(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type, bool otherwise,
		     bool *ret) MUST_USE;
status template_ulong(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type,
		      CK_ULONG otherwise, CK_ULONG *ret) MUST_USE;
/* The beginning of a derived object: CKA_CLASS (CKO_SECRET_KEY, or CKO_DATA), and what `parent`
 * demands: of a sensitive or unextractable session object nothing less protected comes;
 * CKA_ALWAYS_SENSITIVE and _NEVER_EXTRACTABLE carry over as far as the child's own flags allow.
 * NULL: a key of the card, which is both, and whose results have left it in the clear: the template
 * decides. */
status template_inherit(const struct bag *parent, CK_OBJECT_CLASS class, struct bag *b) MUST_USE;
/* To what was begun so: the demands of another secret (or none: an empty bag) that goes into it. */
status template_restrict(const struct bag *secret, struct bag *b) MUST_USE;
/* Is n bytes a size of keys of this type? */
bool template_key_size(CK_KEY_TYPE type, size_t n);
/* Applies the caller's template to the bag, which keeps its old content on failure. ST_ATTR_TYPE,
 * ST_ATTR_VALUE, ST_ATTR_RO, ST_TEMPLATE_INCOMPLETE, ST_TEMPLATE_INCONSISTENT,
 * ST_CURVE_UNSUPPORTED, ST_NOMEM. */
status template_apply(enum template_use use, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
		      struct bag *b) MUST_USE;

#endif
