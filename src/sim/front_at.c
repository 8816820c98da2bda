/* SPDX-License-Identifier: Apache-2.0 */
/* The AT front's thread, control words, start and stop. */
#include "front_at.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 20, READ_MAX = 512 };

/* What the clock brings: to the port, and an unsolicited line. */
static void do_due(struct sim_front *m, deadline *urc_at)
{
	pty_do_due(&m->port);
	if (m->urc_ms != 0 && deadline_passed(*urc_at)) {
		at_answer_urc(m, "+CEREG: 1");
		*urc_at = deadline_in_ms(m->urc_ms);
	}
}

static void *run(void *arg)
{
	struct sim_front *m = arg;
	uint8_t in[READ_MAX];
	deadline urc_at = deadline_in_ms(m->urc_ms);

	for (;;) {
		struct wtr w = WTR_ON(in);
		status st = pty_receive(&m->port, LOOK_MS, &w);

		if (st == ST_IO)
			return NULL;
		do_due(m, &urc_at);
		at_card_watch(m);
		if (st == ST_OK)
			at_line_receive(m, wtr_bytes(&w));
	}
}

static bool handle_word(void *ctx, struct bytes text, struct wtr *reply)
{
	struct sim_front *m = ctx;
	struct bytes argument;
	char urc[256];

	if (pty_control(&m->port, text, reply))
		return true;
	if (pty_word(text, "urc", &argument)) {
		snprintf(urc, sizeof(urc), "%.*s", (int)(argument.n < 200 ? argument.n : 200),
			 (const char *)argument.p);
		at_answer_urc(m, urc);
		wtr_printf(reply, "ok sent");
		return true;
	}
	return false;
}

static void free_modem(struct sim_front *m)
{
	pty_free(&m->port);
	free(m);
}

static struct sim_front *new_modem(struct sim_card *card, struct sim_faults *faults)
{
	struct sim_front *m = calloc(1, sizeof(*m));

	if (!m || pty_init(&m->port, card, "--at") != ST_OK) {
		free(m);
		return NULL;
	}
	m->card = card;
	m->faults = faults;
	m->echo = m->verbose = true;
	m->cfun = 1;
	m->present = sim_card_present(card);
	m->baseband = (struct baseband){card, "at", sim_card_generation(card)};
	return m;
}

static status at_start(struct sim_card *card, struct sim_faults *faults, const char *argument,
		       struct sim_front **ret_front, char err[256])
{
	struct sim_front *m = new_modem(card, faults);

	if (!m)
		return ST_NOMEM;
	status st = at_habits_parse(argument, m, err);
	if (st == ST_OK)
		st = pty_plug(&m->port, err);
	if (st == ST_OK && pthread_create(&m->thread, NULL, run, m) != 0) {
		snprintf(err, 256, "--at: no thread: %s", strerror(errno));
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

static void at_stop(struct sim_front *m)
{
	sim_card_add_control(m->card, NULL, m);
	pty_stop(&m->port);
	pthread_join(m->thread, NULL);
	free_modem(m);
}

const struct sim_front_ops sim_front_at = {
	.option = "--at",
	.help = "--at LINK[?model=…]  a pty, symlinked as LINK, that behaves like a modem",
	.start = at_start,
	.stop = at_stop,
};
