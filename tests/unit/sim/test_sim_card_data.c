/* SPDX-License-Identifier: Apache-2.0 */
/* GET DATA in all its shapes, READ FILE, GET RANDOM; the logged card of §15.1 byte for byte. */
#include "card_rig.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
	*state = rig_new("demo", 600);
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static int fresh(void **state)
{
	rig_control(*state, "reset", "ok");
	rig_select(*state);
	return 0;
}

static void test_logged_card(void **state)
{
	struct rig *r = rig_new("quantag", 0);
	(void)state;
	rig_expect(r, "00A404000FA00000003053F1240177010149534100", "9000");
	rig_expect(r, "8084000010", "*9000");
	rig_expect(r, "80CB000044",
		   "100110 1120 1122334455667788112233445566778811223344556677881122334455667788"
		   "B1010A B2010A B3010A B4010A 61010F 91020001 920104 6F0101 940102 B70101 9000");
	rig_expect(r, "80CB0100",
		   "74023131 84020002 600102 4A0101 4B0113 4E0103 610107 920204 91020007 6F0101"
		   "75023131 85020002 600102 4A0101 4B0113 4E0103 610107 920204 91020007 6F0101"
		   "75023232 85020003 600102 4A0100 4B0113 4E0103 610107 920204 91020007 6F0101"
		   "73023031 83020001 600101 4A0101 210101 20020040"
		   "76023333 86020004 600103 4A0100 4B01A0 61010C 940102 9000");
	rig_expect(r, "80CBC2000485020002",
		   "75023131 85020002 600102 4A0101 4B0113 4E0103 610107 920204 91020007 6F0101"
		   "9000");
	/* §15.2 */
	rig_expect(r, "80B900000484020002", "84020002 85020002 34454943864104*9000");
	rig_expect(r, "802A00010E 84020002 A10101 91020001 920104", "9000");
	rig_expect(r, "802A00020E 84020002 A10101 91020001 920104", "6989"); /* B7 is 1 */
	rig_expect(r, "802B80010A 9B080102030405060708", "3340*9000");
	rig_expect(r, "802A0101", "9000");
	rig_free(r);
}

static void test_application(void **state)
{
	struct rig *r = *state;
	struct reply got = rig_send(r, "81 CB 00 00 44");
	assert_int_equal(got.sw, 0x9000);
	assert_int_equal(got.n, 68);
	rig_expect(r, "81 CB 00 00", "1001101120*90010F91020007920104930101940103B701039000");
	rig_control(r, "config set tag11-short yes", "ok");
	rig_control(r, "config set hash-one-byte yes", "ok");
	rig_expect(r, "81 CB 00 00", "100110110E*B1010A*910107*9000");
	assert_int_equal(rig_send(r, "81 CB 00 00").n, 68 - 19 - 1);
	rig_control(r, "config set tag11-short no", "ok");
	rig_control(r, "config set hash-one-byte no", "ok");
	rig_control(r, "config set list no", "ok");
	rig_expect(r, "81 CB 00 00 44", "6A86");
	rig_control(r, "config set info no", "ok");
	rig_expect(r, "81 CB 00 00 44", "6D00");
	rig_control(r, "config set list yes", "ok");
	rig_control(r, "config set info yes", "ok");
}

/* Walks a list of the given layout over all its pages into one buffer. */
static size_t whole_list(struct rig *r, uint8_t *list, size_t cap, unsigned *ret_pages)
{
	struct wtr w = wtr_on(list, cap);
	struct reply page = rig_send(r, "81 CB 01 00 00");
	unsigned pages = 1;
	wtr_put(&w, bytes_of(page.b, page.n));
	for (; page.sw == 0x6300 && pages < 40; pages++) {
		page = rig_send(r, "81 CB 01 01 00");
		wtr_put(&w, bytes_of(page.b, page.n));
	}
	assert_int_equal(page.sw, 0x9000);
	assert_int_equal(wtr_done(&w), ST_OK);
	*ret_pages = pages;
	return w.n;
}

/* Counts the elements of a flat run of one-byte TLVs by their tag. */
static void count_tags(const uint8_t *p, size_t n, unsigned count[256])
{
	while (n > 0) {
		assert_true(n >= 2 && n >= 2u + p[1]);
		count[p[0]]++;
		n -= 2u + p[1];
		p += 2 + p[1];
	}
}

