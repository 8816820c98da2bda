/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "front_mbim.h"
#include "mem.h"
#include "uri.h"

enum { INIT_MAX_MS = 600000 };

static bool set_option(struct mbim_habits *h, const char *key, const char *value)
{
	const struct {
		const char *key, *on, *off;
		bool *flag;
	} flags[] = {
		{"classtype1", "yes", "no", &h->class_type},
		{"le", "required", "optional", &h->le_required},
		{"selectp2", "0c", "any", &h->select_p2},
		{"iccid", "no", "yes", &h->no_iccid},
		{"numbers", "card", "own", &h->card_numbers},
	};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (strcmp(flags[i].key, key) != 0)
			continue;
		*flags[i].flag = strcmp(flags[i].on, value) == 0;
		return *flags[i].flag || strcmp(flags[i].off, value) == 0;
	}
	return strcmp(key, "max") == 0 || strcmp(key, "init") == 0;
}

static bool set_all(struct mbim_habits *h, const struct uri *u)
{
	for (unsigned i = 0; i < u->param_count; i++) {
		if (!set_option(h, u->param[i].key, u->param[i].value))
			return false;
	}
	return uri_param_number(u, "max", MBIM_TRANSFER_MIN, MBIM_TRANSFER_MAX, MBIM_TRANSFER_MAX,
				&h->max) == ST_OK &&
	       uri_param_number(u, "init", 0, INIT_MAX_MS, 0, &h->init_ms) == ST_OK;
}

status mbim_options_parse(const char *argument, struct sim_front *m, char err[256])
{
	char text[URI_MAX];
	struct uri u;
	int n = snprintf(text, sizeof(text), "mbim:%s", argument);

	if (n < 0 || (size_t)n >= sizeof(text) || uri_parse(text, &u) != ST_OK ||
	    u.path[0] == '\0') {
		snprintf(err, 256, "--mbim %.160s: LINK[?OPTION=VALUE&...] expected", argument);
		return ST_ARG;
	}
	if (!set_all(&m->habits, &u)) {
		snprintf(err, 256, "--mbim %.160s: unknown option or value", argument);
		return ST_ARG;
	}
	snprintf(m->port.link, sizeof(m->port.link), "%s", u.path);
	return ST_OK;
}
