/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's tool. Each subcommand is one row of the table in main.c and one function here. */
#ifndef IOTSAFE_CLI_CLI_H
#define IOTSAFE_CLI_CLI_H

#include <stdbool.h>

/* What the process answers. */
enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Borrowed from argv. */
struct options {
	const char *conf;   /* --conf FILE; NULL: the usual one */
	const char *slot;   /* --slot NAME; NULL: all */
	const char *uri;    /* --uri URI: one slot without a configuration; NULL: none */
	const char *module; /* --module PATH; NULL: looked for */
	bool json;
};

int list_run(const struct options *opt);
int doctor_run(const struct options *opt);

#endif
