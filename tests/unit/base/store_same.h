/* SPDX-License-Identifier: Apache-2.0 */
/* What the store's two tests share. */
#ifndef IOTSAFE_TESTS_STORE_SAME_H
#define IOTSAFE_TESTS_STORE_SAME_H

#include "store.h"

/* Fails the test unless both say the same, but for the file's name. */
void store_same(const struct store_entry *a, const struct store_entry *b);
/* The entry's text; how long it is. */
size_t store_printed(const struct store_entry *e, uint8_t text[STORE_TEXT_MAX]);

#endif
