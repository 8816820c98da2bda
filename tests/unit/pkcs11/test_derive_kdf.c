/* SPDX-License-Identifier: Apache-2.0 */
/* HKDF and TLS 1.2 from secrets of the card and of the session; their parameters. */
#include <string.h>

#include "derive_rig.h"
#include "kdf.h"

static CK_OBJECT_HANDLE card_psk(CK_SESSION_HANDLE s)
{
	return rig_by_label(s, CKO_SECRET_KEY, "psk-tls");
}

static void expect(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, const uint8_t *p, size_t n)
{
	struct bytes got = derive_rig_value(s, h);

	assert_int_equal(got.n, n);
	assert_memory_equal(got.p, p, n);
}

/* --- HKDF --- */

static void hkdf_on_card(void **state)
{
	static const CK_MECHANISM_TYPE types[] = {CKM_SHA256, CKM_SHA384, CKM_SHA512};
	static const enum hash_alg algs[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};
	CK_SESSION_HANDLE s = rig_session();
	uint8_t salt[] = "salt", prk[HASH_MAX], okm[100];
	CK_HKDF_PARAMS p = {.bExtract = CK_TRUE, .pSalt = salt, .ulSaltLen = 4};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct bytes psk = BYTES_OF(fake2.psk);
		p.bExpand = CK_FALSE;
		p.prfHashMechanism = types[i];
		p.ulSaltType = CKF_HKDF_SALT_NULL;
		assert_int_equal(hkdf_extract(algs[i], bytes_of(NULL, 0), psk, prk), ST_OK);
		expect(s, derive_rig_ok(s, &m, card_psk(s), 0), prk, hash_size(algs[i]));
		p.ulSaltType = CKF_HKDF_SALT_DATA;
		assert_int_equal(hkdf_extract(algs[i], bytes_of(salt, 4), psk, prk), ST_OK);
		expect(s, derive_rig_ok(s, &m, card_psk(s), hash_size(algs[i])), prk,
		       hash_size(algs[i]));
		p.bExpand = CK_TRUE;
		assert_int_equal(hkdf_expand(algs[i], bytes_of(prk, hash_size(algs[i])),
					     bytes_of(NULL, 0), okm, 100),
				 ST_OK);
		expect(s, derive_rig_ok(s, &m, card_psk(s), 100), okm, 100);
	}
	assert_int_equal(fake2.calls[FAKE2_HKDF], 9);
}

/* A salt by handle; one that is longer than a block goes to the card as its hash. */
static void hkdf_salts(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	uint8_t prk[HASH_MAX], big[300];
	CK_HKDF_PARAMS p = {.bExtract = CK_TRUE,
			    .prfHashMechanism = CKM_SHA256,
			    .ulSaltType = CKF_HKDF_SALT_KEY};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};
	CK_OBJECT_HANDLE h = 0;

	(void)state;
	memset(big, 0x77, sizeof(big));
	p.hSaltKey = derive_rig_secret(s, BYTES_OF(big));
	assert_int_equal(hkdf_extract(HASH_SHA256, BYTES_OF(big), BYTES_OF(fake2.psk), prk), ST_OK);
	expect(s, derive_rig_ok(s, &m, card_psk(s), 0), prk, 32);
	assert_int_equal(fake2.salt_n, 32);
	p.hSaltKey = derive_rig_secret(s, bytes_of(big, 64));
	derive_rig_ok(s, &m, card_psk(s), 0);
	assert_int_equal(fake2.salt_n, 64);
	p.hSaltKey = card_psk(s); /* does not come out of the card */
	assert_rv(derive_rig(s, &m, card_psk(s), 0, &h), CKR_MECHANISM_PARAM_INVALID);
	p.hSaltKey = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	assert_rv(derive_rig(s, &m, card_psk(s), 0, &h), CKR_MECHANISM_PARAM_INVALID);
	p.hSaltKey = 0;
	assert_rv(derive_rig(s, &m, card_psk(s), 0, &h), CKR_MECHANISM_PARAM_INVALID);
}

