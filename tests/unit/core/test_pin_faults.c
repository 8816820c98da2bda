/* SPDX-License-Identifier: Apache-2.0 */
/* PINs on a card that fails at each exchange in turn, before or after it did what it was told: no
 * fault costs a try, no PIN is sent twice, and nobody takes the MF for the applet afterwards. */
#include "pin_steps.h"

#include <stdio.h>
#include <string.h>

#include "card_impl.h"
#include "mem.h"

/* --- a card with one channel, an applet and one PIN --- */

enum { PIN_TRIES = 3, PUK_TRIES = 10 };

struct tiny {
	bool open, at_applet; /* of channel 1 */
	bool pins_at_applet;
	int tries, puk_tries;
	unsigned pins; /* commands with a PIN that reached it */
	bool done;     /* one of them did what it was for */
	/* the fault */
	unsigned at, fault_at;
	status fault;
	uint16_t fault_sw; /* with ST_OK: this answer */
	bool after, reset;
};
static struct tiny tiny;

static void say(struct wtr *reply, const char *hex)
{
	uint8_t buf[16];

	wtr_put(reply, bytes_of(buf, unhex(hex, buf, sizeof(buf))));
}

static void say_tries(struct wtr *reply, int tries)
{
	wtr_u8(reply, 0x63);
	wtr_u8(reply, (uint8_t)(0xC0 | tries));
}

/* Compares eight bytes with what they should be and counts. */
static void check(struct wtr *reply, const uint8_t *got, const char *want, int *tries)
{
	if (*tries == 0) {
		say(reply, "6983");
	} else if (memcmp(got, want, 8) == 0) {
		*tries = want[0] == '8' ? PUK_TRIES : PIN_TRIES;
		tiny.done = true;
		say(reply, "9000");
	} else {
		say_tries(reply, --*tries);
	}
}

static void pin_command(struct bytes cmd, struct wtr *reply)
{
	static const char pin[] = "1234\xFF\xFF\xFF\xFF";

	if (cmd.p[1] == 0x20 && tiny.at_applet && !tiny.pins_at_applet) {
		say(reply, "6D00");
		return;
	}
	if (cmd.p[1] == 0x20 && cmd.n <= 5) {
		say_tries(reply, tiny.tries);
		return;
	}
	tiny.pins++;
	if (cmd.p[1] == 0x2C) {
		check(reply, cmd.p + 5, "87654321", &tiny.puk_tries);
		tiny.tries = tiny.done ? PIN_TRIES : tiny.tries;
	} else {
		check(reply, cmd.p + 5, pin, &tiny.tries);
	}
}

static void select_what(struct bytes cmd, struct wtr *reply)
{
	if (cmd.p[2] == 0x04)
		tiny.at_applet = true;
	else if (cmd.p[5] == 0x3F)
		tiny.at_applet = false;
	say(reply, "9000");
}

static void on_channel_1(struct bytes cmd, struct wtr *reply)
{
	switch (cmd.p[1]) {
	case 0xA4:
		select_what(cmd, reply);
		break;
	case 0xB0:
		say(reply, ICCID_SWAPPED "9000");
		break;
	case 0x84:
		say(reply, tiny.at_applet ? "0102 9000" : "6D00");
		break;
	case 0x24:
	case 0x2C:
		/* to the applet these are PUT PUBLIC KEY and VERIFY SIGNATURE */
		assert_false(tiny.at_applet);
		pin_command(cmd, reply);
		break;
	case 0x20:
		pin_command(cmd, reply);
		break;
	default:
		say(reply, "6D00"); /* GET RESPONSE among them */
	}
}

static void run_command(struct bytes cmd, struct wtr *reply)
{
	if (cmd.p[1] == 0x70) {
		tiny.open = cmd.p[2] == 0;
		tiny.at_applet = false;
		say(reply, tiny.open ? "01 9000" : "9000");
	} else if (!tiny.open) {
		say(reply, "6881");
	} else {
		on_channel_1(cmd, reply);
	}
}

static status tiny_answer(void *ctx, struct bytes cmd, struct wtr *reply)
{
	bool carries = (cmd.p[1] == 0x20 && cmd.n > 5) || cmd.p[1] == 0x24 || cmd.p[1] == 0x2C;
	bool faulty = tiny.at++ == tiny.fault_at;

	(void)ctx;
	assert_int_equal(fake.t.once, carries);
	if (!faulty || tiny.after)
		run_command(cmd, reply);
	if (!faulty)
		return ST_OK;
	if (tiny.reset)
		tiny.open = tiny.at_applet = false;
	if (tiny.fault != ST_OK)
		return tiny.fault;
	reply->n = 0;
	wtr_u16be(reply, tiny.fault_sw);
	return ST_OK;
}

/* --- the campaign --- */

enum act { ACT_VERIFY, ACT_WRONG, ACT_CHANGE, ACT_UNBLOCK, ACT_QUERY, ACTS };

