/* SPDX-License-Identifier: Apache-2.0 */
/* The mbim: back end over time: connecting, losing and finding the proxy, the device and the SIM.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "mbim_rig.h"
#include "mem.h"

static status enter(struct transport *t, int ms)
{
	return transport_enter(t, deadline_in_ms(ms));
}

static void works(struct transport *t)
{
	const char *hex;
	assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_OK);
	assert_string_equal(hex, "01029000");
}

/* Enters, exchanges, leaves. */
static void operation_works(struct transport *t)
{
	assert_int_equal(enter(t, 20000), ST_OK);
	works(t);
	transport_leave(t);
}

/* --- connecting --- */

static void faults_while_connecting(void **state)
{
	static const enum mbim_kind kinds[] = {MK_CONFIG, MK_OPEN, MK_READY};
	static const struct {
		enum mbim_how how;
		bool harmless;
	} rows[] = {
		{BYTEWISE, true},	    {INDICATES, true},	      {NOISE, true},
		{TOO_LONG, true},	    {FOREIGN_FIRST, true},    {HANGS_UP, false},
		{HANGS_UP_INSIDE, false},   {SAYS_NOTHING, false},    {STOPS_INSIDE, false},
		{OTHER_SERVICE, false},	    {OTHER_TYPE, false},      {BAD_LENGTH, false},
		{SAYS_ERROR, false},	    {SAYS_NOT_OPENED, false}, {FRAGMENTS_LOST, false},
		{FRAGMENTS_ENDLESS, false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows) * ARRAY_LEN(kinds); i++) {
		const struct mbim_row script[] = {{.kind = kinds[i % ARRAY_LEN(kinds)],
						   .how = rows[i / ARRAY_LEN(kinds)].how,
						   .times = 1},
						  {0}};
		struct mbim_modem *m = mbim_rig_start(script);
		struct transport *t = mbim_rig_open();
		int64_t before = deadline_now();
		status st = enter(t, 400);
		assert_in_range((deadline_now() - before) / 1000000, 0, 10000);
		if (st == ST_OK)
			works(t);
		else
			assert_false(rows[i / ARRAY_LEN(kinds)].harmless);
		transport_leave(t);
		operation_works(t);
		transport_close(t);
		mbim_modem_stop(m);
	}
}

static void nobody_there(void **state)
{
	char text[128];
	(void)state;
	struct transport *t = mbim_rig_open();
	assert_false(transport_present(t));
	assert_int_equal(enter(t, 20000), ST_NO_SERVICE);
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	mbim_rig_device_goes();
	assert_false(transport_present(t));
	assert_int_equal(enter(t, 20000), ST_NO_DEVICE);
	mbim_rig_device_appears();
	assert_true(transport_present(t));
	assert_int_equal(mbim_modem_count(m, MK_CONFIG), 0);
	operation_works(t);
	transport_close(t);
	mbim_modem_stop(m);
	snprintf(text, sizeof(text), "mbim:%s?proxy=@iotsafe-test-nobody", mbim_rig_device);
	t = mbim_rig_open_uri(text);
	assert_false(transport_present(t));
	assert_int_equal(enter(t, 20000), ST_NO_SERVICE);
	transport_close(t);
	/* a proxy that cannot open the device hangs up; one that refuses the path says so */
	static const struct mbim_row rows[] = {{.kind = MK_CONFIG, .how = HANGS_UP, .times = 2},
					       {.kind = MK_CONFIG, .status = 21, .times = 2},
					       {.kind = MK_OPEN, .status = 2, .times = 3},
					       {0}};
	m = mbim_rig_start(rows);
	t = mbim_rig_open();
	assert_int_equal(enter(t, 20000), geteuid() == 0 ? ST_NO_DEVICE : ST_DENIED_DEVICE);
	assert_int_equal(enter(t, 20000), ST_NO_DEVICE);
	assert_int_equal(enter(t, 20000), ST_IO);
	operation_works(t);
	transport_close(t);
	mbim_modem_stop(m);
}

/* mbim-proxy hangs up at once on users whom it does not serve. */
static void a_user_who_is_not_served(void **state)
{
	static const struct mbim_row rows[] = {{.kind = MK_CONFIG, .how = HANGS_UP}, {0}};
	int wstatus;
	(void)state;
	struct mbim_modem *m = mbim_rig_start(rows);
	assert_int_equal(chmod(mbim_rig_dir, 0755), 0);
	assert_int_equal(chmod(mbim_rig_socket, 0777), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(1);
		_exit(enter(mbim_rig_open(), 2000) == ST_DENIED_DEVICE ? 0 : 2);
	}
	waitpid(pid, &wstatus, 0);
	assert_true(WIFEXITED(wstatus));
	assert_int_equal(WEXITSTATUS(wstatus), 0);
	assert_int_equal(chmod(mbim_rig_dir, 0700), 0);
	mbim_modem_stop(m);
}

