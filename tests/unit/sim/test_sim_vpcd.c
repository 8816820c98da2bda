/* SPDX-License-Identifier: Apache-2.0 */
/* The vpcd front against a reader that the test plays itself. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "deadline.h"
#include "front.h"
#include "tiny_card.h"

static const struct tiny_pair script[] = {
	{"00CB010000", "8401AB9000"},
	{"00CB020000", "90"},
	{"00CB030000", ""},
	{NULL, NULL},
};

struct reader {
	struct sim_card *card;
	struct sim_front *front;
	int listener, fd;
	char argument[64];
};

static void reader_accept(struct reader *r, int64_t ms)
{
	struct pollfd p = {.fd = r->listener, .events = POLLIN};

	assert_int_equal(poll(&p, 1, (int)ms), 1);
	r->fd = accept(r->listener, NULL, NULL);
	assert_true(r->fd >= 0);
}

static void reader_send(struct reader *r, const void *data, size_t n)
{
	assert_int_equal(send(r->fd, data, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Exactly n bytes, equal to want; then silence. */
static void reader_expect(struct reader *r, const void *want, size_t n)
{
	uint8_t got[600];
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	size_t have = 0;

	while (have < n) {
		assert_int_equal(poll(&p, 1, 2000), 1);
		ssize_t k = recv(r->fd, got + have, sizeof(got) - have, 0);
		assert_true(k > 0);
		have += (size_t)k;
	}
	assert_int_equal(have, n);
	assert_memory_equal(got, want, n);
	assert_int_equal(poll(&p, 1, 30), 0);
}

static void reader_expect_end(struct reader *r, int64_t ms)
{
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	uint8_t byte;

	assert_int_equal(poll(&p, 1, (int)ms), 1);
	assert_int_equal(recv(r->fd, &byte, 1, 0), 0);
	close(r->fd);
	r->fd = -1;
}

static int start(void **state)
{
	static struct reader r;
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t n = sizeof(sa);
	char err[256] = "";

	r.fd = -1;
	r.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(r.listener, (struct sockaddr *)&sa, n), 0);
	assert_int_equal(getsockname(r.listener, (struct sockaddr *)&sa, &n), 0);
	snprintf(r.argument, sizeof(r.argument), "127.0.0.1:%u", ntohs(sa.sin_port));
	r.card = tiny_card_new(script);
	/* nobody listens yet: the front waits to connect, and start does not wait for it */
	int64_t before = deadline_now();
	assert_int_equal(sim_front_vpcd.start(r.card, NULL, r.argument, &r.front, err), ST_OK);
	assert_true(deadline_now() - before < 1000000000);
	assert_int_equal(listen(r.listener, 4), 0);
	reader_accept(&r, 2000);
	*state = &r;
	return 0;
}

static int stop(void **state)
{
	struct reader *r = *state;

	sim_front_vpcd.stop(r->front);
	if (r->fd >= 0)
		close(r->fd);
	close(r->listener);
	sim_card_free(r->card);
	return 0;
}

static void test_atr_by_protocol(void **state)
{
	static const uint8_t t0[] = {0,	   12,	 0x3B, 0x95, 0x95, 0x80, 0x1F,
				     0xC7, 0x80, 0x73, 0xFE, 0x21, 0x13, 0x67};
	static const uint8_t t1[] = {0,	   13,	 0x3B, 0x95, 0x95, 0x81, 0x31, 0xFE,
				     0x45, 0x80, 0x73, 0xFE, 0x21, 0x13, 0x34};
	struct reader *r = *state;

	reader_send(r, "\0\1\4", 3);
	reader_expect(r, t0, sizeof(t0));
	sim_card_set_t0(r->card, false);
	reader_send(r, "\0\1\4", 3);
	reader_expect(r, t1, sizeof(t1));
}

static void test_commands_and_controls(void **state)
{
	struct reader *r = *state;
	uint32_t before = sim_card_generation(r->card);

	reader_send(r, "\0\1\1", 3);
	reader_send(r, "\0\5\0\x70\0\0\1", 7);
	reader_expect(r, "\0\3\1\x90\0", 5);
	reader_send(r, "\0\1\2", 3); /* reset: the channel is free again */
	reader_send(r, "\0\5\0\x70\0\0\1", 7);
	reader_expect(r, "\0\3\1\x90\0", 5);
	reader_send(r, "\0\1\0", 3);
	reader_send(r, "\0\1\x77", 3); /* unknown control and empty frame: ignored */
	reader_send(r, "\0\0", 2);
	reader_send(r, "\0\5\0\xCB\1\0\0", 7);
	reader_expect(r, "\0\5\x84\1\xAB\x90\0", 7);
	assert_int_equal(sim_card_generation(r->card) - before, 3);
}

static void test_fragments_and_short_answers(void **state)
{
	struct reader *r = *state;
	const char frame[] = "\0\5\0\xCB\1\0\0";

	for (size_t i = 0; i < 7; i++) {
		reader_send(r, frame + i, 1);
		usleep(3000);
	}
	reader_expect(r, "\0\5\x84\1\xAB\x90\0", 7);
	reader_send(r, "\0\5\0\xCB\2\0\0", 7);
	reader_expect(r, "\0\1\x90", 3);
	reader_send(r, "\0\5\0\xCB\3\0\0", 7);
	reader_expect(r, "\0\0", 2);
}

static void test_removal_and_insertion(void **state)
{
	struct reader *r = *state;
	uint8_t reply[64];
	struct wtr w = WTR_ON(reply);

	reader_send(r, "\0\1\1", 3);
	reader_send(r, "\0\5\0\xCB\1\0\0", 7);
	reader_expect(r, "\0\5\x84\1\xAB\x90\0", 7);
	sim_card_control(r->card, BYTES_LIT("remove"), &w);
	reader_expect_end(r, 500);
	struct pollfd p = {.fd = r->listener, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 1500), 0); /* stays away */
	sim_card_control(r->card, BYTES_LIT("insert"), &w);
	reader_accept(r, 500);
	sim_card_control(r->card, BYTES_LIT("reset"), &w);
	reader_expect_end(r, 500);
	reader_accept(r, 2500);
	reader_send(r, "\0\5\0\xCB\1\0\0", 7);
	reader_expect(r, "\0\5\x84\1\xAB\x90\0", 7);
}

static void test_reader_restarts(void **state)
{
	struct reader *r = *state;

	close(r->fd);
	reader_accept(r, 1000);
	reader_send(r, "\0\5\0\xCB\1", 5); /* half a frame, and away */
	close(r->fd);
	reader_accept(r, 1000);
	reader_send(r, "\0\5\0\xCB\1\0\0", 7);
	reader_expect(r, "\0\5\x84\1\xAB\x90\0", 7);
}

static void test_bad_arguments(void **state)
{
	static const char *const bad[] = {"", "localhost", ":1", "localhost:"};
	struct sim_card *card = tiny_card_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sim_front *front = NULL;
		char err[256] = "";

		assert_int_equal(sim_front_vpcd.start(card, NULL, bad[i], &front, err), ST_ARG);
		assert_null(front);
		assert_true(strlen(err) > 5);
	}
	sim_card_free(card);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_atr_by_protocol, start, stop),
		cmocka_unit_test_setup_teardown(test_commands_and_controls, start, stop),
		cmocka_unit_test_setup_teardown(test_fragments_and_short_answers, start, stop),
		cmocka_unit_test_setup_teardown(test_removal_and_insertion, start, stop),
		cmocka_unit_test_setup_teardown(test_reader_restarts, start, stop),
		cmocka_unit_test(test_bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
