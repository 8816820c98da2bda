/* SPDX-License-Identifier: Apache-2.0 */
/* AES-CMAC by COMPUTE SIGNATURE: pieces, sessions, answers (iotsafe-protocol.md §9.3, §10.10,
 * §10.11). */
#include "fake.h"

#include <string.h>

#include "card_keys.h"
#include "mem.h"

#define MAC "101112131415161718191A1B1C1D1E1F"
#define INIT "81 2A 00 01 09 86010A A10101 920108"
#define CLOSE                                                                                      \
	{                                                                                          \
		"81 2A 01 01", "9000"                                                              \
	}

static uint8_t data[600], mac[CARD_CMAC_SIZE];

static struct container key_0a(void)
{
	return (struct container){.kind = CONTAINER_SECRET_KEY,
				  .id = {0x0A},
				  .id_len = 1,
				  .activated = true,
				  .functions = FUNCTION_SIGN,
				  .key_type = KEY_AES_CMAC};
}

static status cmac(struct rig *r, size_t n)
{
	struct container key = key_0a();

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	memset(mac, 0xEE, sizeof(mac));
	return card_cmac(r->c, &key, bytes_of(data, n), mac, soon());
}

static void expect_mac(struct rig *r, size_t n)
{
	uint8_t want[CARD_CMAC_SIZE];

	unhex(MAC, want, sizeof(want));
	assert_int_equal(cmac(r, n), ST_OK);
	assert_memory_equal(mac, want, sizeof(want));
	fake_done();
}

static void warm(void)
{
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
}

static void test_pieces(void **state)
{
	warm();
	FAKE_PLAY({INIT, "9000"}, {"81 2B 80 01 02 9F00 00", "3310" MAC "9000"}, CLOSE);
	expect_mac(*state, 0);
	FAKE_PLAY({INIT, "9000"}, {"81 2B 80 01 05 9F03 000102 00", "330010" MAC "9000"}, CLOSE);
	expect_mac(*state, 3);
	FAKE_PLAY({INIT, "9000"}, {"81 2B 80 01 FF 9FFD 000102*", "3310" MAC "9000"}, CLOSE);
	expect_mac(*state, 253);
	/* a piece that is not the last asks for nothing: no Le */
	FAKE_PLAY({INIT, "9000"}, {"81 2B 00 01 FF 9FFD 000102*", "9000"},
		  {"81 2B 80 01 03 9F01 FD 00", "3310" MAC "9000"}, CLOSE);
	expect_mac(*state, 254);
	FAKE_PLAY({INIT, "9000"}, {"81 2B 00 01 FF 9FFD 000102*", "9000"},
		  {"81 2B 00 01 FF 9FFD FDFEFF*", "9000"},
		  {"81 2B 80 01 60 9F5E FAFBFC*", "3310" MAC "9000"}, CLOSE);
	expect_mac(*state, 600);
}

static void test_t0(void **state)
{
	warm();
	fake.traits = TRANSPORT_T0;
	FAKE_PLAY({INIT, "9000"}, {"81 2B 80 01 05 9F03 000102", "6112"},
		  {"81 C0 00 00 12", "3310" MAC "9000"}, {"81 2A 01 01 00", "9000"});
	expect_mac(*state, 3);
}

/* A signature left its session open; the channel is lost between two pieces. */
static void test_recovery(void **state)
{
	warm();
	FAKE_PLAY({INIT, "6A86"}, CLOSE, {INIT, "9000"},
		  {"81 2B 80 01 05 9F03 000102 00", "3310" MAC "9000"}, CLOSE);
	expect_mac(*state, 3);
	FAKE_PLAY({INIT, "9000"}, {"81 2B 00 01 FF 9FFD*", "9000"},
		  {"81 2B 80 01 03 9F01 FD 00", "6881"}, STEPS_OPENING, {INIT, "9000"},
		  {"81 2B 00 01 FF 9FFD*", "9000"},
		  {"81 2B 80 01 03 9F01 FD 00", "3310" MAC "9000"}, CLOSE);
	expect_mac(*state, 254);
}

static void test_malformed(void **state)
{
	static const char *const answers[] = {"9000", MAC "9000", "330F" MAC "9000",
					      "3311" MAC "00 9000"};

	warm();
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		FAKE_PLAY({INIT, "9000"}, {"81 2B 80*", answers[i]}, CLOSE, {INIT, "9000"},
			  {"81 2B 80*", answers[i]}, CLOSE, {INIT, "9000"},
			  {"81 2B 80*", answers[i]}, CLOSE);
		assert_int_equal(cmac(*state, 3), ST_MALFORMED);
		assert_int_equal(mac[0], 0xEE);
		fake_done();
	}
}

static void test_refused(void **state)
{
	struct rig *r = *state;
	struct container key = key_0a();

	FAKE_PLAY(STEPS_OPENING, {INIT, "9000"}, {"81 2B 80*", "6A80"}, CLOSE);
	assert_int_equal(cmac(r, 3), ST_SW_DATA);
	fake_done();
	key.kind = CONTAINER_PRIVATE_KEY;
	assert_int_equal(card_cmac(r->c, &key, bytes_of(data, 3), mac, soon()), ST_ARG);
	key = key_0a();
	key.key_type = KEY_HMAC;
	assert_int_equal(card_cmac(r->c, &key, bytes_of(data, 3), mac, soon()), ST_KEY_KIND);
	key = key_0a();
	key.activated = false;
	assert_int_equal(card_cmac(r->c, &key, bytes_of(data, 3), mac, soon()), ST_KEY_UNUSABLE);
	key = key_0a();
	key.functions = FUNCTION_DERIVE;
	assert_int_equal(card_cmac(r->c, &key, bytes_of(data, 3), mac, soon()), ST_KEY_UNUSABLE);
	key = key_0a();
	key.sig_algs = SIG_ECDSA;
	assert_int_equal(card_cmac(r->c, &key, bytes_of(data, 3), mac, soon()), ST_KEY_UNUSABLE);
	assert_int_equal(fake.enters, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {T(pieces), T(t0), T(recovery), T(malformed), T(refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
