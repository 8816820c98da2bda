/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of test_pin_faults.c. */
#ifndef IOTSAFE_TESTS_FLOW_PIN_TABLE_H
#define IOTSAFE_TESTS_FLOW_PIN_TABLE_H

#include "rig.h"

struct pin_row {
	const char *name;  /* perhaps with the instruction that it is bound to */
	const char *param; /* NULL: none */
	unsigned links;
	bool for_ever; /* from the first place on; one case */
};

/* Later than the module waits (timeout = 1). */
#define PIN_TOO_LATE "1300"

extern const struct pin_row pin_rows[];
extern const size_t pin_row_count;

#endif
