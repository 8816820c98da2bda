/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys as callers write them in templates, mechanism parameters and session objects. */
#ifndef IOTSAFE_PKCS11_PUBKEY_H
#define IOTSAFE_PKCS11_PUBKEY_H

#include "bag.h"
#include "crypto.h"

/* The curve that CKA_EC_PARAMS names. ST_CURVE_UNSUPPORTED for other parameters than the named
 * curves that we know. */
status pubkey_curve(struct bytes params, enum curve *ret) MUST_USE;
/* A point as 04 || X || Y, or that in a DER OCTET STRING that is exactly filled (PKCS#11 §6.3.3 and
 * what clients make of it). The view points into `given`. ST_POINT_INVALID unless it is on the
 * curve. */
status pubkey_point(enum curve c, struct bytes given, struct bytes *ret_raw) MUST_USE;
/* EC key from a curve and a raw point that pubkey_point let pass. */
void pubkey_set_ec(enum curve c, struct bytes raw, struct public_key *ret);
/* CKA_EC_POINT of the key: the point as DER OCTET STRING. */
void pubkey_put_point(const struct public_key *k, struct wtr *w);
/* Of an object with CKA_KEY_TYPE and the attributes of a public key. ST_KEY_KIND when it is none of
 * our types, or lacks them; ST_CURVE_UNSUPPORTED, ST_POINT_INVALID. */
status pubkey_from_bag(const struct bag *b, struct public_key *ret) MUST_USE;

#endif
