/* SPDX-License-Identifier: Apache-2.0 */
/* What is on this host: programs, their versions, files, and what another user may open. */
#ifndef IOTSAFE_CLI_PROBE_H
#define IOTSAFE_CLI_PROBE_H

#include <stdbool.h>
#include <sys/types.h>
#include "plan.h"

enum { PROBE_TEXT_MAX = 256 };

/* The first of `names` (parted by blanks) in PATH or the folders of daemons. */
bool probe_program(const char *names, char ret_path[PATH_LEN_MAX]);
/* Runs the program with that one argument, for five seconds at most; the first line with a digit,
 * clean. False when it says none. `word` (or NULL): is it anywhere in what it says? */
bool probe_version(const char *path, const char *arg, const char *word,
		   char ret_line[PROBE_TEXT_MAX], bool *ret_has_word);
/* OpenSSL's engine (of libp11) and pkcs11-provider, where distributions put them. */
bool probe_engine(char ret_path[PATH_LEN_MAX]);
bool probe_provider(char ret_path[PATH_LEN_MAX]);

/* What a user lacks to use a slot. */
struct probe_rights {
	bool fine;
	bool by_agent; /* the agent's socket is theirs to use */
	char what[PROBE_TEXT_MAX], remedy[PROBE_TEXT_MAX];
};

/* As that user (NULL: the present one): may they read configuration and module, and reach each
 * slot's device? ST_NO_ENTRY: no such user; ST_DENIED_DEVICE: only root may ask. */
status probe_rights(const struct plan *p, const char *module, const char *user,
		    struct probe_rights *ret) MUST_USE;

#endif
