/* SPDX-License-Identifier: Apache-2.0 */
/* One slot's walk from its device to the applet; signatures are in doctor_sign.c. */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "card.h"
#include "card_pin.h"
#include "doctor.h"
#include "doctor_sign.h"
#include "hex.h"
#include "mem.h"

enum step { STEP_DEVICE, STEP_SIM, STEP_CHANNEL, STEP_APPLET, STEP_OBJECTS, STEP_SIGNATURE, STEPS };
static const char *const step_names[] = {"device", "SIM",     "channel",
					 "applet", "objects", "signature"};

/* What a status says about the way to the applet: where it breaks, and what helps. The first row
 * whose status and scheme fit is taken. */
static const struct blame_row {
	status st;
	const char *scheme; /* NULL: any */
	enum step step;
	const char *cause, *remedy;
} blames[] = {
	{ST_ARG, NULL, STEP_DEVICE, "no such link is known, or a parameter of its URI is wrong",
	 "pcsc:, at:PATH, qmi:PATH, mbim:PATH and unix:PATH with their parameters are in "
	 "iotsafe.conf(5)"},
	{ST_NO_DEVICE, "pcsc", STEP_DEVICE, "no card reader (or none of that name)",
	 "plug the reader in; \"opensc-tool -l\" lists what pcscd sees"},
	{ST_NO_DEVICE, "at", STEP_DEVICE, "there is no such device",
	 "check cable and path; stable names are in /dev/serial/by-id"},
	{ST_NO_DEVICE, NULL, STEP_DEVICE, "there is no such device, or nobody answers there",
	 "check the path, and that its program runs"},
	{ST_NO_SERVICE, "pcsc", STEP_DEVICE, "pcscd is not running",
	 "systemctl enable --now pcscd.socket (package pcscd)"},
	{ST_NO_SERVICE, "qmi", STEP_DEVICE, "qmi-proxy is not running",
	 "start ModemManager, or /usr/libexec/qmi-proxy (package libqmi-proxy); or set direct=1"},
	{ST_NO_SERVICE, "mbim", STEP_DEVICE, "mbim-proxy is not running",
	 "start ModemManager, or /usr/libexec/mbim-proxy (package libmbim-proxy); or set direct=1"},
	{ST_NO_SERVICE, NULL, STEP_DEVICE, "nobody serves this path",
	 "start the program behind it"},
	{ST_DENIED_DEVICE, "qmi", STEP_DEVICE, "the proxy serves root only", NULL},
	{ST_DENIED_DEVICE, "mbim", STEP_DEVICE, "the proxy serves root only", NULL},
	{ST_DENIED_DEVICE, NULL, STEP_DEVICE, "no permission", NULL},
	{ST_BUSY_DEVICE, "at", STEP_DEVICE, "another program owns the port (ModemManager?)",
	 "give us a port of our own: ENV{ID_MM_PORT_IGNORE}=\"1\" in 70-iotsafe.rules"},
	{ST_BUSY_DEVICE, NULL, STEP_DEVICE, "another program holds the card for itself",
	 "end it, or let it use the card in shared mode"},
	{ST_TIMEOUT, "at", STEP_DEVICE, "the port does not answer",
	 "is it the modem's AT port, and the baud rate right? Is the modem awake?"},
	{ST_TIMEOUT, NULL, STEP_DEVICE, "no answer in time, or others hold the card",
	 "try again; raise timeout in the configuration"},
	{ST_NO_CARD, NULL, STEP_SIM, "no SIM",
	 "insert the SIM; check its orientation and contacts"},
	{ST_CARD_GONE, NULL, STEP_SIM, "the SIM was removed meanwhile", "insert it again"},
	{ST_CARD_CHANGED, NULL, STEP_SIM, "this is another SIM than expected",
	 "insert the right one, or correct expected-iccid"},
	{ST_SIM_PIN, NULL, STEP_SIM, "the SIM asks for its PIN",
	 "enter it with the modem's own tools, or disable it: it is not the applet's PIN"},
	{ST_NO_CHANNEL, NULL, STEP_CHANNEL, "all logical channels of the SIM are taken",
	 "end other programs that use the SIM, or restart the modem"},
	{ST_UNSUPPORTED_LINK, NULL, STEP_CHANNEL, "the link offers no way to a logical channel",
	 "a modem needs AT+CCHO and AT+CGLA, or AT+CSIM"},
	{ST_CHANNEL_LOST, NULL, STEP_CHANNEL, "the logical channel is lost again and again",
	 "something resets the SIM: look at the modem's and pcscd's logs"},
	{ST_NO_APPLET, NULL, STEP_APPLET, "the SIM has no IoT SAFE applet under the known AIDs",
	 "ask the SIM's issuer for the AID and set aid in the slot"},
	{ST_SW_SECURITY, NULL, STEP_OBJECTS, "the applet asks for a PIN",
	 "set pin-source in the slot"},
	{ST_CONFIG, NULL, STEP_OBJECTS, "the configuration does not fit this SIM",
	 "see iotsafe.conf(5)"},
};

static const struct blame_row *find_blame(status st, const char *scheme)
{
	for (size_t i = 0; i < ARRAY_LEN(blames); i++)
		if (blames[i].st == st &&
		    (!blames[i].scheme || strcmp(blames[i].scheme, scheme) == 0))
			return &blames[i];
	return NULL;
}

/* Who may use the device, if it says so by a group. */
static void permission_remedy(const struct settings_slot *slot, char *dst, size_t cap)
{
	struct stat st;
	struct group *g = NULL;

	if (strcmp(slot->uri.scheme, "qmi") == 0 || strcmp(slot->uri.scheme, "mbim") == 0) {
		snprintf(dst, cap,
			 "run as root, or by the agent (p11-kit server): iotsafe-pkcs11(7)");
		return;
	}
	if (slot->uri.path[0] && stat(slot->uri.path, &st) == 0 && (st.st_mode & S_IWGRP))
		g = getgrgid(st.st_gid);
	if (g)
		snprintf(dst, cap, "add the user to the group \"%s\", and log in again",
			 g->gr_name);
	else
		snprintf(dst, cap, "run as the device's owner, or change its permissions (udev)");
}

/* `reached` is the step that was being done; the row may know better. */
static void blame_at(struct report *r, const struct settings_slot *slot, status st,
		     enum step reached)
{
	const struct blame_row *row = find_blame(st, slot->uri.scheme);
	/* a row may know that it went further, never that it did not get here */
	enum step step = row && row->step > reached ? row->step : reached;
	const char *remedy = row ? row->remedy : "IOTSAFE_LOG=trace shows the exchanges";
	char permission[160];

	if (st == ST_DENIED_DEVICE) {
		permission_remedy(slot, permission, sizeof(permission));
		remedy = permission;
	}
	for (enum step i = reached; i < step; i++)
		report_add(r, step_names[i], VERDICT_OK, NULL, "answers");
	report_add(r, step_names[step], VERDICT_FAIL, remedy, "%s",
		   row ? row->cause : status_text(st));
	for (int i = (int)step + 1; i < STEPS; i++)
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
