/* SPDX-License-Identifier: Apache-2.0 */
/* The five PIN commands with the MF selected: status words and what they leave behind. */
#include "pin_rig.h"

static void test_verify_right(void **state)
{
	struct rig *r = *state;
	pin_expect(r, "01", "tries=3 max=3 enabled=yes verified=no verifies=0 failures=0 ");
	pin_send(r, "20", PIN_1234, "9000");
	pin_expect(r, "01", "tries=3 max=3 enabled=yes verified=yes verifies=1 failures=0 ");
	pin_expect(r, "81", "tries=3 max=3 enabled=yes verified=no verifies=0 failures=0 ");
	pin_expect(r, "11", "tries=3 max=3 enabled=yes verified=no verifies=0 failures=0 ");
	rig_expect(r, "00 20 00 81 08" PIN_5678, "9000");
	rig_expect(r, "00 20 00 11 08" PIN_LONG, "9000");
	pin_expect(r, "11", "tries=3 max=3 enabled=yes verified=yes verifies=1 failures=0 ");
	pin_counted(r, 3, 0);
}

static void test_verify_wrong_until_blocked(void **state)
{
	struct rig *r = *state;
	pin_send(r, "20", PIN_9999, "63C2");
	pin_send(r, "20", PIN_9999, "63C1");
	pin_send(r, "20", PIN_9999, "63C0");
	pin_send(r, "20", PIN_9999, "6983");
	pin_send(r, "20", PIN_1234, "6983"); /* too late */
	pin_expect(r, "01", "tries=0 max=3 enabled=yes verified=no verifies=5 failures=3 ");
	pin_send(r, "24", PIN_1234 PIN_9999, "6983");
	pin_send(r, "26", PIN_1234, "6983");
	rig_expect(r, "00 20 00 81 08" PIN_5678, "9000"); /* the others are not concerned */
	pin_counted(r, 6, 3);
}

static void test_verify_right_resets(void **state)
{
	struct rig *r = *state;
	for (int i = 0; i < 4; i++) {
		pin_send(r, "20", PIN_9999, "63C2");
		pin_send(r, "20", PIN_9999, "63C1");
		pin_send(r, "20", PIN_1234, "9000");
	}
	pin_expect(r, "01", "tries=3 max=3 enabled=yes verified=yes verifies=12 failures=8 ");
	pin_send(r, "20", PIN_9999, "63C2"); /* a wrong value takes the verified status back */
	pin_expect(r, "01", "tries=2 max=3 enabled=yes verified=no verifies=13 failures=9 ");
}

/* A value that no PIN can have costs a try as any other. */
static void test_verify_odd_values(void **state)
{
	struct rig *r = *state;
	pin_send(r, "20", "3132333400000000", "63C2");
	pin_send(r, "20", "01020304FFFFFFFF", "63C1");
	pin_send(r, "20", PIN_1234, "9000");
	pin_send(r, "20", "FFFFFFFFFFFFFFFF", "63C2");
}

static void test_query_never_counts(void **state)
{
	static const char *const forms[] = {"00 20 00 01", "00 20 00 01 00"};
	struct rig *r = *state;
	for (int i = 0; i < 20; i++)
		rig_expect(r, forms[i % 2], "63C3");
	pin_send(r, "20", PIN_9999, "63C2");
	for (int i = 0; i < 20; i++)
		rig_expect(r, forms[i % 2], "63C2");
	pin_send(r, "20", PIN_9999, "63C1");
	pin_send(r, "20", PIN_9999, "63C0");
	for (int i = 0; i < 20; i++)
		rig_expect(r, forms[i % 2], "63C0");
	rig_control(r, "config set pin-blocked-query 6983", "ok");
	rig_expect(r, "00 20 00 01", "6983");
	rig_expect(r, "00 20 00 81", "63C3");
	pin_counted(r, 3, 3);
}

static void test_query_once_verified(void **state)
{
	struct rig *r = *state;
	pin_send(r, "20", PIN_9999, "63C2");
	pin_send(r, "20", PIN_1234, "9000");
	rig_expect(r, "00 20 00 01", "9000");
	rig_expect(r, "00 20 00 01 00", "9000");
	rig_control(r, "config set pin-verified-query 63cx", "ok");
	rig_expect(r, "00 20 00 01", "63C3");
	rig_expect(r, "00 20 00 01 00", "63C3");
	pin_expect(r, "01", "tries=3 max=3 enabled=yes verified=yes verifies=2 failures=1 ");
	rig_control(r, "config set pin-verified-query 9000", "ok");
	rig_expect(r, "00 20 00 81", "63C3");
	rig_control(r, "reset", "ok");
	rig_expect(r, "00 20 00 01", "63C3");
}

