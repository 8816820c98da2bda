/* SPDX-License-Identifier: Apache-2.0 */
/* Which SIM a program means, and whether it answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover.h"
#include "sim.h"

enum { CANDIDATES_MAX = SLOTS_MAX * GROUP_MEMBERS_MAX };

/* The devices to try, in their order. */
struct candidates {
	struct settings_slot slot[SLOTS_MAX]; /* as discovered */
	size_t slot_count;
	const struct settings_slot *one[CANDIDATES_MAX];
	size_t count;
};

/* --- what the caller names --- */

static void keep_slot(struct settings *s, const struct settings_slot *slot)
{
	struct settings_slot kept = *slot;

	s->slot[0] = kept;
	s->slot_count = 1;
	s->group_count = 0;
}

static bool keep_named(struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->slot_count; i++) {
		if (strcmp(s->slot[i].name, name) != 0)
			continue;
		keep_slot(s, &s->slot[i]);
		return true;
	}
	return false;
}

static bool keep_uri(struct settings *s, const char *uri)
{
	for (size_t i = 0; i < s->slot_count; i++) {
		if (strcmp(s->slot[i].uri_text, uri) != 0)
			continue;
		keep_slot(s, &s->slot[i]);
		return true;
	}
	return false;
}

static status make_slot(struct settings *s, const char *uri)
{
	struct settings_slot slot = {.id = -1, .cla_base = -1};
	const char *expected = strlen(uri) < URI_MAX ? uri_expected(uri) : "a shorter one";

	if (expected != NULL || uri_parse(uri, &slot.uri) != ST_OK) {
		error_why("%.100s: expected %s", uri, expected ? expected : "a URI");
		return ST_ARG;
	}
	snprintf(slot.name, sizeof(slot.name), "uri");
	snprintf(slot.uri_text, sizeof(slot.uri_text), "%s", uri);
	keep_slot(s, &slot);
	s->container_count = 0; /* those are of configured slots */
	return ST_OK;
}

/* Leaves only what is meant in the settings; *ret_name is what to look for among what is found. */
static status narrow(struct settings *s, const char *where, const char **ret_name)
{
	*ret_name = NULL;
	if (where == NULL || keep_named(s, where) || keep_uri(s, where))
		return ST_OK;
	if (strchr(where, ':') != NULL)
		return make_slot(s, where);
	*ret_name = where;
	return ST_OK;
}

/* --- what there is --- */

/* Of a group its members: the device is in those. */
static void add(struct candidates *c, const struct settings *s, const struct settings_slot *slot)
{
	if (slot->member_count == 0)
		c->one[c->count++] = slot;
	for (size_t i = 0; i < slot->member_count; i++)
		c->one[c->count++] = &s->slot[slot->member[i]];
}

static status find(struct settings *s, const char *where, struct candidates *c)
{
	const char *name = NULL;

	TRY(narrow(s, where, &name));
	TRY(discover_slots(s, c->slot, SLOTS_MAX, &c->slot_count));
	for (size_t i = 0; i < c->slot_count; i++)
		if (name == NULL || strcmp(c->slot[i].name, name) == 0)
			add(c, s, &c->slot[i]);
	if (c->count != 0)
		return ST_OK;
	if (name != NULL) {
		error_why("%.100s: neither a slot of that name nor a URI", name);
		return ST_NO_SLOT;
	}
	error_why("no reader, modem or port was found: \"iotsafe doctor\" tells what was looked "
		  "for");
	return ST_NO_DEVICE;
}

/* --- does it answer? --- */

static status meet(struct iotsafe *sim, const struct settings_slot *slot, bool only, deadline dl)
{
	struct card_info info;
	struct card *card = NULL;

	sim->slot = *slot;
	status st = card_new(&sim->settings, &sim->slot, &card);
	if (st == ST_OK && !only && !card_present(card))
		st = ST_NO_CARD;
	else if (st == ST_OK)
		st = card_identify(card, &info, dl);
	if (st == ST_OK) {
		sim->card = card;
		return ST_OK;
	}
	error_why("%s: %s", slot->uri_text, status_text(st));
	card_free(card);
	return st;
}

