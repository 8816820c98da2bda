/* SPDX-License-Identifier: Apache-2.0 */
/* The SIM's containers as objects. */
#include <string.h>

#include "hex.h"
#include "sim.h"

static enum iotsafe_kind kind_of(const struct container *c)
{
	switch (c->kind) {
	case CONTAINER_PRIVATE_KEY:
		return IOTSAFE_PRIVATE_KEY;
	case CONTAINER_PUBLIC_KEY:
		return IOTSAFE_PUBLIC_KEY;
	case CONTAINER_SECRET_KEY:
		return IOTSAFE_SECRET_KEY;
	case CONTAINER_FILE:
	case CONTAINER_KINDS:
		break;
	}
	return c->is_certificate ? IOTSAFE_CERTIFICATE : IOTSAFE_FILE;
}

static enum iotsafe_key_type key_type_of(const struct container *c)
{
	static const enum iotsafe_key_type types[] = {
		[KEY_UNKNOWN] = IOTSAFE_KEY_NONE,
		[KEY_RSA2048] = IOTSAFE_KEY_RSA2048,
		[KEY_P256] = IOTSAFE_KEY_P256,
		[KEY_P384] = IOTSAFE_KEY_P384,
		[KEY_BRAINPOOL_P256R1] = IOTSAFE_KEY_BRAINPOOL_P256R1,
		[KEY_HMAC] = IOTSAFE_KEY_HMAC,
		[KEY_AES_CMAC] = IOTSAFE_KEY_AES,
	};

	if (c->kind == CONTAINER_FILE || (size_t)c->key_type >= ARRAY_LEN(types))
		return IOTSAFE_KEY_NONE;
	return types[c->key_type];
}

static unsigned state_of(const struct container *c)
{
	unsigned state = 0;

	if (c->activated)
		state |= IOTSAFE_FILLED;
	if (c->is_volatile)
		state |= IOTSAFE_EPHEMERAL;
	if ((c->access & ACCESS_READ) != 0)
		state |= IOTSAFE_READABLE;
	if ((c->access & ACCESS_UPDATE) != 0)
		state |= IOTSAFE_WRITABLE;
	return state;
}

static void put_label(const struct container *c, char ret[IOTSAFE_LABEL_MAX + 1])
{
	for (size_t i = 0; i < c->label_len; i++) {
		uint8_t b = c->label[i];
		ret[i] = b < 0x20 || b == 0x7F ? '?' : (char)b;
	}
	ret[c->label_len] = '\0';
}

static struct iotsafe_object object_of(const struct iotsafe *sim, const struct container *c)
{
	struct iotsafe_object o = {
		.kind = kind_of(c),
		.key_type = key_type_of(c),
		.usage = c->functions &
			 (FUNCTION_SIGN | FUNCTION_KEYGEN | FUNCTION_AGREE | FUNCTION_DERIVE),
		.state = state_of(c),
		.size = c->kind == CONTAINER_FILE && c->size_known ? c->size : 0,
		.id_n = c->id_len,
		.owner = sim->owner,
	};

	memcpy(o.id, c->id, c->id_len);
	put_label(c, o.label);
	return o;
}

/* --- back to the container --- */

static bool is_same(const struct container *c, const struct iotsafe_object *o)
{
	char label[IOTSAFE_LABEL_MAX + 1];

	put_label(c, label);
	return kind_of(c) == o->kind && o->id_n <= sizeof(o->id) &&
	       bytes_equal(container_id(c), bytes_of(o->id, o->id_n)) &&
	       strncmp(label, o->label, sizeof(label)) == 0;
}

status sim_object(struct visit *v, const struct iotsafe_object *o, size_t *ret_i)
{
	if (o == NULL)
		return ST_ARG;
	if (o->owner != v->sim->owner)
		return ST_NO_OBJECT;
	TRY(sim_catalog(v));
	for (size_t i = 0; i < v->sim->count; i++) {
		if (!is_same(&v->sim->item[i], o))
			continue;
		*ret_i = i;
		return ST_OK;
	}
	return ST_NO_ENTRY;
}

/* --- the calls --- */

static status list(struct visit *v, struct iotsafe_object *ret, size_t cap, size_t *ret_count)
{
	TRY(sim_catalog(v));
	*ret_count = v->sim->count;
	if (cap == 0)
		return ST_OK;
	if (v->sim->count > cap)
		return ST_SHORT_OUT;
	for (size_t i = 0; i < v->sim->count; i++)
		ret[i] = object_of(v->sim, &v->sim->item[i]);
	return ST_OK;
}

enum iotsafe_error iotsafe_list(struct iotsafe *sim, struct iotsafe_object *ret_objects, size_t cap,
				size_t *ret_count)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	status st = ret_count == NULL || (ret_objects == NULL && cap != 0) ? ST_ARG
									   : sim_enter(sim, &v);

	if (st == ST_OK)
		st = list(&v, ret_objects, cap, ret_count);
	return sim_answer(&v, st);
}

static bool is_named(const struct iotsafe_object *o, const char *name)
{
	char hex[2 * IOTSAFE_ID_MAX + 1];

	return strcmp(o->label, name) == 0 ||
	       (o->id_n != 0 &&
		strcasecmp(hex_str(bytes_of(o->id, o->id_n), hex, sizeof(hex)), name) == 0);
}

/* Which one a caller means who names none. */
static bool is_usual(const struct iotsafe_object *o)
{
	if ((o->state & IOTSAFE_FILLED) == 0)
		return false;
	return o->kind != IOTSAFE_PRIVATE_KEY ||
	       ((o->usage & IOTSAFE_CAN_SIGN) != 0 && (o->state & IOTSAFE_EPHEMERAL) == 0);
}

static status find(struct visit *v, enum iotsafe_kind kind, const char *name,
		   struct iotsafe_object *ret)
{
	TRY(sim_catalog(v));
	for (size_t i = 0; i < v->sim->count; i++) {
		struct iotsafe_object o = object_of(v->sim, &v->sim->item[i]);
		if (kind != IOTSAFE_ANY && o.kind != kind)
			continue;
		if (name != NULL ? !is_named(&o, name) : !is_usual(&o))
			continue;
		*ret = o;
		return ST_OK;
	}
	return ST_NO_ENTRY;
}

enum iotsafe_error iotsafe_find(struct iotsafe *sim, enum iotsafe_kind kind, const char *name,
				struct iotsafe_object *ret_object)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	bool sane = ret_object != NULL && (unsigned)kind <= IOTSAFE_SECRET_KEY;
	status st = sane ? sim_enter(sim, &v) : ST_ARG;

	if (st == ST_OK)
		st = find(&v, kind, name, ret_object);
	return sim_answer(&v, st);
}
