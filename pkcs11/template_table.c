/* SPDX-License-Identifier: Apache-2.0 */
#include "template_table.h"

#include "mem.h"

/* clang-format off */
#define ROW(type, kind, given, absent) {type, KIND_##kind, GIVEN_##given, ABSENT_##absent, ONLY_ANY}
#define EC(type, kind, given, absent) {type, KIND_##kind, GIVEN_##given, ABSENT_##absent, ONLY_EC}
#define RSA(type, kind, given, absent) {type, KIND_##kind, GIVEN_##given, ABSENT_##absent, ONLY_RSA}

static const struct template_row storage_rows[] = {
	ROW(CKA_CLASS,              ULONG,  NEW,      REFUSED),
	ROW(CKA_TOKEN,              BOOL,   NEW_COPY, FALSE),
	ROW(CKA_PRIVATE,            RISES,  NEW_COPY, FALSE),
	ROW(CKA_MODIFIABLE,         BOOL,   NEW_COPY, TRUE),
	ROW(CKA_COPYABLE,           FALLS,  NEW_COPY, TRUE),
	ROW(CKA_DESTROYABLE,        BOOL,   NEW_COPY, TRUE),
	ROW(CKA_LABEL,              BYTES,  ALWAYS,   EMPTY),
	ROW(CKA_UNIQUE_ID,          BYTES,  NEVER,    STAYS),
};

static const struct template_row key_rows[] = {
	ROW(CKA_KEY_TYPE,           ULONG,  NEW,      REFUSED),
	ROW(CKA_ID,                 BYTES,  ALWAYS,   EMPTY),
	ROW(CKA_START_DATE,         DATE,   ALWAYS,   EMPTY),
	ROW(CKA_END_DATE,           DATE,   ALWAYS,   EMPTY),
	ROW(CKA_DERIVE,             BOOL,   ALWAYS,   FALSE),
	ROW(CKA_LOCAL,              BOOL,   NEVER,    FALSE),
	ROW(CKA_KEY_GEN_MECHANISM,  ULONG,  NEVER,    UNKNOWN),
	ROW(CKA_ALLOWED_MECHANISMS, MECHS,  NEW,      STAYS),
};

static const struct template_row public_rows[] = {
	ROW(CKA_SUBJECT,            BYTES,  ALWAYS,   EMPTY),
	ROW(CKA_ENCRYPT,            BOOL,   ALWAYS,   FALSE),
	ROW(CKA_VERIFY,             BOOL,   ALWAYS,   TRUE),
	ROW(CKA_VERIFY_RECOVER,     BOOL,   ALWAYS,   FALSE),
	ROW(CKA_WRAP,               BOOL,   ALWAYS,   FALSE),
	ROW(CKA_TRUSTED,            FALSE,  ALWAYS,   FALSE),
	ROW(CKA_PUBLIC_KEY_INFO,    BYTES,  CREATE,   STAYS),
	EC(CKA_EC_PARAMS,           BYTES,  CREATE,   REFUSED),
	EC(CKA_EC_POINT,            BYTES,  CREATE,   REFUSED),
	RSA(CKA_MODULUS,            BYTES,  CREATE,   REFUSED),
	RSA(CKA_PUBLIC_EXPONENT,    BYTES,  CREATE,   REFUSED),
	RSA(CKA_MODULUS_BITS,       ULONG,  NEVER,    STAYS),
};

static const struct template_row secret_rows[] = {
	ROW(CKA_SENSITIVE,          RISES,  ALWAYS,   FALSE),
	ROW(CKA_EXTRACTABLE,        FALLS,  ALWAYS,   TRUE),
	ROW(CKA_ALWAYS_SENSITIVE,   BOOL,   NEVER,    FALSE),
	ROW(CKA_NEVER_EXTRACTABLE,  BOOL,   NEVER,    FALSE),
	ROW(CKA_ENCRYPT,            BOOL,   ALWAYS,   FALSE),
	ROW(CKA_DECRYPT,            BOOL,   ALWAYS,   FALSE),
	ROW(CKA_SIGN,               BOOL,   ALWAYS,   FALSE),
	ROW(CKA_VERIFY,             BOOL,   ALWAYS,   FALSE),
	ROW(CKA_WRAP,               BOOL,   ALWAYS,   FALSE),
	ROW(CKA_UNWRAP,             BOOL,   ALWAYS,   FALSE),
	ROW(CKA_WRAP_WITH_TRUSTED,  RISES,  ALWAYS,   FALSE),
	ROW(CKA_TRUSTED,            FALSE,  ALWAYS,   FALSE),
	ROW(CKA_CHECK_VALUE,        IGNORE, ALWAYS,   STAYS),
	ROW(CKA_VALUE,              BYTES,  CREATE,   REFUSED),
	ROW(CKA_VALUE_LEN,          ULONG,  DERIVE,   STAYS),
};

