/* SPDX-License-Identifier: Apache-2.0 */
/* A card's life: operations with recovery, catalog, identity. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card_impl.h"
#include "log.h"
#include "mem.h"

status card_new(const struct settings *all, const struct settings_slot *slot,
		struct card **ret_card)
{
	struct transport_settings set = {.lock_dir = all->lock_dir};
	struct card *c = calloc(1, sizeof(*c));
	status st;

	if (!c)
		return ST_NOMEM;
	c->all = all;
	c->conf = slot;
	c->epoch = c->power = 1;
	c->asleep = asleep_ns();
	card_forget_identity(c);
	st = transport_open(&slot->uri, &set, &c->t);
	if (st != ST_OK) {
		free(c);
		return st;
	}
	*ret_card = c;
	return ST_OK;
}

void card_free(struct card *c)
{
	if (!c)
		return;
	transport_close(c->t);
	free(c->catalog);
	mem_wipe(c, sizeof(*c));
	free(c);
}

void card_forget(struct card *c)
{
	if (!c)
		return;
	transport_forget(c->t);
	free(c->catalog);
	free(c);
}

void card_forget_identity(struct card *c)
{
	card_power_moves(c);
	c->pins_at_mf = c->pin_query_le = c->at_mf = false;
	c->identified = c->vouched = c->verify_list = false;
	c->has_channel = c->fresh = c->resumed = c->select_again = c->other_applet = false;
	c->aid_len = 0;
	c->iccid[0] = '\0';
	c->cla_base = c->conf->cla_base >= 0 ? (uint8_t)c->conf->cla_base : 0x80;
	c->cla_known = c->conf->cla_base >= 0;
	c->append_le = true;
	c->session = 1;
	c->close_after_sign = c->sign_ended = false;
	c->closes_needed = 0;
	c->sig_header = c->lacks = 0;
	c->left = (struct public_key){0};
	c->deaf = false;
	card_invalidate(c);
}

void card_invalidate(struct card *c)
{
	free(c->catalog);
	c->catalog = NULL;
	c->list_stale = false;
	c->epoch++;
}

void card_list_stale(struct card *c)
{
	c->list_stale = true;
	c->list_digest = 0; /* the list that was read proves the card no more */
	c->epoch++;
}

void card_power_moves(struct card *c)
{
	c->power++;
}

static void doubt_list(struct card *c)
{
	if (!c->catalog || c->list_stale)
		return;
	c->list_stale = true;
	c->epoch++;
}

void card_was_reset(struct card *c)
{
	card_power_moves(c);
	doubt_list(c);
}

void card_lost_channel(struct card *c)
{
	if (!c->t->displaced)
		card_power_moves(c);
	doubt_list(c);
}

uint64_t card_epoch(const struct card *c)
{
	return c->epoch;
}

bool card_present(struct card *c)
{
	return transport_present(c->t);
}

uint64_t card_changes(const struct card *c)
{
	return c->t->changes;
}

const struct card_stats *card_stats(const struct card *c)
{
	return &c->stats;
}

uint16_t card_last_sw(const struct card *c)
{
	return c->last_sw;
}

/* --- one operation --- */

enum reaction { GIVE_UP, RUN_AGAIN, SELECT_AGAIN, WAIT_AND_RUN };

bool card_refused(status st)
{
	return st >= ST_SW_NOT_FOUND && st <= ST_SW_OTHER;
}

/* What a failure asks for. A refusal on a channel that was not selected within this very operation
 * may come from whatever else is selected there now, so it is only believed after a new SELECT.
 * What sent a PIN is never run again. */
static enum reaction react(const struct card *c, status st)
{
	if (c->pin_sent)
		return GIVE_UP;
	if (st == ST_CHANNEL_LOST)
		return SELECT_AGAIN;
	if (st == ST_SW_LOCKED || st == ST_CARD_BUSY || st == ST_NO_CHANNEL)
		return WAIT_AND_RUN;
	/* a device that went may be back by the next begin, under another name */
	if (st == ST_DESYNC || st == ST_IO || st == ST_CARD_GONE || st == ST_TRUNCATED ||
	    st == ST_MALFORMED || st == ST_NO_DEVICE)
		return RUN_AGAIN;
	if (card_refused(st) && !c->fresh)
		return SELECT_AGAIN;
	return GIVE_UP;
}