static status act(struct rig *r, enum act what, struct card_pin *ret)
{
	switch (what) {
	case ACT_VERIFY:
		return card_pin_verify(r->c, 1, pin_1234, ret, soon());
	case ACT_WRONG:
		return card_pin_verify(r->c, 1, pin_new, ret, soon());
	case ACT_CHANGE:
		return card_pin_change(r->c, 1, pin_1234, pin_new, ret, soon());
	case ACT_UNBLOCK:
		return card_pin_unblock(r->c, 1, puk, pin_1234, ret, soon());
	case ACT_QUERY:
	case ACTS:
		break;
	}
	return card_pin_query(r->c, 1, ret, soon());
}

static const struct {
	status st;
	uint16_t sw;
	bool reset;
} faults[] = {
	{ST_IO, 0, false},	  {ST_DESYNC, 0, false},  {ST_TRUNCATED, 0, false},
	{ST_MALFORMED, 0, false}, {ST_TIMEOUT, 0, false}, {ST_CHANNEL_LOST, 0, true},
	{ST_CARD_GONE, 0, true},  {ST_IO, 0, true},	  {ST_OK, 0x6F00, false},
	{ST_OK, 0x6881, true},	  {ST_OK, 0x6985, false}, {ST_OK, 0x6700, false},
	{ST_OK, 0x6D00, false},	  {ST_OK, 0x6108, false}, {ST_OK, 0x6C10, false},
};

static void begin(struct rig *r, bool pins_at_applet, bool warm)
{
	fake.has_record = false;
	fake.apdus = 0;
	rig_new_process(r);
	tiny = (struct tiny){.pins_at_applet = pins_at_applet,
			     .tries = PIN_TRIES,
			     .puk_tries = PUK_TRIES,
			     .open = warm,
			     .at_applet = warm,
			     .fault_at = UINT32_MAX};
	if (warm)
		on_channel();
}

/* What is true however it went. */
static void expect_harmless(enum act what, status st, const struct card_pin *pin)
{
	bool spent = what == ACT_WRONG && tiny.pins == 1;

	assert_true(tiny.pins <= (what == ACT_QUERY ? 0 : 1));
	assert_int_equal(tiny.tries, spent ? PIN_TRIES - 1 : PIN_TRIES);
	assert_int_equal(tiny.puk_tries, PUK_TRIES);
	if (st == ST_OK && what != ACT_QUERY)
		assert_true(tiny.done);
	if (st == ST_PIN_WRONG)
		assert_true(spent && pin->tries == PIN_TRIES - 1);
	if (what == ACT_QUERY)
		assert_int_not_equal(st, ST_PIN_UNSURE);
	if (tiny.done && !(tiny.fault == ST_OK && tiny.fault_sw != 0))
		assert_true(st == ST_OK || st == ST_PIN_UNSURE);
	/* a record with an applet on a channel that lives tells the truth */
	if (fake.has_record && fake.record.aid_len > 0 && tiny.open)
		assert_true(tiny.at_applet);
}

/* And the next one works, in this process and in another. */
static void expect_well(struct rig *r)
{
	uint8_t out[2];

	assert_int_equal(card_random(r->c, out, 2, soon()), ST_OK);
	rig_new_process(r);
	assert_int_equal(card_random(r->c, out, 2, soon()), ST_OK);
}

static void test_campaign(void **state)
{
	struct rig *r = *state;
	struct card_pin pin;
	unsigned unsure = 0, cells = 0;

	fake.answer = tiny_answer;
	for (unsigned cell = 0; cell < ACTS * ARRAY_LEN(faults) * 8; cell++) {
		enum act what = (enum act)(cell / 8 % ACTS);
		size_t f = cell / 8 / ACTS;
		unsigned exchanges = 1;

		for (unsigned at = 0; at < exchanges; at++, cells++) {
			begin(r, cell & 1, cell & 2);
			tiny.fault_at = at;
			tiny.fault = faults[f].st;
			tiny.fault_sw = faults[f].sw;
			tiny.reset = faults[f].reset;
			/* 61xx claims that the command was run */
			tiny.after = (cell & 4) || faults[f].sw == 0x6108;
			pin = untouched;
			status st = act(r, what, &pin);
			unsure += st == ST_PIN_UNSURE;
			exchanges = tiny.at;
			expect_harmless(what, st, &pin);
			expect_well(r);
		}
	}
	fake_done();
	assert_true(cells > 3000);
	assert_true(unsure > 200);
}

/* Without a fault all of them do what they are for. */
static void test_no_fault(void **state)
{
	struct rig *r = *state;

	fake.answer = tiny_answer;
	for (int cell = 0; cell < ACTS * 4; cell++) {
		enum act what = (enum act)(cell / 4);
		struct card_pin pin;

		begin(r, cell & 1, cell & 2);
		status st = act(r, what, &pin);
		assert_int_equal(st, what == ACT_WRONG ? ST_PIN_WRONG : ST_OK);
		assert_int_equal(tiny.pins, what != ACT_QUERY);
		expect_harmless(what, st, &pin);
		expect_well(r);
	}
}

