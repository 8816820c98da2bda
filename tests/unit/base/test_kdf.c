/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC, HKDF, TLS 1.2 PRF and X9.63 KDF: published vectors, libcrypto's EVP_KDF on many lengths,
 * and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hex.h"
#include "kdf.h"
#include "mem.h"

enum { OUT_MAX = 255 * HASH_MAX };

static const enum hash_alg algs[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512};

static struct bytes unhex(const char *text, struct wtr *w)
{
	assert_int_equal(hex_get(bytes_str(text), w), ST_OK);
	return wtr_bytes(w);
}

static void expect(const uint8_t *got, const char *want)
{
	uint8_t buf[512];
	struct wtr w = WTR_ON(buf);
	struct bytes b = unhex(want, &w);

	assert_memory_equal(got, b.p, b.n);
}

/* RFC 4231 §4.2 to §4.8: key and data in hex, then SHA-256, SHA-384, SHA-512; case 5 shows the
 * first 128 bits. */
static const struct {
	const char *key, *data, *want[3];
} hmac_rows[] = {
	{"0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B",
	 "4869205468657265",
	 {"B0344C61D8DB38535CA8AFCEAF0BF12B881DC200C9833DA726E9376C2E32CFF7",
	  "AFD03944D84895626B0825F4AB46907F15F9DADBE4101EC682AA034C7CEBC59CFAEA9EA9076EDE7F4AF152E8"
	  "B2FA9CB6",
	  "87AA7CDEA5EF619D4FF0B4241A1D6CB02379F4E2CE4EC2787AD0B30545E17CDEDAA833B7D6B8A702038B274E"
	  "AEA3F4E4BE9D914EEB61F1702E696C203A126854"}},
	{"4A656665",
	 "7768617420646F2079612077616E7420666F72206E6F7468696E673F",
	 {"5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
	  "AF45D2E376484031617F78D2B58A6B1B9C7EF464F5A01B47E42EC3736322445E8E2240CA5E69E2C78B3239EC"
	  "FAB21649",
	  "164B7A7BFCF819E2E395FBE73B56E0A387BD64222E831FD610270CD7EA2505549758BF75C05A994A6D034F65"
	  "F8F0E6FDCAEAB1A34D4A6B4B636E070A38BCE737"}},
	{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	 "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD"
	 "DDDDDDDDDDD",
	 {"773EA91E36800E46854DB8EBD09181A72959098B3EF8C122D9635514CED565FE",
	  "88062608D3E6AD8A0AA2ACE014C8A86F0AA635D947AC9FEBE83EF4E55966144B2A5AB39DC13814B94E3AB6E1"
	  "01A34F27",
	  "FA73B0089D56A284EFB0F0756C890BE9B1B5DBDD8EE81A3655F83E33B2279D39BF3E848279A722C806B485A4"
	  "7E67C807B946A337BEE8942674278859E13292FB"}},
	{"0102030405060708090A0B0C0D0E0F10111213141516171819",
	 "CDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDC"
	 "DCDCDCDCDCD",
	 {"82558A389A443C0EA4CC819899F2083A85F0FAA3E578F8077A2E3FF46729665B",
	  "3E8A69B7783C25851933AB6290AF6CA77A9981480850009CC5577C6E1F573B4E6801DD23C4A7D679CCF8A386"
	  "C674CFFB",
	  "B0BA465637458C6990E5A8C5F61D4AF7E576D97FF94B872DE76F8050361EE3DBA91CA5C11AA25EB4D679275C"
	  "C5788063A5F19741120C4F2DE2ADEBEB10A298DD"}},
	{"0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C",
	 "546573742057697468205472756E636174696F6E",
	 {"A3B6167473100EE06E0C796C2955552B", "3ABF34C3503B2A23A46EFC619BAEF897",
	  "415FAD6271580A531D4179BC891D87A6"}},
	{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	 "54657374205573696E67204C6172676572205468616E20426C6F636B2D53697A65204B6579202D20486173682"
	 "04B6579204669727374",
	 {"60E431591EE0B67F0D8A26AACBF5B77F8E0BC6213728C5140546040F0EE37F54",
	  "4ECE084485813E9088D2C63A041BC5B44F9EF1012A2B588F3CD11F05033AC4C60C2EF6AB4030FE8296248DF1"
	  "63F44952",
	  "80B24263C7C1A3EBB71493C1DD7BE8B49B46D1F41B4AEEC1121B013783F8F3526B56D037E05F2598BD0FD221"
	  "5D6A1E5295E64F73F63F0AEC8B915A985D786598"}},
	{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	 "5468697320697320612074657374207573696E672061206C6172676572207468616E20626C6F636B2D73697A6"
	 "5206B657920616E642061206C6172676572207468616E20626C6F636B2D73697A6520646174612E2054686520"
	 "6B6579206E6565647320746F20626520686173686564206265666F7265206265696E672075736564206279207"
	 "4686520484D414320616C676F726974686D2E",
	 {"9B09FFA71B942FCB27635FBCD5B0E944BFDC63644F0713938A7F51535C3A35E2",
	  "6617178E941F020D351E2F254E8FD32C602420FEB0B8FB9ADCCEBB82461E99C5A678CC31E799176D3860E611"
	  "0C46523E",
	  "E37B6A775DC87DBAA4DFA9F96E5E3FFDDEBD71F8867289865DF5A32D20CDC944B6022CAC3C4982B10D5EEB55"
	  "C3E4DE15134676FB6DE0446065C97440FA8C6A58"}},
};

