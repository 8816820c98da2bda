/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of an open token: found by what a person types, and read. Failures are said (say.h)
 * unless a comment says otherwise. */
#ifndef IOTSAFE_CLI_P11OBJECT_H
#define IOTSAFE_CLI_P11OBJECT_H

#include "crypto.h"
#include "p11token.h"

enum {
	P11OBJECT_ID_MAX = 64,
	P11OBJECTS_MAX = 256,
};

/* What was typed: a pkcs11: URI, a label, or an id in hex. */
struct p11name {
	const char *text;
	bool is_uri;
	struct p11uri uri; /* when it is one */
};

struct p11object {
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS class;
};

/* ST_ARG. */
status p11name_parse(const char *text, struct p11name *ret) MUST_USE;
/* The URI for p11token_open, or NULL. */
const struct p11uri *p11name_uri(const struct p11name *name);

/* The object of that name, of the first of these classes that has one. Logs in when nothing is
 * found without. ST_NO_ENTRY, also when several fit. */
struct p11classes {
	const CK_OBJECT_CLASS *class;
	size_t count;
	const char *what; /* "key", "certificate"…: for the complaint */
};
status p11object_choose(struct p11token *t, const struct p11name *name,
			const struct p11classes *classes, struct p11object *ret) MUST_USE;
/* Is there a private key of that label and id (each may be empty)? Nothing is said. */
bool p11object_find_private(struct p11token *t, struct bytes label, struct bytes id,
			    CK_OBJECT_HANDLE *ret);

/* "cert", "pubkey" or "data" of --type to a class; ST_ARG. */
status p11object_class(const char *word, CK_OBJECT_CLASS *ret) MUST_USE;
const char *p11object_class_name(CK_OBJECT_CLASS class); /* "certificate"… */

/* An attribute's value, to be freed; ST_NO_ENTRY when there is none, nothing is said. */
status p11object_value(const struct p11token *t, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type,
		       uint8_t **ret, size_t *ret_n) MUST_USE;
bool p11object_flag(const struct p11token *t, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type);
/* The shortest URI that names this object alone. Nothing is said; empty when there is none. */
void p11object_uri(const struct p11token *t, CK_OBJECT_HANDLE h, char ret[MODULE_URI_MAX]);
/* All objects that match the template; at most P11OBJECTS_MAX. */
status p11object_find(const struct p11token *t, CK_ATTRIBUTE *tmpl, CK_ULONG n,
		      CK_OBJECT_HANDLE ret[P11OBJECTS_MAX], size_t *ret_count) MUST_USE;
/* The public half of a key, from the key itself, its public key or its certificate. Nothing is
 * said; ST_NO_ENTRY. */
status p11object_public(const struct p11token *t, CK_OBJECT_HANDLE h,
			struct public_key *ret) MUST_USE;

#endif
