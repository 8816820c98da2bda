/* SPDX-License-Identifier: Apache-2.0 */
/* The PC/SC back end against a real pcscd. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hex.h"
#include "pcsc_fd.h"
#include "pcsc_rig.h"
#include "transport.h"

#define READER "Virtual PCD 00 00"
#define SELECT "A4040007A0000005590010"

static struct transport *open_uri(const char *text)
{
	struct uri uri;
	struct transport *t = NULL;
	const struct transport_settings set = {.lock_dir = pcsc_rig_dir()};

	assert_int_equal(uri_parse(text, &uri), ST_OK);
	assert_int_equal(transport_open(&uri, &set, &t), ST_OK);
	return t;
}

static status enter(struct transport *t, int64_t ms)
{
	return transport_enter(t, deadline_in_ms(ms));
}

static status transmit(struct transport *t, const char *hex, char ret_hex[600])
{
	uint8_t cmd[261];
	uint8_t reply[300];
	struct wtr c = WTR_ON(cmd);
	struct wtr r = WTR_ON(reply);

	assert_int_equal(hex_get(bytes_str(hex), &c), ST_OK);
	status st = transport_transmit(t, NULL, wtr_bytes(&c), &r, deadline_in_ms(5000));
	ret_hex[0] = '\0';
	if (st == ST_OK)
		hex_str(wtr_bytes(&r), ret_hex, 600);
	return st;
}

static void expect(struct transport *t, const char *hex, const char *want)
{
	char got[600];

	assert_int_equal(transmit(t, hex, got), ST_OK);
	assert_string_equal(got, want);
}

static void wait_present(struct transport *t, bool want)
{
	deadline dl = deadline_in_ms(8000);

	while (transport_present(t) != want) {
		assert_false(deadline_passed(dl));
		deadline_sleep(dl, 20);
	}
}

/* A pcscd with the card in it, and a transport that has it. */
static struct transport *with_card(void)
{
	struct transport *t = open_uri("pcsc:?reader=00 00");

	wait_present(t, true);
	return t;
}

static int64_t since(int64_t start)
{
	return (deadline_now() - start) / 1000000;
}

/* Opens channel 1 with the applet selected. */
static void open_channel(struct transport *t)
{
	expect(t, "0070000001", "019000");
	expect(t, "01" SELECT, "9000");
}

static void close_channel(struct transport *t)
{
	assert_int_equal(enter(t, 3000), ST_OK);
	expect(t, "00708001", "9000");
	transport_leave(t);
}

/* Enters, however much the last test has shaken the card, and uses the applet. */
static void expect_healthy(struct transport *t)
{
	assert_int_equal(enter(t, 3000), ST_OK);
	open_channel(t);
	expect(t, "00708001", "9000");
	transport_leave(t);
}

static void test_arguments(void **state)
{
	static const char *const bad[] = {"pcsc:/dev/x", "pcsc:?what=1", "pcsc:?reader=a&x=b"};
	const struct transport_settings set = {.lock_dir = pcsc_rig_dir()};
	struct transport *t = NULL;
	struct uri uri;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(uri_parse(bad[i], &uri), ST_OK);
		assert_int_equal(transport_open(&uri, &set, &t), ST_ARG);
	}
	assert_null(t);
	transport_close(open_uri("pcsc:"));
}

static void count_found(void *ctx, const char *uri_text)
{
	int *count = ctx;

	(*count)++;
	if (*count == 1)
		assert_string_equal(uri_text, "pcsc:?reader=Virtual%20PCD%2000%2000");
}

static void test_without_pcscd(void **state)
{
	struct transport *t = open_uri("pcsc:");
	int64_t start = deadline_now();
	struct uri uri;
	int count = 0;

	(void)state;
	assert_int_equal(enter(t, 5000), ST_NO_SERVICE);
	assert_false(transport_present(t));
	assert_int_equal(uri_parse("pcsc:", &uri), ST_OK);
	assert_int_equal(transport_list(&uri, "pcsc:", count_found, &count), ST_NO_SERVICE);
	assert_int_equal(count, 0);
	assert_true(since(start) < 100);
	transport_close(t);
}

static void test_card_at_work(void **state)
{
	static const uint8_t start_of_atr[] = {0x3B, 0x95};
	struct transport *t = with_card();
	struct uri uri;
	int count = 0;

	(void)state;
	assert_int_equal(enter(t, 3000), ST_OK);
	assert_int_equal(t->traits, 0);
	assert_int_not_equal(t->generation, 0);
	assert_memory_equal(t->atr, start_of_atr, 2);
	assert_string_equal(t->description, READER);
	open_channel(t);
	transport_leave(t);
	close_channel(t);
	transport_close(t);

	t = open_uri("pcsc:");
	expect_healthy(t);
	transport_close(t);
	t = open_uri("pcsc:?reader=No%20such");
	assert_int_equal(enter(t, 1000), ST_NO_DEVICE);
	transport_close(t);
	t = open_uri("pcsc:?reader=00%2001");
	assert_int_equal(enter(t, 1000), ST_NO_CARD);
	transport_close(t);

	assert_int_equal(uri_parse("pcsc:", &uri), ST_OK);
	assert_int_equal(transport_list(&uri, "pcsc:", count_found, &count), ST_OK);
	assert_int_equal(count, 2); /* vpcd has two slots */
}

