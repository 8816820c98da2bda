/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store_same.h"

void store_same(const struct store_entry *a, const struct store_entry *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->has_key, b->has_key);
	assert_memory_equal(a->key, b->key, sizeof(a->key));
	assert_string_equal(a->label, b->label);
	assert_true(bytes_equal(bytes_of(a->id, a->id_n), bytes_of(b->id, b->id_n)));
	assert_string_equal(a->application, b->application);
	assert_true(bytes_equal(bytes_of(a->object_id, a->object_id_n),
				bytes_of(b->object_id, b->object_id_n)));
	assert_int_equal(a->generated, b->generated);
	assert_true(bytes_equal(bytes_of(a->subject, a->subject_n),
				bytes_of(b->subject, b->subject_n)));
	assert_true(bytes_equal(bytes_of(a->value, a->value_n), bytes_of(b->value, b->value_n)));
}

size_t store_printed(const struct store_entry *e, uint8_t text[STORE_TEXT_MAX])
{
	struct wtr w = wtr_on(text, STORE_TEXT_MAX);

	assert_int_equal(store_print(e, &w), ST_OK);
	return w.n;
}
