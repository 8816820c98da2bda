/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a modem's port: the SIM at set-up, silence, the cable, other programs and processes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "at_rig.h"
#include "mem.h"

/* --- the SIM at set-up --- */

static void the_sim_is_asked_for(void **state)
{
	static const struct {
		struct modem_row first;
		int times;
		status st;
	} rows[] = {
		{SAYS("AT+CPIN?", "\r\n+CPIN: SIM PIN" OK_TAIL), 0, ST_SIM_PIN},
		{SAYS("AT+CPIN?", "\r\n+CPIN: SIM PUK" OK_TAIL), 0, ST_SIM_PIN},
		{SAYS("AT+CPIN?", "\r\n+CME ERROR: 10\r\n"), 0, ST_NO_CARD},
		{SAYS("AT+CPIN?", "\r\n+CME ERROR: SIM not inserted\r\n"), 0, ST_NO_CARD},
		{SAYS("AT+CPIN?", "\r\n+CME ERROR: 14\r\n"), 2, ST_OK},
		{SAYS("AT+CPIN?", "\r\n+CME ERROR: 13\r\n"), 1, ST_OK},
		{SAYS("AT+CPIN?", "\r\n+CPIN: NOT READY" OK_TAIL), 1, ST_OK},
		{SAYS("AT+CPIN?", "\r\nERROR\r\n"), 0, ST_OK},
		{SAYS("AT+CPIN?", "\r\n+CPIN: SIM PIN2" OK_TAIL), 0, ST_OK},
		{SAYS("AT+CPIN?", "\r\n+CME ERROR: 14\r\n"), 0, ST_CARD_BUSY},
		{SAYS("AT+CMEE", "\r\nERROR\r\n"), 0, ST_OK},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct modem_row script[] = {rows[i].first, {0}};
		script[0].times = rows[i].times;
		struct modem *m = modem_start(script);
		struct transport *t = at_rig_open(modem_path(m), "");
		assert_int_equal(transport_enter(t, deadline_in_ms(1800)), rows[i].st);
		if (rows[i].st == ST_NO_CARD)
			assert_false(transport_present(t));
		at_rig_leave(t, m);
	}
}

static void a_sim_put_back_is_found(void **state)
{
	static const struct modem_row rows[] = {
		{.command = "AT+CPIN?", .reply = "\r\n+CPIN: READY" OK_TAIL, .times = 1},
		{.command = "AT+CPIN?", .reply = "\r\n+CME ERROR: 10\r\n", .times = 1},
		{0},
	};
	struct modem *m = modem_start(rows);
	struct transport *t = at_rig_enter(m);
	(void)state;
	transport_leave(t);
	modem_say(m, "\r\n+CPIN: NOT READY\r\n");
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_NO_CARD);
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	transport_leave(t);
	assert_true(transport_present(t));
	at_rig_leave(t, m);
}

/* --- what the modem says by itself --- */

static void present_within(struct transport *t, bool there, int ms)
{
	deadline dl = deadline_in_ms(ms);
	while (transport_present(t) != there && !deadline_passed(dl))
		deadline_sleep(dl, 5);
	assert_int_equal(transport_present(t), there);
}

/* Lines are taken in between operations, in pieces too, and nothing is sent for it. */
static void unasked_lines_tell(void **state)
{
	struct modem *m = modem_start(at_rig_no_rows);
	struct transport *t = at_rig_enter(m);
	(void)state;
	transport_leave(t);
	unsigned sent = modem_count(m, "");
	uint64_t changes = t->changes;
	assert_true(transport_present(t));
	modem_say(m, "\r\n+CREG: 1\r\n\r\n+CPIN: NOT RE");
	deadline_sleep(DEADLINE_NEVER, 20);
	assert_true(transport_present(t));
	modem_say(m, "ADY\r\n");
	present_within(t, false, 1000);
	assert_int_equal(t->changes, changes + 1);
	modem_say(m, "\r\n+CPIN: READY\r\n");
	present_within(t, true, 1000);
	/* out and in again before anybody looked */
	modem_say(m, "\r\n+QSIMSTAT: 1,0\r\n\r\n+QSIMSTAT: 1,1\r\n");
	deadline_sleep(DEADLINE_NEVER, 20);
	assert_true(transport_present(t));
	assert_int_equal(t->changes, changes + 2);
	/* a line of no meaning, and one that only says again what is known */
	modem_say(m, "\r\n#QSS: 1\r\n\r\nRING\r\n");
	deadline_sleep(DEADLINE_NEVER, 20);
	assert_true(transport_present(t));
	assert_int_equal(t->changes, changes + 2);
	assert_int_equal(modem_count(m, ""), sent);
	transport_close(t);
	modem_stop(m);
}

