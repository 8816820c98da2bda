/* SPDX-License-Identifier: Apache-2.0 */
/* Many programs, one bank of SIMs: 64 clients, a process each, sign over p11-kit-client.so with 8
 * SIMs of 100 ms an APDU behind one agent. All must be served, every signature is verified; prints
 * what share of the SIMs' own speed came out, and how long a program waited.
 *
 * bench_agent server: the real "p11-kit server"; bench_agent remote: "p11-kit remote" for each
 * connection, as iotsafe-agent.socket has it. */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "agent_rig.h"
#include "rig.h"

enum {
	SIMS = 8,
	CLIENTS = 64,
	SIGNATURES = 4, /* of each client */
	CARD_MS = 100,	/* an APDU */
	APDUS = 2,	/* a signature */
	SLOTS_MAX = 2 * SIMS,
};

struct shared {
	atomic_uint ready;
	double connected[CLIENTS]; /* seconds until the key was found */
	double took[CLIENTS][SIGNATURES];
};

static struct rig sims[SIMS];
static struct shared *shared;
static bool by_server;

/* --- a client: its own process; complains and ends with 1 --- */

static void must(bool ok, unsigned client, const char *what, CK_RV rv)
{
	if (ok)
		return;
	fprintf(stderr, "client %u: %s: 0x%lx\n", client, what, (unsigned long)rv);
	_exit(1);
}

/* Slots come in the order of the configuration: no other SIM needs to be asked. */
static CK_SLOT_ID slot_of(CK_FUNCTION_LIST *f, unsigned me)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX;
	CK_RV rv = f->C_GetSlotList(CK_FALSE, slots, &n);

	must(rv == CKR_OK, me, "C_GetSlotList", rv);
	must(n == SIMS, me, "number of slots", n);
	return slots[me % SIMS];
}

static void sign_all(const struct rig *r, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, unsigned me)
{
	for (unsigned i = 0; i < SIGNATURES; i++) {
		uint8_t digest[32] = {(uint8_t)me, (uint8_t)i}, sig[256];
		CK_ULONG n = sizeof(sig);
		double t = rig_seconds();
		CK_RV rv = rig_sign(r, s, key, digest, sizeof(digest), sig, &n);

		shared->took[me][i] = rig_seconds() - t;
		must(rv == CKR_OK, me, "C_Sign", rv);
		must(rig_verify(r, digest, sizeof(digest), sig, n), me, "signature", i);
	}
}

static void client(unsigned me, int go)
{
	struct rig *r = &sims[me % SIMS];
	double t = rig_seconds();
	CK_SESSION_HANDLE s = 0;
	CK_OBJECT_HANDLE key;
	CK_RV rv;
	char c;

	r->f = agent_rig_client();
	must(r->f != NULL, me, "p11-kit-client.so", 0);
	rv = r->f->C_Initialize(NULL);
	must(rv == CKR_OK, me, "C_Initialize", rv);
	rv = r->f->C_OpenSession(slot_of(r->f, me), CKF_SERIAL_SESSION, NULL, NULL, &s);
	must(rv == CKR_OK, me, "C_OpenSession", rv);
	key = rig_find(r, s, CKO_PRIVATE_KEY, "device");
	must(key != 0, me, "private key", 0);
	shared->connected[me] = rig_seconds() - t;
	atomic_fetch_add(&shared->ready, 1);
	(void)!read(go, &c, 1); /* until all are ready */
	sign_all(r, s, key, me);
	rv = r->f->C_Finalize(NULL);
	must(rv == CKR_OK, me, "C_Finalize", rv);
	_exit(0);
}

/* --- figures --- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_percentiles(const char *what, double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), by_size);
	print_message("  %s, ms: p50 %.0f, p90 %.0f, p99 %.0f, max %.0f\n", what, v[n / 2] * 1e3,
		      v[n * 9 / 10] * 1e3, v[n * 99 / 100] * 1e3, v[n - 1] * 1e3);
}

static void bank_start(void)
{
	static const char *const args[] = {"--latency", "100", NULL};
	static char conf[SIMS * 160];
	/* "p11-kit server" asks every SIM for every client before it serves one: they queue longer
	 * than the module's 10 seconds */
	struct rig_options opt = {.link = by_server ? RIG_AT_CGLA : RIG_UNIX,
				  .sim_args = args,
				  .module_conf = by_server ? "timeout = 60\n" : NULL};

	for (unsigned i = 1; i < SIMS; i++) {
		size_t n = strlen(conf);

		rig_start(&sims[i], &opt);
		snprintf(conf + n, sizeof(conf) - n, "[slot sim%u]\nid = %u\nuri = %s:%s\n", i, i,
			 by_server ? "at" : "unix", by_server ? sims[i].port : sims[i].socket);
	}
	/* the last one started names the others in its configuration */
	opt.more_conf = conf;
	rig_start(&sims[0], &opt);
}

/* A child that ended is left for reap. */
static bool somebody_ended(void)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

/* Waits for all clients; how many failed. */
static unsigned reap(const pid_t *pids)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < CLIENTS; i++) {
		int st = 0;

		failed += waitpid(pids[i], &st, 0) != pids[i] || !WIFEXITED(st) ||
			  WEXITSTATUS(st) != 0;
	}
	return failed;
}

static void many_clients(void **state)
{
	struct agent_rig agent;
	pid_t pids[CLIENTS];
	int go[2];
	double t, connect_s, sign_s;
	const double ceiling = SIMS * 1000.0 / (CARD_MS * APDUS);
	unsigned failed;

	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	bank_start();
	agent_rig_start(&agent, sims[0].dir, by_server);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	t = rig_seconds();
	for (unsigned i = 0; i < CLIENTS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			close(go[1]);
			client(i, go[0]);
		}
	}
	close(go[0]);
	while (atomic_load(&shared->ready) < CLIENTS && !somebody_ended())
		agent_rig_pause_ms(5);
	connect_s = rig_seconds() - t;
	t = rig_seconds();
	close(go[1]);
	failed = reap(pids);
	sign_s = rig_seconds() - t;
	agent_rig_stop(&agent, SIGTERM);
	for (unsigned i = 0; i < SIMS; i++)
		rig_stop(&sims[i]);
	print_message("%d clients, %d SIMs of %d ms an APDU, p11-kit %s: %u failed\n", CLIENTS,
		      SIMS, CARD_MS, by_server ? "server" : "remote", failed);
	print_message("  connecting and finding the key: %.1f s for all\n", connect_s);
	print_percentiles("  for one", shared->connected, CLIENTS);
	print_message("  %d signatures: %.1f s, %.1f a second, %.0f %% of what the SIMs can\n",
		      CLIENTS * SIGNATURES, sign_s, CLIENTS * SIGNATURES / sign_s,
		      100.0 * CLIENTS * SIGNATURES / sign_s / ceiling);
	print_percentiles("  a signature", &shared->took[0][0], CLIENTS * SIGNATURES);
	assert_int_equal(failed, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(many_clients)};

	by_server = argc > 1 && strcmp(argv[1], "server") == 0;
	return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
