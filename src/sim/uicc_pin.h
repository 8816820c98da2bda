/* SPDX-License-Identifier: Apache-2.0 */
/* The PINs of the card (ETSI TS 102 221 §§9.5, 11.1.9 to 11.1.13; scope-and-secure-channels.md
 * §C4): values, counters and what presenting a value does to them. The commands are in
 * uicc_pin_command.h. */
#ifndef IOTSAFE_SIM_UICC_PIN_H
#define IOTSAFE_SIM_UICC_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

enum {
	PIN_SIZE = 8, /* on the wire: digits, filled up with FF */
	PIN_DIGITS_MIN = 4,
	PIN_TRIES = 3,
	PUK_TRIES = 10,
	PINS_MAX = 4,
	PIN_APPLICATION = 0x01,
	PIN_UNIVERSAL = 0x11,
	PIN_SECOND = 0x81,
};

struct uicc_pin {
	unsigned ref; /* P2 */
	uint8_t value[PIN_SIZE], puk[PIN_SIZE];
	unsigned tries, max; /* left, and after a right value; at most 15 */
	unsigned puk_tries, puk_max;
	unsigned enabled;
	/* Of the card as a whole, whatever the channel; gone with the power. */
	bool verified;
	bool fresh; /* and no key that asks before each use has used it up */
	/* Since the card was made: VERIFY commands with data, and tries that were lost. */
	unsigned verifies, failures, puk_failures;
};

struct uicc_pin_table {
	struct uicc_pin pin[PINS_MAX];
	size_t count;
	unsigned strange; /* VERIFY commands with data for references that the card does not have */
};

struct uicc_pin *uicc_pin_find(struct uicc_pin_table *t, unsigned ref); /* NULL: none */
/* A new entry, all zero; ST_FULL. */
status uicc_pin_add(struct uicc_pin_table *t, struct uicc_pin **ret_pin) MUST_USE;
/* Nothing is verified any more. */
void uicc_pin_power_cycle(struct uicc_pin_table *t);

/* 4 to 8 digits, filled up with FF. ST_ARG. */
status uicc_pin_value(struct bytes digits, uint8_t ret_value[PIN_SIZE]) MUST_USE;
/* Is this a value as uicc_pin_value makes them? */
bool uicc_pin_well_formed(struct bytes value);

/* Presents a value: 9000 and the counter is full again; 63CX and a try is gone, and with it the
 * verified status; 6983 once none is left. */
uint16_t uicc_pin_present(struct uicc_pin *p, struct bytes value);
/* The same for the PUK; a wrong one leaves the PIN as it is. */
uint16_t uicc_pin_present_puk(struct uicc_pin *p, struct bytes puk);
/* By the PUK: a new value, all tries back, enabled and verified. */
void uicc_pin_unblock(struct uicc_pin *p, struct bytes value);
void uicc_pin_set_value(struct uicc_pin *p, struct bytes value); /* PIN_SIZE bytes */
void uicc_pin_set_verified(struct uicc_pin *p, bool verified);

#endif
