/* SPDX-License-Identifier: Apache-2.0 */
#include "uicc.h"

#include "applet.h"
#include "mem.h"
#include "uicc_file.h"
#include "uicc_pin_command.h"

enum {
	INS_MANAGE_CHANNEL = 0x70,
	INS_SELECT = 0xA4,
	INS_GET_RESPONSE = 0xC0,
	CHANNEL_OPEN = 0x00,
	CHANNEL_CLOSE = 0x80,
	SELECT_BY_AID = 0x04,
	IMPLICIT_MAX = 3, /* channels whose class is 0X: SELECT may open them (§4.1) */
	FAULT_FIRST_CHANNEL = 4,
};

bool uicc_fault(struct uicc *u, enum sim_fault_name name)
{
	return u->faults && sim_faults_strikes(u->faults, name, NULL);
}

void uicc_close_channel(struct uicc *u, unsigned n)
{
	if (!u->store->config.sticky)
		session_close_channel(&u->sessions, n);
	u->channel[n] = (struct uicc_channel){0};
}

void uicc_reset(struct uicc *u)
{
	if (!u->store->config.sticky)
		session_close_all(&u->sessions);
	for (unsigned n = 0; n < CHANNELS_MAX; n++)
		uicc_close_channel(u, n);
	u->channel[0].open = true;
	store_power_cycle(u->store);
}

/* --- answers in the shape of T=0 or T=1 (§4.4) --- */

static void put_sw(struct wtr *reply, unsigned sw)
{
	wtr_u16be(reply, (uint16_t)sw);
}

static unsigned sw_waiting(size_t n)
{
	return 0x6100u | (n > 0xFF ? 0 : (unsigned)n);
}

static void put_first(struct uicc_channel *ch, struct bytes data, size_t n, uint16_t sw,
		      struct wtr *reply)
{
	struct wtr w = WTR_ON(ch->pending);
	wtr_put(reply, bytes_of(data.p, n));
	wtr_put(&w, bytes_of(data.p + n, data.n - n));
	ch->pending_at = 0;
	ch->pending_n = w.n;
	ch->pending_sw = sw;
	put_sw(reply, w.n > 0 ? sw_waiting(w.n) : sw);
}

/* How much the first answer carries; 0 with *ret_wrong set means 6Cxx. */
static size_t first_part(const struct uicc *u, const struct apdu *a, const struct answer *out,
			 bool *ret_wrong)
{
	size_t n = out->data.n;
	bool t0 = u->store->config.t0;
	*ret_wrong = false;
	if (out->any_le)
		return n;
	if (t0 && a->data.n > 0)
		return 0; /* T=0 case 4: Le never reaches the card */
	if (n <= a->le && !(t0 && n != a->le))
		return n;
	if (n > LE_ALL)
		return a->le;
	*ret_wrong = t0 || (a->data.n == 0 && a->le < n);
	return n < a->le ? n : a->le;
}

static void deliver(struct uicc *u, const struct apdu *a, const struct answer *out, uint16_t sw,
		    struct wtr *reply)
{
	struct bytes data = wtr_bytes(&out->data);
	bool wrong;
	if (data.n == 0) {
		put_sw(reply, sw);
		return;
	}
	size_t n = first_part(u, a, out, &wrong);
	if (wrong)
		put_sw(reply, 0x6C00u | (unsigned)(data.n & 0xFF));
	else
		put_first(&u->channel[a->channel], data, n, sw, reply);
}

static void get_response(struct uicc *u, const struct apdu *a, struct wtr *reply)
{
	struct uicc_channel *ch = &u->channel[a->channel];
	size_t left = ch->pending_n - ch->pending_at;
	if (a->p1 != 0 || a->p2 != 0) {
		put_sw(reply, SW_PARAMS);
		return;
	}
	if (left > 0 && uicc_fault(u, FAULT_C7)) {
		ch->pending_n = ch->pending_at = 0;
		put_sw(reply, SW_OTHER);
		return;
	}
	if (left == 0 || a->data.n > 0) {
		put_sw(reply, left == 0 ? SW_CONDITIONS : SW_LENGTH);
		return;
	}
	if (a->le > left && a->le != LE_ALL) {
		put_sw(reply, 0x6C00u | (unsigned)left);
		return;
	}
	size_t n = a->le < left ? a->le : left;
	wtr_put(reply, bytes_of(ch->pending + ch->pending_at, n));
	ch->pending_at += n;
	put_sw(reply, n < left ? sw_waiting(left - n) : ch->pending_sw);
}

/* --- logical channels --- */

