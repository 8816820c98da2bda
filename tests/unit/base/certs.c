/* SPDX-License-Identifier: Apache-2.0 */
#include "certs.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

X509 *cert_make(EVP_PKEY *pkey, const struct cert_wish *wish)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	X509_EXTENSION *ext;

	assert_int_equal(X509_set_version(x, wish->v1 ? 0 : 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), wish->serial), 1);
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(x), "20260102000000Z"), 1);
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(x), "20560304000000Z"), 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC,
						    (const unsigned char *)"DE", -1, -1, 0),
			 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
						    (const unsigned char *)wish->common_name, -1,
						    -1, 0),
			 1);
	assert_int_equal(X509_set_issuer_name(x, name), 1);
	assert_int_equal(X509_set_pubkey(x, pkey), 1);
	if (wish->ca) {
		ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
		assert_non_null(ext);
		assert_int_equal(X509_add_ext(x, ext, -1), 1);
		X509_EXTENSION_free(ext);
	}
	assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
	return x;
}

unsigned char *cert_der(X509 *x, size_t *ret_n)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);

	assert_true(n > 0);
	*ret_n = (size_t)n;
	return der;
}
