/* SPDX-License-Identifier: Apache-2.0 */
/* COMPUTE DH, PRF and HKDF (iotsafe-protocol.md §§10.13 to 10.15). */
#include "applet.h"

#include "derive.h"
#include "key.h"
#include "mem.h"

enum { TAG_OTHER_SECRET = 0xD4, P1_GENERAL = 0x00, P1_PSK = 0x01 };

static bool names_secret(const struct applet_call *c)
{
	return c->tlv.seen[TLV_SECRET_ID] || c->tlv.seen[TLV_SECRET_LABEL];
}

/* --- COMPUTE DH --- */

static void put_shared(const struct traits *config, struct bytes z, struct wtr *w)
{
	if (config->dh_header != DH_HEADER_NONE)
		wtr_u8(w, TAG_OTHER_SECRET);
	if (config->dh_header == DH_HEADER_TWO_BYTES)
		wtr_u8(w, 0x00);
	if (config->dh_header != DH_HEADER_NONE)
		wtr_u8(w, (uint8_t)z.n);
	wtr_put(w, z);
}

uint16_t applet_derive_dh(struct applet_call *c)
{
	const struct object *priv = c->object[OBJECT_PRIVATE], *pub = c->object[OBJECT_PUBLIC];
	SECRET(store, EC_POINT_MAX);
	struct wtr z = wtr_on(store.p, store.cap);
	TRY_SW(applet_permits(c, pub, 0, FUNCTION_AGREE, true));
	TRY_SW(applet_permits(c, priv, 0, FUNCTION_AGREE, true));
	if (!(priv->agree & pub->agree & AGREE_ECKA) || !key_type_same_curve(priv->type, pub->type))
		return SW_CONDITIONS;
	if (key_agree(priv->key, pub->key, &z) != ST_OK)
		return SW_DATA;
	put_shared(applet_config(c), wtr_bytes(&z), &c->out->data);
	return SW_OK;
}

/* --- the secret of PRF and HKDF --- */

/* One of the two: a secret that the host gives, a secret of the card. */
static uint16_t check_source(const struct applet_call *c, bool stored_too)
{
	bool given = c->tlv.seen[TLV_INPUT_SECRET], stored = names_secret(c);
	return given == stored || (stored && !stored_too) ? SW_DATA : SW_OK;
}

static uint16_t stored_permits(const struct applet_call *c, uint8_t derivation)
{
	const struct object *o = c->object[OBJECT_SECRET];
	if (o->type != KEY_HMAC || !(o->derive & derivation))
		return SW_CONDITIONS;
	return applet_permits(c, o, 0, FUNCTION_DERIVE, true);
}

static uint16_t source(const struct applet_call *c, uint8_t derivation, struct bytes *ret_secret)
{
	const struct object *o = c->object[OBJECT_SECRET];
	if (!o) {
		*ret_secret = c->tlv.value[TLV_INPUT_SECRET];
		return SW_OK;
	}
	TRY_SW(stored_permits(c, derivation));
	*ret_secret = bytes_of(o->data, o->data_len);
	return SW_OK;
}

/* --- COMPUTE PRF --- */

uint16_t applet_derive_prf_check(const struct applet_call *c)
{
	const struct traits *config = applet_config(c);
	bool stored_too = config->prf_general_stored && config->personality != PERSONALITY_TYPE1;
	if (c->tlv.value[TLV_OUTPUT_LENGTH].p[0] == 0)
		return SW_DATA;
	return c->apdu->p1 == P1_GENERAL ? check_source(c, stored_too) : SW_OK;
}

static uint16_t answer_prf(struct applet_call *c, struct bytes secret)
{
	uint8_t n = c->tlv.value[TLV_OUTPUT_LENGTH].p[0];
	status st = derive_prf(secret, c->tlv.value[TLV_LABEL_SEED], n, &c->out->data);
	return st == ST_OK ? SW_OK : SW_OTHER;
}

uint16_t applet_derive_prf(struct applet_call *c)
{
	struct bytes secret;
	TRY_SW(source(c, DERIVE_PRF, &secret));
	return answer_prf(c, secret);
}

uint16_t applet_derive_prf_psk(struct applet_call *c)
{
	const struct object *o = c->object[OBJECT_SECRET];
	SECRET(store, DERIVE_BLOCK_MAX);
	struct wtr block = wtr_on(store.p, store.cap);
	TRY_SW(stored_permits(c, DERIVE_PRF));
	struct bytes psk = bytes_of(o->data, o->data_len);
	status st = c->apdu->p1 == P1_PSK
			    ? derive_psk_block(psk, &block)
			    : derive_ecdhe_psk_block(c->tlv.value[TLV_OTHER_SECRET], psk, &block);
	return st == ST_OK ? answer_prf(c, wtr_bytes(&block)) : SW_OTHER;
}

/* --- COMPUTE HKDF --- */

static uint16_t hash_of(const struct applet_call *c)
{
	struct bytes v = c->tlv.value[TLV_HASH];
	return (uint16_t)(v.p[0] << 8 | v.p[1]);
}

uint16_t applet_derive_hkdf_check(const struct applet_call *c)
{
	const struct traits *config = applet_config(c);
	bool stored_too = config->hkdf_stored && config->personality != PERSONALITY_TYPE1;
	if (!key_digest_of(hash_of(c)))
		return SW_DATA;
	if (config->refuse_empty_salt && c->tlv.value[TLV_SALT].n == 0)
		return SW_DATA;
	return check_source(c, stored_too);
}

uint16_t applet_derive_hkdf(struct applet_call *c)
{
	struct bytes secret;
	/* what tag 91 of the applet does not list, it does not do */
	if (!(applet_config(c)->app_hashes & hash_of(c)))
		return SW_CONDITIONS;
	TRY_SW(source(c, DERIVE_HKDF, &secret));
	status st = derive_extract(key_digest_of(hash_of(c)), c->tlv.value[TLV_SALT], secret,
				   &c->out->data);
	return st == ST_OK ? SW_OK : SW_OTHER;
}
