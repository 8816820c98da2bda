/* SPDX-License-Identifier: Apache-2.0 */
/* The DigestInfo that CKM_RSA_PKCS is given, as the card wants it: hash and digest apart. */
#ifndef IOTSAFE_PKCS11_DIGESTINFO_H
#define IOTSAFE_PKCS11_DIGESTINFO_H

#include "bytes.h"
#include "crypto.h"

/* SHA-256, -384 and -512 (RFC 8017 §9.2 note 1), exactly. ST_DATA_LEN for anything else, which the
 * card cannot sign: it makes the DigestInfo itself. *ret_digest points into der. */
status digestinfo_split(struct bytes der, enum hash_alg *ret_hash,
			struct bytes *ret_digest) MUST_USE;

#endif