static void test_two_transports_share(void **state)
{
	struct transport *a = with_card();
	struct transport *b = open_uri("pcsc:");

	(void)state;
	assert_int_equal(enter(a, 3000), ST_OK);
	open_channel(a);
	transport_leave(a);
	assert_int_equal(enter(b, 3000), ST_OK);
	assert_true(a->generation == b->generation);
	expect(b, "01" SELECT, "9000"); /* the channel is the card's, not the client's */
	transport_leave(b);
	transport_close(a);
	close_channel(b);
	transport_close(b);
}

static void test_removed_and_reinserted(void **state)
{
	struct transport *t = with_card();

	(void)state;
	assert_int_equal(enter(t, 3000), ST_OK);
	uint64_t before = t->generation;
	open_channel(t);
	transport_leave(t);
	pcsc_rig_control("remove");
	wait_present(t, false);
	assert_int_equal(enter(t, 1000), ST_NO_CARD);
	pcsc_rig_control("insert");
	wait_present(t, true);
	assert_int_equal(enter(t, 3000), ST_OK);
	assert_true(t->generation != before);
	expect(t, "81CB010000", "6881");
	transport_leave(t);
	expect_healthy(t);
	transport_close(t);
}

/* Out and in again between two operations. */
static void test_fast_swap(void **state)
{
	struct transport *t = with_card();
	deadline dl = deadline_in_ms(8000);

	(void)state;
	assert_int_equal(enter(t, 3000), ST_OK);
	uint64_t before = t->generation;
	transport_leave(t);
	pcsc_rig_control("remove");
	pcsc_rig_control("insert");
	while (enter(t, 3000) != ST_OK || t->generation == before) {
		transport_leave(t);
		assert_false(deadline_passed(dl));
		deadline_sleep(dl, 20);
	}
	transport_leave(t);
	expect_healthy(t);
	transport_close(t);
}

static void test_removed_inside_an_operation(void **state)
{
	struct transport *t = with_card();
	char got[600];

	(void)state;
	assert_int_equal(enter(t, 3000), ST_OK);
	open_channel(t);
	pcsc_rig_control("remove");
	deadline_sleep(DEADLINE_NEVER, 700);
	assert_int_equal(transmit(t, "81CB010000", got), ST_CARD_GONE);
	/* the operation is over: nothing more reaches a card, even a new one */
	assert_int_not_equal(transmit(t, "81CB010000", got), ST_OK);
	transport_leave(t);
	pcsc_rig_control("insert");
	wait_present(t, true);
	expect_healthy(t);
	transport_close(t);
}

static void test_another_client_resets(void **state)
{
	struct transport *t = with_card();
	struct other_client other;

	(void)state;
	assert_int_equal(enter(t, 3000), ST_OK);
	open_channel(t);
	transport_leave(t);
	pcsc_rig_other(&other, SCARD_SHARE_SHARED, false, SCARD_RESET_CARD);
	pcsc_rig_release(&other);
	assert_int_equal(enter(t, 3000), ST_OK);
	expect(t, "81CB010000", "6881");
	transport_leave(t);
	expect_healthy(t);
	transport_close(t);
}

/* P5, with a handle that we have, and without. */
static void test_transaction_of_another(void **state)
{
	struct transport *with_handle = with_card();
	struct transport *fresh = open_uri("pcsc:");
	struct other_client other;

	(void)state;
	assert_int_equal(enter(with_handle, 3000), ST_OK);
	open_channel(with_handle);
	transport_leave(with_handle);
	pcsc_rig_other(&other, SCARD_SHARE_SHARED, true, SCARD_LEAVE_CARD);
	for (int i = 0; i < 2; i++) {
		int64_t start = deadline_now();
		assert_int_equal(enter(with_handle, 200), ST_TIMEOUT);
		assert_int_equal(enter(fresh, 200), ST_TIMEOUT);
		assert_in_range(since(start), 400, 800);
	}
	pcsc_rig_release(&other);
	assert_int_equal(enter(fresh, 3000), ST_OK);
	expect(fresh, "01" SELECT, "9000"); /* nobody has reset the card */
	transport_leave(fresh);
	transport_close(fresh);
	close_channel(with_handle);
	transport_close(with_handle);
}

