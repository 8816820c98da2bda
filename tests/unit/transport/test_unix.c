/* SPDX-License-Identifier: Apache-2.0 */
/* The unix: back end against a scripted far side, the registry, and the contract's order of calls.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hex.h"
#include "mem.h"
#include "transport.h"

static char dir[] = "/tmp/iotsafe-unix-XXXXXX";
static char path[64];

/* --- the far side --- */

static struct far {
	int listener;
	pthread_t thread;
	const char *status_text; /* answer to "status" */
	const char *apdu_hex;	 /* raw frame that answers an APDU; "" closes, NULL is silence */
	bool fragments;
	unsigned connections, asked, apdus;
	int conn;
} far_side;

static bool read_exactly(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, p, n);
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static void write_pieces(int fd, struct bytes b)
{
	size_t step = far_side.fragments ? 1 : b.n;
	for (size_t i = 0; i < b.n; i += step) {
		if (send(fd, b.p + i, step, MSG_NOSIGNAL) != (ssize_t)step)
			return;
		if (far_side.fragments)
			usleep(200);
	}
}

static bool answer(int fd, struct bytes frame)
{
	uint8_t buf[1024];
	struct wtr w = WTR_ON(buf);
	if (frame.n > 0 && frame.p[0] == 0xFF) {
		far_side.asked++;
		wtr_u16be(&w, (uint16_t)strlen(far_side.status_text));
		wtr_put(&w, bytes_str(far_side.status_text));
		write_pieces(fd, wtr_bytes(&w));
		return true;
	}
	far_side.apdus++;
	if (!far_side.apdu_hex)
		return true;
	if (hex_get(bytes_str(far_side.apdu_hex), &w) != ST_OK || w.n == 0)
		return false;
	write_pieces(fd, wtr_bytes(&w));
	return true;
}

static void *serve(void *arg)
{
	(void)arg;
	for (;;) {
		int fd = accept(far_side.listener, NULL, NULL);
		if (fd < 0)
			return NULL;
		far_side.connections++;
		far_side.conn = fd;
		uint8_t size[2], payload[600];
		while (read_exactly(fd, size, 2)) {
			size_t n = (size_t)(size[0] << 8 | size[1]);
			if (n > sizeof(payload) || !read_exactly(fd, payload, n) ||
			    !answer(fd, bytes_of(payload, n)))
				break;
		}
		close(fd);
	}
}

static void far_start(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	unlink(path);
	far_side.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(far_side.listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(far_side.listener, 4), 0);
	far_side.conn = -1;
	far_side.connections = far_side.asked = far_side.apdus = 0;
	assert_int_equal(pthread_create(&far_side.thread, NULL, serve, NULL), 0);
}

static void far_stop(void)
{
	shutdown(far_side.listener, SHUT_RDWR);
	if (far_side.conn >= 0)
		shutdown(far_side.conn, SHUT_RDWR);
	pthread_join(far_side.thread, NULL);
	close(far_side.listener);
	unlink(path);
}

static struct transport *open_uri(const char *text)
{
	struct transport *t = NULL;
	struct uri uri;
	struct transport_settings set = {.lock_dir = dir};
	assert_int_equal(uri_parse(text, &uri), ST_OK);
	assert_int_equal(transport_open(&uri, &set, &t), ST_OK);
	return t;
}

static struct transport *open_far(void)
{
	char text[100];
	snprintf(text, sizeof(text), "unix:%s", path);
	return open_uri(text);
}

static status exchange(struct transport *t, const char **ret_hex, int ms)
{
	static const uint8_t cmd[] = {0x01, 0xCB, 0x01, 0x00, 0x00};
	static char text[2 * APDU_REPLY_MAX + 1];
	static const struct channel ch = {.number = 1};
	uint8_t buf[APDU_REPLY_MAX];
	struct wtr reply = WTR_ON(buf);
	status st = transport_transmit(t, &ch, BYTES_OF(cmd), &reply, deadline_in_ms(ms));
	*ret_hex = st == ST_OK ? hex_str(wtr_bytes(&reply), text, sizeof(text)) : "";
	return st;
}

static const char good_status[] = "ok present=1 generation=7 t0=0 atr=3B9F96801F iccid=8988";

/* --- tests --- */

