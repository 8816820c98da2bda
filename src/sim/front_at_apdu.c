/* SPDX-License-Identifier: Apache-2.0 */
#include "front_at_apdu.h"

#include <string.h>

#include "mem.h"

static bool resolves(struct sim_front *m)
{
	char param[64];

	if (sim_faults_strikes(m->faults, FAULT_F21, param))
		return param[0] != '0';
	return m->habits.auto61;
}

/* F22: the first time 6Cxx with the right Le; the command again, with any Le, gets the answer. */
static bool answer_held(struct sim_front *m, struct bytes cmd, struct wtr *reply)
{
	bool same = m->held_len > 0 && memcmp(cmd.p, m->held_header, 4) == 0;

	if (same)
		wtr_put(reply, bytes_of(m->held, m->held_len));
	m->held_len = 0;
	return same;
}

static void hold(struct sim_front *m, struct bytes cmd, struct wtr *reply)
{
	if (cmd.n != 5 || reply->n < 3 || reply->n > sizeof(m->held) ||
	    !sim_faults_strikes(m->faults, FAULT_F22, NULL))
		return;
	memcpy(m->held_header, cmd.p, 4);
	memcpy(m->held, reply->p, reply->n);
	m->held_len = reply->n;
	reply->n = 0;
	wtr_u8(reply, 0x6C);
	wtr_u8(reply, (uint8_t)(m->held_len - 2));
}

/* F23: four bytes more than the card gave, before its status word. */
static void lengthen(struct sim_front *m, struct wtr *reply)
{
	if (reply->n > 2 && sim_faults_strikes(m->faults, FAULT_F23, NULL))
		baseband_lengthen(reply);
}

status at_apdu_for_host(struct sim_front *m, struct bytes cmd, struct wtr *reply)
{
	if (answer_held(m, cmd, reply))
		return wtr_done(reply);
	TRY(baseband_exchange(&m->baseband, cmd, reply));
	if (resolves(m))
		TRY(baseband_resolve(&m->baseband, cmd, reply));
	hold(m, cmd, reply);
	lengthen(m, reply);
	return wtr_done(reply);
}

int at_apdu_open_channel(struct sim_front *m, struct bytes aid, uint8_t *ret_channel)
{
	switch (baseband_open_channel(&m->baseband, aid, 0x00, ret_channel, NULL)) {
	case BASEBAND_OPENED:
		return AT_OK;
	case BASEBAND_NO_CHANNEL:
		return CME_MEMORY_FULL;
	case BASEBAND_WARNED:
	case BASEBAND_NO_APPLET:
	case BASEBAND_NO_ANSWER:
		break;
	}
	return CME_SIM_FAILURE;
}
