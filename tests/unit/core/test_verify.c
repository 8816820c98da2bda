/* SPDX-License-Identifier: Apache-2.0 */
/* VERIFY SIGNATURE: both widths of the header of tag 33, learned from signatures or by trying
 * (iotsafe-protocol.md §10.12, §15.3, §17.6). */
#include "fake.h"

#include "card_keys.h"
#include "mem.h"

#define D32 "A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0"
#define S32 "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
#define INIT                                                                                       \
	{                                                                                          \
		"81 2C 00 01 0D 850102 A10103 91020001 920104", "9000"                             \
	}
#define LONG "81 2D 80 01 65 9E20" D32 "330040" S32 S32
#define SHORT "81 2D 80 01 64 9E20" D32 "3340" S32 S32
#define CLOSE                                                                                      \
	{                                                                                          \
		"81 2C 01 01", "9000"                                                              \
	}

struct job {
	struct container key;
	struct card_verify_request rq;
	uint8_t digest[HASH_MAX], sig[SIGNATURE_MAX];
};

static void job_of(struct job *j)
{
	*j = (struct job){.key = {.kind = CONTAINER_PUBLIC_KEY,
				  .id = {0x02},
				  .id_len = 1,
				  .activated = true,
				  .functions = FUNCTION_SIGN,
				  .key_type = KEY_P256}};
	unhex(D32, j->digest, 32);
	unhex(S32 S32, j->sig, 64);
	j->rq = (struct card_verify_request){.key = &j->key,
					     .hash = HASH_SHA256,
					     .digest = bytes_of(j->digest, 32),
					     .sig = bytes_of(j->sig, 64)};
}

static void expect(void **state, status want)
{
	struct rig *r = *state;
	struct job j;

	job_of(&j);
	assert_int_equal(card_verify(r->c, &j.rq, soon()), want);
	fake_done();
}

static void warm(void)
{
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
}

/* The long header first; what worked is remembered. */
static void test_long(void **state)
{
	warm();
	FAKE_PLAY(INIT, {LONG, "9000"}, CLOSE);
	expect(state, ST_OK);
	FAKE_PLAY(INIT, {LONG, "6D01"}, CLOSE);
	expect(state, ST_SIG_BAD);
}

static void test_short(void **state)
{
	static const char *const words[] = {"6A80", "6700", "6D01"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		rig_new_process(*state);
		warm();
		FAKE_PLAY(INIT, {LONG, words[i]}, CLOSE, INIT, {SHORT, "9000"}, CLOSE);
		expect(state, ST_OK);
		FAKE_PLAY(INIT, {SHORT, "9000"}, CLOSE);
		expect(state, ST_OK);
		/* a bad one is bad at once, and no reason to select again */
		FAKE_PLAY(INIT, {SHORT, "6D01"}, CLOSE);
		expect(state, ST_SIG_BAD);
	}
	/* 6985 is asked again in the same form first */
	rig_new_process(*state);
	warm();
	FAKE_PLAY(INIT, {LONG, "6985"}, CLOSE, INIT, {LONG, "6985"}, CLOSE, INIT, {SHORT, "9000"},
		  CLOSE);
	expect(state, ST_OK);
}

/* Neither form says yes, and one says no: no. The other may still be the right one. */
static void test_bad(void **state)
{
	warm();
	FAKE_PLAY(INIT, {LONG, "6D01"}, CLOSE, INIT, {SHORT, "6D01"}, CLOSE);
	expect(state, ST_SIG_BAD);
	FAKE_PLAY(INIT, {LONG, "6A80"}, CLOSE, INIT, {SHORT, "6D01"}, CLOSE);
	expect(state, ST_SIG_BAD);
	FAKE_PLAY(INIT, {LONG, "6D01"}, CLOSE, INIT, {SHORT, "6A80"}, CLOSE);
	expect(state, ST_SIG_BAD);
	FAKE_PLAY(INIT, {LONG, "9000"}, CLOSE);
	expect(state, ST_OK);
}

