/* SPDX-License-Identifier: Apache-2.0 */
/* The only door to libcrypto for the module and the tool: hashes, curves, signature checks, X.509.
 *
 * It works in a private OSSL_LIB_CTX, made at first use, and keeps to the parts of libcrypto that
 * have no global state: our module is itself loaded by OpenSSL's engine and provider, and the
 * host's configuration file, which EVP would read whatever the context, would lead back into them.
 * After OPENSSL_cleanup (which we learn by OPENSSL_atexit) every function answers ST_CRYPTO and
 * touches nothing. Thread-safe. No secret key passes here. */
#ifndef IOTSAFE_BASE_CRYPTO_H
#define IOTSAFE_BASE_CRYPTO_H

#include <stdbool.h>
#include "bytes.h"
#include "sizes.h"

enum hash_alg { HASH_NONE, HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512 };
enum curve { CURVE_NONE, CURVE_P256, CURVE_P384, CURVE_BRAINPOOL_P256R1 };

/* Digest size in bytes; 0 for HASH_NONE. */
size_t hash_size(enum hash_alg alg);
/* Digest of data into ret (capacity ≥ hash_size). */
status hash_once(enum hash_alg alg, struct bytes data, uint8_t ret[HASH_MAX]) MUST_USE;

/* Running hash; owns memory, so end it with hash_free. */
struct hash_ctx {
	void *md; /* the state */
	enum hash_alg alg;
};
status hash_start(struct hash_ctx *ret_h, enum hash_alg alg) MUST_USE;
status hash_add(struct hash_ctx *h, struct bytes data) MUST_USE;
/* Digest into ret (hash_size bytes); the context is spent but must still be freed. */
status hash_finish(struct hash_ctx *h, uint8_t ret[HASH_MAX]) MUST_USE;
void hash_free(struct hash_ctx *h);

/* Field size in bytes (32, 48, 32). */
size_t curve_field_size(enum curve c);
unsigned curve_bits(enum curve c);
const char *curve_name(enum curve c); /* "P-256", "P-384", "brainpoolP256r1" */
/* DER of the namedCurve OBJECT IDENTIFIER (CKA_EC_PARAMS); static storage. */
struct bytes curve_oid_der(enum curve c);
/* ST_POINT_INVALID unless point is 04 || X || Y of the right length, on the curve, not infinity. */
status curve_check_point(enum curve c, struct bytes point) MUST_USE;

/* A public key by value. */
struct public_key {
	enum { PUBLIC_NONE, PUBLIC_EC, PUBLIC_RSA } kind;
	enum curve curve;
	uint8_t point[EC_POINT_MAX]; /* 04 || X || Y */
	size_t point_len;
	uint8_t modulus[RSA_MODULUS_MAX]; /* big-endian, no leading zero */
	size_t modulus_len;
	uint8_t exponent[8];
	size_t exponent_len;
};
bool public_key_equal(const struct public_key *a, const struct public_key *b);
/* DER SubjectPublicKeyInfo into w. EC keys name their curve. */
status public_key_spki(const struct public_key *k, struct wtr *w) MUST_USE;
/* And back: a key of a named curve that we know, or RSA up to our sizes. ST_KEY_KIND for others,
 * ST_POINT_INVALID, ST_MALFORMED or ST_TRUNCATED. */
status public_key_from_spki(struct bytes spki, struct public_key *ret_k) MUST_USE;
/* SHA-1 of the EC point or of the RSA modulus: the CKA_ID of the pair. */
status public_key_id(const struct public_key *k, uint8_t ret[20]) MUST_USE;

/* ECDSA over a given hash: sig is r || s, each of the field's size. ST_SIG_LEN, ST_SIG_BAD. */
status verify_ecdsa(const struct public_key *k, struct bytes digest, struct bytes sig) MUST_USE;
enum rsa_padding { RSA_PAD_PKCS1, RSA_PAD_PSS };
/* RSA over a digest. PKCS1: hash names the DigestInfo, HASH_NONE means `digest` is the whole
 * encoded DigestInfo. PSS: MGF1 of the same hash, salt of salt_len bytes. */
status verify_rsa(const struct public_key *k, enum rsa_padding pad, enum hash_alg hash,
		  size_t salt_len, struct bytes digest, struct bytes sig) MUST_USE;

/* What Cryptoki wants to know of a certificate; views point into the DER that was given. */
struct x509_info {
	struct bytes der;		  /* exactly the certificate, trailing bytes cut */
	struct bytes subject;		  /* DER Name */
	struct bytes issuer;		  /* DER Name */
	struct bytes serial;		  /* DER INTEGER, tag and length included */
	struct public_key key;		  /* kind PUBLIC_NONE when of a type we do not know */
	bool is_ca;			  /* basicConstraints */
	char not_before[9], not_after[9]; /* YYYYMMDD, or empty */
	char subject_text[160];		  /* one line for people, RFC 2253 style, cut */
};
/* ST_MALFORMED if der does not start with a whole certificate. */
status x509_parse(struct bytes der, struct x509_info *ret_info) MUST_USE;
/* First PEM certificate in text into w as DER. ST_MALFORMED. */
status x509_from_pem(struct bytes text, struct wtr *w) MUST_USE;

/* After OPENSSL_cleanup (or when libcrypto cannot be set up) this is false. */
bool crypto_alive(void);

#endif
