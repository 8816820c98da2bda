/* SPDX-License-Identifier: Apache-2.0 */
/* The card's faults and its control commands. */
#include "card_rig.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deadline.h"

#define SIGN_INIT "812A00010D 840101 A10103 91020001 920104"
#define SIGN_LAST "812B8001229E202CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"

static const uint8_t hello_digest[] = {0x2C, 0xF2, 0x4D, 0xBA, 0x5F, 0xB0, 0xA3, 0x0E,
				       0x26, 0xE8, 0x3B, 0x2A, 0xC5, 0xB9, 0xE2, 0x9E,
				       0x1B, 0x16, 0x1E, 0x5C, 0x1F, 0xA7, 0x42, 0x5E,
				       0x73, 0x04, 0x33, 0x62, 0x93, 0x8B, 0x98, 0x24};

static int setup(void **state)
{
	*state = rig_new("demo", 0);
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static int fresh(void **state)
{
	struct rig *r = *state;
	rig_control(r, "fault clear", "ok");
	rig_control(r, "insert", "ok");
	rig_control(r, "config set t0 no", "ok");
	rig_control(r, "reset", "ok");
	rig_select(r);
	return 0;
}

static void test_c1_channel_lost(void **state)
{
	struct rig *r = *state;
	rig_control(r, "fault C1@2", "ok");
	rig_expect(r, SIGN_INIT, "9000");
	rig_expect(r, SIGN_LAST, "6881");
	rig_expect(r, SIGN_INIT, "6881"); /* it stays lost */
	rig_select(r);
	rig_expect(r, SIGN_INIT, "9000");
	rig_control(r, "fault list", "ok C1@2x1");
}

static void test_c2_reset(void **state)
{
	struct rig *r = *state;
	uint32_t generation = sim_card_generation(r->card);
	rig_control(r, "fault C2@2", "ok");
	rig_expect(r, SIGN_INIT, "9000");
	rig_expect(r, SIGN_LAST, "6881");
	assert_int_equal(sim_card_generation(r->card), generation + 1);
}

static void test_c3_c4_channels(void **state)
{
	struct rig *r = *state;
	rig_control(r, "fault C3x2", "ok");
	rig_expect(r, "0070000001", "6A81");
	rig_expect(r, "0070000001", "6A81");
	rig_expect(r, "0070000001", "029000");
	rig_control(r, "fault C4", "ok");
	rig_expect(r, "0070000001", "049000");
	rig_expect(r, "40A4040007A0000005590010", "9000");
	rig_expect(r, "C084000008", "*9000");
}

static void test_c5_c6_status_words(void **state)
{
	struct rig *r = *state;
	rig_control(r, "fault C5", "ok");
	rig_expect(r, SIGN_INIT, "911C");
	rig_expect(r, SIGN_LAST, "330040*9000"); /* it had been executed */
	rig_control(r, "fault C5:9105", "ok");
	rig_expect(r, "8184000008", "*9105");
	rig_control(r, "fault C6", "ok");
	rig_expect(r, "8184000008", "*6283");
	rig_control(r, "fault C6:63C2", "ok");
	rig_expect(r, "8184000008", "*63C2");
}

static void test_c7_get_response(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set t0 yes", "ok");
	rig_control(r, "fault C7", "ok");
	rig_expect(r, "81CD000003850101", "6147");
	rig_expect(r, "81C0000047", "6F00");
	rig_expect(r, "81C0000047", "6985"); /* what waited is gone */
	rig_expect(r, "81CD000003850101", "6147");
	rig_expect(r, "81C0000047", "34*9000");
	rig_control(r, "fault C7x0", "ok");
	for (int i = 0; i < 3; i++) {
		rig_expect(r, "81CD000003850101", "6147");
		rig_expect(r, "81C0000047", "6F00");
	}
}

static bool signs_for(struct rig *r, EVP_PKEY *key)
{
	struct reply got = rig_send(r, SIGN_LAST);
	assert_int_equal(got.sw, 0x9000);
	assert_int_equal(got.n, 67);
	return rig_verifies(key, NULL, false, BYTES_OF(hello_digest), bytes_of(got.b + 3, 64));
}

static void test_c8_another_card(void **state)
{
	struct rig *r = *state;
	char iccid[21], other_iccid[21], spec[120];
	EVP_PKEY *key = rig_certificate_key(r, "device.pem");
	const char *other = rig_other(r, "demo");
	sim_card_iccid(r->card, iccid);
	snprintf(spec, sizeof(spec), "fault C8@2:%s", other);
	rig_control(r, spec, "ok");
	rig_expect(r, SIGN_INIT, "9000");
	rig_expect(r, SIGN_LAST, "6881");
	sim_card_iccid(r->card, other_iccid);
	assert_string_not_equal(iccid, other_iccid);
	rig_select(r);
	rig_expect(r, SIGN_INIT, "9000");
	assert_false(signs_for(r, key));
	/* back to the first; then crossed in mid-session, channel and session alive */
	snprintf(spec, sizeof(spec), "swap %s", r->card_dir);
	rig_control(r, spec, "ok");
	rig_select(r);
	snprintf(spec, sizeof(spec), "fault C8@2:+%s", other);
	rig_control(r, spec, "ok");
	rig_expect(r, SIGN_INIT, "9000");
	assert_false(signs_for(r, key));
	snprintf(spec, sizeof(spec), "swap-hot %s", r->card_dir);
	rig_control(r, spec, "ok");
	rig_expect(r, SIGN_INIT, "9000");
	assert_true(signs_for(r, key));
	rig_control(r, "swap /nonexistent", "error /nonexistent: No such file");
	rig_expect(r, "8184000008", "*9000"); /* and the old one is still there */
	EVP_PKEY_free(key);
}

static void test_c9_refresh(void **state)
{
	struct rig *r = *state;
	struct reply before = rig_send(r, "81B0000003830102");
	rig_control(r, "fault C9", "ok");
	rig_expect(r, "8184000008", "*63CF");
	struct reply after = rig_send(r, "81B0000003830102");
	assert_int_equal(after.sw, 0x9000);
	assert_memory_not_equal(before.b, after.b, before.n);
	rig_reload(r);
	rig_select(r);
	struct reply saved = rig_send(r, "81B0000003830102");
	assert_memory_equal(after.b, saved.b, saved.n);
}

static void test_c10_slow(void **state)
{
	struct rig *r = *state;
	rig_control(r, "fault C10:150", "ok");
	int64_t start = deadline_now();
	rig_expect(r, "8184000008", "*9000");
	assert_true(deadline_now() - start >= 150 * 1000000LL);
	start = deadline_now();
	sim_card_set_latency(r->card, 30);
	rig_expect(r, "8184000008", "*9000");
	assert_true(deadline_now() - start >= 30 * 1000000LL);
	rig_control(r, "latency 0", "ok");
	sim_card_set_byte_rate(r->card, 1000);
	start = deadline_now();
	sim_link_delay(r->card, 50);
	assert_true(deadline_now() - start >= 50 * 1000000LL);
	sim_card_set_byte_rate(r->card, 0);
	rig_control(r, "latency x", "error");
}

static void test_tells_the_time_spent(void **state)
{
	struct rig *r = *state;
	uint8_t out[100] = {0};
	struct wtr w = wtr_on(out, sizeof(out) - 1);
	long card_us = 0, link_us = 0;

	sim_card_set_latency(r->card, 20);
	sim_card_set_byte_rate(r->card, 9600);
	rig_expect(r, "8184000008", "*9000");
	for (int i = 0; i < 96; i++)
		sim_link_delay(r->card, 1); /* less than a millisecond each */
	sim_card_control(r->card, BYTES_LIT("spent"), &w);
	assert_int_equal(sscanf((char *)out, "ok card_us=%ld link_us=%ld", &card_us, &link_us), 2);
	assert_in_range(card_us, 20000, 1000000);
	assert_in_range(link_us, 10000, 1000000);
	rig_control(r, "spent now", "error");
}

static void *end_soon(void *card)
{
	deadline_sleep(DEADLINE_NEVER, 50);
	sim_card_end(card);
	return NULL;
}

static void test_end_cuts_waits_short(void **state)
{
	struct rig *r = *state;
	pthread_t thread;
	uint8_t out[300];
	struct wtr w = WTR_ON(out);
	rig_control(r, "fault C10:60000", "ok");
	int64_t start = deadline_now();
	assert_int_equal(pthread_create(&thread, NULL, end_soon, r->card), 0);
	assert_int_equal(sim_card_transmit(r->card, "test", BYTES_LIT("\0\xF2\0\x0C"), &w),
			 ST_NO_CARD);
	assert_true(deadline_now() - start < 10000 * 1000000LL);
	pthread_join(thread, NULL);
	rig_reload(r);
}

static void test_c11_applet_gone(void **state)
{
	struct rig *r = *state;
	rig_control(r, "fault C11x2", "ok");
	rig_expect(r, "8184000008", "6D00");
	rig_expect(r, "01A4040007A0000005590010", "6A82");
	rig_expect(r, "8184000008", "6D00"); /* still not selected */
	rig_expect(r, "01A4040007A0000005590010", "9000");
	rig_expect(r, "8184000008", "*9000");
}

static void test_c12_short_answers(void **state)
{
	struct rig *r = *state;
	rig_control(r, "fault C12", "ok");
	struct reply got = rig_send(r, "8184000008");
	assert_int_equal(got.n, 1);
	assert_int_equal(got.sw, 0);
	rig_control(r, "fault C12:0", "ok");
	got = rig_send(r, "8184000008");
	assert_int_equal(got.n, 0);
	assert_int_equal(got.sw, 0);
	rig_expect(r, "8184000008", "*9000");
}

static void test_stale_truncated_bad(void **state)
{
	struct rig *r = *state;
	EVP_PKEY *key = rig_certificate_key(r, "device.pem");
	struct reply random = rig_send(r, "8184000008");
	char want[40];
	snprintf(want, sizeof(want), "%s9000", rig_hex(bytes_of(random.b, 8)));
	rig_control(r, "fault STALE", "ok");
	rig_expect(r, "81CD000003850101", want);
	rig_expect(r, "81CD000003850101", "34*9000");
	rig_control(r, "fault TRUNC", "ok");
	struct reply got = rig_send(r, "8184000010");
	assert_int_equal(got.n, 8);
	assert_int_equal(got.sw, 0x9000);
	rig_control(r, "fault TRUNC", "ok");
	got = rig_send(r, SIGN_INIT); /* nothing but the status word: half of that */
	assert_int_equal(got.n, 1);
	assert_int_equal(got.sw, 0);
	rig_control(r, "fault BADSIG", "ok");
	assert_false(signs_for(r, key));
	rig_expect(r, SIGN_INIT, "9000");
	assert_true(signs_for(r, key));
	EVP_PKEY_free(key);
}

static void test_status_and_removal(void **state)
{
	struct rig *r = *state;
	char want[160], iccid[21];
	uint8_t out[8];
	struct wtr w = WTR_ON(out);
	sim_card_iccid(r->card, iccid);
	snprintf(want, sizeof(want), "ok present=1 generation=%u t0=0 atr=%s iccid=%s",
		 (unsigned)sim_card_generation(r->card), rig_hex(sim_card_atr(r->card)), iccid);
	rig_control(r, "status", want);
	rig_control(r, "remove", "ok");
	rig_control(r, "status", "ok present=0 generation=");
	assert_false(sim_card_present(r->card));
	assert_int_equal(sim_card_transmit(r->card, "test", BYTES_LIT("\0\x84\0\0\x08"), &w),
			 ST_NO_CARD);
	assert_int_equal(w.n, 0);
	rig_control(r, "insert", "ok");
	rig_expect(r, "8184000008", "6881"); /* the channel did not survive */
}

static void test_control_errors(void **state)
{
	struct rig *r = *state;
	rig_control(r, "", "error unknown control command; known: status,");
	rig_control(r, "statuses", "error unknown");
	rig_control(r, "fault", "error unknown"); /* names no fault */
	rig_control(r, "fault C77", "error not a fault: 'C77'");
	rig_control(r, "config set", "error unknown");
	rig_control(r, "config set t0", "error config set: expected KEY VALUE");
	rig_control(r, "config set t0 maybe", "error t0: expected one of: no yes");
	rig_control(r, "config set channels 20", "error channels: expected a number from 0 to 19");
	rig_control(r, "config set sw-busy 9000", "error sw-busy: expected hexadecimal");
	rig_control(r, "config set iccid 12", "error iccid: expected 18 to 20");
	rig_control(r, "config set speed 9", "error no setting is called 'speed'");
	rig_control(r, "config list", "ok\nprofile = demo\n");
}

static bool answer_plug(void *ctx, struct bytes text, struct wtr *reply)
{
	if (!bytes_equal(text, BYTES_LIT("plug")))
		return false;
	wtr_printf(reply, "ok %s", (const char *)ctx);
	return true;
}

static void test_handlers(void **state)
{
	struct rig *r = *state;
	char one[] = "one", two[] = "two";
	rig_control(r, "plug", "error unknown");
	sim_card_add_control(r->card, answer_plug, one);
	sim_card_add_control(r->card, answer_plug, two);
	rig_control(r, "plug", "ok one");
	rig_control(r, "status", "ok present");
	sim_card_add_control(r->card, NULL, one);
	rig_control(r, "plug", "ok two");
	sim_card_add_control(r->card, NULL, two);
	rig_control(r, "plug", "error unknown");
}

static void test_log(void **state)
{
	struct rig *r = *state;
	char path[120], err[256] = "", line[700];
	snprintf(path, sizeof(path), "%s/log", r->dir);
	assert_int_equal(sim_card_log_to(r->card, "/nonexistent/log", err), ST_IO);
	assert_string_equal(err, "/nonexistent/log: No such file or directory");
	assert_int_equal(sim_card_log_to(r->card, path, err), ST_OK);
	rig_expect(r, "8184000001", "*9000");
	rig_control(r, "mark here we are", "ok");
	rig_control(r, "fault C12:0", "ok");
	assert_int_equal(rig_send(r, SIGN_INIT).n, 0);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_non_null(strstr(line, " test 8184000001 "));
	assert_string_equal(line + strlen(line) - 5, "9000\n");
	assert_non_null(fgets(line, sizeof(line), f));
	assert_non_null(strstr(line, " mark here we are\n"));
	assert_non_null(fgets(line, sizeof(line), f));
	assert_non_null(strstr(line, "920104 -\n"));
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_c1_channel_lost, fresh),
		cmocka_unit_test_setup(test_c2_reset, fresh),
		cmocka_unit_test_setup(test_c3_c4_channels, fresh),
		cmocka_unit_test_setup(test_c5_c6_status_words, fresh),
		cmocka_unit_test_setup(test_c7_get_response, fresh),
		cmocka_unit_test_setup(test_c8_another_card, fresh),
		cmocka_unit_test_setup(test_c9_refresh, fresh),
		cmocka_unit_test_setup(test_c10_slow, fresh),
		cmocka_unit_test_setup(test_tells_the_time_spent, fresh),
		cmocka_unit_test_setup(test_end_cuts_waits_short, fresh),
		cmocka_unit_test_setup(test_c11_applet_gone, fresh),
		cmocka_unit_test_setup(test_c12_short_answers, fresh),
		cmocka_unit_test_setup(test_stale_truncated_bad, fresh),
		cmocka_unit_test_setup(test_status_and_removal, fresh),
		cmocka_unit_test_setup(test_control_errors, fresh),
		cmocka_unit_test_setup(test_handlers, fresh),
		cmocka_unit_test_setup(test_log, fresh),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
