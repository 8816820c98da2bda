/* SPDX-License-Identifier: Apache-2.0 */
/* The applet's TLVs. Every value lies inside the input, the walk goes forward, and what was read
 * can be written again as it stood unless a wrong length was put right. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tlv.h"

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void walk(struct bytes in)
{
	struct rdr r = rdr_of(in);
	uint8_t tag, again[2 + 255];
	struct bytes v;

	for (;;) {
		struct rdr was = r;
		struct wtr w = WTR_ON(again);

		if (tlv_next(&r, &tag, &v) != ST_OK) {
			require(r.p == was.p && r.n == was.n);
			return;
		}
		require(v.p == was.p + 2 && v.n + 2 <= was.n);
		require(r.p == v.p + v.n && r.n == was.n - 2 - v.n);
		require(tag == was.p[0] && (v.n == was.p[1] || v.n + 1 == was.p[1]));
		tlv_put(&w, tag, v);
		require(wtr_done(&w) == ST_OK && w.n == v.n + 2);
		require(memcmp(again + 2, was.p + 2, v.n) == 0);
	}
}

static bool inside(struct bytes v, struct bytes in)
{
	return v.n > 0 && v.p >= in.p && v.p + v.n <= in.p + in.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size), v;
	uint8_t raw[2 * 66];

	walk(in);
	if (tlv_signature(in, &v) == ST_OK)
		require(inside(v, in));
	if (tlv_point(in, &v) == ST_OK)
		require(inside(v, in) && v.p[0] == 0x04);
	for (size_t field = 32; field <= 48; field += 16) {
		memset(raw, 0xEE, sizeof(raw));
		if (tlv_ecdsa_raw(in, field, raw) == ST_OK)
			require(raw[2 * field] == 0xEE);
	}
	return 0;
}