static const struct template_row certificate_rows[] = {
	ROW(CKA_CERTIFICATE_TYPE,   ULONG,  CREATE,   REFUSED),
	ROW(CKA_TRUSTED,            FALSE,  ALWAYS,   FALSE),
	ROW(CKA_CERTIFICATE_CATEGORY, ULONG, CREATE,  ZERO),
	ROW(CKA_CHECK_VALUE,        IGNORE, CREATE,   STAYS),
	ROW(CKA_START_DATE,         DATE,   CREATE,   STAYS),
	ROW(CKA_END_DATE,           DATE,   CREATE,   STAYS),
	ROW(CKA_PUBLIC_KEY_INFO,    IGNORE, CREATE,   STAYS),
	ROW(CKA_SUBJECT,            BYTES,  CREATE,   REFUSED),
	ROW(CKA_ID,                 BYTES,  ALWAYS,   STAYS),
	ROW(CKA_ISSUER,             IGNORE, CREATE,   STAYS),
	ROW(CKA_SERIAL_NUMBER,      IGNORE, CREATE,   STAYS),
	ROW(CKA_VALUE,              BYTES,  CREATE,   REFUSED),
	ROW(CKA_URL,                BYTES,  CREATE,   EMPTY),
	ROW(CKA_HASH_OF_SUBJECT_PUBLIC_KEY, BYTES, CREATE, EMPTY),
	ROW(CKA_HASH_OF_ISSUER_PUBLIC_KEY, BYTES, CREATE, EMPTY),
	ROW(CKA_NAME_HASH_ALGORITHM, ULONG, CREATE,   STAYS),
	ROW(CKA_JAVA_MIDP_SECURITY_DOMAIN, ULONG, CREATE, ZERO),
};

/* The last three come with templates for CKM_HKDF_DATA that were made for a key. */
static const struct template_row data_rows[] = {
	ROW(CKA_APPLICATION,        BYTES,  ALWAYS,   EMPTY),
	ROW(CKA_OBJECT_ID,          BYTES,  ALWAYS,   EMPTY),
	{CKA_VALUE, KIND_BYTES, GIVEN_CREATE | GIVEN_COPY | GIVEN_SET, ABSENT_EMPTY, ONLY_ANY},
	ROW(CKA_VALUE_LEN,          IGNORE, DERIVE,   STAYS),
	ROW(CKA_KEY_TYPE,           IGNORE, DERIVE,   STAYS),
	ROW(CKA_DERIVE,             IGNORE, DERIVE,   STAYS),
};
/* clang-format on */

/* Of objects that callers do not make, or templates in templates, which we do not keep. */
static const CK_ATTRIBUTE_TYPE elsewhere[] = {
	CKA_PRIVATE_EXPONENT,
	CKA_PRIME_1,
	CKA_PRIME_2,
	CKA_EXPONENT_1,
	CKA_EXPONENT_2,
	CKA_COEFFICIENT,
	CKA_PRIME,
	CKA_SUBPRIME,
	CKA_BASE,
	CKA_PRIME_BITS,
	CKA_SUB_PRIME_BITS,
	CKA_ALWAYS_AUTHENTICATE,
	CKA_SIGN_RECOVER,
	CKA_WRAP_TEMPLATE,
	CKA_OWNER,
	CKA_UNWRAP_TEMPLATE,
	CKA_DERIVE_TEMPLATE,
	CKA_HW_FEATURE_TYPE,
	CKA_AC_ISSUER,
	CKA_ATTR_TYPES,
	CKA_PROFILE_ID,
};

#define PART(rows) ((struct template_part){rows, ARRAY_LEN(rows)})
#define NO_PART ((struct template_part){NULL, 0})

bool template_parts(CK_OBJECT_CLASS class, struct template_part ret[TEMPLATE_PARTS])
{
	bool is_key = class == CKO_PUBLIC_KEY || class == CKO_SECRET_KEY;

	ret[1] = PART(storage_rows);
	ret[2] = is_key ? PART(key_rows) : NO_PART;
	switch (class) {
	case CKO_PUBLIC_KEY:
		ret[0] = PART(public_rows);
		return true;
	case CKO_SECRET_KEY:
		ret[0] = PART(secret_rows);
		return true;
	case CKO_CERTIFICATE:
		ret[0] = PART(certificate_rows);
		return true;
	case CKO_DATA:
		ret[0] = PART(data_rows);
		return true;
	default: /* a number of Cryptoki, not an enum of ours */
		return false;
	}
}

static bool part_has(struct template_part part, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < part.count; i++)
		if (part.row[i].type == type)
			return true;
	return false;
}

bool template_knows(CK_ATTRIBUTE_TYPE type)
{
	const struct template_part all[] = {
		PART(storage_rows), PART(key_rows),	    PART(public_rows),
		PART(secret_rows),  PART(certificate_rows), PART(data_rows),
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (part_has(all[i], type))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
		if (elsewhere[i] == type)
			return true;
	return false;
}

bool template_key_type(CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	static const CK_KEY_TYPE secret[] = {
		CKK_GENERIC_SECRET, CKK_HKDF,	     CKK_AES,
		CKK_CHACHA20,	    CKK_SHA_1_HMAC,  CKK_SHA256_HMAC,
		CKK_SHA384_HMAC,    CKK_SHA512_HMAC, CKK_SHA224_HMAC,
	};

	if (class == CKO_PUBLIC_KEY)
		return type == CKK_EC || type == CKK_RSA;
	for (size_t i = 0; i < ARRAY_LEN(secret); i++)
		if (secret[i] == type)
			return class == CKO_SECRET_KEY;
	return false;
}
