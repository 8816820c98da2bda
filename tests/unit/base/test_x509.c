/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates from a card: whole, padded, damaged, as PEM, with keys of every sort. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "certs.h"
#include "crypto.h"
#include "mem.h"

static const struct cert_wish plain = {.common_name = "device 1", .serial = 0x81};

static void expect_plain(const struct x509_info *info, size_t n)
{
	assert_int_equal(info->der.n, n);
	assert_string_equal(info->subject_text, "CN=device 1,C=DE");
	assert_string_equal(info->not_before, "20260102");
	assert_string_equal(info->not_after, "20560304");
	assert_true(bytes_equal(info->serial, BYTES_LIT("\x02\x02\x00\x81")));
	assert_true(bytes_equal(info->subject, info->issuer));
	assert_int_equal(info->subject.p[0], 0x30);
	assert_false(info->is_ca);
}

static void test_curves(void **state)
{
	static const char *const groups[] = {"prime256v1", "secp384r1", "brainpoolP256r1"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		EVP_PKEY *pkey = EVP_EC_gen(groups[i]);
		X509 *x = cert_make(pkey, &plain);
		struct x509_info info;
		uint8_t point[133];
		size_t n, point_n;
		unsigned char *der = cert_der(x, &n);

		assert_int_equal(x509_parse(bytes_of(der, n), &info), ST_OK);
		expect_plain(&info, n);
		assert_int_equal(info.key.kind, PUBLIC_EC);
		assert_int_equal(info.key.curve, CURVE_P256 + i);
		assert_int_equal(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY,
								 point, sizeof(point), &point_n),
				 1);
		assert_true(bytes_equal(bytes_of(info.key.point, info.key.point_len),
					bytes_of(point, point_n)));
		OPENSSL_free(der);
		X509_free(x);
		EVP_PKEY_free(pkey);
	}
}

static void test_other_keys(void **state)
{
	const struct {
		EVP_PKEY *pkey;
		int kind;
	} rows[] = {
		{EVP_RSA_gen(2048), PUBLIC_RSA},	{EVP_RSA_gen(1024), PUBLIC_RSA},
		{EVP_RSA_gen(3072), PUBLIC_NONE}, /* larger than any IoT SAFE key */
		{EVP_EC_gen("secp521r1"), PUBLIC_NONE}, {EVP_EC_gen("secp256k1"), PUBLIC_NONE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		X509 *x = cert_make(rows[i].pkey, &plain);
		struct x509_info info;
		size_t n;
		unsigned char *der = cert_der(x, &n);

		assert_int_equal(x509_parse(bytes_of(der, n), &info), ST_OK);
		expect_plain(&info, n);
		assert_int_equal(info.key.kind, rows[i].kind);
		if (i < 2)
			assert_int_equal(info.key.modulus_len, i == 0 ? 256 : 128);
		OPENSSL_free(der);
		X509_free(x);
		EVP_PKEY_free(rows[i].pkey);
	}
}

/* A key that spells its curve out: no crash, and never taken for a curve that it is not. */
static void test_explicit_parameters(void **state)
{
	EVP_PKEY *pkey = EVP_EC_gen("prime256v1");
	struct x509_info info;
	X509 *x;
	size_t n;
	unsigned char *der;

	(void)state;
	assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING,
							OSSL_PKEY_EC_ENCODING_EXPLICIT),
			 1);
	x = cert_make(pkey, &plain);
	der = cert_der(x, &n);
	assert_true(n > 400); /* the parameters are really in it */
	assert_int_equal(x509_parse(bytes_of(der, n), &info), ST_OK);
	if (info.key.kind == PUBLIC_EC) {
		assert_int_equal(info.key.curve, CURVE_P256);
		assert_int_equal(
			curve_check_point(CURVE_P256, bytes_of(info.key.point, info.key.point_len)),
			ST_OK);
	} else {
		assert_int_equal(info.key.kind, PUBLIC_NONE);
	}
	/* another generator: not P-256 any more, whatever the name of its field */
	for (size_t i = 0; i + 33 < n; i++) {
		struct x509_info odd;

		if (der[i] != 0x04 || der[i + 1] != 0x6B || der[i + 2] != 0x17)
			continue;
		der[i + 5] ^= 1;
		if (x509_parse(bytes_of(der, n), &odd) == ST_OK)
			assert_int_equal(odd.key.kind, PUBLIC_NONE);
		der[i + 5] ^= 1;
	}
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(pkey);
}

