/* SPDX-License-Identifier: Apache-2.0 */
/* The referee: libcrypto with the certificate that the card's maker wrote, none of our code. */
#include "rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <setjmp.h>
#include <cmocka.h>

EVP_PKEY *rig_device_key(const struct rig *r)
{
	char path[160];
	EVP_PKEY *key = NULL;
	X509 *x = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "%s/device.pem", r->card);
	f = fopen(path, "re");
	if (f) {
		x = PEM_read_X509(f, NULL, NULL, NULL);
		fclose(f);
	}
	if (x)
		key = X509_get_pubkey(x);
	X509_free(x);
	return key;
}

bool rig_verify(const struct rig *r, const uint8_t *digest, size_t n, const uint8_t *sig,
		size_t sig_n)
{
	EVP_PKEY *key = rig_device_key(r);
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	ECDSA_SIG *es = ECDSA_SIG_new();
	unsigned char *der = NULL;
	int der_n, ok;

	if (!key)
		fail_msg("no public key in %s/device.pem", r->card);

	ECDSA_SIG_set0(es, BN_bin2bn(sig, (int)sig_n / 2, NULL),
		       BN_bin2bn(sig + sig_n / 2, (int)sig_n / 2, NULL));
	der_n = i2d_ECDSA_SIG(es, &der);
	ok = der_n > 0 && EVP_PKEY_verify_init(ctx) == 1
		     ? EVP_PKEY_verify(ctx, der, (size_t)der_n, digest, n)
		     : 0;
	OPENSSL_free(der);
	ECDSA_SIG_free(es);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok == 1;
}
