/* SPDX-License-Identifier: Apache-2.0 */
/* A SIM's identity. */
#ifndef IOTSAFE_BASE_ICCID_H
#define IOTSAFE_BASE_ICCID_H

#include "bytes.h"
#include "sizes.h"
#include "status.h"

/* The content of EF_ICCID (TS 102 221 §13.2): two digits a byte, the first one in the low half; F
 * ends them. ST_MALFORMED: more than ten bytes, fewer than ten digits, or something else among
 * them. */
status iccid_from_ef(struct bytes ef, char ret_iccid[ICCID_DIGITS_MAX + 1]) MUST_USE;

#endif
