/* SPDX-License-Identifier: Apache-2.0 */
/* What each class of object has (PKCS#11 2.40 §4.4–4.10, 3.0 for CKA_UNIQUE_ID). */
#include "attr.h"
#include "attr_getters.h"
#include "mem.h"

/* clang-format off */
#define NO(type)            {type, ATTR_FALSE, ATTR_ANY, 0, NULL}
#define YES(type)           {type, ATTR_TRUE, ATTR_ANY, 0, NULL}
#define NUMBER(type, n)     {type, ATTR_ULONG, ATTR_ANY, n, NULL}
#define EMPTY(type)         {type, ATTR_EMPTY, ATTR_ANY, 0, NULL}
#define GET(type, fn)       {type, ATTR_GET, ATTR_ANY, 0, fn}
#define GET_EC(type, fn)    {type, ATTR_GET, ATTR_EC, 0, fn}
#define GET_RSA(type, fn)   {type, ATTR_GET, ATTR_RSA, 0, fn}
#define SECRET_EC(type)     {type, ATTR_SENSITIVE, ATTR_EC, 0, NULL}
#define SECRET_RSA(type)    {type, ATTR_SENSITIVE, ATTR_RSA, 0, NULL}
#define SECRET_ANY(type)    {type, ATTR_SENSITIVE, ATTR_ANY, 0, NULL}

/* CKA_COPYABLE must be false: a client that may copy a key asks for a PIN to do so. */
static const struct attr_row common_rows[] = {
	GET(CKA_CLASS,              attr_class),
	YES(CKA_TOKEN),
	GET(CKA_PRIVATE,            attr_private),
	GET(CKA_MODIFIABLE,         attr_modifiable),
	NO(CKA_COPYABLE),
	GET(CKA_DESTROYABLE,        attr_destroyable),
	GET(CKA_LABEL,              attr_label),
	GET(CKA_UNIQUE_ID,          attr_unique_id),
};

/* The applet has no command that gives a private key out. */
static const struct attr_row private_rows[] = {
	GET(CKA_KEY_TYPE,           attr_key_type),
	GET(CKA_ID,                 attr_id),
	EMPTY(CKA_START_DATE),
	EMPTY(CKA_END_DATE),
	GET(CKA_SUBJECT,            attr_key_subject),
	GET(CKA_DERIVE,             attr_derive),
	GET(CKA_LOCAL,              attr_local),
	GET(CKA_KEY_GEN_MECHANISM,  attr_key_gen_mechanism),
	GET(CKA_ALLOWED_MECHANISMS, attr_allowed_mechanisms),
	YES(CKA_SENSITIVE),
	YES(CKA_ALWAYS_SENSITIVE),
	NO(CKA_EXTRACTABLE),
	YES(CKA_NEVER_EXTRACTABLE),
	NO(CKA_DECRYPT),
	GET(CKA_SIGN,               attr_sign),
	NO(CKA_SIGN_RECOVER),
	NO(CKA_UNWRAP),
	NO(CKA_WRAP_WITH_TRUSTED),
	GET(CKA_ALWAYS_AUTHENTICATE, attr_always_authenticate),
	GET(CKA_PUBLIC_KEY_INFO,    attr_public_key_info),
	GET_EC(CKA_EC_PARAMS,       attr_ec_params),
	GET_EC(CKA_EC_POINT,        attr_ec_point),
	GET_RSA(CKA_MODULUS,        attr_modulus),
	GET_RSA(CKA_PUBLIC_EXPONENT, attr_exponent),
	SECRET_EC(CKA_VALUE),
	SECRET_RSA(CKA_PRIVATE_EXPONENT),
	SECRET_RSA(CKA_PRIME_1),
	SECRET_RSA(CKA_PRIME_2),
	SECRET_RSA(CKA_EXPONENT_1),
	SECRET_RSA(CKA_EXPONENT_2),
	SECRET_RSA(CKA_COEFFICIENT),
};

