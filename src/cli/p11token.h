/* SPDX-License-Identifier: Apache-2.0 */
/* One token, open for reading and writing, through our module. Every function that fails has said
 * so (say.h). */
#ifndef IOTSAFE_CLI_P11TOKEN_H
#define IOTSAFE_CLI_P11TOKEN_H

#include "bytes.h"
#include "cli.h"
#include "module_load.h"
#include "p11uri.h"
#include "plan.h"

enum { P11TOKEN_PIN_MAX = 64 };

struct p11token {
	struct plan *plan; /* owned */
	struct module_loaded module;
	CK_FUNCTION_LIST *f; /* the module's; NULL: not open */
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session; /* read and write */
	CK_TOKEN_INFO info;
	const char *pin_source; /* --pin-source, borrowed */
	bool module_has_pin;	/* the configuration tells the module where the PIN is */
	uint8_t pin[P11TOKEN_PIN_MAX];
	size_t pin_n; /* 0: not known */
	bool logged_in;
};

/* The token that the options and the object's URI (or NULL) name, or the only one there is. */
status p11token_open(const struct options *opt, const struct p11uri *uri,
		     struct p11token *ret) MUST_USE;
void p11token_close(struct p11token *t); /* for ON_EXIT; all zero is fine */

/* Sends the PIN where the token wants one and nobody has logged in yet, from --pin-source or the
 * terminal; ST_OK where none is wanted or the module knows it. Never tries twice. */
status p11token_login(struct p11token *t) MUST_USE;
/* Does it make sense to log in and try again after `rv`? */
bool p11token_wants_login(const struct p11token *t, CK_RV rv);
/* The PIN for the operation that was just begun with a key that asks for it at each use. */
status p11token_login_for_key(struct p11token *t) MUST_USE;
bool p11token_has_mechanism(const struct p11token *t, CK_MECHANISM_TYPE type);
/* Label and serial without their padding. */
struct bytes p11token_label(const struct p11token *t);
struct bytes p11token_serial(const struct p11token *t);

#endif
