/* SPDX-License-Identifier: Apache-2.0 */
/* What reaches the card beside its commands: values given to iotsafe-sim new, the control command
 * for a container; and key generation that renames. */
#include "card_rig.h"

#include <stdio.h>
#include <string.h>

#include "deadline.h"

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

static int fresh(void **state)
{
	rig_control(*state, "reset", "ok");
	rig_select(*state);
	return 0;
}

/* RFC 5903 §8.1: a private number and its point */
#define NUMBER "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433"
#define POINT                                                                                      \
	"04DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180"                       \
	"5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3"

/* Makes a second card with these options and puts it in. */
static void swap_for(struct rig *r, struct make_options *o)
{
	char path[80], text[100], err[256] = "";
	snprintf(path, sizeof(path), "%s/given", r->dir);
	if (sim_card_create(path, o, err) != ST_OK)
		fail_msg("%s", err);
	snprintf(text, sizeof(text), "swap %s", path);
	rig_control(r, text, "ok");
	rig_select(r);
}

static void test_given_values(void **state)
{
	struct rig *r = rig_new("empty", 0);
	struct make_options o = {
		.profile = "full",
		.key = {"01=" NUMBER},
		.keys = 1,
		.secret = {"0A=000102030405060708090A0B0C0D0E0F",
			   "0B=2B7E151628AED2A6ABF7158809CF4F3C"},
		.secrets = 2,
	};
	(void)state;
	swap_for(r, &o);
	rig_expect(r, "81 CD 00 00 03 850101", "34454943 8641" POINT "9000");
	/* its certificate was issued for it */
	snprintf(r->card_dir, sizeof(r->card_dir), "%s/given", r->dir);
	EVP_PKEY *key = rig_certificate_key(r, "device.pem");
	uint8_t point[80];
	size_t n = 0;
	assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof(point), &n), 1);
	assert_string_equal(rig_hex(bytes_of(point, n)), POINT);
	EVP_PKEY_free(key);
	rig_expect(r, "81 4A 00 00 0C 86010A D503010203 91020001", "*9000");
	rig_expect(r, "81 2A 00 00 09 86010B A10101 920108", "9000");
	rig_expect(r, "81 2B 80 00 02 9F00", "3310BB1D6929E95937287FA37D129B756746 9000");
	rig_free(r);
}

/* A pair that the profile leaves empty is filled, both halves. */
static void test_given_to_an_empty_pair(void **state)
{
	struct rig *r = rig_new("empty", 0);
	struct make_options o = {.profile = "zariot", .key = {"303031=" NUMBER}, .keys = 1};
	(void)state;
	swap_for(r, &o);
	rig_control(r, "config set t0 no", "ok");
	rig_expect(r, "81 CD 00 00 05 8503303032", "34454943 8641" POINT "9000");
	rig_free(r);
}

