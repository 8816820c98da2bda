/* SPDX-License-Identifier: Apache-2.0 */
#include "slot.h"

#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "discover.h"
#include "lib.h"
#include "login.h"
#include "log.h"
#include "mem.h"
#include "slot_group.h"
#include "token.h"

enum {
	/* while somebody waits for events: a device is asked, patience with all of them, when one
	 * that did not answer is asked again; and how often new slots are looked for */
	ASK_EVERY_MS = 2000,
	ASK_MS = 1000,
	ASK_LATER_MS = 10000,
	DISCOVER_EVERY_MS = 1000,
};

static struct {
	pthread_mutex_t lock; /* of the set; inside gate, outside every other lock */
	_Atomic(struct slot *) slot[SLOT_TABLE_MAX];
	_Atomic unsigned count;
	_Atomic bool evaluated;
	deadline again_at; /* for slot_event */
	struct settings_slot found[SLOTS_MAX];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

void slot_lock(struct slot *s)
{
	pthread_mutex_lock(&s->lock);
	slot_group_begin(s);
}

void slot_unlock(struct slot *s)
{
	pthread_mutex_unlock(&s->lock);
}

static struct slot *at(unsigned i)
{
	return atomic_load(&table.slot[i]);
}

static struct slot *by_id(CK_SLOT_ID id)
{
	unsigned n = atomic_load(&table.count);

	for (unsigned i = 0; i < n; i++)
		if (at(i)->id == id)
			return at(i);
	return NULL;
}

static bool same_uri(const struct slot *s, const struct settings_slot *conf)
{
	return strcmp(s->conf.uri_text, conf->uri_text) == 0;
}

static bool same_slot(const struct slot *s, const struct settings_slot *conf)
{
	return same_uri(s, conf) && strcmp(s->conf.name, conf->name) == 0;
}

/* Is another of the devices found the one that the slot was made for? */
static bool is_claimed(const struct slot *s, size_t found_count)
{
	for (size_t i = 0; i < found_count; i++)
		if (same_slot(s, &table.found[i]))
			return true;
	return false;
}

/* The configuration may name one device twice, so name and URI count. But readers are named in the
 * order in which they are found, so that a name may have moved on: then the URI alone. */
static struct slot *by_device(const struct settings_slot *conf, size_t found_count)
{
	unsigned n = atomic_load(&table.count);

	for (unsigned i = 0; i < n; i++)
		if (same_slot(at(i), conf))
			return at(i);
	for (unsigned i = 0; i < n; i++)
		if (same_uri(at(i), conf) && !is_claimed(at(i), found_count))
			return at(i);
	return NULL;
}

/* An id that the configuration gives to somebody is not free. */
static bool id_is_free(CK_SLOT_ID id, size_t found_count)
{
	for (size_t i = 0; i < found_count; i++)
		if (table.found[i].id >= 0 && (CK_SLOT_ID)table.found[i].id == id)
			return false;
	return by_id(id) == NULL;
}

static CK_SLOT_ID choose_id(const struct settings_slot *conf, size_t found_count)
{
	CK_SLOT_ID id = 0;

	if (conf->id >= 0 && by_id((CK_SLOT_ID)conf->id) == NULL)
		return (CK_SLOT_ID)conf->id;
	while (!id_is_free(id, found_count))
		id++;
	return id;
}

static struct slot *make(const struct settings_slot *conf)
{
	struct slot *s = calloc(1, sizeof(*s));

