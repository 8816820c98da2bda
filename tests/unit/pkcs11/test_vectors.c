/* SPDX-License-Identifier: Apache-2.0 */
/* Published vectors through C_DeriveKey: RFC 5869, RFC 8448 §3, TLS 1.2's PRF, X9.63. What is
 * derived here is derived from session objects; the card's part is compared with libcrypto's in
 * test_derive.c and in the flow test. */
#include <string.h>

#include "derive_rig.h"
#include "hex.h"

struct buf {
	uint8_t b[256];
	size_t n;
};

static struct buf unhex(const char *hex)
{
	struct buf v;
	struct wtr w = WTR_ON(v.b);

	assert_int_equal(hex_get(bytes_str(hex), &w), ST_OK);
	v.n = w.n;
	return v;
}

/* --- HKDF: RFC 5869 appendix A --- */

static const struct {
	CK_MECHANISM_TYPE hash;
	const char *ikm, *salt, *info, *prk, *okm;
} hkdf_rows[] = {
	{CKM_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
	 "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
	 "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
	{CKM_SHA256,
	 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2"
	 "c"
	 "2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
	 "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8"
	 "c"
	 "8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
	 "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbd"
	 "c"
	 "dddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	 "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
	 "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65"
	 "e"
	 "590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
	{CKM_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
	 "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
	 "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
	{CKM_SHA_1, "0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
	 "9b6c18c432a7bf8f0e71c8eb88f4b30baa2ba243",
	 "085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2c22e422478d305f3f896"},
};

static void hkdf_row(CK_SESSION_HANDLE s, size_t i)
{
	struct buf salt = unhex(hkdf_rows[i].salt), info = unhex(hkdf_rows[i].info);
	CK_OBJECT_HANDLE ikm = derive_rig_secret_hex(s, hkdf_rows[i].ikm);
	CK_ULONG n = strlen(hkdf_rows[i].okm) / 2;
	CK_HKDF_PARAMS p = {.bExtract = CK_TRUE,
			    .prfHashMechanism = hkdf_rows[i].hash,
			    .ulSaltType = salt.n != 0 ? CKF_HKDF_SALT_DATA : CKF_HKDF_SALT_NULL,
			    .pSalt = salt.b,
			    .ulSaltLen = salt.n,
			    .pInfo = info.b,
			    .ulInfoLen = info.n};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};

	CK_OBJECT_HANDLE prk = derive_rig_ok(s, &m, ikm, 0);
	derive_rig_expect(s, prk, hkdf_rows[i].prk);
	p.bExpand = CK_TRUE;
	derive_rig_expect(s, derive_rig_ok(s, &m, ikm, n), hkdf_rows[i].okm);
	p.bExtract = CK_FALSE;
	derive_rig_expect(s, derive_rig_ok(s, &m, prk, n), hkdf_rows[i].okm);
	m.mechanism = CKM_HKDF_DATA;
	derive_rig_expect(s, derive_rig_ok(s, &m, prk, n), hkdf_rows[i].okm);
}

static void rfc5869(void **state)
{
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	for (size_t i = 0; i < sizeof(hkdf_rows) / sizeof(hkdf_rows[0]); i++)
		hkdf_row(s, i);
}

/* --- TLS 1.3: RFC 8448 §3, the schedule of RFC 8446 §7.1 --- */

enum { HASH_N = 32 };

static CK_OBJECT_HANDLE extract(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE salt, CK_OBJECT_HANDLE ikm)
{
	CK_HKDF_PARAMS p = {.bExtract = CK_TRUE,
			    .prfHashMechanism = CKM_SHA256,
			    .ulSaltType = salt != 0 ? CKF_HKDF_SALT_KEY : CKF_HKDF_SALT_NULL,
			    .hSaltKey = salt};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};

	return derive_rig_ok(s, &m, ikm, 0);
}

static CK_OBJECT_HANDLE expand_label(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE secret,
				     const char *label, const char *context, CK_ULONG n)
{
	uint8_t info[128];
	struct wtr w = WTR_ON(info);
	struct buf c = unhex(context);
	CK_HKDF_PARAMS p = {.bExpand = CK_TRUE, .prfHashMechanism = CKM_SHA256, .pInfo = info};
	CK_MECHANISM m = {strcmp(label, "iv") == 0 ? CKM_HKDF_DATA : CKM_HKDF_DERIVE, &p,
			  sizeof(p)};

	wtr_u16be(&w, (uint16_t)n);
	wtr_u8(&w, (uint8_t)(6 + strlen(label)));
	wtr_put(&w, BYTES_LIT("tls13 "));
	wtr_put(&w, bytes_str(label));
	wtr_u8(&w, (uint8_t)c.n);
	wtr_put(&w, bytes_of(c.b, c.n));
	p.ulInfoLen = w.n;
	return derive_rig_ok(s, &m, secret, n);
}

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HELLOS "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8"
#define SERVER_FINISHED "9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13"
#define CLIENT_FINISHED "209145a96ee8e2a122ff810047cc952684658d6049e86429426db87c54ad143d"

static void traffic(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE secret, const char *key, const char *iv)
{
	derive_rig_expect(s, expand_label(s, secret, "key", "", 16), key);
	derive_rig_expect(s, expand_label(s, secret, "iv", "", 12), iv);
}

static void handshake_traffic(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE handshake)
{
	CK_OBJECT_HANDLE h = expand_label(s, handshake, "c hs traffic", HELLOS, HASH_N);

	derive_rig_expect(s, h, "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
	traffic(s, h, "dbfaa693d1762c5b666af5d950258d01", "5bd3c71b836e0b76bb73265f");
	h = expand_label(s, handshake, "s hs traffic", HELLOS, HASH_N);
	derive_rig_expect(s, h, "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
	traffic(s, h, "3fce516009c21727d0f2e4e86ee403bc", "5d313eb2671276ee13000b30");
}

static void application_traffic(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE master)
{
	CK_OBJECT_HANDLE h = expand_label(s, master, "c ap traffic", SERVER_FINISHED, HASH_N);

	derive_rig_expect(s, h, "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
	traffic(s, h, "17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d9");
	h = expand_label(s, master, "s ap traffic", SERVER_FINISHED, HASH_N);
	derive_rig_expect(s, h, "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
	traffic(s, h, "9f02283b6c9c07efc26bb9f2ac92e356", "cf782b88dd83549aadf1e984");
	h = expand_label(s, master, "exp master", SERVER_FINISHED, HASH_N);
	derive_rig_expect(s, h, "fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50");
	h = expand_label(s, master, "res master", CLIENT_FINISHED, HASH_N);
	derive_rig_expect(s, h, "7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c");
}

static void rfc8448(void **state)
{
	static const uint8_t zeros[HASH_N];
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE zero = derive_rig_secret(s, BYTES_OF(zeros));
	CK_OBJECT_HANDLE z = derive_rig_secret_hex(
		s, "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");

	(void)state;
	CK_OBJECT_HANDLE early = extract(s, 0, zero);
	derive_rig_expect(s, early,
			  "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
	CK_OBJECT_HANDLE h = expand_label(s, early, "derived", EMPTY, HASH_N);
	derive_rig_expect(s, h, "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");
	CK_OBJECT_HANDLE handshake = extract(s, h, z);
	derive_rig_expect(s, handshake,
			  "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac");
	handshake_traffic(s, handshake);
	h = expand_label(s, handshake, "derived", EMPTY, HASH_N);
	derive_rig_expect(s, h, "43de77e0c77713859a944db9db2590b53190a65b3ee2e4f12dd7a0bb7ce254b4");
	CK_OBJECT_HANDLE master = extract(s, h, zero);
	derive_rig_expect(s, master,
			  "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919");
	application_traffic(s, master);
	assert_int_equal(fake2.calls[FAKE2_HKDF], 0); /* all of it is the host's */
}

/* --- TLS 1.2: the PRF example of COMPUTE PRF, an extended master secret, and from it --- */

#define PREMASTER "C0485B054863F6DFA458789768B9035C6CACB160DD1A01834811F5783309DB81"

static void tls12(void **state)
{
	static const char label[] = "extended master secret";
	struct buf seed = unhex("CE15B44D68440B652624244DB8D2FB7DD601C759E9EB627FB10529AB0DB76049");
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE premaster = derive_rig_secret_hex(s, PREMASTER);
	CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS p = {CKM_SHA256, seed.b, seed.n, NULL};
	CK_MECHANISM m = {CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, &p, sizeof(p)};
	CK_TLS_KDF_PARAMS kdf = {.prfMechanism = CKM_SHA256,
				 .pLabel = (CK_BYTE_PTR)(uintptr_t)label,
				 .ulLabelLength = sizeof(label) - 1,
				 .RandomInfo = {seed.b, 12, seed.b + 12, 20}};
	CK_MECHANISM k = {CKM_TLS_KDF, &kdf, sizeof(kdf)};

	(void)state;
	CK_OBJECT_HANDLE master = derive_rig_ok(s, &m, premaster, 0);
	derive_rig_expect(s, master,
			  "A1F02A766DA04C8FD83A40E358267528F8D815C48E3DC353D55FE3861C350622"
			  "C78B48FE6F49F6E13E1B6B175CFE59FB");
	/* the same by the general form: label, the two randoms in this order, no context */
	derive_rig_expect(s, derive_rig_ok(s, &k, premaster, 48),
			  "A1F02A766DA04C8FD83A40E358267528F8D815C48E3DC353D55FE3861C350622"
			  "C78B48FE6F49F6E13E1B6B175CFE59FB");
	k.mechanism = CKM_TLS12_KDF;
	derive_rig_ok(s, &k, master, 100);
}

/* P_SHA384 and P_SHA512 of a widely used set of test vectors for the TLS 1.2 PRF: label
 * "test label". */
static const struct {
	CK_MECHANISM_TYPE hash;
	const char *secret, *seed, *want;
} prf_rows[] = {
	{CKM_SHA256, "9bbe436ba940f017b17652849a71db35", "a0ba9f936cda311827a6f796ffd5198c",
	 "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e1"
	 "4"
	 "baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72"
	 "e"
	 "5a5110fff70187347b66"},
	{CKM_SHA384, "b80b733d6ceefcdc71566ea48e5567df", "cd665cf6a8447dd6ff8b27555edb7465",
	 "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233"
	 "c"
	 "9146a0e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4ab"
	 "f"
	 "dad05d9184259b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a268543"
	 "08"
	 "d5eaa3be85e0990703d73e56f"},
	{CKM_SHA512, "b0323523c1853599584d88568bbb05eb", "d4640e12e4bcdbfb437f03e6ae418ee5",
	 "1261f588c798c5c201ff036e7a9cb5edcd7fe3f94c669a122a4638d7d508b283042df6789875c7147e906d868"
	 "b"
	 "c75c45e20eb40c1cf4a1713b27371f68432592f7dc8ea8ef223e12ea8507841311bf68653d0cfc4056d811f02"
	 "5"
	 "c45ddfa6e6fec702f054b409d6f28dd0a3233e498da41a3e75c5630eedbe22fe254e33a1b0e9f6b9826675bec"
	 "7"
	 "d01a845658dc9c397545401d40b9f46c7a400ee1b8f81ca0a60d1a397a1028bff5d2ef5066126842fb8da4197"
	 "6"
	 "32bdb54ff6633f86bbc836e640d4d898"},
};

static void tls12_hashes(void **state)
{
	static const char label[] = "test label";
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	for (size_t i = 0; i < sizeof(prf_rows) / sizeof(prf_rows[0]); i++) {
		struct buf seed = unhex(prf_rows[i].seed);
		CK_TLS_KDF_PARAMS p = {.prfMechanism = prf_rows[i].hash,
				       .pLabel = (CK_BYTE_PTR)(uintptr_t)label,
				       .ulLabelLength = sizeof(label) - 1,
				       .RandomInfo = {seed.b, seed.n, NULL, 0}};
		CK_MECHANISM m = {CKM_TLS12_KDF, &p, sizeof(p)};
		CK_OBJECT_HANDLE secret = derive_rig_secret_hex(s, prf_rows[i].secret);
		derive_rig_expect(s, derive_rig_ok(s, &m, secret, strlen(prf_rows[i].want) / 2),
				  prf_rows[i].want);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, derive_rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rfc5869),
		TEST(rfc8448),
		TEST(tls12),
		TEST(tls12_hashes),
	};

	return cmocka_run_group_tests_name("vectors", tests, rig_group_setup, rig_group_teardown);
}
