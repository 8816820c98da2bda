/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "config.h"
#include "log.h"
#include "mem.h"
#include "progress.h"
#include "say.h"

struct command {
	const char *name;
	int (*run)(const struct options *opt);
	const char *arg; /* what it is about; NULL: it takes none */
	const char *help;
	bool takes_rest; /* all that follows is the argument's */
};

static const struct command commands[] = {
	{"list", list_run, NULL,
	 "slots, tokens, objects with their PKCS#11 URIs, and the SIM's containers", false},
	{"doctor", doctor_run, NULL, "checks everything from the configuration to a test signature",
	 false},
	{"keygen", keygen_run, NULL, "lets the SIM make a key pair", false},
	{"csr", csr_run, "KEY", "a certificate request, signed by the SIM", false},
	{"read", read_run, "OBJECT", "a certificate, a public key or data", false},
	{"write", write_run, "FILE", "puts a certificate, a public key or data on the token",
	 false},
	{"delete", delete_run, "OBJECT", "takes it away again", false},
	{"unblock", unblock_run, NULL, "gives a blocked PIN another value, with its PUK", false},
	{"psk", psk_run, "KEY", "a pre-shared key for one server, from the SIM's secret key",
	 false},
	{"trace", trace_run, "PROGRAM", "runs a program, and tells what it made the SIM do", true},
};

enum option_kind { TEXT, FLAG, LIST };

struct option_row {
	const char *name;
	enum option_kind kind;
	const char *arg, *help;
	const char *commands; /* that take it; NULL: all */
	size_t at;	      /* in struct options */
};

#define AT(member) offsetof(struct options, member)
#define TOKEN_COMMANDS "keygen csr read write delete psk"

static const struct option_row options[] = {
	{"conf", TEXT, "FILE",
	 "the configuration (default: $IOTSAFE_CONF, else " IOTSAFE_SYSCONFDIR
	 "/iotsafe/iotsafe.conf)",
	 NULL, AT(conf)},
	{"slot", TEXT, "NAME", "only this slot", NULL, AT(slot)},
	{"uri", TEXT, "URI",
	 "one slot without a configuration: pcsc:, at:, qmi:, mbim: or unix:PATH", NULL, AT(uri)},
	{"module", TEXT, "PATH", "the PKCS#11 module", NULL, AT(module)},
	{"json", FLAG, NULL, "for programs", "list doctor keygen read write trace", AT(json)},
	{"color", TEXT, "WHEN", "auto (default: on a terminal, without NO_COLOR), always, never",
	 "list doctor trace", AT(color)},
	{"client", TEXT, "PROGRAM", "whether that program can use the SIM, and how", "doctor",
	 AT(client)},
	{"user", TEXT, "NAME", "when that user runs it (root may ask)", "doctor", AT(user)},
	{"label", TEXT, "TOKEN", "the token of this label", TOKEN_COMMANDS, AT(label)},
	{"pin-source", TEXT, "file:PATH", "where the PIN is; it is asked for on a terminal else",
	 TOKEN_COMMANDS, AT(pin_source)},
	{"puk-source", TEXT, "file:PATH", "where the PUK is; it is asked for on a terminal else",
	 "unblock", AT(puk_source)},
	{"new-pin-source", TEXT, "file:PATH", "where the new PIN is", "unblock",
	 AT(new_pin_source)},
	{"name", TEXT, "LABEL", "the object's label", "keygen write", AT(name)},
	{"id", TEXT, "HEX", "the object's id", "keygen write", AT(id)},
	{"curve", TEXT, "NAME", "p256 (default), p384 or brainpool", "keygen", AT(curve)},
	{"yes", FLAG, NULL, "the key that is there is gone for good", "keygen delete", AT(yes)},
	{"subject", TEXT, "NAME", "/CN=…/O=… or CN=…,O=…", "csr", AT(subject)},
	{"san", LIST, "LIST", "alternative names: dns:…,ip:…,uri:…,email:…", "csr", AT(san)},
	{"type", TEXT, "TYPE", "cert, pubkey or data; to delete also privkey", "read write delete",
	 AT(type)},
	{"application", TEXT, "TEXT", "the application that data is for", "write", AT(application)},
	{"unbound", FLAG, NULL, "a certificate without a key on the token too", "write",
	 AT(unbound)},
	{"server", TEXT, "NAME", "the server that the key is for", "psk", AT(server)},
	{"hash", TEXT, "NAME", "sha256 (default) or sha384", "psk", AT(hash)},
	{"length", TEXT, "N", "bytes (default: 32)", "psk", AT(length)},
	{"out", TEXT, "FILE", "there, not to standard output", "keygen csr read psk trace",
	 AT(out)},
	{"der", FLAG, NULL, "binary", "read", AT(der)},
	{"pem", FLAG, NULL, "text", "read", AT(pem)},
	{"hex", FLAG, NULL, "hexadecimal digits (default)", "psk", AT(hex)},
	{"raw", FLAG, NULL, "the bytes as they are", "read psk", AT(raw)},
};

enum { OPT_FIRST = 256, OPT_HELP = 1000, OPT_VERSION };

