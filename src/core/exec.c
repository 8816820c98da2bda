/* SPDX-License-Identifier: Apache-2.0 */
/* One command on our channel: class byte, cases, GET RESPONSE, wrong Le, and what is learned on the
 * way (iotsafe-protocol.md §4.3, §4.4, §17.1). */
#include "card_impl.h"
#include "log.h"
#include "mem.h"
#include "sw.h"

/* ISO 7816-4 §5.4.1: channels 0..3 in two bits, 4..19 in the further coding. */
static uint8_t class_with_channel(uint8_t base, uint8_t number)
{
	if (number < 4)
		return (uint8_t)(base | number);
	return (uint8_t)(base | 0x40 | (number - 4));
}

static uint8_t class_of(const struct card *c, enum class_kind kind)
{
	uint8_t number = channel_is_device_owned(&c->channel) ? 0 : c->channel.number;

	switch (kind) {
	case CLASS_BASIC:
		return 0x00;
	case CLASS_ISO:
		return class_with_channel(0x00, number);
	case CLASS_APPLET:
		break;
	}
	return class_with_channel(c->cla_base, number);
}

/* Le as ISO 7816-3 codes it: 256 is 00. */
static uint8_t le_byte(unsigned le)
{
	return le >= 256 ? 0 : (uint8_t)le;
}

/* with_le matters to case 4 only. */
static void encode(const struct card *c, const struct call *call, uint8_t cla, bool with_le,
		   struct wtr *w)
{
	const struct command *row = command_get(call->id);
	bool t0 = c->t->traits & TRANSPORT_T0;

	wtr_u8(w, cla);
	wtr_u8(w, row->ins);
	wtr_u8(w, call->p1 ? (uint8_t)call->p1 : row->p1);
	wtr_u8(w, call->p2 ? (uint8_t)call->p2 : row->p2);
	switch (row->apdu_case) {
	case APDU_CASE_1:
		if (t0)
			wtr_u8(w, 0);
		break;
	case APDU_CASE_2:
		wtr_u8(w, le_byte(call->le ? call->le : 256));
		break;
	case APDU_CASE_3:
	case APDU_CASE_4:
		wtr_u8(w, (uint8_t)call->data.n);
		wtr_put(w, call->data);
		if (row->apdu_case == APDU_CASE_4 && with_le && !t0)
			wtr_u8(w, le_byte(call->le));
		break;
	}
}

/* One exchange: the answer's data appended to acc, its status word in *ret_sw. `of` is the command
 * whose answer it is, which tells what of it may be shown. */
static status exchange(struct card *c, const struct command *row, const struct command *of,
		       struct bytes cmd, struct wtr *acc, uint16_t *ret_sw, deadline dl)
{
	uint8_t buf[APDU_REPLY_MAX + 64] = {0};
	struct wtr reply = WTR_ON(buf);
	const struct channel *ch = row->class_kind == CLASS_BASIC ? NULL : &c->channel;
	struct bytes data;
	status st;

	log_trace_bytes("C", row->name, cmd, row->clear_out);
	c->stats.apdus++;
	st = transport_transmit(c->t, ch, cmd, &reply, dl);
	if (st == ST_OK && reply.n < 2)
		st = ST_TRUNCATED;
	if (st != ST_OK) {
		mem_wipe(buf, sizeof(buf));
		log_debug("%s: %s", row->name, status_text(st));
		return st;
	}
	log_trace_answer(row->name, wtr_bytes(&reply), of->clear_in);
	data = bytes_of(buf, reply.n - 2);
	*ret_sw = (uint16_t)(buf[reply.n - 2] << 8 | buf[reply.n - 1]);
	wtr_put(acc, data);
	mem_wipe(buf, sizeof(buf));
	return wtr_done(acc) == ST_OK ? ST_OK : ST_MALFORMED;
}

/* Le that a 61xx or 9Fxx asks for. */
static unsigned waiting(uint16_t sw)
{
	return (sw & 0xFF) ? (unsigned)(sw & 0xFF) : 256;
}

