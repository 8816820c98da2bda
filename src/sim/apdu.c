/* SPDX-License-Identifier: Apache-2.0 */
#include "apdu.h"

enum {
	CLASS_PROPRIETARY = 0x80,
	CLASS_FURTHER = 0x40,	    /* channels 4..19 */
	CLASS_FIRST_FOREIGN = 0x7C, /* chaining, secure messaging and RFU bits of 0X/8X */
	CLASS_FURTHER_FOREIGN = 0x30,
	FURTHER_BASE = 4,
};

static void class_decode(uint8_t cla, struct apdu *a)
{
	a->proprietary = (cla & CLASS_PROPRIETARY) != 0;
	if (cla & CLASS_FURTHER) {
		a->class_ok = (cla & CLASS_FURTHER_FOREIGN) == 0;
		a->channel = FURTHER_BASE + (cla & 0x0Fu);
		return;
	}
	a->class_ok = (cla & CLASS_FIRST_FOREIGN) == 0;
	a->channel = cla & 0x03u;
}

static size_t le_of(uint8_t p3)
{
	return p3 == 0 ? LE_ALL : p3;
}

/* The body after the four header bytes: nothing, Le, Lc data, or Lc data Le. */
static void body_decode(struct bytes body, struct apdu *a)
{
	a->le = LE_ALL;
	a->length_ok = true;
	if (body.n == 0)
		return;
	uint8_t p3 = body.p[0];
	if (body.n == 1) {
		a->has_le = true;
		a->le = le_of(p3);
		return;
	}
	if (p3 == 0 || (body.n != 1u + p3 && body.n != 2u + p3)) {
		a->length_ok = false;
		return;
	}
	a->data = bytes_of(body.p + 1, p3);
	if (body.n == 2u + p3) {
		a->has_le = true;
		a->le = le_of(body.p[1 + p3]);
	}
}

status apdu_parse(struct bytes cmd, struct apdu *ret_apdu)
{
	struct rdr r = rdr_of(cmd);
	struct apdu a = {0};
	uint8_t cla;
	TRY(rdr_u8(&r, &cla));
	TRY(rdr_u8(&r, &a.ins));
	TRY(rdr_u8(&r, &a.p1));
	TRY(rdr_u8(&r, &a.p2));
	class_decode(cla, &a);
	body_decode(rdr_rest(&r), &a);
	*ret_apdu = a;
	return ST_OK;
}