static void test_wrong_headers(void **state)
{
	static const char *const ins[] = {"20", "24", "26", "28", "2C"};
	struct rig *r = *state;
	for (size_t i = 0; i < 5; i++) {
		const char *twice = i == 1 || i == 4 ? PIN_1234 : "";
		unsigned size = *twice ? 16 : 8;
		rig_expectf(r, "6A86", "00 %s 01 01 %02X" PIN_1234 "%s", ins[i], size, twice);
		rig_expectf(r, "6A86", "00 %s 80 01 %02X" PIN_1234 "%s", ins[i], size, twice);
		rig_expectf(r, "6A88", "00 %s 00 02 %02X" PIN_1234 "%s", ins[i], size, twice);
		rig_expectf(r, "6A88", "00 %s 00 00 %02X" PIN_1234 "%s", ins[i], size, twice);
		rig_expectf(r, "6D00", "80 %s 00 01 %02X" PIN_1234 "%s", ins[i], size, twice);
		rig_expectf(r, "6700", "00 %s 00 01 07 31323334FFFFFF", ins[i]);
		rig_expectf(r, "6700", "00 %s 00 01 0C 31323334FFFFFFFF31323334", ins[i]);
		rig_expectf(r, "6700", "00 %s 00 01 08 31323334", ins[i]); /* cut off */
		rig_expectf(r, "6700", "00 %s 00 01 00 00", ins[i]);	   /* too long */
		rig_expectf(r, "6700", "00 %s 00 01 08", ins[i]);	   /* Le = 08 */
		rig_expectf(r, "6700", "00 %s 00 01 %02X" PIN_1234 "%s 00", ins[i], size,
			    twice); /* Lc and Le */
	}
	rig_expect(r, "00 20 00 02", "6A88");
	rig_expect(r, "00 20 01 01", "6A86");
	rig_expect(r, "00 24 00 01", "6700"); /* only VERIFY and UNBLOCK tell a counter */
	rig_expect(r, "00 26 00 01 00", "6700");
	rig_expect(r, "00 28 00 01", "6700");
	pin_expect(r, "01", "tries=3 max=3 enabled=yes verified=no ");
	pin_expect(r, "81", "tries=3 max=3 enabled=yes verified=no ");
	pin_counted(r, 9, 0); /* each VERIFY that carried something, not one try */
}

static void test_change(void **state)
{
	struct rig *r = *state;
	pin_send(r, "24", PIN_9999 PIN_5678, "63C2");
	pin_send(r, "20", PIN_5678, "63C1"); /* not changed */
	pin_send(r, "24", PIN_1234 PIN_5678, "9000");
	pin_expect(r, "01", "tries=3 max=3 enabled=yes verified=no verifies=1 failures=2 ");
	pin_send(r, "20", PIN_1234, "63C2");
	pin_send(r, "20", PIN_5678, "9000");
	pin_send(r, "24", PIN_5678 PIN_LONG, "9000"); /* 8 digits */
	rig_expect(r, "00 20 00 01", "9000");	      /* still verified */
	pin_send(r, "20", PIN_LONG, "9000");
	/* new values that are none: refused before a try is at stake */
	pin_send(r, "24", PIN_LONG "313233FFFFFFFFFF", "6A80");
	pin_send(r, "24", PIN_LONG "3132333400000000", "6A80");
	pin_send(r, "24", PIN_LONG "313233FF34FFFFFF", "6A80");
	pin_send(r, "24", PIN_LONG "FFFFFFFFFFFFFFFF", "6A80");
	pin_send(r, "24", PIN_LONG "41424344FFFFFFFF", "6A80");
	pin_expect(r, "01", "tries=3 max=3 enabled=yes verified=yes verifies=4 failures=3 ");
	pin_send(r, "24", PIN_9999 PIN_1234, "63C2");
	pin_send(r, "24", PIN_9999 PIN_1234, "63C1");
	pin_send(r, "24", PIN_9999 PIN_1234, "63C0");
	pin_send(r, "24", PIN_LONG PIN_1234, "6983");
	pin_send(r, "24", PIN_LONG "FFFFFFFFFFFFFFFF", "6983");
}

