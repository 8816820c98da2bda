/* SPDX-License-Identifier: Apache-2.0 */
/* One SIM reached through one slot: transport, shared logical channel, selected applet, what was
 * learned of its quirks, and its catalog.
 *
 * Each call that talks is one card operation: it takes the device for itself (all processes), makes
 * sure that our channel with the applet selected is there (the shared one of the lock file if it
 * still works), runs, recovers once from a lost channel by running again from its first APDU, and
 * gives the device back, all before the deadline. One thread at a time per card: the caller (a
 * slot's mutex) sees to it.
 *
 * Identity: the first operation reads the ICCID. When a later reopening finds another ICCID (or
 * another object list) the operation ends with ST_CARD_CHANGED (ST_CARD_GONE when nothing is
 * there), the catalog is dropped and card_epoch moves; the next operation starts afresh with the
 * SIM that is there, if the configuration's expected-iccid allows it. */
#ifndef IOTSAFE_CORE_CARD_H
#define IOTSAFE_CORE_CARD_H

#include <stdbool.h>
#include "bytes.h"
#include "container.h"
#include "crypto.h"
#include "deadline.h"
#include "settings.h"
#include "status.h"

struct card;

struct card_stats {
	uint64_t apdus;		/* exchanges, GET RESPONSE included */
	uint64_t channel_opens; /* MANAGE CHANNEL or CCHO that succeeded */
	uint64_t selects;
	uint64_t recoveries; /* operations that were run again */
};

struct card_info {
	char iccid[ICCID_DIGITS_MAX + 1]; /* empty: could not be read */
	uint8_t aid[AID_MAX];
	size_t aid_len;
	struct channel_view {
		char text[32]; /* "1", or the modem's handle */
		bool device_owned;
		bool resumed; /* taken over from an earlier operation or process */
	} channel;
	char device[URI_MAX];
	char description[NAME_MAX_LEN];
	uint8_t cla_base;
};

/* Allocates; no traffic. `slot` and `all` must outlive the card. */
status card_new(const struct settings *all, const struct settings_slot *slot,
		struct card **ret_card) MUST_USE;
/* Polite end; leaves the shared channel open for the next process. NULL is fine. */
void card_free(struct card *c);
/* End in a forked child: no traffic. NULL is fine. */
void card_forget(struct card *c);

/* A SIM is there, as far as the link can tell without an APDU. Quick. */
bool card_present(struct card *c);
/* Moves with each coming and going of a SIM that card_present, card_look and operations have met,
 * also of one that was back before anybody looked. */
uint64_t card_changes(const struct card *c);
/* Asks the device itself where card_present cannot tell (a modem whose news another process may
 * have taken in); for those who wait for events. No APDU. ST_OK, ST_NO_CARD, ST_CARD_BUSY (it is at
 * work for others, who will find out), or why the device cannot be had. */
status card_look(struct card *c, deadline dl) MUST_USE;

/* Opens the channel (or takes over the shared one), identifies, selects. No list. Idempotent. */
status card_identify(struct card *c, struct card_info *ret_info, deadline dl) MUST_USE;

/* The object list, read at the first call and kept until card_invalidate or an identity change.
 * *ret_cat stays valid until the next call on this card that returns anything but ST_OK, the next
 * card_catalog after the epoch moved, or card_invalidate. On cards without GET DATA it comes from
 * the configuration. */
status card_catalog(struct card *c, const struct catalog **ret_cat, deadline dl) MUST_USE;
void card_invalidate(struct card *c);
/* Changes whenever the catalog may have changed: another SIM, 63CF, invalidation. */
uint64_t card_epoch(const struct card *c);

/* Whole file into w: DER certificates are cut at their DER length, others come as the card gave
 * them. ST_SW_NOT_FOUND, ST_SW_CONDITIONS (no read right, or deactivated), ST_SHORT_OUT. */
status card_read_file(struct card *c, const struct container *file, struct wtr *w,
		      deadline dl) MUST_USE;
/* READ PUBLIC KEY; the point is checked to be on the container's curve. */
status card_read_public(struct card *c, const struct container *pub, struct public_key *ret_key,
			deadline dl) MUST_USE;

enum card_sig { CARD_SIG_ECDSA, CARD_SIG_RSA_PKCS1, CARD_SIG_RSA_PSS };
struct card_sign_request {
	const struct container *key; /* a private key */
	enum card_sig sig;
	enum hash_alg hash;  /* announced to the card: SHA-256, -384 or -512 */
	struct bytes digest; /* exactly hash_size(hash) bytes: mode 3, pad-and-sign */
	/* When set, the signature is checked under it before it is returned (promise 7). */
	const struct public_key *check;
};
/* ECDSA: r || s, each of the field's size. RSA: 256 bytes. Two APDUs where the link returns data
 * directly. ST_KEY_UNUSABLE before any APDU when the container says no; ST_SIG_BAD when the check
 * fails (after one repeat from INIT). ret_sig is written only on ST_OK. */
status card_sign(struct card *c, const struct card_sign_request *rq, uint8_t ret_sig[SIGNATURE_MAX],
		 size_t *ret_n, deadline dl) MUST_USE;

/* n bytes of GET RANDOM into out, in pieces. */
status card_random(struct card *c, uint8_t *out, size_t n, deadline dl) MUST_USE;

/* For people and tests. */
const struct card_stats *card_stats(const struct card *c);
/* The last status word that was not a success, for messages; 0 when none. */
uint16_t card_last_sw(const struct card *c);

/* The hash that card_sign would announce for a digest of n bytes on this key (the curve's own, or
 * what the container allows), and the digest fitted to it: shorter is left-padded with zeros,
 * longer is cut to the leftmost bytes (FIPS 186-5 §6.4). For CKM_ECDSA. ST_KEY_UNUSABLE when the
 * container allows no hash that carries the curve's length. */
status card_fit_digest(const struct container *key, struct bytes digest, enum hash_alg *ret_hash,
		       uint8_t ret_digest[HASH_MAX]) MUST_USE;

#endif
