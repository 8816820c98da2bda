/* SPDX-License-Identifier: Apache-2.0 */
/* A shared channel's record as one line of text, for the lock file:
 *
 *   record=1 boot=<boot_id> pid=<n> gen=<hex> ch=<n> handle=<text> aid=<hex> iccid=<digits>
 *   cla=<hex> sum=<hex>
 *
 * in one line; empty values stay empty. It is a hint for the next holder of the device, who treats
 * it like any other input: damaged, unfinished, of another version or another boot, it does not
 * exist. The sum (FNV-1a, 64 bit) finds accidents; whoever may write the file can write a right
 * one. */
#ifndef IOTSAFE_TRANSPORT_DEVRECORD_H
#define IOTSAFE_TRANSPORT_DEVRECORD_H

#include "bytes.h"
#include "transport.h"

enum { DEVRECORD_TEXT_MAX = 320, DEVRECORD_BOOT_ID_MAX = 40 };

/* FNV-1a, 64 bit. */
uint64_t devrecord_fnv64(struct bytes b);
/* The kernel's boot_id, or "unknown" where there is none. */
void devrecord_boot_id(char ret_id[DEVRECORD_BOOT_ID_MAX]);
/* The line with its LF into w. ST_SHORT_OUT. */
status devrecord_encode(const struct channel_record *r, const char *boot_id, long pid,
			struct wtr *w) MUST_USE;
/* ST_NO_ENTRY for anything that devrecord_encode would not have written under this boot_id. What
 * follows the LF is ignored. */
status devrecord_decode(struct bytes text, const char *boot_id,
			struct channel_record *ret_r) MUST_USE;

#endif
