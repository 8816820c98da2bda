/* SPDX-License-Identifier: Apache-2.0 */
/* The MBIM front's thread, control words, start and stop. */
#include "front_mbim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOOK_MS = 20,
	INCOMPLETE_MS = 1250, /* MBIM 1.0 §9.5: between two fragments */
};

static void receive(struct sim_front *m, struct bytes b)
{
	struct mbim_message message;

	mbim_in_add(&m->in, b);
	while (mbim_in_take(&m->in, &message)) {
		mbim_card_watch(m);
		mbim_message_handle(m, &message);
	}
	m->quiet_at = deadline_in_ms(INCOMPLETE_MS);
}

/* Another pty is another enumeration of the device: nothing of the old one is left, and the
 * function is closed. */
static void look_at_port(struct sim_front *m)
{
	unsigned plugs = pty_plugs(&m->port);

	if (plugs == m->plugs)
		return;
	m->plugs = plugs;
	m->open = false;
	mbim_in_clear(&m->in);
}

static void *run(void *arg)
{
	struct sim_front *m = arg;
	struct mbim_message late;
	uint8_t in[MBIM_TRANSFER_MAX];

	for (;;) {
		struct wtr w = wtr_on(in, mbim_in_room(&m->in));
		status st = pty_receive(&m->port, LOOK_MS, &w);

		if (st == ST_IO)
			return NULL;
		pty_do_due(&m->port);
		look_at_port(m);
		mbim_card_watch(m);
		if (st == ST_OK)
			receive(m, wtr_bytes(&w));
		if (st != ST_OK && deadline_passed(m->quiet_at) && mbim_in_expire(&m->in, &late))
			mbim_message_handle(m, &late);
	}
}

static bool handle_word(void *ctx, struct bytes text, struct wtr *reply)
{
	struct sim_front *m = ctx;

	return pty_control(&m->port, text, reply);
}

static void free_modem(struct sim_front *m)
{
	pty_free(&m->port);
	free(m);
}

static struct sim_front *new_modem(struct sim_card *card, struct sim_faults *faults)
{
	struct sim_front *m = calloc(1, sizeof(*m));

	if (!m || pty_init(&m->port, card, "--mbim") != ST_OK) {
		free(m);
		return NULL;
	}
	pty_carry_messages(&m->port);
	m->card = card;
	m->faults = faults;
	m->radio = 1;
	m->max = MBIM_TRANSFER_MAX;
	m->last_number = 2; /* the first channel is number 3 */
	m->baseband = (struct baseband){card, "mbim", sim_card_generation(card)};
	m->quiet_at = DEADLINE_NEVER;
	m->present = sim_card_present(card);
	if (m->present)
		sim_card_iccid(card, m->iccid);
	return m;
}

static void power_on(struct sim_front *m)
{
	mbim_in_init(&m->in, (size_t)m->habits.max);
	m->initializing = m->present && m->habits.init_ms > 0;
	m->ready_at = deadline_in_ms(m->habits.init_ms);
}

static status mbim_start(struct sim_card *card, struct sim_faults *faults, const char *argument,
			 struct sim_front **ret_front, char err[256])
{
	struct sim_front *m = new_modem(card, faults);

	if (!m)
		return ST_NOMEM;
	status st = mbim_options_parse(argument, m, err);
	power_on(m);
	if (st == ST_OK)
		st = pty_plug(&m->port, err);
	if (st == ST_OK && pthread_create(&m->thread, NULL, run, m) != 0) {
		snprintf(err, 256, "--mbim: no thread: %s", strerror(errno));
		st = ST_NOMEM;
	}
	if (st != ST_OK) {
		free_modem(m);
		return st;
	}
	sim_card_add_control(card, handle_word, m);
	*ret_front = m;
	return ST_OK;
}

static void mbim_stop(struct sim_front *m)
{
	sim_card_add_control(m->card, NULL, m);
	pty_stop(&m->port);
	pthread_join(m->thread, NULL);
	free_modem(m);
}

const struct sim_front_ops sim_front_mbim = {
	.option = "--mbim",
	.help = "--mbim LINK[?max=…]  a pty, symlinked as LINK, that behaves like an MBIM modem",
	.start = mbim_start,
	.stop = mbim_stop,
};
