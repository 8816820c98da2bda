/* SPDX-License-Identifier: Apache-2.0 */
/* COMPUTE PRF and COMPUTE HKDF: the bytes of §15.7 and §15.8, limits, and what a card that lacks
 * them is asked only once (iotsafe-protocol.md §10.14, §10.15, §17.8). */
#include "fake.h"

#include <string.h>

#include "card_keys.h"
#include "mem.h"

#define D1 "C0485B054863F6DFA458789768B9035C6CACB160DD1A01834811F5783309DB81"
#define LABEL_SEED                                                                                 \
	"657874656E646564206D617374657220736563726574"                                             \
	"CE15B44D68440B652624244DB8D2FB7DD601C759E9EB627FB10529AB0DB76049"
#define MASTER                                                                                     \
	"A1F02A766DA04C8FD83A40E358267528F8D815C48E3DC353D55FE3861C350622"                         \
	"C78B48FE6F49F6E13E1B6B175CFE59FB"
#define GENERAL "81 48 00 00 5D D120" D1 "D236" LABEL_SEED "D30130 00"
#define ZEROS_16 "00000000000000000000000000000000"
#define ZEROS_32 ZEROS_16 ZEROS_16
#define PRK "33AD0A1C607EC03B09E6CD9893680CE210ADF300AA1F2660E1B22E10F170F92A"

static uint8_t secret[32], seed[54], other[32];
static uint8_t out[300];

static struct container psk_0a(void)
{
	return (struct container){.kind = CONTAINER_SECRET_KEY,
				  .id = {0x0A},
				  .id_len = 1,
				  .activated = true,
				  .functions = FUNCTION_DERIVE,
				  .key_type = KEY_HMAC};
}

static struct card_prf_request general(void)
{
	unhex(D1, secret, sizeof(secret));
	unhex(LABEL_SEED, seed, sizeof(seed));
	return (struct card_prf_request){.mode = CARD_PRF_GENERAL,
					 .secret = BYTES_OF(secret),
					 .label_seed = BYTES_OF(seed),
					 .n = 48};
}

static void expect_out(const char *hex)
{
	uint8_t want[300];
	size_t n = unhex(hex, want, sizeof(want));

	assert_memory_equal(out, want, n);
	assert_int_equal(out[n], 0xEE); /* and no byte more */
	fake_done();
}

static status prf(struct rig *r, const struct card_prf_request *rq)
{
	memset(out, 0xEE, sizeof(out));
	return card_prf(r->c, rq, out, soon());
}

static status hkdf(struct rig *r, const struct container *key, enum hash_alg hash,
		   struct bytes salt)
{
	memset(out, 0xEE, sizeof(out));
	return card_hkdf_extract(r->c, key, hash, salt, out, soon());
}

static void warm(void)
{
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
}

static void test_prf_general(void **state)
{
	struct card_prf_request rq = general();
	struct container psk = psk_0a();

	warm();
	FAKE_PLAY({GENERAL, MASTER "9000"}, {GENERAL, "6130"}, {"81 C0 00 00 30", MASTER "9000"});
	assert_int_equal(prf(*state, &rq), ST_OK);
	assert_int_equal(prf(*state, &rq), ST_OK);
	expect_out(MASTER);
	/* of the stored key itself */
	rq.secret.n = 0;
	rq.key = &psk;
	FAKE_PLAY({"81 48 00 00 3E 86010A D236" LABEL_SEED "D30130 00", MASTER "9000"});
	assert_int_equal(prf(*state, &rq), ST_OK);
	expect_out(MASTER);
}

static void test_prf_psk(void **state)
{
	struct card_prf_request rq = general();
	struct container psk = psk_0a();

	warm();
	rq.mode = CARD_PRF_PSK;
	rq.secret.n = 0;
	rq.key = &psk;
	FAKE_PLAY({"81 48 01 00 3E 86010A D236" LABEL_SEED "D30130 00", MASTER "9000"});
	assert_int_equal(prf(*state, &rq), ST_OK);
	expect_out(MASTER);
	rq.mode = CARD_PRF_PSK_ECDHE;
	rq.other = BYTES_OF(other);
	FAKE_PLAY({"81 48 02 00 60 86010A D420" ZEROS_32 "D236" LABEL_SEED "D30130 00",
		   MASTER "9000"});
	assert_int_equal(prf(*state, &rq), ST_OK);
	expect_out(MASTER);
	/* by label */
	psk.id_len = 0;
	memcpy(psk.label, "psk", 3);
	psk.label_len = 3;
	rq.mode = CARD_PRF_PSK;
	rq.other.n = 0;
	rq.n = 1;
	FAKE_PLAY({"81 48 01 00 40 760370736B D236" LABEL_SEED "D30101 00", "AB 9000"});
	assert_int_equal(prf(*state, &rq), ST_OK);
	expect_out("AB");
}

