/* SPDX-License-Identifier: Apache-2.0 */
/* A card small enough to see through, for the tests of the fronts: MANAGE CHANNEL with three
 * channels, SELECT of two AIDs, and a script of exact commands with their answers. Everything else
 * is 6D00. Class bytes reach the script as the card gets them, channel bits included. */
#ifndef IOTSAFE_TESTS_TINY_CARD_H
#define IOTSAFE_TESTS_TINY_CARD_H

#include "card.h"

struct tiny_pair {
	const char *cmd;   /* upper-case hex */
	const char *reply; /* hex; a number N alone after '~' first sleeps N ms: "~300 9000" */
};

/* The script ends with a NULL cmd and is used as it is, not copied. */
struct sim_card *tiny_card_new(const struct tiny_pair *script);
/* Commands that the card has seen, as hex with blanks between; since the last call. */
const char *tiny_card_seen(struct sim_card *card);

#endif
