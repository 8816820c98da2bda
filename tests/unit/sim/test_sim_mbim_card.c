/* SPDX-License-Identifier: Apache-2.0 */
/* Basic Connect, and what the host learns of a SIM that goes, comes and changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "mbim_client.h"

enum { CAPS = 1, READY = 2, RADIO = 3, PIN = 4, SERVICES = 16, SUBSCRIBE = 19, VERSION = 15 };

#define BASIC "A289CC33BCBB8B4FB6B0133EC2AAE6DF"
/* UTF-16LE of 001010123456789 and 8988307000012345678, padded */
#define IMSI "300030003100300031003000310032003300340035003600370038003900 0000"
#define ICCID "38003900380038003300300037003000300030003000310032003300340035003600370038000000"
#define READY_INFO "01000000 1C000000 1E000000 3C000000 26000000 00000000 00000000" IMSI ICCID
#define ABSENT_INFO "02000000 00000000 00000000 00000000 00000000 00000000 00000000"
#define WAITING_INFO "00000000 00000000 00000000 00000000 00000000 00000000 00000000"
#define INDICATE(length, size)                                                                     \
	"07000080 " length "00000000 01000000 00000000" BASIC "02000000 " size
#define READY_INDICATED INDICATE("90000000", "64000000") READY_INFO
#define ABSENT_INDICATED INDICATE("48000000", "1C000000") ABSENT_INFO
#define OPEN_CHANNEL "07000000 10000000 00000000 07000000 A0000005590010 00"

static struct mbim_client c;

static int start(void **state)
{
	(void)state;
	mbim_client_start(&c, NULL, "");
	mbim_client_open(&c);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	mbim_client_stop(&c);
	return 0;
}

static void query(uint32_t cid, const char *want)
{
	mbim_client_run(&c, client_basic, cid, CLIENT_QUERY, "", 0, want);
}

static void test_ready_status(void **state)
{
	(void)state;
	query(READY, READY_INFO);
	mbim_client_control(&c, "remove");
	mbim_client_expect(&c, ABSENT_INDICATED);
	query(READY, ABSENT_INFO);
}

static void test_capabilities(void **state)
{
	/* the first reference, of the custom data class, is empty; then the device's name follows
	 */
	(void)state;
	query(CAPS, NULL);
	assert_memory_equal(c.got + 48 + 32, "\0\0\0\0\0\0\0\0\x40\0\0\0\x1E\0\0\0", 16);
	assert_memory_equal(c.got + 48 + 64, "4\0009\0000\0001\0005\0004\0", 12);
}

static void test_settings(void **state)
{
	(void)state;
	query(RADIO, "01000000 01000000");
	mbim_client_run(&c, client_basic, RADIO, CLIENT_SET, "00000000", 0, "01000000 00000000");
	query(RADIO, "01000000 00000000");
	mbim_client_run(&c, client_basic, RADIO, CLIENT_SET, "02000000", 21, "");
	mbim_client_run(&c, client_basic, RADIO, CLIENT_SET, "", 21, "");
	query(PIN, "00000000 00000000 FFFFFFFF");
	mbim_client_run(&c, client_extensions, VERSION, CLIENT_QUERY, "00010003", 0, "00010001");
}

static void test_services(void **state)
{
	(void)state;
	query(SERVICES, NULL);
	assert_memory_equal(c.got + 48, "\x03\0\0\0\0\0\0\0\x20\0\0\0\x34\0\0\0", 16);
	assert_memory_equal(c.got + 48 + 32, client_basic, 16);
}

static void test_removal_ends_channels(void **state)
{
	(void)state;
	mbim_client_run(&c, client_uicc, 2, CLIENT_SET, OPEN_CHANNEL, 0, NULL);
	mbim_client_control(&c, "remove");
	mbim_client_expect(&c, ABSENT_INDICATED);
	mbim_client_run(&c, client_uicc, 1, CLIENT_QUERY, "", 3, "");
	mbim_client_run(&c, client_uicc, 2, CLIENT_SET, OPEN_CHANNEL, 3, "");
	mbim_client_run(&c, client_uicc, 3, CLIENT_SET, "03000000 00000000", 3, "");
	mbim_client_run(&c, client_uicc, 4, CLIENT_SET,
			"03000000 00000000 00000000 04000000 14000000 00CB0000", 3, "");
	mbim_client_control(&c, "insert");
	mbim_client_expect(&c, READY_INDICATED);
	mbim_client_run(&c, client_uicc, 3, CLIENT_SET, "03000000 00000000", 0x87430003, "");
	mbim_client_run(&c, client_uicc, 2, CLIENT_SET, OPEN_CHANNEL, 0, NULL);
}

static void test_reset_ends_channels(void **state)
{
	(void)state;
	mbim_client_run(&c, client_uicc, 2, CLIENT_SET, OPEN_CHANNEL, 0, NULL);
	mbim_client_control(&c, "reset");
	mbim_client_expect(&c, READY_INDICATED);
	mbim_client_run(&c, client_uicc, 3, CLIENT_SET, "03000000 00000000", 0x87430003, "");
}

