/* SPDX-License-Identifier: Apache-2.0 */
/* PATH[?OPTION=VALUE&…] */
#include <stdio.h>

#include "front_qmux.h"
#include "mem.h"
#include "text.h"

static status yes_or_no(struct bytes value, bool *ret_v)
{
	if (bytes_equal(value, BYTES_LIT("yes"))) {
		*ret_v = true;
		return ST_OK;
	}
	if (!bytes_equal(value, BYTES_LIT("no")))
		return ST_ARG;
	*ret_v = false;
	return ST_OK;
}

static status number(struct bytes value, unsigned most, unsigned *ret_v)
{
	unsigned long v = 0;

	TRY(text_number(value, 10, &v));
	if (v < 1 || v > most)
		return ST_ARG;
	*ret_v = (unsigned)v;
	return ST_OK;
}

static status set(struct qmux_options *o, struct bytes name, struct bytes value)
{
	const struct {
		const char *name;
		bool *flag;
		unsigned *count;
		unsigned most;
	} rows[] = {
		{"tty", &o->tty, NULL, 0},
		{"old", &o->old, NULL, 0},
		{"proc", &o->proc, NULL, 0},
		{"cids", NULL, &o->cids, QMUX_CIDS_MAX},
		{"slot", NULL, &o->slot, QMUX_SLOTS_MAX},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!bytes_equal(name, bytes_str(rows[i].name)))
			continue;
		return rows[i].flag ? yes_or_no(value, rows[i].flag)
				    : number(value, rows[i].most, rows[i].count);
	}
	return ST_ARG;
}

status qmux_options_parse(const char *argument, struct sim_front *m, char err[256])
{
	struct rdr r = rdr_of(bytes_str(argument));
	struct bytes path = {0};
	struct bytes option;

	m->options = (struct qmux_options){.proc = true, .cids = 8, .slot = 1};
	if (!text_item(&r, '?', &path) || path.n == 0 ||
	    text_copy(path, m->socket.path, sizeof(m->socket.path)) != ST_OK) {
		snprintf(err, 256, "--qmux: a path of 1 to %zu characters",
			 sizeof(m->socket.path) - 1);
		return ST_ARG;
	}
	while (text_item(&r, '&', &option)) {
		struct rdr o = rdr_of(option);
		struct bytes name = {0};

		if (text_item(&o, '=', &name) && set(&m->options, name, rdr_rest(&o)) == ST_OK)
			continue;
		snprintf(err, 256,
			 "--qmux: not an option: '%.*s' (tty=yes, cids=1…%d, slot=1…%d, proc=no, "
			 "old=yes)",
			 (int)(option.n < 60 ? option.n : 60), (const char *)option.p,
			 QMUX_CIDS_MAX, QMUX_SLOTS_MAX);
		return ST_ARG;
	}
	return ST_OK;
}