/* --- the engine --- */

struct twice {
	unsigned runs;
	status first, second, end;
};

static status op_twice(struct card *c, void *arg, deadline dl)
{
	struct twice *t = arg;
	struct call verify = CALL(CMD_PIN_VERIFY, .p2 = P(1), .data = BYTES_LIT("11111111"));

	t->runs++;
	t->first = exec_call(c, &verify, NULL, NULL, dl);
	t->second = exec_call(c, &verify, NULL, NULL, dl);
	return t->end;
}

/* Whatever an operation makes of it: what sent a PIN sends no other and is not run again. */
static void test_engine(void **state)
{
	static const status ends[] = {
		ST_CHANNEL_LOST,  ST_IO,       ST_SW_LOCKED, ST_CARD_BUSY,   ST_DESYNC,
		ST_SW_CONDITIONS, ST_SW_INS,   ST_TRUNCATED, ST_PIN_WRONG,   ST_NO_CHANNEL,
		ST_CARD_GONE,	  ST_SW_CLASS, ST_MALFORMED, ST_CARD_CHANGED};
	struct rig *r = *state;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct twice t = {.end = ends[i]};

		rig_new_process(r);
		on_channel();
		FAKE_PLAY({"01 20 00 01 08 *", "6700"});
		assert_int_equal(card_run(r->c, op_twice, &t, soon()), ends[i]);
		assert_int_equal(t.runs, 1);
		assert_int_equal(t.first, ST_SW_LENGTH);
		assert_int_equal(t.second, ST_BUG);
		fake_done();
	}
}

/* --- the applet cannot be selected again --- */

static void test_not_selected_again(void **state)
{
	static const status links[] = {ST_IO, ST_TIMEOUT, ST_OK, ST_DESYNC};
	struct rig *r = *state;
	struct card_pin pin;

	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		uint8_t out[2];

		rig_new_process(r);
		on_channel();
		FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, "63C3"}, {CHANGE, "9000"},
			  {"01 A4 04 00 07" AID_GSMA, "6A82", .st = links[i]});
		assert_int_equal(card_pin_change(r->c, 1, pin_1234, pin_new, &pin, soon()), ST_OK);
		assert_int_equal(fake.record.aid_len, 0);
		/* half of them in another process */
		if (i % 2)
			rig_new_process(r);
		FAKE_PLAY({"01 A4 08 0C 02 2FE2", "9000"}, STEP_READ_ICCID, STEP_SELECT,
			  {"81 84 00 00 02", "0102 9000"});
		assert_int_equal(card_random(r->c, out, 2, soon()), ST_OK);
		fake_done();
	}
	/* the channel went with it */
	FAKE_PLAY(STEP_PROBE, STEP_MF, {QUERY, "63C3"}, {CHANGE, "9000"},
		  {"01 A4 04 00 07" AID_GSMA, "6881"});
	assert_int_equal(card_pin_change(r->c, 1, pin_1234, pin_new, &pin, soon()), ST_OK);
	assert_false(fake.has_record);
	FAKE_PLAY(STEPS_OPENING, {QUERY, "63C3"});
	assert_int_equal(card_pin_query(r->c, 1, &pin, soon()), ST_OK);
	fake_done();
}

/* A channel of the modem's own: the class byte carries no number. Where the modem does not let the
 * applet be selected, the channel is closed and opened again before its next use. */
static void test_device_channel(void **state)
{
	static const struct device_step open = {AID_GSMA, "3", ST_OK};
	static const struct device_step reopen[] = {{NULL, "3", ST_OK}, {AID_GSMA, "4", ST_OK}};
	struct rig *r = *state;
	struct card_pin pin;
	uint8_t out[2];

	FAKE_PLAY({"00 20 00 01", "6D00"}, {"00 A4 00 0C 02 3F00", "9000"}, {"00 20 00 01", "63C3"},
		  {"00 20 00 01 08 31323334FFFFFFFF", "9000"}, {"00 A4 04 00 07" AID_GSMA, "9000"},
		  {"00 84 00 00 02", "0102 9000"}, {"00 A4 00 0C 02 3F00", "9000"},
		  {"00 20 00 01", "63C3"}, {"00 A4 04 00 07" AID_GSMA, .st = ST_UNSUPPORTED_LINK},
		  {"00 84 00 00 02", "0102 9000"});
	fake.device = &open;
	fake.device_count = 1;
	assert_int_equal(card_pin_verify(r->c, 1, pin_1234, &pin, soon()), ST_OK);
	assert_int_equal(card_random(r->c, out, 2, soon()), ST_OK);
	assert_int_equal(card_pin_query(r->c, 1, &pin, soon()), ST_OK);
	assert_int_equal(fake.device_at, 1);
	fake.device = reopen;
	fake.device_at = 0;
	fake.device_count = 2;
	assert_int_equal(card_random(r->c, out, 2, soon()), ST_OK);
	fake_done();
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_fault), T(campaign), T(engine), T(not_selected_again), T(device_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
