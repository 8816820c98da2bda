/* SPDX-License-Identifier: Apache-2.0 */
#include "digestinfo.h"

#include "mem.h"

/* The three differ in the lengths and in the last byte of the hash's OID, 2.16.840.1.101.3.4.2.x.
 */
#define PREFIX(whole, oid_end, digest)                                                             \
	{                                                                                          \
		0x30, whole, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,     \
			0x02, oid_end, 0x05, 0x00, 0x04, digest                                    \
	}

static const struct {
	uint8_t prefix[19];
	enum hash_alg hash;
} known[] = {
	{PREFIX(0x31, 1, 32), HASH_SHA256},
	{PREFIX(0x41, 2, 48), HASH_SHA384},
	{PREFIX(0x51, 3, 64), HASH_SHA512},
};

status digestinfo_split(struct bytes der, enum hash_alg *ret_hash, struct bytes *ret_digest)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct bytes prefix = BYTES_OF(known[i].prefix);
		if (der.n != prefix.n + hash_size(known[i].hash) || !bytes_start_with(der, prefix))
			continue;
		*ret_hash = known[i].hash;
		*ret_digest = bytes_of(der.p + prefix.n, der.n - prefix.n);
		return ST_OK;
	}
	return ST_DATA_LEN;
}
