/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys from a card. Input: one byte that picks DER, PEM, key or signature, then
 * its bytes. A key that comes out is a good one, whatever went in. */
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "fuzz.h"

static void require(bool truth)
{
	if (!truth)
		abort();
}

static bool inside(struct bytes v, struct bytes in)
{
	return v.n > 0 && v.p >= in.p && v.p + v.n <= in.p + in.n;
}

static void check_key(const struct public_key *k)
{
	uint8_t buf[512], id[20];
	struct wtr w = WTR_ON(buf);
	struct public_key back;

	if (k->kind == PUBLIC_NONE)
		return;
	if (k->kind == PUBLIC_EC)
		require(curve_check_point(k->curve, bytes_of(k->point, k->point_len)) == ST_OK);
	require(public_key_id(k, id) == ST_OK && public_key_spki(k, &w) == ST_OK);
	require(public_key_from_spki(wtr_bytes(&w), &back) == ST_OK);
	require(public_key_equal(k, &back));
}

static void parse(struct bytes der)
{
	struct x509_info info;

	if (x509_parse(der, &info) != ST_OK)
		return;
	require(info.der.p == der.p && info.der.n <= der.n);
	require(inside(info.subject, info.der) && inside(info.issuer, info.der));
	require(inside(info.serial, info.der));
	require(strlen(info.subject_text) < sizeof(info.subject_text));
	require(strlen(info.not_before) % 8 == 0 && strlen(info.not_after) % 8 == 0);
	check_key(&info.key);
}

/* Random bytes are the signature of nothing. */
static void verify(struct bytes in)
{
	static const uint8_t digest[64] = {1, 2, 3};
	struct public_key k = {.kind = PUBLIC_RSA, .modulus_len = 256, .exponent_len = 3};

	if (in.n < 256 + 3 + 256)
		return;
	memcpy(k.modulus, in.p, 256);
	memcpy(k.exponent, in.p + 256, 3);
	for (enum hash_alg h = HASH_NONE; h <= HASH_SHA512; h++) {
		struct bytes d = bytes_of(digest, h == HASH_NONE ? 51 : hash_size(h));
		struct bytes sig = bytes_of(in.p + 259, 256);

		(void)!verify_rsa(&k, RSA_PAD_PKCS1, h, 0, d, sig);
		(void)!verify_rsa(&k, RSA_PAD_PSS, h, in.p[3], d, sig);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in;
	struct public_key k;
	uint8_t der[4096];
	struct wtr w = WTR_ON(der);

	if (size == 0)
		return 0;
	in = bytes_of(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		parse(in);
		break;
	case 1:
		if (x509_from_pem(in, &w) == ST_OK)
			parse(wtr_bytes(&w));
		break;
	case 2:
		if (public_key_from_spki(in, &k) == ST_OK)
			check_key(&k);
		break;
	default:
		verify(in);
	}
	return 0;
}
