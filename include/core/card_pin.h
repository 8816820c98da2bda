/* SPDX-License-Identifier: Apache-2.0 */
/* The UICC's PINs (ETSI TS 102 221 §11.1.9–11.1.13; scope-and-secure-channels.md §C4). A PIN
 * counts three tries and its loss may take a device off the network: no function here sends a PIN
 * that its caller did not hand over in this very call, none sends it twice, and where the answer to
 * a command with a PIN got lost the outcome is ST_PIN_UNSURE, never a repetition.
 *
 * Query and VERIFY work where the applet is selected on cards that allow it; everything else is
 * said with the MF selected on our channel, since INS 24 and 2C mean something else to the applet,
 * which is selected again within the same operation. */
#ifndef IOTSAFE_CORE_CARD_PIN_H
#define IOTSAFE_CORE_CARD_PIN_H

#include "card.h"

enum {
	PIN_MIN = 4,
	PIN_MAX = 8,
	PIN_REF_APPLICATION = 0x01,
	PIN_REF_SECOND = 0x81,
	PIN_REF_UNIVERSAL = 0x11
};

struct card_pin {
	enum {
		CARD_PIN_WANTED,   /* not verified (or the card does not say) */
		CARD_PIN_VERIFIED, /* 9000 to the query */
		CARD_PIN_DISABLED, /* nothing to verify */
		CARD_PIN_BLOCKED,
		CARD_PIN_ABSENT, /* the card has no such PIN */
	} state;
	int tries; /* left; -1: the card did not tell */
};

/* The counter, without spending a try: VERIFY with empty data. */
status card_pin_query(struct card *c, uint8_t ref, struct card_pin *ret, deadline dl) MUST_USE;
/* pin: 4..8 bytes, ST_ARG otherwise (nothing is sent; nor for ref 0). *ret tells the tries
 * afterwards and is written for ST_OK, ST_PIN_WRONG and ST_PIN_LOCKED. ST_PIN_UNSURE: sent, and no
 * answer came, or one that does not tell what became of the PIN.
 * Each makes sure that our applet still answers on the channel, so that another SIM never gets this
 * one's PIN; then it asks for the counter, and sends nothing where that says that it cannot help: a
 * blocked PIN (ST_PIN_LOCKED), a disabled one (ST_OK with CARD_PIN_DISABLED from card_pin_verify,
 * ST_SW_CONDITIONS from card_pin_change), an absent one (ST_SW_NOT_FOUND). */
status card_pin_verify(struct card *c, uint8_t ref, struct bytes pin, struct card_pin *ret,
		       deadline dl) MUST_USE;
status card_pin_change(struct card *c, uint8_t ref, struct bytes old_pin, struct bytes new_pin,
		       struct card_pin *ret, deadline dl) MUST_USE;
/* puk: 8 bytes. *ret tells the tries of the PUK. */
status card_pin_unblock(struct card *c, uint8_t ref, struct bytes puk, struct bytes new_pin,
			struct card_pin *ret, deadline dl) MUST_USE;
/* Moves whenever the card may have forgotten that a PIN was verified: a reset, another channel
 * session after a loss, another card. */
uint64_t card_power_epoch(const struct card *c);

#endif
