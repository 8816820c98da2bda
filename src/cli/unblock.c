/* SPDX-License-Identifier: Apache-2.0 */
/* iotsafe unblock: UNBLOCK PIN (ETSI TS 102 221 §11.1.13) on the PIN that the slot's configuration
 * names. A PUK counts its tries like a PIN, and after the last the key is lost for good: it is sent
 * once, and only when its owner gave it in this very run. */
#include <stdio.h>
#include <string.h>

#include "card_pin.h"
#include "cli.h"
#include "mem.h"
#include "pin.h"
#include "pin_memory.h"
#include "plan.h"
#include "say.h"

enum { PUK_SIZE = 8, ASKED_MAX = 16 };

static void free_card(struct card **c)
{
	card_free(*c);
}

/* The one slot that has a PIN. */
static status choose_slot(const struct plan *p, const struct settings_slot **ret_slot)
{
	const struct settings_slot *found = NULL;

	for (size_t i = 0; i < p->slot_count; i++) {
		if (p->slot[i].pin_ref == 0)
			continue;
		if (found)
			return SAY(ST_ARG, "several slots have a PIN: choose one with --slot");
		found = &p->slot[i];
	}
	if (!found)
		return SAY(ST_ARG,
			   "no slot has a PIN: set \"pin\" in the [slot] (iotsafe.conf(5))");
	*ret_slot = found;
	return ST_OK;
}

static status get(const char *option, const char *source, const char *prompt,
		  struct secret_view *secret)
{
	struct wtr w = wtr_on(secret->p, secret->cap);

	if (source)
		TRY(pin_from_source(option, source, &w));
	else if (pin_can_ask())
		TRY(pin_ask(prompt, &w));
	else
		return SAY(ST_ARG, "no terminal to ask on: --%s file:PATH is needed", option);
	secret->n = w.n;
	return ST_OK;
}

static status get_new_pin(const struct options *opt, struct secret_view *pin)
{
	SECRET(again, ASKED_MAX);

	TRY(get("new-pin-source", opt->new_pin_source, "New PIN: ", pin));
	if (pin->n < PIN_MIN || pin->n > PIN_MAX)
		return SAY(ST_ARG, "a PIN has %d to %d digits", PIN_MIN, PIN_MAX);
	if (opt->new_pin_source)
		return ST_OK;
	TRY(get("new-pin-source", NULL, "New PIN, again: ", &again));
	if (!bytes_equal(bytes_of(pin->p, pin->n), bytes_of(again.p, again.n)))
		return SAY(ST_ARG, "the two are not the same; nothing was sent to the SIM");
	return ST_OK;
}

static status get_puk(const struct options *opt, struct secret_view *puk)
{
	TRY(get("puk-source", opt->puk_source, "PUK: ", puk));
	if (puk->n != PUK_SIZE)
		return SAY(ST_ARG, "a PUK has %d digits; nothing was sent to the SIM", PUK_SIZE);
	return ST_OK;
}

/* It is worth a PUK only where the PIN is blocked. */
static status check_blocked(struct card *card, const struct settings_slot *slot, deadline dl)
{
	struct card_pin pin;
	status st = card_pin_query(card, slot->pin_ref, &pin, dl);

	if (st != ST_OK)
		return SAY(st, "slot %s: %s; \"iotsafe doctor\" tells more", slot->name,
			   status_text(st));
	if (pin.state == CARD_PIN_ABSENT)
		return SAY(ST_SW_NOT_FOUND, "the SIM has no PIN %02X: correct \"pin\" in [slot %s]",
			   slot->pin_ref, slot->name);
	if (pin.state == CARD_PIN_BLOCKED)
		return ST_OK;
	return SAY(ST_ARG, "PIN %02X is not blocked; nothing was sent to the SIM", slot->pin_ref);
}

static status say_outcome(const struct settings_slot *slot, status st, const struct card_pin *puk)
{
	if (st == ST_OK) {
		printf("PIN %02X of slot %s is unblocked and has its new value\n", slot->pin_ref,
		       slot->name);
		return ST_OK;
	}
	if (st == ST_PIN_WRONG && puk->tries >= 0)
		return SAY(st,
			   "the PUK is wrong; %d tries are left, after them it is lost for good",
			   puk->tries);
	if (st == ST_PIN_WRONG)
		return SAY(st, "the PUK is wrong; after a few more tries it is lost for good");
	if (st == ST_PIN_LOCKED)
		return SAY(st, "the PUK itself is blocked: the issuer has to replace the SIM");
	if (st == ST_PIN_UNSURE)
		return SAY(st,
			   "the SIM's answer was lost: \"iotsafe doctor\" tells the PIN's state");
	return SAY(st, "slot %s: %s", slot->name, status_text(st));
}

/* What was held against this value by automatic logins (pin-source) is over. */
static void forget_refusal(const struct plan *p, const struct settings_slot *slot,
			   struct card *card, struct bytes pin, deadline dl)
{
	struct pin_memory m ON_EXIT(pin_memory_close) = {.fd = -1};
	struct card_info info;

	if (!slot->pin_source[0] || card_identify(card, &info, dl) != ST_OK)
		return;
	if (pin_memory_open(p->settings.store_dir, info.iccid, dl, &m) != ST_OK ||
	    pin_memory_drop(&m, slot->pin_ref, pin) != ST_OK)
		say("careful: %s could not be written; pin-source may not be used",
		    p->settings.store_dir);
}

static status unblock(const struct plan *p, const struct options *opt)
{
	struct card *card ON_EXIT(free_card) = NULL;
	SECRET(puk, ASKED_MAX);
	SECRET(pin, ASKED_MAX);
	struct card_pin left = {.tries = -1};
	const struct settings_slot *slot;
	status st;

	TRY(choose_slot(p, &slot));
	st = card_new(&p->settings, slot, &card);
	if (st != ST_OK)
		return SAY(st, "slot %s: %s", slot->name, status_text(st));
	TRY(check_blocked(card, slot, deadline_in_ms(p->settings.timeout_ms)));
	TRY(get_puk(opt, &puk));
	TRY(get_new_pin(opt, &pin));

	deadline dl = deadline_in_ms(p->settings.timeout_ms);
	st = card_pin_unblock(card, slot->pin_ref, bytes_of(puk.p, puk.n), bytes_of(pin.p, pin.n),
			      &left, dl);
	if (st == ST_OK)
		forget_refusal(p, slot, card, bytes_of(pin.p, pin.n), dl);
	return say_outcome(slot, st, &left);
}

int unblock_run(const struct options *opt)
{
	struct plan *p ON_EXIT(plan_free_ptr) = NULL;
	status st = plan_make(opt, &p);

	if (st != ST_OK) {
		say("%s", p ? p->error : status_text(st));
		return EXIT_FAILED;
	}
	return unblock(p, opt) == ST_OK ? EXIT_FINE : EXIT_FAILED;
}
