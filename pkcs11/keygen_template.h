/* SPDX-License-Identifier: Apache-2.0 */
/* What the two templates of C_GenerateKeyPair may say, and what they ask for. */
#ifndef IOTSAFE_PKCS11_KEYGEN_TEMPLATE_H
#define IOTSAFE_PKCS11_KEYGEN_TEMPLATE_H

#include "crypto.h"
#include "keygen.h"

struct keygen_wish {
	enum curve curve;
	bool on_token;			/* CKA_TOKEN of either */
	bool signs, derives;		/* asked for: the pair can at least one of them */
	const CK_ATTRIBUTE *label, *id; /* of the private template, else the public one; or NULL */
};

/* A key of the card is never less protected than its card makes it: templates that ask for less
 * (or for uses that no key here has) are ST_TEMPLATE_INCONSISTENT, what only we may say is
 * ST_ATTR_RO. ST_ATTR_TYPE, ST_ATTR_VALUE, ST_TEMPLATE_INCOMPLETE without CKA_EC_PARAMS,
 * ST_CURVE_UNSUPPORTED. */
status keygen_template_read(struct keygen_template pub, struct keygen_template priv,
			    struct keygen_wish *ret) MUST_USE;

#endif