struct fetch {
	const struct command *of; /* the command whose answer waits */
	uint8_t cla;
	unsigned le;
	bool all; /* the card wants Le=00 */
	bool iso; /* the card wants class 0n */
};

static status fetch_once(struct card *c, const struct fetch *f, struct wtr *acc, uint16_t *ret_sw,
			 deadline dl)
{
	uint8_t buf[APDU_CMD_MAX];
	struct wtr w = WTR_ON(buf);
	struct call call = CALL(CMD_GET_RESPONSE, .le = f->all ? 256 : f->le);

	encode(c, &call, f->iso ? class_of(c, CLASS_ISO) : f->cla, false, &w);
	return exchange(c, command_get(CMD_GET_RESPONSE), f->of, wtr_bytes(&w), acc, ret_sw, dl);
}

/* Fetches until the card has no more: §17.1 (3). The odd words, 6881 among them, say that somebody
 * else's command came between ours (transports.md §1.2): the operation starts again, and its first
 * command shows whether the channel is really lost. */
static status fetch_rest(struct card *c, const struct command *of, uint8_t cla, struct wtr *acc,
			 uint16_t *sw, deadline dl)
{
	struct fetch f = {.of = of, .cla = cla, .le = waiting(*sw)};
	struct sw_verdict v = sw_judge(*sw);

	for (int round = 0; round < GET_RESPONSE_ROUNDS_MAX; round++) {
		if (v.kind == SW_FETCH || v.kind == SW_AGAIN_LE) {
			f.le = waiting(*sw);
			f.all = f.all && v.kind == SW_FETCH;
		} else if (v.kind == SW_FAILED) {
			if (v.st == ST_SW_LENGTH && !f.all)
				f.all = true;
			else if (v.st == ST_SW_CLASS && !f.iso)
				f.iso = true;
			else
				return ST_DESYNC;
		} else {
			return ST_OK;
		}
		TRY(fetch_once(c, &f, acc, sw, dl));
		v = sw_judge(*sw);
	}
	log_error("GET RESPONSE: more than %d rounds", GET_RESPONSE_ROUNDS_MAX);
	return ST_MALFORMED;
}

static struct sw_verdict judge(const struct command *row, uint16_t sw)
{
	return row->flags & COMMAND_PIN ? sw_judge_pin(sw) : sw_judge(sw);
}

/* Sends the call once, with wrong Le put right and waiting data fetched. */
static status send(struct card *c, const struct call *call, struct wtr *acc, uint16_t *ret_sw,
		   deadline dl)
{
	const struct command *row = command_get(call->id);
	uint8_t cla = class_of(c, row->class_kind);
	uint8_t buf[APDU_CMD_MAX];
	struct wtr w = WTR_ON(buf);
	struct call again = *call;
	status st;

	encode(c, call, cla, c->append_le, &w);
	TRY(wtr_done(&w));
	st = exchange(c, row, row, wtr_bytes(&w), acc, ret_sw, dl);
	if (st == ST_OK && judge(row, *ret_sw).kind == SW_AGAIN_LE) {
		again.le = waiting(*ret_sw);
		w = WTR_ON(buf);
		acc->n = 0;
		encode(c, &again, cla, true, &w);
		st = exchange(c, row, row, wtr_bytes(&w), acc, ret_sw, dl);
	}
	mem_wipe(buf, sizeof(buf));
	if (st == ST_OK && judge(row, *ret_sw).kind == SW_FETCH && !(row->flags & COMMAND_NO_FETCH))
		st = fetch_rest(c, row, cla, acc, ret_sw, dl);
	return st;
}

/* What one call has already tried otherwise. */
struct tried {
	bool cla, le;
};

static bool blames_class(struct sw_verdict v)
{
	return v.st == ST_SW_CLASS || v.st == ST_SW_INS;
}

/* A refusal that another class or another form of Le may cure: changes the quirk and says so, once
 * per call for each. */
