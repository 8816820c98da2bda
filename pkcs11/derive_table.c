/* SPDX-License-Identifier: Apache-2.0 */
/* One row per derivation. The cofactor of our curves is 1: both agreements are the same. */
#include "derive_impl.h"
#include "mem.h"

/* clang-format off */
#define KEY CKO_SECRET_KEY
#define AGREE KEY, BASE_CARD, derive_ecdh_check, derive_ecdh_run, NULL
#define MASTER derive_master_check, derive_tls12_run, derive_master_adorn
#define EXTENDED derive_extended_check, derive_tls12_run, derive_master_adorn
#define KDF KEY, BASE_SECRET, derive_kdf_check, derive_tls12_run, NULL

static const struct derive_row rows[] = {
	{CKM_ECDH1_DERIVE,                        AGREE},
	{CKM_ECDH1_COFACTOR_DERIVE,               AGREE},
	{CKM_HKDF_DERIVE,  KEY,      BASE_SECRET_OR_DATA, derive_hkdf_check, derive_hkdf_run, NULL},
	{CKM_HKDF_DATA,    CKO_DATA, BASE_SECRET_OR_DATA, derive_hkdf_check, derive_hkdf_run, NULL},
	{CKM_TLS12_MASTER_KEY_DERIVE,             KEY, BASE_SECRET, MASTER},
	{CKM_TLS12_MASTER_KEY_DERIVE_DH,          KEY, BASE_SECRET, MASTER},
	{CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE,    KEY, BASE_SECRET, EXTENDED},
	{CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, KEY, BASE_SECRET, EXTENDED},
	{CKM_TLS12_KDF,                           KDF},
	{CKM_TLS_KDF,                             KDF},
};
/* clang-format on */

const struct derive_row *derive_row_of(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}
