/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of libiotsafe: what they are told, and libcrypto's word on what the SIM computed. */
#ifndef IOTSAFE_TESTS_INTEROP_LIB_RIG_H
#define IOTSAFE_TESTS_INTEROP_LIB_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "iotsafe.h"

/* Of the command line: the SIM ("-": none, so NULL), and a word for the test. */
extern const char *lib_where, *lib_word;

/* An open SIM; ends the test when it does not open. */
struct iotsafe *lib_open(void);
struct iotsafe_object lib_find(struct iotsafe *sim, enum iotsafe_kind kind, const char *name);
/* The object's public key as libcrypto reads it; the caller frees it. */
EVP_PKEY *lib_public(struct iotsafe *sim, const struct iotsafe_object *o);
/* Is it the signature of the digest under the object's public key? ECDSA in DER. */
bool lib_verify(struct iotsafe *sim, const struct iotsafe_object *o, const uint8_t *digest,
		size_t digest_n, const uint8_t *sig, size_t sig_n, int rsa_padding);
/* Signs a digest with the object, in DER, and verifies it. */
void lib_sign(struct iotsafe *sim, const struct iotsafe_object *o);
/* The answer with what iotsafe_why says, for a test that fails. */
void lib_expect(enum iotsafe_error got, enum iotsafe_error expected, const char *file, int line);
#define EXPECT(call, error) lib_expect(call, error, __FILE__, __LINE__)
#define WORKS(call) EXPECT(call, IOTSAFE_OK)

/* The sets of tests, by file. */
int lib_test_api(void);	    /* the demo profile */
int lib_test_bad(void);	    /* bad input, on the demo profile */
int lib_test_every(void);   /* every key that there is */
int lib_test_secrets(void); /* type2, whose secret 0A is the word, in hexadecimal */
int lib_test_share(void);   /* threads, fork, several handles */
int lib_test_pin(void);	    /* the profile pin; the word says what is expected */
int lib_test_swap(void);    /* another SIM, between "ready" on stdout and a line on stdin */
int lib_test_queue(void);   /* the SIM falls silent there */
int lib_test_answer(void);  /* the word is the error that iotsafe_open and iotsafe_sign end with */
int lib_test_cert(void);    /* writes the device's certificate to the file that the word names */

#endif
