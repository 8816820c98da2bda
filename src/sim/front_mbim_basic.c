/* SPDX-License-Identifier: Apache-2.0 */
/* Of Basic Connect (MBIM 1.0 §10.5) what a host asks a modem with a SIM and no network. */
#include "front_mbim.h"

enum { CID_VERSION = 15, VERSION_1_0 = 0x0100 };
enum { READY_NOT_INITIALIZED = 0, READY_INITIALIZED = 1, READY_SIM_NOT_INSERTED = 2 };
enum { EMBEDDED = 1, GSM = 1, NO_VOICE = 1, SIM_REMOVABLE = 2, LTE = 0x20, RADIO_ON = 1 };

const uint8_t mbim_basic_uuid[MBIM_UUID] = {0xa2, 0x89, 0xcc, 0x33, 0xbc, 0xbb, 0x8b, 0x4f,
					    0xb6, 0xb0, 0x13, 0x3e, 0xc2, 0xaa, 0xe6, 0xdf};

static uint32_t query_caps(struct sim_front *m, const struct mbim_command *c,
			   struct mbim_info *info)
{
	static const uint32_t numbers[] = {EMBEDDED,	    GSM, NO_VOICE,
					   SIM_REMOVABLE,   LTE, 0 /* SMS */,
					   0 /* control */, 1 /* sessions */};

	(void)c;
	mbim_info_begin(info, m->faults, 64);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		mbim_info_u32(info, numbers[i]);
	mbim_info_text(info, ""); /* custom data class */
	mbim_info_text(info, "490154203237518");
	mbim_info_text(info, "1.0");
	mbim_info_text(info, "MBIM-SIM");
	return MBIM_OK;
}

static uint32_t ready_state(struct sim_front *m)
{
	if (!m->present)
		return READY_SIM_NOT_INSERTED;
	return m->initializing ? READY_NOT_INITIALIZED : READY_INITIALIZED;
}

void mbim_basic_ready_status(struct sim_front *m, struct sim_faults *faults, struct mbim_info *info)
{
	uint32_t state = ready_state(m);
	bool known = state == READY_INITIALIZED;

	mbim_info_begin(info, faults, 28);
	mbim_info_u32(info, state);
	mbim_info_text(info, known ? "001010123456789" : ""); /* of the test network */
	mbim_info_text(info, known && !m->habits.no_iccid ? m->iccid : "");
	mbim_info_u32(info, 0); /* unique id protection */
	mbim_info_u32(info, 0); /* telephone numbers */
}

static uint32_t query_ready(struct sim_front *m, const struct mbim_command *c,
			    struct mbim_info *info)
{
	(void)c;
	mbim_basic_ready_status(m, m->faults, info);
	return MBIM_OK;
}

static uint32_t query_radio(struct sim_front *m, const struct mbim_command *c,
			    struct mbim_info *info)
{
	(void)c;
	mbim_info_begin(info, m->faults, 8);
	mbim_info_u32(info, RADIO_ON); /* the hardware's switch */
	mbim_info_u32(info, m->radio);
	return MBIM_OK;
}

static uint32_t set_radio(struct sim_front *m, const struct mbim_command *c, struct mbim_info *info)
{
	struct rdr r = rdr_of(c->info);
	uint32_t radio;

	if (rdr_u32le(&r, &radio) != ST_OK || radio > RADIO_ON)
		return MBIM_INVALID_PARAMETERS;
	m->radio = radio;
	return query_radio(m, c, info);
}

/* No PIN is asked for: type none, unlocked, tries unknown. */
static uint32_t query_pin(struct sim_front *m, const struct mbim_command *c, struct mbim_info *info)
{
	(void)c;
	mbim_info_begin(info, m->faults, 12);
	mbim_info_u32(info, 0);
	mbim_info_u32(info, 0);
	mbim_info_u32(info, UINT32_MAX);
	return m->present ? MBIM_OK : MBIM_SIM_NOT_INSERTED;
}

/* MBIM 1.0 with Microsoft's extensions 1.0, whatever the host has. */
static uint32_t query_version(struct sim_front *m, const struct mbim_command *c,
			      struct mbim_info *info)
{
	(void)c;
	mbim_info_begin(info, m->faults, 4);
	wtr_u16le(&info->fixed, VERSION_1_0);
	wtr_u16le(&info->fixed, VERSION_1_0);
	return MBIM_OK;
}

const struct mbim_cid mbim_basic_cids[] = {
	{1, query_caps, NULL},
	{MBIM_CID_SUBSCRIBER_READY, query_ready, NULL},
	{3, query_radio, set_radio},
	{4, query_pin, NULL},
	{16, mbim_services_query, NULL},
	{19, NULL, mbim_services_subscribe},
	{0, NULL, NULL},
};

const struct mbim_cid mbim_extension_cids[] = {
	{CID_VERSION, query_version, NULL},
	{0, NULL, NULL},
};
