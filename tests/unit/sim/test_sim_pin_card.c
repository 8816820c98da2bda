/* SPDX-License-Identifier: Apache-2.0 */
/* PINs over the life of a card: making, keeping, control commands, faults. */
#include "pin_rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- restart --- */

static void test_kept_over_restart(void **state)
{
	struct rig *r = *state;
	pin_send(r, "20", PIN_9999, "63C2");
	rig_reload(r);
	rig_expect(r, "00 20 00 01", "63C2");
	pin_send(r, "20", PIN_9999, "63C1");
	pin_send(r, "2C", PUK_WRONG PIN_5678, "63C9");
	rig_expect(r, "00 20 00 02 08" PIN_9999, "6A88");
	rig_reload(r);
	pin_expect(r, "01",
		   "tries=1 max=3 enabled=yes verified=no verifies=2 failures=2 puk-tries=9 "
		   "puk-failures=1");
	pin_counted(r, 3, 3);
	pin_send(r, "24", PIN_1234 PIN_5678, "9000");
	rig_expect(r, "00 26 00 11 08" PIN_LONG, "9000");
	pin_send(r, "20", PIN_5678, "9000");
	rig_reload(r);
	rig_expect(r, "00 20 00 01", "63C3"); /* the status went with the power */
	rig_expect(r, "00 20 00 11", "6984");
	pin_send(r, "20", PIN_5678, "9000");
	rig_expect(r, "00 2C 00 01", "63C9");
}

static void test_containers_keep_asking(void **state)
{
	struct rig *r = *state;
	rig_reload(r);
	rig_select(r);
	rig_expect(r, "81 2A 00 01 0D 840101 A10103 91020001 920104", "6982");
	pin_send(r, "20", PIN_1234, "9000");
	rig_expect(r, "81 2A 00 01 0D 840111 A10103 91020001 920104", "9000");
	rig_expect(r,
		   "81 2B 80 01 22 9E20 "
		   "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824",
		   "3300*9000");
	rig_expect(r, "81 2A 00 01 0D 840111 A10103 91020001 920104", "6982");
}

static bool on_disk(struct rig *r, const char *what)
{
	char path[160], text[32768];
	snprintf(path, sizeof(path), "%s/card.txt", r->card_dir);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return strstr(text, what) != NULL;
}

/* card.txt holds the counter before the answer is out, as a card does: a simulator that is killed
 * gives no try back. */
static void test_on_disk_at_once(void **state)
{
	struct rig *r = *state;
	char path[160];
	pin_send(r, "20", PIN_9999, "63C2");
	assert_true(on_disk(r, "[pin]\nreference = 01\ntries = 2\nmax = 3\n"));
	rig_expect(r, "00 20 00 02 08" PIN_9999, "6A88");
	assert_true(on_disk(r, "\nstrange-verifies = 1\n"));
	pin_send(r, "24", PIN_1234 PIN_5678, "9000");
	assert_true(on_disk(r, "\nvalue = " PIN_5678 "\npuk = " PUK_RIGHT "\n"));
	pin_send(r, "26", PIN_5678, "9000");
	assert_true(on_disk(r, "\nenabled = 0\n"));
	pin_send(r, "28", PIN_5678, "9000");
	assert_false(on_disk(r, "\nenabled = 0\n"));
	pin_send(r, "2C", PUK_WRONG PIN_9999, "63C9");
	assert_true(on_disk(r, "\npuk-tries = 9\n"));
	pin_send(r, "20", PIN_9999, "63C2");
	snprintf(path, sizeof(path), "%s/card.txt", r->card_dir);
	struct stat before, after;
	assert_int_equal(stat(path, &before), 0);
	rig_expect(r, "00 20 00 01", "63C2");
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino); /* a query writes nothing */
}

static void edit(struct rig *r, const char *from, const char *to)
{
	char path[160], text[32768], fresh[32768];
	snprintf(path, sizeof(path), "%s/card.txt", r->card_dir);
	sim_card_free(r->card);
	r->card = NULL;
	FILE *f = fopen(path, "r+e");
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	char *at = strstr(text, from);
	assert_non_null(at);
	int len = snprintf(fresh, sizeof(fresh), "%.*s%s%s", (int)(at - text), text, to,
			   at + strlen(from));
	rewind(f);
	assert_int_equal(fwrite(fresh, 1, (size_t)len, f), (size_t)len);
	assert_int_equal(ftruncate(fileno(f), len), 0);
	fclose(f);
}

