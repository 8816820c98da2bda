/* SPDX-License-Identifier: Apache-2.0 */
/* Rule A under fire: each fault at each APDU or AT command of a C_Login and of the first use of a
 * key that pin-source opens, with the right PIN and with a wrong one, on the link that the argument
 * names. The simulator's counters tell: no VERIFY without a C_Login that was made, or more than one
 * for it; a wrong pin-source costs one try, whatever happens and however often it is started.
 *
 * Cases mostly wait, so several processes share each scenario, each with a simulator of its own. */
#include <dirent.h>
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
#include "scene.h"

/* Later than the module waits (timeout = 1). */
#define TOO_LATE "1300"

enum { AT_MAX = 80, PARTS = 3 };

static const struct row {
	const char *name; /* perhaps with the instruction that it is bound to */
	const char *param;
	unsigned links;
	bool for_ever;
} rows[] = {
	{"C1", NULL, ON_ALL, false},	     {"C2", NULL, ON_ALL, false},
	{"C2/20", NULL, ON_ALL, false},	     {"C3", NULL, ON_ALL, false},
	{"C5", NULL, ON_ALL, false},	     {"C5", NULL, ON_ALL, true},
	{"C6", NULL, ON_ALL, false},	     {"C6", "6310", ON_ALL, false},
	{"C6/20", "63CF", ON_ALL, true},     {"C9", NULL, ON_ALL, false},
	{"C10/20", TOO_LATE, ON_ALL, false}, {"C11", NULL, ON_ALL, false},
	{"C12", NULL, ON_ALL, false},	     {"C12", "0", ON_ALL, false},
	{"C12/20", NULL, ON_ALL, true},	     {"C12/20", "0", ON_ALL, true},
	{"STALE", NULL, ON_CARD, false},     {"STALE/20", NULL, ON_CARD, true},
	{"TRUNC", NULL, ON_CARD, false},     {"SW", "6F00", ON_ALL, false},
	{"SW", "6D00", ON_ALL, false},	     {"SW", "6700", ON_ALL, false},
	{"SW", "6985", ON_ALL, false},	     {"SW", "63C0", ON_ALL, false},
	{"SW/20", "6983", ON_ALL, true},     {"SW/20", "9000", ON_ALL, true},
	{"SW/20", "63C3", ON_ALL, true},     {"F1", NULL, ON_AT, true},
	{"F2", NULL, ON_AT, false},	     {"F4", NULL, ON_AT, false},
	{"F5", NULL, ON_AT, false},	     {"F8", NULL, ON_AT, false},
	{"F9", NULL, ON_AT, false},	     {"F10", NULL, ON_AT, false},
	{"F11", NULL, ON_AT, false},	     {"F12", NULL, ON_AT, false},
	{"F13", NULL, ON_AT, false},	     {"F14", TOO_LATE, ON_AT, false},
	{"F15", NULL, ON_AT, false},	     {"F19", NULL, ON_AT, false},
};

static enum rig_link link_used;
static struct rig r;
static unsigned cases, troubles;
static char case_name[64];

/* What a process that ran a share of the cases says to the one that started it. */
struct tally {
	unsigned cases, troubles;
};
static int report;

