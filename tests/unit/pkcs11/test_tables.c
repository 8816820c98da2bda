/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: statuses, mechanisms, DigestInfo, attribute rows. */
#include "rig.h"

#include <string.h>

#include "attr.h"
#include "digestinfo.h"
#include "mech.h"
#include "rv.h"

static void every_status_has_its_answer(void **state)
{
	(void)state;
	for (int st = 0; st < ST_COUNT; st++) {
		CK_RV rv = rv_of((status)st);
		assert_true((rv == CKR_OK) == (st == ST_OK));
		if (rv == CKR_GENERAL_ERROR)
			assert_true(st == ST_BUG || st == ST_CONFIG);
	}
	assert_rv(rv_of((status)9999), CKR_GENERAL_ERROR);
	assert_rv(rv_of(ST_SHORT_OUT), CKR_BUFFER_TOO_SMALL);
	assert_rv(rv_of(ST_CARD_CHANGED), CKR_DEVICE_REMOVED);
	assert_rv(rv_of(ST_TIMEOUT), CKR_DEVICE_ERROR);
}

static void mechanisms(void **state)
{
	(void)state;
	assert_int_equal(mech_table_n, 25);
	for (size_t i = 0; i < mech_table_n; i++) {
		const struct mech *m = &mech_table[i];
		assert_ptr_equal(mech_find(m->type), m);
		assert_true(m->can != 0);
		assert_true(m->min_size <= m->max_size && m->min_size >= 1);
		if (m->key == CKK_EC || m->key == CKK_RSA)
			assert_true(m->min_size >= 256);
		bool signs = (m->flags & CKF_SIGN) != 0 && (m->flags & CKF_VERIFY) != 0;
		assert_true(signs == (m->use == MECH_SIGN));
		assert_true(signs == (m->param != NULL) && signs == (m->sig_bit != 0));
		assert_true((m->use == MECH_DERIVE) == ((m->flags & CKF_DERIVE) != 0));
		assert_true((m->use == MECH_GENERATE) == ((m->flags & CKF_GENERATE_KEY_PAIR) != 0));
		if (m->can == CAN_EC)
			assert_true(m->sig == CARD_SIG_ECDSA && m->sig_bit == SIG_ECDSA);
	}
	assert_null(mech_find(CKM_SHA256));
	assert_null(mech_find(CKM_AES_CBC));
}

static void parameters(void **state)
{
	const struct mech *m = NULL;
	struct mech_param p = {0};
	CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
	CK_MECHANISM plain = {CKM_ECDSA, NULL, 0};
	CK_MECHANISM with = {CKM_ECDSA, &pss, sizeof(pss)};

	(void)state;
	assert_int_equal(mech_check(&plain, &m, &p), ST_OK);
	assert_int_equal(mech_check(&with, &m, &p), ST_MECH_PARAM);
	with = (CK_MECHANISM){CKM_ECDSA, NULL, 5};
	assert_int_equal(mech_check(&with, &m, &p), ST_MECH_PARAM);
	assert_int_equal(mech_check(NULL, &m, &p), ST_ARG);
	with = (CK_MECHANISM){CKM_ECDH1_DERIVE, NULL, 0}; /* no signature */
	assert_int_equal(mech_check(&with, &m, &p), ST_MECH);
	with = (CK_MECHANISM){CKM_EC_KEY_PAIR_GEN, NULL, 0};
	assert_int_equal(mech_check(&with, &m, &p), ST_MECH);

	with = (CK_MECHANISM){CKM_RSA_PKCS_PSS, &pss, sizeof(pss)};
	assert_int_equal(mech_check(&with, &m, &p), ST_OK);
	assert_int_equal(p.hash, HASH_SHA256);
	assert_int_equal(p.salt_n, 32);
	with.ulParameterLen--;
	assert_int_equal(mech_check(&with, &m, &p), ST_MECH_PARAM);
	with = (CK_MECHANISM){CKM_RSA_PKCS_PSS, NULL, 0};
	assert_int_equal(mech_check(&with, &m, &p), ST_MECH_PARAM);
	with = (CK_MECHANISM){CKM_SHA384_RSA_PKCS_PSS, &pss, sizeof(pss)};
	assert_int_equal(mech_check(&with, &m, &p), ST_MECH_PARAM);
	pss.sLen = 20;
	with.mechanism = CKM_SHA256_RSA_PKCS_PSS;
	assert_int_equal(mech_check(&with, &m, &p), ST_MECH_PARAM);
	pss = (CK_RSA_PKCS_PSS_PARAMS){CKM_SHA256, CKG_MGF1_SHA384, 32};
	assert_int_equal(mech_check(&with, &m, &p), ST_MECH_PARAM);
	pss = (CK_RSA_PKCS_PSS_PARAMS){CKM_SHA_1, CKG_MGF1_SHA1, 20};
	assert_int_equal(mech_check(&with, &m, &p), ST_MECH_PARAM);
}

/* RFC 8017 §9.2 note 1 */
static const uint8_t sha384_prefix[] = {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
					0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30};

static void digest_infos(void **state)
{
	uint8_t der[19 + 48] = {0};
	enum hash_alg hash = HASH_NONE;
	struct bytes digest = {0};

	(void)state;
	memcpy(der, sha384_prefix, sizeof(sha384_prefix));
	assert_int_equal(digestinfo_split(BYTES_OF(der), &hash, &digest), ST_OK);
	assert_int_equal(hash, HASH_SHA384);
	assert_ptr_equal(digest.p, der + 19);
	assert_int_equal(digest.n, 48);
	assert_int_equal(digestinfo_split(bytes_of(der, sizeof(der) - 1), &hash, &digest),
			 ST_DATA_LEN);
	for (size_t n = 0; n < sizeof(sha384_prefix); n++) {
		der[n] ^= 0x80;
		assert_int_equal(digestinfo_split(BYTES_OF(der), &hash, &digest), ST_DATA_LEN);
		der[n] ^= 0x80;
	}
	assert_int_equal(digestinfo_split(bytes_of(NULL, 0), &hash, &digest), ST_DATA_LEN);
}

static void no_attribute_twice(void **state)
{
	(void)state;
	for (CK_OBJECT_CLASS class = CKO_DATA; class <= CKO_SECRET_KEY; class ++) {
		struct attr_table t = attr_class_rows(class);
		assert_true(t.count > 0);
		for (size_t i = 0; i < t.count; i++) {
			assert_true((t.row[i].get != NULL) == (t.row[i].source == ATTR_GET));
			for (size_t j = 0; j < i; j++)
				assert_true(t.row[i].type != t.row[j].type ||
					    t.row[i].only != t.row[j].only);
		}
	}
	assert_int_equal(attr_class_rows(CKO_PROFILE).count, 1);
	assert_int_equal(attr_class_rows(CKO_HW_FEATURE).count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_its_answer),
		cmocka_unit_test(mechanisms),
		cmocka_unit_test(parameters),
		cmocka_unit_test(digest_infos),
		cmocka_unit_test(no_attribute_twice),
	};

	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
