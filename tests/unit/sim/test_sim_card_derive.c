/* SPDX-License-Identifier: Apache-2.0 */
/* COMPUTE PRF and COMPUTE HKDF: published vectors, every form, every refusal. */
#include "card_rig.h"

#include <stdio.h>
#include <string.h>

#include <openssl/hmac.h>

static int setup(void **state)
{
	*state = rig_new("full", 0);
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

#define PSK "000102030405060708090A0B0C0D0E0F"

static int fresh(void **state)
{
	rig_control(*state, "reset", "ok");
	rig_control(*state, "object secret 0A value " PSK, "ok");
	rig_select(*state);
	return 0;
}

#define Z "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE"
/* "master secret" and the bytes 00 to 3F */
#define SEED                                                                                       \
	"6D617374657220736563726574"                                                               \
	"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"                         \
	"202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F"
#define MASTER_PSK                                                                                 \
	"DEB5EA0AABB5A89D2DBE02561ADA3CED3FF6626813425BDDAED85718423F4EDD"                         \
	"0B9EA64C8942DDD47E38D4F3C4CA710C"
#define MASTER_ECDHE_PSK                                                                           \
	"1B8C58609CAF87B7D962C9E4EBDCACC9C2E80EA4D26451CAF1B562642A58E69A"                         \
	"65FBBED60F3B6E6BD96A17EE78A949A0"

/* --- PRF --- */

static void test_prf_given(void **state)
{
	struct rig *r = *state;
	rig_expect(r, /* §15.7 */
		   "81 48 00 00 5D"
		   "D120 C0485B054863F6DFA458789768B9035C6CACB160DD1A01834811F5783309DB81"
		   "D236 657874656E646564206D617374657220736563726574"
		   "CE15B44D68440B652624244DB8D2FB7DD601C759E9EB627FB10529AB0DB76049"
		   "D30130 00",
		   "A1F02A766DA04C8FD83A40E358267528F8D815C48E3DC353D55FE3861C350622"
		   "C78B48FE6F49F6E13E1B6B175CFE59FB 9000");
	/* "test label" of the vectors that the TLS working group has for P_SHA256, 100 bytes */
	rig_expect(r,
		   "81 48 00 00 31 D110 9BBE436BA940F017B17652849A71DB35"
		   "D21A 74657374206C6162656C A0BA9F936CDA311827A6F796FFD5198C D30164",
		   "E3F229BA727BE17B8D122620557CD453C2AAB21D07C3D495329B52D4E61EDB5A"
		   "6B301791E90D35C9C9A46B4E14BAF9AF0FA022F7077DEF17ABFD3797C0564BAB"
		   "4FBC91666E9DEF9B97FCE34F796789BAA48082D122EE42C5A72E5A5110FFF701"
		   "87347B66 9000");
}

/* Every length is the beginning of the longest. */
static void test_prf_lengths(void **state)
{
	struct rig *r = *state;
	struct reply longest = rig_send(r, "81 48 00 00 09 D10101 D20102 D301FF 00");
	assert_int_equal(longest.sw, 0x9000);
	assert_int_equal(longest.n, 255);
	for (unsigned n = 1; n < 255; n++) {
		char cmd[40];
		snprintf(cmd, sizeof(cmd), "8148000009D10101D20102D301%02X", n);
		struct reply got = rig_send(r, cmd);
		assert_int_equal(got.sw, 0x9000);
		assert_int_equal(got.n, n);
		assert_memory_equal(got.b, longest.b, n);
	}
	rig_expect(r, "81 48 00 00 09 D10101 D20102 D30100", "6A80");
	rig_expect(r, "81 48 00 00 07 D100 D200 D30110", "*9000"); /* nothing of nothing */
}

static void test_prf_psk(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "81 48 01 00 55 86010A D24D" SEED "D30130", MASTER_PSK "9000");
	rig_expect(r, "81 48 01 00 57 760370736B D24D" SEED "D30130", MASTER_PSK "9000");
	rig_expect(r, "81 48 02 00 77 86010A D420" Z "D24D" SEED "D30130", MASTER_ECDHE_PSK "9000");
	/* the blocks of RFC 4279 and RFC 5489, given by the host, come to the same */
	rig_expect(r,
		   "81 48 00 00 78 D124 0010 00000000000000000000000000000000 0010" PSK "D24D" SEED
		   "D30130",
		   MASTER_PSK "9000");
	rig_expect(r, "81 48 00 00 88 D134 0020" Z "0010" PSK "D24D" SEED "D30130",
		   MASTER_ECDHE_PSK "9000");
	/* the longest key and the longest Z that a card can have */
	char key[2 * 255 + 1];
	memset(key, 'A', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	char text[600];
	snprintf(text, sizeof(text), "object secret 0A value %s", key);
	rig_control(r, text, "ok");
	rig_expect(r, "81 48 01 00 09 86010A D20101 D30110", "*9000");
	rig_expectf(r, "*9000", "81 48 02 00 FF 86010A D4F4 %.488s D20101 D30110", key);
}

/* §20 row 15: P1=00 on a stored secret is unconfirmed */
static void test_prf_general_stored(void **state)
{
	struct rig *r = *state;
	struct reply given = rig_send(r, "81 48 00 00 18 D110" PSK "D20101 D30120");
	char want[80];
	snprintf(want, sizeof(want), "%s9000", rig_hex(bytes_of(given.b, given.n)));
	rig_expect(r, "81 48 00 00 09 86010A D20101 D30120", want);
	rig_control(r, "config set prf-general-stored no", "ok");
	rig_expect(r, "81 48 00 00 09 86010A D20101 D30120", "6A80");
	rig_expect(r, "81 48 00 00 18 D110" PSK "D20101 D30120", want);
	rig_expect(r, "81 48 01 00 09 86010A D20101 D30120", "*9000");
	rig_control(r, "config set prf-general-stored yes", "ok");
}

static void test_prf_refused_for_form(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "81 48 03 00 09 86010A D20101 D30110", "6A86");
	rig_expect(r, "81 48 80 00 09 86010A D20101 D30110", "6A86");
	rig_expect(r, "81 48 00 01 09 D10101 D20101 D30110", "6A86");
	rig_expect(r, "81 48 00 00", "6700");
	rig_expect(r, "81 48 00 00 06 D20101 D30110", "6A80");		     /* no secret */
	rig_expect(r, "81 48 00 00 0C 86010A D10101 D20101 D30110", "6A80"); /* two */
	rig_expect(r, "81 48 00 00 06 D10101 D30110", "6A80");
	rig_expect(r, "81 48 00 00 06 D10101 D20101", "6A80");
	rig_expect(r, "81 48 00 00 0A D10101 D20101 D3020110", "6A80");
	rig_expect(r, "81 48 00 00 09 D10101 D20101 D3FF10", "6A80");
	rig_expect(r, "81 48 01 00 06 D20101 D30110", "6A80");
	rig_expect(r, "81 48 01 00 09 D10101 D20101 D30110", "6A80");
	rig_expect(r, "81 48 01 00 09 86010A D20101 D30100", "6A80");
	rig_expect(r, "81 48 01 00 0E 86010A 760370736B D20101 D30110", "6A80");
	rig_expect(r, "81 48 02 00 09 86010A D20101 D30110", "6A80"); /* no D4 */
	rig_expect(r, "81 48 01 00 09 860199 D20101 D30110", "6A82");
	rig_expect(r, "81 48 00 00 09 860199 D20101 D30110", "6A82");
	rig_control(r, "config set prf no", "ok");
	rig_expect(r, "81 48 00 00 09 D10101 D20101 D30110", "6D00");
	rig_expect(r, "81 48 01 00 09 86010A D20101 D30110", "6D00");
	rig_control(r, "config set prf yes", "ok");
}

