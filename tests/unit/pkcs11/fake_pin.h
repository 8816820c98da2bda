/* SPDX-License-Identifier: Apache-2.0 */
/* The fake card's PIN: implements core/card_pin.h in memory, with a counter that tells how often it
 * was tried. */
#ifndef IOTSAFE_TESTS_FAKE_PIN_H
#define IOTSAFE_TESTS_FAKE_PIN_H

#include "card_pin.h"
#include "container.h"

struct fake_pin {
	uint8_t ref; /* the only one that the card has */
	char value[16];
	int tries;
	bool enabled, verified;
	bool shy; /* the card does not say that it is verified */
	/* containers that ask for it, by their id; 0: none. The second asks before each use */
	uint8_t key, key_always;
	bool fresh;	      /* verified since the last use of key_always */
	unsigned verifies;    /* VERIFY commands with a PIN */
	unsigned changes;     /* CHANGE commands */
	unsigned queries;     /* VERIFY commands without */
	unsigned failures;    /* tries that were lost */
	status query_answer;  /* instead of working */
	status before_answer; /* the PIN was not sent */
	bool lost;	      /* it worked, but the answer did not come */
	bool dies;	      /* … and then the link is gone */
	int others_guess_at;  /* somebody else spends a try before this VERIFY, 1 the first */
	uint64_t power;
};
extern struct fake_pin fake_pin;

void fake_pin_reset(void);
/* The card forgot what was verified, and the core noticed (or not yet). */
void fake_pin_power_off(bool noticed);
/* Before a use: ST_SW_SECURITY. */
status fake_pin_permits(const struct container *key);

#endif