/* With no ICCID to go by, the object list tells the card from another. A proof that failed on its
 * way is asked for again at the next operation; a card that refuses its list, while the one that we
 * know gave it, is another. */
static status prove_by_list(struct card *c, deadline dl)
{
	struct catalog *again ON_EXIT(mem_free_ptr) = NULL;
	uint64_t digest;
	status st;

	if (!c->verify_list)
		return ST_OK;
	if (c->catalog && c->list_digest != 0) {
		again = calloc(1, sizeof(*again));
		if (!again)
			return ST_NOMEM;
		st = applet_list(c, again, &digest, dl);
		if (c->fresh && card_refused(st) && st != ST_SW_LOCKED)
			return ST_CARD_CHANGED;
		TRY(st);
		if (digest != c->list_digest)
			return ST_CARD_CHANGED;
	}
	c->verify_list = false;
	return ST_OK;
}

/* What knows no such command, on a channel that was not just selected, may be a card that lost its
 * power, and with it our applet's selection: it was, if the command is known after the next SELECT,
 * which opens a lost channel by itself on some cards. If it is not, this applet just lacks it.
 * Other refusals come over a channel that lives, so that the card was not reset. */
static void note_deaf(struct card *c, status st, enum reaction reaction)
{
	bool knows_not = st == ST_SW_INS || st == ST_SW_CLASS || st == ST_UNSUPPORTED;

	if (c->deaf && !knows_not)
		card_was_reset(c);
	c->deaf = knows_not && reaction == SELECT_AGAIN;
}

enum { SLEEP_NS = 1000000000 };

/* A machine that slept may wake up with a SIM that was reset or exchanged, and the link tells
 * nothing of it. What is left of our channel then shows at a command that changes nothing. */
static status prove_after_sleep(struct card *c, deadline dl)
{
	int64_t now = asleep_ns();

	if (now - c->asleep > SLEEP_NS)
		TRY(applet_prove(c, dl));
	c->asleep = now;
	return ST_OK;
}

static status run_entered(struct card *c, card_op_fn fn, void *arg, deadline dl,
			  enum reaction *ret_reaction)
{
	uint64_t before = c->stats.apdus;
	status st = channel_ensure(c, dl);

	if (st == ST_OK)
		st = prove_after_sleep(c, dl);
	if (st == ST_OK)
		st = prove_by_list(c, dl);
	if (st == ST_OK)
		st = fn(c, arg, dl);
	if (st == ST_OK && (c->fresh || c->stats.apdus != before))
		c->vouched = true;
	c->administered = c->administered || st == ST_SW_LOCKED || st == ST_SW_SESSIONS;
	*ret_reaction = st == ST_OK ? GIVE_UP : react(c, st);
	note_deaf(c, st, *ret_reaction);
	if (*ret_reaction == SELECT_AGAIN)
		channel_doubt(c, st, dl);
	channel_leave(c, dl);
	return st;
}

/* Is it a sign that the card may have been without power? An answer that came late or crossed is
 * none: after a reset the channel is gone, and that shows at its next use. */
static bool power_in_doubt(status st)
{
	return st == ST_CHANNEL_LOST || st == ST_CARD_GONE || st == ST_NO_CARD ||
	       st == ST_NO_DEVICE || st == ST_NO_SERVICE || st == ST_SIM_PIN || st == ST_IO ||
	       st == ST_PIN_UNSURE;
}

status card_look(struct card *c, deadline dl)
{
	status st = transport_look(c->t, dl);

	if (power_in_doubt(st))
		card_power_moves(c);
	return st;
}

static status run_once(struct card *c, card_op_fn fn, void *arg, deadline dl,
		       enum reaction *ret_reaction)
{
	status st = transport_enter(c->t, dl);