/* RFC 5869 A.1 to A.7. */
static const struct {
	enum hash_alg alg;
	const char *ikm, *salt, *info, *prk, *okm;
} hkdf_rows[] = {
	{HASH_SHA256, "0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B", "000102030405060708090A0B0C",
	 "F0F1F2F3F4F5F6F7F8F9", "077709362C2E32DF0DDC3F0DC47BBA6390B6C73BB50F9C3122EC844AD7C2B3E5",
	 "3CB25F25FAACD57A90434F64D0362F2A2D2D0A90CF1A5A4C5DB02D56ECC4C5BF34007208D5B887185865"},
	{HASH_SHA256,
	 "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2"
	 "C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F",
	 "606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8"
	 "C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAF",
	 "B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBD"
	 "CDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF",
	 "06A6B88C5853361A06104C9CEB35B45CEF760014904671014A193F40C15FC244",
	 "B11E398DC80327A1C8E7F78C596A49344F012EDA2D4EFAD8A050CC4C19AFA97C59045A99CAC7827271CB41C65"
	 "E590E09DA3275600C2F09B8367793A9ACA3DB71CC30C58179EC3E87C14C01D5C1F3434F1D87"},
	{HASH_SHA256, "0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B", "", "",
	 "19EF24A32C717B167F33A91D6F648BDF96596776AFDB6377AC434C1C293CCB04",
	 "8DA4E775A563C18F715F802A063C5A31B8A11F5C5EE1879EC3454E5F3C738D2D9D201395FAA4B61A96C8"},
	{HASH_SHA1, "0B0B0B0B0B0B0B0B0B0B0B", "000102030405060708090A0B0C", "F0F1F2F3F4F5F6F7F8F9",
	 "9B6C18C432A7BF8F0E71C8EB88F4B30BAA2BA243",
	 "085A01EA1B10F36933068B56EFA5AD81A4F14B822F5B091568A9CDD4F155FDA2C22E422478D305F3F896"},
	{HASH_SHA1,
	 "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2"
	 "C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F",
	 "606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8"
	 "C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAF",
	 "B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBD"
	 "CDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF",
	 "8ADAE09A2A307059478D309B26C4115A224CFAF6",
	 "0BD770A74D1160F7C9F12CD5912A06EBFF6ADCAE899D92191FE4305673BA2FFE8FA3F1A4E5AD79F3F334B3B20"
	 "2B2173C486EA37CE3D397ED034C7F9DFEB15C5E927336D0441F4C4300E2CFF0D0900B52D3B4"},
	{HASH_SHA1, "0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B", "", "",
	 "DA8C8A73C7FA77288EC6F5E7C297786AA0D32D01",
	 "0AC1AF7002B3D761D1E55298DA9D0506B9AE52057220A306E07B6B87E8DF21D0EA00033DE03984D34918"},
	{HASH_SHA1, "0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C", "", "",
	 "2ADCCADA18779E7C2077AD2EB19D3F3E731385DD",
	 "2C91117204D745F3500D636A62F64F0AB3BAE548AA53D423B0D1F27EBBA6F5E5673A081D70CCE7ACFC48"},
};

