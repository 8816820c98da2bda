/* SPDX-License-Identifier: Apache-2.0 */
#include "mbim_client.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "deadline.h"
#include "hex.h"

enum { PATIENCE_MS = 3000, HEADER = 12, DONE = 48 };

const uint8_t client_basic[16] = {0xa2, 0x89, 0xcc, 0x33, 0xbc, 0xbb, 0x8b, 0x4f,
				  0xb6, 0xb0, 0x13, 0x3e, 0xc2, 0xaa, 0xe6, 0xdf};
const uint8_t client_extensions[16] = {0x3d, 0x01, 0xdc, 0xc5, 0xfe, 0xf5, 0x4d, 0x05,
				       0x0d, 0x3a, 0xbe, 0xf7, 0x05, 0x8e, 0x9a, 0xaf};
const uint8_t client_uicc[16] = {0xc2, 0xf6, 0x58, 0x8e, 0xf0, 0x37, 0x4b, 0xc9,
				 0x86, 0x65, 0xf4, 0xd4, 0x4b, 0xd0, 0x93, 0x67};

void mbim_client_plug(struct mbim_client *c)
{
	c->fd = open(c->link, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	assert_true(c->fd >= 0);
}

void mbim_client_start(struct mbim_client *c, const struct tiny_pair *script, const char *options)
{
	char argument[256];
	char err[256] = "";

	memset(c, 0, sizeof(*c));
	snprintf(c->dir, sizeof(c->dir), "/tmp/sim-mbim-XXXXXX");
	assert_non_null(mkdtemp(c->dir));
	snprintf(c->link, sizeof(c->link), "%s/wdm", c->dir);
	snprintf(argument, sizeof(argument), "%s%s", c->link, options);
	c->card = tiny_card_new(script);
	c->faults = sim_faults_new();
	if (sim_front_mbim.start(c->card, c->faults, argument, &c->front, err) != ST_OK)
		fail_msg("%s", err);
	mbim_client_plug(c);
}

void mbim_client_stop(struct mbim_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	sim_front_mbim.stop(c->front);
	assert_int_equal(access(c->link, F_OK), -1);
	assert_int_equal(rmdir(c->dir), 0);
	sim_faults_free(c->faults);
	sim_card_free(c->card);
}

void mbim_client_arm(struct mbim_client *c, const char *spec)
{
	char err[128];

	assert_int_equal(sim_faults_arm(c->faults, bytes_str(spec), err), ST_OK);
}

void mbim_client_control(struct mbim_client *c, const char *text)
{
	uint8_t reply[256];
	struct wtr w = WTR_ON(reply);

	sim_card_control(c->card, bytes_str(text), &w);
	assert_true(bytes_start_with(wtr_bytes(&w), BYTES_LIT("ok")));
}

/* ---- out ---- */

static void put_hex(struct wtr *w, const char *hex)
{
	char digits[2 * CLIENT_MESSAGE_MAX];
	size_t n = 0;

	for (; *hex; hex++) {
		if (*hex != ' ')
			digits[n++] = *hex;
	}
	assert_int_equal(hex_get(bytes_of(digits, n), w), ST_OK);
}

static void send_bytes(struct mbim_client *c, struct bytes b)
{
	while (b.n > 0) {
		struct pollfd p = {.fd = c->fd, .events = POLLOUT};

		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		ssize_t n = write(c->fd, b.p, b.n);
		assert_true(n > 0);
		b = bytes_of(b.p + n, b.n - (size_t)n);
	}
}

void mbim_client_send(struct mbim_client *c, const char *hex)
{
	uint8_t out[CLIENT_MESSAGE_MAX];
	struct wtr w = WTR_ON(out);

	put_hex(&w, hex);
	send_bytes(c, wtr_bytes(&w));
}

void mbim_client_open(struct mbim_client *c)
{
	mbim_client_send(c, "01000000 10000000 01000000 00100000");
	mbim_client_expect(c, "01000080 10000000 01000000 00000000");
	c->tid = 1;
}

void mbim_client_command(struct mbim_client *c, const uint8_t service[16], uint32_t cid,
			 uint32_t type, const char *hex)
{
	uint8_t out[CLIENT_MESSAGE_MAX], info[CLIENT_MESSAGE_MAX];
	struct wtr w = WTR_ON(out);
	struct wtr i = WTR_ON(info);

	put_hex(&i, hex);
	wtr_u32le(&w, 3);
	wtr_u32le(&w, (uint32_t)(DONE + i.n));
	wtr_u32le(&w, ++c->tid);
	wtr_u32le(&w, 1);
	wtr_u32le(&w, 0);
	wtr_put(&w, bytes_of(service, 16));
	wtr_u32le(&w, cid);
	wtr_u32le(&w, type);
	wtr_u32le(&w, (uint32_t)i.n);
	wtr_put(&w, wtr_bytes(&i));
	send_bytes(c, wtr_bytes(&w));
}

/* ---- in ---- */

static bool read_exactly(struct mbim_client *c, size_t want, deadline dl)
{
	while (c->got_n < want) {
		struct pollfd p = {.fd = c->fd, .events = POLLIN};

		if (poll(&p, 1, deadline_poll_ms(dl)) <= 0)
			return false;
		ssize_t n = read(c->fd, c->got + c->got_n, want - c->got_n);
		if (n <= 0)
			return false;
		c->got_n += (size_t)n;
	}
	return true;
}

static uint32_t u32_at(const struct mbim_client *c, size_t at)
{
	struct rdr r = rdr_of(bytes_of(c->got, c->got_n));
	uint32_t v = 0;

	assert_int_equal(rdr_skip(&r, at), ST_OK);
	assert_int_equal(rdr_u32le(&r, &v), ST_OK);
	return v;
}

bool mbim_client_receive(struct mbim_client *c, int64_t ms)
{
	deadline dl = deadline_in_ms(ms);

	c->got_n = 0;
	if (!read_exactly(c, HEADER, dl))
		return false;
	uint32_t length = u32_at(c, 4);
	assert_in_range(length, HEADER, sizeof(c->got));
	return read_exactly(c, length, dl);
}

static void assert_bytes(const uint8_t *got, size_t n, const char *hex)
{
	static char text[2 * CLIENT_MESSAGE_MAX + 1], want[2 * CLIENT_MESSAGE_MAX + 1];
	uint8_t bytes[CLIENT_MESSAGE_MAX];
	struct wtr w = WTR_ON(bytes);

	put_hex(&w, hex);
	hex_str(wtr_bytes(&w), want, sizeof(want));
	hex_str(bytes_of(got, n), text, sizeof(text));
	assert_string_equal(text, want);
}

void mbim_client_expect(struct mbim_client *c, const char *hex)
{
	assert_true(mbim_client_receive(c, PATIENCE_MS));
	assert_bytes(c->got, c->got_n, hex);
}

void mbim_client_expect_done(struct mbim_client *c, const uint8_t service[16], uint32_t cid,
			     uint32_t st, const char *hex)
{
	assert_true(mbim_client_receive(c, PATIENCE_MS));
	assert_true(c->got_n >= DONE);
	assert_int_equal(u32_at(c, 0), 0x80000003);
	assert_int_equal(u32_at(c, 8), c->tid);
	assert_int_equal(u32_at(c, 12), 1);
	assert_int_equal(u32_at(c, 16), 0);
	assert_memory_equal(c->got + 20, service, 16);
	assert_int_equal(u32_at(c, 36), cid);
	assert_int_equal(u32_at(c, 40), st);
	assert_int_equal(u32_at(c, 44), c->got_n - DONE);
	if (hex)
		assert_bytes(c->got + DONE, c->got_n - DONE, hex);
}

void mbim_client_run(struct mbim_client *c, const uint8_t service[16], uint32_t cid, uint32_t type,
		     const char *hex, uint32_t st, const char *want)
{
	mbim_client_command(c, service, cid, type, hex);
	mbim_client_expect_done(c, service, cid, st, want);
}

void mbim_client_expect_error(struct mbim_client *c, uint32_t tid, uint32_t error)
{
	assert_true(mbim_client_receive(c, PATIENCE_MS));
	assert_int_equal(u32_at(c, 0), 0x80000004);
	assert_int_equal(c->got_n, 16);
	assert_int_equal(u32_at(c, 8), tid);
	assert_int_equal(u32_at(c, 12), error);
}

void mbim_client_expect_silence(struct mbim_client *c, int64_t ms)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, (int)ms), 0);
}
