/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures: two APDUs, every form of the answer, and the check under the container's public key
 * (iotsafe-protocol.md §5 rule 3, §10.10, §10.11, §12.1; design.md §3 (7), §7). */
#include "fake.h"

#include <string.h>

#include "keys.h"

#define D32 "A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0"
#define D48 D32 "C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0"
#define D64 D48 "D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0"
#define INIT "81 2A 00 01 0D 840101 A10103 91020001 920104"
#define UPDATE "81 2B 80 01 22 9E20" D32 "00"

static struct pair p256, p384, bp256, rsa, other;

static int make_keys(void **state)
{
	(void)state;
	pair_make_ec(&p256, CURVE_P256);
	pair_make_ec(&other, CURVE_P256);
	pair_make_ec(&p384, CURVE_P384);
	pair_make_ec(&bp256, CURVE_BRAINPOOL_P256R1);
	pair_make_rsa(&rsa);
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	pair_free(&p256);
	pair_free(&other);
	pair_free(&p384);
	pair_free(&bp256);
	pair_free(&rsa);
	return 0;
}

static struct container key_01(enum container_key_type type)
{
	return (struct container){.kind = CONTAINER_PRIVATE_KEY,
				  .id = {0x01},
				  .id_len = 1,
				  .activated = true,
				  .access = 0xFF,
				  .functions = FUNCTION_SIGN,
				  .key_type = type};
}

struct job {
	struct container key;
	struct card_sign_request rq;
	uint8_t digest[HASH_MAX];
	uint8_t sig[SIGNATURE_MAX];
	size_t n;
};

static void job_of(struct job *j, enum container_key_type type, enum card_sig sig,
		   enum hash_alg hash, const struct public_key *check)
{
	memset(j, 0, sizeof(*j));
	j->key = key_01(type);
	unhex(D64, j->digest, sizeof(j->digest));
	j->rq = (struct card_sign_request){.key = &j->key,
					   .sig = sig,
					   .hash = hash,
					   .digest = bytes_of(j->digest, hash_size(hash)),
					   .check = check};
	j->n = 99;
}

static void job_p256(struct job *j)
{
	job_of(j, KEY_P256, CARD_SIG_ECDSA, HASH_SHA256, &p256.pub);
}

static status sign(struct rig *r, struct job *j)
{
	return card_sign(r->c, &j->rq, j->sig, &j->n, soon());
}

static void expect_good(struct rig *r, struct job *j, const uint8_t *want, size_t n)
{
	assert_int_equal(sign(r, j), ST_OK);
	assert_int_equal(j->n, n);
	assert_memory_equal(j->sig, want, n);
	fake_done();
}

static void warm(void)
{
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
}

/* The promise of design.md §7: two APDUs a signature, three with GET RESPONSE. */
static void test_two_apdus(void **state)
{
	struct job j;
	uint8_t sig[SIGNATURE_MAX], answer[66] = {0x33, 0x40};

	job_p256(&j);
	pair_sign_ecdsa(&p256, j.rq.digest, sig);
	warm();
	memcpy(answer + 2, sig, 64);
	FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", BYTES_OF(answer)}, {INIT, "9000"},
		  {UPDATE, "61 42"}, {"81 C0 00 00 42", "9000", BYTES_OF(answer)});
	assert_int_equal(sign(*state, &j), ST_OK);
	assert_int_equal(fake.apdus, 2);
	expect_good(*state, &j, sig, 64);
	assert_int_equal(fake.apdus, 5);
}

/* Every header of tag 33, raw and DER. */
static void test_answer_forms(void **state)
{
	static const char *const raw_heads[] = {"3340", "330040", "338140", "33820040"};
	struct job j;
	uint8_t sig[SIGNATURE_MAX], der[SIGNATURE_MAX], answer[2 * SIGNATURE_MAX];
	size_t head, n;

	job_p256(&j);
	warm();
	pair_sign_ecdsa(&p256, j.rq.digest, sig);
	for (size_t i = 0; i < 4; i++) {
		head = unhex(raw_heads[i], answer, 8);
		memcpy(answer + head, sig, 64);
		FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", bytes_of(answer, head + 64)});
		expect_good(*state, &j, sig, 64);
	}
	for (int i = 0; i < 3; i++) {
		struct wtr w = WTR_ON(answer);

		n = pair_sign_der(&p256, j.rq.digest, der);
		wtr_u8(&w, 0x33);
		if (i == 1)
			wtr_u8(&w, 0x00);
		if (i == 2)
			wtr_u8(&w, 0x81);
		wtr_u8(&w, (uint8_t)n);
		wtr_put(&w, bytes_of(der, n));
		FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", wtr_bytes(&w)});
		assert_int_equal(sign(*state, &j), ST_OK);
		assert_int_equal(j.n, 64);
		fake_done();
	}
}

