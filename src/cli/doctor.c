/* SPDX-License-Identifier: Apache-2.0 */
/* iotsafe doctor: from the configuration to a signature, each step with cause and remedy. */
#include "doctor.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "mem.h"
#include "say.h"
#include "tint.h"

static void say_configuration(struct report *r, const struct options *opt, const struct plan *p)
{
	if (opt->uri)
		report_add(r, "configuration", VERDICT_OK, NULL, "none: --uri %s", opt->uri);
	else if (p->settings.slot_count > 0)
		report_add(r, "configuration", VERDICT_OK, NULL, "%s: %zu slot%s", p->path,
			   p->settings.slot_count, p->settings.slot_count == 1 ? "" : "s");
	else
		report_add(r, "configuration", VERDICT_OK, NULL,
			   "no %s: all card readers, tagged modem ports and modems behind a proxy",
			   p->settings.from_file ? "[slot] in the file" : p->path);
}

static const char *remedy_of_plan(status st)
{
	if (st == ST_NO_SLOT)
		return "see the [slot NAME] lines of the configuration";
	if (st == ST_CONFIG)
		return "correct the configuration; iotsafe.conf(5) describes each line";
	return NULL;
}

/* Nothing configured, and nothing there: PC/SC tells why it shows no reader. */
static void no_slots(struct report *r, const struct plan *p)
{
	struct settings_slot slot = {.name = "pcsc", .uri_text = "pcsc:", .id = -1, .cla_base = -1};

	if (uri_parse(slot.uri_text, &slot.uri) == ST_OK)
		doctor_slot(r, &p->settings, &slot);
}

static void all_slots(struct report *r, const struct plan *p)
{
	for (size_t i = 0; i < p->slot_count; i++)
		if (p->slot[i].member_count == 0)
			doctor_slot(r, &p->settings, &p->slot[i]);
		else
			doctor_group(r, &p->settings, &p->slot[i]);
	for (size_t i = 0; i < p->absent_count; i++)
		doctor_slot(r, &p->settings, &p->absent[i]);
	if (p->slot_count + p->absent_count == 0)
		no_slots(r, p);
	if (p->settings.slot_count == 0)
		doctor_skipped(r);
}

int doctor_run(const struct options *opt)
{
	struct plan *p ON_EXIT(plan_free_ptr) = NULL;
	const struct client *client = NULL;
	struct report r ON_EXIT(report_free) = {0};
	bool registered;
	status st;

	if (tint_choose(opt->color) != ST_OK ||
	    (opt->client && doctor_client_find(opt->client, &client) != ST_OK))
		return EXIT_USAGE;
	if (opt->user && !client) {
		say("--user goes with --client");
		return EXIT_USAGE;
	}
	st = plan_make(opt, &p);
	r = report_begin(opt->json);
	if (st == ST_OK)
		say_configuration(&r, opt, p);
	else
		report_add(&r, "configuration", VERDICT_FAIL, remedy_of_plan(st), "%s",
			   p ? p->error : status_text(st));
	doctor_module(&r, opt->module);
	registered = doctor_p11kit(&r);
	if (st == ST_OK && client)
		doctor_client(&r, client, opt, p, registered);
	if (st == ST_OK)
		all_slots(&r, p);
	r.slot = NULL;
	report_end(&r);
	return r.failed ? EXIT_FAILED : EXIT_FINE;
}
