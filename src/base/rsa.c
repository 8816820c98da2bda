/* SPDX-License-Identifier: Apache-2.0 */
/* RSA verification (RFC 8017 §8): public values only. */
#include <string.h>

#include "libctx.h"

/* sig^e mod n into modulus_len bytes. ST_SIG_BAD when sig is not below n. */
static status open_signature(const struct public_key *k, struct bytes sig,
			     uint8_t ret_em[RSA_MODULUS_MAX])
{
	LIBCTX_QUIET();
	BN_CTX *ctx ON_EXIT(libctx_free_bn_ctx) = libctx_bn_ctx();
	BIGNUM *n, *e, *s;

	if (!ctx)
		return ST_CRYPTO;
	n = BN_CTX_get(ctx);
	e = BN_CTX_get(ctx);
	s = BN_CTX_get(ctx);
	if (!s || !BN_bin2bn(k->modulus, (int)k->modulus_len, n) ||
	    !BN_bin2bn(k->exponent, (int)k->exponent_len, e) || !BN_bin2bn(sig.p, (int)sig.n, s) ||
	    !BN_is_odd(n) || !BN_is_odd(e))
		return ST_CRYPTO;
	if (BN_ucmp(s, n) >= 0)
		return ST_SIG_BAD;
	if (BN_mod_exp(s, s, e, n, ctx) != 1 ||
	    BN_bn2binpad(s, ret_em, (int)k->modulus_len) != (int)k->modulus_len)
		return ST_CRYPTO;
	return ST_OK;
}

/* RFC 8017 §9.2 note 1: DigestInfo up to the digest. */
static struct bytes digest_info(enum hash_alg hash)
{
	static const uint8_t sha1[] = {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E,
				       0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14};
	static const uint8_t sha2[][19] = {
		{0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
		 0x01, 0x05, 0x00, 0x04, 0x20},
		{0x30, 0x41, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
		 0x02, 0x05, 0x00, 0x04, 0x30},
		{0x30, 0x51, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
		 0x03, 0x05, 0x00, 0x04, 0x40},
	};

	switch (hash) {
	case HASH_SHA1:
		return BYTES_OF(sha1);
	case HASH_SHA256:
		return BYTES_OF(sha2[0]);
	case HASH_SHA384:
		return BYTES_OF(sha2[1]);
	case HASH_SHA512:
		return BYTES_OF(sha2[2]);
	case HASH_NONE:
		break;
	}
	return (struct bytes){0}; /* the caller brings the whole of it */
}

/* §9.2: the one encoding that is right is made and compared. */
static status check_pkcs1(enum hash_alg hash, struct bytes digest, struct bytes em)
{
	struct bytes head = digest_info(hash);
	uint8_t want[RSA_MODULUS_MAX];
	struct wtr w = WTR_ON(want);

	if (head.n + digest.n + 11 > em.n)
		return ST_SIG_BAD;
	wtr_u16be(&w, 0x0001);
	wtr_fill(&w, 0xFF, em.n - head.n - digest.n - 3);
	wtr_u8(&w, 0x00);
	wtr_put(&w, head);
	wtr_put(&w, digest);
	TRY(wtr_done(&w));
	return bytes_equal(em, wtr_bytes(&w)) ? ST_OK : ST_SIG_BAD;
}

/* Appendix B.2.1, xored onto n bytes at db. */
static status mgf1_xor(enum hash_alg hash, struct bytes seed, uint8_t *db, size_t n)
{
	uint8_t in[HASH_MAX + 4], block[HASH_MAX];
	size_t size = hash_size(hash);

	for (size_t done = 0; done < n; done += size) {
		struct wtr w = WTR_ON(in);

		wtr_put(&w, seed);
		wtr_u32be(&w, (uint32_t)(done / size));
		TRY(wtr_done(&w));
		TRY(hash_once(hash, wtr_bytes(&w), block));
		for (size_t i = 0; i < size && done + i < n; i++)
			db[done + i] ^= block[i];
	}
	return ST_OK;
}

/* §9.1.2; em is emLen bytes long, of whose first byte `unused` high bits are none of emBits. */
static status check_pss(enum hash_alg hash, size_t salt_len, struct bytes digest, struct bytes em,
			unsigned unused)
{
	uint8_t db[RSA_MODULUS_MAX], in[8 + HASH_MAX + RSA_MODULUS_MAX], again[HASH_MAX];
	size_t size = hash_size(hash), db_n, zeros;
	struct wtr w = WTR_ON(in);
	struct bytes h;

	if (salt_len > em.n || em.n < size + salt_len + 2 || em.p[em.n - 1] != 0xBC ||
	    em.p[0] >> (8 - unused))
		return ST_SIG_BAD;
	db_n = em.n - size - 1;
	h = bytes_of(em.p + db_n, size);
	memcpy(db, em.p, db_n);
	TRY(mgf1_xor(hash, h, db, db_n));
	db[0] &= (uint8_t)(0xFF >> unused);
	zeros = db_n - salt_len - 1;
	for (size_t i = 0; i < zeros; i++)
		if (db[i] != 0)
			return ST_SIG_BAD;
	if (db[zeros] != 0x01)
		return ST_SIG_BAD;
	wtr_fill(&w, 0, 8);
	wtr_put(&w, digest);
	wtr_put(&w, bytes_of(db + zeros + 1, salt_len));
	TRY(wtr_done(&w));
	TRY(hash_once(hash, wtr_bytes(&w), again));
	return bytes_equal(h, bytes_of(again, size)) ? ST_OK : ST_SIG_BAD;
}

status verify_rsa(const struct public_key *k, enum rsa_padding pad, enum hash_alg hash,
		  size_t salt_len, struct bytes digest, struct bytes sig)
{
	uint8_t em[RSA_MODULUS_MAX];
	struct bytes b;
	unsigned unused = 1; /* emBits is one less than the modulus has */

	if (k->kind != PUBLIC_RSA || k->modulus_len == 0 || k->modulus[0] == 0)
		return ST_KEY_KIND;
	if (sig.n != k->modulus_len)
		return ST_SIG_LEN;
	if (pad == RSA_PAD_PSS && hash == HASH_NONE)
		return ST_CRYPTO;
	if (hash != HASH_NONE && digest.n != hash_size(hash))
		return ST_SIG_BAD;
	TRY(open_signature(k, sig, em));
	b = bytes_of(em, k->modulus_len);
	if (pad == RSA_PAD_PKCS1)
		return check_pkcs1(hash, digest, b);
	for (uint8_t top = k->modulus[0]; !(top & 0x80); top = (uint8_t)(top << 1))
		unused++;
	if (unused < 8)
		return check_pss(hash, salt_len, digest, b, unused);
	/* the first byte holds no bit of emBits */
	return b.p[0] == 0 ? check_pss(hash, salt_len, digest, bytes_of(b.p + 1, b.n - 1), 0)
			   : ST_SIG_BAD;
}
