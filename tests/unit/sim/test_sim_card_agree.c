/* SPDX-License-Identifier: Apache-2.0 */
/* COMPUTE DH: published vectors on three curves, both of its forms, every refusal, lost power. */
#include "card_rig.h"

#include <stdio.h>
#include <string.h>

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
	rig_control(*state, "fault clear", "ok");
	rig_select(*state);
	return 0;
}

/* RFC 5903 §8.1 */
#define P256_NUMBER "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433"
#define P256_PEER                                                                                  \
	"04D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"                       \
	"56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB"
#define P256_Z "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE"

/* RFC 5903 §8.2 */
#define P384_NUMBER                                                                                \
	"099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655"                         \
	"E35B538041E649EE3FAEF896783AB194"
#define P384_PEER                                                                                  \
	"04E558DBEF53EECDE3D3FCCFC1AEA08A89A987475D12FD950D83CFA41732BC509D"                       \
	"0D1AC43A0336DEF96FDA41D0774A3571"                                                         \
	"DCFBEC7AACF3196472169E838430367F66EEBE3C6E70C416DD5F0C68759DD1FF"                         \
	"F83FA40142209DFF5EAAD96DB9E6386C"
#define P384_Z                                                                                     \
	"11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4"                         \
	"D603135569B9E9D09CF5D4A270F59746"

/* RFC 7027 appendix A.1 */
#define BRAINPOOL_NUMBER "81DB1EE100150FF2EA338D708271BE38300CB54241D79950F77B063039804F1D"
#define BRAINPOOL_PEER                                                                             \
	"048D2D688C6CF93E1160AD04CC4429117DC2C41825E1E9FCA0ADDD34E6F1B39F7B"                       \
	"990C57520812BE512641E47034832106BC7D3E8DD0E4C7F1136D7006547CEC6A"
#define BRAINPOOL_Z "89AFC39D41D3B327814B80940B042590F96556EC91E6AE7939BCE31F3A18BF2B"

static void put_p256(struct rig *r)
{
	rig_expect(r, "81 24 00 00 03 850105", "9000");
	rig_expect(r, "81 D8 80 00 47 34454943 8641" P256_PEER, "9000");
	rig_expect(r, "81 24 01 00", "9000");
}

static void test_p256(void **state)
{
	struct rig *r = *state;
	rig_control(r, "object private 17 value " P256_NUMBER, "ok");
	put_p256(r);
	rig_expect(r, "81 46 00 00 06 840117 850105 00", P256_Z "9000"); /* §15.7 */
	rig_expect(r, "81 46 00 00 06 840117 850105", P256_Z "9000");
	rig_expect(r, "81 46 00 00 06 850105 840117", P256_Z "9000"); /* in any order */
	rig_expect(r, "81 46 00 00 09 840117 750470656572", P256_Z "9000");
	/* a private number that starts with zeros, and the shortest there is */
	rig_control(r,
		    "object private 17 value "
		    "0000000000000000000000000000000000000000000000000000000000000001",
		    "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105",
		   "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63 9000");
}

static void test_p384(void **state)
{
	struct rig *r = *state;
	rig_control(r, "object private 1001 value " P384_NUMBER, "ok");
	rig_expect(r, "81 24 00 00 03 850106", "9000");
	rig_expect(r, "81 D8 80 00 67 34654963 8661" P384_PEER, "9000");
	rig_expect(r, "81 46 00 00 07 84021001 850106", P384_Z "9000");
}

static void test_brainpool(void **state)
{
	struct rig *r = *state;
	rig_control(r, "object private 1101 value " BRAINPOOL_NUMBER, "ok");
	rig_expect(r, "81 24 00 00 03 850107", "9000");
	rig_expect(r, "81 D8 80 00 47 34454943 8641" BRAINPOOL_PEER, "9000");
	rig_expect(r, "81 46 00 00 07 84021101 850107", BRAINPOOL_Z "9000");
}

