/* SPDX-License-Identifier: Apache-2.0 */
/* Mechanisms: one row each in mech_table.c, and what all of them share. */
#ifndef IOTSAFE_PKCS11_MECH_H
#define IOTSAFE_PKCS11_MECH_H

#include "card.h"
#include "ck.h"
#include "slot.h"
#include "status.h"

enum {
	/* what a caller that hashes by itself may give: a SHA-512 DigestInfo is 83 bytes */
	MECH_RAW_MAX = 128,
	/* the longest hash that CKM_ECDSA takes */
	MECH_ECDSA_DATA_MAX = 64,
};

/* What the mechanism's parameter said. */
struct mech_param {
	enum hash_alg hash; /* HASH_NONE: the data tells (DigestInfo), or any */
	size_t salt_n;	    /* PSS */
};

struct mech {
	CK_MECHANISM_TYPE type;
	CK_KEY_TYPE key;
	CK_ULONG min_bits, max_bits;
	CK_FLAGS flags;
	enum hash_alg hash; /* computed here; HASH_NONE: the caller did */
	enum card_sig sig;
	uint8_t sig_bit; /* the container's leave, SIG_* */
	status (*param)(const struct mech *m, const CK_MECHANISM *given, struct mech_param *ret);
};

/* mech_table.c */
extern const struct mech mech_table[];
extern const size_t mech_table_n;

/* NULL: not offered. */
const struct mech *mech_find(CK_MECHANISM_TYPE type);
/* The row and the parameter of what the caller asks for. ST_MECH, ST_MECH_PARAM. */
status mech_check(const CK_MECHANISM *given, const struct mech **ret_m,
		  struct mech_param *ret_param) MUST_USE;
/* ST_KEY_KIND: another type of key. ST_KEY_FUNCTION: the container does not allow it. */
status mech_fits(const struct mech *m, enum hash_alg hash, const struct container *priv) MUST_USE;

/* C_GetMechanismList and C_GetMechanismInfo; slot locked. RSA only where the card has an RSA key.
 */
status mech_list(struct slot *s, CK_MECHANISM_TYPE *list, CK_ULONG *count) MUST_USE;
status mech_info(struct slot *s, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *ret_info) MUST_USE;

#endif