	if (st == ST_OK && c->generation != c->t->generation) {
		c->generation = c->t->generation;
		card_was_reset(c);
	}
	if (st == ST_OK) {
		st = run_entered(c, fn, arg, dl, ret_reaction);
		transport_leave(c->t);
	} else {
		*ret_reaction = st == ST_CARD_BUSY ? WAIT_AND_RUN : GIVE_UP;
	}
	if (power_in_doubt(st))
		card_power_moves(c);
	return st;
}

/* Runs and waits are bounded besides the deadline: a card that answers nonsense is not asked for
 * ever, and the device is free for others while we wait. */
enum { RUNS_MAX = 3, WAITS_MAX = 6 };

static status run(struct card *c, card_op_fn fn, void *arg, deadline dl)
{
	enum reaction reaction = GIVE_UP;
	int runs = 0, waits = 0;
	int64_t pause_ms = 50;
	status st;

	c->pin_sent = c->administered = false;
	for (;;) {
		st = run_once(c, fn, arg, dl, &reaction);
		if (st == ST_CARD_CHANGED) {
			/* what only the lock file told us of a SIM was never shown to anybody: meet
			 * the one that is there, unless only one may be */
			bool known = c->vouched || c->conf->expected_iccid[0];

			card_forget_identity(c);
			if (known || c->pin_sent || ++runs >= RUNS_MAX || deadline_passed(dl))
				return st;
			continue;
		}
		if (reaction == WAIT_AND_RUN) {
			if (++waits > WAITS_MAX)
				return st;
			deadline_sleep(dl, pause_ms);
			pause_ms *= 2;
		} else if (reaction == GIVE_UP || ++runs >= RUNS_MAX) {
			return st;
		}
		if (deadline_passed(dl))
			return st;
		c->stats.recoveries++;
	}
}

/* What was held by remote administration, and is free again, was perhaps changed by it. */
status card_run(struct card *c, card_op_fn fn, void *arg, deadline dl)
{
	status st = run(c, fn, arg, dl);

	if (st == ST_OK && c->administered)
		card_list_stale(c);
	return st;
}

/* --- identity --- */

static status op_nothing(struct card *c, void *arg, deadline dl)
{
	(void)c;
	(void)arg;
	(void)dl;
	return ST_OK;
}

status card_identify(struct card *c, struct card_info *ret_info, deadline dl)
{
	struct card_info info = {0};
	const struct catalog *unused;
	status st;

	TRY(card_run(c, op_nothing, NULL, dl));
	if (!c->vouched) {
		/* taken over from the lock file: the list, which all need, shows that it still
		 * holds */
		st = card_catalog(c, &unused, dl);
		if (st != ST_OK && st != ST_MALFORMED && !card_refused(st))
			return st;
	}
	memcpy(info.iccid, c->iccid, sizeof(info.iccid));
	memcpy(info.aid, c->aid, c->aid_len);
	info.aid_len = c->aid_len;
	info.channel.device_owned = channel_is_device_owned(&c->channel);
	info.channel.resumed = c->resumed;
	if (info.channel.device_owned)
		snprintf(info.channel.text, sizeof(info.channel.text), "%s", c->channel.handle);
	else
		snprintf(info.channel.text, sizeof(info.channel.text), "%u", c->channel.number);
	snprintf(info.device, sizeof(info.device), "%s", c->t->name);
	snprintf(info.description, sizeof(info.description), "%s", c->t->description);
	info.cla_base = c->cla_base;
	*ret_info = info;
	return ST_OK;
}

/* --- catalog --- */

static const struct {
	enum container_kind kind;
	bool certificate;
} kinds[] = {
	[SETTINGS_PRIVATE_KEY] = {CONTAINER_PRIVATE_KEY, false},
	[SETTINGS_PUBLIC_KEY] = {CONTAINER_PUBLIC_KEY, false},
	[SETTINGS_CERTIFICATE] = {CONTAINER_FILE, true},
	[SETTINGS_DATA] = {CONTAINER_FILE, false},
	[SETTINGS_SECRET_KEY] = {CONTAINER_SECRET_KEY, false},
};

