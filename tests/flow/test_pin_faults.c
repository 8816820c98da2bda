/* SPDX-License-Identifier: Apache-2.0 */
/* Rule A under fire: each fault at each APDU or AT command of a C_Login and of the first use of a
 * key that pin-source opens, with the right PIN and with a wrong one, on the link that the argument
 * names. The simulator's counters tell: no VERIFY without a C_Login that was made, or more than one
 * for it; a wrong pin-source costs one try, whatever happens and however often it is started.
 *
 * Cases mostly wait, so several processes share each scenario, each with a simulator of its own. On
 * links that are slow a scenario takes every so many places only, and the next one others. */
#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "pin_rig.h"
#include "pin_table.h"
#include "scene.h"

enum { AT_MAX = 80, PARTS_MAX = 6, AGAIN_MAX = 2, STAGGER_MS = 50, AT_LEAST = 100 };

#ifdef __SANITIZE_ADDRESS__
enum { STEP = 3 };
#else
enum { STEP = 1 };
#endif

/* What a proxy asks the modem itself, and gets no answer to, it waits for; meanwhile it answers
 * nobody. One that has lost the modem for good is restarted. */
enum { PROXY_WAIT_S = 7, RESTARTS_MAX = 3 /* in a hundred cases */ };

static enum rig_link link_used;
static struct rig r;
static char case_name[64];

/* What a process that ran a share of the cases says to the one that started it. */
struct tally {
	unsigned cases, troubles, restarts;
};
static struct tally sum;
static int report;

/* Of the present case. What is not grave a busy machine may make: then the case is tried again. */
static struct {
	char text[160];
	bool grave;
} trouble;

__attribute__((format(printf, 2, 3))) static void note(bool grave, const char *fmt, ...)
{
	va_list ap;

	trouble.grave = trouble.grave || grave;
	if (trouble.text[0])
		return; /* the first is the cause */
	va_start(ap, fmt);
	vsnprintf(trouble.text, sizeof(trouble.text), fmt, ap);
	va_end(ap);
}
#define GRAVE(...) note(true, __VA_ARGS__)

/* --- the card between cases --- */

static void empty_folder(const char *leaf)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", r.dir, leaf);
	DIR *d = opendir(path);
	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", r.dir, leaf, e->d_name);
		if (unlink(path) != 0) { /* the folder of a SIM */
			snprintf(path, sizeof(path), "%s/%s", leaf, e->d_name);
			empty_folder(path);
		}
	}
	if (d)
		closedir(d);
}

static void initialize(void)
{
	assert_int_equal(r.f->C_Initialize(NULL), CKR_OK);
	if (rig_over_pcsc(link_used))
		scene_await_present(&r);
}

static void finalize(void)
{
	CK_RV rv = r.f->C_Finalize(NULL);

	if (rv != CKR_OK)
		GRAVE("C_Finalize answered %#lx", rv);
}

static void restart(void)
{
	finalize();
	initialize();
}

static CK_RV ask_something(void)
{
	CK_SESSION_HANDLE s = 0;
	CK_BYTE b[8];
	CK_RV rv = r.f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s);

	if (rv == CKR_OK)
		rv = r.f->C_GenerateRandom(s, b, sizeof(b));
	(void)r.f->C_CloseSession(s);
	return rv;
}

/* By a program that wants no PIN. */
static void await_proxy(void)
{
	double until = rig_seconds() + PROXY_WAIT_S;
	CK_RV rv;

	if (!rig_over_proxy(link_used))
		return;
	initialize();
	while ((rv = ask_something()) != CKR_OK && rig_seconds() < until)
		rig_pause_ms(20);
	finalize();
	if (rv == CKR_OK)
		return;
	sum.restarts++;
	rig_service_stop(&r, SIGKILL);
	rig_service_start(&r);
}

/* A reset is a new insertion to pcscd, which looks about twice a second. */
static void reader_settles(void)
{
	if (rig_over_pcsc(link_used))
		rig_pause_ms(1200);
}

static void make_healthy(const struct pin_row *row)
{
	rig_control(&r, "fault clear", NULL, 0);
	if (strcmp(row->name, "F28") == 0)
		rig_pause_ms(350); /* the port is free again */
	/* it comes back by itself */
	for (int ms = 0; row->name[0] == 'F' && ms < 2000 && access(r.port, F_OK) != 0; ms += 10)
		rig_pause_ms(10);
	if (row->name[0] == 'C')
		reader_settles();
}

/* As after power-on, nothing remembered; but of the clients that a modem knows, which stay. */
static struct pin_counters start_case(void)
{
	rig_control(&r, "fault clear", NULL, 0);
	await_proxy();
	rig_control(&r, "pin set 01 1234", NULL, 0);
	rig_control(&r, "reset", NULL, 0);
	if (!rig_over_qmi(link_used))
		empty_folder("lock");
	empty_folder("store");
	reader_settles();
	initialize();
	return pin_rig_counters(&r);
}

