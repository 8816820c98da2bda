/* SPDX-License-Identifier: Apache-2.0 */
#include "mbim_wire.h"

#include "mem.h"

enum { UUID_LEN = 16 };

static const uint8_t uuids[MBIM_OTHER_SERVICE][UUID_LEN] = {
	/* a289cc33-bcbb-8b4f-b6b0-133ec2aae6df */
	[MBIM_BASIC_CONNECT] = {0xA2, 0x89, 0xCC, 0x33, 0xBC, 0xBB, 0x8B, 0x4F, 0xB6, 0xB0, 0x13,
				0x3E, 0xC2, 0xAA, 0xE6, 0xDF},
	/* 838cf7fb-8d0d-4d7f-871e-d71dbefbb39b */
	[MBIM_PROXY_CONTROL] = {0x83, 0x8C, 0xF7, 0xFB, 0x8D, 0x0D, 0x4D, 0x7F, 0x87, 0x1E, 0xD7,
				0x1D, 0xBE, 0xFB, 0xB3, 0x9B},
	/* c2f6588e-f037-4bc9-8665-f4d44bd09367 */
	[MBIM_UICC] = {0xC2, 0xF6, 0x58, 0x8E, 0xF0, 0x37, 0x4B, 0xC9, 0x86, 0x65, 0xF4, 0xD4, 0x4B,
		       0xD0, 0x93, 0x67},
};

/* --- out --- */

static void put_header(struct wtr *w, enum mbim_type type, size_t length, uint32_t tid)
{
	wtr_u32le(w, (uint32_t)type);
	wtr_u32le(w, (uint32_t)length);
	wtr_u32le(w, tid);
}

void mbim_wire_put_open(struct wtr *w, uint32_t tid)
{
	put_header(w, MBIM_OPEN, MBIM_HEADER + 4, tid);
	wtr_u32le(w, MBIM_FRAME_MAX);
}

void mbim_wire_put_command(struct wtr *w, uint32_t tid, const struct mbim_command *c)
{
	const size_t fixed = MBIM_HEADER + 8 + UUID_LEN + 12;

	put_header(w, MBIM_COMMAND, fixed + c->info.n, tid);
	wtr_u32le(w, 1); /* fragments */
	wtr_u32le(w, 0); /* this one */
	wtr_put(w, BYTES_OF(uuids[c->service]));
	wtr_u32le(w, c->cid);
	wtr_u32le(w, c->set);
	wtr_u32le(w, (uint32_t)c->info.n);
	wtr_put(w, c->info);
}

/* --- in --- */

status mbim_wire_length(struct bytes start, size_t *ret_n)
{
	struct rdr r = rdr_of(start);
	uint32_t n = 0;

	TRY(rdr_skip(&r, 4));
	TRY(rdr_u32le(&r, &n));
	if (n < MBIM_HEADER || n > MBIM_FRAME_PLAUSIBLE)
		return ST_MALFORMED;
	*ret_n = n;
	return ST_OK;
}

static bool has_fragments(enum mbim_type type)
{
	return type == MBIM_COMMAND_DONE || type == MBIM_INDICATE;
}

status mbim_wire_frame(struct bytes frame, struct mbim_frame *ret_f)
{
	struct rdr r = rdr_of(frame);
	struct mbim_frame f = {.total = 1};
	uint32_t type = 0, length = 0;

	TRY(rdr_u32le(&r, &type));
	TRY(rdr_u32le(&r, &length));
	TRY(rdr_u32le(&r, &f.tid));
	f.type = (enum mbim_type)type;
	if (length != frame.n)
		return ST_MALFORMED;
	if (has_fragments(f.type)) {
		TRY(rdr_u32le(&r, &f.total));
		TRY(rdr_u32le(&r, &f.current));
		if (f.current >= f.total)
			return ST_MALFORMED;
	}
	f.body = rdr_rest(&r);
	*ret_f = f;
	return ST_OK;
}

static enum mbim_service service_of(struct bytes uuid)
{
	for (unsigned i = 0; i < ARRAY_LEN(uuids); i++)
		if (bytes_equal(uuid, BYTES_OF(uuids[i])))
			return (enum mbim_service)i;
	return MBIM_OTHER_SERVICE;
}

status mbim_wire_said(enum mbim_type type, struct bytes body, struct mbim_said *ret_s)
{
	struct rdr r = rdr_of(body);
	struct mbim_said s = {0};
	struct bytes uuid;
	uint32_t n = 0;

	TRY(rdr_take(&r, UUID_LEN, &uuid));
	TRY(rdr_u32le(&r, &s.cid));
	if (type == MBIM_COMMAND_DONE)
		TRY(rdr_u32le(&r, &s.status));
	TRY(rdr_u32le(&r, &n));
	TRY(rdr_take(&r, n, &s.info));
	s.service = service_of(uuid);
	*ret_s = s;
	return ST_OK;
}

status mbim_wire_code(struct bytes body, uint32_t *ret_code)
{
	struct rdr r = rdr_of(body);

	return rdr_u32le(&r, ret_code);
}
