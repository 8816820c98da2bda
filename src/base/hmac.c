/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC (RFC 2104): H(K ^ opad || H(K ^ ipad || text)). */
#include "hmac.h"

#include <string.h>

#include "mem.h"

enum { BLOCK_MAX = 128, IPAD = 0x36, OPAD = 0x5C };

/* What a hash compresses at once (FIPS 180-4 §1). */
static size_t block_size(enum hash_alg alg)
{
	return hash_size(alg) > 32 ? 128 : 64;
}

/* The hash of the padded key and the parts behind it. */
static status hash_behind(enum hash_alg alg, struct bytes block, const struct bytes *part,
			  size_t count, uint8_t ret[HASH_MAX])
{
	struct hash_ctx h ON_EXIT(hash_free) = {0};

	TRY(hash_start(&h, alg));
	TRY(hash_add(&h, block));
	for (size_t i = 0; i < count; i++)
		TRY(hash_add(&h, part[i]));
	return hash_finish(&h, ret);
}

static void flip(struct secret_view *block, uint8_t with)
{
	for (size_t i = 0; i < block->n; i++)
		block->p[i] ^= with;
}

status hmac_parts(enum hash_alg alg, struct bytes key, const struct bytes *part, size_t count,
		  uint8_t *ret)
{
	SECRET(block, BLOCK_MAX);
	SECRET(digest, HASH_MAX);
	struct bytes inner;

	digest.n = hash_size(alg);
	if (digest.n == 0)
		return ST_ARG;
	block.n = block_size(alg);
	if (key.n > block.n)
		TRY(hash_once(alg, key, block.p));
	else if (key.n > 0)
		memcpy(block.p, key.p, key.n);
	flip(&block, IPAD);
	TRY(hash_behind(alg, bytes_of(block.p, block.n), part, count, digest.p));
	flip(&block, IPAD ^ OPAD);
	inner = bytes_of(digest.p, digest.n);
	TRY(hash_behind(alg, bytes_of(block.p, block.n), &inner, 1, digest.p));
	memcpy(ret, digest.p, digest.n);
	return ST_OK;
}

status hmac_once(enum hash_alg alg, struct bytes key, struct bytes data, uint8_t ret[HASH_MAX])
{
	return hmac_parts(alg, key, &data, 1, ret);
}
