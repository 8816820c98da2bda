/* SPDX-License-Identifier: Apache-2.0 */
/* The AT front's thread, control words, start and stop. */
#include "front_at.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mem.h"

enum { LOOK_MS = 20, READ_MAX = 512 };

/* What the clock brings: the plug after F27, the release after F28, an unsolicited line. */
static void do_due(struct sim_front *m, deadline *urc_at)
{
	char err[256];

	pthread_mutex_lock(&m->port.lock);
	bool replug = m->port.replug_at != 0 && deadline_passed(m->port.replug_at);
	bool release = m->port.release_at != 0 && deadline_passed(m->port.release_at);
	if (replug)
		m->port.replug_at = 0;
	pthread_mutex_unlock(&m->port.lock);

	if (replug && at_port_plug(m, err) != ST_OK)
		fprintf(stderr, "iotsafe-sim: %s\n", err);
	if (release)
		at_port_release(m);
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
		status st = at_port_receive(m, LOOK_MS, &w);

		if (st == ST_IO)
			return NULL;
		do_due(m, &urc_at);
		at_card_watch(m);
		if (st == ST_OK)
			at_line_receive(m, wtr_bytes(&w));
	}
}

/* "word" or "word ARGUMENT": the argument's view, false when text is another word. */
static bool is_word(struct bytes text, const char *word, struct bytes *ret_argument)
{
	struct bytes w = bytes_str(word);

	if (!bytes_start_with(text, w))
		return false;
	if (text.n > w.n && text.p[w.n] != ' ')
		return false;
	size_t skip = text.n > w.n ? w.n + 1 : w.n;
	*ret_argument = bytes_of(text.p + skip, text.n - skip);
	return true;
}

static bool is_for_us(struct sim_front *m, struct bytes link)
{
	return link.n == 0 || bytes_equal(link, bytes_str(m->port.link));
}

static bool handle_word(void *ctx, struct bytes text, struct wtr *reply)
{
	struct sim_front *m = ctx;
	struct bytes argument;
	char err[256] = "";
	char urc[256];

	if (is_word(text, "unplug", &argument) && is_for_us(m, argument)) {
		at_port_unplug(m);
		wtr_printf(reply, "ok unplugged");
		return true;
	}
	if (is_word(text, "plug", &argument) && is_for_us(m, argument)) {
		bool done = at_port_plug(m, err) == ST_OK;
		wtr_printf(reply, done ? "ok plugged" : "error %s", err);
		return true;
	}
	if (is_word(text, "urc", &argument)) {
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
	if (m->port.kick >= 0)
		close(m->port.kick);
	pthread_mutex_destroy(&m->port.lock);
	free(m);
}

static struct sim_front *new_modem(struct sim_card *card, struct sim_faults *faults)
{
	struct sim_front *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->card = card;
	m->faults = faults;
	m->echo = m->verbose = true;
	m->cfun = 1;
	m->port.master = m->port.slave = -1;
	pthread_mutex_init(&m->port.lock, NULL);
	m->port.kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
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
		st = at_port_plug(m, err);
	if (st == ST_OK && pthread_create(&m->thread, NULL, run, m) != 0) {
		snprintf(err, 256, "--at: no thread: %s", strerror(errno));
		at_port_unplug(m);
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
	pthread_mutex_lock(&m->port.lock);
	m->port.stop = true;
	pthread_mutex_unlock(&m->port.lock);
	eventfd_write(m->port.kick, 1);
	pthread_join(m->thread, NULL);
	at_port_unplug(m);
	free_modem(m);
}

const struct sim_front_ops sim_front_at = {
	.option = "--at",
	.help = "--at LINK[?model=…]  a pty, symlinked as LINK, that behaves like a modem",
	.start = at_start,
	.stop = at_stop,
};
