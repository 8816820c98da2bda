/* SPDX-License-Identifier: Apache-2.0 */
/* Secret keys: AES-CMAC through COMPUTE SIGNATURE, what GET DATA says of them, and applets that
 * have nothing else, or none. */
#include "card_rig.h"

#include <stdio.h>
#include <string.h>

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

/* RFC 4493 §4 */
#define CMAC_KEY "2B7E151628AED2A6ABF7158809CF4F3C"
#define BLOCK_1 "6BC1BEE22E409F96E93D7E117393172A"
#define BLOCK_2 "AE2D8A571E03AC9C9EB76FAC45AF8E51"
#define BLOCK_3 "30C81C46A35CE411E5FBC1191A0A52EF"
#define BLOCK_4 "F69F2445DF4F9B17AD2B417BE66C3710"

static int fresh(void **state)
{
	rig_control(*state, "reset", "ok");
	rig_control(*state, "fault clear", "ok");
	rig_control(*state, "object secret 0B value " CMAC_KEY, "ok");
	rig_select(*state);
	return 0;
}

#define INIT "81 2A 00 00 09 86010B A10101 920108"

static void test_mac_vectors(void **state)
{
	struct rig *r = *state;
	rig_expect(r, INIT, "9000"); /* §10.10 */
	rig_expect(r, "81 2B 80 00 02 9F00", "3310 BB1D6929E95937287FA37D129B756746 9000");
	rig_expect(r, INIT, "9000");
	rig_expect(r, "81 2B 80 00 12 9F10" BLOCK_1 "00",
		   "3310 070A16B46B4D4144F79BDD9DD04A287C 9000");
	rig_expect(r, "81 2A 00 01 0B 76036D6163 A10101 920108", "9000"); /* by label */
	rig_expect(r, "81 2B 80 01 2A 9F28" BLOCK_1 BLOCK_2 "30C81C46A35CE411",
		   "3310 DFA66747DE9AE63030CA32611497C827 9000");
	rig_expect(r, INIT, "9000");
	rig_expect(r, "81 2B 80 00 42 9F40" BLOCK_1 BLOCK_2 BLOCK_3 BLOCK_4,
		   "3310 51F0BEBF7E3B9D92FC49741779363CFE 9000");
	rig_expect(r, "81 2A 01 00", "9000");
}

static void test_mac_in_pieces(void **state)
{
	struct rig *r = *state;
	rig_expect(r, INIT, "9000");
	rig_expect(r, "81 2B 00 00 03 9F016B", "9000");
	rig_expect(r, "81 2B 00 00 11 9F0F C1BEE22E409F96E93D7E117393172A", "9000");
	rig_expect(r, "81 2B 00 00 22 9F20" BLOCK_2 BLOCK_3, "9000");
	rig_expect(r, "81 2B 00 00 02 9F00", "9000");
	rig_expect(r, "81 2B 80 00 12 9F10" BLOCK_4, "3310 51F0BEBF7E3B9D92FC49741779363CFE 9000");
	rig_expect(r, "81 2B 80 00 02 9F00", "6985"); /* done */
	/* the longest pieces, as the card of the extension is fed: 253 bytes each */
	char piece[600], whole[20];
	memset(piece, '5', 2 * 253);
	piece[2 * 253] = '\0';
	for (int round = 0; round < 2; round++) {
		rig_expect(r, INIT, "9000");
		rig_expectf(r, "9000", "81 2B 00 00 FF 9FFD %s", piece);
		struct reply got = rig_send(r, "81 2B 80 00 03 9F0155");
		assert_int_equal(got.n, 18);
		if (round == 1)
			assert_memory_equal(whole, got.b, 18);
		memcpy(whole, got.b, 18);
	}
	/* every habit of the signature header leaves a MAC's alone: only 33 10 has been seen */
	rig_control(r, "config set signature-header 1", "ok");
	rig_expect(r, INIT, "9000");
	rig_expect(r, "81 2B 80 00 12 9F10" BLOCK_1, "3310 070A16B46B4D4144F79BDD9DD04A287C 9000");
	rig_control(r, "config set signature-header 2", "ok");
}