static EVP_PKEY *key;
static X509 *cert;
static unsigned char *der;
static size_t der_n;

static int make(void **state)
{
	(void)state;
	key = EVP_EC_gen("prime256v1");
	cert = cert_make(key, &plain);
	der = cert_der(cert, &der_n);
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	OPENSSL_free(der);
	X509_free(cert);
	EVP_PKEY_free(key);
	return 0;
}

static void test_trailing(void **state)
{
	static const uint8_t pads[] = {0x00, 0xFF, 0x30};
	struct x509_info info;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint8_t buf[4096];

		memset(buf, pads[i], sizeof(buf));
		memcpy(buf, der, der_n);
		assert_int_equal(x509_parse(bytes_of(buf, sizeof(buf)), &info), ST_OK);
		expect_plain(&info, der_n);
		assert_ptr_equal(info.der.p, buf);
		/* views lie inside the certificate */
		assert_true(info.subject.p > buf && info.subject.p + info.subject.n < buf + der_n);
	}
}

/* Every cut, in memory of that size; the output stays as it was. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t n = 0; n < der_n; n++) {
		struct x509_info info = {.is_ca = true};
		uint8_t *exact = malloc(n + 1);

		assert_non_null(exact);
		memcpy(exact + 1, der, n);
		assert_int_equal(x509_parse(bytes_of(exact + 1, n), &info), ST_MALFORMED);
		assert_true(info.is_ca);
		free(exact);
	}
}

/* Every byte damaged in several ways: an answer without a crash, and views inside the input. */
static void test_damaged(void **state)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xFF, 0x20};

	(void)state;
	for (size_t i = 0; i < der_n; i++) {
		for (size_t m = 0; m < ARRAY_LEN(masks); m++) {
			uint8_t *copy = malloc(der_n);
			struct x509_info info;
			status st;

			assert_non_null(copy);
			memcpy(copy, der, der_n);
			copy[i] ^= masks[m];
			st = x509_parse(bytes_of(copy, der_n), &info);
			assert_true(st == ST_OK || st == ST_MALFORMED);
			if (st == ST_OK) {
				assert_true(info.der.n <= der_n);
				assert_true(info.serial.p + info.serial.n <= copy + der_n);
				assert_true(strlen(info.subject_text) < sizeof(info.subject_text));
			}
			free(copy);
		}
	}
}

static void test_not_certificates(void **state)
{
	const struct bytes bad[] = {
		BYTES_LIT("\x30\x00"),
		BYTES_LIT("\x30\x80\x00\x00"),
		BYTES_LIT("\x30\x84\xFF\xFF\xFF\xFF"),
		BYTES_LIT("\x30\x85\x00\x00\x00\x00\x01\x00"),
		BYTES_LIT("\x31\x03\x02\x01\x01"),
		BYTES_LIT("{\"url\":\"https://example.com\"}"),
		BYTES_LIT("-----BEGIN CERTIFICATE-----"),
	};
	struct x509_info info;

	(void)state;
	assert_int_equal(x509_parse(bytes_of(NULL, 0), &info), ST_MALFORMED);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(x509_parse(bad[i], &info), ST_MALFORMED);
}

/* libcrypto's own line for the same name. */
static void expect_text(X509 *x, const char *text)
{
	BIO *mem = BIO_new(BIO_s_mem());
	char want[512] = "";

	assert_true(X509_NAME_print_ex(mem, X509_get_subject_name(x), 0, XN_FLAG_RFC2253) > 0);
	assert_true(BIO_read(mem, want, sizeof(want) - 1) > 0);
	assert_string_equal(text, want);
	BIO_free(mem);
}

static void test_fields(void **state)
{
	const struct cert_wish wishes[] = {
		{.common_name = "a CA", .ca = true, .serial = 1},
		{.common_name = "old", .v1 = true, .serial = 0},
		{.common_name = "line\nbreak\tand, comma", .serial = 2},
		{.common_name = "Z\xC3\xBCrich", .serial = 3},
		{.common_name = " #a+\"b\\c<d>e;f ", .serial = 4},
		{.common_name = "# 1", .serial = 5},
		{.common_name = "0123456789012345678901234567890123456789012345678901234567890123",
		 .serial = 0x7FFFFFFF},
	};
	struct x509_info info;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
		X509 *x = cert_make(key, &wishes[i]);
		size_t n;
		unsigned char *d = cert_der(x, &n);

		assert_int_equal(x509_parse(bytes_of(d, n), &info), ST_OK);
		assert_int_equal(info.is_ca, wishes[i].ca);
		expect_text(x, info.subject_text);
		assert_null(strchr(info.subject_text, '\n'));
		assert_null(strchr(info.subject_text, '\t'));
		OPENSSL_free(d);
		X509_free(x);
	}
}

