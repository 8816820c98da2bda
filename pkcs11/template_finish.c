/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a template's values, and what contradicts them. */
#include "pubkey.h"
#include "template_table.h"

enum {
	RSA_BYTES_MIN = 128,
	AES_BYTES_MIN = 16,
	AES_BYTES_MAX = 32,
	CHACHA20_BYTES = 32,
};

bool template_key_size(CK_KEY_TYPE type, size_t n)
{
	if (type == CKK_AES)
		return n >= AES_BYTES_MIN && n <= AES_BYTES_MAX && n % 8 == 0;
	return type == CKK_CHACHA20 ? n == CHACHA20_BYTES : n != 0;
}

status template_restrict(const struct bag *secret, struct bag *b)
{
	if (bag_ulong(b, CKA_CLASS, CKO_DATA) != CKO_SECRET_KEY)
		return ST_OK;
	if (bag_bool(secret, CKA_SENSITIVE, false))
		TRY(bag_set_bool(b, CKA_SENSITIVE, true));
	if (!bag_bool(secret, CKA_EXTRACTABLE, true))
		TRY(bag_set_bool(b, CKA_EXTRACTABLE, false));
	return ST_OK;
}

status template_inherit(const struct bag *parent, CK_OBJECT_CLASS class, struct bag *b)
{
	TRY(bag_set_ulong(b, CKA_CLASS, class));
	if (class != CKO_SECRET_KEY)
		return ST_OK;
	TRY(bag_set_bool(b, CKA_ALWAYS_SENSITIVE,
			 parent == NULL || bag_bool(parent, CKA_ALWAYS_SENSITIVE, false)));
	TRY(bag_set_bool(b, CKA_NEVER_EXTRACTABLE,
			 parent == NULL || bag_bool(parent, CKA_NEVER_EXTRACTABLE, false)));
	return parent != NULL ? template_restrict(parent, b) : ST_OK;
}

/* --- public keys --- */

static status finish_ec(struct bag *b)
{
	struct public_key k;
	uint8_t der[2 + EC_POINT_MAX];
	struct wtr w = WTR_ON(der);
	status st = pubkey_from_bag(b, &k);

	if (st != ST_OK)
		return st == ST_CURVE_UNSUPPORTED ? st : ST_ATTR_VALUE;
	pubkey_put_point(&k, &w);
	TRY(wtr_done(&w));
	return bag_set(b, CKA_EC_POINT, w.p, w.n);
}

