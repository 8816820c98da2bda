/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed hashing and key derivation on the host, for secrets that the card has already given out.
 * Built on hash.c alone (crypto.h says why EVP is out of reach). Outputs and inner blocks are
 * wiped by whoever holds them: callers use SECRET(). All answer ST_CRYPTO when libcrypto is gone,
 * ST_ARG for lengths that the document forbids; outputs are untouched on failure. */
#ifndef IOTSAFE_BASE_KDF_H
#define IOTSAFE_BASE_KDF_H

#include "bytes.h"
#include "crypto.h"

/* HMAC (RFC 2104) of data under key, hash_size(alg) bytes into ret. */
status hmac_once(enum hash_alg alg, struct bytes key, struct bytes data,
		 uint8_t ret[HASH_MAX]) MUST_USE;
/* HKDF-Extract (RFC 5869 §2.2); an empty salt means hash_size zero bytes. */
status hkdf_extract(enum hash_alg alg, struct bytes salt, struct bytes ikm,
		    uint8_t ret_prk[HASH_MAX]) MUST_USE;
/* HKDF-Expand (RFC 5869 §2.3): n bytes, at most 255 × hash_size. */
status hkdf_expand(enum hash_alg alg, struct bytes prk, struct bytes info, uint8_t *ret,
		   size_t n) MUST_USE;
/* TLS 1.2 PRF (RFC 5246 §5) with P_<alg>: n bytes; label and seed in one. */
status tls12_prf(enum hash_alg alg, struct bytes secret, struct bytes label_seed, uint8_t *ret,
		 size_t n) MUST_USE;
/* X9.63 KDF (SEC 1 §3.6.1; CKD_SHA1_KDF and its kin): n bytes from Z and shared info. */
status x963_kdf(enum hash_alg alg, struct bytes z, struct bytes info, uint8_t *ret,
		size_t n) MUST_USE;

#endif
