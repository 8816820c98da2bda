/* SPDX-License-Identifier: Apache-2.0 */
/* Where pcscd and its library are. */
#ifndef IOTSAFE_TRANSPORT_PCSC_H
#define IOTSAFE_TRANSPORT_PCSC_H

#define PCSC_LIBRARY "libpcsclite.so.1"
/* pcscd's socket; libpcsclite and we let PCSCLITE_CSOCK_NAME name another. */
#define PCSC_SOCKET "/run/pcscd/pcscd.comm"
#define PCSC_PID_FILE "/run/pcscd/pcscd.pid"

#endif
