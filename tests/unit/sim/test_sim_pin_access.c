/* SPDX-License-Identifier: Apache-2.0 */
/* What a PIN protects, on which channel it may be shown, and who else has its instruction bytes. */
#include "pin_rig.h"

#include <stdio.h>

#include "card_state.h"

#define INIT(id) "81 2A 00 01 0D 8401" id " A10103 91020001 920104"
#define LAST "81 2B 80 01 22 9E20 2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"
#define DEVICE "01"
#define SIGNATURE "11"
#define OPEN "21"
#define SELECT_MF "A4 00 04 02 3F00"

static void signs(struct rig *r, const char *init)
{
	rig_expect(r, init, "9000");
	rig_expect(r, LAST, "330040*9000");
}

/* An attribute that no command sets. */
static void protect(struct rig *r, enum object_kind kind, uint8_t id, uint8_t pin, bool always)
{
	struct object *o = store_find_id(r->card->uicc.store, kind, bytes_of(&id, 1));
	assert_non_null(o);
	o->pin = pin;
	o->pin_always = always;
}

static int setup(void **state)
{
	pin_setup(state);
	rig_select(*state);
	return 0;
}

/* --- what asks --- */

static void test_key_asks(void **state)
{
	struct rig *r = *state;
	rig_expect(r, INIT(DEVICE), "6982");
	rig_expect(r, INIT(SIGNATURE), "6982");
	signs(r, INIT(OPEN));
	rig_expect(r, "81 B9 00 00 03 840101", "6982"); /* GENERATE KEY PAIR */
	rig_expect(r, "81 CD 00 00 03 850101", "34*9000");
	rig_expect(r, "81 CB C1 00 03 840101 00", "C1*9000");
	pin_send(r, "20", PIN_1234, "9000");
	for (int i = 0; i < 3; i++)
		signs(r, INIT(DEVICE));
	rig_expect(r, "81 B9 00 00 03 840101", "840101850101*9000");
	signs(r, INIT(DEVICE));
	pin_send(r, "20", PIN_9999, "63C2");
	rig_expect(r, INIT(DEVICE), "6982");
}

/* Attributes of the simulator alone: none is told by GET DATA. */
static void test_nothing_shows(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "81 CB C1 00 03 840101 00",
		   "C121 7406646576696365 840101 600102 4A0101 4B0113 4E0101 610103 920104 "
		   "91020007 9000");
}

static void test_lost_between_init_and_update(void **state)
{
	struct rig *r = *state;
	pin_send(r, "20", PIN_1234, "9000");
	rig_expect(r, INIT(DEVICE), "9000");
	rig_control(r, "pin forget 01", "ok");
	rig_expect(r, LAST, "6982");
	rig_expect(r, LAST, "6985"); /* the session is over */
	pin_send(r, "20", PIN_1234, "9000");
	signs(r, INIT(DEVICE));
}

static void test_rights_before_pin(void **state)
{
	struct rig *r = *state;
	protect(r, OBJECT_PRIVATE, 0x04, PIN_APPLICATION, false);
	rig_expect(r, INIT("04"), "6985"); /* cannot sign at all */
	rig_expect(r, INIT("09"), "6A82");
	protect(r, OBJECT_PRIVATE, 0x21, 0x0A, false);
	rig_expect(r, INIT(OPEN), "6982"); /* a PIN that the card does not have */
	rig_control(r, "config set locked yes", "ok");
	rig_expect(r, INIT(DEVICE), "6984");
}

