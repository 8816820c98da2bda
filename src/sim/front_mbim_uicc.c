/* SPDX-License-Identifier: Apache-2.0 */
/* The service of Microsoft's "MB low level UICC access". Its references have the size first. */
#include <stdlib.h>
#include <string.h>

#include "front_mbim.h"

enum {
	CID_ATR = 1,
	CID_OPEN_CHANNEL = 2,
	CID_CLOSE_CHANNEL = 3,
	CID_APDU = 4,
	CID_TERMINAL_CAPABILITY = 5,
	CID_RESET = 6,
};
enum { AID_SIZE_MAX = 32, APDU_LEAST = 4, SELECT_P2 = 0x0C };
/* MANAGE CHANNEL, SELECT and P2 refused */
enum { SW_NONE = 0x6A81, SW_NO_APPLET = 0x6A82, SW_WRONG_P2 = 0x6A86 };

static void put_sw(struct mbim_info *i, unsigned sw)
{
	wtr_u8(&i->fixed, (uint8_t)(sw >> 8));
	wtr_u8(&i->fixed, (uint8_t)sw);
	wtr_u16le(&i->fixed, 0);
}

/* The card did not answer. */
static uint32_t no_answer(struct sim_front *m)
{
	return sim_card_present(m->card) ? MBIM_FAILURE : MBIM_SIM_NOT_INSERTED;
}

static uint32_t query_atr(struct sim_front *m, const struct mbim_command *c, struct mbim_info *info)
{
	uint32_t stop = mbim_card_obstacle(m);

	(void)c;
	if (stop != MBIM_OK)
		return stop;
	mbim_info_begin(info, m->faults, 8);
	mbim_info_ref(info, sim_card_atr(m->card), true);
	return MBIM_OK;
}

/* ---- OPEN_CHANNEL ---- */

struct open_request {
	uint32_t aid_size, aid_offset, p2, group;
	struct bytes aid;
};

static status get_open_request(struct bytes info, struct open_request *o)
{
	struct rdr r = rdr_of(info);

	TRY(rdr_u32le(&r, &o->aid_size));
	TRY(rdr_u32le(&r, &o->aid_offset));
	TRY(rdr_u32le(&r, &o->p2));
	TRY(rdr_u32le(&r, &o->group));
	if (o->aid_size > AID_SIZE_MAX || o->p2 > 0xFF)
		return ST_MALFORMED;
	return mbim_info_get(info, 16, o->aid_offset, o->aid_size, &o->aid);
}

static uint32_t refuse_open(struct mbim_info *info, uint32_t st, unsigned sw)
{
	put_sw(info, sw);
	mbim_info_u32(info, 0);
	mbim_info_u32(info, 0);
	mbim_info_u32(info, 0);
	return st;
}

static uint32_t accept_open(struct sim_front *m, struct mbim_info *info, uint8_t card_channel,
			    uint32_t group, struct bytes answer)
{
	uint8_t number = mbim_card_number(m, card_channel);

	if (number == 0) {
		(void)baseband_close_channel(&m->baseband, card_channel);
		return refuse_open(info, (uint32_t)MBIM_NO_LOGICAL_CHANNELS, SW_NONE);
	}
	m->channel[number] = (struct mbim_channel){true, card_channel, group};
	put_sw(info, baseband_sw(answer));
	mbim_info_u32(info, number);
	mbim_info_ref(info, bytes_of(answer.p, answer.n - 2), true);
	return MBIM_OK;
}

static uint32_t open_channel(struct sim_front *m, const struct mbim_command *c,
			     struct mbim_info *info)
{
	struct open_request o;
	uint8_t reply[REPLY_TOTAL_MAX];
	struct wtr r = WTR_ON(reply);
	uint8_t card_channel = 0;
	uint32_t stop = mbim_card_obstacle(m);

	if (get_open_request(c->info, &o) != ST_OK)
		return MBIM_INVALID_PARAMETERS;
	if (stop != MBIM_OK)
		return stop;
	mbim_info_begin(info, m->faults, 16);
	if (m->habits.select_p2 && o.p2 != SELECT_P2)
		return refuse_open(info, (uint32_t)MBIM_SELECT_FAILED, SW_WRONG_P2);
	switch (baseband_open_channel(&m->baseband, o.aid, (uint8_t)o.p2, &card_channel, &r)) {
	case BASEBAND_OPENED:
		return accept_open(m, info, card_channel, o.group, wtr_bytes(&r));
	case BASEBAND_NO_CHANNEL:
	case BASEBAND_WARNED:
		return refuse_open(info, (uint32_t)MBIM_NO_LOGICAL_CHANNELS, SW_NONE);
	case BASEBAND_NO_APPLET:
		return refuse_open(info, (uint32_t)MBIM_SELECT_FAILED, baseband_sw(wtr_bytes(&r)));
	case BASEBAND_NO_ANSWER:
		break;
	}
	return no_answer(m);
}

