/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "container.h"
#include "log.h"
#include "mem.h"
#include "tlv.h"

/* --- what a tag does to the container that is open --- */

static void set_state(struct container *c, struct bytes v)
{
	c->activated = v.p[0] == 1;
}

static void set_access(struct container *c, struct bytes v)
{
	c->access = v.p[0];
}

/* iotsafe-protocol.md §7; 33 and 34 are our own simulator's, for P-384. 43 is Thales', of
 * unconfirmed meaning: its middleware takes it for brainpoolP256r1. */
static void set_key_type(struct container *c, struct bytes v)
{
	static const struct {
		uint8_t raw;
		enum container_key_type type;
		bool is_volatile;
	} rows[] = {
		{0x03, KEY_RSA2048, false},
		{0x13, KEY_P256, false},
		{0x14, KEY_P256, true},
		{0x23, KEY_BRAINPOOL_P256R1, false},
		{0x24, KEY_BRAINPOOL_P256R1, true},
		{0x33, KEY_P384, false},
		{0x34, KEY_P384, true},
		{0x43, KEY_BRAINPOOL_P256R1, false},
		{0xA0, KEY_HMAC, false},
		{0xB0, KEY_AES_CMAC, false},
	};

	c->raw_type = v.p[0];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].raw == v.p[0]) {
			c->key_type = rows[i].type;
			c->is_volatile = rows[i].is_volatile;
		}
	}
}

static void set_usage(struct container *c, struct bytes v)
{
	c->usage = v.p[0];
	if (c->kind == CONTAINER_FILE)
		c->is_certificate = v.p[0] == 2;
}

static void set_functions(struct container *c, struct bytes v)
{
	c->functions = v.p[0];
}

static void set_sig_algs(struct container *c, struct bytes v)
{
	c->sig_algs = v.p[0];
}

static void set_hash_algs(struct container *c, struct bytes v)
{
	c->hash_algs = v.p[v.n - 1]; /* one byte or two */
}

static void set_agreement(struct container *c, struct bytes v)
{
	c->agreements = v.p[0];
}

static void set_derivation(struct container *c, struct bytes v)
{
	c->derivations = v.p[0];
}

static void set_size(struct container *c, struct bytes v)
{
	if (v.n != 2)
		return;
	c->size = (uint16_t)(v.p[0] << 8 | v.p[1]);
	c->size_known = true;
}

static const struct attribute_row {
	uint8_t tag;
	void (*set)(struct container *c, struct bytes v); /* v is not empty */
} attributes[] = {
	{TAG_STATE, set_state},		{TAG_ACCESS, set_access},
	{TAG_KEY_TYPE, set_key_type},	{TAG_KEY_USAGE, set_usage},
	{TAG_FILE_USAGE, set_usage},	{TAG_FUNCTIONS, set_functions},
	{TAG_SIG_ALG, set_sig_algs},	{TAG_HASH, set_hash_algs},
	{TAG_AGREEMENT, set_agreement}, {TAG_DERIVATION, set_derivation},
	{TAG_FILE_SIZE, set_size},
};

/* --- where a container begins --- */

static bool label_tag(uint8_t tag, enum container_kind *ret_kind)
{
	switch (tag) {
	case TAG_LABEL_PRIVATE:
		*ret_kind = CONTAINER_PRIVATE_KEY;
		return true;
	case TAG_LABEL_PUBLIC:
		*ret_kind = CONTAINER_PUBLIC_KEY;
		return true;
	case TAG_LABEL_FILE:
		*ret_kind = CONTAINER_FILE;
		return true;
	case TAG_LABEL_SECRET:
		*ret_kind = CONTAINER_SECRET_KEY;
		return true;
	default:
		return false;
	}
}

static bool id_tag(uint8_t tag, enum container_kind *ret_kind)
{
	static const uint8_t tags[CONTAINER_KINDS] = {TAG_ID_PRIVATE, TAG_ID_PUBLIC, TAG_ID_FILE,
						      TAG_ID_SECRET};

	for (size_t i = 0; i < CONTAINER_KINDS; i++) {
		if (tags[i] == tag) {
			*ret_kind = (enum container_kind)i;
			return true;
		}
	}
	return false;
}

struct walk {
	struct catalog *cat;
	struct container open;
	bool is_open;
	bool has_id, has_label, has_more; /* of the open one */
	bool dropped;
};

static void finish(struct walk *w)
{
	if (w->is_open && (w->open.id_len > 0 || w->open.label_len > 0)) {
		if (w->cat->count < CONTAINERS_MAX)
			w->cat->item[w->cat->count++] = w->open;
		else
			w->dropped = true;
	}
	w->is_open = false;
}

