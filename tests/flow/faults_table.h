/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of test_faults.c. */
#ifndef IOTSAFE_TESTS_FLOW_FAULTS_TABLE_H
#define IOTSAFE_TESTS_FLOW_FAULTS_TABLE_H

#include "faults.h"

enum { LISTING, SIGNATURE, AGREEMENT, READING, FAULT_TABLE_ACTS };

extern const struct fault_row fault_rows[];
extern const size_t fault_row_count;

#endif