/* Whose port is at work for somebody else is left alone. */
static void the_port_of_others_is_not_read(void **state)
{
	struct modem *m = modem_start(at_rig_no_rows);
	struct transport *t = at_rig_enter(m);
	(void)state;
	transport_leave(t);
	int fd = open(modem_path(m), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	modem_say(m, "\r\n+CPIN: NOT READY\r\n");
	deadline_sleep(DEADLINE_NEVER, 20);
	assert_true(transport_present(t));
	assert_int_equal(flock(fd, LOCK_UN), 0);
	present_within(t, false, 1000);
	close(fd);
	transport_close(t);
	modem_stop(m);
}

/* Who waits for events has the modem asked: by CPIN alone on an open port. */
static void a_look_asks(void **state)
{
	static const struct modem_row rows[] = {
		{.command = "AT+CPIN?", .reply = "\r\n+CPIN: READY" OK_TAIL, .times = 2},
		{.command = "AT+CPIN?", .reply = "\r\n+CME ERROR: 10\r\n", .times = 1},
		{.command = "AT+CPIN?", .reply = "\r\n+CME ERROR: 14\r\n", .times = 1},
		{.command = "AT+CPIN?", .reply = "\r\n+CPIN: READY" OK_TAIL, .times = 2},
		{.command = "AT+CPIN?", .reply = "\r\n+CME ERROR: 14\r\n", .times = 1},
		{.command = "AT+CPIN?", .reply = "\r\n+CPIN: READY" OK_TAIL, .times = 1},
		{.command = "AT+CPIN?", .reply = "\r\n+CPIN: NOT READY" OK_TAIL},
		{0},
	};
	struct modem *m = modem_start(rows);
	struct transport *t = at_rig_enter(m);
	(void)state;
	transport_leave(t);
	unsigned sent = modem_count(m, "");
	uint64_t changes = t->changes;
	assert_int_equal(transport_look(t, deadline_in_ms(2000)), ST_OK);
	assert_int_equal(modem_count(m, ""), sent + 1);
	assert_int_equal(transport_look(t, deadline_in_ms(2000)), ST_NO_CARD);
	assert_false(transport_present(t));
	assert_int_equal(t->changes, changes + 1);
	/* the modem starts the new SIM */
	assert_int_equal(transport_look(t, deadline_in_ms(2000)), ST_OK);
	assert_true(transport_present(t));
	/* one that is busy for a moment has not gone */
	assert_int_equal(transport_look(t, deadline_in_ms(2000)), ST_OK);
	assert_int_equal(t->changes, changes + 1);
	assert_int_equal(transport_look(t, deadline_in_ms(2000)), ST_NO_CARD);
	assert_false(transport_present(t));
	assert_int_equal(t->changes, changes + 2);
	transport_close(t);
	modem_stop(m);
}

/* A look takes the device only if it is free. */
static void a_look_does_not_wait(void **state)
{
	struct modem *m = modem_start(at_rig_no_rows);
	struct transport *t = at_rig_enter(m);
	struct transport *second = at_rig_open(modem_path(m), "");
	(void)state;
	int64_t before = deadline_now();
	assert_int_equal(transport_look(second, deadline_in_ms(2000)), ST_CARD_BUSY);
	assert_true(deadline_now() - before < 500000000);
	transport_leave(t);
	assert_int_equal(transport_look(second, deadline_in_ms(2000)), ST_OK);
	transport_close(second);
	at_rig_leave(t, m);
}

/* --- silence and the cable --- */

static double cpu_ms(void)
{
	struct rusage u;
	getrusage(RUSAGE_THREAD, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static void silence_ends_in_time_and_costs_nothing(void **state)
{
	static const struct modem_row dumb[] = {{.command = ""}, {0}};
	static const struct modem_row deaf_to_cgla[] = {{.command = "AT+CGLA"}, {0}};
	struct modem *m = modem_start(dumb);
	struct transport *t = at_rig_open(modem_path(m), "");
	const char *hex;
	(void)state;
	for (int i = 0; i < 2; i++) {
		double cpu = cpu_ms();
		int64_t before = deadline_now();
		assert_int_equal(transport_enter(t, deadline_in_ms(1500)), ST_TIMEOUT);
		assert_in_range((deadline_now() - before) / 1000000, 1000, 1900);
		assert_true(cpu_ms() - cpu < 20);
	}
	at_rig_leave(t, m);

	m = modem_start(deaf_to_cgla);
	t = at_rig_enter(m);
	double cpu = cpu_ms();
	int64_t before = deadline_now();
	assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 1000), ST_TIMEOUT);
	assert_in_range((deadline_now() - before) / 1000000, 950, 1300);
	assert_true(cpu_ms() - cpu < 10);
	at_rig_leave(t, m);
}

/* F27 */
static void the_cable_is_pulled_and_put_back(void **state)
{
	static const struct modem_row dying[] = {
		{.command = "AT+CGLA", .reply = "\r\n+CGLA: 8,\"01", .hang_up = true}, {0}};
	static const struct modem_row well[] = {SAYS("AT+CGLA", ANSWER), {0}};
	char link[64];
	const char *hex;
	(void)state;
	snprintf(link, sizeof(link), "%s/port", at_rig_dir);
	struct modem *m = modem_start_at(dying, link);
	struct transport *t = at_rig_enter(m);
	int64_t before = deadline_now();
	assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 5000), ST_NO_DEVICE);
	assert_in_range((deadline_now() - before) / 1000000, 0, 1000);
	assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 5000), ST_NO_DEVICE);
	transport_leave(t);
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_NO_DEVICE);
	modem_stop(m);

	struct modem *other = modem_start(at_rig_no_rows); /* takes the old number */
	m = modem_start_at(well, link);
	assert_true(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 2000), ST_OK);
	transport_leave(t);
	/* pulled and put back between two operations */
	modem_stop(m);
	m = modem_start_at(well, link);
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 2000), ST_OK);
	modem_stop(other);
	at_rig_leave(t, m);
}