/* ---- CLOSE_CHANNEL ---- */

static unsigned close_group(struct sim_front *m, uint32_t group)
{
	unsigned sw = 0x9000;

	for (uint8_t n = 1; n < MBIM_CHANNELS; n++) {
		if (m->channel[n].open && m->channel[n].group == group)
			sw = mbim_card_close(m, n);
	}
	return sw;
}

static uint32_t close_channel(struct sim_front *m, const struct mbim_command *c,
			      struct mbim_info *info)
{
	struct rdr r = rdr_of(c->info);
	uint32_t number, group;
	uint32_t stop = mbim_card_obstacle(m);

	if (rdr_u32le(&r, &number) != ST_OK || rdr_u32le(&r, &group) != ST_OK)
		return MBIM_INVALID_PARAMETERS;
	if (stop != MBIM_OK)
		return stop;
	if (number >= MBIM_CHANNELS || (number > 0 && !m->channel[number].open))
		return (uint32_t)MBIM_INVALID_CHANNEL;
	mbim_info_begin(info, m->faults, 4);
	put_sw(info, number > 0 ? mbim_card_close(m, (uint8_t)number) : close_group(m, group));
	return MBIM_OK;
}

/* ---- APDU ---- */

struct apdu_request {
	uint32_t channel, secure, type, size, offset;
	struct bytes cmd;
};

static status get_apdu_request(struct bytes info, struct apdu_request *a)
{
	struct rdr r = rdr_of(info);

	TRY(rdr_u32le(&r, &a->channel));
	TRY(rdr_u32le(&r, &a->secure));
	TRY(rdr_u32le(&r, &a->type));
	TRY(rdr_u32le(&r, &a->size));
	TRY(rdr_u32le(&r, &a->offset));
	if (a->secure > 1 || a->type > 1 || a->size < APDU_LEAST || a->size > APDU_CMD_MAX)
		return ST_MALFORMED;
	return mbim_info_get(info, 20, a->offset, a->size, &a->cmd);
}

/* The class byte that replaces the host's. */
static uint8_t class_byte(const struct apdu_request *a, uint8_t card_channel)
{
	uint8_t cla = baseband_class(a->type == 1 ? 0x80 : 0x00, card_channel);

	if (a->secure == 0)
		return cla;
	return cla | (card_channel < 4 ? 0x08 : 0x20);
}

static bool is_channel_known(struct sim_front *m, const struct apdu_request *a)
{
	uint8_t cla = a->cmd.p[0];

	if (a->channel >= MBIM_CHANNELS || !m->channel[a->channel].open)
		return false;
	if (!m->habits.class_type)
		return true;
	return (cla & 0x43) == 0 && ((cla & 0x80) == 0 || a->type == 1);
}

static bool has_le(struct bytes cmd)
{
	return cmd.n == 5 || (cmd.n > 5 && cmd.n == 6U + cmd.p[4]);
}

static bool withholds_data(struct sim_front *m, struct bytes cmd)
{
	if (has_le(cmd))
		return false;
	return m->habits.le_required || sim_faults_strikes(m->faults, FAULT_M6, NULL);
}

static void put_reply(struct sim_front *m, struct mbim_info *info, struct bytes cmd,
		      struct wtr *reply)
{
	unsigned sw = baseband_sw(wtr_bytes(reply));

	reply->n -= 2;
	if (reply->n > 0 && withholds_data(m, cmd))
		reply->n = 0;
	if (reply->n > 0 && sim_faults_strikes(m->faults, FAULT_F23, NULL))
		wtr_fill(reply, 0, 4);
	mbim_info_begin(info, m->faults, 12);
	put_sw(info, sw);
	mbim_info_ref(info, wtr_bytes(reply), true);
}

