/* SPDX-License-Identifier: Apache-2.0 */
/* The fault matrix: which faults, on which links, at each APDU or AT command of which scenario. */
#ifndef IOTSAFE_TESTS_FLOW_FAULTS_H
#define IOTSAFE_TESTS_FLOW_FAULTS_H

#include "scene.h"

enum fault_scenario { LISTING, SIGNATURE, SCENARIOS };

enum {
	ON_UNIX = 1 << RIG_UNIX,
	ON_CGLA = 1 << RIG_AT_CGLA,
	ON_CSIM = 1 << RIG_AT_CSIM,
	ON_PCSC = 1 << RIG_PCSC,
	ON_AT = ON_CGLA | ON_CSIM,
	ON_CARD = ON_UNIX | ON_PCSC, /* nothing between us and the card's answers */
	ON_ALL = ON_CARD | ON_AT,
};

enum {
	IN_LISTING = 1 << LISTING,
	IN_SIGNATURE = 1 << SIGNATURE,
	IN_BOTH = IN_LISTING | IN_SIGNATURE,
};

enum {
	/* strikes at any APDU (command) at all: one case for each. Without it the fault waits for
	 * its command: cases go on until there is none left to strike. */
	EVERYWHERE = 1,
	/* "x0" at the first: a habit, or a lasting failure; one case */
	FOR_EVER = 2,
	/* the parameter is the folder of another card; the right one comes back afterwards */
	SWAPS = 4,
	/* the card talks T=0, so that GET RESPONSE is used */
	OVER_T0 = 8,
	/* the answer to the opening of a channel may be lost, and with it the channel's number; or
	 * the card is reset unseen while one is opened, which the next operation takes for lost */
	MAY_LEAK = 16,
};

struct fault_row {
	const char *name;
	const char *param; /* NULL: none */
	const char *with;  /* armed beside it: what makes its command happen; NULL: nothing */
	unsigned links, scenarios, flags;
};
extern const struct fault_row fault_rows[];
extern const size_t fault_row_count;

struct fault_case {
	const struct fault_row *row;
	enum fault_scenario scenario;
	unsigned at;	   /* from 1 */
	const char *other; /* the other card's folder */
};

struct fault_outcome {
	bool struck;
	unsigned strikes;
	bool went_well;	   /* nobody noticed: the answers were right all the same */
	char trouble[240]; /* "": the case is survived */
};

/* Runs one case in a process of its own. */
void fault_case_run(struct rig *r, const struct fault_case *c, struct fault_outcome *ret_o);
/* APDUs (family 'C') or AT commands ('F') of a scenario on a healthy card. */
unsigned fault_case_events(struct rig *r, enum fault_scenario scenario, char family);
/* "C1@3x1 in a signature" */
void fault_case_name(const struct fault_case *c, char *dst, size_t cap);

#endif