static void test_mac_sessions(void **state)
{
	struct rig *r = *state;
	rig_expect(r, INIT, "9000");
	rig_expect(r, INIT, "6A86");				      /* open */
	rig_expect(r, "81 2A 00 01 09 86010B A10101 920108", "9000"); /* two at a time */
	rig_expect(r, "81 2B 00 00 12 9F10" BLOCK_1, "9000");
	rig_expect(r, "81 2B 80 01 12 9F10" BLOCK_1, "3310 070A16B46B4D4144F79BDD9DD04A287C 9000");
	rig_expect(r, "81 2B 80 00 32 9F30" BLOCK_2 BLOCK_3 BLOCK_4,
		   "3310 51F0BEBF7E3B9D92FC49741779363CFE 9000");
	rig_expect(r, INIT, "9000");
	rig_expect(r, "81 2A 01 00", "9000");
	rig_expect(r, "81 2B 80 00 02 9F00", "6985"); /* closed */
	rig_control(r, "fault BADSIG", "ok");
	rig_expect(r, INIT, "9000");
	rig_expect(r, "81 2B 80 00 12 9F10" BLOCK_1, "3310 070A16B46B4D4144F79BDD9DD04A287D 9000");
}

static void test_mac_refused(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "81 2A 00 00 06 86010B 920108", "6A80");
	rig_expect(r, "81 2A 00 00 06 86010B A10101", "6A80");
	rig_expect(r, "81 2A 00 00 06 A10101 920108", "6A80");			      /* no key */
	rig_expect(r, "81 2A 00 00 10 840101 86010B A10101 91020001 920104", "6A80"); /* two */
	rig_expect(r, "81 2A 00 00 09 86010B A10103 920108", "6A80"); /* there is no hash of it */
	rig_expect(r, "81 2A 00 00 09 86010B A10102 920108", "6A80");
	rig_expect(r, "81 2A 00 00 09 86010B A10101 920104", "6985");
	rig_expect(r, "81 2A 00 00 09 86010A A10101 920108", "6985"); /* derives only */
	rig_expect(r, "81 2A 00 00 09 860199 A10101 920108", "6A82");
	rig_expect(r, "81 2A 00 00 0D 840101 A10101 91020001 920108", "6985"); /* no CMAC key */
	rig_expect(r, "81 2A 00 00 09 840101 A10103 920104", "6A80"); /* a signature's hash */
	rig_expect(r, INIT, "9000");
	rig_expect(r, "81 2B 80 00 03 9B0155", "6A80"); /* a signature's text */
	rig_expect(r, "81 2B 80 00 06 9F0155 9B0155", "6A80");
	rig_expect(r, "81 2B 80 00 22 9E20" BLOCK_1 BLOCK_1, "6A80");
	rig_expect(r, "81 2B 80 00 12 9F10" BLOCK_1, "3310 070A16B46B4D4144F79BDD9DD04A287C 9000");
	rig_expect(r, "81 2A 00 01 0D 840101 A10101 91020001 920104", "9000");
	rig_expect(r, "81 2B 80 01 03 9F0155", "6A80"); /* a MAC's text */
	rig_expect(r, "81 2B 80 01 06 9F0155 9B0155", "6A80");
	rig_expect(r, "81 2B 80 01 03 9B0155", "33*9000");
	rig_control(r, "object secret 0B state 00", "ok");
	rig_expect(r, INIT, "6985");
	rig_control(r, "object secret 0B state 01", "ok");
	rig_expect(r, INIT, "9000");
	rig_control(r, "object secret 0B state 00", "ok"); /* in mid-session */
	rig_expect(r, "81 2B 80 00 12 9F10" BLOCK_1, "6985");
	rig_control(r, "object secret 0B state 01", "ok");
	rig_control(r, "object secret 0B clear", "ok");
	rig_expect(r, INIT, "6985");
}

