/* SPDX-License-Identifier: Apache-2.0 */
/* The module's life in one process: the gate that every call passes, C_Initialize, C_Finalize, and
 * what happens in a forked child.
 *
 * Locks, always in this order: gate (every call shared; Initialize and Finalize alone) → slot
 * (card, object list) → session (operations). The process id is compared before any of them is
 * touched: in a child they may be held by threads that do not exist there. Nothing but a bounded
 * card exchange blocks under the gate. */
#ifndef IOTSAFE_PKCS11_LIB_H
#define IOTSAFE_PKCS11_LIB_H

#include <stdbool.h>

#include "ck.h"
#include "settings.h"
#include "status.h"

/* C_Initialize. Reads the configuration; touches no device. In a forked child it first forgets what
 * was inherited, without traffic. pReserved is NULL or the text "formal-login" (lib_formal_login).
 * ST_ARG, ST_CANT_LOCK, ST_INIT_TWICE, ST_CONFIG. */
status lib_initialize(const CK_C_INITIALIZE_ARGS *args) MUST_USE;
/* C_Finalize. Waits for the calls of other threads; those in C_WaitForSlotEvent it ends. */
status lib_finalize(const void *reserved) MUST_USE;

/* Passes the gate; ST_NOT_INIT also in a child that has not initialised. Pair with lib_leave. */
status lib_enter(void) MUST_USE;
void lib_leave(void);

/* Does this program want to be told to log in also where nobody has to? pkcs11-provider 1.0 to 1.2
 * creates objects (its peers' public keys) on such a token only. Valid inside the gate. */
bool lib_formal_login(void);
/* The configuration in force; valid inside the gate. */
const struct settings *lib_settings(void);

#endif