/* The longest that fits one APDU, and all that does not. */
static void test_prf_limits(void **state)
{
	static const uint8_t zeros[256];
	struct card_prf_request rq = general();
	struct rig *r = *state;

	/* D1 120, D2 128, D3: 122 + 130 + 3 */
	rq.secret = bytes_of(zeros, 120);
	rq.label_seed = bytes_of(zeros, 128);
	rq.n = 255;
	warm();
	FAKE_PLAY({"81 48 00 00 FF D178 00*", "9000", bytes_of(zeros, 255)});
	assert_int_equal(prf(r, &rq), ST_OK);
	assert_int_equal(fake.last_n, 261);
	assert_memory_equal(fake.last + 5 + 122 + 130, "\xD3\x01\xFF\x00", 4);
	assert_int_equal(out[254], 0);
	assert_int_equal(out[255], 0xEE);
	fake_done();
	rq.secret.n = 121;
	assert_int_equal(prf(r, &rq), ST_ARG);
	rq.secret.n = 256;
	assert_int_equal(prf(r, &rq), ST_ARG);
	rq = general();
	rq.label_seed = bytes_of(zeros, 129);
	assert_int_equal(prf(r, &rq), ST_ARG);
	rq.label_seed.n = 0;
	assert_int_equal(prf(r, &rq), ST_ARG);
	rq = general();
	rq.n = 0;
	assert_int_equal(prf(r, &rq), ST_ARG);
	rq.n = 256;
	assert_int_equal(prf(r, &rq), ST_ARG);
	assert_int_equal(fake.enters, 1);
}

/* Each mode has its inputs; a container that does not derive this way is not asked to. */
static void test_prf_refused_early(void **state)
{
	struct container psk = psk_0a();
	struct card_prf_request rq = general();
	struct rig *r = *state;

	rq.key = &psk; /* both */
	assert_int_equal(prf(r, &rq), ST_ARG);
	rq.mode = CARD_PRF_PSK;
	assert_int_equal(prf(r, &rq), ST_ARG);
	rq.key = NULL;
	rq.secret.n = 0;
	for (int mode = CARD_PRF_GENERAL; mode <= CARD_PRF_PSK_ECDHE; mode++) {
		rq.mode = (enum card_prf_mode)mode;
		assert_int_equal(prf(r, &rq), ST_ARG);
	}
	rq.key = &psk; /* the premaster of RFC 5489 wants Z */
	assert_int_equal(prf(r, &rq), ST_ARG);
	rq.other = BYTES_OF(other);
	rq.mode = CARD_PRF_PSK;
	assert_int_equal(prf(r, &rq), ST_ARG);
	rq.mode = CARD_PRF_GENERAL;
	assert_int_equal(prf(r, &rq), ST_ARG);
	rq.other.n = 0;
	psk.functions = FUNCTION_SIGN;
	assert_int_equal(prf(r, &rq), ST_KEY_UNUSABLE);
	psk = psk_0a();
	psk.derivations = 2; /* HKDF only */
	assert_int_equal(prf(r, &rq), ST_KEY_UNUSABLE);
	psk = psk_0a();
	psk.activated = false;
	assert_int_equal(prf(r, &rq), ST_KEY_UNUSABLE);
	psk = psk_0a();
	psk.kind = CONTAINER_PRIVATE_KEY;
	assert_int_equal(prf(r, &rq), ST_ARG);
	assert_int_equal(fake.enters, 0);
}

/* Too short, too long: three runs, then an error, and nothing given out. */
static void test_malformed(void **state)
{
	static const char *const answers[] = {"9000", "00 9000", MASTER "00 9000"};
	struct card_prf_request rq = general();

	warm();
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		FAKE_PLAY({GENERAL, answers[i]}, {GENERAL, answers[i]}, {GENERAL, answers[i]});
		assert_int_equal(prf(*state, &rq), ST_MALFORMED);
		expect_out("");
	}
}

/* 6D00: no such command, in no mode; 6A86: not this mode. Asked once per card. */
static void test_lacking(void **state)
{
	struct card_prf_request rq = general(), with_psk = general();
	struct container psk = psk_0a();
	struct rig *r = *state;
	unsigned apdus;

	with_psk.mode = CARD_PRF_PSK;
	with_psk.key = &psk;
	with_psk.secret.n = 0;
	FAKE_PLAY(STEPS_OPENING, {"81 48 01*", "6A86"}, {GENERAL, MASTER "9000"});
	assert_int_equal(prf(r, &with_psk), ST_UNSUPPORTED);
	assert_int_equal(prf(r, &with_psk), ST_UNSUPPORTED);
	assert_int_equal(prf(r, &rq), ST_OK);
	fake_done();
	/* on a channel of before, after SELECT only */
	FAKE_PLAY({GENERAL, "6D00"}, {"01 A4 08 0C 02 2FE2", "9000"}, STEP_READ_ICCID, STEP_SELECT,
		  {GENERAL, "6D00"});
	assert_int_equal(prf(r, &rq), ST_UNSUPPORTED);
	apdus = fake.apdus;
	with_psk.mode = CARD_PRF_PSK_ECDHE;
	with_psk.other = BYTES_OF(other);
	assert_int_equal(prf(r, &with_psk), ST_UNSUPPORTED);
	assert_int_equal(prf(r, &rq), ST_UNSUPPORTED);
	assert_int_equal(fake.apdus, apdus);
	fake_done();
	/* HKDF is another matter */
	FAKE_PLAY({"81 4A 00*", PRK "9000"});
	assert_int_equal(hkdf(r, &psk, HASH_SHA256, bytes_of(other, 32)), ST_OK);
	expect_out(PRK);
	/* the next process, or the next card, is asked */
	rig_new_process(r);
	FAKE_PLAY({GENERAL, MASTER "9000"});
	assert_int_equal(prf(r, &rq), ST_OK);
	fake_done();
}

