/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a hostile host at the software SIM's QMUX front. Input: a byte that picks options, a
 * byte that picks a fault, then the stream, in pieces whose lengths follow from a running sum. The
 * card and the port are here: every answer must be a frame that can be read, and to a request. */
#include <stdlib.h>
#include <string.h>

#include "front_qmux.h"
#include "fuzz.h"
#include "mem.h"

enum { CHANNELS = 4, PIECE_MAX = 97 };

static const char *const faults[] = {
	"Q3x0", "Q4x0",	 "Q5x0",  "Q5x0:mixed", "Q6x0", "Q6x0:twice",	  "Q7",		"Q8x0",
	"F6",	"F15x0", "F23x0", "F25x0",	"F13",	"Q5x0:oversized", "Q2x0:after", "Q3"};

struct sim_card {
	bool open[CHANNELS];
	bool present;
	uint32_t generation;
};

static struct sim_card card;
static bool spoilt; /* what is sent may be broken */

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* ---- the card ---- */

static void manage(const uint8_t *cmd, struct wtr *reply)
{
	if (cmd[2] == 0x80) {
		bool was_open = cmd[3] > 0 && cmd[3] < CHANNELS && card.open[cmd[3]];

		require(was_open); /* the front closes what is open, and only once */
		card.open[cmd[3]] = false;
		wtr_u16be(reply, 0x9000);
		return;
	}
	for (uint8_t n = 1; n < CHANNELS; n++) {
		if (card.open[n])
			continue;
		card.open[n] = true;
		wtr_u8(reply, n);
		wtr_u16be(reply, 0x9000);
		return;
	}
	wtr_u16be(reply, 0x6A81);
}

status sim_card_transmit(struct sim_card *c, const char *front, struct bytes cmd, struct wtr *reply)
{
	(void)front;
	require(cmd.n >= 4 && cmd.n <= APDU_CMD_MAX && reply->n == 0);
	if (!c->present)
		return ST_NO_CARD;
	if (cmd.p[0] == 0x00 && cmd.p[1] == 0x70) {
		manage(cmd.p, reply);
		return ST_OK;
	}
	require(cmd.p[0] & 0x40 || cmd.p[1] == 0xA4 || cmd.p[1] == 0xB0 || cmd.p[1] == 0xC0 ||
		card.open[cmd.p[0] & 0x03]);
	wtr_fill(reply, cmd.p[1], cmd.p[3]);
	wtr_u16be(reply, cmd.p[1] == 0xA4 && cmd.p[cmd.n - 1] & 1 ? 0x6A82 : 0x9000);
	return ST_OK;
}

bool sim_card_present(struct sim_card *c)
{
	return c->present;
}

uint32_t sim_card_generation(struct sim_card *c)
{
	return c->generation;
}

void sim_card_reset(struct sim_card *c)
{
	c->generation++;
	memset(c->open, 0, sizeof(c->open));
}

void sim_card_iccid(struct sim_card *c, char ret_digits[21])
{
	(void)c;
	memcpy(ret_digits, "8988307000012345678", 20);
}

/* ---- the port ---- */

static void check_frame(struct bytes frame)
{
	struct rdr r = rdr_of(frame);
	uint8_t marker = 0, flags = 0, service = 0;
	uint16_t n = 0, tlvs = 0;

	require(rdr_u8(&r, &marker) == ST_OK && marker == 0x01);
	require(rdr_u16le(&r, &n) == ST_OK && (size_t)n + 1 == frame.n);
	require(rdr_u8(&r, &flags) == ST_OK && flags == 0x80);
	require(rdr_u8(&r, &service) == ST_OK && rdr_skip(&r, 2) == ST_OK);
	require(rdr_skip(&r, service == QMUX_CTL ? 3 : 4) == ST_OK);
	require(rdr_u16le(&r, &tlvs) == ST_OK && tlvs == r.n);
	require(qmux_tlv_ok(rdr_rest(&r)));
}

void qmux_port_send(struct sim_front *m, int conn, struct bytes b, bool fragments)
{
	(void)m;
	(void)fragments;
	require((conn == 0 || conn == QMUX_ALL) && b.n > 0 && b.n <= QMUX_FRAME_MAX + 16);
	if (!spoilt)
		check_frame(b);
}

void qmux_port_hang_up(struct sim_front *m, int conn)
{
	(void)m;
	require(conn == 0);
}

void qmux_port_unplug(struct sim_front *m, int64_t ms)
{
	require(ms > 0);
	m->power_failed = true;
}

void qmux_port_hold(struct sim_front *m, int64_t ms)
{
	(void)m;
	(void)ms;
}

void qmux_port_pause(struct sim_front *m, int64_t ms)
{
	(void)m;
	(void)ms;
}

/* ---- the host ---- */

static void feed(struct sim_front *m, const uint8_t *data, size_t size)
{
	struct qmux_input *in = &m->in[0];
	unsigned sum = 1;

	while (size > 0) {
		size_t n;

		sum = sum * 31 + data[0];
		n = 1 + sum % PIECE_MAX;
		n = n < size ? n : size;
		n = n < sizeof(in->p) - in->n ? n : sizeof(in->p) - in->n;
		require(n > 0); /* what is no frame does not fill the buffer */
		memcpy(in->p + in->n, data, n);
		in->n += n;
		qmux_frame_take(m, 0);
		if (sum % 61 == 0)
			m->refresh_mode = (int)(sum % 7);
		if (sum % 67 == 0) {
			card.present = !card.present;
			sim_card_reset(&card);
		}
		qmux_status_watch(m);
		data += n;
		size -= n;
	}
}

static void arm(struct sim_front *m, uint8_t which)
{
	char err[128];
	const char *spec = faults[which % ARRAY_LEN(faults)];

	if (which & 0x80)
		return;
	require(sim_faults_arm(m->faults, bytes_str(spec), err) == ST_OK);
	spoilt = spec[1] == '6' || strcmp(spec, "F25x0") == 0 || strcmp(spec, "Q4x0") == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sim_front m;

	if (size < 2)
		return 0;
	memset(&m, 0, sizeof(m));
	card = (struct sim_card){.present = true};
	spoilt = false;
	m.card = &card;
	m.present = true;
	m.refresh_mode = -1;
	m.options = (struct qmux_options){.cids = 1 + (data[0] & 3),
					  .slot = 1 + (data[0] >> 2 & 1),
					  .proc = data[0] & 8,
					  .old = data[0] & 16};
	m.baseband = (struct baseband){&card, "qmux", 0};
	pthread_mutex_init(&m.lock, NULL);
	m.faults = sim_faults_new();
	require(m.faults != NULL);
	arm(&m, data[1]);
	feed(&m, data + 2, size - 2);
	qmux_client_drop_all(&m);
	for (size_t i = 1; i < CHANNELS; i++)
		require(!card.open[i]); /* no channel without a client */
	sim_faults_free(m.faults);
	pthread_mutex_destroy(&m.lock);
	return 0;
}
