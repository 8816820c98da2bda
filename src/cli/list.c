/* SPDX-License-Identifier: Apache-2.0 */
/* iotsafe list: what programs see through the module, then the SIM's own containers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "cli.h"
#include "discover.h"
#include "hex.h"
#include "mem.h"
#include "module.h"
#include "plan.h"
#include "list_show.h"
#include "progress.h"
#include "text.h"
#include "tint.h"

static void free_card(struct card **c)
{
	card_free(*c);
}

static status read_card(const struct plan *p, const struct settings_slot *slot, struct card_view *v)
{
	struct card *card ON_EXIT(free_card) = NULL;
	const struct catalog *cat;
	deadline dl = deadline_in_ms(p->settings.timeout_ms);

	TRY(card_new(&p->settings, slot, &card));
	TRY(card_identify(card, &v->info, dl));
	TRY(card_catalog(card, &cat, dl));
	v->catalog = *cat;
	return ST_OK;
}

/* --- for programs --- */

static void json_object_view(struct json *j, const struct object_view *o)
{
	json_open_object(j, NULL);
	json_string(j, "class", o->kind);
	json_string(j, "label", o->label);
	json_string(j, "id", o->id);
	json_string(j, "detail", o->detail);
	json_string(j, "uses", o->uses);
	if (strcmp(o->kind, "certificate") == 0)
		json_bool(j, "expired", o->expired);
	if (o->is_secret) {
		json_bool(j, "sensitive", o->sensitive);
		json_bool(j, "extractable", o->extractable);
		json_string(j, "value", o->value_refused ? "refused" : "readable");
	}
	json_string(j, "uri", o->uri);
	json_close_object(j);
}

static void json_members(struct json *j, const struct plan *p, unsigned long slot_id)
{
	const struct settings_slot *g = plan_group(p, slot_id);

	if (!g)
		return;
	json_open_array(j, "members");
	for (size_t i = 0; i < g->member_count; i++)
		json_string(j, NULL, p->settings.slot[g->member[i]].name);
	json_close_array(j);
}

static void json_token(struct json *j, const struct plan *p, const struct token_view *t)
{
	json_open_object(j, NULL);
	json_number(j, "slot", t->slot_id);
	json_string(j, "description", t->slot);
	json_members(j, p, t->slot_id);
	json_bool(j, "token", t->has_token);
	if (!t->has_token) {
		json_string(j, "reason", t->why_not);
		json_close_object(j);
		return;
	}
	json_string(j, "label", t->label);
	json_string(j, "manufacturer", t->manufacturer);
	json_string(j, "model", t->model);
	json_string(j, "serial", t->serial);
	json_bool(j, "login", t->needs_login);
	json_string(j, "uri", t->uri);
	json_open_array(j, "objects");
	for (size_t i = 0; i < t->object_count; i++)
		if (!list_is_profile(&t->object[i]))
			json_object_view(j, &t->object[i]);
	json_close_array(j);
	json_open_array(j, "profiles");
	for (size_t i = 0; i < t->object_count; i++)
		if (list_is_profile(&t->object[i]))
			json_string(j, NULL, t->object[i].detail);
	json_close_array(j);
	json_close_object(j);
}

static void json_container(struct json *j, const struct container *c)
{
	char label[CONTAINER_LABEL_MAX + 1], id[2 * CONTAINER_ID_MAX + 1];

	json_open_object(j, NULL);
	json_string(j, "kind", container_kind_name(c->kind));
	json_string(j, "id", hex_str(container_id(c), id, sizeof(id)));
	json_string(j, "label", text_clean(container_label(c), label, sizeof(label)));
	json_string(j, "type", list_type(c));
	json_string(j, "state", list_state(c));
	json_string(j, "access", list_access(c));
	if (c->size_known)
		json_number(j, "size", c->size);
	json_close_object(j);
}

static void json_card(struct json *j, const struct settings_slot *slot, const struct card_view *v)
{
	char aid[2 * AID_MAX + 1];

	json_open_object(j, NULL);
	json_string(j, "slot", slot->name);
	json_string(j, "uri", slot->uri_text);
	json_string(j, "status", status_name(v->st));
	if (v->st == ST_OK) {
		json_string(j, "iccid", v->info.iccid);
		json_string(j, "aid",
			    hex_str(bytes_of(v->info.aid, v->info.aid_len), aid, sizeof(aid)));
		json_open_array(j, "containers");
		for (size_t i = 0; i < v->catalog.count; i++)
			json_container(j, &v->catalog.item[i]);
		json_close_array(j);
	}
	json_close_object(j);
}

