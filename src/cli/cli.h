/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's tool. Each subcommand is one row of the table in main.c and one function here. */
#ifndef IOTSAFE_CLI_CLI_H
#define IOTSAFE_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

/* What the process answers. */
enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

enum { SAN_OPTIONS_MAX = 16 };

/* Borrowed from argv; NULL or false: not given. */
struct options {
	const char *arg;    /* the object or file that the command is about */
	const char *conf;   /* --conf FILE; NULL: the usual one */
	const char *slot;   /* --slot NAME; NULL: all */
	const char *uri;    /* --uri URI: one slot without a configuration; NULL: none */
	const char *module; /* --module PATH; NULL: looked for */
	bool json;
	/* of the commands that work with one token */
	const char *label; /* --label: the token's */
	const char *pin_source;
	const char *puk_source, *new_pin_source;
	const char *name, *id, *type, *application; /* of the object */
	const char *curve, *subject, *server, *hash, *length, *out;
	const char *san[SAN_OPTIONS_MAX];
	size_t san_count;
	bool yes, der, pem, raw, hex, unbound;
	const char *color;	   /* --color auto, always or never */
	const char *client, *user; /* of the doctor: the program, and who runs it */
	char *const *rest;	   /* of trace: the program and its arguments, ended by NULL */
};

int list_run(const struct options *opt);
int doctor_run(const struct options *opt);
int keygen_run(const struct options *opt);
int csr_run(const struct options *opt);
int read_run(const struct options *opt);
int write_run(const struct options *opt);
int delete_run(const struct options *opt);
int psk_run(const struct options *opt);
int unblock_run(const struct options *opt);
int trace_run(const struct options *opt);

#endif