static void test_transaction_that_ends_in_time(void **state)
{
	struct transport *t = with_card();
	struct other_client other;

	(void)state;
	pcsc_rig_other(&other, SCARD_SHARE_SHARED, true, SCARD_LEAVE_CARD);
	pid_t releaser = fork();
	if (releaser == 0) {
		usleep(300000);
		_exit(close(other.release));
	}
	close(other.release);
	int64_t start = deadline_now();
	assert_int_equal(enter(t, 5000), ST_OK);
	assert_in_range(since(start), 200, 1500);
	transport_leave(t);
	waitpid(releaser, NULL, 0);
	waitpid(other.pid, NULL, 0);
	close(other.ready);
	expect_healthy(t);
	transport_close(t);
}

static void test_exclusive_holder(void **state)
{
	struct transport *t = with_card();
	struct other_client other;
	int64_t start;

	(void)state;
	pcsc_rig_other(&other, SCARD_SHARE_EXCLUSIVE, false, SCARD_LEAVE_CARD);
	start = deadline_now();
	assert_int_equal(enter(t, 200), ST_BUSY_DEVICE);
	assert_in_range(since(start), 150, 600);
	pcsc_rig_release(&other);
	expect_healthy(t);
	transport_close(t);
}

/* Descriptors of this process that lead to pcscd. */
static int count_sockets(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++) {
		struct pcsc_fd f;

		pcsc_fd_note(&f, fd);
		count += f.fd == fd;
	}
	return count;
}

static int child_at_work(struct transport *inherited)
{
	int failures = count_sockets() != 1;

	transport_forget(inherited);
	failures += count_sockets() != 0;
	struct transport *t = open_uri("pcsc:");
	char got[600];
	failures += enter(t, 3000) != ST_OK;

	failures += transmit(t, "01" SELECT, got) != ST_OK || strcmp(got, "9000") != 0;
	transport_leave(t);
	transport_close(t);
	return failures;
}

static void test_fork_with_open_handle(void **state)
{
	struct transport *t = with_card();
	int code = -1;

	(void)state;
	assert_int_equal(enter(t, 3000), ST_OK);
	open_channel(t);
	transport_leave(t);
	pid_t pid = fork();
	if (pid == 0)
		_exit(child_at_work(t));
	assert_int_equal(waitpid(pid, &code, 0), pid);
	assert_int_equal(code, 0);
	assert_int_equal(enter(t, 3000), ST_OK);
	expect(t, "01" SELECT, "9000");
	transport_leave(t);
	close_channel(t);
	transport_close(t);
}

/* Dies with a transaction open, and a child of its own lives on. */
static void die_in_transaction(struct transport *t, int done)
{
	if (enter(t, 3000) != ST_OK)
		_exit(1);
	if (fork() == 0) {
		transport_forget(t);
		if (write(done, "x", 1) != 1)
			_exit(1);
		usleep(4000000);
		_exit(0);
	}
	usleep(200000);
	raise(SIGKILL);
}

