/* SPDX-License-Identifier: Apache-2.0 */
/* Keys made, agreed, derived and stored by a scene, each result compared with libcrypto's. What is
 * wrong although the call said CKR_OK goes to scene.wrong. Each function returns the first answer
 * that was not CKR_OK, and stops there. */
#ifndef IOTSAFE_TESTS_FLOW_KEYS_OPS_H
#define IOTSAFE_TESTS_FLOW_KEYS_OPS_H

#include "scene.h"

enum { KEYS_POINT = 65, KEYS_Z = 32, KEYS_MAC = 16, KEYS_SECRET = 32, KEYS_DER_MAX = 2048 };

struct keys_pair {
	CK_OBJECT_HANDLE pub, priv;
	uint8_t point[KEYS_POINT]; /* P-256, uncompressed, on the curve */
};

/* The session that is open if it still is, else a new one (read/write). No session object of an
 * earlier call may be left on it. */
CK_RV keys_session(struct scene *s);
/* The first object of that class and label; 0: none. */
CK_RV keys_find(struct scene *s, CK_OBJECT_CLASS cls, const char *label, CK_OBJECT_HANDLE *ret_h);
/* CKA_EC_POINT of a P-256 key. */
CK_RV keys_point(struct scene *s, CK_OBJECT_HANDLE pub, uint8_t ret_point[KEYS_POINT]);
/* Both halves by their label; all zero if one of them is not there. */
CK_RV keys_find_pair(struct scene *s, const char *label, struct keys_pair *ret_p);

/* C_GenerateKeyPair, P-256; label NULL: none, and CKA_TOKEN false. */
CK_RV keys_generate(struct scene *s, const char *label, struct keys_pair *ret_p);
/* ECDH with a new key of libcrypto; the secret is destroyed again. */
CK_RV keys_agree(struct scene *s, const struct keys_pair *p);
/* A signature with CKM_ECDSA by this key. */
CK_RV keys_sign(struct scene *s, const struct keys_pair *p);
/* HKDF-Extract with SHA-256, SHA-384 and SHA-512 in turn, a new salt each time. */
CK_RV keys_hkdf(struct scene *s, CK_OBJECT_HANDLE key, const uint8_t psk[KEYS_SECRET]);
/* Master secret of plain PSK (RFC 4279), new randoms each time. */
CK_RV keys_tls12(struct scene *s, CK_OBJECT_HANDLE key, const uint8_t psk[KEYS_SECRET]);
/* AES-CMAC over 300 new bytes. */
CK_RV keys_mac(struct scene *s, CK_OBJECT_HANDLE key, const uint8_t aes[16]);

/* NULL: it is not on the curve. The caller frees it. */
EVP_PKEY *keys_public(const uint8_t point[KEYS_POINT]);
/* A certificate about this P-256 key, of a new issuer; each has another serial number. Returns its
 * length. */
size_t keys_certificate(const uint8_t point[KEYS_POINT], uint8_t ret_der[KEYS_DER_MAX]);
/* C_CreateObject of it, with CKA_TOKEN true. */
CK_RV keys_store(struct scene *s, const uint8_t *der, size_t n, CK_OBJECT_HANDLE *ret_h);
/* How many certificates on the token have this CKA_VALUE. */
CK_RV keys_stored(struct scene *s, const uint8_t *der, size_t n, CK_ULONG *ret_count);

/* The value of a public-key container, read past the module on a channel of its own: empty says
 * false. The id in hex. */
bool keys_raw_public(const struct rig *r, const char *id, uint8_t ret_point[KEYS_POINT]);

/* scene_allows, for what the functions above call. */
bool keys_allows(const char *function, CK_RV rv);
/* The same, where the key may have gone with the power. */
bool keys_allows_lost(const char *function, CK_RV rv);

#endif
