/* SPDX-License-Identifier: Apache-2.0 */
/* The QMUX front's thread, control words, start and stop. */
#include "front_qmux.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { LOOK_MS = 20, MODE_MAX = 6 };

static void *run(void *arg)
{
	struct sim_front *m = arg;

	while (qmux_port_wait(m, LOOK_MS) != ST_IO) {
		qmux_port_due(m);
		qmux_status_watch(m);
	}
	return NULL;
}

static bool is_for_us(struct sim_front *m, struct bytes path)
{
	return path.n == 0 || bytes_equal(path, bytes_str(m->socket.path));
}

/* "refresh [MODE]": 0 to 6 as in the indication; 0 resets the card. */
static void say_refresh(struct sim_front *m, struct bytes argument, struct wtr *reply)
{
	unsigned long mode = 0;

	if (argument.n > 0 && (text_number(argument, 10, &mode) != ST_OK || mode > MODE_MAX)) {
		wtr_printf(reply, "error refresh: expected a mode from 0 to %d", MODE_MAX);
		return;
	}
	pthread_mutex_lock(&m->lock);
	m->refresh_mode = (int)mode;
	pthread_mutex_unlock(&m->lock);
	wtr_printf(reply, "ok refresh");
}

static bool handle_word(void *ctx, struct bytes text, struct wtr *reply)
{
	struct sim_front *m = ctx;
	struct bytes argument;
	char err[256] = "";

	if (pty_word(text, "unplug", &argument) && is_for_us(m, argument)) {
		qmux_port_unplug(m, 0);
		wtr_printf(reply, "ok unplugged");
		return true;
	}
	if (pty_word(text, "plug", &argument) && is_for_us(m, argument)) {
		bool done = qmux_port_plug(m, err) == ST_OK;
		wtr_printf(reply, done ? "ok plugged" : "error %s", err);
		return true;
	}
	if (pty_word(text, "refresh", &argument)) {
		say_refresh(m, argument, reply);
		return true;
	}
	if (bytes_equal(text, BYTES_LIT("clients"))) {
		wtr_printf(reply, "ok uim=%u", m->uim_clients);
		return true;
	}
	return false;
}

static void free_modem(struct sim_front *m)
{
	pty_free(&m->pty);
	qmux_socket_free(&m->socket);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static status init(struct sim_front *m, struct sim_card *card, struct sim_faults *faults)
{
	m->card = card;
	m->faults = faults;
	m->refresh_mode = -1;
	m->present = sim_card_present(card);
	m->baseband = (struct baseband){card, "qmux", sim_card_generation(card)};
	pthread_mutex_init(&m->lock, NULL);
	status st = qmux_socket_init(&m->socket);
	status st_pty = pty_init(&m->pty, card, "--qmux");
	pty_carry_messages(&m->pty);
	return st != ST_OK ? st : st_pty;
}

static status begin(struct sim_front *m, const char *argument, char err[256])
{
	TRY(qmux_options_parse(argument, m, err));
	TRY(text_copy(bytes_str(m->socket.path), m->pty.link, sizeof(m->pty.link)));
	TRY(qmux_port_plug(m, err));
	if (pthread_create(&m->thread, NULL, run, m) == 0)
		return ST_OK;
	snprintf(err, 256, "--qmux: no thread: %s", strerror(errno));
	return ST_NOMEM;
}

static status start(struct sim_card *card, struct sim_faults *faults, const char *argument,
		    struct sim_front **ret_front, char err[256])
{
	struct sim_front *m = calloc(1, sizeof(*m));

	if (!m)
		return ST_NOMEM;
	status st = init(m, card, faults);
	if (st == ST_OK)
		st = begin(m, argument, err);
	if (st != ST_OK) {
		free_modem(m);
		return st;
	}
	sim_card_add_control(card, handle_word, m);
	*ret_front = m;
	return ST_OK;
}

static void stop(struct sim_front *m)
{
	sim_card_add_control(m->card, NULL, m);
	qmux_port_stop(m);
	pthread_join(m->thread, NULL);
	free_modem(m);
}

const struct sim_front_ops sim_front_qmux = {
	.option = "--qmux",
	.help = "--qmux PATH[?tty=…]  a socket (or pty) that behaves like a modem's QMI channel",
	.start = start,
	.stop = stop,
};