static bool learn(struct card *c, const struct command *row, struct sw_verdict v,
		  struct tried *tried)
{
	if (row->class_kind == CLASS_APPLET && !c->cla_known && c->conf->cla_base < 0 &&
	    blames_class(v) && !tried->cla) {
		c->cla_base ^= 0x80;
		tried->cla = true;
		return true;
	}
	if (row->apdu_case == APDU_CASE_4 && v.st == ST_SW_LENGTH && !tried->le) {
		c->append_le = !c->append_le;
		tried->le = true;
		return true;
	}
	return false;
}

/* A refusal that the change did not cure teaches nothing: a command that the card lacks must not
 * turn the class of all others. */
static void unlearn(struct card *c, struct sw_verdict v, const struct tried *tried)
{
	if (tried->cla && blames_class(v))
		c->cla_base ^= 0x80;
	if (tried->le && v.st == ST_SW_LENGTH)
		c->append_le = !c->append_le;
}

/* Does the answer prove that the PIN was not counted, or tell what it cost? */
static bool is_clear(status st)
{
	return card_refused(st) && st != ST_SW_OTHER;
}

/* A command that carries a PIN: one exchange, of which the link is told too, and nothing that would
 * send it again (no other class, no other Le). What became of it without a clear answer nobody
 * knows: ST_PIN_UNSURE. A second one within one operation is our own fault and is not sent. */
static status call_once(struct card *c, const struct call *call, deadline dl)
{
	const struct command *row = command_get(call->id);
	struct wtr none = {0};
	struct wtr w;
	struct sw_verdict v;
	uint16_t sw = 0;
	status st;
	SECRET(buf, APDU_CMD_MAX);

	if (c->pin_sent)
		return ST_BUG;
	if (deadline_passed(dl))
		return ST_TIMEOUT;
	w = wtr_on(buf.p, buf.cap);
	encode(c, call, class_of(c, row->class_kind), false, &w);
	TRY(wtr_done(&w));
	c->pin_sent = c->t->once = true;
	st = exchange(c, row, row, wtr_bytes(&w), &none, &sw, dl);
	c->t->once = false;
	v = judge(row, sw);
	if (st == ST_OK && v.kind == SW_DONE)
		return ST_OK;
	if (st == ST_OK) {
		c->last_sw = sw;
		log_debug("%s: SW=%04X %s", row->name, sw, v.text);
	}
	return st == ST_OK && is_clear(v.st) ? v.st : ST_PIN_UNSURE;
}

status exec_call(struct card *c, const struct call *call, struct bytes *ret_data, bool *ret_more,
		 deadline dl)
{
	const struct command *row = command_get(call->id);
	struct sw_verdict v = {SW_FAILED, ST_BUG, ""};
	struct wtr acc = WTR_ON(c->reply);
	struct tried tried = {0};
	uint16_t sw = 0;

	if (call->data.n > APDU_DATA_MAX)
		return ST_ARG;
	if (row->flags & COMMAND_ONCE)
		return call_once(c, call, dl);
	do {
		acc = WTR_ON(c->reply);
		TRY(send(c, call, &acc, &sw, dl));
		v = judge(row, sw);
	} while (v.kind == SW_FAILED && learn(c, row, v, &tried));
	if (v.kind == SW_FAILED || (v.kind == SW_FETCH && !(row->flags & COMMAND_NO_FETCH))) {
		unlearn(c, v, &tried);
		c->last_sw = sw;
		log_debug("%s: SW=%04X %s", row->name, sw, v.text);
		return v.kind == SW_FAILED ? v.st : ST_MALFORMED;
	}
	if (v.kind == SW_AGAIN_LE)
		return ST_MALFORMED;
	if (row->class_kind == CLASS_APPLET)
		c->cla_known = true;
	if (v.kind == SW_DONE_DIRTY)
		card_list_stale(c);
	if (ret_more)
		*ret_more = v.kind == SW_MORE_PAGES;
	if (ret_data)
		*ret_data = wtr_bytes(&acc);
	return ST_OK;
}
