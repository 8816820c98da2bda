/* SPDX-License-Identifier: Apache-2.0 */
/* The entry that libFuzzer and replay.c share. */
#ifndef IOTSAFE_TEST_FUZZ_H
#define IOTSAFE_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
