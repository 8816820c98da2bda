/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

size_t table_text_width(const char *text)
{
	size_t n = 0;

	for (const char *p = text; *p; p++)
		n += ((unsigned char)*p & 0xC0) != 0x80;
	return n;
}

void table_measure(struct table *t, const struct table_cell *cell)
{
	for (size_t i = 0; i < t->columns; i++) {
		size_t n = table_text_width(cell[i].text);

		if (n > t->width[i])
			t->width[i] = n;
	}
}

/* Columns behind the last that says anything in this row are left out. */
static size_t used(const struct table *t, const struct table_cell *cell)
{
	size_t n = t->columns;

	while (n > 0 && cell[n - 1].text[0] == '\0')
		n--;
	return n;
}

void table_print(const struct table *t, FILE *f, const struct table_cell *cell)
{
	size_t n = used(t, cell);

	for (size_t i = 0; i < n; i++) {
		size_t width = table_text_width(cell[i].text);
		size_t fill = i + 1 < n && width < t->width[i] ? t->width[i] - width : 0;

		fprintf(f, "  %s%s%s%*s", cell[i].tint == TINT_NONE ? "" : tint(f, cell[i].tint),
			cell[i].text, cell[i].tint == TINT_NONE ? "" : tint(f, TINT_NONE),
			(int)fill, "");
	}
	fputc('\n', f);
}
