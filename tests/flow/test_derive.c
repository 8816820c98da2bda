/* SPDX-License-Identifier: Apache-2.0 */
/* Keys made, agreed and derived on the software SIM through the real module: what comes out is what
 * libcrypto gets, and no bad point gets in. Argument: the link, unix or at-csim. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "ck.h"
#include "rig.h"

enum {
	INS_GENERATE = 0xB9,
	INS_PUT_INIT = 0x24,
	INS_DH = 0x46,
	INS_PRF = 0x48,
	INS_HKDF = 0x4A,
	POINT_MAX = 160,
	BAD_POINTS_MIN = 500,
};

#define assert_ok(call) assert_int_equal((call), CKR_OK)

static enum rig_link wire = RIG_UNIX;
static struct rig rig;
static CK_FUNCTION_LIST *f;
static CK_SESSION_HANDLE s;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static void start(const char *profile)
{
	rig_start(&rig, &(struct rig_options){.profile = profile, .link = wire});
	f = rig_module(&rig);
	assert_ok(f->C_Initialize(NULL));
	assert_ok(f->C_OpenSession(rig_slot(&rig), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
				   &s));
}

static void stop(void)
{
	assert_ok(f->C_Finalize(NULL));
	rig_stop(&rig);
}

/* --- keys --- */

static const CK_BYTE p256[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};

struct pair {
	CK_OBJECT_HANDLE pub, priv;
};

static CK_RV generate(struct pair *ret)
{
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE pub[] = {{CKA_EC_PARAMS, (void *)(uintptr_t)p256, sizeof(p256)}};
	CK_ATTRIBUTE priv[] = {{CKA_TOKEN, &no, 1}, {CKA_DERIVE, &yes, 1}};

	return f->C_GenerateKeyPair(s, &m, pub, 1, priv, 2, &ret->pub, &ret->priv);
}

static size_t value(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, uint8_t *ret, size_t cap)
{
	CK_ATTRIBUTE a = {type, ret, cap};

	assert_ok(f->C_GetAttributeValue(s, h, &a, 1));
	return a.ulValueLen;
}

static size_t raw_point(EVP_PKEY *k, uint8_t ret[POINT_MAX])
{
	size_t n = 0;

	assert_int_equal(EVP_PKEY_get_octet_string_param(k, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, ret,
							 POINT_MAX, &n),
			 1);
	return n;
}

static EVP_PKEY *public_of(const uint8_t *point, size_t n)
{
	char group[] = "P-256";
	OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string("group", group, 0),
			  OSSL_PARAM_construct_octet_string("pub", (void *)(uintptr_t)point, n),
			  OSSL_PARAM_construct_end()};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *k = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &k, EVP_PKEY_PUBLIC_KEY, p), 1);
	EVP_PKEY_CTX_free(ctx);
	return k;
}

/* Z of libcrypto's key and the card's public one, as the module tells it. */
static void openssl_agree(EVP_PKEY *own, CK_OBJECT_HANDLE card_pub, uint8_t ret_z[32])
{
	uint8_t der[POINT_MAX];
	size_t n = value(card_pub, CKA_EC_POINT, der, sizeof(der)), z_n = 32;
	EVP_PKEY *other = public_of(der + 2, n - 2);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);

	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, other), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, ret_z, &z_n), 1);
	assert_int_equal(z_n, 32);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
}

static CK_RV derive(CK_MECHANISM *m, CK_OBJECT_HANDLE base, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
	CK_ATTRIBUTE t[] = {{CKA_SENSITIVE, &no, 1},
			    {CKA_EXTRACTABLE, &yes, 1},
			    {CKA_DERIVE, &yes, 1},
			    {CKA_VALUE_LEN, &n, sizeof(n)}};

	return f->C_DeriveKey(s, m, base, t, n != 0 ? 4 : 3, ret);
}

static CK_RV agree(CK_OBJECT_HANDLE key, const uint8_t *point, size_t n, CK_OBJECT_HANDLE *ret)
{
	CK_ECDH1_DERIVE_PARAMS p = {.kdf = CKD_NULL,
				    .ulPublicDataLen = n,
				    .pPublicData = (CK_BYTE_PTR)(uintptr_t)point};
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};

	return derive(&m, key, 0, ret);
}

