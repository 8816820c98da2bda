/* SPDX-License-Identifier: Apache-2.0 */
/* libiotsafe: bad input, secrets, PINs, and several users of one SIM. */
#include "lib_rig.h"

#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint8_t digest[64] =
	"a digest, as far as a card knows, and thirty-two bytes more ....";

/* --- bad input --- */

static void test_bad_open(void **state)
{
	struct iotsafe *const untouched = (struct iotsafe *)(uintptr_t)16;
	static const struct {
		const char *where;
		enum iotsafe_error error;
	} rows[] = {
		{"", IOTSAFE_E_ARG},
		{"nobody", IOTSAFE_E_ARG},
		{":", IOTSAFE_E_ARG},
		{"http://example/", IOTSAFE_E_ARG},
		{"unix:", IOTSAFE_E_ARG},
		{"unix:/nowhere/at/all", IOTSAFE_E_NO_DEVICE},
		{"at:/nowhere", IOTSAFE_E_NO_DEVICE},
		{"unix:/nowhere?speed=3", IOTSAFE_E_ARG},
	};
	char longer[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct iotsafe *sim = untouched;
		EXPECT(iotsafe_open(rows[i].where, 1000, &sim), rows[i].error);
		assert_ptr_equal(sim, untouched);
		assert_true(strlen(iotsafe_why()) > 5);
	}
	memset(longer, 'x', sizeof(longer));
	memcpy(longer, "unix:", 5);
	longer[sizeof(longer) - 1] = '\0';
	struct iotsafe *sim = untouched;
	EXPECT(iotsafe_open(longer, 1000, &sim), IOTSAFE_E_ARG);
	EXPECT(iotsafe_open(lib_where, -1, &sim), IOTSAFE_E_ARG);
	EXPECT(iotsafe_open(lib_where, 0, NULL), IOTSAFE_E_ARG);
	assert_ptr_equal(sim, untouched);
	iotsafe_close(NULL);
}

static void test_no_arguments(void **state)
{
	struct iotsafe *sim = lib_open();
	struct iotsafe_object key = lib_find(sim, IOTSAFE_PRIVATE_KEY, NULL);
	uint8_t b[300];
	size_t n = 12345;

	(void)state;
	EXPECT(iotsafe_identify(sim, NULL), IOTSAFE_E_ARG);
	EXPECT(iotsafe_identify(NULL, (struct iotsafe_info *)(void *)b), IOTSAFE_E_ARG);
	EXPECT(iotsafe_list(sim, NULL, 3, &n), IOTSAFE_E_ARG);
	EXPECT(iotsafe_list(sim, NULL, 0, NULL), IOTSAFE_E_ARG);
	EXPECT(iotsafe_find(sim, IOTSAFE_ANY, NULL, NULL), IOTSAFE_E_ARG);
	EXPECT(iotsafe_find(sim, (enum iotsafe_kind)6, NULL, &key), IOTSAFE_E_ARG);
	EXPECT(iotsafe_read(sim, NULL, b, sizeof(b), &n), IOTSAFE_E_ARG);
	EXPECT(iotsafe_read(sim, &key, NULL, 1, &n), IOTSAFE_E_ARG);
	EXPECT(iotsafe_read(sim, &key, b, sizeof(b), NULL), IOTSAFE_E_ARG);
	EXPECT(iotsafe_certificate(sim, &key, b, sizeof(b), NULL), IOTSAFE_E_ARG);
	EXPECT(iotsafe_public_key(sim, NULL, b, sizeof(b), &n), IOTSAFE_E_ARG);
	EXPECT(iotsafe_sign(sim, NULL, IOTSAFE_ECDSA, digest, 32, b, 64, &n), IOTSAFE_E_ARG);
	EXPECT(iotsafe_sign(sim, &key, IOTSAFE_ECDSA, NULL, 32, b, 64, &n), IOTSAFE_E_ARG);
	EXPECT(iotsafe_sign(sim, &key, (enum iotsafe_scheme)0, digest, 32, b, 64, &n),
	       IOTSAFE_E_ARG);
	EXPECT(iotsafe_sign(sim, &key, (enum iotsafe_scheme)5, digest, 32, b, 64, &n),
	       IOTSAFE_E_ARG);
	EXPECT(iotsafe_agree(sim, &key, NULL, 65, b, 64, &n), IOTSAFE_E_ARG);
	EXPECT(iotsafe_hkdf(sim, &key, (enum iotsafe_hash)0, NULL, 0, NULL, 0, b, 32),
	       IOTSAFE_E_ARG);
	EXPECT(iotsafe_hkdf(sim, &key, (enum iotsafe_hash)4, NULL, 0, NULL, 0, b, 32),
	       IOTSAFE_E_ARG);
	EXPECT(iotsafe_hkdf(sim, &key, IOTSAFE_SHA256, NULL, 1, NULL, 0, b, 32), IOTSAFE_E_ARG);
	EXPECT(iotsafe_prf(sim, &key, IOTSAFE_PRF_KEY, NULL, 0, NULL, 3, b, 32), IOTSAFE_E_ARG);
	EXPECT(iotsafe_prf(sim, &key, IOTSAFE_PRF_KEY, b, 3, digest, 3, b, 32), IOTSAFE_E_ARG);
	EXPECT(iotsafe_random(sim, NULL, 1), IOTSAFE_E_ARG);
	EXPECT(iotsafe_pin_query(sim, 1, NULL), IOTSAFE_E_ARG);
	EXPECT(iotsafe_pin_verify(sim, 1, IOTSAFE_PIN_PERSON, NULL, NULL), IOTSAFE_E_ARG);
	assert_int_equal(n, 12345);
	iotsafe_close(sim);
}