static void test_disable_and_enable(void **state)
{
	struct rig *r = *state;
	pin_send(r, "28", PIN_1234, "6985"); /* is enabled */
	pin_send(r, "26", PIN_9999, "63C2");
	pin_send(r, "26", PIN_1234, "9000");
	pin_expect(r, "01", "tries=3 max=3 enabled=no verified=no ");
	pin_send(r, "20", PIN_1234, "6984");
	pin_send(r, "20", PIN_9999, "6984"); /* costs nothing */
	pin_send(r, "24", PIN_1234 PIN_5678, "6984");
	pin_send(r, "26", PIN_1234, "6984");
	rig_expect(r, "00 20 00 01", "6984");
	rig_expect(r, "00 20 00 01 00", "6984");
	rig_control(r, "config set pin-disabled-query 63cx", "ok");
	rig_expect(r, "00 20 00 01", "63C3");
	rig_control(r, "config set pin-disabled-query 6984", "ok");
	pin_expect(r, "01", "tries=3 max=3 enabled=no verified=no verifies=2 failures=1 ");
	pin_send(r, "28", PIN_9999, "63C2");
	pin_send(r, "28", PIN_1234, "9000");
	pin_expect(r, "01", "tries=3 max=3 enabled=yes verified=no ");
	rig_expect(r, "00 20 00 01", "63C3");
	pin_send(r, "20", PIN_1234, "9000");
	pin_send(r, "26", PIN_1234, "9000");
	for (unsigned left = 3; left-- > 0;)
		rig_expectf(r,
			    left == 2	? "63C2"
			    : left == 1 ? "63C1"
					: "63C0",
			    "00 28 00 01 08 " PIN_9999);
	pin_send(r, "28", PIN_1234, "6983"); /* blocked while disabled */
	pin_send(r, "2C", PUK_RIGHT PIN_1234, "9000");
	pin_expect(r, "01", "tries=3 max=3 enabled=yes verified=yes ");
}

static void test_unblock(void **state)
{
	struct rig *r = *state;
	for (int i = 0; i < 3; i++)
		(void)rig_send(r, "00 20 00 01 08" PIN_9999);
	pin_send(r, "20", PIN_1234, "6983");
	rig_expect(r, "00 2C 00 01", "63CA");
	rig_expect(r, "00 2C 00 01 00", "63CA");
	pin_send(r, "2C", PUK_WRONG PIN_5678, "63C9");
	rig_expect(r, "00 2C 00 01", "63C9");
	pin_send(r, "20", PIN_1234, "6983"); /* still */
	/* new values that are none cost no try */
	pin_send(r, "2C", PUK_RIGHT "313233FFFFFFFFFF", "6A80");
	pin_send(r, "2C", PUK_WRONG "3132333400000000", "6A80");
	rig_expect(r, "00 2C 00 01", "63C9");
	pin_send(r, "2C", PUK_RIGHT PIN_5678, "9000");
	pin_expect(r, "01",
		   "tries=3 max=3 enabled=yes verified=yes verifies=5 failures=3 puk-tries=10 "
		   "puk-failures=1");
	rig_expect(r, "00 2C 00 01", "63CA");
	pin_send(r, "20", PIN_1234, "63C2");
	pin_send(r, "20", PIN_5678, "9000");
	/* a PIN that is not blocked may be set so too, and each has a PUK of its own */
	rig_expect(r, "00 2C 00 81 10" PUK_RIGHT PIN_1234, "63C9");
	rig_expect(r, "00 2C 00 81 10" PUK_SECOND PIN_1234, "9000");
	rig_expect(r, "00 20 00 81 08" PIN_1234, "9000");
}

/* A wrong PUK has no effect on the PIN. */
static void test_unblock_blocks(void **state)
{
	struct rig *r = *state;
	char want[8] = "63C0";
	pin_send(r, "20", PIN_1234, "9000");
	for (unsigned left = 10; left-- > 0;) {
		want[3] = (char)('0' + left);
		pin_send(r, "2C", PUK_WRONG PIN_5678, want);
	}
	pin_send(r, "2C", PUK_WRONG PIN_5678, "6983");
	pin_send(r, "2C", PUK_RIGHT PIN_5678, "6983");
	pin_send(r, "2C", PUK_RIGHT "FFFFFFFFFFFFFFFF", "6983");
	rig_expect(r, "00 2C 00 01", "63C0");
	rig_control(r, "config set pin-blocked-query 6983", "ok");
	rig_expect(r, "00 2C 00 01", "6983");
	pin_expect(r, "01",
		   "tries=3 max=3 enabled=yes verified=yes verifies=1 failures=0 puk-tries=0 "
		   "puk-failures=10");
	pin_counted(r, 1, 10);
	pin_send(r, "20", PIN_1234, "9000");
}

static void test_unblock_enables(void **state)
{
	struct rig *r = *state;
	pin_send(r, "26", PIN_1234, "9000");
	pin_send(r, "2C", PUK_RIGHT PIN_9999, "9000");
	pin_expect(r, "01", "tries=3 max=3 enabled=yes verified=yes ");
	rig_control(r, "reset", "ok");
	pin_send(r, "20", PIN_9999, "9000");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pin_setup, pin_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_verify_right),	TEST(test_verify_wrong_until_blocked),
		TEST(test_verify_right_resets), TEST(test_verify_odd_values),
		TEST(test_query_never_counts),	TEST(test_query_once_verified),
		TEST(test_wrong_headers),	TEST(test_change),
		TEST(test_disable_and_enable),	TEST(test_unblock),
		TEST(test_unblock_blocks),	TEST(test_unblock_enables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
