/* SPDX-License-Identifier: Apache-2.0 */
/* The programs that "iotsafe doctor --client" knows: what each needs, and the lines that let it use
 * a key on a SIM. A table; doctor_client.c is its engine. */
#ifndef IOTSAFE_CLI_CLIENT_H
#define IOTSAFE_CLI_CLIENT_H

#include <stddef.h>

enum client_need {
	CLIENT_ENGINE = 1,	/* OpenSSL's engine_pkcs11, or pkcs11-provider */
	CLIENT_P11KIT = 2,	/* the module registered with p11-kit */
	CLIENT_CERTIFICATE = 4, /* a certificate for the key, on the token */
	CLIENT_TRUSTED = 8,	/* the module below /usr/lib */
};

struct client {
	const char *name;
	const char *programs; /* parted by blanks: the first that is there is taken */
	const char *version;  /* the argument that shows it */
	const char *package;  /* Debian's */
	const char *library;  /* a word of the version's text that must be there, or NULL */
	unsigned needs;	      /* enum client_need */
	/* with @KEY@, @CERT@, @TOKEN@ (URIs), @LABEL@ (the token's), @MODULE@ and @ENGINE@ */
	const char *lines;
	const char *provider_lines; /* where there is pkcs11-provider and no engine; or NULL */
};

/* By its name, or one of its programs'. NULL: unknown. */
const struct client *client_find(const char *name);
/* The i-th, or NULL behind the last. */
const struct client *client_at(size_t i);

#endif
