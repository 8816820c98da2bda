/* SPDX-License-Identifier: Apache-2.0 */
/* C_DeriveKey: ECDH, HKDF and the TLS 1.2 derivations, on the card where its keys are, on the host
 * where a secret has already left it. One row per mechanism in derive_table.c. */
#ifndef IOTSAFE_PKCS11_DERIVE_H
#define IOTSAFE_PKCS11_DERIVE_H

#include "guard.h"

/* ret_h may be NULL for the mechanisms that return handles in their parameter. */
status derive_key(struct guard *g, const CK_MECHANISM *m, CK_OBJECT_HANDLE base,
		  const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *ret_h) MUST_USE;

#endif
