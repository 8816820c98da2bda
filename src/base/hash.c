/* SPDX-License-Identifier: Apache-2.0 */
#include "libctx.h"

size_t hash_size(enum hash_alg alg)
{
	static const uint8_t size[] = {
		[HASH_NONE] = 0,    [HASH_SHA1] = 20,	[HASH_SHA256] = 32,
		[HASH_SHA384] = 48, [HASH_SHA512] = 64,
	};

	return alg <= HASH_SHA512 ? size[alg] : 0;
}

status hash_once(enum hash_alg alg, struct bytes data, uint8_t ret[HASH_MAX])
{
	const EVP_MD *md = libctx_md(alg);

	if (!md || EVP_Digest(data.p, data.n, ret, NULL, md, NULL) != 1)
		return ST_CRYPTO;
	return ST_OK;
}

status hash_start(struct hash_ctx *ret_h, enum hash_alg alg)
{
	const EVP_MD *md = libctx_md(alg);
	EVP_MD_CTX *ctx;

	if (!md)
		return ST_CRYPTO;
	ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_DigestInit_ex2(ctx, md, NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		return ST_CRYPTO;
	}
	*ret_h = (struct hash_ctx){ctx, alg};
	return ST_OK;
}

status hash_add(struct hash_ctx *h, struct bytes data)
{
	if (!h->md || !crypto_alive() || EVP_DigestUpdate(h->md, data.p, data.n) != 1)
		return ST_CRYPTO;
	return ST_OK;
}

status hash_finish(struct hash_ctx *h, uint8_t ret[HASH_MAX])
{
	if (!h->md || !crypto_alive() || EVP_DigestFinal_ex(h->md, ret, NULL) != 1)
		return ST_CRYPTO;
	return ST_OK;
}

void hash_free(struct hash_ctx *h)
{
	/* after OPENSSL_cleanup the context's method is gone: leave it to the process's end */
	if (h->md && crypto_alive())
		EVP_MD_CTX_free(h->md);
	*h = (struct hash_ctx){0};
}