static void test_information(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "81 CB C4 00 03 86010A",
		   "C417 760370736B 86010A 600103 4A0101 4B01A0 610108 940103 9000");
	rig_expect(r, "81 CB C4 00 05 760370736B", "C417*9000");
	/* no usage, no hash: a secret key's structure has neither; a MAC's algorithm as a key's */
	rig_expect(r, "81 CB C4 00 03 86010B",
		   "C417 76036D6163 86010B 600103 4A0101 4B01B0 610101 920108 9000");
	rig_expect(r, "81 CB C4 00 03 860199", "6A82");
	rig_expect(r, "81 CB C4 00 03 84010A", "6A80");
	rig_control(r, "object secret 0A clear", "ok");
	rig_expect(r, "81 CB C4 00 03 86010A", "C417*4A0100*9000");
	rig_control(r, "object secret 0A value 01", "ok");
	/* the algorithms of all keys, CMAC among them; room for as many as there are */
	rig_expect(r, "81 CB 00 00",
		   "*B1010FB2010EB30110B4010A90010F9102000792010F9301019401*9000");
}

static void test_type2(void **state)
{
	static const char *const asymmetric[] = {
		"81 B9 00 00 03 840101",
		"81 CD 00 00 03 850101",
		"81 24 00 00 03 850101",
		"81 24 01 00",
		"81 D8 80 00 03 3401FF",
		"81 2A 00 00 0D 840101 A10101 91020001 920104",
		"81 2A 01 00",
		"81 2B 80 00 03 9B0155",
		"81 2C 00 00 0D 850101 A10101 91020001 920104",
		"81 2C 01 00",
		"81 2D 80 00 03 9B0155",
		"81 46 00 00 06 840101 850101",
	};
	struct rig *r = rig_new("type2", 0);
	(void)state;
	rig_select(r);
	for (size_t i = 0; i < sizeof(asymmetric) / sizeof(asymmetric[0]); i++)
		rig_expect(r, asymmetric[i], "6D00");
	rig_expect(r, "81 CB C1 00 03 840101", "6A86");
	rig_expect(r, "81 CB C2 00 03 850101", "6A86");
	/* no room for pairs; derivation and no other function */
	rig_expect(r, "81 CB 00 00",
		   "*B1010A B20100 B30100 B4010A 900108 91020007 920100 930100 940103 B70103 9000");
	rig_expect(r, "81 CB 01 00",
		   "C417 760370736B 86010A 600103 4A0101 4B01A0 610108 940103"
		   "C41C 760870736B2D6E657874 86010B 600103 4A0100 4B01A0 610108 940103"
		   "C3*83010C*9000");
	rig_expect(r, "81 84 00 00 08", "*9000");
	rig_expect(r, "81 B0 00 00 03 83010C", "6D657465722D30303031 9000");
	rig_expect(r, "81 48 01 00 09 86010A D20101 D30110", "*9000");
	rig_expect(r, "81 48 02 00 0C 86010A D40107 D20101 D30110", "*9000");
	rig_expect(r, "81 48 00 00 09 D10101 D20101 D30110", "*9000"); /* the key block, §16.2 */
	rig_expect(r, "81 4A 00 00 0A 86010A D50101 91020001", "*9000");
	rig_expect(r, "81 48 01 00 09 86010B D20101 D30110", "6985"); /* empty */
	rig_control(r, "config set personality both", "ok");
	rig_expect(r, "81 B9 00 00 03 840101", "6A82");
	rig_expect(r, "81 CB 00 00", "*B2010AB3010A*90010F*9000");
	rig_free(r);
}

