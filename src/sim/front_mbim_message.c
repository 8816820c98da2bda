/* SPDX-License-Identifier: Apache-2.0 */
/* The function's side of the control channel: opened, closed, commands handed to their service. */
#include <stdlib.h>
#include <string.h>

#include "front_mbim.h"

enum { MANY = MBIM_CHANNELS };

static void refuse(struct sim_front *m, uint32_t tid, enum mbim_error error)
{
	mbim_answer_plain(m, (uint32_t)MBIM_FUNCTION_ERROR, tid, error);
}

static void open_function(struct sim_front *m, const struct mbim_message *message)
{
	struct rdr r = rdr_of(message->body);
	uint32_t max;

	if (rdr_u32le(&r, &max) != ST_OK) {
		refuse(m, message->tid, MBIM_ERROR_LENGTH);
		return;
	}
	bool fits = max >= MBIM_TRANSFER_MIN;
	if (fits) {
		m->open = m->subscribed = true;
		m->max = max < (uint32_t)m->habits.max ? max : (size_t)m->habits.max;
	}
	mbim_answer_plain(m, MBIM_OPEN | (uint32_t)MBIM_DONE, message->tid,
			  fits ? MBIM_OK : MBIM_INVALID_PARAMETERS);
}

static void close_function(struct sim_front *m, const struct mbim_message *message)
{
	m->open = false;
	mbim_answer_plain(m, MBIM_CLOSE | (uint32_t)MBIM_DONE, message->tid, MBIM_OK);
}

/* ---- commands ---- */

static status get_command(const struct mbim_message *message, struct mbim_command *c,
			  uint32_t *ret_type)
{
	struct rdr r = rdr_of(message->body);
	struct bytes uuid;
	uint32_t length;

	c->tid = message->tid;
	TRY(rdr_take(&r, MBIM_UUID, &uuid));
	memcpy(c->service, uuid.p, MBIM_UUID);
	TRY(rdr_u32le(&r, &c->cid));
	TRY(rdr_u32le(&r, ret_type));
	TRY(rdr_u32le(&r, &length));
	c->is_set = *ret_type == 1;
	return rdr_take(&r, length, &c->info);
}

static const struct mbim_service *service_of(const struct mbim_command *c)
{
	for (size_t i = 0; i < mbim_service_count; i++) {
		if (bytes_equal(BYTES_OF(mbim_services[i].uuid), BYTES_OF(c->service)))
			return &mbim_services[i];
	}
	return NULL;
}

static mbim_run find_run(const struct mbim_service *s, const struct mbim_command *c)
{
	for (const struct mbim_cid *row = s ? s->cids : NULL; row && row->cid != 0; row++) {
		if (row->cid == c->cid)
			return c->is_set ? row->set : row->query;
	}
	return NULL;
}

static uint32_t run_command(struct sim_front *m, const struct mbim_command *c, uint32_t type)
{
	const struct mbim_service *s = service_of(c);
	mbim_run run = find_run(s, c);
	uint32_t st;

	mbim_info_begin(&m->info, m->faults, 0);
	if (sim_faults_strikes(m->faults, FAULT_F19, NULL))
		return MBIM_BUSY;
	if (s && s->cids == mbim_uicc_cids && mbim_uicc_fails(m, c, &m->info, &st))
		return st;
	if (!run)
		return MBIM_NO_DEVICE_SUPPORT;
	return type > 1 ? MBIM_INVALID_PARAMETERS : run(m, c, &m->info);
}

static void handle_command(struct sim_front *m, const struct mbim_message *message)
{
	struct mbim_command c;
	uint32_t type;

	if (sim_faults_strikes(m->faults, FAULT_M1, NULL))
		m->open = false;
	if (!m->open) {
		refuse(m, message->tid, MBIM_ERROR_NOT_OPENED);
		return;
	}
	if (get_command(message, &c, &type) != ST_OK) {
		refuse(m, message->tid, MBIM_ERROR_LENGTH);
		return;
	}
	mbim_answer_command(m, &c, run_command(m, &c, type));
}

void mbim_message_handle(struct sim_front *m, const struct mbim_message *message)
{
	char param[64];

	if (message->error != MBIM_ERROR_NONE) {
		refuse(m, message->tid, message->error);
		return;
	}
	sim_faults_tick(m->faults, 'M');
	sim_faults_tick(m->faults, 'F');
	if (sim_faults_strikes(m->faults, FAULT_M7, param))
		mbim_card_leak(m, param[0] ? (unsigned)strtoul(param, NULL, 10) : MANY);
	if (sim_faults_strikes(m->faults, FAULT_F29, NULL))
		return;
	switch (message->type) {
	case MBIM_OPEN:
		open_function(m, message);
		return;
	case MBIM_CLOSE:
		close_function(m, message);
		return;
	case MBIM_COMMAND:
		handle_command(m, message);
		return;
	case MBIM_HOST_ERROR: /* there is nothing of it to give up: a command runs to its end */
		return;
	default:
		refuse(m, message->tid, MBIM_ERROR_UNKNOWN);
	}
}
