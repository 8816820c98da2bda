/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a hostile host at the MBIM front. Input: one byte for the modem's habits, one for a
 * fault, then the stream, in pieces whose lengths follow from a running sum. The function runs
 * without its pty, on a card that answers by rule; what it would send is composed and dropped. */
#include <stdlib.h>
#include <string.h>

#include "front_mbim.h"
#include "fuzz.h"
#include "mem.h"
#include "tiny_card.h"

enum { CARD_CHANNELS = 4 };

static const struct tiny_pair script[] = {
	{"81CB010000", "8401AB9000"}, {"81CB020000", "6103"}, {"01C0000003", "8401CD9000"},
	{"81CB030000", "6C00"},	      {NULL, NULL},
};
static const char *const specs[] = {"M1@3",  "M2x0",  "M3x0",  "M3x0:swapped", "M4x0:24",
				    "M5x0",  "M6x0",  "M7@4",  "F8x0",	       "F12x0",
				    "F15x0", "F23x0", "F25x0", "F29@2"};

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check(struct sim_front *m)
{
	unsigned open = 0;

	for (unsigned i = 0; i < MBIM_CHANNELS; i++)
		open += m->channel[i].open;
	require(open < CARD_CHANNELS && !m->channel[0].open);
	require(m->max >= MBIM_TRANSFER_MIN && m->max <= MBIM_TRANSFER_MAX);
	require(!m->info.fixed.overflow && !m->info.data.overflow);
	require(mbim_in_room(&m->in) > 0);
}

static void feed(struct sim_front *m, struct bytes b)
{
	struct mbim_message message;

	mbim_in_add(&m->in, b);
	while (mbim_in_take(&m->in, &message)) {
		require(message.body.n <= MBIM_BODY_MAX);
		require(message.error == MBIM_ERROR_NONE || message.body.n == 0);
		mbim_message_handle(m, &message);
	}
	check(m);
}

static void feed_in_pieces(struct sim_front *m, const uint8_t *data, size_t size)
{
	unsigned sum = 1;

	while (size > 0) {
		sum = sum * 31 + data[0];
		size_t n = 1 + sum % 61;
		n = n < size ? n : size;
		n = n < mbim_in_room(&m->in) ? n : mbim_in_room(&m->in);
		feed(m, bytes_of(data, n));
		data += n;
		size -= n;
	}
}

static void set_habits(struct mbim_habits *h, uint8_t bits)
{
	h->class_type = bits & 1;
	h->le_required = bits & 2;
	h->select_p2 = bits & 4;
	h->card_numbers = bits & 8;
	h->max = bits & 16 ? MBIM_TRANSFER_MIN : MBIM_TRANSFER_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sim_front m;
	struct mbim_message late;
	char err[128];

	if (size < 2)
		return 0;
	m = (struct sim_front){.card = tiny_card_new(script), .faults = sim_faults_new()};
	m.baseband = (struct baseband){m.card, "fuzz", sim_card_generation(m.card)};
	m.present = true;
	set_habits(&m.habits, data[0]);
	m.max = (size_t)m.habits.max;
	mbim_in_init(&m.in, m.max);
	require(m.faults && pty_init(&m.port, m.card, "--mbim") == ST_OK);
	if (data[1] < ARRAY_LEN(specs))
		require(sim_faults_arm(m.faults, bytes_str(specs[data[1]]), err) == ST_OK);
	feed_in_pieces(&m, data + 2, size - 2);
	if (mbim_in_expire(&m.in, &late))
		mbim_message_handle(&m, &late);
	require(!mbim_in_expire(&m.in, &late));
	pty_free(&m.port);
	sim_faults_free(m.faults);
	sim_card_free(m.card);
	return 0;
}
