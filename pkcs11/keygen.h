/* SPDX-License-Identifier: Apache-2.0 */
/* C_GenerateKeyPair: refills a container pair of the card. */
#ifndef IOTSAFE_PKCS11_KEYGEN_H
#define IOTSAFE_PKCS11_KEYGEN_H

#include "guard.h"

struct keygen_template {
	const CK_ATTRIBUTE *attr;
	CK_ULONG n;
};

/* Which pair: the one that the private template names by CKA_LABEL or CKA_ID (the container's, or
 * the pair's); otherwise an empty one of the curve, then a volatile one, that can at least one of
 * the uses asked for (CKA_SIGN, CKA_DERIVE), better all; ST_OBJECT_MEMORY when there is none. A
 * pair whose key was destroyed is empty. A filled persistent pair is only ever replaced when it is
 * named by both, or by the one of them that is given, and exactly. Handles are those of the objects
 * that then hold the key. */
status keygen_pair(struct guard *g, const CK_MECHANISM *m, struct keygen_template pub,
		   struct keygen_template priv, CK_OBJECT_HANDLE *ret_pub,
		   CK_OBJECT_HANDLE *ret_priv) MUST_USE;
/* C_GenerateKey: the mechanisms that make secret keys; none does. */
status keygen_secret(struct guard *g, const CK_MECHANISM *m, struct keygen_template t,
		     const CK_OBJECT_HANDLE *ret_h) MUST_USE;

#endif
