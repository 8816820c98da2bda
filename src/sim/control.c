/* SPDX-License-Identifier: Apache-2.0 */
/* The test control channel: a table of words. */
#include <stdio.h>

#include "card_state.h"
#include "control_object.h"
#include "hex.h"
#include "mem.h"
#include "text.h"
#include "uicc_pin_text.h"

/* Each answers with `state` held; rest is the text after the command's own words. */
static void say_status(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	(void)rest;
	wtr_printf(reply, "ok present=%d generation=%u t0=%d atr=", card->present,
		   (unsigned)card->generation, card->uicc.store->config.t0 != 0);
	hex_put(reply, bytes_of(card->atr, card->atr_len));
	wtr_printf(reply, " iccid=%s", card->uicc.store->config.iccid);
}

static void say(struct wtr *reply, status st, const char *err)
{
	if (st == ST_OK)
		wtr_printf(reply, "ok");
	else
		wtr_printf(reply, "error %s", err[0] ? err : status_text(st));
}

static void fault_clear(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	(void)rest;
	sim_faults_clear(card->faults);
	wtr_printf(reply, "ok");
}

static void fault_list(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	(void)rest;
	wtr_printf(reply, "ok ");
	sim_faults_list(card->faults, reply);
}

static void fault_arm(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	char err[128] = "";
	say(reply, sim_faults_arm(card->faults, rest, err), err);
}

static void reset(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	(void)rest;
	card_state_reset(card);
	wtr_printf(reply, "ok");
}

static void take_out(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	(void)rest;
	if (card->present)
		card_state_reset(card);
	card->present = false;
	wtr_printf(reply, "ok");
}

static void put_in(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	(void)rest;
	card->present = true;
	wtr_printf(reply, "ok");
}

static void swap_for(struct sim_card *card, struct bytes rest, bool hot, struct wtr *reply)
{
	char dir[PATH_LEN_MAX], err[256] = "";
	status st = text_copy(rest, dir, sizeof(dir));
	if (st == ST_OK)
		st = card_state_swap(card, dir, hot, err);
	say(reply, st, err);
}

static void swap(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	swap_for(card, rest, false, reply);
}

static void swap_hot(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	swap_for(card, rest, true, reply);
}

/* "ok open=2 free=1 1* 2": the star marks a selected applet. */
static void channels(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	unsigned open = 0, most = card->uicc.store->config.channels;
	(void)rest;
	for (unsigned i = 1; i < CHANNELS_MAX; i++)
		open += card->uicc.channel[i].open;
	wtr_printf(reply, "ok open=%u free=%u", open, most > open ? most - open : 0);
	for (unsigned i = 1; i < CHANNELS_MAX; i++) {
		if (card->uicc.channel[i].open)
			wtr_printf(reply, " %u%s", i, card->uicc.channel[i].applet ? "*" : "");
	}
}

static void latency(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	unsigned long ms;
	status st = text_number(rest, 10, &ms);
	if (st == ST_OK)
		card->latency_ms = (unsigned)ms;
	say(reply, st, "latency: expected milliseconds");
}

static void spent(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	(void)rest;
	wtr_printf(reply, "ok card_us=%lld link_us=%lld", (long long)(card->card_ns / 1000),
		   (long long)(card->link_ns / 1000));
}

static void set_config(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	struct rdr r = rdr_of(rest);
	struct bytes key = {0}, value = {0};
	char err[128] = "";
	if (!text_word(&r, &key) || !text_word(&r, &value)) {
		say(reply, ST_ARG, "config set: expected KEY VALUE");
		return;
	}
	status st = traits_set(&card->uicc.store->config, key, value, err);
	if (st == ST_OK) {
		card->uicc.dirty = true;
		card_state_make_atr(card);
	}
	say(reply, st, err);
}

static void list_config(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	(void)rest;
	wtr_printf(reply, "ok\n");
	traits_print(&card->uicc.store->config, reply);
}

