/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where our outcomes become Cryptoki's. */
#ifndef IOTSAFE_PKCS11_RV_H
#define IOTSAFE_PKCS11_RV_H

#include "ck.h"
#include "status.h"

/* Total: a status that has no line in rv.c does not compile. CKR_GENERAL_ERROR for a value outside
 * the list. */
CK_RV rv_of(status st);

#endif
