/* SPDX-License-Identifier: Apache-2.0 */
#include "tlv.h"

#include "mem.h"

enum { TAG_SIGNATURE = 0x33, RAW_LENGTH_MAX = 0xFF };

static const struct tlv_row {
	uint8_t tag;
	uint16_t min, max;
} tlv_rows[TLV_COUNT] = {
#define X(name, tag, min, max) [TLV_##name] = {tag, min, max},
	TLV_TABLE(X)
#undef X
};

static status length_take(struct rdr *r, uint8_t tag, bool ber, size_t *ret_n)
{
	uint8_t first;
	TRY(rdr_u8(r, &first));
	/* 33 has a one- or a two-byte length; an empty signature means nothing, so 00 tells (§5
	 * rule 3) */
	if (tag == TAG_SIGNATURE && first == 0) {
		TRY(rdr_u8(r, &first));
		*ret_n = first;
		return ST_OK;
	}
	if (ber && first == 0x81)
		TRY(rdr_u8(r, &first));
	*ret_n = first;
	return ST_OK;
}

static status value_store(struct tlv_set *set, uint8_t tag, struct bytes value)
{
	for (size_t i = 0; i < TLV_COUNT; i++) {
		const struct tlv_row *row = &tlv_rows[i];
		if (row->tag != tag)
			continue;
		if (set->seen[i] || value.n < row->min || value.n > row->max)
			return ST_MALFORMED;
		set->seen[i] = true;
		set->value[i] = value;
		return ST_OK;
	}
	return ST_OK;
}

status tlv_parse(struct bytes data, bool ber, struct tlv_set *ret_set)
{
	struct rdr r = rdr_of(data);
	struct tlv_set set = {0};
	while (r.n > 0) {
		uint8_t tag;
		size_t n;
		struct bytes value;
		TRY(rdr_u8(&r, &tag));
		if (length_take(&r, tag, ber, &n) != ST_OK || rdr_take(&r, n, &value) != ST_OK)
			return ST_MALFORMED;
		TRY(value_store(&set, tag, value));
	}
	*ret_set = set;
	return ST_OK;
}

void tlv_put(struct wtr *w, uint8_t tag, struct bytes value)
{
	if (value.n > RAW_LENGTH_MAX) {
		w->overflow = true;
		return;
	}
	wtr_u8(w, tag);
	wtr_u8(w, (uint8_t)value.n);
	wtr_put(w, value);
}

void tlv_put_u8(struct wtr *w, uint8_t tag, uint8_t value)
{
	tlv_put(w, tag, bytes_of(&value, 1));
}

void tlv_put_u16(struct wtr *w, uint8_t tag, uint16_t value)
{
	wtr_u8(w, tag);
	wtr_u8(w, 2);
	wtr_u16be(w, value);
}

void tlv_put_ber(struct wtr *w, uint8_t tag, struct bytes value)
{
	wtr_u8(w, tag);
	if (value.n > 0xFFFF) {
		w->overflow = true;
		return;
	}
	if (value.n > 0xFF) {
		wtr_u8(w, 0x82);
		wtr_u16be(w, (uint16_t)value.n);
	} else {
		if (value.n > 0x7F)
			wtr_u8(w, 0x81);
		wtr_u8(w, (uint8_t)value.n);
	}
	wtr_put(w, value);
}

static status ber_length(struct rdr *r, size_t *ret_n)
{
	uint8_t first;
	uint16_t wide;
	TRY(rdr_u8(r, &first));
	if (first == 0x82) {
		TRY(rdr_u16be(r, &wide));
		*ret_n = wide;
		return ST_OK;
	}
	if (first == 0x81)
		TRY(rdr_u8(r, &first));
	else if (first > 0x7F)
		return ST_MALFORMED;
	*ret_n = first;
	return ST_OK;
}

status tlv_take_ber(struct rdr *r, uint8_t tag, struct bytes *ret_value)
{
	struct rdr at = *r;
	uint8_t found;
	size_t n;
	struct bytes value;
	TRY(rdr_u8(&at, &found));
	if (found != tag)
		return ST_MALFORMED;
	TRY(ber_length(&at, &n));
	TRY(rdr_take(&at, n, &value));
	*r = at;
	*ret_value = value;
	return ST_OK;
}
