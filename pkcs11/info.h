/* SPDX-License-Identifier: Apache-2.0 */
/* The information structures: blank-padded UTF-8, never cut inside a character, never a NUL. */
#ifndef IOTSAFE_PKCS11_INFO_H
#define IOTSAFE_PKCS11_INFO_H

#include "ck.h"
#include "slot.h"
#include "status.h"

/* C_GetInfo of the interface of this version. */
status info_library(CK_VERSION version, CK_INFO *ret_info) MUST_USE;
/* Opens no device. */
status info_slot(CK_SLOT_ID id, CK_SLOT_INFO *ret_info) MUST_USE;
/* Slot locked. ST_ARG, ST_TOKEN_ABSENT, ST_TOKEN_UNKNOWN. */
status info_token(struct slot *s, CK_TOKEN_INFO *ret_info) MUST_USE;

/* s into a field of n bytes, cut at a character, filled with blanks. */
void info_pad(unsigned char *field, size_t n, const char *s);

#endif