/* --- coming back --- */

static void the_proxy_is_restarted(void **state)
{
	const char *hex;
	(void)state;
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_open();
	operation_works(t);
	operation_works(t);
	assert_int_equal(mbim_modem_count(m, MK_CONFIG), 1);
	assert_int_equal(mbim_modem_count(m, MK_READY), 1);
	mbim_modem_hang_up(m);
	operation_works(t);
	assert_int_equal(mbim_modem_count(m, MK_CONFIG), 2);
	/* inside an operation: it is to be run again, and then works */
	assert_int_equal(enter(t, 20000), ST_OK);
	mbim_modem_hang_up(m);
	assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_IO);
	assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_IO);
	transport_leave(t);
	operation_works(t);
	mbim_modem_stop(m);
	assert_false(transport_present(t));
	m = mbim_rig_start(mbim_rig_no_rows);
	assert_true(transport_present(t));
	operation_works(t);
	transport_disconnect(t);
	operation_works(t);
	transport_close(t);
	mbim_modem_stop(m);
}

static void *device_appears_later(void *arg)
{
	(void)arg;
	usleep(250000);
	mbim_rig_device_appears();
	return NULL;
}

/* A modem that reboots is waited for within the call, one time. */
static void the_modem_reboots(void **state)
{
	pthread_t thread;
	(void)state;
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_open();
	operation_works(t);
	mbim_rig_device_goes();
	mbim_modem_hang_up(m);
	assert_int_equal(pthread_create(&thread, NULL, device_appears_later, NULL), 0);
	operation_works(t);
	pthread_join(thread, NULL);
	mbim_rig_device_goes();
	mbim_modem_hang_up(m);
	int64_t before = deadline_now();
	assert_int_equal(enter(t, 300), ST_NO_DEVICE);
	assert_in_range((deadline_now() - before) / 1000000, 250, 10000);
	before = deadline_now();
	assert_int_equal(enter(t, 20000), ST_NO_DEVICE);
	assert_in_range((deadline_now() - before) / 1000000, 0, 10000);
	mbim_rig_device_appears();
	operation_works(t);
	transport_close(t);
	mbim_modem_stop(m);
}

/* After a death inside an operation the modem is asked something harmless first. */
static void an_unclean_link(void **state)
{
	(void)state;
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_open();
	operation_works(t);
	assert_int_equal(mbim_modem_count(m, MK_READY), 1);
	t->unclean = true;
	operation_works(t);
	assert_false(t->unclean);
	assert_int_equal(mbim_modem_count(m, MK_READY), 2);
	transport_close(t);
	mbim_modem_stop(m);
}

/* --- the SIM --- */

static void sim_states(void **state)
{
	static const struct {
		uint32_t ready;
		status st;
	} rows[] = {
		{1, ST_OK}, {5, ST_OK},	     {6, ST_OK},      {7, ST_OK},
		{8, ST_OK}, {2, ST_NO_CARD}, {3, ST_NO_CARD}, {4, ST_NO_CARD},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
		mbim_modem_sim(m, rows[i].ready, "");
		struct transport *t = mbim_rig_open();
		assert_int_equal(enter(t, 20000), rows[i].st);
		transport_leave(t);
		assert_int_equal(transport_present(t), rows[i].st == ST_OK);
		assert_int_equal(transport_look(t, deadline_in_ms(20000)), rows[i].st);
		mbim_modem_sim(m, 1, "");
		operation_works(t);
		assert_true(transport_present(t));
		transport_close(t);
		mbim_modem_stop(m);
	}
}

static void refusals_of_the_question(void **state)
{
	static const struct {
		uint32_t status;
		status st;
	} rows[] = {
		{2, ST_OK}, {9, ST_OK}, {34, ST_OK}, {3, ST_NO_CARD}, {5, ST_SIM_PIN},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct mbim_row script[] = {{.kind = MK_READY, .status = rows[i].status},
						  {0}};
		struct mbim_modem *m = mbim_rig_start(script);
		struct transport *t = mbim_rig_open();
		assert_int_equal(enter(t, 20000), rows[i].st);
		transport_close(t);
		mbim_modem_stop(m);
	}
}