struct comeback {
	const char *link;
	struct modem *m;
};

static void *come_back(void *arg)
{
	static const struct modem_row well[] = {SAYS("AT+CGLA", ANSWER), {0}};
	struct comeback *c = arg;
	deadline_sleep(DEADLINE_NEVER, 300);
	c->m = modem_start_at(well, c->link);
	return NULL;
}

/* The next operation waits for a modem that went, and finds it under its link; one that was never
 * there is not waited for. */
static void a_modem_that_restarts_is_waited_for(void **state)
{
	char link[64];
	const char *hex;
	struct comeback c = {link, NULL};
	pthread_t thread;
	(void)state;
	snprintf(link, sizeof(link), "%s/restarted", at_rig_dir);
	struct transport *t = at_rig_open(link, "");
	int64_t before = deadline_now();
	assert_int_equal(transport_enter(t, deadline_in_ms(3000)), ST_NO_DEVICE);
	assert_true(deadline_now() - before < 1000000000);
	struct modem *m = modem_start_at(at_rig_no_rows, link);
	assert_int_equal(transport_enter(t, deadline_in_ms(3000)), ST_OK);
	uint64_t first = t->generation, changes = t->changes;
	transport_leave(t);
	struct modem *holder = modem_start(at_rig_no_rows); /* a number more is taken */
	modem_stop(m);
	assert_int_equal(pthread_create(&thread, NULL, come_back, &c), 0);
	assert_int_equal(transport_enter(t, deadline_in_ms(5000)), ST_OK);
	assert_int_equal(at_rig_exchange(t, &at_rig_session_1, &hex, 2000), ST_OK);
	assert_true(t->changes > changes);
	assert_int_not_equal(t->generation, 0);
	pthread_join(thread, NULL);
	/* its number may be the old one; a channel is looked for anew where it is not */
	print_message("generation %#llx, then %#llx\n", (unsigned long long)first,
		      (unsigned long long)t->generation);
	modem_stop(holder);
	at_rig_leave(t, c.m);
}

/* --- other programs --- */