static unsigned strikes(void)
{
	char text[2048];

	rig_control(&r, "fault list", text, sizeof(text));
	const char *at = strstr(text, "struck ");
	return at ? (unsigned)strtoul(at + 7, NULL, 10) : 0;
}

/* --- scenarios --- */

enum { LIST_MAX = 16 };

/* What each may say of a device that fails; CKR_TOKEN_NOT_PRESENT is C_OpenSession's. */
#define OF_DEVICES                                                                                 \
	CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_HOST_MEMORY, CKR_DEVICE_ERROR,                 \
		CKR_DEVICE_REMOVED, CKR_SESSION_HANDLE_INVALID, CKR_TOKEN_NOT_PRESENT
static const CK_RV of_login[LIST_MAX] = {OF_DEVICES, CKR_PIN_INCORRECT, CKR_PIN_LOCKED,
					 CKR_USER_PIN_NOT_INITIALIZED};
static const CK_RV of_sign[LIST_MAX] = {OF_DEVICES, CKR_USER_NOT_LOGGED_IN, CKR_KEY_HANDLE_INVALID};

/* CKR_OK ends a list, and is always fair. */
static bool is_fair(CK_RV rv, const CK_RV *list)
{
	for (size_t i = 0; i < LIST_MAX && list[i] != rv; i++)
		if (list[i] == CKR_OK)
			return rv == CKR_OK;
	return true;
}

static CK_RV login(const char *pin)
{
	CK_SESSION_HANDLE s = 0;
	CK_RV rv = r.f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s);

	if (rv == CKR_OK)
		rv = pin_rig_login(&r, s, pin);
	if (!is_fair(rv, of_login))
		GRAVE("C_Login answered %#lx", rv);
	return rv;
}

static CK_RV sign(void)
{
	CK_RV rv = pin_rig_sign(&r, "device");

	if (!is_fair(rv, of_sign))
		GRAVE("a signature answered %#lx", rv);
	return rv;
}

/* What came since; `what` for a complaint. */
static void expect_at_most(struct pin_counters before, unsigned verifies, unsigned failures,
			   const char *what)
{
	struct pin_counters now = pin_rig_counters(&r);
	unsigned v = now.verifies - before.verifies, f = now.failures - before.failures;

	if (v > verifies || f > failures)
		GRAVE("%s: %u VERIFY, %u tries lost", what, v, f);
}

/* A caller that tries again after the fault has asked for it. */
static void logs_in_right(struct pin_counters before, bool armed)
{
	if (armed) {
		(void)login("1234");
		expect_at_most(before, 1, 0, "one C_Login");
		return;
	}
	restart();
	CK_RV rv = login("1234");
	if (rv != CKR_OK)
		note(false, "afterwards C_Login answered %#lx", rv);
	expect_at_most(before, 2, 0, "two C_Logins");
}

static void logs_in_wrong(struct pin_counters before, bool armed)
{
	if (armed) {
		CK_RV rv = login("9999");
		if (rv == CKR_OK && strncmp(case_name, "SW/20", 5) != 0)
			GRAVE("a wrong PIN was taken");
		expect_at_most(before, 1, 1, "one C_Login");
		return;
	}
	restart();
	CK_RV rv = login("1234");
	if (rv != CKR_OK)
		note(false, "afterwards C_Login answered %#lx", rv);
	expect_at_most(before, 2, 1, "two C_Logins");
}

static void source_is_right(struct pin_counters before, bool armed)
{
	if (armed) {
		for (int i = 0; i < 3; i++)
			(void)sign();
		expect_at_most(before, 3, 0, "pin-source");
		return;
	}
	restart();
	CK_RV rv = sign();
	if (rv != CKR_OK)
		note(false, "afterwards a signature answered %#lx", rv);
	expect_at_most(before, 4, 0, "pin-source afterwards");
}

static void source_is_wrong(struct pin_counters before, bool armed)
{
	for (int i = 0; i < 3; i++)
		if (sign() == CKR_OK)
			GRAVE("it signed without PIN");
	for (int process = 0; !armed && process < 2; process++) {
		restart();
		if (sign() == CKR_OK)
			GRAVE("it signed without PIN");
	}
	expect_at_most(before, 1, 1, armed ? "pin-source" : "pin-source afterwards");
}

static const struct scenario {
	const char *name;
	const char *source; /* what pin-source holds; NULL: there is none */
	void (*run)(struct pin_counters before, bool armed);
} scenarios[] = {
	{"C_Login, right", NULL, logs_in_right},
	{"C_Login, wrong", NULL, logs_in_wrong},
	{"pin-source, right", "1234", source_is_right},
	{"pin-source, wrong", "9999", source_is_wrong},
};

