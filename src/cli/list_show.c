/* SPDX-License-Identifier: Apache-2.0 */
#include "list_show.h"

#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "mem.h"
#include "table.h"
#include "text.h"

enum { OBJECT_COLUMNS = 4, CONTAINER_COLUMNS = 7, SIZE_TEXT_MAX = 32 };

const char *list_state(const struct container *c)
{
	if (!c->activated)
		return "empty";
	return c->is_volatile ? "volatile" : "filled";
}

const char *list_type(const struct container *c)
{
	static const char *const names[] = {"",	    "RSA-2048", "P-256", "P-384", "brainpoolP256r1",
					    "HMAC", "AES-CMAC"};

	if (c->kind == CONTAINER_FILE)
		return c->is_certificate ? "certificate" : "file";
	return (size_t)c->key_type < ARRAY_LEN(names) ? names[c->key_type] : "";
}

const char *list_access(const struct container *c)
{
	static const char *const words[] = {"none", "read", "update", "read update"};

	return words[c->access & (ACCESS_READ | ACCESS_UPDATE)];
}

/* The token's promises stand in one line; they are no objects for a person. */
bool list_is_profile(const struct object_view *o)
{
	return !o->type && strcmp(o->kind, "profile") == 0;
}

static void print_profiles(const struct token_view *t)
{
	const char *between = "  profiles: ";

	for (size_t i = 0; i < t->object_count; i++) {
		if (!list_is_profile(&t->object[i]))
			continue;
		printf("%s%s", between, t->object[i].detail);
		between = ", ";
	}
	if (between[0] == ',')
		printf("\n");
}

static void print_members(const struct plan *p, unsigned long slot_id)
{
	const struct settings_slot *g = plan_group(p, slot_id);

	for (size_t i = 0; g && i < g->member_count; i++)
		printf("%s%s", i ? ", " : "  the first healthy one of: ",
		       p->settings.slot[g->member[i]].name);
	if (g)
		printf("\n");
}

static void print_rule(const char *title)
{
	printf("%s%s%s", tint(stdout, TINT_BOLD), title, tint(stdout, TINT_NONE));
}

/* --- objects --- */

static void object_cells(const struct object_view *o, struct table_cell cell[OBJECT_COLUMNS])
{
	cell[0] = (struct table_cell){o->kind, TINT_NAME};
	cell[1] = (struct table_cell){o->label, TINT_BOLD};
	cell[2] = (struct table_cell){o->detail, o->expired ? TINT_BAD : TINT_NONE};
	cell[3] = (struct table_cell){o->uses, TINT_NONE};
}

static void print_objects(const struct token_view *t)
{
	static const struct table_cell head[OBJECT_COLUMNS] = {
		{"OBJECT", TINT_DIM}, {"LABEL", TINT_DIM}, {"WHAT", TINT_DIM}, {"USES", TINT_DIM}};
	struct table table = {.columns = OBJECT_COLUMNS};
	struct table_cell cell[OBJECT_COLUMNS];

	table_measure(&table, head);
	for (size_t i = 0; i < t->object_count; i++) {
		object_cells(&t->object[i], cell);
		if (t->object[i].uses[0] == '\0') /* a subject may go on to the end of the line */
			cell[2].text = "";
		if (!list_is_profile(&t->object[i]))
			table_measure(&table, cell);
	}
	table_print(&table, stdout, head);
	for (size_t i = 0; i < t->object_count; i++) {
		const struct object_view *o = &t->object[i];

		if (list_is_profile(o))
			continue;
		object_cells(o, cell);
		table_print(&table, stdout, cell);
		printf("    %s\n", o->uri);
	}
}

void list_show_token(const struct plan *p, const struct token_view *t)
{
	char title[MODULE_TEXT_MAX + 40];

	snprintf(title, sizeof(title), "Slot %lu: %s", t->slot_id, t->slot);
	print_rule(title);
	printf("\n");
	print_members(p, t->slot_id);
	if (!t->has_token) {
		printf("  %s%s%s\n\n", tint(stdout, TINT_WARN), t->why_not,
		       tint(stdout, TINT_NONE));
		return;
	}
	printf("  token \"%s\", %s %s, serial %s%s\n  %s\n", t->label, t->manufacturer, t->model,
	       t->serial, t->needs_login ? ", needs a PIN" : "", t->uri);
	if (t->object_count > 0)
		print_objects(t);
	print_profiles(t);
	printf("\n");
}

/* --- containers --- */

struct container_text {
	char label[CONTAINER_LABEL_MAX + 1], id[2 * CONTAINER_ID_MAX + 1], size[SIZE_TEXT_MAX];
};

static void container_cells(const struct container *c, struct container_text *t,
			    struct table_cell cell[CONTAINER_COLUMNS])
{
	text_clean(container_label(c), t->label, sizeof(t->label));
	hex_str(container_id(c), t->id, sizeof(t->id));
	t->size[0] = '\0';
	if (c->size_known)
		snprintf(t->size, sizeof(t->size), "%u bytes", c->size);
	cell[0] = (struct table_cell){container_kind_name(c->kind), TINT_NAME};
	cell[1] = (struct table_cell){t->id, TINT_NONE};
	cell[2] = (struct table_cell){t->label, TINT_BOLD};
	cell[3] = (struct table_cell){list_type(c), TINT_NONE};
	cell[4] = (struct table_cell){list_state(c), !c->activated    ? TINT_DIM
						     : c->is_volatile ? TINT_WARN
								      : TINT_GOOD};
	cell[5] = (struct table_cell){list_access(c), TINT_NONE};
	cell[6] = (struct table_cell){t->size, TINT_NONE};
}

static void print_containers(const struct catalog *cat)
{
	static const struct table_cell head[CONTAINER_COLUMNS] = {
		{"CONTAINER", TINT_DIM}, {"ID", TINT_DIM},    {"LABEL", TINT_DIM},
		{"TYPE", TINT_DIM},	 {"STATE", TINT_DIM}, {"ACCESS", TINT_DIM},
		{"SIZE", TINT_DIM}};
	struct table table = {.columns = CONTAINER_COLUMNS};
	struct table_cell cell[CONTAINER_COLUMNS];
	struct container_text text;

	table_measure(&table, head);
	for (size_t i = 0; i < cat->count; i++) {
		container_cells(&cat->item[i], &text, cell);
		table_measure(&table, cell);
	}
	table_print(&table, stdout, head);
	for (size_t i = 0; i < cat->count; i++) {
		container_cells(&cat->item[i], &text, cell);
		table_print(&table, stdout, cell);
	}
}

void list_show_card(const struct settings_slot *slot, const struct card_view *v)
{
	char aid[2 * AID_MAX + 1], title[NAME_MAX_LEN + URI_MAX + 40];

	snprintf(title, sizeof(title), "SIM in slot \"%s\" (%s)", slot->name, slot->uri_text);
	print_rule(title);
	if (v->st != ST_OK) {
		printf(": %s%s%s; \"iotsafe doctor\" tells more\n", tint(stdout, TINT_WARN),
		       status_text(v->st), tint(stdout, TINT_NONE));
		return;
	}
	hex_str(bytes_of(v->info.aid, v->info.aid_len), aid, sizeof(aid));
	printf("\n  ICCID %s, applet %s, %zu containers\n",
	       v->info.iccid[0] ? v->info.iccid : "unknown", aid, v->catalog.count);
	if (v->catalog.count > 0)
		print_containers(&v->catalog);
}
