/* SPDX-License-Identifier: Apache-2.0 */
/* The mbim: back end behind a proxy that is there, and has its own trouble with the modem. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "mbim_rig.h"
#include "told.h"
#include "mem.h"

static const char remedy[] = "restart mbim-proxy";

/* --- an operation --- */

static status operate(struct transport *t, int ms)
{
	status st = transport_enter(t, deadline_in_ms(ms));
	const char *hex;
	if (st != ST_OK)
		return st;
	st = mbim_rig_exchange(t, &hex, ms);
	transport_leave(t);
	return st;
}

/* The proxy asks the modem by itself before it answers, and that went lost. */
static void a_question_of_the_proxy_goes_lost(void **state)
{
	static const struct mbim_row rows[] = {{.kind = MK_CONFIG, .how = SAYS_NOTHING, .times = 1},
					       {0}};
	(void)state;
	struct mbim_modem *m = mbim_rig_start(rows);
	struct transport *t = mbim_rig_open();
	int64_t before = deadline_now();
	assert_int_equal(operate(t, 20000), ST_OK);
	assert_in_range((deadline_now() - before) / 1000000, 900, 4900);
	assert_int_equal(mbim_modem_count(m, MK_CONFIG), 2);
	assert_int_equal(operate(t, 20000), ST_OK);
	assert_int_equal(mbim_modem_count(m, MK_CONFIG), 2);
	transport_close(t);
	mbim_modem_stop(m);
}

/* A modem that starts up may keep the proxy waiting as long as the call lasts. */
static void the_proxy_has_its_time_to_open(void **state)
{
	(void)state;
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_open();
	assert_int_equal(operate(t, 19900), ST_OK);
	/* offset and size of the path, then the seconds */
	assert_memory_equal(mbim_modem_last(m, MK_CONFIG) + 16, "14000000", 8);
	transport_close(t);
	mbim_modem_stop(m);
}

/* What a question without an answer is told as, in time, and once until there is one again. */
static void the_proxy_stays_silent(void **state)
{
	static const enum mbim_kind kinds[] = {MK_CONFIG, MK_READY};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct mbim_row rows[] = {{.kind = kinds[i], .how = SAYS_NOTHING}, {0}};
		struct mbim_modem *m = mbim_rig_start(rows);
		struct transport *t = mbim_rig_open();
		told_begin(mbim_rig_dir);
		/* too soon to say */
		assert_int_equal(operate(t, 300), ST_TIMEOUT);
		assert_int_equal(told(remedy), 0);
		int64_t before = deadline_now();
		assert_int_equal(operate(t, 1500), ST_TIMEOUT);
		assert_in_range((deadline_now() - before) / 1000000, 1400, 4000);
		assert_int_equal(told(remedy), 1);
		assert_int_equal(operate(t, 1500), ST_TIMEOUT);
		assert_int_equal(told(remedy), 1);
		told_end();
		transport_close(t);
		mbim_modem_stop(m);
	}
}

/* mbim-proxy closes its device when the modem says NotOpened to a client, and never opens it again;
 * restarted, it may come to that again. */
static void the_proxy_has_lost_the_modem(void **state)
{
	static const struct mbim_row lost[] = {{.kind = MK_READY, .how = SAYS_NOT_OPENED}, {0}};
	(void)state;
	struct transport *t = mbim_rig_open();
	told_begin(mbim_rig_dir);
	for (unsigned i = 0; i < 2; i++) {
		struct mbim_modem *m = mbim_rig_start(lost);
		assert_int_equal(operate(t, 20000), ST_IO);
		assert_int_equal(operate(t, 20000), ST_IO);
		assert_int_equal(told(remedy), i + 1);
		mbim_modem_stop(m);
		m = mbim_rig_start(mbim_rig_no_rows);
		assert_int_equal(operate(t, 20000), ST_OK);
		mbim_modem_stop(m);
	}
	told_end();
	transport_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MBIM_RIG_TEST(a_question_of_the_proxy_goes_lost),
		MBIM_RIG_TEST(the_proxy_has_its_time_to_open),
		MBIM_RIG_TEST(the_proxy_stays_silent),
		MBIM_RIG_TEST(the_proxy_has_lost_the_modem),
	};
	return cmocka_run_group_tests(tests, mbim_rig_set_up, mbim_rig_tear_down);
}
