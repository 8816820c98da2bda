/* SPDX-License-Identifier: Apache-2.0 */
/* Malformed commands: every cut of every good command, wrong Lc, and a long random walk. */
#include "card_rig.h"

#include <stdio.h>
#include <string.h>

#include "hex.h"

static int setup(void **state)
{
	*state = rig_new("full", 0);
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

/* One good command of each kind that has a body. */
static const char *const good[] = {
	"81CBC100 03840101",
	"81CBC200 03850101",
	"81CBC300 03830102",
	"81CBC400 0386010A",
	"81B00000 03830102",
	"81CD0000 03850101",
	"81240007 03850105",
	"81D88007 4734454943864104D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
	"56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB",
	"812A0001 0D840101A1010391020001920104",
	"812B8001 229E202CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824",
	"812C0002 0D850101A1010391020001920104",
	"81460000 06840117850118",
	"81480000 0ED10411223344D203313233D30110",
	"81480200 0F86010AD40411223344D20161D30110",
	"814A0000 10D10411223344D50455667788910200 01",
	"812A0003 0986010BA10101920108",
	"812D8002 2B9E202CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"
	"330006010203040506",
	"81B90000 03840104",
	"01A40400 07A0000005590010",
	"01A40000 022F00",
};

static size_t decode(const char *hex, uint8_t *dst, size_t cap)
{
	char text[400];
	struct wtr w = wtr_on(dst, cap);
	size_t n = 0;
	for (; *hex; hex++) {
		if (*hex != ' ')
			text[n++] = *hex;
	}
	text[n] = '\0';
	assert_int_equal(hex_get(bytes_str(text), &w), ST_OK);
	return w.n;
}

static unsigned transmit(struct rig *r, struct bytes cmd)
{
	uint8_t out[300];
	struct wtr w = WTR_ON(out);
	assert_int_equal(sim_card_transmit(r->card, "test", cmd, &w), ST_OK);
	assert_in_range(w.n, 2, 258);
	return (unsigned)(out[w.n - 2] << 8 | out[w.n - 1]);
}

static void fresh_session(struct rig *r)
{
	rig_control(r, "reset", "ok");
	rig_select(r);
}

/* 6700; SELECT by file id is refused for its P1 first, as the applet is selected. */
static void expect_length(struct rig *r, struct bytes cmd)
{
	bool by_fid = cmd.p[1] == 0xA4 && cmd.p[2] == 0x00;
	assert_int_equal(transmit(r, cmd), by_fid ? 0x6A86 : 0x6700);
}

static void test_wrong_lengths(void **state)
{
	struct rig *r = *state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint8_t cmd[300];
		size_t n = decode(good[i], cmd, sizeof(cmd));
		fresh_session(r);
		for (size_t cut = 6; cut < n; cut++)
			expect_length(r, bytes_of(cmd, cut));
		uint8_t lc = cmd[4];
		const uint8_t wrong[] = {(uint8_t)(lc + 1), (uint8_t)(lc - 2), 0, 0xFF};
		for (size_t k = 0; k < sizeof(wrong); k++) {
			cmd[4] = wrong[k];
			expect_length(r, bytes_of(cmd, n));
		}
	}
}

/* The body is cut and Lc says so: a TLV that passes the end, or one that is missing. */
static void test_cut_tlvs(void **state)
{
	struct rig *r = *state;
	for (size_t i = 0; i < 17; i++) {
		uint8_t cmd[300];
		size_t n = decode(good[i], cmd, sizeof(cmd));
		for (size_t cut = 6; cut < n; cut++) {
			fresh_session(r);
			cmd[4] = (uint8_t)(cut - 5);
			unsigned sw = transmit(r, bytes_of(cmd, cut));
			/* an update has no session here: cut between TLVs, that is what it says */
			if (sw != 0x6A80 && sw != 0x6985)
				fail_msg("%s cut to %zu: %04X", good[i], cut, sw);
		}
	}
}

static void test_lengths_that_lie(void **state)
{
	struct rig *r = *state;
	fresh_session(r);
	rig_expect(r, "81CBC100 03 84FF01", "6A80");
	rig_expect(r, "81CBC100 02 8401", "6A80");
	rig_expect(r, "81CBC100 02 8400", "6A80"); /* an id of nothing */
	rig_expect(r, "81CBC100 01 84", "6A80");
	rig_expect(r, "81CBC100 17 8415 000102030405060708090A0B0C0D0E0F1011121314", "6A80");
	rig_expect(r, "81CBC100 06 840101 840101", "6A80"); /* twice */
	rig_expect(r, "812D8002 02 3300", "6A80");
	rig_expect(r, "812D8002 03 330040", "6A80");
}

/* xorshift: the same walk every time, and the seed in the message if it fails */
static uint32_t next_random(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void test_random_walk(void **state)
{
	struct rig *r = *state;
	uint32_t x = 20191201;
	fresh_session(r);
	for (int round = 0; round < 30000; round++) {
		uint8_t cmd[300];
		size_t n = decode(good[next_random(&x) % (sizeof(good) / sizeof(good[0]))], cmd,
				  sizeof(cmd));
		if (cmd[1] == 0xB9) /* slow, and not about parsing */
			continue;
		for (uint32_t flips = next_random(&x) % 4; flips > 0; flips--)
			cmd[next_random(&x) % n] = (uint8_t)next_random(&x);
		if (next_random(&x) % 8 == 0)
			n = next_random(&x) % (n + 1);
		if (cmd[1] == 0xB9)
			continue;
		(void)transmit(r, bytes_of(cmd, n));
		if (round % 500 == 499)
			fresh_session(r);
	}
	fresh_session(r);
	rig_expect(r, "812A0001 0D840101A1010391020001920104", "9000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_lengths),
		cmocka_unit_test(test_cut_tlvs),
		cmocka_unit_test(test_lengths_that_lie),
		cmocka_unit_test(test_random_walk),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