static void test_bad_state(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{"tries = 3\n", "tries = 16\n"},
		{"tries = 16\n", "tries = x\n"},
		{"tries = x\n", "tries = 3\nvolume = 9\n"},
		{"volume = 9\n", "value = 3132\n"},
		{"value = 3132\n", "value = 3132333435363738FF\n"},
		{"value = 3132333435363738FF\n", "puk = zz\n"},
		{"puk = zz\n", "reference = 100\n"},
		{"reference = 100\n", "enabled = 2\n"},
		{"enabled = 2\n", "[pin]\n[pin]\n"}, /* more than there is room for */
	};
	struct rig *r = *state;
	char err[256];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		edit(r, rows[i].from, rows[i].to);
		assert_int_not_equal(sim_card_load(r->card_dir, &r->card, err), ST_OK);
		assert_non_null(strstr(err, "card.txt:"));
	}
	edit(r, "[pin]\n[pin]\n", "");
	assert_int_equal(sim_card_load(r->card_dir, &r->card, err), ST_OK);
}

/* A card of before there were PINs. */
static void test_card_without_pins(void **state)
{
	struct rig *r = *state;
	char path[160], text[32768];
	snprintf(path, sizeof(path), "%s/card.txt", r->card_dir);
	sim_card_free(r->card);
	FILE *f = fopen(path, "r+e");
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	assert_int_equal(ftruncate(fileno(f), strstr(text, "[pin]") - text), 0);
	fclose(f);
	char err[256];
	assert_int_equal(sim_card_load(r->card_dir, &r->card, err), ST_OK);
	rig_expect(r, "00 20 00 01", "6A88");
	rig_expect(r, "00 20 00 01 08" PIN_1234, "6A88");
	pin_counted(r, 1, 0);
	rig_select(r);
	rig_expect(r, "81 2A 00 01 0D 840101 A10103 91020001 920104", "6982");
	rig_control(r, "pin enable 01", "error pin: the card has no PIN 01");
}

/* --- making --- */

static status create(struct rig *r, const char *name, const char *profile, const char *pin,
		     const char *puk, char err[256])
{
	char dir[100];
	struct make_options o = {.profile = profile, .pin = pin, .puk = puk};
	snprintf(dir, sizeof(dir), "%s/%s", r->dir, name);
	return sim_card_create(dir, &o, err);
}

static void test_values_at_making(void **state)
{
	static const char *const bad[] = {"", "123", "123456789", "12a4", "1234 ", "-123"};
	static const char *const bad_puk[] = {"", "1234567", "123456789", "1234567x"};
	struct rig *r = *state;
	char err[256], name[16], text[120];
	for (size_t i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		assert_int_equal(create(r, name, "pin", bad[i], NULL, err), ST_ARG);
		assert_string_equal(err, "--pin: expected 4 to 8 digits");
	}
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "k%zu", i);
		assert_int_equal(create(r, name, "pin", NULL, bad_puk[i], err), ST_ARG);
		assert_string_equal(err, "--puk: expected 8 digits");
	}
	assert_int_equal(create(r, "own", "pin", "24681357", "87654321", err), ST_OK);
	snprintf(text, sizeof(text), "swap %s/own", r->dir);
	rig_control(r, text, "ok");
	pin_send(r, "20", PIN_1234, "63C2");
	pin_send(r, "20", PIN_LONG, "9000");
	pin_send(r, "2C", PUK_RIGHT PIN_1234, "63C9");
	pin_send(r, "2C", PUK_SECOND PIN_1234, "9000");
}

/* Every UICC has PINs; a SIM that cares for none has the first disabled. */
static void test_other_profiles(void **state)
{
	struct rig *r = *state;
	char text[120];
	snprintf(text, sizeof(text), "swap %s", rig_other(r, "demo"));
	rig_control(r, text, "ok");
	rig_expect(r, "00 20 00 01", "6984");
	rig_expect(r, "00 20 00 11", "6984");
	rig_expect(r, "00 20 00 81", "63C3");
	rig_select(r);
	rig_expect(r, "81 2A 00 01 0D 840101 A10103 91020001 920104", "9000");
	rig_control(r, "pin enable 01", "ok");
	rig_expect(r, "81 2A 01 01", "9000");
	rig_expect(r, "81 2A 00 01 0D 840101 A10103 91020001 920104", "9000");
}

