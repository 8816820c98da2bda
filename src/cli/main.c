/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "config.h"
#include "log.h"
#include "mem.h"

struct command {
	const char *name;
	int (*run)(const struct options *opt);
	const char *help;
};

static const struct command commands[] = {
	{"list", list_run,
	 "slots, tokens, objects with their PKCS#11 URIs, and the SIM's containers"},
	{"doctor", doctor_run, "checks everything from the configuration to a test signature"},
};

static void usage(FILE *f)
{
	fprintf(f, "usage: iotsafe COMMAND [OPTION…]\n\ncommands:\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(f, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(f,
		"\noptions:\n"
		"  --conf FILE    the configuration (default: $IOTSAFE_CONF, else %s)\n"
		"  --slot NAME    only this slot\n"
		"  --uri URI      one slot without a configuration: pcsc:, at:PATH or unix:PATH\n"
		"  --module PATH  the PKCS#11 module\n"
		"  --json         for programs\n"
		"  --help, --version\n",
		IOTSAFE_SYSCONFDIR "/iotsafe/iotsafe.conf");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	fprintf(stderr, "iotsafe: unknown command \"%s\"; there are:", name);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(stderr, " %s", commands[i].name);
	fprintf(stderr, "\n");
	return EXIT_USAGE;
}

enum { OPT_CONF = 256, OPT_SLOT, OPT_URI, OPT_MODULE, OPT_JSON, OPT_HELP, OPT_VERSION };

static const struct option long_options[] = {
	{"conf", required_argument, NULL, OPT_CONF},
	{"slot", required_argument, NULL, OPT_SLOT},
	{"uri", required_argument, NULL, OPT_URI},
	{"module", required_argument, NULL, OPT_MODULE},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

/* One option into *opt. Returns the exit code that ends the program, or -1 to go on. */
static int take_option(int c, struct options *opt)
{
	switch (c) {
	case OPT_CONF:
		opt->conf = optarg;
		return -1;
	case OPT_SLOT:
		opt->slot = optarg;
		return -1;
	case OPT_URI:
		opt->uri = optarg;
		return -1;
	case OPT_MODULE:
		opt->module = optarg;
		return -1;
	case OPT_JSON:
		opt->json = true;
		return -1;
	case OPT_HELP:
		usage(stdout);
		return EXIT_FINE;
	case OPT_VERSION:
		printf("iotsafe %s\n", IOTSAFE_VERSION);
		return EXIT_FINE;
	default: /* getopt has complained */
		return EXIT_USAGE;
	}
}

int main(int argc, char **argv)
{
	struct options opt = {0};
	const struct command *cmd;
	int c, code;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		code = take_option(c, &opt);
		if (code >= 0)
			return code;
	}
	if (optind == argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	cmd = find_command(argv[optind]);
	if (!cmd)
		return unknown_command(argv[optind]);
	if (optind + 1 < argc) {
		fprintf(stderr, "iotsafe %s: unexpected argument \"%s\"\n", cmd->name,
			argv[optind + 1]);
		return EXIT_USAGE;
	}
	if (opt.conf && opt.uri) {
		fprintf(stderr, "iotsafe: --conf and --uri exclude each other\n");
		return EXIT_USAGE;
	}
	log_set_from_env();
	code = cmd->run(&opt);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("iotsafe: standard output");
		return EXIT_FAILED;
	}
	return code;
}