static void agreement(void **state)
{
	(void)state;
	start("demo");
	for (int i = 0; i < 4; i++) {
		EVP_PKEY *peer = EVP_EC_gen("P-256");
		uint8_t point[POINT_MAX], want[32], got[64];
		size_t mark = rig_log_mark(&rig);
		struct pair p = {0};
		CK_OBJECT_HANDLE z = 0;
		assert_ok(generate(&p));
		assert_int_equal(rig_log_count_ins(&rig, mark, INS_GENERATE), 1);
		openssl_agree(peer, p.pub, want);
		assert_ok(agree(p.priv, point, raw_point(peer, point), &z));
		assert_int_equal(value(z, CKA_VALUE, got, sizeof(got)), 32);
		assert_memory_equal(got, want, 32);
		assert_int_equal(rig_log_count_ins(&rig, mark, INS_DH), 1);
		/* the identity does not agree, and stays what it is */
		CK_OBJECT_HANDLE device = rig_find(&rig, s, CKO_PRIVATE_KEY, "device");
		assert_int_equal(agree(device, point, raw_point(peer, point), &z),
				 CKR_KEY_FUNCTION_NOT_PERMITTED);
		EVP_PKEY_free(peer);
	}
	stop();
}

/* --- bad points --- */

static struct {
	CK_OBJECT_HANDLE key;
	unsigned tried;
} bad;

static void reject(const uint8_t *point, size_t n)
{
	CK_OBJECT_HANDLE h = 4711;
	CK_RV rv = agree(bad.key, point, n, &h);

	if (rv != (n != 0 ? CKR_PUBLIC_KEY_INVALID : CKR_MECHANISM_PARAM_INVALID) || h != 4711)
		fail_msg("point %u of %zu bytes: %#lx", bad.tried, n, rv);
	bad.tried++;
}

/* Points of other curves, as they are and with their coordinates fitted. */
static void other_curves(void)
{
	static const char *const curves[] = {"P-384",		"P-521", "secp256k1",
					     "brainpoolP256r1", "P-224", "prime192v1"};

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		for (int k = 0; k < 10; k++) {
			uint8_t b[POINT_MAX] = {0}, fitted[65] = {4};
			EVP_PKEY *key = EVP_EC_gen(curves[i]);
			size_t n = raw_point(key, b), field = (n - 1) / 2;
			size_t use = field < 32 ? field : 32;
			memcpy(fitted + 33 - use, b + 1, use);
			memcpy(fitted + 65 - use, b + 1 + field, use);
			reject(b, n);
			reject(fitted, sizeof(fitted));
			EVP_PKEY_free(key);
		}
}

/* Off the curve: another y for a good x, and x without any y: the twist's. */
static void off_the_curve(void)
{
	uint8_t b[POINT_MAX];
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = EC_POINT_new(group);
	unsigned twist = 0;

	for (int k = 0; k < 60; k++) {
		EVP_PKEY *key = EVP_EC_gen("P-256");
		raw_point(key, b);
		b[64] ^= (uint8_t)(1 + k);
		reject(b, 65);
		EVP_PKEY_free(key);
	}
	while (twist < 100) {
		b[0] = 4;
		assert_int_equal(RAND_bytes(b + 1, 64), 1);
		BIGNUM *x = BN_bin2bn(b + 1, 32, NULL);
		if (EC_POINT_set_compressed_coordinates(group, point, x, 1, NULL) != 1) {
			reject(b, 65);
			twist++;
		}
		BN_free(x);
	}
	EC_POINT_free(point);
	EC_GROUP_free(group);
}

