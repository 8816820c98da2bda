/* SPDX-License-Identifier: Apache-2.0 */
/* Which public key container and which certificate belong to a private key. A SIM tells by names
 * only, by kinds and by what is left over; that is no proof, the check of each signature is. No
 * traffic: who asks reads, and says here what is known. */
#ifndef IOTSAFE_CORE_BELONG_H
#define IOTSAFE_CORE_BELONG_H

#include <stdbool.h>
#include "container.h"
#include "crypto.h"
#include "sizes.h"

#define BELONG_NONE SIZE_MAX

/* --- pairs of containers --- */

/* ret_half[i], n of them: of a private key the place of its public half, else BELONG_NONE. Halves
 * have one key type, and are both volatile or both not; they share label and id, or else the label,
 * or else the id. Keys that sign choose first. */
void belong_pair_up(const struct container *item, size_t n, size_t *ret_half);

/* --- certificates --- */

/* What is known of a SIM beside the private key in question. Views of the caller's. */
struct belong {
	struct belong_certificate {
		const struct container *file;
		const struct public_key *key; /* that it is about */
		bool is_ca;
	} cert[CONTAINERS_MAX];
	size_t cert_count;
	struct belong_key {
		const struct container *c;    /* a private key, or a public key that stands alone */
		const struct public_key *key; /* its public half; NULL: nobody knows */
	} other[CONTAINERS_MAX];
	size_t other_count;
};

/* The order is the SIM's. More than CONTAINERS_MAX are passed over: no SIM has them. */
void belong_add_certificate(struct belong *b, const struct container *file,
			    const struct public_key *key, bool is_ca);
void belong_add_key(struct belong *b, const struct container *c, const struct public_key *key);

/* May that be the private key's public half: the same kind of key? */
bool belong_fits(const struct public_key *k, const struct container *priv);
/* Have both the same label, or the same id? */
bool belong_named(const struct container *a, const struct container *b);
/* A filled private key of the same type, that lasts: a certificate may be about it instead. */
bool belong_is_rival(const struct container *priv, const struct container *other);

/* The key of the first certificate that fits and has the private key's name; NULL: there is none.
 */
const struct public_key *belong_by_name(const struct belong *b, const struct container *priv);
/* Where the halves of all rivals are known, and one certificate that fits is about none of the keys
 * that are known, and no authority's: its key. Else NULL. */
const struct public_key *belong_left(const struct belong *b, const struct container *priv);

#endif
