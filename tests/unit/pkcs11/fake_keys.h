/* SPDX-License-Identifier: Apache-2.0 */
/* The fake card's keys and certificates, made afresh by libcrypto. */
#ifndef IOTSAFE_TESTS_FAKE_KEYS_H
#define IOTSAFE_TESTS_FAKE_KEYS_H

#include "card.h"

enum keys_name { KEYS_P256, KEYS_P384, KEYS_RSA, KEYS_COUNT };

void fake_keys_make(void);
/* libcrypto's, not given away. */
struct evp_pkey_st *fake_keys_pkey(enum keys_name k);
const struct public_key *fake_keys_public(enum keys_name k);
struct bytes fake_keys_cert(enum keys_name k);
struct bytes fake_keys_pem(enum keys_name k);
status fake_keys_sign(enum keys_name k, const struct card_sign_request *rq, uint8_t *ret_sig,
		      size_t *ret_n) MUST_USE;

#endif
