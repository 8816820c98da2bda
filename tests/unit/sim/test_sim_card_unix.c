/* SPDX-License-Identifier: Apache-2.0 */
/* The unix front: framing, control, several clients, leftovers in the way. */
#include "card_rig.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "front.h"

static char path[100];
static struct sim_front *front;

static int setup(void **state)
{
	struct rig *r = rig_new("demo", 0);
	char err[256] = "";
	*state = r;
	snprintf(path, sizeof(path), "%s/socket", r->dir);
	if (sim_front_unix.start(r->card, NULL, path, &front, err) != ST_OK)
		fail_msg("start: %s", err);
	return 0;
}

static int teardown(void **state)
{
	struct stat st;
	sim_front_unix.stop(front);
	assert_int_not_equal(stat(path, &st), 0); /* it has removed its socket */
	rig_free(*state);
	return 0;
}

static int dial(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	memcpy(a.sun_path, path, sizeof(path));
	assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	return fd;
}

static size_t exchange(int fd, struct bytes payload, uint8_t *out, size_t cap)
{
	uint8_t head[2] = {(uint8_t)(payload.n >> 8), (uint8_t)payload.n};
	assert_int_equal(send(fd, head, 2, MSG_NOSIGNAL), 2);
	if (payload.n > 0)
		assert_int_equal(send(fd, payload.p, payload.n, MSG_NOSIGNAL), payload.n);
	assert_int_equal(recv(fd, head, 2, MSG_WAITALL), 2);
	size_t n = (size_t)head[0] << 8 | head[1];
	assert_true(n <= cap);
	if (n > 0)
		assert_int_equal(recv(fd, out, n, MSG_WAITALL), n);
	return n;
}

static void test_frames(void **state)
{
	uint8_t out[600];
	int fd = dial();
	(void)state;
	assert_int_equal(exchange(fd, BYTES_LIT("\x00\x70\x00\x00\x01"), out, sizeof(out)), 3);
	assert_memory_equal(out, "\x01\x90\x00", 3);
	assert_int_equal(exchange(fd, bytes_of(NULL, 0), out, sizeof(out)), 2);
	assert_memory_equal(out, "\x67\x00", 2);
	size_t n = exchange(fd, BYTES_LIT("\xFFstatus"), out, sizeof(out));
	assert_true(bytes_start_with(bytes_of(out, n), BYTES_LIT("ok present=1 generation=")));
	n = exchange(fd, BYTES_LIT("\xFF"), out, sizeof(out));
	assert_true(bytes_start_with(bytes_of(out, n), BYTES_LIT("error unknown control")));
	close(fd);
}

static void test_bytes_one_by_one(void **state)
{
	static const uint8_t frame[] = {0, 5, 0x00, 0xF2, 0x00, 0x0C, 0x00};
	uint8_t out[4];
	int fd = dial();
	(void)state;
	for (size_t i = 0; i < sizeof(frame); i++)
		assert_int_equal(send(fd, frame + i, 1, MSG_NOSIGNAL), 1);
	assert_int_equal(recv(fd, out, 4, MSG_WAITALL), 4);
	assert_memory_equal(out, "\x00\x02\x90\x00", 4);
	close(fd);
}

static void test_removed_card_answers_nothing(void **state)
{
	uint8_t out[300];
	int fd = dial();
	rig_control(*state, "remove", "ok");
	assert_int_equal(exchange(fd, BYTES_LIT("\x00\x84\x00\x00\x08"), out, sizeof(out)), 0);
	size_t n = exchange(fd, BYTES_LIT("\xFFstatus"), out, sizeof(out));
	assert_true(bytes_start_with(bytes_of(out, n), BYTES_LIT("ok present=0")));
	rig_control(*state, "insert", "ok");
	close(fd);
}

static void test_oversized_frame_ends_the_client(void **state)
{
	uint8_t head[2] = {0xFF, 0xFF}, out[1];
	int fd = dial(), other = dial();
	(void)state;
	assert_int_equal(send(fd, head, 2, MSG_NOSIGNAL), 2);
	assert_int_equal(recv(fd, out, 1, 0), 0);
	assert_int_equal(exchange(other, BYTES_LIT("\x00\xF2\x00\x0C"), (uint8_t[2]){0}, 2), 2);
	close(fd);
	close(other);
}

static void *client(void *arg)
{
	uint8_t out[300];
	int fd = dial();
	(void)arg;
	for (int i = 0; i < 200; i++) {
		/* GET RANDOM is none of the MF's commands: every answer is 6D00 */
		if (exchange(fd, BYTES_LIT("\x00\x84\x00\x00\x08"), out, sizeof(out)) != 2)
			return NULL;
	}
	close(fd);
	return &front;
}

static void test_many_clients(void **state)
{
	pthread_t thread[8];
	(void)state;
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < 8; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, client, NULL), 0);
		for (size_t i = 0; i < 8; i++) {
			void *ok = NULL;
			assert_int_equal(pthread_join(thread[i], &ok), 0);
			assert_non_null(ok);
		}
	}
}

static void test_start_refusals(void **state)
{
	struct rig *r = *state;
	struct sim_front *other;
	char err[256] = "", where[200];
	assert_int_equal(sim_front_unix.start(r->card, NULL, path, &other, err), ST_BUSY_DEVICE);
	assert_non_null(strstr(err, "another program listens there"));
	snprintf(where, sizeof(where), "%s/card/card.txt", r->dir);
	assert_int_equal(sim_front_unix.start(r->card, NULL, where, &other, err), ST_ARG);
	assert_non_null(strstr(err, "not a socket"));
	assert_int_equal(sim_front_unix.start(r->card, NULL, "/nonexistent/s", &other, err), ST_IO);
	assert_int_equal(sim_front_unix.start(r->card, NULL, "", &other, err), ST_ARG);
	memset(where, 'a', sizeof(where) - 1);
	where[sizeof(where) - 1] = '\0';
	assert_int_equal(sim_front_unix.start(r->card, NULL, where, &other, err), ST_ARG);
}

static void test_leftover_socket_is_replaced(void **state)
{
	struct rig *r = *state;
	struct sim_front *second;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char err[256] = "";
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/left", r->dir);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	close(fd); /* as a killed simulator leaves it */
	assert_int_equal(sim_front_unix.start(r->card, NULL, a.sun_path, &second, err), ST_OK);
	sim_front_unix.stop(second);
}

static void test_stop_with_a_client_connected(void **state)
{
	struct rig *r = *state;
	struct sim_front *second;
	char err[256] = "", saved[100], out[1];
	memcpy(saved, path, sizeof(saved));
	snprintf(path, sizeof(path), "%s/second", r->dir);
	assert_int_equal(sim_front_unix.start(r->card, NULL, path, &second, err), ST_OK);
	int fd = dial();
	assert_int_equal(send(fd, "\0", 1, MSG_NOSIGNAL), 1); /* half a header */
	sim_front_unix.stop(second);
	/* closed, or reset where the half header was still unread: but not silent */
	errno = 0;
	assert_true(recv(fd, out, 1, 0) <= 0);
	assert_true(errno == 0 || errno == ECONNRESET);
	close(fd);
	memcpy(path, saved, sizeof(path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_bytes_one_by_one),
		cmocka_unit_test(test_removed_card_answers_nothing),
		cmocka_unit_test(test_oversized_frame_ends_the_client),
		cmocka_unit_test(test_many_clients),
		cmocka_unit_test(test_start_refusals),
		cmocka_unit_test(test_leftover_socket_is_replaced),
		cmocka_unit_test(test_stop_with_a_client_connected),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
