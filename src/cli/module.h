/* SPDX-License-Identifier: Apache-2.0 */
/* Our PKCS#11 module as programs see it: loaded by dlopen, asked by Cryptoki. The only place
 * outside pkcs11/ where Cryptoki's words appear. */
#ifndef IOTSAFE_CLI_MODULE_H
#define IOTSAFE_CLI_MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include "sizes.h"
#include "status.h"

enum { MODULE_URI_MAX = 1024, MODULE_ERROR_MAX = 512, MODULE_TEXT_MAX = 256 };

/* All texts are clean (text.h) and NUL-terminated. */
struct object_view {
	const char *kind; /* "private-key", "public-key", "certificate", "data", "secret-key" */
	const char *type; /* what a URI's type= wants: "private", "public", "cert", "data"… */
	char label[MODULE_TEXT_MAX];
	char id[2 * 64 + 1];	      /* CKA_ID in hex */
	char detail[MODULE_TEXT_MAX]; /* key type, or a certificate's subject and end */
	char uses[64];
	char uri[MODULE_URI_MAX];
	char key_id[2 * 20 + 1]; /* SHA-1 of the public half in hex; empty: not known */
	bool is_ca;		 /* a certificate of an authority */
	bool expired;		 /* a certificate, by this host's clock */
	bool is_secret;		 /* the next three are told */
	bool sensitive, extractable, value_refused;
	unsigned char raw_label[MODULE_TEXT_MAX], raw_id[64];
	size_t raw_label_n, raw_id_n;
};

struct token_view {
	unsigned long slot_id;
	char slot[MODULE_TEXT_MAX]; /* slotDescription */
	bool has_token;
	char why_not[MODULE_TEXT_MAX]; /* when a token is there but cannot be read */
	char label[MODULE_TEXT_MAX], manufacturer[MODULE_TEXT_MAX], model[MODULE_TEXT_MAX],
		serial[MODULE_TEXT_MAX];
	bool needs_login;
	char uri[MODULE_URI_MAX];
	struct object_view *object;
	size_t object_count;
};

struct module_view {
	char path[PATH_LEN_MAX];
	char description[MODULE_TEXT_MAX]; /* libraryDescription and version */
	struct token_view *token;	   /* one a slot */
	size_t token_count;
};

/* Where the module is: `named`, else IOTSAFE_MODULE, else beside this program, else where it is
 * installed. The path may lead nowhere. */
void module_find(const char *named, char ret_path[PATH_LEN_MAX]);
/* Loads, initialises, and finalises again; ret_description gets library and version. ST_NO_ENTRY
 * (cannot be loaded) or ST_BUG (it refuses) with a line for people in err. */
status module_try(const char *path, char ret_description[MODULE_TEXT_MAX],
		  char err[MODULE_ERROR_MAX]) MUST_USE;
/* All slots, tokens and objects. Errors as module_try. A token that fails is told in why_not. */
status module_read(const char *path, struct module_view **ret_view,
		   char err[MODULE_ERROR_MAX]) MUST_USE;
void module_view_free(struct module_view *v); /* NULL is fine */
void module_view_free_ptr(struct module_view **v);

#endif