/* Two pairs, each with the other's public half. */
static void both_ways(struct rig *r, const char *one, const char *one_public, const char *other,
		      const char *other_public)
{
	char cmd[80], want[120];
	snprintf(cmd, sizeof(cmd), "81460000%02zX%s%s", (strlen(one) + strlen(other_public)) / 2,
		 one, other_public);
	struct reply z = rig_send(r, cmd);
	assert_int_equal(z.sw, 0x9000);
	assert_true(z.n == 32 || z.n == 48);
	snprintf(want, sizeof(want), "%s9000", rig_hex(bytes_of(z.b, z.n)));
	rig_expectf(r, want, "81460000%02zX%s%s", (strlen(other) + strlen(one_public)) / 2, other,
		    one_public);
}

static void test_generated_pairs(void **state)
{
	struct rig *r = *state;
	for (int i = 0; i < 20; i++) {
		rig_expect(r, "81 B9 00 00 03 840104", "840104*9000");
		both_ways(r, "840104", "850104", "840117", "850118");
	}
	rig_expect(r, "81 B9 00 00 03 840119", "840119*9000");
	both_ways(r, "840119", "85011A", "84021001", "85021002");
	rig_expect(r, "81 B9 00 00 03 84011B", "84011B*9000");
	both_ways(r, "84011B", "85011C", "84021101", "85021102");
}

/* §20 row 26: a header that no card is known to write */
static void test_header(void **state)
{
	struct rig *r = *state;
	rig_control(r, "object private 17 value " P256_NUMBER, "ok");
	put_p256(r);
	rig_control(r, "config set dh-header 1", "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105", "D420" P256_Z "9000");
	rig_control(r, "config set dh-header 2", "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105", "D40020" P256_Z "9000");
	rig_control(r, "config set dh-header none", "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105", P256_Z "9000");
	rig_control(r, "config set t0 yes", "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105", "6120");
	rig_expect(r, "81 C0 00 00 20", P256_Z "9000");
	rig_control(r, "config set t0 no", "ok");
}

static void test_refused_for_form(void **state)
{
	struct rig *r = *state;
	put_p256(r);
	rig_expect(r, "81 46 01 00 06 840117 850105", "6A86");
	rig_expect(r, "81 46 00 01 06 840117 850105", "6A86");
	rig_expect(r, "81 46 00 00", "6700");
	rig_expect(r, "81 46 00 00 00", "6700");
	rig_expect(r, "81 46 00 00 07 840117 850105", "6700");
	rig_expect(r, "81 46 00 00 03 840117", "6A80");
	rig_expect(r, "81 46 00 00 03 850105", "6A80");
	rig_expect(r, "81 46 00 00 06 840117 860105", "6A80");
	rig_expect(r, "81 46 00 00 0C 840117 850105 750470656572", "6A80"); /* id and label */
	rig_expect(r, "81 46 00 00 06 840117 850205", "6A80");
	rig_expect(r, "81 46 00 00 06 840199 850105", "6A82");
	rig_expect(r, "81 46 00 00 06 840117 850199", "6A82");
	rig_control(r, "config set dh no", "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105", "6D00");
	rig_control(r, "config set dh yes", "ok");
}

