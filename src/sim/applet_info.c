/* SPDX-License-Identifier: Apache-2.0 */
/* GET DATA: application, object list, object information (iotsafe-protocol.md §§10.1 to 10.4). */
#include "applet.h"

#include "hex.h"
#include "mem.h"

enum {
	STRUCTURE_MAX = 200, /* id 20, label 60, nine attributes of 3 or 4 bytes: under 120 */
	TAG_SIGN_ALGS = 0x92,
	TAG_FILE_SIZE = 0x20,
	TAG_FILE_USAGE = 0x21,
	TAG_CAPACITY_FILES = 0xB1,
	PROPRIETARY_ID_SIZE = 32,
	PROPRIETARY_ID_SHORT = 13,
	OBJECTS_PER_KIND = 0x0A,
};

static const struct kind_row {
	uint8_t structure, label, id;
} kinds[OBJECT_KINDS] = {
	[OBJECT_PRIVATE] = {0xC1, 0x74, 0x84},
	[OBJECT_PUBLIC] = {0xC2, 0x75, 0x85},
	[OBJECT_FILE] = {0xC3, 0x73, 0x83},
	[OBJECT_SECRET] = {0xC4, 0x76, 0x86},
};

/* --- GET DATA application --- */

static void put_proprietary_id(const struct traits *config, struct wtr *w)
{
	uint8_t store[TRAITS_TEXT_MAX / 2];
	struct wtr id = WTR_ON(store);
	if (hex_get(bytes_str(config->proprietary_id), &id) != ST_OK)
		return;
	if (!config->tag11_short || id.n < PROPRIETARY_ID_SHORT) {
		tlv_put(w, 0x11, wtr_bytes(&id));
		return;
	}
	wtr_u8(w, 0x11);
	wtr_u8(w, PROPRIETARY_ID_SHORT + 1);
	wtr_put(w, bytes_of(store, PROPRIETARY_ID_SHORT));
}

/* What the settings say, without what this card's commands cannot do. */
static unsigned functions_of(const struct traits *config)
{
	unsigned without = 0;
	if (config->personality == PERSONALITY_TYPE2)
		without |= FUNCTION_SIGN | FUNCTION_KEYGEN | FUNCTION_AGREE;
	if (!config->dh)
		without |= FUNCTION_AGREE;
	if (!config->prf && !config->hkdf)
		without |= FUNCTION_DERIVE;
	return config->app_functions & ~without;
}

static unsigned derivations_of(const struct traits *config)
{
	unsigned without = (config->prf ? 0 : DERIVE_PRF) | (config->hkdf ? 0 : DERIVE_HKDF);
	return functions_of(config) & FUNCTION_DERIVE ? config->app_derive & ~without : 0;
}

/* Has the applet commands for containers of this kind? */
static bool kind_known(const struct traits *config, enum object_kind kind)
{
	if (kind == OBJECT_SECRET)
		return config->personality != PERSONALITY_TYPE1;
	return kind == OBJECT_FILE || config->personality != PERSONALITY_TYPE2;
}

/* B1 to B4: files, private, public, secret keys. What the applet has no commands for, it has no
 * room for. */
static void put_capacities(const struct applet_call *c, struct wtr *w)
{
	static const enum object_kind order[OBJECT_KINDS] = {OBJECT_FILE, OBJECT_PRIVATE,
							     OBJECT_PUBLIC, OBJECT_SECRET};
	const struct store *s = c->uicc->store;
	for (unsigned k = 0; k < OBJECT_KINDS; k++) {
		unsigned n = 0;
		for (size_t i = 0; i < s->count; i++)
			n += s->object[i].kind == order[k];
		if (n < OBJECTS_PER_KIND)
			n = OBJECTS_PER_KIND;
		if (!kind_known(&s->config, order[k]))
			n = 0;
		tlv_put_u8(w, (uint8_t)(TAG_CAPACITY_FILES + k), (uint8_t)n);
	}
}

uint16_t applet_info_application(struct applet_call *c)
{
	const struct traits *config = applet_config(c);
	struct wtr *w = &c->out->data;
	unsigned functions = functions_of(config), algs = 0;
	for (size_t i = 0; i < c->uicc->store->count; i++)
		algs |= c->uicc->store->object[i].sign_algs;
	tlv_put_u8(w, 0x10, 0x10);
	put_proprietary_id(config, w);
	put_capacities(c, w);
	tlv_put_u8(w, config->tags_61_6f ? 0x61 : 0x90, (uint8_t)functions);
	if (config->hash_one_byte)
		tlv_put_u8(w, 0x91, (uint8_t)config->app_hashes);
	else
		tlv_put_u16(w, 0x91, (uint16_t)config->app_hashes);
	tlv_put_u8(w, TAG_SIGN_ALGS, functions & FUNCTION_SIGN ? (uint8_t)algs : 0);
	tlv_put_u8(w, config->tags_61_6f ? 0x6F : 0x93,
		   functions & FUNCTION_AGREE ? (uint8_t)config->app_agree : 0);
	tlv_put_u8(w, 0x94, (uint8_t)derivations_of(config));
	tlv_put_u8(w, 0xB7, (uint8_t)config->sessions);
	return SW_OK;
}

/* --- information structures --- */