static void test_holder_killed_its_child_lives(void **state)
{
	struct transport *t = with_card();
	int done[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(done), 0);
	pid_t pid = fork();
	if (pid == 0) {
		transport_forget(t);
		die_in_transaction(open_uri("pcsc:"), done[1]);
	}
	assert_int_equal(read(done[0], &byte, 1), 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* pcscd resets a dead client's card when it notices, maybe after we have begun */
	char got[600];
	assert_int_equal(enter(t, 3000), ST_OK);
	status st = transmit(t, "00A40004023F0000", got);
	transport_leave(t);
	assert_true(st == ST_OK || st == ST_CHANNEL_LOST || st == ST_IO);
	expect_healthy(t);
	close(done[0]);
	close(done[1]);
	transport_close(t);
}

static void restart(struct transport *t, int signal_number)
{
	pcsc_rig_stop_daemon(signal_number);
	int64_t start = deadline_now();
	assert_int_equal(enter(t, 3000), ST_NO_SERVICE);
	assert_true(since(start) < 100);
	assert_false(transport_present(t));
	pcsc_rig_start_daemon();
	wait_present(t, true);
}

static void test_pcscd_restarted(void **state)
{
	struct transport *t = with_card();

	(void)state;
	assert_int_equal(enter(t, 3000), ST_OK);
	uint64_t before = t->generation;
	transport_leave(t);
	restart(t, SIGTERM);
	assert_int_equal(enter(t, 3000), ST_OK);
	assert_true(t->generation != before);
	transport_leave(t);
	restart(t, SIGKILL);
	expect_healthy(t);

	/* restarted between two operations, unnoticed */
	pcsc_rig_stop_daemon(SIGTERM);
	pcsc_rig_start_daemon();
	struct transport *other = with_card();
	transport_close(other);
	expect_healthy(t);
	transport_close(t);
}

static void test_pcscd_killed_inside_an_operation(void **state)
{
	struct transport *t = with_card();
	char got[600];

	(void)state;
	assert_int_equal(enter(t, 3000), ST_OK);
	open_channel(t);
	pcsc_rig_stop_daemon(SIGKILL);
	assert_int_equal(transmit(t, "81CB010000", got), ST_NO_DEVICE);
	assert_int_equal(transmit(t, "81CB010000", got), ST_NO_DEVICE);
	transport_leave(t);
	pcsc_rig_start_daemon();
	wait_present(t, true);
	expect_healthy(t);
	transport_close(t);
}

static void test_t0(void **state)
{
	struct transport *t = with_card();
	char got[600];
	char again[11];

	(void)state;
	pcsc_rig_control("config set t0 yes");
	pcsc_rig_control("remove");
	wait_present(t, false);
	pcsc_rig_control("insert");
	wait_present(t, true);
	assert_int_equal(enter(t, 3000), ST_OK);
	assert_int_equal(t->traits, TRANSPORT_T0);
	open_channel(t);
	/* T=0 through pcscd: the card's procedure bytes are ours to follow */
	assert_int_equal(transmit(t, "81CB010000", got), ST_OK);
	assert_memory_equal(got, "6C", 2);
	snprintf(again, sizeof(again), "81CB0100%.2s", got + 2);
	assert_int_equal(transmit(t, again, got), ST_OK);
	assert_true(strlen(got) > 100);
	assert_string_equal(got + strlen(got) - 4, "9000");
	transport_leave(t);
	close_channel(t);
	transport_close(t);
}

static int setup(void **state)
{
	(void)state;
	pcsc_rig_enter();
	return 0;
}

/* A daemon that is stopped, or waits for a driver: it takes connections and never answers. */
static int meet_deaf_daemon(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), found = 0;
	struct uri uri;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/deaf", pcsc_rig_dir());
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 || listen(fd, 8) != 0)
		return 1;
	setenv("PCSCLITE_CSOCK_NAME", sa.sun_path, 1);
	struct transport *t = open_uri("pcsc:");
	if (transport_present(t))
		return 2;
	if (uri_parse("pcsc:", &uri) != ST_OK ||
	    transport_list(&uri, "pcsc:", count_found, &found) != ST_NO_SERVICE || found != 0)
		return 3;
	if (enter(t, 500) != ST_NO_SERVICE)
		return 4;
	transport_close(t);
	unlink(sa.sun_path);
	return 0;
}

static void test_deaf_daemon(void **state)
{
	int ended = -1;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		alarm(20);
		_exit(meet_deaf_daemon());
	}
	assert_int_equal(waitpid(pid, &ended, 0), pid);
	assert_true(WIFEXITED(ended));
	assert_int_equal(WEXITSTATUS(ended), 0);
}

/* By its exit status how often a card that is there all the time was not. */
static int look_often(void)
{
	enum { LOOKS = 300 };
	struct transport *t = with_card();
	int missed = 0;

	for (int i = 0; i < LOOKS; i++)
		missed += !transport_present(t);
	transport_close(t);
	return missed < 100 ? missed : 100;
}

/* pcscd's queue has room for one or two that connect; who has to wait is no reason to believe that
 * the card has gone. */
static void test_many_look_at_once(void **state)
{
	enum { PROGRAMS = 6 };
	pid_t pid[PROGRAMS];

	(void)state;
	for (int i = 0; i < PROGRAMS; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] != 0)
			continue;
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		_exit(look_often());
	}
	for (int i = 0; i < PROGRAMS; i++) {
		int st = 0;

		assert_int_equal(waitpid(pid[i], &st, 0), pid[i]);
		assert_true(WIFEXITED(st));
		assert_int_equal(WEXITSTATUS(st), 0);
	}
}

static int start_daemon(void **state)
{
	(void)state;
	pcsc_rig_start_daemon();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pcsc_rig_leave();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_without_pcscd),
		cmocka_unit_test(test_deaf_daemon),
		cmocka_unit_test_setup(test_card_at_work, start_daemon),
		cmocka_unit_test(test_many_look_at_once),
		cmocka_unit_test(test_two_transports_share),
		cmocka_unit_test(test_another_client_resets),
		cmocka_unit_test(test_transaction_of_another),
		cmocka_unit_test(test_transaction_that_ends_in_time),
		cmocka_unit_test(test_exclusive_holder),
		cmocka_unit_test(test_fork_with_open_handle),
		cmocka_unit_test(test_holder_killed_its_child_lives),
		cmocka_unit_test(test_removed_and_reinserted),
		cmocka_unit_test(test_fast_swap),
		cmocka_unit_test(test_removed_inside_an_operation),
		cmocka_unit_test(test_pcscd_restarted),
		cmocka_unit_test(test_pcscd_killed_inside_an_operation),
		cmocka_unit_test(test_t0),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