static void a_sim_that_starts_up(void **state)
{
	static const char starting[] = "00000000"
				       "0000000000000000"
				       "0000000000000000"
				       "0000000000000000";
	static const struct mbim_row twice[] = {{.kind = MK_READY, .times = 2, .info = starting},
						{0}};
	static const struct mbim_row by_status[] = {{.kind = MK_READY, .times = 2, .status = 14},
						    {0}};
	(void)state;
	struct mbim_modem *m = mbim_rig_start(twice);
	struct transport *t = mbim_rig_open();
	operation_works(t);
	assert_int_equal(mbim_modem_count(m, MK_READY), 3);
	mbim_modem_sim(m, 0, "");
	assert_int_equal(transport_look(t, deadline_in_ms(1000)), ST_CARD_BUSY);
	transport_disconnect(t);
	assert_int_equal(enter(t, 100), ST_CARD_BUSY);
	transport_close(t);
	mbim_modem_stop(m);
	m = mbim_rig_start(by_status);
	t = mbim_rig_open();
	operation_works(t);
	transport_close(t);
	mbim_modem_stop(m);
}

static bool present_soon(struct transport *t, bool want)
{
	for (int i = 0; i < 100; i++) {
		if (transport_present(t) == want)
			return true;
		usleep(10000);
	}
	return false;
}

static void a_sim_that_goes_and_comes(void **state)
{
	(void)state;
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_open();
	operation_works(t);
	for (int i = 0; i < 3; i++) {
		mbim_modem_sim(m, 2, "");
		mbim_modem_indicate(m);
		assert_true(present_soon(t, false));
		assert_int_equal(enter(t, 20000), ST_NO_CARD);
		assert_false(transport_present(t));
		mbim_modem_sim(m, 1, "8988211000000123456");
		mbim_modem_indicate(m);
		assert_true(present_soon(t, true));
		operation_works(t);
	}
	assert_int_equal(mbim_modem_count(m, MK_CONFIG), 1);
	transport_close(t);
	mbim_modem_stop(m);
}

/* A recorded channel is used as long as its card is the one that is there. */
static void a_swapped_sim_is_noticed(void **state)
{
	struct channel_record r;
	(void)state;
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_enter();
	deadline dl = deadline_in_ms(10000);
	mbim_rig_record(t, "8988211000000123456");
	assert_int_equal(transport_record_load(t, &r, dl), ST_OK);
	assert_string_equal(r.channel.handle, "2");
	mbim_rig_record(t, "8988211000000999999");
	assert_int_equal(transport_record_load(t, &r, dl), ST_NO_ENTRY);
	mbim_rig_record(t, ""); /* not known: its use will show */
	assert_int_equal(transport_record_load(t, &r, dl), ST_OK);
	mbim_rig_record(t, "8988211000000123456");
	transport_leave(t);
	/* by an indication, which begin takes in */
	mbim_modem_sim(m, 1, "8988211000000777777");
	mbim_modem_indicate(m);
	usleep(20000);
	assert_int_equal(enter(t, 20000), ST_OK);
	assert_int_equal(transport_record_load(t, &r, dl), ST_NO_ENTRY);
	mbim_rig_record(t, "8988211000000777777");
	transport_leave(t);
	/* by a look */
	mbim_modem_sim(m, 1, "8988211000000888888");
	assert_int_equal(transport_look(t, dl), ST_OK);
	assert_int_equal(enter(t, 20000), ST_OK);
	assert_int_equal(transport_record_load(t, &r, dl), ST_NO_ENTRY);
	transport_record_clear(t);
	transport_close(t);
	mbim_modem_stop(m);
}

static void a_record_that_is_not_ours(void **state)
{
	struct channel_record r = {.channel = {.handle = "00AF"}};
	(void)state;
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_enter();
	transport_record_store(t, &r);
	assert_int_equal(transport_record_load(t, &r, deadline_in_ms(100)), ST_NO_ENTRY);
	transport_record_clear(t);
	transport_close(t);
	mbim_modem_stop(m);
}

