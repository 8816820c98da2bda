/* SPDX-License-Identifier: Apache-2.0 */
#include "object.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

const struct object_attr object_attrs[] = {
	{"access", 0x60, 1, offsetof(struct object, access)},
	{"state", 0x4A, 1, offsetof(struct object, state)},
	{"type", 0x4B, 1, offsetof(struct object, type)},
	{"usage", 0x4E, 1, offsetof(struct object, usage)},
	{"functions", 0x61, 1, offsetof(struct object, functions)},
	{"signature", 0x92, 1, offsetof(struct object, sign_algs)},
	{"hashes", 0x91, 2, offsetof(struct object, hashes)},
	{"agreement", 0x6F, 1, offsetof(struct object, agree)},
	{"derivation", 0x94, 1, offsetof(struct object, derive)},
	{"locked", 0x00, 1, offsetof(struct object, locked)},
	{"pin", 0x00, 1, offsetof(struct object, pin)},
	{"pin-always", 0x00, 1, offsetof(struct object, pin_always)},
};
const size_t object_attr_count = ARRAY_LEN(object_attrs);

unsigned object_attr_get(const struct object *o, const struct object_attr *a)
{
	uint16_t wide;
	if (a->width == 1)
		return *((const uint8_t *)o + a->offset);
	memcpy(&wide, (const uint8_t *)o + a->offset, sizeof(wide));
	return wide;
}

void object_attr_set(struct object *o, const struct object_attr *a, unsigned v)
{
	uint16_t wide = (uint16_t)v;
	if (a->width == 1)
		*((uint8_t *)o + a->offset) = (uint8_t)v;
	else
		memcpy((uint8_t *)o + a->offset, &wide, sizeof(wide));
}

const char *object_kind_name(enum object_kind kind)
{
	static const char *const names[OBJECT_KINDS] = {
		[OBJECT_PRIVATE] = "private",
		[OBJECT_PUBLIC] = "public",
		[OBJECT_FILE] = "file",
		[OBJECT_SECRET] = "secret",
	};
	return (unsigned)kind < OBJECT_KINDS ? names[kind] : "unknown";
}

status object_name(struct object *o, struct bytes id, struct bytes label)
{
	if (id.n == 0 || id.n > sizeof(o->id) || label.n > sizeof(o->label))
		return ST_SHORT_OUT;
	memcpy(o->id, id.p, id.n);
	o->id_len = id.n;
	if (label.n > 0)
		memcpy(o->label, label.p, label.n);
	o->label_len = label.n;
	return ST_OK;
}

void object_set_key(struct object *o, EVP_PKEY *key)
{
	EVP_PKEY_free(o->key);
	o->key = key;
	o->state = STATE_ACTIVE;
	o->changed = true;
}

status object_set_data(struct object *o, struct bytes data)
{
	uint8_t *copy = malloc(data.n ? data.n : 1);
	if (!copy)
		return ST_NOMEM;
	if (data.n > 0)
		memcpy(copy, data.p, data.n);
	object_clear(o);
	o->data = copy;
	o->data_len = data.n;
	o->state = STATE_ACTIVE;
	return ST_OK;
}

void object_clear(struct object *o)
{
	EVP_PKEY_free(o->key);
	o->key = NULL;
	mem_wipe(o->data, o->data_len);
	free(o->data);
	o->data = NULL;
	o->data_len = 0;
	o->state = STATE_EMPTY;
	o->changed = true;
}