static void test_wrong_objects(void **state)
{
	struct iotsafe *sim = lib_open(), *other = lib_open();
	struct iotsafe_object key = lib_find(sim, IOTSAFE_PRIVATE_KEY, "device"), odd = key;
	struct iotsafe_object file = lib_find(sim, IOTSAFE_CERTIFICATE, "ca-cert");
	struct iotsafe_object empty = lib_find(sim, IOTSAFE_PRIVATE_KEY, "ephemeral");
	uint8_t b[600];
	size_t n = 12345;

	(void)state;
	EXPECT(iotsafe_sign(other, &key, IOTSAFE_ECDSA, digest, 32, b, 64, &n),
	       IOTSAFE_E_OTHER_SIM);
	odd.id[0] = 0x77;
	EXPECT(iotsafe_sign(sim, &odd, IOTSAFE_ECDSA, digest, 32, b, 64, &n), IOTSAFE_E_NOT_FOUND);
	memset(&odd, 0xFF, sizeof(odd));
	odd.owner = key.owner;
	EXPECT(iotsafe_sign(sim, &odd, IOTSAFE_ECDSA, digest, 32, b, 64, &n), IOTSAFE_E_NOT_FOUND);
	memset(&odd, 0, sizeof(odd));
	EXPECT(iotsafe_read(sim, &odd, b, sizeof(b), &n), IOTSAFE_E_OTHER_SIM);
	EXPECT(iotsafe_sign(sim, &file, IOTSAFE_ECDSA, digest, 32, b, 64, &n), IOTSAFE_E_KEY);
	EXPECT(iotsafe_sign(sim, &empty, IOTSAFE_ECDSA, digest, 32, b, 64, &n), IOTSAFE_E_KEY);
	EXPECT(iotsafe_sign(sim, &key, IOTSAFE_RSA_PSS, digest, 32, b, 256, &n), IOTSAFE_E_KEY);
	EXPECT(iotsafe_sign(sim, &key, IOTSAFE_ECDSA, digest, 0, b, 64, &n), IOTSAFE_E_LENGTH);
	EXPECT(iotsafe_sign(sim, &key, IOTSAFE_ECDSA, digest, 65, b, 64, &n), IOTSAFE_E_LENGTH);
	EXPECT(iotsafe_read(sim, &key, b, sizeof(b), &n), IOTSAFE_E_KEY);
	EXPECT(iotsafe_agree(sim, &file, digest, 65, b, 64, &n), IOTSAFE_E_KEY);
	EXPECT(iotsafe_hkdf(sim, &key, IOTSAFE_SHA256, NULL, 0, NULL, 0, b, 32), IOTSAFE_E_KEY);
	EXPECT(iotsafe_prf(sim, &key, IOTSAFE_PRF_KEY, NULL, 0, digest, 3, b, 32), IOTSAFE_E_KEY);
	EXPECT(iotsafe_public_key(sim, &empty, b, sizeof(b), &n), IOTSAFE_E_NOT_FOUND);
	assert_int_equal(n, 12345);
	EXPECT(iotsafe_public_key(sim, &key, b, 5, &n), IOTSAFE_E_BUFFER);
	assert_int_equal(n, 91);
	iotsafe_close(other);
	lib_sign(sim, &key);
	iotsafe_close(sim);
}

