/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fault.h"

static char err[128];

static struct sim_faults *armed(const char *spec)
{
	struct sim_faults *f = sim_faults_new();

	assert_non_null(f);
	assert_int_equal(sim_faults_arm(f, bytes_str(spec), err), ST_OK);
	return f;
}

static void test_strikes_once_at_the_first_event(void **state)
{
	struct sim_faults *f = armed("C1");

	(void)state;
	assert_false(sim_faults_strikes(f, FAULT_C1, NULL));
	sim_faults_tick(f, 'C');
	assert_false(sim_faults_strikes(f, FAULT_C2, NULL));
	assert_true(sim_faults_strikes(f, FAULT_C1, NULL));
	assert_true(sim_faults_strikes(f, FAULT_C1, NULL)); /* the same event */
	sim_faults_tick(f, 'C');
	assert_false(sim_faults_strikes(f, FAULT_C1, NULL));
	assert_int_equal(sim_faults_struck(f, FAULT_C1), 1);
	sim_faults_free(f);
}

static void test_position_count_and_param(void **state)
{
	struct sim_faults *f = armed("C10@3x2:5000");
	const bool want[] = {false, false, true, true, false};
	char param[64];

	(void)state;
	for (size_t i = 0; i < sizeof(want); i++) {
		strcpy(param, "untouched");
		sim_faults_tick(f, 'C');
		assert_int_equal(sim_faults_strikes(f, FAULT_C10, param), want[i]);
		assert_string_equal(param, want[i] ? "5000" : "untouched");
	}
	sim_faults_free(f);
}

static void test_one_instruction_only(void **state)
{
	static const uint8_t ins[] = {0x46, 0x2A, 0x46, 0x2A, 0x46, 0x2A, 0x46};
	const bool want[] = {false, false, true, false, true, false, false};
	struct sim_faults *f = armed("SW/46@2x2:6984");
	uint8_t text[64];
	struct wtr w = WTR_ON(text);

	(void)state;
	for (size_t i = 0; i < sizeof(want); i++) {
		sim_faults_tick_apdu(f, ins[i]);
		assert_int_equal(sim_faults_strikes(f, FAULT_SW, NULL), want[i]);
	}
	sim_faults_tick(f, 'C'); /* an event without an instruction is another one */
	assert_false(sim_faults_strikes(f, FAULT_SW, NULL));
	sim_faults_list(f, &w);
	assert_true(bytes_equal(wtr_bytes(&w), BYTES_LIT("SW/46@2x2:6984 struck 2")));
	sim_faults_free(f);
}

static void test_unasked_strikes_wait(void **state)
{
	struct sim_faults *f = armed("C7@2");

	(void)state;
	for (int i = 0; i < 5; i++)
		sim_faults_tick(f, 'C');
	assert_true(sim_faults_strikes(f, FAULT_C7, NULL));
	sim_faults_tick(f, 'C');
	assert_false(sim_faults_strikes(f, FAULT_C7, NULL));
	sim_faults_free(f);
}

static void test_families_count_apart(void **state)
{
	struct sim_faults *f = armed("F4@2");

	(void)state;
	sim_faults_tick(f, 'C');
	sim_faults_tick(f, 'C');
	sim_faults_tick(f, 'F');
	assert_false(sim_faults_strikes(f, FAULT_F4, NULL));
	sim_faults_tick(f, 'F');
	assert_true(sim_faults_strikes(f, FAULT_F4, NULL));
	sim_faults_free(f);
}

static void test_habits_and_x0_last_for_ever(void **state)
{
	struct sim_faults *f = armed("F1");
	char param[64];

	(void)state;
	assert_int_equal(sim_faults_arm(f, BYTES_LIT("STALEx0"), err), ST_OK);
	for (unsigned i = 1; i < 50; i++) {
		sim_faults_tick(f, 'F');
		sim_faults_tick(f, 'C');
		assert_true(sim_faults_strikes(f, FAULT_F1, param));
		assert_string_equal(param, "");
		assert_true(sim_faults_strikes(f, FAULT_STALE, NULL));
		assert_int_equal(sim_faults_struck(f, FAULT_STALE), i);
	}
	sim_faults_clear(f);
	sim_faults_tick(f, 'F');
	assert_false(sim_faults_strikes(f, FAULT_F1, NULL));
	sim_faults_free(f);
}