static void iccids(void **state)
{
	static const struct {
		const char *told;
		const char *iccid; /* NULL: none */
	} rows[] = {
		{"8988211000000123456", "8988211000000123456"},
		{"8988211000000123456F", "8988211000000123456"},
		{"8988211000000123456f", "8988211000000123456"},
		{"89882110000001234567", "89882110000001234567"},
		{"898821100000012345678", NULL},
		{"898821100000012345678F", NULL},
		{"89882110A0000123456", NULL},
		{"123", NULL},
		{"", NULL},
	};
	char iccid[ICCID_DIGITS_MAX + 1];
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
		const char *want = rows[i / 2].iccid;
		mbim_modem_sim(m, 1, rows[i / 2].told);
		mbim_modem_set_v3(m, i % 2);
		struct transport *t = mbim_rig_enter();
		assert_int_equal(transport_iccid(t, iccid, deadline_in_ms(20000)),
				 want ? ST_OK : ST_UNSUPPORTED_LINK);
		if (want)
			assert_string_equal(iccid, want);
		transport_close(t);
		mbim_modem_stop(m);
	}
}

/* Its offset leads behind the end: once it is asked again, twice it is believed. */
static void a_spoiled_iccid(void **state)
{
	static const char spoiled[] = "01000000"
				      "0000000000000000"
				      "FFFF000026000000"
				      "0000000000000000";
	char iccid[ICCID_DIGITS_MAX + 1];
	(void)state;
	for (int times = 1; times <= 2; times++) {
		/* the first question is that of entering */
		const struct mbim_row rows[] = {
			{.kind = MK_READY, .times = 1 + times, .info = spoiled}, {0}};
		struct mbim_modem *m = mbim_rig_start(rows);
		struct transport *t = mbim_rig_enter();
		assert_int_equal(transport_iccid(t, iccid, deadline_in_ms(20000)),
				 times == 1 ? ST_OK : ST_UNSUPPORTED_LINK);
		assert_int_equal(mbim_modem_count(m, MK_READY), 3);
		transport_close(t);
		mbim_modem_stop(m);
	}
	assert_string_equal(iccid, "8988211000000123456");
}

/* --- processes --- */

static void a_child_forgets_without_a_word(void **state)
{
	int wstatus;
	(void)state;
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_enter();
	works(t);
	unsigned before = mbim_modem_count(m, MK_APDU);
	pid_t pid = fork();
	if (pid == 0) {
		transport_forget(t);
		_exit(enter(mbim_rig_open(), 50) == ST_TIMEOUT ? 0 : 1);
	}
	waitpid(pid, &wstatus, 0);
	assert_true(WIFEXITED(wstatus));
	assert_int_equal(WEXITSTATUS(wstatus), 0);
	assert_int_equal(mbim_modem_count(m, MK_APDU), before);
	assert_int_equal(mbim_modem_count(m, MK_OTHER), 0);
	works(t);
	transport_close(t);
	mbim_modem_stop(m);
}

/* more than the address of a socket can hold */
static const char long_name[] =
	"mbim:/dev/x?proxy=@0123456789012345678901234567890123456789012345678901234567890"
	"1234567890123456789012345678901234567890123456789";

static void uris_that_are_refused(void **state)
{
	static const char *const bad[] = {
		"mbim:",
		"mbim:cdc-wdm0",
		"mbim:/dev/x?proxy=mbim-proxy",
		"mbim:/dev/x?proxy=@",
		"mbim:/dev/x?proxy=",
		"mbim:/dev/x?direct=1&proxy=@mbim-proxy",
		long_name,
	};
	struct transport_settings set = {.lock_dir = mbim_rig_dir};
	struct transport *t = NULL;
	struct uri uri;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(uri_parse(bad[i], &uri), ST_OK);
		assert_int_equal(transport_open(&uri, &set, &t), ST_ARG);
	}
	assert_null(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MBIM_RIG_TEST(faults_while_connecting),
		MBIM_RIG_TEST(nobody_there),
		MBIM_RIG_TEST(a_user_who_is_not_served),
		MBIM_RIG_TEST(the_proxy_is_restarted),
		MBIM_RIG_TEST(the_modem_reboots),
		MBIM_RIG_TEST(an_unclean_link),
		MBIM_RIG_TEST(sim_states),
		MBIM_RIG_TEST(refusals_of_the_question),
		MBIM_RIG_TEST(a_sim_that_starts_up),
		MBIM_RIG_TEST(a_sim_that_goes_and_comes),
		MBIM_RIG_TEST(a_swapped_sim_is_noticed),
		MBIM_RIG_TEST(a_record_that_is_not_ours),
		MBIM_RIG_TEST(iccids),
		MBIM_RIG_TEST(a_spoiled_iccid),
		MBIM_RIG_TEST(a_child_forgets_without_a_word),
		MBIM_RIG_TEST(uris_that_are_refused),
	};
	return cmocka_run_group_tests(tests, mbim_rig_set_up, mbim_rig_tear_down);
}
