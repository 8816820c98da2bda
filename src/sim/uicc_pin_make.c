/* SPDX-License-Identifier: Apache-2.0 */
#include "uicc_pin_make.h"

#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "mem.h"

#define PROFILE_WITH_PINS "pin"

static const struct {
	unsigned ref;
	const char *value, *puk;
	bool enabled; /* on a card that does not care for PINs */
} pins[] = {
	{PIN_APPLICATION, PIN_DEFAULT, PUK_DEFAULT, false},
	{PIN_SECOND, "5678", "87654321", true},
	{PIN_UNIVERSAL, "24681357", "13572468", false},
};

/* The containers of the profile `pin` that ask for one. */
static const struct {
	enum object_kind kind;
	const char *id; /* hex */
	uint8_t ref;
	bool always;
} asking[] = {
	{OBJECT_PRIVATE, "01", PIN_APPLICATION, false},
	{OBJECT_PRIVATE, "11", PIN_APPLICATION, true},
};

static bool asks(const char *profile)
{
	return strcmp(profile, PROFILE_WITH_PINS) == 0;
}

static status add_pins(struct store *s, bool all_enabled)
{
	for (size_t i = 0; i < ARRAY_LEN(pins); i++) {
		struct uicc_pin *p;
		TRY(uicc_pin_add(&s->pins, &p));
		p->ref = pins[i].ref;
		p->tries = p->max = PIN_TRIES;
		p->puk_tries = p->puk_max = PUK_TRIES;
		p->enabled = all_enabled || pins[i].enabled;
		TRY(uicc_pin_value(bytes_str(pins[i].value), p->value));
		TRY(uicc_pin_value(bytes_str(pins[i].puk), p->puk));
	}
	return ST_OK;
}

static const char *pin_of(const struct make_options *options)
{
	return options->pin ? options->pin : PIN_DEFAULT;
}

static const char *puk_of(const struct make_options *options)
{
	return options->puk ? options->puk : PUK_DEFAULT;
}

/* --pin and --puk are those of the application PIN. */
static status set_values(struct store *s, const struct make_options *options, char err[256])
{
	struct uicc_pin *p = uicc_pin_find(&s->pins, PIN_APPLICATION);
	const char *pin = pin_of(options), *puk = puk_of(options);
	if (!p)
		return ST_BUG;
	if (uicc_pin_value(bytes_str(pin), p->value) != ST_OK) {
		snprintf(err, 256, "--pin: expected 4 to 8 digits");
		return ST_ARG;
	}
	if (strlen(puk) != PIN_SIZE || uicc_pin_value(bytes_str(puk), p->puk) != ST_OK) {
		snprintf(err, 256, "--puk: expected 8 digits");
		return ST_ARG;
	}
	return ST_OK;
}

status uicc_pin_ask(struct store *s, const char *profile)
{
	for (size_t i = 0; asks(profile) && i < ARRAY_LEN(asking); i++) {
		uint8_t raw[CONTAINER_ID_MAX];
		struct wtr id = WTR_ON(raw);
		TRY(hex_get(bytes_str(asking[i].id), &id));
		struct object *o = store_find_id(s, asking[i].kind, wtr_bytes(&id));
		if (!o)
			return ST_BUG;
		o->pin = asking[i].ref;
		o->pin_always = asking[i].always;
	}
	return ST_OK;
}

void uicc_pin_tell(const struct make_options *options, FILE *to)
{
	if (asks(options->profile))
		fprintf(to, "application PIN %s, PUK %s\n", pin_of(options), puk_of(options));
}

status uicc_pin_make(struct store *s, const struct make_options *options, char err[256])
{
	TRY(add_pins(s, asks(options->profile)));
	return set_values(s, options, err);
}