/* What a stored secret must have; commands with the derivation bit that they need. */
static void refused_for_state(struct rig *r, const char *command, const char *without)
{
	char control[80];
	rig_expect(r, command, "*9000");
	rig_control(r, "object secret 0A functions 07", "ok");
	rig_expect(r, command, "6985");
	rig_control(r, "object secret 0A functions 0C", "ok");
	rig_expect(r, command, "*9000");
	snprintf(control, sizeof(control), "object secret 0A derivation %s", without);
	rig_control(r, control, "ok");
	rig_expect(r, command, "6985");
	rig_control(r, "object secret 0A derivation 03", "ok");
	rig_control(r, "object secret 0A state 00", "ok");
	rig_expect(r, command, "6985");
	rig_control(r, "object secret 0A state 01", "ok");
	rig_control(r, "object secret 0A type B0", "ok");
	rig_expect(r, command, "6985");
	rig_control(r, "object secret 0A type A0", "ok");
	rig_control(r, "object secret 0A locked 01", "ok");
	rig_expect(r, command, "6984");
	rig_control(r, "object secret 0A locked 00", "ok");
	rig_control(r, "object secret 0A access 00", "ok"); /* is about reading and writing */
	rig_expect(r, command, "*9000");
	rig_control(r, "object secret 0A access 03", "ok");
	rig_control(r, "object secret 0A clear", "ok");
	rig_expect(r, command, "6985");
	rig_control(r, "object secret 0A value " PSK, "ok");
	rig_expect(r, command, "*9000");
}

