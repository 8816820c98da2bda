/* SPDX-License-Identifier: Apache-2.0 */
#include "qmi_long.h"

#include "mem.h"

void qmi_long_reset(struct qmi_long *l)
{
	mem_wipe(l, sizeof(*l));
}

static void begin(struct qmi_long *l, uint32_t token, uint16_t total)
{
	qmi_long_reset(l);
	l->known = true;
	l->token = token;
	l->total = total;
}

status qmi_long_announce(struct qmi_long *l, struct rdr value)
{
	uint16_t total = 0;
	uint32_t token = 0;

	if (rdr_u16le(&value, &total) != ST_OK || rdr_u32le(&value, &token) != ST_OK ||
	    total > REPLY_TOTAL_MAX)
		return ST_MALFORMED;
	if (!l->known || l->token != token)
		begin(l, token, total);
	l->announced = true;
	return l->total == total ? ST_OK : ST_MALFORMED;
}

static void store(struct qmi_long *l, size_t offset, struct bytes chunk)
{
	for (size_t i = 0; i < chunk.n; i++) {
		size_t at = offset + i;
		uint8_t bit = (uint8_t)(1U << (at % 8));

		l->data[at] = chunk.p[i];
		l->have += (l->came[at / 8] & bit) == 0;
		l->came[at / 8] |= bit;
	}
}

status qmi_long_chunk(struct qmi_long *l, struct rdr value)
{
	uint32_t token = 0;
	uint16_t total = 0, offset = 0, n = 0;
	struct bytes chunk;

	if (rdr_u32le(&value, &token) != ST_OK || rdr_u16le(&value, &total) != ST_OK ||
	    rdr_u16le(&value, &offset) != ST_OK || rdr_u16le(&value, &n) != ST_OK ||
	    rdr_take(&value, n, &chunk) != ST_OK)
		return ST_MALFORMED;
	if (l->announced && token != l->token)
		return ST_OK; /* of an answer that nobody waits for any more */
	if (total > REPLY_TOTAL_MAX || offset > total || chunk.n > (size_t)(total - offset))
		return ST_MALFORMED;
	if (!l->known || token != l->token)
		begin(l, token, total);
	if (total != l->total)
		return ST_MALFORMED;
	store(l, offset, chunk);
	return ST_OK;
}

bool qmi_long_complete(const struct qmi_long *l)
{
	return l->announced && l->have == l->total;
}

struct bytes qmi_long_bytes(const struct qmi_long *l)
{
	return bytes_of(l->data, l->total);
}
