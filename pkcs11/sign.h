/* SPDX-License-Identifier: Apache-2.0 */
/* Signing on the card; verifying on the host, or on the card where the configuration wants it and
 * for MACs. Hashing holds the session only; the slot is locked for the card alone. */
#ifndef IOTSAFE_PKCS11_SIGN_H
#define IOTSAFE_PKCS11_SIGN_H

#include "guard.h"

/* --- C_Sign*, C_Verify* --- */
status sign_init(struct guard *g, const CK_MECHANISM *m, CK_OBJECT_HANDLE key) MUST_USE;
status sign_once(struct guard *g, const void *data, CK_ULONG n, struct op_out out) MUST_USE;
status sign_update(struct guard *g, const void *part, CK_ULONG n) MUST_USE;
status sign_final(struct guard *g, struct op_out out) MUST_USE;

status verify_init(struct guard *g, const CK_MECHANISM *m, CK_OBJECT_HANDLE key) MUST_USE;
status verify_once(struct guard *g, const void *data, CK_ULONG n, const void *sig,
		   CK_ULONG sig_n) MUST_USE;
status verify_update(struct guard *g, const void *part, CK_ULONG n) MUST_USE;
status verify_final(struct guard *g, const void *sig, CK_ULONG sig_n) MUST_USE;

/* --- the same for message.c: the operation is of either sort --- */
status sign_begin(struct guard *g, const CK_MECHANISM *m, CK_OBJECT_HANDLE key,
		  bool messages) MUST_USE;
status sign_whole(struct guard *g, const void *data, CK_ULONG n, struct op_out out) MUST_USE;
status sign_part(struct guard *g, const void *part, CK_ULONG n) MUST_USE;
status sign_end(struct guard *g, struct op_out out) MUST_USE;

status verify_begin(struct guard *g, const CK_MECHANISM *m, CK_OBJECT_HANDLE key,
		    bool messages) MUST_USE;
status verify_whole(struct guard *g, const void *data, CK_ULONG n, const void *sig,
		    CK_ULONG sig_n) MUST_USE;
status verify_part(struct guard *g, const void *part, CK_ULONG n) MUST_USE;
status verify_end(struct guard *g, const void *sig, CK_ULONG sig_n) MUST_USE;

/* C_GenerateRandom, from the card; any length. */
status sign_random(struct guard *g, void *out, CK_ULONG n) MUST_USE;

#endif
