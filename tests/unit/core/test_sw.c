/* SPDX-License-Identifier: Apache-2.0 */
/* Status words, row by row against iotsafe-protocol.md §8, and all 65 536 for an answer at all. */
#include "fake.h"

#include "sw.h"

static void test_rows(void **state)
{
	static const struct {
		uint16_t sw;
		enum sw_kind kind;
		status st;
	} rows[] = {
		{0x9000, SW_DONE, ST_OK},
		{0x9100, SW_DONE, ST_OK},
		{0x91FF, SW_DONE, ST_OK},
		{0x6100, SW_FETCH, ST_OK},
		{0x61FF, SW_FETCH, ST_OK},
		{0x9F10, SW_FETCH, ST_OK},
		{0x6C00, SW_AGAIN_LE, ST_OK},
		{0x6C44, SW_AGAIN_LE, ST_OK},
		{0x63CF, SW_DONE_DIRTY, ST_OK},
		{0x6300, SW_MORE_PAGES, ST_OK},
		{0x6282, SW_DONE, ST_OK},
		{0x6400, SW_FAILED, ST_SW_INTEGRITY},
		{0x6581, SW_FAILED, ST_SW_MEMORY},
		{0x6700, SW_FAILED, ST_SW_LENGTH},
		{0x6881, SW_FAILED, ST_CHANNEL_LOST},
		{0x6981, SW_FAILED, ST_SW_OFFSET},
		{0x6982, SW_FAILED, ST_SW_SECURITY},
		{0x6983, SW_FAILED, ST_SW_PIN_BLOCKED},
		{0x63C0, SW_FAILED, ST_SW_PIN_BLOCKED},
		{0x63C2, SW_FAILED, ST_SW_PIN_WRONG},
		{0x6984, SW_FAILED, ST_SW_LOCKED},
		{0x6985, SW_FAILED, ST_SW_CONDITIONS},
		{0x6989, SW_FAILED, ST_SW_SESSIONS},
		{0x6A80, SW_FAILED, ST_SW_DATA},
		{0x6A81, SW_FAILED, ST_SW_PARAMS},
		{0x6A82, SW_FAILED, ST_SW_NOT_FOUND},
		{0x6A84, SW_FAILED, ST_SW_MEMORY},
		{0x6A86, SW_FAILED, ST_SW_PARAMS},
		{0x6B00, SW_FAILED, ST_SW_OFFSET},
		{0x6D00, SW_FAILED, ST_SW_INS},
		{0x6D01, SW_FAILED, ST_SW_SIGNATURE},
		{0x6E00, SW_FAILED, ST_SW_CLASS},
		{0x6F00, SW_FAILED, ST_SW_OTHER},
		{0x9300, SW_FAILED, ST_CARD_BUSY},
		{0x0000, SW_FAILED, ST_SW_OTHER},
		{0x9001, SW_FAILED, ST_SW_OTHER},
		{0x6000, SW_FAILED, ST_SW_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sw_verdict v = sw_judge(rows[i].sw);

		assert_int_equal(v.kind, rows[i].kind);
		assert_int_equal(v.st, rows[i].st);
	}
}

/* What the same words mean of PINs. */
static void test_pins(void **state)
{
	static const struct {
		uint16_t sw;
		status st;
	} rows[] = {
		{0x9000, ST_OK},
		{0x9101, ST_OK},
		{0x63CF, ST_SW_PIN_WRONG},
		{0x63C1, ST_SW_PIN_WRONG},
		{0x63C0, ST_SW_PIN_BLOCKED},
		{0x6983, ST_SW_PIN_BLOCKED},
		{0x6984, ST_SW_LOCKED},
		{0x6A88, ST_SW_NOT_FOUND},
		{0x6300, ST_SW_OTHER},
		{0x6108, ST_SW_OTHER},
		{0x6C08, ST_SW_LENGTH},
		{0x6881, ST_CHANNEL_LOST},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(sw_judge_pin(rows[i].sw).st, rows[i].st);
	for (unsigned sw = 0; sw <= 0xFFFF; sw++) {
		struct sw_verdict v = sw_judge_pin((uint16_t)sw);

		assert_non_null(v.text);
		/* nothing to fetch, nothing to send again */
		assert_int_equal(v.kind, sw == 0x9000 || sw >> 8 == 0x91 ? SW_DONE : SW_FAILED);
		assert_true((v.kind == SW_FAILED) == (v.st != ST_OK));
	}
	assert_int_equal(sw_tries(0x63CF), 15);
	assert_int_equal(sw_tries(0x63C0), 0);
}

static void test_all(void **state)
{
	(void)state;
	for (unsigned sw = 0; sw <= 0xFFFF; sw++) {
		struct sw_verdict v = sw_judge((uint16_t)sw);

		assert_non_null(v.text);
		assert_true((v.kind == SW_FAILED) == (v.st != ST_OK));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_pins),
					   cmocka_unit_test(test_all)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