	if (s == NULL || conf->member_count == 0)
		return s;
	s->group = slot_group_new(conf);
	if (s->group != NULL)
		return s;
	free(s);
	return NULL;
}

static void add(const struct settings_slot *conf, size_t found_count)
{
	unsigned n = atomic_load(&table.count);
	struct slot *s = n < SLOT_TABLE_MAX ? make(conf) : NULL;

	if (s == NULL) {
		log_error("slot %s: no room for it", conf->name);
		return;
	}
	pthread_mutex_init(&s->lock, NULL);
	made_init(&s->made);
	s->id = choose_id(conf, found_count);
	s->index = n;
	s->conf = *conf;
	s->listed = true;
	s->late = table.evaluated;
	s->seen = true; /* until somebody looked: a session must open */
	s->generation = 1;
	atomic_store(&table.slot[n], s);
	atomic_store(&table.count, n + 1);
}

static bool is_found(const struct slot *s, size_t found_count)
{
	for (size_t i = 0; i < found_count; i++)
		if (by_device(&table.found[i], found_count) == s)
			return true;
	return false;
}

/* table.lock held. Other threads look on: a slot that stays is listed all the time. */
static void evaluate(void)
{
	size_t found = 0;
	status st = discover_slots(lib_settings(), table.found, ARRAY_LEN(table.found), &found);

	if (st != ST_OK) {
		log_info("slots: %s", status_text(st));
		found = 0;
	}
	for (size_t i = 0; i < found; i++)
		if (by_device(&table.found[i], found) == NULL)
			add(&table.found[i], found);
	for (unsigned i = 0; i < atomic_load(&table.count); i++)
		at(i)->listed = is_found(at(i), found);
	table.evaluated = true;
}

/* Who wants no news does not wait for those that somebody else is looking for. */
static void find_out(bool again)
{
	if (!again && table.evaluated)
		return;
	pthread_mutex_lock(&table.lock);
	if (again || !table.evaluated)
		evaluate();
	pthread_mutex_unlock(&table.lock);
}

struct slot *slot_find(CK_SLOT_ID id)
{
	find_out(false);
	return by_id(id);
}

static bool is_there(struct slot *s)
{
	struct card *card = NULL;

	return slot_card(s, &card) == ST_OK && card_present(card);
}

/* Programs do not say why they show no token. */
static void tell(struct slot *s, bool there)
{
	if (there && s->looked && !s->seen)
		log_info("slot %s: a SIM may be there now", slot_conf(s)->name);
	if (!there && (!s->looked || s->seen))
		complain_nothing(s);
}

/* Locked. */
static bool look(struct slot *s)
{
	bool there = s->group != NULL ? slot_group_present(s) : is_there(s);
	tell(s, there);
	uint64_t changes =
		s->card != NULL && card_present(s->card) ? card_changes(s->card) : s->changes;
	/* what is so at the first look is no event */
	bool news = atomic_exchange(&s->looked, true)
			    ? s->seen != there || (there && s->changes != changes)
			    : s->late && there;

	if (news)
		s->event = true;
	s->changes = changes;
	s->seen = there;
	return there;
}

/* Locked. Before the look of somebody who waits for events. */
static void ask(struct slot *s, deadline dl)
{
	struct card *card = NULL;

	if (!deadline_passed(s->ask_at) || deadline_passed(dl) || slot_card(s, &card) != ST_OK)
		return;
	status st = s->group != NULL ? slot_group_look(s, dl) : card_look(card, dl);
	if (st != ST_CARD_BUSY) /* or else at the next look */
		s->ask_at = deadline_in_ms(st == ST_TIMEOUT ? ASK_LATER_MS : ASK_EVERY_MS);
}

bool slot_present(struct slot *s)
{
	if (!s->listed)
		return false;
	if (pthread_mutex_trylock(&s->lock) != 0)
		return s->seen;
	bool there = look(s);
	slot_unlock(s);
	return there;
}

static void watch(struct slot *s, deadline dl)
{
	if (!s->listed && atomic_exchange(&s->seen, false) && s->looked)
		s->event = true; /* went with its reader */
	if (!s->listed || pthread_mutex_trylock(&s->lock) != 0)
		return; /* at work */
	ask(s, dl);
	(void)look(s);
	slot_unlock(s);
}

/* Those who wait are told of readers and modems that come, too. */
static void find_new(void)
{
	pthread_mutex_lock(&table.lock);
	if (!table.evaluated || deadline_passed(table.again_at)) {
		evaluate();
		table.again_at = deadline_in_ms(DISCOVER_EVERY_MS);
	}
	pthread_mutex_unlock(&table.lock);
}

bool slot_event(CK_SLOT_ID *ret_id)
{
	find_new();
	/* of all together: C_Finalize waits for it, and who finds no time is asked the next time */
	deadline dl = deadline_in_ms(ASK_MS);
	for (unsigned i = 0; i < atomic_load(&table.count); i++) {
		struct slot *s = at(i);
		watch(s, dl);
		if (!atomic_exchange(&s->event, false))
			continue;
		*ret_id = s->id;
		return true;
	}
	return false;
}

static bool listed_as_present(struct slot *s)
{
	return deadline_passed(s->unknown_until) && deadline_passed(s->ill_until) &&
	       slot_present(s);
}

status slot_list(bool present_only, CK_SLOT_ID *list, CK_ULONG *count)
{
	CK_SLOT_ID id[SLOT_TABLE_MAX];
	CK_ULONG n = 0;

	if (count == NULL)
		return ST_ARG;
	find_out(list == NULL);
	for (unsigned i = 0; i < atomic_load(&table.count); i++) {
		struct slot *s = at(i);
		if (!s->listed)
			continue;
		if (present_only && !listed_as_present(s))
			continue;
		id[n++] = s->id;
	}
	CK_ULONG room = *count;
	*count = n;
	if (list == NULL)
		return ST_OK;
	if (room < n)
		return ST_SHORT_OUT;
	memcpy(list, id, n * sizeof(id[0]));
	return ST_OK;
}

status slot_card(struct slot *s, struct card **ret_card)
{
	if (s->card == NULL)
		TRY(card_new(lib_settings(), slot_conf(s), &s->card));
	*ret_card = s->card;
	return ST_OK;
}

const struct settings_slot *slot_conf(const struct slot *s)
{
	return s->group != NULL ? slot_group_conf(s) : &s->conf;
}

deadline slot_deadline(const struct slot *s)
{
	deadline dl = deadline_in_ms(lib_settings()->timeout_ms);

	return s->group != NULL ? slot_group_deadline(s, dl) : dl;
}

status slot_outcome(struct slot *s, status st)
{
	if (st == ST_DENIED_DEVICE) /* such as in a worker with another user than its parent */
		complain_absent(s, st);
	if (st != ST_CARD_CHANGED)
		return st;
	log_info("slot %s: another SIM", s->conf.name);
	if (!s->stranger)
		s->event = true;
	atomic_fetch_add(&s->generation, 1);
	login_new_card(s);
	made_drop_all(s);
	s->info_until = 0;
	token_free(s->token);
	s->token = NULL;
	return st;
}

static status identify(struct slot *s)
{
	struct card *card = NULL;

	TRY(slot_card(s, &card));
	if (!look(s) || (s->group != NULL && !card_present(card)))
		return ST_NO_CARD;
	status st = slot_outcome(s, card_identify(card, &s->info, slot_deadline(s)));
	if (st == ST_CARD_CHANGED) /* afresh, with the SIM that is there now */
		st = slot_outcome(s, card_identify(card, &s->info, slot_deadline(s)));
	return st;
}

/* The device is there, what answers is not ours. */
static bool means_unknown(status st)
{
	return st == ST_NO_APPLET || st == ST_SIM_PIN || st == ST_CARD_CHANGED || st == ST_CONFIG;
}

static bool still_there(struct slot *s)
{
	struct card *card = NULL;

	return !deadline_passed(s->info_until) && slot_card(s, &card) == ST_OK &&
	       card_present(card);
}

static status blame(struct slot *s, status st)
{
	deadline until = deadline_in_ms(lib_settings()->timeout_ms);

	complain_absent(s, st);
	if (means_unknown(st)) {
		s->stranger = s->stranger || st == ST_CARD_CHANGED;
		s->unknown_until = until;
		return ST_TOKEN_UNKNOWN;
	}
	if (st == ST_TIMEOUT)
		s->ill_until = until;
	return ST_TOKEN_ABSENT;
}

static void welcome(struct slot *s)
{
	s->info_until = deadline_in_ms(SLOT_INFO_GOOD_MS);
	s->unknown_until = 0;
	if (s->stranger)
		s->event = true;
	s->stranger = false;
}

status slot_identify(struct slot *s, struct card_info *ret_info)
{
	if (!deadline_passed(s->ill_until))
		return ST_TOKEN_ABSENT;
	while (!still_there(s)) {
		s->info_until = 0;
		status st = identify(s);
		if (st != ST_OK && slot_group_next(s, st))
			continue;
		if (st != ST_OK)
			return blame(s, st);
		welcome(s);
		break;
	}
	*ret_info = s->info;
	return ST_OK;
}

/* Out of the table first: a child forked meanwhile must not find what is being freed. */
static void drop(bool forked, bool in_flux)
{
	for (unsigned i = 0; i < atomic_load(&table.count); i++) {
		struct slot *s = atomic_exchange(&table.slot[i], NULL);
		if (s == NULL)
			continue;
		if (forked)
			card_forget(s->card);
		else
			card_free(s->card);
		slot_group_free(s->group, forked, in_flux);
		made_free(&s->made, in_flux);
		if (in_flux)
			continue;
		pthread_mutex_destroy(&s->made.lock);
		token_free(s->token);
		pthread_mutex_destroy(&s->lock);
		free(s);
	}
	atomic_store(&table.count, 0);
	table.evaluated = false;
	table.again_at = 0;
}

void slot_free_all(void)
{
	drop(false, false);
}

void slot_forget_all(bool in_flux)
{
	pthread_mutex_init(&table.lock, NULL);
	drop(true, in_flux);
}