static void other_programs_are_respected(void **state)
{
	struct modem *m = modem_start(at_rig_no_rows);
	char lock[128], name[64];
	(void)state;
	/* F28: a foreign flock on the port */
	int fd = open(modem_path(m), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	struct transport *t = at_rig_open(modem_path(m), "");
	assert_int_equal(transport_enter(t, deadline_in_ms(200)), ST_BUSY_DEVICE);
	close(fd);
	assert_int_equal(transport_enter(t, deadline_in_ms(2000)), ST_OK);
	transport_leave(t);
	transport_disconnect(t);
	/* a UUCP lock: a live owner, then a dead one */
	snprintf(name, sizeof(name), "%s", modem_path(m) + strlen("/dev/"));
	*strchr(name, '/') = '_';
	snprintf(lock, sizeof(lock), "/run/lock/LCK..%s", name);
	FILE *f = fopen(lock, "we");
	assert_non_null(f);
	fprintf(f, "%10d\n", (int)getppid());
	fclose(f);
	status live = transport_enter(t, deadline_in_ms(2000));
	pid_t dead = fork();
	if (dead == 0)
		_exit(0);
	waitpid(dead, NULL, 0);
	f = fopen(lock, "we");
	assert_non_null(f);
	fprintf(f, "%10d\n", (int)dead);
	fclose(f);
	status stale = transport_enter(t, deadline_in_ms(2000));
	unlink(lock);
	assert_int_equal(live, ST_BUSY_DEVICE);
	assert_int_equal(stale, ST_OK);
	at_rig_leave(t, m);
}

static status enter_as_nobody(const char *path)
{
	pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(ST_BUG);
		_exit((int)transport_enter(at_rig_open(path, ""), deadline_in_ms(2000)));
	}
	int wstatus;
	waitpid(pid, &wstatus, 0);
	assert_true(WIFEXITED(wstatus));
	return (status)WEXITSTATUS(wstatus);
}

/* F28 as an ordinary user sees it (root is let in by the kernel). */
static void the_system_may_refuse_the_port(void **state)
{
	struct modem *m = modem_start(at_rig_no_rows);
	(void)state;
	assert_int_equal(chmod(modem_path(m), 0), 0);
	assert_int_equal(enter_as_nobody(modem_path(m)), ST_DENIED_DEVICE);
	assert_int_equal(chmod(modem_path(m), 0666), 0);
	int fd = open(modem_path(m), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(ioctl(fd, TIOCEXCL), 0);
	assert_int_equal(enter_as_nobody(modem_path(m)), ST_BUSY_DEVICE);
	assert_int_equal(ioctl(fd, TIOCNXCL), 0);
	assert_int_equal(enter_as_nobody(modem_path(m)), ST_OK);
	close(fd);
	modem_stop(m);
}

/* --- a process that gave up its rights while it had the port --- */

enum { SETTLED_MS = 2300 };

struct dropped {
	const char *link;
	int go[2], came[2];
};

static void await(const int pair[2])
{
	char c;

	assert_int_equal(read(pair[0], &c, 1), 1);
}

static void tell(const int pair[2])
{
	assert_int_equal(write(pair[1], "x", 1), 1);
}

static status enter_again(struct transport *t, int64_t *ret_ms)
{
	int64_t before = deadline_now();
	status st = transport_enter(t, deadline_in_ms(5000));

	*ret_ms = (deadline_now() - before) / 1000000;
	if (st == ST_OK)
		transport_leave(t);
	return st;
}

static int use_without_rights(const struct dropped *d)
{
	struct transport *t = at_rig_open(d->link, "");
	int64_t ms;

	await(d->go);
	if (enter_again(t, &ms) != ST_OK)
		return 1;
	tell(d->came);
	await(d->go);
	if (geteuid() == 0 && setuid(65534) != 0)
		return 2;
	if (enter_again(t, &ms) != ST_DENIED_DEVICE || ms > 1500)
		return 3;
	tell(d->came);
	await(d->go);
	if (enter_again(t, &ms) != ST_OK)
		return 4;
	return 0;
}

/* udev gives a port that came back to its group within a moment; a port that nobody touched for
 * longer stays closed, and is not waited for. */
static void rights_come_soon_or_never(void **state)
{
	struct modem_row rows[] = {{0}};
	char link[64];
	struct dropped d = {link, {0}, {0}};
	int wstatus = 0;

	(void)state;
	snprintf(link, sizeof(link), "%s/dropped", at_rig_dir);
	assert_int_equal(chmod(at_rig_dir, 0711), 0);
	assert_int_equal(pipe2(d.go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(d.came, O_CLOEXEC), 0);
	pid_t pid = fork(); /* before there is a modem, whose other end it would hold open */
	if (pid == 0)
		_exit(use_without_rights(&d));
	close(d.go[0]);
	close(d.came[1]); /* so that its end is seen */
	struct modem *m = modem_start_at(rows, link);
	tell(d.go);
	await(d.came);
	modem_stop(m);
	m = modem_start_at(rows, link);
	assert_int_equal(chmod(modem_path(m), 0600), 0);
	deadline_sleep(DEADLINE_NEVER, SETTLED_MS);
	tell(d.go);
	await(d.came);
	modem_stop(m);
	m = modem_start_at(rows, link);
	assert_int_equal(chmod(modem_path(m), 0600), 0);
	tell(d.go);
	deadline_sleep(DEADLINE_NEVER, 500);
	assert_int_equal(chmod(modem_path(m), 0666), 0);
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_true(WIFEXITED(wstatus));
	assert_int_equal(WEXITSTATUS(wstatus), 0);
	modem_stop(m);
	close(d.go[1]);
	close(d.came[0]);
}

/* Two processes on one modem, each with its own session: all answers go where they belong. */
static void two_processes_share_a_modem(void **state)
{
	static const struct modem_row rows[] = {
		SAYS("AT+CGLA=1", "\r\n+CGLA: 6,\"019000\"" OK_TAIL),
		SAYS("AT+CGLA=2", "\r\n+CGLA: 6,\"029000\"" OK_TAIL),
		{0},
	};
	struct modem *m = modem_start(rows);
	pid_t pid[2];
	(void)state;
	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i] != 0)
			continue;
		struct transport *t = at_rig_open(modem_path(m), "");
		struct channel ch = {.handle = {(char)('1' + i)}};
		const char *want = i ? "029000" : "019000", *hex;
		for (int n = 0; n < 40; n++) {
			if (transport_enter(t, deadline_in_ms(8000)) != ST_OK)
				_exit(1);
			for (int k = 0; k < 3; k++)
				if (at_rig_exchange(t, &ch, &hex, 3000) != ST_OK ||
				    strcmp(hex, want) != 0)
					_exit(2);
			transport_leave(t);
		}
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		int wstatus;
		waitpid(pid[i], &wstatus, 0);
		assert_true(WIFEXITED(wstatus));
		assert_int_equal(WEXITSTATUS(wstatus), 0);
	}
	modem_stop(m);
}

