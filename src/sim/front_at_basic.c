/* SPDX-License-Identifier: Apache-2.0 */
/* Identity and settings: the commands that do not need the card. */
#include <stddef.h>

#include "front_at.h"

static int show(struct sim_front *m, enum at_form form, const char *text)
{
	if (form == AT_TEST)
		return AT_OK;
	if (form != AT_EXECUTE)
		return AT_ERROR;
	at_info_add(m, "%s", text);
	return AT_OK;
}

static int run_maker(struct sim_front *m, enum at_form form, struct bytes args)
{
	(void)args;
	return show(m, form, m->habits.maker);
}

static int run_product(struct sim_front *m, enum at_form form, struct bytes args)
{
	(void)args;
	return show(m, form, m->habits.product);
}

static int run_revision(struct sim_front *m, enum at_form form, struct bytes args)
{
	(void)args;
	return show(m, form, m->habits.revision);
}

static int run_imei(struct sim_front *m, enum at_form form, struct bytes args)
{
	(void)args;
	return show(m, form, "001010123456780"); /* of the test range */
}

/* One digit 0..max into *value, and its `?` and `=?` forms. */
static int setting(struct sim_front *m, enum at_form form, struct bytes args, const char *name,
		   int max, int *value)
{
	switch (form) {
	case AT_READ:
		at_info_add(m, "%s: %d", name, *value);
		return AT_OK;
	case AT_TEST:
		at_info_add(m, "%s: (0-%d)", name, max);
		return AT_OK;
	case AT_SET:
		if (args.n != 1 || args.p[0] < '0' || args.p[0] > '0' + max)
			return CME_PARAMETERS;
		*value = args.p[0] - '0';
		return AT_OK;
	case AT_EXECUTE:
		break;
	}
	return AT_ERROR;
}

static int run_cmee(struct sim_front *m, enum at_form form, struct bytes args)
{
	return setting(m, form, args, "+CMEE", 2, &m->cmee);
}

static int run_cfun(struct sim_front *m, enum at_form form, struct bytes args)
{
	return setting(m, form, args, "+CFUN", 4, &m->cfun);
}

const struct at_command at_basic_commands[] = {
	{"+CGMI", run_maker},  {"+GMI", run_maker},	{"+CGMM", run_product},
	{"+GMM", run_product}, {"+CGMR", run_revision}, {"+GMR", run_revision},
	{"+CGSN", run_imei},   {"+CMEE", run_cmee},	{"+CFUN", run_cfun},
	{NULL, NULL},
};