/* --- the campaign --- */

static void name_case(const struct pin_row *row, unsigned at)
{
	snprintf(case_name, sizeof(case_name), "%s@%u%s%s%s", row->name, at,
		 row->for_ever ? "x0" : "x1", row->param ? ":" : "", row->param ? row->param : "");
}

static bool run_once(const struct scenario *sc, const struct pin_row *row)
{
	char command[80];

	trouble.text[0] = '\0';
	trouble.grave = false;
	struct pin_counters before = start_case();
	snprintf(command, sizeof(command), "fault %s", case_name);
	rig_control(&r, command, NULL, 0);
	sc->run(before, true);
	bool struck = strikes() > 0;
	make_healthy(row);
	if (struck && rig_over_proxy(link_used)) {
		finalize();
		await_proxy();
		initialize();
	}
	if (struck)
		sc->run(before, false);
	finalize();
	return struck;
}

/* False when the fault found nothing to strike. */
static bool run_case(const struct scenario *sc, const struct pin_row *row, unsigned at)
{
	bool struck = false;

	name_case(row, at);
	for (int i = 0; i <= AGAIN_MAX; i++) {
		struck = run_once(sc, row);
		if (!trouble.text[0] || trouble.grave)
			break;
		fprintf(stderr, "%s, %s: %s (again)\n", sc->name, case_name, trouble.text);
	}
	if (trouble.text[0])
		fprintf(stderr, "  ^ %s, %s: %s\n", sc->name, case_name, trouble.text);
	sum.cases += struck;
	sum.troubles += trouble.text[0] != '\0';
	return struck;
}

/* Fast enough for every place of every scenario, or one in so many; readers take a second a case.
 */
static unsigned stride(void)
{
	return (link_used == RIG_UNIX ? 1 : 4) * STEP;
}

static size_t parts(void)
{
	return STEP > 1 ? 2 : rig_over_pcsc(link_used) ? PARTS_MAX : PARTS_MAX / 2;
}

/* Every parts()-th row from this part's on. */
static int campaign(size_t scenario, size_t part)
{
	const struct scenario *sc = &scenarios[scenario];
	double began = rig_seconds();

	setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failed assertion ends this process */
	pin_rig_start(&r, link_used, 1, sc->source);
	for (size_t i = part; i < pin_row_count; i += parts()) {
		const struct pin_row *row = &pin_rows[i];
		unsigned at = row->for_ever ? 1 : 1 + (unsigned)(i / parts() + scenario) % stride();

		if (!(row->links & 1U << link_used))
			continue;
		for (; at <= AT_MAX && run_case(sc, row, at); at += stride())
			if (row->for_ever)
				break;
	}
	pin_rig_stop(&r);
	printf("%s, part %zu: %u faults, %u troubles, %.0f s\n", sc->name, part + 1, sum.cases,
	       sum.troubles, rig_seconds() - began);
	fflush(stdout);
	assert_int_equal(write(report, &sum, sizeof(sum)), sizeof(sum));
	return sum.troubles == 0 ? 0 : 1;
}

static pid_t start_campaign(size_t scenario, size_t part)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(campaign(scenario, part));
	rig_pause_ms(STAGGER_MS); /* each makes keys and certificates first */
	return pid;
}

static void no_try_is_lost(void **state)
{
	enum { SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };
	const size_t n = SCENARIOS * parts();
	pid_t pid[SCENARIOS * PARTS_MAX];
	struct tally t;
	int bad = 0, fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	report = fd[1];
	for (size_t i = 0; i < n; i++)
		pid[i] = start_campaign(i / parts(), i % parts());
	close(fd[1]);
	while (read(fd[0], &t, sizeof(t)) == (ssize_t)sizeof(t)) {
		sum.cases += t.cases;
		sum.troubles += t.troubles;
		sum.restarts += t.restarts;
	}
	close(fd[0]);
	for (size_t i = 0; i < n; i++) {
		int word = 0;
		assert_int_equal(waitpid(pid[i], &word, 0), pid[i]);
		bad += !WIFEXITED(word) || WEXITSTATUS(word) != 0;
	}
	print_message("%s: %u faults injected, %u survived\n", rig_link_name(link_used), sum.cases,
		      sum.cases - sum.troubles);
	if (sum.restarts > 0)
		print_message("%s: the proxy lost the modem and was restarted %u times\n",
			      rig_link_name(link_used), sum.restarts);
	assert_int_equal(bad, 0);
	assert_true(sum.cases >= AT_LEAST / STEP);
	assert_true(sum.restarts <= sum.cases * RESTARTS_MAX / 100);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(no_try_is_lost)};

	link_used = rig_argument(argc, argv);
	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	return cmocka_run_group_tests_name(rig_link_name(link_used), tests, NULL, NULL);
}
