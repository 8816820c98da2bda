/* SPDX-License-Identifier: Apache-2.0 */
/* AES-CMAC with a stored key through COMPUTE SIGNATURE: a Thales extension (iotsafe-protocol.md
 * §§10.10, 10.11). */
#include "applet.h"

#include "derive.h"
#include "key.h"

enum { P1_LAST = 0x80, TAG_SIGNATURE = 0x33 };

uint16_t applet_mac_init(struct applet_call *c)
{
	const struct object *o = c->object[OBJECT_SECRET];
	uint8_t alg = c->tlv.value[TLV_SIGN_ALG].p[0];
	struct session *s;
	if (c->tlv.value[TLV_MODE].p[0] != MODE_TEXT)
		return SW_DATA;
	TRY_SW(applet_permits(c, o, 0, FUNCTION_SIGN, true));
	if (o->type != KEY_AES_CMAC || alg != SIGN_CMAC || !(o->sign_algs & alg))
		return SW_CONDITIONS;
	TRY_SW(applet_session_open(c, FAMILY_SIGN, o, &s));
	s->mode = MODE_TEXT;
	s->alg = alg;
	if (derive_cmac_start(bytes_of(o->data, o->data_len), &s->mac) == ST_OK)
		return SW_OK;
	session_close(s);
	return SW_CONDITIONS;
}

static uint16_t answer_mac(struct applet_call *c, struct session *s)
{
	uint8_t store[DERIVE_MAC_SIZE];
	struct wtr mac = WTR_ON(store);
	if (derive_cmac_finish(s->mac, &mac) != ST_OK)
		return SW_OTHER;
	if (uicc_fault(c->uicc, FAULT_BADSIG))
		mac.p[mac.n - 1] ^= 0x01;
	/* no card is known that writes this length in two bytes */
	tlv_put(&c->out->data, TAG_SIGNATURE, wtr_bytes(&mac));
	return SW_OK;
}

uint16_t applet_mac_update(struct applet_call *c, struct session *s, const struct object *o)
{
	const bool *seen = c->tlv.seen;
	struct bytes part = c->tlv.value[TLV_MAC_TEXT];
	if (!seen[TLV_MAC_TEXT] || seen[TLV_TEXT] || seen[TLV_DIGEST] || seen[TLV_LAST_BLOCK])
		return SW_DATA;
	if (part.n > 0 && EVP_MAC_update(s->mac, part.p, part.n) != 1)
		return SW_OTHER;
	if (!(c->apdu->p1 & P1_LAST))
		return SW_OK;
	s->state = SESSION_DONE;
	TRY_SW(applet_permits(c, o, 0, FUNCTION_SIGN, true));
	return answer_mac(c, s);
}