static void hkdf_data(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	uint8_t info[] = "\x00\x0Ctls iv", prk[HASH_MAX], okm[12];
	CK_HKDF_PARAMS p = {.bExtract = CK_TRUE,
			    .bExpand = CK_TRUE,
			    .prfHashMechanism = CKM_SHA256,
			    .ulSaltType = CKF_HKDF_SALT_NULL,
			    .pInfo = info,
			    .ulInfoLen = 9};
	CK_MECHANISM m = {CKM_HKDF_DATA, &p, sizeof(p)};
	CK_OBJECT_CLASS class = 0;
	CK_ATTRIBUTE a = {CKA_CLASS, &class, sizeof(class)};

	(void)state;
	assert_int_equal(hkdf_extract(HASH_SHA256, bytes_of(NULL, 0), BYTES_OF(fake2.psk), prk),
			 ST_OK);
	assert_int_equal(hkdf_expand(HASH_SHA256, bytes_of(prk, 32), bytes_of(info, 9), okm, 12),
			 ST_OK);
	CK_OBJECT_HANDLE h = derive_rig_ok(s, &m, card_psk(s), 12);
	expect(s, h, okm, 12);
	assert_ok(f->C_GetAttributeValue(s, h, &a, 1));
	assert_int_equal(class, CKO_DATA);
	/* data is a base key for extracting with a salt, and for nothing else */
	p.bExpand = CK_FALSE;
	m.mechanism = CKM_HKDF_DERIVE;
	CK_OBJECT_HANDLE none = 0;
	assert_rv(derive_rig(s, &m, h, 0, &none), CKR_KEY_TYPE_INCONSISTENT);
	p.ulSaltType = CKF_HKDF_SALT_DATA;
	p.pSalt = info;
	p.ulSaltLen = 9;
	assert_int_equal(hkdf_extract(HASH_SHA256, bytes_of(info, 9), bytes_of(okm, 12), prk),
			 ST_OK);
	expect(s, derive_rig_ok(s, &m, h, 0), prk, 32);
}

