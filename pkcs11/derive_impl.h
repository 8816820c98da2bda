/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of C_DeriveKey share: one derivation, the rows of derive_table.c, and views of the
 * caller's parameter. A row first checks the parameter and says how long the result is (`check`:
 * nothing but host work, so that a caller's mistake costs no card time); then the template is
 * applied, and only then the secret made (`run`). */
#ifndef IOTSAFE_PKCS11_DERIVE_IMPL_H
#define IOTSAFE_PKCS11_DERIVE_IMPL_H

#include "ck.h"
#include "crypto.h"
#include "guard.h"
#include "key.h"
#include "mech.h"

enum {
	/* HKDF-Expand's limit with SHA-512, the longest of all */
	DERIVE_SIZE_MAX = 255 * 64,
	/* salts, infos, labels, shared data: more is nonsense or an attack */
	DERIVE_INPUT_MAX = 1 << 16,
	/* one COMPUTE PRF gives so much */
	DERIVE_CARD_PRF_MAX = 255,
	TLS_RANDOM_SIZE = 32,
	TLS_MASTER_SIZE = 48,
};

struct derive_ecdh {
	struct bytes point, shared;
	enum hash_alg kdf; /* HASH_NONE: CKD_NULL */
	size_t z_n;	   /* of what the card answers */
};

struct derive_hkdf {
	bool extract, expand;
	enum hash_alg hash;
	struct bytes salt, info;
	struct bag salt_key; /* owned: a salt that came by handle */
};

struct derive_tls12 {
	enum hash_alg hash;
	bool is_master;
	struct bag other; /* owned: Z of ECDHE-PSK; empty otherwise */
	bool has_other;
	CK_VERSION *version; /* the caller's, to be written at the end; may be NULL */
	uint8_t *seed;	     /* owned: label || seed */
	size_t seed_n;
};

struct derive {
	struct guard *g;
	const struct mech *m;
	const struct derive_row *row;
	const CK_MECHANISM *given;
	struct key base;
	struct bytes secret; /* of a base key in this process; empty for the card's */
	CK_OBJECT_CLASS class;
	/* of the template: the new key's type and length; 0: no length given */
	CK_KEY_TYPE type;
	size_t want;
	size_t size; /* of the result: check's answer */
	struct derive_ecdh ecdh;
	struct derive_hkdf hkdf;
	struct derive_tls12 tls12;
};

struct derive_row {
	CK_MECHANISM_TYPE type;
	CK_OBJECT_CLASS class; /* of what comes out */
	/* of the base key, where this process has it */
	enum { BASE_CARD, BASE_SECRET, BASE_SECRET_OR_DATA } base;
	status (*check)(struct derive *d);
	/* d->size bytes */
	status (*run)(struct derive *d, uint8_t *ret);
	/* What else the mechanism says of the new object; may be NULL. */
	status (*adorn)(const struct derive *d, struct bag *b);
};

/* derive_table.c; NULL: no such row. */
const struct derive_row *derive_row_of(CK_MECHANISM_TYPE type);

/* The parameter, which must have exactly this size. ST_MECH_PARAM. */
status derive_param(const struct derive *d, void *ret, size_t n) MUST_USE;
/* The caller's bytes inside the parameter. ST_MECH_PARAM: no pointer, but a length; or absurd. */
status derive_input(const void *p, CK_ULONG n, struct bytes *ret) MUST_USE;
/* The hash behind CKM_SHA256 and its kin. ST_MECH_PARAM. */
status derive_hash(CK_MECHANISM_TYPE type, enum hash_alg *ret) MUST_USE;
/* A secret of this process that the parameter names; free with bag_free. ST_MECH_PARAM for all
 * others, the card's keys among them: those do not come out. */
status derive_secret(struct derive *d, CK_OBJECT_HANDLE h, struct bag *ret) MUST_USE;
/* The size of the result is the template's choice, up to max. ST_TEMPLATE_INCOMPLETE,
 * ST_ATTR_VALUE. */
status derive_size_chosen(struct derive *d, size_t max) MUST_USE;
/* The size is fixed: a template that says another contradicts. ST_TEMPLATE_INCONSISTENT. */
status derive_size_fixed(struct derive *d, size_t n) MUST_USE;

/* The card, and leave to use the container of the base key, of which *ret_c is a copy. */
status derive_card(struct derive *d, struct card **ret_card, struct container *ret_c) MUST_USE;
/* What a card operation's outcome means for slot, login and mechanism list; passes st through, but
 * for inputs that do not fit an APDU (ST_MECH_PARAM) and commands that the card lacks (ST_MECH). */
status derive_outcome(struct derive *d, status st) MUST_USE;

/* --- rows --- */
status derive_ecdh_check(struct derive *d) MUST_USE;
status derive_ecdh_run(struct derive *d, uint8_t *ret) MUST_USE;
status derive_hkdf_check(struct derive *d) MUST_USE;
status derive_hkdf_run(struct derive *d, uint8_t *ret) MUST_USE;
status derive_master_check(struct derive *d) MUST_USE;
status derive_extended_check(struct derive *d) MUST_USE;
status derive_kdf_check(struct derive *d) MUST_USE;
status derive_tls12_run(struct derive *d, uint8_t *ret) MUST_USE;
status derive_master_adorn(const struct derive *d, struct bag *b) MUST_USE;

#endif