/* Another card is another card, even in mid-session. */
static void test_swap(void **state)
{
	struct rig *r = *state;
	char text[120];
	const char *other = rig_other(r, "pin");
	pin_send(r, "20", PIN_9999, "63C2");
	pin_send(r, "20", PIN_1234, "9000");
	snprintf(text, sizeof(text), "swap-hot %s", other);
	rig_control(r, text, "ok");
	rig_expect(r, "00 20 00 01", "63C3");
	pin_counted(r, 0, 0);
	snprintf(text, sizeof(text), "swap-hot %s", r->card_dir);
	rig_control(r, text, "ok");
	rig_expect(r, "00 20 00 01", "63C3"); /* it had no power meanwhile */
	pin_counted(r, 2, 1);
}

/* --- control --- */

static void test_changed_elsewhere(void **state)
{
	struct rig *r = *state;
	pin_send(r, "20", PIN_9999, "63C2");
	rig_control(r, "pin set 01 9999", "ok");
	rig_expect(r, "00 20 00 01", "63C3");
	pin_send(r, "20", PIN_1234, "63C2");
	pin_send(r, "20", PIN_9999, "9000");
	rig_control(r, "pin tries 01 1", "ok");
	pin_expect(r, "01", "tries=1 max=3 enabled=yes verified=yes verifies=3 failures=2 ");
	rig_control(r, "pin tries 01 0", "ok");
	pin_expect(r, "01", "tries=0 max=3 enabled=yes verified=no ");
	pin_send(r, "20", PIN_9999, "6983");
	rig_control(r, "pin tries 01 3", "ok");
	rig_control(r, "pin verify 01", "ok");
	pin_expect(r, "01", "tries=3 max=3 enabled=yes verified=yes verifies=4 failures=2 ");
	rig_control(r, "pin forget 01", "ok");
	rig_expect(r, "00 20 00 01", "63C3");
	rig_control(r, "pin verify 81", "ok");
	rig_control(r, "pin disable 81", "ok");
	pin_expect(r, "81", "tries=3 max=3 enabled=no verified=no ");
	rig_expect(r, "00 20 00 81", "6984");
	rig_control(r, "pin enable 81", "ok");
	rig_expect(r, "00 20 00 81", "63C3");
	rig_reload(r);
	pin_send(r, "20", PIN_9999, "9000"); /* kept as well */
	pin_counted(r, 5, 2);
}

static void test_bad_control(void **state)
{
	struct rig *r = *state;
	rig_control(r, "pin 01", "error pin: expected set REF VALUE");
	rig_control(r, "pin show 01", "error pin: expected");
	rig_control(r, "pin set 01", "error pin: expected");
	rig_control(r, "pin set 01 123", "error pin: expected");
	rig_control(r, "pin set 01 123456789", "error pin: expected");
	rig_control(r, "pin set 01 12x4", "error pin: expected");
	rig_control(r, "pin set 02 1234", "error pin: the card has no PIN 02");
	rig_control(r, "pin set 101 1234", "error pin: expected");
	rig_control(r, "pin set zz 1234", "error pin: expected");
	rig_control(r, "pin tries 01", "error pin: expected");
	rig_control(r, "pin tries 01 4", "error pin: expected");
	rig_control(r, "pin tries 01 x", "error pin: expected");
	rig_control(r, "pin enable 01 now", "error pin: expected");
	rig_control(r, "pin disable 01 now", "error pin: expected");
	rig_control(r, "pin forget 01 now", "error pin: expected");
	rig_control(r, "pin verify 01 now", "error pin: expected");
	rig_control(r, "pin disable 01", "ok");
	rig_control(r, "pin verify 01", "error pin: expected");
	rig_control(r, "config set pin-at applet", "error pin-at: expected one of: mf both");
	rig_control(r, "config set pin-verified-query 6300", "error pin-verified-query");
	rig_control(r, "config set pin-disabled-query 9000", "error pin-disabled-query");
	rig_control(r, "config set pin-blocked-query 9000", "error pin-blocked-query");
	rig_control(r, "config set pin-always-ends card", "error pin-always-ends");
	pin_expect(r, "01", "tries=3 max=3 enabled=no verified=no verifies=0 failures=0 ");
}

/* --- faults --- */

