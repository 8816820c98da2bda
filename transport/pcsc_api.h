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
	__typeof__(SCardEstablishContext) *establish;
	__typeof__(SCardReleaseContext) *release;
	__typeof__(SCardListReaders) *list_readers;
	__typeof__(SCardGetStatusChange) *status_change;
	__typeof__(SCardConnect) *connect;
	__typeof__(SCardReconnect) *reconnect;
	__typeof__(SCardDisconnect) *disconnect;
	__typeof__(SCardBeginTransaction) *begin;
	__typeof__(SCardEndTransaction) *end;
	__typeof__(SCardTransmit) *transmit;
	__typeof__(SCardGetAttrib) *attribute;
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
