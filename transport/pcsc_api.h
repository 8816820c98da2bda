/* SPDX-License-Identifier: Apache-2.0 */
/* libpcsclite, loaded at the first use of a pcsc: device, so that a device with a modem only need
 * not have it. Each transport holds its own reference (ld.so counts them). */
#ifndef IOTSAFE_TRANSPORT_PCSC_API_H
#define IOTSAFE_TRANSPORT_PCSC_API_H

#include <winscard.h>
#include <reader.h>

#include "status.h"

struct pcsc_api {
	void *library; /* NULL: not loaded */
	LONG (*establish)(DWORD scope, LPCVOID r1, LPCVOID r2, LPSCARDCONTEXT ret_ctx);
	LONG (*release)(SCARDCONTEXT ctx);
	LONG (*list_readers)(SCARDCONTEXT ctx, LPCSTR groups, LPSTR readers, LPDWORD len);
	LONG (*status_change)(SCARDCONTEXT ctx, DWORD ms, SCARD_READERSTATE *states, DWORD count);
	LONG (*connect)
	(SCARDCONTEXT ctx, LPCSTR reader, DWORD share, DWORD protocols, LPSCARDHANDLE ret_card,
	 LPDWORD ret_protocol);
	LONG (*reconnect)
	(SCARDHANDLE card, DWORD share, DWORD protocols, DWORD init, LPDWORD ret_protocol);
	LONG (*disconnect)(SCARDHANDLE card, DWORD disposition);
	LONG (*begin)(SCARDHANDLE card);
	LONG (*end)(SCARDHANDLE card, DWORD disposition);
	LONG (*transmit)
	(SCARDHANDLE card, const SCARD_IO_REQUEST *send_pci, LPCBYTE cmd, DWORD cmd_len,
	 SCARD_IO_REQUEST *recv_pci, LPBYTE reply, LPDWORD reply_len);
	LONG (*attribute)(SCARDHANDLE card, DWORD id, LPBYTE value, LPDWORD len);
};

/* Loads `name` ("libpcsclite.so.1") and fills api. ST_NO_SERVICE where it is not installed, or
 * lacks a function. A second call does nothing. */
status pcsc_api_load(struct pcsc_api *api, const char *name) MUST_USE;
void pcsc_api_unload(struct pcsc_api *api);

/* What a return value means and what becomes of our handles. */
enum pcsc_repair {
	PCSC_KEEP,	   /* nothing is broken */
	PCSC_RECONNECT,	   /* SCardReconnect revives the handle */
	PCSC_DROP_CARD,	   /* the handle is dead, the context lives */
	PCSC_DROP_CONTEXT, /* all is dead: pcscd went away */
};
struct pcsc_meaning {
	LONG rv;
	status st; /* outside a card operation */
	enum pcsc_repair repair;
	const char *name;
};
/* Never NULL; unknown values are ST_IO and PCSC_DROP_CARD. */
const struct pcsc_meaning *pcsc_api_meaning(LONG rv);

#endif
