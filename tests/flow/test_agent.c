/* SPDX-License-Identifier: Apache-2.0 */
/* A program that uses the SIM through an agent: it starts over, the agent dies, the SIM is silent,
 * the program dies in mid-signature. test_agent server or remote: as bench_agent. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "agent_rig.h"
#include "rig.h"

/* timeout = 2, and a busy machine */
static const double SILENCE_MAX = 4.0, DEAD_MAX = 2.0;

static bool by_server;
static struct rig rig;
static struct agent_rig agent;
static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE key;

static void start(void)
{
	rig_start(&rig, &(struct rig_options){.link = RIG_UNIX, .module_conf = "timeout = 2\n"});
	agent_rig_start(&agent, rig.dir, by_server);
	rig.f = agent_rig_client();
	assert_non_null(rig.f);
}

static void stop(void)
{
	agent_rig_stop(&agent, SIGKILL);
	rig_stop(&rig);
}

static void connect_client(void)
{
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
	session = rig_session(&rig);
	key = rig_find(&rig, session, CKO_PRIVATE_KEY, "device");
	assert_int_not_equal(key, 0);
}

static CK_RV sign(void)
{
	static uint8_t serial;
	uint8_t digest[32] = {++serial}, sig[256];
	CK_ULONG n = sizeof(sig);
	CK_RV rv = rig_sign(&rig, session, key, digest, sizeof(digest), sig, &n);

	if (rv == CKR_OK)
		assert_true(rig_verify(&rig, digest, sizeof(digest), sig, n));
	return rv;
}

static void served_become(unsigned n)
{
	for (int ms = 0; agent_rig_served(&agent) != n; ms += 10) {
		if (ms > 10000)
			fail_msg("%u served, not %u", agent_rig_served(&agent), n);
		agent_rig_pause_ms(10);
	}
}

static void starts_over(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 5; i++) {
		connect_client();
		assert_int_equal(sign(), CKR_OK);
		served_become(1);
		assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
		served_become(0);
	}
	stop();
}

/* Whatever the program does while there is no agent is an error, soon; C_Finalize and C_Initialize
 * bring it back. */
static void agent_dies(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 10; i++) {
		double t;

		connect_client();
		assert_int_equal(sign(), CKR_OK);
		agent_rig_stop(&agent, SIGKILL);
		t = rig_seconds();
		assert_int_not_equal(sign(), CKR_OK);
		assert_int_not_equal(sign(), CKR_OK);
		(void)rig.f->C_Finalize(NULL);
		assert_true(rig_seconds() - t < DEAD_MAX);
		agent_rig_start(&agent, rig.dir, by_server);
	}
	connect_client();
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
	stop();
}

/* The agent dies while the SIM computes. */
static void agent_dies_at_work(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 3; i++) {
		pid_t killer, group = agent.pid;
		double t;
		int st;

		connect_client();
		assert_int_equal(sign(), CKR_OK);
		rig_control(&rig, "latency 500", NULL, 0);
		killer = fork();
		assert_true(killer >= 0);
		if (killer == 0) {
			agent_rig_pause_ms(200);
			kill(-group, SIGKILL);
			_exit(0);
		}
		t = rig_seconds();
		assert_int_not_equal(sign(), CKR_OK);
		assert_true(rig_seconds() - t < DEAD_MAX);
		assert_int_equal(waitpid(killer, &st, 0), killer);
		(void)rig.f->C_Finalize(NULL);
		agent_rig_stop(&agent, SIGKILL);
		rig_control(&rig, "latency 0", NULL, 0);
		agent_rig_start(&agent, rig.dir, by_server);
		connect_client();
		assert_int_equal(sign(), CKR_OK);
		assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
	}
	stop();
}

static void silent_sim(void **state)
{
	double t;

	(void)state;
	start();
	connect_client();
	assert_int_equal(sign(), CKR_OK);
	rig_sim_freeze(&rig);
	t = rig_seconds();
	assert_int_not_equal(sign(), CKR_OK);
	t = rig_seconds() - t;
	print_message("  an error after %.2f s\n", t);
	rig_sim_thaw(&rig);
	assert_true(t < SILENCE_MAX);
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
	stop();
}

static pid_t client_at_work(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	connect_client();
	for (;;)
		(void)sign();
}

/* Its process in the agent ends as well, and the channel that they shared goes on. */
static void program_dies_at_work(void **state)
{
	char before[128], after[128];
	size_t mark;

	(void)state;
	start();
	connect_client();
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
	rig_control(&rig, "channels", before, sizeof(before));
	rig_control(&rig, "latency 50", NULL, 0);
	mark = rig_log_mark(&rig);
	for (int i = 0; i < 5; i++) {
		pid_t pid = client_at_work();

		agent_rig_pause_ms(400 + i * 20);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	served_become(0);
	assert_true(rig_log_count_ins(&rig, mark, 0x2B) > 0);
	assert_int_equal(rig_log_count_ins(&rig, mark, 0x70), 0);
	rig_control(&rig, "channels", after, sizeof(after));
	assert_string_equal(before, after);
	connect_client();
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
	stop();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_over),		cmocka_unit_test(agent_dies),
		cmocka_unit_test(agent_dies_at_work),	cmocka_unit_test(silent_sim),
		cmocka_unit_test(program_dies_at_work),
	};

	/* p11-kit's client writes to a socket whose other end is gone: iotsafe-pkcs11(7) */
	signal(SIGPIPE, SIG_IGN);
	by_server = argc > 1 && strcmp(argv[1], "server") == 0;
	return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