/* The width that the card signs with is the one that it reads. */
static void test_learned(void **state)
{
	static const struct {
		const char *answer, *update;
	} rows[] = {{"3340" S32 S32 "9000", SHORT}, {"330040" S32 S32 "9000", LONG}};
	uint8_t sig[SIGNATURE_MAX];
	struct job j;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct card_sign_request rq;
		struct container key;

		job_of(&j);
		key = j.key;
		key.kind = CONTAINER_PRIVATE_KEY;
		rq = (struct card_sign_request){
			.key = &key, .hash = HASH_SHA256, .digest = j.rq.digest};
		warm();
		FAKE_PLAY({"81 2A 00 01 0D 840102 A10103 91020001 920104", "9000"},
			  {"81 2B 80 01 22 9E20" D32 "00", rows[i].answer}, INIT,
			  {rows[i].update, "6D01"}, CLOSE);
		assert_int_equal(card_sign(((struct rig *)*state)->c, &rq, sig, &n, soon()), ST_OK);
		expect(state, ST_SIG_BAD);
		/* it is no law */
		FAKE_PLAY(INIT, {rows[i].update, "6A80"}, CLOSE, INIT,
			  {rows[i ? 0 : 1].update, "9000"}, CLOSE);
		expect(state, ST_OK);
	}
}

/* Refusals that have nothing to do with the header. */
static void test_refused(void **state)
{
	struct rig *r = *state;

	FAKE_PLAY(STEPS_OPENING, {"81 2C 00 01 0D 850102 A10103 91020001 920104", "6A82"});
	expect(state, ST_SW_NOT_FOUND);
	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY(STEPS_OPENING, INIT, {LONG, "6982"}, CLOSE);
	expect(state, ST_SW_SECURITY);
	fake.has_record = false;
	rig_new_process(r);
	FAKE_PLAY(STEPS_OPENING, INIT, {LONG, "6A80"}, CLOSE, INIT, {SHORT, "6700"}, CLOSE);
	expect(state, ST_SW_DATA);
}

static void test_p384(void **state)
{
	struct rig *r = *state;
	struct job j;

	job_of(&j);
	j.key.key_type = KEY_P384;
	j.rq.hash = HASH_SHA384;
	j.rq.digest.n = 48;
	j.rq.sig.n = 96;
	warm();
	FAKE_PLAY({"81 2C 00 01 0D 850102 A10103 91020002 920104", "9000"},
		  {"81 2D 80 01 95 9E30" D32 "00*", "9000"}, CLOSE);
	assert_int_equal(card_verify(r->c, &j.rq, soon()), ST_OK);
	assert_memory_equal(fake.log[1], "\x81\x2D\x80\x01\x95\x9E\x30", 7);
	fake_done();
}

static void expect_early(struct rig *r, const struct job *j, status want)
{
	assert_int_equal(card_verify(r->c, &j->rq, soon()), want);
	assert_int_equal(fake.enters, 0);
}

static void test_refused_early(void **state)
{
	struct job j;

	job_of(&j);
	j.key.kind = CONTAINER_PRIVATE_KEY;
	expect_early(*state, &j, ST_ARG);
	job_of(&j);
	j.rq.digest.n = 31;
	expect_early(*state, &j, ST_ARG);
	job_of(&j);
	j.rq.hash = HASH_SHA1;
	j.rq.digest.n = 20;
	expect_early(*state, &j, ST_ARG);
	job_of(&j);
	j.rq.sig.n = 63;
	expect_early(*state, &j, ST_SIG_LEN);
	job_of(&j);
	j.key.key_type = KEY_RSA2048;
	expect_early(*state, &j, ST_KEY_KIND);
	job_of(&j);
	j.key.activated = false;
	expect_early(*state, &j, ST_KEY_UNUSABLE);
	job_of(&j);
	j.key.functions = FUNCTION_AGREE;
	expect_early(*state, &j, ST_KEY_UNUSABLE);
	job_of(&j);
	j.key.sig_algs = SIG_RSA_PSS;
	expect_early(*state, &j, ST_KEY_UNUSABLE);
	job_of(&j);
	j.key.hash_algs = CARD_SHA512;
	expect_early(*state, &j, ST_KEY_UNUSABLE);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(long), T(short), T(bad), T(learned), T(refused), T(p384), T(refused_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
