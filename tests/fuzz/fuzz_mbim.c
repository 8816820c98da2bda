/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a hostile MBIM modem. Input: one byte that picks what we have asked, then the
 * stream, in which the first four bytes of a transaction id that is zero become ours, so that seeds
 * of real traffic fit. It goes through the connection as it comes, by a socket; what is taken for
 * an answer through the parser of what was asked, and so does the stream itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "mbim_codes.h"
#include "mbim_link.h"
#include "mem.h"

enum { STREAM_MAX = 16384 };

static const struct mbim_command asked[] = {
	{MBIM_UICC, MBIM_CID_UICC_APDU, true, {0}},
	{MBIM_UICC, MBIM_CID_UICC_OPEN, true, {0}},
	{MBIM_BASIC_CONNECT, MBIM_CID_SUBSCRIBER_READY, false, {0}},
	{MBIM_PROXY_CONTROL, MBIM_CID_PROXY_CONFIGURATION, true, {0}},
};

static void require(bool truth)
{
	if (!truth)
		abort();
}

static bool is_iccid(const char *text)
{
	size_t n = strspn(text, "0123456789");
	return text[n] == '\0' && (n == 0 || (n >= 10 && n <= ICCID_DIGITS_MAX));
}

static void read_info(struct bytes info)
{
	uint8_t buf[APDU_REPLY_MAX];
	struct wtr reply = WTR_ON(buf);
	struct mbim_sim sim = {0};
	uint16_t sw;
	uint32_t channel;

	if (mbim_info_reply(info, &reply) == ST_OK)
		require(reply.n >= 2 && reply.n <= info.n);
	if (mbim_info_sim(info, &sim) == ST_OK)
		require(is_iccid(sim.iccid));
	if (mbim_info_opened(info, &sw, &channel) == ST_OK)
		require(info.n >= 8);
}

static void read_frame(struct bytes b)
{
	struct mbim_frame f;
	struct mbim_said s;
	size_t n = 0;

	if (mbim_wire_length(b, &n) == ST_OK && n <= b.n &&
	    mbim_wire_frame(bytes_of(b.p, n), &f) == ST_OK) {
		require(f.current < f.total && f.body.n <= n - MBIM_HEADER);
		if (mbim_wire_said(f.type, f.body, &s) == ST_OK)
			read_info(s.info);
	}
	read_info(b);
}

/* The peer has said all that it will say before it is asked. */
static void run(const struct mbim_command *c, bool open, struct bytes stream)
{
	static struct mbim_link l;
	struct mbim_said s;
	int fds[2];
	status st;

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	mbim_link_init(&l);
	l.tid = 0xFFFFFFFF; /* the next is 1 */
	mbim_link_start(&l, fds[0]);
	require(send(fds[1], stream.p, stream.n, MSG_NOSIGNAL) == (ssize_t)stream.n);
	shutdown(fds[1], SHUT_WR);
	if (open) {
		st = mbim_link_open(&l, DEADLINE_NEVER);
	} else {
		st = mbim_link_run(&l, c, DEADLINE_NEVER, &s);
		if (st == ST_OK) {
			require(s.service == c->service && s.cid == c->cid);
			for (enum mbim_context in = MBIM_IN_QUERY; in < MBIM_CONTEXTS; in++)
				require(mbim_codes_status((enum mbim_code)s.status, in) != ST_OK);
			read_info(s.info);
		}
	}
	require(st == ST_OK || st == ST_IO || st == ST_NO_DEVICE || st == ST_DESYNC);
	require(l.rx_n <= sizeof(l.rx) && l.whole_n <= sizeof(l.whole) && is_iccid(l.sim.iccid));
	while (mbim_link_listen(&l) == ST_OK)
		;
	require(l.fd < 0 && l.rx_n == 0 && l.whole_n == 0);
	close(fds[1]);
}

/* Transaction 0 of a seed is ours. */
static size_t adopt(const uint8_t *data, size_t size, uint8_t *stream)
{
	static const uint8_t zero[4], one[4] = {1};

	if (size > STREAM_MAX)
		size = STREAM_MAX;
	memcpy(stream, data, size);
	for (size_t at = 0, n = 0; at + MBIM_HEADER <= size; at += n) {
		if (mbim_wire_length(bytes_of(stream + at, size - at), &n) != ST_OK)
			break;
		if (memcmp(stream + at + 8, zero, 4) == 0)
			memcpy(stream + at + 8, one, 4);
	}
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t stream[STREAM_MAX];

	if (size == 0)
		return 0;
	size_t pick = data[0] % (ARRAY_LEN(asked) + 1);
	size_t n = adopt(data + 1, size - 1, stream);
	bool open = pick == ARRAY_LEN(asked);

	read_frame(bytes_of(data + 1, size - 1));
	run(&asked[open ? 0 : pick], open, bytes_of(stream, n));
	return 0;
}
