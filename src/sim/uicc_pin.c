/* SPDX-License-Identifier: Apache-2.0 */
#include "uicc_pin.h"

#include <string.h>

#include "apdu.h"
#include "mem.h"

struct uicc_pin *uicc_pin_find(struct uicc_pin_table *t, unsigned ref)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->pin[i].ref == ref)
			return &t->pin[i];
	}
	return NULL;
}

status uicc_pin_add(struct uicc_pin_table *t, struct uicc_pin **ret_pin)
{
	if (t->count == PINS_MAX)
		return ST_FULL;
	t->pin[t->count] = (struct uicc_pin){0};
	*ret_pin = &t->pin[t->count++];
	return ST_OK;
}

void uicc_pin_power_cycle(struct uicc_pin_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		uicc_pin_set_verified(&t->pin[i], false);
}

status uicc_pin_value(struct bytes digits, uint8_t ret_value[PIN_SIZE])
{
	uint8_t value[PIN_SIZE];
	memset(value, 0xFF, sizeof(value));
	if (digits.n > PIN_SIZE)
		return ST_ARG;
	if (digits.n > 0)
		memcpy(value, digits.p, digits.n);
	if (!uicc_pin_well_formed(BYTES_OF(value)))
		return ST_ARG;
	memcpy(ret_value, value, sizeof(value));
	return ST_OK;
}

bool uicc_pin_well_formed(struct bytes value)
{
	size_t n = 0;
	while (n < value.n && value.p[n] >= '0' && value.p[n] <= '9')
		n++;
	size_t digits = n;
	while (n < value.n && value.p[n] == 0xFF)
		n++;
	return value.n == PIN_SIZE && n == PIN_SIZE && digits >= PIN_DIGITS_MIN;
}

/* One comparison that counts. */
static uint16_t compare(const uint8_t want[PIN_SIZE], struct bytes got, unsigned *tries,
			unsigned max, unsigned *failures)
{
	if (*tries == 0)
		return SW_PIN_BLOCKED;
	/* as a card does it: the try is gone before anything is compared */
	--*tries;
	if (got.n != PIN_SIZE || !mem_equal_ct(want, got.p, PIN_SIZE)) {
		++*failures;
		return (uint16_t)(SW_TRIES_LEFT | *tries);
	}
	*tries = max;
	return SW_OK;
}

uint16_t uicc_pin_present(struct uicc_pin *p, struct bytes value)
{
	uint16_t sw = compare(p->value, value, &p->tries, p->max, &p->failures);
	if (sw != SW_OK)
		uicc_pin_set_verified(p, false);
	return sw;
}

uint16_t uicc_pin_present_puk(struct uicc_pin *p, struct bytes puk)
{
	return compare(p->puk, puk, &p->puk_tries, p->puk_max, &p->puk_failures);
}

void uicc_pin_unblock(struct uicc_pin *p, struct bytes value)
{
	uicc_pin_set_value(p, value);
	p->tries = p->max;
	p->enabled = 1;
	uicc_pin_set_verified(p, true);
}

void uicc_pin_set_value(struct uicc_pin *p, struct bytes value)
{
	memcpy(p->value, value.p, PIN_SIZE);
}

void uicc_pin_set_verified(struct uicc_pin *p, bool verified)
{
	p->verified = p->fresh = verified;
}