static void an_exchange(void **state)
{
	const char *hex;
	(void)state;
	far_side.status_text = good_status;
	far_side.apdu_hex = "000401029000";
	for (int fragments = 0; fragments < 2; fragments++) {
		far_side.fragments = fragments;
		far_start();
		struct transport *t = open_far();
		assert_string_equal(t->name, path);
		assert_int_equal(far_side.connections, 0);
		assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
		assert_int_equal(t->generation, 7);
		assert_int_equal(t->traits, 0);
		assert_int_equal(t->atr_len, 5);
		assert_int_equal(exchange(t, &hex, 2000), ST_OK);
		assert_string_equal(hex, "01029000");
		transport_leave(t);
		assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
		assert_int_equal(exchange(t, &hex, 2000), ST_OK);
		transport_leave(t);
		assert_int_equal(far_side.connections, 1);
		assert_int_equal(far_side.asked, 2);
		assert_int_equal(far_side.apdus, 2);
		transport_close(t);
		far_stop();
	}
	far_side.fragments = false;
}

static void status_is_hostile_until_parsed(void **state)
{
	static const struct {
		const char *text;
		status st;
		uint64_t generation;
	} rows[] = {
		{"ok present=1 generation=18 t0=1 atr= iccid=", ST_OK, 18},
		{"\xFFok present=1 generation=3", ST_OK, 3},
		{"ok present=1 generation=3 news=yes\n", ST_OK, 3},
		{"ok present=0 generation=9 t0=0", ST_NO_CARD, 9},
		{"ok", ST_NO_CARD, 0},
		{"error no card", ST_MALFORMED, 0},
		{"", ST_MALFORMED, 0},
		{"ok present=yes", ST_MALFORMED, 0},
		{"ok present=1 generation=99999999999999999999", ST_MALFORMED, 0},
		{"ok present=1 atr=3B0", ST_MALFORMED, 0},
		{"ok present=1 "
		 "atr=3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B3B",
		 ST_MALFORMED, 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		far_side.status_text = rows[i].text;
		far_start();
		struct transport *t = open_far();
		assert_int_equal(transport_enter(t, deadline_in_ms(2000)), rows[i].st);
		if (rows[i].st == ST_OK)
			assert_int_equal(t->generation, rows[i].generation);
		assert_int_equal(transport_present(t), rows[i].st == ST_OK);
		transport_close(t);
		far_stop();
	}
}

static void faults_are_told_and_survived(void **state)
{
	static const struct {
		const char *frame;
		status st;
	} rows[] = {
		{"0000", ST_CARD_GONE}, /* removed */
		{"000190", ST_TRUNCATED}, {"FFFF9000", ST_MALFORMED},
		{"0103", ST_MALFORMED}, /* announces more than a reply can be */
		{"", ST_NO_DEVICE},	/* hangs up */
		{"0004", ST_TIMEOUT},	/* stops in the middle */
		{NULL, ST_TIMEOUT},
	};
	(void)state;
	far_side.status_text = good_status;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *hex;
		far_side.apdu_hex = rows[i].frame;
		far_start();
		struct transport *t = open_far();
		assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
		int64_t before = deadline_now();
		assert_int_equal(exchange(t, &hex, 200), rows[i].st);
		assert_in_range((deadline_now() - before) / 1000000, 0, 600);
		transport_leave(t);
		far_side.apdu_hex = "00029000";
		assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
		assert_int_equal(exchange(t, &hex, 2000), ST_OK);
		assert_string_equal(hex, "9000");
		transport_close(t); /* leaves by itself */
		far_stop();
	}
}

static void a_restart_is_survived(void **state)
{
	const char *hex;
	(void)state;
	far_side.status_text = good_status;
	far_side.apdu_hex = "00029000";
	far_start();
	struct transport *t = open_far();
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	transport_leave(t);
	far_stop();
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(500)), ST_NO_DEVICE);
	far_start();
	assert_true(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	assert_int_equal(exchange(t, &hex, 2000), ST_OK);
	/* inside an operation: an error, and the next operation works */
	far_stop();
	far_start();
	assert_int_equal(exchange(t, &hex, 2000), ST_NO_DEVICE);
	transport_leave(t);
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	assert_int_equal(exchange(t, &hex, 2000), ST_OK);
	transport_disconnect(t);
	assert_int_equal(exchange(t, &hex, 2000), ST_NO_DEVICE);
	transport_close(t);
	far_stop();
}

static void refusals_of_the_system(void **state)
{
	(void)state;
	struct transport *t = open_uri("unix:/nonexistent/socket");
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(500)), ST_NO_DEVICE);
	transport_close(t);
	far_side.status_text = good_status;
	far_start();
	assert_int_equal(chmod(path, 0), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(1);
		struct transport *mine = open_far();
		if (!transport_present(mine)) /* who asks for a session is told the reason */
			_exit(3);
		_exit(transport_enter(mine, deadline_in_ms(500)) == ST_DENIED_DEVICE ? 0 : 2);
	}
	int wstatus;
	waitpid(pid, &wstatus, 0);
	assert_true(WIFEXITED(wstatus));
	assert_int_equal(WEXITSTATUS(wstatus), 0);
	far_stop();
}