static const enum container_key_type key_types[] = {
	[SETTINGS_KEY_NONE] = KEY_UNKNOWN,
	[SETTINGS_KEY_P256] = KEY_P256,
	[SETTINGS_KEY_P384] = KEY_P384,
	[SETTINGS_KEY_BRAINPOOL_P256R1] = KEY_BRAINPOOL_P256R1,
	[SETTINGS_KEY_RSA2048] = KEY_RSA2048,
};

/* The container of that kind and ID in the catalog, or a new one at its end; NULL when it is full.
 */
static struct container *find_or_add(struct catalog *cat, enum container_kind kind, struct bytes id)
{
	struct container *ct;

	for (size_t i = 0; i < cat->count; i++)
		if (cat->item[i].kind == kind && bytes_equal(container_id(&cat->item[i]), id))
			return &cat->item[i];
	if (cat->count == CONTAINERS_MAX)
		return NULL;
	ct = &cat->item[cat->count++];
	*ct = (struct container){.kind = kind,
				 .activated = true,
				 .access = 0xFF,
				 .functions = 0xFF,
				 .sig_algs = 0xFF};
	memcpy(ct->id, id.p, id.n);
	ct->id_len = id.n;
	return ct;
}

/* The configuration's containers: named where the card has them, added where it does not list. */
static void merge_settings(const struct card *c, struct catalog *cat)
{
	for (size_t i = 0; i < c->all->container_count; i++) {
		const struct settings_container *sc = &c->all->container[i];
		const char *label = sc->label[0] ? sc->label : sc->name;
		struct container *ct;
		size_t n = strlen(label);

		if (strcmp(sc->slot, c->conf->name) != 0)
			continue;
		ct = find_or_add(cat, kinds[sc->kind].kind, bytes_of(sc->id, sc->id_len));
		if (!ct)
			return;
		if (n > CONTAINER_LABEL_MAX)
			n = CONTAINER_LABEL_MAX;
		memcpy(ct->label, label, n);
		ct->label_len = n;
		if (sc->key_type != SETTINGS_KEY_NONE)
			ct->key_type = key_types[sc->key_type];
		ct->is_certificate = ct->is_certificate || kinds[sc->kind].certificate;
	}
}

struct list_op {
	struct catalog *cat;
	uint64_t digest;
};

/* A card without GET DATA (§10.1: none of four host libraries uses it) is served from the
 * configuration; an empty list is a list. GET RANDOM tells it from an applet that is not selected
 * any more (§17.2): then it is selected again. */
static status op_list(struct card *c, void *arg, deadline dl)
{
	struct list_op *op = arg;
	status st = applet_list(c, op->cat, &op->digest, dl);

	if (c->fresh && (st == ST_SW_INS || st == ST_SW_CLASS || st == ST_SW_PARAMS ||
			 st == ST_SW_NOT_FOUND || st == ST_SW_CONDITIONS)) {
		status answers = exec_call(c, &CALL(CMD_GET_RANDOM, .le = 1), NULL, NULL, dl);

		if (answers != ST_OK) {
			c->fresh = false;
			return card_refused(answers) ? st : answers;
		}
		log_info("slot %s: the card has no object list; using the configuration",
			 c->conf->name);
		op->cat->count = 0;
		op->digest = 0;
		return ST_OK;
	}
	return st;
}

status card_catalog(struct card *c, const struct catalog **ret_cat, deadline dl)
{
	struct catalog *cat ON_EXIT(mem_free_ptr) = NULL;
	struct list_op op = {0};

	if (!c->catalog || c->list_stale) {
		cat = calloc(1, sizeof(*cat));
		if (!cat)
			return ST_NOMEM;
		op.cat = cat;
		TRY(card_run(c, op_list, &op, dl));
		merge_settings(c, cat);
		free(c->catalog);
		c->catalog = cat;
		c->list_stale = false;
		c->list_digest = op.digest;
		cat = NULL;
	}
	*ret_cat = c->catalog;
	return ST_OK;
}
