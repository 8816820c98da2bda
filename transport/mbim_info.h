/* SPDX-License-Identifier: Apache-2.0 */
/* The information buffers that we exchange: mbim-proxy's configuration, Subscriber Ready Status
 * (MBIM 1.0 §10.5.2), and Microsoft's low-level UICC access, where, against the habit of all other
 * services, the size of a field stands before its offset. No I/O; every offset and size is checked
 * against the buffer. */
#ifndef IOTSAFE_TRANSPORT_MBIM_INFO_H
#define IOTSAFE_TRANSPORT_MBIM_INFO_H

#include "bytes.h"
#include "sizes.h"

enum {
	MBIM_GROUP = 0x49534146, /* "ISAF": our channels; the modem can close them all at once */
	MBIM_CHANNEL_MAX = 19,
	MBIM_SELECT_FCP = 0x00,	    /* P2 of SELECT: answer with the FCP template */
	MBIM_SELECT_NOTHING = 0x0C, /* no answer data: some firmwares insist on it */
};

enum mbim_ready {
	MBIM_READY_NOT_INITIALIZED = 0,
	MBIM_READY_NOT_INSERTED = 2,
	MBIM_READY_BAD_SIM = 3,
	MBIM_READY_FAILURE = 4,
};

struct mbim_sim {
	uint32_t ready; /* enum mbim_ready; other values mean that a SIM is there */
	char iccid[ICCID_DIGITS_MAX + 1]; /* "" when the modem does not tell it */
};
/* Not there, or of no use. */
static inline bool mbim_sim_is_out(const struct mbim_sim *s)
{
	return s->ready == MBIM_READY_NOT_INSERTED || s->ready == MBIM_READY_BAD_SIM ||
	       s->ready == MBIM_READY_FAILURE;
}

/* For mbim-proxy: which device (ASCII), and how many seconds it may take to open it. ST_ARG for
 * another character. */
status mbim_info_put_proxy(struct wtr *w, const char *device, uint32_t seconds) MUST_USE;

void mbim_info_put_open(struct wtr *w, struct bytes aid, uint8_t select_p2);
/* Channel 0 closes the group. */
void mbim_info_put_close(struct wtr *w, uint32_t channel);
/* cmd is a whole command APDU: the modem replaces its class byte by one made of the channel and the
 * class type, which follows from bit 8. */
void mbim_info_put_apdu(struct wtr *w, uint32_t channel, struct bytes cmd);

/* The answer to opening: SW1 SW2 of the SELECT as one number (6A82 …), and the channel, 0 for none.
 * The FCP is not looked at. */
status mbim_info_opened(struct bytes info, uint16_t *ret_sw, uint32_t *ret_channel) MUST_USE;
/* The answer to an APDU, as data || SW1 SW2. ST_TRUNCATED, ST_MALFORMED, ST_SHORT_OUT. */
status mbim_info_reply(struct bytes info, struct wtr *reply) MUST_USE;
/* Both forms: that of MBIM 1.0 and that of MBIMEx 3, which has a field more. */
status mbim_info_sim(struct bytes info, struct mbim_sim *ret_sim) MUST_USE;

#endif