static void test_files_and_other_references(void **state)
{
	struct rig *r = *state;
	protect(r, OBJECT_FILE, 0x02, PIN_UNIVERSAL, false);
	protect(r, OBJECT_PRIVATE, 0x21, PIN_SECOND, false);
	rig_expect(r, "81 B0 00 00 03 830102 04", "6982");
	rig_expect(r, "81 B0 00 00 03 830103 04", "3082*9000");
	pin_send(r, "20", PIN_1234, "9000");
	rig_expect(r, "81 B0 00 00 03 830102 04", "6982");
	rig_expect(r, INIT(OPEN), "6982");
	rig_expect(r, "01 20 00 11 08" PIN_LONG, "9000");
	rig_expect(r, "81 B0 00 00 03 830102 04", "3082*9000");
	rig_expect(r, "81 B0 00 04 03 830102 04", "*9000");
	rig_expect(r, INIT(OPEN), "6982");
	rig_expect(r, "01 20 00 81 08" PIN_5678, "9000");
	signs(r, INIT(OPEN));
	protect(r, OBJECT_PUBLIC, 0x01, PIN_SECOND, true); /* public keys never ask */
	rig_control(r, "pin forget 81", "ok");
	rig_expect(r, "81 CD 00 00 03 850101", "34*9000");
}

#define HKDF "81 4A 00 00 09 86010A D500 91020001"
#define PRF "81 48 00 00 0C 86010A D2040A0B0C0D D30120"
#define AGREE "81 46 00 00 06 840104 850104"

static void test_secrets_and_agreement(void **state)
{
	struct rig *own = rig_new("full", 0);
	(void)state;
	rig_select(own);
	rig_control(own, "pin enable 01", "ok");
	rig_expect(own, "81 B9 00 00 03 840104", "*9000");
	protect(own, OBJECT_SECRET, 0x0A, PIN_APPLICATION, false);
	protect(own, OBJECT_PRIVATE, 0x04, PIN_APPLICATION, false);
	rig_expect(own, HKDF, "6982");
	rig_expect(own, PRF, "6982");
	rig_expect(own, AGREE, "6982");
	rig_expect(own, "81 B9 00 00 03 840104", "6982");
	pin_send(own, "20", PIN_1234, "9000");
	for (int i = 0; i < 2; i++) {
		rig_expect(own, HKDF, "*9000");
		rig_expect(own, PRF, "*9000");
		rig_expect(own, AGREE, "*9000");
	}
	protect(own, OBJECT_SECRET, 0x0A, PIN_APPLICATION, true);
	rig_expect(own, HKDF, "*9000");
	rig_expect(own, HKDF, "6982");
	rig_expect(own, AGREE, "6982");
	pin_send(own, "20", PIN_1234, "9000");
	rig_expect(own, PRF, "*9000");
	rig_expect(own, PRF, "6982");
	protect(own, OBJECT_PRIVATE, 0x04, PIN_APPLICATION, true);
	pin_send(own, "20", PIN_1234, "9000");
	rig_expect(own, AGREE, "*9000");
	rig_expect(own, AGREE, "6982");
	rig_free(own);
}

/* A MAC takes its key through the same pair of commands as a signature. */
static void test_mac(void **state)
{
	struct rig *own = rig_new("thales", 0);
	char init[80] = "";
	(void)state;
	rig_expect(own, "01 A4 04 00 0F A00000003053F12401770101495341", "9000");
	rig_control(own, "pin enable 01", "ok");
	struct store *s = own->card->uicc.store;
	for (size_t i = 0; i < s->count; i++) {
		const struct object *o = &s->object[i];
		if (o->kind != OBJECT_SECRET)
			continue;
		assert_int_equal(o->id_len, 1);
		protect(own, OBJECT_SECRET, o->id[0], PIN_APPLICATION, true);
		snprintf(init, sizeof(init), "01 2A 00 01 09 8601%02X A10101 920108", o->id[0]);
	}
	rig_expect(own, init, "6982");
	pin_send(own, "20", PIN_1234, "9000");
	for (int i = 0; i < 2; i++) {
		rig_expect(own, init, "9000");
		rig_expect(own, "01 2B 80 01 04 9F02 3031", "*9000");
		rig_expect(own, init, "6982");
		pin_send(own, "20", PIN_1234, "9000");
	}
	rig_free(own);
}

