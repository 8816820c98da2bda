/* SPDX-License-Identifier: Apache-2.0 */
/* COMPUTE and VERIFY SIGNATURE in their three modes (iotsafe-protocol.md §§10.10 to 10.12). */
#include "applet.h"

#include <string.h>

#include "key.h"
#include "mem.h"
#include "sha2.h"

enum { P1_LAST = 0x80, TAG_SIGNATURE = 0x33, TEXT_TOTAL_MAX = 0xFFFFFF };

static uint16_t hash_of(const struct applet_call *c)
{
	struct bytes v = c->tlv.value[TLV_HASH];
	return (uint16_t)(v.p[0] << 8 | v.p[1]);
}

static bool is_one_bit(unsigned v)
{
	return v != 0 && (v & (v - 1)) == 0;
}

static uint16_t session_prepare(struct session *s)
{
	if (s->mode != MODE_TEXT)
		return SW_OK;
	s->md = EVP_MD_CTX_new();
	if (s->md && EVP_DigestInit_ex(s->md, key_digest_of(s->hash), NULL) == 1)
		return SW_OK;
	session_close(s);
	return SW_NO_MEMORY;
}

static uint16_t init(struct applet_call *c, enum session_family family, const struct object *o)
{
	uint8_t mode = c->tlv.value[TLV_MODE].p[0], alg = c->tlv.value[TLV_SIGN_ALG].p[0];
	uint16_t hash = hash_of(c);
	struct session *s;
	if (mode < MODE_TEXT || mode > MODE_DIGEST || !is_one_bit(alg) || !key_digest_of(hash))
		return SW_DATA;
	TRY_SW(applet_permits(c, o, 0, FUNCTION_SIGN, true));
	if (!(o->sign_algs & key_type_sign_algs(o->type) & alg) || !(o->hashes & hash))
		return SW_CONDITIONS;
	TRY_SW(applet_session_open(c, family, o, &s));
	s->mode = mode;
	s->alg = alg;
	s->hash = hash;
	return session_prepare(s);
}

/* --- what is signed --- */

static uint16_t add_text(struct session *s, struct bytes text)
{
	s->text_len += text.n;
	if (s->text_len > TEXT_TOTAL_MAX)
		return SW_DATA;
	return EVP_DigestUpdate(s->md, text.p, text.n) == 1 ? SW_OK : SW_OTHER;
}

static uint16_t add_digest(struct session *s, struct bytes digest)
{
	if (digest.n != (size_t)EVP_MD_get_size(key_digest_of(s->hash)) || s->digest_len > 0)
		return SW_DATA;
	memcpy(s->digest, digest.p, digest.n);
	s->digest_len = digest.n;
	return SW_OK;
}

static uint16_t add_last_block(struct applet_call *c, struct session *s)
{
	struct wtr w = WTR_ON(s->digest);
	struct rdr count = rdr_of(c->tlv.value[TLV_HASHED_COUNT]);
	uint32_t done;
	if (!c->tlv.seen[TLV_LAST_BLOCK] || !c->tlv.seen[TLV_HASH_STATE] || s->digest_len > 0 ||
	    rdr_u32be(&count, &done) != ST_OK)
		return SW_DATA;
	if (sha2_finish(s->hash, c->tlv.value[TLV_HASH_STATE], done, c->tlv.value[TLV_LAST_BLOCK],
			&w) != ST_OK)
		return SW_DATA;
	s->digest_len = w.n;
	return SW_OK;
}

/* The TLVs of one update that say what is signed; the other modes' TLVs are a mistake. */
static uint16_t add_input(struct applet_call *c, struct session *s)
{
	const bool *seen = c->tlv.seen;
	bool text = seen[TLV_TEXT], digest = seen[TLV_DIGEST];
	if (seen[TLV_MAC_TEXT])
		return SW_DATA;
	bool block = seen[TLV_LAST_BLOCK] || seen[TLV_HASH_STATE] || seen[TLV_HASHED_COUNT];
	if ((text && s->mode != MODE_TEXT) || (digest && s->mode != MODE_DIGEST) ||
	    (block && s->mode != MODE_LAST_BLOCK))
		return SW_DATA;
	if (text)
		return add_text(s, c->tlv.value[TLV_TEXT]);
	if (digest)
		return add_digest(s, c->tlv.value[TLV_DIGEST]);
	return block ? add_last_block(c, s) : SW_OK;
}

