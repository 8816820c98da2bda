/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_pin.h"

#include <stdio.h>
#include <string.h>

#include "fake_card.h"

struct fake_pin fake_pin;

void fake_pin_reset(void)
{
	fake_pin = (struct fake_pin){.ref = PIN_REF_APPLICATION,
				     .value = "1234",
				     .tries = 3,
				     .enabled = true,
				     .power = 7};
}

void fake_pin_power_off(bool noticed)
{
	fake_pin.verified = fake_pin.fresh = false;
	if (noticed)
		fake_pin.power++;
}

status fake_pin_permits(const struct container *key)
{
	struct fake_pin *p = &fake_pin;
	bool always = key->id_len == 1 && key->id[0] == p->key_always;

	if (key->id_len != 1 || key->id[0] == 0 || (key->id[0] != p->key && !always))
		return ST_OK;
	if (!p->enabled)
		return ST_OK;
	if (!p->verified || (always && !p->fresh))
		return ST_SW_SECURITY;
	if (always)
		p->fresh = false;
	return ST_OK;
}

static struct card_pin now(void)
{
	const struct fake_pin *p = &fake_pin;

	if (!p->enabled)
		return (struct card_pin){CARD_PIN_DISABLED, -1};
	if (p->tries == 0)
		return (struct card_pin){CARD_PIN_BLOCKED, 0};
	if (p->verified && !p->shy)
		return (struct card_pin){CARD_PIN_VERIFIED, -1};
	return (struct card_pin){CARD_PIN_WANTED, p->tries};
}

status card_pin_query(struct card *c, uint8_t ref, struct card_pin *ret, deadline dl)
{
	fake_pin.queries++;
	if (!fake.present)
		return ST_NO_CARD;
	TRY(fake_talk(c, dl));
	if (fake_pin.query_answer != ST_OK)
		return fake_pin.query_answer;
	*ret = ref == fake_pin.ref ? now() : (struct card_pin){CARD_PIN_ABSENT, -1};
	return ST_OK;
}

static void lose_try(void)
{
	struct fake_pin *p = &fake_pin;

	p->verified = p->fresh = false;
	if (p->tries > 0) {
		p->tries--;
		p->failures++;
	}
}

static status present(struct bytes pin)
{
	struct fake_pin *p = &fake_pin;

	if (p->tries == 0)
		return ST_PIN_LOCKED;
	if (!bytes_equal(pin, bytes_str(p->value))) {
		lose_try();
		return p->tries == 0 ? ST_PIN_LOCKED : ST_PIN_WRONG;
	}
	p->tries = 3;
	p->verified = p->fresh = true;
	return ST_OK;
}

static status answer(status st, struct card_pin *ret)
{
	if (fake_pin.lost && fake_pin.dies)
		fake_pin.query_answer = ST_IO;
	if (fake_pin.lost)
		return ST_PIN_UNSURE;
	*ret = (struct card_pin){st == ST_OK ? CARD_PIN_VERIFIED : CARD_PIN_WANTED, fake_pin.tries};
	return st;
}

/* What a command with a PIN asks first. */
static status ask(const struct card *c, uint8_t ref, deadline dl)
{
	if (!fake.present)
		return ST_NO_CARD;
	TRY(fake_talk(c, dl));
	if (fake_pin.query_answer != ST_OK)
		return fake_pin.query_answer;
	if (ref != fake_pin.ref)
		return ST_SW_NOT_FOUND;
	return fake_pin.enabled && fake_pin.tries == 0 ? ST_PIN_LOCKED : ST_OK;
}

/* Also one that the card has no such PIN for: it was sent. */
static void note_pin(const struct card *c)
{
	struct fake_device *d = fake_device_of(c);

	if (d != NULL)
		d->pins++;
}

status card_pin_verify(struct card *c, uint8_t ref, struct bytes pin, struct card_pin *ret,
		       deadline dl)
{
	struct fake_pin *p = &fake_pin;

	if (pin.n < PIN_MIN || pin.n > PIN_MAX)
		return ST_ARG;
	note_pin(c);
	TRY(ask(c, ref, dl));
	if (!p->enabled) {
		*ret = now();
		return ST_OK;
	}
	if (p->before_answer != ST_OK)
		return p->before_answer;
	if ((int)++p->verifies == p->others_guess_at)
		lose_try();
	return answer(present(pin), ret);
}

status card_pin_change(struct card *c, uint8_t ref, struct bytes old_pin, struct bytes new_pin,
		       struct card_pin *ret, deadline dl)
{
	struct fake_pin *p = &fake_pin;

	note_pin(c);
	TRY(ask(c, ref, dl));
	if (!p->enabled)
		return ST_SW_CONDITIONS;
	p->changes++;
	status st = present(old_pin);
	if (st == ST_OK)
		snprintf(p->value, sizeof(p->value), "%.*s", (int)new_pin.n,
			 (const char *)new_pin.p);
	return answer(st, ret);
}

status card_pin_unblock(struct card *c, uint8_t ref, struct bytes puk, struct bytes new_pin,
			struct card_pin *ret, deadline dl)
{
	(void)c, (void)ref, (void)puk, (void)new_pin, (void)ret, (void)dl;
	return ST_BUG;
}

uint64_t card_power_epoch(const struct card *c)
{
	(void)c;
	return fake_pin.power;
}
