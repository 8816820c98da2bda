/* SPDX-License-Identifier: Apache-2.0 */
/* mbim:…?direct=1: the device itself, here a pty, shared by processes that take turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "mbim_rig.h"
#include "mem.h"

static struct transport *open_direct(void)
{
	char text[128];
	snprintf(text, sizeof(text), "mbim:%s?direct=1", mbim_rig_device);
	return mbim_rig_open_uri(text);
}

static struct mbim_modem *start(const struct mbim_row *rows)
{
	return mbim_modem_start_pty(mbim_rig_device, rows);
}

static void operation_works(struct transport *t)
{
	const char *hex;
	assert_int_equal(transport_enter(t, deadline_in_ms(6000)), ST_OK);
	assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_OK);
	assert_string_equal(hex, "01029000");
	transport_leave(t);
}

static void the_first_user_opens(void **state)
{
	(void)state;
	struct mbim_modem *m = start(mbim_rig_no_rows);
	struct transport *t = open_direct();
	assert_true(transport_present(t));
	assert_int_equal(mbim_modem_count(m, MK_OPEN), 0);
	operation_works(t);
	operation_works(t);
	assert_true(transport_present(t));
	assert_int_equal(mbim_modem_count(m, MK_OPEN), 1);
	assert_int_equal(mbim_modem_count(m, MK_CONFIG), 0);
	transport_close(t);
	/* CLOSE would take the others' channels */
	assert_int_equal(mbim_modem_count(m, MK_OTHER), 0);
	mbim_modem_stop(m);
}

/* Who finds a record asks before it opens, since opening may end the recorded channel. */
static void the_second_user_does_not(void **state)
{
	(void)state;
	struct mbim_modem *m = start(mbim_rig_no_rows);
	struct transport *a = open_direct(), *b = open_direct();
	assert_int_equal(transport_enter(a, deadline_in_ms(20000)), ST_OK);
	mbim_rig_record(a, "8988211000000123456");
	transport_leave(a);
	operation_works(b);
	operation_works(a);
	operation_works(b);
	assert_int_equal(mbim_modem_count(m, MK_OPEN), 1);
	transport_close(a);
	transport_close(b);
	mbim_modem_stop(m);
	/* a record of a modem that has restarted since: it says so, or says nothing */
	static const struct mbim_row silent[] = {
		{.kind = MK_READY, .how = SAYS_NOTHING, .times = 1}, {0}};
	const struct mbim_row *const scripts[] = {mbim_rig_no_rows, silent};
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		m = start(scripts[i]);
		a = open_direct();
		operation_works(a);
		assert_int_equal(mbim_modem_count(m, MK_OPEN), 1);
		/* with that it is in step */
		unsigned asked = mbim_modem_count(m, MK_READY);
		assert_false(a->unclean);
		operation_works(a);
		assert_int_equal(mbim_modem_count(m, MK_READY), asked);
		transport_close(a);
		mbim_modem_stop(m);
	}
	m = start(mbim_rig_no_rows);
	a = open_direct();
	assert_int_equal(transport_enter(a, deadline_in_ms(20000)), ST_OK);
	transport_record_clear(a);
	transport_close(a);
	mbim_modem_stop(m);
}

/* What an asker who died has left on the line is nobody's answer. */
static void leftovers(void **state)
{
	static const char *const left[] = {
		"0300008014000000010000000100000000000000", /* cut */
		"00000000000000000000000000000000",	    /* noise */
		"04000080100000000500000005000000",	    /* whole, but of another transaction */
		"0300",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(left); i++) {
		struct mbim_modem *m = start(mbim_rig_no_rows);
		struct transport *t = open_direct();
		mbim_modem_say(m, left[i]);
		usleep(20000);
		operation_works(t);
		mbim_modem_say(m, left[i]);
		usleep(20000);
		operation_works(t);
		transport_close(t);
		mbim_modem_stop(m);
	}
}

/* The next user is told that an answer is on its way. */
static void a_late_answer(void **state)
{
	static const struct mbim_row rows[] = {{.kind = MK_APDU,
						.how = SAYS_LATE,
						.times = 1,
						.info = "6A8200000000000000000000",
						.ms = 100},
					       {0}};
	const char *hex;
	(void)state;
	struct mbim_modem *m = start(rows);
	struct transport *a = open_direct(), *b = open_direct();
	assert_int_equal(transport_enter(a, deadline_in_ms(20000)), ST_OK);
	assert_int_equal(mbim_rig_exchange(a, &hex, 30), ST_TIMEOUT);
	transport_leave(a);
	assert_true(a->unclean);
	operation_works(b);
	operation_works(a);
	assert_false(a->unclean);
	transport_close(a);
	transport_close(b);
	mbim_modem_stop(m);
}

/* Unplugged, and back as another pty behind the same link. */
static void replugged(void **state)
{
	const char *hex;
	(void)state;
	struct mbim_modem *m = start(mbim_rig_no_rows);
	struct transport *t = open_direct();
	operation_works(t);
	assert_int_equal(transport_enter(t, deadline_in_ms(20000)), ST_OK);
	mbim_modem_hang_up(m);
	assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_IO);
	transport_leave(t);
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(100)), ST_NO_DEVICE);
	mbim_modem_stop(m);
	m = start(mbim_rig_no_rows);
	assert_true(transport_present(t));
	operation_works(t);
	transport_close(t);
	mbim_modem_stop(m);
}

static void no_device_or_no_modem(void **state)
{
	static const struct mbim_row silent[] = {{.kind = MK_ANY, .how = SAYS_NOTHING}, {0}};
	static const struct mbim_row refuses[] = {{.kind = MK_OPEN, .status = 2}, {0}};
	(void)state;
	struct transport *t = open_direct();
	assert_false(transport_present(t));
	assert_int_equal(transport_enter(t, deadline_in_ms(20000)), ST_NO_DEVICE);
	mbim_rig_device_appears(); /* a plain file */
	assert_int_equal(transport_enter(t, deadline_in_ms(20000)), ST_NO_DEVICE);
	mbim_rig_device_goes();
	struct mbim_modem *m = start(silent);
	int64_t before = deadline_now();
	assert_int_equal(transport_enter(t, deadline_in_ms(100)), ST_TIMEOUT);
	assert_in_range((deadline_now() - before) / 1000000, 90, 10000);
	mbim_modem_stop(m);
	m = start(refuses);
	assert_int_equal(transport_enter(t, deadline_in_ms(20000)), ST_IO);
	mbim_modem_stop(m);
	transport_close(t);
}

static int set_up(void **state)
{
	int bad = mbim_rig_set_up(state);
	mbim_rig_device_goes(); /* the pty's link takes its place */
	return bad;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MBIM_RIG_TEST(the_first_user_opens),
		MBIM_RIG_TEST(the_second_user_does_not),
		MBIM_RIG_TEST(leftovers),
		MBIM_RIG_TEST(a_late_answer),
		MBIM_RIG_TEST(replugged),
		MBIM_RIG_TEST(no_device_or_no_modem),
	};
	return cmocka_run_group_tests(tests, set_up, mbim_rig_tear_down);
}
