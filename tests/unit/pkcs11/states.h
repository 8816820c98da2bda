/* SPDX-License-Identifier: Apache-2.0 */
/* Every function of Cryptoki: what its arguments are, and what it may answer (the lists of PKCS#11
 * 3.2 §5, and those of §5.1 for all functions). */
#ifndef IOTSAFE_TESTS_PKCS11_STATES_H
#define IOTSAFE_TESTS_PKCS11_STATES_H

#include "rig.h"

enum { STATES_ARGS_MAX = 10, STATES_RV_MAX = 20 };

/* The arguments, a letter each. */
enum states_arg {
	ARG_SESSION = 's',
	ARG_SLOT = 'l',
	ARG_OBJECT = 'o',
	ARG_KEY = 'k',	     /* a private key's handle */
	ARG_PUBLIC = 'v',    /* a public key's handle */
	ARG_NUMBER = 'u',    /* anything: a type, a flag */
	ARG_BYTES = 'p',     /* input… */
	ARG_LENGTH = 'n',    /* …and its length */
	ARG_OUT = 'P',	     /* output… */
	ARG_ROOM = 'N',	     /* …and where its length is */
	ARG_TEMPLATE = 'T',  /* attributes… */
	ARG_COUNT = 'c',     /* …and how many */
	ARG_MECHANISM = 'M', /* a pointer to one */
	ARG_HANDLE = 'H',    /* a pointer to where one goes */
	ARG_STRUCT = 'O',    /* a pointer to a structure that is filled in */
	ARG_RESERVED = 'x',  /* a pointer that may be anything, or has to be NULL */
};

struct states_function {
	const char *name;
	const char *args;
	CK_RV may[STATES_RV_MAX]; /* beside what all may; ended by CKR_OK */
};
extern const struct states_function states_functions[];
extern const size_t states_function_count;

bool states_allows(const struct states_function *fn, CK_RV rv);
/* Does it work before C_Initialize? */
bool states_needs_nothing(const struct states_function *fn);

#endif
