/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes: tables of rows per class (attr_tables.c), one engine that keeps the five rules of
 * C_GetAttributeValue (PKCS#11 §5.7.5) and matches search templates. Slot locked, except where
 * ctx->made is set. */
#ifndef IOTSAFE_PKCS11_ATTR_H
#define IOTSAFE_PKCS11_ATTR_H

#include "bag.h"
#include "ck.h"
#include "token.h"

enum {
	/* templates longer than this are nonsense or an attack */
	ATTR_TEMPLATE_MAX = 4096,
	/* built values: a SubjectPublicKeyInfo of RSA-2048 is 294 bytes */
	ATTR_BUILT_MAX = 512,
};

/* Where the values of one object come from: a token object, or a session object's bag. */
struct attr_ctx {
	struct slot *slot;
	struct token *token;
	struct object *object;
	const struct bag *made; /* NULL: a token object */
};

/* A value: a view of the object's own storage, or of what a getter built. */
struct attr_value {
	struct bytes b;
	uint8_t built[ATTR_BUILT_MAX];
};

enum attr_source {
	ATTR_FALSE,
	ATTR_TRUE,
	ATTR_ULONG,	/* row->number */
	ATTR_EMPTY,	/* there, of length 0 */
	ATTR_GET,	/* row->get; ST_ATTR_TYPE: this object has no such attribute */
	ATTR_SENSITIVE, /* exists and never leaves the card */
};

/* Key types that have the attribute. */
enum attr_for { ATTR_ANY, ATTR_EC, ATTR_RSA };

struct attr_row {
	CK_ATTRIBUTE_TYPE type;
	enum attr_source source;
	enum attr_for only;
	CK_ULONG number;
	status (*get)(const struct attr_ctx *ctx, struct attr_value *v);
};

struct attr_table {
	const struct attr_row *row;
	size_t count;
};

/* attr_tables.c: the rows every object has, and those of a class (none for a class that we do not
 * have). */
struct attr_table attr_common_rows(void);
struct attr_table attr_class_rows(CK_OBJECT_CLASS class);

/* Fills the whole template, whatever happens to single attributes, and returns the first of
 * ST_ATTR_SENSITIVE, ST_ATTR_TYPE, ST_SHORT_OUT that happened; a failing card ends it. */
status attr_get(const struct attr_ctx *ctx, CK_ATTRIBUTE *tmpl, CK_ULONG n) MUST_USE;
/* Do all attributes of the template have these very bytes? */
status attr_match(const struct attr_ctx *ctx, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
		  bool *ret_match) MUST_USE;
/* Do objects of this sort have it? */
bool attr_exists(const struct attr_ctx *ctx, CK_ATTRIBUTE_TYPE type);
/* One boolean; false where the object has none. */
status attr_bool(const struct attr_ctx *ctx, CK_ATTRIBUTE_TYPE type, bool *ret) MUST_USE;
/* ST_ARG for a template that points nowhere. */
status attr_check_template(const CK_ATTRIBUTE *tmpl, CK_ULONG n) MUST_USE;

#endif
