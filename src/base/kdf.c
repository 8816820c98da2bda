/* SPDX-License-Identifier: Apache-2.0 */
/* HKDF, the TLS 1.2 PRF and the X9.63 KDF: each makes its output block by block from a hash. */
#include "kdf.h"

#include <stdlib.h>
#include <string.h>

#include "hmac.h"
#include "mem.h"

/* Block number i (from 1) of an output, into block, which holds block number i - 1. */
struct stream {
	status (*next)(struct stream *s, uint32_t i, uint8_t block[HASH_MAX]);
	enum hash_alg alg;
	struct bytes key, info;
	uint8_t a[HASH_MAX]; /* the PRF's A(i) */
};

/* The blocks go to a place of their own first: an output that got half of them would be neither
 * untouched nor a key, and it may lie over the inputs. */
static status run(struct stream *s, uint8_t *ret, size_t n)
{
	SECRET(block, HASH_MAX);
	uint8_t *out ON_EXIT(mem_free_ptr) = n > 0 ? malloc(n) : NULL;
	size_t size = hash_size(s->alg), done = 0, piece;
	status st = ST_OK;

	if (n == 0)
		return ST_OK;
	if (!out)
		return ST_NOMEM;
	for (uint32_t i = 1; st == ST_OK && done < n; i++, done += piece) {
		st = s->next(s, i, block.p);
		piece = n - done < size ? n - done : size;
		memcpy(out + done, block.p, piece);
	}
	if (st == ST_OK)
		memcpy(ret, out, n);
	mem_wipe(out, n);
	mem_wipe(s->a, sizeof(s->a));
	return st;
}

/* --- HKDF --- */

status hkdf_extract(enum hash_alg alg, struct bytes salt, struct bytes ikm,
		    uint8_t ret_prk[HASH_MAX])
{
	/* HMAC fills a short key with zeros, so that an empty salt is the RFC's string of them */
	return hmac_once(alg, salt, ikm, ret_prk);
}

/* T(i) = HMAC(PRK, T(i-1) || info || i) */
static status next_hkdf(struct stream *s, uint32_t i, uint8_t block[HASH_MAX])
{
	const uint8_t number = (uint8_t)i;
	const struct bytes part[] = {bytes_of(block, i > 1 ? hash_size(s->alg) : 0), s->info,
				     bytes_of(&number, 1)};

	return hmac_parts(s->alg, s->key, part, ARRAY_LEN(part), block);
}

status hkdf_expand(enum hash_alg alg, struct bytes prk, struct bytes info, uint8_t *ret, size_t n)
{
	struct stream s = {.next = next_hkdf, .alg = alg, .key = prk, .info = info};

	if (hash_size(alg) == 0 || n > 255 * hash_size(alg))
		return ST_ARG;
	return run(&s, ret, n);
}

/* --- TLS 1.2 --- */

/* A(i) = HMAC(secret, A(i-1)), A(0) = seed; block i = HMAC(secret, A(i) || seed) */
static status next_prf(struct stream *s, uint32_t i, uint8_t block[HASH_MAX])
{
	const struct bytes a = bytes_of(s->a, hash_size(s->alg));
	const struct bytes part[] = {a, s->info};

	TRY(hmac_parts(s->alg, s->key, i > 1 ? &a : &s->info, 1, s->a));
	return hmac_parts(s->alg, s->key, part, ARRAY_LEN(part), block);
}

status tls12_prf(enum hash_alg alg, struct bytes secret, struct bytes label_seed, uint8_t *ret,
		 size_t n)
{
	struct stream s = {.next = next_prf, .alg = alg, .key = secret, .info = label_seed};

	if (hash_size(alg) == 0 || n / hash_size(alg) >= UINT32_MAX)
		return ST_ARG;
	return run(&s, ret, n);
}

/* --- X9.63 --- */

/* block i = H(Z || i || info), i in four bytes */
static status next_x963(struct stream *s, uint32_t i, uint8_t block[HASH_MAX])
{
	struct hash_ctx h ON_EXIT(hash_free) = {0};
	uint8_t number[4];
	struct wtr w = WTR_ON(number);

	wtr_u32be(&w, i);
	TRY(hash_start(&h, s->alg));
	TRY(hash_add(&h, s->key));
	TRY(hash_add(&h, wtr_bytes(&w)));
	TRY(hash_add(&h, s->info));
	return hash_finish(&h, block);
}

status x963_kdf(enum hash_alg alg, struct bytes z, struct bytes info, uint8_t *ret, size_t n)
{
	struct stream s = {.next = next_x963, .alg = alg, .key = z, .info = info};

	if (hash_size(alg) == 0 || n / hash_size(alg) >= UINT32_MAX)
		return ST_ARG;
	return run(&s, ret, n);
}
