/* SPDX-License-Identifier: Apache-2.0 */
/* Type (8 bits), length (16 bits, little-endian), value. */
#include "front_qmux.h"

static bool next(struct rdr *r, uint8_t *ret_type, struct bytes *ret_value)
{
	struct rdr at = *r;
	uint16_t n;

	if (rdr_u8(&at, ret_type) != ST_OK || rdr_u16le(&at, &n) != ST_OK ||
	    rdr_take(&at, n, ret_value) != ST_OK)
		return false;
	*r = at;
	return true;
}

bool qmux_tlv_ok(struct bytes tlvs)
{
	struct rdr r = rdr_of(tlvs);
	struct bytes value;
	uint8_t type;

	while (r.n > 0) {
		if (!next(&r, &type, &value))
			return false;
	}
	return true;
}

bool qmux_tlv_find(struct bytes tlvs, uint8_t type, struct rdr *ret_value)
{
	struct rdr r = rdr_of(tlvs);
	struct bytes value;
	uint8_t got;

	while (next(&r, &got, &value)) {
		if (got != type)
			continue;
		*ret_value = rdr_of(value);
		return true;
	}
	return false;
}

bool qmux_tlv_u8(struct bytes tlvs, uint8_t type, uint8_t *ret_v)
{
	struct rdr value;

	return qmux_tlv_find(tlvs, type, &value) && value.n == 1 && rdr_u8(&value, ret_v) == ST_OK;
}

void qmux_tlv_put(struct wtr *w, uint8_t type, struct bytes value)
{
	wtr_u8(w, type);
	wtr_u16le(w, (uint16_t)value.n);
	wtr_put(w, value);
}

void qmux_tlv_put_u8(struct wtr *w, uint8_t type, uint8_t v)
{
	qmux_tlv_put(w, type, bytes_of(&v, 1));
}