static const struct attr_row public_rows[] = {
	GET(CKA_KEY_TYPE,           attr_key_type),
	GET(CKA_ID,                 attr_id),
	EMPTY(CKA_START_DATE),
	EMPTY(CKA_END_DATE),
	GET(CKA_SUBJECT,            attr_key_subject),
	NO(CKA_DERIVE),
	GET(CKA_LOCAL,              attr_local),
	GET(CKA_KEY_GEN_MECHANISM,  attr_key_gen_mechanism),
	NO(CKA_ENCRYPT),
	GET(CKA_VERIFY,             attr_verify),
	NO(CKA_VERIFY_RECOVER),
	NO(CKA_WRAP),
	NO(CKA_TRUSTED),
	GET(CKA_PUBLIC_KEY_INFO,    attr_public_key_info),
	GET_EC(CKA_EC_PARAMS,       attr_ec_params),
	GET_EC(CKA_EC_POINT,        attr_ec_point),
	GET_RSA(CKA_MODULUS,        attr_modulus),
	GET_RSA(CKA_MODULUS_BITS,   attr_modulus_bits),
	GET_RSA(CKA_PUBLIC_EXPONENT, attr_exponent),
};

static const struct attr_row certificate_rows[] = {
	NUMBER(CKA_CERTIFICATE_TYPE, CKC_X_509),
	NO(CKA_TRUSTED),
	GET(CKA_CERTIFICATE_CATEGORY, attr_category),
	GET(CKA_CHECK_VALUE,        attr_check_value),
	GET(CKA_START_DATE,         attr_start_date),
	GET(CKA_END_DATE,           attr_end_date),
	GET(CKA_PUBLIC_KEY_INFO,    attr_certificate_key_info),
	GET(CKA_SUBJECT,            attr_subject),
	GET(CKA_ID,                 attr_certificate_id),
	GET(CKA_ISSUER,             attr_issuer),
	GET(CKA_SERIAL_NUMBER,      attr_serial),
	GET(CKA_VALUE,              attr_file_value),
	EMPTY(CKA_URL),
	EMPTY(CKA_HASH_OF_SUBJECT_PUBLIC_KEY),
	EMPTY(CKA_HASH_OF_ISSUER_PUBLIC_KEY),
	NUMBER(CKA_JAVA_MIDP_SECURITY_DOMAIN, 0),
};

static const struct attr_row data_rows[] = {
	GET(CKA_APPLICATION,        attr_application),
	GET(CKA_OBJECT_ID,          attr_object_id),
	GET(CKA_VALUE,              attr_file_value),
};

static const struct attr_row secret_rows[] = {
	GET(CKA_KEY_TYPE,           attr_key_type),
	GET(CKA_ID,                 attr_container_id),
	EMPTY(CKA_START_DATE),
	EMPTY(CKA_END_DATE),
	GET(CKA_DERIVE,             attr_secret_derive),
	NO(CKA_LOCAL),
	NUMBER(CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION),
	GET(CKA_ALLOWED_MECHANISMS, attr_allowed_mechanisms),
	YES(CKA_SENSITIVE),
	YES(CKA_ALWAYS_SENSITIVE),
	NO(CKA_EXTRACTABLE),
	YES(CKA_NEVER_EXTRACTABLE),
	NO(CKA_ENCRYPT),
	NO(CKA_DECRYPT),
	GET(CKA_SIGN,               attr_secret_mac),
	GET(CKA_VERIFY,             attr_secret_mac),
	NO(CKA_WRAP),
	NO(CKA_UNWRAP),
	NO(CKA_WRAP_WITH_TRUSTED),
	NO(CKA_TRUSTED),
	SECRET_ANY(CKA_VALUE),
};

static const struct attr_row profile_rows[] = {
	GET(CKA_PROFILE_ID,         attr_profile_id),
};
/* clang-format on */

#define TABLE(rows) ((struct attr_table){rows, ARRAY_LEN(rows)})

struct attr_table attr_common_rows(void)
{
	return TABLE(common_rows);
}

struct attr_table attr_class_rows(CK_OBJECT_CLASS class)
{
	switch (class) {
	case CKO_PRIVATE_KEY:
		return TABLE(private_rows);
	case CKO_PUBLIC_KEY:
		return TABLE(public_rows);
	case CKO_CERTIFICATE:
		return TABLE(certificate_rows);
	case CKO_DATA:
		return TABLE(data_rows);
	case CKO_SECRET_KEY:
		return TABLE(secret_rows);
	case CKO_PROFILE:
		return TABLE(profile_rows);
	default: /* a number of Cryptoki, not an enum of ours */
		return (struct attr_table){NULL, 0};
	}
}