/* Coordinates of p and above, of a good point too; infinity and zeros. */
static void out_of_the_field(void)
{
	uint8_t p[32], b[65] = {0}, good[POINT_MAX];
	BIGNUM *prime = NULL;
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_P, &prime), 1);
	assert_int_equal(BN_bn2binpad(prime, p, 32), 32);
	BN_free(prime);
	raw_point(key, good);
	EVP_PKEY_free(key);
	reject(b, 0);
	for (size_t n = 1; n <= 65; n++)
		reject(b, n);
	for (unsigned coordinate = 0; coordinate < 2; coordinate++)
		for (unsigned k = 0; k < 32; k++) {
			memcpy(b, good, 65);
			memcpy(b + 1 + 32 * coordinate, p, 32);
			b[32 + 32 * coordinate] = (uint8_t)(p[31] + k < 256 ? p[31] + k : 0xFF);
			reject(b, 65);
			memset(b + 1 + 32 * coordinate, 0xFF, 32);
			b[32 + 32 * coordinate] = (uint8_t)(0xFF - k);
			reject(b, 65);
		}
}

/* A good point, said wrongly: lengths, forms, wrappings. */
static void other_forms(void)
{
	uint8_t good[POINT_MAX], b[POINT_MAX + 4] = {0};
	EVP_PKEY *key = EVP_EC_gen("P-256");

	raw_point(key, good);
	EVP_PKEY_free(key);
	for (size_t n = 1; n < 65; n++)
		reject(good, n);
	memcpy(b, good, 65);
	for (size_t n = 66; n < 100; n++)
		reject(b, n);
	for (unsigned form = 0; form < 8; form++) {
		memcpy(b, good, 65);
		b[0] = (uint8_t)form;
		if (form == 4)
			continue;
		reject(b, 65);
		reject(b, 33); /* compressed */
	}
	for (unsigned k = 0; k < 40; k++) { /* OCTET STRINGs that are not exactly filled */
		b[0] = (uint8_t)(k < 20 ? 4 : 3 + k);
		b[1] = (uint8_t)(k < 20 ? 65 - k - 1 : 65);
		memcpy(b + 2, good, 65);
		reject(b, 67);
	}
}

static void bad_points(void **state)
{
	struct pair p = {0};

	(void)state;
	start("demo");
	assert_ok(generate(&p));
	bad.key = p.priv;
	bad.tried = 0;
	/* what the module asks the card before it agrees, it has asked */
	EVP_PKEY *peer = EVP_EC_gen("P-256");
	uint8_t point[POINT_MAX];
	CK_OBJECT_HANDLE z = 0;
	assert_ok(agree(p.priv, point, raw_point(peer, point), &z));
	size_t mark = rig_log_mark(&rig);
	other_curves();
	off_the_curve();
	out_of_the_field();
	other_forms();
	print_message("  %u bad points, %zu APDUs\n", bad.tried, rig_log_count(&rig, mark));
	assert_true(bad.tried >= BAD_POINTS_MIN);
	assert_int_equal(rig_log_count(&rig, mark), 0);
	assert_ok(agree(p.priv, point, raw_point(peer, point), &z));
	EVP_PKEY_free(peer);
	stop();
}

/* --- pre-shared keys --- */

static uint8_t psk[32];

static CK_OBJECT_HANDLE stored_psk(void)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	char label[] = "psk";
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, label, 3}};
	CK_OBJECT_HANDLE h[2] = {0};
	CK_ULONG n = 0;

	assert_ok(f->C_FindObjectsInit(s, t, 2));
	assert_ok(f->C_FindObjects(s, h, 2, &n));
	assert_ok(f->C_FindObjectsFinal(s));
	assert_int_equal(n, 1);
	return h[0];
}

static void start_type2(void)
{
	char command[128];
	size_t n = 0;

	assert_int_equal(RAND_bytes(psk, sizeof(psk)), 1);
	start("type2");
	n = (size_t)snprintf(command, sizeof(command), "object secret 0A value ");
	for (size_t i = 0; i < sizeof(psk); i++)
		n += (size_t)snprintf(command + n, sizeof(command) - n, "%02X", psk[i]);
	rig_control(&rig, command, NULL, 0);
}

