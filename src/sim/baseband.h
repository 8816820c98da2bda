/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a modem between its host interface (AT, MBIM, QMI) and the card: logical channels
 * opened and selected for the host, class bytes, 61xx and 6Cxx resolved, files read on the basic
 * channel. All its traffic goes through sim_card_transmit, like the host's. One thread at a time.
 */
#ifndef IOTSAFE_SIM_BASEBAND_H
#define IOTSAFE_SIM_BASEBAND_H

#include "card.h"
#include "sizes.h"

struct baseband {
	struct sim_card *card;
	const char *front;   /* in the APDU log; static storage */
	uint32_t generation; /* of the card, as of the last exchange */
};

/* What an answer can be: the card's, and eight bytes for faults that lengthen it. */
enum { BASEBAND_REPLY_MAX = APDU_REPLY_MAX + 8 };

/* The class byte of a command on `channel`: what the host put into the channel bits is replaced
 * (TS 102 221 §10.1.1: 0X and 8X for 0..3, 4X and CX for 4..19). */
uint8_t baseband_class(uint8_t cla, uint8_t channel);
/* The last two bytes of an answer; 0 when it has none. */
unsigned baseband_sw(struct bytes reply);
/* One APDU as it is. ST_NO_CARD. */
status baseband_exchange(struct baseband *b, struct bytes cmd, struct wtr *reply) MUST_USE;
/* After baseband_exchange of cmd: collects 61xx and obeys 6Cxx, so that the host sees one plain
 * answer. */
status baseband_resolve(struct baseband *b, struct bytes cmd, struct wtr *reply) MUST_USE;

enum baseband_open {
	BASEBAND_OPENED,
	BASEBAND_NO_CHANNEL, /* MANAGE CHANNEL was refused */
	BASEBAND_WARNED,     /* a channel under a warning, closed again */
	BASEBAND_NO_APPLET,  /* SELECT was refused; the channel is closed again */
	BASEBAND_NO_ANSWER,
};
/* MANAGE CHANNEL and SELECT (with this P2). fci (may be NULL) gets the answer to SELECT with its
 * status word, 61xx resolved; also when the SELECT was refused. */
enum baseband_open baseband_open_channel(struct baseband *b, struct bytes aid, uint8_t p2,
					 uint8_t *ret_channel, struct wtr *fci);
/* Its answer's status word; 0 when there was none. */
unsigned baseband_close_channel(struct baseband *b, uint8_t channel);
/* SELECT of a file under the MF on the basic channel, and one READ with these four bytes (INS, P1,
 * P2, P3). The answer, or the refusal of the SELECT. */
status baseband_read_file(struct baseband *b, uint16_t fid, const uint8_t read[4],
			  struct wtr *reply) MUST_USE;

/* Four bytes more than the card gave, before its status word; an answer of fewer than three bytes
 * stays. */
void baseband_lengthen(struct wtr *reply);

#endif
