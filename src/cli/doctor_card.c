/* SPDX-License-Identifier: Apache-2.0 */
/* One slot's walk from its device to the applet; signatures are in doctor_sign.c. */
#include <stdio.h>
#include <stdlib.h>

#include "card.h"
#include "card_pin.h"
#include "doctor.h"
#include "doctor_blame.h"
#include "doctor_sign.h"
#include "hex.h"
#include "mem.h"

static const char *const step_names[] = {"device", "SIM",     "channel",
					 "applet", "objects", "signature"};

static void blame_at(struct report *r, const struct settings_slot *slot, status st,
		     enum step reached)
{
	struct blame b;

	doctor_blame(slot, st, reached, &b);
	for (enum step i = reached; i < b.step; i++)
		report_add(r, step_names[i], VERDICT_OK, NULL, "answers");
	report_add(r, step_names[b.step], VERDICT_FAIL, b.remedy, "%s", b.cause);
	for (int i = (int)b.step + 1; i < STEPS; i++)
		report_add(r, step_names[i], VERDICT_SKIPPED, NULL, "not reached");
}

static void say_identity(struct report *r, const struct card_info *info)
{
	char aid[2 * AID_MAX + 1];

	report_add(r, "device", VERDICT_OK, NULL, "%s%s%s", info->device,
		   info->description[0] ? ", " : "", info->description);
	report_add(r, "SIM", VERDICT_OK, NULL, "ICCID %s",
		   info->iccid[0] ? info->iccid : "unknown (the card does not tell)");
	report_add(r, "channel", VERDICT_OK, NULL, "%s%s%s",
		   info->channel.device_owned ? "modem's handle " : "logical channel ",
		   info->channel.text,
		   info->channel.resumed ? ", taken over from earlier use" : "");
	report_add(r, "applet", VERDICT_OK, NULL, "%s",
		   hex_str(bytes_of(info->aid, info->aid_len), aid, sizeof(aid)));
}

static bool say_objects(struct report *r, const struct catalog *cat)
{
	size_t kinds[CONTAINER_KINDS] = {0}, empty = 0;
	char blanks[64] = "";

	if (cat->count == 0) {
		report_add(r, "objects", VERDICT_FAIL,
			   "the SIM was not personalised, or its list must come from [container] "
			   "lines",
			   "the applet has no containers");
		report_add(r, "signature", VERDICT_SKIPPED, NULL, "not reached");
		return false;
	}
	for (size_t i = 0; i < cat->count; i++) {
		kinds[cat->item[i].kind]++;
		empty += !cat->item[i].activated;
	}
	if (empty)
		snprintf(blanks, sizeof(blanks), "; %zu empty", empty);
	report_add(r, "objects", VERDICT_OK, NULL,
		   "%zu private keys, %zu public keys, %zu files, %zu secret keys%s",
		   kinds[CONTAINER_PRIVATE_KEY], kinds[CONTAINER_PUBLIC_KEY], kinds[CONTAINER_FILE],
		   kinds[CONTAINER_SECRET_KEY], blanks);
	return true;
}

/* Only asked for, never sent. */
static void say_pin(struct report *r, const struct settings *all, const struct settings_slot *slot,
		    struct card *card)
{
	struct card_pin pin = {0};
	status st;

	if (slot->pin_ref == 0)
		return;
	st = card_pin_query(card, slot->pin_ref, &pin, deadline_in_ms(all->timeout_ms));
	if (st != ST_OK)
		report_add(r, "PIN", VERDICT_FAIL, "IOTSAFE_LOG=trace shows the exchanges", "%s",
			   status_text(st));
	else if (pin.state == CARD_PIN_BLOCKED)
		report_add(r, "PIN", VERDICT_FAIL, "unblock it with its PUK: iotsafe unblock",
			   "PIN %02X is blocked", slot->pin_ref);
	else if (pin.state == CARD_PIN_ABSENT)
		report_add(r, "PIN", VERDICT_FAIL, "correct \"pin\" in the slot",
			   "the SIM has no PIN %02X", slot->pin_ref);
	else if (pin.state == CARD_PIN_DISABLED)
		report_add(r, "PIN", VERDICT_OK, NULL, "PIN %02X is disabled: nobody is asked",
			   slot->pin_ref);
	else if (pin.state == CARD_PIN_VERIFIED)
		report_add(r, "PIN", VERDICT_OK, NULL, "PIN %02X is verified", slot->pin_ref);
	else if (pin.tries == 1)
		report_add(r, "PIN", VERDICT_NOTE,
			   "the right one sets the counter back; pin-source is not used before",
			   "PIN %02X: one try is left", slot->pin_ref);
	else if (pin.tries > 1)
		report_add(r, "PIN", VERDICT_OK, NULL, "PIN %02X: %d tries are left", slot->pin_ref,
			   pin.tries);
	else
		report_add(r, "PIN", VERDICT_OK, NULL, "PIN %02X: the SIM does not tell the tries",
			   slot->pin_ref);
}

static void free_card(struct card **c)
{
	card_free(*c);
}

static status meet(struct card *card, const struct settings *all, struct card_info *info,
		   struct catalog *copy, enum step *ret_reached)
{
	const struct catalog *cat;

	*ret_reached = STEP_DEVICE;
	TRY(card_identify(card, info, deadline_in_ms(all->timeout_ms)));
	*ret_reached = STEP_OBJECTS;
	TRY(card_catalog(card, &cat, deadline_in_ms(all->timeout_ms)));
	*copy = *cat;
	return ST_OK;
}

void doctor_slot(struct report *r, const struct settings *all, const struct settings_slot *slot)
{
	struct card *card ON_EXIT(free_card) = NULL;
	struct catalog *cat ON_EXIT(mem_free_ptr) = malloc(sizeof(*cat));
	enum step reached = STEP_DEVICE;
	struct card_info info;
	status st;

	report_slot(r, slot->name, slot->uri_text);
	doctor_owner(r, slot);
	st = cat ? card_new(all, slot, &card) : ST_NOMEM;
	if (st == ST_OK)
		st = meet(card, all, &info, cat, &reached);
	if (reached == STEP_OBJECTS)
		say_identity(r, &info);
	if (st != ST_OK) {
		blame_at(r, slot, st, reached);
		return;
	}
	say_pin(r, all, slot, card);
	if (say_objects(r, cat))
		doctor_sign(r, all, slot, card, cat);
}