static void openssl_kdf(const char *name, OSSL_PARAM *p, uint8_t *ret, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

	assert_int_equal(EVP_KDF_derive(ctx, ret, n, p), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void expect(CK_OBJECT_HANDLE h, const uint8_t *want, size_t n)
{
	uint8_t got[300];

	assert_int_equal(value(h, CKA_VALUE, got, sizeof(got)), n);
	assert_memory_equal(got, want, n);
}

static void hkdf(void **state)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		const char *name;
		size_t n;
	} hashes[] = {
		{CKM_SHA256, "SHA256", 32}, {CKM_SHA384, "SHA384", 48}, {CKM_SHA512, "SHA512", 64}};
	CK_BYTE salt[150], info[] = "info";

	(void)state;
	memset(salt, 0xA5, sizeof(salt));
	start_type2();
	for (size_t i = 0; i < 3; i++)
		for (size_t salt_n = 0; salt_n <= sizeof(salt); salt_n += 50) {
			char mode[] = "EXTRACT_ONLY", both[] = "EXTRACT_AND_EXPAND", hash[8];
			uint8_t want[100];
			CK_OBJECT_HANDLE h = 0;
			CK_HKDF_PARAMS p = {.bExtract = CK_TRUE,
					    .prfHashMechanism = hashes[i].type,
					    .ulSaltType = salt_n != 0 ? CKF_HKDF_SALT_DATA
								      : CKF_HKDF_SALT_NULL,
					    .pSalt = salt,
					    .ulSaltLen = salt_n,
					    .pInfo = info,
					    .ulInfoLen = 4};
			CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};
			snprintf(hash, sizeof(hash), "%s", hashes[i].name);
			OSSL_PARAM ossl[] = {
				OSSL_PARAM_construct_utf8_string("mode", mode, 0),
				OSSL_PARAM_construct_utf8_string("digest", hash, 0),
				OSSL_PARAM_construct_octet_string("key", psk, 32),
				OSSL_PARAM_construct_octet_string("salt", salt, salt_n),
				OSSL_PARAM_construct_octet_string("info", info, 4),
				OSSL_PARAM_construct_end()};
			openssl_kdf("HKDF", ossl, want, hashes[i].n);
			assert_ok(derive(&m, stored_psk(), 0, &h));
			expect(h, want, hashes[i].n);
			p.bExpand = CK_TRUE;
			ossl[0] = OSSL_PARAM_construct_utf8_string("mode", both, 0);
			openssl_kdf("HKDF", ossl, want, 100);
			assert_ok(derive(&m, stored_psk(), 100, &h));
			expect(h, want, 100);
		}
	assert_int_equal(rig_log_count_ins(&rig, 0, INS_HKDF), 24);
	stop();
}

/* P_SHA256 of the premaster secret that RFC 4279 or RFC 5489 makes of `other` and the PSK. */
static void openssl_master(const uint8_t *other, size_t n, uint8_t *seed, size_t seed_n,
			   uint8_t want[48])
{
	char hash[] = "SHA256";
	uint8_t pre[2 + 48 + 2 + 32] = {0, (uint8_t)n};
	OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string("digest", hash, 0),
			  OSSL_PARAM_construct_octet_string("secret", pre, 2 + n + 2 + 32),
			  OSSL_PARAM_construct_octet_string("seed", seed, seed_n),
			  OSSL_PARAM_construct_end()};

	if (other != NULL)
		memcpy(pre + 2, other, n);
	pre[2 + n + 1] = 32;
	memcpy(pre + 2 + n + 2, psk, 32);
	openssl_kdf("TLS1-PRF", p, want, 48);
}

static CK_OBJECT_HANDLE session_secret(uint8_t *v, CK_ULONG n)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
			    {CKA_KEY_TYPE, &type, sizeof(type)},
			    {CKA_DERIVE, &yes, 1},
			    {CKA_VALUE, v, n}};
	CK_OBJECT_HANDLE h = 0;

	assert_ok(f->C_CreateObject(s, t, 4, &h));
	return h;
}

