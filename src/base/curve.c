/* SPDX-License-Identifier: Apache-2.0 */
/* Curves, their points, and ECDSA verification (FIPS 186-5 §6.4.2): public values only. */
#include <string.h>

#include "libctx.h"

static const struct {
	const char *name; /* for people */
	size_t field;
	uint8_t oid_len;
	uint8_t oid[12]; /* DER OBJECT IDENTIFIER */
} curves[] = {
	[CURVE_NONE] = {"none", 0, 0, {0}},
	[CURVE_P256] = {"P-256",
			32,
			10,
			{0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07}},
	[CURVE_P384] = {"P-384", 48, 7, {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22}},
	[CURVE_BRAINPOOL_P256R1] = {"brainpoolP256r1",
				    32,
				    11,
				    {0x06, 0x09, 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01,
				     0x07}},
};

static bool known(enum curve c)
{
	return c > CURVE_NONE && (size_t)c < ARRAY_LEN(curves);
}

size_t curve_field_size(enum curve c)
{
	return known(c) ? curves[c].field : 0;
}

unsigned curve_bits(enum curve c)
{
	return (unsigned)(8 * curve_field_size(c));
}

const char *curve_name(enum curve c)
{
	return curves[known(c) ? c : CURVE_NONE].name;
}

struct bytes curve_oid_der(enum curve c)
{
	return known(c) ? bytes_of(curves[c].oid, curves[c].oid_len) : (struct bytes){0};
}

static void free_point(EC_POINT **p)
{
	EC_POINT_free(*p);
}

/* ST_POINT_INVALID for what is no point: decoding refuses points off the curve and coordinates that
 * are not below p. All three curves have cofactor one, so being on the curve is enough. */
static status decode(enum curve c, struct bytes point, BN_CTX *ctx, EC_POINT *ret_p)
{
	if (point.n != 1 + 2 * curves[c].field || point.p[0] != 0x04)
		return ST_POINT_INVALID;
	if (EC_POINT_oct2point(libctx_group(c), ret_p, point.p, point.n, ctx) != 1 ||
	    EC_POINT_is_at_infinity(libctx_group(c), ret_p) != 0)
		return ST_POINT_INVALID;
	return ST_OK;
}

status curve_check_point(enum curve c, struct bytes point)
{
	LIBCTX_QUIET();
	BN_CTX *ctx ON_EXIT(libctx_free_bn_ctx) = libctx_bn_ctx();
	EC_POINT *p ON_EXIT(free_point) = NULL;

	if (!ctx)
		return ST_CRYPTO;
	if (!known(c))
		return ST_POINT_INVALID;
	p = EC_POINT_new(libctx_group(c));
	return p ? decode(c, point, ctx, p) : ST_CRYPTO;
}

/* 1 ≤ v < order */
static bool in_range(const BIGNUM *v, const BIGNUM *order)
{
	return !BN_is_zero(v) && BN_ucmp(v, order) < 0;
}

/* x of e/s·G + r/s·Q, modulo the order, equals r? All numbers are scratch of ctx. */
static status check(const EC_GROUP *g, const EC_POINT *q, const BIGNUM *e, const BIGNUM *r,
		    const BIGNUM *s, BN_CTX *ctx)
{
	const BIGNUM *order = EC_GROUP_get0_order(g);
	EC_POINT *sum ON_EXIT(free_point) = EC_POINT_new(g);
	BIGNUM *w = BN_CTX_get(ctx), *u1 = BN_CTX_get(ctx), *u2 = BN_CTX_get(ctx);
	BIGNUM *x = BN_CTX_get(ctx);

	if (!x || !sum || !BN_mod_inverse(w, s, order, ctx) ||
	    BN_mod_mul(u1, e, w, order, ctx) != 1 || BN_mod_mul(u2, r, w, order, ctx) != 1 ||
	    EC_POINT_mul(g, sum, u1, q, u2, ctx) != 1)
		return ST_CRYPTO;
	if (EC_POINT_is_at_infinity(g, sum))
		return ST_SIG_BAD;
	if (EC_POINT_get_affine_coordinates(g, sum, x, NULL, ctx) != 1 ||
	    BN_nnmod(x, x, order, ctx) != 1)
		return ST_CRYPTO;
	return BN_ucmp(x, r) == 0 ? ST_OK : ST_SIG_BAD;
}

status verify_ecdsa(const struct public_key *k, struct bytes digest, struct bytes sig)
{
	LIBCTX_QUIET();
	BN_CTX *ctx ON_EXIT(libctx_free_bn_ctx) = libctx_bn_ctx();
	EC_POINT *q ON_EXIT(free_point) = NULL;
	size_t field = curve_field_size(k->curve);
	BIGNUM *e, *r, *s;

	if (k->kind != PUBLIC_EC || field == 0)
		return ST_KEY_KIND;
	if (sig.n != 2 * field)
		return ST_SIG_LEN;
	if (!ctx)
		return ST_CRYPTO;
	q = EC_POINT_new(libctx_group(k->curve));
	if (!q)
		return ST_CRYPTO;
	TRY(decode(k->curve, bytes_of(k->point, k->point_len), ctx, q));
	/* the orders are as long as the fields, whole bytes all: the cut is one of bytes */
	if (digest.n > field)
		digest.n = field;
	e = BN_CTX_get(ctx);
	r = BN_CTX_get(ctx);
	s = BN_CTX_get(ctx);
	if (!s || !BN_bin2bn(digest.p, (int)digest.n, e) || !BN_bin2bn(sig.p, (int)field, r) ||
	    !BN_bin2bn(sig.p + field, (int)field, s))
		return ST_CRYPTO;
	if (!in_range(r, EC_GROUP_get0_order(libctx_group(k->curve))) ||
	    !in_range(s, EC_GROUP_get0_order(libctx_group(k->curve))))
		return ST_SIG_BAD;
	return check(libctx_group(k->curve), q, e, r, s, ctx);
}