static void test_disabled_is_satisfied(void **state)
{
	struct rig *r = *state;
	rig_control(r, "pin disable 01", "ok");
	for (int i = 0; i < 2; i++) {
		signs(r, INIT(DEVICE));
		signs(r, INIT(SIGNATURE));
	}
	rig_control(r, "pin enable 01", "ok");
	rig_expect(r, INIT(DEVICE), "6982");
}

static void test_blocked(void **state)
{
	struct rig *r = *state;
	pin_send(r, "20", PIN_1234, "9000");
	for (int i = 0; i < 3; i++)
		(void)rig_send(r, "01 20 00 01 08" PIN_9999);
	rig_expect(r, INIT(DEVICE), "6982");
	signs(r, INIT(OPEN));
	pin_send(r, "2C", PUK_RIGHT PIN_9999, "9000");
	signs(r, INIT(DEVICE)); /* the PUK opens it at once */
}

/* --- before each use --- */

static void test_always(void **state)
{
	struct rig *r = *state;
	pin_send(r, "20", PIN_1234, "9000");
	rig_expect(r, INIT(SIGNATURE), "9000");
	rig_expect(r, "00 20 00 01", "9000"); /* INIT uses nothing */
	rig_expect(r, "81 2A 01 01", "9000");
	signs(r, INIT(SIGNATURE));
	rig_expect(r, "00 20 00 01", "63C3");
	rig_expect(r, INIT(SIGNATURE), "6982");
	rig_expect(r, INIT(DEVICE), "6982");
	signs(r, INIT(OPEN));
	pin_send(r, "20", PIN_1234, "9000");
	signs(r, INIT(DEVICE));
	signs(r, INIT(DEVICE));
	signs(r, INIT(SIGNATURE));
	rig_expect(r, INIT(SIGNATURE), "6982");
	pin_counted(r, 2, 0);
}

static void test_always_ends_for_such_keys_only(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set pin-always-ends key", "ok");
	pin_send(r, "20", PIN_1234, "9000");
	signs(r, INIT(SIGNATURE));
	rig_expect(r, INIT(SIGNATURE), "6982");
	signs(r, INIT(DEVICE));
	rig_expect(r, "00 20 00 01", "9000");
	pin_send(r, "20", PIN_1234, "9000");
	signs(r, INIT(SIGNATURE));
}

static void test_one_verify_two_sessions(void **state)
{
	struct rig *r = *state;
	pin_send(r, "20", PIN_1234, "9000");
	rig_expect(r, INIT(SIGNATURE), "9000");
	rig_expect(r, "81 2A 00 02 0D 840111 A10103 91020001 920104", "9000");
	rig_expect(r, LAST, "330040*9000");
	rig_expect(r,
		   "81 2B 80 02 22 9E20 "
		   "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824",
		   "6982");
}

/* A command that failed has used nothing; the use counts although its answer is lost. */
static void test_always_and_failures(void **state)
{
	struct rig *r = *state;
	pin_send(r, "20", PIN_1234, "9000");
	rig_expect(r, INIT(SIGNATURE), "9000");
	rig_expect(r, "81 2B 80 01 03 9B0130", "6A80");
	rig_expect(r, LAST, "330040*9000");
	pin_send(r, "20", PIN_1234, "9000");
	rig_expect(r, INIT(SIGNATURE), "9000");
	rig_control(r, "fault C12:0", "ok");
	assert_int_equal(rig_send(r, LAST).n, 0);
	rig_expect(r, INIT(SIGNATURE), "6982");
	protect(r, OBJECT_FILE, 0x02, PIN_APPLICATION, true);
	pin_send(r, "20", PIN_1234, "9000");
	rig_expect(r, "81 B0 00 00 03 830102 04", "3082*9000");
	rig_expect(r, "81 B0 00 04 03 830102 04", "6982");
	pin_send(r, "20", PIN_1234, "9000");
	struct object *half = store_find_id(r->card->uicc.store, OBJECT_PUBLIC, BYTES_LIT("\x11"));
	assert_non_null(half);
	half->functions &= (uint8_t)~FUNCTION_KEYGEN;
	rig_expect(r, "81 B9 00 00 03 840111", "6985");
	half->functions |= FUNCTION_KEYGEN;
	rig_expect(r, "81 B9 00 00 03 840111", "*9000");
	rig_expect(r, "81 B9 00 00 03 840111", "6982");
}