static void tls12(void **state)
{
	struct {
		CK_TLS12_MASTER_KEY_DERIVE_PARAMS p;
		CK_OBJECT_HANDLE z;
	} param = {.p.prfHashMechanism = CKM_SHA256};
	uint8_t randoms[64], z[32], seed[77] = "master secret", want[100], expansion[90];
	CK_MECHANISM m = {CKM_TLS12_MASTER_KEY_DERIVE_DH, &param, sizeof(param.p)};
	CK_OBJECT_HANDLE h = 0, block = 0;

	(void)state;
	start_type2();
	assert_int_equal(RAND_bytes(randoms, 64), 1);
	assert_int_equal(RAND_bytes(z, 32), 1);
	memcpy(seed + 13, randoms, 64);
	param.p.RandomInfo = (CK_SSL3_RANDOM_DATA){randoms, 32, randoms + 32, 32};
	uint8_t zeros[32] = {0};
	openssl_master(zeros, 32, seed, sizeof(seed), want);
	assert_ok(derive(&m, stored_psk(), 48, &h));
	expect(h, want, 48);
	/* ECDHE-PSK */
	param.z = session_secret(z, sizeof(z));
	m.ulParameterLen = sizeof(param);
	openssl_master(z, 32, seed, sizeof(seed), want);
	assert_ok(derive(&m, stored_psk(), 48, &h));
	expect(h, want, 48);
	assert_int_equal(rig_log_count_ins(&rig, 0, INS_PRF), 2);
	/* the key block from the master secret: the host's */
	char label[] = "key expansion", hash[] = "SHA256";
	CK_TLS_KDF_PARAMS kdf = {.prfMechanism = CKM_SHA256,
				 .pLabel = (CK_BYTE_PTR)label,
				 .ulLabelLength = 13,
				 .RandomInfo = {randoms + 32, 32, randoms, 32}};
	CK_MECHANISM k = {CKM_TLS_KDF, &kdf, sizeof(kdf)};
	memcpy(expansion, label, 13);
	memcpy(expansion + 13, randoms + 32, 32);
	memcpy(expansion + 45, randoms, 32);
	OSSL_PARAM ossl[] = {OSSL_PARAM_construct_utf8_string("digest", hash, 0),
			     OSSL_PARAM_construct_octet_string("secret", want, 48),
			     OSSL_PARAM_construct_octet_string("seed", expansion, 77),
			     OSSL_PARAM_construct_end()};
	uint8_t keys[100];
	openssl_kdf("TLS1-PRF", ossl, keys, 100);
	assert_ok(derive(&k, h, 100, &block));
	expect(block, keys, 100);
	assert_int_equal(rig_log_count_ins(&rig, 0, INS_PRF), 2);
	/* a key per server: the general PRF of the key that stays on the card */
	kdf.RandomInfo = (CK_SSL3_RANDOM_DATA){0};
	ossl[1] = OSSL_PARAM_construct_octet_string("secret", psk, 32);
	ossl[2] = OSSL_PARAM_construct_octet_string("seed", label, 13);
	openssl_kdf("TLS1-PRF", ossl, keys, 32);
	assert_ok(derive(&k, stored_psk(), 32, &h));
	expect(h, keys, 32);
	assert_int_equal(rig_log_count_ins(&rig, 0, INS_PRF), 3);
	stop();
}

/* A card without the command says so once, and the list has it no more. */
static void without_the_command(void **state)
{
	CK_HKDF_PARAMS p = {.bExtract = CK_TRUE,
			    .prfHashMechanism = CKM_SHA256,
			    .ulSaltType = CKF_HKDF_SALT_NULL};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};
	CK_MECHANISM_INFO info;
	CK_OBJECT_HANDLE h = 0;

	(void)state;
	start_type2();
	CK_SLOT_ID slot = rig_slot(&rig);
	assert_ok(f->C_GetMechanismInfo(slot, CKM_HKDF_DERIVE, &info));
	rig_control(&rig, "config set hkdf no", NULL, 0);
	assert_int_equal(derive(&m, stored_psk(), 0, &h), CKR_MECHANISM_INVALID);
	assert_int_equal(f->C_GetMechanismInfo(slot, CKM_HKDF_DERIVE, &info),
			 CKR_MECHANISM_INVALID);
	assert_ok(f->C_GetMechanismInfo(slot, CKM_TLS_KDF, &info));
	stop();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agreement),
		cmocka_unit_test(bad_points),
		cmocka_unit_test(hkdf),
		cmocka_unit_test(tls12),
		cmocka_unit_test(without_the_command),
	};

	wire = rig_argument(argc, argv);
	return cmocka_run_group_tests_name(rig_link_name(wire), tests, NULL, NULL);
}
