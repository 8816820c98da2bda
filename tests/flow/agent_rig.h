/* SPDX-License-Identifier: Apache-2.0 */
/* An agent that serves the module on a socket, and the client's side of it (p11-kit-client.so). */
#ifndef IOTSAFE_TESTS_FLOW_AGENT_RIG_H
#define IOTSAFE_TESTS_FLOW_AGENT_RIG_H

#include <stdbool.h>
#include <sys/types.h>

#include <p11-kit/pkcs11.h>

struct agent_rig {
	bool by_server; /* the real "p11-kit server"; else "p11-kit remote" for each connection */
	char socket[96];
	pid_t pid; /* leads a process group: the agent and all that it started */
};

/* Starts it on dir/agent.sock with IOTSAFE_CONF as it is, waits until it answers, and leads clients
 * there (P11_KIT_SERVER_ADDRESS). Fails the test if it does not come up. */
void agent_rig_start(struct agent_rig *a, const char *dir, bool by_server);
/* Ends it and every process that serves a client. Nothing is left to stop twice. */
void agent_rig_stop(struct agent_rig *a, int sig);
/* How many programs it is serving. */
unsigned agent_rig_served(const struct agent_rig *a);

/* The client's module, not initialised; NULL if it cannot be loaded. */
CK_FUNCTION_LIST *agent_rig_client(void);

void agent_rig_pause_ms(long ms);

#endif