static uint32_t run_apdu(struct sim_front *m, const struct mbim_command *c, struct mbim_info *info)
{
	struct apdu_request a;
	uint8_t cmd[APDU_CMD_MAX];
	uint8_t reply[REPLY_TOTAL_MAX + 8];
	struct wtr w = WTR_ON(cmd);
	struct wtr r = WTR_ON(reply);
	uint32_t stop = mbim_card_obstacle(m);

	if (get_apdu_request(c->info, &a) != ST_OK)
		return MBIM_INVALID_PARAMETERS;
	if (stop != MBIM_OK)
		return stop;
	if (!is_channel_known(m, &a))
		return (uint32_t)MBIM_INVALID_CHANNEL;
	wtr_put(&w, a.cmd);
	cmd[0] = class_byte(&a, m->channel[a.channel].card_channel);
	if (baseband_exchange(&m->baseband, wtr_bytes(&w), &r) != ST_OK ||
	    baseband_resolve(&m->baseband, wtr_bytes(&w), &r) != ST_OK || r.n < 2)
		return no_answer(m);
	put_reply(m, info, a.cmd, &r);
	return MBIM_OK;
}

/* ---- M2 ---- */

/* A channel that the modem calls invalid is one that it has lost. */
static void lose_channel(struct sim_front *m, struct bytes info)
{
	struct rdr r = rdr_of(info);
	uint32_t number;

	if (rdr_u32le(&r, &number) == ST_OK && number < MBIM_CHANNELS && m->channel[number].open)
		(void)mbim_card_close(m, (uint8_t)number);
}

bool mbim_uicc_fails(struct sim_front *m, const struct mbim_command *c, struct mbim_info *info,
		     uint32_t *ret_st)
{
	char param[64];
	uint32_t st = (uint32_t)MBIM_NO_LOGICAL_CHANNELS;

	if (!sim_faults_strikes(m->faults, FAULT_M2, param))
		return false;
	if (param[0])
		st = (uint32_t)strtoul(param, NULL, 16);
	if (c->cid == CID_OPEN_CHANNEL && st == (uint32_t)MBIM_NO_LOGICAL_CHANNELS)
		(void)refuse_open(info, st, SW_NONE);
	if (c->cid == CID_OPEN_CHANNEL && st == (uint32_t)MBIM_SELECT_FAILED)
		(void)refuse_open(info, st, SW_NO_APPLET);
	if (c->cid == CID_APDU && st == (uint32_t)MBIM_INVALID_CHANNEL)
		lose_channel(m, c->info);
	*ret_st = st;
	return true;
}

/* ---- the rest ---- */

static uint32_t query_terminal(struct sim_front *m, const struct mbim_command *c,
			       struct mbim_info *info)
{
	(void)c;
	mbim_info_begin(info, m->faults, MBIM_FIXED_MAX);
	if (m->terminal_len == 0)
		mbim_info_u32(info, 0);
	wtr_put(&info->fixed, bytes_of(m->terminal, m->terminal_len));
	return MBIM_OK;
}

/* Kept as it is: the card of this modem asks for none. */
static uint32_t set_terminal(struct sim_front *m, const struct mbim_command *c,
			     struct mbim_info *info)
{
	struct rdr r = rdr_of(c->info);
	uint32_t count, offset, size;
	struct bytes object;

	if (rdr_u32le(&r, &count) != ST_OK || count > r.n / 8 || c->info.n > sizeof(m->terminal))
		return MBIM_INVALID_PARAMETERS;
	for (uint32_t i = 0; i < count; i++) {
		if (rdr_u32le(&r, &offset) != ST_OK || rdr_u32le(&r, &size) != ST_OK ||
		    mbim_info_get(c->info, 4 + 8 * (size_t)count, offset, size, &object) != ST_OK)
			return MBIM_INVALID_PARAMETERS;
	}
	memcpy(m->terminal, c->info.p, c->info.n);
	m->terminal_len = c->info.n;
	mbim_info_begin(info, m->faults, 0);
	return MBIM_OK;
}

/* Whether the card is passed through: never. Setting it, a reset, is not supported. */
static uint32_t query_reset(struct sim_front *m, const struct mbim_command *c,
			    struct mbim_info *info)
{
	(void)c;
	mbim_info_begin(info, m->faults, 4);
	mbim_info_u32(info, 0);
	return MBIM_OK;
}

const struct mbim_cid mbim_uicc_cids[] = {
	{CID_ATR, query_atr, NULL},
	{CID_OPEN_CHANNEL, NULL, open_channel},
	{CID_CLOSE_CHANNEL, NULL, close_channel},
	{CID_APDU, NULL, run_apdu},
	{CID_TERMINAL_CAPABILITY, query_terminal, set_terminal},
	{CID_RESET, query_reset, NULL},
	{0, NULL, NULL},
};