static void the_order_of_calls_is_kept(void **state)
{
	struct channel_record r = {.channel = {.number = 2}, .generation = 7};
	struct channel ch = {.number = 2};
	char iccid[ICCID_DIGITS_MAX + 1];
	const char *hex;
	(void)state;
	far_side.status_text = good_status;
	far_side.apdu_hex = "00029000";
	far_start();
	struct transport *t = open_far();
	assert_int_equal(exchange(t, &hex, 100), ST_BUG);
	assert_int_equal(transport_record_load(t, &r, DEADLINE_NEVER), ST_BUG);
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_BUG);
	assert_int_equal(transport_channel_open(t, bytes_str("x"), &ch, DEADLINE_NEVER),
			 ST_UNSUPPORTED_LINK);
	assert_int_equal(transport_channel_close(t, &ch, DEADLINE_NEVER), ST_UNSUPPORTED_LINK);
	assert_int_equal(transport_iccid(t, iccid, DEADLINE_NEVER), ST_UNSUPPORTED_LINK);
	assert_true(transport_can_share(t));
	/* a record of another generation of the card is none */
	transport_record_store(t, &r);
	assert_int_equal(transport_record_load(t, &r, DEADLINE_NEVER), ST_OK);
	r.generation = 6;
	transport_record_store(t, &r);
	assert_int_equal(transport_record_load(t, &r, DEADLINE_NEVER), ST_NO_ENTRY);
	transport_record_clear(t);
	transport_leave(t);
	transport_leave(t);
	assert_false(transport_can_share(t));
	transport_close(t);
	transport_close(NULL);
	transport_forget(NULL);
	far_stop();
}

/* A child forgets what it inherited, and the parent goes on in the middle of its operation. */
static void a_child_forgets_without_a_word(void **state)
{
	const char *hex;
	(void)state;
	far_side.status_text = good_status;
	far_side.apdu_hex = "00029000";
	far_start();
	struct transport *t = open_far();
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	unsigned before = far_side.asked + far_side.apdus;
	pid_t pid = fork();
	if (pid == 0) {
		transport_forget(t);
		struct transport *mine = open_far();
		_exit(transport_enter(mine, deadline_in_ms(100)) == ST_TIMEOUT ? 0 : 1);
	}
	int wstatus;
	waitpid(pid, &wstatus, 0);
	assert_true(WIFEXITED(wstatus));
	assert_int_equal(WEXITSTATUS(wstatus), 0);
	assert_int_equal(far_side.asked + far_side.apdus, before);
	assert_int_equal(exchange(t, &hex, 2000), ST_OK);
	transport_close(t);
	far_stop();
}

static void note(void *ctx, const char *uri_text)
{
	snprintf(ctx, 100, "%s", uri_text);
}

/* more than the address of a socket can hold */
static const char long_path[] =
	"unix:/a/path/that/is/too/long/for/a/socket/0123456789/0123456789/0123456789/0123456789/"
	"0123456789/0123456789/0123456789";

static void uris_are_listed_or_refused(void **state)
{
	static const char *const bad[] = {"unix:", "sim:x", "qmi:relative", long_path};
	struct transport_settings set = {.lock_dir = dir};
	struct transport *t = NULL;
	struct uri uri;
	char found[100] = "";
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(uri_parse(bad[i], &uri), ST_OK);
		assert_int_equal(transport_open(&uri, &set, &t), ST_ARG);
	}
	assert_null(t);
	assert_int_equal(uri_parse("unix:/x/y", &uri), ST_OK);
	assert_int_equal(transport_list(&uri, "unix:/x/y", note, found), ST_OK);
	assert_string_equal(found, "unix:/x/y");
	assert_int_equal(uri_parse("sim:x", &uri), ST_OK);
	assert_int_equal(transport_list(&uri, "sim:x", note, found), ST_ARG);
}

static int make_dir(void **state)
{
	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	if (!mkdtemp(dir) || chmod(dir, 01777) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/sock", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof(command), "rm -rf -- '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exchange),
		cmocka_unit_test(status_is_hostile_until_parsed),
		cmocka_unit_test(faults_are_told_and_survived),
		cmocka_unit_test(a_restart_is_survived),
		cmocka_unit_test(refusals_of_the_system),
		cmocka_unit_test(the_order_of_calls_is_kept),
		cmocka_unit_test(a_child_forgets_without_a_word),
		cmocka_unit_test(uris_are_listed_or_refused),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