static uint16_t complete_input(const struct applet_call *c, struct session *s)
{
	unsigned n = 0;
	if (s->mode != MODE_TEXT)
		return s->digest_len > 0 ? SW_OK : SW_DATA;
	if (s->text_len == 0 && !c->tlv.seen[TLV_TEXT])
		return SW_DATA;
	if (EVP_DigestFinal_ex(s->md, s->digest, &n) != 1)
		return SW_OTHER;
	s->digest_len = n;
	return SW_OK;
}

/* --- the signature on the wire --- */

static void put_signature(const struct traits *config, struct bytes sig, struct wtr *w)
{
	if (config->header == HEADER_BER) {
		tlv_put_ber(w, TAG_SIGNATURE, sig);
		return;
	}
	wtr_u8(w, TAG_SIGNATURE);
	/* one byte cannot count 256: RSA has two everywhere (§12.3) */
	if (config->header == HEADER_TWO_BYTES || sig.n > 0xFF)
		wtr_u8(w, (uint8_t)(sig.n >> 8));
	wtr_u8(w, (uint8_t)sig.n);
	wtr_put(w, sig);
}

static uint16_t answer_signature(struct applet_call *c, const struct session *s,
				 const struct object *o)
{
	uint8_t store[SIGNATURE_MAX];
	struct wtr sig = WTR_ON(store);
	const struct traits *config = applet_config(c);
	if (key_sign(o->key, s->alg, s->hash, config->der, bytes_of(s->digest, s->digest_len),
		     &sig) != ST_OK)
		return SW_DATA;
	if (uicc_fault(c->uicc, FAULT_BADSIG))
		sig.p[sig.n - 1] ^= 0x01;
	put_signature(config, wtr_bytes(&sig), &c->out->data);
	return SW_OK;
}

/* Signatures need a hash; the MAC of a secret key has none. */
uint16_t applet_sign_check(const struct applet_call *c)
{
	if (c->tlv.seen[TLV_SECRET_ID] || c->tlv.seen[TLV_SECRET_LABEL])
		return applet_config(c)->personality == PERSONALITY_TYPE1 ? SW_DATA : SW_OK;
	return c->tlv.seen[TLV_HASH] ? SW_OK : SW_DATA;
}

uint16_t applet_sign_init(struct applet_call *c)
{
	if (c->object[OBJECT_SECRET])
		return applet_mac_init(c);
	return init(c, FAMILY_SIGN, c->object[OBJECT_PRIVATE]);
}

uint16_t applet_sign_update(struct applet_call *c)
{
	struct session *s;
	struct object *o;
	TRY_SW(applet_session_use(c, FAMILY_SIGN, &s, &o));
	if (o->kind == OBJECT_SECRET)
		return applet_mac_update(c, s, o);
	TRY_SW(add_input(c, s));
	if (!(c->apdu->p1 & P1_LAST))
		return SW_OK;
	TRY_SW(complete_input(c, s));
	s->state = SESSION_DONE;
	TRY_SW(applet_permits(c, o, 0, FUNCTION_SIGN, true));
	return answer_signature(c, s, o);
}

uint16_t applet_sign_close(struct applet_call *c)
{
	return applet_session_close(c, FAMILY_SIGN);
}

uint16_t applet_sign_verify_init(struct applet_call *c)
{
	return init(c, FAMILY_VERIFY, c->object[OBJECT_PUBLIC]);
}

uint16_t applet_sign_verify_update(struct applet_call *c)
{
	struct session *s;
	struct object *o;
	TRY_SW(applet_session_use(c, FAMILY_VERIFY, &s, &o));
	TRY_SW(add_input(c, s));
	if (c->tlv.seen[TLV_SIGNATURE] && session_add(s, c->tlv.value[TLV_SIGNATURE]) != ST_OK)
		return SW_DATA;
	if (!(c->apdu->p1 & P1_LAST))
		return SW_OK;
	if (s->data_len == 0)
		return SW_DATA;
	TRY_SW(complete_input(c, s));
	s->state = SESSION_DONE;
	TRY_SW(applet_permits(c, o, 0, FUNCTION_SIGN, true));
	status st = key_verify(o->key, s->alg, s->hash, bytes_of(s->digest, s->digest_len),
			       bytes_of(s->data, s->data_len));
	return st == ST_OK ? SW_OK : SW_SIGNATURE_WRONG;
}

uint16_t applet_sign_verify_close(struct applet_call *c)
{
	return applet_session_close(c, FAMILY_VERIFY);
}