static void test_hmac_vectors(void **state)
{
	static const enum hash_alg alg[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};
	uint8_t key[256], data[256], got[HASH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hmac_rows); i++) {
		struct wtr k = WTR_ON(key), d = WTR_ON(data);

		unhex(hmac_rows[i].key, &k);
		unhex(hmac_rows[i].data, &d);
		for (size_t a = 0; a < 3; a++) {
			assert_int_equal(hmac_once(alg[a], wtr_bytes(&k), wtr_bytes(&d), got),
					 ST_OK);
			expect(got, hmac_rows[i].want[a]);
		}
	}
	/* RFC 2202 §3, case 2 */
	assert_int_equal(hmac_once(HASH_SHA1, BYTES_LIT("Jefe"),
				   BYTES_LIT("what do ya want for nothing?"), got),
			 ST_OK);
	expect(got, "EFFCDF6AE5EB2FA2D27416D5F184DF9C259A7C79");
}

static void test_hkdf_vectors(void **state)
{
	uint8_t a[128], b[128], c[128], prk[HASH_MAX], okm[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hkdf_rows); i++) {
		struct wtr ikm = WTR_ON(a), salt = WTR_ON(b), info = WTR_ON(c);
		enum hash_alg alg = hkdf_rows[i].alg;
		size_t n = strlen(hkdf_rows[i].okm) / 2;

		unhex(hkdf_rows[i].ikm, &ikm);
		unhex(hkdf_rows[i].salt, &salt);
		unhex(hkdf_rows[i].info, &info);
		assert_int_equal(hkdf_extract(alg, wtr_bytes(&salt), wtr_bytes(&ikm), prk), ST_OK);
		expect(prk, hkdf_rows[i].prk);
		assert_int_equal(
			hkdf_expand(alg, bytes_of(prk, hash_size(alg)), wtr_bytes(&info), okm, n),
			ST_OK);
		expect(okm, hkdf_rows[i].okm);
	}
	/* TLS 1.3's early secret without a PSK: RFC 8448 §3 */
	memset(a, 0, sizeof(a));
	assert_int_equal(hkdf_extract(HASH_SHA256, bytes_of(NULL, 0), bytes_of(a, 32), prk), ST_OK);
	expect(prk, "33AD0A1C607EC03B09E6CD9893680CE210ADF300AA1F2660E1B22E10F170F92A");
	assert_int_equal(hkdf_extract(HASH_SHA384, bytes_of(a, 48), bytes_of(a, 48), prk), ST_OK);
	expect(prk, "7EE8206F5570023E6DC7519EB1073BC4E791AD37B5C382AA10BA18E2357E7169"
		    "71F9362F2C2FE2A76BFD78DFEC4EA9B5");
}

/* P_SHA256: a pre-master of ECDH, and those of a stored PSK, plain and with ECDHE (RFC 4279 §2,
 * RFC 5489 §2: length, other secret, length, PSK). */
