/* SPDX-License-Identifier: Apache-2.0 */
/* Asks pcscd whether SCardConnect would return, with a deadline, which libpcsclite does not offer.
 *
 * It makes the connection on a socket of its own, waits for the answer with poll, and disconnects
 * again, leaving the card as it is. An attempt that is still waiting at the deadline is kept for
 * the next time: pcscd resets the card when a client goes away in the middle. */
#ifndef IOTSAFE_TRANSPORT_PCSC_GATE_H
#define IOTSAFE_TRANSPORT_PCSC_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "deadline.h"
#include "status.h"

struct pcsc_gate {
	int fd; /* -1: closed */
	uint32_t context;
	bool is_waiting; /* asked to connect, not answered yet */
};

/* ST_OK when no other client holds a transaction on `reader`, or when we cannot tell (another
 * protocol version): then libpcsclite is asked without a gate. ST_TIMEOUT. */
status pcsc_gate_pass(struct pcsc_gate *g, const char *reader, deadline dl) MUST_USE;
/* False when pcscd takes a connection and does not answer on it: then libpcsclite, which waits for
 * ever, must not be called. Without pcscd, or where we cannot tell, true. */
bool pcsc_gate_is_answered(void);
/* Plain close(2); nothing is sent. */
void pcsc_gate_close(struct pcsc_gate *g);

#endif
