/* SPDX-License-Identifier: Apache-2.0 */
/* Where pcscd and its library are. */
#ifndef IOTSAFE_TRANSPORT_PCSC_H
#define IOTSAFE_TRANSPORT_PCSC_H

#define PCSC_LIBRARY "libpcsclite.so.1"
#define PCSC_SOCKET "/run/pcscd/pcscd.comm"
#define PCSC_PID_FILE "/run/pcscd/pcscd.pid"

/* pcscd's socket: PCSC_SOCKET unless PCSCLITE_CSOCK_NAME, which libpcsclite obeys too, names
 * another. Static storage or the environment's. */
const char *pcsc_socket_path(void);

#endif