/* --- channels --- */

static void test_status_is_the_cards(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "00 70 00 00 01", "02 9000");
	rig_expect(r, "02 20 00 01 08" PIN_1234, "9000"); /* another channel, the MF selected */
	signs(r, INIT(DEVICE));
	rig_expect(r, "00 70 80 02", "9000");
	signs(r, INIT(DEVICE)); /* that channel is closed */
	rig_expect(r, "00 70 80 01", "9000");
	rig_select(r);
	signs(r, INIT(DEVICE)); /* this one was, too */
	rig_expect(r, "00 20 00 01", "9000");
	rig_expect(r, "01 20 00 01", "9000");
	rig_expect(r, "00 20 00 01 08" PIN_9999, "63C2");
	rig_expect(r, "01 20 00 01", "63C2"); /* so is the counter */
	rig_expect(r, "01 20 00 01 08" PIN_9999, "63C1");
	rig_expect(r, "41 20 00 01", "6881"); /* not open */
	rig_expect(r, "00 20 00 01 08" PIN_1234, "9000");
	sim_card_reset(r->card);
	rig_expect(r, "00 20 00 01", "63C3");
	rig_select(r);
	rig_expect(r, INIT(DEVICE), "6982");
	pin_send(r, "20", PIN_1234, "9000");
	rig_control(r, "remove", "ok");
	rig_control(r, "insert", "ok");
	rig_expect(r, "00 20 00 01", "63C3");
}

/* --- instruction bytes with two meanings --- */

static void test_verify_where_the_applet_is(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "01 20 00 01", "63C3");
	rig_expect(r, "01 20 00 01 00", "63C3");
	rig_expect(r, "01 20 00 01 08" PIN_9999, "63C2");
	rig_expect(r, "01 20 00 01 08" PIN_1234, "9000");
	rig_expect(r, "81 20 00 01 08" PIN_9999, "6D00"); /* not of that class */
	rig_expect(r, "81 20 00 01", "6D00");
	rig_control(r, "config set pin-at mf", "ok");
	rig_expect(r, "01 20 00 01", "6D00");
	rig_expect(r, "01 20 00 01 08" PIN_9999, "6D00");
	rig_expect(r, "00 20 00 01", "9000"); /* there the MF is selected */
	pin_expect(r, "01", "tries=3 max=3 enabled=yes verified=yes verifies=2 failures=1 ");
}

static void test_the_others_are_the_applets(void **state)
{
	struct rig *r = *state;
	/* with bodies that would be right for the PIN */
	rig_expect(r, "01 24 00 01 10" PIN_1234 PIN_5678, "6A80");  /* PUT PUBLIC KEY */
	rig_expect(r, "01 2C 00 01 10" PUK_RIGHT PIN_5678, "6A80"); /* VERIFY SIGNATURE */
	rig_expect(r, "01 2C 00 01", "6700");
	rig_expect(r, "01 26 00 01 08" PIN_1234, "6D00");
	rig_expect(r, "01 28 00 01 08" PIN_1234, "6D00");
	rig_control(r, "config set class proprietary", "ok");
	rig_expect(r, "01 24 00 01 10" PIN_1234 PIN_5678, "6E00");
	rig_expect(r, "01 26 00 01 08" PIN_1234, "6E00");
	rig_expect(r, "01 20 00 01", "63C3"); /* VERIFY is the UICC's, whose class is 0X */
	rig_control(r, "config set class both", "ok");
	pin_expect(r, "01",
		   "tries=3 max=3 enabled=yes verified=no verifies=0 failures=0 puk-tries=10");
	/* and bodies that are right for the applet, where the MF is selected */
	rig_expect(r, "01 24 00 01 03 850105", "9000");
	rig_expect(r, "01 24 01 01", "9000");
	rig_expect(r, "01 2C 00 01 0D 850101 A10103 91020001 920104", "9000");
	rig_expect(r, "01 2C 01 01", "9000");
	rig_expect(r, "00 24 00 01 03 850105", "6700");
	rig_expect(r, "00 2C 00 01 0D 850101 A10103 91020001 920104", "6700");
	pin_counted(r, 0, 0);
}

