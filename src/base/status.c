/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

static const struct {
	const char *name;
	const char *text;
} table[] = {
#define X(name, text) {#name, text},
#include "status.def"
#undef X
};

_Static_assert(sizeof(table) / sizeof(table[0]) == ST_COUNT, "one row per status");

const char *status_text(status st)
{
	return (unsigned)st < ST_COUNT ? table[st].text : "unknown status";
}

const char *status_name(status st)
{
	return (unsigned)st < ST_COUNT ? table[st].name : "UNKNOWN";
}