static void test_one_name_armed_twice(void **state)
{
	struct sim_faults *f = armed("C1@1");

	(void)state;
	assert_int_equal(sim_faults_arm(f, BYTES_LIT("C1@3"), err), ST_OK);
	const bool want[] = {true, false, true, false};
	for (size_t i = 0; i < sizeof(want); i++) {
		sim_faults_tick(f, 'C');
		assert_int_equal(sim_faults_strikes(f, FAULT_C1, NULL), want[i]);
	}
	assert_int_equal(sim_faults_struck(f, FAULT_C1), 2);
	sim_faults_free(f);
}

static void test_bad_specs(void **state)
{
	static const char *const bad[] = {
		"",	"C",   "C0",	 "C13",	   "F30",    "X1",	"c1",	       "C1@",
		"C1@0", "C1x", "C1x2@3", "C1 ",	   "C1@a",   "C1@1y",	"C1@99999999", "STALE2",
		"NONE", "C1/", "C1/4",	 "C1/4x2", "C1/461", "C1@2/46", "F4/46"};
	struct sim_faults *f = sim_faults_new();
	uint8_t text[64];
	struct wtr w = WTR_ON(text);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(err, 0, sizeof(err));
		assert_int_equal(sim_faults_arm(f, bytes_str(bad[i]), err), ST_ARG);
		assert_true(strlen(err) > 10);
	}
	char longer[100] = "C1:";
	memset(longer + 3, 'p', 64);
	assert_int_equal(sim_faults_arm(f, bytes_str(longer), err), ST_ARG);
	sim_faults_list(f, &w);
	assert_true(bytes_equal(wtr_bytes(&w), BYTES_LIT("none")));
	sim_faults_free(f);
}

static void test_room_is_bounded(void **state)
{
	struct sim_faults *f = sim_faults_new();
	unsigned n = 0;

	(void)state;
	while (n < 1000 && sim_faults_arm(f, BYTES_LIT("C1"), err) == ST_OK)
		n++;
	assert_int_equal(n, 64);
	sim_faults_free(f);
}

static void test_list(void **state)
{
	struct sim_faults *f = armed("C10@2:5000");
	uint8_t text[128];
	struct wtr w = WTR_ON(text);

	(void)state;
	assert_int_equal(sim_faults_arm(f, BYTES_LIT("F6"), err), ST_OK);
	sim_faults_tick(f, 'F');
	assert_true(sim_faults_strikes(f, FAULT_F6, NULL));
	sim_faults_list(f, &w);
	assert_int_equal(wtr_done(&w), ST_OK);
	assert_true(
		bytes_equal(wtr_bytes(&w), BYTES_LIT("C10@2x1:5000 struck 0, F6@1x0 struck 1")));
	sim_faults_free(f);
}

static void test_every_fault_has_label_and_text(void **state)
{
	struct sim_faults *f = sim_faults_new();

	(void)state;
	for (unsigned i = 1; i < FAULT_COUNT; i++) {
		enum sim_fault_name name = (enum sim_fault_name)i;

		assert_true(strlen(sim_fault_text(name)) > 5);
		assert_int_equal(sim_faults_arm(f, bytes_str(sim_fault_label(name)), err), ST_OK);
	}
	sim_faults_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strikes_once_at_the_first_event),
		cmocka_unit_test(test_position_count_and_param),
		cmocka_unit_test(test_one_instruction_only),
		cmocka_unit_test(test_unasked_strikes_wait),
		cmocka_unit_test(test_families_count_apart),
		cmocka_unit_test(test_habits_and_x0_last_for_ever),
		cmocka_unit_test(test_one_name_armed_twice),
		cmocka_unit_test(test_bad_specs),
		cmocka_unit_test(test_room_is_bounded),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_every_fault_has_label_and_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
