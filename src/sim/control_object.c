/* SPDX-License-Identifier: Apache-2.0 */
/* "object KIND ID [ATTRIBUTE HEX | value HEX | clear]": what an issuer does to one container. */
#include "control_object.h"

#include <stdio.h>
#include <stdlib.h>

#include "hex.h"
#include "inject.h"
#include "mem.h"
#include "text.h"

static void show(const struct object *o, struct wtr *reply)
{
	wtr_printf(reply, "ok label=");
	wtr_put(reply, object_label(o));
	for (size_t i = 0; i < object_attr_count; i++)
		wtr_printf(reply, " %s=%0*X", object_attrs[i].name, 2 * object_attrs[i].width,
			   object_attr_get(o, &object_attrs[i]));
	wtr_printf(reply, " filled=%s", o->key || o->data ? "yes" : "no");
}

static status set_attribute(struct object *o, struct bytes name, struct bytes value, char err[128])
{
	unsigned long v;
	for (size_t i = 0; i < object_attr_count; i++) {
		const struct object_attr *a = &object_attrs[i];
		if (!bytes_equal(name, bytes_str(a->name)))
			continue;
		if (text_number(value, 16, &v) != ST_OK || v > (a->width == 1 ? 0xFFu : 0xFFFFu)) {
			snprintf(err, 128, "%s: expected %d hexadecimal digits", a->name,
				 2 * a->width);
			return ST_ARG;
		}
		object_attr_set(o, a, (unsigned)v);
		return ST_OK;
	}
	snprintf(err, 128, "a container has no attribute of that name");
	return ST_NO_ENTRY;
}

static status set_value(struct store *s, struct object *o, struct bytes hex, char err[128])
{
	uint8_t *p ON_EXIT(mem_free_ptr) = malloc(hex.n / 2 + 1);
	if (!p)
		return ST_NOMEM;
	struct wtr w = wtr_on(p, hex.n / 2 + 1);
	status st = hex_get(hex, &w);
	if (st != ST_OK)
		snprintf(err, 128, "value: expected hexadecimal");
	else
		st = inject_value(s, o, wtr_bytes(&w), err);
	mem_wipe(p, hex.n / 2 + 1);
	return st;
}

static status change(struct store *s, struct object *o, struct bytes what, struct bytes value,
		     char err[128])
{
	if (bytes_equal(what, BYTES_LIT("clear"))) {
		object_clear(o);
		return ST_OK;
	}
	if (bytes_equal(what, BYTES_LIT("value")))
		return set_value(s, o, value, err);
	return set_attribute(o, what, value, err);
}

bool control_object(struct store *s, struct bytes text, struct wtr *reply)
{
	struct rdr r = rdr_of(text);
	struct bytes kind = {0}, id = {0}, what = {0}, value = {0};
	char err[128] = "";
	if (!text_word(&r, &kind) || !text_word(&r, &id)) {
		wtr_printf(reply, "error object: expected KIND ID");
		return false;
	}
	struct object *o = inject_find(s, kind, id);
	if (!o) {
		wtr_printf(reply, "error object: no container of that kind and id");
		return false;
	}
	if (!text_word(&r, &what)) {
		show(o, reply);
		return false;
	}
	(void)text_word(&r, &value);
	status st = change(s, o, what, value, err);
	if (st == ST_OK)
		wtr_printf(reply, "ok");
	else
		wtr_printf(reply, "error %s", err[0] ? err : status_text(st));
	return st == ST_OK;
}
