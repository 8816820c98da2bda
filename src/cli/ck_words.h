/* SPDX-License-Identifier: Apache-2.0 */
/* Cryptoki's words for the tool, and what p11-kit 0.24 does not have yet (PKCS#11 3.0). */
#ifndef IOTSAFE_CLI_CK_WORDS_H
#define IOTSAFE_CLI_CK_WORDS_H

#include <p11-kit/pkcs11.h>

/* The header renames structure members by macros and leaves this one behind. */
#undef hash_alg

#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID 0x4UL
#endif
#ifndef CKO_PROFILE
#define CKO_PROFILE 0x9UL
#endif
#ifndef CKA_PROFILE_ID
#define CKA_PROFILE_ID 0x601UL
#endif
#ifndef CKM_HKDF_DERIVE
#define CKM_HKDF_DERIVE 0x402AUL
#define CKF_HKDF_SALT_DATA 0x2UL
#endif
/* CK_HKDF_PARAMS */
struct hkdf_params {
	CK_BBOOL bExtract;
	CK_BBOOL bExpand;
	CK_MECHANISM_TYPE prfHashMechanism;
	CK_ULONG ulSaltType;
	CK_BYTE_PTR pSalt;
	CK_ULONG ulSaltLen;
	CK_OBJECT_HANDLE hSaltKey;
	CK_BYTE_PTR pInfo;
	CK_ULONG ulInfoLen;
};

#endif
