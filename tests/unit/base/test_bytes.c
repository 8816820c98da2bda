/* SPDX-License-Identifier: Apache-2.0 */
/* Readers never pass their end, writers never pass their buffer, and both tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bytes.h"
#include "mem.h"

static void test_views(void **state)
{
	const uint8_t three[] = {1, 2, 3};

	(void)state;
	assert_int_equal(BYTES_OF(three).n, 3);
	assert_int_equal(BYTES_LIT("abc").n, 3);
	assert_int_equal(bytes_str(NULL).n, 0);
	assert_int_equal(bytes_str("").n, 0);
	assert_true(bytes_equal(bytes_str("ab"), BYTES_LIT("ab")));
	assert_false(bytes_equal(bytes_str("ab"), BYTES_LIT("ac")));
	assert_false(bytes_equal(bytes_str("ab"), BYTES_LIT("abc")));
	assert_true(bytes_equal(bytes_of(NULL, 0), bytes_of(three, 0)));
	assert_true(bytes_start_with(bytes_str("abc"), BYTES_LIT("ab")));
	assert_true(bytes_start_with(bytes_str("abc"), bytes_of(NULL, 0)));
	assert_false(bytes_start_with(bytes_str("ab"), BYTES_LIT("abc")));
	assert_false(bytes_start_with(bytes_of(NULL, 0), BYTES_LIT("a")));
}

static void test_reader(void **state)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
	struct rdr r = rdr_of(BYTES_OF(data));
	uint8_t v8;
	uint16_t v16;
	uint32_t v32;
	struct bytes b;

	(void)state;
	assert_int_equal(rdr_peek(&r, &v8), ST_OK);
	assert_int_equal(v8, 1);
	assert_int_equal(rdr_u8(&r, &v8), ST_OK);
	assert_int_equal(v8, 1);
	assert_int_equal(rdr_u16be(&r, &v16), ST_OK);
	assert_int_equal(v16, 0x0203);
	assert_int_equal(rdr_u16le(&r, &v16), ST_OK);
	assert_int_equal(v16, 0x0504);
	assert_int_equal(rdr_u32be(&r, &v32), ST_OK);
	assert_int_equal(v32, 0x06070809);
	assert_int_equal(rdr_u32le(&r, &v32), ST_OK);
	assert_int_equal(v32, 0x0D0C0B0A);
	assert_int_equal(r.n, 0);
	assert_int_equal(rdr_rest(&r).n, 0);
	assert_int_equal(rdr_take(&r, 0, &b), ST_OK);
	assert_int_equal(b.n, 0);
}

/* Each getter on each shorter input: ST_TRUNCATED, and nothing moves. */
static void test_reader_short(void **state)
{
	(void)state;
	for (size_t n = 0; n < 4; n++) {
		uint8_t *exact = malloc(n + 1), v8 = 0xEE;
		uint16_t v16 = 0xEEEE;
		uint32_t v32 = 0xEEEEEEEE;
		struct bytes b = {exact, 77};
		struct rdr r, was;

		assert_non_null(exact);
		memset(exact, 0x11, n + 1);
		r = was = rdr_of(bytes_of(exact + 1, n));
		if (n == 0) {
			assert_int_equal(rdr_u8(&r, &v8), ST_TRUNCATED);
			assert_int_equal(rdr_peek(&r, &v8), ST_TRUNCATED);
		}
		if (n < 2) {
			assert_int_equal(rdr_u16be(&r, &v16), ST_TRUNCATED);
			assert_int_equal(rdr_u16le(&r, &v16), ST_TRUNCATED);
		}
		assert_int_equal(rdr_u32be(&r, &v32), ST_TRUNCATED);
		assert_int_equal(rdr_u32le(&r, &v32), ST_TRUNCATED);
		assert_int_equal(rdr_take(&r, n + 1, &b), ST_TRUNCATED);
		assert_int_equal(rdr_take(&r, SIZE_MAX, &b), ST_TRUNCATED);
		assert_int_equal(rdr_skip(&r, SIZE_MAX), ST_TRUNCATED);
		assert_ptr_equal(r.p, was.p);
		assert_int_equal(r.n, n);
		assert_int_equal(v8, 0xEE);
		assert_int_equal(v16, 0xEEEE);
		assert_int_equal(v32, 0xEEEEEEEE);
		assert_int_equal(b.n, 77);
		assert_int_equal(rdr_skip(&r, n), ST_OK);
		free(exact);
	}
}