static void test_channels_outlive_the_host(void **state)
{
	(void)state;
	mbim_client_run(&c, client_uicc, 2, CLIENT_SET, OPEN_CHANNEL, 0, NULL);
	mbim_client_send(&c, "02000000 0C000000 09000000");
	mbim_client_expect(&c, "02000080 10000000 09000000 00000000");
	close(c.fd);
	mbim_client_plug(&c);
	mbim_client_open(&c);
	tiny_card_seen(c.card);
	mbim_client_run(&c, client_uicc, 3, CLIENT_SET, "00000000 07000000", 0, "90000000");
	assert_string_equal(tiny_card_seen(c.card), "00708001");
}

static void expect_no_indication(void)
{
	mbim_client_control(&c, "remove");
	mbim_client_control(&c, "insert");
	mbim_client_expect_silence(&c, 60);
}

static void test_subscriptions(void **state)
{
	static const char ready_only[] = "01000000 0C000000 18000000" BASIC "01000000 02000000";
	static const char all[] = "01000000 0C000000 14000000" BASIC "00000000";
	static const char other[] = "01000000 0C000000 18000000" BASIC "01000000 03000000";
	static const char *const wrong[] = {
		"",
		"01000000",
		"01000000 0C000000 14000000",
		"01000000 0C000000 13000000" BASIC "00000000",
		"01000000 0C000000 14000000" BASIC "01000000",
		"01000000 0C000000 14000000" BASIC "FFFFFFFF",
		"02000000 0C000000 14000000" BASIC "00000000",
		"FFFFFFFF 0C000000 14000000" BASIC "00000000",
		"01000000 0C000000 FFFFFFFF" BASIC "00000000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		mbim_client_run(&c, client_basic, SUBSCRIBE, CLIENT_SET, wrong[i], 21, "");
	mbim_client_run(&c, client_basic, SUBSCRIBE, CLIENT_SET, other, 0, other);
	expect_no_indication();
	mbim_client_run(&c, client_basic, SUBSCRIBE, CLIENT_SET, "00000000", 0, "00000000");
	expect_no_indication();
	mbim_client_run(&c, client_basic, SUBSCRIBE, CLIENT_SET, ready_only, 0, ready_only);
	mbim_client_control(&c, "remove");
	mbim_client_expect(&c, ABSENT_INDICATED);
	mbim_client_run(&c, client_basic, SUBSCRIBE, CLIENT_SET, all, 0, all);
	mbim_client_control(&c, "insert");
	mbim_client_expect(&c, READY_INDICATED);
}

static void test_a_closed_function_tells_nothing(void **state)
{
	(void)state;
	mbim_client_send(&c, "02000000 0C000000 09000000");
	mbim_client_expect(&c, "02000080 10000000 09000000 00000000");
	expect_no_indication();
}

static void test_option_init(void **state)
{
	mbim_client_start(&c, NULL, "?init=300");
	mbim_client_open(&c);
	query(READY, WAITING_INFO);
	mbim_client_run(&c, client_uicc, 1, CLIENT_QUERY, "", 14, "");
	mbim_client_run(&c, client_uicc, 2, CLIENT_SET, OPEN_CHANNEL, 14, "");
	mbim_client_expect(&c, READY_INDICATED);
	mbim_client_run(&c, client_uicc, 2, CLIENT_SET, OPEN_CHANNEL, 0, NULL);
	mbim_client_control(&c, "reset");
	mbim_client_expect(&c, INDICATE("48000000", "1C000000") WAITING_INFO);
	mbim_client_expect(&c, READY_INDICATED);
	stop(state);
}

static void test_option_iccid(void **state)
{
	mbim_client_start(&c, NULL, "?iccid=no");
	mbim_client_open(&c);
	query(READY, "01000000 1C000000 1E000000 00000000 00000000 00000000 00000000" IMSI);
	stop(state);
}

static void test_unplugged_and_back(void **state)
{
	char before[64] = "", after[64] = "";

	(void)state;
	assert_true(readlink(c.link, before, sizeof(before) - 1) > 0);
	mbim_client_control(&c, "unplug");
	assert_false(mbim_client_receive(&c, 1000));
	assert_int_equal(access(c.link, F_OK), -1);
	close(c.fd);
	mbim_client_control(&c, "plug");
	assert_true(readlink(c.link, after, sizeof(after) - 1) > 0);
	assert_string_not_equal(before, after);
	mbim_client_plug(&c);
	mbim_client_command(&c, client_basic, RADIO, CLIENT_QUERY, "");
	mbim_client_expect_error(&c, c.tid, 5);
	mbim_client_open(&c);
	query(RADIO, "01000000 01000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ready_status, start, stop),
		cmocka_unit_test_setup_teardown(test_capabilities, start, stop),
		cmocka_unit_test_setup_teardown(test_settings, start, stop),
		cmocka_unit_test_setup_teardown(test_services, start, stop),
		cmocka_unit_test_setup_teardown(test_removal_ends_channels, start, stop),
		cmocka_unit_test_setup_teardown(test_reset_ends_channels, start, stop),
		cmocka_unit_test_setup_teardown(test_channels_outlive_the_host, start, stop),
		cmocka_unit_test_setup_teardown(test_subscriptions, start, stop),
		cmocka_unit_test_setup_teardown(test_a_closed_function_tells_nothing, start, stop),
		cmocka_unit_test(test_option_init),
		cmocka_unit_test(test_option_iccid),
		cmocka_unit_test_setup_teardown(test_unplugged_and_back, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