static void usage(FILE *f)
{
	char left[40];

	fprintf(f, "usage: iotsafe COMMAND [OPTION…]\n\ncommands:\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		snprintf(left, sizeof(left), "%s %s", commands[i].name,
			 commands[i].arg ? commands[i].arg : "");
		fprintf(f, "  %-14s %s\n", left, commands[i].help);
	}
	fprintf(f, "\noptions:\n");
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct option_row *o = &options[i];

		snprintf(left, sizeof(left), "--%s %s", o->name, o->arg ? o->arg : "");
		fprintf(f, "  %-22s %s", left, o->help);
		if (o->commands)
			fprintf(f, " (%s)", o->commands);
		fprintf(f, "\n");
	}
	fprintf(f, "  --help, --version\n");
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

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(words, word); at; at = strstr(at + 1, word))
		if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

/* What was given on the command line. */
struct given {
	struct options opt;
	bool seen[ARRAY_LEN(options)];
	const struct command *cmd;
};

static int take_value(size_t row, struct given *g)
{
	char *at = (char *)&g->opt + options[row].at;

	if (options[row].kind != LIST && g->seen[row]) {
		fprintf(stderr, "iotsafe: --%s is there twice\n", options[row].name);
		return EXIT_USAGE;
	}
	g->seen[row] = true;
	if (options[row].kind == FLAG) {
		*(bool *)at = true;
	} else if (options[row].kind == TEXT) {
		*(const char **)(void *)at = optarg;
	} else if (g->opt.san_count < SAN_OPTIONS_MAX) {
		g->opt.san[g->opt.san_count++] = optarg;
	} else {
		fprintf(stderr, "iotsafe: too many --%s\n", options[row].name);
		return EXIT_USAGE;
	}
	return -1;
}

/* One option into *g. Returns the exit code that ends the program, or -1 to go on. */
static int take_option(int c, struct given *g)
{
	if (c == OPT_HELP) {
		usage(stdout);
		return EXIT_FINE;
	}
	if (c == OPT_VERSION) {
		printf("iotsafe %s\n", IOTSAFE_VERSION);
		return EXIT_FINE;
	}
	if (c < OPT_FIRST) /* getopt has complained */
		return EXIT_USAGE;
	return take_value((size_t)(c - OPT_FIRST), g);
}

/* What is an option, up to the next word that is none. */
static int take_options(int argc, char **argv, struct given *g)
{
	struct option rows[ARRAY_LEN(options) + 3] = {0};
	int c, code;

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		rows[i] = (struct option){options[i].name, options[i].kind != FLAG, NULL,
					  OPT_FIRST + (int)i};
	rows[ARRAY_LEN(options)] = (struct option){"help", no_argument, NULL, OPT_HELP};
	rows[ARRAY_LEN(options) + 1] = (struct option){"version", no_argument, NULL, OPT_VERSION};
	while ((c = getopt_long(argc, argv, "+", rows, NULL)) != -1) {
		code = take_option(c, g);
		if (code >= 0)
			return code;
	}
	return -1;
}

/* argv[optind] is no option: the command, or its argument. */
static int take_word(int argc, char **argv, struct given *g)
{
	if (!g->cmd) {
		g->cmd = find_command(argv[optind]);
		if (!g->cmd)
			return unknown_command(argv[optind]);
		optind++;
		return -1;
	}
	if (!g->cmd->arg || g->opt.arg) {
		fprintf(stderr, "iotsafe %s: unexpected argument \"%s\"\n", g->cmd->name,
			argv[optind]);
		return EXIT_USAGE;
	}
	g->opt.arg = argv[optind];
	g->opt.rest = argv + optind;
	optind = g->cmd->takes_rest ? argc : optind + 1;
	return -1;
}

static int take_words(int argc, char **argv, struct given *g)
{
	int code;

	do {
		code = take_options(argc, argv, g);
		if (code < 0 && optind < argc)
			code = take_word(argc, argv, g);
	} while (code < 0 && optind < argc);
	return code;
}

/* Is the command there, with its argument, and are the options its own? */
static int check_command(const struct given *g)
{
	if (!g->cmd) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (g->cmd->arg && !g->opt.arg) {
		fprintf(stderr, "iotsafe %s: %s is missing\n", g->cmd->name, g->cmd->arg);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (g->seen[i] && options[i].commands &&
		    !has_word(options[i].commands, g->cmd->name)) {
			fprintf(stderr, "iotsafe %s: --%s is not for this command\n", g->cmd->name,
				options[i].name);
			return EXIT_USAGE;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct given g = {0};
	int code = take_words(argc, argv, &g);

	if (code < 0)
		code = check_command(&g);
	if (code >= 0)
		return code;
	if (g.opt.conf && g.opt.uri) {
		fprintf(stderr, "iotsafe: --conf and --uri exclude each other\n");
		return EXIT_USAGE;
	}
	log_set_from_env();
	say_command(g.cmd->name);
	code = g.cmd->run(&g.opt);
	progress_end();
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("iotsafe: standard output");
		return EXIT_FAILED;
	}
	return code;
}