static void test_writer(void **state)
{
	static const uint8_t want[] = {1,  2,  3,  5,  4,    6,	   7,	8,  9,
				       13, 12, 11, 10, 0xAA, 0xAA, 'x', '7'};
	uint8_t buf[17];
	struct wtr w = WTR_ON(buf);

	(void)state;
	wtr_u8(&w, 1);
	wtr_u16be(&w, 0x0203);
	wtr_u16le(&w, 0x0405);
	wtr_u32be(&w, 0x06070809);
	wtr_u32le(&w, 0x0A0B0C0D);
	wtr_fill(&w, 0xAA, 2);
	wtr_printf(&w, "x%d", 7);
	assert_int_equal(wtr_done(&w), ST_OK);
	assert_true(bytes_equal(wtr_bytes(&w), BYTES_OF(want)));
	wtr_put(&w, bytes_of(NULL, 0));
	assert_int_equal(wtr_done(&w), ST_OK);
	/* full: one more sticks */
	wtr_u8(&w, 1);
	assert_int_equal(wtr_done(&w), ST_SHORT_OUT);
	assert_int_equal(w.n, 17);
}

/* Overflow sticks even when a later, shorter piece would fit; the buffer's end stays untouched. */
static void test_writer_overflow(void **state)
{
	uint8_t buf[8];
	char longer[1200];
	struct wtr w = wtr_on(buf, 4);

	(void)state;
	memset(buf, 0xEE, sizeof(buf));
	wtr_u8(&w, 1);
	wtr_u32be(&w, 0);
	wtr_u8(&w, 2);
	assert_int_equal(wtr_done(&w), ST_SHORT_OUT);
	assert_int_equal(buf[4], 0xEE);
	w = wtr_on(buf, 4);
	wtr_fill(&w, 0, SIZE_MAX);
	assert_int_equal(wtr_done(&w), ST_SHORT_OUT);
	w = wtr_on(buf, 4);
	wtr_put(&w, bytes_of(longer, SIZE_MAX));
	assert_int_equal(wtr_done(&w), ST_SHORT_OUT);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	w = wtr_on(buf, 4);
	wtr_printf(&w, "%s", longer);
	assert_int_equal(wtr_done(&w), ST_SHORT_OUT);
	w = wtr_on(NULL, 0);
	wtr_put(&w, bytes_of(NULL, 0));
	assert_int_equal(wtr_done(&w), ST_OK);
	wtr_u8(&w, 0);
	assert_int_equal(wtr_done(&w), ST_SHORT_OUT);
	assert_int_equal(buf[4], 0xEE);
}

/* Putting what already stands in the buffer. */
static void test_overlap(void **state)
{
	uint8_t buf[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct wtr w = WTR_ON(buf);

	(void)state;
	wtr_put(&w, bytes_of(buf + 1, 7));
	assert_memory_equal(buf, "\x02\x03\x04\x05\x06\x07\x08", 7);
	assert_int_equal(w.n, 7);
}

static void test_mem(void **state)
{
	uint8_t a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 4};
	const uint8_t *kept;
	void *p = malloc(10);

	(void)state;
	assert_true(mem_equal_ct(a, b, 4));
	for (int i = 0; i < 4; i++) {
		b[i] ^= 0x80;
		assert_false(mem_equal_ct(a, b, 4));
		b[i] ^= 0x80;
	}
	assert_true(mem_equal_ct(a, b, 0));
	mem_wipe(a, 4);
	assert_memory_equal(a, "\0\0\0\0", 4);
	mem_wipe(NULL, 0);
	mem_free_ptr(&p);
	assert_null(p);
	mem_free_ptr(&p);
	{
		struct secret_view view = {b, 4, 4};

		kept = view.p;
		mem_wipe_secret(&view);
		assert_int_equal(view.n, 0);
	}
	assert_memory_equal(kept, "\0\0\0\0", 4);
	{
		SECRET(pin, 8);

		assert_int_equal(pin.cap, 8);
		assert_int_equal(pin.n, 0);
		assert_int_equal(pin.p[7], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_reader_short),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_writer_overflow),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_mem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
