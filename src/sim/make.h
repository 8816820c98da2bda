/* SPDX-License-Identifier: Apache-2.0 */
/* Making a card: keys, containers, and the certificates that the demo needs beside it. */
#ifndef IOTSAFE_SIM_MAKE_H
#define IOTSAFE_SIM_MAKE_H

#include <stddef.h>

#include "store.h"

enum { MAKE_VALUES_MAX = 8 };

struct make_options {
	const char *profile;
	const char *iccid;     /* 18 to 20 digits; NULL: random ones */
	const char *pin, *puk; /* of the application PIN; NULL: 1234 and 12345678 */
	/* values for keys that the profile has, "ID=HEX": private numbers, and secrets */
	const char *key[MAKE_VALUES_MAX], *secret[MAKE_VALUES_MAX];
	size_t keys, secrets;
	size_t cert_size; /* bytes of the client certificate's file; 0: its natural size */
};

/* Makes the card in dir, which must not exist or be empty, with DIR/ca.pem and ca.key, server.pem
 * and server.key (localhost), and device.pem for the identity if the profile has one. ST_* with a
 * line for people in err. */
status sim_card_create(const char *dir, const struct make_options *options, char err[256]) MUST_USE;
/* Issues the identity's certificate anew into its file container: a remote refresh. */
status make_refresh_certificate(struct store *s) MUST_USE;

#endif