static unsigned channels_taken(const struct uicc *u)
{
	unsigned n = 0;
	for (unsigned i = 1; i < CHANNELS_MAX; i++)
		n += u->channel[i].open;
	return n;
}

static unsigned lowest_free(const struct uicc *u, unsigned from)
{
	while (from < CHANNELS_MAX && u->channel[from].open)
		from++;
	return from;
}

static uint16_t channel_open(struct uicc *u, const struct apdu *a, struct answer *out)
{
	const struct traits *config = &u->store->config;
	unsigned first = uicc_fault(u, FAULT_C4) ? FAULT_FIRST_CHANNEL : config->first_channel;
	unsigned n = a->p2 ? a->p2 : lowest_free(u, first);
	if (a->p2 >= CHANNELS_MAX)
		return SW_PARAMS;
	if (a->p2 == 0 && !a->has_le)
		return SW_LENGTH;
	if (a->p2 == 0 && a->le != 1 && a->le != LE_ALL)
		return 0x6C01;
	if (n >= CHANNELS_MAX || u->channel[n].open || channels_taken(u) >= config->channels ||
	    uicc_fault(u, FAULT_C3))
		return (uint16_t)config->sw_no_channel;
	uicc_close_channel(u, n);
	u->channel[n].open = true;
	if (a->p2 == 0)
		wtr_u8(&out->data, (uint8_t)n);
	out->any_le = true;
	return SW_OK;
}

static uint16_t channel_close(struct uicc *u, const struct apdu *a)
{
	/* on CLA 00 any channel, on a channel itself only that one (P2 = 00 names it too) */
	unsigned n = a->p2 == 0 ? a->channel : a->p2;
	if (n >= CHANNELS_MAX || (a->channel != 0 && a->channel != n))
		return SW_PARAMS;
	if (n == 0)
		return SW_UNSUPPORTED;
	if (!u->channel[n].open)
		return SW_CHANNEL_CLOSED_ALREADY;
	uicc_close_channel(u, n);
	return SW_OK;
}

static uint16_t manage_channel(struct uicc *u, const struct apdu *a, struct answer *out)
{
	if (!a->length_ok || a->data.n > 0)
		return SW_LENGTH;
	if (a->p1 == CHANNEL_OPEN)
		return channel_open(u, a, out);
	return a->p1 == CHANNEL_CLOSE ? channel_close(u, a) : SW_PARAMS;
}

/* --- dispatch --- */

static bool opens_implicitly(const struct uicc *u, const struct apdu *a)
{
	return u->store->config.implicit_open && !a->proprietary && a->ins == INS_SELECT &&
	       a->p1 == SELECT_BY_AID && a->channel <= IMPLICIT_MAX &&
	       channels_taken(u) < u->store->config.channels;
}

static uint16_t execute(struct uicc *u, const struct apdu *a, struct answer *out)
{
	struct uicc_channel *ch = &u->channel[a->channel];
	if (!a->class_ok)
		return SW_CLASS;
	if (!ch->open && !opens_implicitly(u, a))
		return SW_NO_CHANNEL;
	if (a->ins == INS_MANAGE_CHANNEL && !a->proprietary)
		return manage_channel(u, a, out);
	if (a->ins == INS_SELECT && !a->proprietary)
		return uicc_file_select(u, a, out);
	if (uicc_pin_takes(u, a))
		return uicc_pin_command(u, a);
	return ch->applet ? applet_command(u, a, out) : uicc_file_command(u, a, out);
}

void uicc_transmit(struct uicc *u, struct bytes cmd, struct wtr *reply)
{
	uint8_t data[REPLY_TOTAL_MAX];
	struct answer out = {.data = WTR_ON(data)};
	struct apdu a;
	if (apdu_parse(cmd, &a) != ST_OK) {
		put_sw(reply, SW_LENGTH);
		return;
	}
	struct uicc_channel *ch = &u->channel[a.channel];
	if (a.ins == INS_GET_RESPONSE && a.class_ok && ch->open) {
		get_response(u, &a, reply);
		return;
	}
	ch->pending_n = ch->pending_at = 0;
	/* a command that is answered 6Cxx has not moved the list on */
	size_t list_next = ch->list_next;
	bool list_more = ch->list_more;
	uint16_t sw = execute(u, &a, &out);
	if (wtr_done(&out.data) != ST_OK) {
		put_sw(reply, SW_OTHER);
		return;
	}
	size_t before = reply->n;
	deliver(u, &a, &out, sw, reply);
	if (out.data.n > 0 && reply->n == before + 2 && reply->p[before] == 0x6C) {
		ch->list_next = list_next;
		ch->list_more = list_more;
	}
	mem_wipe(data, sizeof(data));
}
