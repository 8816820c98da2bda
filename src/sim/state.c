/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "hex.h"
#include "mem.h"
#include "text.h"
#include "uicc_pin_text.h"
#include "value.h"

#define STATE_FILE "card.txt"

/* --- reading --- */

struct reading {
	struct store *store;
	struct object *object; /* of the section; NULL elsewhere */
	struct uicc_pin *pin;  /* of the section; NULL elsewhere */
	char *why;	       /* char[128]: what is wrong with the line */
};

static status read_kind(struct reading *r, struct bytes value)
{
	for (unsigned k = 0; k < OBJECT_KINDS; k++) {
		if (!bytes_equal(value, bytes_str(object_kind_name((enum object_kind)k))))
			continue;
		r->object->kind = (enum object_kind)k;
		return ST_OK;
	}
	return ST_ARG;
}

static status read_name(struct reading *r, struct bytes value, bool label)
{
	uint8_t raw[CONTAINER_LABEL_MAX];
	struct wtr w = WTR_ON(raw);
	struct bytes prefix = BYTES_LIT("hex:");
	if (label && !bytes_start_with(value, prefix))
		wtr_put(&w, value);
	else if (label)
		TRY(hex_get(bytes_of(value.p + prefix.n, value.n - prefix.n), &w));
	else
		TRY(hex_get(value, &w));
	TRY(wtr_done(&w));
	if (label)
		return object_name(r->object, object_id(r->object), wtr_bytes(&w));
	return object_name(r->object, wtr_bytes(&w), object_label(r->object));
}

static status read_attr(struct reading *r, struct bytes key, struct bytes value)
{
	unsigned long v;
	for (size_t i = 0; i < object_attr_count; i++) {
		const struct object_attr *a = &object_attrs[i];
		if (!bytes_equal(key, bytes_str(a->name)))
			continue;
		TRY(text_number(value, 16, &v));
		if (v > (a->width == 1 ? 0xFFu : 0xFFFFu))
			return ST_ARG;
		object_attr_set(r->object, a, (unsigned)v);
		return ST_OK;
	}
	return ST_NO_ENTRY;
}

static status read_object_line(struct reading *r, struct bytes key, struct bytes value)
{
	if (bytes_equal(key, BYTES_LIT("kind")))
		return read_kind(r, value);
	if (bytes_equal(key, BYTES_LIT("id")))
		return read_name(r, value, false);
	if (bytes_equal(key, BYTES_LIT("label")))
		return read_name(r, value, true);
	if (!bytes_equal(key, BYTES_LIT("value")))
		return read_attr(r, key, value);
	TRY(text_copy(value, r->object->value, sizeof(r->object->value)));
	return value.n > 0 ? value_read(r->store, r->object) : ST_OK;
}

static status read_section(struct reading *r, struct bytes line)
{
	struct store *s = r->store;
	r->object = NULL;
	r->pin = NULL;
	if (bytes_equal(line, BYTES_LIT("[card]")))
		return ST_OK;
	if (bytes_equal(line, BYTES_LIT("[pin]")))
		return uicc_pin_add(&s->pins, &r->pin);
	if (!bytes_equal(line, BYTES_LIT("[object]")))
		return ST_MALFORMED;
	/* the id comes with its own line; until then one zero byte stands for it */
	return store_add(s, OBJECT_FILE, BYTES_LIT("\0"), bytes_of(NULL, 0), &r->object);
}

static status read_line(struct reading *r, struct bytes line)
{
	struct rdr at = rdr_of(line);
	struct bytes key, value;
	unsigned long number;
	if (line.n == 0 || line.p[0] == '#')
		return ST_OK;
	if (line.p[0] == '[')
		return read_section(r, line);
	if (!text_item(&at, '=', &key))
		return ST_MALFORMED;
	key = text_trim(key);
	value = text_trim(rdr_rest(&at));
	if (r->object)
		return read_object_line(r, key, value);
	if (r->pin)
		return uicc_pin_read(r->pin, key, value);
	bool is_serial = bytes_equal(key, BYTES_LIT("serial"));
	if (!is_serial && !bytes_equal(key, BYTES_LIT("strange-verifies")))
		return traits_set(&r->store->config, key, value, r->why);
	TRY(text_number(value, 10, &number));
	if (is_serial)
		r->store->serial = number;
	else
		r->store->pins.strange = (unsigned)number;
	return ST_OK;
}

status state_read(struct store *s, const char *dir, char err[256])
{
	uint8_t *p ON_EXIT(mem_free_ptr) = NULL;
	size_t n = 0;
	char why[128] = "";
	struct reading r = {.store = s, .why = why};
	struct bytes line;
	status st = file_read(s->dirfd, STATE_FILE, &p, &n);
	if (st != ST_OK) {
		snprintf(err, 256, "%s/" STATE_FILE ": %s: not a card made by iotsafe-sim new", dir,
			 status_text(st));
		return st;
	}
	struct rdr at = rdr_of(bytes_of(p, n));
	for (unsigned number = 1; text_item(&at, '\n', &line); number++) {
		st = read_line(&r, text_trim(line));
		if (st == ST_OK)
			continue;
		snprintf(err, 256, "%s/" STATE_FILE ":%u: %s", dir, number,
			 why[0] ? why : status_text(st));
		return st;
	}
	return ST_OK;
}

/* --- writing --- */

static bool is_plain(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		if (b.p[i] < 0x20 || b.p[i] > 0x7E)
			return false;
	}
	struct bytes trimmed = text_trim(b);
	return trimmed.n == b.n && !bytes_start_with(b, BYTES_LIT("hex:"));
}

static void write_object(const struct object *o, struct wtr *w)
{
	wtr_printf(w, "\n[object]\nkind = %s\nid = ", object_kind_name(o->kind));
	hex_put(w, object_id(o));
	wtr_printf(w, "\nlabel = %s", is_plain(object_label(o)) ? "" : "hex:");
	if (is_plain(object_label(o)))
		wtr_put(w, object_label(o));
	else
		hex_put(w, object_label(o));
	wtr_u8(w, '\n');
	for (size_t i = 0; i < object_attr_count; i++)
		wtr_printf(w, "%s = %0*X\n", object_attrs[i].name, 2 * object_attrs[i].width,
			   object_attr_get(o, &object_attrs[i]));
	wtr_printf(w, "value = %s\n", o->value);
}

static status write_values(struct store *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (!s->object[i].changed)
			continue;
		TRY(value_write(s, &s->object[i]));
		s->object[i].changed = false;
	}
	return ST_OK;
}

status state_write(struct store *s)
{
	/* a container takes under 500 bytes, the settings under 2 000 */
	size_t cap = 4096 + 640 * STORE_OBJECTS_MAX;
	uint8_t *text ON_EXIT(mem_free_ptr) = malloc(cap);
	if (!text)
		return ST_NOMEM;
	struct wtr w = wtr_on(text, cap);
	TRY(write_values(s));
	wtr_printf(&w,
		   "# A card of iotsafe-sim. Edit it only while no iotsafe-sim runs on it.\n"
		   "[card]\nserial = %lu\nstrange-verifies = %u\n",
		   s->serial, s->pins.strange);
	traits_print(&s->config, &w);
	for (size_t i = 0; i < s->count; i++)
		write_object(&s->object[i], &w);
	for (size_t i = 0; i < s->pins.count; i++)
		uicc_pin_write(&s->pins.pin[i], &w);
	TRY(wtr_done(&w));
	TRY(file_replace(s->dirfd, STATE_FILE, wtr_bytes(&w), 0600));
	value_sweep(s);
	return ST_OK;
}
