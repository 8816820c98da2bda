/* SPDX-License-Identifier: Apache-2.0 */
/* What befalls hosts and their daemons, at each APDU of a listing, a signature, an agreement and
 * the reading of a file, on the link that the argument names: pcscd and the proxies killed, stopped
 * and started again, readers and cards that go, other programs at the card, programs killed in the
 * midst, forks, signals, descriptors, clock, folders.
 *
 * Not here: pcscd stopped while it has our APDU, since libpcsclite waits for it without end, and so
 * does whoever uses it; test_pcsc.c has a deaf daemon at every other moment.
 *
 * Elsewhere, since they need no position or more than one program: P7 and X3 with each state of the
 * parent in test_fork.c, P9 is the links pcsc and pcsc-t0, Q1 of a proxy that refuses in the unit
 * test of qmi.c, X1 with four processes of four threads in test_processes.c, F28's UUCP lock files
 * in the unit test test_at_life.c. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "faults_host.h"
#include "faults_table.h"
#include "rig_world.h"

enum {
	LIST = 1 << LISTING,
	ALL = (1 << FAULT_TABLE_ACTS) - 1,
	CARRIES = ON_ALL & ~ON_QMI, /* a channel outlives the program that opened it */
};

static const struct {
	struct fault_row row;
	const struct fault_hook *hook;
} table[] = {
	{{"P1", "killed", NULL, ON_PCSC, ALL, EVERYWHERE | MAY_LEAK}, &host_service_killed},
	{{"P1", "ended", NULL, ON_PCSC, ALL, EVERYWHERE | MAY_LEAK}, &host_service_ended},
	{{"P2", NULL, NULL, ON_PCSC, ALL, EVERYWHERE | MAY_LEAK}, &host_service_restarted},
	{{"P3", NULL, NULL, ON_PCSC, ALL, EVERYWHERE | MAY_LEAK}, &host_other_resets},
	{{"P4", NULL, NULL, ON_PCSC, LIST, ONCE}, &host_other_excludes},
	{{"P5", NULL, NULL, ON_PCSC, ALL, EVERYWHERE | MAY_LEAK}, &host_other_holds},
	{{"P6", NULL, NULL, ON_PCSC, ALL, EVERYWHERE | MAY_LEAK}, &host_reader_gone},
	{{"P6", "card", NULL, ON_ALL, ALL, EVERYWHERE | MAY_LEAK}, &host_card_out},
	{{"P7", NULL, NULL, ON_ALL, ALL, EVERYWHERE | UNNOTICED | MAY_LEAK}, &host_forks},
	{{"P8", NULL, NULL, ON_ALL, ALL, EVERYWHERE | MAY_LEAK}, &host_card_flicks},
	{{"P10", NULL, NULL, ON_PCSC, LIST, ONCE | HEIR}, &host_not_authorised},
	{{"P11", NULL, NULL, ON_ALL, ALL, ONCE | UNNOTICED}, &host_reader_slow},

	{{"Q1", "killed", NULL, ON_PROXY, ALL, EVERYWHERE | MAY_LEAK}, &host_service_killed},
	{{"Q1", "deaf", NULL, ON_PROXY, ALL, EVERYWHERE | MAY_LEAK}, &host_service_deaf},
	{{"Q1", "restarted", NULL, ON_PROXY, ALL, EVERYWHERE | MAY_LEAK}, &host_service_restarted},
	{{"Q9", NULL, NULL, ON_QMI, ALL, EVERYWHERE | HEIR}, &host_killed},
	{{"F27", "crash", NULL, ON_ALL, ALL, EVERYWHERE | MAY_LEAK}, &host_modem_crashes},
	{{"F28", "lock", NULL, ON_ALL, ALL, EVERYWHERE | MAY_LEAK}, &host_other_locks},

	{{"X1", NULL, NULL, ON_ALL, ALL, EVERYWHERE | UNNOTICED | MAY_LEAK}, &host_other_signs},
	{{"X2", NULL, NULL, CARRIES, ALL, EVERYWHERE | HEIR | MAY_LEAK}, &host_killed},
	{{"X4", NULL, NULL, ON_ALL, ALL, EVERYWHERE | UNNOTICED}, &host_signals},
	{{"X5", NULL, NULL, ON_ALL, ALL, ONCE | UNNOTICED}, &host_many_descriptors},
	{{"X5", "none", NULL, ON_ALL, ALL, EVERYWHERE | MAY_LEAK}, &host_no_descriptors},
	{{"X6", NULL, NULL, ON_ALL, ALL, EVERYWHERE | UNNOTICED}, &host_clock_jumps},
	{{"X7", NULL, NULL, ON_ALL, ALL, ONCE | UNNOTICED}, &host_reloads},
	{{"X8", NULL, NULL, ON_ALL, ALL, EVERYWHERE | MAY_LEAK}, &host_denied},
	{{"X9", NULL, NULL, ON_ALL, ALL, EVERYWHERE | UNNOTICED | MAY_LEAK},
	 &host_lock_folder_gone},
	{{"X9", "full", NULL, ON_ALL, ALL, EVERYWHERE | UNNOTICED | MAY_LEAK}, &host_disk_full},
};
enum { ROWS = sizeof(table) / sizeof(table[0]) };

/* A modem that is gone leaves its number to the next, which must not be another worker's. */
static void own_terminals(void)
{
	rig_world_enter();
	if (mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=0666,mode=0620") != 0) {
		perror("devpts (root is needed)");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static struct fault_row row[ROWS];
	static const struct fault_hook *hook[ROWS];
	const struct fault_set set = {.program = "faults of hosts",
				      .act = fault_acts,
				      .acts = FAULT_TABLE_ACTS,
				      .row = row,
				      .rows = ROWS,
				      .hook = hook,
				      .at_least = 50};

	for (size_t i = 0; i < ROWS; i++) {
		row[i] = table[i].row;
		hook[i] = table[i].hook;
	}
	if (argc > 2) /* a worker */
		own_terminals();
	return faults_main(argc, argv, &set);
}
