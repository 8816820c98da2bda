/* SPDX-License-Identifier: Apache-2.0 */
/* SIMs that went and were back, or that others took the place of, before anybody looked: the count
 * of changes tells it (transport.h), and within an operation nothing more is sent to such a card.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "mbim_rig.h"
#include "qmi_rig.h"

static void settle(void)
{
	usleep(60 * 1000); /* the modem's thread has spoken */
}

/* --- MBIM --- */

#define SIM_A "8988211000000123456"
#define SIM_B "8988211000000777777"

static void mbim_say(struct mbim_modem *m, uint32_t ready, const char *iccid)
{
	mbim_modem_sim(m, ready, iccid);
	mbim_modem_indicate(m);
}

static void mbim_counts(void **state)
{
	struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
	struct transport *t = mbim_rig_enter();
	uint64_t before = t->changes;

	(void)state;
	transport_leave(t);
	/* the same again is none */
	mbim_say(m, 1, SIM_A);
	settle();
	assert_true(transport_present(t));
	assert_int_equal(t->changes, before);
	/* out and in */
	mbim_say(m, 2, "");
	mbim_say(m, 1, SIM_A);
	settle();
	assert_true(transport_present(t));
	assert_int_not_equal(t->changes, before);
	before = t->changes;
	/* another one at once, which an operation hears of */
	mbim_say(m, 1, SIM_B);
	settle();
	assert_int_equal(transport_enter(t, deadline_in_ms(20000)), ST_OK);
	transport_leave(t);
	assert_int_not_equal(t->changes, before);
	before = t->changes;
	/* or of which a look learns */
	mbim_modem_sim(m, 2, "");
	assert_int_equal(transport_look(t, deadline_in_ms(20000)), ST_NO_CARD);
	assert_int_not_equal(t->changes, before);
	transport_close(t);
	mbim_modem_stop(m);
}

static void mbim_sends_nothing_to_another_card(void **state)
{
	static const struct {
		uint32_t ready;
		const char *iccid;
		status st; /* of the second exchange after it */
	} table[] = {
		{1, SIM_A, ST_OK},
		{2, "", ST_CHANNEL_LOST},
		{1, SIM_B, ST_CHANNEL_LOST},
	};
	const char *hex;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct mbim_modem *m = mbim_rig_start(mbim_rig_no_rows);
		struct transport *t = mbim_rig_enter();
		struct channel ch;

		assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_OK);
		mbim_say(m, table[i].ready, table[i].iccid);
		settle();
		(void)mbim_rig_exchange(t, &hex, 20000); /* takes it in */
		unsigned sent = mbim_modem_count(m, MK_APDU);
		assert_int_equal(mbim_rig_exchange(t, &hex, 20000), table[i].st);
		assert_int_equal(mbim_modem_count(m, MK_APDU), sent + (table[i].st == ST_OK));
		/* a channel of the card that is there now will do */
		assert_int_equal(mbim_rig_channel_open(t, &ch, 20000), ST_OK);
		assert_int_equal(mbim_rig_exchange(t, &hex, 20000), ST_OK);
		transport_leave(t);
		transport_close(t);
		mbim_modem_stop(m);
	}
}

/* --- QMI --- */

static void qmi_counts(void **state)
{
	static const char other_iccid[] = "101500010200000001000000010A98881201000000214375";
	struct qmodem_row rows[] = {
		{.id = 0x7777, .tlvs = "100F00 FFFFFFFFFFFFFFFF 01 00 00000000 00"}, ROWS_END};
	struct qmodem *m = qmodem_start(qmi_rig_socket, rows);
	char iccid[ICCID_DIGITS_MAX + 1];
	struct channel ch;
	struct transport *t = qmi_rig_ready(&ch);

	(void)state;
	assert_int_equal(transport_iccid(t, iccid, deadline_in_ms(20000)), ST_OK);
	transport_leave(t);
	uint64_t before = t->changes;
	qmodem_say(m, RIG_CARD_IN);
	settle();
	assert_true(transport_present(t));
	assert_int_equal(t->changes, before);
	qmodem_say(m, RIG_CARD_OUT);
	qmodem_say(m, RIG_CARD_IN);
	settle();
	assert_true(transport_present(t));
	assert_int_not_equal(t->changes, before);
	before = t->changes;
	qmodem_say(m, qmi_rig_frame(RIG_INDICATION, "0000", 0x0048, other_iccid));
	settle();
	assert_int_equal(transport_enter(t, deadline_in_ms(20000)), ST_OK);
	transport_leave(t);
	assert_int_not_equal(t->changes, before);
	before = t->changes;
	rows[0].id = 0x002F;
	assert_int_equal(transport_look(t, deadline_in_ms(20000)), ST_NO_CARD);
	assert_int_not_equal(t->changes, before);
	qmi_rig_end(t, m);
}

int main(void)
{
	const struct CMUnitTest mbim[] = {
		MBIM_RIG_TEST(mbim_counts),
		MBIM_RIG_TEST(mbim_sends_nothing_to_another_card),
	};
	const struct CMUnitTest qmi[] = {
		cmocka_unit_test(qmi_counts),
	};
	int bad = cmocka_run_group_tests(mbim, mbim_rig_set_up, mbim_rig_tear_down);

	return bad + cmocka_run_group_tests(qmi, qmi_rig_set_up, qmi_rig_tear_down);
}
