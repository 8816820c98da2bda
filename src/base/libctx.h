/* SPDX-License-Identifier: Apache-2.0 */
/* What the files behind crypto.h use of libcrypto: big numbers, curves, names and PEM, in a context
 * of our own. No EVP, no X509: OpenSSL 3 asks its engines for each digest and each key, whatever
 * library context they are of, and for that it reads the host's configuration file, which may name
 * us. tests/unit/base/test_libctx.c holds this. */
#ifndef IOTSAFE_SRC_BASE_LIBCTX_H
#define IOTSAFE_SRC_BASE_LIBCTX_H

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include "crypto.h"
#include "mem.h"

/* libcrypto's error queue belongs to the host program too: what a scope of ours adds to it is taken
 * back at the scope's end, and nothing else. Within the scope libcrypto's end waits, so it stands
 * first in each function that computes. */
int libctx_errors_mark(void);
void libctx_errors_back(int *mark);
#define LIBCTX_QUIET()                                                                             \
	int quiet_ ON_EXIT(libctx_errors_back) __attribute__((unused)) = libctx_errors_mark()

/* The context, made at the first call; NULL after OPENSSL_cleanup or when it cannot be made. */
OSSL_LIB_CTX *libctx_get(void);
/* The curve's group, once the context was got in a LIBCTX_QUIET scope, and until its end; NULL for
 * no curve. */
const EC_GROUP *libctx_group(enum curve c);
/* Scratch numbers in the context, for ON_EXIT(libctx_free_bn_ctx). */
BN_CTX *libctx_bn_ctx(void);
void libctx_free_bn_ctx(BN_CTX **ctx);

#endif
