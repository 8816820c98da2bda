/* SPDX-License-Identifier: Apache-2.0 */
/* What the card computes with secrets: the PRF of TLS 1.2 (RFC 5246 §5) with the blocks of
 * pre-shared keys, HKDF-Extract (RFC 5869), AES-CMAC (RFC 4493). */
#ifndef IOTSAFE_SIM_DERIVE_H
#define IOTSAFE_SIM_DERIVE_H

#include <openssl/evp.h>

#include "bytes.h"

enum {
	/* RFC 5489: two lengths, Z and the key, each from one TLV or one container of a card */
	DERIVE_BLOCK_MAX = 4 + 2 * 255,
	DERIVE_PRF_MAX = 255, /* tag D3 is one byte */
	DERIVE_MAC_SIZE = 16,
	DERIVE_CMAC_KEY_SIZE = 16,
};

/* P_SHA256(secret, label_seed), n bytes of it. */
status derive_prf(struct bytes secret, struct bytes label_seed, size_t n,
		  struct wtr *ret_out) MUST_USE;
/* RFC 4279 §2: N, N zero bytes, N, the key of N bytes. */
status derive_psk_block(struct bytes psk, struct wtr *ret_block) MUST_USE;
/* RFC 5489 §2: length of Z, Z, length of the key, key. */
status derive_ecdhe_psk_block(struct bytes z, struct bytes psk, struct wtr *ret_block) MUST_USE;
/* HMAC-Hash(salt, ikm); an empty salt counts as zeros. */
status derive_extract(const EVP_MD *md, struct bytes salt, struct bytes ikm,
		      struct wtr *ret_prk) MUST_USE;

/* AES-128-CMAC, piece by piece. The caller frees the context with EVP_MAC_CTX_free. ST_ARG for a
 * key of another size. */
status derive_cmac_start(struct bytes key, EVP_MAC_CTX **ret_mac) MUST_USE;
status derive_cmac_finish(EVP_MAC_CTX *mac, struct wtr *ret_mac) MUST_USE;

#endif
