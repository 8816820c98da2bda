/* SPDX-License-Identifier: Apache-2.0 */
/* A listing, a signature, an agreement and the reading of a file, and the rows of test_faults.c. */
#ifndef IOTSAFE_TESTS_FLOW_FAULTS_TABLE_H
#define IOTSAFE_TESTS_FLOW_FAULTS_TABLE_H

#include "faults.h"

enum { LISTING, SIGNATURE, AGREEMENT, READING, FAULT_TABLE_ACTS };

/* Each with a next operation that reads the certificate and signs, or agrees. */
extern const struct fault_act fault_acts[FAULT_TABLE_ACTS];

extern const struct fault_row fault_rows[];
extern const size_t fault_row_count;

#endif