static CK_ULONG bits_of(struct bytes modulus)
{
	CK_ULONG bits = 8 * (CK_ULONG)modulus.n;

	for (uint8_t top = modulus.p[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

static status finish_rsa(struct bag *b)
{
	struct public_key k;

	if (pubkey_from_bag(b, &k) != ST_OK || k.modulus_len < RSA_BYTES_MIN)
		return ST_ATTR_VALUE;
	TRY(bag_set(b, CKA_MODULUS, k.modulus, k.modulus_len));
	TRY(bag_set(b, CKA_PUBLIC_EXPONENT, k.exponent, k.exponent_len));
	return bag_set_ulong(b, CKA_MODULUS_BITS, bits_of(bytes_of(k.modulus, k.modulus_len)));
}

static status finish_public(struct bag *b)
{
	struct public_key k;
	uint8_t spki[512];
	struct wtr w = WTR_ON(spki);
	struct bytes given = bag_get(b, CKA_PUBLIC_KEY_INFO);

	if (bag_ulong(b, CKA_KEY_TYPE, CKK_RSA) == CKK_EC)
		TRY(finish_ec(b));
	else
		TRY(finish_rsa(b));
	TRY(pubkey_from_bag(b, &k));
	TRY(public_key_spki(&k, &w));
	TRY(wtr_done(&w));
	if (given.n != 0 && !bytes_equal(given, wtr_bytes(&w)))
		return ST_TEMPLATE_INCONSISTENT;
	return bag_set(b, CKA_PUBLIC_KEY_INFO, w.p, w.n);
}

/* --- secret keys --- */

static status finish_secret(struct bag *b)
{
	CK_KEY_TYPE type = bag_ulong(b, CKA_KEY_TYPE, CKK_GENERIC_SECRET);

	if (!template_key_size(type, bag_get(b, CKA_VALUE).n))
		return ST_ATTR_VALUE;
	return ST_OK;
}

/* A length of 0 is none. */
static status finish_derived(struct bag *b)
{
	CK_KEY_TYPE type = bag_ulong(b, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
	CK_ULONG n = bag_ulong(b, CKA_VALUE_LEN, 0);
	bool always = bag_bool(b, CKA_ALWAYS_SENSITIVE, false);
	bool never = bag_bool(b, CKA_NEVER_EXTRACTABLE, false);

	if (n == 0)
		bag_drop(b, CKA_VALUE_LEN);
	else if (!template_key_size(type, n))
		return ST_TEMPLATE_INCONSISTENT;
	TRY(bag_set_ulong(b, CKA_KEY_TYPE, type));
	TRY(bag_set_bool(b, CKA_ALWAYS_SENSITIVE, always && bag_bool(b, CKA_SENSITIVE, false)));
	return bag_set_bool(b, CKA_NEVER_EXTRACTABLE, never && !bag_bool(b, CKA_EXTRACTABLE, true));
}

/* --- certificates: what they say themselves counts --- */

static status from_certificate(const struct x509_info *x, struct bag *b)
{
	uint8_t digest[HASH_MAX];
	uint8_t spki[512];
	uint8_t id[20];
	struct wtr w = WTR_ON(spki);
	struct bytes from = bytes_str(x->not_before);
	struct bytes until = bytes_str(x->not_after);

	TRY(hash_once(HASH_SHA1, x->der, digest));
	TRY(bag_set(b, CKA_CHECK_VALUE, digest, 3));
	TRY(bag_set(b, CKA_ISSUER, x->issuer.p, x->issuer.n));
	TRY(bag_set(b, CKA_SERIAL_NUMBER, x->serial.p, x->serial.n));
	TRY(bag_set(b, CKA_START_DATE, from.p, from.n));
	TRY(bag_set(b, CKA_END_DATE, until.p, until.n));
	if (x->key.kind == PUBLIC_NONE)
		return bag_has(b, CKA_ID) ? ST_OK : bag_set(b, CKA_ID, NULL, 0);
	TRY(public_key_spki(&x->key, &w));
	TRY(wtr_done(&w));
	TRY(bag_set(b, CKA_PUBLIC_KEY_INFO, w.p, w.n));
	if (bag_has(b, CKA_ID))
		return ST_OK;
	TRY(public_key_id(&x->key, id));
	return bag_set(b, CKA_ID, id, sizeof(id));
}

static status finish_certificate(struct bag *b)
{
	struct bytes value = bag_get(b, CKA_VALUE);
	struct bytes subject = bag_get(b, CKA_SUBJECT);
	struct x509_info x;

	if (bag_ulong(b, CKA_CERTIFICATE_TYPE, CKC_X_509_ATTR_CERT) != CKC_X_509)
		return ST_ATTR_VALUE;
	if (x509_parse(value, &x) != ST_OK || x.der.n != value.n)
		return ST_ATTR_VALUE;
	if (!bytes_equal(subject, x.subject))
		return ST_TEMPLATE_INCONSISTENT;
	return from_certificate(&x, b);
}

static status finish_created(CK_OBJECT_CLASS class, struct bag *b)
{
	if (class == CKO_PUBLIC_KEY)
		return finish_public(b);
	if (class == CKO_SECRET_KEY)
		return finish_secret(b);
	return class == CKO_CERTIFICATE ? finish_certificate(b) : ST_OK;
}

/* No secret key can be written to the card, and nothing derived is kept anywhere else. */
status template_finish(enum template_use use, CK_OBJECT_CLASS class, struct bag *b)
{
	if (bag_bool(b, CKA_TOKEN, false) && (class == CKO_SECRET_KEY || use == TEMPLATE_DERIVE))
		return ST_TEMPLATE_INCONSISTENT;
	if (use == TEMPLATE_CREATE)
		return finish_created(class, b);
	if (use == TEMPLATE_DERIVE && class == CKO_SECRET_KEY)
		return finish_derived(b);
	return ST_OK;
}
