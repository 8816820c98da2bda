/* SPDX-License-Identifier: Apache-2.0 */
/* Ready-made cards: a profile is a row of settings and a list of containers
 * (iotsafe-protocol.md §§12.5, 14, 15, 20). */
#ifndef IOTSAFE_SIM_PROFILE_H
#define IOTSAFE_SIM_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "object.h"

enum profile_content {
	CONTENT_NONE,	/* an empty container */
	CONTENT_PAIR,	/* private: a fresh key; public: the other half of the private key named by
			 * `of` */
	CONTENT_DEVICE, /* certificate of the private key named by `of`, DER */
	CONTENT_CA,	/* the demo CA's certificate, DER */
	CONTENT_PEM,	/* as DEVICE, in PEM */
	CONTENT_PADDED_00, /* as DEVICE, in a container filled up with 00 */
	CONTENT_PADDED_FF,
	CONTENT_DAMAGED, /* as DEVICE, with a byte of the length turned round */
	CONTENT_CSR,	 /* certification request of the private key named by `of`, DER */
	CONTENT_TEXT,	 /* the text in `of` */
	CONTENT_RANDOM,	 /* a secret of 32 random bytes */
};

struct profile_container {
	enum object_kind kind;
	const char *id; /* hex */
	const char *label;
	enum profile_content content;
	const char *of; /* id of a private key (hex), or a text */
	uint8_t type, usage, functions, access, sign_algs;
	uint16_t hashes;
	uint8_t agree, derive;
};

struct profile {
	const char *name;
	const char *summary;
	const char *settings; /* "key value" pairs, separated by semicolons */
	const struct profile_container
		*container; /* the first CONTENT_PAIR private is the identity */
	size_t count;
};

extern const struct profile profiles[];
extern const size_t profile_count;
const struct profile *profile_find(const char *name); /* NULL if there is none */

#endif
