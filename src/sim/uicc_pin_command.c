/* SPDX-License-Identifier: Apache-2.0 */
#include "uicc_pin_command.h"

#include "mem.h"

enum { INS_VERIFY = 0x20, INS_CHANGE = 0x24, INS_DISABLE = 0x26, INS_ENABLE = 0x28 };
enum { INS_UNBLOCK = 0x2C };

/* --- the five, each with data of the right length --- */

static struct bytes first(struct bytes data)
{
	return bytes_of(data.p, PIN_SIZE);
}

static struct bytes second(struct bytes data)
{
	return bytes_of(data.p + PIN_SIZE, PIN_SIZE);
}

static uint16_t verify(struct uicc_pin *p, struct bytes data)
{
	if (!p->enabled)
		return SW_LOCKED;
	uint16_t sw = uicc_pin_present(p, data);
	if (sw == SW_OK)
		uicc_pin_set_verified(p, true);
	return sw;
}

/* The verified status stays what it was: the standard says nothing of it. */
static uint16_t change(struct uicc_pin *p, struct bytes data)
{
	if (!p->enabled)
		return SW_LOCKED;
	if (p->tries > 0 && !uicc_pin_well_formed(second(data)))
		return SW_DATA;
	uint16_t sw = uicc_pin_present(p, first(data));
	if (sw == SW_OK)
		uicc_pin_set_value(p, second(data));
	return sw;
}

static uint16_t switch_to(struct uicc_pin *p, struct bytes value, bool enabled)
{
	uint16_t sw = uicc_pin_present(p, value);
	if (sw != SW_OK)
		return sw;
	p->enabled = enabled;
	uicc_pin_set_verified(p, false);
	return SW_OK;
}

static uint16_t disable(struct uicc_pin *p, struct bytes data)
{
	return p->enabled ? switch_to(p, data, false) : SW_LOCKED;
}

static uint16_t enable(struct uicc_pin *p, struct bytes data)
{
	return p->enabled ? SW_CONDITIONS : switch_to(p, data, true);
}

static uint16_t unblock(struct uicc_pin *p, struct bytes data)
{
	if (p->puk_tries > 0 && !uicc_pin_well_formed(second(data)))
		return SW_DATA;
	uint16_t sw = uicc_pin_present_puk(p, first(data));
	if (sw == SW_OK)
		uicc_pin_unblock(p, second(data));
	return sw;
}

/* --- counters, by a command without data --- */

static uint16_t tries_left(const struct traits *config, unsigned tries)
{
	if (tries == 0 && config->pin_blocked_query == PIN_BLOCKED_SAYS_BLOCKED)
		return SW_PIN_BLOCKED;
	return (uint16_t)(SW_TRIES_LEFT | tries);
}

static uint16_t ask_pin(const struct traits *config, const struct uicc_pin *p)
{
	if (!p->enabled && config->pin_disabled_query == PIN_QUERY_SAYS_SO)
		return SW_LOCKED;
	if (p->enabled && p->verified && config->pin_verified_query == PIN_QUERY_SAYS_SO)
		return SW_OK;
	return tries_left(config, p->tries);
}

static uint16_t ask_puk(const struct traits *config, const struct uicc_pin *p)
{
	return tries_left(config, p->puk_tries);
}

/* --- dispatch --- */

static const struct pin_command {
	uint8_t ins;
	size_t size; /* bytes of data */
	uint16_t (*run)(struct uicc_pin *p, struct bytes data);
	uint16_t (*ask)(const struct traits *config, const struct uicc_pin *p);
} commands[] = {
	{INS_VERIFY, PIN_SIZE, verify, ask_pin},       {INS_CHANGE, 2 * PIN_SIZE, change, NULL},
	{INS_DISABLE, PIN_SIZE, disable, NULL},	       {INS_ENABLE, PIN_SIZE, enable, NULL},
	{INS_UNBLOCK, 2 * PIN_SIZE, unblock, ask_puk},
};

static const struct pin_command *command_find(uint8_t ins)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (commands[i].ins == ins)
			return &commands[i];
	}
	return NULL;
}

bool uicc_pin_takes(const struct uicc *u, const struct apdu *a)
{
	if (a->proprietary || !command_find(a->ins))
		return false;
	if (!u->channel[a->channel].applet)
		return true;
	return a->ins == INS_VERIFY && u->store->config.pin_at == PIN_AT_BOTH;
}

/* What a test counts: a VERIFY that carried something, whatever became of it. */
static void count(struct uicc *u, const struct apdu *a, struct uicc_pin *p)
{
	if (a->ins != INS_VERIFY || (a->data.n == 0 && a->length_ok))
		return;
	++*(p ? &p->verifies : &u->store->pins.strange);
	u->dirty = true;
}

uint16_t uicc_pin_command(struct uicc *u, const struct apdu *a)
{
	const struct pin_command *row = command_find(a->ins);
	struct uicc_pin *p = uicc_pin_find(&u->store->pins, a->p2);
	count(u, a, p);
	if (!row)
		return SW_INS;
	if (a->p1 != 0)
		return SW_PARAMS;
	if (!p)
		return SW_NO_REFERENCE;
	/* with four bytes, or with a fifth of 00 */
	if (row->ask && a->length_ok && a->data.n == 0 && a->le == LE_ALL)
		return row->ask(&u->store->config, p);
	if (!a->length_ok || a->data.n != row->size || a->has_le)
		return SW_LENGTH;
	u->dirty = true;
	return row->run(p, a->data);
}

/* --- what it opens --- */

uint16_t uicc_pin_permits(struct uicc *u, const struct object *o)
{
	if (o->pin == 0 || o->kind == OBJECT_PUBLIC)
		return SW_OK;
	const struct uicc_pin *p = uicc_pin_find(&u->store->pins, o->pin);
	if (!p)
		return SW_SECURITY;
	if (!p->enabled)
		return SW_OK;
	if (!p->verified || (o->pin_always && !p->fresh))
		return SW_SECURITY;
	if (o->pin_always)
		u->pin_in_use = o->pin;
	return SW_OK;
}

void uicc_pin_unused(struct uicc *u)
{
	u->pin_in_use = 0;
}

void uicc_pin_used(struct uicc *u)
{
	struct uicc_pin *p = uicc_pin_find(&u->store->pins, u->pin_in_use);
	if (u->pin_in_use == 0 || !p)
		return;
	p->fresh = false;
	if (u->store->config.pin_always_ends == PIN_ALWAYS_ENDS_PIN)
		p->verified = false;
}
