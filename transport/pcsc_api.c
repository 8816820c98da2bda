/* SPDX-License-Identifier: Apache-2.0 */
#include "pcsc_api.h"

#include <dlfcn.h>
#include <string.h>

#include "log.h"
#include "mem.h"

#define ROW(rv, st, repair)                                                                        \
	{                                                                                          \
		rv, st, repair, #rv                                                                \
	}

static const struct pcsc_meaning meanings[] = {
	ROW(SCARD_S_SUCCESS, ST_OK, PCSC_KEEP),
	ROW(SCARD_W_RESET_CARD, ST_CHANNEL_LOST, PCSC_RECONNECT),
	ROW(SCARD_W_REMOVED_CARD, ST_CARD_GONE, PCSC_RECONNECT),
	ROW(SCARD_E_NO_SMARTCARD, ST_NO_CARD, PCSC_DROP_CARD),
	ROW(SCARD_W_UNPOWERED_CARD, ST_NO_CARD, PCSC_DROP_CARD),
	ROW(SCARD_W_UNRESPONSIVE_CARD, ST_NO_CARD, PCSC_DROP_CARD),
	ROW(SCARD_E_NO_SERVICE, ST_NO_SERVICE, PCSC_DROP_CONTEXT),
	ROW(SCARD_E_SERVICE_STOPPED, ST_NO_SERVICE, PCSC_DROP_CONTEXT),
	ROW(SCARD_F_COMM_ERROR, ST_NO_SERVICE, PCSC_DROP_CONTEXT),
	ROW(SCARD_E_INVALID_HANDLE, ST_IO, PCSC_DROP_CONTEXT),
	ROW(SCARD_E_NO_READERS_AVAILABLE, ST_NO_DEVICE, PCSC_DROP_CARD),
	ROW(SCARD_E_UNKNOWN_READER, ST_NO_DEVICE, PCSC_DROP_CARD),
	ROW(SCARD_E_READER_UNAVAILABLE, ST_NO_DEVICE, PCSC_DROP_CARD),
	ROW(SCARD_E_SHARING_VIOLATION, ST_BUSY_DEVICE, PCSC_KEEP),
	ROW(SCARD_W_SECURITY_VIOLATION, ST_DENIED_DEVICE, PCSC_DROP_CONTEXT),
	ROW(SCARD_E_PROTO_MISMATCH, ST_IO, PCSC_DROP_CARD),
	ROW(SCARD_E_NOT_TRANSACTED, ST_IO, PCSC_DROP_CARD),
	ROW(SCARD_E_NO_MEMORY, ST_NOMEM, PCSC_KEEP),
	ROW(SCARD_E_TIMEOUT, ST_TIMEOUT, PCSC_KEEP),
};

const struct pcsc_meaning *pcsc_api_meaning(LONG rv)
{
	static const struct pcsc_meaning unknown = {-1, ST_IO, PCSC_DROP_CARD,
						    "another PC/SC error"};

	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		if (meanings[i].rv == rv)
			return &meanings[i];
	}
	return &unknown;
}

status pcsc_api_load(struct pcsc_api *api, const char *name)
{
	struct pcsc_api a = {0};
	const struct {
		const char *symbol;
		void *slot; /* of a function pointer, which ISO C keeps apart from void * */
	} symbols[] = {
		{"SCardEstablishContext", &a.establish},
		{"SCardReleaseContext", &a.release},
		{"SCardListReaders", &a.list_readers},
		{"SCardGetStatusChange", &a.status_change},
		{"SCardConnect", &a.connect},
		{"SCardReconnect", &a.reconnect},
		{"SCardDisconnect", &a.disconnect},
		{"SCardBeginTransaction", &a.begin},
		{"SCardEndTransaction", &a.end},
		{"SCardTransmit", &a.transmit},
		{"SCardGetAttrib", &a.attribute},
	};

	if (api->library)
		return ST_OK;
	a.library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!a.library) {
		log_info("pcsc: %s is not installed", name);
		return ST_NO_SERVICE;
	}
	for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
		void *p = dlsym(a.library, symbols[i].symbol);

		if (!p) {
			log_error("pcsc: %s lacks %s", name, symbols[i].symbol);
			pcsc_api_unload(&a);
			return ST_NO_SERVICE;
		}
		memcpy(symbols[i].slot, &p, sizeof(p));
	}
	*api = a;
	return ST_OK;
}

void pcsc_api_unload(struct pcsc_api *api)
{
	if (api->library)
		dlclose(api->library);
	api->library = NULL;
}
