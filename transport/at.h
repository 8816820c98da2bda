/* SPDX-License-Identifier: Apache-2.0 */
/* at:PATH[?baud=N][&mode=auto|cgla|csim][&rtscts=1]: what at.c and at_setup.c share. */
#ifndef IOTSAFE_TRANSPORT_AT_H
#define IOTSAFE_TRANSPORT_AT_H

#include "at_engine.h"
#include "transport.h"

enum at_mode { AT_MODE_AUTO, AT_MODE_CGLA, AT_MODE_CSIM };

struct at_device {
	struct transport t;
	struct at_engine e;
	long baud;
	bool rtscts;
	enum at_mode asked;  /* by the URI */
	enum at_mode mode;   /* in force: the quirk table may know better than auto */
	bool ready;	     /* the set-up dialogue is done on this descriptor */
	bool was_ready;	     /* it was done on an earlier one: the device has been there */
	deadline lost_until; /* the device went: operations wait for it until then; 0: it did not */
	bool cgla_works;     /* a CGLA has succeeded */
	bool cgla_missing;   /* the modem does not know CCHO */
	deadline absent_until; /* the modem said that there is no SIM; 0: it did not */
	size_t iccid_spelling; /* the one that worked last */
};

/* Runs x; a busy SIM (CME 14) is asked again with growing pauses until dl. A refusal becomes the
 * status that at_codes.h has for it in this context. */
status at_setup_run(struct at_device *d, const struct at_expect *x, enum at_context in,
		    deadline dl) MUST_USE;

/* The dialogue on a port that was opened just now: wake-up, ATE0V1, CMEE, CPIN, model. ST_TIMEOUT,
 * ST_NO_CARD, ST_SIM_PIN, ST_CARD_BUSY… */
status at_setup_dialogue(struct at_device *d, deadline dl) MUST_USE;
/* Asks CPIN until the SIM is ready. */
status at_setup_sim(struct at_device *d, deadline dl) MUST_USE;
/* Asks once, and once more when the answer is "not now". */
status at_setup_look(struct at_device *d, deadline dl) MUST_USE;
/* The ICCID by the first spelling of the command that the modem knows. ST_UNSUPPORTED_LINK. */
status at_setup_iccid(struct at_device *d, char ret_iccid[ICCID_DIGITS_MAX + 1],
		      deadline dl) MUST_USE;

#endif
