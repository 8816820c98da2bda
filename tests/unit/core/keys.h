/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs of the test's own, made with libcrypto, to sign as a card would. */
#ifndef IOTSAFE_TESTS_CORE_KEYS_H
#define IOTSAFE_TESTS_CORE_KEYS_H

#include <openssl/evp.h>

#include "container.h"

struct pair {
	EVP_PKEY *pkey;
	struct public_key pub;
};

void pair_make_ec(struct pair *p, enum curve c);
void pair_make_rsa(struct pair *p);
void pair_free(struct pair *p);
/* r || s over the digest as it is given; ret has room for SIGNATURE_MAX or what is needed. */
size_t pair_sign_ecdsa(const struct pair *p, struct bytes digest, uint8_t *ret);
/* The same as DER. */
size_t pair_sign_der(const struct pair *p, struct bytes digest, uint8_t *ret);
size_t pair_sign_rsa(const struct pair *p, bool pss, enum hash_alg hash, struct bytes digest,
		     uint8_t *ret);

#endif
