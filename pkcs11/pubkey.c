/* SPDX-License-Identifier: Apache-2.0 */
#include "pubkey.h"

#include <string.h>

#include "mem.h"

enum { TAG_OCTET_STRING = 0x04, POINT_UNCOMPRESSED = 0x04 };

status pubkey_curve(struct bytes params, enum curve *ret)
{
	static const enum curve known[] = {CURVE_P256, CURVE_P384, CURVE_BRAINPOOL_P256R1};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!bytes_equal(params, curve_oid_der(known[i])))
			continue;
		*ret = known[i];
		return ST_OK;
	}
	return ST_CURVE_UNSUPPORTED;
}

/* What a DER OCTET STRING holds; lengths of our points take one byte, or two with 81. */
static status unwrap(struct bytes given, struct bytes *ret)
{
	struct rdr r = rdr_of(given);
	uint8_t tag = 0;
	uint8_t n = 0;

	TRY(rdr_u8(&r, &tag));
	TRY(rdr_u8(&r, &n));
	if (tag != TAG_OCTET_STRING || n >= 0x80 || n != r.n)
		return ST_MALFORMED;
	*ret = rdr_rest(&r);
	return ST_OK;
}

/* Both forms begin with 04; of our curves no wrapped point has the length of a raw one. */
status pubkey_point(enum curve c, struct bytes given, struct bytes *ret_raw)
{
	struct bytes raw = given;

	if (given.n != 1 + 2 * curve_field_size(c) && unwrap(given, &raw) != ST_OK)
		return ST_POINT_INVALID;
	if (curve_check_point(c, raw) != ST_OK)
		return ST_POINT_INVALID;
	*ret_raw = raw;
	return ST_OK;
}

void pubkey_set_ec(enum curve c, struct bytes raw, struct public_key *ret)
{
	*ret = (struct public_key){.kind = PUBLIC_EC, .curve = c, .point_len = raw.n};
	memcpy(ret->point, raw.p, raw.n);
}

void pubkey_put_point(const struct public_key *k, struct wtr *w)
{
	wtr_u8(w, TAG_OCTET_STRING);
	wtr_u8(w, (uint8_t)k->point_len);
	wtr_put(w, bytes_of(k->point, k->point_len));
}

static status ec_from_bag(const struct bag *b, struct public_key *ret)
{
	enum curve c = CURVE_NONE;
	struct bytes raw;

	TRY(pubkey_curve(bag_get(b, CKA_EC_PARAMS), &c));
	TRY(pubkey_point(c, bag_get(b, CKA_EC_POINT), &raw));
	pubkey_set_ec(c, raw, ret);
	return ST_OK;
}

static struct bytes without_zeros(struct bytes n)
{
	while (n.n != 0 && n.p[0] == 0)
		n = bytes_of(n.p + 1, n.n - 1);
	return n;
}

static status rsa_from_bag(const struct bag *b, struct public_key *ret)
{
	struct bytes n = without_zeros(bag_get(b, CKA_MODULUS));
	struct bytes e = without_zeros(bag_get(b, CKA_PUBLIC_EXPONENT));
	struct public_key k = {.kind = PUBLIC_RSA, .modulus_len = n.n, .exponent_len = e.n};

	if (n.n == 0 || n.n > sizeof(k.modulus) || e.n == 0 || e.n > sizeof(k.exponent))
		return ST_KEY_KIND;
	memcpy(k.modulus, n.p, n.n);
	memcpy(k.exponent, e.p, e.n);
	*ret = k;
	return ST_OK;
}

status pubkey_from_bag(const struct bag *b, struct public_key *ret)
{
	CK_KEY_TYPE type = bag_ulong(b, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);

	if (type == CKK_EC)
		return ec_from_bag(b, ret);
	return type == CKK_RSA ? rsa_from_bag(b, ret) : ST_KEY_KIND;
}