static void test_bad_pins(void **state)
{
	static const char *const pins[] = {"", "123", "123456789", "12a4", "12 4", "-123"};
	struct iotsafe *sim = lib_open();
	struct iotsafe_pin pin;

	(void)state;
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++)
		EXPECT(iotsafe_pin_verify(sim, 1, IOTSAFE_PIN_PERSON, pins[i], &pin),
		       IOTSAFE_E_ARG);
	EXPECT(iotsafe_pin_verify(sim, 1, (enum iotsafe_pin_from)3, "1234", &pin), IOTSAFE_E_ARG);
	EXPECT(iotsafe_pin_verify(sim, 256, IOTSAFE_PIN_PERSON, "1234", &pin), IOTSAFE_E_ARG);
	EXPECT(iotsafe_pin_query(sim, 0, &pin), IOTSAFE_E_ARG); /* the slot names none */
	WORKS(iotsafe_pin_query(sim, 1, &pin));
	assert_int_equal(pin.state, IOTSAFE_PIN_DISABLED);
	iotsafe_close(sim);
}

int lib_test_bad(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_open),
		cmocka_unit_test(test_no_arguments),
		cmocka_unit_test(test_wrong_objects),
		cmocka_unit_test(test_bad_pins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* --- secrets --- */

struct secret {
	uint8_t p[64];
	size_t n;
};

static struct secret word_as_secret(void)
{
	struct secret s = {.n = strlen(lib_word) / 2};

	assert_in_range(s.n, 16, sizeof(s.p));
	for (size_t i = 0; i < s.n; i++) {
		unsigned v = 0;
		assert_int_equal(sscanf(lib_word + 2 * i, "%2x", &v), 1);
		s.p[i] = (uint8_t)v;
	}
	return s;
}

static void kdf_hkdf(const char *md, const struct secret *s, const char *salt, const char *info,
		     uint8_t *ret, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM p[] = {
		OSSL_PARAM_utf8_string("digest", (void *)(uintptr_t)md, 0),
		OSSL_PARAM_octet_string("key", (void *)(uintptr_t)s->p, s->n),
		OSSL_PARAM_octet_string("salt", (void *)(uintptr_t)salt, strlen(salt)),
		OSSL_PARAM_octet_string("info", (void *)(uintptr_t)info, strlen(info)),
		OSSL_PARAM_END,
	};

	assert_int_equal(EVP_KDF_derive(ctx, ret, n, p), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void kdf_prf(const uint8_t *secret, size_t secret_n, const char *seed, uint8_t *ret,
		    size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM p[] = {
		OSSL_PARAM_utf8_string("digest", (void *)(uintptr_t) "SHA256", 0),
		OSSL_PARAM_octet_string("secret", (void *)(uintptr_t)secret, secret_n),
		OSSL_PARAM_octet_string("seed", (void *)(uintptr_t)seed, strlen(seed)),
		OSSL_PARAM_END,
	};

	assert_int_equal(EVP_KDF_derive(ctx, ret, n, p), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void test_hkdf(void **state)
{
	static const char salts[][200] = {
		"salt",
		"a salt that is longer than the block of its hash, so that HMAC hashes it first, "
		"which the host has to do, since the SIM takes one command and no more than that",
	};
	static const struct {
		enum iotsafe_hash hash;
		const char *md;
	} hashes[] = {{IOTSAFE_SHA256, "SHA256"}, {IOTSAFE_SHA384, "SHA384"}};
	struct iotsafe *sim = lib_open();
	struct iotsafe_object key = lib_find(sim, IOTSAFE_SECRET_KEY, NULL);
	struct secret s = word_as_secret();
	uint8_t got[100], expected[100];

	(void)state;
	for (size_t h = 0; h < 2; h++) {
		for (size_t i = 0; i < 2; i++) {
			WORKS(iotsafe_hkdf(sim, &key, hashes[h].hash, (const uint8_t *)salts[i],
					   strlen(salts[i]), (const uint8_t *)"info", 4, got,
					   sizeof(got)));
			kdf_hkdf(hashes[h].md, &s, salts[i], "info", expected, sizeof(expected));
			assert_memory_equal(got, expected, sizeof(got));
		}
	}
	WORKS(iotsafe_hkdf(sim, &key, IOTSAFE_SHA256, NULL, 0, NULL, 0, got, 1));
	EXPECT(iotsafe_hkdf(sim, &key, IOTSAFE_SHA256, NULL, 0, NULL, 0, got, 0), IOTSAFE_E_LENGTH);
	EXPECT(iotsafe_hkdf(sim, &key, IOTSAFE_SHA256, NULL, 0, NULL, 0, got, 255 * 32 + 1),
	       IOTSAFE_E_LENGTH);
	iotsafe_close(sim);
}

static void test_prf(void **state)
{
	struct iotsafe *sim = lib_open();
	struct iotsafe_object key = lib_find(sim, IOTSAFE_SECRET_KEY, "psk");
	struct secret s = word_as_secret();
	uint8_t got[255], expected[255], premaster[200] = {0};
	const uint8_t *seed = (const uint8_t *)"master secretXYZ";
	uint8_t n = (uint8_t)s.n;

	(void)state;
	WORKS(iotsafe_prf(sim, &key, IOTSAFE_PRF_KEY, NULL, 0, seed, 16, got, 255));
	kdf_prf(s.p, s.n, "master secretXYZ", expected, 255);
	assert_memory_equal(got, expected, 255);
	/* RFC 4279 §2: n zeros and the key, each with its length */
	premaster[1] = premaster[2 + n + 1] = n;
	memcpy(premaster + 4 + n, s.p, s.n);
	WORKS(iotsafe_prf(sim, &key, IOTSAFE_PRF_PSK, NULL, 0, seed, 16, got, 48));
	kdf_prf(premaster, 4U + 2U * n, "master secretXYZ", expected, 48);
	assert_memory_equal(got, expected, 48);
	/* RFC 5489 §2: the other secret in place of the zeros */
	premaster[1] = 32;
	memcpy(premaster + 2, digest, 32);
	premaster[34] = 0;
	premaster[35] = n;
	memcpy(premaster + 36, s.p, s.n);
	WORKS(iotsafe_prf(sim, &key, IOTSAFE_PRF_ECDHE_PSK, digest, 32, seed, 16, got, 48));
	kdf_prf(premaster, 36U + n, "master secretXYZ", expected, 48);
	assert_memory_equal(got, expected, 48);
	EXPECT(iotsafe_prf(sim, &key, IOTSAFE_PRF_KEY, NULL, 0, seed, 0, got, 48),
	       IOTSAFE_E_LENGTH);
	EXPECT(iotsafe_prf(sim, &key, IOTSAFE_PRF_KEY, NULL, 0, seed, 16, got, 0),
	       IOTSAFE_E_LENGTH);
	EXPECT(iotsafe_prf(sim, &key, IOTSAFE_PRF_KEY, NULL, 0, premaster, 129, got, 48),
	       IOTSAFE_E_LENGTH);
	EXPECT(iotsafe_prf(sim, &key, (enum iotsafe_prf)4, NULL, 0, seed, 16, got, 48),
	       IOTSAFE_E_ARG);
	iotsafe_close(sim);
}

int lib_test_secrets(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hkdf),
		cmocka_unit_test(test_prf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* --- several users --- */

enum { THREADS = 4, ROUNDS = 5 };

static struct {
	struct iotsafe *sim;
	struct iotsafe_object key;
	_Atomic int good;
} shared;

static void *sign_some(void *unused)
{
	uint8_t sig[64];
	size_t n = 0;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++)
		shared.good += iotsafe_sign(shared.sim, &shared.key, IOTSAFE_ECDSA, digest, 32, sig,
					    sizeof(sig), &n) == IOTSAFE_OK;
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t t[THREADS];

	(void)state;
	shared.sim = lib_open();
	shared.key = lib_find(shared.sim, IOTSAFE_PRIVATE_KEY, NULL);
	shared.good = 0;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, sign_some, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(shared.good, THREADS * ROUNDS);
	iotsafe_close(shared.sim);
}

/* In the child: 0 when all is as the header says. */
static int child(struct iotsafe *sim, const struct iotsafe_object *key)
{
	struct iotsafe *own = NULL;
	struct iotsafe_object o;
	uint8_t sig[64];
	size_t n = 0;

	if (iotsafe_random(sim, sig, 4) != IOTSAFE_E_FORKED)
		return 2;
	if (iotsafe_sign(sim, key, IOTSAFE_ECDSA, digest, 32, sig, 64, &n) != IOTSAFE_E_FORKED)
		return 3;
	iotsafe_close(sim);
	if (iotsafe_open(lib_where, 0, &own) != IOTSAFE_OK)
		return 4;
	if (iotsafe_find(own, IOTSAFE_PRIVATE_KEY, NULL, &o) != IOTSAFE_OK)
		return 5;
	if (iotsafe_sign(own, &o, IOTSAFE_ECDSA, digest, 32, sig, 64, &n) != IOTSAFE_OK)
		return 6;
	iotsafe_close(own);
	return 0;
}

static void test_fork(void **state)
{
	struct iotsafe *sim = lib_open();
	struct iotsafe_object key = lib_find(sim, IOTSAFE_PRIVATE_KEY, NULL);
	int end = -1;

	(void)state;
	lib_sign(sim, &key);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child(sim, &key));
	lib_sign(sim, &key); /* meanwhile */
	assert_int_equal(waitpid(pid, &end, 0), pid);
	assert_int_equal(end, 0);
	lib_sign(sim, &key);
	iotsafe_close(sim);
}

static void test_two_handles(void **state)
{
	struct iotsafe *a = lib_open(), *b = lib_open();
	struct iotsafe_object key_a = lib_find(a, IOTSAFE_PRIVATE_KEY, NULL);
	struct iotsafe_object key_b = lib_find(b, IOTSAFE_PRIVATE_KEY, NULL);

	(void)state;
	for (int i = 0; i < 3; i++) {
		lib_sign(a, &key_a);
		lib_sign(b, &key_b);
	}
	iotsafe_close(a);
	lib_sign(b, &key_b);
	iotsafe_close(b);
}

int lib_test_share(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_two_handles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* --- PIN: "FROM PIN ERROR TRIES", then whether the key signs --- */

static void test_pin(void **state)
{
	struct iotsafe *sim = lib_open();
	struct iotsafe_object key = lib_find(sim, IOTSAFE_PRIVATE_KEY, "device");
	struct iotsafe_pin pin;
	char from[16], value[16];
	int error = 0, tries = 0;
	uint8_t sig[64];
	size_t n = 0;

	(void)state;
	assert_int_equal(sscanf(lib_word, "%15s %15s %d %d", from, value, &error, &tries), 4);
	enum iotsafe_pin_from f = from[0] == 's' ? IOTSAFE_PIN_STORED : IOTSAFE_PIN_PERSON;
	EXPECT(iotsafe_pin_verify(sim, 0, f, value, &pin), (enum iotsafe_error)error);
	WORKS(iotsafe_pin_query(sim, 0, &pin));
	if (pin.tries >= 0)
		assert_int_equal(pin.tries, tries);
	bool open = error == IOTSAFE_OK;
	EXPECT(iotsafe_sign(sim, &key, IOTSAFE_ECDSA, digest, 32, sig, sizeof(sig), &n),
	       open ? IOTSAFE_OK : IOTSAFE_E_PIN_NEEDED);
	iotsafe_close(sim);
}

int lib_test_pin(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pin)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