static void test_stored_secret_refused_for_state(void **state)
{
	struct rig *r = *state;
	refused_for_state(r, "81 48 00 00 09 86010A D20101 D30110", "02");
	refused_for_state(r, "81 48 01 00 09 86010A D20101 D30110", "02");
	refused_for_state(r, "81 48 02 00 0C 86010A D40107 D20101 D30110", "02");
	refused_for_state(r, "81 4A 00 00 0A 86010A D50101 91020001", "01");
}

/* --- HKDF --- */

#define ZEROS_16 "00000000000000000000000000000000"
#define ZEROS_32 ZEROS_16 ZEROS_16
#define ZEROS_48 ZEROS_32 ZEROS_16

static void test_hkdf_vectors(void **state)
{
	struct rig *r = *state;
	/* §15.8, the early secrets of RFC 8448 */
	rig_expect(r, "81 4A 00 00 48 D120" ZEROS_32 "D520" ZEROS_32 "91020001",
		   "33AD0A1C607EC03B09E6CD9893680CE210ADF300AA1F2660E1B22E10F170F92A 9000");
	rig_expect(r, "81 4A 00 00 68 D130" ZEROS_48 "D530" ZEROS_48 "91020002",
		   "7EE8206F5570023E6DC7519EB1073BC4E791AD37B5C382AA10BA18E2357E7169"
		   "71F9362F2C2FE2A76BFD78DFEC4EA9B5 9000");
	/* RFC 5869 A.1, A.2, A.3 */
	rig_expect(r,
		   "81 4A 00 00 2B D116 0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B"
		   "D50D 000102030405060708090A0B0C 91020001 00",
		   "077709362C2E32DF0DDC3F0DC47BBA6390B6C73BB50F9C3122EC844AD7C2B3E5 9000");
	rig_expect(r,
		   "81 4A 00 00 A8 D150"
		   "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
		   "202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F"
		   "404142434445464748494A4B4C4D4E4F"
		   "D550"
		   "606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F"
		   "808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9F"
		   "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF"
		   "91020001",
		   "06A6B88C5853361A06104C9CEB35B45CEF760014904671014A193F40C15FC244 9000");
	rig_expect(r,
		   "81 4A 00 00 1E D116 0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B D500"
		   "91020001",
		   "19EF24A32C717B167F33A91D6F648BDF96596776AFDB6377AC434C1C293CCB04 9000");
}