/* --- PEM --- */

static size_t put_pem(char *dst, size_t cap, const char *label)
{
	BIO *mem = BIO_new(BIO_s_mem());
	int n;

	assert_int_equal(PEM_write_bio(mem, label, "", der, (long)der_n) > 0, 1);
	n = BIO_read(mem, dst, (int)cap);
	assert_true(n > 0);
	BIO_free(mem);
	return (size_t)n;
}

static void test_pem(void **state)
{
	static const char *const before[] = {"", "Bag Attributes\n  friendlyName: x\n", "\r\n\r\n",
					     "-----BEGIN nothing", "garbage \x01\x02\xFF\n"};
	static const char *const after[] = {"", "\n\n", "trailing words", "\xFF\xFF\xFF\xFF"};
	char text[4096];
	uint8_t out[2048];
	size_t n;

	(void)state;
	for (size_t b = 0; b < ARRAY_LEN(before); b++) {
		for (size_t a = 0; a < ARRAY_LEN(after); a++) {
			struct wtr w = WTR_ON(out);

			n = strlen(before[b]);
			memcpy(text, before[b], n);
			if (b == 3)
				text[n++] = '\n';
			n += put_pem(text + n, sizeof(text) - n, "CERTIFICATE");
			memcpy(text + n, after[a], strlen(after[a]));
			n += strlen(after[a]);
			assert_int_equal(x509_from_pem(bytes_of(text, n), &w), ST_OK);
			assert_true(bytes_equal(wtr_bytes(&w), bytes_of(der, der_n)));
		}
	}
}

/* The first certificate is taken, also behind a key or another block. */
static void test_pem_several(void **state)
{
	char text[8192];
	uint8_t out[2048];
	struct wtr w = WTR_ON(out);
	size_t n;

	(void)state;
	n = put_pem(text, sizeof(text), "EC PARAMETERS");
	n += put_pem(text + n, sizeof(text) - n, "CERTIFICATE");
	n += put_pem(text + n, sizeof(text) - n, "CERTIFICATE");
	assert_int_equal(x509_from_pem(bytes_of(text, n), &w), ST_OK);
	assert_true(bytes_equal(wtr_bytes(&w), bytes_of(der, der_n)));
	/* no certificate among them */
	n = put_pem(text, sizeof(text), "CERTIFICATE REQUEST");
	assert_int_equal(x509_from_pem(bytes_of(text, n), &w), ST_MALFORMED);
	/* no room */
	n = put_pem(text, sizeof(text), "CERTIFICATE");
	w = wtr_on(out, der_n - 1);
	assert_int_equal(x509_from_pem(bytes_of(text, n), &w), ST_SHORT_OUT);
	assert_int_equal(x509_from_pem(bytes_of(NULL, 0), &w), ST_MALFORMED);
}

static void test_pem_cut(void **state)
{
	char text[4096];
	uint8_t out[2048];
	size_t n;

	(void)state;
	n = put_pem(text, sizeof(text), "CERTIFICATE");
	for (size_t cut = 0; cut + 12 < n; cut++) {
		char *exact = malloc(cut + 1);
		struct wtr w = WTR_ON(out);

		assert_non_null(exact);
		memcpy(exact + 1, text, cut);
		assert_int_equal(x509_from_pem(bytes_of(exact + 1, cut), &w), ST_MALFORMED);
		free(exact);
	}
	for (size_t i = 0; i < n; i++) {
		char was = text[i];
		struct wtr w = WTR_ON(out);
		status st;

		text[i] ^= 0x15;
		st = x509_from_pem(bytes_of(text, n), &w);
		assert_true(st == ST_OK || st == ST_MALFORMED);
		text[i] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_curves),
		cmocka_unit_test(test_other_keys),
		cmocka_unit_test(test_explicit_parameters),
		cmocka_unit_test(test_trailing),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_not_certificates),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_pem),
		cmocka_unit_test(test_pem_several),
		cmocka_unit_test(test_pem_cut),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