__attribute__((format(printf, 1, 2))) static void trouble(const char *fmt, ...)
{
	va_list ap;

	troubles++;
	fprintf(stderr, "%s: ", case_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
}

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

static void make_healthy(void)
{
	rig_control(&r, "fault clear", NULL, 0);
}

/* As after power-on, nothing remembered. */
static struct pin_counters start_case(void)
{
	make_healthy();
	rig_control(&r, "pin set 01 1234", NULL, 0);
	rig_control(&r, "reset", NULL, 0);
	empty_folder("lock");
	empty_folder("store");
	assert_int_equal(r.f->C_Initialize(NULL), CKR_OK);
	return pin_rig_counters(&r);
}

static void end_case(void)
{
	CK_RV rv = r.f->C_Finalize(NULL);

	if (rv != CKR_OK)
		trouble("C_Finalize answered %#lx", rv);
}

static void restart(void)
{
	end_case();
	assert_int_equal(r.f->C_Initialize(NULL), CKR_OK);
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
		trouble("C_Login answered %#lx", rv);
	return rv;
}

static CK_RV sign(void)
{
	CK_RV rv = pin_rig_sign(&r, "device");

	if (!is_fair(rv, of_sign))
		trouble("a signature answered %#lx", rv);
	return rv;
}

/* What came since; `what` for a complaint. */
static void expect_at_most(struct pin_counters before, unsigned verifies, unsigned failures,
			   const char *what)
{
	struct pin_counters now = pin_rig_counters(&r);
	unsigned v = now.verifies - before.verifies, f = now.failures - before.failures;

	if (v > verifies || f > failures)
		trouble("%s: %u VERIFY, %u tries lost", what, v, f);
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
		trouble("afterwards C_Login answered %#lx", rv);
	expect_at_most(before, 2, 0, "two C_Logins");
}

static void logs_in_wrong(struct pin_counters before, bool armed)
{
	if (armed) {
		CK_RV rv = login("9999");
		if (rv == CKR_OK && strncmp(case_name, "SW/20", 5) != 0)
			trouble("a wrong PIN was taken");
		expect_at_most(before, 1, 1, "one C_Login");
		return;
	}
	restart();
	CK_RV rv = login("1234");
	if (rv != CKR_OK)
		trouble("afterwards C_Login answered %#lx", rv);
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
		trouble("afterwards a signature answered %#lx", rv);
	expect_at_most(before, 4, 0, "pin-source afterwards");
}

static void source_is_wrong(struct pin_counters before, bool armed)
{
	for (int i = 0; i < 3; i++)
		if (sign() == CKR_OK)
			trouble("it signed without PIN");
	for (int process = 0; !armed && process < 2; process++) {
		restart();
		if (sign() == CKR_OK)
			trouble("it signed without PIN");
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

/* False when the fault found nothing to strike. */
static bool run_case(const struct scenario *sc, const struct row *row, unsigned at)
{
	snprintf(case_name, sizeof(case_name), "%s@%u%s%s%s", row->name, at,
		 row->for_ever ? "x0" : "x1", row->param ? ":" : "", row->param ? row->param : "");
	char command[80];
	struct pin_counters before = start_case();

	snprintf(command, sizeof(command), "fault %s", case_name);
	rig_control(&r, command, NULL, 0);
	sc->run(before, true);
	bool struck = strikes() > 0;
	make_healthy();
	if (struck)
		sc->run(before, false);
	end_case();
	cases += struck;
	return struck;
}

/* Every PARTS-th row from this part's on. */
static int campaign(const struct scenario *sc, size_t part)
{
	double began = rig_seconds();

	setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failed assertion ends this process */
	pin_rig_start(&r, link_used, 1, sc->source);
	for (size_t i = part; i < sizeof(rows) / sizeof(rows[0]); i += PARTS) {
		const struct row *row = &rows[i];
		if (!(row->links & 1U << link_used))
			continue;
		for (unsigned at = 1; at <= AT_MAX && run_case(sc, row, at); at++)
			if (row->for_ever)
				break;
	}
	pin_rig_stop(&r);
	printf("%s, part %zu: %u faults, %u troubles, %.0f s\n", sc->name, part + 1, cases,
	       troubles, rig_seconds() - began);
	fflush(stdout);
	struct tally t = {cases, troubles};
	assert_int_equal(write(report, &t, sizeof(t)), sizeof(t));
	return troubles == 0 ? 0 : 1;
}

static void no_try_is_lost(void **state)
{
	enum { N = sizeof(scenarios) / sizeof(scenarios[0]) * PARTS };
	struct tally sum = {0, 0}, t;
	int bad = 0, fd[2];
	pid_t pid[N];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	report = fd[1];
	for (size_t i = 0; i < N; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0)
			_exit(campaign(&scenarios[i / PARTS], i % PARTS));
	}
	close(fd[1]);
	while (read(fd[0], &t, sizeof(t)) == (ssize_t)sizeof(t)) {
		sum.cases += t.cases;
		sum.troubles += t.troubles;
	}
	close(fd[0]);
	for (size_t i = 0; i < N; i++) {
		int word = 0;
		assert_int_equal(waitpid(pid[i], &word, 0), pid[i]);
		bad += !WIFEXITED(word) || WEXITSTATUS(word) != 0;
	}
	print_message("%s: %u faults injected, %u survived\n", rig_link_name(link_used), sum.cases,
		      sum.cases - sum.troubles);
	assert_int_equal(bad, 0);
	assert_true(sum.cases > 50 * N / PARTS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(no_try_is_lost)};

	link_used = rig_argument(argc, argv);
	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	return cmocka_run_group_tests_name(rig_link_name(link_used), tests, NULL, NULL);
}
