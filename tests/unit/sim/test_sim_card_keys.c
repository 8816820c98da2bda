/* SPDX-License-Identifier: Apache-2.0 */
/* GENERATE KEY PAIR, READ and PUT PUBLIC KEY; what survives what. */
#include "card_rig.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

static int fresh(void **state)
{
	rig_control(*state, "reset", "ok");
	rig_select(*state);
	return 0;
}

/* RFC 5903 §8.1: a point of P-256 */
#define PEER_POINT                                                                                 \
	"04D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"                       \
	"56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB"
#define PEER                                                                                       \
	"34454943864104"                                                                           \
	"D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"                         \
	"56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB"

static void test_generate(void **state)
{
	struct rig *r = *state;
	struct reply a = rig_send(r, "81 B9 00 00 03 840104 00");
	assert_int_equal(a.sw, 0x9000);
	assert_int_equal(a.n, 77); /* with ids of one byte (§10.7) */
	struct reply b = rig_send(r, "81 B9 00 00 0B 7409 657068656D6572616C");
	assert_int_equal(b.sw, 0x9000);
	assert_memory_not_equal(a.b, b.b, 77);
	rig_expectf(r, "*9000", "81 CD 00 00 03 850104");
	char want[200];
	snprintf(want, sizeof(want), "%s9000", rig_hex(bytes_of(b.b + 6, 71)));
	rig_expect(r, "81 CD 00 00 03 850104", want);
	rig_expect(r, "81 CB C1 00 03 840104", "C1*4A0101*9000"); /* filled now */
	rig_expect(r, "81 B9 00 00 03 840119", "8401198501 1A 3465 4963 8661 04*9000"); /* P-384 */
	rig_expect(r, "81 B9 00 00 03 84011B", "84011B 85011C 3445 4943 8641 04*9000");
	struct reply rsa = rig_send(r, "81 B9 00 00 03 84011D");
	assert_int_equal(rsa.sw >> 8, 0x61);
	assert_memory_equal(rsa.b, "\x84\x01\x1D\x85\x01\x1E\x34\x82", 8);
}

static void test_generate_answers(void **state)
{
	struct rig *r = *state;
	rig_control(r, "config set keygen-answer key", "ok");
	rig_expect(r, "81 B9 00 00 03 840104", "34454943864104*9000");
	rig_control(r, "config set keygen-answer none", "ok");
	rig_expect(r, "81 B9 00 00 03 840104", "9000");
	rig_control(r, "config set keygen-answer full", "ok");
}

static void test_generate_refusals(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "81 B9 00 00 08 8406150102030405", "6985"); /* no such function */
	rig_expect(r, "81 B9 00 00 06 840413010203", "6985");	  /* no public half */
	rig_expect(r, "81 B9 00 00 03 840177", "6A82");
	rig_expect(r, "81 B9 00 00 03 850101", "6A80");
	rig_expect(r, "81 B9 00 01 03 840104", "6A86");
	rig_expect(r, "81 B9 00 00", "6700");
	rig_expect(r, "812A00010D 840101 A10103 91020001 920104", "9000");
	rig_expect(r, "81 B9 00 00 03 840101", "6985"); /* an open session uses it */
	rig_expect(r, "812A0101", "9000");
}

static void test_read_public(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "81 CD 00 00 03 850101", "34454943864104*9000");
	rig_control(r, "config set bare-point yes", "ok");
	assert_int_equal(rig_send(r, "81 CD 00 00 03 850101").n, 65);
	rig_control(r, "config set bare-point no", "ok");
	rig_expect(r, "81 CD 00 00 03 850105", "6985"); /* empty */
	rig_expect(r, "81 CD 00 00 03 850177", "6A82");
	rig_expect(r, "81 CD 00 00 03 840101", "6A80");
}

static void test_put_public(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "81 24 00 00 03 850105 00", "9000");
	rig_expect(r, "81 D8 80 00 47 " PEER, "9000");
	rig_expect(r, "81 24 01 00 00", "9000");
	rig_expect(r, "81 CD 00 00 03 850105", PEER "9000");
	rig_expect(r, "81 CB C2 00 03 850105", "C2*4A0101*9000");
	/* in two pieces, each a TLV of its own */
	rig_expect(r, "81 24 00 02 03 850105", "9000");
	rig_expect(r, "81 D8 00 02 0C 340A 49438641 04D12DFB5289", "9000");
	rig_expect(r,
		   "81 D8 80 02 3D 343B C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
		   "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB",
		   "9000");
	rig_expect(r, "81 D8 80 02 47 " PEER, "6985"); /* done */
	sim_card_reset(r->card);
	rig_select(r);
	rig_expect(r, "81 CD 00 00 03 850105", "6985"); /* a volatile container */
}

