/* SPDX-License-Identifier: Apache-2.0 */
/* The mechanism list says what the card's own answers say: nothing more. */
#include <string.h>

#include "fake_keys2.h"
#include "mech.h"
#include "rig.h"

enum { LIST_MAX = 32 };

static void expect_list(const CK_MECHANISM_TYPE *want, size_t n)
{
	CK_MECHANISM_TYPE got[LIST_MAX];
	CK_ULONG got_n = LIST_MAX;
	CK_MECHANISM_INFO info;

	assert_ok(f->C_GetMechanismList(0, got, &got_n));
	assert_int_equal(got_n, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(got[i], want[i]);
	/* and C_GetMechanismInfo knows these, and no others */
	for (size_t i = 0; i < mech_table_n; i++) {
		bool listed = false;
		for (size_t k = 0; k < n; k++)
			listed = listed || want[k] == mech_table[i].type;
		assert_rv(f->C_GetMechanismInfo(0, mech_table[i].type, &info),
			  listed ? CKR_OK : CKR_MECHANISM_INVALID);
	}
}

#define EXPECT(...)                                                                                \
	do {                                                                                       \
		const CK_MECHANISM_TYPE want_[] = {__VA_ARGS__};                                   \
		fake.epoch++;                                                                      \
		expect_list(want_, sizeof(want_) / sizeof(want_[0]));                              \
	} while (0)
#define ECDSA CKM_ECDSA, CKM_ECDSA_SHA1, CKM_ECDSA_SHA256, CKM_ECDSA_SHA384, CKM_ECDSA_SHA512
#define ECDH CKM_ECDH1_DERIVE, CKM_ECDH1_COFACTOR_DERIVE
#define HKDF CKM_HKDF_DERIVE, CKM_HKDF_DATA
#define PRF                                                                                        \
	CKM_TLS12_MASTER_KEY_DERIVE, CKM_TLS12_MASTER_KEY_DERIVE_DH,                               \
		CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE, CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH,     \
		CKM_TLS12_KDF, CKM_TLS_KDF

static const int nothing[] = {-1};

static void type_1(void **state)
{
	static const int identity[] = {FAKE_DEVICE_KEY, FAKE_DEVICE_PUB, -1};

	(void)state;
	fake_keep(identity);
	EXPECT(ECDSA, ECDH);
	fake2.no_peer_slot = true; /* it agrees, but there is no room for the peer's point */
	EXPECT(ECDSA);
	fake2.no_peer_slot = false;
	fake.cat.item[0].functions = FUNCTION_SIGN;
	EXPECT(ECDSA);
	fake2_add_pair(KEY_BRAINPOOL_P256R1, "empty", 0x71, false, FUNCTION_KEYGEN);
	EXPECT(ECDSA, CKM_EC_KEY_PAIR_GEN);
	fake2_add_pair(KEY_RSA2048, "rsa", 0x73, false, FUNCTION_KEYGEN | FUNCTION_SIGN);
	EXPECT(ECDSA, CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS, CKM_SHA384_RSA_PKCS, CKM_SHA512_RSA_PKCS,
	       CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS,
	       CKM_SHA512_RSA_PKCS_PSS, CKM_EC_KEY_PAIR_GEN);
}

static void type_2(void **state)
{
	(void)state;
	fake_keep(nothing);
	fake2_add_secret("psk", 0x61, DERIVATION_HKDF);
	EXPECT(HKDF);
	fake.cat.item[0].derivations = DERIVATION_PRF;
	EXPECT(PRF);
	fake.cat.item[0].derivations = 0; /* tag 94 is optional: it forbids none */
	EXPECT(HKDF, PRF);
	fake.cat.item[0].activated = false; /* an empty one derives nothing */
	EXPECT(ECDSA);
	fake.cat.item[0].activated = true;
	fake.cat.item[0].functions = FUNCTION_AGREE;
	EXPECT(ECDSA);
}

static void cmac(void **state)
{
	struct container *c = NULL;

	(void)state;
	fake_keep(nothing);
	c = fake2_add(CONTAINER_SECRET_KEY, KEY_AES_CMAC, "mac", 0x61);
	c->activated = true;
	c->functions = FUNCTION_SIGN;
	c->sig_algs = SIG_AES_CMAC;
	EXPECT(CKM_AES_CMAC);
	c->functions = FUNCTION_DERIVE;
	EXPECT(ECDSA);
}

/* Sizes: bits of EC and RSA, bytes of all others; flags as they can be used. */
static void infos(void **state)
{
	enum {
		signs = CKF_HW | CKF_SIGN | CKF_VERIFY | CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY |
			CKF_MULTI_MESSAGE
	};
	static const struct {
		CK_MECHANISM_TYPE type;
		CK_ULONG min, max;
		CK_FLAGS flags;
	} rows[] = {
		{CKM_ECDSA, 256, 384, signs | CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS},
		{CKM_ECDH1_DERIVE, 256, 384,
		 CKF_HW | CKF_DERIVE | CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS},
		{CKM_EC_KEY_PAIR_GEN, 256, 384,
		 CKF_HW | CKF_GENERATE_KEY_PAIR | CKF_EC_F_P | CKF_EC_NAMEDCURVE |
			 CKF_EC_UNCOMPRESS},
		{CKM_RSA_PKCS, 2048, 2048, signs},
		{CKM_TLS12_MASTER_KEY_DERIVE_DH, 48, 48, CKF_HW | CKF_DERIVE},
		{CKM_HKDF_DERIVE, 1, 512, CKF_HW | CKF_DERIVE},
	};
	CK_MECHANISM_INFO info;

	(void)state;
	fake2_add_secret("psk-tls", 0x61, 0);
	fake2_add_pair(KEY_P256, "empty", 0x71, true, FUNCTION_KEYGEN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_ok(f->C_GetMechanismInfo(0, rows[i].type, &info));
		assert_int_equal(info.ulMinKeySize, rows[i].min);
		assert_int_equal(info.ulMaxKeySize, rows[i].max);
		assert_int_equal(info.flags, rows[i].flags);
	}
}

/* What is not listed is not done. */
static void unlisted(void **state)
{
	static const int identity[] = {FAKE_DEVICE_KEY, FAKE_DEVICE_PUB, -1};
	CK_OBJECT_HANDLE h = 0;

	(void)state;
	fake_keep(identity);
	fake.cat.item[0].functions = FUNCTION_SIGN;
	fake.epoch++;
	CK_SESSION_HANDLE s = rig_session();
	for (size_t i = 0; i < mech_table_n; i++) {
		CK_MECHANISM m = {mech_table[i].type, NULL, 0};
		if (mech_table[i].use == MECH_DERIVE)
			assert_rv(f->C_DeriveKey(s, &m, 1, NULL, 0, &h), CKR_MECHANISM_INVALID);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(type_1), TEST(type_2), TEST(cmac), TEST(infos), TEST(unlisted),
	};

	return cmocka_run_group_tests_name("mech", tests, rig_group_setup, rig_group_teardown);
}
