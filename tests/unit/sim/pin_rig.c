/* SPDX-License-Identifier: Apache-2.0 */
#include "pin_rig.h"

#include <stdio.h>
#include <string.h>

int pin_setup(void **state)
{
	*state = rig_new("pin", 0);
	return 0;
}

int pin_teardown(void **state)
{
	rig_free(*state);
	return 0;
}

void pin_send(struct rig *r, const char *ins, const char *data, const char *want)
{
	rig_expectf(r, want, "00 %s 00 01 %02zX %s", ins, strlen(data) / 2, data);
}

static void ask(struct rig *r, char text[2048])
{
	struct wtr w = wtr_on(text, 2047);
	sim_card_control(r->card, BYTES_LIT("pin"), &w);
	text[w.n] = '\0';
}

void pin_expect(struct rig *r, const char *ref, const char *want)
{
	char text[2048], start[160];
	ask(r, text);
	snprintf(start, sizeof(start), "\n%s %s", ref, want);
	if (!strstr(text, start))
		fail_msg("expected %s\n  in %s", start, text);
}

void pin_counted(struct rig *r, unsigned verifies, unsigned failures)
{
	char text[2048], start[80];
	ask(r, text);
	snprintf(start, sizeof(start), "ok verifies=%u failures=%u\n", verifies, failures);
	if (strncmp(text, start, strlen(start)) != 0)
		fail_msg("expected %s  in %s", start, text);
}
