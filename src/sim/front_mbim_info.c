/* SPDX-License-Identifier: Apache-2.0 */
/* Information buffers: fixed fields first, then the data that offset and size in them refer to,
 * each padded to four bytes (MBIM 1.0 §10.3). */
#include <string.h>

#include "front_mbim.h"

enum { BEYOND = 0x10000 };

void mbim_info_begin(struct mbim_info *i, struct sim_faults *faults, size_t fixed_size)
{
	i->faults = faults;
	i->fixed_size = fixed_size;
	i->fixed = WTR_ON(i->fixed_buf);
	i->data = WTR_ON(i->data_buf);
}

void mbim_info_u32(struct mbim_info *i, uint32_t v)
{
	wtr_u32le(&i->fixed, v);
}

/* M3 */
static void bend(struct sim_faults *faults, uint32_t *offset, uint32_t *size)
{
	char param[64];
	uint32_t was = *offset;

	if (!sim_faults_strikes(faults, FAULT_M3, param))
		return;
	if (strcmp(param, "swapped") == 0) {
		*offset = *size;
		*size = was;
		return;
	}
	*(strcmp(param, "offset") == 0 ? offset : size) += BEYOND;
}

void mbim_info_ref(struct mbim_info *i, struct bytes b, bool size_first)
{
	uint32_t size = (uint32_t)b.n;
	uint32_t offset = b.n == 0 ? 0 : (uint32_t)(i->fixed_size + i->data.n);

	wtr_put(&i->data, b);
	wtr_fill(&i->data, 0, (4 - b.n % 4) % 4);
	bend(i->faults, &offset, &size);
	mbim_info_u32(i, size_first ? size : offset);
	mbim_info_u32(i, size_first ? offset : size);
}

void mbim_info_text(struct mbim_info *i, const char *text)
{
	uint8_t wide[128];
	struct wtr w = WTR_ON(wide);

	for (; *text; text++)
		wtr_u16le(&w, (uint8_t)*text);
	mbim_info_ref(i, wtr_bytes(&w), false);
}

void mbim_info_put(const struct mbim_info *i, struct wtr *w)
{
	wtr_put(w, wtr_bytes(&i->fixed));
	wtr_put(w, wtr_bytes(&i->data));
}

status mbim_info_get(struct bytes info, size_t fixed_size, uint32_t offset, uint32_t size,
		     struct bytes *ret_b)
{
	struct rdr r = rdr_of(info);

	if (size > 0 && offset < fixed_size)
		return ST_MALFORMED;
	if (rdr_skip(&r, offset) != ST_OK || rdr_take(&r, size, ret_b) != ST_OK)
		return ST_MALFORMED;
	return ST_OK;
}
