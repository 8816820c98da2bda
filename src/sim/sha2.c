/* SPDX-License-Identifier: Apache-2.0 */
/* libcrypto can set a chaining value only through its older interface. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "sha2.h"

#include <openssl/sha.h>

#include "key.h"

static status finish_256(struct bytes state, uint32_t done, struct bytes tail, struct wtr *w)
{
	struct rdr r = rdr_of(state);
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA256_CTX ctx;
	SHA256_Init(&ctx);
	for (size_t i = 0; i < 8; i++) {
		uint32_t word;
		TRY(rdr_u32be(&r, &word));
		ctx.h[i] = word;
	}
	if (r.n != 0 || done % SHA256_CBLOCK != 0)
		return ST_ARG;
	ctx.Nl = done << 3;
	ctx.Nh = done >> 29;
	SHA256_Update(&ctx, tail.p, tail.n);
	SHA256_Final(digest, &ctx);
	wtr_put(w, BYTES_OF(digest));
	return wtr_done(w);
}

static status finish_512(bool sha384, struct bytes state, uint32_t done, struct bytes tail,
			 struct wtr *w)
{
	struct rdr r = rdr_of(state);
	uint8_t digest[SHA512_DIGEST_LENGTH];
	SHA512_CTX ctx;
	if (sha384)
		SHA384_Init(&ctx);
	else
		SHA512_Init(&ctx);
	for (size_t i = 0; i < 8; i++) {
		uint32_t high, low;
		TRY(rdr_u32be(&r, &high));
		TRY(rdr_u32be(&r, &low));
		ctx.h[i] = (uint64_t)high << 32 | low;
	}
	if (r.n != 0 || done % SHA512_CBLOCK != 0)
		return ST_ARG;
	ctx.Nl = (uint64_t)done << 3;
	SHA512_Update(&ctx, tail.p, tail.n);
	SHA512_Final(digest, &ctx);
	wtr_put(w, bytes_of(digest, sha384 ? SHA384_DIGEST_LENGTH : SHA512_DIGEST_LENGTH));
	return wtr_done(w);
}

status sha2_finish(uint16_t hash_bit, struct bytes state, uint32_t done, struct bytes tail,
		   struct wtr *ret_digest)
{
	if (hash_bit == HASH_BIT_SHA256)
		return finish_256(state, done, tail, ret_digest);
	return finish_512(hash_bit == HASH_BIT_SHA384, state, done, tail, ret_digest);
}