static void hkdf_refusals(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	static uint8_t secret[48], info[4];
	const CK_HKDF_PARAMS good = {.bExtract = CK_TRUE,
				     .bExpand = CK_TRUE,
				     .prfHashMechanism = CKM_SHA256,
				     .ulSaltType = CKF_HKDF_SALT_NULL,
				     .pInfo = info,
				     .ulInfoLen = 4};
	CK_HKDF_PARAMS bad[] = {good, good, good, good, good, good, good, good, good};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, NULL, sizeof(good)};
	CK_OBJECT_HANDLE base = derive_rig_secret(s, BYTES_OF(secret)), h = 0;

	(void)state;
	bad[0].bExtract = bad[0].bExpand = CK_FALSE;
	bad[1].bExtract = 2;
	bad[2].bExpand = 0xFF;
	bad[3].prfHashMechanism = CKM_MD5;
	bad[4].prfHashMechanism = 0;
	bad[5].ulSaltType = 0;
	bad[6].ulSaltType = 3;
	bad[7].pInfo = NULL;
	bad[8].ulSaltType = CKF_HKDF_SALT_DATA;
	bad[8].ulSaltLen = 8;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		m.pParameter = &bad[i];
		assert_rv(derive_rig(s, &m, base, 32, &h), CKR_MECHANISM_PARAM_INVALID);
		assert_rv(derive_rig(s, &m, card_psk(s), 32, &h), CKR_MECHANISM_PARAM_INVALID);
	}
	CK_HKDF_PARAMS p = good;
	m.pParameter = &p;
	m.ulParameterLen = sizeof(p) - 1;
	assert_rv(derive_rig(s, &m, base, 32, &h), CKR_MECHANISM_PARAM_INVALID);
	m.ulParameterLen = sizeof(p);
	assert_rv(derive_rig(s, &m, base, 0, &h), CKR_TEMPLATE_INCOMPLETE);
	assert_rv(derive_rig(s, &m, base, 255 * 32 + 1, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_ok(derive_rig(s, &m, base, 255 * 32, &h));
	p.bExpand = CK_FALSE;
	assert_rv(derive_rig(s, &m, base, 31, &h), CKR_TEMPLATE_INCONSISTENT);
	/* what the card keeps cannot be expanded here */
	p.bExpand = CK_TRUE;
	p.bExtract = CK_FALSE;
	assert_rv(derive_rig(s, &m, card_psk(s), 32, &h), CKR_KEY_FUNCTION_NOT_PERMITTED);
	p.prfHashMechanism = CKM_SHA512; /* longer than the key */
	assert_rv(derive_rig(s, &m, base, 32, &h), CKR_KEY_SIZE_RANGE);
	p = good;
	p.prfHashMechanism = CKM_SHA_1; /* the card has none */
	assert_rv(derive_rig(s, &m, card_psk(s), 20, &h), CKR_MECHANISM_PARAM_INVALID);
	assert_rv(derive_rig(s, &m, rig_by_label(s, CKO_PRIVATE_KEY, "device"), 32, &h),
		  CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(fake2.calls[FAKE2_HKDF], 0);
}

/* A card that turns out not to have the command: said honestly, and no longer listed. */
static void learned_refusals(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	uint8_t random[32] = {0}, label[] = "x";
	CK_HKDF_PARAMS p = {.bExtract = CK_TRUE,
			    .prfHashMechanism = CKM_SHA256,
			    .ulSaltType = CKF_HKDF_SALT_NULL};
	CK_TLS12_MASTER_KEY_DERIVE_PARAMS tls = {{random, 32, random, 32}, NULL, CKM_SHA256};
	CK_TLS_KDF_PARAMS kdf = {.prfMechanism = CKM_SHA256, .pLabel = label, .ulLabelLength = 1};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};
	CK_MECHANISM t = {CKM_TLS12_MASTER_KEY_DERIVE_DH, &tls, sizeof(tls)};
	CK_MECHANISM k = {CKM_TLS_KDF, &kdf, sizeof(kdf)};
	CK_MECHANISM_INFO info;
	CK_OBJECT_HANDLE h = 0;

	(void)state;
	assert_ok(f->C_GetMechanismInfo(0, CKM_HKDF_DERIVE, &info));
	fake2.answer[FAKE2_HKDF] = ST_UNSUPPORTED;
	assert_rv(derive_rig(s, &m, card_psk(s), 0, &h), CKR_MECHANISM_INVALID);
	assert_rv(f->C_GetMechanismInfo(0, CKM_HKDF_DERIVE, &info), CKR_MECHANISM_INVALID);
	assert_rv(f->C_GetMechanismInfo(0, CKM_HKDF_DATA, &info), CKR_MECHANISM_INVALID);
	assert_rv(derive_rig(s, &m, card_psk(s), 0, &h), CKR_MECHANISM_INVALID);
	assert_int_equal(fake2.calls[FAKE2_HKDF], 1);
	/* one mode of the PRF less is not the whole PRF */
	fake2.answer[FAKE2_PRF] = ST_UNSUPPORTED;
	assert_rv(derive_rig(s, &t, card_psk(s), 0, &h), CKR_MECHANISM_INVALID);
	fake2.answer[FAKE2_PRF] = ST_OK;
	assert_rv(f->C_GetMechanismInfo(0, t.mechanism, &info), CKR_MECHANISM_INVALID);
	assert_ok(f->C_GetMechanismInfo(0, CKM_TLS_KDF, &info));
	assert_ok(derive_rig(s, &k, card_psk(s), 16, &h));
	/* another SIM may have it */
	CK_OBJECT_HANDLE psk = card_psk(s);
	fake.answer[FAKE_CATALOG] = ST_CARD_CHANGED;
	fake.epoch++;
	assert_rv(derive_rig(s, &k, psk, 16, &h), CKR_DEVICE_REMOVED);
	fake.answer[FAKE_CATALOG] = ST_OK;
	fake2.answer[FAKE2_HKDF] = ST_OK;
	s = rig_session();
	assert_ok(f->C_GetMechanismInfo(0, CKM_HKDF_DERIVE, &info));
	assert_ok(derive_rig(s, &m, card_psk(s), 0, &h));
}

/* --- TLS 1.2 --- */

struct tls {
	uint8_t client[32], server[32];
	CK_TLS12_MASTER_KEY_DERIVE_PARAMS p;
};

static struct tls tls_params(void)
{
	struct tls t;

	for (uint8_t i = 0; i < 32; i++) {
		t.client[i] = i;
		t.server[i] = (uint8_t)(32 + i);
	}
	t.p = (CK_TLS12_MASTER_KEY_DERIVE_PARAMS){{0}, NULL, CKM_SHA256};
	return t;
}

static void point(struct tls *t)
{
	t->p.RandomInfo = (CK_SSL3_RANDOM_DATA){t->client, 32, t->server, 32};
}

/* The rows of iotsafe-protocol §15.7, whose PSK is 00..0F, by the fake's own construction. */
static void psk_master(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	struct tls t = tls_params();
	struct {
		CK_TLS12_MASTER_KEY_DERIVE_PARAMS p;
		CK_OBJECT_HANDLE z;
	} with_z;
	CK_MECHANISM m = {CKM_TLS12_MASTER_KEY_DERIVE_DH, &t.p, sizeof(t.p)};
	uint8_t seed[77] = "master secret", pre[2 + 32 + 2 + 32] = {0, 32}, want[48];
	uint8_t z[32];

	(void)state;
	point(&t);
	memcpy(seed + 13, t.client, 32);
	memcpy(seed + 45, t.server, 32);
	pre[35] = 32;
	memcpy(pre + 36, fake2.psk, 32);
	assert_int_equal(tls12_prf(HASH_SHA256, BYTES_OF(pre), BYTES_OF(seed), want, 48), ST_OK);
	CK_OBJECT_HANDLE master = derive_rig_ok(s, &m, card_psk(s), 48);
	expect(s, master, want, 48);
	assert_int_equal(fake2.prf_mode, CARD_PRF_PSK);
	m.mechanism = CKM_TLS12_MASTER_KEY_DERIVE; /* no version in it: the same */
	expect(s, derive_rig_ok(s, &m, card_psk(s), 0), want, 48);
	/* ECDHE-PSK: the handle of Z follows */
	memset(z, 0x5A, sizeof(z));
	memcpy(pre + 2, z, 32);
	with_z.p = t.p;
	with_z.z = derive_rig_secret(s, BYTES_OF(z));
	m = (CK_MECHANISM){CKM_TLS12_MASTER_KEY_DERIVE_DH, &with_z, sizeof(with_z)};
	assert_int_equal(tls12_prf(HASH_SHA256, BYTES_OF(pre), BYTES_OF(seed), want, 48), ST_OK);
	expect(s, derive_rig_ok(s, &m, card_psk(s), 48), want, 48);
	assert_int_equal(fake2.prf_mode, CARD_PRF_PSK_ECDHE);
	CK_OBJECT_HANDLE h = 0;
	assert_rv(derive_rig(s, &m, with_z.z, 48, &h), CKR_MECHANISM_PARAM_INVALID);
	with_z.z = card_psk(s);
	assert_rv(derive_rig(s, &m, card_psk(s), 48, &h), CKR_MECHANISM_PARAM_INVALID);
	with_z.z = 0;
	assert_rv(derive_rig(s, &m, card_psk(s), 48, &h), CKR_MECHANISM_PARAM_INVALID);
	/* a master secret is for TLS's own derivations */
	CK_HKDF_PARAMS hkdf = {.bExtract = CK_TRUE,
			       .prfHashMechanism = CKM_SHA256,
			       .ulSaltType = CKF_HKDF_SALT_NULL};
	CK_MECHANISM k = {CKM_HKDF_DERIVE, &hkdf, sizeof(hkdf)};
	assert_rv(derive_rig(s, &k, master, 0, &h), CKR_KEY_FUNCTION_NOT_PERMITTED);
}

static void session_master(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	struct tls t = tls_params();
	CK_MECHANISM m = {CKM_TLS12_MASTER_KEY_DERIVE, &t.p, sizeof(t.p)};
	uint8_t seed[77] = "master secret", pre[48] = {3, 3, 9}, want[48];
	CK_VERSION version = {9, 9};
	CK_OBJECT_HANDLE h = 0, base = derive_rig_secret(s, BYTES_OF(pre));
	CK_OBJECT_HANDLE z = derive_rig_secret(s, bytes_of(pre, 32));

	(void)state;
	point(&t);
	memcpy(seed + 13, t.client, 32);
	memcpy(seed + 45, t.server, 32);
	t.p.pVersion = &version;
	assert_int_equal(tls12_prf(HASH_SHA256, BYTES_OF(pre), BYTES_OF(seed), want, 48), ST_OK);
	expect(s, derive_rig_ok(s, &m, base, 0), want, 48);
	assert_true(version.major == 3 && version.minor == 3);
	version = (CK_VERSION){9, 9};
	assert_rv(derive_rig(s, &m, z, 0, &h), CKR_KEY_SIZE_RANGE);
	assert_true(version.major == 9);
	m.mechanism = CKM_TLS12_MASTER_KEY_DERIVE_DH;
	assert_rv(derive_rig(s, &m, base, 0, &h), CKR_MECHANISM_PARAM_INVALID); /* a version */
	t.p.pVersion = NULL;
	t.p.prfHashMechanism = CKM_SHA384;
	assert_int_equal(tls12_prf(HASH_SHA384, bytes_of(pre, 32), BYTES_OF(seed), want, 48),
			 ST_OK);
	expect(s, derive_rig_ok(s, &m, z, 48), want, 48);
	assert_rv(derive_rig(s, &m, z, 47, &h), CKR_TEMPLATE_INCONSISTENT);
	/* the card knows SHA-256 only */
	assert_rv(derive_rig(s, &m, card_psk(s), 48, &h), CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(fake2.calls[FAKE2_PRF], 0);
}

static void tls_refusals(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	static uint8_t secret[48], text[8];
	struct tls t = tls_params();
	CK_TLS12_MASTER_KEY_DERIVE_PARAMS bad[5];
	CK_MECHANISM m = {CKM_TLS12_MASTER_KEY_DERIVE_DH, NULL, sizeof(bad[0])};
	CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS ems[] = {{CKM_SHA256, NULL, 32, NULL},
							    {CKM_SHA256, t.client, 31, NULL},
							    {CKM_SHA384, t.client, 32, NULL},
							    {CKM_MD5, t.client, 32, NULL}};
	CK_TLS_KDF_PARAMS kdf[] = {
		{.prfMechanism = CKM_SHA256, .pLabel = NULL, .ulLabelLength = 3},
		{.prfMechanism = CKM_SHA256, .pLabel = text, .ulLabelLength = 0},
		{.prfMechanism = CKM_TLS_PRF, .pLabel = text, .ulLabelLength = 3},
		{.prfMechanism = CKM_SHA256,
		 .pLabel = text,
		 .ulLabelLength = 3,
		 .RandomInfo = {NULL, 32, NULL, 0}},
		{.prfMechanism = CKM_SHA256,
		 .pLabel = text,
		 .ulLabelLength = 3,
		 .ulContextDataLength = 70000,
		 .pContextData = text},
		{.prfMechanism = CKM_SHA256,
		 .pLabel = text,
		 .ulLabelLength = 3,
		 .ulContextDataLength = 4},
	};
	CK_OBJECT_HANDLE base[] = {derive_rig_secret(s, BYTES_OF(secret)), card_psk(s)}, h = 0;

	(void)state;
	point(&t);
	for (size_t i = 0; i < 5; i++)
		bad[i] = t.p;
	bad[0].RandomInfo.pClientRandom = NULL;
	bad[1].RandomInfo.ulServerRandomLen = 31;
	bad[2].RandomInfo.ulClientRandomLen = ~(CK_ULONG)0;
	bad[3].prfHashMechanism = CKM_SHA_1;
	bad[4].prfHashMechanism = 0;
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < 5; i++) {
			m = (CK_MECHANISM){CKM_TLS12_MASTER_KEY_DERIVE_DH, &bad[i], sizeof(bad[i])};
			assert_rv(derive_rig(s, &m, base[k], 48, &h), CKR_MECHANISM_PARAM_INVALID);
		}
		for (size_t i = 0; i < 4; i++) {
			m = (CK_MECHANISM){CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, &ems[i],
					   sizeof(ems[i])};
			assert_rv(derive_rig(s, &m, base[k], 48, &h), CKR_MECHANISM_PARAM_INVALID);
		}
		for (size_t i = 0; i < 6; i++) {
			m = (CK_MECHANISM){CKM_TLS_KDF, &kdf[i], sizeof(kdf[i])};
			assert_rv(derive_rig(s, &m, base[k], 48, &h), CKR_MECHANISM_PARAM_INVALID);
		}
		m = (CK_MECHANISM){CKM_TLS12_MASTER_KEY_DERIVE_DH, &t.p, sizeof(t.p) + 1};
		assert_rv(derive_rig(s, &m, base[k], 48, &h), CKR_MECHANISM_PARAM_INVALID);
		m = (CK_MECHANISM){CKM_TLS_KDF, NULL, 0};
		assert_rv(derive_rig(s, &m, base[k], 48, &h), CKR_MECHANISM_PARAM_INVALID);
	}
	assert_int_equal(fake2.calls[FAKE2_PRF], 0);
}

