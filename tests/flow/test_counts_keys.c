/* SPDX-License-Identifier: Apache-2.0 */
/* How many APDUs key generation, agreement, derivation and a login cost, warm, by the simulator's
 * own log. Argument: the link. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include <openssl/ec.h>

#include "ck.h"
#include "rig.h"

#define assert_ok(call) assert_int_equal((call), CKR_OK)

/* What each link costs. */
static const struct cost {
	size_t generate, agree, hkdf, prf, login;
} costs[RIG_LINKS] = {
	[RIG_UNIX] = {2, 5, 1, 1, 3},	    [RIG_AT_CGLA] = {2, 5, 1, 1, 3},
	[RIG_AT_CSIM] = {2, 5, 1, 1, 3},    [RIG_PCSC] = {2, 5, 1, 1, 3},
	[RIG_PCSC_T0] = {4, 6, 2, 2, 3},    [RIG_MBIM] = {2, 5, 1, 1, 3},
	[RIG_MBIM_PROXY] = {2, 5, 1, 1, 3}, [RIG_QMI] = {2, 5, 1, 1, 3},
	[RIG_QMI_PROXY] = {2, 5, 1, 1, 3},
};
static enum rig_link wire;
static struct rig rig;
static CK_FUNCTION_LIST *f;
static CK_SESSION_HANDLE s;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static void start(const char *profile, const char *slot_conf)
{
	rig_start(&rig,
		  &(struct rig_options){.link = wire, .profile = profile, .slot_conf = slot_conf});
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

static void spent(const char *what, size_t since, size_t expected)
{
	size_t n = rig_log_count(&rig, since);

	print_message("%s: %zu APDUs\n", what, n);
	if (n != expected)
		rig_log_dump(&rig, since);
	assert_int_equal(n, expected);
}

static CK_OBJECT_HANDLE first(CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE tmpl = {CKA_CLASS, &class, sizeof(class)};
	CK_OBJECT_HANDLE h = 0;
	CK_ULONG n = 0;

	assert_ok(f->C_FindObjectsInit(s, &tmpl, 1));
	assert_ok(f->C_FindObjects(s, &h, 1, &n));
	assert_ok(f->C_FindObjectsFinal(s));
	assert_int_equal(n, 1);
	return h;
}

static void peer_point(CK_BYTE point[65])
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	size_t n = 0;

	assert_int_equal(EVP_PKEY_get_octet_string_param(k, "pub", point, 65, &n), 1);
	assert_int_equal(n, 65);
	EVP_PKEY_free(k);
}

static CK_RV derive(CK_MECHANISM *m, CK_OBJECT_HANDLE base)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ULONG n = 32;
	CK_ATTRIBUTE tmpl[] = {
		{CKA_CLASS, &class, sizeof(class)},
		{CKA_KEY_TYPE, &type, sizeof(type)},
		{CKA_VALUE_LEN, &n, sizeof(n)},
		{CKA_TOKEN, &no, sizeof(no)},
	};
	CK_OBJECT_HANDLE h = 0;

	return f->C_DeriveKey(s, m, base, tmpl, 4, &h);
}

/* The list is read again after a pair was made: its state has changed. */
static void generate_and_agree(void **state)
{
	static CK_BYTE p256[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
	CK_MECHANISM make = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE pub[] = {{CKA_EC_PARAMS, p256, sizeof(p256)}};
	CK_ATTRIBUTE priv[] = {{CKA_TOKEN, &no, 1}, {CKA_DERIVE, &yes, 1}};
	CK_BYTE point[65];
	CK_ECDH1_DERIVE_PARAMS param = {CKD_NULL, 0, NULL, sizeof(point), point};
	CK_MECHANISM agree = {CKM_ECDH1_DERIVE, &param, sizeof(param)};
	CK_OBJECT_HANDLE h_pub, h_priv;

	(void)state;
	start("demo", NULL);
	first(CKO_PRIVATE_KEY);
	size_t at = rig_log_mark(&rig);
	assert_ok(f->C_GenerateKeyPair(s, &make, pub, 1, priv, 2, &h_pub, &h_priv));
	spent("a key pair", at, costs[wire].generate);
	peer_point(point);
	at = rig_log_mark(&rig);
	assert_ok(derive(&agree, h_priv));
	/* what the peer slot holds is read first, so that nothing of another is lost */
	spent("a secret agreed with it", at, costs[wire].agree);
	stop();
}

static void derivations(void **state)
{
	CK_HKDF_PARAMS hkdf = {.bExtract = CK_TRUE,
			       .prfHashMechanism = CKM_SHA256,
			       .ulSaltType = CKF_HKDF_SALT_NULL};
	CK_MECHANISM extract = {CKM_HKDF_DERIVE, &hkdf, sizeof(hkdf)};
	CK_TLS_KDF_PARAMS kdf = {.prfMechanism = CKM_SHA256,
				 .pLabel = (CK_BYTE *)"label",
				 .ulLabelLength = 5,
				 .RandomInfo = {(CK_BYTE *)"client", 6, (CK_BYTE *)"server", 6}};
	CK_MECHANISM prf = {CKM_TLS_KDF, &kdf, sizeof(kdf)};

	(void)state;
	start("type2", NULL);
	CK_OBJECT_HANDLE psk = first(CKO_SECRET_KEY);
	size_t at = rig_log_mark(&rig);
	assert_ok(derive(&extract, psk));
	spent("HKDF-Extract from a stored key", at, costs[wire].hkdf);
	at = rig_log_mark(&rig);
	assert_ok(derive(&prf, psk));
	spent("the TLS 1.2 PRF of a stored key", at, costs[wire].prf);
	stop();
}

/* The applet shows itself, the counter is read, the PIN is sent, all with the device held. */
static void login(void **state)
{
	static CK_UTF8CHAR pin[] = "1234";
	CK_TOKEN_INFO info;

	(void)state;
	start("pin", "pin = application\n");
	first(CKO_CERTIFICATE);
	assert_ok(f->C_GetTokenInfo(rig_slot(&rig), &info));
	size_t at = rig_log_mark(&rig);
	assert_ok(f->C_GetTokenInfo(rig_slot(&rig), &info));
	spent("C_GetTokenInfo again", at, 0);
	assert_ok(f->C_Login(s, CKU_USER, pin, 4));
	spent("a login", at, costs[wire].login);
	stop();
}

/* What a test that failed has left. */
static int clean(void **state)
{
	(void)state;
	if (rig.dir[0])
		rig_stop(&rig);
	return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, clean)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(generate_and_agree),
		TEST(derivations),
		TEST(login),
	};

	wire = rig_argument(argc, argv);
	return cmocka_run_group_tests_name("APDU counts of keys", tests, NULL, NULL);
}