static void test_back_to_the_mf(void **state)
{
	static const char *const forms[] = {"01 A4 00 04 02 3F00", "01 A4 00 04 02 3F00 00",
					    "01 A4 00 0C 02 3F00", "01 A4 00 00 02 3F00"};
	static const char *const want[] = {"62*9000", "62*9000", "9000", "9000"};
	struct rig *r = *state;
	for (size_t i = 0; i < 4; i++) {
		rig_expect(r, INIT(OPEN), "9000");
		rig_expect(r, forms[i], want[i]);
		rig_control(r, "channels", "ok open=1 free=2 1");
		rig_expect(r, "81 84 00 00 08", "6D00"); /* the applet is gone there */
		rig_expect(r, "01 24 00 01 10" PIN_1234 PIN_5678, "9000");
		rig_expect(r, "01 24 00 01 10" PIN_5678 PIN_1234, "9000");
		rig_expect(r, "01 2C 00 01", "63CA");
		rig_expect(r, "01 26 00 01 08" PIN_1234, "9000");
		rig_expect(r, "01 28 00 01 08" PIN_1234, "9000");
		rig_expect(r, "01 20 00 01 08" PIN_1234, "9000");
		rig_expect(r, "01 A4 04 00 07 A0000005590010", "9000");
		rig_expect(r, LAST, "6985"); /* its session with it */
		signs(r, INIT(DEVICE));
	}
	rig_expect(r, "01 A4 00 04 02 2FE2", "6A86"); /* no other file is known to the applet */
	rig_expect(r, "01 A4 08 04 02 3F00", "6A86");
	rig_expect(r, "01 A4 00 02 02 3F00", "6A86");
	rig_expect(r, "81 A4 00 04 02 3F00", "6D00");
	rig_expect(r, INIT(DEVICE), "9000"); /* still selected after those */
	rig_expect(r, "00 " SELECT_MF, "62*9000");
	rig_expect(r, LAST, "330040*9000"); /* each channel has its own selection */
}

static void test_t0(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set t0 yes", "ok");
	rig_expect(r, "01 20 00 01 00", "63C3");
	rig_expect(r, "01 20 00 01", "63C3");
	rig_expect(r, "01 20 00 01 08" PIN_1234, "9000");
	rig_expect(r, INIT(SIGNATURE), "9000");
	rig_expect(r, LAST, "6143");
	rig_expect(r, "81 C0 00 00 43", "330040*9000"); /* the answer waits; the use is over */
	rig_expect(r, INIT(SIGNATURE), "6982");
	rig_expect(r, "01 " SELECT_MF, "61*");
	rig_expect(r, "01 2C 00 01 10" PUK_RIGHT PIN_1234, "9000");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, pin_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_key_asks),
		TEST(test_nothing_shows),
		TEST(test_lost_between_init_and_update),
		TEST(test_rights_before_pin),
		TEST(test_files_and_other_references),
		cmocka_unit_test(test_secrets_and_agreement),
		cmocka_unit_test(test_mac),
		TEST(test_disabled_is_satisfied),
		TEST(test_blocked),
		TEST(test_always),
		TEST(test_always_ends_for_such_keys_only),
		TEST(test_one_verify_two_sessions),
		TEST(test_always_and_failures),
		TEST(test_status_is_the_cards),
		TEST(test_verify_where_the_applet_is),
		TEST(test_the_others_are_the_applets),
		TEST(test_back_to_the_mf),
		TEST(test_t0),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
