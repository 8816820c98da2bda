/* SPDX-License-Identifier: Apache-2.0 */
/* The fake card's part of core/card_keys.h: keys made, agreed and derived with, by libcrypto's own
 * KDFs. */
#ifndef IOTSAFE_TESTS_FAKE_KEYS2_H
#define IOTSAFE_TESTS_FAKE_KEYS2_H

#include <stdatomic.h>

#include "card_keys.h"

enum fake2_call {
	FAKE2_GENERATE,
	FAKE2_PUT_PUBLIC,
	FAKE2_AGREE,
	FAKE2_VERIFY,
	FAKE2_PRF,
	FAKE2_HKDF,
	FAKE2_CMAC,
	FAKE2_CALLS
};

enum { FAKE2_PSK_SIZE = 32 };

struct fake2 {
	atomic_uint calls[FAKE2_CALLS];
	_Atomic status answer[FAKE2_CALLS]; /* ST_OK: work */
	bool no_peer_slot;		    /* card_can_agree says no */
	uint8_t psk[FAKE2_PSK_SIZE];	    /* of all secret keys; its first half is the AES key */
	enum card_prf_mode prf_mode;	    /* of the last request */
	size_t salt_n;
};
extern struct fake2 fake2;

/* With fake_reset. */
void fake2_reset(void);
/* Appends a container to fake.cat; returns its place. */
struct container *fake2_add(enum container_kind kind, enum container_key_type type,
			    const char *label, uint8_t id);
/* A pair that waits for its key: private id, public id + 1. */
void fake2_add_pair(enum container_key_type type, const char *label, uint8_t id, bool is_volatile,
		    uint8_t functions);
/* A filled secret key for PRF and HKDF. */
struct container *fake2_add_secret(const char *label, uint8_t id, uint8_t derivations);
/* The key made in this private or public container, or NULL. */
const struct public_key *fake2_public(const struct container *c);

#endif
