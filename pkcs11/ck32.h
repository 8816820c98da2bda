/* SPDX-License-Identifier: Apache-2.0 */
/* What version 3.2 added to the words of ck.h, as far as this module uses them: for the interface's
 * twelve new functions and asynchronous sessions, which it refuses. A header that knows 3.2 wins.
 */
#ifndef IOTSAFE_PKCS11_CK32_H
#define IOTSAFE_PKCS11_CK32_H

#include "ck.h"

#ifndef CKF_ASYNC_SESSION
#define CKF_ASYNC_SESSION 0x8UL
#define CKS_LAST_VALIDATION_OK 0x1UL
typedef CK_ULONG CK_SESSION_VALIDATION_FLAGS_TYPE;
typedef CK_FLAGS *CK_FLAGS_PTR;
typedef struct ck_async_data CK_ASYNC_DATA; /* of asynchronous sessions only */
typedef CK_ASYNC_DATA *CK_ASYNC_DATA_PTR;
#endif

/* The words of mechanisms and of C_SessionCancel for message-based operations (3.0) */
#ifndef CKF_MESSAGE_SIGN
#define CKF_MESSAGE_SIGN 0x8UL
#define CKF_MESSAGE_VERIFY 0x10UL
#define CKF_MULTI_MESSAGE 0x20UL
#endif

#endif
