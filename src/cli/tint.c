/* SPDX-License-Identifier: Apache-2.0 */
#include "tint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "say.h"

enum when { AUTO, ALWAYS, NEVER };

static const char *const words[] = {"auto", "always", "never"};
static enum when when = AUTO;

status tint_choose(const char *word)
{
	for (size_t i = 0; word && i < ARRAY_LEN(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			when = (enum when)i;
			return ST_OK;
		}
	}
	return word ? SAY(ST_ARG, "--color %s: expected auto, always or never", word) : ST_OK;
}

/* NO_COLOR counts when it is there and not empty (no-color.org). */
static bool is_wanted(FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (when != AUTO)
		return when == ALWAYS;
	return isatty(fileno(f)) && !(no && no[0]) && !(term && strcmp(term, "dumb") == 0);
}

const char *tint(FILE *f, enum tint t)
{
	static const char *const codes[] = {"\033[0m",	"\033[1m",  "\033[2m", "\033[32m",
					    "\033[33m", "\033[31m", "\033[36m"};

	return is_wanted(f) ? codes[t] : "";
}
