/* SPDX-License-Identifier: Apache-2.0 */
/* Short ways to C_DeriveKey, for its tests. */
#ifndef IOTSAFE_TESTS_DERIVE_RIG_H
#define IOTSAFE_TESTS_DERIVE_RIG_H

#include "fake_keys2.h"
#include "rig.h"

/* A secret of the session that may be derived from. */
CK_OBJECT_HANDLE derive_rig_secret(CK_SESSION_HANDLE s, struct bytes value);
CK_OBJECT_HANDLE derive_rig_secret_hex(CK_SESSION_HANDLE s, const char *hex);
/* A readable key of n bytes (0: no CKA_VALUE_LEN) that may be derived from, into *ret_h. */
CK_RV derive_rig(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE base, CK_ULONG n,
		 CK_OBJECT_HANDLE *ret_h);
/* The same, which must work; returns the key. */
CK_OBJECT_HANDLE derive_rig_ok(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE base,
			       CK_ULONG n);
/* CKA_VALUE, in a buffer of its own until the next call. */
struct bytes derive_rig_value(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h);
void derive_rig_expect(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, const char *hex);
bool derive_rig_flag(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type);

/* A container that agrees: the device key of the fake card. Adds also "psk-tls": HKDF and PRF. */
int derive_rig_setup(void **state);

#endif
