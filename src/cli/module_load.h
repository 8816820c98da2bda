/* SPDX-License-Identifier: Apache-2.0 */
/* The module in this process, initialised. */
#ifndef IOTSAFE_CLI_MODULE_LOAD_H
#define IOTSAFE_CLI_MODULE_LOAD_H

#include "ck_words.h"
#include "module.h"

struct module_loaded {
	void *handle;
	CK_FUNCTION_LIST *f; /* NULL: not initialised */
};

/* ST_NO_ENTRY or ST_BUG with a line for people in err; module_unload it then too. */
status module_load(const char *path, struct module_loaded *m, char err[MODULE_ERROR_MAX]) MUST_USE;
void module_unload(struct module_loaded *m); /* for ON_EXIT */
/* Writes err for a call that answered rv; ST_BUG. */
status module_refuses(char err[MODULE_ERROR_MAX], const char *path, const char *call,
		      CK_RV rv) MUST_USE;

#endif