static void test_curves_and_hashes(void **state)
{
	const struct {
		struct pair *pair;
		enum container_key_type type;
		enum hash_alg hash;
		const char *init, *update;
	} rows[] = {
		{&p384, KEY_P384, HASH_SHA384, "81 2A 00 01 0D 840101 A10103 91020002 920104",
		 "81 2B 80 01 32 9E30" D48 "00"},
		{&p384, KEY_P384, HASH_SHA256, "81 2A 00 01 0D 840101 A10103 91020001 920104",
		 "81 2B 80 01 22 9E20" D32 "00"},
		{&bp256, KEY_BRAINPOOL_P256R1, HASH_SHA256,
		 "81 2A 00 01 0D 840101 A10103 91020001 920104", "81 2B 80 01 22 9E20" D32 "00"},
		{&p256, KEY_P256, HASH_SHA512, "81 2A 00 01 0D 840101 A10103 91020004 920104",
		 "81 2B 80 01 42 9E40" D64 "00"},
	};

	warm();
	for (size_t i = 0; i < 4; i++) {
		uint8_t answer[2 + SIGNATURE_MAX] = {0x33};
		struct job j;
		size_t n;

		job_of(&j, rows[i].type, CARD_SIG_ECDSA, rows[i].hash, &rows[i].pair->pub);
		n = pair_sign_ecdsa(rows[i].pair, j.rq.digest, answer + 2);
		answer[1] = (uint8_t)n;
		FAKE_PLAY({rows[i].init, "9000"},
			  {rows[i].update, "9000", bytes_of(answer, n + 2)});
		expect_good(*state, &j, answer + 2, n);
	}
}

static void test_rsa(void **state)
{
	struct job j;
	uint8_t answer[3 + 256] = {0x33, 0x01, 0x00};

	warm();
	job_of(&j, KEY_RSA2048, CARD_SIG_RSA_PKCS1, HASH_SHA256, &rsa.pub);
	assert_int_equal(pair_sign_rsa(&rsa, false, HASH_SHA256, j.rq.digest, answer + 3), 256);
	FAKE_PLAY({"81 2A 00 01 0D 840101 A10103 91020001 920101", "9000"},
		  {UPDATE, "61 03", bytes_of(answer, 256)},
		  {"81 C0 00 00 03", "9000", bytes_of(answer + 256, 3)});
	expect_good(*state, &j, answer + 3, 256);

	job_of(&j, KEY_RSA2048, CARD_SIG_RSA_PSS, HASH_SHA512, &rsa.pub);
	assert_int_equal(pair_sign_rsa(&rsa, true, HASH_SHA512, j.rq.digest, answer + 3), 256);
	FAKE_PLAY({"81 2A 00 01 0D 840101 A10103 91020004 920102", "9000"},
		  {"81 2B 80 01 42 9E40" D64 "00", "61 00"},
		  {"81 C0 00 00 00", "61 03", bytes_of(answer, 256)},
		  {"81 C0 00 00 03", "9000", bytes_of(answer + 256, 3)});
	expect_good(*state, &j, answer + 3, 256);
}

/* A key without ID is addressed by its label; a long ID fits. */
static void test_address(void **state)
{
	uint8_t answer[66] = {0x33, 0x40};
	struct job j;

	warm();
	job_p256(&j);
	pair_sign_ecdsa(&p256, j.rq.digest, answer + 2);
	j.key.id_len = 0;
	memcpy(j.key.label, "key", 3);
	j.key.label_len = 3;
	FAKE_PLAY({"81 2A 00 01 0F 74036B6579 A10103 91020001 920104", "9000"},
		  {UPDATE, "9000", BYTES_OF(answer)});
	expect_good(*state, &j, answer + 2, 64);
	memset(j.key.label, 'x', CONTAINER_LABEL_MAX);
	j.key.label_len = CONTAINER_LABEL_MAX;
	FAKE_PLAY({"81 2A 00 01 48 743C 787878*", "9000"}, {UPDATE, "9000", BYTES_OF(answer)});
	expect_good(*state, &j, answer + 2, 64);
	memset(j.key.id, 0x77, CONTAINER_ID_MAX);
	j.key.id_len = CONTAINER_ID_MAX;
	FAKE_PLAY({"81 2A 00 01 20 8414 777777*", "9000"}, {UPDATE, "9000", BYTES_OF(answer)});
	expect_good(*state, &j, answer + 2, 64);
}

