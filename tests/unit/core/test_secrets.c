/* SPDX-License-Identifier: Apache-2.0 */
/* What the card gives out or is given in secret stands in no log and in no memory of ours:
 * agreement, derivation, MAC (iotsafe-protocol.md §17.9). */
#include "fake.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "card_impl.h"
#include "card_keys.h"
#include "log.h"
#include "mem.h"

/* In every secret, and in nothing else. */
#define S4 "C0FFEE77"
#define S16 S4 S4 S4 S4
#define S32 S16 S16
#define POINT                                                                                      \
	"04D569954216F62264F01B78ED599898D12C436A4633505DA18B008D5529E09AF2"                       \
	"83ED5E453EDC8B5492704C1B8D48895857442057335B39078AF27A9008DC1401"

static uint8_t out[EC_POINT_MAX];

static struct container secret_key(enum container_key_type type)
{
	return (struct container){.kind = CONTAINER_SECRET_KEY,
				  .id = {0x0A},
				  .id_len = 1,
				  .activated = true,
				  .functions = 0xFF,
				  .key_type = type};
}

static status agree(struct rig *r)
{
	struct public_key peer = {.kind = PUBLIC_EC, .curve = CURVE_P256};
	const struct catalog *cat;
	size_t n;

	peer.point_len = unhex(POINT, peer.point, sizeof(peer.point));
	FAKE_PLAY({"81 CB 01 00 00", "840104 4A0101 4B0114 610104"
				     "850105 600103 4A0100 4B0113 610104 9000"},
		  {"81 CD*", "6985"}, {"81 24 00*", "9000"}, {"81 D8*", "9000"},
		  {"81 24 01*", "9000"}, {"81 46*", "6120"}, {"81 C0*", S32 "9000"});
	TRY(card_catalog(r->c, &cat, soon()));
	return card_agree(r->c, &cat->item[0], &peer, out, &n, soon());
}

static status prf(struct rig *r)
{
	uint8_t secret[32] = {0};
	struct card_prf_request rq = {
		.secret = bytes_of(secret, 32), .label_seed = BYTES_LIT("label"), .n = 32};

	unhex(S32, secret, sizeof(secret));
	FAKE_PLAY({"81 48 00 00 2C D120" S32 "*", "6120"}, {"81 C0*", S32 "9000"});
	return card_prf(r->c, &rq, out, soon());
}

static status prf_with_z(struct rig *r)
{
	uint8_t z[32] = {0};
	struct container key = secret_key(KEY_HMAC);
	struct card_prf_request rq = {.mode = CARD_PRF_PSK_ECDHE,
				      .key = &key,
				      .other = bytes_of(z, 32),
				      .label_seed = BYTES_LIT("label"),
				      .n = 32};

	unhex(S32, z, sizeof(z));
	FAKE_PLAY({"81 48 02 00 2F 86010A D420" S32 "*", S32 "9000"});
	return card_prf(r->c, &rq, out, soon());
}

static status hkdf(struct rig *r)
{
	struct container key = secret_key(KEY_HMAC);

	FAKE_PLAY({"81 4A*", S32 "9000"});
	return card_hkdf_extract(r->c, &key, HASH_SHA256, BYTES_LIT("salt"), out, soon());
}

static status cmac(struct rig *r)
{
	struct container key = secret_key(KEY_AES_CMAC);
	uint8_t data[16];

	unhex(S16, data, sizeof(data));
	FAKE_PLAY({"81 2A 00*", "9000"}, {"81 2B 80 01 12 9F10" S16 "00", "3310" S16 "9000"},
		  {"81 2A 01*", "9000"});
	return card_cmac(r->c, &key, BYTES_OF(data), out, soon());
}

static status (*const uses[])(struct rig *r) = {agree, prf, prf_with_z, hkdf, cmac};

static void test_memory(void **state)
{
	struct rig *r = *state;
	uint8_t secret[16];

	unhex(S16, secret, sizeof(secret));
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
		memset(out, 0, sizeof(out));
		assert_int_equal(uses[i](r), ST_OK);
		assert_memory_equal(out, secret, sizeof(secret));
		assert_null(memmem(r->c, sizeof(*r->c), secret, 4));
		fake_done();
	}
}

static void test_log(void **state)
{
	struct rig *r = *state;
	static char text[65536];
	int log = memfd_create("log", MFD_CLOEXEC), err = dup(STDERR_FILENO);
	status st = ST_OK;
	ssize_t n;

	assert_true(log >= 0 && err >= 0);
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
	dup2(log, STDERR_FILENO);
	log_set(LOG_LEVEL_TRACE, LOG_TO_STDERR);
	for (size_t i = 0; i < ARRAY_LEN(uses) && st == ST_OK; i++)
		st = uses[i](r);
	log_set(LOG_LEVEL_OFF, LOG_TO_STDERR);
	dup2(err, STDERR_FILENO);
	close(err);
	n = pread(log, text, sizeof(text) - 1, 0);
	close(log);
	assert_int_equal(st, ST_OK);
	fake_done();
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "COMPUTE DH"));
	assert_non_null(strstr(text, "COMPUTE PRF"));
	assert_non_null(strstr(text, "COMPUTE HKDF"));
	assert_null(strcasestr(text, S4));
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {T(memory), T(log)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