static const struct {
	const char *secret, *seed, *want;
} prf_rows[] = {
	{"C0485B054863F6DFA458789768B9035C6CACB160DD1A01834811F5783309DB81",
	 "657874656E646564206D617374657220736563726574"
	 "CE15B44D68440B652624244DB8D2FB7DD601C759E9EB627FB10529AB0DB76049",
	 "A1F02A766DA04C8FD83A40E358267528F8D815C48E3DC353D55FE3861C350622"
	 "C78B48FE6F49F6E13E1B6B175CFE59FB"},
	{"0010000000000000000000000000000000000010000102030405060708090A0B0C0D0E0F",
	 "6D617374657220736563726574000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1"
	 "F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F",
	 "DEB5EA0AABB5A89D2DBE02561ADA3CED3FF6626813425BDDAED85718423F4EDD"
	 "0B9EA64C8942DDD47E38D4F3C4CA710C"},
	{"0020D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE001000010203040506070"
	 "8090A0B0C0D0E0F",
	 "6D617374657220736563726574000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1"
	 "F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F",
	 "1B8C58609CAF87B7D962C9E4EBDCACC9C2E80EA4D26451CAF1B562642A58E69A"
	 "65FBBED60F3B6E6BD96A17EE78A949A0"},
	/* the vector that the IETF's TLS list passed round for P_SHA256 */
	{"9BBE436BA940F017B17652849A71DB35", "74657374206C6162656CA0BA9F936CDA311827A6F796FFD5198C",
	 "E3F229BA727BE17B8D122620557CD453C2AAB21D07C3D495329B52D4E61EDB5A"
	 "6B301791E90D35C9C9A46B4E14BAF9AF0FA022F7077DEF17ABFD3797C0564BAB"
	 "4FBC91666E9DEF9B97FCE34F796789BAA48082D122EE42C5A72E5A5110FFF701"
	 "87347B66"},
};

static void test_prf_vectors(void **state)
{
	uint8_t a[128], b[128], got[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(prf_rows); i++) {
		struct wtr secret = WTR_ON(a), seed = WTR_ON(b);
		size_t n = strlen(prf_rows[i].want) / 2;

		unhex(prf_rows[i].secret, &secret);
		unhex(prf_rows[i].seed, &seed);
		assert_int_equal(
			tls12_prf(HASH_SHA256, wtr_bytes(&secret), wtr_bytes(&seed), got, n),
			ST_OK);
		expect(got, prf_rows[i].want);
	}
}

/* ANSI X9.63 of NIST's SP 800-135 validation set. */
static void test_x963_vectors(void **state)
{
	uint8_t a[64], got[16];
	struct wtr z = WTR_ON(a);

	(void)state;
	unhex("96C05619D56C328AB95FE84B18264B08725B85E33FD34F08", &z);
	assert_int_equal(x963_kdf(HASH_SHA256, wtr_bytes(&z), bytes_of(NULL, 0), got, 16), ST_OK);
	expect(got, "443024C3DAE66B95E6F5670601558F71");
}

/* --- against libcrypto --- */

/* libcrypto's answer for the KDF of that name: its key, and its further input under `input`. */
static void reference(const char *kdf, enum hash_alg alg, struct bytes key, const char *input,
		      struct bytes extra, uint8_t *out, size_t n)
{
	static const char *const names[] = {"", "SHA1", "SHA256", "SHA384", "SHA512"};
	EVP_KDF *k = EVP_KDF_fetch(NULL, kdf, NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(k);
	int expand = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	bool prf = strcmp(kdf, "TLS1-PRF") == 0;
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_utf8_string("digest", (char *)(uintptr_t)names[alg], 0),
		OSSL_PARAM_construct_octet_string(prf ? "secret" : "key", (void *)(uintptr_t)key.p,
						  key.n),
		OSSL_PARAM_construct_int("mode", &expand),
		OSSL_PARAM_construct_octet_string(input, (void *)(uintptr_t)extra.p, extra.n),
		OSSL_PARAM_construct_end(),
	};

