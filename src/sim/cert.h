/* SPDX-License-Identifier: Apache-2.0 */
/* The demo's certificate authority and what it issues. */
#ifndef IOTSAFE_SIM_CERT_H
#define IOTSAFE_SIM_CERT_H

#include <stddef.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "bytes.h"

enum cert_purpose { CERT_CA, CERT_DEVICE, CERT_SERVER };

struct cert_authority {
	EVP_PKEY *key;
	X509 *cert;
};
/* A fresh self-signed authority; cert_authority_free ends it. */
status cert_authority_new(struct cert_authority *ret_ca) MUST_USE;
/* From PEM texts. */
status cert_authority_load(struct bytes cert_pem, struct bytes key_pem,
			   struct cert_authority *ret_ca) MUST_USE;
void cert_authority_free(struct cert_authority *ca);

/* Issues a certificate for the public half of key, valid ten years. size: DER bytes that it must
 * have, reached by a comment extension; 0, or what cannot be reached, gives its natural size. */
status cert_issue(const struct cert_authority *ca, enum cert_purpose purpose, EVP_PKEY *key,
		  const char *common_name, size_t size, X509 **ret_cert) MUST_USE;
/* The DER and PEM forms; the caller frees *ret_p. */
status cert_der(X509 *cert, uint8_t **ret_p, size_t *ret_n) MUST_USE;
status cert_pem(X509 *cert, uint8_t **ret_p, size_t *ret_n) MUST_USE;
/* A certification request, DER. */
status cert_request(EVP_PKEY *key, const char *common_name, uint8_t **ret_p,
		    size_t *ret_n) MUST_USE;
void cert_free(X509 **cert); /* for ON_EXIT */

#endif