static void test_refused_for_state(void **state)
{
	struct rig *r = *state;
	rig_expect(r, "81 46 00 00 06 840117 850105", "6985"); /* empty */
	put_p256(r);
	rig_expect(r, "81 46 00 00 06 840117 850105", "*9000");
	rig_expect(r, "81 46 00 00 06 840101 850105", "6985");	 /* no agreement with this key */
	rig_expect(r, "81 46 00 00 06 840117 850101", "6985");	 /* nor with that one */
	rig_expect(r, "81 46 00 00 06 840104 850105", "6985");	 /* no key yet */
	rig_expect(r, "81 46 00 00 07 84021001 850105", "6985"); /* another curve */
	rig_expect(r, "81 46 00 00 07 84021101 850105", "6985"); /* as wide, and another one */
	rig_control(r, "object private 17 agreement 00", "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105", "6985");
	rig_control(r, "object private 17 agreement 01", "ok");
	rig_control(r, "object private 17 functions 03", "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105", "6985");
	rig_control(r, "object private 17 functions 07", "ok");
	rig_control(r, "object public 05 functions 01", "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105", "6985");
	rig_control(r, "object public 05 functions 05", "ok");
	rig_control(r, "object public 05 state 00", "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105", "6985");
	rig_control(r, "object public 05 state 01", "ok");
	rig_control(r, "object public 05 access 00", "ok"); /* neither read nor changed */
	rig_expect(r, "81 CD 00 00 03 850105", "6985");
	rig_expect(r, "81 24 00 00 03 850105", "6985");
	rig_expect(r, "81 46 00 00 06 840117 850105", "*9000");
	rig_control(r, "object public 05 access 03", "ok");
}

static void test_locked_container(void **state)
{
	struct rig *r = *state;
	put_p256(r);
	rig_control(r, "object public 05 locked 01", "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105", "6984");
	rig_expect(r, "81 24 00 00 03 850105", "6984");
	rig_expect(r, "81 24 00 00 03 850106", "9000"); /* no other is */
	rig_control(r, "object public 05 locked 02", "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105", "6989");
	rig_control(r, "object public 05 locked 00", "ok");
	rig_expect(r, "81 46 00 00 06 840117 850105", "*9000");
}

/* Power is lost between PUT PUBLIC KEY and COMPUTE DH. */
static void test_power_lost(void **state)
{
	struct rig *r = *state;
	rig_control(r, "fault C2/46", "ok");
	rig_expect(r, "81 B9 00 00 03 840104", "*9000");
	put_p256(r);
	rig_expect(r, "81 46 00 00 06 840104 850105", "6881"); /* the channel went with it */
	rig_select(r);
	rig_expect(r, "81 46 00 00 06 840104 850105", "6985"); /* and both volatile keys */
	rig_expect(r, "81 CB C1 00 03 840104", "*4A0100*9000");
	rig_expect(r, "81 CB C2 00 03 850105", "*4A0100*9000");
	put_p256(r);
	rig_expect(r, "81 46 00 00 06 840117 850105", "*9000"); /* a persistent one is there */
}

static void test_status_words_on_demand(void **state)
{
	struct rig *r = *state;
	put_p256(r);
	rig_control(r, "fault SW/46:6984", "ok");
	rig_control(r, "fault SW/46@2:6989", "ok");
	rig_control(r, "fault C6/46@3:63CF", "ok");
	rig_expect(r, "81 84 00 00 08", "*9000"); /* of another instruction */
	rig_expect(r, "81 46 00 00 06 840117 850105", "6984");
	rig_expect(r, "81 84 00 00 08", "*9000");
	rig_expect(r, "81 46 00 00 06 840117 850105", "6989");
	struct reply got = rig_send(r, "81 46 00 00 06 840117 850105");
	assert_int_equal(got.sw, 0x63CF); /* executed */
	assert_int_equal(got.n, 32);
	rig_expect(r, "81 46 00 00 06 840117 850105", "*9000");
	rig_control(r, "fault SW", "ok");
	rig_expect(r, "81 84 00 00 08", "6F00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_p256, fresh),
		cmocka_unit_test_setup(test_p384, fresh),
		cmocka_unit_test_setup(test_brainpool, fresh),
		cmocka_unit_test_setup(test_generated_pairs, fresh),
		cmocka_unit_test_setup(test_header, fresh),
		cmocka_unit_test_setup(test_refused_for_form, fresh),
		cmocka_unit_test_setup(test_refused_for_state, fresh),
		cmocka_unit_test_setup(test_locked_container, fresh),
		cmocka_unit_test_setup(test_power_lost, fresh),
		cmocka_unit_test_setup(test_status_words_on_demand, fresh),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