static void test_put_public_refusals(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "81 D8 80 00 47 " PEER, "6985"); /* no session */
	rig_expect(r, "81 24 00 00 03 850177", "6A82");
	rig_expect(r, "81 24 00 00 03 850105", "9000");
	rig_expect(r, "81 24 00 00 03 850105", "6A86");
	/* last digit changed: not on the curve */
	rig_expect(r,
		   "81 D8 80 00 47 34454943864104"
		   "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
		   "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AC",
		   "6A80");
	rig_expect(r, "81 D8 80 00 06 34044902 8600", "6A80");
	rig_expect(r, "81 D8 80 00 07 34054903 860100", "6A80"); /* infinity */
	rig_expect(r, "81 D8 80 00 04 3402 4904", "6A80");
	rig_expect(r, "81 D8 80 00 02 3400", "6A80");
	rig_expect(r, "81 D8 80 00 02 9900", "6A80");
	rig_expect(r, "81 D8 80 00 48 3446 4943 8641" PEER_POINT "00",
		   "6A80");			       /* a byte too many */
	rig_expect(r, "81 D8 80 00 47 " PEER, "9000"); /* the session has survived */
	rig_expect(r, "81 24 02 00", "6A86");
}

static void test_private_key_is_not_readable(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "81 B0 00 00 03 840101", "6A80");
	rig_expect(r, "81 CD 00 00 03 840101", "6A80");
	rig_expect(r, "81 B0 00 00 03 86010A", "6A80");
}

static unsigned count_values(struct rig *r)
{
	char path[120];
	unsigned n = 0;
	snprintf(path, sizeof(path), "%s/objects", r->card_dir);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		struct stat st;
		if (e->d_name[0] == '.')
			continue;
		assert_int_equal(fstatat(dirfd(dir), e->d_name, &st, 0), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		n++;
	}
	closedir(dir);
	return n;
}

static void test_persistence(void **state)
{
	struct rig *r = *state;
	char identity[200], fresh_key[200], settings[120];
	snprintf(identity, sizeof(identity), "%s9000",
		 rig_hex(bytes_of(rig_send(r, "81CD000003850101").b, 71)));
	struct reply made = rig_send(r, "81B9000003840117");
	assert_int_equal(made.sw, 0x9000);
	snprintf(fresh_key, sizeof(fresh_key), "%s9000", rig_hex(bytes_of(made.b + 6, 71)));
	rig_expect(r, "81B9000003840104", "*9000"); /* a volatile one */
	rig_control(r, "config set sessions 5", "ok");
	unsigned values = count_values(r);
	rig_reload(r);
	rig_select(r);
	rig_expect(r, "81CD000003850101", identity);
	rig_expect(r, "81CD000003850118", fresh_key);
	rig_expect(r, "81CD000003850104", "6985");
	rig_expect(r, "81CBC1000384010400", "C1*4A0100*9000");
	rig_expect(r, "81CB000044", "*B701059000");
	rig_expect(r, "81B9000003840117", "*9000");
	assert_int_equal(count_values(r), values); /* the old value's file is gone */
	rig_control(r, "config set sessions 3", "ok");
	/* the new key signs, and its public half on the card says so */
	rig_expect(r, "812A00010D 840117 A10101 91020001 920104", "9000");
	struct reply sig = rig_send(r, "812B80010A 9B080102030405060708");
	rig_expect(r, "812C00010D 850118 A10101 91020001 920104", "9000");
	rig_expectf(r, "9000", "812D80014D 9B080102030405060708 %s",
		    rig_hex(bytes_of(sig.b, sig.n)));
	snprintf(settings, sizeof(settings), "%s/card.txt", r->card_dir);
	struct stat st;
	assert_int_equal(stat(settings, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_generate, fresh),
		cmocka_unit_test_setup(test_generate_answers, fresh),
		cmocka_unit_test_setup(test_generate_refusals, fresh),
		cmocka_unit_test_setup(test_read_public, fresh),
		cmocka_unit_test_setup(test_put_public, fresh),
		cmocka_unit_test_setup(test_put_public_refusals, fresh),
		cmocka_unit_test_setup(test_private_key_is_not_readable, fresh),
		cmocka_unit_test_setup(test_persistence, fresh),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
