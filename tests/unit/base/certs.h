/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates made in the test. */
#ifndef IOTSAFE_TESTS_BASE_CERTS_H
#define IOTSAFE_TESTS_BASE_CERTS_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

struct cert_wish {
	const char *common_name;
	bool ca, v1;
	long serial;
};
/* A self-signed certificate of that key. */
X509 *cert_make(EVP_PKEY *pkey, const struct cert_wish *wish);
/* Its DER, to be freed with OPENSSL_free. */
unsigned char *cert_der(X509 *x, size_t *ret_n);

#endif
