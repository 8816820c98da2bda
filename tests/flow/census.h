/* SPDX-License-Identifier: Apache-2.0 */
/* All that a token shows, counted, and every key that signs put to work and checked with libcrypto.
 */
#ifndef IOTSAFE_TESTS_FLOW_CENSUS_H
#define IOTSAFE_TESTS_FLOW_CENSUS_H

#include "scene.h"

struct census {
	unsigned objects, privates, publics, certificates, data, secrets;
	unsigned signing;	   /* private keys with CKA_SIGN */
	unsigned with_certificate; /* signing keys with a certificate of the same CKA_ID */
	unsigned signatures;	   /* made and verified */
};

/* On an open session. Signs with each key by each of its mechanisms (ECDSA over hashes of 20, 28,
 * 32, 48 and 64 bytes) and verifies under the certificate of the same CKA_ID, else under the key's
 * CKA_PUBLIC_KEY_INFO, else (the card's only key) under DIR/device.pem. Fails the test on anything
 * that is not right. */
void census_take(struct scene *s, struct census *ret_c);

#endif
