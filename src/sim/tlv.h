/* SPDX-License-Identifier: Apache-2.0 */
/* TLVs of commands (iotsafe-protocol.md §§5, 6): one-byte tags, one raw length byte, any order. */
#ifndef IOTSAFE_SIM_TLV_H
#define IOTSAFE_SIM_TLV_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

/* Every tag that a command may carry, with the lengths that its value may have. The rows of secrets
 * (D1..D5) serve COMPUTE PRF and COMPUTE HKDF. X(name, tag, min, max) */
#define TLV_TABLE(X)                                                                               \
	X(SIGNATURE, 0x33, 1, 512)                                                                 \
	X(PUBLIC_DATA, 0x34, 1, 255)                                                               \
	X(FILE_LABEL, 0x73, 0, 60)                                                                 \
	X(PRIVATE_LABEL, 0x74, 0, 60)                                                              \
	X(PUBLIC_LABEL, 0x75, 0, 60)                                                               \
	X(SECRET_LABEL, 0x76, 0, 60)                                                               \
	X(FILE_ID, 0x83, 1, 20)                                                                    \
	X(PRIVATE_ID, 0x84, 1, 20)                                                                 \
	X(PUBLIC_ID, 0x85, 1, 20)                                                                  \
	X(SECRET_ID, 0x86, 1, 20)                                                                  \
	X(HASH, 0x91, 2, 2)                                                                        \
	X(SIGN_ALG, 0x92, 1, 1)                                                                    \
	X(LAST_BLOCK, 0x9A, 0, 128)                                                                \
	X(TEXT, 0x9B, 0, 255)                                                                      \
	X(HASH_STATE, 0x9C, 32, 64)                                                                \
	X(HASHED_COUNT, 0x9D, 4, 4)                                                                \
	X(DIGEST, 0x9E, 32, 64)                                                                    \
	X(MAC_TEXT, 0x9F, 0, 255)                                                                  \
	X(MODE, 0xA1, 1, 1)                                                                        \
	X(INPUT_SECRET, 0xD1, 0, 255)                                                              \
	X(LABEL_SEED, 0xD2, 0, 255)                                                                \
	X(OUTPUT_LENGTH, 0xD3, 1, 1)                                                               \
	X(OTHER_SECRET, 0xD4, 0, 255)                                                              \
	X(SALT, 0xD5, 0, 255)

enum tlv_name {
#define X(name, tag, min, max) TLV_##name,
	TLV_TABLE(X)
#undef X
		TLV_COUNT
};

struct tlv_set {
	bool seen[TLV_COUNT];
	struct bytes value[TLV_COUNT]; /* borrowed from the command */
};

/* Unknown tags are skipped. ST_MALFORMED for a length that passes the end, a value of a wrong
 * length or a tag that comes twice. ber: lengths above 7F are written 81 xx (an option of §20 row
 * 4). */
status tlv_parse(struct bytes data, bool ber, struct tlv_set *ret_set) MUST_USE;

/* tag, one raw length byte, value (at most 255 bytes, else the writer overflows). */
void tlv_put(struct wtr *w, uint8_t tag, struct bytes value);
void tlv_put_u8(struct wtr *w, uint8_t tag, uint8_t value);
void tlv_put_u16(struct wtr *w, uint8_t tag, uint16_t value);
/* tag, BER length (one byte, 81 xx or 82 xx xx), value. */
void tlv_put_ber(struct wtr *w, uint8_t tag, struct bytes value);
/* Expects tag with a BER length next in r and takes its value. */
status tlv_take_ber(struct rdr *r, uint8_t tag, struct bytes *ret_value) MUST_USE;

#endif
