/* SPDX-License-Identifier: Apache-2.0 */
/* COMPUTE and VERIFY SIGNATURE: modes, hashes, keys, sessions. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "card_rig.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

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

static const char text[] =
	"a text of more than one block, so that the last-block mode has some work "
	"to do: sixty-four bytes at least, and then a tail";

static struct bytes digest_of(const EVP_MD *md, const void *p, size_t n)
{
	static uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	assert_int_equal(EVP_Digest(p, n, digest, &len, md, NULL), 1);
	return bytes_of(digest, len);
}

/* The public half that the card shows, as a key of libcrypto's own making. */
static EVP_PKEY *public_of(struct rig *r, const char *id_tlv, const char *group)
{
	char cmd[80];
	snprintf(cmd, sizeof(cmd), "81CD0000%02zX%s", strlen(id_tlv) / 2, id_tlv);
	struct reply got = rig_send(r, cmd);
	assert_int_equal(got.sw, 0x9000);
	assert_int_equal(got.n, 6u + got.b[5]);
	const uint8_t *point = got.b + 6;
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("group", (char *)(uintptr_t)group, 0),
		OSSL_PARAM_construct_octet_string("pub", (void *)(uintptr_t)point, got.b[5]),
		OSSL_PARAM_construct_end(),
	};
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static void test_every_hash_on_every_curve(void **state)
{
	static const struct {
		const char *priv, *pub, *group;
		size_t field;
	} keys[] = {
		{"840101", "850101", "P-256", 32},
		{"84021001", "85021002", "P-384", 48},
		{"84021101", "85021102", "brainpoolP256r1", 32},
	};
	struct rig *r = *state;
	const EVP_MD *const mds[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
	for (size_t k = 0; k < 3; k++) {
		EVP_PKEY *key = public_of(r, keys[k].pub, keys[k].group);
		for (size_t h = 0; h < 3; h++) {
			struct bytes digest = digest_of(mds[h], text, strlen(text));
			char cmd[200];
			rig_expectf(r, "9000", "812A0001%02zX%sA101039102000%d920104",
				    strlen(keys[k].priv) / 2 + 10, keys[k].priv, 1 << h);
			snprintf(cmd, sizeof(cmd), "812B8001%02zX9E%02zX%s", digest.n + 2, digest.n,
				 rig_hex(digest));
			struct reply got = rig_send(r, cmd);
			assert_int_equal(got.sw, 0x9000);
			assert_int_equal(got.n, 3 + 2 * keys[k].field);
			assert_int_equal(got.b[0], 0x33);
			assert_int_equal(got.b[1] << 8 | got.b[2], 2 * keys[k].field);
			assert_true(rig_verifies(key, NULL, false, digest,
						 bytes_of(got.b + 3, 2 * keys[k].field)));
		}
		EVP_PKEY_free(key);
	}
}

static void test_text_mode(void **state)
{
	struct rig *r = *state;
	EVP_PKEY *key = rig_certificate_key(r, "device.pem");
	struct bytes all = bytes_of(text, strlen(text));
	rig_expect(r, "812A00010D 840101 A10101 91020001 920104", "9000");
	for (size_t at = 0; at < all.n; at += 10) {
		size_t n = all.n - at < 10 ? all.n - at : 10;
		rig_expectf(r, "9000", "812B0001%02zX9B%02zX%s", n + 2, n,
			    rig_hex(bytes_of(all.p + at, n)));
	}
	struct reply got = rig_send(r, "812B800102 9B00");
	assert_int_equal(got.sw, 0x9000);
	assert_true(rig_verifies(key, NULL, false, digest_of(EVP_sha256(), all.p, all.n),
				 bytes_of(got.b + 3, 64)));
	/* the largest piece: FD is one raw length byte, not BER (§5 rule 2) */
	uint8_t piece[253];
	memset(piece, 0xA5, sizeof(piece));
	rig_expect(r, "812A00010D 840101 A10101 91020001 920104", "9000");
	rig_expectf(r, "9000", "812B0001FF9BFD%s", rig_hex(BYTES_OF(piece)));
	got = rig_send(r, "812B800104 9B02A5A5");
	assert_int_equal(got.sw, 0x9000);
	uint8_t whole[255];
	memset(whole, 0xA5, sizeof(whole));
	assert_true(rig_verifies(key, NULL, false, digest_of(EVP_sha256(), whole, sizeof(whole)),
				 bytes_of(got.b + 3, 64)));
	EVP_PKEY_free(key);
}

static void test_last_block_mode(void **state)
{
	struct rig *r = *state;
	EVP_PKEY *key = rig_certificate_key(r, "device.pem");
	SHA256_CTX ctx;
	uint8_t chain[32];
	char cmd[400];
	SHA256_Init(&ctx);
	SHA256_Update(&ctx, text, 64);
	for (size_t i = 0; i < 8; i++) {
		uint32_t w = ctx.h[i];
		for (size_t b = 0; b < 4; b++)
			chain[4 * i + b] = (uint8_t)(w >> (24 - 8 * b));
	}
	struct bytes tail = bytes_of(text + 64, strlen(text) - 64);
	rig_expect(r, "812A00010D 840101 A10102 91020001 920104", "9000");
	rig_expect(r, "812B800106 9D0400000040", "6A80"); /* the other two are missing */
	rig_expectf(r, "6A80", "812B8001 2A 9A00 9C20 %s 9D0400000041", rig_hex(BYTES_OF(chain)));
	snprintf(cmd, sizeof(cmd), "812B8001%02zX9A%02zX%s9C20%s9D0400000040", tail.n + 2 + 34 + 6,
		 tail.n, rig_hex(tail), rig_hex(BYTES_OF(chain)));
	struct reply got = rig_send(r, cmd);
	assert_int_equal(got.sw, 0x9000);
	assert_true(rig_verifies(key, NULL, false, digest_of(EVP_sha256(), text, strlen(text)),
				 bytes_of(got.b + 3, 64)));
	EVP_PKEY_free(key);
}

static void test_last_block_mode_of_sha512(void **state)
{
	struct rig *r = *state;
	EVP_PKEY *key = rig_certificate_key(r, "device.pem");
	static const char long_text[] =
		"0123456789012345678901234567890123456789012345678901234567890123"
		"0123456789012345678901234567890123456789012345678901234567890123tail";
	for (int sha384 = 0; sha384 <= 1; sha384++) {
		SHA512_CTX ctx;
		uint8_t chain[64];
		if (sha384)
			SHA384_Init(&ctx);
		else
			SHA512_Init(&ctx);
		SHA512_Update(&ctx, long_text, 128);
		for (size_t i = 0; i < 64; i++)
			chain[i] = (uint8_t)(ctx.h[i / 8] >> (56 - 8 * (i % 8)));
		rig_expectf(r, "9000", "812A00010D 840101 A10102 9102000%d 920104", sha384 ? 2 : 4);
		char cmd[300];
		snprintf(cmd, sizeof(cmd), "812B80014E9A047461696C9C40%s9D0400000080",
			 rig_hex(BYTES_OF(chain)));
		struct reply got = rig_send(r, cmd);
		assert_int_equal(got.sw, 0x9000);
		assert_true(rig_verifies(
			key, NULL, false,
			digest_of(sha384 ? EVP_sha384() : EVP_sha512(), long_text, 132),
			bytes_of(got.b + 3, 64)));
	}
	EVP_PKEY_free(key);
}

static void test_rsa(void **state)
{
	struct rig *r = *state;
	const EVP_MD *const mds[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
	/* the modulus from the key's own answer: 34 82 .. 49 82 .. 81 82 0100 n 82 03 e */
	struct reply pub = rig_send(r, "81CD000004 85021202");
	assert_int_equal(pub.sw >> 8, 0x61);
	assert_int_equal(pub.n, 256);
	assert_int_equal(pub.b[0], 0x34);
	for (int h = 0; h < 3; h++) {
		for (int pss = 0; pss <= 1; pss++) {
			struct bytes digest = digest_of(mds[h], text, strlen(text));
			char cmd[200];
			rig_expectf(r, "9000", "812A00010E 84021201 A10103 9102000%d 92010%d",
				    1 << h, pss ? 2 : 1);
			snprintf(cmd, sizeof(cmd), "812B8001%02zX9E%02zX%s", digest.n + 2, digest.n,
				 rig_hex(digest));
			uint8_t sig[300];
			struct wtr w = WTR_ON(sig);
			struct reply got = rig_send(r, cmd);
			assert_int_equal(got.sw, 0x6103); /* 259 bytes do not fit one answer */
			wtr_put(&w, bytes_of(got.b, got.n));
			got = rig_send(r, "81C0000003");
			wtr_put(&w, bytes_of(got.b, got.n));
			assert_int_equal(w.n, 259);
			assert_memory_equal(sig, "\x33\x01\x00", 3);
			/* checked by the card too, in pieces */
			rig_expectf(r, "9000", "812C00010E 85021202 A10103 9102000%d 92010%d",
				    1 << h, pss ? 2 : 1);
			snprintf(cmd, sizeof(cmd), "812D0001%02zX9E%02zX%s", digest.n + 2, digest.n,
				 rig_hex(digest));
			rig_expect(r, cmd, "9000");
			rig_expectf(r, "9000", "812D0001 82 33 80 %s",
				    rig_hex(bytes_of(sig + 3, 128)));
			rig_expectf(r, "9000", "812D8001 83 33 00 80 %s",
				    rig_hex(bytes_of(sig + 131, 128)));
		}
	}
	rig_expect(r, "812A00010E 84021201 A10103 91020001 920104", "6985"); /* no ECDSA there */
}

static void test_headers(void **state)
{
	static const char hash[] =
		"2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824";
	static const struct {
		const char *set, *want;
	} rows[] = {
		{"config set signature-header 1", "3340*9000"},
		{"config set signature-header 2", "330040*9000"},
		{"config set signature-header ber", "3340*9000"},
	};
	struct rig *r = *state;
	char cmd[100];
	for (size_t i = 0; i < 3; i++) {
		rig_control(r, rows[i].set, "ok");
		rig_expect(r, "812A00010D 840101 A10103 91020001 920104", "9000");
		rig_expectf(r, rows[i].want, "812B8001229E20%s", hash);
	}
	rig_control(r, "config set signature-header 1", "ok");
	rig_control(r, "config set signature-der yes", "ok");
	rig_expect(r, "812A00010D 840101 A10103 91020001 920104", "9000");
	snprintf(cmd, sizeof(cmd), "812B8001229E20%s", hash);
	struct reply got = rig_send(r, cmd);
	assert_int_equal(got.sw, 0x9000);
	assert_int_equal(got.b[2], 0x30); /* SEQUENCE */
	assert_int_equal(got.b[3], got.n - 4);
	rig_control(r, "config set signature-der no", "ok");
	rig_control(r, "config set signature-header 2", "ok");
}

static void test_verify(void **state)
{
	struct rig *r = *state;
	struct bytes hash = digest_of(EVP_sha256(), "hello", 5);
	char digest[80];
	snprintf(digest, sizeof(digest), "9E20%s", rig_hex(hash));
	rig_expect(r, "812A00010D 840101 A10103 91020001 920104", "9000");
	char cmd[160];
	snprintf(cmd, sizeof(cmd), "812B800122%s", digest);
	struct reply sig = rig_send(r, cmd);
	assert_int_equal(sig.sw, 0x9000);
	char raw[132];
	snprintf(raw, sizeof(raw), "%s", rig_hex(bytes_of(sig.b + 3, 64)));
	rig_expect(r, "812C00020D 850101 A10103 91020001 920104", "9000");
	rig_expectf(r, "9000", "812D800265 %s 330040 %s", digest, raw);
	rig_expectf(r, "6985", "812D800265 %s 330040 %s", digest, raw); /* done */
	rig_expect(r, "812C00020D 850101 A10103 91020001 920104", "9000");
	rig_expectf(r, "9000", "812D800264 3340 %s %s", raw, digest); /* any order, short header */
	rig_expect(r, "812C00020D 850101 A10101 91020001 920104", "9000");
	rig_expectf(r, "9000", "812D80024A 9B0568656C6C6F 330040 %s", raw); /* the text itself */
	sig.b[10] ^= 1;
	rig_expect(r, "812C00020D 850101 A10103 91020001 920104", "9000");
	rig_expectf(r, "6D01", "812D800265 %s 330040 %s", digest, rig_hex(bytes_of(sig.b + 3, 64)));
	rig_expect(r, "812C00020D 850101 A10103 91020001 920104", "9000");
	rig_expectf(r, "6A80", "812D800222 %s", digest); /* no signature */
	rig_expect(r, "812C0102", "9000");
	rig_expect(r, "812C00020D 850101 A10103 91020001 920104", "9000");
	rig_expectf(r, "6A80", "812D800243 330040 %s", raw); /* no digest */
	rig_expect(r, "812C0102", "9000");
	rig_expect(r, "812C00020D 850101 A10103 91020001 920104", "9000");
	rig_expectf(r, "6D01", "812D800227 %s 3303 010203", digest);
}

static void test_sessions(void **state)
{
	static const char hash[] =
		"9E202CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824";
	struct rig *r = *state;
	rig_expectf(r, "6985", "812B800122%s", hash);			   /* IDLE */
	rig_expect(r, "812A0101", "9000");				   /* tolerated */
	rig_expect(r, "812A00010D 840101 A10103 91020001 920104", "9000"); /* OPEN */
	rig_expect(r, "812A00010D 840101 A10103 91020001 920104", "6A86"); /* busy */
	rig_expectf(r, "6985", "812B800222%s", hash);			   /* not that one */
	rig_expectf(r, "33*9000", "812B800122%s", hash);
	rig_expectf(r, "6985", "812B800122%s", hash);			   /* DONE */
	rig_expect(r, "812A00010D 840101 A10103 91020001 920104", "9000"); /* reuse */
	rig_expect(r, "812A0101 00", "9000");
	rig_expectf(r, "6985", "812B800122%s", hash);
	rig_expect(r, "812A00000D 840101 A10103 91020001 920104", "9000"); /* other numbers */
	rig_expect(r, "812AFF000D 840101 A10103 91020001 920104", "6A86");
	rig_expect(r, "812A00FF0D 840101 A10103 91020001 920104", "9000");
	rig_expect(r, "812C00000D 850101 A10103 91020001 920104",
		   "9000");			     /* own numbers a family */
	rig_expect(r, "812400000385010500", "6989"); /* B7 is 3 */
	rig_expect(r, "812A0100", "9000");
	rig_expect(r, "812400000385010500", "9000");
	rig_control(r, "config set lenient-init yes", "ok");
	rig_expect(r, "812A00FF0D 840101 A10103 91020001 920104", "9000");
	rig_control(r, "config set lenient-init no", "ok");
	rig_expect(r, "01A4040007A0000005590010", "9000"); /* SELECT drops them */
	rig_expectf(r, "6985", "812B80FF22%s", hash);
	rig_control(r, "config set sticky yes", "ok");
	rig_expect(r, "812A00010D 840101 A10103 91020001 920104", "9000");
	rig_control(r, "reset", "ok");
	rig_select(r);
	rig_expect(r, "812A00010D 840101 A10103 91020001 920104", "6A86");
	rig_expectf(r, "33*9000", "812B900122%s", hash); /* the way out of §15.6; P1 = 90 */
	rig_expect(r, "812A00010D 840101 A10103 91020001 920104", "9000");
	rig_control(r, "config set sticky no", "ok");
}

static void test_sessions_belong_to_their_channel(void **state)
{
	static const char hash[] =
		"9E202CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824";
	struct rig *r = *state;
	rig_expect(r, "02A4040007A0000005590010", "9000");
	rig_expect(r, "812A00010D 840101 A10103 91020001 920104", "9000");
	rig_expectf(r, "6985", "822B800122%s", hash);
	rig_expect(r, "822A00010D 840101 A10103 91020001 920104", "9000");
	rig_expect(r, "0270800200", "9000");
	rig_expectf(r, "33*9000", "812B800122%s", hash);
	rig_expect(r, "02A4040007A0000005590010", "9000");
	rig_expectf(r, "6985", "822B800122%s", hash);
}

static void test_init_refusals(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "812A00010D 840109 A10103 91020001 920104", "6A82");
	rig_expect(r, "812A00010D 840104 A10103 91020001 920104", "6985"); /* empty */
	rig_expect(r, "812C00010D 850105 A10103 91020001 920104", "6985");
	rig_expect(r, "812A00010D 840101 A10103 91020001 920101", "6985"); /* algorithm */
	rig_expect(r, "812A00010F 8403303036 A10103 91020002 920104",
		   "6985"); /* hash not granted */
	rig_expect(r, "812A00010D 840101 A10104 91020001 920104", "6A80");
	rig_expect(r, "812A00010D 840101 A10100 91020001 920104", "6A80");
	rig_expect(r, "812A00010D 840101 A10103 91020003 920104", "6A80"); /* two hashes */
	rig_expect(r, "812A00010D 840101 A10103 91020001 920105", "6A80"); /* two algorithms */
	rig_expect(r, "812A00010A 840101 A10103 91020001", "6A80");
	rig_expect(r, "812A00010C 840101 A10103 910101 920104", "6A80");
	rig_expect(r, "812A00020D 840101 A10103 91020001 920104", "9000");
	rig_expect(r, "812A02020D 840101 A10103 91020001 920104", "6A86");
	rig_expect(r, "812A010203840101", "6700"); /* a close has no body */
}

static void test_update_refusals(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "812A00010D 840101 A10103 91020001 920104", "9000");
	rig_expect(r, "812B80010A 9B080102030405060708", "6A80"); /* mode 3 takes no text */
	rig_expect(r,
		   "812B800132 9E30 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C"
		   "1D1E1F 000102030405060708090A0B0C0D0E0F",
		   "6A80"); /* not as long as tag 91 says */
	rig_expect(r, "812B800122 9E20 0001", "6700");
	rig_expect(r, "812B800104 9E20 0001", "6A80");
	rig_expect(r, "812B800103 990101", "6A80"); /* nothing to sign */
	rig_expect(r,
		   "812B4001229E20000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E"
		   "1F",
		   "6A86");
	rig_expect(r,
		   "812B8001229E20000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E"
		   "1F",
		   "33*9000"); /* still open after all that */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_every_hash_on_every_curve, fresh),
		cmocka_unit_test_setup(test_text_mode, fresh),
		cmocka_unit_test_setup(test_last_block_mode, fresh),
		cmocka_unit_test_setup(test_last_block_mode_of_sha512, fresh),
		cmocka_unit_test_setup(test_rsa, fresh),
		cmocka_unit_test_setup(test_headers, fresh),
		cmocka_unit_test_setup(test_verify, fresh),
		cmocka_unit_test_setup(test_sessions, fresh),
		cmocka_unit_test_setup(test_sessions_belong_to_their_channel, fresh),
		cmocka_unit_test_setup(test_init_refusals, fresh),
		cmocka_unit_test_setup(test_update_refusals, fresh),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
