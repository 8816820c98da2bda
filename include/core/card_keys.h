/* SPDX-License-Identifier: Apache-2.0 */
/* What the applet does with keys besides signing (iotsafe-protocol.md §§10.7–10.15). Each call is
 * one card operation as card.h says; containers come from the card's present catalog. */
#ifndef IOTSAFE_CORE_CARD_KEYS_H
#define IOTSAFE_CORE_CARD_KEYS_H

#include "card.h"
#include "kdf.h"

/* GENERATE KEY PAIR (§10.7): replaces the key in the pair of `priv`, whatever it held. The caller
 * has made sure that this is wanted. `pub` is the public half as the catalog pairs it, or NULL when
 * there is none: needed where the card answers no point (READ PUBLIC KEY). */
struct card_generated {
	/* as the card told them, else those of the containers */
	uint8_t priv_id[CONTAINER_ID_MAX], pub_id[CONTAINER_ID_MAX];
	size_t priv_id_len, pub_id_len;
	struct public_key key; /* its point is on the curve */
};
/* ST_KEY_UNUSABLE before any APDU when a container does not allow key generation or is no EC key
 * of a known curve, and before the command when a persistent pair that `priv` calls empty has been
 * filled by somebody else since the list was read (the epoch moves); ST_SW_CONDITIONS and others as
 * the card refuses. The catalog is read again at the next card_catalog (states and ids changed):
 * the epoch moves, also when the answer was lost, since the pair may be another by then. A lost
 * answer is asked for again only where the pair was empty or volatile; of a filled persistent pair
 * the error of the link is returned.
 *
 * With `old`, a key is given up on purpose: `pub` is read right before the command, and when it is
 * not `old` any more the answer is ST_KEY_UNUSABLE (the epoch moves), so that what another process
 * has put there since is not lost. */
status card_generate(struct card *c, const struct container *priv, const struct container *pub,
		     const struct public_key *old, struct card_generated *ret,
		     deadline dl) MUST_USE;

/* PUT PUBLIC KEY (§10.9) into a container with update access. The point must be on the
 * container's curve (ST_POINT_INVALID before any APDU). ST_KEY_UNUSABLE also when a container that
 * `pub` calls empty shows a key that somebody put there since the list was read. The epoch moves.
 */
status card_put_public(struct card *c, const struct container *pub, const struct public_key *key,
		       deadline dl) MUST_USE;

/* COMPUTE DH (§10.13): Z = x coordinate of d·Q, curve_field_size bytes, into ret_z.
 * A public-key container of the curve with update access and the agreement function serves as the
 * peer's slot: an empty one first, then a volatile one, then an empty one whose private half is
 * empty too, then a readable one; never a half of an identity, nor that of `priv` itself. What
 * the slot held and shows, listed as filled or not, is put back before the device is given back
 * (tried also when the agreement failed). Halves are told by equal labels, else by equal IDs; where
 * a private key has neither, no public key without label is touched. ST_KEY_UNUSABLE: no such slot,
 * or `priv` does not agree; ST_POINT_INVALID; both before any APDU. A card that lost the point in
 * between (6985) gets it once more. An all-zero Z is ST_POINT_INVALID. */
status card_agree(struct card *c, const struct container *priv, const struct public_key *peer,
		  uint8_t ret_z[EC_POINT_MAX], size_t *ret_n, deadline dl) MUST_USE;
/* Would card_agree find a slot for this key? No traffic beyond the catalog. */
bool card_can_agree(struct card *c, const struct container *priv);

/* VERIFY SIGNATURE (§10.12) on the card, mode 3, both header widths. ECDSA only: r || s.
 * ST_OK valid, ST_SIG_BAD invalid (6D01). */
struct card_verify_request {
	const struct container *key; /* a public key */
	enum hash_alg hash;
	struct bytes digest; /* hash_size(hash) bytes */
	struct bytes sig;
};
status card_verify(struct card *c, const struct card_verify_request *rq, deadline dl) MUST_USE;

/* COMPUTE PRF (§10.14): TLS 1.2 PRF with SHA-256. */
enum card_prf_mode {
	CARD_PRF_GENERAL,   /* of `secret`, or of the stored key itself */
	CARD_PRF_PSK,	    /* RFC 4279: premaster from the stored key alone */
	CARD_PRF_PSK_ECDHE, /* RFC 5489: premaster from `other` (Z) and the stored key */
};
struct card_prf_request {
	enum card_prf_mode mode;
	const struct container *key; /* a secret key; NULL with `secret` (general mode only) */
	struct bytes secret, other;
	struct bytes label_seed; /* 1..128 bytes */
	size_t n;		 /* 1..255 */
};
/* n bytes into ret. ST_KEY_UNUSABLE when the container lacks the function, ST_ARG for lengths that
 * do not fit one APDU, ST_UNSUPPORTED once the card said that it has no such command or mode. */
status card_prf(struct card *c, const struct card_prf_request *rq, uint8_t *ret,
		deadline dl) MUST_USE;

/* COMPUTE HKDF (§10.15), extract, from a stored secret: hash_size(hash) bytes into ret_prk. The
 * salt goes as it is, an empty one as hash_size zero bytes (the Thales applet refuses none at all).
 * ST_ARG when it does not fit one APDU; ST_UNSUPPORTED as above. */
status card_hkdf_extract(struct card *c, const struct container *key, enum hash_alg hash,
			 struct bytes salt, uint8_t ret_prk[HASH_MAX], deadline dl) MUST_USE;

enum { CARD_CMAC_SIZE = 16 };
/* AES-CMAC by COMPUTE SIGNATURE (§10.10, 10.11; a Thales extension), any length of data. */
status card_cmac(struct card *c, const struct container *key, struct bytes data,
		 uint8_t ret_mac[CARD_CMAC_SIZE], deadline dl) MUST_USE;

#endif
