/* SPDX-License-Identifier: Apache-2.0 */
/* What may be said of an object of each class (PKCS#11 §4): rows in template_table.c, read by the
 * engine of template.c alone. */
#ifndef IOTSAFE_PKCS11_TEMPLATE_TABLE_H
#define IOTSAFE_PKCS11_TEMPLATE_TABLE_H

#include "template.h"

/* bits: when a caller may give the attribute */
enum {
	GIVEN_CREATE = 1,
	GIVEN_DERIVE = 2,
	GIVEN_COPY = 4,
	GIVEN_SET = 8,
	GIVEN_NEVER = 0,
	GIVEN_NEW = GIVEN_CREATE | GIVEN_DERIVE,
	GIVEN_NEW_COPY = GIVEN_NEW | GIVEN_COPY,
	GIVEN_ALWAYS = GIVEN_NEW_COPY | GIVEN_SET,
};

enum template_kind {
	KIND_BOOL,
	KIND_RISES, /* a boolean that never goes from true to false */
	KIND_FALLS, /* nor this one from false to true */
	KIND_FALSE, /* a boolean that only the SO may make true */
	KIND_ULONG,
	KIND_BYTES,
	KIND_DATE,   /* empty, or YYYYMMDD */
	KIND_MECHS,  /* an array of mechanisms */
	KIND_IGNORE, /* may be given, means nothing to us */
};

/* What happens to a new object without it. */
enum template_absent {
	ABSENT_STAYS,
	ABSENT_REFUSED, /* C_CreateObject wants it */
	ABSENT_FALSE,
	ABSENT_TRUE,
	ABSENT_EMPTY,
	ABSENT_ZERO,
	ABSENT_UNKNOWN, /* CK_UNAVAILABLE_INFORMATION */
};

/* Key types that have it. */
enum template_only { ONLY_ANY, ONLY_EC, ONLY_RSA };

struct template_row {
	CK_ATTRIBUTE_TYPE type;
	enum template_kind kind;
	unsigned given;
	enum template_absent absent;
	enum template_only only;
};

enum { TEMPLATE_PARTS = 3 };
struct template_part {
	const struct template_row *row;
	size_t count;
};

/* The tables that make up a class; false for a class whose objects nobody but us makes. */
bool template_parts(CK_OBJECT_CLASS class, struct template_part ret[TEMPLATE_PARTS]);
/* Do objects of another class, or of those that nobody makes, have it? */
bool template_knows(CK_ATTRIBUTE_TYPE type);
/* Is it a type of key that we keep in this class? */
bool template_key_type(CK_OBJECT_CLASS class, CK_KEY_TYPE type);

/* template_finish.c: what follows from what was given, and what contradicts it. */
status template_finish(enum template_use use, CK_OBJECT_CLASS class, struct bag *b) MUST_USE;

#endif
