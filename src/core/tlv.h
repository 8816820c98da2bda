/* SPDX-License-Identifier: Apache-2.0 */
/* IoT SAFE's flat TLVs: one tag byte, one raw length byte (iotsafe-protocol.md §5). Not BER. */
#ifndef IOTSAFE_SRC_CORE_TLV_H
#define IOTSAFE_SRC_CORE_TLV_H

#include <stdbool.h>
#include "bytes.h"

enum tlv_tag {
	TAG_VERSION = 0x10,
	TAG_APP_ID = 0x11,
	TAG_FILE_SIZE = 0x20,
	TAG_FILE_USAGE = 0x21,
	TAG_SIGNATURE = 0x33,
	TAG_PUBLIC_DATA = 0x34,
	TAG_PUBLIC_EC = 0x49,
	TAG_EC_POINT = 0x86, /* inside 49 only */
	TAG_STATE = 0x4A,
	TAG_KEY_TYPE = 0x4B,
	TAG_KEY_USAGE = 0x4E,
	TAG_ACCESS = 0x60,
	TAG_FUNCTIONS = 0x61,
	TAG_AGREEMENT = 0x6F,
	TAG_LABEL_FILE = 0x73,
	TAG_LABEL_PRIVATE = 0x74,
	TAG_LABEL_PUBLIC = 0x75,
	TAG_LABEL_SECRET = 0x76,
	TAG_ID_FILE = 0x83,
	TAG_ID_PRIVATE = 0x84,
	TAG_ID_PUBLIC = 0x85,
	TAG_ID_SECRET = 0x86,
	TAG_APP_FUNCTIONS = 0x90,
	TAG_HASH = 0x91,
	TAG_SIG_ALG = 0x92,
	TAG_APP_AGREEMENT = 0x93,
	TAG_DERIVATION = 0x94,
	TAG_TEXT = 0x9B,
	TAG_FINAL_HASH = 0x9E,
	TAG_MAC_INPUT = 0x9F, /* Thales */
	TAG_MODE = 0xA1,
	TAG_MAX_FILES = 0xB1,
	TAG_MAX_PRIVATE = 0xB2,
	TAG_MAX_PUBLIC = 0xB3,
	TAG_MAX_SECRET = 0xB4,
	TAG_MAX_SESSIONS = 0xB7,
	TAG_INFO_PRIVATE = 0xC1,
	TAG_INFO_PUBLIC = 0xC2,
	TAG_INFO_FILE = 0xC3,
	TAG_INFO_SECRET = 0xC4,
	TAG_SECRET = 0xD1,
	TAG_LABEL_SEED = 0xD2,
	TAG_OUTPUT_LEN = 0xD3,
	TAG_OTHER_SECRET = 0xD4,
	TAG_SALT = 0xD5,
};

/* The next TLV. Survives the two known malformed outputs (§5 rule 5): a declared length that is one
 * too large is taken back when that makes a known tag follow. ST_TRUNCATED at the end and for a
 * value that passes it. */
status tlv_next(struct rdr *r, uint8_t *ret_tag, struct bytes *ret_value) MUST_USE;

void tlv_put(struct wtr *w, uint8_t tag, struct bytes value);
void tlv_put_u8(struct wtr *w, uint8_t tag, uint8_t v);
/* A point as public key data: 34 49 86 (§12.2). */
void tlv_put_point(struct wtr *w, struct bytes point);

/* The value of a signature answer, whatever its header (§5 rule 3). ST_MALFORMED. */
status tlv_signature(struct bytes reply, struct bytes *ret_sig) MUST_USE;
/* The point of a public key answer: 34 49 86, or bare (§10.8). ST_MALFORMED. */
status tlv_point(struct bytes reply, struct bytes *ret_point) MUST_USE;
/* An answer that is n raw bytes, or a TLV of any tag that holds them and nothing else (§20 no. 26).
 * ST_MALFORMED. */
status tlv_raw(struct bytes reply, size_t n, struct bytes *ret_value) MUST_USE;
/* ECDSA signature as r || s of field bytes each, from raw or DER (§12.1). ST_MALFORMED. */
status tlv_ecdsa_raw(struct bytes sig, size_t field, uint8_t *ret_raw) MUST_USE;

#endif
