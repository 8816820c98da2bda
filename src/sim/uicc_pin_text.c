/* SPDX-License-Identifier: Apache-2.0 */
#include "uicc_pin_text.h"

#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "mem.h"
#include "text.h"

/* --- card.txt --- */

enum { COUNTER_MAX = 999999999 };

static const struct number {
	const char *key;
	size_t offset;
	unsigned base, max;
} numbers[] = {
	{"reference", offsetof(struct uicc_pin, ref), 16, 0xFF},
	{"tries", offsetof(struct uicc_pin, tries), 10, 15},
	{"max", offsetof(struct uicc_pin, max), 10, 15},
	{"puk-tries", offsetof(struct uicc_pin, puk_tries), 10, 15},
	{"puk-max", offsetof(struct uicc_pin, puk_max), 10, 15},
	{"enabled", offsetof(struct uicc_pin, enabled), 10, 1},
	{"verifies", offsetof(struct uicc_pin, verifies), 10, COUNTER_MAX},
	{"failures", offsetof(struct uicc_pin, failures), 10, COUNTER_MAX},
	{"puk-failures", offsetof(struct uicc_pin, puk_failures), 10, COUNTER_MAX},
};

static unsigned *number_at(struct uicc_pin *p, const struct number *n)
{
	return (unsigned *)(void *)((char *)p + n->offset);
}

static unsigned number_of(const struct uicc_pin *p, const struct number *n)
{
	unsigned v;
	memcpy(&v, (const char *)p + n->offset, sizeof(v));
	return v;
}

static status read_value(struct bytes hex, uint8_t ret_value[PIN_SIZE])
{
	uint8_t value[PIN_SIZE];
	struct wtr w = WTR_ON(value);
	TRY(hex_get(hex, &w));
	if (wtr_done(&w) != ST_OK || w.n != PIN_SIZE)
		return ST_ARG;
	memcpy(ret_value, value, PIN_SIZE);
	return ST_OK;
}

status uicc_pin_read(struct uicc_pin *p, struct bytes key, struct bytes value)
{
	unsigned long v;
	if (bytes_equal(key, BYTES_LIT("value")))
		return read_value(value, p->value);
	if (bytes_equal(key, BYTES_LIT("puk")))
		return read_value(value, p->puk);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		const struct number *n = &numbers[i];
		if (!bytes_equal(key, bytes_str(n->key)))
			continue;
		TRY(text_number(value, n->base, &v));
		if (v > n->max)
			return ST_ARG;
		*number_at(p, n) = (unsigned)v;
		return ST_OK;
	}
	return ST_NO_ENTRY;
}

void uicc_pin_write(const struct uicc_pin *p, struct wtr *w)
{
	wtr_printf(w, "\n[pin]\n");
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		unsigned v = number_of(p, &numbers[i]);
		wtr_printf(w, numbers[i].base == 16 ? "%s = %02X\n" : "%s = %u\n", numbers[i].key,
			   v);
	}
	wtr_printf(w, "value = ");
	hex_put(w, BYTES_OF(p->value));
	wtr_printf(w, "\npuk = ");
	hex_put(w, BYTES_OF(p->puk));
	wtr_u8(w, '\n');
}

/* --- control --- */

static const char *yes_no(bool v)
{
	return v ? "yes" : "no";
}

void uicc_pin_list(const struct uicc_pin_table *t, struct wtr *reply)
{
	unsigned verifies = t->strange, failures = 0;
	for (size_t i = 0; i < t->count; i++) {
		verifies += t->pin[i].verifies;
		failures += t->pin[i].failures + t->pin[i].puk_failures;
	}
	wtr_printf(reply, "ok verifies=%u failures=%u\n", verifies, failures);
	for (size_t i = 0; i < t->count; i++) {
		const struct uicc_pin *p = &t->pin[i];
		wtr_printf(reply,
			   "%02X tries=%u max=%u enabled=%s verified=%s verifies=%u failures=%u "
			   "puk-tries=%u puk-failures=%u\n",
			   p->ref, p->tries, p->max, yes_no(p->enabled), yes_no(p->verified),
			   p->verifies, p->failures, p->puk_tries, p->puk_failures);
	}
}

/* As by CHANGE PIN in another device: the right value was shown there, and the power went. */
static status set_value(struct uicc_pin *p, struct bytes value)
{
	uint8_t padded[PIN_SIZE];
	TRY(uicc_pin_value(value, padded));
	uicc_pin_set_value(p, BYTES_OF(padded));
	p->tries = p->max;
	uicc_pin_set_verified(p, false);
	return ST_OK;
}

static status set_tries(struct uicc_pin *p, struct bytes text)
{
	unsigned long n;
	TRY(text_number(text, 10, &n));
	if (n > p->max)
		return ST_ARG;
	p->tries = (unsigned)n;
	if (n == 0)
		uicc_pin_set_verified(p, false);
	return ST_OK;
}

static status switch_to(struct uicc_pin *p, bool enabled)
{
	p->enabled = enabled;
	uicc_pin_set_verified(p, false);
	return ST_OK;
}

static status enable(struct uicc_pin *p, struct bytes rest)
{
	return rest.n > 0 ? ST_ARG : switch_to(p, true);
}

static status disable(struct uicc_pin *p, struct bytes rest)
{
	return rest.n > 0 ? ST_ARG : switch_to(p, false);
}

static status verify(struct uicc_pin *p, struct bytes rest)
{
	if (rest.n > 0 || !p->enabled || p->tries == 0)
		return ST_ARG;
	p->tries = p->max;
	uicc_pin_set_verified(p, true);
	return ST_OK;
}

static status forget(struct uicc_pin *p, struct bytes rest)
{
	if (rest.n > 0)
		return ST_ARG;
	uicc_pin_set_verified(p, false);
	return ST_OK;
}

static const struct {
	const char *word;
	status (*run)(struct uicc_pin *p, struct bytes rest);
} changes[] = {
	{"set", set_value},   {"tries", set_tries}, {"enable", enable},
	{"disable", disable}, {"verify", verify},   {"forget", forget},
};

status uicc_pin_change(struct uicc_pin_table *t, struct bytes text, char err[128])
{
	struct rdr r = rdr_of(text);
	struct bytes word = {0}, ref = {0};
	unsigned long number;
	snprintf(err, 128,
		 "pin: expected set REF VALUE, tries REF N, or enable, disable, verify or forget "
		 "REF");
	if (!text_word(&r, &word) || !text_word(&r, &ref) ||
	    text_number(ref, 16, &number) != ST_OK || number > 0xFF)
		return ST_ARG;
	struct uicc_pin *p = uicc_pin_find(t, (unsigned)number);
	if (!p) {
		snprintf(err, 128, "pin: the card has no PIN %02lX", number);
		return ST_NO_ENTRY;
	}
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		if (bytes_equal(word, bytes_str(changes[i].word)))
			return changes[i].run(p, text_trim(rdr_rest(&r)));
	}
	return ST_ARG;
}