/* Answers that are no signature: the operation is repeated twice at most, then an error. */
static void test_malformed_answers(void **state)
{
	static const char *const answers[] = {
		"9000",
		"33 9000",
		"3300 9000",
		"330000 9000",
		"3341 01 9000",
		"9E40 0102 9000",
		"3306 3004 0200 0200 9000",
		"3308 3006 020101 020101 00 9000",
		"330A 3008 020101 0204010203 9000",
		"3308 3107 020101 020101 9000",
	};
	struct rig *r = *state;
	struct job j;

	warm();
	for (size_t i = 0; i < 10; i++) {
		struct step all[] = {{INIT, "9000"}, {UPDATE, answers[i]},
				     {INIT, "9000"}, {UPDATE, answers[i]},
				     {INIT, "9000"}, {UPDATE, answers[i]}};

		job_p256(&j);
		fake_play(all, 6);
		assert_int_equal(sign(r, &j), ST_MALFORMED);
		assert_int_equal(j.n, 99); /* outputs untouched */
		fake_done();
	}
}

/* A signature that does not verify: SELECT again and one repeat; then it is good, or ST_SIG_BAD. */
static void test_bad_signature(void **state)
{
	uint8_t good[66] = {0x33, 0x40}, bad[66] = {0x33, 0x40}, untouched[SIGNATURE_MAX] = {0};
	struct job j;

	warm();
	job_p256(&j);
	pair_sign_ecdsa(&p256, j.rq.digest, good + 2);
	pair_sign_ecdsa(&other, j.rq.digest, bad + 2);
	FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", BYTES_OF(bad)}, {"01 A4 08 0C 02 2FE2", "9000"},
		  STEP_READ_ICCID, STEP_SELECT, {INIT, "9000"}, {UPDATE, "9000", BYTES_OF(good)});
	expect_good(*state, &j, good + 2, 64);

	job_p256(&j);
	FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", BYTES_OF(bad)}, {"01 A4 08 0C 02 2FE2", "9000"},
		  STEP_READ_ICCID, STEP_SELECT, {INIT, "9000"}, {UPDATE, "9000", BYTES_OF(bad)});
	assert_int_equal(sign(*state, &j), ST_SIG_BAD);
	assert_int_equal(j.n, 99);
	assert_memory_equal(j.sig, untouched, sizeof(untouched));
	fake_done();

	/* r = s = 0, and all ones: not signatures of anything */
	memset(bad + 2, 0, 64);
	rig_new_process(*state);
	FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", BYTES_OF(bad)}, {"01 A4 08 0C 02 2FE2", "9000"},
		  STEP_READ_ICCID, STEP_SELECT, {INIT, "9000"}, {UPDATE, "9000", BYTES_OF(bad)});
	assert_int_equal(sign(*state, &j), ST_SIG_BAD);
	fake_done();
}

/* check-signatures = no: the caller gives no key, and gets what the card gave. */
static void test_unchecked(void **state)
{
	uint8_t bad[66] = {0x33, 0x40, 1};
	struct job j;

	warm();
	job_p256(&j);
	j.rq.check = NULL;
	FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", BYTES_OF(bad)});
	expect_good(*state, &j, bad + 2, 64);
}

/* A swapped SIM with the same container: found by the check's SELECT. */
static void test_swapped_sim(void **state)
{
	uint8_t bad[66] = {0x33, 0x40};
	struct job j;

	warm();
	job_p256(&j);
	pair_sign_ecdsa(&other, j.rq.digest, bad + 2);
	FAKE_PLAY({INIT, "9000"}, {UPDATE, "9000", BYTES_OF(bad)}, {"01 A4 08 0C 02 2FE2", "9000"},
		  {"01 B0 00 00 0A", "98881021436587092114 9000"});
	assert_int_equal(sign(*state, &j), ST_CARD_CHANGED);
	fake_done();
}

