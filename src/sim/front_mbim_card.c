/* SPDX-License-Identifier: Apache-2.0 */
/* The card as the modem sees it: presence, initialization, the channels opened for hosts. */
#include <string.h>

#include "front_mbim.h"

static void forget_channels(struct sim_front *m)
{
	memset(m->channel, 0, sizeof(m->channel));
}

static bool is_changed(struct sim_front *m, char ret_iccid[21])
{
	bool present = sim_card_present(m->card);

	ret_iccid[0] = '\0';
	if (present)
		sim_card_iccid(m->card, ret_iccid);
	/* the ICCID too: a swap in the middle of a command moves the baseband's generation */
	return present != m->present || sim_card_generation(m->card) != m->baseband.generation ||
	       strcmp(ret_iccid, m->iccid) != 0;
}

void mbim_card_watch(struct sim_front *m)
{
	char iccid[21];

	if (is_changed(m, iccid)) {
		forget_channels(m);
		m->present = sim_card_present(m->card);
		m->baseband.generation = sim_card_generation(m->card);
		memcpy(m->iccid, iccid, sizeof(m->iccid));
		m->initializing = m->present && m->habits.init_ms > 0;
		m->ready_at = deadline_in_ms(m->habits.init_ms);
		mbim_answer_indicate(m);
	}
	if (m->initializing && deadline_passed(m->ready_at)) {
		m->initializing = false;
		mbim_answer_indicate(m);
	}
}

uint32_t mbim_card_obstacle(struct sim_front *m)
{
	if (!sim_card_present(m->card))
		return MBIM_SIM_NOT_INSERTED;
	return m->initializing ? MBIM_NOT_INITIALIZED : MBIM_OK;
}

/* The modem's own numbers count on, so that nobody can mistake them for the card's. */
uint8_t mbim_card_number(struct sim_front *m, uint8_t card_channel)
{
	if (m->habits.card_numbers)
		return card_channel < MBIM_CHANNELS ? card_channel : 0;
	for (unsigned i = 1; i < MBIM_CHANNELS; i++) {
		unsigned n = 1 + (m->last_number + i - 1) % (MBIM_CHANNELS - 1);

		if (!m->channel[n].open) {
			m->last_number = n;
			return (uint8_t)n;
		}
	}
	return 0;
}

unsigned mbim_card_close(struct sim_front *m, uint8_t number)
{
	struct mbim_channel *ch = &m->channel[number];

	ch->open = false;
	return baseband_close_channel(&m->baseband, ch->card_channel);
}

void mbim_card_leak(struct sim_front *m, unsigned most)
{
	for (unsigned i = 0; i < most && i < MBIM_CHANNELS; i++) {
		uint8_t reply[APDU_REPLY_MAX];
		struct wtr r = WTR_ON(reply);

		if (baseband_exchange(&m->baseband, BYTES_LIT("\x00\x70\x00\x00\x01"), &r) !=
			    ST_OK ||
		    r.n != 3)
			return;
		uint8_t number = mbim_card_number(m, reply[0]);
		if (number == 0) {
			(void)baseband_close_channel(&m->baseband, reply[0]);
			return;
		}
		m->channel[number] = (struct mbim_channel){true, reply[0], MBIM_GROUP_DEAD};
	}
}
