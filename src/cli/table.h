/* SPDX-License-Identifier: Apache-2.0 */
/* Columns as wide as what is in them. Rows are shown to the table first, then printed. */
#ifndef IOTSAFE_CLI_TABLE_H
#define IOTSAFE_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>
#include "tint.h"

enum { TABLE_COLUMNS_MAX = 8 };

struct table {
	size_t columns;
	size_t width[TABLE_COLUMNS_MAX]; /* in characters */
};

struct table_cell {
	const char *text; /* UTF-8, clean (text.h) */
	enum tint tint;
};

/* How many columns of a terminal the text takes, as long as none of its characters is wide. */
size_t table_text_width(const char *text);
void table_measure(struct table *t, const struct table_cell *cell);
/* Indented by two blanks; the last column is not filled up. */
void table_print(const struct table *t, FILE *f, const struct table_cell *cell);

#endif
