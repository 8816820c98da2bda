/* SPDX-License-Identifier: Apache-2.0 */
#include "derive.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/hmac.h>

#include "mem.h"
#include "sizes.h"

enum { SHA256_SIZE = 32 };

static status hmac(const EVP_MD *md, struct bytes key, struct bytes data, uint8_t out[HASH_MAX],
		   size_t *ret_n)
{
	/* libcrypto takes no key at NULL, not even one of no bytes */
	static const uint8_t nothing[1];
	unsigned n = 0;
	if (!HMAC(md, key.n ? key.p : nothing, (int)key.n, data.p, data.n, out, &n)) {
		ERR_clear_error();
		return ST_CRYPTO;
	}
	*ret_n = n;
	return ST_OK;
}

status derive_extract(const EVP_MD *md, struct bytes salt, struct bytes ikm, struct wtr *ret_prk)
{
	SECRET(prk, HASH_MAX);
	TRY(hmac(md, salt, ikm, prk.p, &prk.n));
	wtr_put(ret_prk, bytes_of(prk.p, prk.n));
	return wtr_done(ret_prk);
}

/* One round of P_hash: A(i+1) := HMAC(secret, A(i)), and HMAC(secret, A(i) || seed). */
static status prf_round(struct bytes secret, struct bytes seed, struct secret_view *a,
			struct secret_view *block)
{
	SECRET(both, SHA256_SIZE + 255);
	SECRET(next, HASH_MAX);
	struct wtr w = wtr_on(both.p, both.cap);
	wtr_put(&w, bytes_of(a->p, a->n));
	wtr_put(&w, seed);
	TRY(wtr_done(&w));
	TRY(hmac(EVP_sha256(), secret, wtr_bytes(&w), block->p, &block->n));
	TRY(hmac(EVP_sha256(), secret, bytes_of(a->p, a->n), next.p, &next.n));
	struct wtr to = wtr_on(a->p, a->cap);
	wtr_put(&to, bytes_of(next.p, next.n));
	a->n = to.n;
	return wtr_done(&to);
}

status derive_prf(struct bytes secret, struct bytes label_seed, size_t n, struct wtr *ret_out)
{
	SECRET(a, HASH_MAX);
	SECRET(block, HASH_MAX);
	TRY(hmac(EVP_sha256(), secret, label_seed, a.p, &a.n));
	while (n > 0) {
		TRY(prf_round(secret, label_seed, &a, &block));
		size_t part = n < block.n ? n : block.n;
		wtr_put(ret_out, bytes_of(block.p, part));
		n -= part;
	}
	return wtr_done(ret_out);
}

status derive_psk_block(struct bytes psk, struct wtr *ret_block)
{
	wtr_u16be(ret_block, (uint16_t)psk.n);
	wtr_fill(ret_block, 0x00, psk.n);
	wtr_u16be(ret_block, (uint16_t)psk.n);
	wtr_put(ret_block, psk);
	return wtr_done(ret_block);
}

status derive_ecdhe_psk_block(struct bytes z, struct bytes psk, struct wtr *ret_block)
{
	wtr_u16be(ret_block, (uint16_t)z.n);
	wtr_put(ret_block, z);
	wtr_u16be(ret_block, (uint16_t)psk.n);
	wtr_put(ret_block, psk);
	return wtr_done(ret_block);
}

/* --- AES-CMAC --- */

static void mac_free(EVP_MAC **mac)
{
	EVP_MAC_free(*mac);
}

status derive_cmac_start(struct bytes key, EVP_MAC_CTX **ret_mac)
{
	char cipher[] = "AES-128-CBC";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
		OSSL_PARAM_construct_end(),
	};
	if (key.n != DERIVE_CMAC_KEY_SIZE)
		return ST_ARG;
	EVP_MAC *mac ON_EXIT(mac_free) = EVP_MAC_fetch(NULL, "CMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	if (!ctx || EVP_MAC_init(ctx, key.p, key.n, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		ERR_clear_error();
		return ST_CRYPTO;
	}
	*ret_mac = ctx;
	return ST_OK;
}

status derive_cmac_finish(EVP_MAC_CTX *mac, struct wtr *ret_mac)
{
	uint8_t out[DERIVE_MAC_SIZE];
	size_t n = 0;
	if (EVP_MAC_final(mac, out, &n, sizeof(out)) != 1) {
		ERR_clear_error();
		return ST_CRYPTO;
	}
	wtr_put(ret_mac, bytes_of(out, n));
	return wtr_done(ret_mac);
}
