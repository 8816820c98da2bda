/* SPDX-License-Identifier: Apache-2.0 */
#include "faults_host.h"

#include <signal.h>
#include <unistd.h>

#include "rig_process.h"

static pid_t service(const struct rig *r)
{
	return r->pcscd ? r->pcscd : r->proxy;
}

static void kill_service(struct rig *r, pid_t program)
{
	(void)program;
	rig_service_stop(r, SIGKILL);
}

static void end_service(struct rig *r, pid_t program)
{
	(void)program;
	rig_service_stop(r, SIGTERM);
}

static void restart_service(struct rig *r, pid_t program)
{
	kill_service(r, program);
	rig_service_start(r);
}

static void freeze_service(struct rig *r, pid_t program)
{
	(void)program;
	assert_int_equal(kill(service(r), SIGSTOP), 0);
}

static void thaw_service(struct rig *r)
{
	assert_int_equal(kill(service(r), SIGCONT), 0);
}

const struct fault_hook host_service_killed = {.strike = kill_service, .heal = rig_service_start};
const struct fault_hook host_service_ended = {.strike = end_service, .heal = rig_service_start};
const struct fault_hook host_service_deaf = {.strike = freeze_service, .heal = thaw_service};
const struct fault_hook host_service_restarted = {.strike = restart_service};

/* The readers of no file are none. */
static void lose_reader(struct rig *r, pid_t program)
{
	const char *argv[] = {"/usr/sbin/pcscd", "-f", "-c", "/dev/null", NULL};

	kill_service(r, program);
	r->pcscd = rig_process_start(argv, NULL);
	for (int ms = 0; access("/run/pcscd/pcscd.comm", F_OK) != 0; ms += 5) {
		assert_true(ms < RIG_WAIT_MS);
		rig_pause_ms(5);
	}
}

static void find_reader(struct rig *r)
{
	rig_service_stop(r, SIGTERM);
	rig_service_start(r);
}

const struct fault_hook host_reader_gone = {.strike = lose_reader, .heal = find_reader};

/* --- the card, the modem --- */

static void take_out(struct rig *r, pid_t program)
{
	(void)program;
	rig_control(r, "remove", NULL, 0);
}

static void put_in(struct rig *r)
{
	rig_control(r, "insert", NULL, 0);
}

static void flick(struct rig *r, pid_t program)
{
	take_out(r, program);
	put_in(r);
}

const struct fault_hook host_card_flicks = {.strike = flick};
const struct fault_hook host_card_out = {.strike = take_out, .heal = put_in};

static void crash(struct rig *r, pid_t program)
{
	(void)program;
	rig_sim_stop(r, SIGKILL);
}

const struct fault_hook host_modem_crashes = {.strike = crash, .heal = rig_sim_start};

static void slow_down(struct rig *r)
{
	rig_control(r, "latency 50", NULL, 0);
}

static void speed_up(struct rig *r)
{
	rig_control(r, "latency 0", NULL, 0);
}

const struct fault_hook host_reader_slow = {.before = slow_down, .after = speed_up};
