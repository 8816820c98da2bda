/* SPDX-License-Identifier: Apache-2.0 */
#include "der.h"

status der_next(struct rdr *r, uint8_t *ret_tag, struct bytes *ret_whole, struct bytes *ret_content)
{
	struct rdr at = *r;
	uint8_t tag, len0, next;
	size_t n;

	TRY(rdr_u8(&at, &tag));
	TRY(rdr_u8(&at, &len0));
	n = len0;
	if (len0 & 0x80) {
		if (len0 == 0x80 || len0 > 0x84)
			return ST_MALFORMED;
		n = 0;
		for (int i = len0 & 0x7F; i > 0; i--) {
			TRY(rdr_u8(&at, &next));
			n = n << 8 | next;
		}
	}
	TRY(rdr_take(&at, n, ret_content));
	*ret_tag = tag;
	*ret_whole = bytes_of(r->p, (size_t)(at.p - r->p));
	*r = at;
	return ST_OK;
}

status der_expect(struct rdr *r, uint8_t tag, struct bytes *ret_content)
{
	struct rdr at = *r;
	struct bytes whole, content;
	uint8_t found;

	TRY(der_next(&at, &found, &whole, &content));
	if (found != tag)
		return ST_MALFORMED;
	*ret_content = content;
	*r = at;
	return ST_OK;
}

size_t der_head_size(size_t n)
{
	return n < 0x80 ? 2 : n < 0x100 ? 3 : 4;
}

void der_put_head(struct wtr *w, uint8_t tag, size_t n)
{
	wtr_u8(w, tag);
	if (n > 0xFFFF) {
		w->overflow = true;
	} else if (n > 0xFF) {
		wtr_u8(w, 0x82);
		wtr_u16be(w, (uint16_t)n);
	} else {
		if (n >= 0x80)
			wtr_u8(w, 0x81);
		wtr_u8(w, (uint8_t)n);
	}
}
