/* SPDX-License-Identifier: Apache-2.0 */
/* The fault matrix: which faults, on which links, at each APDU or AT command of which acts. */
#ifndef IOTSAFE_TESTS_FLOW_FAULTS_H
#define IOTSAFE_TESTS_FLOW_FAULTS_H

#include "scene.h"

/* What a program does with a card while it fails. Each hook returns the first answer that was not
 * CKR_OK. */
struct fault_act {
	const char *name;	     /* "a signature" */
	const char *profile;	     /* of the card; NULL: demo */
	const char *const *new_args; /* as in rig_options */
	/* on the healthy card, after C_Initialize; NULL: nothing */
	CK_RV (*prepare)(struct scene *s);
	/* under the fault; *ret_right: all that came back is right */
	CK_RV (*run)(struct scene *s, bool *ret_right);
	/* on the healthy card again, on the session that is open if it still is, as a program would
	 */
	CK_RV (*next)(struct scene *s, bool *ret_right);
	/* instead of scene_allows; may be NULL */
	bool (*allows)(const char *function, CK_RV rv);
	/* seconds that a call may take beyond the timeout; 0: the usual */
	double grace;
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
	/* may be without a command to strike at in some acts */
	MAY_MISS = 32,
	/* at the first only: what a host that is dead by then did before, or a whole act's habit */
	ONCE = 64,
	/* nobody notices: the act goes well all the same */
	UNNOTICED = 128,
	/* the program does not go on: another does the next operation */
	HEIR = 256,
	/* the proxy may lose the modem by it, for good: then the module's log says that it is to
	 * be restarted, and once it is, another program's next operation works */
	PROXY_LOST = 512,
	/* but not by the first command of an act that connects, which is the proxy's own question
	 * to the modem: by its failure it knows, hangs up and opens the device anew for the next */
	PROXY_KNOWS_FIRST = 1024,
};

/* What befalls the program, or a daemon between it and the card, while the card computes an answer:
 * the simulator's part is a pause there. A row with a hook and ONCE has no such moment: it lasts
 * for the whole act. Any of them may be NULL. */
struct fault_hook {
	/* in the process that has the rig, before the program starts and after it ended */
	void (*before)(struct rig *r);
	void (*after)(struct rig *r);
	/* there too: at that moment, and once the act is over */
	void (*strike)(struct rig *r, pid_t program);
	void (*heal)(struct rig *r);
	/* in the program, right before and after the act */
	void (*begin)(struct rig *r);
	/* what went wrong, or NULL */
	const char *(*end)(struct rig *r);
};

struct fault_row {
	const char *name;
	const char *param; /* NULL: none */
	const char *with;  /* armed beside it: what makes its command happen; NULL: nothing */
	unsigned links;
	unsigned acts; /* bit by bit */
	unsigned flags;
};

struct fault_set {
	const char *program; /* "faults" */
	const struct fault_act *act;
	unsigned acts; /* how many, at most FAULT_ACTS_MAX */
	const struct fault_row *row;
	size_t rows;
	const struct fault_hook *const *hook; /* one for each row; NULL: there are none */
	unsigned at_least;		      /* cases on each link */
};
enum { FAULT_ACTS_MAX = 12 };

/* main() of such a test: the argument is the link. */
int faults_main(int argc, char **argv, const struct fault_set *set);

/* --- one case --- */

struct fault_case {
	const struct fault_row *row;
	const struct fault_act *act;
	unsigned at;		       /* from 1 */
	const char *other;	       /* the other card's folder */
	bool counts;		       /* no fault, but a count of the events: all must be well */
	const struct fault_hook *hook; /* NULL: the simulator does it all */
};

struct fault_outcome {
	bool struck;
	unsigned strikes;
	bool went_well;	   /* nobody noticed: the answers were right all the same */
	double next_s;	   /* what the next operation took, with the fault gone */
	bool lost_proxy;   /* the proxy had lost the modem, and was restarted */
	char trouble[240]; /* "": the case is survived */
	bool grave;	   /* and it is of no kind that a busy machine makes */
};

/* Runs one case in a process of its own. Trouble that is not grave may come of the machine: a
 * deadline went by while others were at work. */
void fault_case_run(struct rig *r, const struct fault_case *c, struct fault_outcome *ret_o);
/* APDUs (family 'C') or AT commands ('F') of an act on a healthy card. */
unsigned fault_case_events(struct rig *r, const struct fault_act *act, char family);
/* "C1@3x1 in a signature" */
void fault_case_name(const struct fault_case *c, char *dst, size_t cap);

/* The module's log, and all else that this process writes to stderr, into a file, and back to where
 * it went before, which is returned: then it is there too. Did it say so? */
int fault_log_begins(const struct rig *r);
bool fault_log_ends(const struct rig *r, int kept, const char *text);

/* Has the hook struck in the present case? For the program too. */
bool fault_has_struck(void);

#endif
