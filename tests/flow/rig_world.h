/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts and network of a test's own, for pcscd and the proxies: those have fixed places. */
#ifndef IOTSAFE_TESTS_FLOW_RIG_WORLD_H
#define IOTSAFE_TESTS_FLOW_RIG_WORLD_H

/* Namespaces are entered once a process: its later rigs run there too. */
void rig_world_enter(void);

#endif
