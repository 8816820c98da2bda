/* SPDX-License-Identifier: Apache-2.0 */
/* Modem personalities: one row each, from transports.md §1.3. */
#include <stdio.h>
#include <string.h>

#include "front_at.h"
#include "mem.h"
#include "uri.h"

static const struct at_habits models[] = {
	{.model = "generic",
	 .maker = "Software Modem",
	 .product = "AT-SIM",
	 .revision = "1.0",
	 .ccid = true,
	 .cgla = true,
	 .csim = true,
	 .quotes = true},
	{.model = "quectel",
	 .maker = "Quectel",
	 .product = "EC25",
	 .revision = "EC25EFAR06A08M4G",
	 .iccid_command = "+QCCID",
	 .iccid_prefix = "+QCCID",
	 .ccid = true,
	 .cgla = true,
	 .csim = true,
	 .quotes = true},
	{.model = "sierra",
	 .maker = "Sierra Wireless, Incorporated",
	 .product = "EM7590",
	 .revision = "SWIX55C_01.06.03.00",
	 .iccid_command = "!ICCID",
	 .iccid_prefix = "!ICCID",
	 .cgla = true,
	 .csim = true,
	 .quotes = true,
	 .handle = AT_HANDLE_HEX,
	 .tests = AT_TESTS_ERROR},
	{.model = "fibocom",
	 .maker = "Fibocom Wireless Inc.",
	 .product = "FM350-GL",
	 .revision = "81600.0000.00.29.19.16",
	 .iccid_command = "+ICCID",
	 .iccid_prefix = "+ICCID",
	 .cgla = true,
	 .csim = true,
	 .quotes = true,
	 .handle = AT_HANDLE_BARE,
	 .tests = AT_TESTS_SILENT},
	{.model = "telit",
	 .maker = "Telit",
	 .product = "LE910C1-EUX",
	 .revision = "25.30.224",
	 .ccid = true,
	 .cgla = true,
	 .csim = true,
	 .quotes = true},
	{.model = "nordic",
	 .maker = "Nordic Semiconductor ASA",
	 .product = "nRF9160-SICA",
	 .revision = "mfw_nrf9160_1.3.5",
	 .iccid_command = "%XICCID",
	 .iccid_prefix = "%XICCID",
	 .cgla = true,
	 .csim = true,
	 .auto61 = true,
	 .quotes = true,
	 .blank = AT_BLANK_COMPACT},
	{.model = "sequans",
	 .maker = "SEQUANS Communications",
	 .product = "GMS01Q",
	 .revision = "UE5.0.0.0d",
	 .ccid = true,
	 .csim = true,
	 .auto61 = true},
	{.model = "ublox",
	 .maker = "u-blox",
	 .product = "SARA-R410M-02B",
	 .revision = "L0.0.00.00.05.06",
	 .ccid = true,
	 .csim = true,
	 .quotes = true,
	 .blank = AT_BLANK_EXTRA},
	{.model = "simcom",
	 .maker = "SIMCOM INCORPORATED",
	 .product = "SIMCOM_SIM7600E",
	 .revision = "SIM7600M22_V2.0",
	 .iccid_command = "+CICCID",
	 .iccid_prefix = "+ICCID",
	 .csim = true,
	 .quotes = true},
	{.model = "foxconn",
	 .maker = "Foxconn",
	 .product = "T99W696",
	 .revision = "F0.1.0.0.9",
	 .iccid_command = "^ICCID",
	 .iccid_prefix = "^ICCID",
	 .csim = true,
	 .quotes = true,
	 .upper_only = true},
};

static const struct at_habits *model_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(models); i++) {
		if (strcmp(models[i].model, word) == 0)
			return &models[i];
	}
	return NULL;
}

/* Index of word in a list of words that ends with NULL; -1. */
static int word_index(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], word) == 0)
			return i;
	}
	return -1;
}

static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const handles[] = {"prefixed", "bare", "hex", NULL};
static const char *const tests[] = {"yes", "error", "silent", NULL};
static const char *const blanks[] = {"normal", "compact", "extra", NULL};

static bool set_flag(bool *flag, const char *value)
{
	int i = word_index(no_yes, value);

	if (i >= 0)
		*flag = i == 1;
	return i >= 0;
}

static bool set_shape(struct at_habits *h, const char *key, const char *value)
{
	int i;

	if (strcmp(key, "ccho") == 0) {
		i = word_index(handles, value);
		h->handle = i < 0 ? h->handle : (enum at_handle_shape)i;
		return i >= 0;
	}
	if (strcmp(key, "tests") == 0) {
		i = word_index(tests, value);
		h->tests = i < 0 ? h->tests : (enum at_tests)i;
		return i >= 0;
	}
	if (strcmp(key, "blank") == 0) {
		i = word_index(blanks, value);
		h->blank = i < 0 ? h->blank : (enum at_blank)i;
		return i >= 0;
	}
	return false;
}

static bool set_option(struct sim_front *m, const char *key, const char *value)
{
	struct at_habits *h = &m->habits;
	const struct {
		const char *key;
		bool *flag;
	} flags[] = {
		{"cgla", &h->cgla},	{"csim", &h->csim},	   {"auto61", &h->auto61},
		{"quotes", &h->quotes}, {"upper", &h->upper_only}, {"echo", &m->echo},
		{"pin", &h->pin},
	};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (strcmp(flags[i].key, key) == 0)
			return set_flag(flags[i].flag, value);
	}
	return set_shape(h, key, value);
}

static bool set_all(struct sim_front *m, const struct uri *u)
{
	for (unsigned i = 0; i < u->param_count; i++) {
		const char *key = u->param[i].key;

		if (strcmp(key, "model") != 0 && strcmp(key, "urc") != 0 &&
		    !set_option(m, key, u->param[i].value))
			return false;
	}
	return uri_param_number(u, "urc", 1, 3600000, 0, &m->urc_ms) == ST_OK;
}

status at_habits_parse(const char *argument, struct sim_front *m, char err[256])
{
	char text[URI_MAX];
	struct uri u;
	int n = snprintf(text, sizeof(text), "at:%s", argument);

	if (n < 0 || (size_t)n >= sizeof(text) || uri_parse(text, &u) != ST_OK ||
	    u.path[0] == '\0') {
		snprintf(err, 256, "--at %s: LINK[?OPTION=VALUE&...] expected", argument);
		return ST_ARG;
	}
	const char *word = uri_param(&u, "model");
	const struct at_habits *row = model_of(word ? word : "generic");
	if (!row) {
		snprintf(err, 256, "--at: no modem model '%s'", word);
		return ST_ARG;
	}
	m->habits = *row;
	if (!set_all(m, &u)) {
		snprintf(err, 256, "--at %s: unknown option or value", argument);
		return ST_ARG;
	}
	snprintf(m->port.link, sizeof(m->port.link), "%s", u.path);
	return ST_OK;
}
