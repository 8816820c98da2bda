/* SPDX-License-Identifier: Apache-2.0 */
/* A far side that never stops talking, or a descriptor that is always ready and never gives
 * anything: no wait outlives its deadline by more than what the machine needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "at_engine.h"
#include "at_port.h"
#include "mbim_link.h"
#include "mem.h"
#include "qmi_link.h"
#include "stream.h"

enum { WAIT_MS = 60, LATE_MS = 8000 };

/* Says `text` again and again into one end of a socket until the other end is closed. */
struct flood {
	pthread_t thread;
	int fd;
	const uint8_t *text;
	size_t n;
};

static void *babble(void *arg)
{
	struct flood *f = arg;
	int64_t limit = deadline_in_ms(LATE_MS);

	while (!deadline_passed(limit) && send(f->fd, f->text, f->n, MSG_NOSIGNAL) > 0)
		;
	close(f->fd);
	return NULL;
}

static int flood_start(struct flood *f, const uint8_t *text, size_t n)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	*f = (struct flood){.fd = fds[1], .text = text, .n = n};
	assert_int_equal(pthread_create(&f->thread, NULL, babble, f), 0);
	return fds[0];
}

/* After the near end was closed; the flood has not ended by itself. */
static void flood_end(struct flood *f, int64_t started)
{
	assert_true(deadline_now() - started < (int64_t)LATE_MS * 1000000);
	assert_int_equal(pthread_join(f->thread, NULL), 0);
}

/* --- MBIM --- */

/* A message that is skipped: longer than what we announce. */
static uint8_t mbim_long[20000] = {0x07, 0, 0, 0x80, 0x20, 0x4E};
/* An indication of a service of which we know nothing. */
static uint8_t mbim_short[48] = {0x07, 0, 0, 0x80, 48, 0, 0, 0, 0, 0, 0, 0, 1};

static void mbim_flood(const uint8_t *text, size_t n)
{
	static struct mbim_link l;
	const struct mbim_command c = {MBIM_BASIC_CONNECT, MBIM_CID_SUBSCRIBER_READY, false,
				       bytes_of(NULL, 0)};
	struct mbim_said said;
	struct flood f;
	int64_t started = deadline_now();

	mbim_link_init(&l);
	mbim_link_start(&l, flood_start(&f, text, n));
	assert_int_equal(mbim_link_run(&l, &c, deadline_in_ms(WAIT_MS), &said), ST_TIMEOUT);
	assert_int_equal(mbim_link_listen(&l), ST_OK);
	mbim_link_close(&l);
	flood_end(&f, started);
}

static void an_mbim_modem_never_stops(void **state)
{
	(void)state;
	mbim_flood(mbim_short, sizeof(mbim_short));
	mbim_flood(mbim_long, sizeof(mbim_long));
}

/* --- QMI --- */

static status drop(void *ctx, const struct qmi_message *m)
{
	(void)ctx;
	(void)m;
	return ST_OK;
}

static void qmi_flood(const uint8_t *text, size_t n, bool pump)
{
	static struct qmi_link l;
	const struct qmi_request rq = {.service = QMI_UIM, .client = 1, .id = 0x2F};
	struct bytes tlvs;
	struct flood f;
	uint16_t error;
	int64_t started = deadline_now();
	deadline dl = deadline_in_ms(WAIT_MS);
	status st = ST_OK;

	qmi_link_init(&l, drop, NULL);
	qmi_link_use(&l, flood_start(&f, text, n), 1);
	if (!pump)
		st = qmi_link_run(&l, &rq, &tlvs, &error, dl);
	while (pump && st == ST_OK)
		st = qmi_link_pump(&l, dl);
	assert_int_equal(st, ST_TIMEOUT);
	qmi_link_close(&l);
	flood_end(&f, started);
}

static void a_qmi_modem_never_stops(void **state)
{
	static const uint8_t noise[4096] = {0x55};
	static const uint8_t unknown_flags[] = {1, 12, 0, 0x80, 0x0B, 1, 9, 0, 0, 0x32, 0, 0, 0};
	static const uint8_t indication[] = {1, 12, 0, 0x80, 0x0B, 1, 4, 0, 0, 0x32, 0, 0, 0};

	(void)state;
	for (int pump = 0; pump < 2; pump++) {
		qmi_flood(noise, sizeof(noise), pump);
		qmi_flood(unknown_flags, sizeof(unknown_flags), pump);
		qmi_flood(indication, sizeof(indication), pump);
	}
}

/* --- AT --- */

static void an_at_modem_never_stops(void **state)
{
	static const char *const texts[] = {"\r\n$GPGGA,1\r\n", "\r\n+CSQ: 1,2\r\n", "x"};
	static struct at_engine e;
	static uint8_t many[4800];
	const struct at_expect x = {"AT", AT_WANT_NOTHING, NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct flood f;
		int code = 0;
		int64_t started = deadline_now();

		for (size_t n = 0; n < sizeof(many); n++)
			many[n] = (uint8_t)texts[i][n % strlen(texts[i])];
		at_engine_init(&e);
		e.fd = flood_start(&f, many, sizeof(many));
		assert_int_not_equal(at_engine_run(&e, &x, deadline_in_ms(WAIT_MS), &code), ST_OK);
		at_engine_close(&e);
		flood_end(&f, started);
	}
}

/* --- a descriptor in error --- */

/* As a modem's control device after a failed write: ready for ever, and nothing to read. */
static int descriptor_in_error(void)
{
	const int on = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET},
			      sizeof(to)),
			 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &on, sizeof(on)), 0);
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(p.revents, POLLERR);
	return fd;
}

static void a_descriptor_in_error(void **state)
{
	uint8_t buf[16];
	struct wtr w = WTR_ON(buf);
	int fd = descriptor_in_error();

	(void)state;
	/* the test's own time limit ends a wait that spins */
	alarm(10);
	assert_int_equal(stream_recv_some(fd, &w, deadline_in_ms(WAIT_MS)), ST_NO_DEVICE);
	assert_int_equal(stream_wait(fd, POLLIN, deadline_in_ms(WAIT_MS)), ST_NO_DEVICE);
	alarm(0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_mbim_modem_never_stops),
		cmocka_unit_test(a_qmi_modem_never_stops),
		cmocka_unit_test(an_at_modem_never_stops),
		cmocka_unit_test(a_descriptor_in_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
