/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a hostile modem. Input: one byte that picks the command in flight, then the stream,
 * in pieces whose lengths follow from a running sum, so that every cut is met. What was collected
 * goes through the parser that its command would use. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "at_codes.h"
#include "at_reply.h"
#include "fuzz.h"
#include "mem.h"

static const struct at_expect commands[] = {
	{"AT+CSIM=10,\"0070000001\"", AT_WANT_PREFIX, "+CSIM"},
	{"AT+CGLA=1,10,\"00CB010000\"", AT_WANT_PREFIX, "+CGLA"},
	{"AT+CCHO=\"A0000005590010\"", AT_WANT_HANDLE, "+CCHO"},
	{"AT+CGMI", AT_WANT_TEXT, "+CGMI"},
	{"AT+CCID", AT_WANT_ICCID, NULL},
	{"AT", AT_WANT_NOTHING, NULL},
	{NULL, AT_WANT_NOTHING, NULL},
};

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void read_info(const struct at_reply *r)
{
	uint8_t bytes[APDU_REPLY_MAX] = {0};
	struct wtr w = WTR_ON(bytes);
	char handle[24] = "", iccid[ICCID_DIGITS_MAX + 1] = "";
	struct bytes info = at_reply_info(r);

	if (at_line_apdu(info, &w) == ST_OK)
		require(!w.overflow && 2 * w.n <= info.n);
	if (at_line_handle(info, handle) == ST_OK)
		require(strlen(handle) >= 1 && strlen(handle) <= AT_HANDLE_MAX);
	if (at_line_iccid(info, iccid) == ST_OK)
		require(strlen(iccid) >= 18 && strlen(iccid) <= ICCID_DIGITS_MAX);
}

static void feed_in_pieces(struct at_reply *r, const uint8_t *data, size_t size)
{
	unsigned sum = 1;
	while (size > 0) {
		sum = sum * 31 + data[0];
		size_t n = 1 + sum % 23;
		n = n < size ? n : size;
		at_reply_feed(r, bytes_of(data, n));
		data += n;
		size -= n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	static struct at_reply r;
	const struct at_expect *x = &commands[data[0] % ARRAY_LEN(commands)];
	at_reply_init(&r);
	at_reply_begin(&r, x);
	feed_in_pieces(&r, data + 1, size - 1);
	require(r.info_n <= AT_LINE_MAX && r.line_n <= AT_LINE_MAX);
	require(x->sent || r.final == AT_FINAL_NONE);
	if (r.final == AT_FINAL_ERROR)
		for (enum at_context in = AT_IN_SETUP; in < AT_CONTEXTS; in++)
			require(at_codes_status(r.code, in) != ST_OK);
	read_info(&r);
	at_reply_wipe(&r);
	require(at_reply_info(&r).n == 0);
	return 0;
}