/* --- both --- */

static bool is_wanted(const struct plan *p, const struct options *opt, unsigned long slot_id)
{
	for (size_t i = 0; opt->slot && i < p->slot_count; i++)
		if (p->slot[i].id >= 0 && (unsigned long)p->slot[i].id == slot_id)
			return true;
	return !opt->slot;
}

static void show_tokens(const struct plan *p, const struct options *opt,
			const struct module_view *m, struct json *j)
{
	if (opt->json)
		json_open_array(j, "slots");
	for (size_t i = 0; i < m->token_count; i++) {
		if (!is_wanted(p, opt, m->token[i].slot_id))
			continue;
		if (opt->json)
			json_token(j, p, &m->token[i]);
		else
			list_show_token(p, &m->token[i]);
	}
	if (opt->json)
		json_close_array(j);
}

static void show_card(const struct plan *p, const struct settings_slot *slot,
		      const struct options *opt, struct card_view *v, struct json *j)
{
	*v = (struct card_view){0};
	v->st = read_card(p, slot, v);
	if (opt->json)
		json_card(j, slot, v);
	else
		list_show_card(slot, v);
}

static status show_cards(const struct plan *p, const struct options *opt, struct json *j)
{
	struct card_view *v ON_EXIT(mem_free_ptr) = calloc(1, sizeof(*v));

	if (!v)
		return ST_NOMEM;
	if (opt->json)
		json_open_array(j, "cards");
	for (size_t i = 0; i < p->slot_count; i++)
		if (p->slot[i].member_count == 0)
			show_card(p, &p->slot[i], opt, v, j);
	for (size_t i = 0; i < p->absent_count; i++)
		show_card(p, &p->absent[i], opt, v, j);
	if (opt->json)
		json_close_array(j);
	return ST_OK;
}

/* --- without a configuration: what might have been found --- */

static void print_skipped(void *ctx, const char *device, const char *why, const char *remedy)
{
	(void)ctx;
	printf("%sNot used%s: %s: %s%s%s\n", tint(stdout, TINT_WARN), tint(stdout, TINT_NONE),
	       device, why, remedy ? "\n  -> " : "", remedy ? remedy : "");
}

static void json_skipped(void *ctx, const char *device, const char *why, const char *remedy)
{
	struct json *j = ctx;

	json_open_object(j, NULL);
	json_string(j, "device", device);
	json_string(j, "reason", why);
	json_string(j, "remedy", remedy);
	json_close_object(j);
}

static void show_skipped(const struct plan *p, const struct options *opt, struct json *j)
{
	if (p->settings.slot_count > 0)
		return;
	if (!opt->json) {
		discover_explain(print_skipped, NULL);
		return;
	}
	json_open_array(j, "skipped");
	discover_explain(json_skipped, j);
	json_close_array(j);
}

static int complain(const char *what)
{
	progress_end();
	fprintf(stderr, "iotsafe list: %s\n", what);
	return EXIT_FAILED;
}

int list_run(const struct options *opt)
{
	struct plan *p ON_EXIT(plan_free_ptr) = NULL;
	struct module_view *m ON_EXIT(module_view_free_ptr) = NULL;
	char path[PATH_LEN_MAX], err[MODULE_ERROR_MAX] = "";
	struct json j = json_on(stdout);
	status st;

	if (tint_choose(opt->color) != ST_OK)
		return EXIT_USAGE;
	progress_begin("reading");
	st = plan_make(opt, &p);
	if (st != ST_OK)
		return complain(p ? p->error : status_text(st));
	module_find(opt->module, path);
	st = module_read(path, &m, err);
	progress_end();
	if (st != ST_OK)
		return complain(err[0] ? err : status_text(st));
	if (opt->json) {
		json_open_object(&j, NULL);
		json_string(&j, "module", m->path);
		json_string(&j, "description", m->description);
	}
	show_tokens(p, opt, m, &j);
	if (m->token_count == 0 && !opt->json)
		printf("No slot. \"iotsafe doctor\" tells why.\n");
	st = show_cards(p, opt, &j);
	show_skipped(p, opt, &j);
	if (opt->json) {
		json_close_object(&j);
		json_end(&j);
	}
	return st == ST_OK ? EXIT_FINE : complain(status_text(st));
}