static void test_type1(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set personality type1", "ok");
	rig_expect(r, "81 CB C4 00 03 86010A", "6A86");
	rig_expect(r, "81 48 01 00 09 86010A D20101 D30110", "6A86");
	rig_expect(r, "81 48 02 00 0C 86010A D40107 D20101 D30110", "6A86");
	rig_expect(r, "81 48 00 00 09 86010A D20101 D30110", "6A80");
	rig_expect(r, "81 4A 00 00 0A 86010A D50101 91020001", "6A80");
	rig_expect(r, INIT, "6A80");
	rig_expect(r, "81 48 00 00 09 D10101 D20101 D30110", "*9000");
	rig_expect(r, "81 4A 00 00 0A D10101 D50101 91020001", "*9000");
	rig_expect(r, "81 CB 00 00", "*B40100*9000");
	rig_expect(r, "81 46 00 00 06 840117 850118", "*9000");
	struct reply page = rig_send(r, "81 CB 01 00 00");
	for (; page.sw == 0x6300; page = rig_send(r, "81 CB 01 01 00"))
		assert_null(strstr(rig_hex(bytes_of(page.b, page.n)), "4B01A0"));
	assert_int_equal(page.sw, 0x9000);
	rig_control(r, "config set personality both", "ok");
	rig_expect(r, "81 CB C4 00 03 86010A", "C4*9000");
}

/* What each profile says of itself is what it does. */
static void test_profiles_are_truthful(void **state)
{
	static const struct {
		const char *name, *select, *class_byte, *application;
		unsigned dh, prf, hkdf;
	} rows[] = {
		{"demo", "01A4040007A0000005590010", "81", "*90010F*930101940103B70103*", 0x6A82,
		 0x9000, 0x9000},
		{"thales", "01A404000FA00000003053F12401770101495341", "01",
		 "*90010F9102000792010C930101940103B70103*", 0x6A82, 0x9000, 0x9000},
		{"ntt", "01A4040010A0000001157000000000000049534102", "01",
		 "*900103*930100940100B70103*", 0x6D00, 0x6D00, 0x6D00},
		{"zariot", "01A4040007A0000005590010", "81", "*90010F*930101940101B70103*", 0x6A82,
		 0x9000, 0x6D00},
		{"quantag", "01A404000FA00000003053F12401770101495341", "81",
		 "*61010F*6F0101940102B70101*", 0x6A82, 0x6D00, 0x9000},
		{"wolfssl", "01A4040007A0000005590010", "81", NULL, 0x6A82, 0x6D00, 0x9000},
		{"empty", "01A4040007A0000005590010", "81", "*900101*930100940100B70103*", 0x6D00,
		 0x6D00, 0x6D00},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = rig_new(rows[i].name, 0);
		char cmd[80];
		rig_control(r, "config set t0 no", "ok");
		rig_expect(r, rows[i].select, "9000");
		if (rows[i].application)
			rig_expectf(r, rows[i].application, "%sCB0000", rows[i].class_byte);
		snprintf(cmd, sizeof(cmd), "%s460000068401EE8501EE", rows[i].class_byte);
		assert_int_equal(rig_send(r, cmd).sw, rows[i].dh);
		snprintf(cmd, sizeof(cmd), "%s48000009D10101D20101D30110", rows[i].class_byte);
		assert_int_equal(rig_send(r, cmd).sw, rows[i].prf);
		snprintf(cmd, sizeof(cmd), "%s4A00000AD10101D5010191020001", rows[i].class_byte);
		assert_int_equal(rig_send(r, cmd).sw, rows[i].hkdf);
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_mac_vectors, fresh),
		cmocka_unit_test_setup(test_mac_in_pieces, fresh),
		cmocka_unit_test_setup(test_mac_sessions, fresh),
		cmocka_unit_test_setup(test_mac_refused, fresh),
		cmocka_unit_test_setup(test_information, fresh),
		cmocka_unit_test(test_type2),
		cmocka_unit_test_setup(test_type1, fresh),
		cmocka_unit_test(test_profiles_are_truthful),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