static void object(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	if (control_object(card->uicc.store, rest, reply))
		card->uicc.dirty = true;
}

static void mark(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	card_state_log(card, "mark", rest);
	wtr_printf(reply, "ok");
}

static void pin_list(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	(void)rest;
	uicc_pin_list(&card->uicc.store->pins, reply);
}

static void pin_change(struct sim_card *card, struct bytes rest, struct wtr *reply)
{
	char err[128] = "";
	status st = uicc_pin_change(&card->uicc.store->pins, rest, err);
	card->uicc.dirty = st == ST_OK || card->uicc.dirty;
	say(reply, st, err);
}

/* Longer words before their prefixes. */
static const struct {
	const char *words;
	bool wants_text;
	void (*run)(struct sim_card *card, struct bytes rest, struct wtr *reply);
} controls[] = {
	{"status", false, say_status},	   {"fault clear", false, fault_clear},
	{"fault list", false, fault_list}, {"fault", true, fault_arm},
	{"reset", false, reset},	   {"remove", false, take_out},
	{"insert", false, put_in},	   {"swap", true, swap},
	{"swap-hot", true, swap_hot},	   {"channels", false, channels},
	{"latency", true, latency},	   {"spent", false, spent},
	{"config set", true, set_config},  {"config list", false, list_config},
	{"pin", false, pin_list},	   {"pin", true, pin_change},
	{"object", true, object},	   {"mark", true, mark},
};

static bool takes(struct bytes text, struct bytes words, bool wants_text)
{
	if (!wants_text)
		return bytes_equal(text, words);
	return bytes_start_with(text, words) && text.n > words.n && text.p[words.n] == ' ';
}

static bool run_own(struct sim_card *card, struct bytes text, struct wtr *reply)
{
	for (size_t i = 0; i < ARRAY_LEN(controls); i++) {
		struct bytes words = bytes_str(controls[i].words);
		if (!takes(text, words, controls[i].wants_text))
			continue;
		struct bytes rest = text_trim(bytes_of(text.p + words.n, text.n - words.n));
		pthread_mutex_lock(&card->state);
		controls[i].run(card, rest, reply);
		if (card->uicc.dirty)
			card_state_save(card);
		pthread_mutex_unlock(&card->state);
		return true;
	}
	return false;
}

static bool run_handlers(struct sim_card *card, struct bytes text, struct wtr *reply)
{
	bool done = false;
	pthread_mutex_lock(&card->handling);
	for (size_t i = 0; i < CARD_HANDLERS_MAX && !done; i++) {
		const struct card_handler *h = &card->handler[i];
		done = h->handle && h->handle(h->ctx, text, reply);
	}
	pthread_mutex_unlock(&card->handling);
	return done;
}

void sim_card_control(struct sim_card *card, struct bytes text, struct wtr *reply)
{
	text = text_trim(text);
	if (run_own(card, text, reply) || run_handlers(card, text, reply))
		return;
	wtr_printf(reply, "error unknown control command; known:");
	for (size_t i = 0; i < ARRAY_LEN(controls); i++)
		wtr_printf(reply, "%s %s%s", i ? "," : "", controls[i].words,
			   controls[i].wants_text ? " ..." : "");
}

void sim_card_add_control(struct sim_card *card,
			  bool (*handle)(void *ctx, struct bytes text, struct wtr *reply),
			  void *ctx)
{
	struct card_handler *place = NULL;
	pthread_mutex_lock(&card->handling);
	for (size_t i = CARD_HANDLERS_MAX; i-- > 0;) {
		struct card_handler *h = &card->handler[i];
		if (!h->handle && (!place || !place->handle))
			place = h;
		if (h->handle && h->ctx == ctx)
			place = h;
	}
	if (place)
		*place = (struct card_handler){handle, handle ? ctx : NULL};
	pthread_mutex_unlock(&card->handling);
}
