/* SPDX-License-Identifier: Apache-2.0 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>

#include "progress.h"
#include "text.h"

static const char *command = "";

void say_command(const char *name)
{
	command = name;
}

void say(const char *fmt, ...)
{
	char text[1024], clean[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	progress_end();
	fprintf(stderr, "iotsafe %s: %s\n", command,
		text_clean(bytes_str(text), clean, sizeof(clean)));
}