/* Refused on the host, before any APDU. */
static void test_refused_early(void **state)
{
	struct rig *r = *state;
	struct job j;

	job_p256(&j);
	j.key.kind = CONTAINER_PUBLIC_KEY;
	assert_int_equal(sign(r, &j), ST_ARG);
	job_p256(&j);
	j.rq.digest.n = 31;
	assert_int_equal(sign(r, &j), ST_ARG);
	job_p256(&j);
	j.rq.digest.n = 0;
	j.rq.hash = HASH_NONE;
	assert_int_equal(sign(r, &j), ST_ARG);
	job_of(&j, KEY_P256, CARD_SIG_ECDSA, HASH_SHA1, NULL);
	assert_int_equal(sign(r, &j), ST_ARG);
	job_of(&j, KEY_P256, CARD_SIG_RSA_PKCS1, HASH_SHA256, NULL);
	assert_int_equal(sign(r, &j), ST_KEY_KIND);
	job_of(&j, KEY_RSA2048, CARD_SIG_ECDSA, HASH_SHA256, NULL);
	assert_int_equal(sign(r, &j), ST_KEY_KIND);
	job_of(&j, KEY_HMAC, CARD_SIG_RSA_PKCS1, HASH_SHA256, NULL);
	assert_int_equal(sign(r, &j), ST_KEY_KIND);
	job_p256(&j);
	j.key.activated = false;
	assert_int_equal(sign(r, &j), ST_KEY_UNUSABLE);
	job_p256(&j);
	j.key.functions = FUNCTION_AGREE | FUNCTION_KEYGEN;
	assert_int_equal(sign(r, &j), ST_KEY_UNUSABLE);
	job_p256(&j);
	j.key.sig_algs = SIG_RSA_PKCS1;
	assert_int_equal(sign(r, &j), ST_KEY_UNUSABLE);
	job_p256(&j);
	j.key.hash_algs = CARD_SHA384 | CARD_SHA512;
	assert_int_equal(sign(r, &j), ST_KEY_UNUSABLE);
	assert_int_equal(fake.enters, 0);
}

/* 63CF in the middle of a signature: the request's container is a view into the catalog, and it is
 * still needed to decode the answer. */
static void test_63cf_while_signing(void **state)
{
	struct rig *r = *state;
	const struct catalog *cat;
	uint8_t answer[66] = {0x33, 0x40};
	struct job j;

	warm();
	job_p256(&j);
	pair_sign_ecdsa(&p256, j.rq.digest, answer + 2);
	FAKE_PLAY({"81 CB 01 00 00", "840101 4B0113 610101 9000"}, {INIT, "63CF"},
		  {UPDATE, "63CF", BYTES_OF(answer)});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	j.rq.key = &cat->item[0];
	expect_good(r, &j, answer + 2, 64);
}

/* First use without any cache, counted: design.md §7 allows eight and the certificate's chunks. */
static void test_first_use_count(void **state)
{
	struct rig *r = *state;
	uint8_t answer[66] = {0x33, 0x40};
	const struct catalog *cat;
	struct job j;

	job_p256(&j);
	pair_sign_ecdsa(&p256, j.rq.digest, answer + 2);
	FAKE_PLAY(STEPS_OPENING, {"81 CB 01 00 00", "840101 4B0113 610101 9000"}, {INIT, "9000"},
		  {UPDATE, "9000", BYTES_OF(answer)});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	assert_int_equal(card_stats(r->c)->apdus, 5);
	expect_good(r, &j, answer + 2, 64);
	assert_int_equal(card_stats(r->c)->apdus, 7);
	/* the next process: the list, and two APDUs a signature */
	rig_new_process(r);
	FAKE_PLAY({"81 CB 01 00 00", "840101 4B0113 610101 9000"}, {INIT, "9000"},
		  {UPDATE, "9000", BYTES_OF(answer)});
	assert_int_equal(card_catalog(r->c, &cat, soon()), ST_OK);
	expect_good(r, &j, answer + 2, 64);
	assert_int_equal(card_stats(r->c)->apdus, 3);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(two_apdus),	T(answer_forms),      T(curves_and_hashes),  T(rsa),
		T(address),	T(malformed_answers), T(bad_signature),	     T(unchecked),
		T(swapped_sim), T(refused_early),     T(63cf_while_signing), T(first_use_count),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
