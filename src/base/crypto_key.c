/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys as values, and as SubjectPublicKeyInfo (RFC 5480 §2, RFC 3279 §2.3.1). */
#include <string.h>

#include "crypto.h"
#include "der.h"

bool public_key_equal(const struct public_key *a, const struct public_key *b)
{
	if (a->kind != b->kind || a->kind == PUBLIC_NONE)
		return false;
	if (a->kind == PUBLIC_EC)
		return a->curve == b->curve && bytes_equal(bytes_of(a->point, a->point_len),
							   bytes_of(b->point, b->point_len));
	return bytes_equal(bytes_of(a->modulus, a->modulus_len),
			   bytes_of(b->modulus, b->modulus_len)) &&
	       bytes_equal(bytes_of(a->exponent, a->exponent_len),
			   bytes_of(b->exponent, b->exponent_len));
}

/* id-ecPublicKey, and rsaEncryption with its NULL */
static const uint8_t ec_oid[] = {0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01};
static const uint8_t rsa_algorithm[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7,
					0x0D, 0x01, 0x01, 0x01, 0x05, 0x00};

/* SEQUENCE { SEQUENCE { algorithm parameters } BIT STRING { key } } */
static void put_spki(struct wtr *w, struct bytes algorithm, struct bytes parameters,
		     struct bytes key)
{
	size_t alg_n = algorithm.n + parameters.n, bits_n = 1 + key.n;

	der_put_head(w, DER_SEQUENCE,
		     der_head_size(alg_n) + alg_n + der_head_size(bits_n) + bits_n);
	der_put_head(w, DER_SEQUENCE, alg_n);
	wtr_put(w, algorithm);
	wtr_put(w, parameters);
	der_put_head(w, DER_BIT_STRING, bits_n);
	wtr_u8(w, 0);
	wtr_put(w, key);
}

static size_t integer_size(struct bytes v)
{
	return v.n + (v.p[0] & 0x80 ? 1 : 0);
}

static void put_integer(struct wtr *w, struct bytes v)
{
	der_put_head(w, DER_INTEGER, integer_size(v));
	if (v.p[0] & 0x80)
		wtr_u8(w, 0);
	wtr_put(w, v);
}

static status put_rsa(const struct public_key *k, struct wtr *w)
{
	struct bytes n = bytes_of(k->modulus, k->modulus_len);
	struct bytes e = bytes_of(k->exponent, k->exponent_len);
	uint8_t key[RSA_MODULUS_MAX + 32];
	struct wtr kw = WTR_ON(key);
	size_t n_size, e_size;

	if (n.n == 0 || e.n == 0)
		return ST_KEY_KIND;
	n_size = integer_size(n);
	e_size = integer_size(e);
	der_put_head(&kw, DER_SEQUENCE,
		     der_head_size(n_size) + n_size + der_head_size(e_size) + e_size);
	put_integer(&kw, n);
	put_integer(&kw, e);
	TRY(wtr_done(&kw));
	put_spki(w, BYTES_OF(rsa_algorithm), (struct bytes){0}, wtr_bytes(&kw));
	return wtr_done(w);
}

status public_key_spki(const struct public_key *k, struct wtr *w)
{
	struct bytes point = bytes_of(k->point, k->point_len);

	switch (k->kind) {
	case PUBLIC_EC:
		TRY(curve_check_point(k->curve, point));
		put_spki(w, BYTES_OF(ec_oid), curve_oid_der(k->curve), point);
		return wtr_done(w);
	case PUBLIC_RSA:
		return put_rsa(k, w);
	case PUBLIC_NONE:
		break;
	}
	return ST_KEY_KIND;
}

/* --- and back --- */

/* A positive INTEGER without its leading zeros into dst. */
static status take_integer(struct rdr *r, uint8_t *dst, size_t cap, size_t *ret_n)
{
	struct bytes v;

	TRY(der_expect(r, DER_INTEGER, &v));
	if (v.n == 0 || v.p[0] & 0x80)
		return ST_MALFORMED;
	while (v.n > 0 && v.p[0] == 0)
		v = bytes_of(v.p + 1, v.n - 1);
	if (v.n == 0 || v.n > cap)
		return ST_MALFORMED;
	memcpy(dst, v.p, v.n);
	*ret_n = v.n;
	return ST_OK;
}

static status take_rsa(struct bytes key, struct public_key *k)
{
	struct rdr r = rdr_of(key), seq;
	struct bytes content;

	TRY(der_expect(&r, DER_SEQUENCE, &content));
	seq = rdr_of(content);
	TRY(take_integer(&seq, k->modulus, sizeof(k->modulus), &k->modulus_len));
	TRY(take_integer(&seq, k->exponent, sizeof(k->exponent), &k->exponent_len));
	k->kind = PUBLIC_RSA;
	return r.n == 0 && seq.n == 0 ? ST_OK : ST_MALFORMED;
}

/* Named curves only: parameters that are spelt out could spell anything. */
static status take_ec(struct bytes parameters, struct bytes point, struct public_key *k)
{
	for (enum curve c = CURVE_P256; c <= CURVE_BRAINPOOL_P256R1; c++) {
		if (!bytes_equal(parameters, curve_oid_der(c)))
			continue;
		TRY(curve_check_point(c, point));
		k->kind = PUBLIC_EC;
		k->curve = c;
		memcpy(k->point, point.p, point.n);
		k->point_len = point.n;
		return ST_OK;
	}
	return ST_KEY_KIND;
}

status public_key_from_spki(struct bytes spki, struct public_key *ret_k)
{
	struct rdr r = rdr_of(spki), seq;
	struct bytes content, algorithm, bits, rest;
	struct public_key k = {0};

	TRY(der_expect(&r, DER_SEQUENCE, &content));
	seq = rdr_of(content);
	TRY(der_expect(&seq, DER_SEQUENCE, &algorithm));
	TRY(der_expect(&seq, DER_BIT_STRING, &bits));
	if (bits.n < 1 || bits.p[0] != 0)
		return ST_MALFORMED;
	bits = bytes_of(bits.p + 1, bits.n - 1);
	if (bytes_equal(algorithm, BYTES_OF(rsa_algorithm))) {
		TRY(take_rsa(bits, &k));
	} else if (bytes_start_with(algorithm, BYTES_OF(ec_oid))) {
		rest = bytes_of(algorithm.p + sizeof(ec_oid), algorithm.n - sizeof(ec_oid));
		TRY(take_ec(rest, bits, &k));
	} else {
		return ST_KEY_KIND;
	}
	*ret_k = k;
	return ST_OK;
}

status public_key_id(const struct public_key *k, uint8_t ret[20])
{
	uint8_t digest[HASH_MAX];
	struct bytes what = k->kind == PUBLIC_EC ? bytes_of(k->point, k->point_len)
						 : bytes_of(k->modulus, k->modulus_len);

	if (k->kind == PUBLIC_NONE)
		return ST_KEY_KIND;
	TRY(hash_once(HASH_SHA1, what, digest));
	memcpy(ret, digest, 20);
	return ST_OK;
}
