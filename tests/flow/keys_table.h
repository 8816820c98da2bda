/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of test_keys_faults.c. */
#ifndef IOTSAFE_TESTS_FLOW_KEYS_TABLE_H
#define IOTSAFE_TESTS_FLOW_KEYS_TABLE_H

#include "faults.h"

enum { GENERATE, REPLACE, AGREE, KEPT, HKDF, TLS12, MAC, STORE, KEYS_ACTS };

extern const struct fault_row keys_rows[];
extern const size_t keys_row_count;

#endif
