/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of PINs as the core's tests await them, on channel 1 with reference 01. */
#ifndef IOTSAFE_TESTS_CORE_PIN_STEPS_H
#define IOTSAFE_TESTS_CORE_PIN_STEPS_H

#include "card_pin.h"
#include "fake.h"

#define QUERY "01 20 00 01"
#define QUERY_LE "01 20 00 01 00"
#define VERIFY "01 20 00 01 08 31323334FFFFFFFF"
#define CHANGE "01 24 00 01 10 31323334FFFFFFFF 35363738 3930FFFF"
#define UNBLOCK "01 2C 00 01 10 3837363534333231 31323334FFFFFFFF"
/* before a PIN on a channel that was not just selected: is it still our applet's? */
#define STEP_PROBE                                                                                 \
	{                                                                                          \
		"81 84 00 00 01", "AA 9000"                                                        \
	}
#define STEP_MF                                                                                    \
	{                                                                                          \
		"01 A4 00 0C 02 3F00", "9000"                                                      \
	}

static const struct bytes pin_1234 = {(const uint8_t *)"1234", 4};
static const struct bytes pin_new = {(const uint8_t *)"567890", 6};
static const struct bytes puk = {(const uint8_t *)"87654321", 8};
/* what a failure leaves alone */
static const struct card_pin untouched = {.state = CARD_PIN_ABSENT, .tries = 77};

static inline void on_channel(void)
{
	fake_record(1, 0x80, AID_GSMA, ICCID_TEXT);
}

/* How many commands with a PIN in them were sent. */
static inline unsigned pins_sent(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake.apdus; i++) {
		uint8_t ins = fake.log[i][1], lc = fake.log[i][4];

		n += (ins == 0x20 && lc == 8) || (ins == 0x24 && lc == 16) ||
		     (ins == 0x2C && lc == 16);
	}
	return n;
}

static inline void expect_pin(const struct card_pin *pin, int state, int tries)
{
	assert_int_equal(pin->state, state);
	assert_int_equal(pin->tries, tries);
}

/* What takes an answer away. */
static const status losses[] = {ST_IO,		 ST_DESYNC,    ST_TRUNCATED, ST_MALFORMED,
				ST_CHANNEL_LOST, ST_TIMEOUT,   ST_CARD_GONE, ST_NO_CARD,
				ST_NO_DEVICE,	 ST_CARD_BUSY, ST_SIM_PIN,   ST_NO_CHANNEL};

#endif
