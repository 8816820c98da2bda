/* SPDX-License-Identifier: Apache-2.0 */
/* The plain functions of libcrypto and not EVP's: OpenSSL 3 asks its engines before each EVP
 * digest, and for that it reads the host's configuration file, whatever library context the digest
 * is of. That file may name us. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "libctx.h"

#include <openssl/sha.h>
#include <stdlib.h>

union state {
	SHA_CTX sha1;
	SHA256_CTX sha256;
	SHA512_CTX sha512; /* SHA-384 too */
};

size_t hash_size(enum hash_alg alg)
{
	static const uint8_t size[] = {
		[HASH_NONE] = 0,    [HASH_SHA1] = 20,	[HASH_SHA256] = 32,
		[HASH_SHA384] = 48, [HASH_SHA512] = 64,
	};

	return alg <= HASH_SHA512 ? size[alg] : 0;
}

static bool begin(union state *s, enum hash_alg alg)
{
	switch (alg) {
	case HASH_SHA1:
		return SHA1_Init(&s->sha1) == 1;
	case HASH_SHA256:
		return SHA256_Init(&s->sha256) == 1;
	case HASH_SHA384:
		return SHA384_Init(&s->sha512) == 1;
	case HASH_SHA512:
		return SHA512_Init(&s->sha512) == 1;
	case HASH_NONE:
		break;
	}
	return false;
}

static bool add(union state *s, enum hash_alg alg, struct bytes data)
{
	switch (alg) {
	case HASH_SHA1:
		return SHA1_Update(&s->sha1, data.p, data.n) == 1;
	case HASH_SHA256:
		return SHA256_Update(&s->sha256, data.p, data.n) == 1;
	case HASH_SHA384:
	case HASH_SHA512:
		return SHA512_Update(&s->sha512, data.p, data.n) == 1;
	case HASH_NONE:
		break;
	}
	return false;
}

static bool finish(union state *s, enum hash_alg alg, uint8_t ret[HASH_MAX])
{
	switch (alg) {
	case HASH_SHA1:
		return SHA1_Final(ret, &s->sha1) == 1;
	case HASH_SHA256:
		return SHA256_Final(ret, &s->sha256) == 1;
	case HASH_SHA384:
	case HASH_SHA512:
		return SHA512_Final(ret, &s->sha512) == 1;
	case HASH_NONE:
		break;
	}
	return false;
}

status hash_once(enum hash_alg alg, struct bytes data, uint8_t ret[HASH_MAX])
{
	union state s;
	bool good = crypto_alive() && begin(&s, alg) && add(&s, alg, data) && finish(&s, alg, ret);

	mem_wipe(&s, sizeof(s));
	return good ? ST_OK : ST_CRYPTO;
}

status hash_start(struct hash_ctx *ret_h, enum hash_alg alg)
{
	union state *s = crypto_alive() ? malloc(sizeof(*s)) : NULL;

	if (!s || !begin(s, alg)) {
		free(s);
		return ST_CRYPTO;
	}
	*ret_h = (struct hash_ctx){s, alg};
	return ST_OK;
}

status hash_add(struct hash_ctx *h, struct bytes data)
{
	return h->md && crypto_alive() && add(h->md, h->alg, data) ? ST_OK : ST_CRYPTO;
}

status hash_finish(struct hash_ctx *h, uint8_t ret[HASH_MAX])
{
	return h->md && crypto_alive() && finish(h->md, h->alg, ret) ? ST_OK : ST_CRYPTO;
}

void hash_free(struct hash_ctx *h)
{
	if (h->md)
		mem_wipe(h->md, sizeof(union state));
	free(h->md);
	*h = (struct hash_ctx){0};
}