	if (strcmp(kdf, "HKDF") != 0)
		p[2] = OSSL_PARAM_construct_octet_string("unused", &expand, 0);
	assert_non_null(ctx);
	assert_int_equal(EVP_KDF_derive(ctx, out, n, p), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(k);
}

static void compare(enum hash_alg alg, struct bytes key, struct bytes extra, size_t n)
{
	static uint8_t want[OUT_MAX], got[OUT_MAX + 1];

	got[n] = 0x5A;
	reference("HKDF", alg, key, "info", extra, want, n);
	assert_int_equal(hkdf_expand(alg, key, extra, got, n), ST_OK);
	assert_memory_equal(got, want, n);
	reference("TLS1-PRF", alg, key, "seed", extra, want, n);
	assert_int_equal(tls12_prf(alg, key, extra, got, n), ST_OK);
	assert_memory_equal(got, want, n);
	reference("X963KDF", alg, key, "info", extra, want, n);
	assert_int_equal(x963_kdf(alg, key, extra, got, n), ST_OK);
	assert_memory_equal(got, want, n);
	assert_int_equal(got[n], 0x5A);
}

static void test_against_libcrypto(void **state)
{
	uint8_t key[300], extra[300];

	(void)state;
	for (size_t a = 0; a < ARRAY_LEN(algs); a++) {
		for (size_t n = 1; n <= 300; n++) {
			assert_int_equal(RAND_bytes(key, sizeof(key)), 1);
			assert_int_equal(RAND_bytes(extra, sizeof(extra)), 1);
			compare(algs[a], bytes_of(key, 1 + n * 7 % 300),
				bytes_of(extra, 1 + n * 13 % 300), n);
		}
		compare(algs[a], bytes_of(key, 32), bytes_of(extra, 32), 255 * hash_size(algs[a]));
	}
}

/* Extract is an HMAC whose key is the salt; an empty one is hash_size zeros. */
static void test_extract(void **state)
{
	static const uint8_t zeros[HASH_MAX];
	uint8_t ikm[300], salt[300], a[HASH_MAX], b[HASH_MAX];

	(void)state;
	assert_int_equal(RAND_bytes(ikm, sizeof(ikm)), 1);
	assert_int_equal(RAND_bytes(salt, sizeof(salt)), 1);
	for (size_t i = 0; i < ARRAY_LEN(algs); i++) {
		size_t size = hash_size(algs[i]);

		assert_int_equal(
			hkdf_extract(algs[i], bytes_of(salt, i * 70), bytes_of(ikm, 300), a),
			ST_OK);
		assert_int_equal(hmac_once(algs[i],
					   i == 0 ? bytes_of(zeros, size) : bytes_of(salt, i * 70),
					   bytes_of(ikm, 300), b),
				 ST_OK);
		assert_memory_equal(a, b, size);
	}
}

/* --- edges --- */

static void test_lengths(void **state)
{
	struct bytes key = BYTES_LIT("key"), none = {0};
	static uint8_t out[OUT_MAX + 1];

	(void)state;
	memset(out, 0x5A, sizeof(out));
	for (size_t a = 0; a < ARRAY_LEN(algs); a++) {
		size_t most = 255 * hash_size(algs[a]);

		assert_int_equal(hkdf_expand(algs[a], key, none, out, most + 1), ST_ARG);
		assert_int_equal(out[0], 0x5A);
		assert_int_equal(hkdf_expand(algs[a], key, none, out, 0), ST_OK);
		assert_int_equal(tls12_prf(algs[a], key, none, out, 0), ST_OK);
		assert_int_equal(x963_kdf(algs[a], key, none, out, 0), ST_OK);
		assert_int_equal(out[0], 0x5A);
		assert_int_equal(hkdf_expand(algs[a], none, none, out, 1), ST_OK);
		assert_int_equal(tls12_prf(algs[a], none, none, out, 1), ST_OK);
		assert_int_equal(x963_kdf(algs[a], none, none, out, 1), ST_OK);
		assert_int_equal(hmac_once(algs[a], none, none, out), ST_OK);
		memset(out, 0x5A, sizeof(out));
	}
	assert_int_equal(x963_kdf(HASH_SHA1, key, none, out, SIZE_MAX), ST_ARG);
	assert_int_equal(tls12_prf(HASH_SHA1, key, none, out, SIZE_MAX), ST_ARG);
	assert_int_equal(out[0], 0x5A);
}

static void test_no_hash(void **state)
{
	static const enum hash_alg odd[] = {HASH_NONE, (enum hash_alg)99};
	uint8_t out[HASH_MAX] = {0x5A};
	struct bytes key = BYTES_LIT("key");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		assert_int_equal(hmac_once(odd[i], key, key, out), ST_ARG);
		assert_int_equal(hkdf_extract(odd[i], key, key, out), ST_ARG);
		assert_int_equal(hkdf_expand(odd[i], key, key, out, 1), ST_ARG);
		assert_int_equal(tls12_prf(odd[i], key, key, out, 1), ST_ARG);
		assert_int_equal(x963_kdf(odd[i], key, key, out, 1), ST_ARG);
		assert_int_equal(out[0], 0x5A);
	}
}