static void test_given_wrongly(void **state)
{
	static const struct {
		const char *key, *secret, *why;
	} rows[] = {
		{"01", NULL, "--key: expected ID=VALUE in hexadecimal"},
		{"01=", NULL, "--key: not a private key of P-256"},
		{"01=00", NULL, "--key: not a private key of P-256"},
		{"01=0g", NULL, "--key: expected ID=VALUE in hexadecimal"},
		{"01=0000000000000000000000000000000000000000000000000000000000000000", NULL,
		 "--key: not a private key of P-256"},
		{"01=FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", NULL,
		 "--key: not a private key of P-256"},
		{"99=" NUMBER, NULL, "--key: there is no private key 99"},
		{"1=" NUMBER, NULL, "--key: there is no private key 1"},
		{"04=" NUMBER, NULL, "--key: 04 is volatile"},
		{"1201=" NUMBER, NULL, "--key: not a private key of RSA-2048"},
		{NULL, "0A", "--secret: expected ID=VALUE in hexadecimal"},
		{NULL, "0A=", "--secret: a secret of this type has 1 to 255 bytes"},
		{NULL, "0B=00", "--secret: a secret of this type has 16 bytes"},
		{NULL, "01=00", "--secret: there is no secret key 01"},
	};
	struct rig *r = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct make_options o = {.profile = "full",
					 .key = {rows[i].key},
					 .keys = rows[i].key != NULL,
					 .secret = {rows[i].secret},
					 .secrets = rows[i].secret != NULL};
		char path[80], err[256] = "";
		snprintf(path, sizeof(path), "%s/wrong%zu", r->dir, i);
		assert_int_not_equal(sim_card_create(path, &o, err), ST_OK);
		if (strncmp(err, rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("said: %s", err);
	}
}

static void test_object_command(void **state)
{
	struct rig *r = *state;
	rig_control(r, "object private 01",
		    "ok label=device access=02 state=01 type=13 usage=01 functions=03 "
		    "signature=04 hashes=0007 agreement=00 derivation=00 locked=00 ");
	rig_control(r, "object private 04", "ok label=ephemeral access=02 state=00 type=14");
	rig_control(r, "object private 04 value " NUMBER, "ok"); /* a volatile one too */
	rig_expect(r, "81 CD 00 00 03 850104", "34454943 8641" POINT "9000");
	rig_control(r, "reset", "ok");
	rig_select(r);
	rig_expect(r, "81 CD 00 00 03 850104", "6985");
	rig_control(r, "object file 20 value 414243", "ok");
	rig_expect(r, "81 B0 00 00 03 830120", "414243 9000");
	rig_control(r, "object file 20 access 00", "ok");
	rig_expect(r, "81 B0 00 00 03 830120", "6985");
	rig_control(r, "object private 01 hashes 0001", "ok");
	rig_expect(r, "81 2A 00 00 0D 840101 A10103 91020002 920104", "6985");
	rig_control(r, "object private 01 hashes 0007", "ok");
	rig_reload(r); /* what it did is kept */
	rig_select(r);
	rig_expect(r, "81 B0 00 00 03 830120", "6985");
	rig_control(r, "object file 20 access 01", "ok");
	rig_expect(r, "81 B0 00 00 03 830120", "414243 9000");
}

static void test_object_command_refused(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"object", "error unknown control command"},
		{"object private", "error object: expected KIND ID"},
		{"object key 01", "error object: no container of that kind and id"},
		{"object private 99", "error object: no container of that kind and id"},
		{"object private 0", "error object: no container of that kind and id"},
		{"object private 01 colour 00", "error a container has no attribute of that name"},
		{"object private 01 access", "error access: expected 2 hexadecimal digits"},
		{"object private 01 access 100", "error access: expected 2 hexadecimal digits"},
		{"object private 01 hashes xx", "error hashes: expected 4 hexadecimal digits"},
		{"object private 01 value 00", "error not a private key of P-256"},
		{"object private 01 value 0", "error value: expected hexadecimal"},
		{"object public 01 value 00", "error a public key follows its private key"},
		{"object secret 0B value 00", "error a secret of this type has 16 bytes"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		rig_control(*state, rows[i].text, rows[i].want);
}

/* §20 row 19 */
static void test_keygen_new_ids(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set keygen-new-ids yes", "ok");
	/* 05 to 07 are public keys of others */
	struct reply made = rig_send(r, "81 B9 00 00 03 840104");
	assert_int_equal(made.sw, 0x9000);
	assert_memory_equal(made.b, "\x84\x01\x08\x85\x01\x08\x34", 7);
	char want[200];
	snprintf(want, sizeof(want), "%s9000", rig_hex(bytes_of(made.b + 6, 71)));
	rig_expect(r, "81 CD 00 00 03 850104", "6A82");
	rig_expect(r, "81 CD 00 00 03 850108", want);
	rig_expect(r, "81 CB C1 00 03 840104", "6A82");
	rig_expect(r, "81 CB C1 00 03 840108", "C1*840108*4A0101*9000");
	rig_expect(r, "81 B9 00 00 0B 7409 657068656D6572616C", "840109 850109*9000");
	/* halves of different ids move together, over the end of the byte too */
	rig_expect(r, "81 B9 00 00 03 840117", "840118 850119*9000");
	rig_control(r, "config set keygen-answer none", "ok"); /* then only the list tells */
	rig_expect(r, "81 B9 00 00 03 840109", "9000");
	rig_expect(r, "81 CB C2 00 0B 7509 657068656D6572616C", "C2*85010A*9000");
	rig_control(r, "config set keygen-answer full", "ok");
	rig_reload(r);
	rig_select(r);
	rig_expect(r, "81 CD 00 00 03 850119", "3445*9000");
	rig_control(r, "config set keygen-new-ids no", "ok");
	rig_expect(r, "81 B9 00 00 03 84010A", "84010A 85010A*9000");
}

static void test_keygen_takes_its_time(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set keygen-ms 120", "ok");
	int64_t start = deadline_now();
	rig_expect(r, "81 B9 00 00 03 84011B", "*9000");
	assert_true(deadline_now() - start >= 120 * 1000000LL);
	start = deadline_now();
	rig_expect(r, "81 84 00 00 08", "*9000");
	assert_true(deadline_now() - start < 120 * 1000000LL);
	rig_control(r, "config set keygen-ms 0", "ok");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_values),
		cmocka_unit_test(test_given_to_an_empty_pair),
		cmocka_unit_test(test_given_wrongly),
		cmocka_unit_test_setup(test_object_command, fresh),
		cmocka_unit_test_setup(test_object_command_refused, fresh),
		cmocka_unit_test_setup(test_keygen_new_ids, fresh),
		cmocka_unit_test_setup(test_keygen_takes_its_time, fresh),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
