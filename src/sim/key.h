/* SPDX-License-Identifier: Apache-2.0 */
/* The keys inside the card, on libcrypto: what a key type code means, making keys, signing,
 * checking, and the form that public keys have on the wire (iotsafe-protocol.md §§7, 12). */
#ifndef IOTSAFE_SIM_KEY_H
#define IOTSAFE_SIM_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "bytes.h"

enum key_type {
	KEY_RSA_2048 = 0x03,
	KEY_P256 = 0x13,
	KEY_P256_VOLATILE = 0x14,
	KEY_BRAINPOOL = 0x23,
	KEY_BRAINPOOL_VOLATILE = 0x24,
	/* no code point for P-384 is known: these two are this simulator's own */
	KEY_P384 = 0x33,
	KEY_P384_VOLATILE = 0x34,
	KEY_HMAC = 0xA0,
	KEY_AES_CMAC = 0xB0,
};

enum { HASH_BIT_SHA256 = 1, HASH_BIT_SHA384 = 2, HASH_BIT_SHA512 = 4 };
enum { SIGN_RSA_PKCS1 = 0x01, SIGN_RSA_PSS = 0x02, SIGN_ECDSA = 0x04, SIGN_CMAC = 0x08 };

bool key_type_known(uint8_t type);
bool key_type_volatile(uint8_t type);
/* The signature algorithms (tag 92) that a key of this type can do at all. */
uint8_t key_type_sign_algs(uint8_t type);
const char *key_type_name(uint8_t type);
/* Do keys of these types lie on one curve? */
bool key_type_same_curve(uint8_t a, uint8_t b);

/* Digest for one bit of tag 91; NULL for anything else. */
const EVP_MD *key_digest_of(uint16_t hash_bit);

/* A fresh pair; the caller frees it with EVP_PKEY_free. ST_CRYPTO, ST_KEY_KIND. */
status key_generate(uint8_t type, EVP_PKEY **ret_key) MUST_USE;
/* The pair of a curve's private number (big-endian, as wide as the field). ST_KEY_KIND, ST_ARG for
 * a number that is out of range. */
status key_from_scalar(uint8_t type, struct bytes scalar, EVP_PKEY **ret_key) MUST_USE;
/* A new object with the public half only. */
status key_public_half(const EVP_PKEY *key, EVP_PKEY **ret_public) MUST_USE;

/* Signs a digest. alg is one bit of tag 92. ECDSA: r || s of the field's size, or DER; hashes
 * longer than the curve are cut. RSA-PSS: salt as long as the hash. */
status key_sign(EVP_PKEY *key, uint8_t alg, uint16_t hash_bit, bool der, struct bytes digest,
		struct wtr *ret_sig) MUST_USE;
/* ST_SIG_BAD if it does not verify, whatever the reason. sig is r || s for ECDSA. */
status key_verify(EVP_PKEY *key, uint8_t alg, uint16_t hash_bit, struct bytes digest,
		  struct bytes sig) MUST_USE;

/* The x coordinate of ECDH, as wide as the field (IEEE 1363 ECKA). ST_CRYPTO. */
status key_agree(EVP_PKEY *own, EVP_PKEY *peer, struct wtr *ret_secret) MUST_USE;

/* 34 { 49 { 86 point } }; RSA (this simulator's guess, §12.3): 34 { 49 { 81 modulus 82 exponent } }
 * with BER lengths. */
status key_public_tlv(const EVP_PKEY *key, struct wtr *w) MUST_USE;
/* 04 || X || Y only. ST_KEY_KIND for RSA. */
status key_public_point(const EVP_PKEY *key, struct wtr *w) MUST_USE;
/* The value of tag 34 to a key of the given type. ST_POINT_INVALID, ST_MALFORMED. */
status key_from_template(uint8_t type, struct bytes value, EVP_PKEY **ret_key) MUST_USE;

#endif