static void test_layouts(void **state)
{
	static const struct {
		const char *set;
		bool wrapped;
		unsigned c1, c2, c3;
	} layouts[] = {
		{"config set layout l1", true, 2, 3, 2},
		{"config set layout l2", true, 1, 1, 1},
		{"config set layout l3", false, 0, 0, 0},
	};
	struct rig *r = *state;
	for (size_t i = 0; i < 3; i++) {
		uint8_t list[1024];
		unsigned pages, outer[256] = {0}, inner[256] = {0};
		rig_control(r, layouts[i].set, "ok");
		size_t n = whole_list(r, list, sizeof(list), &pages);
		assert_int_equal(pages, 1);
		count_tags(list, n, outer);
		assert_int_equal(outer[0xC1], layouts[i].c1);
		assert_int_equal(outer[0xC2], layouts[i].c2);
		assert_int_equal(outer[0xC3], layouts[i].c3);
		for (size_t at = 0; layouts[i].wrapped && at < n; at += 2u + list[at + 1])
			count_tags(list + at + 2, list[at + 1], inner);
		const unsigned *count = layouts[i].wrapped ? inner : outer;
		assert_int_equal(count[0x84], 2);
		assert_int_equal(count[0x85], 3);
		assert_int_equal(count[0x83], 2);
		assert_int_equal(count[0x4A], 7);
	}
	rig_control(r, "config set layout l1", "ok");
}

static void test_paging(void **state)
{
	struct rig *r = *state;
	uint8_t whole[1024], paged[1024];
	unsigned pages;
	size_t n = whole_list(r, whole, sizeof(whole), &pages);
	rig_expect(r, "81 CB 01 01 00", "6A86"); /* nothing more */
	rig_control(r, "config set list-page 60", "ok");
	assert_int_equal(whole_list(r, paged, sizeof(paged), &pages), n);
	assert_true(pages >= 4);
	assert_memory_equal(whole, paged, n);
	rig_control(r, "config set list-page 16", "ok"); /* less than a structure: one each */
	assert_int_equal(whole_list(r, paged, sizeof(paged), &pages), n);
	assert_int_equal(pages, 7);
	rig_control(r, "config set list-page 255", "ok");
}

static void test_full_card_lists_in_pages(void **state)
{
	static const char *const layouts[] = {"config set layout l1", "config set layout l2",
					      "config set layout l3"};
	struct rig *r = rig_new("full", 0);
	(void)state;
	rig_select(r);
	for (size_t i = 0; i < 3; i++) {
		uint8_t list[4096];
		unsigned pages, outer[256] = {0};
		rig_control(r, layouts[i], "ok");
		size_t n = whole_list(r, list, sizeof(list), &pages);
		assert_true(pages > 5);
		count_tags(list, n, outer);
	}
	rig_expect(r, "81 CB C1 00 01 84", "6A80");
	rig_expect(r, "81 CB C1 00 16 8414 000102030405060708090A0B0C0D0E0F10111213",
		   "C1*8414000102030405060708090A0B0C0D0E0F10111213*9000");
	rig_expect(r, "81 CB C1 00 03 840117", "C1*743C*9000"); /* a label of sixty */
	rig_expect(r, "81 B0 00 00 03 830122", "6985");		/* never filled */
	rig_expect(r, "81 B0 00 00 03 830123", "6985");		/* not readable */
	rig_expect(r, "81 B0 00 00 03 830121", "9000");		/* filled with nothing */
	rig_expect(r, "81 CB C4 00 03 86010A", "C4*86010A*4B01A0*9000");
	rig_free(r);
}

static void test_object_information(void **state)
{
	struct rig *r = *state;
	/* §15.9 with the label of this card */
	rig_expect(r, "81 CB C3 00 03 830102 00",
		   "C3 1D 730B6465766963652D63657274 830102 600101 4A0101 210102 20020258 9000");
	rig_expect(r, "81 CB C3 00 0D 730B6465766963652D63657274", "C31D*9000");
	rig_control(r, "config set file-usage no", "ok");
	rig_expect(r, "81 CB C3 00 03 830102 00", "C31A*4A0101200202589000");
	rig_control(r, "config set file-usage yes", "ok");
	rig_control(r, "config set wrapped no", "ok");
	rig_expect(r, "81 CB C1 00 03 840101",
		   "7406646576696365 840101 600102 4A0101 4B0113 4E0101 610103 920104 91020007"
		   "9000");
	rig_control(r, "config set wrapped yes", "ok");
	rig_expect(r, "81 CB C1 00 03 840109", "6A82");
	rig_expect(r, "81 CB C1 00 03 850101", "6A80"); /* the wrong kind of name */
	rig_expect(r, "81 CB C1 00 0B 840101 7406646576696365", "6A80"); /* both */
	rig_expect(r, "81 CB C1 00 02 7400", "6A82"); /* no label addresses nothing */
	rig_expect(r, "81 CB C5 00 03 840101", "6A86");
	rig_expect(r, "81 CB C1 01 03 840101", "6A86");
	rig_expect(r, "81 CB C1 00", "6700");
	rig_expect(r, "81 CB C1 00 06 DF01AA 840101", "C1*9000"); /* unknown tags are skipped */
}

