/* SPDX-License-Identifier: Apache-2.0 */
/* lib-api SET WHERE [WORD]: one set of the tests of libiotsafe's calls, on a SIM that runs. */
#include "lib_rig.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

const char *lib_where, *lib_word;

void lib_expect(enum iotsafe_error got, enum iotsafe_error expected, const char *file, int line)
{
	if (got == expected)
		return;
	print_error("%s:%d: %s (%s), expected %s\n", file, line, iotsafe_text(got), iotsafe_why(),
		    iotsafe_text(expected));
	_fail(file, line);
}

struct iotsafe *lib_open(void)
{
	struct iotsafe *sim = NULL;

	WORKS(iotsafe_open(lib_where, 0, &sim));
	return sim;
}

struct iotsafe_object lib_find(struct iotsafe *sim, enum iotsafe_kind kind, const char *name)
{
	struct iotsafe_object o;

	WORKS(iotsafe_find(sim, kind, name, &o));
	return o;
}

EVP_PKEY *lib_public(struct iotsafe *sim, const struct iotsafe_object *o)
{
	uint8_t spki[IOTSAFE_SPKI_MAX];
	const uint8_t *p = spki;
	size_t n = 0;

	WORKS(iotsafe_public_key(sim, o, spki, sizeof(spki), &n));
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)n);
	assert_non_null(key);
	assert_ptr_equal(p, spki + n);
	return key;
}

bool lib_verify(struct iotsafe *sim, const struct iotsafe_object *o, const uint8_t *digest,
		size_t digest_n, const uint8_t *sig, size_t sig_n, int rsa_padding)
{
	EVP_PKEY *key = lib_public(sim, o);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	const EVP_MD *md = digest_n == 32 ? EVP_sha256() : EVP_sha384();

	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	if (rsa_padding != 0) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, rsa_padding), 1);
		assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, md), 1);
	}
	bool good = EVP_PKEY_verify(ctx, sig, sig_n, digest, digest_n) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

void lib_sign(struct iotsafe *sim, const struct iotsafe_object *o)
{
	static const uint8_t digest[32] = "a digest, as far as a card knows";
	uint8_t sig[IOTSAFE_SIGNATURE_MAX];
	size_t n = 0;

	WORKS(iotsafe_sign(sim, o, IOTSAFE_ECDSA_DER, digest, sizeof(digest), sig, sizeof(sig),
			   &n));
	assert_true(lib_verify(sim, o, digest, sizeof(digest), sig, n, 0));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} sets[] = {
		{"api", lib_test_api},	       {"bad", lib_test_bad},
		{"every", lib_test_every},     {"cert", lib_test_cert},
		{"secrets", lib_test_secrets}, {"share", lib_test_share},
		{"pin", lib_test_pin},	       {"swap", lib_test_swap},
		{"queue", lib_test_queue},     {"answer", lib_test_answer},
	};

	lib_where = argc > 2 && strcmp(argv[2], "-") != 0 ? argv[2] : NULL;
	lib_word = argc > 3 ? argv[3] : "";
	for (size_t i = 0; argc > 2 && i < sizeof(sets) / sizeof(sets[0]); i++)
		if (strcmp(sets[i].name, argv[1]) == 0)
			return sets[i].run();
	fprintf(stderr, "usage: lib-api SET WHERE|- [WORD]\n");
	return 2;
}
