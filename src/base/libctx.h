/* SPDX-License-Identifier: Apache-2.0 */
/* The private OpenSSL library context of crypto.h, for the files that implement it. */
#ifndef IOTSAFE_SRC_BASE_LIBCTX_H
#define IOTSAFE_SRC_BASE_LIBCTX_H

#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto.h"
#include "mem.h"

/* libcrypto's error queue belongs to the host program too: what a scope of ours adds to it is taken
 * back at the scope's end, and nothing else. */
void libctx_errors_back(int *marked);
int libctx_errors_mark(void);
#define LIBCTX_QUIET() int quiet_ ON_EXIT(libctx_errors_back) = libctx_errors_mark()

/* The context, made at the first call; NULL after OPENSSL_cleanup or when it cannot be made. */
OSSL_LIB_CTX *libctx_get(void);

/* Group name that libcrypto knows the curve by. */
const char *libctx_group(enum curve c);
/* An EVP_MD of the private context for alg, static for the context's life; NULL if there is none.
 */
const EVP_MD *libctx_md(enum hash_alg alg);
/* EVP_PKEY of a public key, to be freed by the caller. */
status libctx_pkey(const struct public_key *k, EVP_PKEY **ret_pkey) MUST_USE;
void libctx_free_pkey(EVP_PKEY **pkey);

#endif