static void test_random(void **state)
{
	struct rig *r = *state;
	struct reply a = rig_send(r, "81 84 00 00 20"), b = rig_send(r, "81 84 00 00 20");
	assert_int_equal(a.n, 32);
	assert_int_equal(b.n, 32);
	assert_memory_not_equal(a.b, b.b, 32);
	assert_int_equal(rig_send(r, "81 84 00 00 00").n, 256);
	assert_int_equal(rig_send(r, "81 84 00 00 01").n, 1);
	rig_expect(r, "81 84 01 00 08", "6A86");
	rig_expect(r, "81 84 00 00 02 AABB", "6700");
}

static size_t read_in_steps(struct rig *r, size_t step, uint8_t *file, size_t cap)
{
	size_t at = 0;
	for (int rounds = 0; rounds < 700; rounds++) {
		char cmd[40];
		snprintf(cmd, sizeof(cmd), "81B0%04zX03830102%02zX", at, step & 0xFF);
		struct reply got = rig_send(r, cmd);
		assert_int_equal(got.sw, 0x9000);
		assert_true(got.n <= step && at + got.n <= cap);
		if (got.n == 0)
			return at;
		memcpy(file + at, got.b, got.n);
		at += got.n;
	}
	return 0;
}

static void test_read_file(void **state)
{
	struct rig *r = *state;
	uint8_t whole[600], again[600];
	assert_int_equal(read_in_steps(r, 256, whole, sizeof(whole)), 600);
	assert_int_equal(read_in_steps(r, 255, again, sizeof(again)), 600);
	assert_memory_equal(whole, again, 600);
	assert_int_equal(read_in_steps(r, 50, again, sizeof(again)), 600);
	assert_memory_equal(whole, again, 600);
	assert_int_equal(read_in_steps(r, 1, again, sizeof(again)), 600);
	assert_memory_equal(whole, again, 600);
	rig_expect(r, "81 B0 02 58 03 830102", "9000"); /* at the end: nothing */
	rig_expect(r, "81 B0 02 59 03 830102", "6981"); /* beyond */
	rig_expect(r, "81 B0 FF FF 03 830102", "6981");
	rig_control(r, "config set sw-offset 6A86", "ok");
	rig_expect(r, "81 B0 02 59 03 830102", "6A86");
	rig_control(r, "config set sw-offset 6981", "ok");
	rig_expect(r, "81 B0 00 00 03 83010A", "6A82");
	rig_control(r, "config set chunk-pad yes", "ok");
	assert_int_equal(rig_send(r, "81 B0 02 00 03 830102").n, 256); /* padded with zeros */
	rig_control(r, "config set chunk-pad no", "ok");
	rig_control(r, "config set chunk 240", "ok");
	assert_int_equal(rig_send(r, "81 B0 00 00 03 830102").n, 240);
	rig_control(r, "config set chunk 256", "ok");
}

static void test_locked(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set locked yes", "ok");
	rig_expect(r, "81 B0 00 00 03 830102", "6984");
	rig_expect(r, "81 2A 00 01 0D 840101 A10103 91020001 920104", "6984");
	rig_control(r, "config set locked no", "ok");
	rig_expect(r, "81 B0 00 00 03 830102", "*9000");
}

static void test_commands_that_are_not_there(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set dh no", "ok");
	rig_control(r, "config set prf no", "ok");
	rig_expect(r, "81 46 00 00 06 840104 850105", "6D00");
	rig_expect(r, "81 48 00 00 06 D20101 D30130", "6D00");
	rig_expect(r, "81 CB 00 00", "*90010B*930100940102B701039000"); /* and says so */
	rig_control(r, "config set hkdf no", "ok");
	rig_expect(r, "81 4A 00 00 04 91020001", "6D00");
	rig_expect(r, "81 CB 00 00", "*900103*930100940100B701039000");
	rig_control(r, "config set dh yes", "ok");
	rig_control(r, "config set prf yes", "ok");
	rig_control(r, "config set hkdf yes", "ok");
	rig_expect(r, "81 20 00 01 00", "6D00");
	rig_expect(r, "81 99 00 00 00", "6D00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logged_card),
		cmocka_unit_test(test_full_card_lists_in_pages),
		cmocka_unit_test_setup(test_application, fresh),
		cmocka_unit_test_setup(test_layouts, fresh),
		cmocka_unit_test_setup(test_paging, fresh),
		cmocka_unit_test_setup(test_object_information, fresh),
		cmocka_unit_test_setup(test_random, fresh),
		cmocka_unit_test_setup(test_read_file, fresh),
		cmocka_unit_test_setup(test_locked, fresh),
		cmocka_unit_test_setup(test_commands_that_are_not_there, fresh),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
