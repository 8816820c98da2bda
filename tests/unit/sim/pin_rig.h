/* SPDX-License-Identifier: Apache-2.0 */
/* PIN commands on a card of card_rig.h. */
#ifndef TEST_PIN_RIG_H
#define TEST_PIN_RIG_H

#include "card_rig.h"

/* Values as the wire has them. The card's own: PIN 01 is 1234, 81 is 5678, 11 is 24681357. */
#define PIN_1234 "31323334FFFFFFFF"
#define PIN_5678 "35363738FFFFFFFF"
#define PIN_9999 "39393939FFFFFFFF"
#define PIN_LONG "3234363831333537"
#define PUK_RIGHT "3132333435363738"
#define PUK_SECOND "3837363534333231"
#define PUK_WRONG "3030303030303030"

/* For cmocka: a card of the profile pin of its own, and its end. */
int pin_setup(void **state);
int pin_teardown(void **state);

/* "VERIFY" and so on by their INS on channel 0, reference 01: data in hex. */
void pin_send(struct rig *r, const char *ins, const char *data, const char *want);
/* The line of that reference in the control command's answer starts with this. */
void pin_expect(struct rig *r, const char *ref, const char *want);
/* The totals: VERIFY commands with data, tries lost. */
void pin_counted(struct rig *r, unsigned verifies, unsigned failures);

#endif