/* The general PRF of a key that stays on the card: a key per server, say. */
static void kdf_on_card(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	uint8_t label[] = "iotsafe derived psk", context[] = "server.example";
	uint8_t seed[19 + 2 + 14], want[255];
	CK_TLS_KDF_PARAMS p = {.prfMechanism = CKM_SHA256,
			       .pLabel = label,
			       .ulLabelLength = 19,
			       .pContextData = context,
			       .ulContextDataLength = 14};
	CK_MECHANISM m = {CKM_TLS12_KDF, &p, sizeof(p)};
	CK_OBJECT_HANDLE h = 0;

	(void)state;
	memcpy(seed, label, 19);
	seed[19] = 0;
	seed[20] = 14;
	memcpy(seed + 21, context, 14);
	assert_int_equal(tls12_prf(HASH_SHA256, BYTES_OF(fake2.psk), BYTES_OF(seed), want, 255),
			 ST_OK);
	expect(s, derive_rig_ok(s, &m, card_psk(s), 255), want, 255);
	assert_int_equal(fake2.prf_mode, CARD_PRF_GENERAL);
	assert_rv(derive_rig(s, &m, card_psk(s), 256, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_rv(derive_rig(s, &m, card_psk(s), 0, &h), CKR_TEMPLATE_INCOMPLETE);
	uint8_t much[200] = {1};
	p.pContextData = much;
	p.ulContextDataLength = 200; /* more than an APDU takes */
	assert_rv(derive_rig(s, &m, card_psk(s), 32, &h), CKR_MECHANISM_PARAM_INVALID);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, derive_rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hkdf_on_card),   TEST(hkdf_salts),	      TEST(hkdf_data),
		TEST(hkdf_refusals),  TEST(learned_refusals), TEST(psk_master),
		TEST(session_master), TEST(tls_refusals),     TEST(kdf_on_card),
	};

	return cmocka_run_group_tests_name("derive-kdf", tests, rig_group_setup,
					   rig_group_teardown);
}