static bool attr_shown(const struct object *o, uint8_t tag)
{
	switch (tag) {
	case 0x60:
	case 0x4A:
		return true;
	case 0x4B:
	case 0x61:
		return o->kind != OBJECT_FILE;
	case 0x4E:
		return o->kind == OBJECT_PRIVATE || o->kind == OBJECT_PUBLIC;
	case 0x92:
		return o->kind != OBJECT_FILE && o->sign_algs != 0;
	case 0x91: /* secret keys have none (§10.3) */
		return o->kind != OBJECT_FILE && o->kind != OBJECT_SECRET && o->sign_algs != 0;
	case 0x6F:
		return o->kind != OBJECT_FILE && o->agree != 0;
	case 0x94:
		return o->kind == OBJECT_SECRET && (o->functions & FUNCTION_DERIVE);
	default:
		return false;
	}
}

static void put_attr(const struct traits *config, const struct object *o,
		     const struct object_attr *a, struct wtr *w)
{
	if (a->tag == TAG_SIGN_ALGS && config->malformed_92) {
		/* the length says two, one byte is there: a real card's fault (§5 rule 5) */
		wtr_u8(w, a->tag);
		wtr_u8(w, 2);
		wtr_u8(w, o->sign_algs);
		return;
	}
	if (a->width == 2)
		tlv_put_u16(w, a->tag, (uint16_t)object_attr_get(o, a));
	else
		tlv_put_u8(w, a->tag, (uint8_t)object_attr_get(o, a));
}

static void put_structure(const struct traits *config, const struct object *o, struct wtr *w)
{
	if (o->label_len > 0)
		tlv_put(w, kinds[o->kind].label, object_label(o));
	tlv_put(w, kinds[o->kind].id, object_id(o));
	for (size_t i = 0; i < object_attr_count; i++) {
		if (attr_shown(o, object_attrs[i].tag))
			put_attr(config, o, &object_attrs[i], w);
	}
	if (o->kind != OBJECT_FILE)
		return;
	if (config->file_usage)
		tlv_put_u8(w, TAG_FILE_USAGE, o->usage);
	tlv_put_u16(w, TAG_FILE_SIZE, (uint16_t)o->data_len);
}

uint16_t applet_info_object(struct applet_call *c)
{
	enum object_kind kind = (enum object_kind)(c->apdu->p1 - 0xC1);
	uint8_t store[STRUCTURE_MAX];
	struct wtr structure = WTR_ON(store);
	put_structure(applet_config(c), c->object[kind], &structure);
	if (applet_config(c)->wrapped)
		tlv_put(&c->out->data, kinds[kind].structure, wtr_bytes(&structure));
	else
		wtr_put(&c->out->data, wtr_bytes(&structure));
	return SW_OK;
}

/* --- object list --- */

static const enum object_kind order_wrapped[OBJECT_KINDS] = {OBJECT_PRIVATE, OBJECT_PUBLIC,
							     OBJECT_SECRET, OBJECT_FILE};
static const enum object_kind order_flat[OBJECT_KINDS] = {OBJECT_PRIVATE, OBJECT_PUBLIC,
							  OBJECT_FILE, OBJECT_SECRET};

/* Container number `at` in the order of the list; NULL past the end. */
static const struct object *listed(const struct store *s, size_t at)
{
	const enum object_kind *order = s->config.layout == LAYOUT_L3 ? order_flat : order_wrapped;
	for (unsigned k = 0; k < OBJECT_KINDS; k++) {
		for (size_t i = 0; i < s->count && kind_known(&s->config, order[k]); i++) {
			if (s->object[i].kind == order[k] && at-- == 0)
				return &s->object[i];
		}
	}
	return NULL;
}

/* Does the structure join the Cx that is open on this page? */
static bool joins(const struct traits *config, const struct object *o, const struct object *last)
{
	return config->layout == LAYOUT_L2 && last && last->kind == o->kind;
}

static bool page_add(const struct traits *config, const struct object *o, const struct object *last,
		     size_t *open_at, struct wtr *w)
{
	uint8_t store[STRUCTURE_MAX];
	struct wtr structure = WTR_ON(store);
	put_structure(config, o, &structure);
	bool join = joins(config, o, last);
	size_t header = config->layout == LAYOUT_L3 || join ? 0 : 2;
	/* the first of a page always goes, however small the page */
	if (w->n > 0 && w->n + header + structure.n > config->list_page)
		return false;
	if (join) {
		w->p[*open_at + 1] = (uint8_t)(w->p[*open_at + 1] + structure.n);
		wtr_put(w, wtr_bytes(&structure));
	} else if (config->layout == LAYOUT_L3) {
		wtr_put(w, wtr_bytes(&structure));
	} else {
		*open_at = w->n;
		tlv_put(w, kinds[o->kind].structure, wtr_bytes(&structure));
	}
	return true;
}

uint16_t applet_info_list(struct applet_call *c)
{
	struct uicc_channel *ch = c->channel;
	const struct store *s = c->uicc->store;
	const struct object *last = NULL;
	size_t at = c->apdu->p2 ? ch->list_next : 0, open_at = 0;
	if (c->apdu->p2 && !ch->list_more)
		return SW_PARAMS;
	for (const struct object *o = listed(s, at); o; o = listed(s, ++at)) {
		if (!page_add(&s->config, o, last, &open_at, &c->out->data))
			break;
		last = o;
	}
	ch->list_next = at;
	ch->list_more = listed(s, at) != NULL;
	return ch->list_more ? SW_MORE_OBJECTS : SW_OK;
}