static void test_hkdf_sha512_and_stored(void **state)
{
	static const uint8_t salt[] = {1, 2, 3};
	struct rig *r = *state;
	uint8_t psk[16], prk[64];
	unsigned n = 0;
	char want[140];
	for (size_t i = 0; i < sizeof(psk); i++)
		psk[i] = (uint8_t)i;
	assert_non_null(HMAC(EVP_sha512(), salt, sizeof(salt), psk, sizeof(psk), prk, &n));
	snprintf(want, sizeof(want), "%s9000", rig_hex(bytes_of(prk, n)));
	rig_expect(r, "81 4A 00 00 1B D110" PSK "D503010203 91020004", want);
	rig_expect(r, "81 4A 00 00 0C 86010A D503010203 91020004", want);
	rig_expect(r, "81 4A 00 00 0E 760370736B D503010203 91020004", want);
	rig_control(r, "config set hkdf-stored no", "ok"); /* §20 row 14 */
	rig_expect(r, "81 4A 00 00 0C 86010A D503010203 91020004", "6A80");
	rig_expect(r, "81 4A 00 00 1B D110" PSK "D503010203 91020004", want);
	rig_control(r, "config set hkdf-stored yes", "ok");
}

static void test_hkdf_empty_salt(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set refuse-empty-salt yes", "ok");
	rig_expect(r, "81 4A 00 00 09 D10101 D500 91020001", "6A80");
	rig_expect(r, "81 4A 00 00 0A D10101 D50100 91020001", "*9000");
	rig_control(r, "config set refuse-empty-salt no", "ok");
	struct reply got = rig_send(r, "81 4A 00 00 09 D10101 D500 91020001");
	char want[80];
	snprintf(want, sizeof(want), "%s9000", rig_hex(bytes_of(got.b, got.n)));
	rig_expect(r, "81 4A 00 00 29 D10101 D520" ZEROS_32 "91020001", want);
	rig_expect(r, "81 4A 00 00 09 D100 D50100 91020001", "*9000"); /* no input either */
}

static void test_hkdf_refused(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "81 4A 01 00 0A D10101 D50101 91020001", "6A86"); /* no Expand */
	rig_expect(r, "81 4A 00 01 0A D10101 D50101 91020001", "6A86");
	rig_expect(r, "81 4A 00 00", "6700");
	rig_expect(r, "81 4A 00 00 07 D10101 91020001", "6A80");
	rig_expect(r, "81 4A 00 00 06 D10101 D50101", "6A80");
	rig_expect(r, "81 4A 00 00 07 D50101 91020001", "6A80");
	rig_expect(r, "81 4A 00 00 0D D10101 86010A D50101 91020001", "6A80");
	rig_expect(r, "81 4A 00 00 0A D10101 D50101 91020000", "6A80");
	rig_expect(r, "81 4A 00 00 0A D10101 D50101 91020003", "6A80"); /* two hashes */
	rig_expect(r, "81 4A 00 00 0A D10101 D50101 91020008", "6A80");
	rig_expect(r, "81 4A 00 00 09 D10101 D50101 910101", "6A80");
	rig_expect(r, "81 4A 00 00 0A 860199 D50101 91020001", "6A82");
	rig_control(r, "config set app-hashes 0001", "ok"); /* what tag 91 does not list */
	rig_expect(r, "81 4A 00 00 0A D10101 D50101 91020002", "6985");
	rig_expect(r, "81 4A 00 00 0A D10101 D50101 91020001", "*9000");
	rig_control(r, "config set app-hashes 0007", "ok");
	rig_control(r, "config set hkdf no", "ok");
	rig_expect(r, "81 4A 00 00 0A D10101 D50101 91020001", "6D00");
	rig_control(r, "config set hkdf yes", "ok");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_prf_given, fresh),
		cmocka_unit_test_setup(test_prf_lengths, fresh),
		cmocka_unit_test_setup(test_prf_psk, fresh),
		cmocka_unit_test_setup(test_prf_general_stored, fresh),
		cmocka_unit_test_setup(test_prf_refused_for_form, fresh),
		cmocka_unit_test_setup(test_stored_secret_refused_for_state, fresh),
		cmocka_unit_test_setup(test_hkdf_vectors, fresh),
		cmocka_unit_test_setup(test_hkdf_sha512_and_stored, fresh),
		cmocka_unit_test_setup(test_hkdf_empty_salt, fresh),
		cmocka_unit_test_setup(test_hkdf_refused, fresh),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
