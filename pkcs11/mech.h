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

/* Who looks a row up: C_Sign and C_Verify (hash, sig, sig_bit and param are theirs alone),
 * C_GenerateKeyPair, C_DeriveKey. */
enum mech_use { MECH_SIGN, MECH_GENERATE, MECH_DERIVE };

/* What a card can do, as far as it says so itself and has not refused it since. A row is offered
 * where one of its bits is there. */
enum {
	CAN_EC = 0x01,
	CAN_RSA = 0x02,
	CAN_GENERATE = 0x04, /* an EC pair may be made anew */
	CAN_AGREE = 0x08,    /* a private key agrees, and there is room for the peer's point */
	CAN_HKDF = 0x10,     /* a stored secret serves HKDF */
	CAN_PSK = 0x20,	     /* … master secrets of TLS 1.2 PSK */
	CAN_PRF = 0x40,	     /* … the TLS 1.2 PRF as such */
	CAN_CMAC = 0x80,     /* … AES-CMAC */
};

/* bits of container.derivations */
enum { DERIVATION_PRF = 1, DERIVATION_HKDF = 2 };

/* What the mechanism's parameter said. */
struct mech_param {
	enum hash_alg hash; /* HASH_NONE: the data tells (DigestInfo), or any */
	size_t salt_n;	    /* PSS */
};

struct mech {
	CK_MECHANISM_TYPE type;
	CK_KEY_TYPE key;
	CK_ULONG min_size, max_size; /* of the key: bits of EC and RSA, else bytes */
	CK_FLAGS flags;
	unsigned can; /* CAN_*, any of them */
	enum mech_use use;
	enum hash_alg hash; /* computed here; HASH_NONE: the caller did */
	enum card_sig sig;  /* of a signature; nothing for SIG_AES_CMAC */
	uint8_t sig_bit;    /* the container's leave, SIG_*; 0 for rows that sign nothing */
	status (*param)(const struct mech *m, const CK_MECHANISM *given, struct mech_param *ret);
};

/* mech_table.c */
extern const struct mech mech_table[];
extern const size_t mech_table_n;

/* NULL: there is no such row. */
const struct mech *mech_find(CK_MECHANISM_TYPE type);
/* The row and the parameter of what a caller asks C_Sign or C_Verify for. ST_MECH, ST_MECH_PARAM.
 */
status mech_check(const CK_MECHANISM *given, const struct mech **ret_m,
		  struct mech_param *ret_param) MUST_USE;
/* May the private or secret key in this container do it? `hash` for signatures only. ST_KEY_KIND:
 * another type of key. ST_KEY_FUNCTION: the container does not allow it. */
status mech_fits(const struct mech *m, enum hash_alg hash, const struct container *key) MUST_USE;

/* --- slot locked --- */
/* The row, for `use`, if this token offers it. ST_MECH. */
status mech_offered(struct slot *s, CK_MECHANISM_TYPE type, enum mech_use use,
		    const struct mech **ret_m) MUST_USE;
/* The card turned out not to have what it seemed to: CAN_*; no longer offered for this SIM. */
void mech_refused(struct slot *s, unsigned can);

/* C_GetMechanismList and C_GetMechanismInfo. */
status mech_list(struct slot *s, CK_MECHANISM_TYPE *list, CK_ULONG *count) MUST_USE;
status mech_info(struct slot *s, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *ret_info) MUST_USE;

#endif
