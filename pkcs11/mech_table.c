/* SPDX-License-Identifier: Apache-2.0 */
/* Short and true: what the card does. No digests, MACs or ciphers, onto which some clients would
 * move their whole TLS. */
#include "mech.h"

#include <string.h>

#include "ck32.h"
#include "mem.h"

enum {
	/* secrets that a key is derived from */
	KDF_SECRET_MAX = 512,
};

static status param_none(const struct mech *m, const CK_MECHANISM *given, struct mech_param *ret)
{
	if (given->pParameter != NULL || given->ulParameterLen != 0)
		return ST_MECH_PARAM;
	*ret = (struct mech_param){.hash = m->hash};
	return ST_OK;
}

/* The card's PSS: MGF1 of the same hash, salt as long as the hash. */
static status param_pss(const struct mech *m, const CK_MECHANISM *given, struct mech_param *ret)
{
	static const struct {
		CK_MECHANISM_TYPE hash;
		CK_ULONG mgf;
		enum hash_alg alg;
	} known[] = {
		{CKM_SHA256, CKG_MGF1_SHA256, HASH_SHA256},
		{CKM_SHA384, CKG_MGF1_SHA384, HASH_SHA384},
		{CKM_SHA512, CKG_MGF1_SHA512, HASH_SHA512},
	};
	CK_RSA_PKCS_PSS_PARAMS p; /* copied: a caller's may lie anywhere, unaligned */

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return ST_MECH_PARAM;
	memcpy(&p, given->pParameter, sizeof(p));
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (p.hashAlg != known[i].hash)
			continue;
		if (p.mgf != known[i].mgf || p.sLen != hash_size(known[i].alg))
			return ST_MECH_PARAM;
		if (m->hash != HASH_NONE && m->hash != known[i].alg)
			return ST_MECH_PARAM;
		*ret = (struct mech_param){.hash = known[i].alg, .salt_n = p.sLen};
		return ST_OK;
	}
	return ST_MECH_PARAM;
}

#define CURVES (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)
/* each of them alone, as one of many messages, and in parts */
#define SIGN_FLAGS                                                                                 \
	(CKF_HW | CKF_SIGN | CKF_VERIFY | CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY | CKF_MULTI_MESSAGE)
#define EC_FLAGS (SIGN_FLAGS | CURVES)

/* The sizes are those of the base key, but the rows that end in a TLS master secret give its own 48
 * bytes (PKCS#11 §6.40). */
/* clang-format off */
#define NO_SIGNATURE HASH_NONE, CARD_SIG_ECDSA, 0, NULL
#define EC(type, hash) {type, CKK_EC, 256, 384, EC_FLAGS, CAN_EC, MECH_SIGN, hash, \
	CARD_SIG_ECDSA, SIG_ECDSA, param_none}
#define PKCS1(type, hash) {type, CKK_RSA, 2048, 2048, SIGN_FLAGS, CAN_RSA, MECH_SIGN, hash, \
	CARD_SIG_RSA_PKCS1, SIG_RSA_PKCS1, param_none}
#define PSS(type, hash) {type, CKK_RSA, 2048, 2048, SIGN_FLAGS, CAN_RSA, MECH_SIGN, hash, \
	CARD_SIG_RSA_PSS, SIG_RSA_PSS, param_pss}
#define MAC(type, mac_key, size, bit) {type, mac_key, size, size, SIGN_FLAGS, \
	CAN_CMAC, MECH_SIGN, HASH_NONE, CARD_SIG_ECDSA, bit, param_none}
#define PAIR(type) {type, CKK_EC, 256, 384, CKF_HW | CKF_GENERATE_KEY_PAIR | CURVES, CAN_GENERATE, \
	MECH_GENERATE, NO_SIGNATURE}
#define AGREE(type) {type, CKK_EC, 256, 384, CKF_HW | CKF_DERIVE | CURVES, CAN_AGREE, \
	MECH_DERIVE, NO_SIGNATURE}
#define KDF(type, can, min, max) {type, CKK_GENERIC_SECRET, min, max, CKF_HW | CKF_DERIVE, can, \
	MECH_DERIVE, NO_SIGNATURE}

const struct mech mech_table[] = {
	EC(CKM_ECDSA,                HASH_NONE),
	EC(CKM_ECDSA_SHA1,           HASH_SHA1),
	EC(CKM_ECDSA_SHA256,         HASH_SHA256),
	EC(CKM_ECDSA_SHA384,         HASH_SHA384),
	EC(CKM_ECDSA_SHA512,         HASH_SHA512),
	PKCS1(CKM_RSA_PKCS,          HASH_NONE),
	PKCS1(CKM_SHA256_RSA_PKCS,   HASH_SHA256),
	PKCS1(CKM_SHA384_RSA_PKCS,   HASH_SHA384),
	PKCS1(CKM_SHA512_RSA_PKCS,   HASH_SHA512),
	PSS(CKM_RSA_PKCS_PSS,        HASH_NONE),
	PSS(CKM_SHA256_RSA_PKCS_PSS, HASH_SHA256),
	PSS(CKM_SHA384_RSA_PKCS_PSS, HASH_SHA384),
	PSS(CKM_SHA512_RSA_PKCS_PSS, HASH_SHA512),
	MAC(CKM_AES_CMAC, CKK_AES, 16, SIG_AES_CMAC),
	PAIR(CKM_EC_KEY_PAIR_GEN),
	AGREE(CKM_ECDH1_DERIVE),
	AGREE(CKM_ECDH1_COFACTOR_DERIVE),
	KDF(CKM_HKDF_DERIVE,                         CAN_HKDF, 1, KDF_SECRET_MAX),
	KDF(CKM_HKDF_DATA,                           CAN_HKDF, 1, KDF_SECRET_MAX),
	KDF(CKM_TLS12_MASTER_KEY_DERIVE,             CAN_PSK, 48, 48),
	KDF(CKM_TLS12_MASTER_KEY_DERIVE_DH,          CAN_PSK, 48, 48),
	KDF(CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE,    CAN_PSK, 48, 48),
	KDF(CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, CAN_PSK, 48, 48),
	KDF(CKM_TLS12_KDF,                           CAN_PRF, 1, KDF_SECRET_MAX),
	KDF(CKM_TLS_KDF,                             CAN_PRF, 1, KDF_SECRET_MAX),
};
/* clang-format on */
const size_t mech_table_n = ARRAY_LEN(mech_table);