static void test_refused(void **state)
{
	struct card_prf_request rq = general();

	FAKE_PLAY(STEPS_OPENING, {GENERAL, "6982"});
	assert_int_equal(prf(*state, &rq), ST_SW_SECURITY);
	expect_out("");
}

static void test_hkdf(void **state)
{
	static const uint8_t salt[13] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	struct container psk = psk_0a();
	struct rig *r = *state;

	warm();
	/* none at all is refused by some: zeros of the hash's size, which is the same */
	FAKE_PLAY({"81 4A 00 00 29 86010A D520" ZEROS_32 "91020001 00", PRK "9000"});
	assert_int_equal(hkdf(r, &psk, HASH_SHA256, (struct bytes){0}), ST_OK);
	expect_out(PRK);
	FAKE_PLAY({"81 4A 00 00 16 86010A D50D 000102030405060708090A0B0C 91020001 00", "6120"},
		  {"81 C0 00 00 20", PRK "9000"});
	assert_int_equal(hkdf(r, &psk, HASH_SHA256, BYTES_OF(salt)), ST_OK);
	expect_out(PRK);
	FAKE_PLAY({"81 4A 00 00 39 86010A D530" ZEROS_32 ZEROS_16 "91020002 00",
		   PRK ZEROS_16 "9000"});
	assert_int_equal(hkdf(r, &psk, HASH_SHA384, (struct bytes){0}), ST_OK);
	expect_out(PRK ZEROS_16);
	FAKE_PLAY({"81 4A 00 00 49 86010A D540" ZEROS_32 ZEROS_32 "91020004 00", PRK PRK "9000"});
	assert_int_equal(hkdf(r, &psk, HASH_SHA512, (struct bytes){0}), ST_OK);
	expect_out(PRK PRK);
}

static void test_hkdf_limits(void **state)
{
	static const uint8_t zeros[255];
	struct container psk = psk_0a();
	struct rig *r = *state;

	warm();
	/* 3 + 2 + 246 + 4 = 255 */
	FAKE_PLAY({"81 4A 00 00 FF 86010A D5F6 00*", PRK "9000"});
	assert_int_equal(hkdf(r, &psk, HASH_SHA256, bytes_of(zeros, 246)), ST_OK);
	expect_out(PRK);
	assert_int_equal(hkdf(r, &psk, HASH_SHA256, bytes_of(zeros, 247)), ST_ARG);
	assert_int_equal(hkdf(r, &psk, HASH_SHA1, (struct bytes){0}), ST_ARG);
	assert_int_equal(hkdf(r, &psk, HASH_NONE, (struct bytes){0}), ST_ARG);
	psk.derivations = 1; /* PRF only */
	assert_int_equal(hkdf(r, &psk, HASH_SHA256, (struct bytes){0}), ST_KEY_UNUSABLE);
	psk.kind = CONTAINER_FILE;
	assert_int_equal(hkdf(r, &psk, HASH_SHA256, (struct bytes){0}), ST_ARG);
	assert_int_equal(fake.enters, 1);
}

static void test_hkdf_lacking(void **state)
{
	static const char *const words[] = {"6D00", "6A86"};
	struct container psk = psk_0a();
	struct rig *r = *state;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		fake.has_record = false;
		rig_new_process(r);
		FAKE_PLAY(STEPS_OPENING, {"81 84 00 00 01", "AA 9000"}, {"81 4A 00*", words[i]},
			  {"01 A4 08*", "6A82"}, {"00 70 80 01", "9000"}, STEPS_OPENING,
			  {"81 4A 00*", words[i]});
		assert_int_equal(card_random(r->c, out, 1, soon()), ST_OK);
		assert_int_equal(hkdf(r, &psk, HASH_SHA256, (struct bytes){0}), ST_UNSUPPORTED);
		assert_int_equal(hkdf(r, &psk, HASH_SHA384, (struct bytes){0}), ST_UNSUPPORTED);
		fake_done();
	}
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(prf_general), T(prf_psk), T(prf_limits), T(prf_refused_early), T(malformed),
		T(lacking),	T(refused), T(hkdf),	   T(hkdf_limits),	 T(hkdf_lacking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