static void bad_uris_are_refused(void **state)
{
	static const char *const bad[] = {"at:",
					  "at:relative",
					  "at:/dev/x?baud=12345",
					  "at:/dev/x?baud=1",
					  "at:/dev/x?mode=qmi",
					  "qqq:/dev/x"};
	struct transport_settings set = {.lock_dir = at_rig_dir};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct transport *t = NULL;
		struct uri uri;
		assert_int_equal(uri_parse(bad[i], &uri), ST_OK);
		assert_int_equal(transport_open(&uri, &set, &t), ST_ARG);
		assert_null(t);
	}
	/* not a device */
	struct transport *t = at_rig_open(at_rig_dir, "");
	assert_int_equal(transport_enter(t, deadline_in_ms(500)), ST_IO);
	transport_close(t);
	t = at_rig_open("/dev/iotsafe-absent", "");
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(500)), ST_NO_DEVICE);
	transport_close(t);
	t = at_rig_open("/dev/null", "");
	assert_int_equal(transport_enter(t, deadline_in_ms(500)), ST_NO_DEVICE);
	transport_forget(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sim_is_asked_for),
		cmocka_unit_test(a_sim_put_back_is_found),
		cmocka_unit_test(unasked_lines_tell),
		cmocka_unit_test(the_port_of_others_is_not_read),
		cmocka_unit_test(a_look_asks),
		cmocka_unit_test(a_look_does_not_wait),
		cmocka_unit_test(a_modem_that_restarts_is_waited_for),
		cmocka_unit_test(silence_ends_in_time_and_costs_nothing),
		cmocka_unit_test(the_cable_is_pulled_and_put_back),
		cmocka_unit_test(other_programs_are_respected),
		cmocka_unit_test(the_system_may_refuse_the_port),
		cmocka_unit_test(rights_come_soon_or_never),
		cmocka_unit_test(two_processes_share_a_modem),
		cmocka_unit_test(bad_uris_are_refused),
	};
	return cmocka_run_group_tests(tests, at_rig_set_up, at_rig_tear_down);
}