static void start(struct walk *w, enum container_kind kind)
{
	finish(w);
	/* what the card does not say is not forbidden: the card itself will refuse */
	w->open = (struct container){.kind = kind,
				     .activated = true,
				     .access = 0xFF,
				     .functions = kind == CONTAINER_FILE ? 0 : 0xFF,
				     .sig_algs = kind == CONTAINER_FILE ? 0 : 0xFF,
				     /* a file of unknown use: its content tells */
				     .is_certificate = kind == CONTAINER_FILE};
	w->is_open = true;
	w->has_id = w->has_label = w->has_more = false;
}

static void on_label(struct walk *w, enum container_kind kind, struct bytes v)
{
	if (!w->is_open || w->open.kind != kind || w->has_label || w->has_more)
		start(w, kind);
	w->has_label = true;
	if (v.n > CONTAINER_LABEL_MAX)
		v.n = CONTAINER_LABEL_MAX;
	if (v.n > 0)
		memcpy(w->open.label, v.p, v.n);
	w->open.label_len = v.n;
}

static void on_id(struct walk *w, enum container_kind kind, struct bytes v)
{
	if (!w->is_open || w->open.kind != kind || w->has_id)
		start(w, kind);
	w->has_id = true;
	if (v.n > CONTAINER_ID_MAX)
		return; /* not addressable: its label may still be */
	if (v.n > 0)
		memcpy(w->open.id, v.p, v.n);
	w->open.id_len = v.n;
}

static void on_attribute(struct walk *w, uint8_t tag, struct bytes v)
{
	if (!w->is_open || v.n == 0)
		return;
	w->has_more = true;
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (attributes[i].tag == tag)
			attributes[i].set(&w->open, v);
}

static bool is_wrapper(uint8_t tag)
{
	return tag >= TAG_INFO_PRIVATE && tag <= TAG_INFO_SECRET;
}

static void on_tlv(struct walk *w, uint8_t tag, struct bytes v)
{
	enum container_kind kind;

	if (label_tag(tag, &kind))
		on_label(w, kind, v);
	else if (id_tag(tag, &kind))
		on_id(w, kind, v);
	else
		on_attribute(w, tag, v);
}

/* One level of wrapper: the walk inside cannot leave it. */
static void walk_flat(struct walk *w, struct bytes b)
{
	struct rdr r = rdr_of(b);
	struct bytes v;
	uint8_t tag;

	while (tlv_next(&r, &tag, &v) == ST_OK)
		on_tlv(w, tag, v);
	finish(w);
}

status catalog_parse_list(struct bytes list, struct catalog *c)
{
	struct walk w = {.cat = c};
	struct rdr r = rdr_of(list);
	struct bytes v;
	uint8_t tag;

	c->count = 0;
	while (tlv_next(&r, &tag, &v) == ST_OK) {
		if (is_wrapper(tag)) {
			finish(&w);
			walk_flat(&w, v);
			continue;
		}
		on_tlv(&w, tag, v);
	}
	finish(&w);
	if (r.n > 0)
		log_error("object list: %zu bytes at its end make no TLV", r.n);
	if (w.dropped)
		log_error("object list: more than %d containers, the rest is not shown",
			  CONTAINERS_MAX);
	return list.n > 0 && c->count == 0 ? ST_MALFORMED : ST_OK;
}

status catalog_parse_app(struct bytes app, struct catalog *c)
{
	struct rdr r = rdr_of(app);
	struct bytes v;
	uint8_t tag;
	bool any = false;

	while (tlv_next(&r, &tag, &v) == ST_OK) {
		if (v.n == 0)
			continue;
		any = true;
		if (tag == TAG_VERSION) {
			c->version = v.p[0];
		} else if (tag == TAG_APP_ID) {
			c->app_id_len = v.n < sizeof(c->app_id) ? v.n : sizeof(c->app_id);
			memcpy(c->app_id, v.p, c->app_id_len);
		} else if (tag == TAG_APP_FUNCTIONS || tag == TAG_FUNCTIONS) {
			c->app_functions = v.p[0];
		} else if (tag == TAG_HASH) {
			c->app_hash_algs = v.p[v.n - 1];
		} else if (tag == TAG_SIG_ALG) {
			c->app_sig_algs = v.p[0];
		} else if (tag == TAG_APP_AGREEMENT || tag == TAG_AGREEMENT) {
			c->app_agreements = v.p[0];
		} else if (tag == TAG_DERIVATION) {
			c->app_derivations = v.p[0];
		} else if (tag == TAG_MAX_SESSIONS) {
			c->sessions_max = v.p[0];
		}
	}
	c->has_app_info = any;
	return any ? ST_OK : ST_MALFORMED;
}
