/* SPDX-License-Identifier: Apache-2.0 */
/* [group NAME]: its keys, and what is wrong with it as a whole. */
#include <stdio.h>
#include <string.h>

#include "settings_keys.h"

static status group_id(void *p, const char *v)
{
	return settings_set_id(v, &((struct settings_group *)p)->id);
}

static status group_label(void *p, const char *v)
{
	struct settings_group *g = p;

	return settings_set_label(v, g->label, sizeof(g->label));
}

static status group_retry(void *p, const char *v)
{
	return settings_set_seconds(v, 3600, &((struct settings_group *)p)->retry_ms);
}

static status add_member(struct settings_group *g, const char *name, size_t n)
{
	while (n > 0 && strchr(" \t", name[n - 1]))
		n--;
	if (n == 0 || n >= NAME_MAX_LEN || g->member_count == GROUP_MEMBERS_MAX)
		return ST_ARG;
	memcpy(g->member_name[g->member_count], name, n);
	g->member_name[g->member_count++][n] = '\0';
	return ST_OK;
}

/* A slot's name may hold blanks, so that only commas part them. */
static status group_members(void *p, const char *v)
{
	struct settings_group *g = p;

	memset(g->member_name, 0, sizeof(g->member_name));
	g->member_count = 0;
	for (;;) {
		size_t n;

		v += strspn(v, " \t");
		n = strcspn(v, ",");
		TRY(add_member(g, v, n));
		if (v[n] == '\0')
			return ST_OK;
		v += n + 1;
	}
}

const struct settings_key settings_group_keys[] = {
	{"id", group_id, "a number from 0 to 9999"},
	{"label", group_label, "1 to 32 characters without a colon"},
	{"members", group_members, "1 to 8 names of [slot NAME] sections, separated by commas"},
	{"retry", group_retry, "seconds from 1 to 3600"},
	{NULL, NULL, NULL},
};

static const struct settings_slot *find_slot(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->slot_count; i++)
		if (strcmp(s->slot[i].name, name) == 0)
			return &s->slot[i];
	return NULL;
}

/* In this group so far, or in one before it. */
static bool is_taken(const struct settings *s, size_t i, size_t members, size_t place)
{
	for (size_t k = 0; k < i; k++)
		for (size_t m = 0; m < s->group[k].member_count; m++)
			if (s->group[k].member[m] == place)
				return true;
	for (size_t m = 0; m < members; m++)
		if (s->group[i].member[m] == place)
			return true;
	return false;
}

static bool is_every_reader(const struct settings_slot *slot)
{
	return strcmp(slot->uri.scheme, "pcsc") == 0 && uri_param(&slot->uri, "reader") == NULL;
}

static const char *find_member(struct settings *s, size_t i, size_t m)
{
	struct settings_group *g = &s->group[i];
	const struct settings_slot *slot = find_slot(s, g->member_name[m]);

	if (!slot)
		return "a member of this [group] is not there: expected members = names of [slot "
		       "NAME] sections";
	if (is_taken(s, i, m, (size_t)(slot - s->slot)))
		return "a member of this [group] is named twice: expected each slot once, in one "
		       "group";
	if (is_every_reader(slot))
		return "a member of this [group] is every card reader, which may be none or many: "
		       "expected uri = pcsc:?reader=NAME in its [slot]";
	g->member[m] = (unsigned char)(slot - s->slot);
	return NULL;
}

static const char *check_name(const struct settings *s, size_t i)
{
	const struct settings_group *g = &s->group[i];

	if (find_slot(s, g->name))
		return "a [slot] has this group's name: expected a name of its own";
	for (size_t k = 0; k < i; k++) {
		if (strcmp(g->name, s->group[k].name) == 0)
			return "another [group] has this name: expected a name of its own";
		if (g->id >= 0 && g->id == s->group[k].id)
			return "another [group] has this id: expected an id of its own";
	}
	for (size_t k = 0; k < s->slot_count; k++)
		if (g->id >= 0 && g->id == s->slot[k].id)
			return "a [slot] has this group's id: expected an id of its own";
	return NULL;
}

const char *settings_check_group(struct settings *s, size_t i)
{
	const char *wrong = check_name(s, i);

	if (!wrong && s->group[i].member_count == 0)
		wrong = "this [group] has no members: expected members = names of [slot NAME] "
			"sections";
	for (size_t m = 0; m < s->group[i].member_count && !wrong; m++)
		wrong = find_member(s, i, m);
	return wrong;
}

bool settings_is_member(const struct settings *s, size_t place)
{
	for (size_t i = 0; i < s->group_count; i++)
		for (size_t m = 0; m < s->group[i].member_count; m++)
			if (s->group[i].member[m] == place)
				return true;
	return false;
}

void settings_group_slot(const struct settings_group *g, struct settings_slot *ret_slot)
{
	struct settings_slot slot = {.id = g->id,
				     .cla_base = -1,
				     .member_count = g->member_count,
				     .retry_ms = g->retry_ms};

	snprintf(slot.name, sizeof(slot.name), "%s", g->name);
	snprintf(slot.uri_text, sizeof(slot.uri_text), "group:%s", g->name);
	snprintf(slot.label, sizeof(slot.label), "%s", g->label);
	memcpy(slot.member, g->member, sizeof(slot.member));
	*ret_slot = slot;
}
