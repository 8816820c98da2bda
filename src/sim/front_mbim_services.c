/* SPDX-License-Identifier: Apache-2.0 */
/* Which services there are, and which indications of them the host wants. */
#include <string.h>

#include "front_mbim.h"
#include "mem.h"

const struct mbim_service mbim_services[] = {
	{{0xa2, 0x89, 0xcc, 0x33, 0xbc, 0xbb, 0x8b, 0x4f, 0xb6, 0xb0, 0x13, 0x3e, 0xc2, 0xaa, 0xe6,
	  0xdf},
	 mbim_basic_cids},
	{{0x3d, 0x01, 0xdc, 0xc5, 0xfe, 0xf5, 0x4d, 0x05, 0x0d, 0x3a, 0xbe, 0xf7, 0x05, 0x8e, 0x9a,
	  0xaf},
	 mbim_extension_cids},
	{{0xc2, 0xf6, 0x58, 0x8e, 0xf0, 0x37, 0x4b, 0xc9, 0x86, 0x65, 0xf4, 0xd4, 0x4b, 0xd0, 0x93,
	  0x67},
	 mbim_uicc_cids},
};
const size_t mbim_service_count = ARRAY_LEN(mbim_services);

/* A service's element: UUID, no data streams, its CIDs. */
static void put_service(const struct mbim_service *s, struct wtr *w)
{
	uint32_t count = 0;

	while (s->cids[count].cid != 0)
		count++;
	wtr_put(w, BYTES_OF(s->uuid));
	wtr_u32le(w, 0);
	wtr_u32le(w, 0);
	wtr_u32le(w, count);
	for (uint32_t i = 0; i < count; i++)
		wtr_u32le(w, s->cids[i].cid);
}

uint32_t mbim_services_query(struct sim_front *m, const struct mbim_command *c,
			     struct mbim_info *info)
{
	(void)c;
	mbim_info_begin(info, m->faults, 8 + 8 * mbim_service_count);
	mbim_info_u32(info, (uint32_t)mbim_service_count);
	mbim_info_u32(info, 0);
	for (size_t i = 0; i < mbim_service_count; i++) {
		uint8_t element[128];
		struct wtr w = WTR_ON(element);

		put_service(&mbim_services[i], &w);
		mbim_info_ref(info, wtr_bytes(&w), false);
	}
	return MBIM_OK;
}

/* Does this entry ask for the ready status: Basic Connect with its CID, or with none, that is all.
 * ST_MALFORMED. */
static status get_entry(struct bytes entry, bool *wants)
{
	struct rdr r = rdr_of(entry);
	struct bytes uuid;
	uint32_t count, cid;

	TRY(rdr_take(&r, MBIM_UUID, &uuid));
	TRY(rdr_u32le(&r, &count));
	bool is_basic = bytes_equal(uuid, BYTES_OF(mbim_basic_uuid));
	*wants |= is_basic && count == 0;
	for (uint32_t i = 0; i < count; i++) {
		TRY(rdr_u32le(&r, &cid));
		*wants |= is_basic && cid == MBIM_CID_SUBSCRIBER_READY;
	}
	return ST_OK;
}

static status get_list(struct bytes info, bool *wants)
{
	struct rdr r = rdr_of(info);
	uint32_t count, offset, size;
	struct bytes entry;

	TRY(rdr_u32le(&r, &count));
	if (count > r.n / 8)
		return ST_MALFORMED;
	for (uint32_t i = 0; i < count; i++) {
		TRY(rdr_u32le(&r, &offset));
		TRY(rdr_u32le(&r, &size));
		TRY(mbim_info_get(info, 4 + 8 * (size_t)count, offset, size, &entry));
		TRY(get_entry(entry, wants));
	}
	return ST_OK;
}

uint32_t mbim_services_subscribe(struct sim_front *m, const struct mbim_command *c,
				 struct mbim_info *info)
{
	bool wants = false;

	if (get_list(c->info, &wants) != ST_OK || c->info.n > MBIM_DATA_MAX)
		return MBIM_INVALID_PARAMETERS;
	m->subscribed = wants;
	mbim_info_begin(info, m->faults, 0); /* the list as it was set */
	wtr_put(&info->data, c->info);
	return MBIM_OK;
}