/* Each of those that are left has the same part of the time that is left. */
static deadline share(deadline dl, size_t left)
{
	return left > 1 ? deadline_sooner(dl, deadline_poll_ms(dl) / (int64_t)left) : dl;
}

static bool is_absence(status st)
{
	return st == ST_NO_CARD || st == ST_NO_DEVICE || st == ST_NO_SERVICE;
}

/* What is only not there says less than what refused. */
static status meet_first(struct iotsafe *sim, const struct candidates *c, deadline dl)
{
	char why[SETTINGS_ERROR_MAX] = "";
	status first = ST_NO_DEVICE;

	for (size_t i = 0; i < c->count; i++) {
		status st = meet(sim, c->one[i], c->count == 1, share(dl, c->count - i));
		if (st == ST_OK)
			return ST_OK;
		if (why[0] != '\0' && (is_absence(st) || !is_absence(first)))
			continue;
		first = st;
		snprintf(why, sizeof(why), "%s", iotsafe_why());
	}
	error_why("%s", why);
	return first;
}

static status read_settings(struct iotsafe *sim, int timeout_ms)
{
	char err[SETTINGS_ERROR_MAX] = "";
	status st = settings_load(settings_path(), &sim->settings, err);

	if (st != ST_OK) {
		error_why("%s", err[0] != '\0' ? err : status_text(st));
		return st;
	}
	log_set(sim->settings.log, sim->settings.log_target);
	log_set_from_env();
	sim->timeout_ms = timeout_ms > 0 ? timeout_ms : sim->settings.timeout_ms;
	return ST_OK;
}

static status open_sim(struct iotsafe *sim, const char *where, int timeout_ms)
{
	struct candidates *c ON_EXIT(mem_free_ptr) = calloc(1, sizeof(*c));

	if (c == NULL)
		return ST_NOMEM;
	TRY(read_settings(sim, timeout_ms));
	TRY(find(&sim->settings, where, c));
	return meet_first(sim, c, deadline_in_ms(sim->timeout_ms));
}

enum iotsafe_error iotsafe_open(const char *where, int timeout_ms, struct iotsafe **ret_sim)
{
	struct iotsafe *sim = NULL;

	error_why("%s", "");
	if (ret_sim == NULL || timeout_ms < 0) {
		error_why("%s", ret_sim == NULL ? "ret_sim is NULL" : "timeout_ms is negative");
		return IOTSAFE_E_ARG;
	}
	sim = calloc(1, sizeof(*sim));
	if (sim == NULL || sim_init(sim) != ST_OK) {
		free(sim);
		return IOTSAFE_E_MEMORY;
	}
	sim->process = getpid();
	sim->owner = sim_new_owner();
	status st = open_sim(sim, where, timeout_ms);
	if (st != ST_OK) {
		iotsafe_close(sim);
		return error_of(st);
	}
	*ret_sim = sim;
	return IOTSAFE_OK;
}

void iotsafe_close(struct iotsafe *sim)
{
	if (sim == NULL)
		return;
	if (sim->process == getpid()) {
		card_free(sim->card);
		sim_destroy(sim);
	} else {
		card_forget(sim->card);
	}
	sim_drop_catalog(sim);
	free(sim);
}

static status identify(struct visit *v, struct iotsafe_info *ret)
{
	struct card_info info;
	struct wtr w = wtr_on(ret->device, sizeof(ret->device) - 1); /* cut, and NUL-ended */

	TRY(card_identify(v->card, &info, v->dl));
	*ret = (struct iotsafe_info){.aid_n = info.aid_len};
	memcpy(ret->aid, info.aid, info.aid_len);
	snprintf(ret->iccid, sizeof(ret->iccid), "%s", info.iccid);
	snprintf(ret->slot, sizeof(ret->slot), "%s", v->sim->slot.name);
	snprintf(ret->uri, sizeof(ret->uri), "%s", v->sim->slot.uri_text);
	wtr_printf(&w, "%s%s%s", info.device, info.description[0] ? ", " : "", info.description);
	return ST_OK;
}

enum iotsafe_error iotsafe_identify(struct iotsafe *sim, struct iotsafe_info *ret_info)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	status st = ret_info != NULL ? sim_enter(sim, &v) : ST_ARG;

	if (st == ST_OK)
		st = identify(&v, ret_info);
	return sim_answer(&v, st);
}