static void lost(struct rig *r, const char *fault, const char *cmd)
{
	rig_control(r, fault, "ok");
	struct reply got = rig_send(r, cmd);
	assert_true(got.n + (got.sw ? 2 : 0) < 2);
}

/* The card did it all the same. */
static void test_answer_lost(void **state)
{
	struct rig *r = *state;
	lost(r, "fault C12:0", "00 20 00 01 08" PIN_9999);
	rig_expect(r, "00 20 00 01", "63C2");
	lost(r, "fault C12:1", "00 20 00 01 08" PIN_1234);
	rig_expect(r, "00 20 00 01", "9000");
	lost(r, "fault C12:0", "00 24 00 01 10" PIN_1234 PIN_5678);
	pin_send(r, "20", PIN_1234, "63C2");
	lost(r, "fault TRUNC", "00 2C 00 01 10" PUK_WRONG PIN_9999);
	rig_expect(r, "00 2C 00 01", "63C9");
	lost(r, "fault C12:0", "00 2C 00 01 10" PUK_RIGHT PIN_9999);
	pin_send(r, "20", PIN_9999, "9000");
	lost(r, "fault C12:0", "00 26 00 01 08" PIN_9999);
	rig_expect(r, "00 20 00 01", "6984");
	lost(r, "fault C12:0", "00 28 00 01 08" PIN_9999);
	rig_expect(r, "00 20 00 01", "63C3");
	lost(r, "fault C12:0", "00 20 00 01"); /* a query: nothing moved */
	rig_expect(r, "00 20 00 01", "63C3");
	pin_counted(r, 4, 3);
}

/* The fault struck before the card saw the command: nothing has happened. */
static void test_command_lost(void **state)
{
	struct rig *r = *state;
	rig_select(r);
	rig_expect(r, "01 20 00 01 08" PIN_1234, "9000");
	rig_control(r, "fault C2@1", "ok"); /* a reset just before: the channel is gone */
	rig_expect(r, "01 20 00 01 08" PIN_9999, "6881");
	rig_expect(r, "00 20 00 01", "63C3"); /* no try lost, but verified no more */
	rig_select(r);
	rig_control(r, "fault C1", "ok");
	rig_expect(r, "01 20 00 01 08" PIN_9999, "6881");
	rig_expect(r, "00 20 00 01", "63C3");
	pin_counted(r, 1, 0);
}

static void test_other_words_for_success(void **state)
{
	struct rig *r = *state;
	rig_control(r, "fault C5", "ok");
	pin_send(r, "20", PIN_1234, "911C"); /* verified, and a proactive command waits */
	rig_expect(r, "00 20 00 01", "9000");
	rig_control(r, "pin forget 01", "ok");
	rig_control(r, "fault C6:63C2", "ok");
	pin_send(r, "20", PIN_1234, "63C2");
	rig_expect(r, "00 20 00 01", "9000");
	rig_control(r, "fault STALE", "ok");
	pin_send(r, "20", PIN_9999, "9000"); /* the answer of the command before */
	rig_expect(r, "00 20 00 01", "63C2");
	rig_control(r, "fault C12@3:0", "ok"); /* at the Nth APDU, as all others */
	rig_expect(r, "00 20 00 01", "63C2");
	rig_expect(r, "00 20 00 01", "63C2");
	assert_int_equal(rig_send(r, "00 20 00 01 08" PIN_9999).sw, 0);
	rig_expect(r, "00 20 00 01", "63C1");
}

/* The log is evidence: values are in it as they were sent. */
static void test_log_keeps_values(void **state)
{
	struct rig *r = *state;
	char path[120], err[256], line[400];
	snprintf(path, sizeof(path), "%s/log", r->dir);
	assert_int_equal(sim_card_log_to(r->card, path, err), ST_OK);
	pin_send(r, "20", PIN_9999, "63C2");
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	assert_non_null(strstr(line, " test 0020000108" PIN_9999 " 63C2\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pin_setup, pin_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_kept_over_restart),
		TEST(test_containers_keep_asking),
		TEST(test_on_disk_at_once),
		TEST(test_bad_state),
		TEST(test_card_without_pins),
		TEST(test_values_at_making),
		TEST(test_other_profiles),
		TEST(test_swap),
		TEST(test_changed_elsewhere),
		TEST(test_bad_control),
		TEST(test_answer_lost),
		TEST(test_command_lost),
		TEST(test_other_words_for_success),
		TEST(test_log_keeps_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