/* The output may lie over each input. */
static void test_aliases(void **state)
{
	uint8_t in[128], buf[128], want[128];

	(void)state;
	memset(in, 7, sizeof(in));
	memcpy(buf, in, sizeof(in));
	assert_int_equal(hkdf_expand(HASH_SHA256, bytes_of(in, 32), bytes_of(in, 9), want, 128),
			 ST_OK);
	assert_int_equal(hkdf_expand(HASH_SHA256, bytes_of(buf, 32), bytes_of(buf, 9), buf, 128),
			 ST_OK);
	assert_memory_equal(buf, want, 128);
	memcpy(buf, in, sizeof(in));
	assert_int_equal(tls12_prf(HASH_SHA384, bytes_of(in, 32), bytes_of(in, 9), want, 128),
			 ST_OK);
	assert_int_equal(tls12_prf(HASH_SHA384, bytes_of(buf, 32), bytes_of(buf, 9), buf, 128),
			 ST_OK);
	assert_memory_equal(buf, want, 128);
	memcpy(buf, in, sizeof(in));
	assert_int_equal(x963_kdf(HASH_SHA1, bytes_of(in, 32), bytes_of(in, 9), want, 128), ST_OK);
	assert_int_equal(x963_kdf(HASH_SHA1, bytes_of(buf, 32), bytes_of(buf, 9), buf, 128), ST_OK);
	assert_memory_equal(buf, want, 128);
	memcpy(buf, in, sizeof(in));
	assert_int_equal(hmac_once(HASH_SHA512, bytes_of(in, 64), bytes_of(in, 64), want), ST_OK);
	assert_int_equal(hmac_once(HASH_SHA512, bytes_of(buf, 64), bytes_of(buf, 64), buf), ST_OK);
	assert_memory_equal(buf, want, 64);
}

/* Nothing is derived, and nothing is touched, once the host has ended libcrypto. */
static int after_cleanup(void)
{
	uint8_t out[HASH_MAX] = {0x5A};
	struct bytes key = BYTES_LIT("key");
	bool good;

	/* libcrypto ends only what was begun: hashing alone begins nothing */
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL) != 1 ||
	    hmac_once(HASH_SHA256, key, key, out) != ST_OK)
		return 1;
	out[0] = 0x5A;
	OPENSSL_cleanup();
	good = hmac_once(HASH_SHA256, key, key, out) == ST_CRYPTO &&
	       hkdf_extract(HASH_SHA256, key, key, out) == ST_CRYPTO &&
	       hkdf_expand(HASH_SHA256, key, key, out, 40) == ST_CRYPTO &&
	       tls12_prf(HASH_SHA256, key, key, out, 40) == ST_CRYPTO &&
	       x963_kdf(HASH_SHA256, key, key, out, 40) == ST_CRYPTO;
	return good && out[0] == 0x5A ? 0 : 2;
}

static void test_after_cleanup(void **state)
{
	pid_t pid = fork();
	int code = -1;

	(void)state;
	if (pid == 0)
		_exit(after_cleanup());
	assert_int_equal(waitpid(pid, &code, 0), pid);
	assert_true(WIFEXITED(code));
	assert_int_equal(WEXITSTATUS(code), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac_vectors),  cmocka_unit_test(test_hkdf_vectors),
		cmocka_unit_test(test_prf_vectors),   cmocka_unit_test(test_x963_vectors),
		cmocka_unit_test(test_after_cleanup), cmocka_unit_test(test_against_libcrypto),
		cmocka_unit_test(test_extract),	      cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_no_hash),	      cmocka_unit_test(test_aliases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
