/* SPDX-License-Identifier: Apache-2.0 */
/* The UICC: logical channels, file and applet selection, GET RESPONSE (iotsafe-protocol.md
 * §§4, 18.2, 18.3). One thread at a time. */
#ifndef IOTSAFE_SIM_UICC_H
#define IOTSAFE_SIM_UICC_H

#include <stdbool.h>

#include "apdu.h"
#include "fault.h"
#include "session.h"
#include "store.h"

enum uicc_file { FILE_NONE, FILE_ICCID, FILE_DIR };

struct uicc_channel {
	bool open;
	bool applet; /* the applet is selected; else the MF */
	enum uicc_file file;
	uint8_t pending[REPLY_TOTAL_MAX]; /* what GET RESPONSE fetches */
	size_t pending_at, pending_n;
	uint16_t pending_sw;
	size_t list_next; /* object-list cursor, for P2=01 */
	bool list_more;
};

struct uicc {
	struct store *store;
	struct sim_faults *faults; /* may be NULL */
	struct uicc_channel channel[CHANNELS_MAX];
	struct session_table sessions;
	uint8_t pin_in_use; /* reference of a PIN that this command uses up; 0: none */
	bool dirty;	    /* the store has changed and wants saving */
};

/* What a command answers before T=0 or T=1 cuts it into shape. */
struct answer {
	struct wtr data;
	bool any_le; /* Le is a limit at the most: never 6Cxx */
};

/* Power-on: channel 0 open with the MF selected, everything else lost. */
void uicc_reset(struct uicc *u);
/* One command to data || SW. */
void uicc_transmit(struct uicc *u, struct bytes cmd, struct wtr *reply);
/* The channel is lost (never 0). */
void uicc_close_channel(struct uicc *u, unsigned n);
bool uicc_fault(struct uicc *u, enum sim_fault_name name);

#endif
