/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>
#include <cmocka.h>

#include "deadline.h"

#define MS 1000000

static void test_arithmetic(void **state)
{
	deadline dl = deadline_in_ms(1000);
	int left;

	(void)state;
	left = deadline_poll_ms(dl);
	assert_in_range(left, 900, 1000);
	assert_false(deadline_passed(dl));
	assert_true(deadline_passed(deadline_now() - 1));
	assert_true(deadline_passed(deadline_in_ms(0)));
	assert_false(deadline_passed(DEADLINE_NEVER));
	assert_int_equal(deadline_poll_ms(DEADLINE_NEVER), -1);
	assert_int_equal(deadline_poll_ms(deadline_now() - 5 * MS), 0);
	assert_int_equal(deadline_poll_ms(INT64_MIN), 0);
	/* a rest below a millisecond is rounded up, or a poll loop would spin */
	assert_in_range(deadline_poll_ms(deadline_now() + MS / 2), 0, 1);
	/* farther than poll can count */
	assert_int_equal(deadline_poll_ms(deadline_now() + (int64_t)INT_MAX * 2 * MS), INT_MAX);
}

static void test_sooner(void **state)
{
	deadline far = deadline_in_ms(100000), near = deadline_in_ms(1);

	(void)state;
	assert_true(deadline_sooner(far, 10) < far);
	assert_true(deadline_sooner(near, 1000) == near);
	assert_in_range(deadline_poll_ms(deadline_sooner(DEADLINE_NEVER, 50)), 1, 50);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void test_sleep(void **state)
{
	struct sigaction act = {.sa_handler = on_alarm}, old;
	struct itimerval often = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};
	int64_t start = deadline_now();

	(void)state;
	deadline_sleep(DEADLINE_NEVER, 20);
	assert_in_range(deadline_now() - start, 20 * MS, 2000 * (int64_t)MS);
	start = deadline_now();
	deadline_sleep(start + 10 * MS, 5000);
	assert_in_range(deadline_now() - start, 10 * MS, 2000 * (int64_t)MS);
	start = deadline_now();
	deadline_sleep(start - 1, 5000);
	deadline_sleep(0, 5000);
	assert_in_range(deadline_now() - start, 0, 1000 * (int64_t)MS);
	/* signals do not shorten it */
	assert_int_equal(sigaction(SIGALRM, &act, &old), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	start = deadline_now();
	deadline_sleep(DEADLINE_NEVER, 40);
	assert_true(deadline_now() - start >= 40 * MS);
	assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_arithmetic),
					   cmocka_unit_test(test_sooner),
					   cmocka_unit_test(test_sleep)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
